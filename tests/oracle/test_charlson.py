"""Charlson scores equal cases worked out by hand from the papers; `test_index_scores.py` holds them against R."""

import csv
from pathlib import Path

import pytest

from stratify.catalogue import load
from stratify.indices import index_groups, score

CASES = list(csv.DictReader((Path(__file__).parent / "charlson_cases.csv").read_text(encoding="utf-8").splitlines()))


@pytest.fixture(scope="module")
def charlson():
    return load().indices["charlson"]


# --- by hand ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['why']}: {case['codes']}")
def test_scores_worked_out_by_hand(charlson, case):
    present = index_groups(charlson, case["codes"].split())
    for weights in ("charlson1987", "quan2011"):
        assert score(present, charlson, weights=weights) == int(case[weights])
        summed = score(present, charlson, weights=weights, supersede=False)
        assert summed == int(case[f"{weights}_all_summed"])


def test_the_cases_by_hand_touch_every_group(charlson):
    touched = {group for case in CASES for group in index_groups(charlson, case["codes"].split())}
    assert touched == {group.id for group in charlson.group}
