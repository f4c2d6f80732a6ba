"""Every example of every condition and index comes out as its file says; and the list is the whole list."""

from collections import Counter

import pytest

from stratify.catalogue import Catalogue, load
from stratify.morbidity import counted_conditions, evaluate_example

CATALOGUE = load()

EXAMPLES = [
    pytest.param(entry, example, id=f"{entry.id}: {example.why}")
    for entry in (*CATALOGUE.conditions.values(), *CATALOGUE.indices.values())
    for example in entry.example
]

SOMATIC = [
    "hypertension", "dyslipidemia", "ihd", "af", "hf", "paod", "stroke", "diabetes", "thyroid", "gout",
    "copd_asthma", "allergy", "ulcer_gastritis", "liver", "ibd", "diverticular", "ckd", "prostate", "connective",
    "osteoporosis", "pain", "hiv", "anemia", "cancer", "vision", "hearing", "migraine", "epilepsy", "parkinson",
    "ms", "neuropathy",
]  # fmt: skip
PSYCHIATRIC = ["mood_anxiety", "distress", "alcohol", "substance", "eating", "bipolar", "schizophrenia", "dementia"]
PARTS = {
    "t1d": "diabetes",
    "t2d": "diabetes",
    "copd": "copd_asthma",
    "asthma": "copd_asthma",
    "depression": "mood_anxiety",
}
RECALLED = [
    "dyslipidemia", "gout", "allergy", "osteoporosis", "pain", "anemia", "vision", "hearing", "migraine",
    "neuropathy", "mood_anxiety", "distress", "substance", "eating",
]  # fmt: skip


@pytest.fixture
def catalogue() -> Catalogue:
    return CATALOGUE


@pytest.mark.parametrize("entry, example", EXAMPLES)
def test_an_example_comes_out_as_its_file_says(entry, example):
    assert evaluate_example(entry, example, CATALOGUE.conditions) == example.expect


def test_the_list_is_31_somatic_and_8_psychiatric_conditions(catalogue):
    assert sorted(counted_conditions(catalogue.conditions, "somatic")) == sorted(SOMATIC)
    assert sorted(counted_conditions(catalogue.conditions, "psychiatric")) == sorted(PSYCHIATRIC)
    assert len(counted_conditions(catalogue.conditions)) == 39


def test_five_parts_are_shown_and_never_counted(catalogue):
    assert {c.id: c.part_of for c in catalogue.conditions.values() if c.part_of} == PARTS


@pytest.mark.parametrize("part, whole", PARTS.items())
def test_a_part_lies_within_its_whole(catalogue, part, whole):
    """Else somebody could have COPD and no chronic pulmonary disease."""
    part, whole = catalogue.conditions[part], catalogue.conditions[whole]
    assert all(code.startswith(whole.icd10) for code in part.icd10)
    assert part.lookback_days == whole.lookback_days
    assert (part.domain, part.system) == (whole.domain, whole.system)
    assert {c.concept for c in part.omop_fallback} <= {c.concept for c in whole.omop_fallback}


def test_no_two_entries_share_the_name_they_are_stored_under(catalogue):
    groups = [f"{index.id}.{group.id}" for index in catalogue.indices.values() for group in index.group]
    stored = Counter([*catalogue.conditions, *catalogue.indices, *groups])
    assert [name for name, times in stored.items() if times > 1] == []


def test_no_two_conditions_share_a_name_in_either_language(catalogue):
    for language in ("da", "en"):
        names = Counter(getattr(c.name, language) for c in catalogue.conditions.values())
        assert [name for name, times in names.items() if times > 1] == []


def test_what_was_recalled_and_not_checked_says_so(catalogue):
    marked = [c.id for c in catalogue.conditions.values() if c.provenance == "RECALL-unverified"]
    assert sorted(marked) == sorted(RECALLED)
    for condition in map(catalogue.conditions.__getitem__, RECALLED):
        assert "recalled" in condition.source or "not read" in condition.source


@pytest.mark.parametrize("condition", CATALOGUE.conditions.values(), ids=lambda c: c.id)
def test_each_condition_shows_a_yes_and_a_no(condition):
    assert {example.expect for example in condition.example} == {True, False}


def test_two_conditions_are_told_by_drugs_only_and_no_diagnosis_makes_them_true(catalogue):
    by_drugs = [c for c in catalogue.conditions.values() if c.by_drugs_only]
    assert [c.id for c in by_drugs] == ["distress", "pain"]
    assert not any(example.expect and not example.drugs for c in by_drugs for example in c.example)
    assert not any(c.omop_fallback for c in by_drugs)


def test_no_prefix_says_again_what_a_shorter_one_said(catalogue):
    for condition in catalogue.conditions.values():
        for code in condition.icd10:
            assert [p for p in condition.icd10 if code.startswith(p)] == [code], condition.id


def test_what_is_left_out_was_in(catalogue):
    for condition in catalogue.conditions.values():
        assert all(code.startswith(condition.icd10) for code in condition.icd10_except), condition.id


def test_a_concept_has_one_name_wherever_it_is_used(catalogue):
    names: dict[int, set[str]] = {}
    for condition in catalogue.conditions.values():
        concepts = [c.concept for c in condition.omop_fallback]
        assert len(concepts) == len(set(concepts)), condition.id
        for concept in condition.omop_fallback:
            names.setdefault(concept.concept, set()).add(concept.name)
    assert [concept for concept, told in names.items() if len(told) > 1] == []


def test_charlson_has_its_17_groups_and_both_weights(catalogue):
    charlson = catalogue.indices["charlson"]
    assert [group.id for group in charlson.group] == [
        "mi", "chf", "pvd", "cevd", "dementia", "cpd", "rheumd", "pud", "mld", "diab", "diabwc", "hp", "rend", "canc",
        "msld", "metacanc", "aids",
    ]  # fmt: skip
    assert sum(group.weights["charlson1987"] for group in charlson.group) == 33
    assert sum(group.weights["quan2011"] for group in charlson.group) == 28
    assert {group.id: group.superseded_by for group in charlson.group if group.superseded_by} == {
        "mld": "msld",
        "diab": "diabwc",
        "canc": "metacanc",
    }
