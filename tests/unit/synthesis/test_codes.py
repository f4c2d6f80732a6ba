"""Codes of causes and conditions: who can have them, that they stay apart by kind, and what a wrong bound is told."""

import re
import string
from importlib import resources

import numpy as np
import pytest

from pipelines.synthesis.codes import Codes
from pipelines.synthesis.parameters import OLDEST, read_parameters
from pipelines.synthesis.streams import hashed
from stratify.catalogue import load
from stratify.errors import UsageError

GIVEN = read_parameters()
CODES = Codes(GIVEN)
EACH = 400  # draws for each sex and age
SEX, AGE = (part.ravel() for part in np.meshgrid([1, 2], np.arange(OLDEST + 1), indexing="ij"))
SEX, AGE = np.repeat(SEX, EACH).astype(np.int8), np.repeat(AGE, EACH)
BITS = hashed(np.full(len(SEX), 7, np.uint64), "bits", np.arange(len(SEX)))


def drawn(cause):
    return np.array(CODES.vocabulary)[CODES.any_of(cause, SEX, AGE, BITS)]


def of_condition(condition, sex, n=40_000, name="codes"):
    keys = hashed(np.full(n, 3, np.uint64), "person", np.arange(n))
    bits = hashed(keys, "contact", np.zeros(n, np.int64))
    found = CODES.of_conditions(name, np.full(n, GIVEN.index(condition)), np.full(n, sex, np.int8), keys, bits)
    return np.where(found < 0, "", np.array(CODES.vocabulary)[found])


@pytest.mark.parametrize("cause", GIVEN.admissions.codes)
def test_no_cause_has_a_code_outside_its_bounds(cause):
    found = drawn(cause)
    for prefix, bound in GIVEN.admissions.bounds.items():
        of = np.char.startswith(found, prefix)
        assert not np.any(of & ((bound.ages[0] > AGE) | (bound.ages[1] < AGE))), prefix
        assert bound.sex is None or set(SEX[of]) <= {("men", "women").index(bound.sex) + 1}, prefix


@pytest.mark.parametrize("cause", GIVEN.admissions.codes)
def test_every_code_of_a_list_is_drawn_for_somebody_and_none_of_another_list(cause):
    found, written = set(drawn(cause)), set(GIVEN.admissions.codes[cause])
    assert written <= found <= {*written, GIVEN.admissions.general}
    if cause in ("other", "acsc", "child_other", "child_acsc", "psych"):
        assert found == written  # what a stay is for decides its kind: nothing stands in from outside


@pytest.mark.parametrize(
    "cause, code, sex, ages",
    [
        ("planned", "DM170", None, (40, 200)),
        ("planned", "DE660", None, (18, 200)),
        ("planned", "DN813", 2, (30, 200)),
        ("planned", "DN840", 2, (18, 200)),
        ("planned", "DD259", 2, (18, 200)),
        ("outpatient", "DN951", 2, (42, 65)),
        ("outpatient", "DK219", None, (15, 200)),
        ("other", "DI269", None, (15, 200)),
        ("obstetric", "DO800", 2, (12, 60)),
    ],
)
def test_well_known_limits_of_sex_and_age(cause, code, sex, ages):
    of = drawn(cause) == code
    assert of.any()
    assert ages[0] <= AGE[of].min() <= AGE[of].max() <= ages[1]
    assert sex is None or set(SEX[of]) == {sex}


@pytest.mark.parametrize("name", ["codes", "stay_codes"])
def test_cancers_are_of_the_sex_that_has_them_and_few_men_have_breast_cancer(name):
    men, women = (of_condition("cancer", sex, name=name) for sex in (1, 2))
    assert not np.any(women == "DC619")
    assert np.mean(men == "DC619") > 0.2
    assert 0.001 < np.mean(men == "DC509") < 0.02 < 0.2 < np.mean(women == "DC509")
    assert set(men) | set(women) == set(getattr(GIVEN.conditions[GIVEN.index("cancer")], name))


def test_a_person_keeps_to_one_cancer():
    keys = np.repeat(hashed(np.full(500, 3, np.uint64), "person", np.arange(500)), 4)
    bits = hashed(keys, "contact", np.arange(2000))
    cancer, men = np.full(2000, GIVEN.index("cancer")), np.full(2000, 1, np.int8)
    found = CODES.of_conditions("codes", cancer, men, keys, bits).reshape(500, 4)
    assert np.all(found == found[:, :1])


def test_women_have_no_code_of_the_prostate():
    assert set(of_condition("prostate", 2)) == {""}
    assert "" not in of_condition("prostate", 1)


def test_a_condition_without_codes_and_none_at_all_have_none():
    keys = np.arange(3, dtype=np.uint64)
    condition = np.array([-1, GIVEN.index("pain"), GIVEN.index("hf")])
    found = CODES.of_conditions("codes", condition, np.ones(3, np.int8), keys, keys)
    assert list(found[:2]) == [-1, -1]
    assert CODES.vocabulary[found[2]].startswith("DI50")


def test_codes_of_anyone_have_no_bound():
    anyones = np.array(CODES.vocabulary)[CODES.anyones]
    assert len(anyones) > 100
    assert not any(code.startswith(("DC61", "DC50", "DO8", "DN95", "TUL")) for code in anyones)


@pytest.mark.parametrize(
    "name, old, new, told",
    [
        ("admissions", "[bounds]", '[bounds]\nDQ999 = { sex = "men" }', "admissions.toml: bounds.DQ999: no code"),
        ("admissions", "[bounds]", '[bounds]\nDJ18 = { sex = "boys" }', "admissions.toml: bounds.DJ18.sex"),
        ("admissions", 'psych = ["DF432", ', "psych = [", "admissions.toml: codes.psych: at least one code must"),
        ("care", "[procedures.of]", '[procedures.of]\nDQ999 = ["KAAA00"]', "care.toml: procedures.of.DQ999: no code"),
        ("care", 'role = "general"', "", "care.toml: : Value error, specialty: each role"),
        ("care", 'code = "44"', 'code = "46"', "care.toml: : Value error, specialty: code 46 stands there twice"),
    ],
)  # fmt: skip
def test_bounds_operations_and_specialties_that_fit_nothing_are_told(tmp_path, name, old, new, told):
    text = resources.files("pipelines.synthesis").joinpath("parameters", f"{name}.toml").read_text(encoding="utf-8")
    assert old in text
    text = text.replace(old, new, 1)
    if told.startswith("admissions.toml: codes.psych"):
        text = text.replace('"DR458", ', "", 1).replace('"DF900"]', '"DF239"]', 1)
    (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as error:
        read_parameters(tmp_path)
    assert any(problem.startswith(told) for problem in error.value.problems), error.value.problems


def test_an_acsc_stay_is_the_one_that_the_outcome_predicts():
    """The true risk is of stays that the simulator's pattern matches, the prediction of those the outcome names."""
    predicted = tuple(load().outcomes["acsc_admission_365d"].icd10)
    pattern = re.compile(GIVEN.admissions.acsc.pattern)
    codes = [f"{letter}{digits:03}" for letter in string.ascii_uppercase for digits in range(1000)]
    assert [code for code in codes if pattern.match(code)] == [code for code in codes if code.startswith(predicted)]
