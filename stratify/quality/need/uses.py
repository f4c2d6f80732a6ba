"""Use of offers by those who may be offered them: shares by place, to be laid in a funnel."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from stratify.catalogue import Catalogue
from stratify.catalogue.offers import Rule
from stratify.catalogue.shapes import Named, Provenance, Shape, Text
from stratify.quality.cases import Cases
from stratify.quality.indicator import cases
from stratify.quality.need.axes import Ints, count, yes_no
from stratify.quality.need.came import came
from stratify.quality.need.ground import Ground
from stratify.quality.population import Yearly
from stratify.quality.tables import lacking, read_tables
from stratify.store.read import Store

FILE = Path(__file__).with_name("uses.toml")
USED = yes_no("used")


class Use(Named):
    """The use of one offer as registers show it: by a rule and codes in the year, or as a quality target counts."""

    name: Text
    eligible_text: Text
    used_text: Text
    source: str
    provenance: Provenance
    offer: str = ""
    target: str = ""
    domain: str = ""
    codes: tuple[str, ...] = ()
    eligible: Rule | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Use:
        if bool(self.target) == bool(self.domain and self.codes and self.eligible):
            raise ValueError(f"use {self.id}: either a target, or domain, codes and eligible")
        return self


class Uses(Shape):
    """What uses.toml holds."""

    use: tuple[Use, ...]


@lru_cache(maxsize=1)
def declared() -> tuple[Use, ...]:
    """Return every use that is declared."""
    return Uses.model_validate(tomllib.loads(FILE.read_text(encoding="utf-8"))).use


def lacks(use: Use, store: Store, catalogue: Catalogue) -> str:
    """Return what a source lacks for a use, or nothing."""
    if use.target:
        return lacking(store, catalogue.targets[use.target]) if use.target in catalogue.targets else "no such target"
    if not store.has(use.domain):
        return f"no {use.domain} in this source"
    named = (
        {one for test in use.eligible.tests() if test.fact == "conditions" for one in test.any_of}
        if use.eligible
        else ()
    )
    away = [one for one in named if one not in store.measurable["conditions"]]
    return f"conditions that the source cannot tell: {', '.join(sorted(away))}" if away else ""


def uses(ground: Ground) -> dict[str, NDArray[Any]]:
    """Return by use the eligible of the period's last year by place, with those who used it."""
    axes, row = ground.frame.axes, ground.frame.years[-1] - ground.frame.every[0]
    found = {}
    for use in declared():
        if lacks(use, ground.store, ground.catalogue):
            continue
        place, used = _of_target(ground, use, row) if use.target else _of_rule(ground, use, row)
        code = ground.codes["place"][row, place]
        found[f"use.{use.id}"] = count((axes["place"], USED), (code, used.astype(np.int64)), place)
    return found


def _of_rule(ground: Ground, use: Use, row: int) -> tuple[Ints, NDArray[np.bool_]]:
    """Return who is eligible on 1 January, by place, and whether they used it in the year; who died or left stays."""
    bucket = ground.bucket
    assert use.eligible is not None
    place = np.flatnonzero(_holds(ground, use.eligible)[row])
    rows = ground.store.slice(use.domain, ground.number)
    which = rows.coded("code").begins(use.codes)
    start, end = np.full(len(place), bucket.days[row]), np.full(len(place), ground.frame.end)
    who, day = bucket.place(rows.ints("person")[which]), rows.ints("day")[which].astype(np.int64)
    return place, came(place, start, end, who, day)


def _of_target(ground: Ground, use: Use, row: int) -> tuple[Ints, NDArray[np.bool_]]:
    bucket, target = ground.bucket, ground.catalogue.targets[use.target]
    start, end = int(bucket.days[row]), ground.frame.end
    tables: Mapping[str, Any] = {
        **read_tables(ground.store, ground.number, [target], start),
        "persons": bucket.people,
        "residence": bucket.residence,
    }
    found = cases(target, tables, Yearly.of(bucket, target, False), start, end, ground.store.day("delivered"))
    assert isinstance(found, Cases)
    told = found.state <= 1
    return bucket.place(found.person[told]), found.state[told] == 1


def _holds(ground: Ground, rule: Rule) -> NDArray[np.bool_]:
    return ground.bucket.holds(rule)
