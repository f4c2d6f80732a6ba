"""Landing on Spark: what the landing SQL makes is made there, and each bucket is sorted and written by Spark's workers.

The driver reads and checks the tables, numbers people and maps codes with DuckDB, which spills to disk. What the SQL
reads is handed to Spark as Parquet, once, when a query first names it. Each worker writes its buckets through DuckDB,
by the same statements as on one machine, so the files are the same to the byte. The store must lie where every worker
sees it under the same path.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from stratify.errors import DataError
from stratify.registers.read import quoted
from stratify.spark.sql import tables_of, to_spark
from stratify.store.content import Content, digests, writer
from stratify.store.layout import DOMAINS, bucket_file, buckets
from stratify.store.write import order, typed, write_bucket

FOUND = "bucket int, digest string, writer string"
EMPTY = "0:0"
WORKER_MEMORY = "2GB"  # of a worker's DuckDB; beyond it spills


class SparkEngine:
    """Runs landing SQL on a Spark session. `scratch` is a folder that driver and workers see, of one landing."""

    def __init__(self, spark: Any) -> None:
        self._spark = spark
        self._there: set[tuple[Path, str]] = set()

    def result(self, con: duckdb.DuckDBPyConnection, name: str, sql: str, scratch: Path) -> str:
        """Return the SQL that reads, in DuckDB, what a query gives on Spark; later queries know it by its name."""
        folder = scratch.resolve() / "made" / name
        self._query(con, sql, scratch).write.parquet(folder.as_uri())
        self._spark.read.parquet(folder.as_uri()).createOrReplaceTempView(name)
        self._there.add((scratch, name))
        return f"SELECT * FROM read_parquet({quoted(folder / '*.parquet')})"

    def write_domain(
        self,
        con: duckdb.DuckDBPyConnection,
        domain: str,
        sql: str,
        people: int,
        out: Path,
        content: Content,
        scratch: Path,
    ) -> int:
        """Write a domain's events, one sorted file per bucket; return how many there are. See `store.write`."""
        count = buckets(people)
        (out / domain).mkdir(parents=True)
        self._query(con, sql, scratch).createOrReplaceTempView("events_here")
        self._share(con, "persons", scratch)
        columns = ", ".join(f"e.`{name}`" for name in DOMAINS[domain])
        rows = self._spark.sql(
            f"SELECT p.person, {columns} FROM events_here AS e JOIN persons AS p ON e.source_id = p.source_id"
        )
        parted = rows.repartition(count, rows["person"] % count)
        told = parted.mapInArrow(_writer(domain, count, str(out.resolve())), FOUND).collect()
        if {row["writer"] for row in told} - {writer()}:
            raise DataError("a Spark worker has another version of DuckDB or of this program: install the same there")
        found = {row["bucket"]: row["digest"] for row in told}
        for bucket in range(count):
            path, new = out / bucket_file(domain, bucket), _new(out, domain, bucket)
            if bucket not in found:
                _write_empty(domain, bucket, count, new)
            elif not new.exists():
                raise DataError(f"{out}: a Spark worker wrote elsewhere; --work needs a folder that every worker sees")
            if content.taken(domain, bucket, found.get(bucket, EMPTY), out):
                new.unlink()
            else:
                new.rename(path)
        return sum(int(digest.split(":")[0]) for digest in found.values())

    def _query(self, con: duckdb.DuckDBPyConnection, sql: str, scratch: Path) -> Any:
        for name in sorted(tables_of(sql)):
            self._share(con, name, scratch)
        return self._spark.sql(to_spark(sql))

    def _share(self, con: duckdb.DuckDBPyConnection, name: str, scratch: Path) -> None:
        """Hand a table or view of DuckDB to Spark, once."""
        if (scratch, name) in self._there:
            return
        folder = scratch.resolve() / "shared"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{name}.parquet"
        con.execute(f'COPY (SELECT * FROM "{name}") TO {quoted(path)} (FORMAT parquet, COMPRESSION zstd)')
        self._spark.read.parquet(path.as_uri()).createOrReplaceTempView(name)
        self._there.add((scratch, name))


def _writer(domain: str, count: int, out: str) -> Any:
    def write(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return _write(batches, domain, count, Path(out))

    return write


def _write(batches: Iterable[pa.RecordBatch], domain: str, count: int, out: Path) -> Iterator[pa.RecordBatch]:
    """Write the buckets that one partition holds, and tell the digest of each one's rows."""
    arriving = iter(batches)
    first = next(arriving, None)
    if first is None:
        return
    os.umask(0o077)

    def all_batches() -> Iterator[pa.RecordBatch]:
        yield first
        yield from arriving

    with tempfile.TemporaryDirectory() as spill, duckdb.connect() as con:
        con.execute(f"SET memory_limit = '{WORKER_MEMORY}'")
        con.execute(f"SET temp_directory = {quoted(spill)}")
        con.register("arrived", pa.RecordBatchReader.from_batches(first.schema, all_batches()))
        con.execute(f"CREATE TEMP TABLE landing AS {_landing(domain, 'arrived')}")
        con.unregister("arrived")
        for bucket, digest in enumerate(digests(con, order(domain), count)):
            if digest != EMPTY:
                write_bucket(con, domain, bucket, count, _new(out, domain, bucket))
                told = {"bucket": pa.array([bucket], pa.int32()), "digest": [digest], "writer": [writer()]}
                yield pa.RecordBatch.from_pydict(told)


def _write_empty(domain: str, bucket: int, count: int, path: Path) -> None:
    nothing = ", ".join(f"NULL AS {name}" for name in ("person", *DOMAINS[domain]))
    with duckdb.connect() as con:
        con.execute(f"CREATE TEMP TABLE landing AS {_landing(domain, f'(SELECT {nothing} WHERE false)')}")
        write_bucket(con, domain, bucket, count, path)


def _landing(domain: str, rows: str) -> str:
    return f"SELECT CAST(e.person AS INTEGER) AS person, {typed(domain)} FROM {rows} AS e"


def _new(out: Path, domain: str, bucket: int) -> Path:
    return out / f"{bucket_file(domain, bucket)}.new"
