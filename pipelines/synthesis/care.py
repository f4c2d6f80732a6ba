"""The hospital contacts of one year with their diagnoses: what a register would hold of stays and outpatient care.

A stay becomes one contact, or two at different hospitals 30 minutes to 3.5 hours apart (a transfer). Every contact has
one action diagnosis (A) and up to three secondary ones (B), drawn from what the person has on that day; a few carry
underlying (G), referral (H) and additional (+) codes, and diagnoses that are later refuted.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.synthesis.lives import Health
from pipelines.synthesis.parameters import Parameters
from pipelines.synthesis.people import People
from pipelines.synthesis.stays import DAY, Events, Taken
from pipelines.synthesis.streams import Streams

INPATIENT, OUTPATIENT, EMERGENCY = 0, 2, 3  # as in c_pattype
PSYCHIATRY = 5  # index of the psychiatric unit
OPEN = -1  # end of a contact that has not ended
CHANGE = (date(2019, 2, 3) - date(1970, 1, 1)).days  # first day of LPR_A
LATERALITY = ("TUL1", "TUL2")  # right, left: additional codes


def stacked(parts: list[Events]) -> Events:
    """Return tables with the same columns as one."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def taken_from(events: Events, rows: NDArray[np.generic]) -> Events:
    """Return some rows of a table."""
    return {name: values[rows] for name, values in events.items()}


def contacts_of_year(
    people: People,
    health: Health,
    kinds: dict[str, Events],
    taken: tuple[Taken, Taken],
    window: tuple[int, int, int],
    end_of_data: int,
    carried: Events | None,
    streams: Streams,
    parameters: Parameters,
) -> tuple[Events, Events]:
    """Return the year's contacts sorted by person and start, and those that begin in the next year, to be handed back.

    Columns: when, where, how, and the action diagnosis. `carried` is what the year before handed on.
    """
    year, first, length = window
    parts: list[Events] = []
    for kind, events in kinds.items():
        rng = streams.at(f"contacts {kind}", year)
        n = len(events["person"])
        setting = np.full(n, EMERGENCY if kind == "emergency" else INPATIENT, np.int8)
        code = _stay_codes(people, health, events, kind, rng, parameters, first)
        part = {**events, "setting": setting, "code": code, "virtual": np.zeros(n, bool)}
        part["unit"] = _units(people, events, rng, parameters)
        parts.append(_with_transfers(part, rng, parameters) if kind == "acute" else part)
        if kind == "psychiatric":
            parts.append(_after_discharge(people, part, streams.at("follow-up", year), parameters))
    parts.append(_chronic_visits(people, health, window, streams.at("visits", year), parameters))
    parts.append(_other_visits(people, health, window, streams.at("other visits", year), parameters))
    parts.extend([carried] if carried else [])
    events = stacked(parts)
    events["code"] = events["code"].astype(np.int16)
    begun = events["start"] // DAY < first + length
    events, later = taken_from(events, begun), taken_from(events, ~begun)

    person, start = events["person"], events["start"]
    keep = start // DAY <= people.last_day(end_of_data)[person]
    clear = np.where(
        events["psychiatric"],
        taken[1].free(person, start, events["end"]),
        taken[0].free(person, start, events["end"]),
    )
    events = taken_from(events, keep & (clear | (events["setting"] != OUTPATIENT)))
    person = events["person"]
    last = (
        people.last_day(2**30).astype(np.int64) + 1
    ) * DAY - 1  # a contact ends with the person's death or departure
    events["end"] = np.maximum(np.minimum(events["end"], last[person]), events["start"])
    rng = streams.at("open", year)
    late = (events["start"] // DAY > end_of_data - 30) & (rng.random(len(person)) < parameters.contacts["open_end"])
    events["end"] = np.where(late | (events["end"] // DAY > end_of_data), OPEN, events["end"])
    return taken_from(events, np.lexsort((events["code"], events["end"], events["start"], person))), later


def _units(people: People, events: Events, rng: np.random.Generator, parameters: Parameters) -> NDArray[np.int8]:
    """Return the unit of each event: mostly the hospital of one's municipality, else Aarhus, else any."""
    person = events["person"]
    own = parameters.municipality_unit[people.municipality()[person]]
    draw = rng.random(len(person))
    anywhere = rng.integers(0, PSYCHIATRY, len(person))
    unit = np.where(draw < 0.86, own, np.where(draw < 0.96, 0, anywhere))
    return np.where(events["psychiatric"], PSYCHIATRY, unit).astype(np.int8)


def _with_transfers(part: Events, rng: np.random.Generator, parameters: Parameters) -> Events:
    """Return the contacts of stays, some of them split in two at different hospitals, the second with its own code."""
    long = part["end"] - part["start"] > 2 * DAY
    split = long & (rng.random(len(long)) < parameters.acute["transfer"])
    rows = np.flatnonzero(split)
    second = taken_from(part, rows)
    middle = part["start"][rows] + (
        (part["end"][rows] - part["start"][rows]) * (0.2 + 0.5 * rng.random(len(rows)))
    ).astype(np.int64)
    part["end"][rows] = middle
    second["start"] = middle + 30 + rng.integers(0, 180, len(rows))
    second["unit"] = np.where(second["unit"] == 0, rng.integers(1, PSYCHIATRY, len(rows)), 0).astype(np.int8)
    return stacked([part, second])


def _stay_codes(
    people: People,
    health: Health,
    events: Events,
    kind: str,
    rng: np.random.Generator,
    parameters: Parameters,
    first: int,
) -> NDArray[np.int16]:
    """Return the action diagnosis of stays: for illness one of the person's own conditions or a common acute cause."""
    person = events["person"]
    n = len(person)
    if kind not in ("acute", "psychiatric"):
        return _any_of(parameters.code_lists[kind], rng, n)
    psychiatric = kind == "psychiatric"
    weight = parameters.psychiatric_log if psychiatric else parameters.acute_log * ~parameters.psychiatric
    own = (health.onset[person] <= (events["start"] // DAY)[:, None]) * np.maximum(weight, 0.0)
    own[:, [len(codes) == 0 for codes in parameters.condition_codes]] = 0.0
    total = own.sum(axis=1)
    other = 0.5 if psychiatric else 1.0
    draw = rng.random(n) * (total + other)
    condition = (np.cumsum(own, axis=1) < draw[:, None]).sum(axis=1)
    general = _any_of(parameters.code_lists["psychiatric" if psychiatric else "acute"], rng, n)
    if not psychiatric:
        general = np.where(people.age(first)[person] < 12, _any_of(parameters.code_lists["child"], rng, n), general)
    condition = np.minimum(condition, own.shape[1] - 1)
    specific = codes_of(condition, health.form[person, condition], rng, parameters)
    return np.where(draw < total, specific, general).astype(np.int16)


def codes_of(
    condition: NDArray[np.int64], form: NDArray[Any], rng: np.random.Generator, parameters: Parameters
) -> NDArray[np.int16]:
    """Return a code for each condition; -1 for a condition that has none.

    `form`, between 0 and 1, picks the three-character category, early ones of the condition's list most often: one
    person keeps to type 1 diabetes, or to asthma. The code within the category changes from contact to contact.
    """
    widest = max(len(codes) for codes in parameters.condition_codes)
    chosen = np.full(len(condition), -1, np.int16)
    place = np.floor(form.astype(np.float64) ** 1.8 * 0.999999 * widest).astype(np.int64)
    draw = rng.random(len(condition))
    for column, codes in enumerate(parameters.condition_codes):
        rows = np.flatnonzero(condition == column)
        if len(codes) == 0 or len(rows) == 0:
            continue
        category = [parameters.codes[code][:4] for code in codes]
        same = [[int(code) for code, other in zip(codes, category, strict=True) if other == mine] for mine in category]
        counts = np.array([len(alike) for alike in same])
        table = np.array([alike + [-1] * (widest - len(alike)) for alike in same], dtype=np.int16)
        at = place[rows] * len(codes) // widest
        chosen[rows] = table[at, np.floor(draw[rows] * counts[at]).astype(np.int64)]
    return chosen


def _any_of(codes: NDArray[np.int16], rng: np.random.Generator, n: int) -> NDArray[np.int16]:
    return codes[np.floor(rng.random(n) ** 1.3 * len(codes)).astype(np.int64)]


def _visit(
    people: People,
    person: NDArray[np.int64],
    day: NDArray[np.int64],
    psychiatric: NDArray[np.bool_],
    code: NDArray[np.int16],
    rng: np.random.Generator,
    parameters: Parameters,
) -> Events:
    """Return outpatient contacts by day, of a quarter to a whole hour."""
    n = len(person)
    start = day * DAY + 8 * 60 + rng.integers(0, 7 * 60, n)
    events: Events = {
        "person": person,
        "start": start,
        "end": start + 15 + rng.integers(0, 46, n),
        "acute": np.zeros(n, bool),
        "psychiatric": psychiatric,
        "setting": np.full(n, OUTPATIENT, np.int8),
        "code": code.astype(np.int16),
        "virtual": rng.random(n) < parameters.contacts["virtual"],
    }
    events["unit"] = _units(people, events, rng, parameters)
    return events


def _chronic_visits(
    people: People, health: Health, window: tuple[int, int, int], rng: np.random.Generator, parameters: Parameters
) -> Events:
    """Return outpatient contacts for what people have: one soon after an onset, then at the condition's yearly rate."""
    _, first, length = window
    last = first + length
    has = (health.onset < last) & health.seen & (people.entry < first)[:, None]
    has &= np.array([len(codes) > 0 for codes in parameters.condition_codes])
    person, condition = np.nonzero(has)
    onset = health.onset[person, condition].astype(np.int64)
    new = onset >= first
    count = rng.poisson(parameters.visits[condition] * np.where(new, (last - onset) / length, 1.0))
    # an onset late in a year may first be seen in the next
    count = count + (new & (onset < last - 20))
    person, condition, onset = (np.repeat(values, count) for values in (person, condition, onset))
    since = np.maximum(onset, first)
    day = since + np.floor(rng.random(len(person)) * (last - since)).astype(np.int64)
    psychiatric = rng.random(len(person)) < parameters.psychiatric_care[condition]
    code = codes_of(condition, health.form[person, condition], rng, parameters)
    return _visit(people, person, day, psychiatric, code, rng, parameters)


def _other_visits(
    people: People, health: Health, window: tuple[int, int, int], rng: np.random.Generator, parameters: Parameters
) -> Events:
    """Return outpatient contacts for anything else: injuries, pain, tests, skin, teeth."""
    _, first, length = window
    rate = parameters.contacts["outpatient_other"] * np.exp(0.3 * people.frailty) * (people.entry < first)
    person = np.repeat(np.arange(len(people)), rng.poisson(rate * (1 + 0.1 * np.minimum(health.stays, 3))))
    day = first + np.floor(rng.random(len(person)) * length).astype(np.int64)
    code = _any_of(parameters.code_lists["outpatient"], rng, len(person))
    return _visit(people, person, day, np.zeros(len(person), bool), code, rng, parameters)


def _after_discharge(people: People, stays: Events, rng: np.random.Generator, parameters: Parameters) -> Events:
    """Return psychiatric outpatient contacts after psychiatric stays: often within 7 days, sometimes later, or none."""
    contacts = parameters.contacts
    person = stays["person"]
    draw = rng.random(len(person))
    soon = draw < contacts["followup7"]
    later = ~soon & (draw < contacts["followup7"] + contacts["followup30"])
    wait = np.where(soon, 1 + rng.integers(0, 7, len(person)), 8 + rng.integers(0, 23, len(person)))
    rows = np.flatnonzero(soon | later)
    day = stays["end"][rows] // DAY + wait[rows]
    return _visit(people, person[rows], day, np.ones(len(rows), bool), stays["code"][rows], rng, parameters)


def diagnoses(contacts: Events, health: Health, year: int, streams: Streams, parameters: Parameters) -> Events:
    """Return the year's diagnoses, by contact: its row, the code's index, the kind, whether later refuted.

    Additional codes (+) have indices above those of `parameters.codes`: they count on into LATERALITY.
    """
    rng = streams.at("diagnoses", year)
    person = contacts["person"]
    n = len(person)
    width = len(parameters.conditions)
    rows = np.arange(n)
    on_day = (contacts["start"] // DAY)[:, None]
    has = (health.onset[person] <= on_day) & np.array([len(codes) > 0 for codes in parameters.condition_codes])
    has &= health.seen[person] | (contacts["setting"] == INPATIENT)[:, None]
    # up to three secondary diagnoses: more at stays than at visits
    draw = np.where(has, rng.random((n, width)), 2.0)
    mean = np.where(contacts["setting"] == INPATIENT, 1.8, np.where(contacts["setting"] == OUTPATIENT, 0.55, 0.2))
    wanted = np.minimum(rng.poisson(mean), 3)
    order = np.argsort(draw, axis=1, kind="stable")[:, :3]
    parts = [(rows, contacts["code"], "A", np.zeros(n, bool))]
    for place in range(3):
        condition = order[:, place]
        real = (wanted > place) & has[rows, condition]
        code = codes_of(condition, health.form[person, condition], rng, parameters)
        real &= code != contacts["code"]
        parts.append((rows[real], code[real], "B", np.zeros(int(real.sum()), bool)))
    for kind, share in (("H", 0.02), ("G", 0.012), ("B", parameters.contacts["refuted"])):
        # only LPR_A can say that a diagnosis was later refuted
        eligible = {"H": True, "G": has.any(axis=1), "B": on_day[:, 0] >= CHANGE}[kind]
        some = np.flatnonzero((rng.random(n) < share) & eligible)
        # an underlying disease is one's own; a referral or a refuted diagnosis may be anything
        condition = order[some, 0] if kind == "G" else rng.integers(0, width, len(some))
        code = codes_of(condition, health.form[person[some], condition], rng, parameters)
        real = (code >= 0) & (code != contacts["code"][some])
        parts.append((some[real], code[real], kind, np.full(int(real.sum()), kind == "B")))
    some = np.flatnonzero((contacts["setting"] == EMERGENCY) & (rng.random(n) < 0.25))
    side = len(parameters.codes) + rng.integers(0, 2, len(some))
    parts.append((some, side.astype(np.int16), "+", np.zeros(len(some), bool)))
    row = np.concatenate([part[0] for part in parts])
    order = np.argsort(row, kind="stable")
    return {
        "row": row[order],
        "code": np.concatenate([part[1] for part in parts])[order],
        "kind": np.concatenate([np.full(len(part[0]), part[2]) for part in parts])[order],
        "refuted": np.concatenate([part[3] for part in parts])[order],
    }
