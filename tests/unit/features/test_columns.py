"""The names, order and words of the columns: a contract with models that are already trained."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from models.table import refusal
from stratify.catalogue import load
from stratify.errors import CatalogueError
from stratify.features import columns as module
from stratify.features.columns import columns

CATALOGUE = load()
COLUMNS = columns(CATALOGUE)
KNOWN = Path(__file__).with_name("columns.txt")


def with_family(key, **changed):
    """The catalogue with one family changed."""
    families = {**CATALOGUE.features, key: CATALOGUE.features[key].model_copy(update=changed)}
    entries = {**CATALOGUE.entries, "features": MappingProxyType(families)}
    return replace(CATALOGUE, entries=MappingProxyType(entries))


def test_names_and_order_are_those_that_were_agreed():
    """To change a name or the order is to change what every bundle was trained on: then change this file too."""
    assert [column.id for column in COLUMNS] == KNOWN.read_text(encoding="utf-8").split()


def test_names_are_unique():
    assert len({column.id for column in COLUMNS}) == len(COLUMNS)


def test_two_families_may_not_make_the_same_name():
    group = CATALOGUE.features["drug"].group[0]
    twice = with_family("drug", group=(group, group))
    with pytest.raises(CatalogueError, match="same name") as error:
        columns(twice)
    assert f"drug_{group.id}_count_30" in str(error.value) + repr(error.value.__dict__)


@pytest.mark.parametrize("language", ["da", "en"])
def test_labels_are_unique_within_their_clinical_group(language):
    told = [column.as_dict() for column in COLUMNS]
    labels = [(column["clinical_group"][language], column["label"][language]) for column in told]
    assert len(set(labels)) == len(labels)


def test_a_label_says_what_and_within_which_time():
    label = {column.id: column.as_dict()["label"]["en"] for column in COLUMNS}
    assert label["stay_acute_count_365"] == "Acute admissions: number, 1 year"
    assert label["stay_acute_count_30"] == "Acute admissions: number, 30 days"
    assert label["stay_acute_days_since"] == "Acute admissions: days since"
    assert label["lab_hba1c_last"] == "HbA1c: latest, 5 years"
    assert label["condition_hf"] == "Heart failure"


def test_windows_of_any_length_are_told_apart():
    odd = [c for c in columns(with_family("contact", windows=(90, 180))) if c.id.startswith("contact_all_count")]
    assert [c.as_dict()["label"]["da"] for c in odd] == [
        "Alle sygehuskontakter: antal, 90 dage",
        "Alle sygehuskontakter: antal, 180 dage",
    ]


def test_days_since_is_in_days_whatever_the_family_counts():
    units = {column.id: column.as_dict()["unit"] for column in COLUMNS}
    assert (units["stay_all_days_since"], units["stay_all_count_365"]) == ("days", "admissions")


def test_every_column_that_is_not_for_audit_may_steer_a_persons_care():
    refused = {column.family.id for column in COLUMNS if refusal(column.as_dict())}
    apart = {f.id for f in CATALOGUE.features.values() if f.role == "audit" or f.set == "research"}
    assert refused == apart


def test_social_position_is_for_research_alone():
    research = {column.family.id for column in COLUMNS if column.as_dict()["set"] == "research"}
    assert research == {"education", "income", "occupation", "household"}
    assert all("research set" in refusal(c.as_dict()) for c in COLUMNS if c.family.id in research)


@pytest.mark.parametrize("domain", ["origin", "coercion", "communication"])
def test_what_somebody_is_or_was_made_to_bear_is_for_audit_alone(domain):
    told = [column.as_dict() for column in COLUMNS if column.family.domain == domain]
    assert told
    assert all("role is audit" in refusal(column) for column in told)


def test_there_are_at_least_300_columns():
    assert len(COLUMNS) >= 300


def test_indices_that_say_what_others_say_are_no_predictors():
    assert {family.id for family in CATALOGUE.features.values() if family.role == "audit"} >= {
        "charlson_se", "charlson_dk", "elixhauser", "hfrs", "nmi", "cambridge",
    }  # fmt: skip


def test_a_column_for_audit_is_refused_as_a_predictor():
    audit = [c.as_dict() for c in columns(with_family("contact", role="audit")) if c.family.id == "contact"]
    assert audit
    assert all("role is audit" in refusal(column) for column in audit)


def test_a_column_from_a_source_for_statistics_is_refused_as_a_predictor(monkeypatch):
    monkeypatch.setattr(module, "use_of", lambda domain: "statistics" if domain == "lab" else "care")
    labs = [column.as_dict() for column in COLUMNS if column.family.domain == "lab"]
    assert labs
    assert all("delivered for statistics" in refusal(column) for column in labs)


def test_a_column_tells_its_fallback():
    told = {column.id: column.as_dict()["fallback"] for column in COLUMNS}
    assert (told["stay_all_count_30"], told["stay_all_days_since"], told["condition_hf"]) == (0, "missing", "missing")
