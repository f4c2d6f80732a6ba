"""Each kind of measure on a few people written by hand, counted by hand; the arithmetic against other people's."""

from datetime import date, datetime

import duckdb
import numpy as np
import pytest
from statsmodels.stats.contingency_tables import StratifiedTable

from pipelines.synthesis.measures import MEASURES, Region, attach, measure, prepare
from pipelines.synthesis.measures.estimates import adjusted_ratio, jackknife, odds_ratio, over, ratio, share
from pipelines.synthesis.measures.lifetable import expectancies, remaining
from pipelines.synthesis.targets import load
from stratify.catalogue import load as load_catalogue
from stratify.errors import DataError

LPR2 = "d_inddto DATE, d_uddto DATE, v_indtime SMALLINT, v_indminut SMALLINT, c_adiag TEXT, c_pattype TEXT, c_indm TEXT"
SHAPES = {
    "bef": "pnr TEXT, koen TINYINT, foed_dag DATE, referencetid DATE, kom SMALLINT",
    "dod": "pnr TEXT, doddato DATE",
    "udda": "pnr TEXT, aar SMALLINT, hfaudd TEXT",
    "lmdb": "pnr TEXT, eksd DATE, atc TEXT",
    "lpr_adm": f"pnr TEXT, recnum TEXT, {LPR2}",
    "lpr_diag": "recnum TEXT, c_diag TEXT, c_diagtype TEXT",
    "t_psyk_adm": f"v_cpr TEXT, k_recnum TEXT, {LPR2}",
    "t_psyk_diag": "v_recnum TEXT, c_diag TEXT, c_diagtype TEXT",
    "lpr_a_kontakt": "pnr TEXT, dw_ek_kontakt TEXT, kont_starttidspunkt TIMESTAMP, kont_sluttidspunkt TIMESTAMP, "
    "kont_type TEXT, prioritet TEXT, kont_ans_hovedspec TEXT, adiag TEXT, lprindberetningssystem TEXT",
    "lpr_a_diagnose": "dw_ek_kontakt TEXT, diag_kode TEXT, diag_kode_type TEXT, senere_afkraeftet TEXT",
    "truth_year": "pnr TEXT, year SMALLINT, acute_admission BOOLEAN, acsc_admission BOOLEAN, death BOOLEAN, "
    "at_risk_whole_year BOOLEAN",
    "truth_state": "pnr TEXT, condition TEXT, onset DATE, recognised DATE",
    "truth_person": "pnr TEXT, resources DOUBLE",
    "truth_family": "familie_id TEXT, year SMALLINT, kom TEXT, children SMALLINT, marked BOOLEAN",
}
USUAL = {
    "lpr_adm": {"v_indtime": 8, "v_indminut": 0, "c_pattype": "0", "c_indm": "1", "c_adiag": "DJ189"},
    "t_psyk_adm": {"v_indtime": 8, "v_indminut": 0, "c_pattype": "0", "c_indm": "1", "c_adiag": "DF322"},
    "lpr_diag": {"c_diagtype": "A"},
    "t_psyk_diag": {"c_diagtype": "A"},
    "lpr_a_kontakt": {
        "kont_type": "ALCA00",
        "prioritet": "ATA1",
        "kont_ans_hovedspec": "Intern medicin",
        "adiag": "DJ189",
        "lprindberetningssystem": "LPR3",
    },
    "lpr_a_diagnose": {"diag_kode_type": "A"},
    "truth_year": {"acute_admission": False, "acsc_admission": False, "death": False, "at_risk_whole_year": True},
}
YEARS = (2023, 2024)
CATALOGUE = load_catalogue()


class Hand:
    """A region of rows written by hand."""

    def __init__(self):
        self.con = duckdb.connect()
        self.contacts = 0
        for table, columns in SHAPES.items():
            self.con.execute(f"CREATE TABLE {table} ({columns})")

    def add(self, table, **row):
        row = {**USUAL.get(table, {}), **row}
        marks = ", ".join("?" * len(row))
        self.con.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))

    def person(self, pnr, age=50, *, woman=False, years=YEARS, died=None, school=None, resources=0.0, sick=(), **year):
        """Someone of this age on the last 1 January, with conditions (name, or name and days) recognised before it."""
        born = date(years[-1] - age - 1, 7, 1)
        for each in years:
            self.add(
                "bef", pnr=pnr, koen=2 if woman else 1, foed_dag=born, referencetid=date(each - 1, 12, 31), kom=751
            )
            dead = died is not None and died.year == each
            self.add("truth_year", pnr=pnr, year=each, death=dead, **year)
        if died:
            self.add("dod", pnr=pnr, doddato=died)
        if school:
            self.add("udda", pnr=pnr, aar=years[-1] - 1, hfaudd=school)
        self.add("truth_person", pnr=pnr, resources=resources)
        for condition in sick:
            self.state(pnr, condition)

    def state(self, pnr, condition, onset=date(2010, 1, 1), recognised=date(2012, 1, 1)):
        self.add("truth_state", pnr=pnr, condition=condition, onset=onset, recognised=recognised)

    def contact(self, pnr, start, end=None, **row):
        """A contact of LPR_A; times as text, `2024-03-01 08:00`."""
        self.contacts += 1
        key = row.pop("key", f"{self.contacts:018d}")
        times = {"kont_starttidspunkt": datetime.fromisoformat(start)}
        times["kont_sluttidspunkt"] = datetime.fromisoformat(end) if end else None
        self.add("lpr_a_kontakt", pnr=pnr, dw_ek_kontakt=key, **times, **row)

    def old_contact(self, pnr, first, last, table="lpr_adm", **row):
        """A contact of LPR2; days as text."""
        self.contacts += 1
        person, key = ("v_cpr", "k_recnum") if table == "t_psyk_adm" else ("pnr", "recnum")
        days = {"d_inddto": date.fromisoformat(first), "d_uddto": date.fromisoformat(last) if last else None}
        self.add(table, **{person: pnr, key: f"{self.contacts:018d}"}, **days, **row)

    def region(self) -> Region:
        return prepare(self.con, CATALOGUE)

    def measure(self, name, **given):
        return MEASURES[name](self.region(), given)

    def stays(self):
        self.region()
        return self.con.execute(
            "SELECT care, acute, admission, hours, code FROM stays ORDER BY start_at, care"
        ).fetchall()


@pytest.fixture
def hand():
    return Hand()


# --- stays -----------------------------------------------------------------------------------------------------------


def test_contacts_within_four_hours_are_one_stay(hand):
    hand.person("a")
    hand.contact("a", "2024-03-01 08:00", "2024-03-03 10:00")
    hand.contact("a", "2024-03-03 13:30", "2024-03-06 12:00", adiag="DI509")
    hand.contact("a", "2024-03-06 18:00", "2024-03-08 09:00")
    assert hand.stays() == [("somatic", True, True, 124.0, "J189"), ("somatic", True, True, 39.0, "J189")]
    assert hand.measure("readmission").value == pytest.approx(1 / 2)


def test_a_stay_of_twelve_hours_is_an_admission(hand):
    hand.person("a")
    hand.contact("a", "2024-03-01 08:00", "2024-03-01 19:59")
    hand.contact("a", "2024-05-01 08:00", "2024-05-01 20:00")
    assert [row[2] for row in hand.stays()] == [False, True]


def test_lpr2_gives_days_and_joins_who_comes_on_the_day_of_discharge(hand):
    hand.person("a", years=(2018, 2019))
    hand.old_contact("a", "2018-03-01", "2018-03-02")
    hand.old_contact("a", "2018-03-02", "2018-03-04", v_indtime=20)
    hand.old_contact("a", "2018-03-05", "2018-03-06", v_indtime=0)
    assert [row[3] for row in hand.stays()] == [76.0, 36.0]


def test_an_inpatient_contact_of_lpr2_is_an_admission_and_an_outpatient_one_is_no_stay(hand):
    hand.person("a", years=(2018, 2019))
    hand.old_contact("a", "2018-03-01", "2018-03-01", v_indtime=10)
    hand.old_contact("a", "2018-04-01", "2018-04-30", c_pattype="2", c_indm="2")
    hand.old_contact("a", "2018-05-01", "2018-05-01", c_pattype="2", c_indm="1")
    assert [row[2:4] for row in hand.stays()] == [(True, 2.0), (False, 0.0)]


def test_stays_chain_across_the_generations_and_not_twice(hand):
    hand.person("a", years=(2018, 2019))
    hand.old_contact("a", "2019-02-01", "2019-02-03")
    hand.contact("a", "2019-02-03 20:00", "2019-02-05 20:00")
    hand.contact("a", "2018-06-01 08:00", "2018-06-05 08:00", lprindberetningssystem="LPR2")
    assert [row[3] for row in hand.stays()] == [108.0]


def test_a_row_delivered_twice_counts_once(hand):
    hand.person("a")
    for _ in range(2):
        hand.contact("a", "2024-03-01 08:00", "2024-03-03 10:00", key="k")
    assert len(hand.stays()) == 1


def test_psychiatric_and_obstetric_care_are_chained_apart(hand):
    hand.person("a", woman=True)
    hand.contact("a", "2024-03-01 08:00", "2024-03-03 10:00")
    hand.contact("a", "2024-03-02 08:00", "2024-03-09 10:00", kont_ans_hovedspec="Psykiatri", adiag="DF200")
    hand.contact("a", "2024-03-03 11:00", "2024-03-05 11:00", adiag="DO800")
    assert [row[0] for row in hand.stays()] == ["somatic", "psychiatric", "obstetric"]


@pytest.mark.parametrize("code", ["DZ763", "DZ039", "DZ380"])
def test_companions_observation_and_newborns_are_no_stays(hand, code):
    hand.person("a")
    hand.contact("a", "2024-03-01 08:00", "2024-03-03 10:00", adiag=code)
    assert hand.stays() == []


def test_a_short_planned_or_a_virtual_contact_joins_nothing(hand):
    hand.person("a")
    hand.contact("a", "2024-03-01 08:00", "2024-03-01 09:00", prioritet="ATA3")
    hand.contact("a", "2024-03-01 10:00", "2024-03-03 10:00")
    hand.contact("a", "2024-03-03 11:00", "2024-03-04 11:00", kont_type="ALCA03")
    assert hand.stays() == [("somatic", True, True, 48.0, "J189")]


def test_a_contact_nobody_closed_is_an_admission_without_an_end_and_swallows_nothing(hand):
    hand.person("a")
    hand.contact("a", "2024-03-01 08:00")
    hand.contact("a", "2024-06-01 08:00", "2024-06-03 08:00")
    assert [row[2:4] for row in hand.stays()] == [(True, None), (True, 48.0)]


# --- readmission and admissions --------------------------------------------------------------------------------------


def test_a_readmission_is_acute_and_within_thirty_days(hand):
    for pnr, again in {"a": "2024-03-31", "b": "2024-04-03", "c": "2024-03-20"}.items():
        hand.person(pnr)
        hand.contact(pnr, "2024-03-01 08:00", "2024-03-03 10:00")
        hand.contact(pnr, f"{again} 08:00", f"{again} 23:00", prioritet="ATA3" if pnr == "c" else "ATA1")
    found = hand.measure("readmission")
    assert found.value == pytest.approx(1 / 5)  # three first stays, and the second acute ones of a and b


def test_who_died_in_hospital_is_no_first_stay_and_who_died_later_is(hand):
    hand.person("a", died=date(2024, 3, 3))
    hand.person("b", died=date(2024, 3, 4))
    for pnr in "ab":
        hand.contact(pnr, "2024-03-01 08:00", "2024-03-03 10:00")
    assert hand.measure("readmission").value == 0
    assert hand.con.execute("SELECT count(*) FROM stays").fetchone() == (2,)


def test_stays_that_end_with_the_extract_are_too_late_to_tell(hand):
    hand.person("a")
    hand.contact("a", "2024-12-01 08:00", "2024-12-05 10:00")
    hand.contact("a", "2024-03-01 08:00", "2024-03-03 10:00")
    hand.contact("a", "2024-12-08 08:00", "2024-12-09 10:00")
    assert hand.measure("readmission").value == 0


def test_readmissions_by_age_length_and_diagnosis(hand):
    hand.person("old", age=70)
    hand.person("young", age=30)
    for pnr, code in (("old", "DJ441"), ("young", "DS720")):
        hand.contact(pnr, "2024-03-01 08:00", "2024-03-02 07:00", adiag=code)
        hand.contact(pnr, "2024-03-10 08:00", "2024-03-14 08:00", adiag="DJ189")
    assert hand.measure("readmission", age_from=65, hours_to=24).value == 1
    assert hand.measure("readmission", codes="J44").value == 1
    assert hand.measure("readmission", hours_to=24, but_codes="[SJ]").value != 1  # nobody is left
    assert np.isnan(hand.measure("readmission", hours_to=24, but_codes="[SJ]").value)


def test_admissions_and_what_they_are_for(hand):
    for pnr in "abcd":
        hand.person(pnr, age=70 if pnr == "a" else 40)
    hand.contact("a", "2024-03-01 08:00", "2024-03-03 10:00", adiag="DK590")
    hand.contact("a", "2024-05-01 08:00", "2024-05-03 10:00", adiag="DI509")
    hand.contact("b", "2024-05-01 08:00", "2024-05-03 10:00", adiag="DO800", prioritet="ATA3")
    hand.contact("c", "2024-05-01 08:00", "2024-05-03 10:00", adiag="DF200", kont_ans_hovedspec="Psykiatri")
    hand.contact("d", "2023-05-01 08:00", "2023-05-03 10:00", adiag="DK590")
    assert hand.measure("admissions", year=2024).value == pytest.approx(3 / 4)
    assert hand.measure("admission_share", year=2024, codes="I").value == pytest.approx(1 / 3)
    assert hand.measure("acute_rate", year=2024, age_from=65, codes="K590|J1").value == 1


def test_copd_admissions_are_of_people_known_to_have_it(hand):
    hand.person("a", sick=["copd"])
    hand.person("b", sick=["copd"])
    hand.person("c")
    for pnr in "aac":
        hand.contact(pnr, f"2024-0{hand.contacts + 3}-01 08:00", f"2024-0{hand.contacts + 3}-03 08:00", adiag="DJ441")
    assert hand.measure("copd_admissions", year=2024).value == pytest.approx(2 / 2)


# --- conditions ------------------------------------------------------------------------------------------------------


def test_two_conditions_recognised_before_the_day_make_multimorbid(hand):
    hand.person("a", sick=["hypertension", "copd"])
    hand.person("b", sick=["hypertension"])
    hand.state("b", "copd", recognised=date(2024, 1, 2))
    hand.person("c", sick=["hypertension"])
    hand.state("c", "copd", recognised=None)
    hand.person("d", age=17, sick=["hypertension", "copd"])
    found = hand.measure("multimorbid", age_from=18)
    assert found.value == pytest.approx(1 / 3)
    assert found.se == pytest.approx(np.sqrt(1 / 3 * 2 / 3 / 3))


def test_parts_of_one_entry_count_once(hand):
    hand.person("a", sick=["depression", "anxiety"])
    hand.person("b", sick=["copd", "asthma"])
    hand.person("c", sick=["t1d", "t2d"])
    hand.person("d", sick=["t2d", "anxiety"])
    assert hand.measure("multimorbid").value == pytest.approx(1 / 4)


def test_the_year_named_is_used_where_the_extract_has_it(hand):
    hand.person("a", years=(2018, 2019, 2020), sick=["hypertension"])
    hand.state("a", "copd", recognised=date(2019, 6, 1))
    assert hand.measure("multimorbid", year=2019).value == 0
    assert hand.measure("multimorbid", year=2030).value == 1


def test_proportions_between_groups(hand):
    both, body = ["hypertension", "depression"], ["hypertension", "copd"]
    hand.person("w1", woman=True, sick=both, school="10", resources=-2)
    hand.person("w2", woman=True, sick=both, school="10", age=70, resources=-2)
    hand.person("w3", woman=True, school="70", resources=2)
    hand.person("m1", sick=body, school="70", resources=2)
    hand.person("m2", sick=both, school="80", age=70, resources=2)
    hand.person("m3", school="35", age=16)
    hand.person("child", age=8, sick=["asthma"])
    assert hand.measure("both_of_multimorbid").value == pytest.approx(3 / 4)
    assert hand.measure("both_women_men").value == pytest.approx((2 / 3) / (1 / 3))
    assert hand.measure("multimorbid_education").value == pytest.approx((2 / 2) / (2 / 3))
    assert hand.measure("multimorbid_ratio", age_from=65, against_from=16).value == pytest.approx(1 / (4 / 6))
    assert hand.measure("any_against_two").value == pytest.approx(5 / 4)
    assert hand.measure("prevalence", conditions=["depression"]).value == pytest.approx(3 / 6)
    assert hand.measure("prevalence_ratio", conditions=["depression"], against=["copd"]).value == pytest.approx(3)


def test_fifths_of_resources(hand):
    for i in range(10):
        hand.person(f"p{i}", resources=i, sick=["hypertension", "depression"] if i in (0, 1, 9) else [])
    assert hand.measure("both_resources").value == pytest.approx((2 / 2) / (1 / 2))


def test_years_earlier_between_the_fifths(hand):
    """Lowest fifth: 0 % at 42.5, 50 % at 47.5; highest: the same ten years later; so 10 years at every level."""
    for i in range(200):
        age, half = (42, 47, 52, 57, 62)[i % 5], 57 if i >= 160 else 47
        sick = age > half or (age == half and i % 10 < 5)
        hand.person(f"p{i:03d}", age=age, resources=i, sick=["hypertension", "copd"] if sick else [])
    found = hand.measure("onset_shift")
    assert found.value == pytest.approx(10)
    assert found.se > 0


def test_psychiatric_conditions_by_number_of_somatic_ones(hand):
    five = ["hypertension", "copd", "ihd", "gout", "ckd"]
    for i in range(10):
        hand.person(f"many{i}", sick=five + (["dementia"] if i < 6 else []))
        hand.person(f"none{i}", sick=["dementia"] if i < 2 else [])
        hand.person(f"few{i}", sick=["gout"])
    assert hand.measure("mental_by_physical").value == pytest.approx((6 * 8) / (4 * 2))


def test_hospital_diagnoses_of_two_systems(hand):
    hand.person("a", years=(2018, 2019))
    hand.old_contact("a", "2018-03-01", "2018-03-02")
    hand.add("lpr_diag", recnum=f"{hand.contacts:018d}", c_diag="DI109A", c_diagtype="B")
    hand.old_contact("a", "2018-04-01", "2018-04-02", table="t_psyk_adm")
    hand.add("t_psyk_diag", v_recnum=f"{hand.contacts:018d}", c_diag="DF322")
    hand.person("b", years=(2018, 2019))
    for code, kind, refuted in (
        ("DI509", "A", "Nej"),
        ("DI109", "B", None),
        ("DE119", "B", "Ja"),
        ("DJ449", "H", "Nej"),
    ):
        hand.contact("b", "2019-05-01 08:00", "2019-05-02 08:00")
        key = f"{hand.contacts:018d}"
        hand.add("lpr_a_diagnose", dw_ek_kontakt=key, diag_kode=code, diag_kode_type=kind, senere_afkraeftet=refuted)
    assert hand.measure("hospital_groups").value == pytest.approx(1 / 2)


def test_outpatient_contacts_of_the_multimorbid(hand):
    for pnr in "abcde":
        hand.person(pnr, years=(2018, 2019), sick=["hypertension", "copd"] if pnr != "e" else [])
    outpatient = {"c_pattype": "2", "c_indm": "2"}
    hand.old_contact("a", "2018-05-01", "2018-05-01", **outpatient)
    hand.old_contact("b", "2018-05-01", "2018-05-01", table="t_psyk_adm", **outpatient)
    hand.old_contact("c", "2018-05-01", "2018-05-03")
    hand.old_contact("d", "2019-05-01", "2019-05-01", **outpatient)
    hand.old_contact("e", "2018-05-01", "2018-05-01", **outpatient)
    assert hand.measure("multimorbid_outpatient", year=2018).value == pytest.approx(2 / 4)


def test_outpatient_contacts_of_lpr_a_are_short_and_planned(hand):
    for pnr in "abcd":
        hand.person(pnr, sick=["hypertension", "copd"])
    hand.contact("a", "2024-05-01 08:00", "2024-05-01 09:00", prioritet="ATA3", kont_type="ALCA03")
    hand.contact("b", "2024-05-01 08:00", "2024-05-01 09:00")
    hand.contact("c", "2024-05-01 08:00", "2024-05-02 09:00", prioritet="ATA3")
    assert hand.measure("multimorbid_outpatient", year=2024).value == pytest.approx(1 / 4)


def test_new_cases_over_the_years_of_those_without(hand):
    hand.person("new", age=40)
    hand.state("new", "bipolar", recognised=date(2024, 5, 1))
    hand.person("old", age=40, sick=["bipolar"])
    hand.person("too_old", age=70)
    hand.state("too_old", "bipolar", recognised=date(2024, 5, 1))
    hand.person("well", age=40)
    assert hand.measure("bipolar_incidence").value == pytest.approx(1 / 4)


def test_first_depression_in_psychiatry(hand):
    hand.person("a", age=40)
    hand.person("b", age=40)
    for day, code, care in (
        ("2023-05-01", "DF322", "Psykiatri"),
        ("2024-05-01", "DF331", "Psykiatri"),
        ("2024-06-01", "DF322", "Neurologi"),
    ):
        hand.contact("b" if care == "Neurologi" else "a", f"{day} 08:00", f"{day} 09:00", kont_ans_hovedspec=care)
        hand.add("lpr_a_diagnose", dw_ek_kontakt=f"{hand.contacts:018d}", diag_kode=code)
    assert hand.measure("depression_hospital_incidence").value == pytest.approx(1 / 3)  # a in 2024 is not new


def test_different_substances_within_the_days(hand):
    hand.person("a")
    hand.person("b")
    for day, atc in (("2024-01-01", "C10AA05"), ("2024-06-30", "C07AB02"), ("2024-02-01", "C10AA05")):
        hand.add("lmdb", pnr="a", eksd=date.fromisoformat(day), atc=atc)
    for day in ("2023-12-31", "2024-07-01"):
        hand.add("lmdb", pnr="b", eksd=date.fromisoformat(day), atc=f"N0{day[3]}AB01")
    given = {"from": "2024-01-01", "to": "2024-06-30"}
    assert hand.measure("polypharmacy", at_least=2, **given).value == pytest.approx(1 / 2)
    assert hand.measure("polypharmacy", at_least=3, **given).value == 0
    assert hand.measure("polypharmacy", **{"at_least": 2, "from": "2030-01-01", "to": "2030-06-30"}).value == 0.5


# --- psychiatric and somatic, deaths ---------------------------------------------------------------------------------


def many(hand, n, name, *, dead=0, **person):
    for i in range(n):
        hand.person(f"{name}{i}", died=date(2024, 7, 1) if i < dead else None, **person)


def in_psychiatry(hand, name, n, code, day="2023-03-01"):
    for i in range(n):
        hand.contact(f"{name}{i}", f"{day} 08:00", f"{day} 09:00", kont_ans_hovedspec="Psykiatri", adiag=code)
        hand.add("lpr_a_diagnose", dw_ek_kontakt=f"{hand.contacts:018d}", diag_kode=code)


@pytest.fixture
def mixed(hand):
    """40 people of one age and sex in each of four groups; 20, 10, 8 and 4 die in the middle of the last year."""
    many(hand, 40, "both", age=52, dead=20, sick=["hypertension"])
    many(hand, 40, "mind", age=52, dead=10)
    many(hand, 40, "body", age=52, dead=8, sick=["hypertension"])
    many(hand, 40, "none", age=52, dead=4)
    for name in ("both", "mind"):
        in_psychiatry(hand, name, 40, "DF322")
    return hand


UNLIVED = 1 - 182.5 / 365.25  # of the year of who dies on 1 July of a leap year: noon of its 183rd day


def rate(dead, people=40, years=1):
    return dead / (people * years - UNLIVED * dead)


def test_mortality_of_pairs(mixed):
    region = mixed.region()
    # the year before nobody has a psychiatric diagnosis yet: it adds years without deaths to the somatic and to neither
    wanted = {
        "mental": rate(20) / rate(10),
        "somatic": rate(20) / rate(8, 40, 1 + 2),
        "neither": rate(20) / rate(4, 40, 1 + 2),
    }
    for against, value in wanted.items():
        found = MEASURES["pair_mortality"](region, {"against": against})
        assert found.value == pytest.approx(value, rel=1e-6), against


def test_mortality_with_a_psychiatric_hospital_diagnosis(mixed):
    region = mixed.region()
    without = rate(12, 80, 1 + 2)
    assert MEASURES["mental_mortality"](region, {"codes": "F3"}).value == pytest.approx(rate(30, 80) / without)
    assert np.isnan(MEASURES["mental_mortality"](region, {"codes": "F1"}).value)
    everybody = rate(42, 160, 2)
    assert MEASURES["mental_crude_mortality"](region, {}).value == pytest.approx(rate(30, 80) / everybody)


def test_observed_over_expected_deaths(hand):
    many(hand, 40, "ill", dead=8, sick=["bipolar"], years=(2024,))
    many(hand, 160, "well", dead=8, years=(2024,))
    found = hand.measure("smr", condition="bipolar")
    all_years = 200 - UNLIVED * 16
    expected = 16 / all_years * (40 - UNLIVED * 8)
    assert found.value == pytest.approx(8 / expected)
    assert found.se == pytest.approx(np.sqrt(8) / expected)


def test_acsc_admissions_with_depression(hand):
    for i in range(20):
        hand.person(f"sad{i}", sick=["depression"], acsc_admission=i < 8, years=(2024,))
        hand.person(f"well{i}", acsc_admission=i < 2, years=(2024,))
    assert hand.measure("acsc_by_depression").value == pytest.approx(4)


def test_years_lost_are_none_where_the_diagnosed_die_as_everybody_does(hand):
    for age in range(20, 95, 5):
        many(hand, 6, f"p{age}", dead=2, age=age + 2, years=(2024,))
        in_psychiatry(hand, f"p{age}", 6, "DF322", day="2023-03-01")
    many(hand, 3, "new", dead=1, age=40, years=(2024,))
    in_psychiatry(hand, "new", 3, "DF200", day="2024-03-01")
    assert abs(hand.measure("life_years_lost", women=False).value) < 0.01
    assert np.isnan(hand.measure("life_years_lost", women=True).value)


def test_more_years_are_lost_where_the_diagnosed_die_more(hand):
    for age in range(20, 95, 5):
        many(hand, 10, f"ill{age}", dead=5, age=age + 2, years=(2024,))
        in_psychiatry(hand, f"ill{age}", 10, "DF322", day="2023-03-01")
        many(hand, 30, f"well{age}", dead=1, age=age + 2, years=(2024,))
    many(hand, 3, "new", age=40, years=(2024,))
    in_psychiatry(hand, "new", 3, "DF200", day="2024-03-01")
    found = hand.measure("life_years_lost", women=False)
    assert 3 < found.value < 10
    assert found.se > 0


def test_a_somatic_onset_is_twice_as_frequent_after_a_psychiatric_one():
    """20,000 people drawn with a ratio of 2 for one pair, the only one with events."""
    hand, draw = Hand(), np.random.default_rng(5)
    n = 20_000
    ill = draw.random(n) < 0.3
    new = draw.random(n) < np.where(ill, 0.02, 0.01)
    people = {"pnr": [f"{i:05d}" for i in range(n)], "ill": ill, "new": new}
    hand.con.execute("CREATE TABLE drawn (pnr TEXT, ill BOOLEAN, fresh BOOLEAN)")
    hand.con.execute("INSERT INTO drawn SELECT unnest(?), unnest(?), unnest(?)", [
        people["pnr"], ill.tolist(), new.tolist()])  # fmt: skip
    hand.con.execute("INSERT INTO bef SELECT pnr, 1, DATE '1970-07-01', DATE '2023-12-31', 751 FROM drawn")
    hand.con.execute("INSERT INTO truth_year SELECT pnr, 2024, false, false, false, true FROM drawn")
    hand.con.execute("INSERT INTO truth_state SELECT pnr, 'dementia', DATE '2020-01-01', NULL FROM drawn WHERE ill")
    hand.con.execute(
        "INSERT INTO truth_state SELECT pnr, 'hypertension', DATE '2024-06-01', NULL FROM drawn WHERE fresh"
    )
    found = hand.measure("mental_to_somatic")
    assert found.value == pytest.approx(2, abs=3 * found.se)
    assert found.se == pytest.approx(found.value * np.sqrt(1 / (new & ill).sum() + 1 / (new & ~ill).sum()), rel=0.5)


def test_deaths_over_the_mean_of_the_population(hand):
    many(hand, 20, "p", dead=2, years=(2023, 2024))
    hand.add("bef", pnr="p5", koen=1, foed_dag=date(1970, 7, 1), referencetid=date(2024, 12, 31), kom=751)
    assert hand.measure("deaths", year=2024).value == pytest.approx(2 / ((20 + 1) / 2))


# --- life tables -----------------------------------------------------------------------------------------------------


def gompertz(age, at60=0.008, slope=0.1):
    return at60 * np.exp(slope * (age - 60))


def test_years_left_agree_with_the_integral_of_a_gompertz_curve():
    ages = np.arange(111)
    years = np.full(111, 1e6)
    died = years * gompertz(ages + 1.0)
    exact = np.arange(60, 140, 0.001)
    alive = np.exp(-np.cumsum(gompertz(exact)) * 0.001)
    assert remaining(died, years, 60).value == pytest.approx(alive.sum() * 0.001, abs=0.03)


def test_the_error_of_years_left_agrees_with_drawing_the_deaths_again():
    draw = np.random.default_rng(3)
    ages = np.arange(96)
    years = 2000 * np.exp(-ages / 60)
    rates = gompertz(ages + 1.0)
    again = [remaining(draw.poisson(years * rates).astype(float), years, 0) for _ in range(400)]
    assert np.mean([one.se for one in again]) == pytest.approx(np.std([one.value for one in again]), rel=0.12)


def test_nothing_is_left_to_tell_where_nobody_died():
    assert np.isnan(remaining(np.zeros(96), np.ones(96), 0).value)


def test_years_left_at_a_constant_rate():
    rates = np.full(19, 0.02)
    middle = np.arange(19) * 5 + 2.5
    assert expectancies(rates, 5) == pytest.approx((1 - np.exp(-0.02 * (95 - middle))) / 0.02, rel=0.001)


def test_death_within_a_year_takes_two_years_of_age_on_each_side(hand):
    for age in (78, 79, 80, 81):
        many(hand, 10, f"p{age}", dead=2, age=age, years=(2024,))
    many(hand, 10, "other", dead=9, age=82, years=(2024,))
    found = hand.measure("one_year_mortality", women=False, age=80)
    assert found.value == pytest.approx(1 - np.exp(-rate(2, 10)))


# --- the arithmetic --------------------------------------------------------------------------------------------------


def rows(*columns):
    return f"SELECT * FROM (VALUES {', '.join(map(str, zip(*columns[1:], strict=True)))}) AS t({columns[0]})"


def test_rows_of_one_person_belong_together():
    con = duckdb.connect()
    apart = share(con, rows("pnr, y, x", [1, 2, 3, 4], [1, 1, 0, 0], [1, 1, 1, 1]))
    twice = share(con, rows("pnr, y, x", [1, 1, 3, 3], [1, 1, 0, 0], [1, 1, 1, 1]))
    assert apart == pytest.approx((0.5, np.sqrt(0.25 / 4)))
    assert twice == pytest.approx((0.5, np.sqrt(0.25 / 2)))


def test_a_ratio_of_two_groups_has_the_error_of_the_delta_method():
    con = duckdb.connect()
    con.execute("CREATE TABLE t AS SELECT i AS pnr, i < 100 AS g, (i % 10 < CASE WHEN i < 100 THEN 4 ELSE 2 END) AS y "
                "FROM range(300) AS r(i)")  # fmt: skip
    found = ratio(
        con, "SELECT pnr, (y AND g)::INT AS y1, g::INT AS x1, (y AND NOT g)::INT AS y2, (NOT g)::INT AS x2 FROM t"
    )
    assert found.value == pytest.approx(2)
    assert found.se == pytest.approx(2 * np.sqrt(0.6 / 40 + 0.8 / 40))


def test_a_share_of_nobody_cannot_be_told():
    con = duckdb.connect()
    assert np.isnan(share(con, "SELECT 1 AS pnr, 0 AS y, 0 AS x WHERE false").value)
    assert np.isnan(ratio(con, "SELECT 1 AS pnr, 0 AS y1, 1 AS x1, 1 AS y2, 1 AS x2").value)
    assert np.isnan(adjusted_ratio(con, "SELECT 1 AS pnr, 1 AS stratum, true AS exposed, 1 AS y, 1.0 AS t").value)


def test_an_adjusted_ratio_is_free_of_what_it_is_adjusted_for():
    """Old people die ten times as often and are more often exposed; the ratio is 2 in young and old."""
    con = duckdb.connect()
    con.execute(
        "CREATE TABLE t AS SELECT row_number() OVER () AS pnr, stratum, exposed, (i < d)::INT AS y, 1.0 AS t FROM "
        "(VALUES (0, true, 1000, 20), (0, false, 9000, 90), (1, true, 3000, 600), (1, false, 1000, 100)) "
        "AS g(stratum, exposed, n, d), range(10000) AS r(i) WHERE i < n"
    )
    found = adjusted_ratio(con, "FROM t")
    assert found.value == pytest.approx(2)
    # Greenland and Robins 1985, person-time data
    m, n, a, b = np.array([1000, 3000]), np.array([9000, 1000]), np.array([20, 600]), np.array([90, 100])
    variance = ((a + b) * m * n / (m + n) ** 2).sum() / ((a * n / (m + n)).sum() * (b * m / (m + n)).sum())
    assert found.se == pytest.approx(2 * np.sqrt(variance), rel=0.12)  # theirs is Poisson: no share is taken off


def test_an_odds_ratio_agrees_with_statsmodels():
    cells = np.array([[12, 30, 8, 50], [5, 9, 11, 40], [20, 3, 14, 6], [0, 0, 3, 2]], float)
    tables = [np.array([[a, b], [c, d]]) for a, b, c, d in cells[:3]]
    other = StratifiedTable(tables)
    found = odds_ratio(cells)
    assert found.value == pytest.approx(other.oddsratio_pooled)
    assert found.se / found.value == pytest.approx(other.logodds_pooled_se)


def test_leaving_out_a_part_in_turn_gives_the_error_of_a_mean():
    values = np.random.default_rng(1).normal(size=(20, 1))
    cells = np.concatenate([values, np.ones((20, 1))], axis=1)
    found = jackknife(cells, lambda whole: float(whole[0] / whole[1]))
    assert found.se == pytest.approx(values.std(ddof=1) / np.sqrt(20))


def test_over_nothing_is_not_a_number():
    assert np.isnan(over(np.array([1.0]), np.array([0.0])))[0]


# --- the whole -------------------------------------------------------------------------------------------------------


def test_every_target_is_measured_and_says_so_where_it_cannot_be_told(hand):
    hand.person("a", sick=["hypertension"])
    found = measure(hand.con)
    assert set(found) == {target.id for target in load().targets}
    assert found["hypertension"].value == 100.0
    assert np.isnan(found["mrr_mood"].value)


def test_a_truth_of_no_year_is_refused(hand):
    with pytest.raises(DataError, match="truth_year"):
        prepare(hand.con)


def test_an_unknown_condition_is_refused(hand):
    hand.person("a", sick=["melancholy"])
    with pytest.raises(DataError, match="melancholy"):
        prepare(hand.con)


def test_tables_are_read_whatever_the_letter_case_of_a_year(tmp_path):
    con = duckdb.connect()
    for table, columns in SHAPES.items():
        if table.startswith("truth"):
            continue
        (tmp_path / table).mkdir()
        con.execute(f"CREATE TABLE made_{table} ({columns})")
        con.execute(f"COPY made_{table} TO '{tmp_path / table}/{table}_2023_00.parquet' (FORMAT parquet)")
    con.execute(
        f"COPY (SELECT '1' AS PNR, 1::TINYINT AS KOEN, DATE '1970-01-01' AS FOED_DAG) "
        f"TO '{tmp_path}/bef/bef_2024_00.parquet' (FORMAT parquet)"
    )
    attach(con, tmp_path)
    assert con.execute("SELECT pnr, koen FROM bef").fetchall() == [("1", 1)]
    assert con.execute("SELECT count(*) FROM lpr_adm").fetchone() == (0,)


def test_tables_that_are_not_there_are_named(tmp_path):
    with pytest.raises(DataError, match="bef, dod, udda"):
        attach(duckdb.connect(), tmp_path)
