"""The whole way from a registry to the matrix, on random small ones: the store and kernel, a loop, and DuckDB agree.

What is drawn: people with gaps in residence, deaths, nobody's events; domains that were not delivered; `known` out of
order with `day`, stays that have not ended, refuted diagnoses, ties, events that belong to several groups.
"""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from stratify.features.aggregates import AGGREGATES
from tests.property.registries import COLUMNS, FAMILIES, registries
from tests.property.registry_answers import by_sql, from_loop
from tests.property.registry_store import from_store

VARIED = ["delivered in another order", "few rows at once", "more buckets", "one person alone"]
cases = st.tuples(registries, st.sampled_from(VARIED), st.integers(1, 3))


def check(case):
    registry, varied, number = case
    cells, queried = from_store(registry, asked=by_sql)
    same(cells, from_loop(registry), "loop")
    same(cells, queried, "SQL")
    if varied == "one person alone":
        cells = {key: told for key, told in cells.items() if key[0] == f"p{number}"}
    how = {"few rows at once": {"at_once": number}, "more buckets": {"per_bucket": number}}
    others = {"one person alone": registry.of(number), "delivered in another order": registry.reversed()}
    exactly(from_store(others.get(varied, registry), **how.get(varied, {})), cells, varied)


def same(cells, expected, by):
    """Equal, floats to a millionth."""
    assert cells.keys() == expected.keys(), by
    for key, told in cells.items():
        equal = np.isclose(told, expected[key], rtol=1e-6, atol=1e-9, equal_nan=True)
        wrong = [(COLUMNS[n].id, told[n], expected[key][n]) for n in np.flatnonzero(~equal)]
        assert not wrong, (by, key, wrong[:5])


def exactly(cells, expected, varied):
    """Equal, floats too."""
    assert cells.keys() == expected.keys(), varied
    for key, told in cells.items():
        np.testing.assert_array_equal(told, expected[key], err_msg=f"{varied}: {key}")


def counted(check, examples, capsys):
    """Run a property and print how many examples it was tried on."""
    tried = []

    @given(cases)
    @settings(
        deadline=None, max_examples=examples, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate, Phase.shrink],
    )  # fmt: skip
    def run(case):
        check(case)
        tried.append(case[1])

    run()
    with capsys.disabled():
        print(f"\nkernel = loop = SQL: {len(tried)} registries, {len(COLUMNS)} columns")  # noqa: T201
    assert len(tried) >= examples
    assert set(tried) == set(VARIED)


def test_every_aggregate_is_asked_of_the_registries():
    assert {name for of in FAMILIES.values() for name in of.aggregates} == set(AGGREGATES)


def test_store_loop_and_sql_agree_on_random_registries(capsys):
    counted(check, 50, capsys)


@pytest.mark.slow
def test_store_loop_and_sql_agree_on_a_thousand_random_registries(capsys):
    counted(check, 1000, capsys)
