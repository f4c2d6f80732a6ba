"""What may be asked of each domain of the store: what its events are chosen by, and which aggregates have a meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True)
class Asked:
    """A domain as feature families may use it.

    A group is chosen only by what is known as soon as the event is. The length of a stay is not, but whether it is an
    admission is taken to be: twelve hours are over before a register that delays a day has told that it began. That
    nobody came to an appointment is known on its day.
    """

    chosen_by: Mapping[str, type] = field(default_factory=dict)  # columns beside `code`
    coded: bool = False
    valued: bool = False
    lasting: bool = False  # coded facts that stay true, so that different ones can be counted
    intervals: tuple[str, ...] | None = None  # the codes that have an end, () where there is no code and all have
    words: bool = False  # its codes are words of our own, not of a register
    audit: bool = False  # there to check models by, and in none
    research: bool = False  # social position: in no model that is served
    ranged: bool = False  # a value may lie above or below a limit, and has a sign where it is a bound


ASKED: Mapping[str, Asked] = MappingProxyType(
    {
        "diagnosis": Asked({"kind": str, "care": str, "setting": str}, coded=True),
        "contact": Asked({"setting": str, "acute": bool, "care": str}),
        "stay": Asked({"acute": bool, "care": str, "admission": bool}, valued=True, intervals=()),
        "drug": Asked(coded=True, valued=True, lasting=True),
        "lab": Asked(coded=True, valued=True, lasting=True, ranged=True),
        "service": Asked(coded=True, lasting=True),
        "procedure": Asked({"kind": str, "care": str, "setting": str}, coded=True, lasting=True),
        "municipal": Asked(coded=True, valued=True, intervals=("care_home",), words=True),
        "distance": Asked(coded=True, valued=True, words=True),
        "out_of_hours": Asked(coded=True, words=True),
        "ambulance": Asked({"outcome": str}, coded=True),
        "communication": Asked(coded=True, words=True),
        "coercion": Asked(coded=True, words=True, audit=True),
        "origin": Asked(coded=True, words=True, audit=True),
        "household": Asked(valued=True, research=True),
        "education": Asked(coded=True, research=True),
        "occupation": Asked(coded=True, research=True),
        "income": Asked(valued=True, research=True),
    }
)
WORDS: Mapping[str, frozenset[str]] = MappingProxyType(  # the values of columns that have words of our own
    {
        "setting": frozenset({"inpatient", "outpatient", "emergency", "virtual", "home", "missed", "other"}),
        "care": frozenset({"somatic", "psychiatric"}),
    }
)
OF_A_PERSON = (
    "age", "female", "resident_days", "covered_30", "covered_365", "covered_1825", "newcomer",
)  # fmt: skip
SWITCHED = ("contact", "stay", "diagnosis")  # what a change of register generations counts in another way
