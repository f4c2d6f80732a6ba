"""A region's registers and its truth, simulated year by year."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.synthesis.care import contacts_of_year, diagnoses
from pipelines.synthesis.lives import Hazards, Health, birth_to_entry, fall_ill, hazards, leave
from pipelines.synthesis.medicine import drugs_in_use, purchases, tests_of_year
from pipelines.synthesis.parameters import parameters as read_parameters
from pipelines.synthesis.people import NEVER, leave_home, move_house, settle
from pipelines.synthesis.registers import TABLES, Registers
from pipelines.synthesis.stays import Busy, Events, stays_of_year
from pipelines.synthesis.streams import Streams
from pipelines.synthesis.write import Tables, dates, people_column, words, write_parquet
from stratify.errors import UsageError
from stratify.files import write_json

SYSTEM = "urn:stratify:synthetic"


def synthesise(
    registers: Path,
    truth: Path,
    *,
    people: int,
    years: int = 10,
    end: date = date(2024, 12, 31),
    seed: int = 0,
    delivered: date = date(2025, 3, 1),
    progress: Callable[[float], None] | None = None,
) -> dict[str, int]:
    """Return the rows per register table, after writing them to one folder and the truth to another; both exist, empty.

    `people` live in the region at the start; births, moves and deaths follow. The extract covers `years` whole years
    up to `end`, a 31 December. The same arguments give the same bytes. UsageError says which argument is off.
    """
    _check(people=people, years=years, end=end, seed=seed, delivered=delivered)
    given, streams = read_parameters(), Streams(seed)
    start = end.year - years + 1
    last_day = _day(end)
    residents = settle(streams, given, people, _day(date(start, 1, 1)), years)
    health = birth_to_entry(residents, streams, given)
    tables = Registers(Tables(registers, TABLES), residents, given)
    tables.population(start - 1, _day(date(start - 1, 12, 31)))
    busy = Busy(np.zeros(len(residents), np.int64), np.zeros(len(residents), np.int64))
    carried: Events | None = None
    risks = []
    for done, year in enumerate(range(start, end.year + 1)):
        first = _day(date(year, 1, 1))
        window = (year, first, _day(date(year + 1, 1, 1)) - first)
        leave_home(residents, first, done)
        move_house(residents, streams.at("moves", year), given)
        health.drugs = drugs_in_use(residents, health, first, streams, given)
        hazard = hazards(residents, health, first, given)
        risks.append((year, hazard))
        leave(residents, hazard, window, streams, given)
        fall_ill(residents, health, window, streams, given)
        kinds, *taken = stays_of_year(residents, hazard, busy, window, streams, given)
        contacts, carried = contacts_of_year(
            residents, health, kinds, (taken[0], taken[1]), window, last_day, carried, streams, given
        )
        found = diagnoses(contacts, health, year, streams, given)
        tables.contacts(year, contacts, found, streams.at("delivery", year).random(len(contacts["person"])))
        tables.drugs(year, purchases(residents, health, window, last_day, streams, given))
        tables.laboratory(year, tests_of_year(residents, health, window, last_day, streams, given))
        tables.moves_and_deaths(year, first, first + window[2] - 1)
        tables.population(year, first + window[2] - 1)
        health.stays = np.bincount(kinds["acute"]["person"], minlength=len(residents)).astype(np.int32)
        health.psychiatric_stays = np.bincount(kinds["psychiatric"]["person"], minlength=len(residents)).astype(
            np.int32
        )
        if progress:
            progress((done + 1) / years)
    tables.complete(start)
    _write_truth(truth, health, risks, tables.pnr, given.conditions)
    write_json(
        registers / "delivery.json",
        {
            "source": "synthetic",
            "system": SYSTEM,
            "covers_from": date(start, 1, 1).isoformat(),
            "covers_to": end.isoformat(),
            "delivered": delivered.isoformat(),
        },
    )
    return tables.tables.rows


def _check(*, people: int, years: int, end: date, seed: int, delivered: date) -> None:
    problems = []
    if people < 1:
        problems.append(f"people: at least 1 is required, got {people}")
    if not 1 <= years <= 60:
        problems.append(f"years: 1 to 60 are required, got {years}")
    if (end.month, end.day) != (12, 31):
        problems.append(f"end: a 31 December is required, got {end.isoformat()}")
    if not 0 <= seed < 2**63:
        problems.append(f"seed: 0 or more is required, below 2**63, got {seed}")
    if delivered <= end:
        problems.append(f"delivered: a day after {end.isoformat()} is required, got {delivered.isoformat()}")
    if problems:
        raise UsageError("A region cannot be simulated from these arguments.", problems)


def _day(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def _write_truth(
    folder: Path,
    health: Health,
    risks: list[tuple[int, Hazards]],
    pnr: pa.Array,
    conditions: tuple[str, ...],
) -> None:
    """Write the true risks of each year (`truth_risk`) and the true onsets (`truth_state`)."""
    parts = [(year, np.flatnonzero(hazard.at_risk), hazard) for year, hazard in risks]
    person = np.concatenate([who for _, who, _ in parts])
    year = np.concatenate([np.full(len(who), year, np.int16) for year, who, _ in parts])

    def column(values: list[NDArray[np.float64]]) -> pa.Array:
        return pa.array(np.concatenate(values)[order], pa.float64())

    order = np.lexsort((year, person))
    table = {
        "pnr": people_column(pnr, person[order]),
        "year": pa.array(year[order], pa.int16()),
        "acute_admission": column([hazard.admission_risk()[who] for _, who, hazard in parts]),
        "acute_somatic_admission": column([hazard.somatic_risk()[who] for _, who, hazard in parts]),
        "death": column([hazard.death_risk()[who] for _, who, hazard in parts]),
    }
    write_parquet(folder / "truth_risk.parquet", pa.table(table))
    person, condition = np.nonzero(health.onset < NEVER)
    table = {
        "pnr": people_column(pnr, person),
        "condition": words(condition, conditions),
        "onset": dates(health.onset[person, condition]),
    }
    write_parquet(folder / "truth_state.parquet", pa.table(table))
