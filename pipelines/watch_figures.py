"""What is told of a watched member: its lines by month and subgroup, its drifting columns, and what is hidden of them.

A month is mature when the window and the register's delay of all its rows are over. `in_training` marks the months that
lie before the end of the last window that the model was fitted or calibrated on: the people watched were in no fit, but
the times were.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import Bundle, Declared
from models.drift import FLOOR, Counts, judged, moved
from models.evaluation.nested import Nest
from models.evaluation.nested_cuts import levels_hidden
from models.evaluation.rows import arrange
from models.evaluation.small import small
from models.table import Bools, Floats
from models.watch import QUANTILES, Figures, month_figures
from pipelines.index_build import IndexKind
from pipelines.labelled import NOT_TOLD, bands, censoring_strata, weighed
from pipelines.matrix import Matrix
from pipelines.watch_rows import EXEMPT, LEVELS, Look, Months
from stratify.catalogue import Catalogue
from stratify.catalogue.entries import Outcome
from stratify.disclosure import SMALLEST_SHOWN, shown
from stratify.features.kernel import Ints, Rows
from stratify.outcomes import followed
from stratify.registers.clock import day_number, read_date
from stratify.store.read import Store

POOLED = 12  # the latest mature months that level, slope and order are judged on: single months hold too few events
ALL = "all"
A_YEAR = 365
Labels = tuple[Floats, Floats]
Groups = Mapping[str, NDArray[np.str_]]
ROUNDED = 3  # decimals of what was foreseen


@dataclass(frozen=True)
class Before:
    """People that models were developed on, by calendar month of the year of calibration: how many, and their cells.

    A month is held against the same one of that year: days since a yearly visit are others in June than in January.
    """

    people: Sequence[int]  # by month
    counts: Mapping[str, Counts]  # by column, int[months, bins + 1]


@dataclass(frozen=True)
class Watched:
    """All rows of one kind, sorted by person and day; counts and `before` by population.

    risks: by member, NaN where another model's is shown. told: the columns that tell groups apart. of: who is in which
    population.
    """

    look: Look
    person: Ints
    day: Ints
    minute: Ints
    month: Ints
    risks: Mapping[str, Floats]
    told: Mapping[str, Floats]
    groups: Groups
    of: Mapping[str, Bools]
    counts: Mapping[str, Mapping[str, Counts]]
    before: Mapping[str, Before]


@dataclass(frozen=True)
class Pooled:
    """Rows of a member's latest mature months, of all or of a subgroup; `series`: of all mature months, for its chart.

    months: their places. untold: the figures would give away a month that is hidden, so they are not told.
    """

    member: str
    factor: str
    level: str
    risk: Floats
    y: Floats
    weight: Floats
    month: Ints
    months: Ints
    threshold: float
    series: bool = False
    untold: bool = False


def matured(months: Months, outcome: Outcome, store: Store, kind: IndexKind | None) -> Bools:
    """Return which months have all their windows and the register's delay over; they come before the others."""
    days = np.array(months.days)
    latest = days[1:] - 1 if kind else days[:-1]
    later = 1 if kind and kind.index == "psychiatric_outpatient" else 0  # its window opens on the day after
    end = latest + later + outcome.horizon_days
    return np.asarray(
        (end <= store.day("covers_to") + 1) & (end + outcome.register_delay_days <= store.day("delivered"))
    )


def groups_of(told: Mapping[str, Floats], smi: Bools, inside: Bools, store: Store) -> dict[str, NDArray[np.str_]]:
    """Return each row's label by factor; a factor that the source cannot tell is not there.

    Resources are told by what registers hint of: exempt from Digital Post, and schooling of the year before.
    """
    found = {
        "psychiatric_somatic": np.where(inside, "yes", "no"),
        "smi": np.where(smi, "yes", "no"),
        "sex": np.where(told["person_female"] == 1, "female", "male"),
        "age": bands(told["person_age"]),
    }
    if store.has("communication"):
        found["digital_exemption"] = np.where(told[EXEMPT] == 1, "yes", "no")
    if store.has("education"):
        levels = {name: told[column] == 1 for name, column in LEVELS.items()}
        found["education"] = np.select(list(levels.values()), list(levels), NOT_TOLD)
    return found


def member_lines(
    key: str, found: Watched, bundle: Bundle, catalogue: Catalogue, declared: Declared, store: Store
) -> tuple[list[dict[str, Any]], list[Pooled]]:
    """Return a member's lines by month and subgroup, and the rows that its level, slope and chart are judged on."""
    outcome, look = catalogue.outcomes[key.split("/")[0]], found.look
    rows = np.flatnonzero(~np.isnan(found.risks[key]))
    if not len(rows):
        return [], []
    y, weight = _labels(store, outcome, found, rows)
    risk, month, person = found.risks[key][rows], found.month[rows], found.person[rows]
    groups = {name: of[rows] for name, of in found.groups.items() if len(np.unique(of[rows])) > 1}
    mature, learned = matured(look.months, outcome, store, look.kind), learned_until(bundle.cards[key])
    threshold = _threshold(key, bundle, declared)
    lines: list[dict[str, Any]] = []
    for nth, name in enumerate(look.months.names()):
        mine, closed = np.flatnonzero(month == nth), bool(mature[nth])
        taking = mine[~np.isnan(y[mine]) & (weight[mine] > 0)] if closed else mine
        hidden = _hidden(y if closed else np.zeros(len(y)), risk, person, taking, groups)
        base = {"member": key, "month": name, "mature": closed, "in_training": look.months.days[nth] < learned}
        for factor, level, of in _levels(groups, mine):
            figures = month_figures(risk[of], y[of] if closed else None, weight[of], threshold)
            told = line_of(figures, hidden=hidden.get((factor, level), True))
            lines.append({**base, "factor": factor, "level": level, "threshold": threshold, **told})
    lines = along(lines)
    places, late = np.flatnonzero(mature), np.flatnonzero(mature)[-POOLED:]
    names = look.months.names()
    hidden_in = {(line["month"], line["factor"], line["level"]) for line in lines if line["suppressed"]}
    pooled = []
    for factor, level, of in _levels(groups, np.flatnonzero(np.isin(month, late))):
        dark = np.array([nth for nth in late.tolist() if (names[nth], factor, level) in hidden_in], dtype=np.int64)
        untold = _gives_away(y[of], weight[of], person[of], month[of], dark)
        own = risk[of], y[of], weight[of], month[of]
        pooled.append(Pooled(key, factor, level, *own, late, threshold, untold=untold))
    every = np.flatnonzero(mature[month])
    series = Pooled(key, ALL, ALL, risk[every], y[every], weight[every], month[every], places, threshold, series=True)
    return lines, [*pooled, series]


def drift_lines(key: str, found: Watched, bundle: Bundle) -> list[dict[str, Any]]:
    """Return a line for each month and column that the member reads; what is missing of 1 to 4 rows is not told."""
    population = key.split("/")[1]
    before = found.before[population]
    names = bundle.members[key].columns
    lines = []
    mine = np.flatnonzero(found.of[population])
    for nth, month in enumerate(found.look.months.names()):
        same = int(month[-2:]) - 1
        now = np.unique(found.person[mine[found.month[mine] == nth]]).size
        for name in names:
            counts = found.counts[population][name][nth]
            one = judged(moved(before.counts[name][same], counts, (before.people[same], now)), len(names))
            told = shown(int(counts[-1]), int(counts.sum())) is not None
            line = {"member": key, "feature": name, "month": month, "psi": one.psi, "limit": one.limit, "floor": FLOOR}
            line |= {"missing_before": round(one.missing_before, 4), "missing_now": one.missing_now if told else None}
            lines.append({**line, "state": one.state, "why": one.why})
    return lines


def line_of(told: Figures, *, hidden: bool) -> dict[str, Any]:
    """Return a line's figures as they may be shown: none where it is hidden, no share of 1 to 4 flagged."""
    line: dict[str, Any] = {"n": told.n, "events": told.events, "expected": round(told.expected, ROUNDED)}
    line |= {name: getattr(told, name) for name in ("oe", "intercept", "slope", "auroc")}
    for name in ("oe", "slope", "auroc"):
        low, high = getattr(told, f"{name}_interval") or (None, None)
        line |= {f"{name}_low": low, f"{name}_high": high}
    line["flag_rate"] = None if shown(told.flagged, told.rows) is None else told.flag_rate
    enough = told.rows * min(QUANTILES) >= SMALLEST_SHOWN  # people beyond the outer quantiles
    scores = told.scores if enough else (None,) * len(QUANTILES)
    line |= {f"score_{round(100 * at)}": score for at, score in zip(QUANTILES, scores, strict=True)}
    if hidden:
        line = dict.fromkeys(line)
    return {**line, "too_few": "" if hidden else ",".join(told.too_few), "suppressed": hidden}


def along(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Hide the smallest month of all beside one that alone is hidden: a total over the months would tell that one."""
    whole = [line for line in lines if line["factor"] == ALL and line["mature"]]
    rest = [line for line in whole if not line["suppressed"]]
    if len(whole) - len(rest) != 1 or not rest:
        return lines
    month = min(rest, key=lambda line: (line["events"], line["month"]))["month"]
    empty = line_of(Figures(0, 0, None, None, 0.0, 0, None, ()), hidden=True)
    return [{**line, **empty} if line["month"] == month else line for line in lines]


def threshold_of(quantiles: Sequence[Sequence[float]], agreed: Sequence[float], places: float) -> float:
    """Return the agreed threshold that flags nearest to so many places, by [share below, risk] of a bundle's reference.

    >>> threshold_of([[0.5, 0.1], [0.9, 0.2], [0.99, 0.5]], (0.1, 0.2, 0.3), 0.1)
    0.2
    """
    if not quantiles:
        return float(agreed[0])
    below, risk = zip(*quantiles, strict=True)
    return float(min(agreed, key=lambda cut: abs(1 - float(np.interp(cut, risk, below)) - places)))


def learned_until(card: Mapping[str, Any]) -> int:
    """Return the day on which the last window that the model was fitted or calibrated on was over.

    Index events are learned from in years, of which the card tells the first day.
    """
    days = [read_date(day, "landmark") for part in ("train", "calibrate") for day in card["made_on"][part]["landmarks"]]
    whole = 0 if card["population"]["id"] in ("psychiatric_somatic", "multimorbid") else A_YEAR
    return max(map(day_number, days), default=0) + whole + int(card["horizon_days"])


def _threshold(key: str, bundle: Bundle, declared: Declared) -> float:
    asked = declared.specs[key.split("/")[0]].evaluation
    return threshold_of(bundle.reference(key)["score_quantiles"], asked.thresholds, max(asked.capacity))


def _labels(store: Store, outcome: Outcome, found: Watched, rows: NDArray[np.intp]) -> Labels:
    """Labels and censoring weights, in strata of month, age band and newcomers as in training."""
    of = Rows(found.person[rows], found.day[rows])
    needed = ("person_age", "person_newcomer")
    cells = np.column_stack([found.told[name][rows] for name in needed])
    strata = censoring_strata(found.month[rows].astype(np.int32), Matrix(of, cells, [{"id": n} for n in needed], {}))
    minute = found.minute[rows] if found.look.kind and found.look.kind.index == "discharge" else None
    labels = weighed(followed(store, outcome, of, minute), strata)
    return labels.y, labels.weight


def _levels(groups: Groups, rows: NDArray[np.intp]) -> Iterator[tuple[str, str, NDArray[np.intp]]]:
    """Yield everybody, then each level of each factor that has rows, with the rows it has."""
    if len(rows):
        yield ALL, ALL, rows
    for factor, labels in groups.items():
        mine = labels[rows]
        for level in np.unique(mine).tolist():
            yield factor, level, rows[mine == level]


def _hidden(
    y: Floats, risk: Floats, person: Ints, rows: NDArray[np.intp], groups: Groups
) -> dict[tuple[str, str], bool]:
    """Which levels of a month are hidden, for themselves and for what lies beside and in them; all, if all are few."""
    if not len(rows):
        return {}
    told = arrange(y[rows], risk[rows], person=person[rows], groups={name: of[rows] for name, of in groups.items()})
    nest = Nest.of(told)
    hidden = levels_hidden(nest, told, SMALLEST_SHOWN * int(np.bincount(told.person).max()))
    found = {
        (name or ALL, level or ALL): bool(hidden[nest.places[name] + nth])
        for name, factor in nest.factors.items()
        for nth, level in enumerate(factor.levels)
    }
    return dict.fromkeys(found, True) if found[ALL, ALL] else found


def _gives_away(y: Floats, weight: Floats, person: Ints, month: Ints, hidden: Ints) -> bool:
    """Whether what is left of a total, less the months that are told, is of one month, or of 1 to 4 people."""
    taking = ~np.isnan(y) & (weight > 0)
    of = [np.unique(person[taking & which]).size for which in (y >= 0, y == 1, y == 0)]
    if small(np.array(of), SMALLEST_SHOWN):
        return True
    left = taking & np.isin(month, hidden)
    if not left.any():
        return False
    parts = [np.unique(person[left & which]).size for which in (y >= 0, y == 1, y == 0)]
    return len(np.unique(month[left])) == 1 or bool(small(np.array(parts), SMALLEST_SHOWN))
