"""All shapes of catalogue entries by name, and the kinds of entries by the folder their files stand in."""

from __future__ import annotations

from stratify.catalogue.clinical import (
    Condition,
    ConditionExample,
    DrugClass,
    DrugRule,
    Index,
    IndexExample,
    IndexGroup,
    OmopConcept,
)
from stratify.catalogue.family import Aggregate, FeatureExample, FeatureFamily, FeatureGroup, Flag, FlagPart
from stratify.catalogue.offers import AskedFact, Bridge, Evidence, Exclude, FactsExample, Offer, Rule, Stratum, Test
from stratify.catalogue.prediction import Outcome, OutcomeExample
from stratify.catalogue.quality_targets import Target, TargetExample
from stratify.catalogue.shapes import AtcPrefix, Care, Entry, IcdPrefix, Id, Provenance, Shape, Text

__all__ = [
    "KINDS",
    "Aggregate",
    "AskedFact",
    "AtcPrefix",
    "Bridge",
    "Care",
    "Condition",
    "ConditionExample",
    "DrugClass",
    "DrugRule",
    "Entry",
    "Evidence",
    "Exclude",
    "FactsExample",
    "FeatureExample",
    "FeatureFamily",
    "FeatureGroup",
    "Flag",
    "FlagPart",
    "IcdPrefix",
    "Id",
    "Index",
    "IndexExample",
    "IndexGroup",
    "Offer",
    "OmopConcept",
    "Outcome",
    "OutcomeExample",
    "Provenance",
    "Rule",
    "Shape",
    "Stratum",
    "Target",
    "TargetExample",
    "Test",
    "Text",
]

KINDS: dict[str, type[Entry]] = {
    "conditions": Condition,
    "indices": Index,
    "outcomes": Outcome,
    "features": FeatureFamily,
    "strata": Stratum,
    "offers": Offer,
    "targets": Target,
}
