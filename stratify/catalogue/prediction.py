"""Outcomes and feature families: what a model foretells, and what it may know."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from stratify.catalogue.shapes import Care, Entry, Id, Shape, Text


class OutcomeExample(Shape):
    """Stays as (first day, hours, acute, care), days counted from the landmark, and perhaps a death or a departure."""

    why: str
    stays: tuple[tuple[int, int, bool, Care], ...] = ()
    death: int | None = None
    leaves: int | None = None
    expect: bool | Literal["unknown"]

    def answer(self) -> bool:
        return self.expect is True


class Outcome(Entry):
    """What a model foretells: whether the first such event falls in [landmark, landmark + horizon)."""

    event: Literal["stay", "death"]
    acute: bool | None = None
    care: tuple[Care, ...] = ()
    horizon_days: int = Field(gt=0)
    register_delay_days: int = Field(ge=0)  # a label counts once this has passed after its window
    min_events_train: int = Field(gt=0)
    min_events_test: int = Field(gt=0)
    example: tuple[OutcomeExample, ...] = ()


Aggregate = Literal[
    "count", "any", "sum", "mean", "min", "max", "last", "first", "days_since", "first_seen", "distinct", "slope",
    "rate", "trend",
]  # fmt: skip
OF_VALUES = ("sum", "mean", "min", "max", "last", "first", "slope")  # see only events that have a value
EMPTY_IS_NOTHING = ("mean", "min", "max", "last", "first", "days_since", "slope", "trend")  # of an empty window


class FeatureExample(Shape):
    """Events as (group, day it happened, day it was known, value), and the cell one column then holds.

    Days are counted from the landmark. What the person's own columns are made from may be told beside.
    """

    why: str
    events: tuple[tuple[str, int, int, float], ...] = ()
    born: int = -14_610
    woman: bool | None = None
    resident_since: int = -1825
    column: str
    expect: float | Literal["missing"]

    def answer(self) -> bool:
        return self.expect != "missing" and self.expect != 0


class FeatureGroup(Shape):
    """A named part of a family: the events whose code starts with, or whose columns equal, what stands here."""

    id: Id
    name: Text
    codes: tuple[Annotated[str, Field(min_length=1)], ...] = ()  # prefixes of `code`
    where: dict[str, str | bool] = Field(default_factory=dict)  # column = value


# What a group may be chosen by: only what is known as soon as the event is. The length of a stay is not, but whether it
# is an admission is taken to be: twelve hours are over before a register that delays a day has told that it began.
_CHOSEN_BY: dict[str, dict[str, type]] = {
    "diagnosis": {"kind": str, "care": str, "setting": str},
    "contact": {"setting": str, "acute": bool, "care": str},
    "stay": {"acute": bool, "care": str, "admission": bool},
    "drug": {},
    "lab": {},
}
_CODED = ("diagnosis", "drug", "lab")
_SWITCHED = ("contact", "stay", "diagnosis")  # what a change of register generations counts in another way
_DISTINCT = ("drug", "lab")  # coded facts that stay true
_VALUED = ("stay", "drug", "lab")  # a stay's value is its length, known at its end
_OF_A_PERSON = ("age", "female", "resident_days")


def _ints(windows: tuple[int | tuple[int, int], ...]) -> list[int]:
    return [window for window in windows if isinstance(window, int)]


class FeatureFamily(Entry):
    """Columns made alike, `{id}_{group}_{aggregate}_{w}`: each group × aggregate × window of one domain."""

    domain: Literal["condition", "diagnosis", "contact", "stay", "drug", "lab", "person"]
    clinical_group: Text  # the heading under which reasons are shown
    role: Literal["predictor", "audit", "both"]
    per: Literal["group", "condition", "index"] = "group"
    index: Id | None = None  # with per = "index": one column per weighting of it
    at: Literal["start", "end"] = "start"  # for stays: the day they began, or the day they ended
    group: tuple[FeatureGroup, ...] = ()
    aggregates: tuple[Aggregate, ...] = ()
    windows: tuple[int | tuple[int, int], ...] = ()  # days: w for [t - w, t), [near, far] for [t - far, t - near)
    trends: tuple[tuple[int, int], ...] = ()  # [recent, longer]: how much more often of late
    fallback: dict[Aggregate, float | Literal["missing"]] = Field(
        default_factory=dict
    )  # what a cell without events holds
    across_switch: Literal["presence", "period_adjusted"] = "presence"  # see stratify/features/across.py
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
            if aggregate not in EMPTY_IS_NOTHING and told not in (0, "missing"):
                raise ValueError(f'fallback: {aggregate} of nothing is 0, or "missing"; got {told!r}')
        return self

    @model_validator(mode="after")
    def _fits_its_domain(self) -> FeatureFamily:
        windowed = self.domain not in ("person", "condition")
        names = [group.id for group in self.group]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"group: the same id twice: {', '.join(twice)}")
        if (self.domain == "condition") != (self.per != "group"):
            raise ValueError("per: condition and index go with the domain condition, and it with one of them")
        if (self.per == "index") != (self.index is not None):
            raise ValueError("index: goes with per = index, and that needs one")
        if windowed != bool(self.aggregates) or windowed != bool(self.windows):
            raise ValueError(f"domain {self.domain} {'needs' if windowed else 'takes no'} aggregates and windows")
        if bool(self.group) == (self.domain == "condition"):
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
        if bool(self.trends) != ("trend" in self.aggregates):
            raise ValueError("trends and the aggregate trend go together")
        if self.domain == "person" and (strangers := sorted(set(names) - set(_OF_A_PERSON))):
            raise ValueError(f"group: of a person there are {', '.join(_OF_A_PERSON)}; got {', '.join(strangers)}")
        return self

    @model_validator(mode="after")
    def _reads_what_is_known_by_then(self) -> FeatureFamily:
        if self.at == "end" and self.domain != "stay":
            raise ValueError("at = end is for stays")
        reads = [aggregate for aggregate in OF_VALUES if aggregate in self.aggregates]
        apart = len(self.windows) > len(_ints(self.windows))
        if "distinct" in self.aggregates and (apart or self.domain not in _DISTINCT):
            raise ValueError(f"distinct: of {', '.join(_DISTINCT)}, in windows that end at the landmark")
        if reads and self.domain not in _VALUED:
            raise ValueError(f"domain {self.domain} has no value for {', '.join(reads)}")
        scaled = {"count", "sum", "rate"} & set(self.aggregates)
        if self.across_switch == "period_adjusted" and (self.domain not in _SWITCHED or not scaled):
            told = ", ".join(_SWITCHED)
            raise ValueError(f"across_switch: period_adjusted is for count, sum and rate of {told}")
        if reads and self.domain == "stay" and self.at != "end":
            raise ValueError(f"{', '.join(reads)}: how long a stay lasted is known at its end: needs at = end")
        columns = _CHOSEN_BY.get(self.domain, {})
        for group in self.group:
            if group.codes and self.domain not in _CODED:
                raise ValueError(f"group {group.id}: domain {self.domain} has no code")
            for column, value in group.where.items():
                if columns.get(column) is not type(value):
                    known = ", ".join(f"{name} ({kind.__name__})" for name, kind in columns.items()) or "nothing"
                    raise ValueError(f"group {group.id}: {self.domain} is chosen by {known}; got {column} = {value!r}")
        return self
