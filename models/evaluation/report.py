"""Everything known of how well predicted risks fit what happened, in one call and one dictionary.

n, people, events, n_weighted, events_weighted, prevalence, mean_risk, suppressed, too_few, bootstraps, seed
overall            core: auroc, auprc, brier, scaled_brier, calibration_intercept, calibration_slope, oe, ici, e50, e90
calibration_curve  risk, observed, low, high: lists
distribution       from, to, and the share of those with the event and of the others whose risk lies there
roc                false_positive, true_positive: lists
decision_curve     threshold, model {value, low, high}, treat_all, treat_none: lists; agreed: items
capacity           for each share of places: cut, flagged, sensitivity, positive_predictive_value, net_benefit
deciles            tenth, n, mean_risk, observed, cumulative_incidence, died_first, suppressed
subgroups          {factor: {level: counts, the core, oe_adjusted, net_benefit by threshold, false_negatives by share}}
others             {model: the core, net_benefit, difference {auroc, ici, net_benefit}: ours less theirs}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.evaluation.bins import PART, WHOLE, Column, column, edges_of
from models.evaluation.bootstrap import draw
from models.evaluation.core import CORE, NONE, Core, above, core, intervals
from models.evaluation.curves import (
    GRID,
    agreed,
    calibration_curve,
    deciles,
    decision_curve,
    distribution,
    places,
    roc,
    tenths,
)
from models.evaluation.net_benefit import capacity_cuts
from models.evaluation.rows import Rows, arrange
from models.evaluation.small import Ledger, hidden_levels, people_in
from models.evaluation.subgroups import counts, subgroups, uncounted
from models.table import Floats
from stratify.disclosure import SMALLEST_SHOWN
from stratify.errors import UsageError

THRESHOLDS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4)
CAPACITY = (0.01, 0.02, 0.05, 0.1)
DIFFERENCES = ("auroc", "ici")
_OWN, _TENTHS, _GROUP, _OTHER = "own", "tenths", "group ", "other "


def evaluate(
    y: ArrayLike,
    risk: ArrayLike,
    *,
    person: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    died_first: ArrayLike | None = None,
    days: ArrayLike | None = None,
    groups: Mapping[str, Sequence[str] | NDArray[Any]] | None = None,
    others: Mapping[str, ArrayLike] | None = None,
    thresholds: Sequence[float] = THRESHOLDS,
    capacity: Sequence[float] = CAPACITY,
    bootstraps: int = 200,
    seed: int = 1,
) -> dict[str, Any]:
    """Return all figures of predicted risks, ready for JSON; the same for the same rows in any order, and seed.

    y[n] is 0 or 1, risk[n] within 0 and 1. person int[n] says whose row it is (else each is a person's own); weight[n]
    is that of inverse probability of censoring, and a row of weight 0 counts nowhere but in the cumulative incidences;
    died_first bool[n]; days[n] to the event, death or last sight; groups {factor: label[n]} are subgroups, not people
    (those that `fit` calls `groups` are `person` here); others {model: risk[n]}.

    Every figure is {"value", "low", "high"}, a 95 % interval of `bootstraps` draws of people. None is what cannot be
    computed (`too_few`: one class alone) or not be shown (`suppressed`: 1 to 4 people have the event, or have not, or
    what is shown elsewhere in the report would tell of 1 to 4).
    DataError (exit 11) names arrays that are not as they must be, UsageError (exit 2) the other arguments.
    """
    _refuse(thresholds, capacity, bootstraps)
    everybody = arrange(
        y, risk, person=person, weight=weight, died_first=died_first, days=days, groups=groups, others=others
    )
    rows = everybody.counted()
    people = people_in(np.zeros(len(rows), dtype=np.int64), 1, rows.person, rows.y)
    told: dict[str, Any] = {**uncounted(), "bootstraps": bootstraps, "seed": seed}
    told |= {"overall": dict.fromkeys(CORE, NONE), "calibration_curve": None, "distribution": None, "roc": None}
    told |= {"decision_curve": None, "capacity": [], "deciles": [], "subgroups": {}, "others": {}}
    if hidden_levels(people)[0]:
        return told | {"suppressed": True}
    told |= counts(rows.y, rows.risk, rows.weight, int(people[0, 0]))
    least = SMALLEST_SHOWN * int(np.bincount(rows.person).max())  # so many rows are of five people at least
    cuts = capacity_cuts(rows.risk, rows.weight, capacity)
    also = np.concatenate([np.array(thresholds, dtype=np.float64), cuts])
    columns, tenth = _columns(rows, also), tenths(rows)
    columns[_TENTHS] = column(rows.y, rows.risk, rows.weight, np.empty(0), tenth.code, len(tenth.levels))
    drawn = draw(columns, rows.weight, rows.identity, bootstraps, seed)
    own, draws = columns[_OWN], drawn[_OWN][:, 0]
    bins = own.level(0)
    found = core(rows.y, rows.risk, rows.weight, bins, draws[:, bins.there])
    told["overall"] = found.figures()
    ledger = Ledger.of(rows.y, rows.person, least)
    at_agreed = agreed(rows, own, draws, thresholds, ledger)
    told["capacity"] = places(rows, own, draws, capacity, cuts, ledger)
    told["deciles"] = deciles(rows, everybody, tenth, drawn[_TENTHS], ledger)
    told["decision_curve"] = {**decision_curve(rows, own, draws, ledger), "agreed": at_agreed}
    if not told["too_few"]:
        told["calibration_curve"] = calibration_curve(bins, draws[:, bins.there])
        told["distribution"] = distribution(rows, ledger)
        told["roc"] = roc(own, ledger)
    hidden = np.array([one["flagged"] is None for one in (*at_agreed, *told["capacity"])])
    of_groups = {name: (columns[_GROUP + name], drawn[_GROUP + name]) for name in rows.factors}
    told["subgroups"] = subgroups(
        rows,
        {name: pair[0] for name, pair in of_groups.items()},
        {name: pair[1] for name, pair in of_groups.items()},
        thresholds,
        capacity,
        cuts,
        hidden,
        least,
    )
    told["others"] = {
        name: _beside(
            rows,
            (found, own, draws, hidden[: len(thresholds)]),
            name,
            columns[_OTHER + name],
            drawn[_OTHER + name][:, 0],
            thresholds,
            least,
        )
        for name in rows.others
    }
    return told


def _columns(rows: Rows, also: Floats) -> dict[str, Column]:
    """Return where the rows fall: by risk, by other models' risks, and by risk within each factor."""
    of_all = np.append(also, GRID)
    edges = edges_of(rows.y, rows.risk, rows.weight, WHOLE, of_all)
    found = {_OWN: column(rows.y, rows.risk, rows.weight, edges)}
    for name, risk in rows.others.items():
        order = np.argsort(risk, kind="stable")
        edges = edges_of(rows.y[order], risk[order], rows.weight[order], WHOLE, of_all)
        found[_OTHER + name] = column(rows.y, risk, rows.weight, edges)
    edges = edges_of(rows.y, rows.risk, rows.weight, PART, also)
    for name, factor in rows.factors.items():
        found[_GROUP + name] = column(rows.y, rows.risk, rows.weight, edges, factor.code, len(factor.levels))
    return found


def _beside(
    rows: Rows,
    ours: tuple[Core, Column, Floats, NDArray[np.bool_]],
    name: str,
    its_column: Column,
    its_drawn: Floats,
    thresholds: Sequence[float],
    least: int,
) -> dict[str, Any]:
    """Return another model's figures, and how far ours lie above them: AUROC, ICI and net benefit.

    ours: the figures, where the rows fall, those drawn, and at which thresholds they are hidden.
    """
    own, own_column, own_drawn, own_hidden = ours
    order = np.argsort(rows.others[name], kind="stable")
    y, risk, weight = rows.y[order], rows.others[name][order], rows.weight[order]
    bins = its_column.level(0)
    its = core(y, risk, weight, bins, its_drawn[:, bins.there])
    cuts = np.array(thresholds)
    at = above(rows.y, rows.risk, rows.weight, own_column, 0, own_drawn, cuts)
    its_at = above(y, risk, weight, its_column, 0, its_drawn, cuts)
    hide_its = Ledger.of(y, rows.person[order], least).hides(its_at.count)
    hide = hide_its | own_hidden
    (exact, draws), (its_exact, its_draws) = at.benefit(cuts), its_at.benefit(cuts)
    keys = [str(threshold) for threshold in thresholds]
    return {
        **its.figures(),
        "net_benefit": dict(zip(keys, intervals((its_exact, its_draws), hide_its), strict=True)),
        "difference": {
            **{figure: own.less(its, figure) for figure in DIFFERENCES},
            "net_benefit": dict(zip(keys, intervals((exact - its_exact, draws - its_draws), hide), strict=True)),
        },
    }


def _refuse(thresholds: Sequence[float], capacity: Sequence[float], bootstraps: int) -> None:
    """Raise UsageError where an argument beside the rows is not as it must be."""
    problems = []
    for name, given in (("thresholds", thresholds), ("capacity", capacity)):
        if not len(given) or not all(0 < value < 1 for value in given) or len(set(given)) < len(given):
            problems.append(f"{name}: different values between 0 and 1 are required, got {tuple(given)}")
    if bootstraps < 20:
        problems.append(f"bootstraps: 20 or more are required for an interval, got {bootstraps}")
    if problems:
        raise UsageError("an evaluation cannot be made so:", problems)
