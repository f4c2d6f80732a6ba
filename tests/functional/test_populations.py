"""The matrix holds the adults of both populations, and says of each who is in it."""

from datetime import date

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipelines.audit_leaks import audit_leaks_step
from pipelines.build_step import COHORT, POPULATIONS, build_step
from pipelines.data_steps import land_step
from pipelines.matrix import read_matrix
from pipelines.simulate_step import Wanted, synthesise_step
from pipelines.steps import read_manifest
from stratify.catalogue import load
from stratify.definitions import DEFINITIONS
from stratify.errors import BundleError
from stratify.features.conditions import holding
from stratify.store.read import Store
from stratify.workspace import Workspace

CATALOGUE = load()
TOLD = {"multimorbid": "TONELLI30-2", "both": "PSYKSOM-1"}  # neither holds the other


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    found = Workspace(tmp_path_factory.mktemp("populations"))
    synthesise_step(found, Wanted(600, 6, 4, date(2024, 12, 31)), lambda *_: None)
    land_step(found, CATALOGUE, source="synthetic", data=found.registers, progress=lambda _: None)
    build_step(found, CATALOGUE, lambda *_: None, **TOLD, processes=1)
    return found


@pytest.fixture(scope="module")
def matrix(work):
    return read_matrix(work.features)


def test_each_file_says_who_is_in_which_population_beside_the_person(work):
    files = sorted((work.features / COHORT).glob("*/bucket=*.parquet"))
    assert files
    for file in files:
        table = pq.read_table(file, partitioning=None)
        assert table.column_names[:3] == ["person", "multimorbid", "psychiatric_somatic"]
        assert {str(table.schema.field(name).type) for name in POPULATIONS} == {"bool"}
        assert all(table[name].null_count == 0 for name in POPULATIONS)


def test_everybody_in_the_matrix_is_in_one_population_at_least_and_some_in_one_alone(matrix):
    several, both = matrix.populations["multimorbid"], matrix.populations["psychiatric_somatic"]
    assert (several | both).all()
    assert (several & ~both).any()
    assert (both & ~several).any()


def test_a_population_is_who_its_definition_holds_for_of_all_adults(work, matrix):
    store = Store(work.store)
    for day in np.unique(matrix.rows.day).tolist():
        on = matrix.rows.day == day
        for name, word in POPULATIONS.items():
            everyone = np.unique(np.concatenate([matrix.rows.person[on], np.arange(store.people)]))
            adults = everyone[everyone < store.people]
            holds = holding(store, adults, day, CATALOGUE, DEFINITIONS[TOLD[word]])
            inside = set(matrix.rows.person[on][matrix.populations[name][on]].tolist())
            assert inside <= {person for person, is_so in holds.items() if is_so}
            mine = [holds[person] for person in matrix.rows.person[on].tolist()]
            np.testing.assert_array_equal(matrix.populations[name][on], mine)


def test_their_numbers_are_those_of_the_flow(work, matrix):
    flow = read_manifest(work.features, "build")["results"]["flow"]
    for name, of in matrix.populations.items():
        assert of.sum() == sum(counts[name] for counts in flow.values())


def test_one_population_is_its_rows_alone(matrix):
    some = matrix.of("psychiatric_somatic")
    mine = matrix.populations["psychiatric_somatic"]
    assert len(some.rows) == mine.sum() < len(matrix.rows)
    np.testing.assert_array_equal(some.cells, matrix.cells[mine])
    np.testing.assert_array_equal(some.rows.person, matrix.rows.person[mine])
    assert some.populations["psychiatric_somatic"].all()
    assert len(some.populations["multimorbid"]) == len(some.rows)


def test_choosing_columns_leaves_the_populations(matrix):
    few = matrix.select(matrix.columns[:2])
    assert few.cells.shape == (len(matrix.rows), 2)
    assert few.populations is matrix.populations


def test_the_audit_of_leaks_reads_the_same_populations_and_refuses_others(work):
    told, _ = audit_leaks_step(work, CATALOGUE, lambda *_: None, processes=1)
    assert any(line.startswith("no leak") for line in told["results"]["lines"])
    file = next((work.features / COHORT).glob("*/bucket=000.parquet"))
    before = file.read_bytes()
    table = pq.read_table(file, partitioning=None)
    turned = table.set_column(1, "multimorbid", [[not one.as_py() for one in table["multimorbid"]]])
    pq.write_table(turned, file)
    try:
        with pytest.raises(BundleError, match="not the matrix"):
            audit_leaks_step(work, CATALOGUE, lambda *_: None, processes=1)
    finally:
        file.write_bytes(before)
