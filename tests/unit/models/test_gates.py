"""Each gate by hand: met, not met on evidence, and left open where the figures do not settle it."""

import numpy as np
import pytest

from models.declared import load_declared
from models.evaluation import evaluate
from models.gates import Gate, closed, gates
from models.spec import Gates

GATES = Gates(slope=(0.9, 1.1), intercept=0.1, subgroup_oe=(0.8, 1.25), ici_margin=0.002)
SPEC = load_declared().specs["acute_admission_365d"].model_copy(update={"gates": GATES})


def figure(value, low=None, high=None) -> dict:
    low, high = (value if end is None else end for end in (low, high))
    return {"value": value, "low": low, "high": high}


def bare(value) -> dict:
    """A figure that too few draws could be made of for an interval."""
    return {"value": value, "low": None, "high": None}


NOTHING = figure(None)


def report(slope=None, intercept=None, subgroups=None) -> dict:
    return {
        "overall": {
            "calibration_slope": slope or figure(1.0, 0.95, 1.05),
            "calibration_intercept": intercept or figure(0.0, -0.05, 0.05),
        },
        "subgroups": subgroups or {},
    }


def against(benefit=None, ici=None) -> dict:
    benefits = {"0.1": figure(0.0), "0.2": figure(0.0)} if benefit is None else benefit
    return {"difference": {"net_benefit": benefits, "ici": ici or figure(0.0, -0.001, 0.001)}}


def verdicts(found) -> dict[str, str]:
    return {gate.id: gate.verdict for gate in found}


@pytest.mark.parametrize(
    "slope, verdict",
    [
        (figure(1.0, 0.95, 1.05), "met"),
        (figure(0.9, 0.6, 1.4), "met"),  # inside, however uncertain: doubt closes no gate
        (figure(1.1, 1.05, 1.15), "met"),
        (figure(0.85, 0.75, 0.95), "undecided"),  # outside, but the interval is not
        (figure(0.7, 0.6, 0.8999), "not_met"),
        (figure(1.3, 1.11, 1.5), "not_met"),
        (figure(1.3, 1.1, 1.5), "undecided"),
        (bare(3.0), "undecided"),
        (bare(1.0), "met"),
        (NOTHING, "undecided"),
    ],
)
def test_the_slope(slope, verdict):
    assert verdicts(gates(SPEC, report(slope=slope), None))["slope"] == verdict


@pytest.mark.parametrize(
    "intercept, verdict",
    [
        (figure(0.1, -0.2, 0.4), "met"),
        (figure(-0.1, -0.2, 0.0), "met"),
        (figure(0.15, 0.05, 0.25), "undecided"),
        (figure(0.3, 0.2, 0.4), "not_met"),
        (figure(-0.3, -0.4, -0.2), "not_met"),
        (NOTHING, "undecided"),
    ],
)
def test_the_intercept(intercept, verdict):
    assert verdicts(gates(SPEC, report(intercept=intercept), None))["intercept"] == verdict


def test_a_subgroup_wholly_outside_closes_its_gate_and_one_across_is_left_open():
    levels = {
        "female": {"oe_adjusted": figure(1.0, 0.9, 1.1)},
        "male": {"oe_adjusted": figure(1.5, 1.26, 1.8)},
        "other": {"oe_adjusted": figure(0.7, 0.5, 0.9)},
        "not told": {"oe_adjusted": figure(0.6, 0.4, 0.79)},
        "hidden": {"oe_adjusted": NOTHING},
        "few": {},
        "thin": {"oe_adjusted": bare(3.0)},
    }
    found = gates(SPEC, report(subgroups={"sex": levels}), None)
    told = verdicts(found)
    assert told["subgroup sex = male"] == told["subgroup sex = not told"] == "not_met"
    assert told["subgroup sex = other"] == told["subgroup sex = thin"] == "undecided"
    assert "subgroup sex = female" not in told, "who is plainly within is counted, not listed"
    assert told["subgroups"] == "undecided", "not all are plainly within"
    assert next(gate for gate in found if gate.id == "subgroups").found == "1 of 5 plainly within"
    assert not any("hidden" in gate.id or "few" in gate.id for gate in found)


def test_a_level_at_the_very_bounds_is_within():
    levels = {"female": {"oe_adjusted": figure(1.0, 0.8, 1.25)}}
    assert verdicts(gates(SPEC, report(subgroups={"sex": levels}), None))["subgroups"] == "met"


def test_without_a_champion_nothing_is_compared():
    assert set(verdicts(gates(SPEC, report(), None))) == {"intended use", "slope", "intercept"}


@pytest.mark.parametrize(
    "benefit, verdict",
    [
        (figure(0.001, -0.001, 0.003), "met"),
        (figure(-0.001, -0.003, 0.001), "met"),  # lower, but the interval does not say so
        (figure(-0.002, -0.003, 0.0), "met"),
        (figure(-0.002, -0.003, -0.0001), "not_met"),
        (bare(-0.5), "undecided"),
        (NOTHING, "undecided"),
    ],
)
def test_net_benefit_may_not_fall_at_any_agreed_threshold(benefit, verdict):
    found = verdicts(gates(SPEC, report(), against({"0.1": figure(0.0), "0.3": benefit})))
    assert found["net benefit at 0.3"] == verdict
    assert found["net benefit at 0.1"] == "met"


@pytest.mark.parametrize(
    "ici, verdict",
    [
        (figure(-0.01, -0.02, 0.0), "met"),
        (figure(0.01, 0.002, 0.02), "met"),  # worse, perhaps by no more than the margin
        (figure(0.01, 0.0021, 0.02), "not_met"),
        (bare(0.5), "undecided"),
        (NOTHING, "undecided"),
    ],
)
def test_calibration_may_not_be_worse_than_the_champions_by_more_than_the_margin(ici, verdict):
    assert verdicts(gates(SPEC, report(), against(ici=ici)))["ici"] == verdict


def test_only_what_is_not_met_closes():
    found = gates(
        SPEC,
        report(slope=figure(0.5, 0.4, 0.6), intercept=figure(0.2, 0.0, 0.4)),
        against({"0.1": NOTHING}, figure(0.1, 0.05, 0.2)),
    )
    assert verdicts(found) == {
        "intended use": "met",
        "slope": "not_met", "intercept": "undecided", "net benefit at 0.1": "undecided", "ici": "not_met",
    }  # fmt: skip
    assert [gate.id for gate in closed(found)] == ["slope", "ici"]


def test_a_gate_tells_what_was_asked_and_what_was_found():
    gate = gates(SPEC, report(slope=figure(0.5, 0.4, 0.6)), None)[1]
    assert gate == Gate("slope", "not_met", "0.9 to 1.1", "0.500 (0.400 to 0.600)")
    assert gate.line() == "slope: 0.500 (0.400 to 0.600); asked: 0.9 to 1.1"
    assert gate.told() == {
        "id": "slope", "verdict": "not_met", "asked": "0.9 to 1.1", "found": "0.500 (0.400 to 0.600)",
    }  # fmt: skip
    told = [gates(SPEC, report(slope=slope), None)[1].found for slope in (bare(3.0), NOTHING)]
    assert told == ["3.000 (too few for an interval)", "too few to tell"]


# --- on reports as they are made -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(21)
    logit = rng.normal(-1.3, 1.0, 6000)
    risk = 1 / (1 + np.exp(-logit))
    y = (rng.random(6000) < risk).astype(float)
    return y, logit, np.where(rng.random(6000) < 0.5, "a", "b")


def risk_of(logit):
    return 1 / (1 + np.exp(-logit))


def judged(rows, logit, other=None):
    y, _, group = rows
    others = {} if other is None else {"champion": risk_of(other)}
    told = evaluate(
        y, risk_of(logit), groups={"site": group}, others=others, thresholds=(0.1, 0.2, 0.3), bootstraps=30, seed=3
    )
    beside = told["others"].get("champion")
    return gates(SPEC, told, beside), told


def test_right_risks_pass_every_gate(rows):
    found, _ = judged(rows, rows[1], rows[1])
    assert closed(found) == []
    assert {"slope", "intercept", "subgroups", "net benefit at 0.1", "net benefit at 0.3", "ici"} <= set(
        verdicts(found)
    )


def test_risks_that_are_too_bold_or_too_high_close_the_gate_of_their_own(rows):
    assert [gate.id for gate in closed(judged(rows, 2 * rows[1] + 1.3)[0])][:1] == ["slope"]
    high = [gate.id for gate in closed(judged(rows, rows[1] + 0.6)[0])]
    assert "intercept" in high
    assert {"subgroup site = a", "subgroup site = b"} <= set(high)


def test_a_group_whose_risk_is_half_of_what_comes_closes_its_gate_alone(rows):
    y, logit, group = rows
    y = np.where((group == "b") & (np.random.default_rng(4).random(len(y)) < 0.5), 0.0, y)
    found, _ = judged((y, logit, group), logit)
    assert [gate.id for gate in closed(found) if gate.id.startswith("subgroup")] == ["subgroup site = b"]


def test_a_model_that_tells_less_than_the_champion_is_kept_out_though_it_is_calibrated(rows):
    blunt = np.full(len(rows[0]), np.log(rows[0].mean() / (1 - rows[0].mean()))) + 0.1 * (rows[1] - rows[1].mean())
    found, _ = judged(rows, blunt, rows[1])
    assert any(gate.id.startswith("net benefit") for gate in closed(found))
    assert not any(gate.id.startswith("net benefit") for gate in closed(judged(rows, rows[1], blunt)[0]))


def test_what_nobody_has_said_what_it_is_for_is_not_promoted():
    study = SPEC.model_copy(update={"for_study": True})
    assert [gate.id for gate in closed(gates(study, report(), None))] == ["intended use"]
