"""Every example of every outcome comes out as its file says, by the code that makes the labels."""

import pytest

from stratify.catalogue import load
from stratify.outcomes import evaluate_example

CATALOGUE = load()
EXAMPLES = [
    pytest.param(outcome, example, id=f"{outcome.id}: {example.why}")
    for outcome in CATALOGUE.outcomes.values()
    for example in outcome.example
]


@pytest.mark.parametrize("outcome, example", EXAMPLES)
def test_an_example_comes_out_as_its_file_says(outcome, example):
    answer = evaluate_example(outcome, example)
    assert answer == example.expect
    assert type(answer) is type(example.expect)


@pytest.mark.parametrize("outcome", CATALOGUE.outcomes.values(), ids=lambda outcome: outcome.id)
def test_each_outcome_shows_a_yes_a_no_and_what_nobody_can_tell(outcome):
    assert {example.expect for example in outcome.example} == {True, False, "unknown"}
