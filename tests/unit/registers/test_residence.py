"""Where people lived and when: snapshots, moves over the border, births and deaths between them."""

from __future__ import annotations

import random
from datetime import date, timedelta
from itertools import pairwise

import duckdb

CONTACTS = (
    "pnr|dw_ek_kontakt|kont_starttidspunkt|kont_sluttidspunkt|kont_type|prioritet|kont_ans_hovedspec\n"
    "{}|k1|2019-03-01 08:00|2019-03-03 10:00|ALCA00|ATA1|x"
)
BEF = "pnr|koen|foed_dag|referencetid|kom"
YEARS = ["2016-12-31", "2017-12-31", "2018-12-31", "2019-12-31"]
LATER = {"system": "urn:test", "covers_to": "2019-12-31", "delivered": "2020-07-01"}
KEEPER = [f"keeper|1|1950-01-01|{day}|700" for day in YEARS]  # stands in every snapshot, so that each one is known


def _snapshots(who: str, *days: str, kom: str = "751", born: str = "1950-01-01") -> list[str]:
    return [f"{who}|1|{born}|{day}|{kom}" for day in days]


def _lived(landed, extract, bef: list[str], vnds: str = "", dod: str = "") -> dict[str, list[tuple]]:
    store = landed(
        extract(
            delivery=LATER,
            bef="\n".join([BEF, *KEEPER, *bef]),
            vnds="pnr|indud_kode|haend_dato\n" + vnds if vnds else None,
            dod="pnr|doddato\n" + dod if dod else "pnr|doddato",
        )
    )
    found: dict[str, list[tuple]] = {}
    for who, *stretch in store.residence():
        found.setdefault(who, []).append(tuple(stretch))
    return found


def test_the_residence_rule_case_by_case(landed, extract):
    lived = _lived(
        landed,
        extract,
        [
            *_snapshots("moved", "2016-12-31", "2017-12-31"),
            *_snapshots("moved", "2018-12-31", "2019-12-31", kom="0661"),
            *_snapshots("left", "2016-12-31"),
            *_snapshots("away", "2016-12-31"),
            *_snapshots("gone", "2016-12-31"),
            *_snapshots("visitor", "2016-12-31", "2018-12-31"),
            *_snapshots("back", "2016-12-31", "2017-12-31", "2018-12-31", "2019-12-31"),
            *_snapshots("back2", "2016-12-31", "2019-12-31"),
            *_snapshots("born", "2018-12-31", "2019-12-31", born="2018-04-01"),
            *_snapshots("immigrant", "2018-12-31", "2019-12-31"),
            *_snapshots("adopted", "2018-12-31", "2019-12-31", born="2018-02-01"),
            *_snapshots("appeared", "2018-12-31", "2019-12-31"),
            *_snapshots("dead", "2016-12-31", "2017-12-31"),
            *_snapshots("ghost", "2016-12-31", "2017-12-31", "2018-12-31"),
            *_snapshots("late", "2019-12-31"),
            *_snapshots("now", "2019-12-31"),
        ],
        vnds="away|U|2017-03-01\ngone|U|2018-03-01\nback|U|2017-03-01\nback|I|2017-05-01\nback|U|2017-06-01\n"
        "back|I|2017-08-01\nback2|U|2017-03-01\nback2|I|2019-05-01\nimmigrant|I|2018-09-01\nadopted|I|2018-06-01\n"
        "late|U|2020-02-01\nlate|I|2020-03-01\nnow|U|2019-12-31\nkeeper|I|1999-01-01\nkeeper|U|1998-01-01",
        dod="dead|2018-03-01\nghost|2018-06-30",
    )
    assert lived["keeper"] == [(a, b, "700") for a, b in pairwise([*YEARS, None])]
    assert lived["moved"] == [
        ("2016-12-31", "2017-12-31", "751"),
        ("2017-12-31", "2018-12-31", "751"),
        ("2018-12-31", "2019-12-31", "661"),
        ("2019-12-31", None, "661"),
    ]
    assert lived["left"] == [("2016-12-31", "2017-12-31", "751")]  # when, nobody knows: seen on that day
    assert lived["away"] == [("2016-12-31", "2017-03-01", "751")]
    assert lived["gone"] == [("2016-12-31", "2017-12-31", "751")]  # a move after the snapshot they were missing in
    assert lived["visitor"] == [("2016-12-31", "2017-12-31", "751"), ("2018-12-31", "2019-12-31", "751")]
    assert lived["back"][:3] == [
        ("2016-12-31", "2017-03-01", "751"),
        ("2017-05-01", "2017-06-01", "751"),
        ("2017-08-01", "2017-12-31", "751"),
    ]
    assert lived["back2"] == [
        ("2016-12-31", "2017-03-01", "751"),
        ("2019-05-01", "2019-12-31", "751"),
        ("2019-12-31", None, "751"),
    ]
    assert lived["born"][0] == ("2018-04-01", "2018-12-31", "751")
    assert lived["immigrant"][0] == ("2018-09-01", "2018-12-31", "751")
    assert lived["adopted"][0] == ("2018-06-01", "2018-12-31", "751")  # not from birth, which was elsewhere
    assert lived["appeared"][0] == ("2018-12-31", "2019-12-31", "751")  # from when on, nobody knows
    assert lived["dead"][-1] == ("2017-12-31", "2018-03-01", "751")
    assert lived["ghost"][-1] == ("2017-12-31", "2018-06-30", "751")  # in a snapshot after death: dead all the same
    assert lived["late"] == [("2019-12-31", "2020-02-01", "751"), ("2020-03-01", None, "751")]
    assert "now" not in lived  # moved out on the day of the only snapshot


def test_who_died_in_december_and_stands_in_the_snapshot_of_the_year_lived_here_until_death(landed, extract):
    """The civil register is told of a death with delay: a snapshot of 31 December holds people already dead."""
    lived = _lived(
        landed,
        extract,
        [
            *_snapshots("old", "2016-12-31", "2017-12-31"),
            *_snapshots("eve", "2016-12-31", "2017-12-31"),
            *_snapshots("newborn", "2017-12-31", born="2017-05-01"),
            *_snapshots("moved", "2017-12-31"),
            *_snapshots("first", "2016-12-31"),
            *_snapshots("last", "2018-12-31", "2019-12-31"),
        ],
        vnds="moved|I|2017-03-01",
        dod="old|2017-12-20\neve|2017-12-31\nnewborn|2017-12-20\nmoved|2017-12-24\nfirst|2016-12-20\nlast|2019-12-18",
    )
    assert lived["old"] == [("2016-12-31", "2017-12-20", "751")]
    assert lived["eve"] == [("2016-12-31", "2017-12-31", "751")]
    assert lived["newborn"] == [("2017-05-01", "2017-12-20", "751")]
    assert lived["moved"] == [("2017-03-01", "2017-12-24", "751")]
    assert "first" not in lived  # dead before the first snapshot, though they stand in it
    assert lived["last"] == [("2018-12-31", "2019-12-18", "751")]


def test_who_is_dead_in_the_snapshot_is_a_person_with_a_day_of_death_and_no_resident_after(landed, extract):
    bef = "\n".join([BEF, *KEEPER, *_snapshots("gone", "2018-12-31", "2019-12-31")])
    store = landed(
        extract(delivery=LATER, bef=bef, dod="pnr|doddato\ngone|2019-12-25", lpr_a_kontakt=CONTACTS.format("gone"))
    )
    (row,) = duckdb.execute(
        "SELECT DATE '1970-01-01' + death FROM read_parquet(?) WHERE source_id = 'gone'",
        [str(store.folder / "persons.parquet")],
    ).fetchall()
    assert str(row[0])[:10] == "2019-12-25"
    assert [end for who, _, end, _ in store.residence() if who == "gone"] == ["2019-12-25"]


def test_stretches_never_overlap_and_never_outlive_the_person(landed, extract):
    rng = random.Random(11)
    first, last = date(2016, 6, 1), date(2020, 6, 1)

    def day() -> str:
        return str(first + timedelta(days=rng.randrange((last - first).days)))

    bef, vnds, deaths = [], set(), {}
    for number in range(300):
        who = f"p{number:03}"
        born = day() if rng.random() < 0.3 else "1950-01-01"
        mine = [snapshot for snapshot in YEARS if rng.random() < 0.7] or [rng.choice(YEARS)]
        bef += [f"{who}|1|{born}|{snapshot}|{rng.choice(['751', '661'])}" for snapshot in mine]
        vnds |= {
            f"{who}|{rng.choice('UI')}|{day() if rng.random() < 0.8 else rng.choice(YEARS)}"
            for _ in range(rng.randint(0, 5))
        }
        if rng.random() < 0.3:
            deaths[who] = day()
    lived = _lived(landed, extract, bef, "\n".join(sorted(vnds)), "\n".join(f"{w}|{d}" for w, d in deaths.items()))
    assert len(lived) > 200
    for who, stretches in lived.items():
        for start, end, place in stretches:
            assert end is None or start < end
            assert place in ("751", "661", "700")
            assert who not in deaths or (end is not None and end <= deaths[who])
        assert all(end is not None and end <= start for (_, end, _), (start, _, _) in pairwise(stretches))
        # out of the country from a day of departure to the next thing known
        for row in vnds:
            pnr, direction, when = row.split("|")
            if pnr == who and direction == "U" and f"{who}|I|{when}" not in vnds:
                assert not any(start < when < (end or "9") for start, end, _ in stretches)


def test_a_person_in_a_snapshot_is_resident_that_day_unless_they_left_or_died(landed, extract):
    lived = _lived(landed, extract, _snapshots("anna", *YEARS))
    assert all(any(start <= day < (end or "9") for start, end, _ in lived["anna"]) for day in YEARS)


def test_sex_is_the_latest_and_a_code_of_none_is_unknown(landed, extract):
    rows = ["a|1|1950-01-01|2018-12-31|751", "a|2|1950-01-02|2019-12-31|751", "b|9|1960-01-01|2019-12-31|751"]
    bef = "\n".join([BEF, *rows, "c|500|1960-01-01|2019-12-31|751"])
    store = landed(extract(bef=bef))
    rows = duckdb.execute(
        "SELECT person, source_id, sex, birth, death FROM read_parquet(?) ORDER BY person",
        [str(store.folder / "persons.parquet")],
    ).fetchall()
    assert rows == [(0, "a", 2, -7305, None), (1, "b", 0, -3653, None), (2, "c", 0, -3653, None)]


def test_a_snapshot_day_that_holds_almost_nobody_is_told(landed, extract):
    people = [row for n in range(4) for row in _snapshots(f"p{n}", "2018-12-31", "2019-12-31")]
    told = "bef: 1 of 3 snapshot days hold less than half the people of the one before; "
    odd = _snapshots("odd", "2019-12-30")
    notes = landed(extract(bef="\n".join([BEF, *people, *odd]))).found.notes
    assert told + "who is missing there counts as moved away" in notes


def test_who_is_missing_in_a_july_snapshot_is_counted_on_the_first_of_january_before_it(landed, extract):
    """Whether they are counted was settled before that snapshot was taken: it may not decide who is in the cohort."""
    days = ["2017-07-01", "2018-07-01", "2019-07-01"]
    bef = "\n".join([BEF, *_snapshots("keeper", *days), *_snapshots("gone", "2017-07-01")])
    store = landed(extract(bef=bef, lpr_a_kontakt=CONTACTS.format("keeper")))
    assert [row[1:] for row in store.residence() if row[0] == "gone"] == [("2017-07-01", "2018-07-01", "751")]
