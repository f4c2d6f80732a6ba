"""Where people stand on the two axes: what is needed, and what is known of their own resources.

The highest level whose rule holds is the person's. Unknown never counts as yes or no: a missing risk or a year without
contact cannot lower need, for silence is not health; the facts that could have raised it are named instead. Need reads
only what is confirmed; resources read a register's hints too, since all they lead to is a question.

A level's `lift`s take somebody from the level below up to it: the first of them of all levels once, then the second. So
those who are ill both in mind and body stand a level higher, and so do those of whom there is silence.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stratify.care.logic import Judge
from stratify.care.people import YES, People
from stratify.care.statements import Speaker, Statement, names_of
from stratify.catalogue.entries import Rule, Stratum
from stratify.catalogue.load import Catalogue
from stratify.errors import CatalogueError

AXES = {"need": True, "resources": False}  # whether only what is confirmed counts on the axis


NOTHING = {"da": "intet af det, der ville placere højere, er kendt", "en": "nothing known that would place higher"}


def levels(catalogue: Catalogue, axis: str) -> list[Stratum]:
    """Return an axis' levels, the lowest first. CatalogueError when none of them holds for everybody."""
    found = sorted((s for s in catalogue.strata.values() if s.axis == axis), key=lambda s: (s.level, s.id))
    if not found or found[0].rule.tests():
        raise CatalogueError("an axis needs a level that holds for everybody: a stratum with level 0 and an empty rule")
    return found


def places(judge: Judge, catalogue: Catalogue, axis: str) -> NDArray[np.int8]:
    """Return each person's place among `levels` of an axis."""
    reached, _ = _reach(judge, levels(catalogue, axis), AXES[axis])
    return reached


def _reach(judge: Judge, strata: list[Stratum], confirmed: bool) -> tuple[NDArray[np.int8], list[NDArray[np.bool_]]]:
    """Return each person's place, and for each lift in turn who came a level up by it."""
    reached = np.zeros(judge.people.n, np.int8)
    for at, stratum in enumerate(strata):
        reached[judge.rule(stratum.rule, confirmed=confirmed) == YES] = at
    lifts = []
    for nth in range(max(len(stratum.lift) for stratum in strata)):
        lifted = np.zeros(judge.people.n, bool)
        for at, stratum in enumerate(strata):
            if nth < len(stratum.lift):
                lifted |= (reached == at - 1) & (judge.rule(stratum.lift[nth], confirmed=confirmed) == YES)
        reached = (reached + lifted).astype(np.int8)
        lifts.append(lifted)
    return reached, lifts


def stratify_person(people: People, catalogue: Catalogue, row: int = 0) -> dict[str, dict[str, Any]]:
    """Return one person's {"need": ..., "resources": ...}, each with id, level, why [{da, en}] and missing [facts].

    `missing` names the unknown facts that could place the person higher.
    """
    one = people if people.n == 1 else people.of(np.array([row]))
    judge = Judge(one)
    speaker = Speaker(judge, 0, names_of(catalogue))
    return {axis: _told(judge, speaker, levels(catalogue, axis), AXES[axis]) for axis in AXES}


def _told(judge: Judge, speaker: Speaker, strata: list[Stratum], confirmed: bool) -> dict[str, Any]:
    reached, lifts = _reach(judge, strata, confirmed)
    lifted = [bool(lift[0]) for lift in lifts]
    at = int(reached[0])
    ground = at - sum(lifted)

    def decided(rule: Rule) -> tuple[Statement, ...]:
        return speaker.decided(rule, confirmed=confirmed)

    why = [s.text() for s in decided(strata[ground].rule)]
    missing = [s for higher in strata[at + 1 :] for s in decided(higher.rule) if s.holds is None]
    step = ground
    for nth, was_lifted in enumerate(lifted):
        step += was_lifted
        lift = strata[min(step + (not was_lifted), len(strata) - 1)].lift[nth : nth + 1]
        statements = [s for rule in lift for s in decided(rule)]
        if was_lifted:
            why += [{"da": f"{s.da} – et niveau højere", "en": f"{s.en} – one level higher"} for s in statements]
        elif at + 1 < len(strata):
            missing += [s for s in statements if s.holds is None]
    facts = list(dict.fromkeys(s.fact for s in missing))
    if not why:
        why = [
            {"da": "intet af det, der ville placere højere, er kendt", "en": "nothing known that would place higher"}
        ]
    if facts:
        words = [speaker.names.words[fact] for fact in facts]
        why.append(
            {
                "da": f"mindst dette; ikke kendt: {', '.join(word.da for word in words)}",
                "en": f"at least this; not known: {', '.join(word.en for word in words)}",
            }
        )
    return {"id": strata[at].id, "level": strata[at].level, "why": why, "missing": facts}
