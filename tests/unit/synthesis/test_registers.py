"""The extract of a small region: its tables and files, what must hold between them, and what each quirk does to it."""

import json
from datetime import date, timedelta

import pytest

from pipelines.synthesis.parameters import read_parameters
from pipelines.synthesis.registers import COPIED, CORE, OPTIONAL, QUIRKS
from tests.unit.synthesis.regions import region_at

YEARS = range(2015, 2025)
COLUMNS = {
    "bef": "pnr koen foed_dag alder referencetid reg kom civst familie_id opr_land ie_type antpersh",
    "vnds": "pnr indud_kode haend_dato indud_land",
    "dod": "pnr doddato",
    "udda": "pnr aar hfaudd hf_vfra",
    "faik": "familie_id aar famaekvivadisp_13 famsociogrup_13",
    "akm": "pnr aar socio13",
    "lpr_adm": "pnr recnum d_inddto d_uddto v_indtime v_indminut c_adiag c_pattype c_indm c_spec c_sgh c_afd c_kom",
    "lpr_diag": "recnum c_diag c_diagtype",
    "lpr_sksopr": "recnum c_opr c_oprart d_odto c_osgh",
    "t_psyk_adm": "v_cpr k_recnum d_inddto d_uddto v_indtime v_indminut c_adiag c_pattype c_indm c_spec c_sgh c_afd "
    "c_kom",
    "t_psyk_diag": "v_recnum c_diag c_diagtype",
    "lpr_a_kontakt": "pnr dw_ek_kontakt dw_ek_forloeb kont_starttidspunkt kont_sluttidspunkt kont_type "
    "kont_patient_type prioritet kont_aarsag kont_ans kont_ans_inst kont_ans_hovedspec adiag borger_bo_kom "
    "flag_kont_afsluttet kont_afslutningsmaade lprindberetningssystem",
    "lpr_a_diagnose": "dw_ek_kontakt diag_kode diag_kode_type diag_parent_kode senere_afkraeftet",
    "lmdb": "pnr eksd atc vnr apk packsize strnum volume indo",
    "sssy": "pnr speciale honuge barnmak sikgrup ydernr kontakt bruhon",
    "laboratorieproevesvar_": "pnr npu samplingdato samplevalue unit",
    "aefv": "pnr hænd_mdr perpl_vis prahj_vis",
    "aehjsp": "pnr hjemsygep_dato imp_mark",
    "ophold_plejehjem": "v_pnr d_tilflyt_dato d_fraflyt_dato plejehjemsnavn",
    "tvang": "pnr dato art",
    "tolk": "pnr sprog fra_dato",
    "digital_post": "pnr fritaget_fra",
    "afstand": "pnr aar km_akuthospital km_praksis km_sundhedshus km_psykiatri",
    "laegevagt": "pnr kontakttidspunkt form",
    "praehospital": "pnr alarmtidspunkt hastegrad udfald",
}
STANDING = {"dream", "tolk", "digital_post", "ophold_plejehjem"}  # tables without years
# when a row happens, as a day, in the tables of events; sssy is in WEEKS, aefv in MONTHS
DAYS = {
    "vnds": "haend_dato",
    "dod": "doddato",
    "lpr_adm": "d_inddto",
    "t_psyk_adm": "d_inddto",
    "lpr_a_kontakt": "CAST(kont_starttidspunkt AS DATE)",
    "lmdb": "eksd",
    "laboratorieproevesvar_": "samplingdato",
    "aehjsp": "hjemsygep_dato",
    "tvang": "dato",
}
OTHER_DAYS = {"ophold_plejehjem": "d_tilflyt_dato", "tolk": "fra_dato", "digital_post": "fritaget_fra"}
WEEK = "CAST(strptime('20' || honuge[1:2] || '-' || honuge[3:4] || '-1', '%G-%V-%u') AS DATE)"  # its Monday
PEOPLE = {"t_psyk_adm": "v_cpr", "ophold_plejehjem": "v_pnr"}  # the column of the person, where it is not `pnr`
KEYS = {"lpr_adm": ["recnum"], "t_psyk_adm": ["k_recnum"], "lpr_a_kontakt": ["dw_ek_kontakt"], "dod": ["pnr"]}
KEYS |= {name: ["pnr", "aar"] for name in ("udda", "akm", "afstand")} | {"faik": ["familie_id", "aar"]}
KEYS |= {"bef": ["pnr", "referencetid"], "aefv": ["pnr", "hænd_mdr"], "aehjsp": ["pnr", "hjemsygep_dato"]}
KEYS |= {name: ["pnr"] for name in ("tolk", "digital_post", "dream")} | {"ophold_plejehjem": ["v_pnr"]}
CONTACTS = """(
SELECT pnr, recnum AS contact, 'LPR2' AS generation, d_inddto AS first_day, d_uddto AS last_day, c_adiag AS code,
       c_pattype = '0' AS inpatient, c_indm = '1' AS acute, false AS psychiatric, c_sgh AS unit FROM lpr_adm
UNION ALL
SELECT v_cpr, k_recnum, 'LPR2', d_inddto, d_uddto, c_adiag, c_pattype = '0', c_indm = '1', true, c_sgh FROM t_psyk_adm
UNION ALL
SELECT pnr, dw_ek_kontakt, 'LPR3', CAST(kont_starttidspunkt AS DATE), CAST(kont_sluttidspunkt AS DATE), adiag,
       kont_patient_type = 'Indlæggelse', prioritet = 'ATA1', kont_ans_hovedspec = 'Psykiatri', kont_ans_inst
FROM lpr_a_kontakt WHERE lprindberetningssystem = 'LPR3')"""
DIAGNOSES = """(
SELECT recnum AS contact, c_diag AS code, c_diagtype AS kind FROM lpr_diag
UNION ALL SELECT v_recnum, c_diag, c_diagtype FROM t_psyk_diag
UNION ALL SELECT dw_ek_kontakt, diag_kode, diag_kode_type FROM lpr_a_diagnose
WHERE senere_afkraeftet IS DISTINCT FROM 'Ja')"""


def person(table):
    return PEOPLE.get(table, "pnr")


def no_rows(region, sql):
    assert region.one(f"SELECT count(*) FROM ({sql})") == 0


# --- tables, columns, files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", [name for name in CORE if name != "dream"])
def test_each_table_has_its_columns_and_rows(region, table):
    assert region.column(f"SELECT column_name FROM (DESCRIBE {table})") == COLUMNS[table].split()
    assert region.one(f"SELECT count(*) FROM {table}") == region.rows[table] > 0


def test_there_are_these_tables_and_the_delivery_and_nothing_else(region):
    folders = {path.name for path in region.registers.iterdir() if path.is_dir()}
    assert folders == set(CORE) == set(region.rows)
    assert {path.name for path in region.registers.iterdir() if path.is_file()} == {"delivery.json"}


def test_each_table_has_a_file_for_each_year_it_covers(region, clean_region):
    span = {
        "bef": range(2014, 2025),
        **dict.fromkeys(("lpr_adm", "lpr_diag", "lpr_sksopr", "t_psyk_adm", "t_psyk_diag"), range(2015, 2020)),
        **dict.fromkeys(("lpr_a_kontakt", "lpr_a_diagnose"), range(2019, 2025)),
    }
    copied = dict.fromkeys(("lpr_a_kontakt", "lpr_a_diagnose"), range(2017, 2025))  # copies of older contacts
    for one, wanted in ((clean_region, span), (region, {**span, **copied})):
        for table in CORE:
            years = [None] if table in STANDING else list(wanted.get(table, YEARS))
            assert list(one.files(table)) == years, table
            for year, path in one.files(table).items():
                assert path.name == (f"{table}_00.parquet" if year is None else f"{table}_{year}_00.parquet")


def test_the_delivery_says_what_it_covers(region):
    assert json.loads((region.registers / "delivery.json").read_text()) == {
        "source": "synthetic",
        "system": "urn:stratify:synthetic",
        "covers_from": "2015-01-01",
        "covers_to": "2024-12-31",
        "delivered": "2025-03-01",
    }


@pytest.mark.parametrize("table", DAYS)
def test_each_event_lies_in_the_file_of_its_year(clean_region, table):
    # a stay that goes on in the new year at another hospital stays where it began
    goes_on = "AND NOT (kont_patient_type = 'Indlæggelse' AND month({0}) < 5)" if table == "lpr_a_kontakt" else ""
    for year, path in clean_region.files(table).items():
        others = f"FROM read_parquet('{path}') WHERE year({DAYS[table]}) <> {year} {goes_on.format(DAYS[table])}"
        no_rows(clean_region, others)


def test_years_in_rows_are_those_of_the_file(clean_region):
    years = {**dict.fromkeys(("udda", "faik", "akm", "afstand"), "aar"), "bef": "year(referencetid)"}
    for table, year in years.items():
        for named, path in clean_region.files(table).items():
            assert clean_region.column(f"SELECT DISTINCT {year} FROM read_parquet('{path}')") == [named]


@pytest.mark.parametrize("table", KEYS)
def test_keys_are_distinct(region, table):
    assert region.one(f"SELECT count(*) - count(DISTINCT ({', '.join(KEYS[table])})) FROM {table}") == 0


@pytest.mark.parametrize(
    "table, column, parent, key",
    [
        ("lpr_diag", "recnum", "lpr_adm", "recnum"),
        ("lpr_sksopr", "recnum", "lpr_adm", "recnum"),
        ("t_psyk_diag", "v_recnum", "t_psyk_adm", "k_recnum"),
        ("lpr_a_diagnose", "dw_ek_kontakt", "lpr_a_kontakt", "dw_ek_kontakt"),
    ],
)
def test_diagnoses_and_operations_belong_to_contacts_of_the_same_file(region, table, column, parent, key):
    for year, path in region.files(table).items():
        keys = f"SELECT {key} FROM read_parquet('{region.files(parent)[year]}')"
        no_rows(region, f"FROM read_parquet('{path}') WHERE {column} NOT IN ({keys})")


def test_years_after_the_change_still_bring_every_table(tmp_path):
    region = region_at(tmp_path / "late", people=200, years=2, seed=1)
    for table in ("lpr_adm", "lpr_diag", "lpr_sksopr", "t_psyk_adm", "t_psyk_diag"):
        assert region.rows[table] == region.one(f"SELECT count(*) FROM {table}") == 0
        assert region.column(f"SELECT column_name FROM (DESCRIBE {table})") == COLUMNS[table].split()
    assert region.rows["lpr_a_kontakt"] > 100


def test_years_before_the_change_still_bring_every_table(tmp_path):
    early = {"end": date(2014, 12, 31), "delivered": date(2015, 3, 1)}
    region = region_at(tmp_path / "early", people=200, years=2, seed=1, **early)
    for table in ("lpr_a_kontakt", "lpr_a_diagnose"):
        assert region.rows[table] == region.one(f"SELECT count(*) FROM {table}") == 0
        assert region.column(f"SELECT column_name FROM (DESCRIBE {table})") == COLUMNS[table].split()
    assert region.rows["lpr_adm"] > 100
    kinds = "SELECT DISTINCT year(d_inddto), c_pattype FROM lpr_adm WHERE c_indm = '1' AND c_pattype <> '0'"
    assert set(region.all(kinds)) == {
        (2013, "3"),
        (2014, "2"),
    }  # emergency contacts have a kind of their own until 2014


@pytest.mark.parametrize("table", OPTIONAL)
def test_optional_tables_come_when_asked_for(tmp_path, table):
    region = region_at(tmp_path / "more", people=300, years=2, seed=1, optional=True)
    assert {path.name for path in region.registers.iterdir() if path.is_dir()} == {*CORE, *OPTIONAL}
    assert region.column(f"SELECT column_name FROM (DESCRIBE {table})") == COLUMNS[table].split()
    assert region.one(f"SELECT count(*) FROM {table}") == region.rows[table] > 0
    assert list(region.files(table)) == [2023, 2024]


# --- people, and nothing outside their time here ----------------------------------------------------------------------


def test_no_pnr_can_be_read_as_a_date_of_birth(region):
    numbers = region.column("SELECT DISTINCT pnr FROM bef")
    assert len(numbers) > 4000
    for pnr in numbers:
        assert len(pnr) == 12
        assert pnr.isdigit()
        for six in (pnr[:6], pnr[2:8]):
            assert not (1 <= int(six[:2]) <= 31 and 1 <= int(six[2:4]) <= 12)


@pytest.mark.parametrize("table", [*DAYS, *OTHER_DAYS, "sssy", "aefv", "dream", "udda", "akm", "afstand"])
def test_rows_belong_to_people_of_the_population(region, table):
    no_rows(region, f"FROM {table} WHERE {person(table)} NOT IN (SELECT pnr FROM bef)")


@pytest.mark.parametrize("table, day", {**DAYS, **OTHER_DAYS}.items())
def test_nothing_happens_after_death_or_departure_or_before_birth(region, table, day):
    who = person(table)
    if table != "dod":
        no_rows(region, f"FROM {table} t JOIN dod ON t.{who} = dod.pnr WHERE {day} > doddato")
    if table != "vnds":
        left = f"FROM {table} t JOIN vnds ON t.{who} = vnds.pnr AND indud_kode = 'U'"
        no_rows(region, f"{left} WHERE {day} >= haend_dato")
    born = f"FROM {table} t JOIN (SELECT DISTINCT pnr, foed_dag FROM bef) b ON t.{who} = b.pnr"
    no_rows(region, f"{born} WHERE {day} < foed_dag")


@pytest.mark.parametrize("table, day", DAYS.items())
def test_nothing_happens_before_people_move_in(region, table, day):
    came = f"FROM {table} t JOIN vnds ON t.{person(table)} = vnds.pnr AND vnds.indud_kode = 'I'"
    no_rows(region, f"SELECT 1 {came} WHERE {day.replace('haend_dato', 't.haend_dato')} < vnds.haend_dato")


def test_weeks_of_services_lie_in_the_life_of_the_person(region):
    gone = "(SELECT pnr, doddato AS day FROM dod UNION ALL SELECT pnr, haend_dato - 1 FROM vnds WHERE indud_kode = 'U')"
    no_rows(region, f"FROM sssy JOIN {gone} USING (pnr) WHERE {WEEK} > day")
    no_rows(region, f"FROM sssy JOIN (SELECT DISTINCT pnr, foed_dag FROM bef) USING (pnr) WHERE {WEEK} + 6 < foed_dag")


def test_months_and_weeks_of_benefits_lie_in_the_life_of_the_person(region):
    month = "make_date(CAST(hænd_mdr[1:4] AS INT), CAST(hænd_mdr[5:6] AS INT), 1)"
    no_rows(region, f"FROM aefv JOIN dod USING (pnr) WHERE {month} > doddato")
    weeks = "(UNPIVOT dream ON COLUMNS('y_.*') INTO NAME week VALUE code)"
    monday = WEEK.replace("honuge", "week[3:]")
    no_rows(region, f"FROM {weeks} JOIN dod USING (pnr) WHERE {monday} > doddato")
    no_rows(region, f"FROM {weeks} JOIN vnds USING (pnr) WHERE indud_kode = 'U' AND {monday} >= haend_dato")


def test_statistics_of_a_year_are_of_those_who_live_here_at_its_end(clean_region):
    residents = "(SELECT pnr, year(referencetid) AS aar FROM bef WHERE referencetid > DATE '2014-12-31')"
    for table in ("akm", "afstand"):
        both = f"FROM {residents} b FULL JOIN {table} t USING (pnr, aar)"
        no_rows(clean_region, f"{both} WHERE t.pnr IS NULL OR b.pnr IS NULL")
    no_rows(clean_region, f"FROM udda ANTI JOIN {residents} USING (pnr, aar)")
    without = "FROM bef ANTI JOIN udda ON udda.pnr = bef.pnr AND aar = year(referencetid)"
    # schooling from elsewhere is often unknown
    no_rows(clean_region, f"{without} WHERE alder > 18 AND referencetid > DATE '2014-12-31' AND ie_type <> 2")


def test_women_who_give_birth_in_hospital_have_a_child_on_that_day(clean_region):
    births = """(SELECT pnr, d_inddto AS day FROM lpr_adm WHERE c_adiag LIKE 'DO%' UNION ALL
                 SELECT pnr, CAST(kont_starttidspunkt AS DATE) FROM lpr_a_kontakt WHERE adiag LIKE 'DO%'
                 AND lprindberetningssystem = 'LPR3')"""
    found, children = clean_region.all(
        f"""SELECT (SELECT count(*) FROM {births}), (SELECT count(DISTINCT pnr) FROM bef
            WHERE foed_dag >= DATE '2015-01-01' AND foed_dag > (SELECT min(referencetid) FROM bef))"""
    )[0]
    assert 0.7 < found / children < 1.2
    linked = f"""FROM {births} b JOIN bef m ON m.pnr = b.pnr AND year(m.referencetid) = year(b.day)
                 JOIN bef c ON c.familie_id = m.familie_id AND c.referencetid = m.referencetid AND c.foed_dag = b.day"""
    assert clean_region.one(f"SELECT count(DISTINCT b.pnr) {linked}") > 0.85 * clean_region.one(
        f"SELECT count(DISTINCT pnr) FROM {births}"
    )


def test_the_population_is_counted_on_the_last_day_of_each_year(clean_region):
    days = clean_region.all("SELECT referencetid, count(*), count(DISTINCT pnr) FROM bef GROUP BY 1 ORDER BY 1")
    assert [str(day) for day, *_ in days] == [f"{year}-12-31" for year in range(2014, 2025)]
    assert days[0][1] == 4000
    assert all(rows == people for _, rows, people in days)


def test_birth_and_sex_do_not_change_and_age_fits(region):
    assert region.one("SELECT max(n) FROM (SELECT count(DISTINCT (foed_dag, koen)) AS n FROM bef GROUP BY pnr)") == 1
    no_rows(region, "FROM bef WHERE abs(date_diff('day', foed_dag, referencetid) / 365.25 - alder) > 1.01")
    assert region.one("SELECT count(DISTINCT koen) FROM bef") == 2


def test_households_have_the_size_stated(region):
    sizes = "SELECT antpersh, count(*) OVER (PARTITION BY referencetid, familie_id) AS n FROM bef"
    no_rows(region, f"FROM ({sizes}) WHERE antpersh <> n")
    assert region.one("SELECT count(DISTINCT kom) FROM bef") == 19


def test_moves_and_deaths_fit_the_snapshots(clean_region):
    no_rows(clean_region, "FROM bef JOIN vnds USING (pnr) WHERE indud_kode = 'U' AND referencetid >= haend_dato")
    no_rows(clean_region, "FROM bef JOIN vnds USING (pnr) WHERE indud_kode = 'I' AND referencetid < haend_dato")
    missing = """FROM (SELECT pnr, max(referencetid) AS last FROM bef GROUP BY pnr) WHERE last < DATE '2024-12-31'
                 AND pnr NOT IN (SELECT pnr FROM dod) AND pnr NOT IN (SELECT pnr FROM vnds WHERE indud_kode = 'U')"""
    no_rows(clean_region, missing)


def test_family_income_joins_the_population_by_family_and_year(clean_region):
    families = "(SELECT DISTINCT familie_id, year(referencetid) AS aar FROM bef WHERE referencetid > DATE '2014-12-31')"
    joined = f"FROM {families} b FULL JOIN faik f USING (familie_id, aar)"
    no_rows(clean_region, f"{joined} WHERE b.familie_id IS NULL OR f.familie_id IS NULL")


def test_dream_has_a_column_for_each_week_of_the_years(region):
    first, last = date(2015, 1, 1), date(2024, 12, 28)
    weeks = [first + timedelta(days=7 * week) for week in range((last - first).days // 7 + 1)]
    names = ["pnr", *(f"y_{day:%g%V}" for day in weeks)]
    assert region.column("SELECT column_name FROM (DESCRIBE dream)") == names
    assert region.column("SELECT DISTINCT column_type FROM (DESCRIBE dream) WHERE column_name <> 'pnr'") == ["SMALLINT"]
    codes = region.column("SELECT DISTINCT code FROM (UNPIVOT dream ON COLUMNS('y_.*') INTO NAME week VALUE code)")
    assert all(100 <= code <= 999 for code in codes)


def test_people_in_care_homes_get_no_home_care_there(region):
    no_rows(region, "FROM ophold_plejehjem WHERE d_fraflyt_dato < d_tilflyt_dato")
    gone = "FROM ophold_plejehjem JOIN dod ON v_pnr = pnr WHERE d_fraflyt_dato IS NULL OR d_fraflyt_dato > doddato"
    no_rows(region, gone)
    month = "make_date(CAST(hænd_mdr[1:4] AS INT), CAST(hænd_mdr[5:6] AS INT), 1)"
    no_rows(region, f"FROM aefv JOIN ophold_plejehjem ON v_pnr = pnr WHERE {month} > d_tilflyt_dato")
    no_rows(region, "FROM aehjsp JOIN ophold_plejehjem ON v_pnr = pnr WHERE hjemsygep_dato >= d_tilflyt_dato")


def test_weeks_of_services_are_written_as_yyww(region):
    weeks = region.column("SELECT DISTINCT honuge FROM sssy")
    assert all(len(week) == 4 and week.isdigit() and 1 <= int(week[2:]) <= 53 for week in weeks)
    assert {week[:2] for week in weeks} >= {f"{year % 100}" for year in YEARS}
    for year, path in region.files("sssy").items():
        title = "honuge" if year in written(region, "sssy")[False] else "HONUGE"
        found = region.column(f"SELECT DISTINCT {title} FROM read_parquet('{path}')")
        assert {week[:2] for week in found} <= {f"{(year + n) % 100:02d}" for n in (-1, 0, 1)}


# --- hospital contacts ------------------------------------------------------------------------------------------------


def test_the_generation_changes_on_the_third_of_february_2019(region):
    for table in ("lpr_adm", "t_psyk_adm"):
        assert "2019-01-20" <= str(region.one(f"SELECT max(d_inddto) FROM {table}")) <= "2019-02-02"
    new = "SELECT min(CAST(kont_starttidspunkt AS DATE)) FROM lpr_a_kontakt WHERE lprindberetningssystem = 'LPR3'"
    assert "2019-02-03" <= str(region.one(new)) <= "2019-02-10"


def test_every_contact_has_at_most_three_secondary_diagnoses(clean_region):
    counted = f"FROM {CONTACTS} LEFT JOIN {DIAGNOSES} USING (contact) GROUP BY contact"
    counts = f"SELECT count(*) FILTER (kind = 'B') AS n {counted}"
    assert clean_region.all(f"SELECT min(n), max(n) FROM ({counts})") == [(0, 3)]


def test_kinds_and_forms_of_diagnosis_codes(region):
    assert set(region.column(f"SELECT DISTINCT kind FROM {DIAGNOSES}")) == {"A", "B", "G", "H", "+"}
    no_rows(region, f"FROM {DIAGNOSES} WHERE kind <> '+' AND NOT regexp_full_match(code, 'D[A-Z][0-9]{{2,4}}[A-Z]?')")
    no_rows(region, "FROM lpr_a_diagnose WHERE (diag_parent_kode IS NOT NULL) <> (diag_kode_type = '+')")


def test_codes_of_the_contact_tables(region):
    assert set(region.column("SELECT DISTINCT kont_type FROM lpr_a_kontakt")) == {"ALCA00", "ALCA03", "ALCA10"}
    assert set(region.column("SELECT DISTINCT prioritet FROM lpr_a_kontakt")) == {"ATA1", "ATA3"}
    assert set(region.column("SELECT DISTINCT c_pattype FROM lpr_adm")) == {"0", "2"}
    assert region.one("SELECT avg(CAST(c_indm = '1' AS INT)) FROM lpr_adm WHERE c_pattype = '2'") > 0.05  # emergency
    assert set(region.column("SELECT DISTINCT c_pattype FROM t_psyk_adm")) == {"0", "2"}
    assert set(region.column("SELECT DISTINCT c_indm FROM lpr_adm")) == {"1", "2"}
    no_rows(region, "FROM lpr_adm WHERE length(c_spec) <> 2 OR length(recnum) <> 18")
    no_rows(region, "FROM lpr_a_kontakt WHERE length(dw_ek_kontakt) <> 18 OR length(dw_ek_forloeb) <> 18")


@pytest.mark.parametrize(
    "what, code",
    [("companion", "DZ763"), ("observation", "DZ03"), ("birth", "DO8"), ("pneumonia", "DJ1"), ("hip", "DM16")],
)
def test_contacts_that_are_no_outcome_occur_beside_those_that_are(region, what, code):
    for generation in ("LPR2", "LPR3"):
        stays = f"SELECT count(*) FROM {CONTACTS} WHERE inpatient AND generation = '{generation}'"
        assert region.one(f"{stays} AND code LIKE '{code}%'") > 0, what


def test_only_women_give_birth(region):
    assert region.column(f"SELECT DISTINCT koen FROM bef JOIN {CONTACTS} USING (pnr) WHERE code LIKE 'DO%'") == [2]


def test_operations_fit_the_action_code(region):
    care = read_parameters().care.procedures
    found = region.all("SELECT DISTINCT c_adiag, c_opr FROM lpr_sksopr JOIN lpr_adm USING (recnum)")
    assert len(found) > 20
    for code, operation in found:
        fits = max((start for start in care.of if code.startswith(start)), key=len)
        assert operation in care.of[fits], code
    no_rows(region, "FROM lpr_sksopr JOIN lpr_adm USING (recnum) WHERE c_opr = 'KMCA10' AND c_adiag NOT LIKE 'DO82%'")
    without = "WHERE NOT EXISTS (FROM lpr_sksopr o WHERE o.recnum = a.recnum) AND c_pattype = '0'"
    starts = "', '".join(care.of)
    no_rows(region, f"FROM lpr_adm a {without} AND c_indm = '2' AND "
            f"list_bool_or([starts_with(c_adiag, s) FOR s IN ['{starts}']])")  # fmt: skip
    no_rows(region, f"FROM lpr_adm a {without} AND c_adiag LIKE 'DO82%'")


def test_planned_contacts_keep_to_the_working_week(region):
    days = f"SELECT avg(CAST(isodow(first_day) >= 6 AS INT)) FROM {CONTACTS} WHERE"
    assert region.one(f"{days} NOT acute") < 0.01
    assert region.one(f"{days} acute") == pytest.approx(2 / 7, abs=0.03)


@pytest.mark.parametrize(
    "start, name, code",
    [("DH25", "Øjensygdomme", "44"), ("DH90", "Øre-næse-hals", "46"), ("DL709", "Hudsygdomme", "18"),
     ("DC349", "Onkologi", "22"), ("DC619", "Urologi", "35"), ("DG35", "Neurologi", "20"),
     ("DM170", "Ortopædisk kirurgi", "36"), ("DN813", "Gynækologi og obstetrik", "38"),
     ("DI50", "Intern medicin", "01")],
)  # fmt: skip
def test_the_specialty_follows_the_action_code(region, start, name, code):
    new = f"SELECT DISTINCT kont_ans_hovedspec FROM lpr_a_kontakt WHERE adiag LIKE '{start}%' AND "
    assert set(region.column(new + "kont_ans_hovedspec <> 'Akutmedicin'")) <= {name}
    old = f"SELECT DISTINCT c_spec FROM lpr_adm WHERE c_adiag LIKE '{start}%' AND c_spec <> '99'"
    found = region.column(old) + region.column(new + "kont_ans_hovedspec <> 'Akutmedicin'")
    assert found
    assert set(found) <= {name, code}


def test_psychiatry_stays_the_specialty_of_psychiatric_contacts_alone(region):
    assert region.column("SELECT DISTINCT c_spec FROM t_psyk_adm") == ["50"]
    no_rows(region, "FROM lpr_adm WHERE c_spec = '50'")


def test_codes_fit_the_sex_of_the_person(region):
    coded = f"(SELECT pnr, d.code FROM {CONTACTS} c JOIN {DIAGNOSES} d USING (contact))"
    sexes = "SELECT DISTINCT koen FROM bef JOIN {} USING (pnr) WHERE code SIMILAR TO '{}.*'"
    assert region.column(sexes.format(coded, "D(C61|N40)")) == [1]
    assert region.column(sexes.format(coded, "D(O8|N8|N951|D259)")) == [2]


def test_planned_stays_have_operations_more_often_than_acute_ones(region):
    operated = "EXISTS (FROM lpr_sksopr o WHERE o.recnum = a.recnum)"
    shares = f"SELECT c_indm, avg(CAST({operated} AS INT)) FROM lpr_adm a WHERE c_pattype = '0' GROUP BY 1"
    share = dict(region.all(shares))
    assert share["2"] > 0.6 > 0.4 > share["1"] > 0
    no_rows(region, "FROM lpr_sksopr JOIN lpr_adm USING (recnum) WHERE d_odto NOT BETWEEN d_inddto AND d_uddto")


def test_transfers_make_one_stay_of_two_contacts_at_two_hospitals(region):
    pairs = region.one(
        f"SELECT count(*) FROM {CONTACTS} a JOIN {CONTACTS} b ON a.pnr = b.pnr AND a.unit <> b.unit "
        "AND b.first_day BETWEEN a.last_day AND a.last_day + 1 AND b.contact <> a.contact AND b.last_day > a.last_day "
        "WHERE a.inpatient AND b.inpatient AND NOT a.psychiatric AND NOT b.psychiatric AND a.first_day < b.first_day"
    )
    assert pairs > 5


def test_acute_somatic_stays_often_begin_in_the_emergency_department(region):
    through = region.one(
        "SELECT count(*) FROM lpr_a_kontakt a JOIN lpr_a_kontakt b ON a.pnr = b.pnr "
        "AND a.kont_sluttidspunkt = b.kont_starttidspunkt AND a.kont_patient_type = 'Akut ambulant' "
        "AND b.kont_patient_type = 'Indlæggelse' AND a.adiag = b.adiag"
    )
    assert through > 500


def test_psychiatric_contacts_follow_discharge_often_but_not_always(region):
    share, discharges = region.all(
        f"SELECT avg(CAST(EXISTS (FROM {CONTACTS} o WHERE o.pnr = s.pnr AND o.psychiatric AND NOT o.inpatient "
        "AND o.first_day - s.last_day BETWEEN 1 AND 7) AS INT)), count(*) "
        f"FROM {CONTACTS} s WHERE s.psychiatric AND s.inpatient AND s.last_day IS NOT NULL"
    )[0]
    assert discharges > 40
    assert 0.4 < share < 0.9


def test_coercion_happens_in_psychiatric_stays(region):
    stays = f"(FROM {CONTACTS} WHERE psychiatric AND inpatient)"
    inside = f"EXISTS (FROM {stays} s WHERE s.pnr = t.pnr AND t.dato BETWEEN first_day AND coalesce(last_day, t.dato))"
    no_rows(region, f"FROM tvang t WHERE NOT {inside}")


# --- truth and registers ----------------------------------------------------------------------------------------------


def test_the_registers_hold_nothing_of_the_truth(region):
    registers = {name for table in CORE for name in region.column(f"SELECT column_name FROM (DESCRIBE {table})")}
    tables = ("truth_risk", "truth_year", "truth_state", "truth_person", "truth_family")
    truth = {name for table in tables for name in region.column(f"SELECT column_name FROM (DESCRIBE {table})")}
    assert registers & truth == {"pnr", "familie_id", "kom"}
    assert not [path for path in region.registers.rglob("*") if "truth" in path.name]


def test_the_truth_covers_who_lived_here_on_each_first_of_january(clean_region):
    here = "(SELECT pnr, year(referencetid) + 1 AS year FROM bef WHERE year(referencetid) < 2024)"
    for table in ("truth_risk", "truth_year"):
        both = f"FROM {here} b FULL JOIN {table} t USING (pnr, year)"
        no_rows(clean_region, f"{both} WHERE b.pnr IS NULL OR t.pnr IS NULL")


def test_a_disease_shows_in_diagnoses_only_after_its_onset(clean_region):
    # schizophrenia has codes of its own; a referral (H) may be for anything
    early = f"""FROM {CONTACTS} c JOIN {DIAGNOSES} d USING (contact)
                LEFT JOIN truth_state t ON t.pnr = c.pnr AND t.condition = 'schizophrenia'
                WHERE d.code LIKE 'DF20%' AND d.kind IN ('A', 'B') AND (t.onset IS NULL OR c.first_day < t.onset)"""
    no_rows(clean_region, early)
    assert clean_region.one(f"SELECT count(*) FROM {DIAGNOSES} WHERE code LIKE 'DF20%'") > 50


def test_the_true_admissions_are_the_acute_stays_of_the_registers(clean_region):
    acute = f"""(SELECT DISTINCT pnr, year(first_day) AS year FROM {CONTACTS} WHERE acute AND inpatient
                 AND NOT regexp_matches(code, '^D(O|Z03|Z763)'))"""
    true, both, shown = clean_region.all(
        f"SELECT count(*) FILTER (acute_admission), count(*) FILTER (acute_admission AND a.pnr IS NOT NULL), "
        f"count(*) FILTER (a.pnr IS NOT NULL) FROM truth_year t LEFT JOIN {acute} a USING (pnr, year)"
    )[0]
    assert true > 1000
    assert both >= 0.995 * true
    assert shown <= 1.01 * true  # a stay that begins before New Year and is moved to another hospital after it


# --- what each quirk does, and what is there without it ---------------------------------------------------------------


def written(region, table):
    """Return the years whose file names its columns in capitals (True), and in lower case (False)."""
    found = {True: [], False: []}
    for year, path in region.files(table).items():
        names = region.column(f"SELECT column_name FROM (DESCRIBE FROM read_parquet('{path}'))")
        cases = {name.isupper() for name in names}
        assert len(cases) == 1, path.name
        found[cases.pop()].append(year)
    return found


def test_every_quirk_is_told_apart_below():
    assert set(QUIRKS) == {
        "letter_case", "overlap", "refuted", "suffix_letters", "text_values", "missing_indo", "duplicates",
        "open_contacts", "several_npu", "dead_in_snapshot",
        "corrections", "late_rows",  # these two: test_deliveries.py
    }  # fmt: skip


def test_letter_case_some_files_name_their_columns_in_capitals(region, clean_region):
    for table in CORE:
        assert not written(clean_region, table)[True]
    capitals = {table: written(region, table)[True] for table in CORE}
    assert all(capitals[table] and written(region, table)[False] for table in CORE if len(region.files(table)) > 4)
    path = region.files("aefv")[capitals["aefv"][0]]
    assert "HÆND_MDR" in region.column(f"SELECT column_name FROM (DESCRIBE FROM read_parquet('{path}'))")


def test_overlap_some_older_contacts_stand_in_lpr_a_as_well(region, clean_region):
    copies = "lprindberetningssystem = 'LPR2'"
    assert clean_region.column("SELECT DISTINCT lprindberetningssystem FROM lpr_a_kontakt") == ["LPR3"]
    many = region.one(f"SELECT count(*) FROM lpr_a_kontakt WHERE {copies}")
    assert many > 100
    originals = f"(FROM {CONTACTS} WHERE generation = 'LPR2' AND first_day >= DATE '2017-01-01')"
    found = region.all(
        f"SELECT count(*), count(DISTINCT psychiatric) FROM lpr_a_kontakt k JOIN {originals} o "
        "ON o.contact = dw_ek_kontakt AND o.pnr = k.pnr AND o.first_day = CAST(kont_starttidspunkt AS DATE) "
        "AND o.code = adiag AND o.unit = kont_ans_inst "
        f"AND o.psychiatric = (kont_ans_hovedspec = 'Psykiatri') WHERE {copies}"
    )
    assert found == [(many, 2)]
    assert 0.01 < many / region.one(f"SELECT count(*) FROM {originals}") < 0.06


def test_overlap_copies_bring_their_diagnoses(region):
    # these are the only diagnoses of lpr_a that landing refuses for want of a contact: theirs lands from LPR2
    copied = """SELECT dw_ek_kontakt, diag_kode, diag_kode_type FROM lpr_a_diagnose JOIN lpr_a_kontakt
                USING (dw_ek_kontakt) WHERE lprindberetningssystem = 'LPR2'"""
    original = """SELECT recnum, c_diag, c_diagtype FROM lpr_diag
                  UNION ALL SELECT v_recnum, c_diag, c_diagtype FROM t_psyk_diag"""
    assert region.one(f"SELECT count(*) FROM ({copied})") > 100
    no_rows(region, f"({copied}) EXCEPT ({original})")


def test_refuted_diagnoses_are_about_one_in_a_hundred_and_only_in_lpr_a(region, clean_region):
    share, missing = region.all(
        "SELECT avg(CAST(coalesce(senere_afkraeftet = 'Ja', false) AS INT)), "
        "avg(CAST(senere_afkraeftet IS NULL AS INT)) FROM lpr_a_diagnose"
    )[0]
    assert 0.003 < share < 0.02
    assert 0.1 < missing < 0.3
    no_rows(region, "FROM lpr_a_diagnose WHERE senere_afkraeftet = 'Ja' AND diag_kode_type <> 'B'")
    assert clean_region.column("SELECT DISTINCT senere_afkraeftet FROM lpr_a_diagnose") == ["Nej"]


def test_suffix_letters_national_letters_end_some_codes(region, clean_region):
    lettered = f"SELECT count(*) FROM {DIAGNOSES} WHERE kind <> '+' AND regexp_matches(code, '[A-Z]$')"
    assert region.one(lettered) > 50
    assert clean_region.one(lettered) == 0
    assert clean_region.one(f"SELECT count(*) FROM {CONTACTS} WHERE regexp_matches(code, '[A-Z]$')") == 0


def test_text_values_some_laboratory_answers_are_no_numbers(region, clean_region):
    no_number = "FROM laboratorieproevesvar_ WHERE TRY_CAST(samplevalue AS DOUBLE) IS NULL"
    share = region.one(f"SELECT count(*) {no_number}") / region.rows["laboratorieproevesvar_"]
    assert 0.01 < share < 0.2
    others = set(region.column(f"SELECT DISTINCT samplevalue {no_number}"))
    assert {"ikke påvist", "Aflyst"} <= others
    assert {text[0] for text in others - {"ikke påvist", "Aflyst"}} == {"<", ">"}
    no_rows(clean_region, no_number)


def test_each_laboratory_code_has_one_unit(region):
    units = "SELECT count(DISTINCT unit) AS n FROM laboratorieproevesvar_ GROUP BY npu"
    assert region.one(f"SELECT max(n) FROM ({units})") == 1


def test_several_npu_some_laboratories_report_under_other_codes(region, clean_region):
    other = {"NPU03835", "DNK35131", "NPU10171"}  # HbA1c in %, eGFR, LDL
    usual = {"NPU27300", "DNK35302", "NPU01568"}
    codes = "SELECT DISTINCT npu FROM laboratorieproevesvar_"
    found, clean = set(region.column(codes)), set(clean_region.column(codes))
    assert found >= other | usual
    assert clean == found - other


def test_missing_indo_the_indication_lacks_in_about_one_in_seven(region, clean_region):
    missing = "SELECT avg(CAST(indo IS NULL AS INT)) FROM lmdb"
    assert 0.12 < region.one(missing) < 0.18
    assert clean_region.one(missing) == 0
    no_rows(region, "FROM lmdb WHERE apk <= 0 OR volume <= 0 OR packsize <= 0 OR length(atc) <> 7 OR length(vnr) <> 6")


@pytest.mark.parametrize("table", sorted(COPIED))
def test_duplicates_some_rows_are_delivered_twice(region, clean_region, table):
    again = f"SELECT (SELECT count(*) FROM {table}) - (SELECT count(*) FROM (SELECT DISTINCT * FROM {table}))"
    assert 0.0005 < region.one(again) / region.rows[table] < 0.006
    assert clean_region.one(again) == 0


def test_duplicates_other_tables_have_none(region):
    for table in set(CORE) - COPIED - {"dream"}:
        distinct = f"SELECT count(*) FROM (SELECT DISTINCT * FROM {table})"
        assert region.one(distinct) == region.rows[table], table


def test_open_contacts_some_of_the_last_month_lack_an_end_though_they_have_one(region, clean_region):
    kinds = "SELECT DISTINCT kont_patient_type FROM lpr_a_kontakt WHERE kont_sluttidspunkt IS NULL"
    assert clean_region.column(kinds) == ["Indlæggelse"]  # those who lie in hospital when the data end
    assert len(region.column(kinds)) > 1
    began = "SELECT min(kont_starttidspunkt) FROM lpr_a_kontakt WHERE kont_sluttidspunkt IS NULL"
    assert str(clean_region.one(began)) > "2024-08-01"  # a stay lasts 120 days at most
    for one in (region, clean_region):
        no_rows(one, "FROM lpr_a_kontakt WHERE (kont_sluttidspunkt IS NULL) <> (flag_kont_afsluttet = 'Nej')")
        no_rows(one, "FROM lpr_a_kontakt WHERE kont_sluttidspunkt >= TIMESTAMP '2025-01-01'")
        no_rows(one, "FROM lpr_adm WHERE d_uddto IS NULL")


def test_dead_in_snapshot_those_who_died_in_its_last_two_weeks_still_stand_there(region, clean_region):
    dead = "FROM bef JOIN dod USING (pnr) WHERE doddato <= referencetid"
    no_rows(clean_region, dead)
    late = "SELECT min(referencetid - doddato), max(referencetid - doddato), count(*)"
    shortest, longest, many = region.all(f"{late} {dead}")[0]
    assert 0 <= shortest <= longest < 14
    assert many == region.one("SELECT count(*) FROM dod WHERE month(doddato) = 12 AND day(doddato) > 17")


def test_quirks_leave_what_happened_as_it_is(region, clean_region):
    for table in ("dod", "vnds", "udda", "faik", "akm", "aefv", "aehjsp", "tvang", "tolk", "digital_post", "afstand"):
        mine, others = (one.all(f"SELECT * FROM {table} ORDER BY ALL") for one in (region, clean_region))
        assert mine == others, table
