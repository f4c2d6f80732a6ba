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
from models.spec import Population
from models.table import Bools, Floats, Ints, Labels
from pipelines.matrix import IndexMatrix, Matrix
from pipelines.steps import read_manifest
from stratify.catalogue.entries import Outcome
from stratify.features.kernel import Ints as Ints64
from stratify.features.kernel import Rows
from stratify.indexed import INDEX as INDEX_FACT
from stratify.outcomes import DIED_FIRST, FollowUp, followed
from stratify.store.read import Store
from stratify.units import ELSEWHERE, home_of, units
from stratify.workspace import Workspace

AGE_BANDS = (18, 40, 65, 75, 85)
ORIGINS = ("danish", "immigrant", "descendant")
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
    strata = censoring_strata(table.landmark, matrix)
    found = {key: labels_of(store, outcome, matrix.rows, strata) for key, outcome in outcomes.items()}
    return replace(table, labels=found)


def table_of_events(store: Store, found: IndexMatrix, population: Population, outcomes: Mapping[str, Outcome]) -> Table:
    """Return every index event with its labels, the facts of the event among its columns; split by calendar years."""
    rows, facts = found.events.rows, found.events.facts
    own = [one.as_column() for one in population.index]
    values = [np.asarray(facts[str(one["id"]).removeprefix(INDEX_FACT)], dtype=np.float64) for one in own]
    everybody = np.ones(len(rows), dtype=np.bool_)
    matrix = Matrix(rows, found.cells, found.columns, {INSIDE: np.zeros_like(everybody)})
    years = rows.day.astype("datetime64[D]").astype("datetime64[Y]").astype("datetime64[D]").astype(np.int32)
    table = Table(
        rows.person.astype(np.int32),
        rows.day.astype(np.int32),
        np.column_stack([found.cells, *values]),
        [*found.columns, *own],
        {},
        stable=stable_numbers(store)[rows.person],
        period=years,
        audit=audit_factors(store, matrix),
    )
    strata = censoring_strata(years, matrix)
    minute = found.events.minute
    labels = {key: labels_of(store, one, rows, strata, minute) for key, one in outcomes.items()}
    return replace(table, labels=labels)


def of_population(table: Table, matrix: Matrix, population: str, learns_from: Sequence[str] = ()) -> Table:
    """Return the rows of a population, and those lent by the populations that it learns from."""
    own = matrix.populations[population]
    lent = np.logical_or.reduce([matrix.populations[other] for other in learns_from], axis=0, initial=False) & ~own
    rows = own | lent
    some = table if rows.all() else table.rows(np.flatnonzero(rows))
    return replace(some, lent=lent[rows]) if lent.any() else some


def labels_of(
    store: Store, outcome: Outcome, rows: Rows, strata: NDArray[np.int64], minute: Ints64 | None = None
) -> Labels:
    """Return one outcome's labels of rows with censoring weights; where any diagnosis counts, without injuries too."""
    told = weighed(followed(store, outcome, rows, minute), strata)
    if outcome.event != "stay" or outcome.icd10 or outcome.injuries != "count":
        return told
    bare = followed(store, outcome.model_copy(update={"injuries": "leave_out"}), rows, minute)
    return replace(told, without_injuries=bare.y)


def weighed(follow: FollowUp, strata: NDArray[np.int64]) -> Labels:
    """Return labels with censoring weights within strata."""
    died = np.asarray(follow.state == DIED_FIRST)
    return Labels(follow.y, censoring_weights(follow, strata), died, follow.days)


def censoring_strata(period: Ints, matrix: Matrix) -> NDArray[np.int64]:
    """Return int[n], strata within which who leaves is taken for no different: landmark or year × age × newcomer."""
    band = np.searchsorted(AGE_BANDS, column(matrix, "person_age"), side="right")
    new = column(matrix, "person_newcomer") == 1
    return np.asarray((period.astype(np.int64) * 16 + band) * 2 + new, dtype=np.int64)


def stable_numbers(store: Store) -> NDArray[np.uint64]:
    """Return by person a number drawn from the source's id: the same in every delivery, whoever else comes or goes."""
    digests = (hashlib.blake2b(one.encode(), digest_size=8).digest() for one in store.source_ids())
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def audit_factors(store: Store, matrix: Matrix) -> dict[str, NDArray[np.str_]]:
    """Return the label of each row by factor, for subgroups alone; a factor that the source cannot tell is not there.

    Education and income are those of the year before, in three groups; origin is as last told before the landmark; a
    row that is not told says so. None of them is a predictor: they are there to see whether a model serves all alike.
    """
    found: dict[str, NDArray[np.str_]] = {
        "sex": np.where(column(matrix, "person_female") == 1, "female", "male"),
        "age": bands(column(matrix, "person_age")),
        "psychiatric_somatic": _yes(matrix.populations.get(INSIDE, np.zeros(len(matrix.rows), dtype=np.bool_))),
        "newcomer": _yes(column(matrix, "person_newcomer") == 1),
    }
    if store.has("communication"):
        found["digital_exemption"] = _yes(column(matrix, "communication_no_digital_post_any_36525") == 1)
    if store.has("origin"):
        found["origin"] = _newest({name: column(matrix, f"origin_{name}_days_since") for name in ORIGINS})
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


def bands(age: Floats) -> NDArray[np.str_]:
    """Return the label of each age's band."""
    names = [f"{low}-{high - 1}" for low, high in pairwise(AGE_BANDS)] + [f"{AGE_BANDS[-1]}+"]
    return np.array(names)[np.clip(np.searchsorted(AGE_BANDS, age, side="right") - 1, 0, len(names) - 1)]


def _yes(which: Bools) -> NDArray[np.str_]:
    return np.where(which, "yes", "no")


def _newest(since: Mapping[str, Floats]) -> NDArray[np.str_]:
    """The name that was told the fewest days ago, of days since each was told, NaN for never; of two, the first."""
    days = np.column_stack([np.where(np.isnan(one), np.inf, one) for one in since.values()])
    nearest = np.array(list(since))[days.argmin(axis=1)]
    return np.where(np.isinf(days.min(axis=1)), NOT_TOLD, nearest)


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
