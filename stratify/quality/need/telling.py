"""All that is told of need and activity, JSON-ready, each part with its definition beside it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from stratify.catalogue import Catalogue
from stratify.quality.case_mix import OUTCOMES
from stratify.quality.need.counting import Counts
from stratify.quality.need.ground import Frame
from stratify.quality.need.tell_activity import hours_told, tell_activity, too_few, units_told
from stratify.quality.need.tell_need import tell_need
from stratify.quality.need.tell_places import tell_looks, tell_use
from stratify.store.read import Store

FORMAT = 1
FILE = Path(__file__).with_name("definitions.toml")
TOO_FEW = {
    "da": "nogle tabeller har for få i for mange celler til at vises",
    "en": "some tables have too few in too many cells to be told",
}
PARTS = ("need", "services", "hours", "own", "volume", "chain", "looks", "use")


@lru_cache(maxsize=1)
def definitions() -> Mapping[str, Any]:
    """Return the words of each part, and of kinds and groups."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def tell(
    found: Counts, frame: Frame, store: Store, catalogue: Catalogue, roles: Mapping[str, Mapping[int, str]]
) -> dict[str, Any]:
    """Return all parts, each `measured`, `too_few`, or `not_measurable` with what the source lacks for it."""
    need, services = tell_need(found, frame, catalogue, roles)
    activity = tell_activity(found, frame)
    made = {
        "need": need,
        "services": services,
        **{part: activity.get(part, {}) for part in ("hours", "own", "volume", "chain")},
        "looks": tell_looks(found, frame),
        "use": tell_use(found, frame, store, catalogue),
    }
    why = lacking(found, frame, store, roles)
    first, last = frame.years[0], frame.years[-1]
    period = {
        "need": [str(one) for one in frame.follow],
        "services": [str(one) for one in frame.follow],
        "looks": [f"{frame.looks}-01-01"],
        "use": [str(last)],
    }
    told: dict[str, Any] = {}
    few = too_few(found, frame)
    for part in PARTS:
        lacks = why.get(part, []) + ([TOO_FEW] if part in few else [])
        missing = "too_few" if part in few and part not in why else "not_measurable"
        told[part] = {
            **definitions()[part],
            "status": "measured" if made[part] else missing,
            "lacking": lacks,
            "period": period.get(part, [str(first)] if first == last else [f"{first}-{last}"]),
            "told": made[part],
        }
    return {"format": FORMAT, "words": definitions()["words"], "parts": told}


def lacking(
    found: Counts, frame: Frame, store: Store, roles: Mapping[str, Mapping[int, str]]
) -> dict[str, list[dict[str, str]]]:
    """Return by part what the source lacks, in Danish and English; parts that lack nothing are not there."""

    def no(domain: str, da: str) -> list[dict[str, str]]:
        return [] if store.has(domain) else [_both(f"kilden har ikke {da}", f"no {domain} in this source")]

    stays, contacts = no("stay", "indlæggelser"), no("contact", "kontakter")
    untold = _both("kilden skelner ikke akut fra planlagt", "the source does not tell acute from planned")
    acute = [] if store.measurable["acute"] else [untold]
    hours = [
        _both(f"kilden kender ikke timen for {da}", f"the source does not tell the hour of {kind}")
        for kind, da in (("contacts", "akutte kontakter"), ("admissions", "indlæggelser"))
        if f"{kind}.midnight" in found and not hours_told(found, kind)
    ]
    units = [] if units_told(found, frame) else [
        _both("kilden nævner ingen af hospitalerne i stratify/hospitals.toml", "no hospital of ours is named")
    ]  # fmt: skip
    places = [] if _places(found) else [
        _both("kilden fortæller ingen af kommunerne i stratify/units.toml", "no municipality of ours is told")
    ]  # fmt: skip
    served = [
        _both(
            f"ingen model i brug for {key}: kun efter alder og køn", f"no model served for {key}: by age and sex alone"
        )
        for key in OUTCOMES
        if key not in roles
    ]
    followed = [] if frame.follow else [
        _both("ingen skæringsdag er fulgt et helt år", "no landmark is followed for a whole year")
    ]  # fmt: skip
    before = [
        *no("service", "almen praksis (sssy)"),
        *no("out_of_hours", "lægevagt"),
        *no("ambulance", "ambulancer"),
        *no("municipal", "hjemmesygepleje"),
        *contacts,
    ]
    kinds = [*no("service", "almen praksis (sssy)"), *contacts, *no("municipal", "hjemmesygepleje")]
    found_lacks = {
        "need": [*stays, *places, *followed, *served, *acute],
        "services": [*stays, *places, *followed, *kinds],
        "hours": [*contacts, *stays, *acute, *hours, *units],
        "own": [*stays, *units, *places],
        "volume": [*stays, *units],
        "chain": [*stays, *acute, *before, *places],
        "looks": places,
    }
    return {part: lines for part, lines in found_lacks.items() if lines}


def _places(found: Counts) -> bool:
    """Whether anybody lives in a municipality of ours."""
    return bool(found["looks.group"][1:-1].any())


def _both(da: str, en: str) -> dict[str, str]:
    return {"da": da, "en": en}
