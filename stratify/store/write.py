"""Writing the store from DuckDB: people numbered, each bucket its own sorted file, the refused rows beside."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import duckdb

from stratify.registers.read import NOT_A_LINE, Raw, quoted
from stratify.store.content import Content, digests
from stratify.store.layout import BUCKET_OF, DOMAINS, PARQUET, bucket_file, buckets

CUT = "FORMAT parquet, PARTITION_BY (bucket), COMPRESSION lz4_raw"


def number_people(con: duckdb.DuckDBPyConnection, persons_sql: str) -> int:
    """Make table `persons`, each with a number of their own (see `layout.BUCKET_OF`); return how many there are."""
    con.execute(f"CREATE TEMP TABLE named AS {persons_sql}")
    row = con.execute("SELECT count(*) FROM named").fetchone()
    people = int(row[0]) if row else 0
    count = buckets(people)
    con.execute(
        f"CREATE TEMP TABLE persons AS SELECT CAST(bucket + {count} * (row_number() OVER (PARTITION BY bucket "
        "ORDER BY source_id) - 1) AS INTEGER) AS person, source_id, CAST(coalesce(sex, 0) AS TINYINT) AS sex, "
        "CAST(birth AS INTEGER) AS birth, CAST(death AS INTEGER) AS death "
        f"FROM (SELECT *, {BUCKET_OF} % {count} AS bucket FROM named) AS p"
    )
    con.execute("DROP TABLE named")
    return people


def write_people(con: duckdb.DuckDBPyConnection, residence_sql: str, out: Path) -> int:
    """Write `persons` and `residence`; return the rows of the latter."""
    _copy(con, "SELECT person, source_id, sex, birth, death FROM persons ORDER BY person", out / "persons.parquet")
    con.execute(
        'CREATE TEMP TABLE residence AS SELECT p.person, CAST(r.start AS INTEGER) AS start, CAST(r."end" AS INTEGER) '
        f'AS "end", CAST(r.municipality AS VARCHAR) AS municipality FROM ({residence_sql}) AS r '
        "JOIN persons AS p USING (source_id)"
    )
    _copy(con, 'SELECT * FROM residence ORDER BY person, start, "end", municipality', out / "residence.parquet")
    row = con.execute("SELECT count(*) FROM residence").fetchone()
    return int(row[0]) if row else 0


def write_domain(
    con: duckdb.DuckDBPyConnection, domain: str, sql: str, people: int, out: Path, content: Content, scratch: Path
) -> int:
    """Write a domain's events, one sorted file per bucket; return how many events there are.

    Rows are ordered by person, day and then every other column, so that the bytes do not depend on the order of the
    delivery, the number of threads or the memory at hand. A bucket that an earlier store holds alike is taken from
    there; adding 0 makes one of the two zeros that are equal and yet other bytes. All rows are first cut into buckets
    in `scratch`: to look for each bucket among all rows costs as much as there are buckets.
    """
    count, cut = buckets(people), scratch / "cut"
    landing = f"SELECT p.person, {typed(domain)} FROM ({sql}) AS e JOIN persons AS p USING (source_id)"
    con.execute(f"COPY (SELECT *, person % {count} AS bucket FROM ({landing})) TO {quoted(cut)} ({CUT})")
    nothing = ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in DOMAINS[domain].items())

    def rows_of(bucket: int | str) -> str:
        files = ", ".join(map(quoted, sorted(cut.glob(f"bucket={bucket}/*.parquet"))))
        read = f"read_parquet([{files}], hive_partitioning = false)"
        return f"SELECT * FROM {read}" if files else f"SELECT CAST(NULL AS INTEGER) AS person, {nothing} WHERE false"

    (out / domain).mkdir(parents=True)
    con.execute(f"CREATE TEMP VIEW landing AS {rows_of('*')}")
    row = con.execute("SELECT count(*) FROM landing").fetchone()
    found = digests(con, order(domain), count)
    con.execute("DROP VIEW landing")
    for bucket, rows in enumerate(found):
        if not content.taken(domain, bucket, rows, out):  # written from a table, as another engine's workers do
            con.execute(f"CREATE TEMP TABLE landing AS {rows_of(bucket)}")
            write_bucket(con, domain, bucket, count, out / bucket_file(domain, bucket))
            con.execute("DROP TABLE landing")
    shutil.rmtree(cut, ignore_errors=True)  # an empty domain left none
    return int(row[0]) if row else 0


def typed(domain: str) -> str:
    """Return the select list of a domain's columns in the types of the store, from rows called `e`."""
    columns = DOMAINS[domain].items()
    return ", ".join(
        f"CAST(e.{name} AS {kind}){' + 0' if kind == 'DOUBLE' else ''} AS {name}" for name, kind in columns
    )


def order(domain: str) -> str:
    """Return the columns that a domain's rows are ordered by: all of them, so that ties are equal rows."""
    return ", ".join(["person", *DOMAINS[domain]])


def write_bucket(con: duckdb.DuckDBPyConnection, domain: str, bucket: int, count: int, path: Path) -> None:
    """Write the rows of one of `count` buckets in table `landing` to a file, in the order of the store.

    Each column is made anew after sorting: DuckDB marks what is there in another way where no row of the whole table
    lacks it, and so a row of another bucket would change these bytes.
    """
    told = ", ".join(f"CASE WHEN {name} IS NOT NULL THEN {name} END AS {name}" for name in DOMAINS[domain])
    rows = f"SELECT * FROM landing WHERE person % {count} = {bucket} ORDER BY {order(domain)}"
    _copy(con, f"SELECT person, {told} FROM ({rows})", path)


def write_refused(con: duckdb.DuckDBPyConnection, raws: Mapping[str, Raw], out: Path) -> None:
    """Write every refused row as it was delivered, with its number and the reason, readable by the owner alone."""
    folder = out / "refused"
    folder.mkdir(mode=0o700)
    for name, raw in sorted(raws.items()):
        select = (
            f"SELECT c.row_ AS row, c.reason, CAST(to_json(raw) AS VARCHAR) AS delivered FROM checked_{name} AS c "
            f"JOIN raw_{name} AS raw ON raw.row_ = c.row_ WHERE c.reason IS NOT NULL"
        )
        if raw.unreadable_lines:
            select += f" UNION ALL SELECT line, {quoted(NOT_A_LINE)}, delivered FROM lines_{name}"
        if con.execute(f"SELECT 1 FROM ({select}) LIMIT 1").fetchone():
            path = folder / f"{name}.parquet"
            _copy(con, f"SELECT * FROM ({select}) ORDER BY reason, row, delivered", path)
            path.chmod(0o600)


def _copy(con: duckdb.DuckDBPyConnection, select: str, path: Path) -> None:
    con.execute(f"COPY ({select}) TO {quoted(path)} ({PARQUET})")
