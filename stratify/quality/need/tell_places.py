"""What is told of catchments: who lives there, and how much of what is offered is used by those it is for."""

from __future__ import annotations

from typing import Any

import numpy as np

from stratify.catalogue import Catalogue
from stratify.quality.need.columns import Columns, cells, counts, in_funnel, labels, numbers, share
from stratify.quality.need.counting import Counts
from stratify.quality.need.ground import Frame
from stratify.quality.need.hiding import Table, hide
from stratify.quality.need.looks import BY
from stratify.quality.need.uses import declared, lacks
from stratify.store.read import Store


def tell_looks(found: Counts, frame: Frame) -> dict[str, Any]:
    """Return the adults of each place by each cut, with the share of the place's adults."""
    axes = frame.axes
    tables = {by: Table((axes["place"], axes[by]), found[f"looks.{by}"][..., None]) for by in BY}
    tables = {by: table for by, table in tables.items() if _told(table)}
    hidden = hide(tables)
    told = {}
    for by, table in tables.items():
        at = cells(table, [range(len(axis.nodes)) for axis in table.axes])
        value, whole = table.counts[at][:, 0], table.counts[at[0], 0, 0]
        shown = ~hidden[by][at]
        both = shown & ~hidden[by][at[0], 0]
        columns: Columns = labels(table, at)
        columns |= {
            "count": counts(value, shown),
            "denominator": counts(whole, both),
            "value": numbers(value / np.where(whole > 0, whole, np.nan), both),
            "hidden": (~shown).tolist(),
        }
        told[by] = {"columns": columns}
    return told


def _told(table: Table) -> bool:
    """Whether a source tells of a cut at all: somebody is in another group than the one for nobody told."""
    last = len(table.axes[1].nodes) - 1
    return bool(table.counts[0, 0, 0] > table.counts[0, last, 0])


def tell_use(found: Counts, frame: Frame, store: Store, catalogue: Catalogue) -> dict[str, Any]:
    """Return by use the share of those eligible by place, in a funnel; and the offers whose use no register tells."""
    told: dict[str, Any] = {}
    for use in declared():
        about = {
            "name": use.name.model_dump(),
            "offer": use.offer,
            "eligible": use.eligible_text.model_dump(),
            "used": use.used_text.model_dump(),
            "source": use.source,
            "provenance": use.provenance,
        }
        name = f"use.{use.id}"
        if name not in found:
            told[use.id] = about | {"status": "not_measurable", "lacking": lacks(use, store, catalogue)}
            continue
        table = Table.shares((frame.axes["place"],), found[name][..., 0])
        shown = ~hide({name: table})[name]
        at = np.arange(len(shown))
        names = labels(table, (at,))
        yes, no = table.counts[:, 0], table.counts[:, 1]
        lines, facts = in_funnel(names["level"], yes + no, yes, shown, "p")
        told[use.id] = about | {
            "status": "measured",
            "columns": {**names, **share(yes, no, shown), **lines},
            "funnels": facts,
        }
    known = {use.offer for use in declared()}
    untold = {key: offer.name.model_dump() for key, offer in catalogue.offers.items() if key not in known}
    return {"uses": told, "not_told": untold}
