"""Returns the names of code systems, identifiers and extensions in answers: ours, and others'."""

from __future__ import annotations

from typing import Final

from service.cds_hooks.cards import OFFERS as OFFERS  # a draft on a card has the same code
from stratify.fhir.measure_reports import ABSENT as ABSENT
from stratify.fhir.measure_reports import MEASURES as MEASURES

BRIDGES: Final = "urn:stratify:bridge"
OUTCOMES: Final = "urn:stratify:outcome"
MODELS: Final = "urn:stratify:model"
BUNDLES: Final = "urn:stratify:bundle"
CATALOGUES: Final = "urn:stratify:catalogue"
ACTIONS: Final = "urn:stratify:audit-action"
PSEUDONYMS: Final = "urn:stratify:pseudonym"
URI: Final = "urn:ietf:rfc:3986"

FUT_IMPRESSIONS: Final = "http://ehealth.sundhed.dk/cs/clinicalimpression-codes"

ACT_REASON: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
PARTICIPANT: Final = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
AUDIT_TYPE: Final = "http://terminology.hl7.org/CodeSystem/audit-event-type"
ENTITY_TYPE: Final = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
ENTITY_ROLE: Final = "http://terminology.hl7.org/CodeSystem/object-role"
SOURCE_TYPE: Final = "http://terminology.hl7.org/CodeSystem/security-source-type"
REQUEST_ID_TYPE: Final = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType"
