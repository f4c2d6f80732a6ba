"""The true risks are exact: the closed form equals the matrix exponential of the chain that the rules describe.

The chain here is built from the rules of the simulation in words, condition by condition, and knows nothing of the
closed form: a first phase; a phase per condition, entered by its onset if that brings neither the outcome nor death;
onsets in a phase bring admissions as elsewhere but change no hazard; death, and admissions that end in death, end it.
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.linalg import expm

from pipelines.synthesis.hazards import Hazards
from pipelines.synthesis.parameters import read_parameters
from pipelines.synthesis.risk import OUTCOMES, Rates, incidence, true_risks

GIVEN = read_parameters()
K = len(GIVEN.names)


def some_hazards(n, rng, scale=1.0):
    """People with hazards from tiny to enormous."""
    level = scale * 10.0 ** rng.uniform(-4, 1.0, (n, 1))
    one = lambda top: level[:, 0] * rng.random(n) * top  # noqa: E731
    after = lambda: np.exp(rng.random((n, K)) * 1.8)  # noqa: E731
    onset = level * rng.random((n, K)) * 0.15
    onset[rng.random((n, K)) < 0.2] = 0.0  # what one has already does not begin
    zero = np.zeros(n)
    return Hazards(
        at_risk=np.ones(n, bool), starts=zero, onset=onset,
        other=one(1.0), acsc=one(0.5), psych=one(0.3), death=one(0.6),
        fatal=rng.random(n) * 0.2, again=zero, again_until=zero, psych_again=zero, psych_again_until=zero,
        other_after=after(), acsc_after=after(), psych_after=after(), death_after=after(),
    )  # fmt: skip


def chain(hazard, person, outcome, again=0.0, psych_again=0.0):
    """The generator of one person's chain: states 0 (first phase), 1..K (phases), then outcome, then other ending."""
    size = K + 3
    hit, over = K + 1, K + 2
    generator = np.zeros((size, size))
    somatic = {"acute_admission", "acute_somatic_admission"}
    for state in range(K + 1):
        factor = lambda after: 1.0 if state == 0 else after[person, state - 1]  # noqa: B023, E731
        rates = {
            "other": hazard.other[person] * factor(hazard.other_after),
            "acsc": hazard.acsc[person] * factor(hazard.acsc_after),
            "psych": hazard.psych[person] * factor(hazard.psych_after),
        }
        died = hazard.death[person] * factor(hazard.death_after)
        fatal = hazard.fatal[person]
        events = []  # (rate, kind of admission or None, ends in death, phase entered)
        events += [(rate * fatal, kind, True, None) for kind, rate in rates.items() if kind != "psych"]
        events += [(rate * (1 - fatal), kind, False, None) for kind, rate in rates.items() if kind != "psych"]
        events += [(rates["psych"], "psych", False, None), (died, None, True, None)]
        events += [(again, "other", False, None), (psych_again, "psych", False, None)]
        for number, condition in enumerate(GIVEN.conditions):
            if state - 1 == number:
                continue
            rate, brings = hazard.onset[person, number], condition.onset_admission
            deadly = condition.onset_fatal if condition.onset_kind != "psych" else 0.0
            enters = number + 1 if state == 0 else None
            events.append((rate * brings * deadly, condition.onset_kind, True, None))
            events.append((rate * brings * (1 - deadly), condition.onset_kind, False, enters))
            events.append((rate * (1 - brings), None, False, enters))
        for rate, kind, dies, enters in events:
            counts = (
                (outcome in somatic and kind in ("other", "acsc"))
                or (outcome == "acute_admission" and kind == "psych")
                or (outcome == "psychiatric_admission" and kind == "psych")
                or (outcome == "acsc_admission" and kind == "acsc")
                or (outcome == "death" and dies)
            )
            target = hit if counts else over if dies else enters
            if target is not None and target != state:
                generator[state, target] += rate
                generator[state, state] -= rate
    return generator


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_the_closed_form_equals_the_matrix_exponential(outcome):
    rng = np.random.default_rng(7)
    hazard = some_hazards(12, rng)
    stated = true_risks(hazard, GIVEN)[outcome]
    exact = [expm(chain(hazard, person, outcome))[0, K + 1] for person in range(12)]
    np.testing.assert_allclose(stated, exact, rtol=0, atol=1e-13)
    assert stated.min() < 0.01
    assert stated.max() > 0.4


@pytest.mark.parametrize("outcome", ["acute_admission", "acute_somatic_admission", "psychiatric_admission"])
@pytest.mark.parametrize("until, psych_until", [(0.07, 0.0), (0.0, 0.05), (0.03, 0.08), (0.08, 0.03), (0.06, 0.06)])
def test_days_after_a_discharge_are_counted_exactly(outcome, until, psych_until):
    rng = np.random.default_rng(8)
    hazard = some_hazards(4, rng, 0.5)
    full = np.ones(4)
    hazard = replace(hazard, again=1.7 * full, again_until=until * full, psych_again=0.9 * full,
                     psych_again_until=psych_until * full)  # fmt: skip
    stated = true_risks(hazard, GIVEN)[outcome]
    edges = sorted({0.0, until, psych_until, 1.0})
    for person in range(4):
        moved = np.eye(K + 3)
        for begins, ends in pairwise(edges):
            generator = chain(hazard, person, outcome, 1.7 * (begins < until), 0.9 * (begins < psych_until))
            moved = moved @ expm(generator * (ends - begins))
        assert stated[person] == pytest.approx(moved[0, K + 1], abs=1e-13)


def test_a_year_cut_into_stretches_is_the_same_year():
    rng = np.random.default_rng(9)
    n = 50
    rates = Rates(rng.random(n), rng.random(n), rng.random((n, K)) / K, rng.random((n, K)), rng.random((n, K)))
    nothing = np.zeros(n)
    whole = incidence(rates, [(np.ones(n), nothing)])
    cut = rng.random(n)
    parts = incidence(rates, [(cut / 2, nothing), (cut / 2, nothing), (1 - cut, nothing)])
    np.testing.assert_allclose(parts, whole, atol=1e-14)


@pytest.mark.parametrize("size", [1e-300, 1e-12, 1e-6, 1.0, 700.0, 1e5])
def test_no_size_of_hazard_overflows(size):
    rng = np.random.default_rng(10)
    n = 20
    rates = Rates(*(size * rng.random(shape) for shape in (n, n, (n, K), (n, K), (n, K))))
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        found = incidence(rates, [(np.ones(n), np.zeros(n))])
    assert np.isfinite(found).all()
    assert ((found >= 0) & (found <= 1 + 1e-12)).all()


def test_one_hazard_alone_is_the_textbook_formula():
    event, death = np.array([0.2]), np.array([0.1])
    none = np.zeros((1, K))
    found = incidence(Rates(event, death, none, none, none), [(np.ones(1), np.zeros(1))])
    assert found[0] == pytest.approx(0.2 / 0.3 * (1 - np.exp(-0.3)))
