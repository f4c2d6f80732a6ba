"""Single rows that cannot land: each is refused with its reason and kept as it was delivered."""

from __future__ import annotations

import json

import pytest

ANNA, BO = "000012345678", "000000000002"
KONTAKT = "pnr|dw_ek_kontakt|kont_starttidspunkt|kont_sluttidspunkt|kont_type|prioritet|kont_ans_hovedspec|adiag"
GOOD = 40  # good rows beside the bad ones, so that these stay below what is borne
OTHERS = [f"\n{i:012}|1|1960-01-01|2019-12-31|751" for i in range(100, 100 + GOOD)]


def _contacts(*rows: str, good: int = GOOD) -> str:
    fill = [f"{ANNA}|g{i}|2019-03-01 08:00|2019-03-01 09:00|ALCA00|ATA3|x|DI10" for i in range(good)]
    return "\n".join([KONTAKT, *fill, *rows])


def _diagnoses(*rows: str, good: int = GOOD) -> str:
    return "\n".join(
        [
            "dw_ek_kontakt|diag_kode|diag_kode_type|senere_afkraeftet",
            *(f"k1|DI{i:03}|B|" for i in range(good)),
            *rows,
        ]
    )


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_leading_zeros_are_kept_and_names_of_columns_may_have_any_case(extract, landed, form):
    upper = """
        PNR|Koen|FOED_DAG|ReferenceTid|KOM
        000012345678|2|1950-03-01|2018-12-31|0751
        """
    store = landed(extract(form, bef=upper, lpr_a_diagnose="DW_EK_KONTAKT|Diag_Kode|DIAG_KODE_TYPE\nk1|DE112|A"))
    assert store.rows("diagnosis", "code") == [("000012345678", "E112")]
    assert store.residence() == [("000012345678", "2018-12-31", None, "751")]


def test_the_danish_d_goes_and_the_letter_of_the_code_stays(extract, landed):
    codes = {"DI509": "I509", "DD500": "D500", "DE112": "E112", "DN162D": "N162D", "DF200": "F200"}
    rows = [f"k1|{code}|A" for code in codes]
    store = landed(extract(lpr_a_diagnose="\n".join(["dw_ek_kontakt|diag_kode|diag_kode_type", *rows])))
    assert store.rows("diagnosis", "code, kind") == [(ANNA, who, "A") for who in sorted(codes.values())]


def test_codes_of_another_system_are_refused_and_additions_may_be_any_sks_code(extract, landed):
    bad = ["k1|41099|A|", "k1|44054006|B|", "k1|ABC|A|", "k1|D50|A|", "k1|UXRC00|A|", "k1|DE112|Q|"]
    rows = _diagnoses(*bad, "k1|UXRC00|+|", "k1|DE11|A|", good=6 * GOOD)
    store = landed(extract(lpr_a_diagnose=rows))
    assert store.reasons("lpr_a_diagnose") == {
        "unknown code system in diag_kode": 5,
        "unknown kind of diagnosis in diag_kode_type": 1,
    }
    kept = [json.loads(delivered)["diag_kode"] for _, _, delivered in store.refused("lpr_a_diagnose")]
    assert sorted(kept) == ["41099", "44054006", "ABC", "D50", "DE112", "UXRC00"]
    assert (ANNA, "UXRC00") in store.rows("diagnosis", "code")


def test_rows_of_contacts_are_refused_each_for_its_reason(extract, landed):
    store = landed(
        extract(
            lpr_a_kontakt=_contacts(
                f"{ANNA}|k1|2019-03-01 08:00||ALCA00|ATA1|x|DI509",
                f"{ANNA}|k1|2019-04-01 08:00||ALCA00|ATA1|x|DI509",  # the same key again
                f"{ANNA}|k2|2019-02-30 08:00||ALCA00|ATA1|x|",  # no such day
                f"{ANNA}|k3|2019-03-02 08:00|2019-03-01 08:00|ALCA00|ATA1|x|",  # ends before it starts
                "999999999999|k4|2019-03-02 08:00||ALCA00|ATA1|x|",  # nobody
                "|k5|2019-03-02 08:00||ALCA00|ATA1|x|",
                f"{BO}|k6|||ALCA00|ATA1|x|",
                good=2 * GOOD,
            ),
            lpr_a_diagnose=_diagnoses("k2|DI509|A|", "k4|DI509|A|", "nowhere|DI509|A|"),
        )
    )
    assert store.reasons("lpr_a_kontakt") == {
        "duplicate key": 1,
        "ends before it starts": 1,
        "event of an unknown person": 1,
        "no person": 1,
        "no start": 1,
        "unreadable datetime in kont_starttidspunkt": 1,
    }
    assert store.reasons("lpr_a_diagnose") == {"the contact it belongs to did not land": 3}
    first = store.rows("contact", "day", "end_day IS NULL")
    assert first == [(ANNA, 17956)]  # the first of the two, 2019-03-01
    row, _, delivered = next(r for r in store.refused("lpr_a_kontakt") if r[1] == "duplicate key")
    assert row == 2 * GOOD + 2
    assert json.loads(delivered)["kont_starttidspunkt"] == "2019-04-01 08:00"


def test_a_person_without_birth_date_does_not_land_and_neither_do_their_events(extract, landed):
    bef = (
        f"""
        pnr|koen|foed_dag|referencetid|kom
        {ANNA}|2|1950-03-01|2018-12-31|751
        {BO}|1||2018-12-31|661
        {BO}|1||2019-12-31|661
        """.rstrip()
        + "".join(OTHERS)
    )
    store = landed(
        extract(
            bef=bef,
            lpr_a_kontakt=_contacts(
                f"{ANNA}|k1|2019-03-01 08:00||ALCA00|ATA1|x|", f"{BO}|k2|2019-03-01 08:00||ALCA00|ATA1|x|"
            ),
            lpr_a_diagnose=_diagnoses("k2|DI509|A|"),
            dod=f"pnr|doddato\n{BO}|2019-05-05",
        )
    )
    assert store.found.people == 1 + len(OTHERS)
    assert store.reasons("bef") == {"person without birth date": 2}
    assert store.reasons("lpr_a_kontakt") == {"event of an unknown person": 1}
    assert store.reasons("lpr_a_diagnose") == {"the contact it belongs to did not land": 1}
    assert store.reasons("dod") == {"event of an unknown person": 1}
    assert "dod: 1 of 1 rows did not land" in store.found.notes


def test_a_birth_date_missing_in_one_snapshot_costs_that_row_alone(extract, landed):
    bef = f"pnr|koen|foed_dag|referencetid|kom\n{ANNA}|2||2018-12-31|751\n{ANNA}|2|1950-03-01|2019-12-31|751"
    store = landed(extract(bef=bef + "".join(OTHERS)))
    assert store.found.people == 1 + len(OTHERS)
    assert store.reasons("bef") == {"person without birth date": 1}


LPR2 = {
    "lpr_adm": f"pnr|recnum|d_inddto|d_uddto|c_pattype|c_adiag\n{ANNA}|r1|2018-05-01|2018-05-04|0|DI509\n"
    f"{ANNA}|r2|2018-07-01|2018-07-04|0|DI509",
    "lpr_diag": "recnum|c_diag|c_diagtype\nr1|DI509|A",
}
ONE_DAY = {**LPR2, "lpr_adm": LPR2["lpr_adm"].rpartition("\n")[0]}
ERA = f"""
    {KONTAKT}|lprindberetningssystem
    {ANNA}|k1|2019-03-01 08:00|2019-03-03 10:00|ALCA00|ATA1|intern medicin||LPR3
    {ANNA}|k2|2018-05-01 08:00|2018-05-04 10:00|ALCA00|ATA1|intern medicin||LPR2
    {ANNA}|k3|2018-06-01 08:00|2018-06-04 10:00|ALCA00|ATA1|Voksenpsykiatri||LPR2
    {ANNA}|k4|2018-07-01 08:00|2018-07-04 10:00|ALCA00|ATA1|||LPR2
    """
PSYK = {
    "t_psyk_adm": f"v_cpr|k_recnum|d_inddto|d_uddto|c_pattype\n{ANNA}|p1|2018-06-01|2018-06-04|0",
    "t_psyk_diag": "v_recnum|c_diag|c_diagtype\np1|DF200|A",
}


@pytest.mark.parametrize(
    "beside, refused",
    [
        ({}, {}),
        ({"lpr_adm": "pnr|recnum|d_inddto|d_uddto|c_pattype", "lpr_diag": "recnum|c_diag|c_diagtype"}, {}),  # no rows
        (LPR2, {"row of the LPR2 era, landed from lpr_adm": 2}),
        (ONE_DAY, {"row of the LPR2 era, landed from lpr_adm": 1}),  # and not what happened after its last day
        (PSYK, {"row of the LPR2 era, landed from t_psyk_adm": 1}),
        (
            {**LPR2, **PSYK},
            {"row of the LPR2 era, landed from lpr_adm": 2, "row of the LPR2 era, landed from t_psyk_adm": 1},
        ),
    ],
)
def test_rows_of_the_lpr2_era_give_way_only_to_the_table_that_holds_them(extract, landed, beside, refused):
    store = landed(extract(lpr_a_kontakt=ERA, **beside))
    assert store.reasons("lpr_a_kontakt") == refused


def test_numbers_and_days_no_register_has_are_unreadable(extract, landed):
    adm = ["pnr|recnum|d_inddto|d_uddto|c_pattype|v_indtime"]
    adm += [f"{ANNA}|g{i}|20180501|2018-05-04|0|8" for i in range(100)]
    adm += [
        f"{ANNA}|r1|0001-01-01|2018-05-04|0|8",
        f"{ANNA}|r2|2018-05-01|9999-12-31|0|8",
        f"{ANNA}|r3|01-05-2018|2018-05-04|0|8",
        f"{ANNA}|r4|2018-05-01|2018-05-04|0|8.5",
        f"{ANNA}|r5|2018-05-01|2018-05-04|0|99",  # an hour no day has: the day stands, the hour is unknown
    ]
    store = landed(
        extract(
            lpr_adm="\n".join(adm),
            lpr_diag="recnum|c_diag|c_diagtype",
            lpr_a_kontakt=ERA,
            udda=f"pnr|aar|hfaudd\n{ANNA}|2018|35\n"
            + "\n".join(f"{ANNA}|{1900 + i}|35" for i in range(60))
            + f"\n{ANNA}|20190|35",
        )
    )
    assert store.reasons("lpr_adm") == {
        "unreadable date in d_inddto": 2,
        "unreadable date in d_uddto": 1,
        "unreadable int in v_indtime": 1,
    }
    assert store.reasons("udda") == {"unreadable int in aar": 1}
    assert len(store.rows("contact", "day", "day = 17652")) == 101


def test_a_result_that_is_no_number_lands_without_a_value(extract, landed):
    table = "pnr|npu|samplingdato|samplevalue"
    for number, text in enumerate(["5,4", "<4", ">=90.5", "ikke påvist", "nan", "inf", "< 3"], start=10):
        table += f"\n{ANNA}|NPU273{number}|2019-05-01|{text}"
    store = landed(extract("parquet", laboratorieproevesvar_=table))
    assert [(value, sign) for _, _, value, sign in store.rows("lab", "code, value, comparator")] == [
        (5.4, None), (4.0, "<"), (90.5, ">"), (None, None), (None, None), (None, None), (3.0, "<")
    ]  # fmt: skip


def test_a_sample_that_was_cancelled_is_no_measurement(extract, landed):
    """Else somebody never measured would have days since a measurement; a result in words is one."""
    table = (
        f"pnr|npu|samplingdato|samplevalue\n{ANNA}|NPU27300|2019-05-01|Aflyst\n{ANNA}|NPU27300|2019-05-02|ikke påvist"
    )
    store = landed(extract("parquet", laboratorieproevesvar_=table))
    assert store.reasons("laboratorieproevesvar_") == {"a sample that was cancelled": 1}
    assert len(store.rows("lab", "day")) == 1


def test_nothing_a_refusal_says_holds_a_value_of_a_person(extract, landed):
    store = landed(
        extract(
            lpr_a_kontakt=_contacts("777777777777|SECRETKEY|2019-03-02 08:00||ALCA00|ATA1|x|DF200"),
            lpr_a_diagnose=_diagnoses("k1|SECRETCODE|A|"),
        )
    )
    told = json.dumps([store.found.tables, store.found.notes, store.found.delivery.as_dict()])
    for value in ("777777777777", "SECRETKEY", "SECRETCODE", ANNA, "DF200"):
        assert value not in told
        assert all(value not in reason for table in store.found.tables for _, reason, _ in store.refused(table))


def test_the_same_diagnosis_row_twice_is_a_copy_and_two_equal_purchases_are_two(extract, landed):
    store = landed(
        extract(
            lpr_a_diagnose=_diagnoses("k1|DE112|A|Nej", "k1|DE112|A|Nej", "k1|DE112|B|Nej"),
            lmdb=f"pnr|eksd|atc\n{ANNA}|2018-01-01|C07AB02\n{ANNA}|2018-01-01|C07AB02",
        )
    )
    assert store.reasons("lpr_a_diagnose") == {"the same row again": 1}
    assert store.rows("diagnosis", "kind", "code = 'E112'") == [(ANNA, "A"), (ANNA, "B")]
    assert store.found.events["drug"] == 2


def test_nothing_can_have_happened_after_the_day_of_delivery(extract, landed):
    drugs = "\n".join(f"{ANNA}|2018-01-01|C07AB02" for _ in range(GOOD))
    years = "\n".join(f"{ANNA}|{1900 + i}|35" for i in range(GOOD))
    store = landed(
        extract(
            lpr_a_kontakt=_contacts(
                f"{ANNA}|k1|2020-02-01 23:00||ALCA00|ATA1|x|",  # on that day it can
                f"{ANNA}|k2|2020-02-02 00:00||ALCA00|ATA1|x|",
                f"{ANNA}|k3|2019-03-01 08:00|2124-03-01 08:00|ALCA00|ATA1|x|",
            ),
            lmdb=f"pnr|eksd|atc\n{drugs}\n{ANNA}|2124-01-01|C07AB02",
            udda=f"pnr|aar|hfaudd\n{years}\n{ANNA}|2020|35\n{ANNA}|2021|35",
        )
    )
    for table, rows in {"lpr_a_kontakt": 2, "lmdb": 1, "udda": 1}.items():
        assert store.reasons(table) == {"after the day of delivery": rows}
