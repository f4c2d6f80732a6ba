"""When an event happened and from when on it was known."""

from __future__ import annotations

from datetime import date

import pytest

from stratify.errors import DataError
from stratify.registers.clock import day_number, day_of, first_of_january, read_date, spell_out
from stratify.registers.declare import tables

ANNA = "000012345678"
KONTAKT = "pnr|dw_ek_kontakt|kont_starttidspunkt|kont_sluttidspunkt|kont_type|prioritet|kont_ans_hovedspec"
DELAY = {name: table.clock.delay_days for name, table in tables("danish").items() if table.clock}
DELIVERED = day_number(date(2020, 2, 1))


def _day(text: str) -> int:
    return day_number(date.fromisoformat(text))


def test_a_diagnosis_is_known_when_its_contact_has_ended_and_been_reported(extract, landed):
    store = landed(extract())
    delay = DELAY["lpr_a_kontakt"]
    assert store.rows("diagnosis", "day, known") == [(ANNA, _day("2019-03-01"), _day("2019-03-03") + delay)]
    assert store.rows("contact", "day, known, end_day") == [
        (ANNA, _day("2019-03-01"), _day("2019-03-01") + delay, _day("2019-03-03"))
    ]
    assert store.rows("stay", "day, known, end_day, end_known, hours") == [
        (ANNA, _day("2019-03-01"), _day("2019-03-01") + delay, _day("2019-03-03"), _day("2019-03-03") + delay, 50.0)
    ]


def test_a_diagnosis_of_an_open_contact_is_known_on_delivery_never_before_it_happened(extract, landed):
    contacts = f"{KONTAKT}\n{ANNA}|k1|2019-12-01 08:00||ALCA00|ATA1|x\n{ANNA}|k2|2020-03-01 08:00||ALCA00|ATA1|x"
    diagnoses = "dw_ek_kontakt|diag_kode|diag_kode_type\nk1|DI509|A\nk2|DE112|A"
    store = landed(extract(delivery=None, lpr_a_kontakt=contacts, lpr_a_diagnose=diagnoses))
    delivered = _day("2019-12-31")  # the last snapshot
    assert store.rows("diagnosis", "code, known") == [(ANNA, "E112", _day("2020-03-01")), (ANNA, "I509", delivered)]
    assert store.rows("stay", "end_day, end_known, hours") == [(ANNA, None, None, None)] * 2


@pytest.mark.parametrize("kind, acute", [("2", "1"), ("3", ""), ("2", "2")])
def test_the_diagnoses_of_an_outpatient_contact_of_a_year_are_known_when_it_is_closed(extract, landed, kind, acute):
    titles = "pnr|recnum|d_inddto|d_uddto|c_pattype|c_indm"
    store = landed(
        extract(
            lpr_adm=f"{titles}\n{ANNA}|r1|2017-05-01|2018-05-04|{kind}|{acute}\n{ANNA}|r2|2018-06-01||{kind}|{acute}",
            lpr_diag="recnum|c_diag|c_diagtype\nr1|DE112|A\nr2|DJ449|A",
            lpr_a_kontakt=f"{KONTAKT}|lprindberetningssystem\n{ANNA}|k1|2019-03-01 08:00||ALCA00|ATA1|x|LPR3",
        )
    )
    assert store.rows("diagnosis", "code, day, known", "code <> 'I509'") == [
        (ANNA, "E112", _day("2017-05-01"), _day("2018-05-04") + DELAY["lpr_adm"]),
        (ANNA, "J449", _day("2018-06-01"), DELIVERED),
    ]
    ends = store.rows("contact", "end_day", f"day < {_day('2019-01-01')}")
    assert ends == [(ANNA, _day("2018-05-04")), (ANNA, None)]


def test_a_refuted_diagnosis_counts_until_the_refutation_was_known(extract, landed):
    diagnoses = "dw_ek_kontakt|diag_kode|diag_kode_type|senere_afkraeftet\nk1|DI509|A|Ja\nk1|DE112|B|Nej\nk1|DJ449|B|"
    store = landed(extract(lpr_a_diagnose=diagnoses))
    assert store.rows("diagnosis", "code, refuted") == [
        (ANNA, "E112", False),
        (ANNA, "I509", True),
        (ANNA, "J449", False),
    ]
    until = {code: end for _, code, end in store.rows("condition", "code, until")}
    assert until["hf"] == DELIVERED
    assert until["t2d"] is until["copd"] is None


def test_a_diagnosis_makes_a_condition_by_its_kind(extract, landed):
    kinds = {"A": "I509", "B": "E112", "G": "J449", "H": "I639", "C": "N189", "+": "G409"}
    rows = [f"k1|D{code}|{kind}" for kind, code in kinds.items()]
    store = landed(extract(lpr_a_diagnose="\n".join(["dw_ek_kontakt|diag_kode|diag_kode_type", *rows])))
    assert {kind for _, kind in store.rows("diagnosis", "kind")} == set(kinds)
    found = {code for _, code in store.rows("condition", "code")}
    assert {"hf", "t2d", "copd"} <= found  # action, secondary, underlying
    assert not {"stroke", "ckd", "epilepsy"} & found  # referral, complication, addition


def test_each_register_has_the_delay_it_declares(extract, landed):
    store = landed(
        extract(
            lmdb=f"pnr|eksd|atc\n{ANNA}|2018-01-01|C07AB02",
            laboratorieproevesvar_=f"pnr|npu|samplingdato|samplevalue\n{ANNA}|NPU27300|2018-01-01|48",
            udda=f"pnr|aar|hfaudd\n{ANNA}|2017|35",
            lpr_adm=f"pnr|recnum|d_inddto|d_uddto|c_pattype\n{ANNA}|r1|2018-05-01|2018-05-04|0",
            lpr_diag="recnum|c_diag|c_diagtype\nr1|DE112|A",
            lpr_a_kontakt=f"{KONTAKT}|lprindberetningssystem\n{ANNA}|k1|2019-03-01 08:00||ALCA00|ATA1|x|LPR3",
        )
    )
    day = _day("2018-01-01")
    assert store.rows("drug", "day, known") == [(ANNA, day, day + DELAY["lmdb"])]
    assert store.rows("lab", "day, known") == [(ANNA, day, day + DELAY["laboratorieproevesvar_"])]
    assert store.rows("education", "day, known") == [(ANNA, _day("2017-09-30"), _day("2017-09-30") + DELAY["udda"])]
    assert store.rows("household", "known - day") == [("000000000002", 0)] * 2 + [(ANNA, 0)] * 2
    assert store.rows("diagnosis", "day, known", "code = 'E112'") == [
        (ANNA, _day("2018-05-01"), _day("2018-05-04") + DELAY["lpr_adm"])
    ]


def test_days_and_numbers_are_each_others_inverse():
    for text in ("1850-01-01", "1970-01-01", "2019-02-03", "2199-12-31"):
        assert day_of(day_number(date.fromisoformat(text))).isoformat() == text
    assert first_of_january(date(2019, 12, 31)) == date(2020, 1, 1)
    assert first_of_january(date(2019, 12, 30)) == date(2019, 1, 1)
    with pytest.raises(DataError, match="covers_to: needs a date as YYYY-MM-DD, got 'soon'"):
        read_date("soon", "covers_to")


def test_a_term_nobody_declared_is_a_fault_of_ours():
    days = {"delivered": date(2020, 2, 1), "covers_to": date(2019, 12, 31)}
    assert spell_out("{delay:lmdb} {delivered} {covers_end}", tables("danish"), **days) == (
        f"{DELAY['lmdb']} {DELIVERED} TIMESTAMP '2020-01-01 00:00:00'"
    )
    for sql in ("{dayy:x}", "{delay:lpr_diag}"):
        with pytest.raises(AssertionError):
            spell_out(sql, tables("danish"), **days)
