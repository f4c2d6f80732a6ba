"""Which hospital contacts make one stay, and which stays are admissions.

Each case lists contacts and the stays they must become. To be read by clinicians. A contact: from when to when, somatic
or psychiatric care, acute or planned, the unit, the action diagnosis, and what else it is: `LPR2 0` is an inpatient
contact of the register before 3 February 2019, which knows days, seldom hours; `ALCA03` is a contact by video.
A stay: from when to when, its care and priority, an admission or short, its first unit > its last.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta

import duckdb
import pytest

from stratify.store.land import land


@pytest.fixture
def stays(landed) -> Callable[[dict[str, str]], dict[str, list[str]]]:
    """Land the contacts of several people at once; return the stays of each, as lines of text."""

    def run(people: dict[str, str]) -> dict[str, list[str]]:
        out = landed(people)
        found: dict[str, list[str]] = {pnr: [] for pnr in people}
        for who, start, end, care, acute, admission, first, last in duckdb.execute(
            "SELECT source_id, make_timestamp(start_min * 60000000), make_timestamp(end_min * 60000000), care, acute, "
            "admission, unit_first, unit_last FROM read_parquet(?) JOIN read_parquet(?) USING (person) "
            "ORDER BY source_id, start_min, care",
            [[str(p) for p in (out / "stay").glob("*.parquet")], str(out / "persons.parquet")],
        ).fetchall():
            found[who].append(
                f"{start:%m-%d %H:%M} to {f'{end:%m-%d %H:%M}' if end else 'open'} {care} "
                f"{ {True: 'acute', False: 'planned', None: 'unknown'}[acute] } "
                f"{'admission' if admission else 'short'} {first}>{last}"
            )
        return found

    return run


CHAINING = {
    "contacts that overlap are one stay, across hospitals": (
        """
        2019-03-01 08:00 to 2019-03-03 10:00 | somatic | acute | HOR
        2019-03-02 20:00 to 2019-03-06 12:00 | somatic | planned | AUH
        """,
        "03-01 08:00 to 03-06 12:00 somatic acute admission HOR>AUH",
    ),
    "a gap of exactly four hours is still one stay": (
        """
        2019-03-01 08:00 to 2019-03-02 10:00 | somatic | acute | HOR
        2019-03-02 14:00 to 2019-03-03 12:00 | somatic | acute | AUH
        """,
        "03-01 08:00 to 03-03 12:00 somatic acute admission HOR>AUH",
    ),
    "a gap of four hours and a minute makes two": (
        """
        2019-03-01 08:00 to 2019-03-02 10:00 | somatic | acute | HOR
        2019-03-02 14:01 to 2019-03-03 12:00 | somatic | acute | AUH
        """,
        """
        03-01 08:00 to 03-02 10:00 somatic acute admission HOR>HOR
        03-02 14:01 to 03-03 12:00 somatic acute admission AUH>AUH
        """,
    ),
    "a contact within a longer one does not shorten the stay": (
        """
        2019-03-01 08:00 to 2019-03-09 10:00 | somatic | acute | HOR
        2019-03-02 08:00 to 2019-03-02 21:00 | somatic | acute | AUH
        2019-03-09 12:00 to 2019-03-10 12:00 | somatic | acute | AUH
        """,
        "03-01 08:00 to 03-10 12:00 somatic acute admission HOR>AUH",
    ),
    "somatic and psychiatric care are never one stay": (
        """
        2019-03-01 08:00 to 2019-03-03 10:00 | somatic | acute | HOR
        2019-03-03 10:00 to 2019-03-06 12:00 | psychiatric | acute | PSY
        """,
        """
        03-01 08:00 to 03-03 10:00 somatic acute admission HOR>HOR
        03-03 10:00 to 03-06 12:00 psychiatric acute admission PSY>PSY
        """,
    ),
    "the example of the quality targets: two chain, the third is a stay of its own": (
        """
        2019-03-01 08:00 to 2019-03-03 10:00 | somatic | acute | HOR
        2019-03-03 13:30 to 2019-03-06 12:00 | somatic | acute | AUH
        2019-03-06 18:00 to 2019-03-08 09:00 | somatic | acute | HOR
        """,
        """
        03-01 08:00 to 03-06 12:00 somatic acute admission HOR>AUH
        03-06 18:00 to 03-08 09:00 somatic acute admission HOR>HOR
        """,
    ),
}
ADMISSION = {
    "11 hours 59 minutes is no admission": (
        "2019-03-01 08:00 to 2019-03-01 19:59 | somatic | acute | HOR",
        "03-01 08:00 to 03-01 19:59 somatic acute short HOR>HOR",
    ),
    "12 hours is one": (
        "2019-03-01 08:00 to 2019-03-01 20:00 | somatic | planned | HOR",
        "03-01 08:00 to 03-01 20:00 somatic planned admission HOR>HOR",
    ),
    "short acute contacts that chain to 12 hours are one": (
        """
        2019-03-01 08:00 to 2019-03-01 13:00 | somatic | acute | HOR
        2019-03-01 14:00 to 2019-03-01 20:00 | somatic | acute | AUH
        """,
        "03-01 08:00 to 03-01 20:00 somatic acute admission HOR>AUH",
    ),
    "the emergency room before the ward makes the stay acute": (
        """
        2019-03-01 08:00 to 2019-03-01 11:00 | somatic | acute | ER
        2019-03-01 11:00 to 2019-03-03 11:00 | somatic | planned | HOR
        """,
        "03-01 08:00 to 03-03 11:00 somatic acute admission ER>HOR",
    ),
    "an outpatient visit just before does not make an acute stay planned": (
        """
        2019-03-01 08:00 to 2019-03-01 09:00 | somatic | planned | OUT
        2019-03-01 10:00 to 2019-03-03 11:00 | somatic | acute | HOR
        """,
        "03-01 10:00 to 03-03 11:00 somatic acute admission HOR>HOR",
    ),
    "visits at home and by video are no stay, however long": (
        """
        2019-03-01 08:00 to 2019-03-02 09:00 | somatic | acute | OUT | | ALCA01
        2019-03-03 08:00 to 2019-03-04 09:00 | somatic | acute | OUT | | ALCA03
        """,
        "",
    ),
    "childbirth, a healthy newborn, a companion and observation are no admission": (
        """
        2019-03-01 08:00 to 2019-03-04 08:00 | somatic | acute | HOR | DO800
        2019-04-01 08:00 to 2019-04-04 08:00 | somatic | acute | HOR | DZ380
        2019-05-01 08:00 to 2019-05-04 08:00 | somatic | acute | HOR | DZ763
        2019-06-01 08:00 to 2019-06-04 08:00 | somatic | acute | HOR | DZ034
        """,
        "",
    ),
    "observation before a ward is left out, and the ward stands for itself": (
        """
        2019-03-01 08:00 to 2019-03-01 12:00 | somatic | acute | OBS | DZ039
        2019-03-01 12:00 to 2019-03-04 08:00 | somatic | planned | HOR | DI509
        """,
        "03-01 12:00 to 03-04 08:00 somatic planned admission HOR>HOR",
    ),
}
OPEN = {
    "a contact open for more than a year was never closed: its length is unknown, and it is no admission": (
        "2018-12-01 08:00 to open | somatic | acute | ER",
        "12-01 08:00 to open somatic acute short ER>ER",
    ),
    "nor is a planned contact that nobody closed, which is no stay either": (
        "2018-12-01 08:00 to open | somatic | planned | OUT",
        "",
    ),
    "what it joined counts for as long as is known": (
        """
        2018-12-01 08:00 to 2018-12-02 08:00 | somatic | acute | HOR
        2018-12-02 09:00 to open | somatic | acute | ER
        """,
        "12-01 08:00 to open somatic acute admission HOR>ER",
    ),
    "a year to the day is not more": (
        "2019-01-01 00:00 to open | somatic | acute | HOR",
        "01-01 00:00 to open somatic acute admission HOR>HOR",
    ),
    "a stay that has not ended is open, and an admission once twelve hours are covered": (
        "2019-12-01 08:00 to open | somatic | acute | HOR",
        "12-01 08:00 to open somatic acute admission HOR>HOR",
    ),
    "a stay begun just before the data end is not yet one": (
        "2019-12-31 20:00 to open | somatic | acute | HOR",
        "12-31 20:00 to open somatic acute short HOR>HOR",
    ),
    "the ward is open after the emergency room": (
        """
        2019-12-01 08:00 to 2019-12-01 11:00 | somatic | acute | ER
        2019-12-01 11:00 to open | somatic | acute | HOR
        """,
        "12-01 08:00 to open somatic acute admission ER>HOR",
    ),
    "a contact nobody closed does not swallow the stays of later months": (
        """
        2019-03-01 08:00 to open | somatic | acute | ER
        2019-07-01 11:00 to 2019-07-04 11:00 | somatic | acute | HOR
        """,
        """
        03-01 08:00 to open somatic acute admission ER>ER
        07-01 11:00 to 07-04 11:00 somatic acute admission HOR>HOR
        """,
    ),
}
LPR2 = {
    "an inpatient contact is an admission, even one of a day": (
        "2018-03-01 to 2018-03-01 | somatic | acute | HOR | | LPR2 0",
        "03-01 12:00 to 03-01 12:00 somatic acute admission HOR>HOR",
    ),
    "transfer on the day of discharge is one stay, whatever the hour": (
        """
        2018-03-01 06 to 2018-03-04 | somatic | acute | HOR | | LPR2 0
        2018-03-04 21 to 2018-03-07 | somatic | planned | AUH | | LPR2 0
        """,
        "03-01 06:00 to 03-07 12:00 somatic acute admission HOR>AUH",
    ),
    "admission the day after discharge is another stay, whatever the hour": (
        """
        2018-03-01 to 2018-03-04 | somatic | acute | HOR | | LPR2 0
        2018-03-05 00 to 2018-03-07 | somatic | acute | AUH | | LPR2 0
        """,
        """
        03-01 12:00 to 03-04 12:00 somatic acute admission HOR>HOR
        03-05 00:00 to 03-07 12:00 somatic acute admission AUH>AUH
        """,
    ),
    "the emergency room before the ward makes the stay acute": (
        """
        2018-03-01 08 to 2018-03-01 | somatic | acute | ER | | LPR2 3
        2018-03-01 15 to 2018-03-04 | somatic | planned | HOR | | LPR2 0
        """,
        "03-01 08:00 to 03-04 12:00 somatic acute admission ER>HOR",
    ),
    "the emergency room alone is no admission": (
        "2018-03-01 08 to 2018-03-02 | somatic | acute | ER | | LPR2 3",
        "03-01 08:00 to 03-01 08:00 somatic acute short ER>ER",
    ),
    "outpatient contacts, which may last for months, are no stay": (
        "2018-03-01 to 2018-09-02 | somatic | planned | OUT | | LPR2 2",
        "",
    ),
    "childbirth is no admission here either": (
        "2018-03-01 to 2018-03-04 | somatic | acute | HOR | DO800 | LPR2 0",
        "",
    ),
    "psychiatric contacts before the switch come from their own table": (
        """
        2018-03-01 to 2018-03-04 | psychiatric | acute | PSY | | LPR2 0
        2018-03-04 to 2018-03-06 | somatic | acute | HOR | | LPR2 0
        """,
        """
        03-01 12:00 to 03-04 12:00 psychiatric acute admission PSY>PSY
        03-04 12:00 to 03-06 12:00 somatic acute admission HOR>HOR
        """,
    ),
    "a stay goes on over the switch of registers on 3 February 2019": (
        """
        2019-01-30 to 2019-02-03 | somatic | acute | HOR | | LPR2 0
        2019-02-03 18:00 to 2019-02-06 10:00 | somatic | planned | AUH
        """,
        "01-30 12:00 to 02-06 10:00 somatic acute admission HOR>AUH",
    ),
    "and does not where it ended the day before": (
        """
        2019-01-30 to 2019-02-02 | somatic | acute | HOR | | LPR2 0
        2019-02-03 00:00 to 2019-02-06 10:00 | somatic | planned | AUH
        """,
        """
        01-30 12:00 to 02-02 12:00 somatic acute admission HOR>HOR
        02-03 00:00 to 02-06 10:00 somatic planned admission AUH>AUH
        """,
    ),
}
CASES = {**CHAINING, **ADMISSION, **OPEN, **{f"LPR2: {name}": case for name, case in LPR2.items()}}


def test_contacts_become_the_stays_a_clinician_expects(stays):
    people = {f"p{number:02}": contacts for number, (contacts, _) in enumerate(CASES.values())}
    found = stays(people)
    for pnr, (name, (_, expected)) in zip(people, CASES.items(), strict=True):
        assert found[pnr] == [line.strip() for line in expected.strip().splitlines()], name


def test_the_action_diagnosis_is_found_among_the_diagnoses_where_the_contact_has_none(tmp_path, catalogue):
    data, out = tmp_path / "extract", tmp_path / "store"
    data.mkdir()
    out.mkdir()
    rows = {
        "bef": ["pnr,koen,foed_dag,referencetid,kom", "p,1,1980-01-01,2019-12-31,751"],
        "dod": ["pnr,doddato"],
        "lpr_a_kontakt": [
            "pnr,dw_ek_kontakt,kont_starttidspunkt,kont_sluttidspunkt,kont_type,prioritet,kont_ans_hovedspec",
            "p,k1,2019-03-01 08:00,2019-03-04 08:00,ALCA00,ATA1,obstetrik",
            "p,k2,2019-05-01 08:00,2019-05-04 08:00,ALCA00,ATA1,medicin",
        ],
        "lpr_a_diagnose": ["dw_ek_kontakt,diag_kode,diag_kode_type", "k1,DO800,A", "k2,DI509,A", "k2,DO800,B"],
    }
    for name, lines in rows.items():
        (data / f"{name}.csv").write_text("\n".join(lines) + "\n")
    land("danish", data, out, catalogue, lambda told: None)
    found = duckdb.execute("SELECT first_code FROM read_parquet(?)", [str(out / "stay/bucket=000.parquet")]).fetchall()
    assert found == [("I509",)]


# --- held against a slow chaining in plain Python -------------------------------------------------------------------

START = datetime(2019, 3, 1)  # noqa: DTZ001


def test_random_contacts_are_chained_as_plain_python_chains_them(stays):
    rng = random.Random(7)
    people: dict[str, str] = {}
    expected: dict[str, list[str]] = {}
    for number in range(300):
        contacts = [_random_contact(rng) for _ in range(rng.randint(1, 7))]
        pnr = f"{number:04}"
        people[pnr] = "\n".join(_line(contact) for contact in contacts)
        expected[pnr] = _chained([(*contact, f"{pnr}-{place}") for place, contact in enumerate(contacts)])
    assert stays(people) == expected


def _random_contact(rng: random.Random) -> tuple:
    start = START + timedelta(minutes=rng.choice([60, 239, 240, 241]) * rng.randint(0, 40))
    minutes = rng.choice([0, 60, 240, 719, 720, 721, 1440, 3000, None])
    care, acute = rng.choice(["somatic", "psychiatric"]), rng.random() < 0.6
    return start, None if minutes is None else start + timedelta(minutes=minutes), care, acute, rng.choice("ABC")


def _line(contact: tuple) -> str:
    start, end, care, acute, unit = contact
    ends = f"{end:%Y-%m-%d %H:%M}" if end else "open"
    return f"{start:%Y-%m-%d %H:%M} to {ends} | {care} | {'acute' if acute else 'planned'} | {unit}"


def _chained(contacts: list[tuple]) -> list[str]:
    found = []
    for care in ("somatic", "psychiatric"):
        taking_part = [
            c for c in contacts if c[2] == care and (c[3] or c[1] is None or c[1] - c[0] >= timedelta(hours=12))
        ]
        chain: list[tuple] = []
        for contact in sorted(taking_part, key=lambda c: (c[0], c[5])):
            if chain and contact[0] > max(c[1] or c[0] for c in chain) + timedelta(hours=4):
                found.append(_stay(chain))
                chain = []
            chain.append(contact)
        if chain:
            found.append(_stay(chain))
    return [text for _, _, text in sorted(found)]


def _stay(chain: list[tuple]) -> tuple:
    first, started_last = chain[0], chain[-1]
    ended_last = max(chain, key=lambda c: (c[1] or c[0], c[5]))
    end = None if started_last[1] is None else ended_last[1] or ended_last[0]
    hours = ((end or datetime(2020, 1, 1)) - first[0]) / timedelta(hours=1)  # noqa: DTZ001
    return (
        first[0],
        first[2],
        (
            f"{first[0]:%m-%d %H:%M} to {f'{end:%m-%d %H:%M}' if end else 'open'} {first[2]} "
            f"{'acute' if first[3] else 'planned'} {'admission' if hours >= 12 else 'short'} {first[4]}>{ended_last[4]}"
        ),
    )
