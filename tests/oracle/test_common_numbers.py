"""Two policies on the same numbers differ by what they change: far less noise than with numbers of their own."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.synthesis.calendar import NEVER
from pipelines.synthesis.risk import true_risks
from tests.unit.synthesis.resimulation import GIVEN, again, january

pytestmark = pytest.mark.slow
TIMES = 400


@pytest.fixture(scope="module")
def both():
    """The years of a region as it is, and with 15 % off all acute somatic hazards of people with three conditions."""
    usual = january(8000, 17)
    treated = (usual.life.state.onset < NEVER).sum(axis=1) >= 3
    factor = np.where(treated, 0.85, 1.0)
    hazard = replace(usual.hazard, other=usual.hazard.other * factor, acsc=usual.hazard.acsc * factor)
    offered = replace(usual, hazard=hazard, risks=true_risks(hazard, GIVEN))
    return usual, offered, treated & usual.hazard.at_risk


def avoided(usual, offered, chosen, seed, other_seed):
    """First acute somatic admissions avoided in each of the years."""
    found = []
    for turn in range(TIMES):
        one = again(usual, 1, seed + turn).came["acute_somatic_admission"][chosen].sum()
        two = again(offered, 1, other_seed + turn).came["acute_somatic_admission"][chosen].sum()
        found.append(int(one) - int(two))
    return np.array(found, float)


def test_the_difference_has_an_eighth_of_the_variance_or_less_and_the_right_mean(both):
    usual, offered, chosen = both
    stated = usual.risks["acute_somatic_admission"] - offered.risks["acute_somatic_admission"]
    common = avoided(usual, offered, chosen, 930_000, 930_000)
    own = avoided(usual, offered, chosen, 940_000, 950_000)
    ratio = own.var(ddof=1) / common.var(ddof=1)
    print(f"avoided: stated {stated[chosen].sum():.2f}, common numbers {common.mean():.2f} (sd {common.std():.2f}), "  # noqa: T201
          f"own numbers {own.mean():.2f} (sd {own.std():.2f}); variance ratio {ratio:.1f}")  # fmt: skip
    assert ratio >= 8
    for found in (common, own):
        assert abs(found.mean() - stated[chosen].sum()) < 4 * found.std() / np.sqrt(TIMES)


def test_nobody_else_changes(both):
    usual, offered, chosen = both
    for turn in range(5):
        one, two = again(usual, 1, 960_000 + turn), again(offered, 1, 960_000 + turn)
        for outcome in one.came:
            np.testing.assert_array_equal(one.came[outcome][~chosen], two.came[outcome][~chosen])
            assert (one.risks[outcome][~chosen] == two.risks[outcome][~chosen]).all()
