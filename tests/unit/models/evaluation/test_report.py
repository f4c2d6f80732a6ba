"""The whole dictionary: what it holds, that it is the same each time, and what it says where there is little to say."""

import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from models.evaluation import bootstrap, delong, evaluate
from models.evaluation.competing import incidence
from models.evaluation.core import CORE
from models.evaluation.measures import EXACT
from stratify.errors import DataError, UsageError

TOLD = {
    "n", "people", "events", "n_weighted", "events_weighted", "prevalence", "mean_risk", "suppressed", "too_few",
    "bootstraps", "seed", "overall", "calibration_curve", "distribution", "roc", "decision_curve", "capacity",
    "deciles", "subgroups", "others",
}  # fmt: skip
N = 3_000
NONE = {"value": None, "low": None, "high": None}


@pytest.fixture(scope="module")
def rows(made):
    made_up = made(N, bend=lambda line: 0.3 + 0.9 * line, seed=6)
    rng = np.random.default_rng(1)
    died = (made_up.y == 0) & (rng.random(N) < 0.08)
    return {
        "y": made_up.y,
        "risk": made_up.risk,
        "person": np.arange(N) // 2 + 10**6,
        "weight": np.where(rng.random(N) < 0.05, 0.0, made_up.weight),
        "died_first": died,
        "days": np.where((made_up.y == 1) | died, rng.integers(1, 365, N), 365).astype(float),
        "groups": {"sex": rng.choice(["f", "m"], N), "area": rng.choice(["n", "s", "e", "w"], N)},
        "bootstraps": 80,
        "others": {"noisy": 1 / (1 + np.exp(-(made_up.line + rng.normal(0, 1, N))))},
    }


@pytest.fixture(scope="module")
def told(rows):
    return evaluate(**rows)


def figures(found, at=""):
    """Yield (path, figure) of everything with an interval."""
    if isinstance(found, dict) and set(found) == {"value", "low", "high"} and not isinstance(found["value"], list):
        yield at, found
    elif isinstance(found, dict | list):
        for name, one in found.items() if isinstance(found, dict) else enumerate(found):
            yield from figures(one, f"{at}/{name}")


def test_it_holds_everything_and_is_json(told):
    assert set(told) == TOLD
    assert set(told["overall"]) == set(CORE)
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_every_figure_lies_in_its_interval(told):
    seen = dict(figures(told))
    assert len(seen) > 150
    for at, one in seen.items():
        if one["low"] is not None:
            assert one["low"] <= one["value"] <= one["high"], at


def test_counts_are_of_rows_with_a_weight(told, rows):
    used = rows["weight"] > 0
    assert told["n"] == used.sum()
    assert told["people"] == len(set(rows["person"][used]))
    assert told["events"] == rows["y"][used].sum()
    assert told["events_weighted"] == pytest.approx(rows["weight"] @ rows["y"])
    assert told["prevalence"] == pytest.approx(np.average(rows["y"], weights=rows["weight"]))
    assert told["mean_risk"] == pytest.approx(np.average(rows["risk"], weights=rows["weight"]))


def test_figures_are_weighted(told, rows):
    area = roc_auc_score(rows["y"], rows["risk"], sample_weight=rows["weight"])
    assert told["overall"]["auroc"]["value"] == pytest.approx(area, abs=1e-12)


def test_rows_in_another_order_say_the_same(told, rows):
    order = np.random.default_rng(9).permutation(N)
    turned = {name: values[order] for name, values in rows.items() if name not in ("groups", "others", "bootstraps")}
    for name in ("groups", "others"):
        turned[name] = {key: values[order] for key, values in rows[name].items()}
    assert evaluate(**turned, bootstraps=80) == told
    alone = {**rows, "person": None, "bootstraps": 20}
    assert evaluate(**{**turned, "person": None, "bootstraps": 20}) == evaluate(**alone)


def test_the_number_of_threads_changes_nothing(told, rows, monkeypatch):
    monkeypatch.setattr(bootstrap.os, "sched_getaffinity", lambda _: {0, 1, 2, 3, 4}, raising=False)
    assert evaluate(**rows) == told


def test_another_seed_moves_intervals_and_nothing_else(told, rows):
    other = dict(figures(evaluate(**rows, seed=2)))
    mine = dict(figures(told))
    assert [one["value"] for one in other.values()] == [one["value"] for one in mine.values()]
    assert other["/overall/auroc"] != mine["/overall/auroc"]


def test_the_calibration_curve_runs_within_its_band(told):
    curve = told["calibration_curve"]
    assert curve["risk"] == sorted(curve["risk"])
    assert len(curve["risk"]) <= 50
    low, seen, high = (np.array(curve[name]) for name in ("low", "observed", "high"))
    assert ((low <= seen) & (seen <= high)).all()
    logit = np.log(np.array(curve["risk"]) / (1 - np.array(curve["risk"])))
    truth = 1 / (1 + np.exp(-(0.3 + 0.9 * logit)))
    assert ((low <= truth) & (truth <= high)).mean() > 0.6


def test_the_roc_is_that_of_scikit_learn_at_fewer_points(told, rows):
    x, y = np.array(told["roc"]["false_positive"]), np.array(told["roc"]["true_positive"])
    assert len(x) <= 101
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, pytest.approx(1), pytest.approx(1))
    theirs = roc_curve(rows["y"], rows["risk"], sample_weight=rows["weight"], drop_intermediate=False)
    for a, b in zip(x, y, strict=True):
        assert (np.hypot(theirs[0] - a, theirs[1] - b)).min() < 1e-9


def test_the_distribution_is_of_all_and_tells_of_five_or_none(told, rows):
    bins = told["distribution"]
    assert [one["to"] for one in bins[:-1]] == [one["from"] for one in bins[1:]]
    assert (bins[0]["from"], bins[-1]["to"]) == (0, 1)
    used = rows["weight"] > 0
    for one in bins:
        here = used & (rows["risk"] >= one["from"]) & (rows["risk"] < one["to"])
        for name, outcome in (("events", 1), ("others", 0)):
            which = rows["y"] == outcome
            share = rows["weight"][here & which].sum() / rows["weight"][which].sum()
            assert one[name] == pytest.approx(share)
            assert (here & which).sum() == 0 or (here & which).sum() >= 5


def test_places_are_counted_from_the_top(told, rows):
    weight, y, risk = rows["weight"], rows["y"], rows["risk"]
    shown = [one for one in told["capacity"] if one["cut"] is not None]
    # the other one ends 1-4 people from an agreed threshold
    assert [one["share"] for one in shown] == [0.01, 0.02, 0.05]
    for one in shown:
        top = risk >= one["cut"]
        assert one["flagged"] == pytest.approx(weight[top].sum() / weight.sum())
        assert one["share"] >= one["flagged"] > one["share"] - 3 / weight.sum()
        assert one["sensitivity"]["value"] == pytest.approx((weight * y)[top].sum() / (weight @ y))
        assert one["positive_predictive_value"]["value"] == pytest.approx((weight * y)[top].sum() / weight[top].sum())
        worth = (weight * y)[top].sum() - (weight * (1 - y))[top].sum() * one["cut"] / (1 - one["cut"])
        assert one["net_benefit"]["value"] == pytest.approx(worth / weight.sum())


def test_tenths_hold_a_tenth_of_the_weight_and_their_incidences_are_of_everybody(told, rows):
    assert len(told["deciles"]) == 10
    highest = 0.0
    for one in told["deciles"]:
        used = rows["weight"] > 0
        order = np.argsort(rows["risk"])
        reached = np.cumsum(rows["weight"][order]) / rows["weight"].sum()
        lowest, highest = highest, rows["risk"][order][np.searchsorted(reached, one["tenth"] / 10 - 1e-12)]
        here = (rows["risk"] > lowest) & (rows["risk"] <= highest)
        if one["suppressed"]:
            assert (one["n"], one["observed"], one["cumulative_incidence"]) == (None, NONE, None)
            continue
        assert one["n"] == (here & used).sum()
        assert one["observed"]["value"] == pytest.approx(np.average(rows["y"][here], weights=rows["weight"][here]))
        assert one["mean_risk"] == pytest.approx(np.average(rows["risk"][here], weights=rows["weight"][here]))
        if one["tenth"] < 10:  # above the highest risk with a weight there are a few without
            event, death = incidence(rows["days"][here], rows["y"][here], rows["died_first"][here])
            assert one["cumulative_incidence"] == event
            assert one["died_first"] in (death, None)


def test_deaths_of_1_to_4_in_a_tenth_are_hidden_and_not_to_be_worked_out(made):
    rows = made(2_000, seed=4)
    tenth = np.argsort(np.argsort(rows.risk)) // 200
    died = (rows.y == 0) & (np.cumsum((rows.y == 0) & (tenth == 7)) <= 3) & (tenth == 7)
    died |= (rows.y == 0) & np.isin(tenth, (5, 6)) & (np.random.default_rng(0).random(2_000) < 0.2)
    few = {"thresholds": (0.9,), "capacity": (0.1,), "bootstraps": 20}  # no cuts beside the tenths' own
    told = evaluate(rows.y, rows.risk, died_first=died, days=np.full(2_000, 9.0), **few)["deciles"]
    shown = [one["died_first"] is not None for one in told if not one["suppressed"]]
    assert died[tenth == 7].sum() == 3
    assert told[7]["died_first"] is None
    assert told[7]["cumulative_incidence"] is not None
    assert len(shown) - sum(shown) == 2


def test_another_model_is_compared_in_the_same_draws(rows, told):
    noisy = rows["others"]["noisy"]
    alone = evaluate(
        rows["y"], noisy, person=rows["person"], weight=rows["weight"], bootstraps=80
    )["overall"]  # fmt: skip
    beside = told["others"]["noisy"]
    for name in CORE:
        assert beside[name]["value"] == pytest.approx(alone[name]["value"], rel=1e-9 if name in EXACT else 1e-3), name
        for end in ("low", "high"):  # the edges of the bins differ, since the cuts do
            assert beside[name][end] == pytest.approx(alone[name][end], abs=1e-3), name
    gained = beside["difference"]["auroc"]
    assert gained["value"] == pytest.approx(told["overall"]["auroc"]["value"] - alone["auroc"]["value"])
    assert gained["low"] > 0
    own = told["overall"]["auroc"]
    unpaired = np.hypot(own["high"] - own["low"], alone["auroc"]["high"] - alone["auroc"]["low"])
    assert gained["high"] - gained["low"] < 0.9 * unpaired
    worth = beside["difference"]["net_benefit"]["0.2"]["value"]
    mine = next(one for one in told["decision_curve"]["agreed"] if one["threshold"] == 0.2)["net_benefit"]["value"]
    assert worth == pytest.approx(mine - beside["net_benefit"]["0.2"]["value"])


def test_paired_intervals_are_as_wide_as_delongs(made):
    rows = made(2_500, seed=2)
    other = 1 / (1 + np.exp(-(rows.line + np.random.default_rng(3).normal(0, 0.8, 2_500))))
    drawn = evaluate(rows.y, rows.risk, others={"b": other}, bootstraps=300)["others"]["b"]["difference"]["auroc"]
    exact = delong(rows.y, rows.risk, other)
    assert drawn["value"] == pytest.approx(exact["difference"], abs=1e-12)
    assert drawn["high"] - drawn["low"] == pytest.approx(exact["high"] - exact["low"], rel=0.15)


def test_the_same_risks_beside_themselves_differ_in_nothing(rows):
    told = evaluate(rows["y"], rows["risk"], others={"same": rows["risk"]}, bootstraps=30)["others"]["same"]
    for at, one in figures(told["difference"]):
        assert one == NONE or one == {"value": 0, "low": 0, "high": 0}, at


@pytest.mark.parametrize("only", [0.0, 1.0])
def test_one_class_is_too_few_and_no_error(only):
    told = evaluate(np.full(50, only), np.linspace(0.1, 0.9, 50), groups={"sex": ["f"] * 50}, bootstraps=20)
    assert told["too_few"]
    assert told["subgroups"]["sex"]["f"]["too_few"]
    assert (told["calibration_curve"], told["distribution"], told["roc"]) == (None, None, None)
    for name in ("auroc", "auprc", "calibration_slope", "calibration_intercept", "ici"):
        assert told["overall"][name] == NONE
    assert told["overall"]["brier"]["value"] is not None
    json.dumps(told, allow_nan=False)


def test_one_risk_for_all_tells_nobody_apart():
    y = np.tile([0.0, 0, 0, 1], 50)
    told = evaluate(y, np.full(200, 0.2), bootstraps=50)
    assert told["overall"]["auroc"]["value"] == 0.5
    assert told["overall"]["calibration_slope"] == NONE
    assert told["overall"]["calibration_intercept"]["value"] == pytest.approx(np.log(0.25 / 0.75) - np.log(0.2 / 0.8))
    assert told["overall"]["oe"]["value"] == pytest.approx(1.25)
    assert len(told["deciles"]) == 1
    assert {one["cut"] for one in told["capacity"]} == {None}
    json.dumps(told, allow_nan=False)


def test_risks_of_exactly_0_and_1(made):
    rows = made(2_000)
    risk = np.where(rows.risk < 0.05, 0.0, np.where(rows.risk > 0.6, 1.0, rows.risk))
    told = evaluate(rows.y, risk, bootstraps=30)
    assert told["overall"]["auroc"]["value"] == pytest.approx(roc_auc_score(rows.y, risk))
    assert told["capacity"][0]["net_benefit"] == NONE  # the cut is 1: no odds
    json.dumps(told, allow_nan=False)


def test_perfect_risks_have_no_slope():
    y = np.repeat([0.0, 1.0], 50)
    told = evaluate(y, np.linspace(0.1, 0.9, 100), bootstraps=30)["overall"]
    assert told["auroc"] == {"value": 1, "low": 1, "high": 1}
    assert told["calibration_slope"] == NONE


def test_one_to_four_people_with_the_event_hide_everything():
    told = evaluate(np.arange(200) < 4, np.linspace(0.1, 0.9, 200), groups={"sex": ["f"] * 200})
    assert told["suppressed"]
    assert {told[name] for name in ("n", "events", "prevalence", "mean_risk", "roc")} == {None}
    assert told["overall"] == dict.fromkeys(CORE, NONE)
    assert (told["subgroups"], told["deciles"]) == ({}, [])


def test_four_people_with_many_rows_are_four_people():
    y = np.arange(200) < 40
    assert evaluate(y, np.linspace(0.1, 0.9, 200), person=np.arange(200) // 10)["suppressed"]
    assert not evaluate(y, np.linspace(0.1, 0.9, 200), person=np.arange(200) // 8)["suppressed"]


def cuts_told(told):
    """Return the risks of the cuts that are told of, and how many are not."""
    curve = told["decision_curve"]
    pairs = [*zip(curve["threshold"], curve["model"]["value"], strict=True)]
    pairs += [(one["threshold"], one["net_benefit"]["value"]) for one in curve["agreed"]]
    pairs += [(one["cut"], one["net_benefit"]["value"]) for one in told["capacity"]]
    shown = [cut for cut, value in pairs if value is not None]
    return np.array(shown), len(pairs) - len(shown)


@pytest.mark.parametrize("rows_of_one", [1, 2])
def test_no_cut_nor_what_lies_between_two_is_of_1_to_4_people(made, rows_of_one):
    rows = made(500, seed=3)
    y, risk = rows.y.repeat(rows_of_one), rows.risk.repeat(rows_of_one)
    told = evaluate(y, risk, person=np.arange(len(y)) // rows_of_one, bootstraps=20)
    cuts, hidden = cuts_told(told)
    assert len(cuts) > 10
    assert hidden > 3
    whole = np.array([np.sum(y == outcome) for outcome in (0, 1)])
    above = [[np.sum(risk[y == outcome] >= cut) for outcome in (0, 1)] for cut in cuts]
    x, z = (np.array(told["roc"][name]) for name in ("false_positive", "true_positive"))
    above = np.concatenate([above, np.rint(np.stack([x, z], axis=1) * whole)])
    between = np.abs(above[:, None] - above[None])
    assert not ((between > 0) & (between < 5 * rows_of_one)).any()


def test_a_top_of_few_is_hidden_with_its_cut(made):
    rows = made(400, seed=3)
    assert evaluate(rows.y, rows.risk, bootstraps=20)["capacity"][0] == {
        "share": 0.01, "cut": None, "flagged": None,
        "sensitivity": NONE, "positive_predictive_value": NONE, "net_benefit": NONE,
    }  # fmt: skip


@pytest.mark.parametrize(
    "given,told",
    [
        ({"thresholds": ()}, "thresholds"),
        ({"thresholds": (0.1, 1.0)}, "thresholds"),
        ({"capacity": (0.1, 0.1)}, "capacity"),
        ({"bootstraps": 5}, "bootstraps: 20 or more"),
    ],
)
def test_other_arguments_are_refused(given, told):
    with pytest.raises(UsageError, match=told):
        evaluate([0, 1], [0.1, 0.2], **given)


def test_rows_that_cannot_be_are_refused():
    with pytest.raises(DataError, match="y: 0 or 1"):
        evaluate([0, np.nan], [0.1, 0.2])
