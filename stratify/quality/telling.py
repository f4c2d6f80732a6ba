"""Everything that is told of a target, ready to be published: the one source of pages, API, Parquet, CSV and FHIR."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from stratify.catalogue.entries import Break, Target
from stratify.quality.compared import gap_over_time, gaps, units_in_years
from stratify.quality.counting import Tally
from stratify.quality.grid import STEPS, Cells, cells_of
from stratify.quality.measuring import Measured
from stratify.quality.months import Months
from stratify.quality.mortality import ratios
from stratify.quality.parameters import OF_PEOPLE, Element, ElementsParameters, GapParameters, MortalityParameters
from stratify.quality.series import Goal, Places, series_of

Told = dict[str, Any]
Kept = dict[str, tuple[Cells, Places]]
Each = Callable[[Callable[..., Any], list[tuple[Any, ...]]], list[Any]]
NO_ANSWERS = {"da": "tjenesten har endnu ingen svar", "en": "the service has no answers yet"}


class Elsewhere(NamedTuple):
    """What was counted outside the store: by target its tallies, in months of their own, known until a day."""

    tallies: Mapping[str, Mapping[str, Tally]]
    months: Months
    known: int


def in_turn(do: Callable[..., Any], jobs: list[tuple[Any, ...]]) -> list[Any]:
    """Do one job after the other."""
    return [do(*job) for job in jobs]


def tell_all(
    targets: Mapping[str, Target],
    found: Measured,
    months: Months,
    until: tuple[int, int],
    lacking: Mapping[str, str],
    elsewhere: Elsewhere | None = None,
    each: Each = in_turn,
) -> dict[str, Told]:
    """Return what is told of each target, by id. lacking: what the source lacks for a target, by id.

    until: the last day that the data cover, and the day of delivery.

    each: does one thing for many jobs and returns what came of each, in their order; several at a time, where it can.
    """
    jobs = []
    for key, target in targets.items():
        mine = {name: by for name, by in found.tallies.items() if name.partition(".")[0] == key}
        other = elsewhere if elsewhere is not None and key in elsewhere.tallies else None
        jobs.append((target, mine, found.deaths.get(key), months, until, lacking.get(key, ""), other))
    told: dict[str, Told] = {}
    kept: Kept = {}
    longest_first = sorted(jobs, key=lambda job: -_size(job[1]))  # so that none is left to run alone at the end
    found_of = {job[0].id: one for job, one in zip(longest_first, each(tell_one, longest_first), strict=True)}
    for key in targets:
        told[key], cells = found_of[key]
        kept |= cells
    for key, target in targets.items():
        if isinstance(target.parameters, GapParameters):
            told[key] |= {"status": "measured", "over_time": _gaps(target.parameters, targets, kept)}
    return told


def _size(tallies: Mapping[str, Mapping[str, Tally]]) -> int:
    return sum(tally.months.size for by in tallies.values() for tally in by.values())


def tell_one(
    target: Target,
    tallies: Mapping[str, Mapping[str, Tally]],
    deaths: Any,
    months: Months,
    until: tuple[int, int],
    lack: str,
    elsewhere: Elsewhere | None,
) -> tuple[Told, Kept]:
    """Return what is told of a target, and the cells of it and its parts; of a gap its description alone."""
    key, kept = target.id, Kept()
    mature = months.mature(target.maturity_days, target.known_until(*until))
    about = described(target, months, mature.tolist())
    if target.measure == "not_in_registers" and target.lacks is not None:
        return {**about, "status": "not_measurable", "lacking": target.lacks.model_dump()}, kept
    if not target.from_registers:
        if elsewhere is None:
            return {**about, "status": "not_measurable", "lacking": NO_ANSWERS}, kept
        ready = elsewhere.months.mature(target.maturity_days, elsewhere.known)
        told = {**described(target, elsewhere.months, ready.tolist()), "status": "measured"}
        by = elsewhere.tallies[key]
        return told | tell(target, goal_of(target), by, elsewhere.months, ready, kept, key), kept
    if isinstance(target.parameters, MortalityParameters):
        last = int(np.flatnonzero(mature)[-1] + 1) // 12 - 1 if mature.any() else -1
        return {**about, **_status(lack), "ratios": ratios(deaths, months, last)}, kept
    if target.measure == "gap":
        return described(target, months, [True] * months.count), kept
    told = {**about, **_status(lack)}
    if key in tallies and not (lack and isinstance(target.parameters, ElementsParameters)):
        told |= tell(target, goal_of(target), tallies[key], months, mature, kept, key)
    parts = {one: f"{key}.{one}" for one in _parts(target) if f"{key}.{one}" in tallies}
    told["parts"] = {
        one: {
            **_said_of_part(target, one),
            **tell(target, _goal_of_part(target, one), tallies[name], months, mature, kept, name),
        }
        for one, name in parts.items()
    }
    return told, kept


def described(target: Target, months: Months, mature: list[bool]) -> Told:
    """Return what the catalogue says of a target, and the time it is told for."""
    said = ("id", "tier", "kind", "chosen", "measure", "direction", "standard", "standard_status", "standard_source",
            "maturity_days", "min_denominator", "levels", "equity", "balancing", "source", "provenance",
            "rationale")  # fmt: skip
    texts = ("name", "numerator", "denominator", "unknown")
    raw = target.model_dump(mode="json")
    return {
        **{name: raw[name] for name in said},
        **{f"{name}_text" if name != "name" else name: raw[name] for name in texts},
        "waits": raw["waits"],
        "breaks": raw["breaks"],
        "unit": target.unit,
        "hospitals": "catchment" if target.measure in (*OF_PEOPLE, "admission_rate") else "treating",
        "periods": {str(step): months.names(step) for step in STEPS},
        "mature": mature,
    }


def tell(
    target: Target,
    goal: Goal,
    by: Mapping[str, Tally],
    months: Months,
    mature: Any,
    kept: Kept,
    name: str,
) -> Told:
    """Return series, units by year and gaps of a target or of a part of it; its cells are kept by name."""
    cells = cells_of(target, by, months, mature)
    places = Places.of(cells, months)
    kept[name] = cells, places
    series: dict[str, dict[str, Any]] = {}
    for level, unit, one in series_of(cells, places, goal, months):
        series.setdefault(level, {})[unit] = one
    return {
        "series": series,
        "breaks": [told_break(one, months, by) for one in target.breaks],
        "units": units_in_years(cells, places, by, goal, months),
        "gaps": gaps(cells, places, by, goal, months),
        "missing_levels": [level for level in target.levels if level not in by],
    }


def told_break(one: Break, months: Months, by: Mapping[str, Tally]) -> Told:
    """Return a break, and whether it is of a month and a unit that there are: else it does nothing."""
    known = one.level is None or (one.level in by and (not one.unit or one.unit in by[one.level].labels))
    return {**one.model_dump(mode="json"), "applies": known and one.month in months.names()}


def goal_of(target: Target) -> Goal:
    """Return what a target is held against."""
    return Goal(target.unit, target.direction, target.standard, target.min_denominator, target.breaks)


def _part(target: Target, part: str) -> Element:
    assert isinstance(target.parameters, ElementsParameters)
    (one,) = [e for e in target.parameters.elements if e.id == part]
    return one


def _goal_of_part(target: Target, part: str) -> Goal:
    return Goal("share", target.direction, _part(target, part).standard, target.min_denominator, target.breaks)


def _said_of_part(target: Target, part: str) -> Told:
    one = _part(target, part)
    return {"name": {"da": one.da, "en": one.en}, "standard": one.standard, "standard_source": one.standard_source}


def _parts(target: Target) -> list[str]:
    return [one.id for one in target.parameters.elements] if isinstance(target.parameters, ElementsParameters) else []


def _status(lack: str) -> Told:
    return {"status": "not_measurable", "lacking": {"da": lack, "en": lack}} if lack else {"status": "measured"}


def _gaps(asked: GapParameters, targets: Mapping[str, Target], kept: Kept) -> dict[str, Any]:
    """Return the gap over time in each chosen target that is a share, where both groups can be told."""
    found: dict[str, Any] = {}
    for key, target in targets.items():
        if target.chosen and target.unit == "share" and key in kept:
            cells, places = kept[key]
            one = gap_over_time(cells, places, target.unit, asked.cut, asked.group, asked.rest)
            if one is not None:
                found[key] = one
    return found
