"""OMOP data as they come: a CDM 5.3 in DuckDB or 5.4 as CSV files, with a full vocabulary, a cut one or none.

The CDM below is made by hand. Two public ones are landed too where they lie beside the project.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from stratify.catalogue import Catalogue, load
from stratify.errors import DataError
from stratify.store.land import Landed, land

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
T2D, T2D_CHILD, PROCEDURE, HF = 201826, 443732, 4000001, 316139

CDM = {
    "person": """
        person_id|gender_concept_id|year_of_birth|month_of_birth|day_of_birth
        1|8507|1950|3|1
        2|8532|1960||
        3|0|1970|2|31
        """,
    "observation_period": """
        observation_period_id|person_id|observation_period_start_date|observation_period_end_date
        1|1|2010-01-01|2019-12-31
        2|2|2010-01-01|2018-06-30
        3|3|2012-01-01|2019-06-30
        4|99|2010-01-01|2021-06-30
        """,
    "death": "person_id|death_date\n2|2018-03-01",
    "visit_occurrence": """
        visit_occurrence_id|person_id|visit_concept_id|visit_start_date|visit_start_datetime|visit_end_date|visit_end_datetime
        1|1|9201|2015-03-01|2015-03-01 00:00:00|2015-03-04|2015-03-04 00:00:00
        2|1|9203|2016-03-01|2016-03-01 08:00:00|2016-03-01|2016-03-01 10:00:00
        3|1|9201|2016-03-01|2016-03-01 12:00:00|2016-03-03|2016-03-03 10:00:00
        4|2|9202|2015-05-01||2015-05-01|
        5|2|9201|2015-06-01|2015-06-01 00:00:00|2015-06-01|2015-06-01 08:00:00
        """,
    "condition_occurrence": f"""
        condition_occurrence_id|person_id|condition_concept_id|condition_start_date|condition_source_value|condition_source_concept_id
        1|1|{T2D_CHILD}|2015-03-01|44054006|{T2D_CHILD}
        2|2|{HF}|2015-06-01|84114007|{HF}
        3|2|0|2015-06-01|J44.9|0
        4|3|{PROCEDURE}|2015-06-01||0
        5|3|0|2015-06-01|B20|777
        """,
    "concept": f"""
        concept_id|concept_name|vocabulary_id|concept_code
        0|No matching concept|None|No matching concept
        1|Type 2 diabetes mellitus|ICD10|E11
        2|Plain radiography of something|ICD10PCS|B211YZZ
        777|A read code|Read|B20
        {T2D}|Type 2 diabetes mellitus|SNOMED|44054006
        {T2D_CHILD}|Disorder due to type 2 diabetes mellitus|SNOMED|422014003
        {PROCEDURE}|Plain radiography|SNOMED|1
        """,
    "concept_relationship": f"""
        concept_id_1|concept_id_2|relationship_id
        1|{T2D}|Maps to
        2|{PROCEDURE}|Maps to
        1|{HF}|Is a
        """,
    "concept_ancestor": f"""
        ancestor_concept_id|descendant_concept_id
        {T2D}|{T2D}
        {T2D}|{T2D_CHILD}
        """,
    "cdm_source": "cdm_source_name|cdm_release_date\nours|2020-02-01",
}
TYPES = {"person_id": "BIGINT", "concept_id": "INTEGER", "concept_id_1": "INTEGER", "year_of_birth": "INTEGER"}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(None)


def _cells(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]


@pytest.fixture
def cdm(tmp_path) -> Callable[..., Path]:
    """Write the CDM, with tables replaced or left out: as CSV files, or as a DuckDB file with names in upper case."""

    def write(form: str = "csv", upper: bool = False, **tables: str | None) -> Path:
        given = {name: text for name, text in {**CDM, **tables}.items() if text is not None}
        if form == "csv":
            folder = tmp_path / "cdm"
            folder.mkdir()
            for name, text in given.items():
                titles, *rows = _cells(text)
                titles = [title.upper() if upper else title for title in titles]
                lines = "\n".join(",".join(row) for row in [titles, *rows]) + "\n"
                (folder / f"{name.upper() if upper else name}.csv").write_text(lines)
            return folder
        path = tmp_path / "cdm.duckdb"
        with duckdb.connect(str(path)) as con:
            for name, text in given.items():
                titles, *rows = _cells(text)
                columns = ", ".join(
                    f'"{title.upper() if upper else title}" {TYPES.get(title, "VARCHAR")}' for title in titles
                )
                con.execute(f'CREATE TABLE "{name.upper() if upper else name}" ({columns})')
                for row in rows:
                    marks = ", ".join("?" * len(row))
                    con.execute(f'INSERT INTO "{name}" VALUES ({marks})', [cell or None for cell in row])
            con.execute("CREATE TABLE note AS SELECT 'note_id' AS column0, 'person_id' AS column1")
            con.execute("CREATE TABLE note_nlp AS SELECT 1 AS column0")
        return path

    return write


class Store:
    def __init__(self, folder: Path, found: Landed) -> None:
        self.folder, self.found = folder, found

    def rows(self, domain: str, columns: str) -> list[tuple]:
        return duckdb.execute(
            f"SELECT source_id, {columns} FROM read_parquet(?) JOIN read_parquet(?) USING (person) ORDER BY ALL",
            [str(self.folder / domain / "bucket=000.parquet"), str(self.folder / "persons.parquet")],
        ).fetchall()

    def refused(self, table: str) -> list[tuple]:
        path = self.folder / "refused" / f"{table}.parquet"
        return duckdb.execute("SELECT row, reason, delivered FROM read_parquet(?)", [str(path)]).fetchall()


@pytest.fixture
def landed(tmp_path, catalogue) -> Callable[[Path], Store]:
    def run(data: Path) -> Store:
        out = tmp_path / f"store{len(list(tmp_path.iterdir()))}"
        out.mkdir()
        found = land("omop", data, out, catalogue, lambda told: None)
        for counts in found.tables.values():
            assert counts["rows_in"] == counts["landed"] + counts["refused"] + counts.get("left", 0)
            assert counts["refused"] == sum(counts["reasons"].values())
        return Store(out, found)

    return run


def _conditions(store: Store) -> set[tuple[str, str]]:
    return {(who, code) for who, code in store.rows("condition", "code") if "." not in code}


@pytest.mark.parametrize("form, upper", [("csv", False), ("csv", True), ("duckdb", False), ("duckdb", True)])
def test_a_cdm_lands_alike_from_files_and_database_in_any_case(cdm, landed, form, upper):
    store = landed(cdm(form, upper))
    assert store.found.people == 3
    assert store.found.tables["observation_period"]["reasons"] == {"event of an unknown person": 1}
    assert store.found.delivery.as_dict() == {
        "source": "omop",
        "system": "urn:omop:person_id",
        "covers_to": "2019-12-31",  # of the periods that land
        "delivered": "2020-02-01",
    }
    assert _conditions(store) == {("1", "t2d"), ("1", "diabetes"), ("2", "hf"), ("2", "copd"), ("2", "copd_asthma")}
    people = duckdb.execute(
        "SELECT source_id, sex, DATE '1970-01-01' + birth, DATE '1970-01-01' + death FROM read_parquet(?) ORDER BY 1",
        [str(store.folder / "persons.parquet")],
    ).fetchall()
    assert [
        (who, sex, *(None if d is None else date.fromisoformat(str(d)[:10]) for d in days))
        for who, sex, *days in people
    ] == [
        ("1", 1, date(1950, 3, 1), None),
        ("2", 2, date(1960, 7, 1), date(2018, 3, 1)),
        ("3", 0, date(1970, 7, 1), None),  # 31 February is no day
    ]


def test_conditions_are_derived_with_the_vocabulary_of_the_source(cdm, landed):
    """ICD-10 E11 -> 'Maps to' -> type 2 diabetes -> what is below it. Procedures of a like code do not count."""
    told = landed(cdm()).found.measurable
    assert {"t2d", "diabetes"} <= set(told["conditions"])
    assert "hiv" in told["not_measurable"]  # neither B20 of Read nor B21… of ICD-10-PCS
    assert not {"t2d", "diabetes"} & set(told["unverified"])
    assert told["indices"] == []
    assert told["care"] is False


@pytest.mark.parametrize(
    "name, has, verified", [("", True, False), ("HEART failure", True, True), ("Something else", False, False)]
)
def test_the_fallback_concept_is_verified_by_its_name(cdm, landed, catalogue, name, has, verified):
    entry = catalogue.conditions["hf"].omop_fallback[0]
    assert (entry.concept, entry.name.casefold()) == (HF, "heart failure")
    concepts = CDM["concept"].strip() + (f"\n{HF}|{name}|SNOMED|84114007" if name else "")
    store = landed(cdm(concept=concepts))
    told = store.found.measurable
    assert (("2", "hf") in _conditions(store)) is ("hf" in told["conditions"]) is has
    assert ("hf" in told["unverified"]) is (has and not verified)
    problem = f"hf: concept {HF} is called something else in this vocabulary; left out"
    assert store.found.notes.count(problem) == (name == "Something else")


def test_a_concept_of_another_name_is_told_once_though_its_whole_is_left_out_too(cdm, landed, catalogue):
    condition = next(c for c in catalogue.conditions.values() if c.part_of and c.omop_fallback and c.id != "t2d")
    concept = condition.omop_fallback[0].concept
    concepts = CDM["concept"].strip() + f"\n{concept}|Something else|SNOMED|x"
    notes = landed(cdm(concept=concepts)).found.notes
    assert notes.count(f"{condition.id}: concept {concept} is called something else in this vocabulary; left out") == 1


def test_a_condition_nobody_has_and_nothing_verifies_is_not_measurable(cdm, landed):
    store = landed(cdm(concept=None, concept_relationship=None, concept_ancestor=None))
    told = store.found.measurable
    assert "epilepsy" in told["not_measurable"]
    assert {("2", "hf"), ("2", "copd")} <= _conditions(store)
    assert "the vocabulary has no relations: conditions are found by a short list of concepts" in store.found.notes


def test_a_source_that_codes_in_icd10_tells_the_charlson_index(cdm, landed):
    rows = "\n".join(f"{n}|1|0|2015-01-01|I50.9|0" for n in range(4))
    titles = CDM["condition_occurrence"].strip().splitlines()[0]
    store = landed(cdm(condition_occurrence=f"{titles}\n{rows}", concept=None))
    assert "charlson" in store.found.measurable["indices"]
    assert ("1", "charlson.chf") in store.rows("condition", "code") or any(
        code.startswith("charlson.") for _, code in store.rows("condition", "code")
    )


def test_visits_become_stays_and_unknown_priority_stays_unknown(cdm, landed):
    store = landed(cdm())
    assert store.rows("stay", "round(hours, 2), acute, admission") == [
        ("1", 50.0, True, True),  # the emergency room at 8, the ward from 12
        ("1", 72.0, None, True),  # from noon to noon
        ("2", 0.0, None, True),  # from an unknown hour to eight: no length, never a negative one
    ]
    assert store.found.measurable["acute"] is False
    assert "3 inpatient visits without acute or planned: the outcome is any inpatient admission" in store.found.notes


def test_a_source_with_acute_inpatient_visits_tells_them(cdm, landed):
    visits = CDM["visit_occurrence"].strip() + "\n6|1|262|2017-03-01||2017-03-04|"
    store = landed(cdm(visit_occurrence=visits.replace("|9201|", "|262|")))
    assert store.found.measurable["acute"] is True
    assert not any("without acute" in note for note in store.found.notes)


def test_one_that_tells_it_of_some_inpatient_visits_alone_does_not_tell_it(cdm, landed):
    visits = CDM["visit_occurrence"].strip() + "\n6|1|262|2017-03-01||2017-03-04|"
    store = landed(cdm(visit_occurrence=visits))
    assert store.found.measurable["acute"] is False
    assert "3 inpatient visits without acute or planned: the outcome is any inpatient admission" in store.found.notes


def test_what_was_coded_in_a_visit_is_known_at_its_end(cdm, landed):
    rows = [f"1|1|{HF}|2015-03-01|x|0|1", f"2|1|{HF}|2015-03-02|x|0|", f"3|1|{HF}|2015-03-03|x|0|999"]
    rows += [f"4|2|{HF}|2015-05-01|x|0|7", f"5|2|{HF}|2015-03-03|x|0|1"]  # of an open visit; of another person's
    titles = CDM["condition_occurrence"].strip().splitlines()[0] + "|visit_occurrence_id"
    visits = CDM["visit_occurrence"].strip() + "\n7|2|9201|2015-05-01|||"
    store = landed(cdm(condition_occurrence="\n".join([titles, *rows]), visit_occurrence=visits))
    day = "DATE '1970-01-01' + {}".format
    known = [
        (who, str(on)[:10], str(since)[:10])
        for who, on, since in store.rows("diagnosis", f"{day('day')}, {day('known')}")
    ]
    assert known == [
        ("1", "2015-03-01", "2015-03-04"),
        ("1", "2015-03-02", "2015-03-02"),
        ("1", "2015-03-03", "2015-03-03"),
        ("2", "2015-03-03", "2015-03-03"),
        ("2", "2015-05-01", "2020-02-01"),
    ]


@pytest.mark.parametrize(
    "codes, read",
    [
        (["I50.9", "E11", "J44.9"], False),  # a third begins with E
        (["E849", "V586", "E8120"], False),  # accidents and factors of ICD-9
        (["E11", *(f"I{n}" for n in range(10, 19))], True),
        (["I50.9", "J44.9"], True),
    ],
)
def test_codes_no_vocabulary_knows_are_icd10_only_where_they_cannot_be_icd9(cdm, landed, codes, read):
    titles = CDM["condition_occurrence"].strip().splitlines()[0]
    rows = "\n".join(f"{n}|1|0|2015-01-01|{code}|0" for n, code in enumerate(codes))
    store = landed(cdm(condition_occurrence=f"{titles}\n{rows}"))
    coded = {code for _, code in store.rows("diagnosis", "code") if not code.startswith("concept:")}
    assert coded == ({code.replace(".", "") for code in codes} if read else set())
    assert any("too many begin with E or V" in note for note in store.found.notes) is not read


def test_a_period_without_an_end_does_not_say_what_is_covered(cdm, landed):
    periods = CDM["observation_period"].strip().replace("2019-06-30", "2199-12-31")
    assert landed(cdm(observation_period=periods)).found.delivery.covers_to == date(2019, 12, 31)


@pytest.mark.parametrize("form", ["csv", "duckdb"])
def test_a_header_that_stands_as_data_is_refused(cdm, landed, form):
    store = landed(cdm(form, death="column0|column1\nPERSON_ID|DEATH_DATE"))
    assert store.found.tables["death"]["reasons"] == {"header row standing as data": 1}
    ((row, reason, delivered),) = store.refused("death")
    assert (row, reason) == (1, "header row standing as data")
    assert json.loads(delivered)["person_id"] == "PERSON_ID"
    assert "no deaths in this source: nobody is known to have died" in store.found.notes
    if form == "duckdb":
        assert (
            "1 other tables hold nothing but their own header as a row, and count as empty: note" in store.found.notes
        )


def test_observation_stands_in_for_residence_and_ends_with_death(cdm, landed):
    store = landed(cdm())
    residence = duckdb.execute(
        'SELECT person, start, "end" - start FROM read_parquet(?) ORDER BY 1', [str(store.folder / "residence.parquet")]
    ).fetchall()
    assert [days for _, _, days in residence] == [3652, (date(2018, 3, 1) - date(2010, 1, 1)).days, 2738]


def test_what_is_missing_is_told_at_once(cdm, landed):
    with pytest.raises(DataError) as caught:
        landed(cdm(person=None, visit_occurrence="visit_occurrence_id|person_id\n1|1"))
    assert [problem.split(";")[0] for problem in caught.value.problems] == [
        "person: required table, not in the extract",
        "visit_occurrence.visit_concept_id: required column, missing",
        "visit_occurrence.visit_start_date: required column, missing",
        "visit_occurrence.visit_end_date: required column, missing",
    ]


def test_two_schemas_with_the_same_table_are_not_mixed(cdm, landed):
    path = cdm("duckdb")
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE SCHEMA other")
        con.execute("CREATE TABLE other.person AS SELECT * FROM main.person")
    with pytest.raises(DataError, match=r"person: stands in more than one schema of cdm\.duckdb"):
        landed(path)


# --- the two public data sets ---------------------------------------------------------------------------------------


def test_the_public_cdm_53_in_duckdb(landed):
    data = SHARED / "omop_gibleed" / "eunomia.duckdb"
    if not data.exists():
        pytest.skip("not here")
    found = landed(data).found
    assert found.people == 2_694
    assert found.tables["observation_period"]["reasons"] == {"event of an unknown person": 2_649}
    assert found.tables["death"]["reasons"] == {"header row standing as data": 1}
    assert "no deaths in this source: nobody is known to have died" in found.notes
    assert any(note.startswith("17 other tables hold nothing but their own header as a row") for note in found.notes)
    assert found.measurable["acute"] is False


def test_the_public_cdm_54_in_csv(landed):
    data = SHARED / "omop_synthea27nj"
    if not data.exists():
        pytest.skip("not here")
    found = landed(data).found
    assert found.people == 28
    assert found.tables["death"]["landed"] == 3
    assert all(counts["refused"] == 0 for counts in found.tables.values())
    assert any(note.startswith("3 files of other tables not read") for note in found.notes)
