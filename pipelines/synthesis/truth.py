"""The truth of a simulated region, apart from its registers: the one module that writes it, and the one that opens it.

Only `synthesise`, `whatif` and `evaluate --against-truth` use it; whatever builds, trains or serves runs the same where
the folder cannot be read. Tables (one file per shard, those by year one per year as well): `truth_risk`, `truth_year`,
`truth_state`, `truth_person`, `truth_family`; and `effects.json`, what each offer truly does to whom.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.synthesis.calendar import NEVER, Year, day_number
from pipelines.synthesis.happenings import ACSC, PSYCH
from pipelines.synthesis.parameters import Parameters
from pipelines.synthesis.risk import OUTCOMES
from pipelines.synthesis.scene import Scene
from pipelines.synthesis.streams import Floats
from pipelines.synthesis.write import Tables, dates, digits, people_column, words
from stratify.errors import DataError
from stratify.registers.read import quoted

if TYPE_CHECKING:
    import duckdb

    from pipelines.synthesis.shard import Life, Plan

TABLES = ("truth_risk", "truth_year", "truth_state", "truth_person", "truth_family")
MARKING = ("schizophrenia", "bipolar", "substance", "alcohol")  # of a parent: mark the family, never the child
CHILD_UNTIL = 18


class TruthWriter:
    """A writer of one shard's truth."""

    def __init__(self, tables: Tables, pnr: pa.Array, given: Parameters) -> None:
        self.tables, self.pnr, self.given = tables, pnr, given
        self._parts: list[tuple[NDArray[np.bool_], dict[str, Floats], dict[str, NDArray[np.bool_]]]] = []

    def add(self, scene: Scene, risks: dict[str, Floats], at_risk: NDArray[np.bool_]) -> None:
        """Take in one block of a year; blocks come in order."""
        self._parts.append((at_risk, risks, realised(scene)))

    def write_year(self, year: Year, life: Life) -> None:
        """Write the true risks of the year and what came of them, for all who lived here on 1 January; and families."""
        at_risk = np.concatenate([part[0] for part in self._parts])
        who = np.flatnonzero(at_risk)
        base = {"pnr": people_column(self.pnr, who), "year": pa.array(np.full(len(who), year.number, np.int16))}
        risks = {name: np.concatenate([part[1][name] for part in self._parts])[who] for name in OUTCOMES}
        came = {name: np.concatenate([part[2][name] for part in self._parts])[who] for name in OUTCOMES}
        columns = base | {name: pa.array(values.astype(np.float32)) for name, values in risks.items()}
        self.tables.write("truth_risk", columns, year.number)
        stayed = ~life.moving[who]  # planned: dying first changes nothing
        columns = (
            base | {name: pa.array(values) for name, values in came.items()} | {"at_risk_whole_year": pa.array(stayed)}
        )
        self.tables.write("truth_year", columns, year.number)
        self._families(year, life)
        self._parts = []

    def write_standing(self, life: Life, plan: Plan) -> None:
        """Write who has what since when, and what is unseen about each person who lived here within the years."""
        people, state = life.people, life.state
        lived = people.entry <= np.int32(_last_day(plan))
        person, condition = np.nonzero((state.onset < NEVER) & lived[:, None])
        known = state.recognised[person, condition]
        until = np.minimum(np.minimum(people.death, people.emigration - 1), _last_day(plan))
        known = np.where(known <= until[person], known, NEVER)  # a day that never came
        columns = {
            "pnr": people_column(self.pnr, person),
            "condition": words(condition, self.given.names),
            "onset": dates(state.onset[person, condition]),
            "recognised": dates(known, known == NEVER),
        }
        self.tables.write("truth_state", columns)
        who = np.flatnonzero(lived)
        death = people.death[who]
        columns = {
            "pnr": people_column(self.pnr, who),
            "frailty": pa.array(people.frailty[who]),
            "mind": pa.array(people.mind[who]),
            "resources": pa.array(people.resources[who]),
            "few_resources": pa.array(people.few()[who]),
            "entry": dates(people.entry[who]),
            "death": dates(death, death == NEVER),
        }
        self.tables.write("truth_person", columns)

    def _families(self, year: Year, life: Life) -> None:
        """A family with children is marked where a parent in it has severe mental illness or uses substances."""
        people, state = life.people, life.state
        day = year.first + year.length - 1
        here = people.resident(day)
        household = people.household
        child = here & (day - people.birth < CHILD_UNTIL * 365.25)
        ill = here & ~child & (state.onset[:, [self.given.index(name) for name in MARKING]] <= day).any(axis=1)
        children = np.bincount(household[child], minlength=len(household))
        marked = np.bincount(household[ill], minlength=len(household)) > 0
        families = np.flatnonzero(children)
        columns = {
            "familie_id": family_ids(life.addresses[families]),
            "year": pa.array(np.full(len(families), year.number, np.int16)),
            "kom": words(life.homes.town[families], [town.code for town in self.given.places.municipality]),
            "children": pa.array(children[families].astype(np.int16)),
            "marked": pa.array(marked[families]),
        }
        self.tables.write("truth_family", columns, year.number)


def family_ids(addresses: NDArray[np.int64]) -> pa.Array:
    """Return the `familie_id` of households by the address of the person they are numbered by."""
    return digits(addresses * 7_368_787 % 10**14 + 17, 14)


def realised(scene: Scene) -> dict[str, NDArray[np.bool_]]:
    """Return who truly had each outcome in the year."""
    stays, n = scene.stays, len(scene)
    psychiatric, acsc = stays["kind"] == PSYCH, stays["kind"] == ACSC

    def any_of(rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = np.bincount(stays["person"][rows], minlength=n) > 0
        return found

    died = (scene.people.death >= scene.year.first) & (scene.people.death < scene.year.first + scene.year.length)
    return {
        "acute_admission": any_of(np.ones(len(psychiatric), bool)),
        "acute_somatic_admission": any_of(~psychiatric),
        "psychiatric_admission": any_of(psychiatric),
        "acsc_admission": any_of(acsc),
        "death": died,
    }


def attach(con: duckdb.DuckDBPyConnection, truth: Path) -> None:
    """Make a view of each truth table in a DuckDB connection; DataError where there is no truth."""
    for name in TABLES:
        if not any((truth / name).glob("*.parquet")):
            raise DataError(f"{truth}: no {name} here; only `stratify synthesise` writes the truth of a region")
        con.execute(f"CREATE OR REPLACE VIEW {name} AS FROM read_parquet({quoted(truth / name / '*.parquet')})")


def _last_day(plan: Plan) -> int:
    return day_number(plan.end)
