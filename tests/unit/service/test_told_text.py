"""A target's JSON read an object at a time is what reading it whole would be, and few people are found on the way."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.told_text import LARGE, read_told
from stratify.quality.small_counts import small_counts

PLAIN = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5) | st.lists(st.integers(0, 9), max_size=3)
ROWS = st.integers(1, 3).flatmap(
    lambda n: st.fixed_dictionaries(
        {
            "numerator": st.lists(st.none() | st.integers(0, 40), min_size=n, max_size=n),
            "denominator": st.lists(st.just(40.0), min_size=n, max_size=n),
            "unknown": st.lists(st.none() | st.integers(0, 9), min_size=n, max_size=n),
            "hidden": st.lists(st.booleans(), min_size=n, max_size=n),
        }
    )
)
NESTED = st.recursive(PLAIN | ROWS, lambda inner: st.dictionaries(st.text(max_size=4), inner, max_size=3), max_leaves=8)
TARGETS = st.dictionaries(st.sampled_from([*sorted(LARGE), "name", "lacking", "periods", "mature"]), NESTED)


@given(told=TARGETS, unit=st.sampled_from(["share", "rate"]), indent=st.sampled_from([None, 2]))
def test_it_is_what_json_reads_and_finds_the_same_places(told, unit, indent):
    told = told | {"unit": unit}
    text = json.dumps(told, indent=indent, ensure_ascii=indent is None)
    found, places = read_told(text, unit, LARGE)
    assert found == told
    assert sorted(places) == sorted(small_counts(told))
    narrow, same = read_told(text, unit)
    assert narrow == {name: one for name, one in told.items() if name not in LARGE - {"series", "units"}}
    assert same == places


NO_TARGETS = (
    "", "[]", "{", "null", '{"unit": "share"', '{"unit": "share"} x', '{"unit": "share",}', '{"unit" "share"}',
    '{,"unit": "share"}', '{"unit": "rate"}', '{"a": {"b": 1, }, "unit": "share"}', '{1: 2, "unit": "share"}',
    '{"unit": "share", "series": {"numerator": [3], "numerator": [40]}}',
)  # fmt: skip


@pytest.mark.parametrize("text", NO_TARGETS)
def test_what_is_no_target_is_refused(text):
    with pytest.raises(ValueError, match=r"JSON|Expecting|Extra"):
        read_told(text, "share")
