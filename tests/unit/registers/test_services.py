"""Care outside the hospital, and procedures in it: practice by the week, out-of-hours doctor, ambulance, operations."""

from __future__ import annotations

import json
from datetime import date

import pytest

from stratify.errors import DataError
from stratify.registers.clock import day_number
from stratify.registers.declare import tables
from stratify.registers.uses import use_of

ANNA, BO = "000012345678", "000000000002"
SSSY = "pnr|speciale|honuge|barnmak|ydernr"
DELAY = {name: table.clock.delay_days for name, table in tables("danish").items() if table.clock}


def _day(text: str) -> int:
    return day_number(date.fromisoformat(text))


def test_a_week_of_practice_is_its_monday_and_known_from_its_sunday_and_the_delay_on(extract, landed):
    store = landed(
        extract(
            sssy=f"""
            {SSSY}
            {ANNA}|800101|1910|0|000123
            {ANNA}|800120|1901|0|000123
            {BO}|540110|1810||000077
            """
        )
    )
    delay = DELAY["sssy"]
    assert store.rows("service", "code, day, known") == [
        (BO, "540110", _day("2018-03-05"), _day("2018-03-11") + delay),
        (ANNA, "800101", _day("2019-03-04"), _day("2019-03-10") + delay),
        (ANNA, "800120", _day("2018-12-31"), _day("2019-01-06") + delay),  # the first week of 2019 begins in 2018
    ]
    assert store.found.measurable["use"]["service"] == use_of("service") == "care"


def test_the_practice_of_a_year_is_the_one_used_last_in_it(extract, landed):
    store = landed(
        extract(
            sssy=f"""
            {SSSY}
            {ANNA}|800101|1810|0|000123
            {ANNA}|800101|1840|0|000456
            {ANNA}|540110|1845|0|000999
            {ANNA}|800201|1930|0|000123
            {BO}|540110|1810|0|000077
            """
        )
    )
    delay = DELAY["sssy"]
    assert store.rows("practice", "code, day, known") == [
        (ANNA, "000123", _day("2019-07-22"), _day("2019-07-28") + delay),
        (ANNA, "000456", _day("2018-10-01"), _day("2018-10-07") + delay),
    ]


def test_without_the_practices_number_nobody_has_one(extract, landed):
    store = landed(extract(sssy=f"pnr|speciale|honuge|barnmak\n{ANNA}|800101|1810|0"))
    assert "practice" not in store.found.measurable["domains"]


def test_no_day_of_the_week_sees_a_service_that_may_have_come_after_it(extract, landed):
    weeks = [f"{year:02}{week:02}" for year in range(15, 20) for week in range(1, 53)]
    store = landed(extract(sssy="\n".join([SSSY, *(f"{ANNA}|800101|{week}|0|1" for week in weeks)])))
    found = store.rows("service", "day, known")
    assert len(found) == len(weeks)
    assert all(known > day + 6 for _, day, known in found)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_childs_service_on_a_parents_number_is_refused_and_never_the_parents(extract, landed, form):
    children = [f"{ANNA}|800101|19{week:02}|1|000123" for week in range(1, 11)]
    store = landed(extract(form, sssy="\n".join([SSSY, *children, f"{ANNA}|800201|1920|0|000123"])))
    assert store.rows("service", "code") == [(ANNA, "800201")]
    assert store.found.tables["sssy"] == {
        "rows_in": 11,
        "landed": 1,
        "refused": 10,  # far more than 5 %: nothing is wrong with them, they are about somebody else
        "reasons": {"a child's service on a parent's number": 10},
    }
    assert json.loads(store.refused("sssy")[0][2])["barnmak"] == "1"


def test_where_nothing_tells_whose_service_it_was_the_table_is_refused(extract, landed):
    with pytest.raises(DataError) as caught:
        landed(extract(sssy=f"pnr|speciale|honuge\n{ANNA}|800101|1910"))
    assert caught.value.problems == ("sssy.barnmak: required column, missing; there are honuge, pnr, speciale",)


def test_the_same_service_delivered_again_is_a_copy(extract, landed):
    rows = [f"{ANNA}|800101|1910|0|000123"] * 2 + [f"{ANNA}|800101|1910|0|000124", f"{ANNA}|800101|1911|0|000123"]
    store = landed(extract(sssy="\n".join([SSSY, *rows])))
    assert store.reasons("sssy") == {"the same row again": 1}
    assert store.found.events["service"] == 3


@pytest.mark.parametrize("table, columns, row, told_apart", [
    ("sssy", "pnr|speciale|honuge|barnmak", "800101|1910|0", "ydernr"),
    ("lmdb", "pnr|eksd|atc", "2019-03-01|C07AB02", "vnr"),
])  # fmt: skip
def test_a_copy_is_told_only_where_the_columns_are_there_that_tell_two_apart(
    extract, landed, tmp_path, table, columns, row, told_apart
):
    short = landed(extract(**{table: "\n".join([columns, *[f"{ANNA}|{row}"] * 2])}))
    assert short.found.tables[table]["landed"] == 2
    whole = "\n".join([f"{columns}|{told_apart}", *[f"{ANNA}|{row}|000123"] * 2, f"{ANNA}|{row}|000124"])
    store = landed(extract(at=tmp_path / "whole", **{table: whole}))
    assert store.reasons(table) == {"the same row again": 1}
    assert store.found.tables[table]["landed"] == 2


def test_the_same_result_delivered_again_is_a_copy_and_each_code_of_an_analyte_stands_for_itself(extract, landed):
    results = f"""
        pnr|npu|samplingdato|samplevalue
        {ANNA}|NPU27300|2019-05-01|48
        {ANNA}|NPU27300|2019-05-01|48
        {ANNA}|NPU27300|2019-05-01|49
        {ANNA}|NPU03835|2019-05-01|6,5
        {ANNA}|DNK35302|2019-05-01|>90
        """
    store = landed(extract("parquet", laboratorieproevesvar_=results))
    assert store.reasons("laboratorieproevesvar_") == {"the same row again": 1}
    assert store.rows("lab", "code, value, comparator") == [
        (ANNA, "DNK35302", 90.0, ">"),
        (ANNA, "NPU03835", 6.5, None),
        (ANNA, "NPU27300", 48.0, None),
        (ANNA, "NPU27300", 49.0, None),
    ]


def test_weeks_and_codes_that_cannot_be_are_refused_one_by_one(extract, landed):
    good = [f"{ANNA}|800101|18{week:02}|0|1" for week in range(1, 53)] + [
        f"{ANNA}|800101|17{n:02}|0|1" for n in range(1, 53)
    ]
    bad = [
        f"{ANNA}|800101|1953|0|1",  # 2019 had 52 weeks
        f"{ANNA}|800101||0|1",
        f"{ANNA}|80101|1910|0|1",  # a leading zero lost
        f"{ANNA}|800101|2010|0|1",  # after the day of delivery
        "999999999999|800101|1910|0|1",
    ]
    store = landed(extract(sssy="\n".join([SSSY, *good, *bad])))
    assert store.reasons("sssy") == {
        "after the day of delivery": 1,
        "event of an unknown person": 1,
        "no week": 1,
        "unknown code system in speciale": 1,
        "unreadable week in honuge": 1,
    }


def test_calls_at_night_keep_their_minute(extract, landed):
    store = landed(
        extract(
            laegevagt=f"""
            pnr|kontakttidspunkt|form
            {ANNA}|2019-05-01 23:30|telefon
            {ANNA}|2019-05-01 23:50|besøg
            """,
            praehospital=f"""
            pnr|alarmtidspunkt|hastegrad|udfald
            {ANNA}|2019-05-02 00:10|A|kørt til hospital
            {BO}|2019-05-02 00:20|B|
            """,
        )
    )
    minute = _day("2019-05-01") * 1440 + 23 * 60 + 30
    assert store.rows("out_of_hours", "code, day, known, start_min") == [
        (ANNA, "besøg", _day("2019-05-01"), _day("2019-05-01") + DELAY["laegevagt"], minute + 20),
        (ANNA, "telefon", _day("2019-05-01"), _day("2019-05-01") + DELAY["laegevagt"], minute),
    ]
    assert store.rows("ambulance", "code, outcome, day, known, start_min") == [
        (BO, "B", None, _day("2019-05-02"), _day("2019-05-02") + DELAY["praehospital"], minute + 50),
        (ANNA, "A", "kørt til hospital", _day("2019-05-02"), _day("2019-05-02") + DELAY["praehospital"], minute + 40),
    ]
    assert {use_of(domain) for domain in ("out_of_hours", "ambulance")} == {"care"}


LPR2 = {
    "lpr_adm": f"""
        pnr|recnum|d_inddto|d_uddto|c_pattype
        {ANNA}|r1|2018-05-01|2018-05-09|0
        {ANNA}|r2|2018-07-01||0
        {BO}|r3|2018-05-01|2018-05-09|0
        """,
    "lpr_diag": "recnum|c_diag|c_diagtype",
    "lpr_a_kontakt": "pnr|dw_ek_kontakt|kont_starttidspunkt|kont_sluttidspunkt|kont_type|prioritet|kont_ans_hovedspec|"
    f"lprindberetningssystem\n{ANNA}|k1|2019-03-01 08:00|2019-03-03 10:00|ALCA00|ATA1|x|LPR3",
}


def test_an_operation_is_known_with_the_end_of_its_contact(extract, landed):
    store = landed(
        extract(
            **LPR2,
            lpr_sksopr="""
            recnum|c_opr|c_oprart|d_odto|c_osgh
            r1|KNFB40|V|2018-05-02|6620
            r1|ZZ0150||2018-05-20|6620
            r2|KJDF10|V|2018-07-02|6620
            r9|KJDF10|V|2018-07-02|6620
            """,
        )
    )
    delay = DELAY["lpr_sksopr"]
    assert store.rows("procedure", "code, kind, day, known, care, setting") == [
        (ANNA, "KJDF10", "V", _day("2018-07-02"), _day("2020-02-01"), "somatic", "inpatient"),  # open: on delivery
        (ANNA, "KNFB40", "V", _day("2018-05-02"), _day("2018-05-09") + delay, "somatic", "inpatient"),
        (ANNA, "ZZ0150", None, _day("2018-05-20"), _day("2018-05-09") + delay, "somatic", "inpatient"),
    ]
    assert store.reasons("lpr_sksopr") == {"the contact it belongs to did not land": 1}
    assert store.found.measurable["use"]["procedure"] == "care"


def test_an_operation_dated_after_its_contact_is_never_known_before_it_happened(extract, landed):
    operations = "recnum|c_opr|c_oprart|d_odto\nr1|ZZ0150|V|2018-09-01"
    store = landed(extract(**LPR2, lpr_sksopr=operations))
    assert store.rows("procedure", "day, known") == [(ANNA, _day("2018-09-01"), _day("2018-09-01"))]


def test_operations_without_their_contacts_are_refused_as_a_whole(extract, landed):
    with pytest.raises(DataError) as caught:
        landed(extract(lpr_sksopr="recnum|c_opr|c_oprart|d_odto\nr1|ZZ0150|V|2018-09-01"))
    assert caught.value.problems == ("lpr_adm: missing, though lpr_sksopr, which needs it, is there",)


def test_a_visit_that_nobody_came_to_is_no_visit(extract, landed):
    titles = "pnr|dw_ek_kontakt|kont_starttidspunkt|kont_sluttidspunkt|kont_type|prioritet|kont_ans_hovedspec|adiag"
    store = landed(
        extract(
            lpr_a_kontakt=f"""
            {titles}|kont_afslutningsmaade
            {ANNA}|k1|2019-03-01 08:00|2019-03-01 08:30|ALCA00|ATA3|intern medicin|DI509|ALAC50
            {ANNA}|k2|2019-04-01 08:00|2019-04-01 08:01|ALCA00|ATA3|intern medicin|DI509|ALAC60
            {ANNA}|k3|2019-05-01 08:00|2019-05-01 08:30|ALCA03|ATA3|intern medicin|DI509|
            """
        )
    )
    assert [setting for _, setting in store.rows("contact", "setting")] == ["missed", "outpatient", "virtual"]
