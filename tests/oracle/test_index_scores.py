"""Index scores equal those of two implementations in R on 2,000 people, and cases worked out from the papers' tables.

R's results and the cases of the golden file lie beside the checkout; the committed cases are ours.
"""

import csv
from pathlib import Path

import numpy as np
import pytest

from stratify.catalogue import load
from stratify.indices import index_groups, score
from stratify.morbidity import code_groups

SHARED = Path(__file__).parents[3] / "shared"
FOLDER = SHARED / "data" / "oracles" / "comorbidity"
GOLDEN = SHARED / "facts" / "clinical" / "golden.csv"
CATALOGUE = load()
INDICES = CATALOGUE.indices

needs_oracle = pytest.mark.skipif(not FOLDER.is_dir(), reason="the scores computed in R lie outside this repository")
needs_golden = pytest.mark.skipif(not GOLDEN.is_file(), reason="the golden cases lie outside this repository")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


# --- by hand ---------------------------------------------------------------------------------------------------------

CASES = rows_of(Path(__file__).with_name("index_cases.csv"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['index']} {case['weights']}: {case['why']}")
def test_scores_worked_out_by_hand(case):
    index = INDICES[case["index"]]
    present = index_groups(index, case["codes"].split(), case["drugs"].split(), CATALOGUE.conditions)
    supersede = {"": None, "yes": True, "no": False}[case["supersede"]]
    assert score(present, index, weights=case["weights"], supersede=supersede) == float(case["score"])


def test_the_cases_by_hand_touch_every_group_of_the_danish_charlson():
    danish = INDICES["charlson_dk"]
    mine = [case["codes"].split() for case in CASES if case["index"] == "charlson_dk"]
    assert {g for codes in mine for g in index_groups(danish, codes)} == {group.id for group in danish.group}


def test_there_are_cases_of_every_index_and_weighting():
    told = {(case["index"], case["weights"]) for case in CASES} | {
        ("charlson", w) for w in INDICES["charlson"].weightings
    }
    assert told == {(index.id, weights) for index in INDICES.values() for weights in index.weightings}


# --- the golden file -------------------------------------------------------------------------------------------------

COLUMNS = [
    ("charlson1987", "charlson", "charlson1987"),
    ("quan2011", "charlson", "quan2011"),
    ("charlson_dk_thygesen", "charlson_dk", "charlson1987"),
    ("elix_vw", "elixhauser", "van_walraven"),
    ("elix_swiss", "elixhauser", "swiss"),
    ("hfrs", "hfrs", "gilbert2018"),
    ("nmi", "nmi", "kristensen2022"),
]


@needs_golden
@pytest.mark.parametrize("column, key, weights", COLUMNS)
def test_scores_equal_the_golden_cases(column, key, weights):
    cases = rows_of(GOLDEN)
    assert len(cases) == 12
    index = INDICES[key]
    got = [score(index_groups(index, c["dx_raw"].split(), c["atc"].split()), index, weights=weights) for c in cases]
    assert got == [float(case[column]) for case in cases]


@needs_golden
def test_groups_of_elixhauser_equal_the_golden_cases():
    got = [sorted(index_groups(INDICES["elixhauser"], case["dx_raw"].split())) for case in rows_of(GOLDEN)]
    assert got == [case["elix_groups"].split() for case in rows_of(GOLDEN)]


# --- in R ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def people() -> dict[str, set[str]]:
    """Return the WHO codes of each of the 2,000 people, by id."""
    codes: dict[str, set[str]] = {}
    for row in rows_of(FOLDER / "in_sim_icd10_who.csv"):
        codes.setdefault(row["id"], set()).add(row["code"])
    assert len(codes) == 2_000
    return codes


@pytest.fixture(scope="module")
def groups(people) -> dict[str, np.ndarray]:
    """Return who has which group, bool (2000, groups) by index, made as landing does: distinct codes, then joined."""
    having: dict[str, set[str]] = {}
    for code, group in code_groups({code for codes in people.values() for code in codes}, CATALOGUE):
        having.setdefault(code, set()).add(group)
    present = [{group for code in codes for group in having.get(code, ())} for codes in people.values()]
    return {
        index.id: np.array([[f"{index.id}.{group.id}" in mine for group in index.group] for mine in present])
        for index in INDICES.values()
    }


QUAN, SWEDISH = "R_comorbidity_sim_charlson_icd10_quan", "R_comorbidity_sim_charlson_icd10_se"
ELIXHAUSER = "R_comorbidity_sim_elixhauser_icd10_quan"
ORACLES = [
    (f"{name}_assign0{int(supersede)}.csv", column, index, weights, supersede)
    for name, index, columns in (
        (QUAN, "charlson", {"score_charlson": "charlson1987", "score_quan": "quan2011"}),
        (SWEDISH, "charlson_se", {"score_charlson": "charlson1987", "score_quan": "quan2011"}),
        (ELIXHAUSER, "elixhauser", {"score_vw": "van_walraven", "score_swiss": "swiss"}),
    )
    for column, weights in columns.items()
    for supersede in (True, False)
] + [
    ("R_medicalcoder_sim_charlson_quan2005.csv", "cci", "charlson", "charlson1987", True),
    ("R_medicalcoder_sim_charlson_quan2011.csv", "cci", "charlson", "quan2011", True),
]


@needs_oracle
@pytest.mark.parametrize("name, column, index, weights, supersede", ORACLES)
def test_scores_equal_those_computed_in_r(people, groups, name, column, index, weights, supersede):
    told = {row["id"]: float(row[column]) for row in rows_of(FOLDER / name)}
    assert set(told) == set(people)
    expected = np.array([told[person] for person in people])
    assert (expected != 0).sum() > 800  # nought for everybody would prove nothing
    got = score(groups[index], INDICES[index], weights=weights, supersede=supersede)
    np.testing.assert_array_equal(got, expected)


@needs_oracle
@pytest.mark.parametrize("name, index", [(QUAN, "charlson"), (SWEDISH, "charlson_se"), (ELIXHAUSER, "elixhauser")])
def test_groups_equal_those_found_in_r(people, groups, name, index):
    told = {row["id"]: row for row in rows_of(FOLDER / f"{name}_assign00.csv")}
    expected = [[told[person][group.id] == "1" for group in INDICES[index].group] for person in people]
    assert groups[index].any(axis=0).all()
    np.testing.assert_array_equal(groups[index], expected)


@needs_oracle
@pytest.mark.parametrize("index", INDICES.values(), ids=lambda index: index.id)
def test_groups_are_the_same_when_the_codes_come_in_their_danish_form(people, groups, index):
    danish = [index_groups(index, [f"D{code}" for code in codes]) for codes in people.values()]
    np.testing.assert_array_equal(groups[index.id], [[group.id in mine for group in index.group] for mine in danish])
