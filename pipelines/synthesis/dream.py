"""The benefit of each week: `dream`, a row per person who ever had one and a column per week.

Benefits come as stretches of days; where several fall in one week, the later of BENEFITS is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.synthesis.calendar import NEVER, day_number
from pipelines.synthesis.parameters import Parameters
from pipelines.synthesis.people import People
from pipelines.synthesis.shapes_services import BENEFITS, STANDINGS, Spell
from pipelines.synthesis.standing import PLACE, completed, disability_pension, standing
from pipelines.synthesis.streams import Draws, Words, hashed, unit
from pipelines.synthesis.write import Columns, people_column

if TYPE_CHECKING:
    from pipelines.synthesis.shard import Life, Plan

Days = NDArray[np.int32]
Ints = NDArray[np.int64]
Stretch = tuple[Ints, Ints, Ints]  # people, first day, last day
TOGETHER = 4096  # people whose weeks are written at a time
YEAR = 365.25


def dream(life: Life, pnr: pa.Array, plan: Plan, given: Parameters) -> Columns:
    """Return `dream` of a shard; `pnr` has a place per person of the shard."""
    who, weeks = benefits(life.people, life.state.recognised, life.draws, plan.first_year, plan.end.year, given)
    return {"pnr": people_column(pnr, who), **weeks}


def benefits(
    people: People, recognised: Days, draws: Draws, first_year: int, last_year: int, given: Parameters
) -> tuple[Ints, Columns]:
    """Return who had a benefit in any ISO week of the years, and a column of codes per week (`y_YYWW`), null for none.

    Over a whole shard; `recognised` (people × conditions) is as it stands after the last year.
    """
    base = (day_number(date(first_year, 1, 4)) + 3) // 7  # 4 January lies in week 1; 1970-01-01 was a Thursday
    count = (day_number(date(last_year, 12, 28)) + 3) // 7 - base + 1
    names = [(date(1970, 1, 1) + timedelta(days=7 * (base + week))).strftime("y_%g%V") for week in range(count)]
    stretches = _by_benefit(people, recognised, draws, first_year, last_year, given)
    weeks = [_weeks(stretch, people, base, count) for stretch in stretches]
    who, parts = [], []
    for start in range(0, len(people), TOGETHER):
        cells = np.full((min(TOGETHER, len(people) - start), count), -1, np.int8)
        flat = cells.reshape(-1)
        for benefit, (person, first, length) in enumerate(weeks):
            low, high = np.searchsorted(person, [start, start + TOGETHER])
            flat[_runs((person[low:high] - start) * count + first[low:high], length[low:high])] = benefit
        some = np.flatnonzero(cells.max(axis=1) >= 0)
        who.append(some + start)
        parts.append(np.ascontiguousarray(cells[some].T))
    codes = np.array([given.social.dream.codes[name] for name in BENEFITS], np.int16)
    table = np.concatenate(parts, axis=1)
    columns = {name: pa.array(codes[table[week]], pa.int16(), mask=table[week] < 0) for week, name in enumerate(names)}
    return np.concatenate(who), columns


def _by_benefit(
    people: People, recognised: Days, draws: Draws, first_year: int, last_year: int, given: Parameters
) -> list[Stretch]:
    """Return the stretches of each of BENEFITS, sorted by person."""
    keys = draws.keys()
    pension = disability_pension(people, recognised, keys, given)
    studied = completed(people, keys, given)[2]
    found: dict[str, list[Stretch]] = {name: [] for name in BENEFITS}
    retired = people.birth + np.floor(given.social.work.pension * YEAR).astype(np.int64)
    everyone = np.arange(len(people))
    found["old_age"].append((everyone, retired, np.full(len(people), NEVER, np.int64)))
    disabled = np.flatnonzero(pension < NEVER)
    found["disability"].append((disabled, pension[disabled].astype(np.int64), retired[disabled] - 1))
    study = given.social.study
    grown = people.birth + np.floor(study.grant_from * YEAR).astype(np.int64)
    granted = np.flatnonzero((studied > grown) & (unit(hashed(keys, "grant", np.zeros(len(keys), int))) < study.grant))
    found["student"].append((granted, grown[granted], studied[granted].astype(np.int64) - 1))
    found["leave"] += _leave(people, keys, day_number(date(first_year, 1, 1)), given)
    for number in range(first_year, last_year + 1):
        year = given.year(number)
        now = standing(people, recognised, pension, studied, draws, year, given)
        for name, stretch in _of_year(now, keys, number, year.first, given):
            found[name].append(stretch)
    joined = []
    for name in BENEFITS:
        person, first, last = (np.concatenate(columns) for columns in zip(*found[name], strict=True))
        order = np.argsort(person, kind="stable")
        joined.append((person[order], first[order], last[order]))
    return joined


def _of_year(
    now: NDArray[np.int8], keys: Words, year: int, first_day: int, given: Parameters
) -> Iterator[tuple[str, Stretch]]:
    """Yield the benefits of a year: most of it for those who live on one, spells of weeks for those who work."""
    rule = given.social.dream
    fewest, most = rule.year_weeks
    for name in ("unemployed", "cash", "sick"):
        who = np.flatnonzero(now == PLACE[name])
        bits = hashed(keys[who], f"benefit {name}", np.zeros(len(who), np.int64), year)
        length = np.floor((fewest + (most - fewest) * np.minimum(1.6 * unit(bits), 1.0)) * 7).astype(np.int64)
        first = first_day + np.floor(unit(bits, 1) * (371 - np.minimum(length, 371))).astype(np.int64)
        yield name, (who, first, first + length)
    working = np.flatnonzero((now == PLACE["employee"]) | (now == PLACE["self_employed"]))
    for name in ("unemployed", "sick"):
        spell: Spell = getattr(rule, name)
        bits = hashed(keys[working], f"spell {name}", np.zeros(len(working), np.int64), year)
        some = unit(bits) < spell.rate
        who, bits = working[some], bits[some]
        first = first_day + np.floor(unit(bits, 1) * 365).astype(np.int64)
        yield name, (who, first, first + np.floor(-np.log1p(-unit(bits, 2)) * spell.weeks * 7).astype(np.int64) + 6)


def _leave(people: People, keys: Words, first_day: int, given: Parameters) -> list[Stretch]:
    """Return the parental leave of mothers and of the partners they have, after births in the region."""
    rule = given.social.dream.leave
    born = np.flatnonzero((people.mother >= 0) & (people.birth > first_day - 7 * (rule.mother + rule.partner)))
    born = born[unit(hashed(keys[born], "leave", np.zeros(len(born), np.int64))) < rule.taken]
    birth, mother = people.birth[born].astype(np.int64), people.mother[born].astype(np.int64)
    partner = people.partner[mother].astype(np.int64)
    two = partner >= 0
    after = birth[two] + 7 * (rule.mother // 2)
    return [
        (mother, birth - 7 * rule.before, birth + 7 * rule.mother - 1),
        (partner[two], after, after + 7 * rule.partner - 1),
    ]


def _weeks(stretch: Stretch, people: People, base: int, count: int) -> Stretch:
    """Return people, first week and number of weeks of what lies in their time in the region and in the years."""
    person, first, last = stretch
    gone = np.minimum(people.death, people.emigration).astype(np.int64)
    first = np.maximum(first, people.entry[person])
    last = np.minimum(last, gone[person] - 1)
    some = first <= last
    begins = np.maximum((first[some] + 3) // 7 - base, 0)
    ends = np.minimum((last[some] + 3) // 7 - base, count - 1)
    inside = begins <= ends
    return person[some][inside], begins[inside], (ends - begins + 1)[inside]


def _runs(start: Ints, length: Ints) -> Ints:
    """Return the whole numbers of all runs: each from its start, so many as its length."""
    found: Ints = np.arange(int(length.sum())) + np.repeat(start - (np.cumsum(length) - length), length)
    return found


assert set(BENEFITS) <= {*STANDINGS, "leave"}
