"""What an offer did is told as counting by hand tells it, with an interval that holds the truth, or not at all."""

from datetime import date

import numpy as np
import pytest

from pipelines.rollout_analysis import Effect, analyse
from stratify.care.rollout import Design
from stratify.errors import DataError

UNITS, PERIODS = 19, 4


def wedge(seed, ratio=0.7, spread=0.2, people=400, rate=0.08):
    """Counts of a stepped wedge by unit and period: units differ, periods differ, three steps after a first period."""
    draws = np.random.default_rng(seed)
    unit, period = (one.ravel() for one in np.indices((UNITS, PERIODS)))
    step = 1 + draws.permutation(np.arange(UNITS) % 3)
    exposed = period >= step[unit]
    n = draws.integers(people // 2, 2 * people, UNITS)[unit]
    mean = n * rate * np.exp(draws.normal(0, spread, UNITS))[unit] * 1.1**period * np.where(exposed, ratio, 1)
    return {"outcome": draws.poisson(mean), "exposed": exposed, "period": period, "unit": unit, "people": n}


def order(seed, ratio=0.7, people=3000, rate=0.1):
    """Rows of people by period, 0 and 1: a third more is offered it in each; two levels of need, one with more."""
    draws = np.random.default_rng(seed)
    person, period = (one.ravel() for one in np.indices((people, 3)))
    need = draws.integers(0, 2, people)
    exposed = period >= draws.permutation(np.arange(people) % 3)[person]
    chance = rate * np.where(need == 1, 2.0, 1.0)[person] * 1.1**period * np.where(exposed, ratio, 1)
    outcome = draws.random(len(person)) < chance
    return {"outcome": outcome, "exposed": exposed, "period": period, "unit": person, "stratum": need[person]}


def told(design, rows):
    words = {key: rows[key] for key in rows if key in ("stratum", "people")}
    return analyse(design, rows["outcome"], rows["exposed"], rows["period"], rows["unit"], **words)


# --- figures ---------------------------------------------------------------------------------------------------------


def test_of_one_period_the_ratio_and_its_interval_are_those_of_two_shares():
    rows = {key: value[order(1)["period"] == 1] for key, value in order(1).items() if key != "stratum"}
    found = told("random_order", rows)
    events = [rows["outcome"][rows["exposed"] == which].sum() for which in (True, False)]
    n = [(rows["exposed"] == which).sum() for which in (True, False)]
    ratio = (events[0] / n[0]) / (events[1] / n[1])
    error = np.sqrt(sum(1 / event - 1 / of for event, of in zip(events, n, strict=True)))
    assert found.ratio == pytest.approx(ratio)
    assert (found.low, found.high) == pytest.approx(
        tuple(ratio * np.exp(sign * 1.96 * error) for sign in (-1, 1)), 1e-3
    )
    assert (found.units, found.periods) == (3000, 1)


def test_a_period_in_which_all_have_it_tells_nothing_of_a_random_order():
    rows = order(2)
    before = {key: value[rows["period"] < 2] for key, value in rows.items()}
    assert told("random_order", rows) == told("random_order", before)


def test_people_one_by_one_are_told_as_their_units_counted():
    cells = wedge(3, people=40)
    cells["outcome"] = np.minimum(cells["outcome"], cells["people"])
    repeat = np.repeat(np.arange(len(cells["unit"])), cells["people"])
    nth = np.arange(len(repeat)) - np.searchsorted(repeat, repeat)
    rows = {key: cells[key][repeat] for key in ("exposed", "period", "unit")}
    rows["outcome"] = nth < cells["outcome"][repeat]
    one, other = told("stepped_wedge", rows), told("stepped_wedge", cells)
    assert (one.ratio, one.low, one.high) == pytest.approx((other.ratio, other.low, other.high))


@pytest.mark.parametrize("design, made", [("stepped_wedge", wedge), ("random_order", order)])
def test_the_order_of_the_rows_changes_nothing(design, made):
    rows = made(4)
    turned = np.random.default_rng(0).permutation(len(rows["unit"]))
    one, other = told(design, rows), told(design, {key: value[turned] for key, value in rows.items()})
    assert (one.ratio, one.low, one.high) == pytest.approx((other.ratio, other.low, other.high))


@pytest.mark.parametrize("ratio", [0.7, 1.0])
def test_the_interval_of_a_stepped_wedge_holds_the_truth_as_often_as_it_says(ratio):
    found = [told("stepped_wedge", wedge(100 + seed, ratio)) for seed in range(40)]
    assert sum(one.low <= ratio <= one.high for one in found) >= 35  # of 40 at 95 %: fewer in 1 of 70
    assert np.exp(np.mean([np.log(one.ratio) for one in found])) == pytest.approx(ratio, rel=0.05)


@pytest.mark.parametrize("ratio", [0.7, 1.0])
def test_the_interval_of_a_random_order_holds_the_truth_as_often_as_it_says(ratio):
    found = [told("random_order", order(200 + seed, ratio, people=1500)) for seed in range(20)]
    assert sum(one.low <= ratio <= one.high for one in found) >= 16
    assert np.exp(np.mean([np.log(one.ratio) for one in found])) == pytest.approx(ratio, rel=0.05)


def test_a_trend_over_time_is_not_taken_for_an_effect():
    rows = wedge(5, ratio=1.0, spread=0.1)
    rows["outcome"] = np.random.default_rng(5).poisson(rows["people"] * 0.2 * 0.6 ** rows["period"])
    crude = rows["outcome"][rows["exposed"]].sum() / rows["people"][rows["exposed"]].sum()
    crude /= rows["outcome"][~rows["exposed"]].sum() / rows["people"][~rows["exposed"]].sum()
    found = told("stepped_wedge", rows)
    assert crude < 0.7
    assert found.low <= 1 <= found.high


def test_a_level_or_a_period_without_any_outcome_is_left_out():
    rows = order(6)
    rows["outcome"] = rows["outcome"] & (rows["stratum"] == 1)
    assert told("random_order", rows).units < 3000
    cells = wedge(6)
    cells["outcome"] = np.where(cells["period"] == 0, 0, cells["outcome"])
    assert told("stepped_wedge", cells).periods == PERIODS - 1


def test_words_say_ratio_interval_and_how_few_units_there_were():
    assert Effect(0.7219, 0.6, 0.85, 19, 4).line() == (
        "rate ratio 0.72 (0.60 to 0.85), offered beside waiting; 19 units, 4 periods"
    )
    assert Effect(0.7, 0.6, 0.85, 5, 4).line().endswith("so few units make the interval rough")


# --- what cannot be told ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "design, change, why",
    [
        ("stepped_wedge", lambda r: {"exposed": r["period"] >= 2}, "in no period were some offered it and others"),
        ("stepped_wedge", lambda r: {"exposed": (r["period"] == 2) & (r["unit"] < 9)}, "once offered is offered"),
        ("random_order", lambda r: {"unit": r["unit"] // 2}, "a person stands twice in a period"),
        ("stepped_wedge", lambda r: {"unit": r["unit"] // 2}, "that is no stepped wedge"),
        ("stepped_wedge", lambda r: {"outcome": np.where(r["exposed"], 0, r["outcome"])}, "fewer than 5 outcomes"),
        ("random_order", lambda r: {"outcome": np.where(r["period"] < 2, 0, r["outcome"])}, "fewer than 5 outcomes"),
        ("stepped_wedge", lambda r: {"outcome": np.where(r["unit"] == 3, np.nan, r["outcome"])}, "a value is missing"),
        ("stepped_wedge", lambda r: {"outcome": -r["outcome"]}, "outcome: 0 or more"),
        ("stepped_wedge", lambda r: {"exposed": r["exposed"] * 2}, "exposed: yes or no"),
        ("stepped_wedge", lambda r: {"people": r["unit"] * 1}, "people: more than 0"),
    ],
)
def test_rows_that_cannot_tell_are_refused_with_the_reason(design, change, why):
    rows = (wedge if design == "stepped_wedge" else order)(7)
    with pytest.raises(DataError) as error:
        told(design, rows | change(rows))
    assert any(why in one for one in error.value.problems)


def test_three_units_are_too_few_to_tell():
    rows = wedge(8)
    few = {key: value[np.isin(rows["unit"], [0, 1, 2])] for key, value in rows.items()}
    few["exposed"] = few["period"] > few["unit"]
    with pytest.raises(DataError, match="4 units or more are required, got 3: too few to tell"):
        told("stepped_wedge", few)


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="one value for each row"):
        analyse("stepped_wedge", [1, 0], [True], [1, 1], ["a", "b"])


# --- the simulator's truth -------------------------------------------------------------------------------------------


EFFECT = """
[[effect]]
offer = "pahs"
on = ["other", "acsc", "psych", "death"]
ratio = {ratio}
standing = "assumed"
source = "a test"
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "units, design", [("municipality", "stepped_wedge"), ("person", "random_order")], ids=["wedge", "order"]
)
@pytest.mark.parametrize("ratio, holding, seen", [(0.7, 3, 3), (1.0, 3, None)], ids=["effect", "none"])
def test_the_analysis_finds_what_the_simulator_truly_does(tmp_path, units, design, ratio, holding, seen):
    from pipelines.rollout_followed import follow

    (tmp_path / "offers.toml").write_text(EFFECT.format(ratio=ratio), encoding="utf-8")
    found = []
    for seed in range(1, 5):
        words = {"offer": "pahs", "design": design, "units": units, "start": date(2022, 1, 1), "step_days": 365,
                 "steps": 3, "latest": date(2024, 12, 31), "approval": "none", "seed": seed,
                 "why_scarce": "a test"}  # fmt: skip
        region = {"people": 8000, "years": 4, "end": date(2024, 12, 31), "seed": seed}
        found.append(follow(region, Design.model_validate(words), parameters=tmp_path))
    if ratio == 1.0:
        assert all(one.true == 1 for one in found)
    else:
        assert all(0.72 < one.true < 0.82 for one in found)
        assert sum(one.told.high < 1 for one in found) >= seen
    assert sum(one.held for one in found) >= holding
