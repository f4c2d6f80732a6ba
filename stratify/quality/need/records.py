"""The admissions and contacts of a bucket that activity is counted from, each with its day, minute, unit and person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stratify.quality.cases import Bools
from stratify.quality.need.axes import Axis, Ints
from stratify.store.read import Store
from stratify.units import hospitals

NO_MINUTE = -(2**62)


@dataclass(frozen=True)
class Admissions:
    """Stays of 12 hours or more (R1, R2), by the day they began on; of each the unit that received it.

    acute: 1, 0, or -1 where it is not told. minute: NO_MINUTE where the hour is not told. end: the minute it ended.
    """

    person: Ints
    day: Ints
    minute: Ints
    end: Ints
    acute: NDArray[np.int8]
    somatic: Bools
    unit: NDArray[np.str_]
    code: NDArray[np.str_]

    @staticmethod
    def of(store: Store, bucket: int) -> Admissions:
        """Return them in the store's order."""
        rows = store.slice("stay", bucket)
        told = rows.coded("acute")
        acute = np.where(told.among(True), 1, np.where(told.among(False), 0, -1)).astype(np.int8)
        found = Admissions(
            rows.ints("person").astype(np.int64),
            rows.ints("day").astype(np.int64),
            _minutes(rows.floats("start_min")),
            _minutes(rows.floats("end_min")),
            acute,
            ~rows.coded("care").among("psychiatric"),
            _texts(rows.coded("unit_first").values, rows.coded("unit_first").place),
            _texts(rows.coded("first_code").values, rows.coded("first_code").place),
        )
        return found.keep(rows.coded("admission").among(True))

    def keep(self, which: Bools) -> Admissions:
        """Return some of them."""
        return Admissions(*(getattr(self, name)[which] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Contacts:
    """Hospital contacts by the day they began on; minute: NO_MINUTE where the hour is not told."""

    person: Ints
    day: Ints
    minute: Ints
    acute: Bools
    setting: NDArray[np.str_]
    unit: NDArray[np.str_]

    @staticmethod
    def of(store: Store, bucket: int) -> Contacts:
        """Return them in the store's order."""
        rows = store.slice("contact", bucket)
        return Contacts(
            rows.ints("person").astype(np.int64),
            rows.ints("day").astype(np.int64),
            _minutes(rows.floats("start_min")),
            rows.coded("acute").among(True),
            _texts(rows.coded("setting").values, rows.coded("setting").place),
            _texts(rows.coded("unit").values, rows.coded("unit").place),
        )


def leaf_of_unit(axis: Axis, unit: NDArray[np.str_]) -> Ints:
    """Return the leaf of each unit by its code: a hospital, a department of psychiatry, or elsewhere."""
    place = {node: number for number, node in enumerate(axis.leaves)}
    known = {code: place[one.level, one.name] for code, one in hospitals().items()}
    codes, at = np.unique(unit, return_inverse=True)
    return np.array([known.get(str(one), len(axis.leaves) - 1) for one in codes], dtype=np.int64)[at]


def _minutes(values: NDArray[np.float64]) -> Ints:
    return np.where(np.isnan(values), NO_MINUTE, np.nan_to_num(values)).astype(np.int64)


def _texts(values: tuple[str, ...], place: NDArray[np.signedinteger[np.typing.NBitBase]]) -> NDArray[np.str_]:
    return np.array([*values, ""], dtype=np.str_)[place]
