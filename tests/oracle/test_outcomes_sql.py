"""Outcomes against one SQL query each, over the store's files and written anew, and against the simulator's truth.

The region is small, and its years lie on both sides of the change of the patient register. Diagnoses are asked by
regular expressions and residence by gaps and islands, so that nothing of `stratify.outcomes` is used twice.
"""

from datetime import date

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from pipelines.data_steps import land_step
from pipelines.simulate_step import Wanted, synthesise_step
from pipelines.synthesis.truth import attach
from stratify.catalogue import load
from stratify.cohort import residents, spells
from stratify.outcomes import LEFT, OPEN, followed, with_and_without_injuries
from stratify.registers.clock import day_number
from stratify.store.read import Store
from stratify.workspace import Workspace

CATALOGUE = load()
PEOPLE, YEARS, LAST = 3000, 4, date(2020, 12, 31)
LANDMARKS = [day_number(date(year, 1, 1)) for year in (2018, 2019, 2020)]
LATE = day_number(date(2020, 6, 1))  # its window is open when the data end
ACSC = (
    "L03|L04|L08[089]|L88|L980|R02|G4[01]|R56|E86|K52[289]|A690|K0[234568]|K09[89]|K1[23]|H6[67]|J0[236]|J312"
    "|N7[034]|K2[5-8][012456]|N1[012]|N136|N30[09]|N390|I20|I24[089]|J4[56]|I10|I11[09]|I50|J81|J4[12347]|E1[0-4]"
    "|D50[189]|D5[12]|E4[0-3]|E550|E643|J1[0134]|J15[234579]|J16[08]|J18[0189]|A3[567]|A80|B0[56]|B16[19]|B18[01]"
    "|B26|G000|M014"
)
STAYS = {
    "acute_admission_365d": "admission AND acute",
    "acute_somatic_admission_365d": "admission AND acute AND care = 'somatic'",
    "psychiatric_admission_365d": "admission AND care = 'psychiatric'",
    "acsc_admission_365d": f"admission AND acute AND care = 'somatic' AND regexp_matches(first_code, '^({ACSC})')",
    "death_365d": "false",
}


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    found = Workspace(tmp_path_factory.mktemp("outcomes"))
    synthesise_step(found, Wanted(PEOPLE, YEARS, 7, LAST), lambda *_: None)
    land_step(found, CATALOGUE, source="synthetic", data=found.registers, progress=lambda _: None)
    return found


@pytest.fixture(scope="module")
def store(work):
    return Store(work.store)


@pytest.fixture(scope="module")
def rows(store):
    return residents(store.persons(), spells(store.residence()), [*LANDMARKS, LATE])


@pytest.fixture(scope="module")
def con(work, rows):
    con = duckdb.connect()
    for name in ("persons", "residence"):
        con.execute(f"CREATE VIEW {name} AS SELECT * FROM '{work.store / name}.parquet'")
    con.execute(f"CREATE VIEW stay AS SELECT * FROM read_parquet('{work.store / 'stay' / '*.parquet'}')")
    asked = pa.table({"person": rows.person, "t": rows.day, "place": np.arange(len(rows))})
    con.register("asked", asked)
    attach(con, work.truth)
    return con


QUERY = """
WITH stretch AS (
    SELECT person, start, coalesce("end", 1000000) AS until, max(coalesce("end", 1000000)) OVER (
        PARTITION BY person ORDER BY start, until ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
    FROM residence),
island AS (
    SELECT *, sum(CASE WHEN before IS NULL OR start > before THEN 1 ELSE 0 END) OVER (
        PARTITION BY person ORDER BY start, until ROWS UNBOUNDED PRECEDING) AS nth FROM stretch),
spell AS (SELECT person, min(start) AS since, max(until) AS until FROM island GROUP BY person, nth),
event AS (SELECT person, day FROM stay WHERE {stays}
          UNION ALL SELECT person, death FROM persons WHERE {of_death} AND death IS NOT NULL),
dated AS (
    SELECT place, t, what, day - t AS after FROM (
        SELECT place, t, 1 AS what, min(e.day) AS day FROM asked JOIN event AS e USING (person) WHERE e.day >= t
        GROUP BY place, t
        UNION ALL SELECT place, t, 2, death FROM asked JOIN persons USING (person) WHERE death IS NOT NULL
        UNION ALL SELECT place, t, 3, until FROM asked JOIN spell USING (person) WHERE since <= t AND t < until
        UNION ALL SELECT place, t, 0, t + 365 FROM asked)),
first AS (SELECT place, t, arg_min(what, 10 * after + CASE what WHEN 0 THEN -1 ELSE what END) AS what,
                 min(after) AS after FROM dated GROUP BY place, t)
SELECT CASE WHEN t + 365 > {covers_to} + 1 OR t + 365 + 30 > {delivered} THEN 4 ELSE what END AS state,
       CASE WHEN t + 365 > {covers_to} + 1 OR t + 365 + 30 > {delivered} THEN NULL ELSE after END AS days
FROM first ORDER BY place
"""


def by_sql(con, store, stays, *, of_death=False):
    ends = {name: store.day(name) for name in ("covers_to", "delivered")}
    told = con.execute(QUERY.format(stays=stays, of_death=of_death, **ends)).fetchnumpy()
    return told["state"].astype(int), np.ma.filled(told["days"].astype(np.float64), np.nan)


@pytest.mark.parametrize("key", STAYS)
def test_what_came_first_is_what_sql_says(key, con, store, rows):
    found = followed(store, CATALOGUE.outcomes[key], rows)
    state, days = by_sql(con, store, STAYS[key], of_death=key == "death_365d")
    np.testing.assert_array_equal(found.state, state)
    np.testing.assert_array_equal(found.days, days)
    held = {0, 1, LEFT, OPEN} if key == "death_365d" else {0, 1, 2, LEFT, OPEN}
    assert set(state.tolist()) == held


def test_every_outcome_of_landmarks_is_held_against_sql():
    assert set(STAYS) == set(CATALOGUE.outcomes_at("landmark"))


def test_without_injuries_is_what_sql_says_without_them(con, store, rows):
    key = "acute_admission_365d"
    both = with_and_without_injuries(store, CATALOGUE.outcomes[key], rows)
    state, _ = by_sql(con, store, f"{STAYS[key]} AND NOT coalesce(regexp_matches(first_code, '^[ST]'), false)")
    np.testing.assert_array_equal(both["leave_out"].state, state)
    np.testing.assert_array_equal(both["count"].state, by_sql(con, store, STAYS[key])[0])
    assert np.nansum(both["leave_out"].y) < np.nansum(both["count"].y)


def test_a_part_never_holds_without_its_whole(store, rows):
    found = {key: followed(store, outcome, rows).y for key, outcome in CATALOGUE.outcomes_at("landmark").items()}
    parts = [(key, outcome.part_of) for key, outcome in CATALOGUE.outcomes_at("landmark").items() if outcome.part_of]
    assert parts
    for part, whole in parts:
        both = ~np.isnan(found[part]) & ~np.isnan(found[whole])
        assert (found[part][both] <= found[whole][both]).all()


# --- the truth --------------------------------------------------------------------------------------------------------

TRUE = {
    "acute_admission_365d": "acute_admission",
    "acute_somatic_admission_365d": "acute_somatic_admission",
    "psychiatric_admission_365d": "psychiatric_admission",
    "acsc_admission_365d": "acsc_admission",
    "death_365d": "death",
}


@pytest.fixture(scope="module")
def true(con, store, rows):
    """What truly came of each row in the calendar year it begins, by outcome; 2020 has a day more than a horizon."""
    con.register("named", pa.table({"person": np.arange(len(store.source_ids())), "pnr": store.source_ids()}))
    told = con.execute(
        f"SELECT place, {', '.join(TRUE.values())} FROM asked JOIN named USING (person) "
        "JOIN truth_year AS y ON y.pnr = named.pnr AND t = date_diff('day', DATE '1970-01-01', make_date(y.year, 1, 1))"
    ).fetchnumpy()
    assert len(told["place"]) == np.isin(rows.day, LANDMARKS).sum()
    return told


def agreement(found, true, column):
    """The share of rows on which both agree, of those seen to the end."""
    mine = found.y[true["place"]]
    seen = ~np.isnan(mine)
    return np.mean(mine[seen] == true[column][seen].astype(float)), seen.mean()


@pytest.mark.parametrize("key", TRUE)
def test_labels_agree_with_what_truly_came_of_everybody(key, store, rows, true):
    share, seen = agreement(followed(store, CATALOGUE.outcomes[key], rows), true, TRUE[key])
    assert share > 0.999
    assert seen > 0.98
