"""The rows of one population with what came of them: the table that models are trained and judged on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models import Origin, Table
from models.censoring import censoring_weights
from models.table import Bools, Floats, Labels
from pipelines.matrix import Matrix
from pipelines.steps import read_manifest
from stratify.catalogue.entries import Outcome
from stratify.features.kernel import Rows
from stratify.outcomes import DIED_FIRST, FollowUp, followed
from stratify.store.read import Store
from stratify.units import ELSEWHERE, home_of, units
from stratify.workspace import Workspace

AGE_BANDS = (18, 40, 65, 75, 85)
NOT_TOLD = "not told"
INSIDE = "psychiatric_somatic"


def table_of(store: Store, matrix: Matrix, outcomes: Mapping[str, Outcome]) -> Table:
    """Return every row of the matrix with its labels of these outcomes, and the factors of subgroups."""
    person, day = matrix.rows.person, matrix.rows.day
    table = Table(
        person.astype(np.int32),
        day.astype(np.int32),
        matrix.cells,
        matrix.columns,
        {},
        stable=stable_numbers(store)[person],
        inside=matrix.populations.get(INSIDE, np.zeros(len(person), dtype=np.bool_)),
        audit=audit_factors(store, matrix),
    )
    strata = censoring_strata(table, matrix)
    found = {key: labels_of(followed(store, outcome, matrix.rows), strata) for key, outcome in outcomes.items()}
    return replace(table, labels=found)


def of_population(table: Table, matrix: Matrix, population: str) -> Table:
    """Return the rows of a population, or all where it is the whole matrix; audit and research columns are left out."""
    inside = matrix.populations[population]
    return (table if inside.all() else table.rows(np.flatnonzero(inside))).served()


def labels_of(follow: FollowUp, strata: NDArray[np.int64]) -> Labels:
    """Return labels with censoring weights."""
    weight = censoring_weights(follow, strata)
    return Labels(follow.y, weight, np.asarray(follow.state == DIED_FIRST), follow.days)


def censoring_strata(table: Table, matrix: Matrix) -> NDArray[np.int64]:
    """Return the stratum int[n] within which who leaves is taken for no different: landmark × age band × newcomer."""
    band = np.searchsorted(AGE_BANDS, column(matrix, "person_age"), side="right")
    new = column(matrix, "person_newcomer") == 1
    return np.asarray((table.landmark.astype(np.int64) * 16 + band) * 2 + new, dtype=np.int64)


def stable_numbers(store: Store) -> NDArray[np.uint64]:
    """Return by person a number drawn from the source's id: the same in every delivery, whoever else comes or goes."""
    digests = (hashlib.blake2b(one.encode(), digest_size=8).digest() for one in store.source_ids())
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def audit_factors(store: Store, matrix: Matrix) -> dict[str, NDArray[np.str_]]:
    """Return the label of each row by factor, for subgroups alone; a factor that the source cannot tell is not there.

    Education and income are those of the year before, in three groups; a row that is not told says so.
    """
    found: dict[str, NDArray[np.str_]] = {
        "sex": np.where(column(matrix, "person_female") == 1, "female", "male"),
        "age": _bands(column(matrix, "person_age")),
        "psychiatric_somatic": _yes(matrix.populations.get(INSIDE, np.zeros(len(matrix.rows), dtype=np.bool_))),
        "newcomer": _yes(column(matrix, "person_newcomer") == 1),
    }
    if store.has("communication"):
        found["digital_exemption"] = _yes(column(matrix, "communication_no_digital_post_any_36525") == 1)
    if store.has("education"):
        levels = {name: column(matrix, f"education_{name}_any_730") == 1 for name in ("short", "medium", "long")}
        found["education"] = np.select(list(levels.values()), list(levels), NOT_TOLD)
    if store.has("income"):
        found["income"] = _thirds(column(matrix, "income_family_last"), matrix.rows)
    where = units(home_of(matrix.rows, store.residence()))
    found |= {kind: np.where(of == ELSEWHERE, NOT_TOLD, of) for kind, of in where.items() if (of != ELSEWHERE).any()}
    return found


def column(matrix: Matrix, name: str) -> Floats:
    """Return one column of the matrix."""
    return matrix.cells[:, matrix.names.index(name)]


def origin_of(work: Workspace, digest: str) -> Origin:
    """Return where the data came from, as cards and manifests tell it."""
    told = read_manifest(work.store, "land")["results"]["delivery"]
    return Origin(told["source"], told["covers_to"], told["delivered"], digest)


def _bands(age: Floats) -> NDArray[np.str_]:
    names = [f"{low}-{high - 1}" for low, high in pairwise(AGE_BANDS)] + [f"{AGE_BANDS[-1]}+"]
    return np.array(names)[np.clip(np.searchsorted(AGE_BANDS, age, side="right") - 1, 0, len(names) - 1)]


def _yes(which: Bools) -> NDArray[np.str_]:
    return np.where(which, "yes", "no")


def _thirds(value: Floats, rows: Rows) -> NDArray[np.str_]:
    """Low, middle and high third of those told on the same day."""
    found = np.full(len(value), NOT_TOLD)
    for day in np.unique(rows.day):
        on = (rows.day == day) & ~np.isnan(value)
        if on.any():
            cuts = np.quantile(value[on], [1 / 3, 2 / 3])
            names: Sequence[str] = ("low", "middle", "high")
            found[on] = np.array(names)[np.searchsorted(cuts, value[on], side="right")]
    return found
