"""What each measure of a quality target takes; unknown words are refused when the catalogue is read."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Unit = Literal["share", "rate", "ratio"]
CareKind = Literal["somatic", "psychiatric"]


class _Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    def follow_up(self) -> int:
        """Return how many days after its day a case's answer is open."""
        return 0


class ReadmissionParameters(_Parameters):
    """An index stay of one kind of care, and an acute one after it."""

    care: CareKind
    days: int = Field(gt=0)  # start date minus discharge date, at most
    exclude_dead: bool  # leave out the index when death came within `days`
    codes: tuple[str, ...] = ()  # ICD-10 prefixes of the index stay's first diagnosis; none: any stay

    def follow_up(self) -> int:
        """Return how many days after discharge the answer is open."""
        return self.days


class ContactParameters(_Parameters):
    """A contact on one of these days after discharge; day 0 is the day of discharge."""

    care: CareKind
    from_day: int = Field(ge=0)
    to_day: int = Field(gt=0)
    settings: tuple[Literal["outpatient", "home", "virtual", "emergency"], ...] = Field(min_length=1)

    def follow_up(self) -> int:
        """Return how many days after discharge the answer is open."""
        return self.to_day


class DeathParameters(_Parameters):
    """An acute admission, counted from the day it began, and death after it."""

    care: CareKind
    days: int = Field(gt=0)  # date of death minus date of admission, at most
    codes: tuple[str, ...] = ()

    def follow_up(self) -> int:
        """Return how many days after the admission began the answer is open."""
        return self.days


class DuringStayParameters(_Parameters):
    """Something that happened during the stay, by the codes of one domain."""

    care: CareKind
    domain: Literal["coercion"]
    codes: tuple[str, ...] = ()  # none: any


class LabParameters(_Parameters):
    """The latest answer to these analyses inside the period, and the value from which it counts."""

    codes: tuple[str, ...] = Field(min_length=1)
    at_least: float


class Element(_Parameters):
    """One part of an all-or-none target: done when any of these is there in the days before the period's end."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    da: str
    en: str
    lab: tuple[str, ...] = ()
    services: tuple[str, ...] = ()  # how the code begins: specialty, or specialty and service
    within_days: int = Field(default=365, gt=0)
    standard: float | None = Field(default=None, ge=0, le=1)
    standard_source: str = ""

    @model_validator(mode="after")
    def _says_where_its_standard_is_from(self) -> Element:
        if self.standard is not None and len(self.standard_source) < 3:
            raise ValueError(f"element {self.id}: a standard needs its source")
        return self

    def registered(self) -> bool:
        """Return whether any register could tell it."""
        return bool(self.lab or self.services)


class ElementsParameters(_Parameters):
    """All parts done, for each person; a part that no register tells is unknown."""

    elements: tuple[Element, ...] = Field(min_length=1)


class TreatedParameters(_Parameters):
    """A value too high, and medicine redeemed after it."""

    codes: tuple[str, ...] = Field(min_length=1)
    at_least: float
    drugs: tuple[str, ...] = Field(min_length=1)  # ATC prefixes
    days: int = Field(gt=0)  # redeemed within so many days of the value
    already: Literal["left out", "counts"]  # who redeemed it in the `days` before the value

    def follow_up(self) -> int:
        """Return how many days after the value the answer is open."""
        return self.days


class RateParameters(_Parameters):
    """Admissions for each 1,000 years lived in the population."""

    care: CareKind
    acute: bool | None = None
    codes: tuple[str, ...] = ()


class MortalityParameters(_Parameters):
    """Deaths of those with one of these conditions, against what the others of their sex, age and year would have."""

    conditions: tuple[str, ...] = Field(min_length=1)


class GapParameters(_Parameters):
    """What a group attains in each chosen target that is a share, minus what the rest attain."""

    cut: str
    group: str
    rest: str
    min_each: int = Field(default=30, ge=5)


class ListedParameters(_Parameters):
    """People put on a list, and what came of it within so many days, by the service's own log."""

    days: int = Field(gt=0)

    def follow_up(self) -> int:
        """Return how many days after the listing the answer is open."""
        return self.days


class AnswerParameters(_Parameters):
    """A question to the person, when something was chosen and again later, by the service's own log."""

    question: Literal["shared_decision", "felt_safe", "burden"]
    at: Literal["choice", "later"]
    yes_from: int = Field(ge=1, le=5)  # answers from here up are a yes

    def follow_up(self) -> int:
        """Return how many days after the choice the answer is open."""
        return 0 if self.at == "choice" else 60


class NothingParameters(_Parameters):
    """What no register holds."""


Parameters = (
    ReadmissionParameters
    | ContactParameters
    | DeathParameters
    | DuringStayParameters
    | LabParameters
    | ElementsParameters
    | TreatedParameters
    | RateParameters
    | MortalityParameters
    | GapParameters
    | ListedParameters
    | AnswerParameters
    | NothingParameters
)
Measure = Literal[
    "readmission",
    "contact_after_discharge",
    "death_after_admission",
    "during_stay",
    "last_lab_value",
    "elements",
    "treated_after_value",
    "admission_rate",
    "mortality_ratio",
    "gap",
    "listed",
    "answered",
    "not_in_registers",
]
TAKES: dict[str, type[Parameters]] = {
    "readmission": ReadmissionParameters,
    "contact_after_discharge": ContactParameters,
    "death_after_admission": DeathParameters,
    "during_stay": DuringStayParameters,
    "last_lab_value": LabParameters,
    "elements": ElementsParameters,
    "treated_after_value": TreatedParameters,
    "admission_rate": RateParameters,
    "mortality_ratio": MortalityParameters,
    "gap": GapParameters,
    "listed": ListedParameters,
    "answered": AnswerParameters,
    "not_in_registers": NothingParameters,
}
UNIT: dict[str, Unit] = {"admission_rate": "rate", "mortality_ratio": "ratio"}  # all others are shares
OF_PEOPLE = ("last_lab_value", "elements", "treated_after_value")  # each person once a year, in the month of birth
FROM_SERVICE = ("listed", "answered")  # from the service's own log
WITHOUT_EXAMPLES = ("gap", "mortality_ratio", "not_in_registers")  # made from other measures, or from nothing
