"""The sample-size rule is that of Riley et al. as pmsampsize has it, and asks for more where more is to be learned."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.sample_size import rows_needed


def as_nagelkerke(cox_snell: float, prevalence: float) -> float:
    log_null = prevalence * math.log(prevalence) + (1 - prevalence) * math.log(1 - prevalence)
    return cox_snell / (1 - math.exp(2 * log_null))


@pytest.mark.parametrize(
    "parameters, prevalence, cox_snell, published",
    [
        (24, 0.174, 0.288, 662),  # pmsampsize's own example: type "b", csrsquared .288, parameters 24, prevalence .174
        (30, 0.5, 0.2, 1194),  # by hand: 30 / (.1 × -ln(1 - .2 / .9)) = 1193.7
    ],
)
def test_published_and_worked_examples(parameters, prevalence, cox_snell, published):
    assert rows_needed(parameters, prevalence, as_nagelkerke(cox_snell, prevalence)) == published


def by_hand(parameters: int, prevalence: float, nagelkerke: float) -> list[float]:
    """The three criteria of the paper, each written as it stands there."""
    log_null = prevalence * math.log(prevalence) + (1 - prevalence) * math.log(1 - prevalence)
    largest = 1 - math.exp(2 * log_null)
    r2 = nagelkerke * largest
    shrinkage = parameters / ((0.9 - 1) * math.log(1 - r2 / 0.9))
    asked = r2 / (r2 + 0.05 * largest)
    optimism = parameters / ((asked - 1) * math.log(1 - r2 / asked))
    return [shrinkage, optimism, (1.96 / 0.05) ** 2 * prevalence * (1 - prevalence)]


@pytest.mark.parametrize(
    "parameters, prevalence, nagelkerke, strictest",
    [(30, 0.05, 0.15, 0), (24, 0.174, 0.288 / 0.6033, 1), (1, 0.5, 0.9, 2)],
)
def test_the_strictest_of_three_criteria_decides(parameters, prevalence, nagelkerke, strictest):
    criteria = by_hand(parameters, prevalence, nagelkerke)
    assert criteria.index(max(criteria)) == strictest
    assert rows_needed(parameters, prevalence, nagelkerke) == math.ceil(max(criteria))


@given(parameters=st.integers(1, 200), prevalence=st.floats(0.001, 0.999), nagelkerke=st.floats(0.02, 0.6))
def test_more_parameters_never_need_fewer_rows(parameters, prevalence, nagelkerke):
    fewer = rows_needed(parameters, prevalence, nagelkerke)
    assert rows_needed(parameters + 1, prevalence, nagelkerke) >= fewer > 0


@given(parameters=st.integers(5, 200), prevalence=st.floats(0.01, 0.5))
def test_the_rarer_the_event_and_the_less_a_model_can_tell_the_more_rows(parameters, prevalence):
    assert rows_needed(parameters, prevalence / 2) >= rows_needed(parameters, prevalence)
    assert rows_needed(parameters, prevalence, 0.05) >= rows_needed(parameters, prevalence, 0.15)
    assert rows_needed(parameters, prevalence) == rows_needed(parameters, prevalence, 0.15)


@pytest.mark.parametrize("parameters, prevalence", [(10, 0.0), (10, 1.0), (0, 0.2), (10, -0.1)])
def test_what_cannot_be_told_is_refused(parameters, prevalence):
    with pytest.raises(ValueError, match="needs a prevalence between 0 and 1 and a parameter"):
        rows_needed(parameters, prevalence)
