"""Outcomes as data: what the loader takes, what it refuses, and that a part is within its whole."""

import itertools

import pytest
from pydantic import ValidationError

from stratify.catalogue import load
from stratify.catalogue.entries import Outcome
from stratify.catalogue.load import check_parts
from stratify.catalogue.prediction import OutcomeExample
from stratify.errors import CatalogueError

CATALOGUE = load()
OUTCOMES = CATALOGUE.outcomes
WHOLE = OUTCOMES["acute_admission_365d"]
PART = OUTCOMES["acsc_admission_365d"]


def changed(outcome, **values):
    return outcome.model_copy(update=values)


def with_outcomes(*outcomes):
    """The catalogue with these outcomes alone."""
    entries = dict(CATALOGUE.entries) | {"outcomes": {outcome.id: outcome for outcome in outcomes}}
    return type(CATALOGUE)(entries)


# --- what is there ----------------------------------------------------------------------------------------------------


def test_each_outcome_has_one_index():
    found = {index: set(CATALOGUE.outcomes_at(index)) for index in ("landmark", "discharge", "psychiatric_outpatient")}
    assert found == {
        "landmark": {
            f"{name}_365d"
            for name in (
                "acute_admission",
                "acute_somatic_admission",
                "acsc_admission",
                "psychiatric_admission",
                "death",
            )
        },
        "discharge": {"readmission_acute_somatic_30d"},
        "psychiatric_outpatient": {"acute_somatic_contact_30d", "acute_somatic_contact_90d"},
    }
    assert set.union(*found.values()) == set(OUTCOMES)


def test_acsc_is_within_acute_somatic_within_any_acute():
    assert PART.part_of == "acute_somatic_admission_365d"
    assert OUTCOMES[PART.part_of].part_of == WHOLE.id
    assert WHOLE.part_of is None
    assert PART.not_within(WHOLE) == []


def test_no_code_of_the_ambulatory_care_list_stands_within_another_and_none_is_of_a_contact_that_is_no_stay():
    pairs = itertools.permutations(PART.icd10, 2)
    assert [(one, other) for one, other in pairs if one.startswith(other)] == []
    assert not any(code.startswith(("O", "Z")) for code in PART.icd10)


# --- a part within its whole ------------------------------------------------------------------------------------------

WHOLES = {
    "nothing changed": ({}, []),
    "death": ({"event": "death"}, ["event"]),
    "another index": ({"index": "discharge"}, ["index"]),
    "a shorter window": ({"horizon_days": 90}, ["horizon_days"]),
    "another delay": ({"register_delay_days": 10}, ["register_delay_days"]),
    "stays of any length": ({"stay": "any"}, []),
    "planned stays": ({"acute": False}, ["acute"]),
    "acute or planned": ({"acute": None}, []),
    "psychiatric care": ({"care": ("psychiatric",)}, ["care"]),
    "any care": ({"care": ()}, []),
    "some diagnoses": ({"icd10": ("J",)}, ["icd10"]),
    "diagnoses it holds all of": ({"icd10": tuple("ABDEGHIJKLMNR")}, []),
    "but for some of its diagnoses": ({"icd10_except": ("J4",)}, ["icd10_except"]),
    "but for a part of one of its diagnoses": ({"icd10_except": ("J441",)}, ["icd10_except"]),
    "but for diagnoses it has none of": ({"icd10_except": ("C",)}, []),
    "without injuries": ({"injuries": "leave_out"}, ["injuries"]),
}


@pytest.mark.parametrize("values, beyond", WHOLES.values(), ids=WHOLES)
def test_a_part_is_within_a_whole_by_every_key(values, beyond):
    assert PART.not_within(changed(WHOLE, **values)) == beyond


def test_stays_of_any_length_are_not_within_admissions():
    assert changed(PART, stay="any").not_within(WHOLE) == ["stay"]


def test_a_part_that_leaves_out_the_same_diagnoses_is_within():
    assert changed(PART, icd10_except=("J44",)).not_within(changed(WHOLE, icd10_except=("J441",))) == []


def test_an_outcome_without_diagnoses_is_not_within_one_that_leaves_some_out():
    assert changed(WHOLE, id="other").not_within(changed(WHOLE, icd10_except=("J44",))) == ["icd10_except"]


def test_what_is_said_to_be_a_part_and_is_none_is_told_with_the_keys():
    told = check_parts(with_outcomes(WHOLE, changed(PART, part_of=WHOLE.id, horizon_days=90, acute=None)))
    assert told == [
        "outcomes/acsc_admission_365d.toml: part_of: not every event is one of 'acute_admission_365d', "
        "by horizon_days, acute"
    ]


def test_nothing_is_a_part_of_itself_not_by_way_of_others():
    ring = with_outcomes(changed(WHOLE, part_of="other"), changed(WHOLE, id="other", part_of=WHOLE.id))
    assert check_parts(ring) == [
        "outcomes/acute_admission_365d.toml: part_of: 'acute_admission_365d' would be a part of itself",
        "outcomes/other.toml: part_of: 'other' would be a part of itself",
    ]
    assert len(check_parts(with_outcomes(changed(WHOLE, part_of=WHOLE.id)))) == 1


def test_a_whole_that_is_not_there_is_told_when_the_catalogue_is_read(tmp_path, root):
    (tmp_path / "outcomes").mkdir()
    text = (root / "stratify/catalogue/outcomes/acsc_admission_365d.toml").read_text(encoding="utf-8")
    text = text.replace('part_of = "acute_somatic_admission_365d"', 'part_of = "acute_somatic_admision_365d"')
    (tmp_path / "outcomes/acsc_admission_365d.toml").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        load(tmp_path)
    assert list(caught.value.problems) == [
        "outcomes/acsc_admission_365d.toml: part_of: no such id 'acute_somatic_admision_365d'; "
        "did you mean 'acute_somatic_admission_365d'?",
    ]


# --- what is refused --------------------------------------------------------------------------------------------------


def read(outcome, **values):
    """Read the outcome again, with what it said and these values."""
    return Outcome.model_validate(outcome.model_dump(exclude_unset=True) | values)


def test_what_an_outcome_says_can_be_read_again():
    assert [read(outcome) for outcome in OUTCOMES.values()] == list(OUTCOMES.values())


@pytest.mark.parametrize(
    "outcome, values, told",
    [
        (OUTCOMES["death_365d"], {"acute": True}, "a death has no acute"),
        (OUTCOMES["death_365d"], {"injuries": "leave_out", "icd10": ["C"]}, "a death has no icd10, injuries"),
        (PART, {"icd10_except": ["C50"]}, "leaves out what icd10 does not name: C50"),
        (PART, {"icd10": ["j44"]}, "icd10"),
        (WHOLE, {"injuries": "drop"}, "injuries"),
        (WHOLE, {"index": "birthday"}, "index"),
        (WHOLE, {"horizon_days": 0}, "horizon_days"),
    ],
)
def test_what_makes_no_sense_is_refused(outcome, values, told):
    with pytest.raises(ValidationError, match=told):
        read(outcome, **values)


def test_hours_are_counted_after_discharges_alone():
    inside = [example.model_dump() | {"begins_in": "hours"} for example in WHOLE.example]
    with pytest.raises(ValidationError, match="after a discharge alone"):
        read(WHOLE, example=inside)
    assert any(example.begins_in == "hours" for example in OUTCOMES["readmission_acute_somatic_30d"].example)


@pytest.mark.parametrize("stay", [[1, 48, True], [1, 48, True, "somatic", "J44", "x"], [1, 48, True, "dental"]])
def test_an_examples_stay_has_four_or_five_words(stay):
    with pytest.raises(ValidationError):
        OutcomeExample.model_validate({"why": "a test", "stays": [stay], "expect": True})
