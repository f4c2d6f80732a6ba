"""What is told of a month is what may be told; when it is mature, and what the model had seen, is by the calendar."""

from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest

from models.drift import counted, ends_of
from models.watch import Figures, month_figures
from pipelines.index_build import KINDS
from pipelines.watch_figures import (
    Before,
    _gives_away,
    _hidden,
    along,
    drift_lines,
    learned_until,
    line_of,
    matured,
    threshold_of,
)
from pipelines.watch_rows import Months, by_month
from stratify.registers.clock import day_number

MONTHS = Months.between(date(2023, 10, 1), date(2024, 3, 1))


def store(covers_to, delivered):
    days = {"covers_to": day_number(covers_to), "delivered": day_number(delivered)}
    return SimpleNamespace(day=days.get)


def outcome(horizon, delay=30):
    return SimpleNamespace(horizon_days=horizon, register_delay_days=delay)


@pytest.mark.parametrize(
    "kind, horizon, covers_to, delivered, mature",
    [
        (None, 90, date(2024, 3, 31), date(2024, 5, 15), 4),  # 1 January + 90 is 31 March; 1 February is open
        (None, 90, date(2024, 3, 30), date(2024, 5, 15), 4),  # covered up to its last day
        (None, 90, date(2024, 3, 29), date(2024, 5, 15), 3),
        (None, 90, date(2024, 3, 31), date(2024, 4, 29), 3),  # the register's delay is not over
        (KINDS[0], 30, date(2024, 3, 31), date(2024, 4, 28), 4),  # up to 29 February + 30, told on 29 April
        (KINDS[0], 30, date(2024, 2, 28), date(2024, 4, 29), 3),
        (KINDS[1], 30, date(2024, 3, 1), date(2024, 4, 29), 4),  # from the day after a contact
        (KINDS[1], 30, date(2024, 2, 29), date(2024, 4, 29), 3),
    ],
)
def test_a_month_is_mature_when_its_last_window_and_the_delay_are_over(kind, horizon, covers_to, delivered, mature):
    assert matured(MONTHS, outcome(horizon), store(covers_to, delivered), kind).tolist() == [True] * mature + [
        False
    ] * (6 - mature)


def test_what_the_model_learned_from_ends_with_its_last_window():
    made_on = {
        "train": {"landmarks": ["2021-01-01"]},
        "calibrate": {"landmarks": ["2022-01-01"]},
        "test": {"landmarks": ["2023-01-01"]},
    }
    card = {"made_on": made_on, "horizon_days": 365, "population": {"id": "multimorbid"}}
    assert learned_until(card) == day_number(date(2023, 1, 1))
    events = {**card, "horizon_days": 30, "population": {"id": "discharges"}}
    assert learned_until(events) == day_number(date(2023, 1, 1)) + 30


def test_the_cut_is_the_agreed_one_that_flags_nearest_to_the_places():
    quantiles = [[0.5, 0.05], [0.9, 0.105], [0.95, 0.2], [0.99, 0.5]]
    assert threshold_of(quantiles, (0.1, 0.2, 0.3), 0.1) == 0.1
    assert threshold_of(quantiles, (0.1, 0.2, 0.3), 0.05) == 0.2
    assert threshold_of([], (0.1, 0.2), 0.1) == 0.1


def month(events, others, risk=0.2):
    y = np.r_[np.ones(events), np.zeros(others)]
    return month_figures(np.full(len(y), risk), y, None, 0.1)


def test_a_hidden_line_tells_nothing():
    told = line_of(month(3, 50), hidden=True)
    assert {value for name, value in told.items() if name not in ("too_few", "suppressed")} == {None}


def test_few_flagged_are_not_told_of_nor_the_risk_of_few():
    risk = np.r_[np.full(3, 0.9), np.linspace(0.01, 0.05, 57)]
    told = line_of(month_figures(risk, np.r_[np.ones(10), np.zeros(50)], None, 0.5), hidden=False)
    assert told["flag_rate"] is None
    assert told["score_90"] is not None
    short = line_of(month_figures(risk[:40], np.r_[np.ones(10), np.zeros(30)], None, 0.03), hidden=False)
    assert short["score_90"] is None
    assert short["flag_rate"] > 0


def test_levels_that_would_give_a_small_one_away_are_hidden_with_it():
    y = np.r_[np.ones(3), np.zeros(20), np.ones(10), np.zeros(40), np.ones(9), np.zeros(80)]
    group = np.repeat(["a", "b", "c"], [23, 50, 89])
    found = _hidden(y, np.linspace(0.1, 0.9, len(y)), np.arange(len(y)), np.arange(len(y)), {"of": group})
    assert found["of", "a"]
    assert sum(found["of", level] for level in "abc") >= 2
    assert not found["all", "all"]
    few = np.r_[np.ones(2), np.zeros(30)]
    assert all(_hidden(few, np.full(32, 0.1), np.arange(32), np.arange(32), {}).values())
    assert _hidden(y, y, np.arange(len(y)), np.zeros(0, dtype=np.int64), {}) == {}


def line(name, events, suppressed=False, factor="all"):
    told = line_of(month(events, 100), hidden=suppressed)
    return {"month": name, "mature": True, "factor": factor, "level": factor, **told}


def test_a_month_alone_is_not_hidden_for_a_total_would_tell_it():
    lines = [line("2024-01", 3, True), line("2024-02", 9), line("2024-03", 7), line("2024-03", 7, factor="sex")]
    told = along(lines)
    assert [one["suppressed"] for one in told] == [True, False, True, True]
    assert told[2]["events"] is told[3]["events"] is None
    assert along(lines[1:]) == lines[1:]
    two = [line("2024-01", 3, True), line("2024-02", 4, True), line("2024-03", 7)]
    assert along(two) == two


def test_a_total_is_not_told_where_less_its_months_it_is_one_month_or_few_people():
    y = np.r_[np.ones(9), np.zeros(90), np.ones(9), np.zeros(90), np.ones(9), np.zeros(90)]
    month, person, weight = np.repeat([0, 1, 2], 99), np.arange(297), np.ones(297)
    assert not _gives_away(y, weight, person, month, np.array([], dtype=np.int64))
    assert _gives_away(y, weight, person, month, np.array([1]))
    assert not _gives_away(y, weight, person, month, np.array([1, 2]))
    fewer = np.where((month > 0) & (np.arange(297) % 99 > 1), 0.0, y)
    assert _gives_away(fewer, weight, person, month, np.array([1, 2]))  # four events are left
    assert _gives_away(y[:6], weight[:6], person[:6], month[:6], np.array([], dtype=np.int64)) is False
    assert _gives_away(y[6:12], weight[6:12], person[6:12], month[6:12], np.array([], dtype=np.int64))


def test_a_month_that_is_not_mature_tells_what_was_foreseen():
    told = line_of(month_figures(np.full(80, 0.25), None, None, 0.2), hidden=False)
    assert (told["n"], told["events"], told["expected"], told["oe"]) == (80, None, 20.0, None)
    assert told["flag_rate"] == 1
    assert line_of(Figures(0, 0, None, None, 0.0, 0, None, ()), hidden=True)["suppressed"]


def test_a_column_that_is_shifted_in_one_month_drifts_in_that_month_alone():
    def same(values, ends):
        return np.tile(counted(values, ends), (12, 1))

    rng, months, n = np.random.default_rng(4), len(MONTHS), 500
    before = {name: rng.normal(size=3000) for name in ("age", "lab")}
    ends = {name: ends_of(values) for name, values in before.items()}
    month = np.repeat(np.arange(months), n)
    now = {name: rng.normal(size=len(month)) for name in before}
    now["lab"][month == 4] += 0.8
    now["age"][(month == 5) & (rng.random(len(month)) < 0.3)] = np.nan
    key = "death_365d/multimorbid"
    found = SimpleNamespace(
        look=SimpleNamespace(months=MONTHS),
        person=np.arange(len(month)),
        month=month,
        of={"multimorbid": np.ones(len(month), dtype=bool)},
        counts={"multimorbid": {name: by_month(now[name], month, months, ends[name]) for name in now}},
        before={"multimorbid": Before([3000] * 12, {name: same(before[name], ends[name]) for name in before})},
    )
    bundle = SimpleNamespace(members={key: SimpleNamespace(columns=["age", "lab"])})
    told = drift_lines(key, found, bundle)
    assert len(told) == 2 * months
    drifting = [(one["feature"], one["month"], one["why"]) for one in told if one["state"] == "drift"]
    assert drifting == [("lab", "2024-02", "distribution"), ("age", "2024-03", "missing")]
    assert {one["state"] for one in told} == {"drift", "stable"}


def test_a_month_is_held_against_the_same_one_of_the_year():
    rng, key = np.random.default_rng(4), "death_365d/multimorbid"
    month = np.repeat(np.arange(12), 400)
    year = Months.between(date(2023, 1, 1), date(2023, 12, 1))
    since = month * 30 + rng.normal(0, 20, len(month))  # days since a visit that all have in December
    ends = ends_of(since)
    found = SimpleNamespace(
        look=SimpleNamespace(months=year),
        person=np.arange(len(month)),
        month=month,
        of={"multimorbid": np.ones(len(month), dtype=bool)},
        counts={"multimorbid": {"since": by_month(month * 30 + rng.normal(0, 20, len(month)), month, 12, ends)}},
        before={"multimorbid": Before([400] * 12, {"since": by_month(since, month, 12, ends)})},
    )
    told = drift_lines(key, found, SimpleNamespace(members={key: SimpleNamespace(columns=["since"])}))
    assert {one["state"] for one in told} == {"stable"}
