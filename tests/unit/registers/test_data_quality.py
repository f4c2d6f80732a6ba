"""Each check of data quality on a hand-made extract that holds rows that fail it and rows that do not."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import pytest

from stratify.errors import CatalogueError
from stratify.registers.data_quality.assess import Finding, assess
from stratify.registers.data_quality.declare import CATEGORIES, Threshold, checks, read_thresholds

ANNA, BO, EVE = (
    "000012345678",
    "000000000002",
    "000000000009",
)  # a woman and a man of BEF, and somebody it does not know
BEF = f"""
    pnr|koen|foed_dag|referencetid|kom|antpersh
    {ANNA}|2|1950-03-01|2018-12-31|751|2
    {BO}|1|1960-07-15|2018-12-31||1
    """
DEAD = f"pnr|doddato\n{BO}|2019-06-01"
CONTACT_TITLES = "pnr|dw_ek_kontakt|kont_starttidspunkt|kont_sluttidspunkt|kont_type|prioritet|kont_ans_hovedspec|adiag"
LPR2_TITLES = "pnr|recnum|d_inddto|d_uddto|c_pattype|c_indm|c_sgh|c_adiag"
LMDB_TITLES = "pnr|eksd|atc|vnr|apk"
LAB_TITLES = "pnr|npu|samplingdato|samplevalue|unit"
ONE_LPR2 = f"{LPR2_TITLES}\n{ANNA}|r1|2010-03-01|2010-03-05|0|1|6620|DI509"


def contacts(*rows: str) -> str:
    """Contacts as `who|key|start|end|adiag`, physical and acute."""
    cells = (row.split("|") for row in rows)
    return "\n".join([CONTACT_TITLES, *(f"{w}|{k}|{s}|{e}|ALCA00|ATA1|intern medicin|{a}" for w, k, s, e, a in cells)])


def table(titles: str, *rows: str) -> str:
    return "\n".join([titles, *rows])


def monthly(row: str, months: int, without: int) -> list[str]:
    """Sixty rows in every month from January 2010 on, but two in one of them."""
    return [
        row.format(day=f"{2010 + month // 12}-{month % 12 + 1:02d}-{nth % 28 + 1:02d}", nth=nth)
        for month in range(months)
        for nth in range(2 if month == without else 60)
    ]


def lab(npu: str, year: int, value: float, unit: str, rows: int = 50) -> list[str]:
    return [f"{ANNA}|{npu}|{year}-{n % 12 + 1:02d}-{n % 28 + 1:02d}|{value + n / 1000:.3f}|{unit}" for n in range(rows)]


TWO = contacts(f"{ANNA}|k1|2019-03-01|2019-03-03|DI509", f"{BO}|k2|2019-04-01|2019-04-02|DI509")
DIAGNOSES = "dw_ek_kontakt|diag_kode|diag_kode_type"
LAB_OF_YEARS = table(
    LAB_TITLES,
    *lab("NPU27300", 2017, 50, "mmol/mol"),
    *lab("NPU27300", 2018, 51, "mmol/mol"),
    *lab("NPU02319", 2017, 8.5, "mmol/L"),
    *lab("NPU02319", 2018, 13.7, "g/dL"),
)
HOLE = table(LMDB_TITLES, *monthly(f"{ANNA}|{{day}}|A10BA02|{{nth}}|1", 30, without=17))

# check, table it is told of, failing, checked, the tables
DANISH = [
    (
        "unreadable_value",
        "lmdb",
        1,
        2,
        {"lmdb": table(LMDB_TITLES, f"{ANNA}|2019-01-01|A10BA02|1|1", f"{ANNA}|soon|A10BA02|1|1")},
    ),
    (
        "unknown_code",
        "lmdb.atc",
        1,
        2,
        {"lmdb": table(LMDB_TITLES, f"{ANNA}|2019-01-01|A10BA02|1|1", f"{ANNA}|2019-01-02|DA10|1|1")},
    ),
    ("units_of_a_code", "laboratorieproevesvar_", 1, 2, {"laboratorieproevesvar_": LAB_OF_YEARS}),
    ("sex_is_told", "bef", 1, 3, {"bef": BEF + f"{EVE}|K|1960-01-01|2018-12-31|751|1"}),
    ("without_contact", "lpr_a_diagnose", 1, 2, {"lpr_a_diagnose": table(DIAGNOSES, "k1|DI509|A", "k9|DI509|A")}),
    (
        "person_not_in_bef",
        "lmdb",
        1,
        2,
        {"lmdb": table(LMDB_TITLES, f"{ANNA}|2019-01-01|A10BA02|1|1", f"{EVE}|2019-01-02|A10BA02|1|1")},
    ),
    (
        "more_than_one_action_diagnosis",
        "lpr_a_diagnose",
        1,
        2,
        {
            "lpr_a_kontakt": TWO,
            "lpr_a_diagnose": table(DIAGNOSES, "k1|DI509|A", "k1|DE119|A", "k2|DI509|A", "k2|DE119|B"),
        },
    ),
    (
        "action_diagnosis_differs",
        "lpr_a_kontakt",
        1,
        2,
        {"lpr_a_kontakt": TWO, "lpr_a_diagnose": table(DIAGNOSES, "k1|DI509|A", "k2|DE119|A")},
    ),
    (
        "no_action_diagnosis",
        "lpr_a_diagnose",
        1,
        2,
        {"lpr_a_kontakt": TWO, "lpr_a_diagnose": table(DIAGNOSES, "k1|DI509|A", "k2|DE119|B")},
    ),
    ("missing_value", "bef.kom", 1, 2, {"bef": BEF}),
    ("hole_in_months", "lmdb", 1, 28, {"lmdb": HOLE}),
    (
        "same_row_again",
        "lmdb",
        1,
        3,
        {
            "lmdb": table(
                LMDB_TITLES,
                f"{ANNA}|2019-01-01|A10BA02|1|1",
                f"{ANNA}|2019-01-01|A10BA02|1|1",
                f"{ANNA}|2019-01-01|A10BA02|2|1",
            )
        },
    ),
    ("same_key_again", "dod", 1, 2, {"dod": table("pnr|doddato", f"{BO}|2019-06-01", f"{BO}|2019-06-02")}),
    (
        "stays_at_two_hospitals",
        "lpr_adm",
        2,
        4,
        {
            "lpr_adm": table(
                LPR2_TITLES,
                f"{ANNA}|r1|2010-03-01|2010-03-09|0|1|6620|",
                f"{ANNA}|r2|2010-03-04|2010-03-08|0|1|6630|",
                f"{BO}|r3|2010-03-01|2010-03-09|0|1|6620|",
                f"{BO}|r4|2010-03-09|2010-03-12|0|1|6630|",
            ),
            "lpr_diag": "recnum|c_diag|c_diagtype\nr1|DI509|A",
        },
    ),
    (
        "age_impossible",
        "bef",
        2,
        4,
        {"bef": BEF + f"{EVE}|2|1850-01-01|2018-12-31|751|1\n    {EVE}7|2|2019-06-01|2018-12-31|751|1"},
    ),
    (
        "sex_against_diagnosis",
        "lpr_a_diagnose",
        1,
        2,
        {"lpr_a_kontakt": TWO, "lpr_a_diagnose": table(DIAGNOSES, "k1|DC619|A", "k2|DC619|A", "k2|DE119|B")},
    ),
    ("unit_switch", "laboratorieproevesvar_", 1, 2, {"laboratorieproevesvar_": LAB_OF_YEARS}),
    (
        "end_before_start",
        "lpr_a_kontakt",
        1,
        2,
        {"lpr_a_kontakt": contacts(f"{ANNA}|k1|2019-03-01|2019-03-03|DI509", f"{BO}|k2|2019-04-01|2019-03-02|DI509")},
    ),
    (
        "contact_after_death",
        "lpr_a_kontakt",
        1,
        3,
        {
            "dod": DEAD,
            "lpr_a_kontakt": contacts(
                f"{ANNA}|k1|2019-07-01|2019-07-03|DI509",
                f"{BO}|k2|2019-06-01|2019-06-01|DI509",
                f"{BO}|k3|2019-06-02|2019-06-03|DI509",
            ),
        },
    ),
    (
        "contact_before_birth",
        "lpr_a_kontakt",
        1,
        2,
        {"lpr_a_kontakt": contacts(f"{ANNA}|k1|1950-03-01|1950-03-03|DI509", f"{BO}|k2|1960-07-14|1960-07-16|DI509")},
    ),
    (
        "diagnosis_outside_contact",
        "lpr_a_diagnose",
        1,
        2,
        {
            "lpr_a_kontakt": TWO,
            "lpr_a_diagnose": table(f"{DIAGNOSES}|diag_dato", "k1|DI509|A|2019-03-03", "k2|DI509|A|2019-03-31"),
        },
    ),
    (
        "procedure_outside_stay",
        "lpr_sksopr",
        1,
        2,
        {
            "lpr_adm": ONE_LPR2,
            "lpr_diag": "recnum|c_diag|c_diagtype\nr1|DI509|A",
            "lpr_sksopr": "recnum|c_opr|d_odto\nr1|KFNG05|2010-03-05\nr1|KFNG05|2010-03-06",
        },
    ),
    (
        "medicine_after_death",
        "lmdb",
        1,
        3,
        {
            "dod": DEAD,
            "lmdb": table(
                LMDB_TITLES,
                f"{BO}|2019-06-08|A10BA02|1|1",
                f"{BO}|2019-06-09|A10BA02|1|1",
                f"{ANNA}|2019-06-09|A10BA02|1|1",
            ),
        },
    ),
    (
        "medicine_before_birth",
        "lmdb",
        1,
        2,
        {"lmdb": table(LMDB_TITLES, f"{BO}|1960-07-15|A10BA02|1|1", f"{BO}|1960-07-14|A10BA02|1|1")},
    ),
    (
        "lab_after_death",
        "laboratorieproevesvar_",
        1,
        2,
        {
            "dod": DEAD,
            "laboratorieproevesvar_": table(
                LAB_TITLES, f"{BO}|NPU27300|2019-06-01|50|", f"{BO}|NPU27300|2019-06-02|50|"
            ),
        },
    ),
    ("snapshot_after_death", "bef", 1, 3, {"bef": BEF + f"{BO}|1|1960-07-15|2020-12-31|751|1", "dod": DEAD}),
    (
        "day_in_the_future",
        "lmdb",
        1,
        2,
        {"lmdb": table(LMDB_TITLES, f"{ANNA}|2020-02-01|A10BA02|1|1", f"{ANNA}|2020-02-02|A10BA02|1|1")},
    ),
]

PERSON = "person_id|gender_concept_id|year_of_birth|month_of_birth|day_of_birth\n1|8507|1950|3|1\n2|8532|1960||"
PERIOD_TITLES = "observation_period_id|person_id|observation_period_start_date|observation_period_end_date"
VISIT_TITLES = "visit_occurrence_id|person_id|visit_concept_id|visit_start_date|visit_start_datetime|visit_end_date"
CONDITION_TITLES = (
    "condition_occurrence_id|person_id|condition_concept_id|condition_start_date|condition_source_value|"
    "condition_source_concept_id|visit_occurrence_id"
)
MEASUREMENT_TITLES = (
    "person_id|measurement_concept_id|measurement_date|value_as_number|unit_concept_id|unit_source_value"
)
DRUG_TITLES = "person_id|drug_concept_id|drug_exposure_start_date"
CONCEPTS = (
    "concept_id|concept_name|vocabulary_id|concept_code|standard_concept\n"
    "11|Type 2 diabetes mellitus|SNOMED|44054006|S\n12|Malignant tumor of prostate|SNOMED|399068003|S\n13|Old|SNOMED|1|"
)
CDM = {
    "person": PERSON,
    "observation_period": table(PERIOD_TITLES, "1|1|2010-01-01|2019-12-31", "2|2|2010-01-01|2018-06-30"),
    "visit_occurrence": table(VISIT_TITLES, "1|1|9201|2015-03-01||2015-03-04"),
    "condition_occurrence": table(CONDITION_TITLES, "1|1|11|2015-03-01|E11|15|1"),
    "death": "person_id|death_date\n2|2018-03-01",
}


def results(concept: int, year: int, value: float, unit: int) -> list[str]:
    return [f"1|{concept}|{year}-{n % 12 + 1:02d}-{n % 28 + 1:02d}|{value}|{unit}|" for n in range(50)]


OMOP = [
    ("unreadable_value", "death", 1, 2, {"death": "person_id|death_date\n1|2018-03-01\n2|soon"}),
    (
        "not_a_standard_concept",
        "condition_occurrence",
        2,
        3,
        {
            "concept": CONCEPTS,
            "condition_occurrence": table(
                CONDITION_TITLES,
                "1|1|11|2015-03-01|||",
                "2|1|13|2015-03-01|||",
                "3|1|99|2015-03-01|||",
                "4|1|0|2015-03-01|||",
            ),
        },
    ),
    (
        "units_of_a_concept",
        "measurement",
        1,
        2,
        {
            "measurement": table(
                MEASUREMENT_TITLES, *results(1, 2015, 7, 10), *results(1, 2016, 53, 11), *results(2, 2015, 7, 10)
            )
        },
    ),
    (
        "person_unknown",
        "drug_exposure",
        1,
        2,
        {"drug_exposure": table(DRUG_TITLES, "1|5|2015-01-01", "9|5|2015-01-01")},
    ),
    (
        "visit_unknown",
        "condition_occurrence",
        1,
        2,
        {
            "condition_occurrence": table(
                CONDITION_TITLES, "1|1|11|2015-03-01|||1", "2|1|11|2015-03-01|||9", "3|1|11|2015-03-01|||"
            )
        },
    ),
    (
        "day_differs_from_time",
        "visit_occurrence",
        1,
        2,
        {
            "visit_occurrence": table(
                VISIT_TITLES, "1|1|9201|2015-03-01|2015-03-01 10:00:00|", "2|1|9201|2015-03-01|2015-03-02 01:00:00|"
            )
        },
    ),
    ("concept_0", "drug_exposure", 1, 2, {"drug_exposure": table(DRUG_TITLES, "1|5|2015-01-01", "1|0|2015-01-01")}),
    (
        "source_code_unmapped",
        "condition_occurrence",
        1,
        2,
        {"condition_occurrence": table(CONDITION_TITLES, "1|1|11|2015-03-01|E11|15|", "2|1|11|2015-03-01|XX|0|")},
    ),
    (
        "result_without_unit",
        "measurement",
        1,
        3,
        {
            "measurement": table(
                MEASUREMENT_TITLES,
                "1|1|2015-01-01|5|10|",
                "1|1|2015-01-01|5|0|",
                "1|1|2015-01-01|5|0|kg",
                "1|1|2015-01-01||0|",
            )
        },
    ),
    ("missing_value", "person.month_of_birth", 1, 2, {}),
    (
        "hole_in_months",
        "drug_exposure",
        1,
        28,
        {"drug_exposure": table(DRUG_TITLES, *monthly("1|5|{day}", 30, without=17))},
    ),
    ("same_key_again", "death", 1, 2, {"death": "person_id|death_date\n2|2018-03-01\n2|2018-03-02"}),
    (
        "same_event_again",
        "condition_occurrence",
        1,
        3,
        {
            "condition_occurrence": table(
                CONDITION_TITLES, "1|1|11|2015-03-01|E11||1", "2|1|11|2015-03-01|E11||1", "3|1|11|2015-03-01|E10||1"
            )
        },
    ),
    ("age_impossible", "observation_period", 1, 2, {"person": PERSON.replace("1960", "1860")}),
    (
        "sex_against_diagnosis",
        "condition_occurrence",
        1,
        2,
        {
            "concept": CONCEPTS,
            "condition_occurrence": table(
                CONDITION_TITLES, "1|1|12|2015-03-01|||", "2|2|12|2015-03-01|||", "3|2|11|2015-03-01|||"
            ),
        },
    ),
    (
        "unit_switch",
        "measurement",
        1,
        2,
        {
            "measurement": table(
                MEASUREMENT_TITLES,
                *chain(
                    results(1, 2015, 7, 10), results(1, 2016, 53, 10), results(2, 2015, 7, 10), results(2, 2016, 8, 10)
                ),
            )
        },
    ),
    (
        "end_before_start",
        "visit_occurrence",
        1,
        2,
        {"visit_occurrence": table(VISIT_TITLES, "1|1|9201|2015-03-01||2015-03-01", "2|1|9201|2015-03-02||2015-03-01")},
    ),
    (
        "outside_observation",
        "drug_exposure",
        2,
        3,
        {"drug_exposure": table(DRUG_TITLES, "2|5|2018-06-30", "2|5|2018-07-01", "2|5|2009-12-31")},
    ),
    (
        "event_after_death",
        "visit_occurrence",
        1,
        3,
        {
            "visit_occurrence": table(
                VISIT_TITLES, "1|2|9201|2018-03-02||", "2|2|9201|2018-03-03||", "3|1|9201|2018-03-03||"
            )
        },
    ),
    (
        "drug_after_death",
        "drug_exposure",
        1,
        2,
        {"drug_exposure": table(DRUG_TITLES, "2|5|2018-03-08", "2|5|2018-03-09")},
    ),
    (
        "before_birth",
        "drug_exposure",
        2,
        4,
        {"drug_exposure": table(DRUG_TITLES, "1|5|1950-03-01", "1|5|1950-02-28", "2|5|1960-01-01", "2|5|1959-12-31")},
    ),
    (
        "event_outside_visit",
        "condition_occurrence",
        1,
        2,
        {
            "condition_occurrence": table(
                CONDITION_TITLES, "1|1|11|2015-03-04|||1", "2|1|11|2015-03-05|||1", "3|1|11|2015-03-05|||"
            )
        },
    ),
    (
        "day_in_the_future",
        "drug_exposure",
        1,
        2,
        {"drug_exposure": table(DRUG_TITLES, "1|5|2020-02-01", "1|5|2020-02-02")},
    ),
]


def look(data: Path, source: str = "danish", **own: Threshold) -> dict[tuple[str, str], Finding]:
    found = assess(source, data, data.parent / "scratch", own, "1GB", lambda told: None)
    return {(finding.check.id, finding.table): finding for finding in found}


@pytest.fixture
def cdm(tmp_path):
    """Write an OMOP CDM: the default one, with tables replaced or added."""

    def write(**tables: str) -> Path:
        folder = tmp_path / "cdm"
        folder.mkdir()
        for name, text in {**CDM, **tables}.items():
            (folder / f"{name}.csv").write_text(text.replace("|", ",") + "\n", encoding="utf-8")
        (folder / "delivery.json").write_text(
            '{"system": "urn:test", "covers_to": "2019-12-31", "delivered": "2020-02-01"}', encoding="utf-8"
        )
        return folder

    return write


@pytest.mark.parametrize("check, where, failing, checked, tables", DANISH, ids=[case[0] for case in DANISH])
def test_danish(extract, check, where, failing, checked, tables):
    found = look(extract(**tables))[check, where]
    assert (found.failing, found.checked) == (failing, checked)
    assert 0 < found.failing < found.checked
    assert found.verdict in ("warn", "fail")


@pytest.mark.parametrize("check, where, failing, checked, tables", OMOP, ids=[case[0] for case in OMOP])
def test_omop(cdm, check, where, failing, checked, tables):
    found = look(cdm(**tables), "omop")[check, where]
    assert (found.failing, found.checked) == (failing, checked)
    assert 0 < found.failing < found.checked
    assert found.verdict in ("warn", "fail")


@pytest.mark.parametrize("source, cases", [("danish", DANISH), ("omop", OMOP)])
def test_every_declared_check_has_a_case_and_every_category_a_check(source, cases):
    declared = checks(source).check
    assert {check.id for check in declared} == {case[0] for case in cases}
    assert {check.category for check in declared} == set(CATEGORIES)


def test_nothing_asks_whether_a_cpr_number_fits_its_modulus():
    text = " ".join(f"{c.id} {c.rows} {c.among} {c.fails}".lower() for s in ("danish", "omop") for c in checks(s).check)
    assert not [word for word in ("cpr_mod", "modul", "mod(", "% 11", "%11") if word in text]


def test_what_was_not_delivered_is_never_ok(extract):
    found = look(extract(dod=None, bef=BEF.replace("|antpersh", "|other")))
    lacking = {
        ("contact_after_death", "lpr_a_kontakt"): ("dod not delivered",),
        ("medicine_before_birth", "lmdb"): ("lmdb not delivered",),
        ("missing_value", "bef.antpersh"): ("bef.antpersh not delivered",),
        ("diagnosis_outside_contact", "lpr_a_diagnose"): ("lpr_a_diagnose.diag_dato not delivered",),
    }
    assert {key: found[key].lacking for key in lacking} == lacking
    assert {found[key].verdict for key in lacking} == {"not applicable"}


def test_a_table_without_a_row_tells_nothing(extract):
    found = look(extract())["contact_after_death", "lpr_a_kontakt"]
    assert (found.verdict, found.lacking) == ("not applicable", ("dod empty",))


def test_an_extract_that_landing_refuses_is_looked_at_all_the_same(extract):
    without_start = contacts(f"{ANNA}|k1|2019-03-01|2019-03-03|DI509").replace("kont_starttidspunkt", "start")
    found = look(extract(lpr_a_kontakt=without_start))
    assert found["end_before_start", "lpr_a_kontakt"].verdict == "not applicable"
    assert found["without_contact", "lpr_a_diagnose"].verdict == "ok"


def test_a_row_of_the_lpr2_era_is_looked_at_where_it_lands_from(extract):
    twice = contacts(f"{ANNA}|k1|2019-03-01|2019-03-03|DI509", f"{ANNA}|k0|2010-03-01|2010-03-02|DI509").splitlines()
    twice = [twice[0] + "|lprindberetningssystem", twice[1] + "|LPR3", twice[2] + "|LPR2"]
    found = look(
        extract(lpr_a_kontakt="\n".join(twice), lpr_adm=ONE_LPR2, lpr_diag="recnum|c_diag|c_diagtype\nr1|DI509|A")
    )
    assert (found["end_before_start", "lpr_a_kontakt"].checked, found["end_before_start", "lpr_adm"].checked) == (1, 1)


def test_contacts_of_death_and_reports_may_come_after_it(extract):
    after = contacts(f"{BO}|k1|2019-06-02|2019-06-03|DI509", f"{ANNA}|k2|2019-06-02|2019-06-03|DI509")
    found = look(extract(dod=DEAD, lpr_a_kontakt=after.replace("ALCA00", "ALCA20", 1)))
    assert found["contact_after_death", "lpr_a_kontakt"].failing == 0


def test_months_and_codes_are_told_by_name_and_people_never(extract):
    found = look(extract(laboratorieproevesvar_=LAB_OF_YEARS, dod=DEAD, lmdb=HOLE))
    assert found["hole_in_months", "lmdb"].named == ("2011-06",)
    assert found["unit_switch", "laboratorieproevesvar_"].named == ("NPU02319",)
    told = str([finding.as_dict() for finding in found.values()])
    assert ANNA not in told
    assert BO not in told


@pytest.mark.parametrize(
    "bad, good, words, share",
    [(0, 40, "0", 0.0), (4, 40, "<5", None), (6, 40, "6", 6 / 46), (40, 3, "hidden", None)],
)
def test_counts_of_one_to_four_are_not_shown(extract, bad, good, words, share):
    rows = [f"{ANNA}|2019-01-01|{'A10BA02' if n < good else 'none'}|{n}|1" for n in range(bad + good)]
    found = look(extract(lmdb=table(LMDB_TITLES, *rows)))["unknown_code", "lmdb.atc"]
    assert (found.failing_words, found.share, found.as_dict()["share"]) == (words, share, share)
    assert found.as_dict()["failing"] == (bad if words.isdecimal() else None)


def test_many_rows_of_few_people_are_not_shown(extract):
    rows = [f"{who}|2019-01-{n + 1:02d}|A10BA02|{n}|1" for who in (ANNA, EVE) for n in range(20)]
    found = look(extract(lmdb=table(LMDB_TITLES, *rows)))["person_not_in_bef", "lmdb"]
    assert (found.failing, found.people) == (20, 1)
    assert (found.failing_words, found.people_words, found.share) == ("hidden", "<5", None)


def test_own_thresholds_replace_the_declared(extract, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text("[missing_value]\nwarn = 0.6\nfail = 0.7\n", encoding="utf-8")
    data = extract(bef=BEF)
    assert look(data)["missing_value", "bef.kom"].verdict == "warn"
    assert look(data, **read_thresholds(own, checks("danish")))["missing_value", "bef.kom"].verdict == "ok"


def test_every_problem_of_own_thresholds_is_told(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text("[mising_value]\nwarn = 0.6\n[lab_after_death]\nwarn = 2\n[sex_is_told]\nwarn = 0.2\nfail = 0.1\n")
    with pytest.raises(CatalogueError) as refused:
        read_thresholds(own, checks("danish"))
    assert [problem.split(":")[0] for problem in refused.value.problems] == [
        "mising_value",
        "lab_after_death",
        "sex_is_told",
    ]
