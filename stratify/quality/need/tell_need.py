"""What is told of need: observed against expected by year and unit, and services for each expected admission."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from stratify.catalogue import Catalogue
from stratify.quality.case_mix import OUTCOMES
from stratify.quality.cases import Bools
from stratify.quality.need.axes import Floats, Ints
from stratify.quality.need.columns import DIGITS, Columns, counts, in_funnel, labels, numbers, ratio
from stratify.quality.need.counting import Counts
from stratify.quality.need.expected import EXPECTED_OF, SCORED, SERVICES
from stratify.quality.need.ground import Frame
from stratify.quality.need.hiding import Table, hide
from stratify.quality.values import valued

YES = ("scored", "yes")
LEVELS = ("", "catchment", "municipality", "not_told")


@dataclass(frozen=True)
class Year:
    """The tables of one outcome in one year, and what is hidden in them."""

    place: Table
    practice: Table
    hidden: Mapping[str, Bools]
    expected: Mapping[str, Floats]
    by_age_sex: Floats  # expected of every adult, by place

    @staticmethod
    def of(found: Counts, frame: Frame, name: str) -> Year:
        """Return a year's tables."""
        axes = frame.axes
        tables = {
            "place": Table.shares((axes["place"], SCORED), found[f"{name}.place"]),
            "practice": Table.shares((axes["practice"],), found[f"{name}.practice"][:, 0], ("scored", YES)),
        }
        strata, had = found[f"{name}.strata_place"], found[f"{name}.strata_had"]
        adults = strata[0].astype(np.float64)
        rate = np.divide(had, adults, out=np.zeros(len(had)), where=adults > 0)
        expected = {one: found[f"{name}.expected_{one}"] for one in tables}
        return Year(tables["place"], tables["practice"], hide(tables), expected, (strata * rate).sum(axis=1))


def tell_need(
    found: Counts, frame: Frame, catalogue: Catalogue, roles: Mapping[str, Mapping[int, str]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what is told of need, and of services. roles: by served outcome what each landmark was to its models."""
    told: dict[str, Any] = {}
    services: dict[str, Any] = {}
    for key in OUTCOMES:
        if key not in catalogue.outcomes or not frame.follow or f"need.{key}.{frame.follow[0]}.place" not in found:
            continue
        years = {}
        for number in frame.follow:
            one = Year.of(found, frame, f"need.{key}.{number}")
            years[str(number)] = _year(one, roles.get(key), number)
            if key == EXPECTED_OF and key in roles:
                services[str(number)] = _services(found, frame, one, number)
        told[key] = {"name": catalogue.outcomes[key].name.model_dump(), "served": key in roles, "years": years}
    return told, services


def _year(one: Year, roles: Mapping[int, str] | None, number: int) -> dict[str, Any]:
    """Return a year: by case mix where models are served, and every adult by age and sex."""
    told: dict[str, Any] = {"landmark": f"{number}-01-01"}
    at = np.array(one.place.axes[0].at(*LEVELS))
    names = labels(one.place, (at, np.zeros(len(at), dtype=np.intp)))
    adults = _rows(names, one.place.counts[at, 0], one.by_age_sex[at], ~one.hidden["place"][at, 0])
    told["adults"] = adults
    if roles is None:
        return told
    role = roles.get(number, "none")
    told |= {"role": role, "in_training": role in ("train", "calibrate")}
    scored = SCORED.nodes.index(YES)
    mine = one.place.counts[at, scored], one.expected["place"][at], ~one.hidden["place"][at, scored]
    doctors = np.arange(1, len(one.practice.axes[0].nodes))
    by_practice = labels(one.practice, (doctors,))
    theirs = one.practice.counts[doctors], one.expected["practice"][doctors], ~one.hidden["practice"][doctors]
    there = theirs[0].sum(axis=1) > 0
    both = [np.concatenate([a, b[there]]) for a, b in zip(mine, theirs, strict=True)]
    level, label = ([*names[key], *np.array(by_practice[key])[there].tolist()] for key in ("level", "label"))
    return told | {"case_mix": _rows({"level": level, "label": label}, both[0], both[1], both[2].astype(bool))}


def _rows(names: Mapping[str, list[Any]], shares: Ints, expected: Floats, shown: Bools) -> dict[str, Any]:
    """Return columns of units, people and observed over expected, with their funnels."""
    observed, people = shares[:, 0], shares.sum(axis=1)
    lines, facts = in_funnel(names["level"], expected, observed, shown, "u")
    columns: Columns = {
        "level": names["level"],
        "label": names["label"],
        "denominator": counts(people, shown),
        **ratio(observed, expected, shown),
        **lines,
    }
    return {"columns": columns, "funnels": facts}


def _services(found: Counts, frame: Frame, one: Year, number: int) -> dict[str, Any]:
    """Return services for each expected admission, by place; hidden where the services or the people are."""
    at = np.array(one.place.axes[0].at(*LEVELS))
    people = ~one.hidden["place"][at, SCORED.nodes.index(YES)]
    columns: Columns = {}
    for name in SERVICES:
        if f"services.{name}.{number}" not in found:
            continue
        table = Table.events((frame.axes["place"],), found[f"services.{name}.{number}"])
        shown = people & ~hide({name: table})[name][at]
        got, expected = table.counts[at, 0], one.expected["place"][at]
        new = labels(table, (at,)) | {
            "service": [name] * len(at),
            "count": counts(got, shown),
            "expected": numbers(expected, shown),
            "value": numbers(valued("ratio", got, expected).value, shown, DIGITS),
            "hidden": (~shown).tolist(),
        }
        columns = {key: columns.get(key, []) + values for key, values in new.items()}
    return {"columns": columns}
