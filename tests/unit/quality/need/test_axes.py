"""Counts on axes, held against loops; and the hiding of tables that count the same."""

from collections import Counter
from itertools import pairwise, product

import numpy as np
import pytest

from stratify.quality.attacker import feasible
from stratify.quality.need.axes import WHOLE, Axis, count, heads, total, yes_no
from stratify.quality.need.came import came
from stratify.quality.need.columns import in_funnel
from stratify.quality.need.diagnoses import diagnosis_axis, diagnosis_leaf, volumes
from stratify.quality.need.hiding import Table, hide, relations_of

TOWNS = [("town", "a"), ("town", "b"), ("town", "c"), ("not_told", "not told")]
PLACE = Axis.of(
    "place", TOWNS, {("town", "a"): ("area", "x"), ("town", "b"): ("area", "x"), ("town", "c"): ("area", "y")}
)
KIND = yes_no("kind")


@pytest.fixture
def rows():
    random = np.random.default_rng(3)
    return random.integers(0, 4, 500), random.integers(0, 2, 500), random.integers(0, 90, 500)


def brute(place, kind, person):
    above = {"a": "x", "b": "x", "c": "y"}
    found, people = Counter(), {}
    for town, one, who in zip(place, kind, person, strict=True):
        leaf = TOWNS[town]
        nodes = [WHOLE, leaf, *([("area", above[leaf[1]])] if leaf[1] in above else [])]
        for key in product(nodes, [WHOLE, ("kind", "yes" if one else "no")]):
            found[key] += 1
            people.setdefault(key, set()).add(who)
    return found, people


@pytest.mark.parametrize("bits", [0, 10_000_000])
def test_counts_and_people_of_every_node_are_those_of_a_loop(rows, bits, monkeypatch):
    monkeypatch.setattr("stratify.quality.need.axes.BITS", bits)
    place, kind, person = rows
    found, (events, people) = count((PLACE, KIND), (place, kind), person), brute(*rows)
    for at, key in zip(np.ndindex(found.shape[:2]), product(PLACE.nodes, KIND.nodes), strict=True):
        assert tuple(found[at]) == (events[key], len(people.get(key, ()))), key
    assert (heads((PLACE, KIND), (place, kind)) == found[..., 0]).all()
    assert np.allclose(total((PLACE, KIND), (place, kind), np.full(500, 0.5)), found[..., 0] / 2)


def test_the_parts_of_every_node_add_up_to_it(rows):
    place, kind, person = rows
    table = Table.events((PLACE, KIND), count((PLACE, KIND), (place, kind), person))
    counts, _, relations, _ = relations_of({"one": table})
    assert len(relations) == 3 * 3 + 7  # whole, x, y over towns by three kinds; kinds over seven places
    for one in relations:
        assert counts[one.total] == counts[list(one.parts)].sum()


def test_without_its_finest_level_an_axis_counts_in_what_is_above(rows):
    place, _, person = rows
    coarse = PLACE.without("town")
    fine = count((PLACE,), (place,), person)
    assert list(coarse.nodes) == [WHOLE, ("area", "x"), ("area", "y"), ("not_told", "not told")]
    kept = [PLACE.nodes.index(node) for node in coarse.nodes]
    assert (count((coarse,), (place,), person) == fine[kept]).all()
    assert [coarse.nodes[at] for at, _ in coarse.sums] == [WHOLE]


def test_one_cell_is_hidden_in_every_table_that_holds_it_and_no_small_number_can_be_worked_out():
    random = np.random.default_rng(5)
    place, week, kind = (
        random.choice(4, 120, p=[0.5, 0.3, 0.18, 0.02]),
        random.integers(0, 2, 120),
        random.integers(0, 2, 120),
    )
    person = np.arange(120)
    by_week, by_kind = yes_no("week"), KIND
    tables = {
        "week": Table.events((PLACE, by_week), count((PLACE, by_week), (place, week), person)),
        "kind": Table.events((PLACE, by_kind), count((PLACE, by_kind), (place, kind), person)),
    }
    hidden = hide(tables)
    assert (hidden["week"][:, 0] == hidden["kind"][:, 0]).all()
    assert hidden["week"].any()
    counts, small, relations, where = relations_of(tables)
    flat = np.zeros(len(counts), dtype=bool)
    for name, cells in where.items():
        flat[cells] = hidden[name]
    assert small[~flat].sum() == 0
    low, high = feasible(counts, flat, relations)
    zero = counts[:, 0] == 0
    assert ((high - low)[flat & ~zero] >= 5).all()


def test_eight_admissions_of_two_people_are_hidden():
    person = np.array([1, 1, 1, 1, 2, 2, 2, 2, *range(10, 40)])
    place = np.array([0] * 8 + [1] * 15 + [2] * 15)
    table = Table.events((PLACE,), count((PLACE,), (place,), person))
    town = PLACE.nodes.index(("town", "a"))
    assert tuple(table.counts[town]) == (8,)
    assert hide({"one": table})["one"][town]


def test_tables_that_disagree_are_refused():
    one = Table.events((PLACE,), count((PLACE,), (np.zeros(9, np.int64),), np.arange(9)))
    other = Table.events((PLACE,), count((PLACE,), (np.zeros(8, np.int64),), np.arange(8)))
    with pytest.raises(ValueError, match="is counted differently in another table"):
        hide({"one": one, "other": other})


def test_a_table_with_many_small_cells_is_told_on_a_coarser_axis():
    hours = Axis.of(
        "hour", [("hour", str(n)) for n in range(8)], {("hour", str(n)): ("half", str(n // 4)) for n in range(8)}
    )
    code = np.repeat(np.arange(8), 3)  # three in each hour
    table = Table.events((hours,), count((hours,), (code,), np.arange(24)))
    assert [level for level, _ in table.coarsened(0, ("hour", "half")).axes[0].nodes] == ["", "half", "half"]
    many = Table.events((hours,), count((hours,), (np.repeat(code, 3),), np.arange(72)))
    assert many.coarsened(0, ("hour", "half")) is many


def test_came_is_a_loop_over_every_pair():
    random = np.random.default_rng(9)
    person, after = random.integers(0, 6, 80), random.integers(-20, 20, 80)
    before = after + random.integers(0, 9, 80)
    whose, when = random.integers(0, 7, 40), random.integers(-30, 30, 40)
    told = [
        any(who == one and low <= t < high for who, t in zip(whose, when, strict=True))
        for one, low, high in zip(person, after, before, strict=True)
    ]
    assert came(person, after, before, whose, when).tolist() == told
    assert not came(person, after, before, whose[:0], when[:0]).any()


def test_every_diagnosis_has_one_leaf():
    codes = np.array(["I509", "I10", "A419", "", "J441", "J459", "S7200", "S525", "U071", "Z000", "D489", "D500"])
    names = [diagnosis_axis().leaves[at][1] for at in diagnosis_leaf(codes)]
    assert names == [
        "heart_failure", "IX_other", "I", "other", "copd", "X_other", "hip_fracture", "XIX_other", "other", "XXI", "II",
        "III",
    ]  # fmt: skip
    chapters = sorted((one.first, one.last) for one in volumes().chapter)
    assert all(end < start for (_, end), (start, _) in pairwise(chapters))


def test_the_funnel_stands_around_the_region_and_not_where_most_units_are_hidden():
    levels = ["region", *["town"] * 4, *["doctor"] * 6]
    observed = np.array([100, 30, 20, 30, 20, *[17] * 6])
    expected = np.array([80.0, 20, 20, 20, 20, *[13.0] * 6])
    used = np.array([True] * 5 + [True, True, True, False, False, False])
    lines, facts = in_funnel(levels, expected, observed, used, "u")
    assert facts["town"]["centre"] == 1.25
    assert facts["doctor"] == {"units": 6, "hidden": 3, "drawn": False}
    assert lines["outside"][0] is None
    assert lines["outside"][5:] == [None] * 6
    assert all(low < 1.25 < high for low, high in zip(lines["lower95"][1:5], lines["upper95"][1:5], strict=True))
