"""What is told of admissions and acute contacts: by hour, by home and hospital, by diagnosis, and what came before.

All tables of admissions go through the hiding together, since they part the same admissions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from stratify.quality.cases import Bools
from stratify.quality.need.activity import FINEST_FIRST, HOURS, PRIORITY, SHIFTS, TREATED, WEEK
from stratify.quality.need.axes import WHOLE, Axis
from stratify.quality.need.chain import BEFORE, BY, CARE, KINDS, TOLD
from stratify.quality.need.columns import Columns, cells, counts, labels, numbers, share
from stratify.quality.need.counting import Counts
from stratify.quality.need.diagnoses import OTHER as NO_CHAPTER
from stratify.quality.need.diagnoses import OTHER_NAME, REST, diagnosis_axis, volumes
from stratify.quality.need.ground import PSYCHIATRIC, SOMATIC, UNITS, Frame
from stratify.quality.need.hiding import Cell, Table, hide

ACUTE = ("priority", ("priority", "acute"))
MENTAL = "V"  # the chapter whose groups have their minimum at departments of psychiatry
OWN, NOT_OWN = ("treated", "own"), ("treated", "other")
SOMATIC_UNITS = ("unit", (UNITS, SOMATIC))
MOST_MIDNIGHT = 0.2  # of what begins at 00:00 sharp; with more the source knows days alone
BEGINS = ("contacts", "admissions")


def tables_of(found: Counts, frame: Frame) -> dict[str, dict[str, Table]]:
    """Return the tables of acute contacts and those of admissions, by name, not yet hidden."""
    axes: Mapping[str, Axis] = {**frame.axes, "care": CARE}
    told: dict[str, dict[str, Table]] = {kind: {} for kind in BEGINS}
    for kind in BEGINS:
        if hours_told(found, kind):
            fixed = (ACUTE,) if kind == "admissions" else ()
            of = {
                "hour_group": (HOURS, WEEK, axes["group"]),
                "hour_unit": (HOURS, WEEK, axes["unit"]),
                "shift_group_unit": (SHIFTS, axes["group"], axes["unit"]),
            }
            for name, on in of.items():
                table = Table.events(on, found[f"{kind}.{name}"], *fixed)
                told[kind][f"{kind}.{name}"] = table if on[0] is SHIFTS else table.coarsened(0, FINEST_FIRST)
    if "own" in found:
        on = (axes["unit"], axes["place"].without("municipality"), PRIORITY)
        told["admissions"]["own"] = Table.events(on, found["own"])
        on = (axes["place"].without("municipality"), TREATED, PRIORITY)
        treated = found["treated"]
        told["admissions"]["treated"] = Table(on, treated[..., :1], treated[..., 1], (SOMATIC_UNITS,), _own_is_a_unit)
        told["admissions"]["volume"] = Table.events((axes["unit"], diagnosis_axis()), found["volume"])
    for kind in TOLD:
        for by in BY:
            if (name := f"chain.{by}.{kind}") in found:
                told["admissions"][name] = Table.events((axes[by], BEFORE[kind]), found[name], ACUTE)
    return told


def hours_told(found: Counts, kind: str) -> bool:
    """Whether a source tells the hour of something: not where more than a fifth begin at midnight sharp."""
    if f"{kind}.midnight" not in found:
        return False
    midnight, every = found[f"{kind}.midnight"].tolist()
    untold = int(found[f"{kind}.hour_group"][HOURS.nodes.index(("not_told", "not told")), 0, 0, 0])
    return bool(every and (midnight + untold) / every <= MOST_MIDNIGHT)


def tell_activity(found: Counts, frame: Frame) -> dict[str, Any]:
    """Return what is told of hours, own catchment, volume and the chain; what a source cannot tell is not there."""
    universes = tables_of(found, frame)
    every = {name: table for tables in universes.values() for name, table in tables.items()}
    hidden: dict[str, Bools] = {}
    for tables in universes.values():
        hidden |= hide(tables) if tables else {}
    told: dict[str, Any] = {}
    hours = {
        kind: {name.split(".")[1]: _all(every[name], hidden[name]) for name in every if name.startswith(f"{kind}.")}
        for kind in BEGINS
    }
    told["hours"] = {kind: tables for kind, tables in hours.items() if tables}
    if "own" in every:
        shares = _treated(every["treated"], hidden["treated"])
        told["own"] = {**_own(every["own"], hidden["own"]), "shares": shares}
        told["volume"] = _volume(every["volume"], hidden["volume"], len(frame.years))
    told["chain"] = {
        by: _chain({kind: f"chain.{by}.{kind}" for kind in TOLD if f"chain.{by}.{kind}" in every}, every, hidden)
        for by in BY
        if f"chain.{by}.any" in every
    }
    return told


def _all(table: Table, hidden: Bools) -> dict[str, Any]:
    """Return every cell but those of levels that a finer one on the same axis stands for, with the hours' level."""
    finest = next((level for level in FINEST_FIRST if table.axes[0].at(level)), "shift")
    at = cells(table, [table.axes[0].at(finest, "not_told", ""), *(_nodes(axis) for axis in table.axes[1:])])
    shown = ~hidden[at]
    columns: Columns = labels(table, at)
    columns["hour"] = [label or "all" for label in columns.pop("label")]
    columns |= {"count": counts(table.counts[at][:, 0], shown), "hidden": (~shown).tolist()}
    columns["level"] = [finest] * len(columns["level"])
    return {"step": finest, "columns": columns}


def _nodes(axis: Axis) -> list[int]:
    return [at for at, (level, _) in enumerate(axis.nodes) if level not in ("ill", UNITS)]


def _own(table: Table, hidden: Bools) -> dict[str, Any]:
    """Return admissions by hospital and catchment."""
    unit, home, priority = table.axes
    at = cells(table, [range(len(unit.nodes)), range(len(home.nodes)), priority.at("", "priority")])
    shown = ~hidden[at]
    columns = labels(table, at)
    columns["catchment"] = columns.pop("place")
    columns |= {"count": counts(table.counts[at][:, 0], shown), "hidden": (~shown).tolist()}
    return {"columns": columns}


def _treated(table: Table, hidden: Bools) -> dict[str, Any]:
    """Return by catchment the share of admissions to somatic hospitals that its own hospital received."""
    home, kind, priority = table.axes
    at = cells(table, [home.at("catchment"), [kind.nodes.index(OWN)], priority.at("", "priority")])
    other = (at[0], np.full(len(at[0]), kind.nodes.index(NOT_OWN)), at[2])
    shown = ~np.asarray(hidden[at], dtype=bool) & ~np.asarray(hidden[other], dtype=bool)
    columns = labels(table, at) | share(table.counts[at][:, 0], table.counts[other][:, 0], shown)
    columns.pop("treated")
    return {"columns": columns}


def _own_is_a_unit(cell: Cell) -> Cell:
    """Return the cell as that of the hospital: what a catchment's own hospital received is told by hospital, too."""
    named = dict(cell)
    level, label = named.get("place", WHOLE)
    if named.get("treated") != OWN or level != "catchment":
        return cell
    named.pop("treated")
    return frozenset({**named, "unit": ("hospital", label)}.items())


def _volume(table: Table, hidden: Bools, years: int) -> dict[str, Any]:
    """Return a year's mean of admissions by hospital and diagnosis, and whether a group's is below its minimum."""
    declared, diagnosis = volumes(), diagnosis_axis()
    at = cells(table, [range(len(table.axes[0].nodes)), range(len(diagnosis.nodes))])
    shown, value = ~hidden[at], table.counts[at][:, 0]
    minimum = {one.id: one.per_year or declared.minimum.per_year for one in declared.group}
    columns = labels(table, at)
    chapter = {one.id: declared.chapter_of(one.codes[0]) for one in declared.group}
    where = {one: PSYCHIATRIC if of == MENTAL else "hospital" for one, of in chapter.items()}
    least = [minimum.get(one) if where.get(one) == level else None
             for one, level in zip(columns["diagnosis"], columns["level"], strict=True)]  # fmt: skip
    per_year = numbers(value / years, shown, 1)
    columns |= {
        "count": counts(value, shown),
        "per_year": per_year,
        "minimum": least,
        "below_minimum": [
            bool(one < most) if one and most else None for one, most in zip(per_year, least, strict=True)
        ],
        "hidden": (~shown).tolist(),
    }
    names = {one.id: one.name.model_dump() for one in declared.chapter}
    names |= {one.id: one.name.model_dump() for one in declared.group}
    rest = {f"{one}{REST}": {"da": f"{names[one]['da']}: øvrige", "en": f"{names[one]['en']}: other"}
            for one in declared.parted}  # fmt: skip
    return {
        "columns": columns,
        "minimum": declared.minimum.model_dump(),
        "names": {**names, **rest, NO_CHAPTER: OTHER_NAME.model_dump()},
    }


def _chain(names: Mapping[str, str], every: Mapping[str, Table], hidden: Mapping[str, Bools]) -> dict[str, Any]:
    """Return by unit or group the share of acute admissions with each kind of contact before, and with none."""
    columns: Columns = {}
    for kind in [*KINDS, "by_ambulance", "by_emergency", "any", "any_week"]:
        if kind not in names:
            continue
        table, gone = every[names[kind]], hidden[names[kind]]
        at = np.arange(len(table.axes[0].nodes))
        no, yes = table.counts[at, 1, 0], table.counts[at, 2, 0]
        shown: Bools = np.atleast_1d(~gone[at].any(axis=1))
        told = {"any": "none", "any_week": "none_at_least"}.get(kind, kind)
        new = labels(table, (at, np.zeros(len(at), dtype=np.intp)))
        new.pop(kind)
        new["before"] = [told] * len(at)
        new |= share(no, yes, shown) if told != kind else share(yes, no, shown)
        columns = {key: columns.get(key, []) + values for key, values in new.items()}
    return {"columns": columns, "told": [kind for kind in KINDS if kind in names]}
