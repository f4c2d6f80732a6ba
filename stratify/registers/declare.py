"""The declaration of a register table: its columns, keys and codes, what it may be used for, and its clock.

One TOML file per table below `danish/tables` and `omop/tables`. The same declaration reads the files, refuses the rows
that cannot be read, and says from which day on a row was known.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from stratify.catalogue.entries import Shape
from stratify.errors import CatalogueError

HERE = Path(__file__).parent
NO_PARENT = "the contact it belongs to did not land"
Use = Literal["care", "planning", "statistics"]  # from the widest to the strictest
ColumnType = Literal["text", "date", "datetime", "week", "month", "int", "float"]  # a week as its Monday: see values.py


class Looser(Shape):
    """Rows of one kind may hold more: where another column has this value, this pattern holds instead."""

    column: str
    value: str
    pattern: str


class Column(Shape):
    """A column as we use it; columns of the delivery that stand in no declaration are left where they are."""

    name: str
    type: ColumnType
    required: bool = False  # the column must be there
    filled: str | None = None  # the row is refused, for this reason, where the column is empty
    pattern: str | None = None  # a regular expression the whole value must match
    pattern_reason: str = "unknown code system"
    looser: Looser | None = None
    least: int | None = None  # of an int; a number outside is unreadable
    most: int | None = None
    keep_zeros: bool = False  # an identifier: delivered as a number it has lost its leading zeros
    says: str = ""


class Clock(Shape):
    """When a row happened and from when on it was known: `known` + delay (`occurred` where no `known` is named)."""

    occurred: str
    known: str | None = None
    delay_days: int = Field(ge=0)
    source: str


class Parent(Shape):
    """The table and column that a row's key points to; a row whose parent did not land is refused.

    Where a key holds for a year, `years` names our column of the year and the parent's of the day, which must agree.
    """

    table: str
    column: str
    key: str
    years: tuple[str, str] | None = None
    reason: str = NO_PARENT


class Excluded(Shape):
    """Rows that are readable and yet not about the person they name; they are refused."""

    where: str  # SQL over the table's columns
    reason: str


class Superseded(Shape):
    """Rows that another table of the same delivery holds as well; they are refused here and kept there.

    It holds on the days that other table covers: from the first to the last day one of its rows happened.
    """

    where: str  # SQL over the table's columns
    column: str  # tells which rows those are: must be there when the other table has rows
    by: str
    by_day: str  # the column of that table with the day a row happened
    reason: str


class Table(Shape):
    """A register table."""

    name: str
    title: str
    use: Use  # what its law lets it be used for
    limits: str  # what the data cannot tell
    required: bool = False
    may_be_empty: bool = False  # of a required table: that nothing happened is possible
    once: bool = False  # a row delivered again, equal in every column, is a copy
    once_with: tuple[str, ...] = ()  # but only where these columns are delivered: without them two may look like one
    carried: bool = True  # if not: its rows are checked and counted, and stay where they are
    carries: str | None = None  # SQL over its columns: of these rows alone; the others are counted and stay
    needs: str | None = None  # a table that must be there when this one is
    person: str | None = None  # the column that names the person
    key: tuple[str, ...] = ()
    parent: Parent | None = None
    superseded: tuple[Superseded, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    interval: tuple[str, str] | None = None  # start and end; a row that ends before it starts is refused
    clock: Clock | None = None
    column: tuple[Column, ...]


@cache
def tables(source: str) -> dict[str, Table]:
    """Return the declared tables of a source, "danish" or "omop"; each after those its rows are held against."""
    problems: list[str] = []
    found: list[Table] = []
    for path in sorted((HERE / source / "tables").glob("*.toml")):
        try:
            found.append(Table.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))))
        except (ValidationError, tomllib.TOMLDecodeError) as error:
            problems.append(f"{source}/tables/{path.name}: {error}")
    if problems:
        raise CatalogueError("a register table is declared wrongly:", problems)
    found.sort(key=lambda table: (table.parent is not None, bool(table.superseded), table.name))
    return {table.name: table for table in found}
