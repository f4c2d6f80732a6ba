"""The region as the measures see it: views of its registers, a few tables made of them and its truth, and its years."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from pipelines.synthesis.views import attach_registers
from stratify.catalogue import Catalogue
from stratify.catalogue import load as load_catalogue
from stratify.codes import starts_with_any, to_who
from stratify.errors import DataError

HERE = Path(__file__).parent
NEEDED = (
    *("bef", "dod", "udda", "lmdb", "lpr_adm", "lpr_diag", "t_psyk_adm", "t_psyk_diag"),
    *("lpr_a_kontakt", "lpr_a_diagnose"),
)
NO_MIND = "('dementia', 'distress')"  # psychiatric entries that make nobody one of both
PARTS_OF = {"anxiety": "mood_anxiety"}  # a part the simulator has and the catalogue has no entry of its own for
MACROS = """
CREATE OR REPLACE TEMP MACRO who(code) AS
    CASE WHEN regexp_matches(code, '^D[A-Z][0-9][0-9]') THEN substr(code, 2) ELSE code END;
CREATE OR REPLACE TEMP MACRO in_psychiatry(specialty) AS coalesce(lower(specialty) LIKE '%psykiatri%', false);
"""


def attach(con: duckdb.DuckDBPyConnection, registers: Path) -> None:
    """Make a view of each register table, with its column names in lower case.

    DataError (exit 11) names the tables that the measures read and that are not there.
    """
    lacking = [table for table in NEEDED if not any((registers / table).glob("*.parquet"))]
    if lacking:
        raise DataError(f"{registers}: these register tables are required, not there: {', '.join(lacking)}")
    attach_registers(con, registers)


@dataclass(frozen=True)
class Region:
    """A connection with the tables of `prepare`, and the first and last whole year there is a truth of."""

    con: duckdb.DuckDBPyConnection
    first: int
    last: int

    def years(self, first: int, last: int | None = None) -> tuple[int, int]:
        """Return the span of years, moved to the nearest that the extract has and cut to its length.

        >>> Region(None, 2015, 2024).years(2018), Region(None, 2020, 2024).years(2018, 2019)
        ((2018, 2018), (2020, 2021))
        """
        last = first if last is None else last
        length = min(last - first, self.last - self.first)
        first = min(max(first, self.first), self.last - length)
        return first, first + length

    def latest(self, n: int = 1) -> tuple[int, int]:
        """Return the span of the latest n years, or of all there are."""
        return self.years(self.last - n + 1, self.last)

    def span(self, given: dict[str, int]) -> tuple[int, int]:
        """Return the span that a target names: its `year`, `year` to `to`, the latest `years`, or the latest one."""
        if "year" in given:
            return self.years(given["year"], given.get("to"))
        return self.latest(given.get("years", 1))

    def people(self, year: int) -> str:
        """Return SQL of everyone resident on 1 January: pnr, part, woman, age, and the conditions recognised by then.

        `n` entries of the list of 39, `physical` and `mental` ones of them; `both_kinds`: a physical one with a mental
        one that is neither dementia nor distress.
        """
        return (
            "SELECT p.pnr, p.part, p.woman, p.age, coalesce(s.n, 0) AS n, coalesce(s.mental, 0) AS mental, "
            "coalesce(s.n - s.mental, 0) AS physical, coalesce(s.n > s.mental AND s.mind > 0, false) AS both_kinds "
            "FROM person_years AS p "
            "LEFT JOIN (SELECT pnr, count(*) AS n, count(*) FILTER (psychiatric) AS mental, "
            f"count(*) FILTER (psychiatric AND entry NOT IN {NO_MIND}) AS mind FROM states "
            f"WHERE recognised <= DATE '{year}-01-01' GROUP BY pnr) AS s USING (pnr) WHERE p.year = {year}"
        )


def prepare(con: duckdb.DuckDBPyConnection, catalogue: Catalogue | None = None) -> Region:
    """Return the region, after making the tables its measures draw on: persons, their years, states, stays, diagnoses.

    The connection has views named as the register tables and the truth's. DataError where the truth is of no year, or
    of a condition the catalogue does not know.
    """
    catalogue = catalogue or load_catalogue()
    con.execute(MACROS)
    _table(con, "entries", _entries(con, catalogue), ["condition", "entry", "system", "psychiatric"])
    _table(con, "coded", _coded(con, catalogue), ["code", "system"])
    for name in ("people", "stays", "diagnoses"):
        con.execute((HERE / f"{name}.sql").read_text(encoding="utf-8"))
    first, last = con.execute("SELECT min(year), max(year) FROM truth_year").fetchone() or (None, None)
    if first is None or last is None:
        raise DataError("truth_year: at least one year of one person is required, got none")
    return Region(con, first, last)


def day(year: int, month: int = 1, of_month: int = 1) -> str:
    """Return a date as SQL."""
    return f"DATE '{date(year, month, of_month).isoformat()}'"


def aged(given: dict[str, int], column: str = "age") -> str:
    """Return the SQL condition on age of a target: from, to (inclusive), or both, or none."""
    limits = (("age_from", ">="), ("age_to", "<="))
    return " AND ".join([f"{column} {sign} {given[key]}" for key, sign in limits if key in given] or ["true"])


def _entries(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> list[tuple[str, str, str, bool]]:
    """Which entry of the 39 each condition of the truth belongs to; unknown ones are refused."""
    found = [name for (name,) in con.execute("SELECT DISTINCT condition FROM truth_state ORDER BY 1").fetchall()]
    rows, unknown = [], []
    for name in found:
        own = catalogue.conditions.get(name)
        key = PARTS_OF.get(name, (own.part_of or name) if own else name)
        if key not in catalogue.conditions:
            unknown.append(name)
            continue
        entry = catalogue.conditions[key]
        rows.append((name, entry.id, entry.system, entry.domain == "psychiatric"))
    if unknown:
        raise DataError(f"truth_state: each condition must be one of the catalogue's, got {', '.join(unknown)}")
    return rows


def _coded(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> list[tuple[str, str]]:
    """Which systems each code found belongs to, as written in the registers."""
    codes = con.execute(
        "SELECT DISTINCT c_diag FROM lpr_diag UNION SELECT DISTINCT c_diag FROM t_psyk_diag "
        "UNION SELECT DISTINCT diag_kode FROM lpr_a_diagnose ORDER BY 1"
    ).fetchall()
    rules = [(c.icd10, c.icd10_except, c.system) for c in catalogue.conditions.values()]
    return sorted(
        {
            (code, system)
            for (code,) in codes
            if code
            for prefixes, unless, system in rules
            if starts_with_any(to_who(code), prefixes, unless)
        }
    )


def _table(con: duckdb.DuckDBPyConnection, name: str, rows: Sequence[tuple[object, ...]], columns: list[str]) -> None:
    kinds = ["BOOLEAN" if column == "psychiatric" else "VARCHAR" for column in columns]
    declared = ", ".join(f"{column} {kind}" for column, kind in zip(columns, kinds, strict=True))
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({declared})")
    if rows:
        con.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})", rows)
