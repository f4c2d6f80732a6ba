"""Outcomes: what a model foretells."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from stratify.catalogue.shapes import Care, Entry, IcdPrefix, Id, Shape

IndexEvent = Literal["landmark", "discharge", "psychiatric_outpatient"]
Injuries = Literal["count", "leave_out"]


class OutcomeExample(Shape):
    """Stays as (begins, hours, acute, care, diagnosis), perhaps a death or a departure, days counted from the index.

    The diagnosis may be left out. After a discharge, which is at noon of day 0, `begins` may count hours.
    """

    why: str
    stays: tuple[tuple[int, int, bool, Care] | tuple[int, int, bool, Care, str], ...] = ()
    begins_in: Literal["days", "hours"] = "days"
    death: int | None = None
    leaves: int | None = None
    expect: bool | Literal["unknown"]

    def answer(self) -> bool:
        return self.expect is True


class Outcome(Entry):
    """What a model foretells: whether the first such event falls in the window that `horizon_days` gives.

    `index` is what the window is counted from: [t, t + horizon) from a landmark; from 4 hours after a discharge until
    the day of discharge + horizon; the days after that of a psychiatric outpatient contact, as many as the horizon has.
    `icd10` and `icd10_except` are about the diagnosis the stay began with.
    """

    event: Literal["stay", "death"]
    index: IndexEvent = "landmark"
    stay: Literal["admission", "any"] = "admission"  # any: also stays too short to be an admission
    acute: bool | None = None
    care: tuple[Care, ...] = ()
    icd10: tuple[IcdPrefix, ...] = ()
    icd10_except: tuple[IcdPrefix, ...] = ()
    injuries: Injuries = "count"
    part_of: Id | None = None  # an outcome that holds whenever this one does
    horizon_days: int = Field(gt=0)
    register_delay_days: int = Field(ge=0)  # a label counts once this has passed after its window
    min_events_train: int = Field(gt=0)
    min_events_test: int = Field(gt=0)
    example: tuple[OutcomeExample, ...] = ()

    @model_validator(mode="after")
    def _death_has_no_stays(self) -> Outcome:
        told = {"acute", "care", "icd10", "icd10_except", "injuries", "stay"} & self.model_fields_set
        if self.event == "death" and told:
            raise ValueError(f"a death has no {', '.join(sorted(told))}")
        return self

    @model_validator(mode="after")
    def _only_what_is_there_can_be_left_out(self) -> Outcome:
        lost = [code for code in self.icd10_except if self.icd10 and not code.startswith(self.icd10)]
        if lost:
            raise ValueError(f"icd10_except leaves out what icd10 does not name: {', '.join(lost)}")
        return self

    @model_validator(mode="after")
    def _hours_are_of_discharges(self) -> Outcome:
        if self.index != "discharge" and any(example.begins_in == "hours" for example in self.example):
            raise ValueError("an example's stays are counted in hours after a discharge alone")
        return self

    def not_within(self, whole: Outcome) -> list[str]:
        """Return the keys by which some event of this outcome would be none of `whole`; empty where it is a part."""
        codes, left_out = self.icd10, self.icd10_except
        within = {
            "event": self.event == whole.event,
            "index": self.index == whole.index,
            "horizon_days": self.horizon_days == whole.horizon_days,
            "register_delay_days": self.register_delay_days == whole.register_delay_days,
            "stay": whole.stay in (self.stay, "any"),
            "acute": whole.acute in (self.acute, None),
            "care": not whole.care or (bool(self.care) and set(self.care) <= set(whole.care)),
            "icd10": not whole.icd10 or (bool(codes) and all(one.startswith(whole.icd10) for one in codes)),
            "icd10_except": all(one.startswith(left_out) or _apart(one, codes) for one in whole.icd10_except),
            "injuries": whole.injuries in (self.injuries, "count"),
        }
        return [key for key, holds in within.items() if not holds]


def _apart(code: str, codes: tuple[str, ...]) -> bool:
    """Whether codes are named, and no diagnosis starts both with one of them and with this one."""
    return bool(codes) and not code.startswith(codes) and not any(one.startswith(code) for one in codes)
