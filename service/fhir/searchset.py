"""Returns what a search found as a Bundle of type searchset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from service.fhir.resources import Bundle, Entry, EntrySearch, Link
from service.fhir.risk import address
from service.fhir.types import Resource


def searchset(
    url: str,
    matches: Sequence[Resource],
    included: Sequence[Resource] = (),
    notes: Sequence[Resource] = (),
    *,
    counted: bool = True,
) -> Bundle:
    """Return the Bundle: what matches, what is included with it, and what should be known of the search.

    url: where it was searched, which names nobody. The total is left out where there may be more (`counted`).
    """
    return Bundle(
        total=len(matches) if counted else None,
        link=[Link(url=url)],
        entry=[
            *(_entry(one, "match") for one in matches),
            *(_entry(one, "include") for one in included),
            *(_entry(one, "outcome") for one in notes),
        ],
    )


def _entry(one: Resource, mode: Literal["match", "include", "outcome"]) -> Entry:
    return Entry(full_url=address(one.id) if one.id else None, resource=one, search=EntrySearch(mode=mode))
