"""Feature families: what a model may know, as columns made alike of one domain."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from stratify.catalogue.asked import ASKED, OF_A_PERSON, SWITCHED, WORDS, Asked
from stratify.catalogue.shapes import Entry, Id, Named, Provenance, Shape, Text

Aggregate = Literal[
    "count", "any", "sum", "mean", "min", "max", "last", "first", "days_since", "first_seen", "distinct", "slope",
    "rate", "trend", "days_within",
]  # fmt: skip
OF_VALUES = ("sum", "mean", "min", "max", "last", "first", "slope")  # see only events that have a value
EMPTY_IS_NOTHING = ("mean", "min", "max", "last", "first", "days_since", "slope", "trend")  # of an empty window


class FeatureExample(Shape):
    """Events as (group, day it happened, day it was known, value), and the cell one column then holds.

    Days are counted from the landmark. An event that lasts tells, after its value, the day it ended and the day that
    was known. What the person's own columns are made from may be told beside. In a family that counts different codes,
    and in flags, an event is named by its code.
    """

    why: str
    events: tuple[tuple[str, int, int, float] | tuple[str, int, int, float, int, int], ...] = ()
    born: int = -14_610
    woman: bool | None = None
    resident_since: int = -1825
    column: str
    expect: float | Literal["missing"]

    def answer(self) -> bool:
        return self.expect != "missing" and self.expect != 0


Code = Annotated[str, Field(min_length=1)]


class FeatureGroup(Named):
    """A named part of a family: the events whose code starts with, or whose columns equal, what stands here.

    With `above` or `below` it has those alone whose value is known to lie there (see stratify/features/ranges.py).
    """

    name: Text
    codes: tuple[Code, ...] = ()  # prefixes of `code`
    codes_except: tuple[Code, ...] = ()  # prefixes of those left out again
    where: dict[str, str | bool | tuple[str, ...]] = Field(default_factory=dict)  # column = value, or any of these
    above: float | None = None
    below: float | None = None
    source: str = ""  # of the limits

    @property
    def ranged(self) -> bool:
        """Whether values choose the events."""
        return self.above is not None or self.below is not None


AtcOrLetter = Annotated[str, Field(pattern=r"^[A-Z](\d\d([A-Z]([A-Z](\d\d)?)?)?)?$")]


class FlagPart(Shape):
    """One side of a flag: so many different drugs redeemed, or any of these conditions."""

    atc: tuple[AtcOrLetter, ...] = ()
    atc_except: tuple[AtcOrLetter, ...] = ()
    at_least: int = Field(default=1, gt=0)  # different codes
    conditions: tuple[Id, ...] = ()

    @model_validator(mode="after")
    def _asks_something(self) -> FlagPart:
        if not self.atc and not self.conditions:
            raise ValueError("a part of a flag needs atc or conditions")
        return self


class Flag(Shape):
    """A named medication flag: all parts hold on the landmark, of somebody old enough."""

    id: Id
    name: Text
    provenance: Provenance
    source: str
    within_days: int = Field(default=120, gt=0)
    min_age: int | None = None
    part: tuple[FlagPart, ...] = Field(min_length=1)


def _ints(windows: tuple[int | tuple[int, int], ...]) -> list[int]:
    return [window for window in windows if isinstance(window, int)]


class FeatureFamily(Entry):
    """Columns made alike, `{id}_{group}_{aggregate}_{w}`: each group × aggregate × window of one domain."""

    domain: Literal[
        "condition", "person", "diagnosis", "contact", "stay", "drug", "lab", "service", "procedure", "municipal",
        "distance", "out_of_hours", "ambulance", "communication", "coercion", "origin", "household", "education",
        "occupation", "income",
    ]  # fmt: skip
    clinical_group: Text  # the heading under which reasons are shown
    role: Literal["predictor", "audit", "both"]
    set: Literal["served", "research"] = "served"  # research: in the matrix, and in no model that is served
    per: Literal["group", "condition", "index", "flag"] = "group"
    index: Id | None = None  # with per = "index": one column per weighting of it
    at: Literal["start", "end"] = "start"  # for stays: the day they began, or the day they ended
    group: tuple[FeatureGroup, ...] = ()
    flag: tuple[Flag, ...] = ()  # with per = "flag"
    aggregates: tuple[Aggregate, ...] = ()
    windows: tuple[int | tuple[int, int], ...] = ()  # days: w for [t - w, t), [near, far] for [t - far, t - near)
    trends: tuple[tuple[int, int], ...] = ()  # [recent, longer]: how much more often of late
    fallback: dict[Aggregate, float | Literal["missing"]] = Field(
        default_factory=dict
    )  # what a cell without events holds
    across_switch: Literal["presence", "period_adjusted", "told_after", "told_before"] = (
        "presence"  # see stratify/features/across.py
    )
    unit: str = ""
    example: tuple[FeatureExample, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _short_for_an_index(cls, raw: Any) -> Any:
        if isinstance(raw, dict) and raw.get("per") == "charlson":  # the short form of the first index
            return raw | {"per": "index", "index": "charlson"}
        return raw

    @model_validator(mode="after")
    def _says_what_nothing_means(self) -> FeatureFamily:
        silent = [aggregate for aggregate in self.aggregates if aggregate not in self.fallback]
        if silent:
            raise ValueError(f"fallback is missing for {', '.join(silent)}")
        for aggregate, told in self.fallback.items():
            longest = max(_ints(self.windows), default=0)
            beyond = aggregate == "days_since" and told != "missing" and told > longest
            if aggregate in EMPTY_IS_NOTHING and told != "missing" and not beyond:
                allowed = '"missing", or more than the longest window' if aggregate == "days_since" else '"missing"'
                raise ValueError(f"fallback: {aggregate} of nothing is {allowed}; {told!r} would pass for a finding")
            if aggregate == "days_within" and told != 0:
                raise ValueError(f"fallback: days_within of nothing is 0; got {told!r}")
            if aggregate not in EMPTY_IS_NOTHING and told not in (0, "missing"):
                raise ValueError(f'fallback: {aggregate} of nothing is 0, or "missing"; got {told!r}')
        return self

    @model_validator(mode="after")
    def _fits_its_domain(self) -> FeatureFamily:
        windowed = self.domain not in ("person", "condition") and self.per != "flag"
        names = [group.id for group in self.group or self.flag]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"group: the same id twice: {', '.join(twice)}")
        if (self.domain == "condition") != (self.per in ("condition", "index")):
            raise ValueError("per: condition and index go with the domain condition, and it with one of them")
        if (self.per == "flag") != bool(self.flag) or (self.flag and self.domain != "drug"):
            raise ValueError("per: flag goes with [[flag]] and the domain drug")
        if (self.per == "index") != (self.index is not None):
            raise ValueError("index: goes with per = index, and that needs one")
        if windowed != bool(self.aggregates) or windowed != bool(self.windows):
            raise ValueError(f"domain {self.domain} {'needs' if windowed else 'takes no'} aggregates and windows")
        if bool(self.group) == (self.domain == "condition" or self.per == "flag"):
            raise ValueError(f"domain {self.domain} {'takes no' if self.group else 'needs a'} [[group]]")
        nested = _ints(self.windows)
        for window in (*self.windows, *self.trends):
            if min([window] if isinstance(window, int) else window) < 0:
                raise ValueError(f"window {window} reaches the future: days before the landmark are above 0")
        if windowed and not nested:
            raise ValueError("windows: at least one must end at the landmark")
        if nested != sorted({days for days in nested if days > 0}) or len(set(self.windows)) != len(self.windows):
            raise ValueError("windows must be days above 0, ascending, each once")
        apart = [window for window in self.windows if not isinstance(window, int)]
        if any(not 0 < near < far for near, far in (*apart, *self.trends)):
            raise ValueError("windows and trends of two numbers need the nearer one first")
        if any(far > nested[-1] for _, far in (*apart, *self.trends)):
            raise ValueError("windows and trends of two numbers must lie within the longest window")
        if "first_seen" in self.aggregates and len(nested) < 2:
            raise ValueError("first_seen: needs a longer window to say what was not met before")
        if bool(self.trends) != ("trend" in self.aggregates):
            raise ValueError("trends and the aggregate trend go together")
        if self.domain == "person" and (strangers := sorted(set(names) - set(OF_A_PERSON))):
            raise ValueError(f"group: of a person there are {', '.join(OF_A_PERSON)}; got {', '.join(strangers)}")
        return self

    @model_validator(mode="after")
    def _reads_what_is_known_by_then(self) -> FeatureFamily:
        if self.at == "end" and self.domain != "stay":
            raise ValueError("at = end is for stays")
        asked = ASKED.get(self.domain, Asked())
        reads = [aggregate for aggregate in OF_VALUES if aggregate in self.aggregates]
        apart = len(self.windows) > len(_ints(self.windows))
        if "distinct" in self.aggregates and (apart or not asked.lasting):
            told = ", ".join(name for name, of in ASKED.items() if of.lasting)
            raise ValueError(f"distinct: of {told}, in windows that end at the landmark")
        if reads and not asked.valued:
            raise ValueError(f"domain {self.domain} has no value for {', '.join(reads)}")
        scaled = {"count", "sum", "rate"} & set(self.aggregates)
        if self.across_switch == "period_adjusted" and (self.domain not in SWITCHED or not scaled):
            told = ", ".join(SWITCHED)
            raise ValueError(f"across_switch: period_adjusted is for count, sum and rate of {told}")
        if reads and self.domain == "stay" and self.at != "end":
            raise ValueError(f"{', '.join(reads)}: how long a stay lasted is known at its end: needs at = end")
        if "days_within" in self.aggregates:
            self._lasts(asked)
        for group in self.group:
            self._chooses(group, asked)
        if asked.audit and self.role != "audit":
            raise ValueError(f"role: {self.domain} is there to check models, never to predict: needs audit")
        if asked.research and self.set != "research":
            raise ValueError(f"set: {self.domain} is social position, which no served model reads: needs research")
        return self

    def _lasts(self, asked: Asked) -> None:
        if asked.intervals is None or self.at == "end":
            raise ValueError("days_within: of stay and municipal, from the day they began")
        for group in self.group:
            if asked.intervals and not (group.codes and set(group.codes) <= set(asked.intervals)):
                raise ValueError(f"group {group.id}: days_within: only {', '.join(asked.intervals)} has an end")

    def _chooses(self, group: FeatureGroup, asked: Asked) -> None:
        if (group.codes or group.codes_except) and not asked.coded:
            raise ValueError(f"group {group.id}: domain {self.domain} has no code")
        if group.ranged and not (asked.ranged and group.source):
            raise ValueError(f"group {group.id}: above and below are for lab, and need a source of their limits")
        for column, value in group.where.items():
            kind = str if isinstance(value, tuple) else type(value)
            allowed = WORDS.get(column)
            strange = sorted(set(value if isinstance(value, tuple) else [value]) - allowed) if allowed else []
            if strange:
                told = f"is one of {', '.join(sorted(allowed or ()))}; got {', '.join(map(repr, strange))}"
                raise ValueError(f"group {group.id}: {column} {told}")
            if asked.chosen_by.get(column) is not kind:
                known = ", ".join(f"{name} ({kind.__name__})" for name, kind in asked.chosen_by.items()) or "nothing"
                raise ValueError(f"group {group.id}: {self.domain} is chosen by {known}; got {column} = {value!r}")
