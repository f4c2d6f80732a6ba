"""Results that are bounds: what they prove of a limit, and what they do not."""

import numpy as np
import pytest

from stratify.catalogue import load
from stratify.catalogue.entries import FeatureGroup
from stratify.features.events import read_events
from stratify.features.ranges import within

LIMITS = {"above": {"above": 3.5}, "below": {"below": 10.0}, "between": {"above": 1.0, "below": 4.5}}


@pytest.mark.parametrize(
    "result, above, below, between",
    [
        (("", 4.0), True, True, True),
        (("<", 4.0), False, True, False),  # below 10; neither above 3.5 nor known to be above 1
        (("<", 12.0), False, False, False),  # 11 or 3: it cannot say
        ((">", 90.0), True, False, False),
        ((">", 3.5), False, False, False),  # perhaps it was written >=
        (("", 3.5), False, True, True),
        (("", np.nan), False, False, False),
        (("<", np.nan), False, False, False),
    ],
)
def test_a_bound_proves_its_own_side_alone(result, above, below, between):
    sign, value, first = *(np.array([one]) for one in result), np.array([0])
    groups = {name: FeatureGroup(id="a", name={"da": "a", "en": "a"}, **limits) for name, limits in LIMITS.items()}
    told = {name: bool(within([of], first, value, sign == "<", sign == ">")[0]) for name, of in groups.items()}
    assert told == {"above": above, "below": below, "between": between}


def test_only_results_of_the_analyte_that_are_known_to_lie_there_are_read(write_store):
    family = load().features["lab_range"]
    results = [("DNK35302", 42.0, None), ("DNK35302", 42.0, ">"), ("DNK35302", 4.0, "<"), ("DNK35302", None, None),
               ("DNK35302", 90.0, ">"), ("NPU03230", 4.0, None)]  # fmt: skip
    rows = [
        {"person": n, "day": 100, "known": 103, "code": code, "value": value, "comparator": sign}
        for n, (code, value, sign) in enumerate(results)
    ]
    events = read_events(write_store({"lab": rows}), family, family.group, 0)
    names = [group.id for group in family.group]
    found = {name: events.person[events.group == names.index(name)].tolist() for name in names}
    assert found["egfr_below_60"] == [0, 2]
    assert found["egfr_below_30"] == [2]
    assert found["potassium_high"] == found["potassium_low"] == []


def test_every_limit_has_a_source_and_one_that_is_recalled_says_so():
    sources = {group.id: group.source for group in load().features["lab_range"].group}
    assert all(sources.values())
    assert all("READ" in source or "RECALL-unverified" in source for source in sources.values())
