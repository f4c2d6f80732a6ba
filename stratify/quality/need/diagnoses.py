"""Diagnosis groups that admissions are counted by: ICD-10 chapters, and groups within them with a minimum a year."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from stratify.catalogue.shapes import IcdPrefix, Shape, Text
from stratify.quality.need.axes import Axis, Ints

FILE = Path(__file__).with_name("volumes.toml")
REST = "_other"  # of a chapter, beside its groups
OTHER = "other"  # no chapter: no diagnosis, or none of ICD-10
OTHER_NAME = Text(da="Andre og uoplyste", en="Other and not told")


class Chapter(Shape):
    """A chapter of ICD-10: the first three characters from `from` to `to`."""

    id: str
    first: str = Field(alias="from", pattern=r"^[A-Z]\d\d$")
    last: str = Field(alias="to", pattern=r"^[A-Z]\d\d$")
    name: Text


class Group(Shape):
    """Diagnoses within one chapter; per_year where its minimum differs from that of all."""

    id: str
    codes: tuple[IcdPrefix, ...] = Field(min_length=1)
    name: Text
    per_year: int | None = None


class Minimum(Shape):
    """How many admissions a year a hospital should have of each group, and who says so."""

    per_year: int = Field(ge=1)
    status: str
    source: str


class Volumes(Shape):
    """What volumes.toml holds."""

    minimum: Minimum
    chapter: tuple[Chapter, ...]
    group: tuple[Group, ...]

    @model_validator(mode="after")
    def _each_group_lies_in_one_chapter(self) -> Volumes:
        for group in self.group:
            if len({self.chapter_of(code) for code in group.codes} - {OTHER}) != 1:
                raise ValueError(f"group {group.id}: its codes must lie in one chapter")
        return self

    def chapter_of(self, code: str) -> str:
        """Return the chapter of a code, OTHER where it has none."""
        return next((one.id for one in self.chapter if one.first <= code[:3] <= one.last), OTHER)

    def leaf_of(self, code: str) -> str:
        """Return the group of a code, else the rest of its chapter, else the chapter.

        >>> volumes().leaf_of("I509"), volumes().leaf_of("I10"), volumes().leaf_of("A419"), volumes().leaf_of("")
        ('heart_failure', 'IX_other', 'I', 'other')
        """
        for group in self.group:
            if code.startswith(group.codes):
                return group.id
        chapter = self.chapter_of(code)
        return f"{chapter}{REST}" if chapter in self.parted else chapter

    @property
    def parted(self) -> dict[str, list[str]]:
        """The groups of each chapter that has some."""
        found: dict[str, list[str]] = {}
        for group in self.group:
            found.setdefault(self.chapter_of(group.codes[0]), []).append(group.id)
        return found


@lru_cache(maxsize=1)
def volumes() -> Volumes:
    """Return what is declared."""
    return Volumes.model_validate(tomllib.loads(FILE.read_text(encoding="utf-8")))


@lru_cache(maxsize=1)
def diagnosis_axis() -> Axis:
    """Return the axis of diagnoses: chapters, and below some of them groups and the rest of the chapter."""
    declared = volumes()
    leaves, above = [], {}
    for chapter in declared.chapter:
        own = declared.parted.get(chapter.id, [])
        for one in [*own, f"{chapter.id}{REST}"] if own else []:
            leaves.append(("diagnosis", one))
            above["diagnosis", one] = ("chapter", chapter.id)
        if not own:
            leaves.append(("chapter", chapter.id))
    return Axis.of("diagnosis", [*leaves, ("chapter", OTHER)], above)


def diagnosis_leaf(code: NDArray[np.str_]) -> Ints:
    """Return the leaf of each first diagnosis."""
    place = {label: number for number, (_, label) in enumerate(diagnosis_axis().leaves)}
    codes, at = np.unique(code, return_inverse=True)
    return np.array([place[volumes().leaf_of(str(one))] for one in codes], dtype=np.int64)[at]
