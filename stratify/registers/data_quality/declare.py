"""The declared checks of a source, `danish.toml` and `omop.toml`: what is counted, what fails, how much may be borne.

The categories are those of Kahn and others, A Harmonized Data Quality Assessment Terminology (2016): conformance
(value, relational, computational), completeness, plausibility (uniqueness, atemporal, temporal). No check asks whether
a CPR number fits its modulus: since 2007 valid numbers do not.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from pydantic import Field, ValidationError, model_validator

from stratify.catalogue.entries import Id, Provenance, Shape, Text
from stratify.errors import CatalogueError
from stratify.registers.declare import Column, Table, tables

HERE = Path(__file__).parent
LAST_DAY = "last_day"  # the day of delivery, which every check may name
Category = Literal[
    "conformance: value",
    "conformance: relational",
    "conformance: computational",
    "completeness",
    "plausibility: uniqueness",
    "plausibility: atemporal",
    "plausibility: temporal",
]
CATEGORIES: tuple[str, ...] = get_args(Category)
Share = Field(ge=0, le=1)
_TOKEN = re.compile(r"\{([a-z_]+)\}")


class Threshold(Shape):
    """The share of rows above which a check warns, and above which it fails; without `fail` it only warns."""

    warn: float = Share
    fail: float | None = Field(default=None, ge=0, le=1)

    @model_validator(mode="after")
    def _warns_first(self) -> Threshold:
        if self.fail is not None and self.fail < self.warn:
            raise ValueError("fail must not be below warn")
        return self


class Check(Threshold):
    """A check: SQL over the tables as read, where a word in braces is filled in from each of `on`."""

    id: Id
    category: Category
    name: Text
    advice: Text  # what to do where it is not ok
    unit: Literal["row", "month", "code"] = "row"  # what is counted
    rows: str  # what stands after FROM
    among: str = "true"  # which of these rows are checked
    fails: str  # which of those fail; NULL does not
    people: str | None = None  # the column that names the person
    named: str | None = None  # of months and codes: which ones are told by name
    needs: tuple[str, ...]  # table.column: where one was not delivered the check does not apply
    on: str = "once"
    why: str = Field(min_length=10)  # of these thresholds
    source: str = Field(min_length=3)
    provenance: Provenance

    @model_validator(mode="after")
    def _names_nobody(self) -> Check:
        if self.named and self.unit == "row":
            raise ValueError("rows are about people and are never told by name")
        return self


class Extra(Shape):
    """Columns that only checks read; one that is declared for landing is read as declared there."""

    name: str
    column: tuple[Column, ...]


class Checks(Shape):
    """The checks of a source, and what they stand on."""

    on: Mapping[str, tuple[Mapping[str, str], ...]]
    view: Mapping[str, str]
    extra: tuple[Extra, ...] = ()
    check: tuple[Check, ...]

    @model_validator(mode="after")
    def _is_whole(self) -> Checks:
        problems = [f"{c.id}: stands twice" for c in self.check if sum(c.id == other.id for other in self.check) > 1]
        for check in self.check:
            if check.on not in self.on:
                problems.append(f"{check.id}: on {check.on!r} is none of {', '.join(self.on)}")
                continue
            text = " ".join([check.rows, check.among, check.fails, check.people or "", *check.needs])
            for words in self.on[check.on]:
                unknown = set(_TOKEN.findall(text)) - set(words) - {LAST_DAY}
                problems += [f"{check.id}: {{{word}}} is not told in on.{check.on}" for word in sorted(unknown)]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def tables(self, source: str) -> dict[str, Table]:
        """Return the declared tables of the source with the columns that checks read besides."""
        found = dict(tables(source))
        for extra in self.extra:
            declared = found.get(extra.name)
            if declared is None:
                found[extra.name] = Table(name=extra.name, title=extra.name, use="care", limits="", column=extra.column)
            else:
                known = {column.name for column in declared.column}
                more = tuple(column for column in extra.column if column.name not in known)
                found[extra.name] = declared.model_copy(update={"column": (*declared.column, *more)})
        return found


def fill(text: str, words: Mapping[str, str]) -> str:
    """Return SQL with the words in braces filled in.

    >>> fill("t.{start} IS NULL", {"start": "d_inddto"})
    't.d_inddto IS NULL'
    """
    return _TOKEN.sub(lambda found: words[found[1]], text)


@cache
def checks(source: str) -> Checks:
    """Return the checks of a source, "danish" or "omop"."""
    try:
        return Checks.model_validate(tomllib.loads((HERE / f"{source}.toml").read_text(encoding="utf-8")))
    except (ValidationError, tomllib.TOMLDecodeError) as error:
        raise CatalogueError("a check of data quality is declared wrongly:", [f"{source}.toml: {error}"]) from error


def read_thresholds(path: Path, declared: Checks) -> dict[str, Threshold]:
    """Return own thresholds by check from a TOML file, as `[lab_after_death]` with `warn` and `fail`.

    Raises CatalogueError with every problem: a check nobody declared, a share outside 0 to 1.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CatalogueError(f"--thresholds needs a TOML file, got {path}") from error
    problems, found = [], {}
    known = {check.id for check in declared.check}
    for name, shares in told.items():
        if name not in known:
            problems.append(f"{name}: no check of this source; there are {', '.join(sorted(known))}")
            continue
        try:
            found[name] = Threshold.model_validate(shares)
        except ValidationError as error:
            problems += [f"{name}: {'.'.join(map(str, e['loc'])) or 'shares'}: {e['msg']}" for e in error.errors()]
    if problems:
        raise CatalogueError(f"{path.name}: thresholds that cannot be:", problems)
    return found
