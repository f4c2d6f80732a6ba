"""The scored population again, with what is known of each person: what planning and audits of offers start from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from models import ensure_signing_keys, load_champion
from models.people import Scorer, facts_of
from pipelines.labelled import audit_factors
from pipelines.matrix import Matrix, read_matrix
from pipelines.steps import read_manifest
from stratify.care.people import Floats, People
from stratify.catalogue import Catalogue
from stratify.errors import DataError
from stratify.registers.clock import day_number, day_of, read_date
from stratify.store.read import Store
from stratify.workspace import Workspace


@dataclass(frozen=True)
class Scored:
    """Everybody at the latest landmark: person numbers, facts, and the groups that plans and audits tell apart.

    groups: each row's label by factor (sex, age, municipality, hospital, education, income …), for aggregates alone.
    """

    landmark: int
    numbers: NDArray[np.int64]
    people: People
    groups: dict[str, NDArray[np.str_]]


def scored_people(work: Workspace, catalogue: Catalogue) -> Scored:
    """Return the scored population as `stratify score` left it. DataError where its files are not of one landmark."""
    told = read_manifest(work.features, "build")["results"]["score_landmark"]
    path = work.scores / f"{told}.parquet"
    if not path.exists():
        raise DataError(f"{path}: not there yet; run `stratify score` first")
    landmark = day_number(read_date(told, "score_landmark"))
    matrix, scores = read_matrix(work.features, [landmark]), pq.read_table(path)
    if not np.array_equal(scores["person"].to_numpy(), matrix.rows.person):
        raise DataError("the scores are of another matrix than is here now; run `stratify score` again")
    risks = {
        name.removeprefix("risk_"): scores[name].to_numpy().astype(np.float64)
        for name in scores.column_names
        if name.startswith("risk_")
    }
    return known_of(work, catalogue, matrix, landmark, risks)


def people_on(work: Workspace, catalogue: Catalogue, landmark: int) -> Scored:
    """Return the population of an earlier landmark, with the risks the served models give it."""
    matrix = read_matrix(work.features, [landmark])
    _, public = ensure_signing_keys(work.keys)
    bundle = load_champion(work.bundles, public)
    shown = Scorer(bundle, catalogue).shown(matrix.select(bundle.content.columns).cells, matrix.populations)
    return known_of(work, catalogue, matrix, landmark, {key: one.risk for key, one in shown.items()})


def known_of(
    work: Workspace, catalogue: Catalogue, matrix: Matrix, landmark: int, risks: Mapping[str, Floats]
) -> Scored:
    """Return the people of the matrix' rows of one landmark with these risks, and their groups."""
    store = Store(work.store)
    people = facts_of(store, catalogue, landmark, matrix.rows.person, matrix.cells, matrix.names, risks)
    return Scored(landmark, matrix.rows.person.astype(np.int64), people, audit_factors(store, matrix))


def on(scored: Scored) -> str:
    """Return the day the scores are of, as it is written."""
    return day_of(scored.landmark).isoformat()
