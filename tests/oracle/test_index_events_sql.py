"""Index events and what came after them against SQL over the store's files, written anew; and their matrices.

The region is small, its years on both sides of the change of the patient register. The matrices hold on each day what a
single person's row says, and lie the same however they are made.
"""

from datetime import date

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.build_step import build_step
from pipelines.data_steps import land_step
from pipelines.matrix import read_index
from pipelines.simulate_step import Wanted, synthesise_step
from pipelines.steps import read_manifest
from stratify.catalogue import load
from stratify.definitions import DEFINITIONS
from stratify.errors import DataError
from stratify.features.columns import columns
from stratify.features.conditions import holding
from stratify.features.part import Region, row_of
from stratify.files import digest_file
from stratify.indexed import discharges, outpatient_contacts
from stratify.outcomes import followed
from stratify.registers.clock import day_number
from stratify.store.one import open_reader
from stratify.store.read import Store
from stratify.workspace import Workspace

CATALOGUE = load()
FIRST, LAST = day_number(date(2017, 2, 1)), day_number(date(2023, 12, 31))


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    found = Workspace(tmp_path_factory.mktemp("indexed"))
    synthesise_step(found, Wanted(1000, 7, 9, date(2023, 12, 31)), lambda *_: None)
    land_step(found, CATALOGUE, source="synthetic", data=found.registers, progress=lambda _: None)
    build_step(found, CATALOGUE, lambda *_: None, processes=1)
    return found


@pytest.fixture(scope="module")
def region(work):
    return Region.of(Store(work.store))


@pytest.fixture(scope="module")
def con(work):
    con = duckdb.connect()
    for name in ("persons", "residence"):
        con.execute(f"CREATE VIEW {name} AS SELECT * FROM '{work.store / name}.parquet'")
    for name in ("stay", "contact", "diagnosis"):
        con.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{work.store / name / '*.parquet'}')")
    con.execute(ALIVE)
    return con


# who is an adult who lives here on a day, by the days of each: stretches that touch need not be joined for that
ALIVE = """
CREATE MACRO lives(who, on_day) AS EXISTS (
    FROM persons AS p JOIN residence AS r USING (person)
    WHERE p.person = who AND r.start <= on_day AND coalesce(r."end", 1000000) > on_day
      AND coalesce(p.death, 1000000) > on_day
      AND CAST(DATE '1970-01-01' + p.birth + INTERVAL 18 YEAR AS DATE) <= DATE '1970-01-01' + on_day)
"""
DISCHARGES = """
SELECT s.person, s.end_day AS day, s.end_min AS minute, s.hours, CAST(s.acute AS DOUBLE) AS acute, s.unit_last AS unit,
       (SELECT count(*) FROM stay AS e WHERE e.person = s.person AND e.admission AND e.acute AND e.care = 'somatic'
            AND s.day - e.day BETWEEN 1 AND 180 AND e.end_known < s.end_day) AS admissions_180,
       (SELECT count(*) FROM contact AS c WHERE c.person = s.person AND c.setting = 'emergency'
            AND s.day - c.day BETWEEN 1 AND 180 AND c.known < s.end_day) AS emergency_180,
       EXISTS (FROM diagnosis AS d WHERE d.person = s.person AND d.care = 'somatic' AND d.known < s.end_day
            AND d.day BETWEEN s.day AND s.end_day) AS diagnosis_known
FROM stay AS s WHERE s.admission AND s.care = 'somatic' AND s.end_day BETWEEN ? AND ? AND lives(s.person, s.end_day)
ORDER BY s.person, s.end_day, s.end_min
"""
VISITS = """
SELECT DISTINCT person, day, CAST(year(DATE '1970-01-01' + day) * 4 + quarter(DATE '1970-01-01' + day) AS INTEGER) AS q,
       lives(person, day) AS lives
FROM contact WHERE care = 'psychiatric' AND setting IN ('outpatient', 'home', 'virtual') AND day BETWEEN ? AND ?
"""


def test_discharges_and_their_facts_are_what_sql_says(con, region):
    events = discharges(region, 0, FIRST, LAST)
    told = con.execute(DISCHARGES, [FIRST, LAST]).fetchnumpy()
    assert len(events) == len(told["person"]) > 500
    np.testing.assert_array_equal(events.rows.person, told["person"])
    np.testing.assert_array_equal(events.rows.day, told["day"])
    np.testing.assert_array_equal(events.minute, told["minute"])
    for name in ("hours", "acute", "unit", "admissions_180", "emergency_180", "diagnosis_known"):
        np.testing.assert_array_equal(events.facts[name], told[name], err_msg=name)
    assert told["admissions_180"].sum() > 30
    assert told["emergency_180"].sum() > 30


def test_one_visit_is_drawn_of_each_quarter_with_any_and_kept_where_its_person_lives_here(con, region):
    events = outpatient_contacts(region, 0, FIRST, LAST)
    told = con.execute(VISITS, [FIRST, LAST]).fetchnumpy()
    candidates = list(zip(*(told[name].tolist() for name in ("person", "day", "q", "lives")), strict=True))
    of = {(person, day): q for person, day, q, _ in candidates}
    elsewhere = {(person, q) for person, _, q, lives in candidates if not lives}
    drawn = list(zip(events.rows.person.tolist(), events.rows.day.tolist(), strict=True))
    quarters = [(person, of[person, day]) for person, day in drawn]
    assert len(quarters) == len(set(quarters)) > 60
    assert {(person, q) for person, _, q, _ in candidates} - elsewhere <= set(quarters)
    assert set(drawn) <= {(person, day) for person, day, _, lives in candidates if lives}


READMITTED = """
WITH told AS (
    SELECT a.place, a.day, a.minute,
           (SELECT min(s.start_min) FROM stay AS s WHERE s.person = a.person AND {stays}
               AND s.start_min >= {opens}) // 1440 AS event,
           (SELECT death FROM persons AS p WHERE p.person = a.person) AS death,
           (SELECT min(r."end") FROM residence AS r WHERE r.person = a.person AND r."end" > a.day AND NOT EXISTS (
               FROM residence AS o WHERE o.person = r.person AND o.start <= r."end"
                   AND coalesce(o."end", 1000000) > r."end")) AS leaves
    FROM asked AS a)
SELECT CASE WHEN day + {after} + {days} > {covers_to} + 1 OR day + {after} + {days} + 30 > {delivered} THEN 4
            WHEN event < day + {after} + {days} AND event <= coalesce(death, event) AND event <= coalesce(leaves, event)
                THEN 1
            WHEN death < day + {after} + {days} AND death <= coalesce(leaves, death) THEN 2
            WHEN leaves < day + {after} + {days} THEN 3
            ELSE 0 END AS state
FROM told ORDER BY place
"""
ACUTE = "s.acute AND s.care = 'somatic'"
CASES = {
    "readmission_acute_somatic_30d": (f"s.admission AND {ACUTE}", "a.minute + 240", 0, 30),
    "acute_somatic_contact_30d": (ACUTE, "(a.day + 1) * 1440", 1, 30),
    "acute_somatic_contact_90d": (ACUTE, "(a.day + 1) * 1440", 1, 90),
}


@pytest.mark.parametrize("key", CASES)
def test_what_came_after_an_index_event_is_what_sql_says(key, con, region):
    stays, opens, after, days = CASES[key]
    outcome, store = CATALOGUE.outcomes[key], region.store
    make = discharges if outcome.index == "discharge" else outpatient_contacts
    events = make(region, 0, FIRST, LAST)
    told = {"person": events.rows.person, "day": events.rows.day, "minute": events.minute}
    con.register("asked", pa.table({**told, "place": np.arange(len(events))}))
    ends = {name: store.day(name) for name in ("covers_to", "delivered")}
    sql = READMITTED.format(stays=stays, opens=opens, after=after, days=days, **ends)
    state = con.execute(sql).fetchnumpy()["state"]
    found = followed(store, outcome, events.rows, events.minute)
    np.testing.assert_array_equal(found.state, state)
    assert {0, 1, 4} <= set(state.tolist())


def test_every_outcome_of_index_events_is_held_against_sql():
    assert set(CASES) == set(CATALOGUE.outcomes) - set(CATALOGUE.outcomes_at("landmark"))


# --- the matrices -----------------------------------------------------------------------------------------------------

KINDS = {"discharges": (discharges, "DK39-2"), "psychiatric_outpatient": (outpatient_contacts, "PSYKSOM-1")}


@pytest.mark.parametrize("folder", KINDS)
def test_a_matrix_holds_the_events_of_whom_the_definition_holds_for_on_the_day(folder, work, region):
    make, definition = KINDS[folder]
    built = read_index(work.features, folder)
    first = built_from(work)
    events = make(region, 0, first, region.store.day("covers_to"))
    holds = [
        holding(region.store, np.array([person]), day, CATALOGUE, DEFINITIONS[definition])[person]
        for person, day in zip(events.rows.person.tolist(), events.rows.day.tolist(), strict=True)
    ]
    kept = events.of(np.array(holds))
    np.testing.assert_array_equal(built.events.rows.person, kept.rows.person)
    np.testing.assert_array_equal(built.events.rows.day, kept.rows.day)
    np.testing.assert_array_equal(built.events.minute, kept.minute)
    assert built.events.facts.keys() == kept.facts.keys()
    for name, values in kept.facts.items():
        np.testing.assert_array_equal(built.events.facts[name], values, err_msg=name)
    assert 10 < len(kept) < len(events)


def built_from(work):
    return day_number(date.fromisoformat(read_manifest(work.features, "build")["results"]["landmarks"][0]))


@pytest.mark.parametrize("folder", KINDS)
def test_a_row_is_that_of_the_person_read_alone_on_the_day(folder, work):
    built, reader = read_index(work.features, folder), open_reader(work.store)
    people, days = built.events.rows.person.tolist(), built.events.rows.day.tolist()
    for n in range(0, len(people), max(1, len(people) // 15)):
        np.testing.assert_array_equal(row_of(reader.of(people[n]), CATALOGUE, days[n]), built.cells[n])
    assert len(built.columns) == len(columns(CATALOGUE)) == built.cells.shape[1]


def test_the_manifest_tells_rows_by_year_and_how_often_a_diagnosis_was_known(work):
    told = read_manifest(work.features, "build")["results"]["index_events"]
    assert set(told) == set(KINDS)
    for folder, one in told.items():
        for year, count in one["rows"].items():
            rows = len(read_index(work.features, folder, [int(year)]).events)
            assert count == (None if 0 < rows < 5 else rows)
    known = read_index(work.features, "discharges").events.facts["diagnosis_known"]
    share = told["discharges"]["diagnosis_known_share"]
    assert share == (None if 0 < known.sum() < 5 else pytest.approx(known.mean(), abs=1e-4))


def test_a_year_that_was_not_built_is_refused(work):
    with pytest.raises(DataError, match="1999"):
        read_index(work.features, "discharges", [1999])
    with pytest.raises(DataError, match="any year"):
        read_index(work.features, "births")


def test_another_build_gives_the_same_bytes(work, tmp_path):
    other = Workspace(tmp_path)
    other.store.symlink_to(work.store)
    build_step(other, CATALOGUE, lambda *_: None, processes=1, most=1)
    full = read_manifest(work.features, "build")["results"]["landmarks"]
    assert read_manifest(other.features, "build")["results"]["index_events"]["discharges"]["rows"] == {}
    build_step(other, CATALOGUE, lambda *_: None, processes=1, most=len(full))
    files = sorted(path.relative_to(work.features) for path in work.features.glob("[dp]*/*/bucket=*.parquet"))
    assert files
    for file in files:
        assert digest_file(other.features / file) == digest_file(work.features / file)


def test_a_kind_that_no_outcome_is_counted_from_is_not_built(work, tmp_path):
    few = {key: one for key, one in CATALOGUE.outcomes.items() if one.index != "psychiatric_outpatient"}
    without = type(CATALOGUE)(dict(CATALOGUE.entries) | {"outcomes": few})
    other = Workspace(tmp_path)
    other.store.symlink_to(work.store)
    build_step(other, without, lambda *_: None, processes=1, most=2)
    assert not (other.features / "psychiatric_outpatient").exists()
    assert list((other.features / "discharges").glob("*/bucket=000.parquet"))


def test_texts_are_texts_and_days_are_days(work):
    for folder in KINDS:
        for file in (work.features / folder).glob("*/bucket=*.parquet"):
            table = pq.read_table(file, partitioning=None)
            assert table.column_names[:3] == ["person", "day", "minute"]
            assert str(table.schema.field("index_unit").type) == "string"
            assert table["person"].null_count == table["day"].null_count == 0
