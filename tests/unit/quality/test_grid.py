"""What a reader of the grid may see, and may not work out."""

from __future__ import annotations

import numpy as np
import pytest

from stratify.catalogue import load
from stratify.catalogue.entries import Break
from stratify.quality.counting import Tally
from stratify.quality.grid import MONTH, QUARTER, YEAR, cells_of
from stratify.quality.months import Months
from stratify.quality.series import Places, series_of
from stratify.quality.telling import goal_of

TARGETS = load().targets
SHARE, RATE = TARGETS["dm_hba1c_high"], TARGETS["preventable_65"]
MONTHS = Months(2024, 12)
ALL = np.ones(12, dtype=bool)


def tally(**units):
    """Units by name, each twelve months of (no, yes) or, of few numbers, the same in every month."""
    labels = list(units)
    months = np.zeros((len(labels), 12, 4), np.int64)
    for at, counts in enumerate(units.values()):
        months[at, :, :2] = np.asarray(counts)
    return Tally(labels, months, np.zeros((len(labels), 1, 1, 2), np.int64), np.zeros((len(labels), 1), np.int64))


def region(*parts):
    whole = tally(**{"": np.zeros((12, 2))})
    for one in parts:
        whole.months += one.months.sum(axis=0, keepdims=True)
    return whole


def seen(cells, grouping, step=YEAR):
    return {
        cells.label[at]: None if cells.hidden[at] else tuple(cells.counts[at].tolist())
        for at in range(len(cells))
        if cells.grouping[at] == grouping and cells.step[at] == step
    }


def test_a_unit_of_four_people_is_hidden_and_so_is_the_way_round_it():
    """One practice with 4 in the year: without a second one hidden, the region less the others would tell."""
    practices = np.zeros((12, 2), np.int64)
    practices[0] = (2, 2)
    units = tally(small=practices, middle=np.full((12, 2), 3), large=np.full((12, 2), 40))
    cells = cells_of(SHARE, {"region": region(units), "practice": units}, MONTHS, ALL)
    shown = seen(cells, "practice")
    assert shown["small"] is None
    assert shown["middle"] is None  # the smaller of the others goes with it
    assert shown["large"] == (480, 480)
    assert seen(cells, "region")[""] == (518, 518)


def test_months_are_taken_where_they_are_large_else_quarters_else_years():
    for size, step in ((30, MONTH), (3, QUARTER), (1, YEAR)):
        units = tally(a=np.full((12, 2), size), b=np.full((12, 2), size))
        cells = cells_of(SHARE, {"region": region(units), "hospital": units}, MONTHS, ALL)
        steps = {int(one) for one, name in zip(cells.step, cells.grouping, strict=True) if name == "hospital"}
        assert steps == {step, YEAR}


def test_an_immature_month_is_not_published_nor_is_its_year():
    units = tally(a=np.full((12, 2), 30), b=np.full((12, 2), 30))
    mature = ALL.copy()
    mature[-2:] = False
    cells = cells_of(SHARE, {"region": region(units), "hospital": units}, MONTHS, mature)
    assert {int(one) for one in cells.period[cells.step == MONTH]} == set(range(10))
    assert not (cells.step == YEAR).any()


def test_a_hidden_month_cannot_be_taken_from_its_year_and_its_region():
    """Two hospitals by two ways: the small month of one needs a second month of its own, and both of the other."""
    first = np.full((12, 2), 30)
    first[4] = (2, 30)
    units = tally(a=first, b=np.full((12, 2), 25), c=np.full((12, 2), 90))
    cells = cells_of(SHARE, {"region": region(units), "hospital": units}, MONTHS, ALL)
    hidden = {
        (cells.label[at], int(cells.period[at]))
        for at in range(len(cells))
        if cells.grouping[at] == "hospital" and cells.step[at] == MONTH and cells.hidden[at]
    }
    by_unit = {name: {month for unit, month in hidden if unit == name} for name in "abc"}
    assert 4 in by_unit["a"]
    assert all(len(months) != 1 for months in by_unit.values())
    for month in range(12):
        assert sum((name, month) in hidden for name in "abc") != 1


def test_a_rate_hides_for_few_events_and_for_few_people():
    units = tally(few_events=np.full((12, 2), 0), few_people=np.full((12, 2), 0), many=np.full((12, 2), 0))
    units.months[..., 0] = np.array([[0], [1], [20]])
    units.months[0, 0, 0] = 3
    units.months[..., 1] = 900
    units.people[:, 0] = (40, 3, 500)
    whole = region(units)
    whole.people[:, 0] = 543
    cells = cells_of(RATE, {"region": whole, "practice": units}, MONTHS, ALL)
    shown = seen(cells, "practice")
    assert shown["few_events"] is None
    assert shown["few_people"] is None
    assert shown["many"] == (240, 10800)


@pytest.mark.parametrize("count, shown", [(0, True), (3, False), (7, True)])
def test_an_unknown_count_hides_itself_alone(count, shown):
    units = tally(a=np.full((12, 2), 30), b=np.full((12, 2), 30))
    units.months[0, 0, 2] = count
    units.months[1, 0, 2] = 40
    cells = cells_of(SHARE, {"region": region(units), "practice": units}, MONTHS, ALL)
    at = [cells.label[i] == "a" and cells.grouping[i] == "practice" for i in range(len(cells))].index(True)
    assert not cells.hidden[at]
    assert bool(cells.hidden_unknown[at]) is not shown


# --- what charts must know -------------------------------------------------------------------------------------------


def charted(*breaks):
    """The chart of a unit whose share falls from a half to a fifth in July, with what its target says of it."""
    months = np.full((12, 2), 100)
    months[6:] = (160, 40)
    units = tally(a=months, b=np.full((12, 2), 100))
    target = SHARE.model_copy(update={"breaks": tuple(Break.model_validate(one) for one in breaks)})
    cells = cells_of(target, {"region": region(units), "hospital": units}, MONTHS, ALL)
    every = series_of(cells, Places.of(cells, MONTHS), goal_of(target), MONTHS)
    return {unit: one for level, unit, one in every if level == "hospital"}


WHY = {"da": "nyt register", "en": "a new register"}


def test_a_new_part_has_a_level_of_its_own():
    chart = charted({"month": "2024-07", "does": "new part", "why": WHY})["a"]["chart"]
    assert chart["parts"] == [0, 6]
    assert (chart["centre"][5], chart["centre"][6]) == (0.5, 0.2)
    assert chart["flagged"] == {}


def test_limits_from_the_months_before_show_the_fall():
    told = charted({"month": "2024-07", "does": "limits until", "why": WHY})["a"]
    assert told["chart"]["limits_until"] == 6
    assert told["chart"]["centre"] == [0.5] * 12
    assert told["chart"]["flagged"]["outside"] == [6, 7, 8, 9, 10, 11]
    assert told["facts"]["signal"] == {"at": 11, "rule": "outside", "side": "below"}


def test_a_month_left_out_is_in_no_limit_and_no_rule():
    chart = charted(*({"month": f"2024-{month:02}", "does": "left out", "why": WHY} for month in range(7, 13)))["a"]
    assert chart["chart"]["left_out"] == [6, 7, 8, 9, 10, 11]
    assert chart["chart"]["centre"][0] == 0.5
    assert chart["facts"]["points"] == 6


def test_a_break_of_one_unit_is_none_of_the_other():
    told = charted({"month": "2024-07", "does": "new part", "level": "hospital", "unit": "a", "why": WHY})
    assert told["a"]["chart"]["parts"] == [0, 6]
    assert told["b"]["chart"]["parts"] == [0]


def test_a_break_of_a_unit_says_at_which_level_it_is():
    with pytest.raises(ValueError, match="at which level"):
        Break.model_validate({"month": "2024-07", "does": "new part", "unit": "a", "why": WHY})
