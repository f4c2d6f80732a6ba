"""From codes to conditions, groups, counts and scores."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratify.catalogue import load
from stratify.catalogue.entries import Condition
from stratify.codes import to_who
from stratify.morbidity import (
    SMI,
    code_groups,
    count_conditions,
    counted_conditions,
    evaluate_example,
    has_condition,
)


@pytest.fixture(scope="module")
def catalogue():
    return load()


@pytest.fixture(scope="module")
def charlson(catalogue):
    return catalogue.indices["charlson"]


PAINKILLERS = {
    "count": "redemptions",
    "at_least": 2,
    "within_days": 100,
    "classes": [{"id": "a", "atc": ["N02"], "atc_except": ["N02C"]}],
    "source": "a test",
    "provenance": "OURS",
    "rationale": "only here to be looked at",
}


def condition(**changed) -> Condition:
    """Return a condition made for one test: I20 but not I209, looked back for 100 days."""
    said = {
        "id": "made_up",
        "name": {"da": "Opdigtet", "en": "Made up"},
        "set": "DK39",
        "domain": "somatic",
        "system": "circulatory",
        "icd10": ["I20"],
        "icd10_except": ["I209"],
        "lookback_days": 100,
        "source": "a test",
        "provenance": "OURS",
        "rationale": "only here to be looked at",
        "example": [
            {"why": "yes", "records": [["DI200", -1]], "expect": True},
            {"why": "no", "records": [["DI209", -1]], "expect": False},
        ],
    }
    return Condition.model_validate(said | changed)


# --- one code, the groups it belongs to ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code, groups",
    [
        ("I109", {"hypertension"}),
        ("E112", {"diabetes", "t2d", "charlson.diabwc"}),
        ("E109", {"diabetes", "t1d", "charlson.diab"}),
        ("K703", {"liver", "alcohol", "charlson.mld"}),
        ("K704", {"liver", "alcohol", "charlson.msld"}),
        ("I426", {"alcohol", "charlson.chf"}),
        ("I130", {"hypertension", "charlson.chf"}),
        ("I131", {"hypertension", "charlson.rend"}),
        ("G621", {"alcohol", "neuropathy"}),
        ("J449", {"copd_asthma", "copd", "charlson.cpd"}),
        ("J47", {"copd_asthma", "charlson.cpd"}),
        ("F329", {"mood_anxiety", "depression"}),
        ("F432", {"mood_anxiety"}),
        ("F200", {"schizophrenia"}),
        ("D500", {"anemia"}),
        ("D869", {"connective"}),
        ("C349", {"cancer", "charlson.canc"}),
        ("C787", {"cancer", "charlson.metacanc"}),
        ("C449", set()),
        ("C86", {"cancer"}),
        ("D629", set()),
        ("Z763", set()),
    ],
)
def test_a_code_belongs_to_all_its_groups_and_no_other(catalogue, code, groups):
    """Among the conditions and the groups of Charlson; the other indices have tests of their own."""
    found = {group for _, group in code_groups([code], catalogue)}
    assert {group for group in found if "." not in group or group.startswith("charlson.")} == groups


def test_one_code_reaches_the_groups_of_every_index(catalogue):
    assert {group for _, group in code_groups(["I426"], catalogue)} == {
        "alcohol", "charlson.chf", "charlson_se.chf", "elixhauser.chf", "elixhauser.alcohol", "nmi.heart_failure",
        "tonelli30.alcohol_misuse", "tonelli30.chf",
    }  # fmt: skip


def test_pairs_are_sorted_and_stand_once_however_often_a_code_is_given(catalogue):
    pairs = code_groups(["K703", "E112", "K703"], catalogue)
    assert pairs == sorted(set(pairs))
    assert pairs == code_groups(["E112", "K703"], catalogue)


def test_no_codes_make_no_pairs(catalogue):
    assert code_groups([], catalogue) == []


def test_the_joined_dictionary_says_what_has_condition_says_of_each_code(catalogue):
    codes = [f"{letter}{n:02d}{end}" for letter in "ABCDEFGHIJKLMN" for n in range(100) for end in ("", "0", "9A")]
    pairs = set(code_groups(codes, catalogue))
    wrong = [
        (code, entry.id)
        for entry in catalogue.conditions.values()
        for code in codes
        if has_condition(entry, [(f"D{code}", -1)]) != ((code, entry.id) in pairs)
    ]
    assert wrong == []


# --- one condition, one person's records -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "why, records, expected",
    [
        ("no records", [], False),
        ("the day before", [("DI200", -1)], True),
        ("on the day itself", [("DI200", 0)], False),
        ("after the day", [("DI200", 5)], False),
        ("on the first day of the look-back", [("DI200", -100)], True),
        ("the day before the look-back", [("DI200", -101)], False),
        ("known the day before", [("DI200", -9, -1)], True),
        ("known on the day itself", [("DI200", -9, 0)], False),
        ("known long after", [("DI200", -9, 40)], False),
        ("the exception", [("DI209", -9)], False),
        ("the exception beside a match", [("DI209", -9), ("DI201", -9)], True),
        ("one too old and one not yet known", [("DI200", -101), ("DI200", -9, 0)], False),
        ("another code", [("DI210", -9)], False),
        ("the WHO form", [("I20.0", -9)], True),
    ],
)
def test_a_condition_holds_when(why, records, expected):
    assert has_condition(condition(), records) is expected


@given(st.integers(-20_000, 20_000), st.integers(-300, 300), st.integers(0, 300))
@settings(max_examples=50)
def test_only_the_distance_to_the_landmark_matters(landmark, day, delay):
    near = has_condition(condition(), [("DI200", day, day + delay)])
    assert has_condition(condition(), [("DI200", landmark + day, landmark + day + delay)], landmark) is near


def test_without_a_look_back_a_diagnosis_is_kept_for_ever():
    assert has_condition(condition(lookback_days=None), [("DI200", -40_000)])


def test_drugs_only_means_no_diagnosis_makes_it_true():
    by_drugs = condition(icd10=[], icd10_except=[], by_drugs_only=True, drugs=[PAINKILLERS])
    assert not has_condition(by_drugs, [("DI200", -1), ("", -1)])


def test_an_example_of_another_kind_is_refused(catalogue, charlson):
    with pytest.raises(TypeError, match="an example of charlson must be of its kind, got ConditionExample"):
        evaluate_example(charlson, catalogue.conditions["af"].example[0])


# --- counts ----------------------------------------------------------------------------------------------------------


def matrix_of(ids, people):
    return np.array([[name in person for name in ids] for person in people], dtype=bool).reshape(len(people), len(ids))


PEOPLE = [
    set(),
    {"hypertension"},
    {"diabetes", "t2d"},  # one disease, told twice
    {"diabetes", "t1d", "t2d"},
    {"copd_asthma", "copd", "asthma", "hypertension"},
    {"schizophrenia"},
    {"schizophrenia", "bipolar"},
    {"schizophrenia", "diabetes", "t2d"},
    {"mood_anxiety", "depression", "af", "hf"},
]
COUNTS = [0, 1, 1, 1, 2, 1, 2, 2, 3]


def test_parts_are_never_counted_beside_their_whole(catalogue):
    ids = list(catalogue.conditions)
    assert count_conditions(matrix_of(ids, PEOPLE), ids, catalogue.conditions).tolist() == COUNTS


def test_the_order_of_the_columns_does_not_matter(catalogue):
    ids = list(catalogue.conditions)[::-1]
    assert count_conditions(matrix_of(ids, PEOPLE), ids, catalogue.conditions).tolist() == COUNTS


def test_a_part_without_its_whole_in_the_matrix_counts_nothing(catalogue):
    assert count_conditions(np.ones((1, 2), bool), ["t2d", "af"], catalogue.conditions).tolist() == [1]


def test_everybody_has_at_most_39(catalogue):
    ids = list(catalogue.conditions)
    everything = np.ones((1, len(ids)), dtype=bool)
    assert count_conditions(everything, ids, catalogue.conditions).tolist() == [39]
    assert count_conditions(everything, ids, catalogue.conditions, "somatic").tolist() == [31]
    assert count_conditions(everything, ids, catalogue.conditions, "psychiatric").tolist() == [8]


@pytest.mark.parametrize(
    "ids, shape, told",
    [
        (["af", "charlson.chf"], (1, 2), r"needs conditions, got charlson\.chf"),
        (["af", "af"], (1, 2), "needs each condition once"),
        (["af", "hf"], (1, 3), r"needs a boolean \(n, 2\) matrix"),
        (["af"], (1,), r"needs a boolean \(n, 1\) matrix"),
    ],
)
def test_a_count_of_something_else_is_refused(catalogue, ids, shape, told):
    with pytest.raises(ValueError, match=told):
        count_conditions(np.ones(shape, dtype=bool), ids, catalogue.conditions)


def test_a_count_of_numbers_is_refused(catalogue):
    with pytest.raises(ValueError, match=r"needs a boolean \(n, 1\) matrix, got int64"):
        count_conditions(np.ones((2, 1), dtype=np.int64), ["af"], catalogue.conditions)


def test_severe_mental_illness_is_two_psychiatric_conditions_of_the_list(catalogue):
    assert set(SMI) <= set(counted_conditions(catalogue.conditions, "psychiatric"))
    found = {to_who(code) for name in SMI for code in catalogue.conditions[name].icd10}
    assert found == {"F20", "F25", "F30", "F31"}
