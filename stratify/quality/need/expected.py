"""Need: how many would have the outcome by their predicted risk, and by age and sex alone, beside those who had it.

Counted are people, each once a year, from 1 January on (stratify/outcomes.py: who dies first has had none; who leaves
the region before anything happened, or whose window is still open, is not counted). Case mix: the served models' risk
at 1 January, of everybody whom they give one. By age and sex: every adult, with the region's rates of the year.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stratify.catalogue.entries import Outcome
from stratify.cohort import Spells, spells
from stratify.features.kernel import Rows
from stratify.outcomes import STAY_COLUMNS, FollowUp, follow_up, outcome_stays
from stratify.quality.case_mix import SOMATIC, Risks
from stratify.quality.cases import Bools
from stratify.quality.need.axes import Axis, Floats, Ints, count, heads, total, yes_no
from stratify.quality.need.ground import STRATA, Ground

EXPECTED_OF = SOMATIC  # the outcome that services are held against
SCORED, HAD = yes_no("scored"), yes_no("had")
AGE_SEX = Axis.of("age_sex", [("age_sex", str(one)) for one in range(STRATA)])
SERVICES = {"gp": "service", "outpatient": "contact", "home_nursing": "municipal"}
GENERAL_PRACTICE = "80"
OUTPATIENT = ("outpatient", "home", "virtual")


def need(ground: Ground, outcomes: Mapping[str, Outcome], scores: Mapping[int, Risks]) -> dict[str, NDArray[Any]]:
    """Return by outcome and year people and expected numbers by place and practice, and the services they got."""
    found: dict[str, NDArray[Any]] = {}
    if not ground.frame.follow:
        return found
    stays, residence = _stays(ground), ground.bucket.residence
    lived = spells({**residence, "person": ground.bucket.place(residence["person"])})
    for year in ground.frame.follow:
        row = year - ground.frame.every[0]
        place = np.flatnonzero(ground.adult[row])
        risks = scores.get(year, Risks(np.zeros(0, np.int64), {}))
        for key, outcome in outcomes.items():
            had = _followed(ground, outcome, stays, lived, row, place).y
            risk = risks.risk.get(key, np.full(len(risks.person), np.nan))
            found |= _counted(ground, f"need.{key}.{year}", row, place, had, _of(ground, risks.person, risk, place))
        if EXPECTED_OF in risks.risk:
            found |= _services(ground, year, row, risks.person[~np.isnan(risks.risk[EXPECTED_OF])])
    return found


def _of(ground: Ground, person: Ints, risk: Floats, place: Ints) -> Floats:
    by_place = np.full(ground.bucket.size, np.nan)
    by_place[ground.bucket.place(person)] = risk
    return by_place[place]


def _counted(ground: Ground, name: str, row: int, place: Ints, had: Floats, risk: Floats) -> dict[str, NDArray[Any]]:
    """Return a year's tables of one outcome over adults at these places."""
    axes, told = ground.frame.axes, ~np.isnan(had)
    place, had, risk = place[told], had[told], risk[told]
    scored = ~np.isnan(risk)
    yes, mine = had.astype(np.int64), scored.astype(np.int64)
    home, practice = ground.codes["place"][row, place], ground.codes["practice"][row, place]
    stratum = ground.age_sex[row, place]
    at_home, of_doctor = home[scored], practice[scored]
    return {
        f"{name}.place": heads((axes["place"], SCORED, HAD), (home, mine, yes)),
        f"{name}.practice": heads((axes["practice"], SCORED, HAD), (of_doctor, mine[scored], yes[scored])),
        f"{name}.expected_place": total((axes["place"],), (at_home,), risk[scored]),
        f"{name}.expected_practice": total((axes["practice"],), (of_doctor,), risk[scored]),
        f"{name}.strata_place": heads((axes["place"], AGE_SEX), (home, stratum))[:, 1:],
        f"{name}.strata_had": np.bincount(stratum, yes, minlength=STRATA).astype(np.int64),
    }


def _services(ground: Ground, year: int, row: int, person: Ints) -> dict[str, NDArray[Any]]:
    """Return how many services those who were scored got in the year, by place."""
    bucket, axes = ground.bucket, ground.frame.axes
    among = np.zeros(bucket.size, dtype=bool)
    among[bucket.place(person)] = True
    start = int(bucket.days[row])
    end = int(np.datetime64(f"{year + 1}-01-01", "D").astype(np.int64))
    found = {}
    for name, domain in SERVICES.items():
        if not ground.store.has(domain):
            continue
        rows = ground.store.slice(domain, ground.number)
        which = {
            "gp": lambda rows: rows.coded("code").begins((GENERAL_PRACTICE,)),
            "outpatient": lambda rows: rows.coded("setting").among(*OUTPATIENT),
            "home_nursing": lambda rows: rows.coded("code").among("home_nursing"),
        }[name](rows)
        day, place = rows.ints("day"), bucket.place(rows.ints("person"))
        keep = which & (day >= start) & (day < end) & among[place]
        mine = place[keep]
        found[f"services.{name}.{year}"] = count((axes["place"],), (ground.codes["place"][row, mine],), mine)
    return found


def _stays(ground: Ground) -> dict[str, NDArray[Any]]:
    if not ground.store.has("stay"):
        return {}
    since = int(ground.bucket.days[0])
    columns = [*STAY_COLUMNS, "first_code"]
    return dict(ground.store.read("stay", columns, bucket=ground.number, where=f"day >= {since}"))


def _followed(
    ground: Ground, outcome: Outcome, stays: dict[str, NDArray[Any]], lived: Spells, row: int, place: Ints
) -> FollowUp:
    """Return what came first after 1 January for adults at these places, all of this bucket."""
    bucket, store = ground.bucket, ground.store
    which: Bools = np.zeros(0, dtype=bool)
    person = begun = np.zeros(0, np.int64)
    if stays:
        which = outcome_stays(outcome, stays, acute_told=bool(store.measurable["acute"]))
        person, begun = bucket.place(stays["person"][which]), stays["start_min"][which].astype(np.int64)
        order = np.lexsort((begun, person))
        person, begun = person[order], begun[order]
    return follow_up(
        outcome,
        Rows(place.astype(np.int64), np.full(len(place), int(bucket.days[row]))),
        stay_person=person,
        stay_min=begun,
        death=bucket.by_place["death"],
        lived=lived,
        covers_to=store.day("covers_to"),
        delivered=store.day("delivered"),
    )


def axes_of(frame_axes: Mapping[str, Axis], table: str) -> tuple[Axis, ...]:
    """Return the axes of a table of people, by the end of its name."""
    return (frame_axes[table], SCORED, HAD)
