"""Returns who is calling: a person with roles and a care context, or a clinical system whose hook was called.

Both come from a signed token and from nothing else. The care context (patient, organisation, care team) is what the
issuer vouches for: the person is being treated there, now. So is the unit whose quality the caller answers for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from service.identifiers import as_registered

WORD = 200  # characters a word of a token may have
CLINICIAN, COORDINATOR, QUALITY = "clinician", "coordinator", "quality"
DATA_SCIENTIST, AUDITOR, OPERATIONS = "data_scientist", "auditor", "ops"
ROLES = frozenset({CLINICIAN, COORDINATOR, QUALITY, DATA_SCIENTIST, AUDITOR, OPERATIONS})
CONTEXT = ("patient_id", "organization_id", "care_team_id", "unit_id")


@dataclass(frozen=True)
class CareContext:
    """Where the caller is at work, and with whom: each as the issuer says it, None where it says nothing."""

    patient: tuple[str, str] | None = field(default=None, repr=False)  # system and identifier
    organisation: str | None = None
    care_team: str | None = None
    unit: tuple[str, str] | None = None  # level and name, as quality targets are told by


NOWHERE = CareContext()


@dataclass(frozen=True)
class Caller:
    """Who is calling, in which roles, and whose token says so."""

    user: str
    roles: frozenset[str]
    issuer: str = ""
    care: CareContext = NOWHERE

    @property
    def role(self) -> str:
        """The roles as one word for the audit log."""
        return ",".join(sorted(self.roles))


def caller_of_claims(
    claims: Mapping[str, Any], may_give: frozenset[str] = ROLES, units: tuple[str, ...] = ()
) -> Caller | None:
    """Return the caller that verified claims name, with the roles this issuer may give; None where they name nobody.

    Roles: `role`, one word or a list, or `realm_access.roles`. Care context: `context` with `patient_id`
    (`system|identifier`), `organization_id`, `care_team_id` and `unit_id` (`level|name`), which counts where this
    issuer may vouch for that unit; other keys count for nothing.
    """
    user, roles, care = claims.get("sub"), _roles(claims), _care(claims.get("context"))
    if not is_word(user) or not roles or care is None:
        return None
    if care.unit is not None and units and "|".join(care.unit) not in units:
        care = replace(care, unit=None)
    return Caller(str(user), frozenset(roles) & may_give, str(claims["iss"]), care)


def _roles(claims: Mapping[str, Any]) -> list[str]:
    told = claims.get("role")
    if told is None and isinstance(realm := claims.get("realm_access"), Mapping):
        told = realm.get("roles")
    every = [told] if isinstance(told, str) else told
    return every if isinstance(every, list) and all(map(is_word, every)) else []


def _care(told: Any) -> CareContext | None:
    if told is None:
        return NOWHERE
    if not isinstance(told, Mapping):
        return None
    patient, organisation, team, place = (told.get(key) for key in CONTEXT)
    if not all(one is None or is_word(one) for one in (patient, organisation, team, place)):
        return None
    unit = None
    if place is not None:
        level, bar, name = place.partition("|")
        if not (level and bar):
            return None
        unit = (level, name)
    if patient is None:
        return CareContext(None, organisation, team, unit)
    system, bar, identifier = patient.partition("|")
    if not (system and bar and identifier):
        return None
    return CareContext((system, as_registered(system, identifier)), organisation, team, unit)


def is_word(given: object) -> bool:
    """Return whether this can be stored and read: lone surrogates and control characters are not printable."""
    return isinstance(given, str) and 0 < len(given) <= WORD and given.isprintable()
