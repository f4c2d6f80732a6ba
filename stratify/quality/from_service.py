"""Measures from the service's own log: what came of being listed, and what people answered.

listed    index: a person on a list; yes: an offer was accepted at most `days` days after; nobody is unknown
answered  index: something was chosen; yes: the answer to the question is `yes_from` or higher, given with the choice or
          25 to 60 days later, as asked; unknown: nobody answered
"""

from __future__ import annotations

import numpy as np

from stratify.quality.cases import Cases, State
from stratify.quality.columns import Tables, among, days, numbers, texts
from stratify.quality.lookup import first_event, last_row
from stratify.quality.parameters import AnswerParameters, ListedParameters

LATER = (25, 60)  # days after the choice within which the later answer counts


def listed(asked: ListedParameters, tables: Tables, period: tuple[int, int]) -> Cases:
    """Return the cases, none of them immature yet."""
    person, day = days(tables, "listed", "person"), days(tables, "listed", "day")
    unit = texts(tables, "listed", "unit")
    said = among(tables, "choice", "choice", ["accept"])
    who, when = days(tables, "choice", "person")[said], days(tables, "choice", "day")[said]
    accepted = first_event(person, day, who, when) - day <= asked.days
    index = (day >= period[0]) & (day < period[1])
    return Cases(person, day, unit, np.where(accepted, State.YES, State.NO).astype(np.int8)).of(index)


def answered(asked: AnswerParameters, tables: Tables, period: tuple[int, int]) -> Cases:
    """Return the cases, none of them immature yet."""
    person, day = days(tables, "choice", "person"), days(tables, "choice", "day")
    pairs = np.unique(np.stack([person, day]), axis=1) if len(person) else np.zeros((2, 0), np.int64)
    person, day = pairs[0], pairs[1]
    mine = among(tables, "answer", "question", [asked.question])
    who, when = days(tables, "answer", "person")[mine], days(tables, "answer", "day")[mine]
    value = numbers(tables, "answer", "value")[mine]
    order = np.lexsort((when, who))
    who, when, value = who[order], when[order], value[order]
    first, last = (0, 0) if asked.at == "choice" else LATER
    row = last_row(person, day + last + 1, who, when)
    told = (row >= 0) & (when[row] >= day + first) if len(when) else np.zeros(len(person), dtype=bool)
    state = np.full(len(person), State.UNKNOWN, dtype=np.int8)
    state[told] = np.where(value[row[told]] >= asked.yes_from, State.YES, State.NO)
    index = (day >= period[0]) & (day < period[1])
    return Cases(person, day, np.full(len(person), "", dtype=np.str_), state).of(index)
