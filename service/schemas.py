"""Returns the shapes of what is asked and answered, and of what the scored population's file holds.

Text towards people is Danish and English side by side. What comes in may hold nothing more than is declared.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    field_validator,
    model_validator,
)

from service.identifiers import as_registered
from stratify.care.choices import Decision
from stratify.disclosure import shown

NAME = r"^[!-{}~]+$"  # printable ASCII, no blank and no bar


class Shape(BaseModel):
    """A shape whose errors never repeat what was put in."""

    model_config = ConfigDict(hide_input_in_errors=True, frozen=True)


class Asked(Shape):
    """A shape that comes from outside: unknown keys are refused, nothing is converted."""

    model_config = ConfigDict(hide_input_in_errors=True, frozen=True, extra="forbid", strict=True)


class InAddress(Shape):
    """What stands in an address: unknown names are refused; words are read as what they must be."""

    model_config = ConfigDict(hide_input_in_errors=True, frozen=True, extra="forbid")


def _whole(value: Any) -> Any:
    """Return 239 for 239.0, which JSON does not tell apart."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_whole)]


class Words(Shape):
    """The same words in Danish and in English."""

    da: str
    en: str


# ---- asked


class Patient(Asked):
    """A person as the caller's system names them."""

    system: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NAME)] = Field(
        description="the identifier's system, a URI", examples=["urn:stratify:synthetic"]
    )
    value: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=NAME)] = Field(
        description="the identifier"
    )

    @property
    def identifier(self) -> str:
        """The identifier as registers write it."""
        return as_registered(self.system, self.value)


class Override(Asked):
    """An emergency: opens without a treating relationship, and what the person has closed. Clinicians alone."""

    reason: Annotated[str, StringConstraints(min_length=10, max_length=300)] = Field(
        description="why it cannot wait; stands in the audit log; names nobody, no person number"
    )


class LookupRequest(Asked):
    """One person, looked up because they are being treated."""

    patient: Patient
    purpose: Literal["TREAT"] = Field(description="the only purpose for which one person may be looked up")
    override: Override | None = None
    basis: Literal["nightly", "store"] = Field(
        default="nightly", description="the scored population, or the event store as it is now"
    )


KNOWN_FIELDS = frozenset[str]().union(*(one.model_fields for one in (LookupRequest, Patient, Override)))

# ---- answered, and held in the scored population's file


class Peers(Shape):
    """The mean risk of people of the same age and sex in the scored population, which is that of the models."""

    risk: float = Field(ge=0, le=1, description="the mean of the risks they were given")
    people: int = Field(description="how many they are; never 1 to 4")
    sex: Literal["f", "m"]
    age_from: int = Field(description="the youngest are this old")
    age_to: int | None = Field(description="null: there is no upper end")


class Risk(Shape):
    """One outcome's calibrated risk within its horizon, and the population whose model it is of."""

    outcome: str
    population: str
    risk: float = Field(ge=0, le=1)
    horizon_days: int = Field(gt=0)
    peers: Peers | None = Field(default=None, description="people of the same age and sex; null where not known")
    interval: list[float] | None = Field(default=None, description="95 %: how often it came to held-out people like it")

    @property
    def model_key(self) -> str:
        """The key of the model in the bundle."""
        return f"{self.outcome}/{self.population}"


Modifiable = Literal["yes", "partly", "no", "unknown"]


class NamedColumn(Shape):
    """One thing a model reads, in words."""

    id: str
    label: Words


class Reason(Shape):
    """What one clinical group adds to a risk, in log-odds against the average of those the model learned from."""

    id: str = Field(description="the group's id")
    group: Words = Field(description="its name")
    modifiable: Modifiable = Field(description="whether what the group tells of can be changed")
    why: Words = Field(description="why it can be changed, or not: one sentence")
    direction: Literal["+", "-"]
    contribution: float
    columns: list[NamedColumn] = Field(description="what weighs most within the group, largest first")


class Missing(Shape):
    """Something the risks would use and that is not known of this person."""

    id: str
    text: Words


class Axis(Shape):
    """One of the two axes, need or own resources, and why."""

    id: str
    level: int
    why: list[Words]
    missing: list[str] = Field(default=[], description="unknown facts that could place the person higher")


class Stratum(Shape):
    """Need by own resources."""

    need: Axis
    resources: Axis


class Bridge(Shape):
    """Help that makes an offer usable: who gives it, and what it asks of the person."""

    bridge: str
    needs: list[str] = Field(description="the needs it helps with; none where it meets a wish")
    name: Words
    by: list[str]
    burden: Words
    source: str
    provenance: str


class Somewhere(Shape):
    """A place one has to get to, and how far it is where that is known."""

    place: str
    name: str | None = Field(default=None, description="the acute hospital's, where it is one")
    km: float | None = None


class Evidence(Shape):
    """What is known of an offer's effect on one outcome. Risk is not benefit."""

    outcome: str
    direction: Literal["better", "none", "worse", "mixed", "unknown"]
    certainty: str
    source: str
    provenance: str
    among: Words | None = None


class Offer(Shape):
    """An offer and whether it suits: as it is, with a bridge, after asking first, or not, and why."""

    id: str
    name: Words
    kind: Literal["offer", "duty"]
    answer: Literal["suitable", "bridge", "duty", "ask", "not_suitable"]
    reason: str | None = Field(description="of a no: danger, scheme, need, window, declined, preference, overlap …")
    why: Words
    does: Words = Field(description="what happens")
    bridges: list[Bridge] = Field(default=[], description="the help that makes it suit: one of these")
    ask: list[str] = Field(default=[], description="facts worth asking about")
    decided: list[str] = Field(default=[], description="facts that a no rests on")
    first: list[str] = Field(default=[], description="offers that help to meet what this one requires")
    due_days: int | None = Field(description="days left within which it must be")
    accepted_on: str | None = Field(default=None, description="the day the person said yes to it")
    by: list[str] = Field(description="who answers for it on the day")
    places: list[str]
    where: list[Somewhere] = Field(description="of the places one has to get to, the nearest first")
    evidence: list[Evidence]
    evidence_weight: int
    alternatives: list[str] = Field(default=[], description="offers that another wish could lead to")
    priority: int
    source: str
    provenance: str


class Warned(Shape):
    """Something about the medicine that staff should see, whatever was declined."""

    id: str
    name: Words
    advice: Words
    why: list[Words]
    source: str
    provenance: str


class Weighed(Shape):
    """A person's place on both axes and what is offered."""

    stratum: Stratum
    offers: list[Offer]
    not_indicated: int = Field(description="offers that are not for this person: counted, not listed")
    not_asked: int = Field(description="offers that nothing known gives reason to ask about: counted, not listed")
    safety: list[Warned]
    rights: list[Words] = Field(description="what no answer here changes")


class Chosen(Shape):
    """What a person said of one offer or preference, when, until when it holds, and who wrote it down."""

    offer: str | None
    preference: str | None
    decision: Decision
    reason: str = Field(description="in the person's own words")
    until: str | None = Field(description="from this day on it no longer holds")
    said_on: str
    user: str
    role: str


class Stored(Shape):
    """One person in the scored population's file."""

    risks: list[Risk]
    missing: list[Missing]
    facts: dict[str, JsonValue]

    @property
    def n_conditions(self) -> float:
        """How many conditions are known."""
        told = self.facts.get("n_conditions")
        return float(told) if isinstance(told, int | float) else 0.0


class ModelVersion(Shape):
    """Which models and definitions an answer rests on."""

    bundle_version: str
    catalogue_digest: str
    landmark: str


class Answer(Shape):
    """What both kinds of answer carry."""

    data_as_of: str = Field(description="the last day the data covers")
    model: ModelVersion
    oversight: Words


class NoAdvice(Answer):
    """The same for a person nobody knows and for one outside the population."""

    status: Literal["no_advice"] = "no_advice"
    text: Words


class Told(Weighed):
    """What is told of a person beside their risks: reasons, conditions, place and offers."""

    reasons: dict[str, list[Reason]] = Field(description="by outcome, the heaviest first")
    conditions: list[str]


class Own(Answer):
    """What an answer says of the risks themselves, and what the person chose."""

    status: Literal["found"] = "found"
    basis: Literal["nightly", "store", "bundle"] = Field(
        description="the scored population; the event store or the chart that was sent along, scored when asked"
    )
    scored_on: str = Field(description="the day the person was scored on")
    risks: list[Risk]
    reading: Words = Field(description="how reasons are to be read")
    missing: list[Missing]
    choices: list[Chosen] = Field(default=[], description="what the person chose and holds today")


class Found(Told, Own):
    """One person's risks, reasons and offers."""


LookupAnswer = Annotated[Found | NoAdvice, Field(discriminator="status")]


class Signal(Shape):
    """What the latest mature point of a chart shows: which rule it breaks, and on which side."""

    at: int = Field(description="the place of the point among the chart's periods")
    rule: str
    side: Literal["above", "below"]


class Facts(Shape):
    """Of the three facts on a target the two that a chart tells, of the whole region; `status` is the third."""

    variation: Literal["improvement", "concern", "common_cause", "too_few"]
    assurance: Literal["consistently_meets", "hit_or_miss", "consistently_fails", "none"]
    signal: Signal | None = None


class Target(Shape):
    """One quality target as measured; counts of few people are held back (`suppressed`), checked once more here."""

    id: str
    name: Words
    tier: Literal["core", "support"]
    kind: Literal["outcome", "process", "balancing", "equity", "experience"]
    chosen: bool = Field(description="whether it is followed up now")
    waits: Words | None = Field(default=None, description="why it is not followed up now")
    period: str = Field(description="the latest whole year that is mature")
    unit: Literal["share", "rate", "ratio"] = Field(description="a rate is for 1,000 years lived")
    numerator: int | None
    denominator: float | None = Field(description="people or stays; years lived of a rate; expected of a ratio")
    unknown: int | None
    value: float | None
    interval: list[float] | None
    standard: float | None
    standard_status: Literal["official", "foreign anchor", "local", "none"]
    direction: Literal["higher", "lower"]
    status: Literal["met", "not_met", "undecided", "no_standard", "not_measurable"]
    facts: Facts
    suppressed: bool = False
    mature: bool = Field(default=True, description="whether the period's cases have all had their time")
    lacking: Words | None = Field(default=None, description="what is missing, for a target that is not measurable")

    @model_validator(mode="after")
    def _withheld(self) -> Target:
        counts = (self.numerator, self.denominator, self.unknown)
        if self.suppressed and None not in counts:
            raise ValueError("a suppressed target must hold back a count")
        if None in counts[:2] and (self.value, self.interval) != (None, None):
            raise ValueError("a target whose counts are held back must hold no value or interval")
        whole = int(self.denominator or 0) if self.unit == "share" else None
        told = [] if None in counts[:2] else [shown(self.numerator or 0, whole)]
        told += [shown(count) for count in (self.numerator, self.unknown) if count is not None]
        if None in told:
            raise ValueError("a target must not show 1 to 4 people, nor let them be worked out")
        return self

    @field_validator("interval")
    @classmethod
    def _two(cls, interval: list[float] | None) -> list[float] | None:
        if interval is not None and (len(interval) != 2 or interval[0] > interval[1]):
            raise ValueError("an interval is [low, high]")
        return interval


class TargetsAnswer(Shape):
    """The quality targets of the scored population."""

    targets: list[Target]
    data_as_of: str
