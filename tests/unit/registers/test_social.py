"""Municipal care, social position, language and post, coercion, distance: what each table's rows become."""

from __future__ import annotations

import json
from datetime import date

import duckdb
import pytest

from stratify.errors import DataError
from stratify.registers.clock import day_number
from stratify.registers.declare import tables
from stratify.registers.uses import use_of

ANNA, BO = "000012345678", "000000000002"
DELAY = {name: table.clock.delay_days for name, table in tables("danish").items() if table.clock}


def _day(text: str) -> int:
    return day_number(date.fromisoformat(text))


def test_municipal_care_is_home_care_by_the_month_nursing_by_the_day_and_stays_in_a_care_home(extract, landed):
    store = landed(
        extract(
            aefv=f"""
            pnr|hænd_mdr|perpl_vis|prahj_vis
            {ANNA}|201902|3.5|1
            {ANNA}|201903|4|
            {ANNA}|201904||
            """,
            aehjsp=f"pnr|hjemsygep_dato|imp_mark\n{BO}|2019-03-04|1",
            ophold_plejehjem=f"""
            v_pnr|d_tilflyt_dato|d_fraflyt_dato|plejehjemsnavn
            {BO}|2019-05-01|2019-06-01|Søglimt
            {ANNA}|2019-09-01||Søglimt
            """,
        )
    )
    care_home = DELAY["ophold_plejehjem"]
    assert store.rows("municipal", "code, day, known, value, end_day, end_known") == [
        (BO, "care_home", _day("2019-05-01"), _day("2019-05-01") + care_home, None,
         _day("2019-06-01"), _day("2019-06-01") + care_home),
        (BO, "home_nursing", _day("2019-03-04"), _day("2019-03-04") + DELAY["aehjsp"], None, None, None),
        (ANNA, "care_home", _day("2019-09-01"), _day("2019-09-01") + care_home, None, None, None),
        (ANNA, "home_care", _day("2019-02-01"), _day("2019-02-28") + DELAY["aefv"], 4.5, None, None),
        (ANNA, "home_care", _day("2019-03-01"), _day("2019-03-31") + DELAY["aefv"], 4.0, None, None),
        (ANNA, "home_care", _day("2019-04-01"), _day("2019-04-30") + DELAY["aefv"], None, None, None),
    ]  # fmt: skip
    assert store.found.measurable["use"]["municipal"] == use_of("municipal") == "planning"


def test_one_of_the_municipal_tables_is_enough_and_the_others_are_told(extract, landed):
    store = landed(extract(aehjsp=f"pnr|hjemsygep_dato|imp_mark\n{BO}|2019-03-04|"))
    assert store.rows("municipal", "code") == [(BO, "home_nursing")]
    (note,) = [note for note in store.found.notes if note.startswith("not in this extract: ")]
    assert {"aefv", "ophold_plejehjem", "dream"} <= set(note.removeprefix("not in this extract: ").split(", "))


def test_who_moved_out_of_a_care_home_before_moving_in_is_refused(extract, landed):
    stays = [f"{ANNA}|2019-01-{day:02}|2019-02-01" for day in range(1, 31)] + [f"{ANNA}|2019-05-01|2019-04-01"]
    store = landed(extract(ophold_plejehjem="\n".join(["v_pnr|d_tilflyt_dato|d_fraflyt_dato", *stays])))
    assert store.reasons("ophold_plejehjem") == {"ends before it starts": 1}


FAMILIES = f"""
    pnr|koen|foed_dag|referencetid|kom|familie_id
    {ANNA}|2|1950-03-01|2017-12-31|751|f1
    {BO}|1|1960-07-15|2017-12-31|751|f1
    {ANNA}|2|1950-03-01|2018-06-30|751|f1
    {ANNA}|2|1950-03-01|2018-12-31|751|f2
    {BO}|1|1960-07-15|2018-12-31|751|
    """


def test_a_familys_income_is_that_of_who_stood_in_it_that_year(extract, landed):
    store = landed(
        extract(
            bef=FAMILIES,
            faik="""
            familie_id|aar|famaekvivadisp_13|famsociogrup_13
            f1|2017|210000.5|111
            f2|2018|-1500|111
            f2|2017|99|111
            f3|2018|99|111
            """,
        )
    )
    known = DELAY["faik"]
    assert store.rows("income", "day, known, value") == [
        (BO, _day("2017-12-31"), _day("2017-12-31") + known, 210000.5),
        (ANNA, _day("2017-12-31"), _day("2017-12-31") + known, 210000.5),
        (ANNA, _day("2018-12-31"), _day("2018-12-31") + known, -1500.0),  # of her last family of the year
    ]
    assert store.reasons("faik") == {"nobody of the family in a snapshot of that year": 2}
    assert store.found.measurable["use"]["income"] == use_of("income") == "statistics"


def test_an_income_that_is_not_told_is_an_event_without_a_value(extract, landed):
    store = landed(extract(bef=FAMILIES, faik="familie_id|aar|famaekvivadisp_13\nf1|2017|"))
    assert store.rows("income", "value") == [(BO, None), (ANNA, None)]


def test_where_the_population_names_no_families_nobody_has_an_income(extract, landed):
    store = landed(extract(faik="familie_id|aar|famaekvivadisp_13\nf1|2018|210000"))
    assert store.reasons("faik") == {"nobody of the family in a snapshot of that year": 1}
    assert "faik: 1 of 1 rows did not land" in store.found.notes
    assert "income" not in store.found.measurable["domains"]


def test_the_occupation_of_a_year_is_not_known_before_the_end_of_the_next(extract, landed):
    store = landed(extract(akm=f"pnr|aar|socio13\n{ANNA}|2017|321\n{BO}|2017|131\n{BO}|2018|131"))
    assert store.rows("occupation", "code, day, known") == [
        (BO, "131", _day("2017-12-31"), _day("2018-12-31")),
        (BO, "131", _day("2018-12-31"), _day("2019-12-31")),
        (ANNA, "321", _day("2017-12-31"), _day("2018-12-31")),
    ]
    assert store.found.measurable["use"]["occupation"] == "statistics"


def test_each_year_has_one_occupation(extract, landed):
    store = landed(extract(akm=f"pnr|aar|socio13\n{ANNA}|2017|321\n{ANNA}|2017|131"))
    assert store.reasons("akm") == {"duplicate key": 1}
    assert store.rows("occupation", "code") == [(ANNA, "321")]


DREAM = f"pnr|y_1901|y_1902|y_1903\n{ANNA}|890||\n{BO}||651|651\n{BO}|||\n999999999999|890||\n|890||"


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_benefits_by_the_week_are_checked_and_not_carried_into_the_store(extract, landed, form, monkeypatch):
    monkeypatch.setattr("stratify.registers.whole.MAX_UNREADABLE_SHARE", 0.2)
    store = landed(extract(form, dream=DREAM))
    assert store.found.tables["dream"] == {
        "rows_in": 5,
        "landed": 0,
        "refused": 3,
        "reasons": {"duplicate key": 1, "event of an unknown person": 1, "no person": 1},
        "left": 2,
    }
    assert "dream: <5 rows checked and not carried into the store" in store.found.notes
    assert not (store.folder / "benefit").exists()
    assert not {"dream", "benefit"} & set(store.found.measurable["domains"])


def test_of_benefits_only_the_person_is_read(extract, landed, tmp_path):
    folder = extract("parquet", delivery=None)
    (folder / "DREAM").mkdir()
    weeks = ", ".join(
        f"CAST(890 AS SMALLINT) AS Y_{year:02}{week:02}" for year in range(15, 20) for week in range(1, 53)
    )
    duckdb.execute(f"COPY (SELECT '{ANNA}' AS PNR, {weeks}) TO '{folder}/DREAM/dream_00.parquet'")
    duckdb.execute(f"COPY (SELECT '{BO}' AS pnr, 890 AS y_2001) TO '{folder}/DREAM/dream_01.parquet'")
    duckdb.execute(f"COPY (SELECT 'nobody' AS pnr, 890 AS y_2001) TO '{folder}/DREAM/dream_02.parquet'")
    store = landed(folder)
    assert store.found.tables["dream"]["left"] == 2
    ((_, _, delivered),) = store.refused("dream")
    assert json.loads(delivered) == {"row_": 3, "pnr": "nobody"}


def test_a_wide_table_in_a_database_file_is_read_by_its_person_too(extract, landed, tmp_path):
    folder = extract()
    with duckdb.connect(str(tmp_path / "all.duckdb")) as con:
        for path in folder.glob("*.csv"):
            con.execute(f"CREATE TABLE {path.stem.upper()} AS SELECT * FROM read_csv('{path}', all_varchar = true)")
        con.execute(f"CREATE TABLE dream AS SELECT '{ANNA}' AS PNR, 890 AS Y_1901")
        con.execute(f"CREATE TABLE aefv AS SELECT '{ANNA}' AS PNR, 201903 AS HÆND_MDR, 1 AS PERPL_VIS, 2 AS PRAHJ_VIS")
    store = landed(tmp_path / "all.duckdb")
    assert store.found.tables["dream"]["left"] == 1
    assert store.rows("municipal", "code, value") == [(ANNA, "home_care", 3.0)]


def test_language_post_and_coercion_are_dated_facts(extract, landed):
    store = landed(
        extract(
            tolk=f"pnr|sprog|fra_dato\n{ANNA}|arabisk|2018-04-01\n{BO}||2018-05-01",
            digital_post=f"pnr|fritaget_fra\n{ANNA}|2017-01-01",
            tvang=f"pnr|dato|art\n{BO}|2019-02-02|bæltefiksering",
        )
    )
    assert store.rows("communication", "code, language, day, known") == [
        (BO, "interpreter", None, _day("2018-05-01"), _day("2018-05-01")),
        (ANNA, "interpreter", "arabisk", _day("2018-04-01"), _day("2018-04-01")),
        (ANNA, "no_digital_post", None, _day("2017-01-01"), _day("2017-01-01")),
    ]
    assert store.rows("coercion", "code, day, known") == [
        (BO, "bæltefiksering", _day("2019-02-02"), _day("2019-02-02") + DELAY["tvang"])
    ]
    assert {use_of(domain) for domain in ("communication", "coercion")} == {"care"}


def test_distance_is_one_fact_for_each_place_that_is_told(extract, landed):
    titles = "pnr|aar|km_akuthospital|km_praksis|km_sundhedshus|km_psykiatri"
    store = landed(extract("parquet", afstand=f"{titles}\n{ANNA}|2018|12,5|1.5||30"))
    day = _day("2018-12-31")
    assert store.rows("distance", "code, value, day, known") == [
        (ANNA, "acute_hospital", 12.5, day, day),
        (ANNA, "practice", 1.5, day, day),
        (ANNA, "psychiatry", 30.0, day, day),
    ]
    assert store.found.measurable["use"]["distance"] == use_of("distance") == "planning"


@pytest.mark.parametrize(
    "table, titles, row, reason",
    [
        ("aefv", "pnr|hænd_mdr|perpl_vis|prahj_vis", "201913|1|1", "unreadable month in hænd_mdr"),
        ("aefv", "pnr|hænd_mdr|perpl_vis|prahj_vis", "|1|1", "no month"),
        ("aefv", "pnr|hænd_mdr|perpl_vis|prahj_vis", "201903|meget|1", "unreadable float in perpl_vis"),
        ("aehjsp", "pnr|hjemsygep_dato", "2019-02-30", "unreadable date in hjemsygep_dato"),
        ("tolk", "pnr|sprog|fra_dato", "arabisk|", "no date"),
        ("digital_post", "pnr|fritaget_fra", "2021-01-01", "after the day of delivery"),
        ("tvang", "pnr|dato|art", "2019-01-01|", "no kind"),
        ("akm", "pnr|aar|socio13", "2018|13", "unknown code system in socio13"),
        ("akm", "pnr|aar|socio13", "2021|131", "after the day of delivery"),
        ("afstand", "pnr|aar|km_akuthospital|km_praksis|km_sundhedshus|km_psykiatri", "2018|langt|1|1|1",
         "unreadable float in km_akuthospital"),
        ("laegevagt", "pnr|kontakttidspunkt|form", "2019-05-01 25:00|telefon",
         "unreadable datetime in kontakttidspunkt"),
        ("praehospital", "pnr|alarmtidspunkt|hastegrad|udfald", "2019-05-01 10:00||x", "no urgency"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_used_is_refused_with_its_reason(extract, landed, monkeypatch, table, titles, row, reason):
    monkeypatch.setattr("stratify.registers.whole.MAX_UNREADABLE_SHARE", 1.0)
    store = landed(extract(**{table: f"{titles}\n{ANNA}|{row}"}))
    assert store.reasons(table) == {reason: 1}


@pytest.mark.parametrize(
    "table, text, missing",
    [
        ("aefv", "pnr|haend_mdr|perpl_vis|prahj_vis", "aefv.hænd_mdr"),
        ("faik", "aar|famaekvivadisp_13", "faik.familie_id"),
        ("dream", "person|y_1901", "dream.pnr"),
        ("ophold_plejehjem", "pnr|d_tilflyt_dato|d_fraflyt_dato", "ophold_plejehjem.v_pnr"),
    ],
)
def test_a_column_a_table_cannot_do_without_is_named(extract, landed, table, text, missing):
    with pytest.raises(DataError) as caught:
        landed(extract("parquet", **{table: text}))
    (problem,) = caught.value.problems
    assert problem.startswith(f"{missing}: required column, missing; ")


def test_origin_lands_when_first_told_and_when_it_is_told_otherwise(extract, landed):
    store = landed(
        extract(
            bef=f"""
            pnr|koen|foed_dag|referencetid|kom|ie_type
            {ANNA}|2|1950-03-01|2016-12-31|751|
            {ANNA}|2|1950-03-01|2017-12-31|751|2
            {ANNA}|2|1950-03-01|2018-12-31|751|3
            {ANNA}|2|1950-03-01|2019-06-30|751|
            {ANNA}|2|1950-03-01|2019-09-30|751|3
            {ANNA}|2|1950-03-01|2019-12-31|751|2
            {BO}|1|1960-07-15|2017-12-31|751|1
            {BO}|1|1960-07-15|2018-12-31|751|1
            {BO}|1|1960-07-15|2019-12-31|751|9
            """
        )
    )
    known = DELAY["bef"]
    told = [(ANNA, "immigrant", "2017-12-31"), (ANNA, "descendant", "2018-12-31"), (ANNA, "immigrant", "2019-12-31"),
            (BO, "danish", "2017-12-31")]  # fmt: skip
    expected = sorted((who, code, _day(day), _day(day) + known) for who, code, day in told)
    assert store.rows("origin", "code, day, known") == expected
    assert store.reasons("bef") == {}  # an origin nobody knows is not told, and the snapshot counts
    assert store.found.measurable["use"]["origin"] == use_of("origin") == "care"


def test_where_the_population_tells_no_origin_there_is_none(extract, landed):
    store = landed(extract())
    assert "origin" not in store.found.measurable["domains"]
    assert "household" in store.found.measurable["domains"]
