"""Into how many buckets people are spread decides their numbers, and nothing that is found out about them."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.build_step import build_step
from pipelines.data_steps import land_step
from pipelines.matrix import read_matrix
from stratify.catalogue import load
from stratify.outcomes import followed
from stratify.store import layout
from stratify.store.read import Store
from stratify.workspace import Workspace


@pytest.fixture(scope="module")
def registers(tmp_path_factory, stratify) -> Path:
    work = tmp_path_factory.mktemp("buckets")
    stratify("synthesise", "--people", 400, "--years", 7, "--seed", 5, "--work", work)
    return work / "registers"


def found(work: Workspace, registers: Path, per_bucket: int, monkeypatch) -> dict[tuple[str, int], list[float]]:
    """Return the cells and labels of the matrix by source id and day."""
    catalogue = load(None)
    monkeypatch.setattr(layout, "PEOPLE_PER_BUCKET", per_bucket)
    land_step(work, catalogue, source="synthetic", data=registers, progress=lambda what: None)
    build_step(work, catalogue, lambda what, share: None, processes=1)
    store, matrix = Store(work.store), read_matrix(work.features)
    names = store.source_ids()
    numbers = {name: number for number, name in enumerate(names) if name}
    assert len(numbers) == store.people
    assert {number % store.buckets for number in numbers.values()} == set(range(store.buckets))
    told = [followed(store, one, matrix.rows).y for one in catalogue.outcomes_at("landmark").values()]
    cells = np.column_stack([matrix.cells, *told])
    return {
        (names[person], day): row.tolist()
        for person, day, row in zip(matrix.rows.person.tolist(), matrix.rows.day.tolist(), cells, strict=True)
    }


@pytest.mark.slow
def test_one_bucket_and_seven_tell_the_same_of_everybody(tmp_path, registers, monkeypatch):
    one = found(Workspace(tmp_path / "one"), registers, 100_000, monkeypatch)
    seven = found(Workspace(tmp_path / "seven"), registers, 70, monkeypatch)
    assert len(one) > 100
    assert one.keys() == seven.keys()
    assert np.array_equal([one[key] for key in one], [seven[key] for key in one], equal_nan=True)
