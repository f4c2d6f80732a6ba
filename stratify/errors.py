"""Errors a user can act on, each with the exit code the command line ends with.

StratifyError            1  base; anything else that escapes is a bug and shows its traceback
├── UsageError           2  the call's words are off
├── CatalogueError      10  one or more catalogue entries are broken
├── DataError           11  an extract, or what can be made of it, does not suffice
├── GateError           12  an agreed gate is not met
├── BundleError         13  a bundle, a signature or a digest does not fit
├── NotPermittedError   14  the caller may not do this
└── NotReconstructableError  15  what was known on a day cannot be told

A message says what was required, what was got and what to do. It never holds a person's values.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


def did_you_mean(got: str, known: Iterable[str]) -> str:
    """Return the end of a message that names the known word nearest to the one given; nothing where none is near.

    >>> did_you_mean("medgenemgang", ["medgennemgang", "pahs"]), did_you_mean("cake", ["pahs"])
    ("; did you mean 'medgennemgang'?", '')
    """
    near = difflib.get_close_matches(got, list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


class StratifyError(Exception):
    """An error shown to the user without a traceback, with every problem found, not the first."""

    exit_code = 1

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.problems = tuple(problems)

    def __str__(self) -> str:
        """Return the message, then one indented line for each problem."""
        return "\n".join([self.message, *(f"  {problem}" for problem in self.problems)])


class UsageError(StratifyError):
    """The command's words are off."""

    exit_code = 2


class CatalogueError(StratifyError):
    """One or more catalogue entries are broken."""

    exit_code = 10


class DataError(StratifyError):
    """An extract, or what can be made of it, does not suffice."""

    exit_code = 11


class GateError(StratifyError):
    """An agreed gate is not met."""

    exit_code = 12


class BundleError(StratifyError):
    """A bundle, a signature or a digest does not fit."""

    exit_code = 13


class NotPermittedError(StratifyError):
    """The caller may not do this."""

    exit_code = 14


class NotReconstructableError(StratifyError):
    """What was known on a day cannot be told: no delivery that old is kept."""

    exit_code = 15
