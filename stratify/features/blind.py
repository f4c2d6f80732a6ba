"""A store as it could not have been known on a day: what was not known yet is gone, or is something else.

The rule is that of the two clocks: a row counts on day t when it happened before t and was known before t. Every other
row is taken away (`removed`), or comes on other days, with other codes and values, and with made-up rows beside it
(`moved`), none of which happened and was known before t. A fact known later than its row (the end of a stay, a
refutation) is blanked or changed in place. A bucket's files are written anew, sorted as the store sorts them, so that
whatever reads a store reads this one.

Who lives here on the day itself is asked of the day itself: a death or a departure on t is left as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb

from stratify.registers.read import quoted
from stratify.store.layout import DOMAINS, PARQUET, bucket_file
from stratify.store.read import Store

How = Literal["removed", "moved"]
PEOPLE = "people"  # persons and residence, beside the domains
MANIFEST = "manifest.json"
# what a row tells of its end, known with the end; a contact's end has no `known` of its own
ENDS: dict[str, tuple[str, ...]] = {
    "stay": ("end_min", "end_day", "end_known", "hours", "unit_last", "first_code"),
    "municipal": ("end_day", "end_known"),
    "contact": ("end_min", "end_day"),
}
_LUCK = "(file_row_number * 48271 + {salt}) % 1009"  # 0 to 1008, the same each time
_MADE_UP_OF = 3  # of every so many rows known by then, one comes again as a row that was not


@dataclass(frozen=True)
class Blindfold:
    """What is taken from a store: all that was not known before day `t`, removed or moved."""

    store: Store
    t: int
    how: How

    def write_people(self, out: Path, *, as_they_are: bool = False) -> Store:
        """Write persons and residence into an empty folder, with the manifest; return the store that begins there."""
        out.mkdir(parents=True)
        (out / MANIFEST).symlink_to((self.store.root / MANIFEST).absolute())
        for name, select in (("persons", self._persons()), ("residence", self._residence())):
            file = f"{name}.parquet"
            if as_they_are:
                (out / file).symlink_to((self.store.root / file).absolute())
            else:
                _copy(select, out / file)
        return Store(out)

    def write_bucket(self, out: Path, bucket: int, only: Sequence[str] | None = None) -> None:
        """Write a bucket of every domain, changed; where `only` names domains, the others as they are."""
        for domain in stored(self.store):
            path, source = out / bucket_file(domain, bucket), self.store.root / bucket_file(domain, bucket)
            path.parent.mkdir(exist_ok=True)
            path.unlink(missing_ok=True)
            if only is not None and domain not in only:
                path.symlink_to(source.absolute())
                continue
            rows = self._removed(domain, bucket) if self.how == "removed" else self._moved(domain, bucket)
            _copy(f"SELECT * FROM {rows} ORDER BY {', '.join(['person', *DOMAINS[domain]])}", path)

    def touched(self, domain: str, bucket: int) -> tuple[int, int]:
        """Return how many rows of a domain were not known before `t`, and how many more had a part that was not."""
        parts = [self._end_is_late(domain)] if domain in ENDS else []
        parts += [f"coalesce(until >= {self.t}, false)"] if "until" in DOMAINS[domain] else []
        parts += ["refuted"] if self._refutes(domain) else []
        later = " OR ".join(f"({part})" for part in parts) or "false"
        row = duckdb.execute(
            f"SELECT count(*) FILTER ({self._late}), count(*) FILTER (NOT {self._late} AND ({later})) "
            f"FROM {self.store.events(domain, bucket)}"
        ).fetchone()
        return (int(row[0]), int(row[1])) if row else (0, 0)

    def _persons(self) -> str:
        """All people, the dead after `t` alive or dead on another day after it, some living ones dead then."""
        other = f"CASE WHEN person % 2 = 0 THEN {self.t} + 1 + person * 7 % 900 END" if self.how == "moved" else "NULL"
        return (
            f"SELECT * REPLACE (CAST(CASE WHEN death <= {self.t} THEN death ELSE {other} END AS INTEGER) AS death) "
            f"FROM {self._file('persons')} ORDER BY person"
        )

    def _residence(self) -> str:
        """All stretches; those that begin after `t` gone or another, those that end after it end otherwise."""
        t, moved = self.t, self.how == "moved"
        other = f"CASE WHEN person % 3 > 0 THEN {t} + 1 + person * 11 % 400 END" if moved else "NULL"
        lived = (
            f'SELECT * REPLACE (CAST(CASE WHEN "end" <= {t} THEN "end" ELSE {other} END AS INTEGER) AS "end") '
            f"FROM {self._file('residence')} WHERE start <= {t}"
        )
        if moved:  # who had left is back the day after
            lived += (
                f' UNION ALL SELECT * REPLACE (CAST({t} + 1 AS INTEGER) AS start, CAST(NULL AS INTEGER) AS "end") '
                f'FROM {self._file("residence")} WHERE start <= {t} AND "end" <= {t}'
            )
        return f'SELECT * FROM ({lived}) ORDER BY person, start, "end", municipality'

    def _file(self, name: str) -> str:
        return f"read_parquet({quoted(self.store.root / f'{name}.parquet')})"

    @property
    def _late(self) -> str:
        return f"coalesce(day >= {self.t} OR known >= {self.t}, false)"

    def _end_is_late(self, domain: str) -> str:
        """Whether a row has an end that was not known yet; where nobody says when, it is known as it happens."""
        known = f" OR end_known >= {self.t}" if "end_known" in ENDS[domain] else ""
        return f"coalesce(end_day >= {self.t}{known}, false)"

    def _refutes(self, domain: str) -> bool:
        return "refuted" in DOMAINS[domain] and self.store.day("delivered") >= self.t

    def _removed(self, domain: str, bucket: int) -> str:
        blank = {}
        for name in ENDS.get(domain, ()):
            blank[name] = f"CASE WHEN NOT {self._end_is_late(domain)} THEN {name} END"
        if "until" in DOMAINS[domain]:
            blank["until"] = f"CASE WHEN until < {self.t} THEN until END"
        if self._refutes(domain):
            blank["refuted"] = "refuted AND false"
        return f"(SELECT {_listed(domain, blank)} FROM {self.store.events(domain, bucket)} WHERE NOT {self._late})"

    def _moved(self, domain: str, bucket: int) -> str:
        """The rows known by then with their later facts changed, the others moved, and made-up ones known too late."""
        t, salt = self.t, self.t % 997
        texts = ", ".join(
            f"coalesce(lead({name}, 11) OVER (ORDER BY file_row_number), {name}) AS other_{name}"
            for name, kind in DOMAINS[domain].items()
            if kind == "VARCHAR"
        )
        source = self.store.events(domain, bucket)
        drawn = f"(SELECT *, {_LUCK.format(salt=salt)} AS luck{', ' + texts if texts else ''} FROM {source}) AS drawn"
        other = self._later_facts(domain, always=True)
        for name, kind in DOMAINS[domain].items():
            if name in ("day", "known") or name in other:
                continue
            other[name] = {
                "VARCHAR": f"other_{name}",
                "BOOLEAN": f"NOT {name}",
                "DOUBLE": f"coalesce({name}, 1) * 3 + luck",
            }.get(kind, f"{name} + 1440 * luck")
        # happened long before and known from the day on; or known the day before and yet to happen
        ahead = "luck % 4 = 0"
        other["day"] = f"CASE WHEN {ahead} THEN {t} + luck // 4 % 60 ELSE {t} - 1 - luck % 700 END"
        other["known"] = f"CASE WHEN {ahead} THEN {t} - 1 - luck % 20 ELSE {t} + luck // 4 % 200 END"
        return (
            f"(SELECT {_listed(domain, self._later_facts(domain))} FROM {drawn} WHERE NOT {self._late} "
            f"UNION ALL SELECT {_listed(domain, other)} FROM {drawn} WHERE {self._late} OR luck % {_MADE_UP_OF} = 0)"
        )

    def _later_facts(self, domain: str, *, always: bool = False) -> dict[str, str]:
        """The columns that tell of an end or a refutation not known yet (or `always`): something else, known later."""
        t, facts = self.t, {}
        if domain in ENDS:
            values = {
                "end_min": f"1440 * ({t} + luck)",
                "end_day": f"greatest(day, {t} - 1 - luck % 30)" if "end_known" in ENDS[domain] else f"{t} + luck % 90",
                "end_known": f"{t} + luck % 200",
                "hours": "24.0 * luck",
                "unit_last": "other_unit_last",
                "first_code": "other_first_code",
            }
            late = "true" if always else f"(end_day IS NULL OR {self._end_is_late(domain)})"  # an open one ends too
            facts = {name: f"CASE WHEN {late} THEN {values[name]} ELSE {name} END" for name in ENDS[domain]}
        if "until" in DOMAINS[domain]:
            facts["until"] = f"CASE WHEN until < {t} THEN until ELSE {t} + luck % 900 END"
        if self._refutes(domain):
            facts["refuted"] = "NOT coalesce(refuted, false)"
        return facts


def stored(store: Store) -> list[str]:
    """Return the domains that have files in a store."""
    return [domain for domain in DOMAINS if (store.root / bucket_file(domain, 0)).exists()]


def _listed(domain: str, changed: dict[str, str]) -> str:
    """A domain's columns, some of them something else, each of the type it has in the store."""
    columns = {"person": "INTEGER", **DOMAINS[domain]}
    return ", ".join(f"CAST({changed.get(name, name)} AS {kind}) AS {name}" for name, kind in columns.items())


def _copy(select: str, path: Path) -> None:
    duckdb.execute(f"COPY ({select}) TO {quoted(path)} ({PARQUET})")
