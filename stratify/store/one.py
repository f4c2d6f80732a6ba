"""Reading one person's records out of a store that lies on the disk, by several threads at once.

One query reads all of a person's files: DuckDB takes the row groups in which their rows lie, since files are sorted by
person. Who somebody is, is asked of an index made when the store is opened: a hash of each source id and the person's
number, 12 bytes a person. Measured with 1.3 million people: half a second to make and 0.4 ms to ask, where a query of
the file takes 50 ms.

A store may be replaced at any moment (its folder is renamed): what was read counts only if `unmoved` says so after it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt

from stratify.registers.read import quoted
from stratify.store.layout import DOMAINS, bucket_file
from stratify.store.read import Store, plain
from stratify.store.records import Columns, OnePerson

Stamp = tuple[int, ...] | None
MEMORY_LIMIT = "256MB"
MOST_CACHED = 16  # buckets of which what lies where is kept in mind, 3 MiB each: it spares a third of a reading
UNASKED = ("start_min", "end_min", "unit", "unit_first", "unit_last", "language")  # by no feature and no fact
NUMBERS = ("INTEGER", "BIGINT", "DOUBLE")
PERSONS = {"source_id": "VARCHAR", "sex": "TINYINT", "birth": "DAY", "death": "INTEGER"}
RESIDENCE = {"start": "DAY", "end": "INTEGER", "municipality": "VARCHAR"}


@dataclass(frozen=True)
class StoreReader:
    """An opened store; people may be asked for by several threads."""

    store: Store
    stamp: Stamp
    _con: duckdb.DuckDBPyConnection = field(repr=False)
    _hashes: npt.NDArray[np.uint64] = field(repr=False)
    _numbers: npt.NDArray[np.int32] = field(repr=False)

    @property
    def unmoved(self) -> bool:
        """Whether the store on the disk is still the one that was opened."""
        return stamp_of(self.store.root) == self.stamp

    def find(self, source_id: str, domains: Collection[str] | None = None) -> OnePerson | None:
        """Return the records of a person by their source's own id; None for somebody who is not in this store."""
        with self._con.cursor() as con:
            (hashed,) = con.execute("SELECT hash(?)", [source_id]).fetchone() or (0,)
        first, past = (int(np.searchsorted(self._hashes, np.uint64(hashed), side)) for side in ("left", "right"))
        for number in self._numbers[first:past].tolist():  # two ids may have one hash
            one = self.of(number, domains)
            if one.people["source_id"].tolist() == [source_id]:
                return one
        return None

    def of(self, number: int, domains: Collection[str] | None = None) -> OnePerson:
        """Return the records of the person of this number, of these domains or of all."""
        store, bucket = self.store, number % self.store.buckets
        wanted = [name for name in DOMAINS if (domains is None or name in domains) and _there(store, name)]
        files = {"persons": PERSONS, "residence": RESIDENCE} | {name: DOMAINS[name] for name in wanted}
        paths = {
            name: store.root / (bucket_file(name, bucket) if name in DOMAINS else f"{name}.parquet") for name in files
        }
        found = self._read(number, {str(paths[name]): kinds for name, kinds in files.items()})
        columns = {name: found[str(paths[name])] for name in files}
        return OnePerson(
            measurable=store.measurable,
            days={name: store.day(name) for name in ("covers_to", "delivered")},
            people=columns["persons"],
            lived=columns["residence"],
            events={name: columns[name] for name in wanted},
        )

    def _read(self, number: int, files: dict[str, dict[str, str]]) -> dict[str, Columns]:
        """Return a person's rows of each file, in its order."""
        columns = dict.fromkeys(name for kinds in files.values() for name in kinds if name not in UNASKED)
        sql = (
            f"SELECT filename, {', '.join(quoted_name(name) for name in columns)} FROM read_parquet("
            f"[{', '.join(map(quoted, files))}], union_by_name = true, filename = true) WHERE person = {number}"
        )
        with self._con.cursor() as con:
            rows = con.execute(sql).fetchnumpy()
        of, answer = rows["filename"], {}
        for file, kinds in files.items():
            mine = of == file
            answer[file] = {"person": np.zeros(int(mine.sum()), dtype=np.int32)} | {
                name: plain(rows[name][mine], kind in NUMBERS and name not in ("day", "known"))
                for name, kind in kinds.items()
                if name in columns
            }
        return answer


def open_reader(root: Path) -> StoreReader:
    """Return a store opened for reading single people. Raises DataError where there is none."""
    stamp, store = stamp_of(root), Store(root)
    _ = store.measurable  # the manifest is read now, of the store that the stamp is of
    con = duckdb.connect(":memory:", config={"threads": 1, "memory_limit": MEMORY_LIMIT})
    con.execute(
        "SET GLOBAL preserve_insertion_order = true"
    )  # rows come as they lie: sorted, and to sort them again costs
    con.execute(
        "SET GLOBAL enable_external_file_cache = false"
    )  # the system keeps what was read, once for all processes
    con.execute(f"SET GLOBAL parquet_metadata_cache = {str(store.buckets <= MOST_CACHED).lower()}")
    people = f"read_parquet({quoted(root / 'persons.parquet')})"
    found = con.execute(f"SELECT hash(source_id) AS hash, person FROM {people} ORDER BY hash").fetchnumpy()
    return StoreReader(store, stamp, con, np.asarray(found["hash"]), np.asarray(found["person"]))


def stamp_of(root: Path) -> Stamp:
    """Return what changes when a store is replaced; None where there is none."""
    try:
        folder, manifest = root.stat(), (root / "manifest.json").stat()
    except OSError:
        return None
    return folder.st_dev, folder.st_ino, manifest.st_ino, manifest.st_mtime_ns, manifest.st_size


def quoted_name(name: str) -> str:
    """Return a column's name as SQL has it: `end` is a word of its own there."""
    return f'"{name}"'


def _there(store: Store, domain: str) -> bool:
    return store.has(domain) or domain == "condition"  # which is asked without a question whether it is there
