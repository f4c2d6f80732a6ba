"""What runs the landing SQL and writes the domains: DuckDB in this process, or Spark (`stratify.spark.landing`)."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import duckdb

from stratify.store.content import Content
from stratify.store.write import write_domain


class Engine(Protocol):
    """An engine of landing. `con` holds the checked tables; `scratch` is a folder that is gone after landing."""

    def result(self, con: duckdb.DuckDBPyConnection, name: str, sql: str, scratch: Path) -> str:
        """Return the SQL that reads, in `con`, what a query gives; later queries read it by this name."""

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
        """Write a domain's events, one sorted file per bucket; return how many there are."""


class DuckDBEngine:
    """DuckDB in this process."""

    def result(self, con: duckdb.DuckDBPyConnection, name: str, sql: str, scratch: Path) -> str:
        """Return the query itself."""
        del con, name, scratch
        return sql

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
        """Write a domain's events; see `stratify.store.write`."""
        return write_domain(con, domain, sql, people, out, content, scratch)


ENGINE: Engine = DuckDBEngine()
