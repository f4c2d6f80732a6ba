"""What a model would show elsewhere, with fewer people, or with other columns: fitted again, asked again.

Leave-one-hospital-out and the split into west, middle and east fit without a place's people and ask about them alone;
the learning curve fits with a share of the people; the research set lets the trees read columns that may not be served.
Each refit is calibrated and asked as the model itself is. Figures have intervals by persons drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.candidates import Candidate, Training, make_candidate, recipes
from models.declared import Declared
from models.evaluation import evaluate
from models.evaluation.core import CORE
from models.spec import Spec
from models.split import PARTS, Split, enough, person_share, split_rows
from models.table import Bools, Table
from stratify.catalogue.entries import Outcome

SHARES = (0.1, 0.25, 0.5, 1.0)  # of the people, for the learning curve
Row = dict[str, Any]


def left_out(spec: Spec, declared: Declared, table: Table, outcome: Outcome, kind: str, factor: str) -> list[Row]:
    """Return a row for each level of a factor: the figures there of a model fitted without its people.

    A level where too few events are left to fit on or to ask about says so in `lacks`.
    """
    if factor not in table.audit:
        return []
    split = split_rows(spec.split, outcome, table)
    found = []
    for level in np.unique(table.audit[factor]).tolist():
        there = table.audit[factor] == level
        told = _refit(spec, declared, table, outcome, kind, _apart(split, there))
        found.append({"split": f"{factor} = {level} left out", **told})
    return found


def learning_curve(spec: Spec, declared: Declared, table: Table, outcome: Outcome, kind: str) -> list[Row]:
    """Return a row for each share of the people: rows and events fitted on, and the figures on the whole test."""
    split = split_rows(spec.split, outcome, table)
    share = person_share(table.stable, spec.split.seed + 3)
    found = []
    for most in SHARES:
        part = _kept(split, {name: share[split.rows[name]] < most for name in PARTS if name != "test"})
        y = table.labels[outcome.id].y[part.rows["train"]]
        told = _refit(spec, declared, table, outcome, kind, part)
        events = None if told["lacks"] else int(y.sum())  # too few to fit on are too few to tell
        found.append({"share": most, "rows": len(y), "events": events, **told})
    return found


def feature_sets(spec: Spec, declared: Declared, whole: Table, outcome: Outcome) -> list[Row]:
    """Return a row for the served and for the research set: the figures of trees on each, on the same test rows."""
    found = []
    for name, research in (("served", False), ("research", True)):
        table = whole.served(research=research)
        split = split_rows(spec.split, outcome, table)
        told = _refit(spec, declared, table, outcome, "lightgbm", split)
        found.append({"set": name, "columns": len(table.columns), **told})
    return found


def _apart(split: Split, there: Bools) -> Split:
    """Fit and calibrate without the people of a place, ask about them."""
    kept = {part: ~there[split.rows[part]] for part in PARTS}
    return _kept(split, {**kept, "test": ~kept["test"]})


def _kept(split: Split, which: Mapping[Any, Bools]) -> Split:
    rows = {part: split.rows[part][which[part]] if part in which else split.rows[part] for part in PARTS}
    fold = {part: fold[which[part]] if part in which else fold for part, fold in split.fold.items()}
    return replace(split, rows=rows, fold=fold)


def _refit(spec: Spec, declared: Declared, table: Table, outcome: Outcome, kind: str, split: Split) -> Row:
    nothing: Row = dict.fromkeys(CORE)
    labels = table.labels[outcome.id]
    short = enough(outcome, "refit", split, labels.y, 1)
    if short:
        return {**nothing, "lacks": f"too few events in {short.split}"}
    train = Training.of(table, outcome.id, split)
    bare = spec.model_copy(update={"baselines": ()})
    recipe = next(one for one in recipes(bare, declared, train) if one.name == kind)
    candidate = make_candidate(recipe, spec, table, outcome.id, split)
    if candidate is None:
        return {**nothing, "lacks": "no rising calibration"}
    return {**figures(candidate, spec, table, outcome.id, split.rows["test"]), "lacks": None}


def figures(candidate: Candidate, spec: Spec, table: Table, outcome: str, rows: NDArray[np.intp]) -> Row:
    """Return the core figures of a candidate on some rows."""
    labels = table.labels[outcome].rows(rows)
    report = evaluate(
        labels.y,
        candidate.member.risk(table.read(candidate.member.columns, rows), table.inside[rows]),
        person=table.person[rows],
        weight=labels.weight,
        **spec.evaluation.model_dump(),
    )
    return {name: report["overall"][name] for name in CORE} | {"n": report["n"], "events_tested": report["events"]}
