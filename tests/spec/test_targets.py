"""Who counts in the quality targets, and who meets them. To be read by clinicians.

STAYS: contacts as hospitals register them (from when to when, care, priority, unit, action diagnosis), what else
happened, and what the target makes of it: yes of all with an answer, in the region and for each unit. `unknown` and
`not mature` are told where there are any. The period is March 2019 unless the case says otherwise; what is delivered on
1 August is mature.
PEOPLE: records of single people by hand, and what the target makes of them.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import duckdb
import numpy as np
import pytest

from stratify.catalogue import load
from stratify.quality.examples import run
from stratify.quality.indicator import cases
from stratify.quality.members import Always
from stratify.registers.clock import day_number

TARGETS = load().targets
NO_EXCLUSION = "deaths stay in"

STAYS = {
    "contacts 3.5 hours apart are one stay, owned by the hospital that discharged": (
        "readm30_som_mm",
        """
        2019-03-01 08:00 to 2019-03-03 10:00 | somatic | acute | Horsens
        2019-03-03 13:30 to 2019-03-06 12:00 | somatic | acute | AUH
        2019-03-06 18:00 to 2019-03-08 09:00 | somatic | acute | Horsens
        """,
        "region 1 of 2; AUH 1 of 1; Horsens 0 of 1",
    ),
    "a transfer: the hospital that received the person first owns nothing": (
        "readm30_som_mm",
        """
        2019-03-01 08:00 to 2019-03-02 08:00 | somatic | acute | Horsens
        2019-03-02 09:00 to 2019-03-05 08:00 | somatic | acute | AUH
        """,
        "region 0 of 1; AUH 0 of 1",
    ),
    "eleven hours and 59 minutes are no admission, neither as index nor as readmission": (
        "readm30_som_mm",
        """
        2019-03-01 08:00 to 2019-03-03 08:00 | somatic | acute | AUH
        2019-03-10 08:00 to 2019-03-10 19:59 | somatic | acute | AUH
        """,
        "region 0 of 1; AUH 0 of 1",
    ),
    "twelve hours are": (
        "readm30_som_mm",
        """
        2019-03-01 08:00 to 2019-03-03 08:00 | somatic | acute | AUH
        2019-03-10 08:00 to 2019-03-10 20:00 | somatic | acute | AUH
        """,
        "region 1 of 2; AUH 1 of 2",
    ),
    "back on the same day, more than four hours later": (
        "readm30_som_mm",
        """
        2019-03-01 08:00 to 2019-03-03 08:00 | somatic | acute | AUH
        2019-03-03 12:01 to 2019-03-05 08:00 | somatic | acute | AUH
        """,
        "region 1 of 2; AUH 1 of 2",
    ),
    "day 30 counts": (
        "readm30_som_mm",
        """
        2019-03-01 08:00 to 2019-03-03 08:00 | somatic | acute | AUH
        2019-04-02 23:00 to 2019-04-05 08:00 | somatic | acute | AUH
        """,
        "region 1 of 1; AUH 1 of 1",
    ),
    "day 31 does not": (
        "readm30_som_mm",
        """
        2019-03-01 08:00 to 2019-03-03 08:00 | somatic | acute | AUH
        2019-04-03 00:00 to 2019-04-05 08:00 | somatic | acute | AUH
        """,
        "region 0 of 1; AUH 0 of 1",
    ),
    "death on day 30 leaves the index out, though there was a readmission": (
        "readm30_som_mm",
        """
        2019-03-01 08:00 to 2019-03-03 08:00 | somatic | acute | AUH
        2019-03-20 08:00 to 2019-04-02 08:00 | somatic | acute | AUH
        dead 2019-04-02
        """,
        "region 0 of 0",
    ),
    "death on day 31 leaves it in": (
        "readm30_som_mm",
        """
        2019-03-01 08:00 to 2019-03-03 08:00 | somatic | acute | AUH
        2019-03-20 08:00 to 2019-04-02 08:00 | somatic | acute | AUH
        dead 2019-04-03
        """,
        "region 1 of 1; AUH 1 of 1",
    ),
    "with deaths kept in, death on day 30 leaves it in, too": (
        "readm30_som_mm, deaths stay in",
        """
        2019-03-01 08:00 to 2019-03-03 08:00 | somatic | acute | AUH
        2019-03-20 08:00 to 2019-04-02 08:00 | somatic | acute | AUH
        dead 2019-04-02
        """,
        "region 1 of 1; AUH 1 of 1",
    ),
    "dead in the ward is not discharged alive": (
        "readm30_som_mm, deaths stay in",
        """
        2019-03-01 08:00 to 2019-03-03 08:00 | somatic | acute | AUH
        dead 2019-03-03
        """,
        "region 0 of 0",
    ),
    "a somatic stay inside a psychiatric one is an admission of its own and ends nothing": (
        "readm30_psy",
        """
        2019-03-01 08:00 to 2019-03-20 08:00 | psychiatric | acute | Risskov
        2019-03-05 08:00 to 2019-03-07 08:00 | somatic | acute | AUH
        2019-04-10 08:00 to 2019-04-15 08:00 | psychiatric | acute | Risskov
        """,
        "region 1 of 1; Risskov 1 of 1",
    ),
    "moving from a somatic to a psychiatric ward is no readmission of either kind": (
        "readm30_som_mm",
        """
        2019-03-01 08:00 to 2019-03-05 08:00 | somatic | acute | AUH
        2019-03-05 08:00 to 2019-03-20 08:00 | psychiatric | acute | Risskov
        """,
        "region 0 of 1; AUH 0 of 1",
    ),
    "who moved out of the region before day 30 is unknown": (
        "readm30_som_mm",
        """
        2019-03-01 08:00 to 2019-03-03 08:00 | somatic | acute | AUH
        gone 2019-03-20
        """,
        "region 0 of 0, unknown 1",
    ),
    "a month whose follow-up is not over is not mature, though the person is back already": (
        "readm30_som_mm",
        """
        2019-03-01 08:00 to 2019-03-03 08:00 | somatic | acute | AUH
        2019-03-06 08:00 to 2019-03-08 08:00 | somatic | acute | AUH
        delivered 2019-04-20
        """,
        "region 0 of 0, not mature 2",
    ),
    "COPD: only an index with COPD, back with anything acute": (
        "readm30_copd",
        """
        2019-03-01 08:00 to 2019-03-03 08:00 | somatic | acute | AUH | DJ441
        2019-03-20 08:00 to 2019-03-22 08:00 | somatic | acute | AUH | DI509
        """,
        "region 1 of 1; AUH 1 of 1",
    ),
    "death after admission counts from the day it began, for the hospital that received": (
        "mort30_copd",
        """
        2019-03-01 08:00 to 2019-03-02 08:00 | somatic | acute | Horsens | DJ441
        2019-03-02 09:00 to 2019-03-20 08:00 | somatic | acute | AUH | DJ441
        dead 2019-03-31
        """,
        "region 1 of 1; Horsens 1 of 1",
    ),
    "and on day 31 it does not": (
        "mort30_copd",
        """
        2019-03-01 08:00 to 2019-03-20 08:00 | somatic | acute | AUH | DJ441
        dead 2019-04-01
        """,
        "region 0 of 1; AUH 0 of 1",
    ),
    "follow-up on day 7 counts, by video too; the day of discharge does not": (
        "psy_followup7",
        """
        2019-03-01 08:00 to 2019-03-10 08:00 | psychiatric | acute | Risskov
        2019-03-10 13:00 to 2019-03-10 14:00 | psychiatric | planned | OUT | | ALCA03
        2019-03-17 08:00 to 2019-03-17 09:00 | psychiatric | planned | OUT | | ALCA03
        """,
        "region 1 of 1; Risskov 1 of 1",
    ),
    "follow-up on day 8 is too late": (
        "psy_followup7",
        """
        2019-03-01 08:00 to 2019-03-10 08:00 | psychiatric | acute | Risskov
        2019-03-18 08:00 to 2019-03-18 09:00 | psychiatric | planned | OUT
        """,
        "region 0 of 1; Risskov 0 of 1",
    ),
    "back in the ward within 7 days: no follow-up was due, and the new stay is a discharge of its own": (
        "psy_followup7",
        """
        2019-03-01 08:00 to 2019-03-10 08:00 | psychiatric | acute | Risskov
        2019-03-14 08:00 to 2019-03-20 08:00 | psychiatric | acute | Risskov
        2019-03-22 08:00 to 2019-03-22 09:00 | psychiatric | planned | OUT
        """,
        "region 1 of 1; Risskov 1 of 1",
    ),
}


@pytest.fixture(scope="module")
def store(landed):
    """Every case of STAYS as a person of their own, landed together."""
    people, dead = {}, []
    for number, (_, told, _) in enumerate(STAYS.values()):
        lines = [line.strip() for line in told.strip().splitlines()]
        people[f"p{number:02}"] = "\n".join(line for line in lines if " to " in line)
        dead += [f"p{number:02},{line.split()[1]}" for line in lines if line.startswith("dead ")]
    return landed(people, {"dod": dead})


@pytest.mark.parametrize("number, name", list(enumerate(STAYS)))
def test_contacts_become_what_a_target_counts(number, name, store):
    asked, told, expected = STAYS[name]
    said = dict(line.strip().split(" ", 1) for line in told.strip().splitlines() if " to " not in line)
    assert _counted(store, f"p{number:02}", asked, said) == expected


def _counted(store: Path, pnr: str, asked: str, said: dict[str, str]) -> str:
    key, _, how = asked.partition(", ")
    target = TARGETS[key]
    if how == NO_EXCLUSION:
        target = target.model_copy(update={"parameters": target.parameters.model_copy(update={"exclude_dead": False})})
    tables = {name: _read(store / name / "*.parquet", pnr, store) for name in ("stay", "contact")}
    tables["persons"] = _read(store / "persons.parquet", pnr, store)
    me = tables["persons"]["person"]
    if "gone" in said:
        end = day_number(date.fromisoformat(said["gone"]))
        tables["residence"] = {"person": me, "start": np.array([0]), "end": np.array([end])}
    start, end = day_number(date(2019, 3, 1)), day_number(date(2019, 4, 1))
    delivered = day_number(date.fromisoformat(said.get("delivered", "2019-08-01")))
    found = cases(target, tables, Always(me), start, end, delivered)
    parts = []
    for unit in ["region", *sorted(set(found.unit.tolist()))]:
        one = found.tally(None if unit == "region" else found.unit == unit)
        text = f"{unit} {one.numerator} of {one.denominator}"
        text += f", unknown {one.unknown}" if unit == "region" and one.unknown else ""
        text += f", not mature {one.immature}" if unit == "region" and one.immature else ""
        parts += [text] if unit == "region" or one.denominator else []
    return "; ".join(parts)


def _read(path: Path, pnr: str, store: Path) -> dict[str, np.ndarray]:
    """Return the rows of one person, gaps as None."""
    found = duckdb.execute(
        "SELECT * FROM read_parquet(?) WHERE person IN (SELECT person FROM read_parquet(?) WHERE source_id = ?)",
        [str(path), str(store / "persons.parquet"), pnr],
    )
    names, rows = [column[0] for column in found.description], found.fetchall()
    return {name: np.array([row[at] for row in rows], dtype=object) for at, name in enumerate(names)}


PEOPLE = {
    "the latest value decides; who was never measured is unknown, not good": (
        "dm_hba1c_high",
        """
        1 lab 2024-02-01 NPU27300 58
        1 lab 2024-11-01 NPU27300 75
        2 lab 2024-11-01 NPU27300 74
        3 nothing
        """,
        "1 of 2, unknown 1",
    ),
    "all or none: one part is not enough": (
        "smi_lab2",
        """
        1 lab 2024-02-01 NPU27300 40
        1 lab 2024-03-01 NPU01568 3
        2 lab 2024-02-01 NPU27300 40
        3 nothing
        """,
        "1 of 3",
    ),
    "all or none: what no register tells leaves it open only where the rest is done": (
        "smi_check6",
        """
        1 lab 2024-02-01 NPU27300 40
        1 lab 2024-03-01 NPU01568 3
        2 lab 2024-02-01 NPU27300 40
        """,
        "0 of 1, unknown 1",
    ),
    "raised and not treated; raised and treated within the year; raised and back in range by itself": (
        "smi_hba1c_treated",
        """
        1 lab 2022-02-01 NPU27300 55
        2 lab 2022-02-01 NPU27300 55
        2 drug 2022-06-01 A10BA02
        3 lab 2022-02-01 NPU27300 49
        3 lab 2022-08-01 NPU27300 44
        period 2022-01-01 2023-01-01
        """,
        "1 of 2",
    ),
    "years lived: 100 days of one, until death; the day of death is not at risk": (
        "acute_adm_copd_t2d_1000",
        """
        1 known 2023-12-31
        1 dead 2024-04-10
        """,
        "0 in 0.274 years",
    ),
    "at risk from the day after the condition was known: what happened that day does not count": (
        "acute_adm_copd_t2d_1000",
        """
        1 known 2024-07-01
        1 stay 2024-07-01 2024-07-05
        1 stay 2024-08-01 2024-08-05
        """,
        "1 in 0.501 years",
    ),
    "who moves out is at risk until the day before": (
        "preventable_65",
        """
        1 gone 2024-04-10
        1 stay 2024-05-01 2024-05-05 J189
        """,
        "0 in 0.274 years",
    ),
}


@pytest.mark.parametrize("name", PEOPLE)
def test_records_become_what_a_target_counts(name):
    asked, told, expected = PEOPLE[name]
    records = {"period": [date(2024, 1, 1), date(2025, 1, 1)], "delivered": date(2026, 8, 1), "population": []}
    for line in told.strip().splitlines():
        words = line.split()
        if words[0] == "period":
            records["period"] = [date.fromisoformat(one) for one in words[1:]]
            continue
        person, kind, *rest = words
        records["population"].append(int(person))
        _write(records, int(person), kind, rest)
    found = run(TARGETS[asked], records)
    if asked.startswith(("acute", "prevent")):
        assert f"{found.numerator} in {found.denominator:.3f} years" == expected
    else:
        text = f"{found.numerator} of {found.denominator}"
        assert text + (f", unknown {found.unknown}" if found.unknown else "") == expected


def _write(records: dict, person: int, kind: str, rest: list[str]) -> None:
    if kind == "nothing":
        return
    day = date.fromisoformat(rest[0])
    if kind == "stay":
        start, end = (datetime.fromisoformat(one) for one in rest[:2])
        row = {"start": start, "end": end, "care": "somatic", "code": rest[2] if len(rest) > 2 else ""}
        records.setdefault("stay", []).append({"person": person, **row})
    elif kind == "dead":
        records.setdefault("persons", []).append({"person": person, "death": day})
    elif kind == "gone":
        records.setdefault("residence", []).append({"person": person, "start": date(2000, 1, 1), "end": day})
    elif kind == "lab":
        records.setdefault("lab", []).append({"person": person, "day": day, "code": rest[1], "value": float(rest[2])})
    elif kind == "drug":
        records.setdefault("drug", []).append({"person": person, "day": day, "code": rest[1]})
    else:
        records.setdefault(kind, []).append({"person": person, "day": day})
