"""What stands in a report beside the figures of the model itself: what came first, what was missing, who left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from models.evaluation.competing import incidence
from models.evaluation.core import CORE, NONE
from models.evaluation.small import small, widened
from models.table import FEW, Bools, Floats, Labels, Table, column_ids
from models.three_state import STATES, ThreeState

TENTHS = 10
LEAST = 50  # rows in a tenth that is told of


def three_state(model: ThreeState, table: Table, labels: Labels) -> dict[str, Any]:
    """Return by tenth of the event's share: the mean of each share, and what came by Aalen-Johansen.

    table: rows with a last day seen, also those who left; labels: theirs. A tenth with 1 to 4 people with the event,
    dead, or with neither is None, and so is another where it could be worked out; n is, where 1 to 4 left.
    """
    shares = model.shares(table.x)
    told = np.isfinite(labels.days)
    event, died = labels.y == 1, labels.died_first
    order = np.argsort(shares[told, 1], kind="stable")
    tenths = np.array_split(np.flatnonzero(told)[order], TENTHS)
    kinds = np.ones_like(event), event, died, ~event & ~died
    people = np.array([[np.unique(table.person[part[kind[part]]]).size for kind in kinds] for part in tenths])
    short = np.array([len(part) < LEAST for part in tenths])
    hidden = widened(short | small(people, FEW), people, FEW)
    few_left = _few(int((told & np.isnan(labels.y)).sum()))
    found: list[dict[str, Any] | None] = []
    for part, hide in zip(tenths, hidden, strict=True):
        if hide:
            found.append(None)
            continue
        came, dead = incidence(labels.days[part], event[part].astype(np.float64), died[part])
        means = dict(zip(STATES, shares[part].mean(axis=0).tolist(), strict=True))
        n = None if few_left else len(part)
        found.append({"n": n, **means, "observed_event": came, "observed_death": dead})
    largest = float(np.abs(shares.sum(axis=1) - 1).max()) if len(shares) else 0.0
    return {"tenths": found, "sum_off_by": largest}


def missingness(table: Table, rows: NDArray[np.intp]) -> list[dict[str, Any]]:
    """Return the share of these rows in which each column is missing, most first; None where 1 to 4 people lack it.

    Or have it, or lack it less than a column shown that all of them lack: a shorter window, a second analyte.
    """
    people = table.person[rows]
    least = FEW * int(np.unique(people, return_counts=True)[1].max(initial=1))

    def absent(place: int) -> Bools:
        return np.asarray(np.isnan(table.x[rows, place]))

    def few(which: Bools) -> bool:
        return bool(which.any()) and np.unique(people[which]).size < FEW

    count = np.array([absent(place).sum() for place in range(table.x.shape[1])], dtype=np.int64)
    names = column_ids(table.columns)
    found: list[dict[str, Any]] = []
    told: list[int] = []
    for place in sorted(np.flatnonzero(count).tolist(), key=lambda nth: (-count[nth], names[nth])):
        lacking = absent(place)
        hide = few(lacking) or few(~lacking)
        for other in (one for one in told if 0 < count[one] - count[place] < least):
            hide = hide or (bool(absent(other)[lacking].all()) and few(absent(other) & ~lacking))
        if not hide:
            told.append(place)
        share = None if hide else float(count[place]) / len(rows)
        found.append({"column": names[place], "label": table.columns[place]["label"], "share": share})
    return sorted(found, key=lambda one: (-(one["share"] or 0.0), one["column"]))


def censoring(labels: Labels) -> list[dict[str, Any]]:
    """Return the share with the event by three ways to treat who left: dropped, taken for without it, weighted for.

    Where 1 to 4 left, what it would be with them is None; where 1 to 4 have the event, or have not, there are none.
    """
    known, followed = ~np.isnan(labels.y), ~np.isnan(labels.days) | ~np.isnan(labels.y)
    events, n, all_of_them = int((labels.y == 1).sum()), int(known.sum()), int(followed.sum())
    if not n or _few(events, n - events):
        return []
    weighted = float(np.nansum(labels.y * labels.weight) / labels.weight.sum())
    as_none = None if _few(all_of_them - n) else events / all_of_them
    shares = {"dropped": events / n, "left_as_none": as_none, "weighted": weighted}
    return [{"treatment": name, "share": share} for name, share in shares.items()]


def injuries(labels: Labels, risk: Floats) -> list[dict[str, Any]]:
    """Return share with the event and AUROC where stays for injuries count and where they do not; [] without such.

    Neither where fewer than 5 have the event or have not, or where the two differ by 1 to 4.
    """
    found, counts = [], []
    for name, y in (("count", labels.y), ("leave_out", labels.without_injuries)):
        if not len(y):
            return []
        known = ~np.isnan(y)
        events = int(y[known].sum())
        counts.append((events, int(known.sum()) - events))
        if min(counts[-1]) < FEW:
            return []
        found.append(
            {"injuries": name, "share": events / int(known.sum()), "auroc": roc_auc_score(y[known], risk[known])}
        )
    return [] if _few(*(abs(a - b) for a, b in zip(*counts, strict=True))) else found


def drop_the_dead(
    labels: Labels, risk: Floats, audit: Mapping[str, NDArray[Any]], subgroups: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Return, for all and for the oldest, the share with the event, and what it seems where those who died are dropped.

    Dropping them is a default of other tools, and wrong: nobody knows on the landmark who will die. A group with fewer
    than 5 events, or deaths, is left out, and so are the oldest where 1 to 4 of the others have one, and where their
    group is hidden among `subgroups`.
    """
    counts = labels.weight > 0
    groups = {"all": np.ones(len(risk), dtype=np.bool_)}
    oldest = (subgroups or {}).get("age", {}).get("85+", {})
    if "age" in audit and not oldest.get("suppressed"):
        groups["85+"] = np.asarray(audit["age"] == "85+")
    found = []
    for name, which in groups.items():
        y, weight = (values[which] for values in (np.nan_to_num(labels.y), labels.weight))
        died = labels.died_first[which]
        kinds = labels.y == 1, labels.died_first, ~labels.died_first & ~(labels.y == 1)
        less = [int((counts & ~which & kind).sum()) for kind in kinds]
        if min(int(died.sum()), int(y.sum())) < FEW or _few(*less, int((counts & which & kinds[2]).sum())):
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


def apart_from_hidden(refits: Sequence[Mapping[str, Any]], factor: str, levels: Mapping[str, Any]) -> list[Any]:
    """Return refits without a level each, with no figures of those that are hidden among the levels of a factor."""
    hidden = {f"{factor} = {level} left out" for level, one in levels.items() if one["suppressed"]}
    nothing = {**dict.fromkeys(CORE, NONE), "n": None, "events_tested": None}
    return [{**row, **nothing} if row["split"] in hidden and not row["lacks"] else row for row in refits]


def border(own: Floats, other: Floats, entered: Bools, whole: int | None = None) -> dict[str, Any]:
    """Return how the risks of a population differ from what the other population's model says of the same people.

    own, other float64[n]: both models' risks of the people in both; entered bool[n]: who came in since the year before;
    whole: how many are in the population. Who came in is hidden where 1 to 4 did not, n where 1 to 4 are not in both.
    """
    difference = own - other

    def told(which: Bools) -> dict[str, Any]:
        if which.sum() < FEW or _few(int((~which).sum())):
            return {"n": None, "mean": None, "mean_absolute": None, "low": None, "high": None}
        low, high = np.quantile(difference[which], [0.05, 0.95]).tolist() if which.sum() >= 20 * FEW else (None, None)
        mean, size = float(difference[which].mean()), float(np.abs(difference[which]).mean())
        return {"n": int(which.sum()), "mean": mean, "mean_absolute": size, "low": low, "high": high}

    both = told(np.ones(len(own), dtype=np.bool_))
    if whole is not None and _few(whole - len(own)):
        both["n"] = None
    return {"all": both, "entered": told(entered)}


def _few(*counts: int) -> bool:
    """Return whether one of these is of 1 to 4."""
    return any(0 < count < FEW for count in counts)
