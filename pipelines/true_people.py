"""What is true of a simulated region's people, for audits alone: their conditions, known or not, and resources."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

from pipelines.scored import Scored
from pipelines.synthesis.truth import attach
from stratify.care.fill import of_conditions
from stratify.care.people import NO, YES, Flags, Floats, People
from stratify.catalogue import Catalogue
from stratify.registers.clock import day_of
from stratify.store.read import Store
from stratify.workspace import Workspace

FEWEST = 0.2  # the lowest fifth of true resources


def true_people(work: Workspace, scored: Scored, catalogue: Catalogue) -> People:
    """Return the people with their true conditions in place of the known ones."""
    day = day_of(scored.landmark)
    has = {key: np.full(len(scored.numbers), NO) for key in catalogue.conditions}
    with duckdb.connect() as con:
        attach(con, work.truth)
        con.register("asked", pa.table(_asked(work, scored)))
        rows = con.execute(
            "SELECT place, condition FROM asked JOIN truth_state USING (pnr) WHERE onset < ?", [day]
        ).fetchall()
    for place, condition in rows:
        if condition in has:
            has[condition][place] = YES
    told = of_conditions(has, catalogue, list(catalogue.conditions))
    return scored.people.with_facts(told.columns, told.sets)


def fewest(work: Workspace, scored: Scored) -> Flags:
    """Return the people in the lowest fifth of true resources."""
    with duckdb.connect() as con:
        attach(con, work.truth)
        con.register("asked", pa.table(_asked(work, scored)))
        told: Floats = con.execute(
            "SELECT resources FROM asked JOIN truth_person USING (pnr) ORDER BY place"
        ).fetchnumpy()["resources"]
    return np.asarray(told <= np.quantile(told, FEWEST))


def few_resources(work: Workspace, scored: Scored) -> Flags:
    """Return the people who truly have few resources, as the simulator draws the line."""
    with duckdb.connect() as con:
        attach(con, work.truth)
        con.register("asked", pa.table(_asked(work, scored)))
        told = con.execute("SELECT few_resources FROM asked JOIN truth_person USING (pnr) ORDER BY place").fetchnumpy()
    return np.asarray(told["few_resources"], bool)


def _asked(work: Workspace, scored: Scored) -> dict[str, object]:
    names = Store(work.store).source_ids()
    return {"pnr": [names[number] for number in scored.numbers], "place": np.arange(len(scored.numbers))}
