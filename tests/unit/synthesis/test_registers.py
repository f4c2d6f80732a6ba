"""The extract of a small region: tables, columns, and what must hold between them."""

import json

import pytest

COLUMNS = {
    "bef": "pnr koen foed_dag alder referencetid reg kom civst familie_id opr_land ie_type antpersh",
    "vnds": "pnr indud_kode haend_dato indud_land",
    "dod": "pnr doddato",
    "lpr_adm": "pnr recnum d_inddto d_uddto v_indtime v_indminut c_adiag c_pattype c_indm c_spec c_sgh c_afd c_kom",
    "lpr_diag": "recnum c_diag c_diagtype",
    "t_psyk_adm": "v_cpr k_recnum d_inddto d_uddto v_indtime v_indminut c_adiag c_pattype c_indm c_spec c_sgh c_afd "
    "c_kom",
    "t_psyk_diag": "v_recnum c_diag c_diagtype",
    "lpr_a_kontakt": "pnr dw_ek_kontakt dw_ek_forloeb kont_starttidspunkt kont_sluttidspunkt kont_type "
    "kont_patient_type prioritet kont_aarsag kont_ans kont_ans_inst kont_ans_hovedspec adiag borger_bo_kom "
    "flag_kont_afsluttet lprindberetningssystem",
    "lpr_a_diagnose": "dw_ek_kontakt diag_kode diag_kode_type diag_parent_kode senere_afkraeftet",
    "lmdb": "pnr eksd atc vnr apk packsize strnum volume indo",
    "laboratorieproevesvar_": "pnr npu samplingdato samplevalue unit",
    "udda": "pnr aar hfaudd hf_vfra",
}
WITH_PERSON = {
    "vnds": "pnr",
    "dod": "pnr",
    "lpr_adm": "pnr",
    "t_psyk_adm": "v_cpr",
    "lpr_a_kontakt": "pnr",
    "lmdb": "pnr",
}
WITH_PERSON |= {"laboratorieproevesvar_": "pnr", "udda": "pnr"}
DATES = {"lpr_adm": "d_inddto", "t_psyk_adm": "d_inddto", "lpr_a_kontakt": "CAST(kont_starttidspunkt AS DATE)"}
DATES |= {"lmdb": "eksd", "laboratorieproevesvar_": "samplingdato"}


@pytest.mark.parametrize("table", COLUMNS)
def test_each_table_has_its_columns_and_rows(region, table):
    names = [row[0] for row in region.all(f"DESCRIBE {table}")]
    assert names == COLUMNS[table].split()
    assert region.one(f"SELECT count(*) FROM {table}") == region.rows[table] > 0


def test_there_are_these_tables_and_the_delivery_and_nothing_else(region):
    folders = {path.name for path in region.registers.iterdir() if path.is_dir()}
    assert folders == set(COLUMNS) == set(region.rows)
    assert {path.name for path in region.registers.iterdir() if path.is_file()} == {"delivery.json"}
    files = list(region.registers.rglob("*.parquet"))
    assert all(path.name.startswith(f"{path.parent.name}_20") for path in files)


def test_the_delivery_says_what_it_covers(region):
    assert json.loads((region.registers / "delivery.json").read_text()) == {
        "source": "synthetic",
        "system": "urn:stratify:synthetic",
        "covers_from": "2015-01-01",
        "covers_to": "2024-12-31",
        "delivered": "2025-03-01",
    }


@pytest.mark.parametrize("table, column", WITH_PERSON.items())
def test_events_belong_to_people_of_the_population(region, table, column):
    assert region.one(f"SELECT count(*) FROM {table} WHERE {column} NOT IN (SELECT pnr FROM bef)") == 0


@pytest.mark.parametrize("table, day", DATES.items())
def test_nothing_happens_after_death_or_departure_or_before_birth(region, table, day):
    person = WITH_PERSON[table]
    after_death = f"SELECT count(*) FROM {table} t JOIN dod ON t.{person} = dod.pnr WHERE {day} > doddato"
    assert region.one(after_death) == 0
    gone = f"SELECT count(*) FROM {table} t JOIN vnds ON t.{person} = vnds.pnr AND indud_kode = 'U' "
    assert region.one(gone + f"WHERE {day} >= haend_dato") == 0
    early = f"SELECT count(*) FROM {table} t JOIN (SELECT pnr, min(foed_dag) AS born FROM bef GROUP BY pnr) b "
    assert region.one(early + f"ON t.{person} = b.pnr WHERE {day} < born") == 0


@pytest.mark.parametrize("table, day", DATES.items())
def test_each_event_lies_in_the_file_of_its_year(region, table, day):
    for path in (region.registers / table).iterdir():
        year = int(path.stem.rsplit("_", 1)[1])
        assert region.one(f"SELECT count(*) FROM read_parquet('{path}') WHERE year({day}) <> {year}") == 0


def test_no_pnr_can_be_read_as_a_date_of_birth(region):
    dates = [row[0] for row in region.all("SELECT DISTINCT pnr FROM bef")]
    assert len(dates) > 4000
    for pnr in dates:
        assert len(pnr) == 12
        assert pnr.isdigit()
        for six in (pnr[:6], pnr[2:8]):
            assert not (1 <= int(six[:2]) <= 31 and 1 <= int(six[2:4]) <= 12)


def test_the_population_is_counted_on_the_last_day_of_each_year(region):
    days = region.all("SELECT referencetid, count(*), count(DISTINCT pnr) FROM bef GROUP BY 1 ORDER BY 1")
    assert [str(day) for day, *_ in days] == [f"{year}-12-31" for year in range(2014, 2025)]
    assert days[0][1] == 4000
    assert all(rows == persons for _, rows, persons in days)
    gone = "SELECT count(*) FROM bef JOIN dod USING (pnr) WHERE referencetid >= doddato"
    assert region.one(gone) == 0


def test_birth_and_sex_do_not_change_and_age_fits(region):
    assert region.one("SELECT max(n) FROM (SELECT count(DISTINCT (foed_dag, koen)) AS n FROM bef GROUP BY pnr)") == 1
    assert (
        region.one(
            "SELECT count(*) FROM bef WHERE abs(date_diff('day', foed_dag, referencetid) / 365.25 - alder) > 1.01"
        )
        == 0
    )
    assert region.one("SELECT count(DISTINCT koen) FROM bef") == 2


def test_households_have_the_size_stated(region):
    sizes = "SELECT antpersh, count(*) OVER (PARTITION BY referencetid, familie_id) AS n FROM bef"
    assert region.one(f"SELECT count(*) FROM ({sizes}) WHERE antpersh <> n") == 0
    assert region.one("SELECT count(DISTINCT kom) FROM bef") == 19


def test_moves_and_deaths_fit_the_snapshots(region):
    assert region.one("SELECT count(*) FROM (SELECT pnr FROM dod GROUP BY pnr HAVING count(*) > 1)") == 0
    still = """SELECT count(*) FROM bef JOIN vnds USING (pnr) WHERE indud_kode = 'U' AND referencetid >= haend_dato"""
    assert region.one(still) == 0
    before = """SELECT count(*) FROM bef JOIN vnds USING (pnr) WHERE indud_kode = 'I' AND referencetid < haend_dato"""
    assert region.one(before) == 0


def test_contacts_end_after_they_begin(region):
    assert region.one("SELECT count(*) FROM lpr_adm WHERE d_uddto < d_inddto") == 0
    assert region.one("SELECT count(*) FROM t_psyk_adm WHERE d_uddto < d_inddto") == 0
    assert region.one("SELECT count(*) FROM lpr_a_kontakt WHERE kont_sluttidspunkt < kont_starttidspunkt") == 0


def test_only_contacts_near_the_end_of_data_are_open(region):
    assert region.one("SELECT count(*) FROM lpr_adm WHERE d_uddto IS NULL") == 0
    open_ones = region.all(
        "SELECT kont_starttidspunkt >= TIMESTAMP '2024-02-01', flag_kont_afsluttet FROM lpr_a_kontakt "
        "WHERE kont_sluttidspunkt IS NULL"
    )
    assert open_ones
    assert set(open_ones) == {(True, "Nej")}
    assert region.one("SELECT count(*) FROM lpr_a_kontakt WHERE kont_sluttidspunkt >= TIMESTAMP '2025-01-01'") == 0


def test_every_contact_has_one_action_diagnosis_and_at_most_three_secondary(region):
    counts = region.all(
        "SELECT count(*) FILTER (kind = 'A'), count(*) FILTER (kind = 'B' AND refuted IS DISTINCT FROM 'Ja') "
        "FROM contacts LEFT JOIN diagnoses USING (contact) GROUP BY contact"
    )
    assert {action for action, _ in counts} == {1}
    assert max(secondary for _, secondary in counts) <= 3
    assert min(secondary for _, secondary in counts) == 0


def test_the_action_diagnosis_of_the_contact_is_its_own(region):
    other = "SELECT count(*) FROM contacts c JOIN diagnoses d USING (contact) WHERE d.kind = 'A' AND c.code <> d.code"
    assert region.one(other) == 0


def test_diagnoses_belong_to_contacts(region):
    for diagnosis, contact, key, other in (
        ("lpr_diag", "lpr_adm", "recnum", "recnum"),
        ("t_psyk_diag", "t_psyk_adm", "v_recnum", "k_recnum"),
        ("lpr_a_diagnose", "lpr_a_kontakt", "dw_ek_kontakt", "dw_ek_kontakt"),
    ):
        assert region.one(f"SELECT count(*) FROM {diagnosis} WHERE {key} NOT IN (SELECT {other} FROM {contact})") == 0
        assert region.one(f"SELECT count(*) - count(DISTINCT {other}) FROM {contact}") == 0


def test_kinds_of_diagnoses(region):
    kinds = {row[0] for row in region.all("SELECT DISTINCT kind FROM diagnoses")}
    assert kinds == {"A", "B", "G", "H", "+"}
    assert region.one("SELECT count(*) FROM diagnoses WHERE kind <> '+' AND code NOT LIKE 'D%'") == 0
    assert region.one("SELECT count(*) FROM diagnoses WHERE kind <> '+' AND regexp_matches(code, '[A-Z]$')") > 50


def test_refuted_diagnoses_are_about_one_in_a_hundred_and_only_in_lpr_a(region):
    share, missing = region.all(
        "SELECT avg(CAST(coalesce(senere_afkraeftet = 'Ja', false) AS INT)), "
        "avg(CAST(senere_afkraeftet IS NULL AS INT)) FROM lpr_a_diagnose"
    )[0]
    assert 0.003 < share < 0.02
    assert 0.1 < missing < 0.3
    assert (
        region.one("SELECT count(*) FROM lpr_a_diagnose WHERE senere_afkraeftet = 'Ja' AND diag_kode_type = 'A'") == 0
    )


def test_the_generation_changes_on_the_third_of_february_2019(region):
    assert str(region.one("SELECT max(d_inddto) FROM lpr_adm")) <= "2019-02-02"
    assert str(region.one("SELECT max(d_inddto) FROM lpr_adm")) >= "2019-01-25"
    assert str(region.one("SELECT max(d_inddto) FROM t_psyk_adm")) <= "2019-02-02"
    new = "SELECT min(CAST(kont_starttidspunkt AS DATE)) FROM lpr_a_kontakt WHERE lprindberetningssystem = 'LPR3'"
    assert "2019-02-03" <= str(region.one(new)) <= "2019-02-10"


def test_older_contacts_in_lpr_a_are_copies(region):
    copies = region.one("SELECT count(*) FROM lpr_a_kontakt WHERE lprindberetningssystem = 'LPR2'")
    assert copies > 20
    found = region.one(
        "SELECT count(*) FROM lpr_a_kontakt k JOIN (SELECT recnum AS key, d_inddto FROM lpr_adm UNION ALL "
        "SELECT k_recnum, d_inddto FROM t_psyk_adm) o ON o.key = k.dw_ek_kontakt "
        "AND o.d_inddto = CAST(k.kont_starttidspunkt AS DATE) WHERE lprindberetningssystem = 'LPR2'"
    )
    assert found == copies
    rows = region.one(
        "SELECT count(*) FROM lpr_a_kontakt WHERE lprindberetningssystem = 'LPR2' "
        "AND kont_starttidspunkt < TIMESTAMP '2017-01-01'"
    )
    assert rows == 0


def test_codes_of_the_contact_tables(region):
    assert {row[0] for row in region.all("SELECT DISTINCT kont_type FROM lpr_a_kontakt")} == {"ALCA00", "ALCA03"}
    assert {row[0] for row in region.all("SELECT DISTINCT prioritet FROM lpr_a_kontakt")} == {"ATA1", "ATA3"}
    assert {row[0] for row in region.all("SELECT DISTINCT c_pattype FROM lpr_adm")} == {"0", "2", "3"}
    assert {row[0] for row in region.all("SELECT DISTINCT c_pattype FROM t_psyk_adm")} == {"0", "2"}
    assert {row[0] for row in region.all("SELECT DISTINCT c_indm FROM lpr_adm")} == {"1", "2"}
    assert region.one("SELECT count(*) FROM lpr_adm WHERE length(c_spec) <> 2 OR length(recnum) <> 18") == 0


def test_acute_somatic_contacts_have_a_reason_psychiatric_and_planned_have_none(region):
    rows = region.all(
        "SELECT DISTINCT prioritet = 'ATA1' AND kont_ans_hovedspec <> 'Psykiatri', kont_aarsag IS NOT NULL "
        "FROM lpr_a_kontakt"
    )
    assert set(rows) == {(True, True), (False, False)}


@pytest.mark.parametrize(
    "what, code", [("companion", "DZ763%"), ("observation", "DZ03%"), ("birth", "DO8%"), ("pneumonia", "DJ1%")]
)
def test_contacts_that_are_no_outcome_occur_beside_those_that_are(region, what, code):
    assert region.one(f"SELECT count(*) FROM contacts WHERE code LIKE '{code}' AND inpatient") > 5, what


def test_transfers_make_one_stay_of_two_contacts_at_two_hospitals(region):
    pairs = region.one(
        "SELECT count(*) FROM lpr_a_kontakt a JOIN lpr_a_kontakt b ON a.pnr = b.pnr "
        "AND a.kont_ans_inst <> b.kont_ans_inst AND b.kont_starttidspunkt > a.kont_sluttidspunkt "
        "AND b.kont_starttidspunkt <= a.kont_sluttidspunkt + INTERVAL 4 HOUR "
        "WHERE a.kont_sluttidspunkt - a.kont_starttidspunkt > INTERVAL 9 HOUR "
        "AND a.lprindberetningssystem = 'LPR3' AND b.lprindberetningssystem = 'LPR3'"
    )
    assert pairs > 5


def test_psychiatric_contacts_follow_discharge_often_but_not_always(region):
    share, discharges = region.all(
        "SELECT avg(CAST(EXISTS (FROM contacts o WHERE o.pnr = s.pnr AND o.care = 'psychiatric' AND NOT o.inpatient "
        "AND o.first_day - s.last_day BETWEEN 1 AND 7) AS INT)), count(*) "
        "FROM contacts s WHERE s.care = 'psychiatric' AND s.inpatient AND s.last_day IS NOT NULL"
    )[0]
    assert discharges > 60
    assert 0.45 < share < 0.85


def test_purchases_look_like_purchases(region):
    assert region.one("SELECT avg(CAST(indo IS NULL AS INT)) FROM lmdb") == pytest.approx(0.15, abs=0.01)
    assert (
        region.one("SELECT count(*) FROM lmdb WHERE apk < 1 OR volume <= 0 OR packsize <= 0 OR length(atc) <> 7") == 0
    )
    assert region.one("SELECT count(*) FROM lmdb WHERE length(vnr) <> 6") == 0


def test_laboratory_answers_are_texts(region):
    plain = region.one(
        "SELECT avg(CAST(TRY_CAST(samplevalue AS DOUBLE) IS NOT NULL AS INT)) FROM laboratorieproevesvar_"
    )
    assert 0.8 < plain < 0.99
    others = {
        row[0]
        for row in region.all(
            "SELECT DISTINCT samplevalue FROM laboratorieproevesvar_ WHERE TRY_CAST(samplevalue AS DOUBLE) IS NULL"
        )
    }
    assert {"<4", ">90", "ikke påvist", "Aflyst"} <= others
    assert all(text[0] in "<>" or text in ("ikke påvist", "Aflyst") for text in others)
    assert region.one("SELECT count(DISTINCT npu) FROM laboratorieproevesvar_") == 6
    assert (
        region.one("SELECT max(n) FROM (SELECT count(DISTINCT unit) AS n FROM laboratorieproevesvar_ GROUP BY npu)")
        == 1
    )


def test_education_does_not_fall_with_the_years(region):
    falls = (
        "SELECT count(*) FROM (SELECT hfaudd < lag(hfaudd) OVER (PARTITION BY pnr ORDER BY aar) AS f FROM udda) WHERE f"
    )
    assert region.one(falls) == 0
    assert {row[0] for row in region.all("SELECT DISTINCT hfaudd FROM udda")} <= {
        "10",
        "20",
        "30",
        "40",
        "50",
        "60",
        "70",
    }


def test_the_registers_hold_nothing_of_the_truth(region):
    registers = {row[0] for table in COLUMNS for row in region.all(f"DESCRIBE {table}")}
    truth = {row[0] for row in region.all("DESCRIBE truth_risk")} | {
        row[0] for row in region.all("DESCRIBE truth_state")
    }
    assert registers & truth == {"pnr"}
    assert not [path for path in region.registers.rglob("*") if "truth" in path.name]


def test_the_truth_covers_who_lived_here_on_each_first_of_january(region):
    wrong = """SELECT count(*)
               FROM (SELECT pnr, year(referencetid) + 1 AS year FROM bef WHERE year(referencetid) < 2024) b
               FULL JOIN truth_risk t USING (pnr, year) WHERE b.pnr IS NULL OR t.pnr IS NULL"""
    assert region.one(wrong) == 0
    outside = "SELECT count(*) FROM truth_risk WHERE NOT (acute_admission BETWEEN 0 AND 1 AND death BETWEEN 0 AND 1)"
    assert region.one(outside) == 0
    assert region.one("SELECT count(*) FROM truth_risk WHERE acute_somatic_admission > acute_admission") == 0
    assert region.one("SELECT count(*) - count(DISTINCT (pnr, condition)) FROM truth_state") == 0


def test_conditions_show_in_diagnoses_only_after_their_onset(region):
    # schizophrenia has codes of its own; F20 as a secondary or action diagnosis not refuted is never early
    early = """SELECT count(*) FROM contacts c JOIN diagnoses d USING (contact)
               LEFT JOIN truth_state t ON t.pnr = c.pnr AND t.condition = 'schizophrenia'
               WHERE d.code LIKE 'DF20%' AND d.kind IN ('A', 'B') AND d.refuted IS DISTINCT FROM 'Ja'
               AND (t.onset IS NULL OR c.first_day < t.onset)"""
    assert region.one(early) == 0
    assert region.one("SELECT count(*) FROM diagnoses WHERE code LIKE 'DF20%'") > 50
