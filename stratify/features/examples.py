"""A feature family's examples, worked out by the code that builds the matrix: one person, at landmark day 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from stratify.catalogue import Catalogue
from stratify.catalogue.entries import FeatureExample, FeatureFamily, FeatureGroup
from stratify.cohort import Spells
from stratify.features.build import cell, gather, person_cells
from stratify.features.columns import columns, groups
from stratify.features.conditions import group_names, present_of
from stratify.features.events import chosen
from stratify.features.flags import flags_of, part_groups
from stratify.features.indices import lookbacks, scores_of
from stratify.features.kernel import Events, Floats, Rows, presence


def evaluate_example(family: FeatureFamily, example: FeatureExample, catalogue: Catalogue) -> float | str:
    """Return the cell the example's column holds, or "missing", to be held against the example's `expect`.

    Raises ValueError for a column or a group that the family does not have.
    """
    found = [c for c in columns(catalogue) if c.family.id == family.id and c.id == example.column]
    if not found:
        raise ValueError(f"features/{family.id}.toml: example: no such column {example.column!r}")
    column, rows, of = found[0], Rows(np.array([0]), np.array([0])), groups(family, catalogue)
    if family.domain == "person":
        people = {"birth": np.array([example.born]), "sex": np.array([{None: 0, False: 1, True: 2}[example.woman]])}
        lived = Spells(np.array([0]), np.array([example.resident_since]), np.array([np.inf]))
        value = person_cells(rows, people, lived)[column.group.id]
    elif family.per == "flag":
        value = _flag_cells(family, example, catalogue)[column.group.id]
    elif family.per == "group":
        events = _events(family, example, [group.id for group in of])
        value = cell(gather(events, rows, family, len(of)), column, of.index(column.group))
    elif family.index is not None:
        value = _index_cells(family, example, catalogue)[column.group.id]
    else:
        present = present_of(_events(family, example, group_names(catalogue)), rows, catalogue, catalogue.conditions)
        value = present.cells()[:, present.condition_ids.index(column.group.id)]
    return _told(value)


def _flag_cells(family: FeatureFamily, example: FeatureExample, catalogue: Catalogue) -> dict[str, Floats]:
    """The flags; events are of drugs, by their ATC code, or of conditions."""
    names = group_names(catalogue)
    drugs = tuple(event for event in example.events if event[0] not in names)
    others = tuple(event for event in example.events if event[0] in names)
    rows = Rows(np.array([0]), np.array([0]))
    diagnosed = _in_order([(0, names.index(name), *rest) for name, *rest in others])
    present = present_of(diagnosed, rows, catalogue, catalogue.conditions)
    redeemed = _by_code(drugs, part_groups(family))
    return flags_of(redeemed, rows, present, np.array([example.born]), family)


def _index_cells(family: FeatureFamily, example: FeatureExample, catalogue: Catalogue) -> dict[str, Floats]:
    """The index's cells; events are of its groups, as `hfrs.f03`, or of conditions."""
    index, rows = catalogue.indices[family.index or ""], Rows(np.array([0]), np.array([0]))
    own = [f"{index.id}.{group.id}" for group in index.group]
    mine = tuple(event for event in example.events if event[0] in own)
    others = tuple(event for event in example.events if event[0] not in own)
    grouped = _events(family, example.model_copy(update={"events": mine}), own)
    conditions = _events(family, example.model_copy(update={"events": others}), group_names(catalogue))
    present = present_of(conditions, rows, catalogue, catalogue.conditions)
    has = presence(grouped, rows, lookbacks(index))
    return scores_of(has, index, rows, present, np.array([example.born]), told=True)


def _told(value: Floats) -> float | str:
    return "missing" if np.isnan(value[0]) else float(value[0])


def _events(family: FeatureFamily, example: FeatureExample, names: list[str]) -> Events:
    if coded(family):  # an event is told by its code, and is of each group that has it
        return _by_code(example.events, family.group)
    strangers = {name for name, *_ in example.events} - set(names)
    if strangers:
        raise ValueError(f"features/{family.id}.toml: example: no such group {', '.join(sorted(strangers))}")
    return _in_order([(0, names.index(name), *rest) for name, *rest in example.events])


def coded(family: FeatureFamily) -> bool:
    """Return whether a family's examples name events by their code."""
    return "distinct" in family.aggregates


def _by_code(told: Sequence[tuple[Any, ...]], of: Sequence[FeatureGroup]) -> Events:
    codes = sorted({name for name, *_ in told})
    return _in_order([
        (codes.index(name), place, *rest)
        for name, *rest in told
        for place, group in enumerate(of) if chosen(group, {"code": name})
    ])  # fmt: skip


def _in_order(told: Sequence[tuple[Any, ...]]) -> Events:
    """Events from (code, group, day, known, value, end, end known); the last two where there is an end."""
    told = sorted(told, key=lambda event: (event[2], event[4]))  # as the store sorts: by day, then value
    ends = [event[5:] or (np.nan, np.nan) for event in told]
    return Events(
        person=np.zeros(len(told), dtype=np.int64),
        day=np.array([event[2] for event in told], dtype=np.int64),
        known=np.array([event[3] for event in told], dtype=np.int64),
        group=np.array([event[1] for event in told], dtype=np.int64),
        value=np.array([event[4] for event in told], dtype=np.float64),
        code=np.array([event[0] for event in told], dtype=np.int64),
        end=np.array([end for end, _ in ends], dtype=np.float64),
        end_known=np.array([known for _, known in ends], dtype=np.float64),
    )
