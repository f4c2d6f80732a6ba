"""What is declared about reading a chart (`codings.toml`): systems, statuses, classes, and the words of gaps."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from stratify.catalogue.entries import Shape, Text

FILE = Path(__file__).with_name("codings.toml")


class Asked(Shape):
    """A prefetch key: its template, the types it asks for, those that may lie beside them, whether it must be there."""

    name: Text
    template: str
    types: tuple[str, ...]
    beside: tuple[str, ...] = ()
    required: bool = False


class System(Shape):
    """A system of codes, and the form its codes have."""

    uri: str
    form: Literal["sks", "who", "atc", "npu", "loinc"] = "atc"
    source: str


class OfCondition(Shape):
    """Which conditions are events, and which hold today."""

    not_events: tuple[str, ...]
    not_confirmed: tuple[str, ...]
    holds_now: tuple[str, ...]
    problem_list: str
    kind: str


class OfMedicine(Shape):
    """Which statuses of a type of resource are events, and which go on until today."""

    events: tuple[str, ...]
    not_events: tuple[str, ...]
    open: tuple[str, ...]
    intents: tuple[str, ...] = ()


class Class(Shape):
    """What a class of encounter is."""

    form: Literal["physical", "home", "virtual", "other"]
    stay: bool = False
    inpatient: bool = False
    acute: bool | None = None


class Urgency(Shape):
    """Which codes of a system say acute, and which planned."""

    system: str
    acute: tuple[str, ...]
    planned: tuple[str, ...] = ()


class Speciality(Shape):
    """Which codes of a system are psychiatry."""

    uri: str
    psychiatric: tuple[str, ...]


class OfEncounter(Shape):
    """How encounters become contacts."""

    events: tuple[str, ...]
    open: tuple[str, ...]
    not_events: tuple[str, ...]
    class_system: str
    classes: dict[str, Class] = Field(alias="class")
    priority: Urgency
    admit_source: Urgency
    speciality: tuple[Speciality, ...]


class OfObservation(Shape):
    """Which results are events, and the system of units."""

    events: tuple[str, ...]
    not_events: tuple[str, ...]
    unit_system: str


class Refused(Shape):
    """Why a chart is refused, in words, and the status the service answers with."""

    da: str
    en: str
    status: Literal[412, 422]


class Declared(Shape):
    """All of it."""

    zone: str
    most_resources: int = Field(gt=0)
    least_known: float = Field(gt=0, le=1)
    days_per_packet: int = Field(gt=0)
    prefetch: dict[str, Asked]
    diagnosis_system: tuple[System, ...]
    medicine_system: tuple[System, ...]
    result_system: tuple[System, ...]
    condition: OfCondition
    medicine: dict[str, OfMedicine]
    encounter: OfEncounter
    observation: OfObservation
    told: dict[str, Text]
    refused: dict[str, Refused]


@cache
def declared() -> Declared:
    """Return what is declared."""
    return Declared.model_validate(tomllib.loads(FILE.read_text(encoding="utf-8")))
