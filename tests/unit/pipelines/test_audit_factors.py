"""Labels of subgroups: origin as last told before the landmark, or said not to be told; never a column of a model."""

import numpy as np
import pytest

from models.table import Labels, Table, column_ids
from pipelines.labelled import NOT_TOLD, audit_factors
from pipelines.matrix import Matrix
from stratify.catalogue import load
from stratify.features.columns import columns
from stratify.features.kernel import Rows

COLUMNS = [one.as_dict() for one in columns(load())]
NAMES = column_ids(COLUMNS)
DAY = 20_089  # 1 January 2025
NEVER = np.nan
SINCE = {  # days since danish, immigrant and descendant were told
    (9000, NEVER, NEVER): "danish",
    (NEVER, 400, NEVER): "immigrant",
    (NEVER, NEVER, 1): "descendant",
    (9000, 92, NEVER): "immigrant",
    (92, 9000, NEVER): "danish",
    (9000, 400, 92): "descendant",
    (NEVER, NEVER, NEVER): NOT_TOLD,
}


@pytest.fixture
def matrix():
    cells = np.zeros((len(SINCE), len(NAMES)))
    cells[:, NAMES.index("person_age")] = 70
    for j, name in enumerate(("danish", "immigrant", "descendant")):
        cells[:, NAMES.index(f"origin_{name}_days_since")] = [since[j] for since in SINCE]
    rows = Rows(np.arange(len(SINCE)), np.full(len(SINCE), DAY))
    return Matrix(rows, cells, COLUMNS, {})


@pytest.fixture
def factors(write_store, matrix):
    """Return the factors of a source with these domains."""
    return lambda *domains: audit_factors(write_store({name: [] for name in domains}), matrix)


def test_the_origin_told_last_holds(factors):
    assert factors("origin")["origin"].tolist() == list(SINCE.values())


def test_a_source_that_tells_no_origin_has_no_such_factor(factors):
    assert "origin" not in factors("household")
    assert "sex" in factors("household")


def test_no_model_reads_an_origin_neither_a_served_one_nor_one_for_study(matrix, factors):
    person = matrix.rows.person.astype(np.int32)
    table = Table(
        person, matrix.rows.day.astype(np.int32), matrix.cells, COLUMNS, {"any": Labels.of(np.zeros(len(person)))},
        audit=factors("origin"),
    )  # fmt: skip
    for research in (False, True):
        read = table.served(research=research)
        assert not [name for name in column_ids(read.columns) if name.startswith("origin_")]
        assert {name for name in read.beside if name.startswith("origin_")} == {
            f"origin_{name}_days_since" for name in ("danish", "immigrant", "descendant")
        }
        assert read.audit["origin"].tolist() == list(SINCE.values())
