"""The diagnoses of a year's contacts: one action diagnosis each, secondary ones of what is recognised, and odd ones.

Columns: row (of the contact), code, kind (index into KINDS), refuted, corrected (day from which the right code stands,
0: always), wrong (the code until then).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.synthesis.calendar import DAY
from pipelines.synthesis.codes import LATERALITY, Codes
from pipelines.synthesis.contacts import CHANGE, EMERGENCY, INPATIENT, OUTPATIENT, seen_in_hospital
from pipelines.synthesis.parameters import OLDEST, Parameters
from pipelines.synthesis.scene import Rows, Scene
from pipelines.synthesis.streams import Words, hashed, unit

KINDS = ("A", "B", "G", "H", "+")
ACTION, SECONDARY, UNDERLYING, REFERRAL, ADDITION = range(5)
TOLD = 0.25  # chance that a ward notes a disease that is treated outside hospital; ASSUMED
MOST = 3  # secondary diagnoses of a contact
REFERRALS, UNDERLIES, SIDES = 0.02, 0.012, 0.25  # shares of contacts with an H, a G, a laterality; no source


def diagnoses_of(contacts: Rows, scene: Scene, codes: Codes, given: Parameters) -> Rows:
    """Return the diagnoses of contacts, by contact: its own code first."""
    person, bits, n = contacts["person"], contacts["bits"], len(contacts["person"])
    rows = np.arange(n)
    keys, sex = scene.keys[person], scene.people.sex[person]
    parts = [(rows, contacts["code"], np.full(n, ACTION), np.zeros(n, bool), bits)]
    known, first, count = _known(scene, codes)
    day = contacts["start"] // DAY
    setting = contacts["setting"]
    mean = np.where(setting == INPATIENT, 1.8, np.where(setting == OUTPATIENT, 0.55, 0.2))
    have, start = count[person], first[person]
    picked: list[NDArray[np.int64]] = []
    for place in range(MOST):
        draw = hashed(bits, "secondary", np.full(n, place))
        at = np.floor(unit(draw) * have).astype(np.int64)
        condition = np.where(have > 0, known[np.minimum(start + at, len(known) - 1)], 0) if len(known) else 0 * have
        wanted = (have > 0) & (unit(draw, 1) < np.minimum(mean / (place + 1.2), 0.9)) & ~contacts["missed"]
        wanted &= scene.recognised[person, condition] <= day
        wanted &= (unit(draw, 2) < TOLD) & (setting == INPATIENT) | seen_in_hospital(keys, condition, given)
        for earlier in picked:
            wanted &= condition != earlier
        picked.append(np.where(wanted, condition, -1))
        some = np.flatnonzero(wanted)
        code = codes.of_conditions("codes", condition[some], sex[some], keys[some], draw[some])
        other = code != contacts["code"][some]
        some, code, draw = some[other], code[other], draw[some[other]]
        parts.append((some, code, np.full(len(some), SECONDARY), np.zeros(len(some), bool), draw))
    coded, of_age = _by_age(codes, given)
    refuted = given.care.quirks.refuted  # the secondary ones of these are refuted later
    for kind, share in ((REFERRAL, REFERRALS), (UNDERLYING, UNDERLIES), (SECONDARY, refuted)):
        draw = hashed(bits, f"odd {KINDS[kind]}", np.zeros(n, np.int64))
        eligible = {REFERRAL: np.ones(n, bool), UNDERLYING: have > 0, SECONDARY: day >= CHANGE}[kind]
        some = np.flatnonzero((unit(draw) < share) & eligible)
        among = of_age[np.clip(scene.age[person[some]], 0, OLDEST)]  # conditions that people of that age can have
        some, among = some[among > 0], among[among > 0]
        anything = coded[np.floor(unit(draw[some], 1) * among).astype(np.int64)]
        # an underlying disease is one's own; a referral or a refuted diagnosis may be anything
        own = known[start[some]] if kind == UNDERLYING else anything
        if kind == UNDERLYING:
            by_then = scene.recognised[person[some], own] <= day[some]
            some, own = some[by_then], own[by_then]
        code = codes.of_conditions("codes", own, sex[some], keys[some], draw[some])
        real = (code != contacts["code"][some]) & (code >= 0)
        some, code = some[real], code[real]
        parts.append((some, code, np.full(len(some), kind), np.full(len(some), kind == SECONDARY), draw[some]))
    some = np.flatnonzero((setting == EMERGENCY) & (unit(bits, 17) < SIDES))
    side = len(codes.vocabulary) - len(LATERALITY) + np.floor(unit(bits[some], 18) * 2)
    parts.append((some, side.astype(np.int16), np.full(len(some), ADDITION), np.zeros(len(some), bool), bits[some]))
    return _ordered(parts, contacts, codes, given)


def _by_age(codes: Codes, given: Parameters) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the conditions that have a code, those of the youngest first; how many of them come by each age."""
    begins = given.column("from_")
    coded = np.flatnonzero(codes.has("codes"))
    coded = coded[np.argsort(begins[coded], kind="stable")]
    return coded, np.searchsorted(begins[coded], np.arange(OLDEST + 1), side="right")


def _known(scene: Scene, codes: Codes) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return each person's recognised conditions that have a code, in one row; where theirs begin; how many."""
    last = scene.year.first + scene.year.length
    person, condition = np.nonzero((scene.recognised < last) & codes.has("codes")[None, :])
    count = np.bincount(person, minlength=len(scene))
    return condition, np.cumsum(count) - count, count


def _ordered(
    parts: list[tuple[NDArray[np.int64], NDArray[np.int16], NDArray[np.int64], NDArray[np.bool_], Words]],
    contacts: Rows,
    codes: Codes,
    given: Parameters,
) -> Rows:
    row, code, kind, refuted, bits = (np.concatenate([part[column] for part in parts]) for column in range(5))
    order = np.lexsort((bits, refuted, kind, row))
    row, code, kind, refuted, bits = row[order], code[order], kind[order], refuted[order], bits[order]
    late = (kind == SECONDARY) & ~refuted & (unit(bits, 30) < given.care.quirks.corrected)
    day = contacts["end"][row] // DAY + 30 + np.floor(unit(bits, 31) * 330).astype(np.int64)
    wrong = codes.anyones[np.floor(unit(bits, 32) * len(codes.anyones)).astype(np.int64)]
    return {
        "row": row,
        "code": code.astype(np.int16),
        "kind": kind,
        "refuted": refuted,
        "corrected": np.where(late, day, 0),
        "wrong": wrong,
        "bits": bits,
    }
