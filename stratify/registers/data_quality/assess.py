"""What the checks of a source find in an extract, counted before anything lands: one engine for all of them.

The tables are opened and their rows read as landing does. A check sees all rows of a table but its header and those
that another table holds too or that are about somebody else: what landing would refuse is what is looked for here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import duckdb

from stratify.disclosure import shown, words
from stratify.registers.check import HEADER, check_rows
from stratify.registers.data_quality.declare import LAST_DAY, Check, Threshold, checks, fill
from stratify.registers.declare import Table
from stratify.registers.delivery import read_delivery, today
from stratify.registers.read import Raw, open_extract, quoted
from stratify.registers.whole import is_empty

FOLDERS = {"synthetic": "danish", "danish": "danish", "omop": "omop"}  # of a source, where its declarations stand
MOST_NAMED = 5
Verdict = Literal["ok", "warn", "fail", "not applicable"]


@dataclass(frozen=True)
class Finding:
    """What a check found in a table. `lacking` says what was not delivered, where the check does not apply."""

    check: Check
    table: str
    verdict: Verdict
    checked: int = 0
    failing: int = 0
    people: int | None = None
    named: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()

    @property
    def share(self) -> float | None:
        """The share of failing rows; None where there is none, or where it would give away a count of 1 to 4."""
        return None if not self.checked or self._hidden else self.failing / self.checked

    @property
    def failing_words(self) -> str:
        """How many fail, in words that may be shown."""
        if self.check.unit != "row":
            return str(self.failing)  # months and codes are not people
        told = words(self.failing, self.checked)
        return "hidden" if self._hidden and told.isdecimal() else told

    @property
    def checked_words(self) -> str:
        """How many were checked, in words that may be shown."""
        return str(self.checked) if self.check.unit != "row" else words(self.checked)

    @property
    def people_words(self) -> str:
        """How many people they belong to, in words that may be shown."""
        return "-" if self.people is None else words(self.people)

    @property
    def _hidden(self) -> bool:
        return self.check.unit == "row" and None in (shown(self.failing, self.checked), shown(self.people or 0))

    def as_dict(self) -> dict[str, object]:
        """Return the finding for a report; a count that may not be shown is null."""
        told: dict[str, object] = {"check": self.check.id, "table": self.table, "category": self.check.category}
        told |= {"verdict": self.verdict, "unit": self.check.unit, "name": self.check.name.model_dump()}
        if self.verdict == "not applicable":
            return told | {"lacking": list(self.lacking)}
        told |= {"checked": self.checked if self.check.unit != "row" else shown(self.checked)}
        told |= {"failing": None if self._hidden else self.failing, "share": self.share}
        told |= {"people": None if self.people is None else shown(self.people), "named": list(self.named)}
        return told | {"advice": self.check.advice.model_dump()}


def assess(
    source: str,
    data: Path,
    scratch: Path,
    own: Mapping[str, Threshold],
    memory_limit: str,
    progress: Callable[[str], None],
) -> list[Finding]:
    """Return the finding of every check on every table it is declared for; `own` thresholds replace the declared.

    `scratch` is a folder for what does not fit in memory. Raises DataError where `data` is no extract.
    """
    folder = FOLDERS[source]
    declared = checks(folder)
    all_tables = declared.tables(folder)
    spill = scratch / "spill"
    with duckdb.connect(":memory:") as con:
        con.execute(f"SET memory_limit = {quoted(memory_limit)}")
        con.execute(f"SET temp_directory = {quoted(spill)}")
        progress("reading tables")
        only = {name: [c.name for c in table.column] for name, table in all_tables.items() if not table.carried}
        raws = open_extract(con, data, all_tables, spill, only).tables
        delivery, _ = read_delivery(source, data)
        last_day = delivery.delivered if delivery else today()
        for table in all_tables.values():
            _read(con, table, raws.get(table.name), last_day)
        for name, sql in declared.view.items():
            con.execute(f"CREATE TABLE {name} AS {sql}")
        found = []
        for check in declared.check:
            progress(f"checking {check.id}")
            found += [_find(con, check, on, raws, last_day, own) for on in declared.on[check.on]]
    return found


def _read(con: duckdb.DuckDBPyConnection, table: Table, raw: Raw | None, last_day: date) -> None:
    """Make the view a check sees of a table."""
    check_rows(con, table, raw, last_day)
    elsewhere = [HEADER, *(rule.reason for rule in table.superseded), *(rule.reason for rule in table.excluded)]
    reasons = ", ".join(quoted(reason) for reason in elsewhere)
    con.execute(
        f"CREATE TEMP VIEW {table.name} AS SELECT * FROM checked_{table.name} "
        f"WHERE reason IS NULL OR reason NOT IN ({reasons})"
    )


def _find(
    con: duckdb.DuckDBPyConnection,
    check: Check,
    on: Mapping[str, str],
    raws: Mapping[str, Raw],
    last_day: date,
    own: Mapping[str, Threshold],
) -> Finding:
    filled = {**on, LAST_DAY: f"DATE '{last_day}'"}
    needs = [fill(need, filled) for need in check.needs]
    where = on.get("label", needs[0].split(".")[0])
    if lacking := _lacking(needs, raws):
        return Finding(check, where, "not applicable", lacking=lacking)
    rows, among, fails = (fill(text, filled) for text in (check.rows, check.among, check.fails))
    people = f"count(DISTINCT {fill(check.people, filled)}) FILTER ({fails})" if check.people else "NULL"
    checked, failing, who = con.execute(
        f"SELECT count(*), count(*) FILTER ({fails}), {people} FROM {rows} WHERE {among}"
    ).fetchone() or (0, 0, None)
    if not checked:
        return Finding(check, where, "not applicable", lacking=(f"nothing to check in {where}",))
    named: tuple[str, ...] = ()
    if check.named and failing:
        names = f"SELECT DISTINCT CAST({check.named} AS VARCHAR) FROM {rows} WHERE ({among}) AND ({fails})"
        named = tuple(name for (name,) in con.execute(f"{names} ORDER BY 1 LIMIT {MOST_NAMED}").fetchall())
    verdict = _verdict(failing / checked, own.get(check.id, check))
    return Finding(check, where, verdict, checked, failing, who, named)


def _lacking(needs: list[str], raws: Mapping[str, Raw]) -> tuple[str, ...]:
    """What a check needs and the extract does not have, empty where it has all."""
    lacking = []
    for need in needs:
        table, column = need.split(".")
        if table not in raws:
            lacking.append(f"{table} not delivered")
        elif is_empty(raws[table]):
            lacking.append(f"{table} empty")
        elif column not in raws[table].columns:
            lacking.append(f"{need} not delivered")
    return tuple(dict.fromkeys(lacking))


def _verdict(share: float, threshold: Threshold) -> Verdict:
    if threshold.fail is not None and share > threshold.fail:
        return "fail"
    return "warn" if share > threshold.warn else "ok"
