"""Named people at the edges: the kinds whoever reads the registers must get right, found in a simulated region.

What they are stands in `edges.toml`. The connection has a view of each register table (`views.attach_registers`); the
people themselves are for tests; counts leave only as the report prints them, through `stratify.disclosure`.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from pathlib import Path

import duckdb
from pydantic import ValidationError

from pipelines.synthesis.views import attach_registers
from stratify.catalogue.entries import Shape
from stratify.errors import CatalogueError


class Edge(Shape):
    """A kind of people, what its name is, and what goes wrong without knowing it."""

    id: str
    da: str
    en: str
    trap: str
    sql: str
    quirk: str | None = None  # they exist only where it is on


class EdgesFile(Shape):
    """The kinds, and the views they share."""

    views: dict[str, str]
    edge: tuple[Edge, ...]


@cache
def load() -> EdgesFile:
    """Return the declared kinds of people."""
    text = resources.files(__package__).joinpath("edges.toml").read_text(encoding="utf-8")
    try:
        return EdgesFile.model_validate(tomllib.loads(text))
    except (ValidationError, tomllib.TOMLDecodeError) as error:
        raise CatalogueError("edges.toml is declared wrongly:", [str(error)]) from error


def find(con: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Return the `pnr` of the people of each kind, sorted, each once."""
    return {
        edge.id: [pnr for (pnr,) in con.execute(f"SELECT DISTINCT pnr FROM ({_people(edge)}) ORDER BY pnr").fetchall()]
        for edge in load().edge
    }


def counts(con: duckdb.DuckDBPyConnection) -> list[tuple[str, int]]:
    """Return the name of each kind in English and how many people it has, as `report.write_report` takes them."""
    found: list[tuple[str, int]] = []
    for edge in load().edge:
        row = con.execute(f"SELECT count(DISTINCT pnr) FROM ({_people(edge)})").fetchone()
        found.append((edge.en, int(row[0]) if row else 0))
    return found


def counts_in(registers: Path) -> list[tuple[str, int]]:
    """Return `counts` of a folder of registers."""
    with duckdb.connect() as con:
        attach_registers(con, registers)
        return counts(con)


def _people(edge: Edge) -> str:
    views = ", ".join(f"{name} AS ({sql})" for name, sql in load().views.items())
    return f"WITH {views}, found(pnr) AS ({edge.sql}) SELECT pnr FROM found"
