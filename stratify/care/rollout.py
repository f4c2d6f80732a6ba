"""How an offer is introduced while there are too few places for all, so that what it does can be learned fairly: a lot.

    offer = "pahs"
    design = "random_order"    # people by lot; "stepped_wedge": whole units by lot, one after the other
    units = "person"           # "municipality" or "hospital" for a stepped wedge
    start = 2026-01-05         # the first step begins
    step_days = 91
    steps = 4                  # or: places = 40, the people (or units) for whom there is room in each step
    latest = 2026-12-31        # nobody waits beyond this day
    approval = "..."           # the reference of the ethics committee's or the authority's approval
    seed = 20251201            # one that nobody could choose for what it gives, as numbers drawn in public
    why_scarce = "..."         # why there are not places for all from the start

Nobody is made to wait for what they have a claim on: a duty, standard care (an entry with evidence of the certainty
"guideline"), what its entry says they have a `claim` on, or an offer with a window, which waiting would close. All are
offered it, at the latest on `latest`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationError

from stratify.catalogue import Catalogue
from stratify.catalogue.offers import Offer
from stratify.catalogue.shapes import Shape
from stratify.errors import NotPermittedError, UsageError, did_you_mean

LOTS = {"stepped_wedge": ("municipality", "hospital"), "random_order": ("person",)}


class Terms(Shape):
    """The terms of a list of people, as a plan's: see `stratify.care.capacity`."""

    model_config = ConfigDict(strict=True, str_strip_whitespace=True)

    legal_basis: str = ""
    responsible_unit: str = ""
    purpose: str = ""
    until: date | None = None


class Design(Shape):
    """What a file says of a rollout; `read_design` holds it against the catalogue and the day."""

    model_config = ConfigDict(strict=True, str_strip_whitespace=True)

    offer: str
    design: Literal["stepped_wedge", "random_order"]
    units: Literal["municipality", "hospital", "person"]
    start: date
    step_days: int = Field(ge=1, le=3653)
    steps: int | None = Field(default=None, ge=2, le=1000)
    places: int | None = Field(default=None, ge=1)
    latest: date
    approval: str = ""
    seed: int = Field(ge=0)
    why_scarce: str = Field(min_length=3)
    list_: Terms = Field(default=Terms(), alias="list")

    @property
    def terms(self) -> dict[str, str]:
        """The terms of a list that are named."""
        return {key: str(value) for key, value in self.list_ if value}

    @property
    def most_steps(self) -> int:
        """How many steps begin on or before the day beyond which nobody waits."""
        return (self.latest - self.start).days // self.step_days + 1

    def begins(self, step: int) -> date:
        """Return the day from which a step's units or people are offered it; the first step is 1."""
        return self.start + timedelta(days=(step - 1) * self.step_days)


def read_design(path: Path, catalogue: Catalogue, today: date) -> Design:
    """Return what a file says. UsageError with every problem; NotPermittedError where no approval is named."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"a rollout needs a TOML file, got {path}, which is not there") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, IsADirectoryError) as error:
        raise UsageError(f"{path.name} cannot be read as TOML: {error}") from None
    design, problems, right = None, [], told
    try:
        design = Design.model_validate(told)
    except ValidationError as error:
        problems = [_told(detail) for detail in error.errors()]
        wrong = {detail["loc"][0] for detail in error.errors()}
        right = {key: value for key, value in told.items() if key not in wrong}
    if ("steps" in told) == ("places" in told):
        problems.append("steps, places: needs one of the two")
    problems += _across(right, catalogue, today)
    if problems or design is None:
        raise UsageError(f"{path.name}: {len(problems)} problem(s):", problems)
    if not design.approval:
        raise NotPermittedError(
            f"{path.name}: approval: nobody waits by lot without the reference of an approval; nothing was drawn"
        )
    return design


def reasons_not_to_wait(offer: Offer) -> list[str]:
    """Return why nobody may be made to wait for an offer; empty where its order may be drawn."""
    found = []
    if offer.kind == "duty":
        found.append("is a duty: it is nobody's to withhold")
    if offer.kind == "enabler":
        found.append("is no offer of its own but helps others")
    if any(one.certainty == "guideline" for one in offer.evidence):
        found.append("is standard care: a guideline stands behind it, and those it is for have it now")
    if offer.claim is not None:
        found.append(f"is what people have a claim on: {offer.claim}")
    if offer.window is not None:
        found.append(f"is for the {offer.window.within_days} days after an event: waiting would close it")
    return found


def _told(detail: Any) -> str:
    """Return what is wrong with one key, from what pydantic says of it."""
    key = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        known = Terms.model_fields if len(detail["loc"]) > 1 else [*Design.model_fields, "list"]
        return f"{key}: unknown key{did_you_mean(str(detail['loc'][-1]), known)}"
    if detail["type"] == "missing":
        return f"{key}: required, not there"
    return f"{key}: {detail['msg']}, got {detail['input']!r}"


def _across(told: Mapping[str, Any], catalogue: Catalogue, today: date) -> list[str]:
    """Return what is wrong between the keys that are right by themselves, and with the offer."""
    offer, design, units = told.get("offer"), told.get("design"), told.get("units")
    start, days, steps, latest = (told.get(key) for key in ("start", "step_days", "steps", "latest"))
    problems = []
    if offer is not None and offer not in catalogue.offers:
        problems.append(f"offer: no such offer {offer!r}{did_you_mean(offer, catalogue.offers)}")
    elif offer is not None:
        problems += [f"offer: {offer} {why}" for why in reasons_not_to_wait(catalogue.offers[offer])]
    if design and units and units not in LOTS[design]:
        problems.append(f"units: design {design!r} needs {' or '.join(map(repr, LOTS[design]))}, got {units!r}")
    if start and start <= today:
        problems.append(f"start: a day after {today} is required, got {start}: the order is drawn before it begins")
    until = told.get("list", {}).get("until")
    if until and until < today:
        problems.append(f"list.until: {until} has passed; a list needs a new day, and somebody who decides on it")
    if start and latest and latest <= start:
        problems.append(f"latest: a day after {start} is required, got {latest}")
    elif start and latest and days:
        last, fit = start + timedelta(days=((steps or 2) - 1) * days), (latest - start).days // days + 1
        if last > latest:
            most = (latest - start).days // ((steps or 2) - 1)
            do = f"{fit} steps would do, or steps of {most} days" if fit > 1 else f"steps of {most} days would do"
            problems.append(f"steps: the last would begin on {last}, and nobody waits beyond {latest}; {do}")
    return problems
