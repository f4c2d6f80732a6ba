"""The register tables of one shard, gathered block by block and written year by year.

What a year holds is made from its scenes; the population, work, income and distances from who lives there at its end.
Rows reach a delivery some days after they happened; a table's mean delay stands in care.toml.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.synthesis import general_practice, laboratory, medicine, municipal, out_of_hours, population, social
from pipelines.synthesis.calendar import DAY, Year, day_number
from pipelines.synthesis.codes import Codes
from pipelines.synthesis.contacts import INPATIENT, contacts_of_year
from pipelines.synthesis.diagnoses import diagnoses_of
from pipelines.synthesis.dream import dream
from pipelines.synthesis.lpr import PER_YEAR, Lpr
from pipelines.synthesis.parameters import Parameters
from pipelines.synthesis.scene import Rows, Scene
from pipelines.synthesis.streams import hashed, place_in_run, unit, word
from pipelines.synthesis.write import Columns, Tables, people_column
from stratify.errors import UsageError

if TYPE_CHECKING:
    from pipelines.synthesis.shard import Life, Plan

QUIRKS = frozenset(
    ("letter_case", "overlap", "refuted", "suffix_letters", "text_values", "missing_indo", "duplicates",
     "open_contacts", "several_npu", "dead_in_snapshot", "corrections", "late_rows")
)  # fmt: skip
CORE = ("bef", "vnds", "dod", "udda", "faik", "akm", "dream", "lpr_adm", "lpr_diag", "lpr_sksopr", "t_psyk_adm",
        "t_psyk_diag", "lpr_a_kontakt", "lpr_a_diagnose", "lmdb", "sssy", "laboratorieproevesvar_", "aefv", "aehjsp",
        "ophold_plejehjem", "tvang", "tolk", "digital_post", "afstand")  # fmt: skip
OPTIONAL = ("laegevagt", "praehospital")
COPIED = frozenset(("lmdb", "sssy", "laboratorieproevesvar_", "lpr_diag", "lpr_a_diagnose"))


class YearTables:
    """A writer of one shard's register tables."""

    def __init__(self, tables: Tables, pnr: pa.Array, codes: Codes, plan: Plan, given: Parameters) -> None:
        self.tables, self.pnr, self.codes, self.plan, self.given = tables, pnr, codes, plan, given
        self.quirks = plan.quirks
        self.hospital = np.array(
            [[each.id for each in given.places.hospital].index(town.hospital) for town in given.places.municipality]
        )
        self._parts: dict[str, list[Rows]] = {}
        self._place = 0

    def eve(self, life: Life, year: Year) -> None:
        """Write who lives in the region on the last day before the first year."""
        day = year.first - 1
        found = population.bef(life.people, life.homes, life.addresses, self.pnr, day, self.given, self.quirks)
        self._put("bef", found, year.number - 1)

    def add(self, scene: Scene, life: Life) -> None:
        """Take in one block of a year; blocks come in order."""
        given, quirks = self.given, self.quirks
        household = scene.people.household
        contacts = contacts_of_year(scene, self.hospital[life.homes.town[household]], self.codes, given)
        found = diagnoses_of(contacts, scene, self.codes, given)
        died = scene.people.death[contacts["person"]] == contacts["end"] // DAY
        contacts["died"] = died & (contacts["setting"] == INPATIENT)
        contacts["key"] = self._keys(contacts["person"], life, scene.year)
        rows = {
            "contacts": contacts,
            "diagnoses": found,
            "lmdb": medicine.purchases(scene, given, quirks),
            "laboratorieproevesvar_": laboratory.tests_of_year(scene, given, quirks),
            "sssy": general_practice.services(scene, given, life.homes.practice[household]),
            "aefv": municipal.aefv(scene, given),
            "aehjsp": municipal.aehjsp(scene, given),
            "tvang": social.coercion(scene, given),
        }
        if self.plan.optional:
            rows["laegevagt"] = out_of_hours.out_of_hours(scene, given)
            rows["praehospital"] = out_of_hours.ambulances(scene, contacts, given)
        before = sum(len(part["person"]) for part in self._parts.get("contacts", []))
        for name, part in rows.items():
            moved = dict(part)
            if name == "diagnoses":
                moved["row"] = part["row"] + before
            else:
                moved["person"] = part["person"] + self._place
            if name in given.care.delay:
                moved = self._arrived(name, moved, scene, part["person"])
            self._parts.setdefault(name, []).append(moved)
        self._place += len(scene)

    def write(self, life: Life, year: Year) -> None:
        """Write the year's tables."""
        parts, number, given = self._parts, year.number, self.given
        rows = {name: _joined(some) for name, some in parts.items()}
        self._parts, self._place = {}, 0
        end_of_data, delivered = day_number(self.plan.end), day_number(self.plan.delivered)
        towns = life.homes.town[life.people.household]
        lpr = Lpr(rows.pop("contacts"), rows.pop("diagnoses"), self.pnr, towns, self.codes, given, end_of_data,
                  delivered, self.quirks)  # fmt: skip
        for name, columns in lpr.tables().items():
            self._put(name, columns, number)
        makers = {
            "lmdb": medicine.lmdb_columns,
            "laboratorieproevesvar_": laboratory.laboratory_columns,
            "sssy": general_practice.sssy_columns,
            "aehjsp": lambda found, pnr, _: municipal.aehjsp_columns(found, pnr),
            "aefv": lambda found, pnr, _: municipal.aefv_columns(found, pnr, number),
            "tvang": social.tvang_columns,
            "laegevagt": out_of_hours.laegevagt_columns,
            "praehospital": out_of_hours.praehospital_columns,
        }
        for name, found in rows.items():
            self._put(name, makers[name](found, people_column(self.pnr, found["person"]), given), number)
        people, homes, day = life.people, life.homes, year.first + year.length - 1
        self._put("vnds", population.vnds(people, self.pnr, year), number)
        self._put("dod", population.dod(people, self.pnr, year), number)
        self._put("bef", population.bef(people, homes, life.addresses, self.pnr, day, given, self.quirks), number)
        self._put("afstand", population.afstand(people, homes, self.pnr, year, given), number)
        for name, columns in social.year_end_tables(life, self.pnr, year, given).items():
            self._put(name, columns, number)

    def _keys(self, person: NDArray[np.int64], life: Life, year: Year) -> NDArray[np.int64]:
        """Return a number for each contact, its own in the whole region."""
        n = len(person)
        index = place_in_run(person)
        if n and int(index.max()) >= PER_YEAR:
            raise UsageError(
                f"the parameters give one person more than {PER_YEAR} contacts in a year; lower their rates"
            )
        address: NDArray[np.int64] = life.addresses[person + self._place]
        return (address * 128 + (year.number - 1950)) * PER_YEAR + index + 1

    def _arrived(self, name: str, rows: Rows, scene: Scene, person: NDArray[np.generic]) -> Rows:
        """Return the rows that a delivery of that day holds: a row comes some days after it happened."""
        delivered = day_number(self.plan.delivered)
        if "late_rows" not in self.quirks or delivered > scene.year.first + scene.year.length + 400:
            return rows
        draw = unit(hashed(scene.keys[person], f"delay {name}", rows["day"]))
        there = rows["day"] + -np.log1p(-draw) * self.given.care.delay[name] <= delivered
        return {column: values[there] for column, values in rows.items()}

    def _put(self, name: str, columns: Mapping[str, pa.Array], year: int | None) -> None:
        put(self.tables, name, columns, year, self.quirks, self.given)


def put(
    tables: Tables, name: str, columns: Mapping[str, pa.Array], year: int | None, quirks: frozenset[str],
    given: Parameters,
) -> None:  # fmt: skip
    """Write a table with the quirks of its file: rows delivered twice, letters of column names."""
    table = pa.table(dict(columns))
    if name in COPIED and "duplicates" in quirks and table.num_rows:
        draw = unit(
            hashed(np.full(table.num_rows, word(name), np.uint64), "twice", np.arange(table.num_rows), year or 0)
        )
        twice = np.flatnonzero(draw < given.care.quirks.duplicates)
        table = pa.concat_tables([table, table.take(pa.array(twice))]).combine_chunks()
    if "letter_case" in quirks and (word(name) + (year or 0)) % 3 == 0:
        table = table.rename_columns([column.upper() for column in table.column_names])
    tables.write_table(name, table, year)


def standing_tables(tables: Tables, pnr: pa.Array, life: Life, plan: Plan, given: Parameters) -> None:
    """Write what has no year, and a file without rows for each table the years did not reach."""
    last = day_number(plan.end)
    people, homes = life.people, life.homes
    towns = homes.town[people.household]
    stays = municipal.care_home_stays(people, life.state.care_home, towns, life.draws, last, given)
    found: dict[str, Columns] = {
        "ophold_plejehjem": municipal.ophold_plejehjem_columns(stays, people_column(pnr, stays["person"]), given),
        "tolk": social.tolk(people, life.keys, pnr, last, given),
        "digital_post": social.digital_post(people, pnr, last),
        "dream": dream(life, pnr, plan, given),
    }
    for name, columns in found.items():
        put(tables, name, columns, None, plan.quirks, given)
    if tables.part == 0:
        for name, columns in _without_rows(pnr, given).items():
            if name not in tables.rows:
                put(tables, name, columns, plan.first_year, plan.quirks, given)


def _without_rows(pnr: pa.Array, given: Parameters) -> dict[str, Columns]:
    """The tables of both generations of the patient register, without a row."""
    contacts: Rows = {name: np.zeros(0, np.int64) for name in ("person", "start", "end", "code", "key")}
    contacts |= {
        name: np.zeros(0, bool) for name in ("acute", "psychiatric", "virtual", "missed", "withdrawn", "dead", "died")
    }
    contacts |= {"setting": np.zeros(0, np.int8), "hospital": np.zeros(0, np.int8), "bits": np.zeros(0, np.uint64)}
    found: Rows = {name: np.zeros(0, np.int64) for name in ("row", "code", "kind", "corrected", "wrong")}
    found |= {"refuted": np.zeros(0, bool), "bits": np.zeros(0, np.uint64)}
    day = day_number(date(2020, 1, 1))
    lpr = Lpr(contacts, found, pnr, np.zeros(0, np.int16), Codes(given), given, day, day, frozenset())
    return lpr.both_generations()


def _joined(parts: list[Rows]) -> Rows:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
