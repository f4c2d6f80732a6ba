"""The shapes of the parameter files: what may stand in them, and between which bounds. See `parameters.py`."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from stratify.catalogue.entries import Shape

Share = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[float, Field(ge=0)]
Correlation = Annotated[float, Field(gt=-1, lt=1)]
Positive = Annotated[float, Field(gt=0)]
Point = tuple[float, float]
REGION_82 = tuple(  # codes of Statistics Denmark, READ
    "615 657 661 665 671 706 707 710 727 730 740 741 746 751 756 760 766 779 791".split()  # noqa: SIM905 - one line to read
)
Kind = Literal["other", "acsc", "psych"]
KINDS: tuple[Kind, ...] = ("other", "acsc", "psych")


class Population(Shape):
    """Who is there at the start, and who comes and goes."""

    ages: tuple[int, ...]
    weights: tuple[Rate, ...]
    births: Share
    immigration: Share
    emigration: Share
    emigration_young: Rate
    coupled: Share
    pairing: Share
    parting: Share
    immigrant: Share
    countries: tuple[int, ...]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.ages) != len(self.weights) + 1 or list(self.ages) != sorted(set(self.ages)):
            raise ValueError("ages need to rise, one more of them than weights")
        return self


class Education(Shape):
    """Shares of the highest completed education by decade of birth."""

    levels: tuple[str, ...]
    decades: tuple[int, ...]
    shares: tuple[tuple[Share, ...], ...]
    with_resources: Correlation
    income: Correlation

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.shares) != len(self.decades) or any(len(row) != len(self.levels) for row in self.shares):
            raise ValueError("shares need one row per decade and one share per level")
        if any(abs(sum(row) - 1) > 1e-6 for row in self.shares):
            raise ValueError("the shares of each decade need to sum to 1")
        return self


class Unseen(Shape):
    """Correlations of what no register shows."""

    frailty_mind: Correlation
    resources_mind: Correlation
    resources_frailty: Correlation
    adherence_low: Share


class Reach(Shape):
    """Factors on how well care reaches people."""

    severe_mental: Share
    substance: Share
    few_resources: Share
    interpreter: Share


class Contact(Shape):
    """Language and Digital Post."""

    interpreter: Share
    languages: tuple[str, ...]
    digital_exempt_young: Share
    digital_exempt_old: Share
    digital_exempt_few: Rate


class PeopleFile(Shape):
    """people.toml."""

    population: Population
    education: Education
    unseen: Unseen
    reach: Reach
    contact: Contact


class Municipality(Shape):
    """Where people live."""

    code: Annotated[str, Field(pattern=r"\d{3}")]
    name: str
    population: Positive
    hospital: str
    at: Point
    spread: Positive


class Hospital(Shape):
    """An acute hospital."""

    id: str
    name: str
    code: str
    at: Point


class Psychiatry(Shape):
    """A psychiatric department and the hospitals whose people it serves."""

    name: str
    code: str
    hospitals: tuple[str, ...]
    at: Point


class Aarhus(Shape):
    """Who is treated elsewhere than at the own hospital, and how people move within the region."""

    referred: Share
    elsewhere: Share
    practice_size: Positive
    move: Share


class Houses(Shape):
    """Health and psychiatry houses: town, km east, km north."""

    health: tuple[tuple[str, float, float], ...]
    psychiatry: tuple[tuple[str, float, float], ...]


class PlacesFile(Shape):
    """places.toml."""

    aarhus: Aarhus
    municipality: tuple[Municipality, ...]
    hospital: tuple[Hospital, ...]
    psychiatry: tuple[Psychiatry, ...]
    houses: Houses

    @model_validator(mode="after")
    def _fits(self) -> Self:
        codes = [town.code for town in self.municipality]
        strange = [f"unknown municipality {code!r}: region 82 has {', '.join(REGION_82)}" for code in codes
                   if code not in REGION_82]  # fmt: skip
        strange += [f"municipality {code!r} stands there twice" for code in REGION_82 if codes.count(code) > 1]
        known = {hospital.id for hospital in self.hospital}
        served = {hospital for unit in self.psychiatry for hospital in unit.hospitals}
        unknown = strange + [f"{town.name}: unknown hospital {town.hospital!r}" for town in self.municipality
                   if town.hospital not in known]  # fmt: skip
        unknown += [f"psychiatry: unknown hospital {name!r}" for name in sorted(served - known)]
        unknown += [f"no psychiatry serves {name}" for name in sorted(known - served)]
        if unknown:
            raise ValueError("; ".join(unknown))
        return self


class Condition(Shape):
    """A condition of conditions.toml; the file says what each field means."""

    id: str
    group: str = ""
    category: str
    prevalence: Annotated[float, Field(gt=0, lt=100)]
    level: Positive
    peak: float
    width: Positive
    from_: Annotated[int, Field(alias="from", ge=0, le=110)]
    women: Rate
    early: tuple[float, Positive, Rate] | None = None
    resources: float
    other: float
    acsc: float
    psych: float
    death: float
    onset_admission: Share = 0.0
    onset_kind: Kind = "other"
    onset_fatal: Share = 0.0
    seen: Share
    delay: Rate
    hospital: Share
    visits: Rate
    psychiatric: bool = False
    psychiatric_care: Share = 0.0
    codes: tuple[str, ...]
    stay_codes: tuple[str, ...] = ()
    acsc_codes: tuple[str, ...] = ()
    psychiatric_codes: tuple[str, ...] = ()


class ConditionsFile(Shape):
    """conditions.toml."""

    condition: tuple[Condition, ...]


class Earlier(Shape):
    """How much less often psychiatric conditions came to be in earlier years."""

    year: int
    growth: Annotated[float, Field(ge=1)]
    least: Share


class EffectsFile(Shape):
    """effects.toml."""

    earlier: Earlier
    frailty: float
    mind: float
    mental: Positive
    somatic: Positive
    burdening: tuple[str, ...]
    burdened: tuple[str, ...]
    most: Annotated[float, Field(ge=1)]
    list: tuple[tuple[str, str, Positive], ...]


class AdmissionKind(Shape):
    """What raises one kind of admission."""

    base: Annotated[float, Field(ge=0, le=5)]
    age_from: float
    age_slope: float
    child: float
    frailty: float
    mind: float
    resources: float
    stretch: Rate
    saturation: Positive
    prior: float
    care_home: float


class Death(Shape):
    """What raises the hazard of death outside admissions."""

    at60: tuple[Rate, Rate]
    slope: tuple[float, float]
    scale: tuple[Rate, Rate]
    frailty: float
    resources: float
    stretch: Rate
    saturation: Positive
    prior: float
    prior_psych: float
    care_home: float
    floor: Rate
    infant: Rate
    young_mental: tuple[Rate, Rate]
    old_somatic: Share


class Fatal(Shape):
    """Share of admissions that end in death."""

    at75: Share
    slope: float
    most: Share


class Length(Shape):
    """Length of stay by kind: median hours above 13, log spread."""

    other: tuple[Positive, Positive]
    acsc: tuple[Positive, Positive]
    psych: tuple[Positive, Positive]
    most_days: Annotated[int, Field(ge=2, le=180)]


class Readmission(Shape):
    """Chance of another stay in the days after discharge."""

    other: Share
    acsc: Share
    short: Rate
    short_hours: Positive
    psych: Share
    frailty: float
    age_from: float
    age_slope: float
    days: Annotated[int, Field(ge=1, le=90)]


class OtherCauses(Shape):
    """What no condition of one's own weighs among the causes of a stay, against the conditions' own weights."""

    other: Rate
    acsc: Rate
    psych: Rate


class Acsc(Shape):
    """The pattern of ambulatory care sensitive action diagnoses."""

    pattern: str


class Bound(Shape):
    """Who may have the codes that begin so: a sex, `rarely` the other one too, and ages on 1 January, both included."""

    sex: Literal["men", "women"] | None = None
    rarely: bool = False
    ages: tuple[int, int] = (0, 200)


class AdmissionsFile(Shape):
    """admissions.toml."""

    kind: dict[Kind, AdmissionKind]
    death: Death
    fatal: Fatal
    length: Length
    readmission: Readmission
    other_causes: OtherCauses
    acsc: Acsc
    codes: dict[str, tuple[str, ...]]
    general: str
    rare: Share
    bounds: dict[str, Bound]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if missing := set(KINDS) - set(self.kind):
            raise ValueError(f"no kind {', '.join(sorted(missing))}")
        return self


Months = Annotated[tuple[Positive, ...], Field(min_length=12, max_length=12)]


class Season(Shape):
    """Relative intensity by month; `of` names years with a profile of their own."""

    months: Months
    of: dict[int, Months] = Field(default_factory=dict)


class Drift(Shape):
    """Yearly factors on hazards, and years with a level of their own."""

    year: int
    other: Positive
    acsc: Positive
    psych: Positive
    death: Positive
    onset: Positive
    level: dict[int, dict[Literal["other", "acsc", "psych", "death", "onset"], Rate]] = Field(default_factory=dict)


class CalendarFile(Shape):
    """calendar.toml."""

    season: Season
    drift: Drift
