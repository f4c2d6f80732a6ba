"""The shapes of services.toml (practice, municipal care, calls at night) and social.toml (work, income, rights)."""

from __future__ import annotations

from datetime import date
from functools import cache
from itertools import pairwise
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, model_validator

from pipelines.synthesis.shapes import Months, Positive, Rate, Share
from stratify.catalogue.entries import Shape

OLDEST = 110  # ages 0..OLDEST have a value of their own


def _rising(points: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    if any(later <= earlier for (earlier, _), (later, _) in pairwise(points)):
        raise ValueError("the ages of a curve need to rise")
    return points


# (age, value), linear between, level beyond the ends
Curve = Annotated[tuple[tuple[float, Rate], ...], Field(min_length=1), AfterValidator(_rising)]
Groups = tuple[Share, Share, Share, Share]  # children under 18, adults, 70 and older, with home care or in a care home
Ages = tuple[Annotated[int, Field(ge=0, le=OLDEST)], Annotated[int, Field(ge=0, le=OLDEST)]]  # first and last


@cache
def by_age(curve: tuple[tuple[float, float], ...]) -> NDArray[np.float64]:
    """Return a curve's value at each whole age 0..OLDEST, level beyond its ends.

    >>> by_age(((0, 2.0), (2, 4.0)))[:4].tolist()
    [2.0, 3.0, 4.0, 4.0]
    """
    found = np.interp(np.arange(OLDEST + 1), [age for age, _ in curve], [value for _, value in curve])
    found.flags.writeable = False
    return found


class Service(Shape):
    """A service of the settlement register: two digits of specialty and four of service, its fee in DKK."""

    speciale: Annotated[str, Field(pattern=r"^\d{6}$")]
    name: str
    fee: Rate


class Way(Service):
    """A way of meeting the practice; one with `share` left out takes what the others leave."""

    share: Groups | None = None
    growth: Positive = 1.0  # of the share, per year, from `Practice.year`
    since: int = 0
    distant: bool = False  # no meeting: more of it in a lock-down
    digital: bool = False  # not for those exempt from Digital Post, who telephone instead
    telephone: bool = False


class Treatment(Service):
    """A service that follows conditions known to care: a yearly rate for each of `users`, less with less access."""

    users: dict[str, Rate]
    ages: Ages = (0, OLDEST)
    yearly: bool = False  # at most one a year: the largest of the users' rates is its chance
    samples: Share = 0.0  # chance of a blood sample on the same day
    providers: Annotated[int, Field(ge=0, le=9999)] = 0  # how many have numbers of their own; 0: the person's practice


class Practice(Shape):
    """How often people of an age meet their practice."""

    year: int  # the year of the shares and fees
    prices: Positive  # of fees, per year
    contacts: Curve
    women: Curve  # factor
    known: Rate  # more contacts for each condition known to care
    habit: Rate  # spread of the log rate between people, the same all their lives
    frailty: float
    thinner: Share  # how much of what access lacks the contacts lack; reviews and treatments lack all of it
    growth: Positive  # of the number of contacts, per year
    second_group: Share
    months: Months
    discharge: Share  # chance of a contact after a stay ...
    discharge_days: Annotated[int, Field(ge=1, le=60)]  # ... within so many days
    sample: Curve  # chance of a blood sample at a consultation
    children: Rate  # services for each of her children on a woman's number, per year
    mothers: Ages


class Lockdown(Shape):
    """Days on which fewer met their practice, and more of them at a distance."""

    first: date
    last: date
    kept: Share
    distant: Positive

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.last < self.first:
            raise ValueError("the last day lies before the first")
        return self


class Begins(Shape):
    """The yearly rate at which a municipal service begins: by age, times a factor for each condition one has."""

    rate: Curve
    years: Positive  # how long it lasts at the mean: so many have it at the start
    alone: Positive  # factor for those without a partner
    most: Positive  # all factors together never exceed this
    conditions: dict[str, Positive]


class HomeCare(Begins):
    """Home care: hours a week granted, at the median, and how they spread and grow."""

    personal: Positive
    practical: Positive
    spread: Rate
    growth: Positive  # per year since it began
    only_practical: Share


class CareHome(Begins):
    """Care homes: factor for those with home care, and how many homes a municipality has."""

    with_home_care: Positive
    residents: Positive  # inhabitants of a municipality per home


class Nursing(Shape):
    """Visits of the home nurse per year, and after a stay."""

    with_home_care: Rate
    without: Curve  # of those with a chronic condition known
    after_stay: Share  # of stays of those from `from_` years on
    after_visits: Rate
    after_days: Annotated[int, Field(ge=1, le=90)]
    from_: Annotated[int, Field(alias="from", ge=0, le=OLDEST)]
    imputed: Share


class OutOfHours(Shape):
    """Calls to the out-of-hours doctor."""

    calls: Curve
    before_stay: Share
    hours: tuple[Rate, ...] = Field(min_length=24, max_length=24)  # weight of each hour when the doctor is on call
    opens: Annotated[int, Field(ge=0, le=23)]  # on working days it is on call from this hour ...
    closes: Annotated[int, Field(ge=0, le=23)]  # ... until this one
    forms: tuple[str, ...]
    shares: tuple[tuple[Share, ...], tuple[Share, ...]]  # of each form: under 70, from 70
    video_since: int

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if any(len(row) != len(self.forms) or abs(sum(row) - 1) > 1e-6 for row in self.shares):
            raise ValueError("shares need one value per form, summing to 1")
        return self


class Ambulance(Shape):
    """Alarms to the prehospital service."""

    calls: Curve  # alarms that bring nobody to hospital
    before_stay: Curve  # share of acute stays that begin with one
    before_emergency: Curve  # share of emergency contacts that begin with one
    urgency: tuple[str, ...]
    with_stay: tuple[Share, ...]  # of each urgency
    without_stay: tuple[Share, ...]
    outcomes: tuple[str, ...]  # admitted; brought to an emergency contact; of the others `ends` tells the shares
    ends: tuple[Share, ...]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for row, names in ((self.with_stay, self.urgency), (self.without_stay, self.urgency)):
            if len(row) != len(names) or abs(sum(row) - 1) > 1e-6:
                raise ValueError("with_stay and without_stay need one share per urgency, summing to 1")
        if len(self.ends) != len(self.outcomes) - 2 or abs(sum(self.ends) - 1) > 1e-6:
            raise ValueError("ends needs a share for each outcome but the first two, summing to 1")
        return self


class ServicesFile(Shape):
    """services.toml."""

    practice: Practice
    way: tuple[Way, ...]
    sample: Service
    treatment: tuple[Treatment, ...]
    lockdown: tuple[Lockdown, ...] = ()
    home_care: HomeCare
    care_home: CareHome
    nursing: Nursing
    out_of_hours: OutOfHours
    ambulance: Ambulance

    @model_validator(mode="after")
    def _fits(self) -> Self:
        problems = []
        if sum(way.share is None for way in self.way) != 1:
            problems.append("exactly one way needs to have no share: it takes the rest")
        if sum(way.telephone for way in self.way) < 1:
            problems.append("one way needs to be telephone = true: for those exempt from Digital Post")
        codes = [service.speciale for service in self.services]
        if len(codes) > 63:
            problems.append("at most 63 services")
        problems += [f"{code} stands there twice" for code in sorted({c for c in codes if codes.count(c) > 1})]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def services(self) -> tuple[Service, ...]:
        """Return all services: ways, the blood sample, treatments."""
        return (*self.way, self.sample, *self.treatment)

    def conditions(self) -> list[str]:
        """Return the names of conditions that stand here."""
        named = [treatment.users for treatment in self.treatment]
        return [name for each in (*named, self.home_care.conditions, self.care_home.conditions) for name in each]


class Work(Shape):
    """Main source of income at working age: shares, log ratios per standard deviation fewer resources, factors."""

    adult: Annotated[int, Field(ge=15, le=25)]  # children before this age
    pension: Annotated[int, Field(ge=60, le=75)]
    early_from: Annotated[int, Field(ge=50, le=75)]
    early: Share
    cash: tuple[Share, float, Positive]  # share, per standard deviation, with a psychiatric condition known
    unemployed: tuple[Share, float, Positive]
    sick: tuple[Share, float, Positive]
    other: Share
    self_employed: Share
    lasting: Share  # of people whose standing in a year is that of their life, not drawn anew
    employees: dict[str, tuple[Annotated[int, Field(ge=100, le=999)], ...]]  # codes by level of education, alike often


class Disability(Shape):
    """Disability pension: chance after each condition, and the mean wait in years."""

    chance: dict[str, Share]
    otherwise: Share  # chance by the oldest age without any of these conditions
    wait: Positive
    resources: float
    ages: Ages


class Study(Shape):
    """Age at which each level of education is completed, and over how many years that spreads."""

    completed: dict[str, Positive]
    spread: Rate
    school: str  # the level everyone has first
    upper: str  # the level on the way to the higher ones ...
    through: tuple[str, ...]  # ... which are these
    grant: Share  # of students, who draw the state's grant
    grant_from: Annotated[int, Field(ge=16, le=25)]
    immigrants_unknown: Share  # of immigrants of the first generation, whose education is on no record


class Income(Shape):
    """Equivalised disposable income of a family, DKK a year."""

    year: int
    median: Positive
    spread: Rate
    noise: Rate  # of the log, per year
    growth: Positive
    factor: dict[str, Positive]  # by standing


class Spell(Shape):
    """Weeks on a benefit of people who otherwise work: how often a year, how long at the mean."""

    rate: Rate
    weeks: Positive


class Leave(Shape):
    """Parental leave: weeks before and after birth, of the mother and of her partner, and the share who take it."""

    before: Annotated[int, Field(ge=0, le=12)]
    mother: Annotated[int, Field(ge=1, le=60)]
    partner: Annotated[int, Field(ge=1, le=60)]
    taken: Share


class Dream(Shape):
    """Benefit codes by standing, and spells."""

    codes: dict[str, Annotated[int, Field(ge=1, le=999)]]
    unemployed: Spell
    sick: Spell
    leave: Leave
    year_weeks: tuple[Positive, Positive]  # of a year mainly on a benefit: fewest and most weeks on it


class Coercion(Shape):
    """Kinds of coercive measure and how often each; how many measures a coerced stay has at the mean."""

    kinds: Annotated[tuple[str, ...], Field(min_length=1, max_length=16)]
    shares: tuple[Share, ...]
    at_start: str  # the kind that falls on the first day of the stay
    measures: Annotated[float, Field(ge=1)]
    severe: Positive  # factor on the share with schizophrenia or bipolar disorder

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.at_start not in self.kinds:
            raise ValueError(f"at_start: {self.at_start!r} is none of the kinds")
        if len(self.shares) != len(self.kinds) or abs(sum(self.shares) - 1) > 1e-6:
            raise ValueError("shares need one value per kind, summing to 1")
        return self


class SocialFile(Shape):
    """social.toml."""

    socio: dict[str, Annotated[int, Field(ge=100, le=999)]]  # codes of socio13 by standing
    work: Work
    disability: Disability
    study: Study
    income: Income
    dream: Dream
    coercion: Coercion
    interpreter_days: Rate  # mean days from moving in until the need for an interpreter is on record

    @model_validator(mode="after")
    def _fits(self) -> Self:
        problems = [f"socio: no code for {name}" for name in STANDINGS if name not in self.socio and name != "employee"]
        problems += [f"dream.codes: no code for {name}" for name in BENEFITS if name not in self.dream.codes]
        problems += [f"income.factor: unknown {name}" for name in self.income.factor if name not in STANDINGS]
        if set(self.study.completed) != set(self.work.employees):
            problems.append("study.completed and work.employees need the same levels of education")
        levels = (self.study.school, self.study.upper, *self.study.through)
        problems += [f"study: unknown level {name}" for name in levels if name not in self.study.completed]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def conditions(self) -> list[str]:
        """Return the names of conditions that stand here."""
        return list(self.disability.chance)


STANDINGS = (
    "employee",
    "self_employed",
    "unemployed",
    "sick",
    "student",
    "disability",
    "old_age",
    "early",
    "cash",
    "other",
    "child",
)
# the later overwrites the earlier
BENEFITS = ("student", "unemployed", "cash", "sick", "leave", "disability", "old_age")
