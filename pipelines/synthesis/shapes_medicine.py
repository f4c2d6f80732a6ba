"""The shapes of medicine.toml and laboratory.toml: who takes which drug, and which tests are taken with what answer."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipelines.synthesis.shapes import Point, Positive, Rate, Share
from stratify.catalogue.entries import Shape

Points = tuple[Point, ...]  # (age, value), linear between; before the first and after the last the value stays
Atc = Annotated[str, Field(pattern=r"^[A-Z]\d\d[A-Z]{2}\d\d$")]
AtcStart = Annotated[str, Field(pattern=r"^[A-Z](\d\d([A-Z]([A-Z](\d\d)?)?)?)?$")]
Npu = Annotated[str, Field(pattern=r"^(NPU|DNK)\d{5}$")]
Age = Annotated[int, Field(ge=0, le=100)]  # nobody below it
Decimals = Annotated[int, Field(ge=0, le=2)]
MOST = 256  # drugs; twice as many products
VALUES = 10_000  # numbers a vocabulary of answers holds per number of decimals


def _rising(points: Points, what: str) -> None:
    ages = [age for age, _ in points]
    if ages != sorted(set(ages)):
        raise ValueError(f"{what}: ages need to rise")


class Product(Shape):
    """What lies in a pack: units, defined daily doses, strength of a unit."""

    atc: Atc
    packsize: Positive
    volume: Positive
    strength: Positive


class Instead(Product):
    """A product that a share of the drug's users take instead of the first, from the year it came."""

    share: Share
    since: int = 0


class Drug(Product):
    """A treatment that goes on for months or years: who takes it, how regularly, for how long; see medicine.toml."""

    users: dict[str, Share] = Field(default_factory=dict)
    ages: Points = ()
    from_age: Age = 0
    sex: Literal[0, 1, 2] = 0
    fills: Annotated[float, Field(gt=0, le=60)]
    uneven: Annotated[float, Field(ge=0, le=1)] = 0.12
    spell: Positive | None = None
    pause: Positive | None = None
    since: int = 0
    everywhere: bool = False
    indication: Annotated[str, Field(pattern=r"^\d{7}$")] | None = None
    instead: tuple[Instead, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        _rising(self.ages, "ages")
        if any(not 0 <= share <= 1 for _, share in self.ages):
            raise ValueError("ages: shares lie between 0 and 1")
        if not self.users and not self.ages:
            raise ValueError("nobody takes it: users or ages is required")
        if (self.spell is None) != (self.pause is None):
            raise ValueError("spell and pause stand together")
        if sum(each.share for each in self.instead) > 1:
            raise ValueError("instead: the shares add to more than 1")
        return self


class Acute(Product):
    """A drug bought now and then, whatever one has: courses per person and year by age."""

    rate: Annotated[Points, Field(min_length=1)]
    from_age: Age = 0
    sex: Literal[0, 1, 2] = 0

    @model_validator(mode="after")
    def _fits(self) -> Self:
        _rising(self.rate, "rate")
        if any(rate < 0 for _, rate in self.rate):
            raise ValueError("rate: no rate is negative")
        return self


class Buying(Shape):
    """How drugs are bought, whichever they are; medicine.toml says what each number is."""

    delay: Rate
    spread: Rate
    frailty: float
    frailty_acute: float
    packs: tuple[Share, Share]
    dosed: tuple[Share, Share]
    dosed_days: Annotated[int, Field(ge=7, le=60)]
    dosed_uneven: Share
    weekend: tuple[Share, Share]
    early_until: date
    early_missing: Positive


class MedicineFile(Shape):
    """medicine.toml."""

    buying: Buying
    drug: Annotated[tuple[Drug, ...], Field(min_length=1, max_length=MOST)]
    acute: Annotated[tuple[Acute, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        products = sum(1 + len(drug.instead) for drug in self.drug) + len(self.acute)
        if products > 2 * MOST:
            raise ValueError(f"more than {2 * MOST} products")
        return self


class Course(Shape):
    """What a condition does to a test's level, and when."""

    by: float  # the whole change
    starts: float = 0.0  # in years after the onset; before it where negative
    years: Rate = 0.0  # from the start until the change is whole
    yearly: float = 0.0  # further change per year after the onset
    for_: Annotated[float, Field(alias="for", ge=0, le=60)] = 15.0  # years for which that goes on
    treated: Share = 0.0  # part of all this that treatment takes away, with full adherence


class Code(Shape):
    """Another NPU code for the same analyte, as some laboratories report it until or from a year."""

    npu: Npu
    unit: str
    share: Share  # of the people, by where their tests go
    first: int = 0  # first and last year of the code
    last: int = 9999
    factor: Positive = 1.0
    plus: float = 0.0
    decimals: Decimals


class Test(Shape):
    """A laboratory analysis: how often it is taken, and what it says; see laboratory.toml."""

    __test__ = False  # no test of pytest's

    npu: Npu
    unit: str
    latent: str
    rate: Annotated[Points, Field(min_length=1)]
    from_age: Age = 0
    more: dict[str, Rate] = Field(default_factory=dict)
    mean: tuple[float, float]
    ages: Points = ()
    between: Rate
    within: Rate
    log: bool = False
    stay: Share = 0.0
    infection: tuple[Share, Share, float] = (0.0, 0.0, 0.0)
    shift: dict[str, Course] = Field(default_factory=dict)
    drugs: dict[AtcStart, float] = Field(default_factory=dict)
    low: float
    high: float
    decimals: Decimals
    negative: bool = False
    creatinine: bool = False
    other: tuple[Code, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        _rising(self.rate, "rate")
        _rising(self.ages, "ages")
        if not 0 <= self.low < self.high or self.high * 10**self.decimals >= VALUES:
            raise ValueError(f"0 <= low < high is required, and fewer than {VALUES} values between them")
        if self.log and self.low <= 0:
            raise ValueError("low: above 0 is required where log is true")
        return self


class Taking(Shape):
    """How tests are taken, whichever they are; laboratory.toml says what each number is."""

    frailty: float
    weight: float
    samples_per_day: Rate
    most_samples: Annotated[int, Field(ge=1, le=60)]
    cancelled: Share
    negative: Share


class LaboratoryFile(Shape):
    """laboratory.toml."""

    taking: Taking
    test: Annotated[tuple[Test, ...], Field(min_length=1, max_length=64)]
