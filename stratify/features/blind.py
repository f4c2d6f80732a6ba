"""A store as it could not have been known on a day: what was not known yet is gone, or is something else.

The rule is that of the two clocks: a row counts on day t when it happened before t and was known before t. Every other
row is taken away (`removed`), or comes on other days, with other codes and values, and with made-up rows beside it
(`moved`), none of which happened and was known before t. A fact known later than its row (the end of a stay, a
refutation) is blanked or changed in place. Files are not written: the SQL that reads a domain is wrapped.

Who lives here on the day itself is asked of the day itself: a death or a departure on t is left as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import duckdb
import numpy as np

from stratify.store.layout import DOMAINS, bucket_file
from stratify.store.read import Columns, Store

How = Literal["removed", "moved"]
PEOPLE = "people"  # persons and residence, beside the domains
# what a row tells of its end, known with the end; a contact's end has no `known` of its own
ENDS: dict[str, tuple[str, ...]] = {
    "stay": ("end_min", "end_day", "end_known", "hours", "unit_last", "first_code"),
    "municipal": ("end_day", "end_known"),
    "contact": ("end_min", "end_day"),
}
_LUCK = "(file_row_number * 48271 + {salt}) % 1009"  # 0 to 1008, the same each time
_MADE_UP_OF = 3  # of every so many rows known by then, one comes again as a row that was not


@dataclass(frozen=True)
class BlindStore(Store):
    """The store at `root` without what was known on or after day `t`, in these domains, or in all."""

    t: int = 0
    how: How = "removed"
    only: str | None = None
    read_domains: set[str] = field(default_factory=set, compare=False)  # what has been read so far

    def changes(self, domain: str) -> bool:
        """Whether this view changes a domain, or `people`."""
        return self.only in (None, domain)

    def events(self, domain: str, bucket: int | None) -> str:
        """Return the SQL that reads a domain's rows, each with its place in the file, as changed."""
        self.read_domains.add(domain)
        source = super().events(domain, bucket)
        if not self.changes(domain):
            return source
        return self._removed(domain, source) if self.how == "removed" else self._moved(domain, source)

    def persons(self) -> Columns:
        """Return all people, the dead after `t` alive or dead on another day after it, some living ones dead then."""
        self.read_domains.add(PEOPLE)
        people = super().persons()
        if not self.changes(PEOPLE):
            return people
        later = ~(people["death"] <= self.t)  # also who is alive
        other = np.full(len(later), np.nan)
        if self.how == "moved":
            other = np.where(people["person"] % 2 == 0, self.t + 1 + people["person"] * 7 % 900, np.nan)
        return people | {"death": np.where(later, other, people["death"])}

    def residence(self) -> Columns:
        """Return all stretches; those that begin after `t` gone or another, those that end after it end otherwise."""
        found = super().residence()
        if not self.changes(PEOPLE):
            return found
        kept = found["start"] <= self.t
        lived = {name: values[kept] for name, values in found.items()}
        later = ~(lived["end"] <= self.t)
        if self.how == "removed":
            return lived | {"end": np.where(later, np.nan, lived["end"])}
        ends = np.where(lived["person"] % 3 == 0, np.nan, self.t + 1 + lived["person"] * 11 % 400)
        lived["end"] = np.where(later, ends, lived["end"])
        again = {name: values[~later] for name, values in lived.items()}  # who had left is back the day after
        again["start"] = np.full(len(again["start"]), self.t + 1, dtype=lived["start"].dtype)
        again["end"] = np.full(len(again["end"]), np.nan)
        both = {name: np.concatenate([lived[name], again[name]]) for name in lived}
        order = np.lexsort((both["end"], both["start"], both["person"]))
        return {name: values[order] for name, values in both.items()}

    def touched(self, domain: str) -> tuple[int, int]:
        """Return how many rows of a domain were not known before `t`, and how many more had a part that was not."""
        parts = [self._end_is_late(domain)] if domain in ENDS else []
        parts += [f"coalesce(until >= {self.t}, false)"] if "until" in DOMAINS[domain] else []
        parts += ["refuted"] if self._refutes(domain) else []
        later = " OR ".join(f"({part})" for part in parts) or "false"
        row = duckdb.execute(
            f"SELECT count(*) FILTER ({self._late}), count(*) FILTER (NOT {self._late} AND ({later})) "
            f"FROM {super().events(domain, None)}"
        ).fetchone()
        return (int(row[0]), int(row[1])) if row else (0, 0)

    def stored(self) -> list[str]:
        """Return the domains that have files here."""
        return [domain for domain in DOMAINS if (self.root / bucket_file(domain, 0)).exists()]

    @property
    def _late(self) -> str:
        return f"coalesce(day >= {self.t} OR known >= {self.t}, false)"

    def _end_is_late(self, domain: str) -> str:
        """Whether a row has an end that was not known yet; where nobody says when, it is known as it happens."""
        known = f" OR end_known >= {self.t}" if "end_known" in ENDS[domain] else ""
        return f"coalesce(end_day >= {self.t}{known}, false)"

    def _refutes(self, domain: str) -> bool:
        return "refuted" in DOMAINS[domain] and self.day("delivered") >= self.t

    def _removed(self, domain: str, source: str) -> str:
        blank = {}
        for name in ENDS.get(domain, ()):
            blank[name] = f"CASE WHEN NOT {self._end_is_late(domain)} THEN {name} END"
        if "until" in DOMAINS[domain]:
            blank["until"] = f"CASE WHEN until < {self.t} THEN until END"
        if self._refutes(domain):
            blank["refuted"] = "refuted AND false"
        return f"(SELECT {_listed(domain, blank)} FROM {source} WHERE NOT {self._late})"

    def _moved(self, domain: str, source: str) -> str:
        """The rows known by then with their later facts changed, the others moved, and made-up ones known too late."""
        t, salt = self.t, self.t % 997
        texts = ", ".join(
            f"coalesce(lead({name}, 11) OVER (ORDER BY file_row_number), {name}) AS other_{name}"
            for name, kind in DOMAINS[domain].items()
            if kind == "VARCHAR"
        )
        drawn = f"(SELECT *, {_LUCK.format(salt=salt)} AS luck{', ' + texts if texts else ''} FROM {source}) AS drawn"
        before = self._later_facts(domain)
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
        place = {"file_row_number": "-1 - file_row_number"}
        return (
            f"(SELECT {_listed(domain, before)} FROM {drawn} WHERE NOT {self._late} "
            f"UNION ALL SELECT {_listed(domain, other)} FROM {drawn} WHERE {self._late} "
            f"UNION ALL SELECT {_listed(domain, other, place)} FROM {drawn} "
            f"WHERE NOT {self._late} AND luck % {_MADE_UP_OF} = 0)"
        )

    def _later_facts(self, domain: str, *, always: bool = False) -> dict[str, str]:
        """The columns that tell of an end, or a refutation, not known yet (or `always`): something else, known later."""
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


def _listed(domain: str, changed: dict[str, str], place: dict[str, str] | None = None) -> str:
    """A domain's columns, some of them something else, each of the type it has in the store."""
    columns = {"person": "INTEGER", **DOMAINS[domain], "file_row_number": "BIGINT"}
    changed = changed | (place or {})
    return ", ".join(f"CAST({changed.get(name, name)} AS {kind}) AS {name}" for name, kind in columns.items())
