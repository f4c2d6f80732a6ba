"""Where an offer is given: of the places one has to get to, which there are and how far, the nearest first."""

from __future__ import annotations

from typing import Any

import numpy as np

from stratify.care.people import People
from stratify.catalogue.offers import Offer, Place
from stratify.units import municipalities

KM: dict[Place, str] = {
    "gp": "km_to_practice",
    "health_house": "km_to_health_house",
    "psychiatry_house": "km_to_psychiatry",
    "hospital": "km_to_acute_hospital",
}


def where(people: People, offer: Offer) -> list[dict[str, Any]]:
    """Return the offer's places that one has to get to, each {place, name, km}, the nearest first.

    km is None where nobody knows it; name is the town of an offer that has one site, else that of the acute hospital
    of the person's municipality, else None. Of the first of the people.
    """
    found = [
        {"place": place, "name": offer.site, "km": None}
        if offer.site and place != "gp"
        else {"place": place, "name": _hospital(people) if place == "hospital" else None, "km": _km(people, KM[place])}
        for place in offer.places
        if place in KM
    ]
    return sorted(found, key=lambda one: (one["km"] is None, one["km"]))


def _km(people: People, fact: str) -> float | None:
    column = people.columns.get(fact)
    return None if column is None or np.isnan(column.values[0]) else round(float(column.values[0]), 1)


def _hospital(people: People) -> str | None:
    column = people.columns.get("municipality")
    if column is None or np.isnan(column.values[0]):
        return None
    home = column.words[int(column.values[0])]
    return next((one.hospital for one in municipalities().values() if one.name == home), None)
