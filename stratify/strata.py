"""Where a person stands on the two axes: what is needed, and what is known of the person's own resources.

The highest level whose rule holds is the person's. Unknown never counts as yes or no: a missing risk or a year without
contact cannot lower need, for silence is not health; the facts that could have raised it are named instead. Need reads
only what is confirmed; resources read a register's hints too, since all they lead to is a question. A level's `lift`
takes somebody from the level below up to it, once: those who are ill both in mind and body get something extra.
"""

from __future__ import annotations

from typing import Any

from stratify.care.facts import Facts
from stratify.care.rules import Judged, Names, judge, names_of
from stratify.catalogue.entries import Stratum
from stratify.catalogue.load import Catalogue
from stratify.errors import CatalogueError


def stratify_person(facts: Facts, catalogue: Catalogue) -> dict[str, dict[str, Any]]:
    """Return {"need": ..., "resources": ...}, each with id, level, why [{da, en}] and missing [facts].

    `missing` names the unknown facts that could place the person higher. Raises CatalogueError when an axis has no
    level that holds for everybody.
    """
    names = names_of(catalogue)
    strata = catalogue.strata.values()
    return {
        "need": _place([s for s in strata if s.axis == "need"], facts.confirmed(), names),
        "resources": _place([s for s in strata if s.axis == "resources"], facts, names),
    }


def _place(levels: list[Stratum], facts: Facts, names: Names) -> dict[str, Any]:
    judged = [(s, judge(s.rule, facts, names)) for s in sorted(levels, key=lambda s: (s.level, s.id))]
    held = [(s, j) for s, j in judged if j.holds]
    if not held:
        raise CatalogueError("an axis needs a level that holds for everybody: a stratum with level 0 and an empty rule")
    place, ground = held[-1]
    why = [statement.text() for statement in ground.decided]
    missing = dict.fromkeys(fact for s, j in judged if s.level > place.level for fact in j.unknown())
    above = [s for s, _ in judged if s.level > place.level]
    if above and above[0].lift is not None:
        lifted = judge(above[0].lift, facts, names)
        if lifted.holds:
            place = above[0]
            why += _raised(lifted)
            missing = dict.fromkeys(fact for s, j in judged if s.level > place.level for fact in j.unknown())
        else:
            missing |= dict.fromkeys(lifted.unknown())
    if not why:
        why = [
            {"da": "intet af det, der ville placere højere, er kendt", "en": "nothing known that would place higher"}
        ]
    if missing:
        labels = [names.words[fact] for fact in missing]
        why.append(
            {
                "da": f"mindst dette; ikke kendt: {', '.join(word.da for word in labels)}",
                "en": f"at least this; not known: {', '.join(word.en for word in labels)}",
            }
        )
    return {"id": place.id, "level": place.level, "why": why, "missing": list(missing)}


def _raised(lifted: Judged) -> list[dict[str, str]]:
    return [{"da": f"{s.da} – et niveau højere", "en": f"{s.en} – one level higher"} for s in lifted.decided]
