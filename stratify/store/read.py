"""Reading slices of the store into arrays, in the order the store keeps them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from stratify.errors import DataError
from stratify.registers.clock import day_number, read_date
from stratify.registers.read import quoted
from stratify.store.layout import bucket_file, buckets
from stratify.store.records import Columns
from stratify.store.slices import Slice

UNBORN = 84_005  # 31 December 2199: the last day there can be


@dataclass(frozen=True)
class Store:
    """A store on disk; arrays come back with NULL as NaN (numbers), None (texts) or -1 (days, see `read`)."""

    root: Path
    _held: dict[str, tuple[int, Slice]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """What landing wrote down."""
        path = self.root / "manifest.json"
        if not path.exists():
            raise DataError(f"{self.root}: no store here; run `stratify land` first")
        manifest: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return manifest

    @property
    def people(self) -> int:
        """How many people landed."""
        return int(self.manifest["results"]["people"])

    @property
    def buckets(self) -> int:
        """Into how many buckets they are spread."""
        return buckets(self.people)

    @property
    def measurable(self) -> Mapping[str, Any]:
        """What this source can tell."""
        found: Mapping[str, Any] = self.manifest["results"]["measurable"]
        return found

    def day(self, name: str) -> int:
        """Return `covers_to` or `delivered` as a day number."""
        return day_number(read_date(self.manifest["results"]["delivery"][name], name))

    def has(self, domain: str) -> bool:
        """Whether the source had this domain at all."""
        return domain in self.measurable["domains"]

    def persons(self, bucket: int | None = None) -> Columns:
        """Return people by number: person, sex, birth, death (NaN while alive).

        A number that is nobody's (see `layout.BUCKET_OF`) stands there unborn, of no sex and resident nowhere, so that
        what is asked of a person stands at their number. Of one bucket alone, only those who are somebody.
        """
        found = self._query(
            f"SELECT person, sex, birth, death FROM {self.file('persons.parquet')} {self._in(bucket)} ORDER BY person",
            ("death",),
        )
        numbers = found["person"]
        if bucket is not None or not len(numbers) or numbers[-1] + 1 == len(numbers):
            return found
        every = np.arange(numbers[-1] + 1, dtype=numbers.dtype)
        blank: dict[str, Any] = {"person": every, "sex": 0, "birth": UNBORN, "death": np.nan}
        answer: Columns = {}
        for name, values in found.items():
            answer[name] = np.full(len(every), blank[name], dtype=values.dtype)
            answer[name][numbers] = values
        return answer

    def source_ids(self) -> list[str]:
        """Return the source's own ids by person number, "" where it is nobody's. For pseudonyms only."""
        rows = duckdb.execute(
            f"SELECT person, source_id FROM {self.file('persons.parquet')} ORDER BY person"
        ).fetchall()
        answer = [""] * (rows[-1][0] + 1 if rows else 0)
        for person, source_id in rows:
            answer[person] = source_id
        return answer

    def source_ids_of(self, bucket: int) -> dict[int, str]:
        """Return the source's own ids of a bucket's people, by number. For draws that must not depend on numbers."""
        rows = duckdb.execute(
            f"SELECT person, source_id FROM {self.file('persons.parquet')} WHERE person % {self.buckets} = {bucket}"
        ).fetchall()
        return dict(rows)

    def residence(self, bucket: int | None = None) -> Columns:
        """Return stretches of residence: person, start, end (NaN while resident), municipality.

        Of everybody, or of one bucket.
        """
        if bucket is None:
            sql = f'SELECT person, start, "end", municipality FROM {self.file("residence.parquet")} ORDER BY ALL'
            return self._query(sql, ("end",))
        told = (self.root / "residence.parquet").stat()
        every, places, begins = _residence(self, (told.st_ino, told.st_mtime_ns, told.st_size))
        mine = slice(begins[bucket], begins[bucket + 1])
        return {**{name: values[mine] for name, values in every.items()}, "municipality": places[every["place"][mine]]}

    def read(self, domain: str, columns: Sequence[str], *, bucket: int | None = None, where: str = "true") -> Columns:
        """Return columns of a domain, of one bucket or of all, ordered by person, day and the store's tie-break."""
        numbers = tuple(
            c for c in columns if c in ("end_day", "end_known", "end_min", "until", "hours", "value", "ddd")
        )
        selected = ", ".join(columns)
        order = "" if bucket is not None else " ORDER BY person, day, file_row_number"  # a bucket's file lies in order
        return self._query(f"SELECT {selected} FROM {self.events(domain, bucket)} WHERE {where}{order}", numbers)

    def slice(self, domain: str, bucket: int) -> Slice:
        """Return a domain's rows of a bucket; the last bucket asked for is kept, so that columns are read once."""
        from stratify.store.files import FileSlice  # pyarrow, which one person's records are read without

        held = self._held.get(domain)
        if held is None or held[0] != bucket:
            held = self._held[domain] = bucket, FileSlice(self.root / bucket_file(domain, bucket), domain)
        return held[1]

    def events(self, domain: str, bucket: int | None) -> str:
        """Return the SQL that reads a domain's rows with their place in the file."""
        which = range(self.buckets) if bucket is None else [bucket]
        return self._files([bucket_file(domain, number) for number in which], ", file_row_number = true")

    def _in(self, bucket: int | None) -> str:
        return "" if bucket is None else f"WHERE person % {self.buckets} = {bucket}"

    def file(self, name: str) -> str:
        """Return the SQL that reads a file of the store."""
        return self._files([name])

    def _files(self, names: Sequence[str], options: str = "") -> str:
        """The SQL that reads files by their names, none of them taken as a pattern."""
        return f"read_parquet([{', '.join(quoted(self.root / name) for name in names)}]{options})"

    def _query(self, sql: str, numbers: Sequence[str]) -> Columns:
        found = duckdb.execute(sql).fetchnumpy()
        return {name: plain(values, name in numbers) for name, values in found.items()}


@lru_cache(maxsize=1)
def _residence(store: Store, _: tuple[int, ...]) -> tuple[Columns, npt.NDArray[Any], npt.NDArray[np.int64]]:
    """Return everybody's stretches bucket by bucket, the municipalities' names, and where each bucket begins.

    Read once in a process, since looking for the rows of one bucket is reading all.
    """
    file, many = store.file("residence.parquet"), store.buckets
    names = f"SELECT municipality, row_number() OVER (ORDER BY municipality) - 1 AS place FROM {file} GROUP BY 1"
    rows_of = (
        f'WITH named AS ({names}) SELECT person, start, "end", CAST(place AS SMALLINT) AS place FROM {file} AS r '
        "JOIN named AS n ON r.municipality IS NOT DISTINCT FROM n.municipality "
        f'ORDER BY person % {many}, person, start, "end", place'
    )
    with duckdb.connect() as con:
        con.execute("SET enable_progress_bar = false")  # whoever asks tells how far it is
        told = con.execute(f"SELECT municipality FROM ({names}) ORDER BY place").fetchnumpy()["municipality"]
        found = con.execute(rows_of).fetchnumpy()
    rows = {name: plain(values, name == "end") for name, values in found.items()}
    return rows, plain(told, False), np.searchsorted(rows["person"] % many, np.arange(many + 1))


def plain(values: npt.NDArray[Any], as_number: bool) -> npt.NDArray[Any]:
    """Return an ordinary array: NULL becomes NaN in numbers and None elsewhere."""
    if as_number:
        floats: npt.NDArray[np.float64] = np.ma.filled(np.ma.asarray(values).astype(np.float64), np.nan)
        return floats
    if isinstance(values, np.ma.MaskedArray):
        if not values.mask.any():
            return np.asarray(values.data)
        objects = values.data.astype(object)
        objects[values.mask] = None
        return np.asarray(objects)
    return np.asarray(values)
