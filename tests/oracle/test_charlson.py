"""Charlson scores equal two implementations in R on 2,000 people, and cases worked out by hand from the papers."""

import csv
from pathlib import Path

import numpy as np
import pytest

from stratify.catalogue import load
from stratify.morbidity import charlson_score, code_groups, index_groups

ROOT = Path(__file__).parents[2]
FOLDER = ROOT.parent / "shared" / "data" / "oracles" / "comorbidity"
CASES = list(csv.DictReader((Path(__file__).parent / "charlson_cases.csv").read_text(encoding="utf-8").splitlines()))

needs_oracle = pytest.mark.skipif(not FOLDER.is_dir(), reason="the scores computed in R lie outside this repository")


@pytest.fixture(scope="module")
def charlson():
    return load().indices["charlson"]


# --- by hand ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['why']}: {case['codes']}")
def test_scores_worked_out_by_hand(charlson, case):
    present = index_groups(charlson, case["codes"].split())
    for weights in ("charlson1987", "quan2011"):
        assert charlson_score(present, charlson, weights=weights) == int(case[weights])
        summed = charlson_score(present, charlson, weights=weights, supersede=False)
        assert summed == int(case[f"{weights}_all_summed"])


def test_the_cases_by_hand_touch_every_group(charlson):
    touched = {group for case in CASES for group in index_groups(charlson, case["codes"].split())}
    assert touched == {group.id for group in charlson.group}


# --- in R ------------------------------------------------------------------------------------------------------------


def read(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def people() -> dict[str, set[str]]:
    """Return the WHO codes of each of the 2,000 people, by id."""
    codes: dict[str, set[str]] = {}
    for row in read("in_sim_icd10_who.csv"):
        codes.setdefault(row["id"], set()).add(row["code"])
    assert len(codes) == 2_000
    return codes


@pytest.fixture(scope="module")
def groups(people, charlson) -> np.ndarray:
    """Return who has which group, bool (2000, 17), made as landing does: distinct codes once, then joined."""
    pairs = code_groups({code for codes in people.values() for code in codes}, load())
    having: dict[str, set[str]] = {}
    for code, group in pairs:
        having.setdefault(code, set()).add(group)
    present = [{group for code in codes for group in having.get(code, ())} for codes in people.values()]
    return np.array([[f"charlson.{group.id}" in mine for group in charlson.group] for mine in present])


ORACLES = [
    ("R_comorbidity_sim_charlson_icd10_quan_assign01.csv", "score_charlson", "charlson1987", True),
    ("R_comorbidity_sim_charlson_icd10_quan_assign01.csv", "score_quan", "quan2011", True),
    ("R_comorbidity_sim_charlson_icd10_quan_assign00.csv", "score_charlson", "charlson1987", False),
    ("R_comorbidity_sim_charlson_icd10_quan_assign00.csv", "score_quan", "quan2011", False),
    ("R_medicalcoder_sim_charlson_quan2005.csv", "cci", "charlson1987", True),
    ("R_medicalcoder_sim_charlson_quan2011.csv", "cci", "quan2011", True),
]


@needs_oracle
@pytest.mark.parametrize("name, column, weights, supersede", ORACLES)
def test_scores_equal_those_computed_in_r(people, groups, charlson, name, column, weights, supersede):
    told = {row["id"]: int(row[column]) for row in read(name)}
    assert set(told) == set(people)
    expected = np.array([told[person] for person in people])
    assert (expected > 0).sum() > 800  # nought for everybody would prove nothing
    np.testing.assert_array_equal(charlson_score(groups, charlson, weights=weights, supersede=supersede), expected)


@needs_oracle
def test_groups_equal_those_found_in_r(people, groups, charlson):
    told = {row["id"]: row for row in read("R_comorbidity_sim_charlson_icd10_quan_assign00.csv")}
    expected = [[told[person][group.id] == "1" for group in charlson.group] for person in people]
    assert groups.any(axis=0).all()
    np.testing.assert_array_equal(groups, expected)


@needs_oracle
def test_groups_are_the_same_when_the_codes_come_in_their_danish_form(people, groups, charlson):
    danish = [index_groups(charlson, [f"D{code}" for code in codes]) for codes in people.values()]
    np.testing.assert_array_equal(groups, [[group.id in mine for group in charlson.group] for mine in danish])
