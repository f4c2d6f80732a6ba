"""What `models.fit` is given, checked once: a frame of numbers, outcomes, whose rows they are, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.table import Floats, Ints
from stratify.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_DAYS = np.iinfo(np.int32)


@dataclass(frozen=True)
class Arranged:
    """x float64[n, k] of named columns, y float64[n], person int32[n] counted from 0 and time int32[n]."""

    columns: tuple[str, ...]
    x: Floats
    y: Floats
    person: Ints
    time: Ints


def arranged(x: pd.DataFrame, y: ArrayLike, groups: ArrayLike, time: ArrayLike | None) -> Arranged:
    """Return what was given as arrays; without time, the rows of a person are counted.

    DataError (exit 11) names all that is not as it must be; no value of a row stands in it.
    """
    problems = not_a_frame(x)
    if problems:
        raise DataError("no model can be fitted to this:", problems)
    n = len(x)
    values = matrix(x, problems)
    told = _outcomes(y, problems)
    person = _people(groups, problems)
    days = np.zeros(n, dtype=np.int32) if time is None else _landmarks(time, problems)
    if not problems and not told.shape == person.shape == days.shape == (n,):
        problems.append(f"needs y, groups and time of {n} rows, got {told.shape}, {person.shape} and {days.shape}")
    if problems:
        raise DataError("no model can be fitted to this:", problems)
    if time is None:
        days = _nth_of_person(person)
    return Arranged(tuple(str(name) for name in x.columns), values, told, person.astype(np.int32), days)


def not_a_frame(x: object) -> list[str]:
    """Return why this is no frame of different columns; [] where it is one."""
    import pandas as pd

    if not isinstance(x, pd.DataFrame):
        return [f"x: a pandas DataFrame is required, with a name for each column, got {type(x).__name__}"]
    names = [str(name) for name in x.columns]
    return [f"x: the column {name!r} stands there more than once" for name in sorted({*names}) if names.count(name) > 1]


def matrix(x: pd.DataFrame, problems: list[str]) -> Floats:
    """Return the frame's numbers; columns of something else are named among the problems."""
    import pandas as pd

    def numbers(column: pd.Series[Any]) -> bool:
        kind = getattr(column.dtype, "kind", "O")
        if kind != "O" or pd.api.types.is_string_dtype(column):
            return kind in "biuf"
        try:
            column.to_numpy(dtype=np.float64)
        except (TypeError, ValueError):
            return False
        return True

    wrong = [name for name in x.columns if not numbers(x[name])]
    if wrong:
        problems += [f"x: the column {str(name)!r} holds {x[name].dtype}; numbers are required" for name in wrong]
        return np.zeros(x.shape)
    return np.ascontiguousarray(x.to_numpy(dtype=np.float64))


def _outcomes(y: ArrayLike, problems: list[str]) -> Floats:
    try:
        return np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError):
        problems.append("y: numbers are required, 0, 1 or NaN where it is not known")
        return np.zeros(0)


def _people(groups: ArrayLike, problems: list[str]) -> NDArray[np.intp]:
    """Return whose row each is, counted from 0 in the order of what they are called."""
    import pandas as pd

    who = np.asarray(groups)
    if pd.isna(who).any():
        problems.append("groups: a person is required for each row, none may be missing; leave out rows of nobody")
        return np.zeros(0, dtype=np.intp)
    try:
        return np.asarray(np.unique(who, return_inverse=True)[1], dtype=np.intp)
    except TypeError:
        problems.append("groups: whole numbers or texts are required, not both")
        return np.zeros(0, dtype=np.intp)


def _landmarks(time: ArrayLike, problems: list[str]) -> Ints:
    """Return the landmarks as whole numbers; dates as days since 1970."""
    import pandas as pd

    zoned = isinstance(getattr(time, "dtype", None), pd.DatetimeTZDtype)
    when = np.asarray(pd.Series(time).dt.tz_localize(None) if zoned else time)
    if when.dtype.kind == "M":
        if np.isnat(when).any():
            problems.append("time: a date is required for each row, none may be missing")
            return np.zeros(0, dtype=np.int32)
        when = when.astype("datetime64[D]").astype(np.int64)
    elif when.dtype.kind not in "iu":
        problems.append(f"time: whole numbers or dates (datetime64) are required, got {when.dtype}")
        return np.zeros(0, dtype=np.int32)
    if when.size and not (_DAYS.min <= when.min() and when.max() <= _DAYS.max):
        problems.append("time: whole numbers of 32 bits are required, such as days")
        return np.zeros(0, dtype=np.int32)
    return when.astype(np.int32)


def _nth_of_person(of: NDArray[np.intp]) -> Ints:
    order = np.argsort(of, kind="stable")
    first = np.searchsorted(of[order], of[order], side="left")
    nth = np.empty(len(of), dtype=np.int32)
    nth[order] = np.arange(len(of)) - first
    return nth
