"""A planted fault becomes a proposal; without one there are no more than are announced; nothing is done by itself."""

from types import SimpleNamespace

import numpy as np
import pytest

from pipelines.watch_data import changes, landings
from pipelines.watch_figures import Pooled
from pipelines.watch_signals import proposals
from stratify.files import write_json

pytest.importorskip("stratify.quality.spc")
KEY = "death_365d/multimorbid"
GATES = SimpleNamespace(subgroup_oe=(0.8, 1.25))
DECLARED = SimpleNamespace(specs={"death_365d": SimpleNamespace(gates=GATES)})
BUNDLE = SimpleNamespace(cards={KEY: {"kind": "logistic", "candidates": {"logistic": {"calibrate": {"auroc": 0.73}}}}})
QUIET = {"member": KEY, "month": "2024-01", "feature": "person_age", "state": "stable", "why": ""}


def months(rng, factor=1.0, slope=1.0, last=1.0, n=400, number=24):
    """Rows of so many months, of the latest twelve pooled and of all: risks are right but for what is planted."""
    month = np.repeat(np.arange(number), n)
    logit = rng.normal(-2, 0.9, len(month))
    right = 1 / (1 + np.exp(-logit))
    y = (rng.random(len(month)) < np.minimum(right * np.where(month == number - 1, last, 1.0), 1)).astype(float)
    centre = np.log(right.mean() / (1 - right.mean()))
    risk = np.minimum(factor / (1 + np.exp(-(centre + slope * (logit - centre)))), 0.99)
    late = month >= number - 12
    weight = np.ones(len(month))
    pooled = Pooled(
        KEY, "all", "all", risk[late], y[late], weight[late], month[late], np.arange(number - 12, number), 0.1
    )
    return [pooled, Pooled(KEY, "all", "all", risk, y, weight, month, np.arange(number), 0.1, series=True)]


def told(pooled, drifts=(QUIET,), falls=(), landed=(), roll_back=False):
    return proposals(pooled, list(drifts), list(falls), list(landed), DECLARED, BUNDLE, roll_back=roll_back)


@pytest.fixture
def rng():
    return np.random.default_rng(8)


def test_risks_half_as_high_again_are_proposed_to_be_recalibrated(rng):
    found = told(months(rng, factor=1.5))
    one = found["proposals"][0]
    assert one["breach"] == "level"
    assert one["propose"] == "recalibrate"
    assert one["run"] == ["stratify train death_365d", "stratify promote death_365d"]
    assert "asked: 0.8 to 1.25" in one["why"]


def test_of_too_few_for_an_interval_the_run_beside_one_speaks():
    found = told(months(np.random.default_rng(1), factor=1.5, n=60))
    assert any(one["breach"] == "level" and "on one side of 1" in one["why"] for one in found["proposals"])


def test_risks_that_are_too_extreme_breach_the_slope(rng):
    found = told(months(rng, slope=1.8))
    assert "slope" in {one["breach"] for one in found["proposals"]}


def test_a_month_that_falls_out_of_its_chart_is_a_change(rng):
    found = told(months(rng, last=2.2))
    assert "change" in {one["breach"] for one in found["proposals"]}


def test_order_that_is_lost_is_rolled_back_where_there_is_something_before(rng):
    pooled = months(rng)
    mixed = [Pooled(**{**vars(one), "y": rng.permutation(one.y)}) for one in pooled]
    back = told(mixed, roll_back=True)["proposals"]
    assert [one["run"] for one in back if one["breach"] == "order"] == [["stratify promote --rollback"]]
    assert {one["propose"] for one in told(mixed)["proposals"] if one["breach"] == "order"} == {"look at the data"}


def test_without_a_fault_proposals_are_no_more_than_announced():
    rng, runs = np.random.default_rng(5), 150
    found = [told(months(rng, n=150)) for _ in range(runs)]
    expected = {name: value for name, value in found[0]["expected_false_alarms"].items() if name != "charts"}
    number = sum(len(one["proposals"]) for one in found)
    assert number <= runs * sum(expected.values())


def test_drift_and_gaps_say_to_look_at_the_data_and_old_drift_is_no_news(rng):
    old = {**QUIET, "month": "2023-12", "state": "drift", "why": "distribution"}
    gone = {**QUIET, "feature": "gp_visits", "state": "drift", "why": "constant"}
    found = told(months(rng), [old, QUIET, gone], falls=["lab: 40 events in 2024-01"])["proposals"]
    assert [(one["breach"], one["propose"]) for one in found] == [
        ("drift", "look at the data"),
        ("month", "look at the data"),
    ]
    assert found[0]["features"] == ["gp_visits"]
    assert "person_age" not in found[0]["why"]


def test_what_would_give_a_month_away_is_told_without_its_figures(rng):
    pooled = [Pooled(**{**vars(one), "untold": not one.series}) for one in months(rng, factor=1.8)]
    found = told(pooled)
    assert "hidden" in found["proposals"][0]["why"]
    assert found["pooled"][0]["oe"] is found["pooled"][0]["events"] is None
    assert found["pooled"][0]["suppressed"]


def landing(day, tables):
    told = {name: {"rows_in": n, "landed": n - refused, "refused": refused} for name, (n, refused) in tables.items()}
    return {"delivered": day, "covers_to": day, "tables": told}


def test_a_landing_with_less_than_the_one_before_is_told():
    before = landing("2024-01-10", {"lmdb": (1000, 10), "bef": (500, 0), "sssy": (800, 8), "dod": (50, 0)})
    now = landing("2024-02-10", {"lmdb": (700, 7), "bef": (510, 0), "sssy": (820, 60)})
    assert changes([before, now]) == [
        "dod: is not in this landing", "lmdb: 700 rows, 1000 in the landing before",
        "sssy: 7.3% refused, 1.0% in the landing before",
    ]  # fmt: skip
    assert changes([now]) == changes([before, before]) == []


def test_landings_are_kept_from_watch_to_watch_one_a_day(tmp_path):
    def land(day, rows):
        tables = {"lmdb": {"rows_in": rows, "landed": rows - 3, "refused": 3}}
        delivery = {"delivered": day, "covers_to": day}
        write_json(tmp_path / "store/manifest.json", {"results": {"tables": tables, "delivery": delivery}})
        work = SimpleNamespace(store=tmp_path / "store", watch=tmp_path / "watch")
        found = landings(work)
        write_json(tmp_path / "watch/landings.json", found)
        return found

    land("2024-01-10", 100)
    land("2024-01-10", 120)
    found = land("2024-02-10", 130)
    assert [(one["delivered"], one["tables"]["lmdb"]["rows_in"]) for one in found] == [
        ("2024-01-10", 120),
        ("2024-02-10", 130),
    ]
    assert (
        found[0]["tables"]["lmdb"]["refused"] is found[0]["tables"]["lmdb"]["landed"] is None
    )  # three may not be told


def test_a_month_that_is_half_empty_is_found_wherever_it_lies():
    from pipelines.watch_chart import low_months

    rng = np.random.default_rng(2)
    days = np.full(36, 30.0)
    counts = rng.poisson(900, 36).astype(float)
    below, lower = low_months(counts, days)
    assert not below.any()
    counts[20] *= 0.5
    below, lower = low_months(counts, days)
    assert np.flatnonzero(below).tolist() == [20]
    assert counts[20] < lower[20] < 900
    assert not low_months(counts[:8], days[:8])[0].any()
