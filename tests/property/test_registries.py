"""The whole way from a registry to the matrix, on random small ones: the store and kernel, a loop, and DuckDB agree.

What is drawn: people with gaps in residence, deaths, nobody's events; domains that were not delivered; `known` out of
order with `day`, stays that have not ended, refuted diagnoses, ties, events that belong to several groups.
"""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from stratify.features.aggregates import AGGREGATES
from tests.property.registries import COLUMNS, FAMILIES, from_loop, from_store, registries

VARIED = ["delivered in another order", "few pairs at once", "more buckets", "each alone"]
cases = st.tuples(registries, st.sampled_from(VARIED), st.integers(1, 3))


def check(case):
    registry, varied, number = case
    cells, by_sql = from_store(registry)
    same(cells, from_loop(registry), "loop")
    same(cells, by_sql, "SQL")
    if varied == "each alone":
        for person in range(len(registry.lives)):
            alone, _ = from_store(registry.of(person))
            bits(alone, {key: told for key, told in cells.items() if key[0] == f"p{person}"}, varied)
        return
    how = {"few pairs at once": {"at_once": number}, "more buckets": {"per_bucket": number}}
    other = registry.reversed() if varied == "delivered in another order" else registry
    bits(from_store(other, **how.get(varied, {}))[0], cells, varied)


def same(cells, expected, by):
    """Equal, floats to a millionth."""
    assert cells.keys() == expected.keys(), by
    for key, told in cells.items():
        equal = np.isclose(told, expected[key], rtol=1e-6, atol=1e-9, equal_nan=True)
        wrong = [(COLUMNS[n].id, told[n], expected[key][n]) for n in np.flatnonzero(~equal)]
        assert not wrong, (by, key, wrong[:5])


def bits(cells, expected, varied):
    """Equal to the bit."""
    assert cells.keys() == expected.keys(), varied
    for key, told in cells.items():
        np.testing.assert_array_equal(told, expected[key], err_msg=f"{varied}: {key}")


def counted(check, examples, capsys):
    """Run a property and print how many examples it was tried on."""
    tried = {"registries": 0, "cells": 0}

    @given(cases)
    @settings(
        deadline=None, max_examples=examples, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate, Phase.shrink],
    )  # fmt: skip
    def run(case):
        check(case)
        tried["registries"] += 1

    run()
    with capsys.disabled():
        print(f"\nkernel = loop = SQL: {tried['registries']} registries, {len(COLUMNS)} columns")  # noqa: T201
    assert tried["registries"] >= examples


def test_every_aggregate_is_asked_of_the_registries():
    assert {name for of in FAMILIES.values() for name in of.aggregates} == set(AGGREGATES)


def test_store_loop_and_sql_agree_on_random_registries(capsys):
    counted(check, 50, capsys)


@pytest.mark.slow
def test_store_loop_and_sql_agree_on_a_thousand_random_registries(capsys):
    counted(check, 1000, capsys)
