"""What entries of care name in each other: every id must exist, and a bridge may not lead back to itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from stratify.catalogue.entries import Needed, Test

if TYPE_CHECKING:
    from stratify.catalogue.load import Catalogue

Named = tuple[str, list[str], Collection[str]]  # where, the ids named there, those that exist


def named_by_offers(catalogue: Catalogue) -> Iterator[Named]:
    """Yield what offers, bridges and preferences name, and the ids that there are."""
    offers = catalogue.offers
    for offer in offers.values():
        where = f"offers/{offer.id}.toml"
        yield f"{where}: instead", [one for e in offer.excludes for one in e.instead], offers
        yield f"{where}: requires.helped_by", [one.helped_by for one in offer.requires], offers
        yield f"{where}: overlaps", [one.offer for one in offer.overlaps], [o for o in offers if o != offer.id]
        yield from _needs(where, offer.needs, catalogue)
    for bridge in catalogue.bridges.values():
        where = f"bridges/{bridge.id}.toml"
        yield f"{where}: helps", list(bridge.helps), catalogue.needs
        yield f"{where}: given_by", [bridge.given_by] if bridge.given_by else [], offers
        yield from _needs(where, bridge.needs, catalogue)
    for wish in catalogue.preferences.values():
        yield f"preferences/{wish.id}.toml: example.offer", [one.offer for one in wish.example], offers


def _needs(where: str, needs: tuple[Needed, ...], catalogue: Catalogue) -> Iterator[Named]:
    yield f"{where}: needs", [one.need for one in needs], catalogue.needs
    yield f"{where}: needs.bridges", [bridge for one in needs for bridge in one.bridges], catalogue.bridges


def rules_of_care(catalogue: Catalogue) -> Iterator[tuple[str, tuple[Test, ...]]]:
    """Yield each rule of strata, needs, bridges, offers and safety, as the tests it has."""
    for stratum in catalogue.strata.values():
        yield f"strata/{stratum.id}.toml: rule", stratum.tests()
    for need in catalogue.needs.values():
        yield f"needs/{need.id}.toml: rule", need.tests()
    for bridge in catalogue.bridges.values():
        yield f"bridges/{bridge.id}.toml: rule", bridge.tests()
    for offer in catalogue.offers.values():
        rules = [offer.indication, *(e.rule for e in offer.excludes), *(r.rule for r in offer.requires)]
        rules += [offer.asked_of] if offer.asked_of else []
        yield f"offers/{offer.id}.toml: rule", tuple(test for rule in rules for test in rule.tests())
    for safety in catalogue.safety.values():
        yield f"safety/{safety.id}.toml: rule", safety.rule.tests()


def check_bridges(catalogue: Catalogue) -> list[str]:
    """Return a problem for each bridge whose own needs would be met by itself, by whatever way round."""
    leads = {key: [b for one in bridge.needs for b in one.bridges] for key, bridge in catalogue.bridges.items()}
    problems = []
    for key in leads:
        way = _way_back(key, leads)
        if way:
            problems.append(f"bridges/{key}.toml: needs: a bridge may not need itself: {' > '.join(way)}")
    return problems


def _way_back(start: str, leads: Mapping[str, list[str]]) -> list[str]:
    """Return the way from a bridge back to itself, or nothing."""
    ways, seen = [[start]], {start}
    while ways:
        way = ways.pop()
        for after in leads.get(way[-1], []):
            if after == start:
                return [*way, start]
            if after not in seen:
                seen.add(after)
                ways.append([*way, after])
    return []
