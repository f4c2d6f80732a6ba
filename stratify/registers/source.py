"""What a reader of one kind of source offers to landing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from stratify.catalogue import Catalogue
from stratify.registers.clock import spell_out
from stratify.registers.declare import tables
from stratify.registers.delivery import Delivery
from stratify.registers.read import Raw

HERE = Path(__file__).parent


# SQL of the condition events, what can be measured, and what to tell the user
Conditions = tuple[str, dict[str, Any], list[str]]


def _nothing(con: duckdb.DuckDBPyConnection) -> None:
    del con


@dataclass(frozen=True)
class Source:
    """A kind of source: its declared tables, its SQL, and how its codes become conditions."""

    tables: str  # the folder of its declarations and SQL
    system: str  # the identifier system of its people, where the delivery names none
    person_ids: str  # SQL: the people that have a row of their own
    needs: Mapping[str, tuple[str, ...]]  # the tables each domain is made from
    last_days: Callable[[duckdb.DuckDBPyConnection, date], tuple[date, date] | None]  # covers_to, delivered: a guess
    make_conditions: Callable[[duckdb.DuckDBPyConnection, Catalogue, Delivery], Conditions]
    prepare: Callable[[duckdb.DuckDBPyConnection], None] = _nothing

    @cached_property
    def _folder(self) -> Path:
        return HERE / self.tables

    def sql(self, name: str) -> str:
        """Return the reader's SQL of this name."""
        return (self._folder / f"{name}.sql").read_text(encoding="utf-8")

    def spell(self, sql: str, delivery: Delivery) -> str:
        """Return SQL with the clock's terms written out."""
        return spell_out(sql, tables(self.tables), delivered=delivery.delivered, covers_to=delivery.covers_to)

    def domains(self, raws: Mapping[str, Raw]) -> list[str]:
        """Return the domains this extract has the tables for."""
        return [domain for domain, needed in self.needs.items() if any(table in raws for table in needed)]

    def conditions(self, con: duckdb.DuckDBPyConnection, catalogue: Catalogue, delivery: Delivery) -> Conditions:
        """Return the SQL of the condition events, what is measurable, and notes; see `make_conditions`."""
        return self.make_conditions(con, catalogue, delivery)
