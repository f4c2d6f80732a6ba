"""What stands in a report beside the figures of the model itself: what came first, what was missing, who left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from models.evaluation.competing import incidence
from models.table import FEW, Bools, Floats, Labels, Table, column_ids
from models.three_state import STATES, ThreeState

TENTHS = 10
LEAST = 50  # rows in a tenth that is told of


def three_state(model: ThreeState, table: Table, labels: Labels) -> dict[str, Any]:
    """Return by tenth of the event's share: the mean of each share, and what came by Aalen-Johansen.

    table: rows with a last day seen, also those who left; labels: theirs. A tenth with 1 to 4 events or deaths is None.
    """
    shares = model.shares(table.x)
    told = np.isfinite(labels.days)
    event, died = labels.y == 1, labels.died_first
    order = np.argsort(shares[told, 1], kind="stable")
    rows = np.flatnonzero(told)[order]
    found: list[dict[str, Any] | None] = []
    for part in np.array_split(rows, TENTHS):
        counts = (int(event[part].sum()), int(died[part].sum()))
        if len(part) < LEAST or any(0 < count < FEW for count in counts):
            found.append(None)
            continue
        came, dead = incidence(labels.days[part], event[part].astype(np.float64), died[part])
        means = shares[part].mean(axis=0).tolist()
        found.append(
            {"n": len(part), **dict(zip(STATES, means, strict=True)), "observed_event": came, "observed_death": dead}
        )
    largest = float(np.abs(shares.sum(axis=1) - 1).max()) if len(shares) else 0.0
    return {"tenths": found, "sum_off_by": largest}


def missingness(table: Table, rows: NDArray[np.intp]) -> list[dict[str, Any]]:
    """Return the share of these rows in which each column is missing, most first; None where 1 to 4 people lack it."""
    people = table.person[rows]
    found = []
    for name, column, values in zip(column_ids(table.columns), table.columns, table.x.T, strict=True):
        absent = np.isnan(values[rows])
        few = 0 < np.unique(people[absent]).size < FEW if absent.any() else False
        few = few or (0 < np.unique(people[~absent]).size < FEW if not absent.all() else False)
        share = None if few else float(absent.mean()) if len(absent) else 0.0
        if share != 0.0:
            found.append({"column": name, "label": column["label"], "share": share})
    return sorted(found, key=lambda one: (-(one["share"] or 0.0), one["column"]))


def censoring(labels: Labels) -> list[dict[str, Any]]:
    """Return the share with the event by three ways to treat who left: dropped, taken for without it, weighted for."""
    known, followed = ~np.isnan(labels.y), ~np.isnan(labels.days) | ~np.isnan(labels.y)
    if not known.any():
        return []
    events = float((labels.y == 1).sum())
    weighted = float(np.nansum(labels.y * labels.weight) / labels.weight.sum())
    shares = {"dropped": events / known.sum(), "left_as_none": events / followed.sum(), "weighted": weighted}
    return [{"treatment": name, "share": float(share)} for name, share in shares.items()]


def injuries(labels: Labels, risk: Floats) -> list[dict[str, Any]]:
    """Return share with the event and AUROC where stays for injuries count and where they do not; [] without such."""
    found = []
    for name, y in (("count", labels.y), ("leave_out", labels.without_injuries)):
        if not len(y):
            return []
        known = ~np.isnan(y)
        events = int(y[known].sum())
        if min(events, int(known.sum()) - events) < FEW:
            return []
        found.append(
            {"injuries": name, "share": events / int(known.sum()), "auroc": roc_auc_score(y[known], risk[known])}
        )
    return found


def drop_the_dead(labels: Labels, risk: Floats, audit: Mapping[str, NDArray[Any]]) -> list[dict[str, Any]]:
    """Return, for all and for the oldest, the share with the event, and what it seems where those who died are dropped.

    Dropping them is a default of other tools, and wrong: nobody knows on the landmark who will die. A group with fewer
    than 5 events, or deaths, is left out.
    """
    groups = {"all": np.ones(len(risk), dtype=np.bool_)}
    if "age" in audit:
        groups["85+"] = np.asarray(audit["age"] == "85+")
    found = []
    for name, which in groups.items():
        y, weight = (values[which] for values in (np.nan_to_num(labels.y), labels.weight))
        died = labels.died_first[which]
        if min(int(died.sum()), int(y.sum())) < FEW:
            continue
        total, kept = float(weight.sum()), weight * ~died
        found.append(
            {
                "group": name,
                "observed": float((weight * y).sum() / total),
                "without_the_dead": float((kept * y).sum() / kept.sum()),
                "expected": float((weight * risk[which]).sum() / total),
            }
        )
    return found


def border(own: Floats, other: Floats, entered: Bools) -> dict[str, Any]:
    """Return how the risks of a population differ from what the other population's model says of the same people.

    own, other float64[n]: both models' risks of the people in both; entered bool[n]: who came in since the year before.
    """
    difference = own - other

    def told(which: Bools) -> dict[str, Any]:
        if which.sum() < FEW:
            return {"n": None, "mean": None, "mean_absolute": None, "low": None, "high": None}
        low, high = np.quantile(difference[which], [0.05, 0.95]).tolist() if which.sum() >= 20 * FEW else (None, None)
        mean, size = float(difference[which].mean()), float(np.abs(difference[which]).mean())
        return {"n": int(which.sum()), "mean": mean, "mean_absolute": size, "low": low, "high": high}

    return {"all": told(np.ones(len(own), dtype=np.bool_)), "entered": told(entered)}
