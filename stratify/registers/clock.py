"""The clock: days and minutes as numbers, and the day from which on a row was known.

Every event has two times. It *happened* on `day`; it was *known* from `known` on, which is the day it ended (the
diagnoses of a contact are coded at its end) plus the delay its register declares. At a landmark t, an event counts in a
window of w days when t - w <= day < t and known < t. The SQL of the readers writes these in braces:

    {day:X}        days from 1970-01-01 to X
    {minute:X}     minutes from 1970-01-01 to X
    {delay:TABLE}  the delay in days that TABLE declares
    {delivered}    the day of delivery, for facts without a date of their own
    {covers_end}   the midnight that ends the last day the extract covers
    {to_who:X}     the WHO form of the SKS diagnosis code X
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta

from stratify.codes import TO_WHO_SQL
from stratify.errors import DataError
from stratify.registers.declare import Table

EPOCH = date(1970, 1, 1)
_TERM = re.compile(r"\{(\w+)(?::([^{}]*))?\}")


def day_number(day: date) -> int:
    """Return the days from 1970-01-01 to a day."""
    return (day - EPOCH).days


def day_of(number: int) -> date:
    """Return the day of a number; the inverse of `day_number`."""
    return EPOCH + timedelta(days=int(number))


def read_date(text: str, what: str) -> date:
    """Return the date in an ISO text; raises DataError naming what it was meant for."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DataError(f"{what}: needs a date as YYYY-MM-DD, got {text!r}") from None


def first_of_january(covers_to: date) -> date:
    """Return the latest 1 January that everything before it is covered for: the landmark to score."""
    after = covers_to + timedelta(days=1)
    return date(after.year, 1, 1)


def spell_out(sql: str, declared: Mapping[str, Table], *, delivered: date, covers_to: date) -> str:
    """Return SQL with the terms above written out."""

    def term(found: re.Match[str]) -> str:
        word, argument = found.group(1), found.group(2) or ""
        if word == "day":
            return f"date_diff('day', DATE '1970-01-01', CAST({argument} AS DATE))"
        if word == "minute":
            return f"date_diff('minute', TIMESTAMP '1970-01-01 00:00:00', {argument})"
        if word == "delay":
            clock = declared[argument].clock
            if clock is None:
                raise AssertionError(f"{argument} declares no clock")
            return str(clock.delay_days)
        if word == "delivered":
            return str(day_number(delivered))
        if word == "covers_end":
            return f"TIMESTAMP '{covers_to + timedelta(days=1)} 00:00:00'"
        if word == "to_who":
            return TO_WHO_SQL(argument)
        raise AssertionError(f"no such term in SQL: {word}")

    return _TERM.sub(term, sql)
