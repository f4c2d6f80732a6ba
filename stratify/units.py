"""Where people live, as units that are compared: municipality, catchment of an acute hospital, part of the region."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from stratify.catalogue.shapes import Shape

if TYPE_CHECKING:
    from stratify.features.kernel import Rows
    from stratify.store.records import Columns

FILE = Path(__file__).with_name("units.toml")
HOSPITALS = Path(__file__).with_name("hospitals.toml")
ELSEWHERE = ""  # no unit: the municipality is not told, or none of ours


class Municipality(Shape):
    """A municipality and the units it lies in."""

    name: str
    hospital: str
    part: str


class Hospital(Shape):
    """A unit that contacts name by its code: an acute hospital, or a department of psychiatry."""

    name: str
    level: Literal["hospital", "psychiatric"]


@lru_cache(maxsize=1)
def hospitals() -> Mapping[str, Hospital]:
    """Return the hospitals and psychiatric departments by the code that contacts name them by."""
    told = tomllib.loads(HOSPITALS.read_text(encoding="utf-8"))
    return {code: Hospital.model_validate(one) for code, one in told.items()}


@lru_cache(maxsize=1)
def municipalities() -> Mapping[str, Municipality]:
    """Return the municipalities by their code of three digits."""
    told = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {code: Municipality.model_validate(one) for code, one in told.items()}


def home_of(rows: Rows, residence: Columns) -> NDArray[np.str_]:
    """Return the municipality's code of each row, str[n], on its day; ELSEWHERE where it is not told.

    residence: stretches sorted by person and start, as the store has them; of several that hold, the latest to begin.
    """
    person, start = residence["person"].astype(np.int64), residence["start"].astype(np.int64)
    found = np.full(len(rows), ELSEWHERE, dtype="<U8")
    if not len(person) or not len(rows):
        return found
    base = min(int(start.min()), int(rows.day.min()))
    span = max(int(start.max()), int(rows.day.max())) - base + 1
    at = np.searchsorted(person * span + (start - base), rows.person * span + (rows.day - base), side="right") - 1
    inside = np.maximum(at, 0)
    end = np.where(np.isnan(residence["end"]), np.inf, residence["end"])
    here = (at >= 0) & (person[inside] == rows.person) & (end[inside] > rows.day)
    code = residence["municipality"]
    told = np.array([ELSEWHERE if one is None else str(one) for one in code[inside[here]].tolist()], dtype="<U8")
    found[here] = told
    return found


def units(home: NDArray[np.str_]) -> dict[str, NDArray[np.str_]]:
    """Return each row's municipality (name), hospital and part, str[n], by kind of unit; ELSEWHERE where none."""
    known = municipalities()
    codes, place = coded(home)
    of = [known.get(code) for code in codes.tolist()]
    return {
        kind: np.array([ELSEWHERE if one is None else getattr(one, key) for one in of])[place]
        for kind, key in (("municipality", "name"), ("hospital", "hospital"), ("part", "part"))
    }


def coded(texts: NDArray[np.str_]) -> tuple[NDArray[np.str_], NDArray[np.int64]]:
    """Return the different texts, ascending, and the place of each text among them, as np.unique does.

    For few different texts, which need not be sorted all.

    >>> coded(np.array(["751", "615", "751"]))
    (array(['615', '751'], dtype='<U3'), array([1, 0, 1]))
    """
    told = texts.tolist()
    different = sorted(set(told))
    place = {one: number for number, one in enumerate(different)}
    places = np.fromiter(map(place.__getitem__, told), dtype=np.int64, count=len(told))
    return np.array(different, dtype=texts.dtype), places
