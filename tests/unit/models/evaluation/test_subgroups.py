"""Each level against an evaluation of its rows alone, and what is hidden or too few."""

import numpy as np
import pytest
from scipy.stats import norm

from models.evaluation import evaluate
from models.evaluation.core import CORE, Core

N = 2_500
NONE = {"value": None, "low": None, "high": None}


@pytest.fixture(scope="module")
def case(made):
    rows = made(N, bend=lambda line: 0.2 + 0.9 * line, seed=11)
    rng = np.random.default_rng(2)
    sex = np.where(rng.random(N) < 0.6, "f", "m")
    y = np.where((sex == "m") & (rng.random(N) < 0.15), 1.0, rows.y)  # men fare worse than told
    groups = {"sex": sex, "area": rng.choice(["a", "b", "c"], N)}
    told = evaluate(y, rows.risk, weight=rows.weight, groups=groups, bootstraps=300)
    return y, rows.risk, rows.weight, groups, told


@pytest.mark.parametrize("factor,level", [("sex", "f"), ("sex", "m"), ("area", "b")])
def test_a_level_is_as_if_it_were_alone(case, factor, level):
    y, risk, weight, groups, told = case
    here = groups[factor] == level
    alone = evaluate(y[here], risk[here], weight=weight[here], bootstraps=300)
    one = told["subgroups"][factor][level]
    for name in ("n", "people", "events", "n_weighted", "events_weighted", "prevalence", "mean_risk"):
        assert one[name] == pytest.approx(alone[name])
    for name in CORE:
        near = 2e-3 if name in ("ici", "e50", "e90") else 1e-9  # those rest on bins
        assert one[name]["value"] == pytest.approx(alone["overall"][name]["value"], abs=near), name
        width = alone["overall"][name]["high"] - alone["overall"][name]["low"]
        assert one[name]["high"] - one[name]["low"] == pytest.approx(width, rel=0.35), name
    for threshold, figure in one["net_benefit"].items():
        agreed = alone["decision_curve"]["agreed"]
        theirs = next(a["net_benefit"] for a in agreed if str(a["threshold"]) == threshold)
        assert figure["value"] == pytest.approx(theirs["value"], abs=1e-12)


def test_false_negatives_are_the_events_outside_everybodys_top(case):
    y, risk, weight, groups, told = case
    here = groups["sex"] == "m"
    found = told["subgroups"]["sex"]["m"]["false_negatives"]
    shown = [top for top in told["capacity"] if found[str(top["share"])] != NONE]
    assert len(shown) >= 2
    for top in shown:
        missed = here & (risk < top["cut"])
        share = (weight * y)[missed].sum() / (weight * y)[here].sum()
        assert found[str(top["share"])]["value"] == pytest.approx(share)


def test_the_adjusted_interval_is_for_all_levels_together(case):
    y, risk, weight, groups, told = case
    one = told["subgroups"]["sex"]["m"]
    adjusted = one["oe_adjusted"]
    assert adjusted["value"] == one["oe"]["value"]
    assert adjusted["low"] * adjusted["high"] == pytest.approx(adjusted["value"] ** 2)  # even on the log
    here = groups["sex"] == "m"
    w, residual = weight[here], (y - one["oe"]["value"] * risk)[here]
    se = np.sqrt((w**2 * residual**2).sum()) / (w * y[here]).sum()  # of the log, by the delta method
    reach = norm.ppf(1 - 0.05 / 5 / 2) * se  # five levels in two factors
    assert np.log(adjusted["high"] / adjusted["value"]) == pytest.approx(reach, rel=0.15)
    assert one["oe"]["low"] > 1
    assert adjusted["high"] - adjusted["low"] > one["oe"]["high"] - one["oe"]["low"]


def test_an_interval_of_a_level_is_normal_on_the_log():
    log = norm.ppf((np.arange(999) + 0.5) / 999) * 0.1
    found = Core({"oe": 1.2}, {"oe": 1.2}, {"oe": 1.2 * np.exp(log)})
    for level, reach in ((0.95, 1.96), (0.99, 2.576)):
        told = found.oe_within(level)
        assert np.log([told["low"] / 1.2, told["high"] / 1.2]) == pytest.approx([-0.1 * reach, 0.1 * reach], rel=0.01)
    assert Core({"oe": 0.0}, {"oe": 0.0}, {"oe": np.zeros(50)}).oe_within(0.95)["low"] is None


def small(levels, **more):
    """Evaluate levels of (events, others) people; risks that tell a little."""
    label = np.repeat([f"level {k}" for k in range(len(levels))], [a + b for a, b in levels])
    y = np.concatenate([np.repeat([1.0, 0.0], pair) for pair in levels])
    rng = np.random.default_rng(0)
    risk = 1 / (1 + np.exp(-(rng.normal(-1, 1, len(y)) + y)))
    return evaluate(y, risk, groups={"area": label}, bootstraps=30, **more)["subgroups"]["area"]


def test_a_level_of_few_is_hidden_whole_and_the_next_smallest_with_it():
    told = small([(4, 90), (30, 60), (200, 200)])
    assert [one["suppressed"] for one in told.values()] == [True, True, False]
    for name, value in told["level 0"].items():
        assert value in (True, False, None, NONE) or set(map(str, value.values())) == {str(NONE)}, name
    assert told["level 2"]["oe"]["value"] is not None


def test_two_hidden_levels_take_no_third():
    told = small([(4, 90), (90, 3), (30, 60), (200, 200)])
    assert [one["suppressed"] for one in told.values()] == [True, True, False, False]


def test_a_level_without_the_event_is_too_few_and_says_how_many_there_are():
    told = small([(0, 90), (30, 60)])["level 0"]
    assert (told["n"], told["events"], told["suppressed"], told["too_few"]) == (90, 0, False, True)
    assert {str(told[name]) for name in (*CORE, "oe_adjusted")} == {str(NONE)}


def test_a_level_whose_rows_have_no_weight_is_empty():
    weight = np.append(np.zeros(90), np.ones(90))
    told = small([(30, 60), (30, 60)], weight=weight)
    assert (told["level 0"]["n"], told["level 0"]["too_few"], told["level 0"]["suppressed"]) == (0, True, False)
    assert told["level 0"]["prevalence"] is None
    assert told["level 1"]["auroc"]["value"] is not None


def test_what_one_level_missed_cannot_be_worked_out_from_the_others(made):
    rows = made(3_000, seed=5)
    area = np.random.default_rng(1).choice([f"a{k:02d}" for k in range(12)], 3_000)
    told = evaluate(rows.y, rows.risk, groups={"area": area}, capacity=(0.01, 0.05, 0.2), bootstraps=20)
    levels, seen = told["subgroups"]["area"], 0
    for top in told["capacity"]:
        if top["cut"] is None:
            continue
        hidden = [name for name, one in levels.items() if one["false_negatives"][str(top["share"])]["value"] is None]
        here = np.isin(area, hidden) & (rows.risk >= top["cut"])
        found = np.array([np.sum(here & (rows.y == outcome)) for outcome in (0, 1)])
        assert len(hidden) != 1
        assert not ((found > 0) & (found < 5)).any()
        seen += 0 < len(hidden) < 12
    assert seen


def test_in_the_top_1_to_4_events_of_a_level_hide_what_was_missed():
    told = small([(300, 300), (300, 3000)], capacity=(0.002, 0.3), thresholds=(0.5,))
    assert told["level 0"]["false_negatives"]["0.002"] == NONE
    assert told["level 0"]["false_negatives"]["0.3"]["value"] is not None
