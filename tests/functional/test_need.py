"""Need against activity on a region: counted as SQL counts, nothing small told, and said where a source cannot tell."""

import csv
import json
import shutil
from datetime import date

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from pipelines.need import count_all, followed_years, need_step, whole_years
from pipelines.need import risks_of as risks_of_bucket
from stratify.catalogue import load
from stratify.cohort import residents, spells
from stratify.errors import DataError
from stratify.outcomes import followed
from stratify.quality.attacker import feasible
from stratify.quality.months import Months
from stratify.quality.need.expected import EXPECTED_OF, SCORED
from stratify.quality.need.ground import Frame
from stratify.quality.need.hiding import Table, hide, relations_of
from stratify.quality.need.tell_activity import tables_of
from stratify.quality.need.tell_need import Year
from stratify.quality.need.telling import tell
from stratify.registers.clock import day_number
from stratify.store.read import Store
from stratify.units import hospitals, municipalities
from stratify.workspace import Workspace

READ = ("store", "features", "bundles", "keys", "scores")


def silent(*_):
    """Show no progress."""


@pytest.fixture(scope="module")
def catalogue(few_events):
    return load(few_events)


@pytest.fixture(scope="module")
def work(region, tmp_path_factory):
    root = tmp_path_factory.mktemp("need")
    for name in READ:
        (root / name).symlink_to(region / name)
    return Workspace(root)


@pytest.fixture(scope="module")
def told(work, catalogue):
    manifest, ran = need_step(work, catalogue, silent)
    assert ran
    assert set(manifest["results"]["parts"].values()) == {"measured"}
    return json.loads((work.need / "need.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def store(work):
    return Store(work.store)


@pytest.fixture(scope="module")
def frame(work, catalogue, store, told):
    years = [int(one) for one in told["parts"]["volume"]["period"][0].split("-")]
    return Frame.of(
        store, range(years[0], years[-1] + 1), followed_years(work, catalogue, store), years[-1] + 1, ("a/b",)
    )


@pytest.fixture(scope="module")
def found(work, catalogue, store, frame):
    return count_all(work, catalogue, store, frame, None, silent)


@pytest.fixture(scope="module")
def sql(work, frame):
    """Ask the store: views of its domains, acute admissions of the period, where everybody lived on each 1 January."""
    con = duckdb.connect()
    for domain in ("stay", "contact", "service", "municipal"):
        con.execute(f"CREATE VIEW {domain} AS SELECT * FROM read_parquet('{work.store}/{domain}/*.parquet')")
    con.execute(f"CREATE VIEW persons AS SELECT * FROM read_parquet('{work.store}/persons.parquet')")
    con.execute(f"CREATE VIEW residence AS SELECT * FROM read_parquet('{work.store}/residence.parquet')")
    con.execute("CREATE TABLE town (code VARCHAR, name VARCHAR, hospital VARCHAR)")
    con.executemany("INSERT INTO town VALUES (?, ?, ?)", [(k, v.name, v.hospital) for k, v in municipalities().items()])
    con.execute("CREATE TABLE unit (code VARCHAR, name VARCHAR, level VARCHAR)")
    con.executemany("INSERT INTO unit VALUES (?, ?, ?)", [(k, v.name, v.level) for k, v in hospitals().items()])
    days = [(year, day_number(date(year, 1, 1))) for year in frame.every]
    con.execute("CREATE TABLE first (year INT, day INT)")
    con.executemany("INSERT INTO first VALUES (?, ?)", days)
    con.execute(
        "CREATE TABLE home AS SELECT year, person, name, hospital FROM first JOIN residence ON start <= day AND "
        '(day < "end" OR "end" IS NULL) JOIN town ON town.code = municipality '
        "QUALIFY row_number() OVER (PARTITION BY year, person ORDER BY start DESC) = 1"
    )
    con.execute(
        f"CREATE VIEW admitted AS SELECT *, year(DATE '1970-01-01' + day::INT) AS year FROM stay "
        f"WHERE admission AND day >= {frame.start} AND day < {frame.end}"
    )
    return con


def at(axis, level, label):
    return axis.nodes.index((level, label))


def test_admissions_by_hospital_and_catchment_are_those_of_sql(found, frame, sql):
    units, homes = frame.axes["unit"], frame.axes["place"].without("municipality")
    rows = sql.execute(
        "SELECT unit.name, level, hospital, acute, count(*), count(DISTINCT person) FROM admitted JOIN unit ON "
        "unit.code = unit_first LEFT JOIN home USING (year, person) GROUP BY ALL"
    ).fetchall()
    assert len(rows) > 10
    for name, level, home, acute, admissions, people in rows:
        row = at(homes, "catchment", home) if home else at(homes, "not_told", "not told")
        cell = found["own"][at(units, level, name), row, 2 if acute else 1]
        assert cell.tolist() == [admissions, people]
    assert found["own"][0, 0, 0].tolist() == list(
        sql.execute("SELECT count(*), count(DISTINCT person) FROM admitted").fetchone()
    )


def test_own_catchment_is_what_its_hospital_received(told, sql):
    shares = told["parts"]["own"]["told"]["shares"]["columns"]
    for name, priority, count, denominator in zip(
        shares["label"], shares["priority"], shares["count"], shares["denominator"], strict=True
    ):
        if count is None or priority != "all":
            continue
        expected = sql.execute(
            "SELECT count(*) FILTER (unit.name = home.hospital), count(*) FROM admitted JOIN home USING (year, person) "
            "JOIN unit ON unit.code = unit_first WHERE home.hospital = ? AND level = 'hospital'",
            [name],
        ).fetchone()
        assert (count, denominator) == expected


def test_hours_are_those_of_sql(found, sql):
    rows = sql.execute(
        "SELECT start_min // 60 % 24, isodow(DATE '1970-01-01' + day::INT) > 5, count(*) FROM admitted WHERE acute "
        "GROUP BY ALL"
    ).fetchall()
    table = found["admissions.hour_group"]
    from stratify.quality.need.activity import HOURS

    for hour, weekend, count in rows:
        assert table[at(HOURS, "hour", f"{hour:02d}"), 2 if weekend else 1, 0, 0] == count


def test_the_share_with_nothing_before_is_that_of_sql(found, sql):
    admissions, none = sql.execute(
        """
        SELECT count(*), count(*) FILTER (NOT (
            EXISTS (FROM service s WHERE s.person = a.person AND starts_with(s.code, '80')
                    AND s.day BETWEEN a.day - 10 AND a.day - 4)
            OR EXISTS (FROM municipal m WHERE m.person = a.person AND m.code = 'home_nursing'
                       AND m.day BETWEEN a.day - 7 AND a.day - 1)
            OR EXISTS (FROM contact c WHERE c.person = a.person
                       AND c.setting IN ('emergency', 'outpatient', 'home', 'virtual')
                       AND c.start_min >= a.start_min - 7 * 1440 AND c.start_min < a.start_min)
            OR EXISTS (FROM stay o WHERE o.admission AND o.person = a.person
                       AND o.end_min >= a.start_min - 7 * 1440 AND o.end_min < a.start_min)))
        FROM admitted a WHERE acute
        """
    ).fetchone()
    assert found["chain.place.any"][0, 0, 0] == admissions
    assert found["chain.place.any"][0, 1, 0] == none
    assert 0 < none < admissions


def test_need_counts_people_and_risks_as_a_loop_does(work, catalogue, store, frame, found):
    year, outcome = frame.follow[-1], catalogue.outcomes[EXPECTED_OF]
    rows = residents(store.persons(), spells(store.residence()), [day_number(date(year, 1, 1))])
    had = dict(zip(rows.person.tolist(), followed(store, outcome, rows).y.tolist(), strict=True))
    risk = {}
    for bucket in range(store.buckets):
        scores = risks_of_bucket(work, catalogue, year, bucket)
        risk |= dict(zip(scores.person.tolist(), scores.risk[EXPECTED_OF].tolist(), strict=True))
    seen = {who: one for who, one in had.items() if not np.isnan(one)}
    scored = [who for who in seen if not np.isnan(risk.get(who, np.nan))]
    counts = found[f"need.{EXPECTED_OF}.{year}.place"]
    assert counts[0, 0, 0] == len(seen)
    assert counts[0, at(SCORED, "scored", "yes")].tolist() == [
        len(scored), sum(seen[who] == 0 for who in scored), sum(seen[who] == 1 for who in scored)
    ]  # fmt: skip
    expected = found[f"need.{EXPECTED_OF}.{year}.expected_place"]
    assert expected[0] == pytest.approx(sum(risk[who] for who in scored))
    assert found[f"need.{EXPECTED_OF}.{year}.expected_practice"][0] == pytest.approx(expected[0])


def test_expected_by_age_and_sex_adds_up_to_what_was_observed(found, frame):
    for year in frame.follow:
        one = Year.of(found, frame, f"need.{EXPECTED_OF}.{year}")
        assert one.by_age_sex[0] == pytest.approx(one.place.counts[0, 0, 0])


def test_a_landmark_that_the_models_were_trained_on_says_so(told):
    years = told["parts"]["need"]["told"][EXPECTED_OF]["years"]
    roles = {year: one["role"] for year, one in years.items()}
    assert "train" in roles.values()
    assert roles[max(roles)] == "test"
    assert all(one["in_training"] == (one["role"] != "test") for one in years.values())


def test_of_no_table_can_a_small_number_be_worked_out(found, frame):
    universes = [tables for tables in tables_of(found, frame).values() if tables]
    one = Year.of(found, frame, f"need.{EXPECTED_OF}.{frame.follow[-1]}")
    universes.append({"place": one.place, "practice": one.practice})
    axes = frame.axes
    looks = ("age", "group", "smi", "few_resources", "distance")
    universes.append({by: Table((axes["place"], axes[by]), found[f"looks.{by}"][..., None]) for by in looks})
    for tables in universes:
        counts, small, relations, where = relations_of(tables)
        hidden = np.zeros(len(counts), dtype=bool)
        for name, gone in hide(tables).items():
            hidden[where[name]] = gone
        assert hidden.any()
        assert not (small & ~hidden).any()
        low, high = feasible(counts, hidden, relations)
        wide = high - low >= 5
        assert wide[hidden][counts[hidden] > 0].all()


def test_nothing_of_one_to_four_leaves(told, work):
    rows = pq.read_table(work.need / "cells.parquet").to_pylist()
    assert len(rows) > 1000
    for row in rows:
        count, whole = row["count"], row["denominator"]
        if row["hidden"]:
            assert count is None
            assert row["value"] is None
            assert row["expected"] is None
        if count is not None:
            assert not 0 < count < 5, row
        if whole is not None and count is not None and row["part"] != "services":
            assert not 0 < whole - count < 5, row
    assert any(row["hidden"] for row in rows)
    assert set(told["parts"]) == {row["part"] for row in rows}


def test_every_part_says_what_it_counts_in_danish_and_english(told):
    for part in told["parts"].values():
        assert part["title"]["da"] and part["title"]["en"]  # noqa: PT018
        assert part["text"]["da"] and part["text"]["en"]  # noqa: PT018
        assert part["source"]
        assert part["period"]


def test_the_danish_csv_opens_in_a_danish_spreadsheet(work, told):
    text = (work.need / "need.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(text.splitlines(), delimiter=";"))
    assert {row["del"] for row in rows} == set(told["parts"])
    assert any("," in row["værdi"] for row in rows)


def test_the_same_again_is_not_counted_again(work, catalogue, told):
    _, ran = need_step(work, catalogue, silent)
    assert not ran


def poorer(store, tmp_path, domains=(), **said):
    """Return a copy of a store whose source had fewer domains, or tells less of them."""
    shutil.copytree(store.root, tmp_path / "store")
    path = tmp_path / "store" / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    measurable = manifest["results"]["measurable"]
    measurable["domains"] = [one for one in measurable["domains"] if one not in domains]
    measurable |= said
    path.write_text(json.dumps(manifest), encoding="utf-8")
    return Store(tmp_path / "store")


def rewritten(store, domain, columns):
    for file in (store.root / domain).glob("*.parquet"):
        new = file.with_suffix(".new")
        duckdb.execute(f"COPY (SELECT * REPLACE ({columns}) FROM read_parquet('{file}')) TO '{new}' (FORMAT parquet)")
        new.replace(file)


def counted(store, catalogue, frame):
    from stratify.quality.need.counting import add, count_bucket

    found = {}
    for bucket in range(store.buckets):
        add(found, count_bucket(store, catalogue, bucket, frame, {}, {}))
    return tell(found, frame, store, catalogue, {})["parts"]


def said(part):
    return [one["en"] for one in part["lacking"]]


def test_without_services_the_chain_says_so_and_counts_the_rest(store, catalogue, frame, tmp_path):
    parts = counted(poorer(store, tmp_path, ["service", "municipal"]), catalogue, frame)
    assert "no service in this source" in said(parts["chain"])
    assert "gp" not in parts["chain"]["told"]["place"]["told"]
    assert parts["chain"]["status"] == "measured"
    uses = parts["use"]["told"]["uses"]
    assert uses["yearly_review"]["status"] == "not_measurable"
    assert uses["home_nursing"]["lacking"] == "no municipal in this source"


def test_without_hours_no_table_of_hours(store, catalogue, frame, tmp_path):
    poor = poorer(store, tmp_path)
    rewritten(poor, "stay", "(day * 1440)::BIGINT AS start_min")
    parts = counted(poor, catalogue, frame)
    assert said(parts["hours"]) == ["the source does not tell the hour of admissions"]
    assert list(parts["hours"]["told"]) == ["contacts"]


def test_without_units_of_ours_nobody_is_divided_among_them(store, catalogue, frame, tmp_path):
    poor = poorer(store, tmp_path)
    rewritten(poor, "stay", "NULL::VARCHAR AS unit_first")
    parts = counted(poor, catalogue, frame)
    assert "no hospital of ours is named" in said(parts["own"])
    assert parts["own"]["status"] == parts["volume"]["status"] == "not_measurable"


def test_without_acute_there_is_neither_chain_nor_hours(store, catalogue, frame, tmp_path):
    parts = counted(poorer(store, tmp_path, acute=False), catalogue, frame)
    assert parts["chain"]["status"] == "not_measurable"
    assert parts["hours"]["status"] == "not_measurable"
    assert "the source does not tell acute from planned" in said(parts["chain"])


def test_without_stays_only_catchments_and_offers_are_told(store, catalogue, frame, tmp_path):
    parts = counted(poorer(store, tmp_path, ["stay", "contact", "distance"]), catalogue, frame)
    assert {key for key, part in parts.items() if part["status"] == "measured"} == {"looks", "use"}
    assert "distance" not in parts["looks"]["told"]


def test_a_year_whose_records_have_not_come_in_is_no_whole_year():
    months = Months.covered(date(2015, 1, 1), date(2024, 12, 31))
    assert whole_years(months, day_number(date(2025, 3, 1))) == (2022, 2023, 2024)
    assert whole_years(months, day_number(date(2025, 1, 30))) == (2021, 2022, 2023)
    assert whole_years(months, day_number(date(2025, 1, 31))) == (2022, 2023, 2024)
    with pytest.raises(DataError, match="a whole calendar year"):
        whole_years(Months(2024, 11), day_number(date(2025, 1, 31)))
