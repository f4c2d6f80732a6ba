"""A small store, written by hand: the domains, columns and order of the real one."""

import json
from pathlib import Path

import duckdb
import pytest

from stratify.catalogue import load
from stratify.store.layout import DOMAINS
from stratify.store.read import Store

PERSONS = {"source_id": "VARCHAR", "sex": "TINYINT", "birth": "INTEGER", "death": "INTEGER"}
CONDITIONS, INDICES = list(load().conditions), list(load().indices)
RESIDENCE = {"start": "INTEGER", "end": "INTEGER", "municipality": "VARCHAR"}


@pytest.fixture
def write_store(tmp_path_factory):
    """Return a function that writes a store of the given rows by domain, each a dict with `person`."""

    def write(tables, *, persons=(), residence=(), delivered="2025-02-15", **measurable) -> Store:
        told = {"conditions": CONDITIONS, "indices": INDICES, "acute": True, "care": True}
        told |= {"domains": [name for name in DOMAINS if name in tables], **measurable}
        results = {
            "people": 10,
            "measurable": told,
            "delivery": {"covers_to": "2024-12-31", "delivered": delivered, "source": "synthetic"},
        }
        folder = tmp_path_factory.mktemp("store")
        (folder / "manifest.json").write_text(json.dumps({"results": results}), encoding="utf-8")
        with duckdb.connect() as con:
            write_table(con, folder / "persons.parquet", PERSONS, persons)
            write_table(con, folder / "residence.parquet", RESIDENCE, residence)
            for domain, rows in tables.items():
                (folder / domain).mkdir()
                write_table(con, folder / domain / "bucket=000.parquet", DOMAINS[domain], rows)
        return Store(folder)

    return write


def write_table(con, path: Path, columns, rows) -> None:
    typed = {"person": "INTEGER", **columns}
    names = ", ".join(f'"{name}"' for name in typed)
    declared = ", ".join(f'"{name}" {kind}' for name, kind in typed.items())
    con.execute(f"CREATE OR REPLACE TABLE t ({declared})")
    if rows:
        marks = ", ".join("?" for _ in typed)
        con.executemany(f"INSERT INTO t VALUES ({marks})", [[row.get(name) for name in typed] for row in rows])
    con.execute(f"COPY (SELECT * FROM t ORDER BY {names}) TO '{path}' (FORMAT parquet)")
