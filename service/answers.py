"""Returns what is told of a person by the pair that answers: whole, or as JSON put together from what was ready."""

from __future__ import annotations

from datetime import timedelta

from service.said import NO_ADVICE, OVERSIGHT, READING
from service.schemas import Found, NoAdvice, Own, Told
from service.served import Row, Served


def answer(served: Served, row: Row | None) -> Found | NoAdvice:
    """Return what is told of a person, by the pair that answers; of nobody, that there is no advice."""
    if row is None:
        return NoAdvice(data_as_of=served.meta["covers_to"], model=served.model, oversight=OVERSIGHT, text=NO_ADVICE)
    return Found.model_construct(**dict(own(served, row)), **dict(served.tell(row, Told)))


def at_once(served: Served, row: Row) -> bytes:
    """Return the same answer as JSON, put together from what was worked out when people were scored."""
    assert row.told is not None
    return own(served, row).model_dump_json().encode()[:-1] + b"," + row.told[1:]


def own(served: Served, row: Row) -> Own:
    """Return what is said of the risks themselves, and what the person chose."""
    now = row.day  # scored on the spot: by all that happened before that day
    return Own(
        data_as_of=served.meta["covers_to"] if now is None else (now - timedelta(days=1)).isoformat(),
        model=served.model,
        oversight=OVERSIGHT,
        basis=row.basis,
        scored_on=served.meta["landmark"] if now is None else now.isoformat(),
        risks=served.beside.of(row.stored.risks, row.stored.facts),
        missing=row.stored.missing,
        reading=READING,
        choices=[one.told() for one in row.said],
    )
