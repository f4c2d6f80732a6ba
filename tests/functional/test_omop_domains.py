"""What an OMOP source tells beside visits and conditions: medicine, measurements, procedures, parts of visits.

The concepts are made by hand; what a public vocabulary calls them stands in `analytes.toml`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from stratify.catalogue import Catalogue, load
from stratify.errors import DataError
from stratify.registers.declare import tables
from stratify.registers.omop.labs import analytes
from stratify.store.land import Landed, land

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
TABLET, INGREDIENT, UNREACHED = 501, 502, 503
ATC_5, ATC_4, ATC_OTHER = 601, 602, 603
A1C, CREATININE, PULSE = 3004410, 3016723, 3027018

CDM = {
    "person": "person_id|gender_concept_id|year_of_birth\n1|8507|1950\n2|8532|1960",
    "observation_period": """
        observation_period_id|person_id|observation_period_start_date|observation_period_end_date
        1|1|2010-01-01|2019-12-31
        2|2|2010-01-01|2019-12-31
        """,
    "visit_occurrence": """
        visit_occurrence_id|person_id|visit_concept_id|visit_start_date|visit_end_date
        1|1|9201|2015-03-01|2015-03-04
        2|1|9201|2016-03-01|2016-03-03
        """,
    "condition_occurrence": """
        condition_occurrence_id|person_id|condition_concept_id|condition_start_date|condition_source_value|condition_source_concept_id
        1|1|0|2015-03-01|I50.9|0
        """,
    "concept": f"""
        concept_id|concept_name|vocabulary_id|concept_code
        {TABLET}|ramipril 5 MG Oral Tablet|RxNorm|1
        {INGREDIENT}|ramipril|RxNorm|2
        {UNREACHED}|something else|RxNorm|3
        {ATC_5}|ramipril; oral|ATC|C09AA05
        {ATC_4}|ACE inhibitors, plain|ATC|C09AA
        {ATC_OTHER}|ramipril and felodipine|ATC|C09BB05
        {A1C}|Hemoglobin A1c|LOINC|4548-4
        {CREATININE}|Creatinine|LOINC|2160-0
        {PULSE}|Heart rate|LOINC|8867-4
        701|percent|UCUM|%
        702|milligram per deciliter|UCUM|mg/dL
        """,
}
DRUGS = "drug_exposure_id|person_id|drug_concept_id|drug_exposure_start_date|drug_source_concept_id"
ABOVE = "ancestor_concept_id|descendant_concept_id"
LINKS = "concept_id_1|concept_id_2|relationship_id"
RESULTS = (
    "measurement_id|person_id|measurement_concept_id|measurement_date|operator_concept_id|value_as_number"
    "|unit_concept_id|unit_source_value"
)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(None)


class Store:
    def __init__(self, folder: Path, found: Landed) -> None:
        self.folder, self.found = folder, found

    def rows(self, domain: str, columns: str, group: str = "") -> list[tuple]:
        by = f"GROUP BY {group} " if group else ""
        return duckdb.execute(
            f"SELECT {columns} FROM read_parquet(?) JOIN read_parquet(?) USING (person) {by}ORDER BY ALL",
            [str(self.folder / domain / "bucket=000.parquet"), str(self.folder / "persons.parquet")],
        ).fetchall()

    def counts(self, table: str) -> tuple[object, object, object]:
        told = self.found.tables[table]
        return told["landed"], told["refused"], told.get("left", 0)


@pytest.fixture
def landed(tmp_path, catalogue) -> Callable[..., Store]:
    """Land the CDM above with tables added or replaced; every row of it is accounted for."""

    def run(data: Path | None = None, **tables: str) -> Store:
        folder, out = data or tmp_path / "cdm", tmp_path / "store"
        out.mkdir()
        if data is None:
            folder.mkdir()
            for name, text in {**CDM, **tables}.items():
                lines = "\n".join(line.strip() for line in text.strip().splitlines())
                (folder / f"{name}.csv").write_text(lines + "\n", encoding="utf-8")
        found = land("omop", folder, out, catalogue, lambda told: None)
        for told in found.tables.values():
            assert told["rows_in"] == told["landed"] + told["refused"] + told.get("left", 0)
        return Store(out, found)

    return run


# --- medicine -------------------------------------------------------------------------------------------------------


def test_medicine_has_the_most_detailed_atc_codes_above_its_concept(landed):
    store = landed(
        drug_exposure=f"{DRUGS}\n1|1|{TABLET}|2015-01-01|0\n2|2|{TABLET}|2015-01-02|",
        concept_ancestor=f"{ABOVE}\n{ATC_4}|{TABLET}\n{ATC_5}|{TABLET}\n{INGREDIENT}|{TABLET}",
    )
    assert store.rows("drug", "source_id, code, ddd") == [("1", "C09AA05", None), ("2", "C09AA05", None)]
    assert store.found.measurable["drug_codes"] is True
    assert not any("ATC" in note for note in store.found.notes)


def test_a_class_above_is_better_than_none(landed):
    store = landed(drug_exposure=f"{DRUGS}\n1|1|{TABLET}|2015-01-01|", concept_ancestor=f"{ABOVE}\n{ATC_4}|{TABLET}")
    assert store.rows("drug", "code") == [("C09AA",)]


@pytest.mark.parametrize("relation, found", [("ATC - RxNorm", True), ("ATC - RxNorm pr lat", True), ("Is a", False)])
def test_without_ancestors_a_link_to_the_ingredient_is_followed(landed, relation, found):
    store = landed(
        drug_exposure=f"{DRUGS}\n1|1|{TABLET}|2015-01-01|\n2|1|{INGREDIENT}|2015-02-01|",
        concept_ancestor=f"{ABOVE}\n{INGREDIENT}|{TABLET}",
        concept_relationship=f"{LINKS}\n{ATC_5}|{INGREDIENT}|{relation}",
    )
    expected = ["C09AA05", "C09AA05"] if found else [f"concept:{TABLET}", f"concept:{INGREDIENT}"]
    assert [code for (code,) in store.rows("drug", "code")] == expected
    assert store.found.measurable["drug_codes"] is found


def test_a_source_that_codes_in_atc_is_taken_at_its_word(landed):
    """A standard concept below two classes makes two rows; the source's own code says which of them it was."""
    store = landed(
        drug_exposure=f"{DRUGS}\n1|1|{TABLET}|2015-01-01|{ATC_OTHER}\n2|1|{TABLET}|2015-02-01|0",
        concept_ancestor=f"{ABOVE}\n{ATC_5}|{TABLET}\n{ATC_OTHER}|{TABLET}",
    )
    assert [code for (code,) in store.rows("drug", "code")] == ["C09AA05", "C09BB05", "C09BB05"]
    assert store.counts("drug_exposure") == (2, 0, 0)
    assert "medicine: <5 records have several ATC codes and count once for each" in store.found.notes


def test_where_no_atc_is_reached_groups_are_not_measurable_and_nothing_is_lost(landed):
    store = landed(drug_exposure=f"{DRUGS}\n1|1|{TABLET}|2015-01-01|0\n2|1|0|2015-01-02|0")
    assert store.rows("drug", "code") == [("concept:0",), (f"concept:{TABLET}",)]
    assert store.found.measurable["drug_codes"] is False
    assert any(note.startswith("medicine: most records reach no ATC code") for note in store.found.notes)


def test_a_few_without_a_code_are_told_and_the_groups_stand(landed):
    rows = f"1|1|{TABLET}|2015-01-01|\n2|1|{TABLET}|2015-02-01|\n3|1|{UNREACHED}|2015-03-01|"
    store = landed(drug_exposure=f"{DRUGS}\n{rows}", concept_ancestor=f"{ABOVE}\n{ATC_5}|{TABLET}")
    assert store.found.measurable["drug_codes"] is True
    assert "medicine: <5 of <5 records have no ATC code: in no group by ATC" in store.found.notes


ERAS = f"drug_era_id|person_id|drug_concept_id|drug_era_start_date\n1|1|{INGREDIENT}|2015-01-01"


def test_eras_stand_in_where_there_is_no_exposure(landed):
    store = landed(drug_era=ERAS, drug_exposure=DRUGS, concept_ancestor=f"{ABOVE}\n{ATC_5}|{INGREDIENT}")
    assert store.rows("drug", "code") == [("C09AA05",)]
    assert store.counts("drug_era") == (1, 0, 0)
    assert "medicine is told by eras, without exposures: an era counts once" in store.found.notes


def test_eras_made_of_the_exposures_beside_them_are_left(landed):
    store = landed(drug_era=ERAS, drug_exposure=f"{DRUGS}\n1|1|{TABLET}|2015-01-01|")
    assert store.rows("drug", "code") == [(f"concept:{TABLET}",)]
    assert store.counts("drug_era") == (0, 0, 1)
    assert "drug_era: <5 rows checked and not carried into the store" in store.found.notes


def test_two_rows_of_one_number_are_two_unless_equal_in_all(landed):
    row = f"1|1|{TABLET}|2015-01-01|0"
    store = landed(drug_exposure=f"{DRUGS}\n{row}\n{row}\n1|1|{UNREACHED}|2015-02-01|0")
    assert store.counts("drug_exposure") == (2, 1, 0)
    assert store.found.tables["drug_exposure"]["reasons"] == {"the same row again": 1}


# --- measurements ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "concept, number, unit, source_unit, value",
    [
        (A1C, "7.0", 701, "", 53.0),  # the equation: (7.0 - 2.15) * 10.929
        (A1C, "53", 0, "mmol/mol", 53.0),
        (A1C, "7.0", 0, "%{HbA1c}", 53.0),
        (A1C, "7.0", 9579, "%", 7.0),  # the concept of the unit before the source's spelling
        (A1C, "7.0", "", "", None),  # in no unit at all
        (A1C, "7.0", 702, "", None),  # in none of this analyte's
        (CREATININE, "1", 702, "", 88.4),
        (CREATININE, "90", "", " µMOL/L ", 90.0),
        (CREATININE, "", 702, "", None),
    ],
)
def test_a_value_is_brought_to_our_unit_or_lands_without(landed, concept, number, unit, source_unit, value):
    store = landed(measurement=f"{RESULTS}\n1|1|{concept}|2015-01-01|0|{number}|{unit}|{source_unit}")
    ((code, found, comparator),) = store.rows("lab", "code, value, comparator")
    assert code == {A1C: "NPU27300", CREATININE: "NPU18016"}[concept]
    assert found == (None if value is None else pytest.approx(value, abs=0.01))
    assert comparator is None
    assert store.found.measurable["lab_codes"] == [code]
    refused = "measurement: <5 results in a unit their analyte is not known in, or in none: no value"
    assert (refused in store.found.notes) is (value is None and bool(number))


@pytest.mark.parametrize(
    "operator, sign", [(4171756, "<"), (4171754, "<"), (4172703, None), (4171755, ">"), (4172704, ">"), ("", None)]
)
def test_bounds(landed, operator, sign):
    store = landed(measurement=f"{RESULTS}\n1|1|{CREATININE}|2015-01-01|{operator}|1|702|")
    assert store.rows("lab", "comparator") == [(sign,)]


def test_what_is_no_analyte_of_ours_lands_under_its_own_number(landed):
    store = landed(measurement=f"{RESULTS}\n1|1|{PULSE}|2015-01-01|0|80|8541|/min")
    assert store.rows("lab", "code, value") == [(f"concept:{PULSE}", None)]
    assert store.found.measurable["lab_codes"] == []


def test_concepts_and_units_are_known_without_a_vocabulary_but_never_against_it(landed, tmp_path):
    results = f"{RESULTS}\n1|1|{CREATININE}|2015-01-01|0|1|8840|"
    other = f"concept_id|concept_name|vocabulary_id|concept_code\n{CREATININE}|Something else|SNOMED|1"
    assert landed(measurement=results, concept="concept_id|concept_name|vocabulary_id|concept_code").rows(
        "lab", "code, value"
    ) == [("NPU18016", pytest.approx(88.4))]
    (tmp_path / "cdm").rename(tmp_path / "before")
    (tmp_path / "store").rename(tmp_path / "store_before")
    assert landed(measurement=results, concept=other).rows("lab", "code") == [(f"concept:{CREATININE}",)]


def test_no_code_concept_or_unit_is_declared_for_two():
    declared = analytes().analyte
    for every in (
        [code for a in declared for code in (*a.read, *a.recall)],
        [concept for a in declared for concept in a.concept],
        [a.npu for a in declared],
        *([ucum.casefold() for unit in a.units for ucum in unit.ucum] for a in declared),
    ):
        assert len(every) == len(set(every))


def test_every_code_our_features_and_targets_read_has_an_analyte(catalogue):
    known = {a.npu for a in analytes().analyte}
    groups = [set(group.codes) for group in catalogue.features["lab"].group if group.codes]
    assert [codes for codes in groups if not codes & known] == []


# --- procedures, observations, parts of visits ----------------------------------------------------------------------


def test_a_procedure_is_known_at_the_end_of_its_visit(landed):
    titles = "procedure_occurrence_id|person_id|procedure_concept_id|procedure_date|visit_occurrence_id"
    store = landed(procedure_occurrence=f"{titles}\n1|1|4000|2015-03-02|1\n2|1|4001|2015-05-01|\n3|2|4002|2015-03-02|1")
    assert store.rows("procedure", "code, known - day, setting") == [
        ("concept:4000", 2, "inpatient"),
        ("concept:4001", 0, None),
        ("concept:4002", 0, None),  # another person's visit
    ]


def test_observations_and_eras_of_conditions_are_checked_and_left(landed):
    observed = "observation_id|person_id|observation_concept_id|observation_date"
    eras = "condition_era_id|person_id|condition_concept_id|condition_era_start_date"
    store = landed(
        observation=f"{observed}\n1|1|4000|2015-03-02\n2|77|4000|2015-03-02",
        condition_era=f"{eras}\n1|1|4000|2015-03-02",
    )
    assert store.counts("observation") == (0, 1, 1)
    assert store.counts("condition_era") == (0, 0, 1)


def test_a_part_in_the_emergency_room_tells_that_an_inpatient_visit_was_acute(landed):
    titles = "visit_detail_id|person_id|visit_detail_concept_id|visit_detail_start_date|visit_occurrence_id"
    rows = ["1|1|9203|2015-03-01|1", "2|1|32037|2016-03-01|2", "3|1|9203|2016-03-01|99"]  # 32037: intensive care
    store = landed(visit_detail="\n".join([titles, *rows]))
    assert store.rows("stay", "acute, hours") == [(True, 72.0), (None, 48.0)]
    assert store.counts("visit_detail") == (1, 1, 1)
    assert store.found.measurable["acute"] is False  # of one of the two it is not known


def test_a_source_of_which_all_inpatient_visits_came_by_the_emergency_room_tells_acute(landed):
    titles = "visit_detail_id|person_id|visit_detail_concept_id|visit_detail_start_date|visit_occurrence_id"
    store = landed(visit_detail=f"{titles}\n1|1|9203|2015-03-01|1\n2|1|9203|2016-03-01|2")
    assert store.found.measurable["acute"] is True


# --- codes, ids, days -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["I50.9  ", "  I50.9", "i50.9", "I509"])
def test_padded_codes_are_read(landed, code):
    rows = CDM["condition_occurrence"].replace("I50.9", f'"{code}"')
    assert landed(condition_occurrence=rows).rows("diagnosis", "code") == [("I509",)]


def test_codes_padded_in_the_vocabulary_too(landed):
    concepts = CDM["concept"].strip() + f"\n900|Heart failure|ICD10  |{'I50':<10}\n{901}|HF|SNOMED|1"
    rows = CDM["condition_occurrence"].replace("|1|0|2015-03-01|I50.9|0", "|1|901|2015-03-01||")
    store = landed(concept=concepts, condition_occurrence=rows, concept_relationship=f"{LINKS}\n900|901|Maps to")
    assert ("hf",) in store.rows("condition", "code")


def test_icd9_is_never_read_as_icd10(landed):
    """V58.6 and E11.9 are of the shape of ICD-10, but their vocabulary says ICD-9."""
    concepts = CDM["concept"].strip() + "\n801|Long-term medicine|ICD9CM|V58.6\n802|An accident|ICD9CM|E11.9"
    rows = "\n".join(["2|1|0|2015-03-01|V58.6|801", "3|1|0|2015-03-01|E11.9|802", "4|1|0|2015-03-01|250.00|"])
    store = landed(concept=concepts, condition_occurrence=CDM["condition_occurrence"].strip() + "\n" + rows)
    assert store.rows("diagnosis", "code") == [("I509",), *[("concept:0",)] * 3]
    assert not {("t2d",), ("diabetes",)} & set(store.rows("condition", "code"))
    assert any(note.startswith("<5 conditions coded in ICD-9") for note in store.found.notes)


IDS = [
    "-9223372036854775808",
    "9223372036854775807",
    "9007199254740993",
    "9007199254740992",
    "007",
    "7",
    "a b/c",
    "Ø'\"x",
]


def _with_ids(folder: Path, ids: list, kind: str) -> Path:
    path = folder / "ids.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute(f"CREATE TABLE person (person_id {kind}, gender_concept_id INTEGER, year_of_birth INTEGER)")
        con.executemany("INSERT INTO person VALUES (?, 8507, 1950)", [[one] for one in ids])
        con.execute(
            "CREATE TABLE observation_period AS SELECT row_number() OVER () AS observation_period_id, person_id, "
            "DATE '2010-01-01' AS observation_period_start_date, "
            "DATE '2019-12-31' AS observation_period_end_date FROM person"
        )
        con.execute(
            "CREATE TABLE visit_occurrence AS SELECT person_id AS visit_occurrence_id, person_id, "
            "9201 AS visit_concept_id, DATE '2015-03-01' AS visit_start_date, "
            "DATE '2015-03-04' AS visit_end_date FROM person"
        )
        con.execute(
            "CREATE TABLE condition_occurrence AS SELECT person_id AS condition_occurrence_id, person_id, "
            "0 AS condition_concept_id, DATE '2015-03-02' AS condition_start_date, 'I50' AS condition_source_value, "
            "person_id AS visit_occurrence_id FROM person"
        )
    return path


@pytest.mark.parametrize(
    "kind, ids", [("VARCHAR", IDS), ("BIGINT", IDS[:4]), ("HUGEINT", IDS[:4]), ("UBIGINT", ["18446744073709551615"])]
)
def test_source_ids_are_kept_to_the_digit(landed, tmp_path, kind, ids):
    store = landed(_with_ids(tmp_path, ids, kind))
    people = duckdb.execute("SELECT source_id FROM read_parquet(?)", [str(store.folder / "persons.parquet")]).fetchall()
    assert sorted(who for (who,) in people) == sorted(ids)
    assert store.rows("diagnosis", "source_id, known - day") == sorted((who, 2) for who in ids)


def test_an_id_a_fraction_cannot_hold_is_no_id(landed, tmp_path):
    """As DOUBLE, 2^53 and 2^53 + 1 are the same number: whose record it is cannot be known."""
    with pytest.raises(DataError):
        landed(_with_ids(tmp_path, [2.0**53, 5.0], "DOUBLE"))


def test_ids_that_came_as_whole_fractions_are_their_numbers(landed, tmp_path):
    assert landed(_with_ids(tmp_path, [2.0**53 - 1, -5.0], "DOUBLE")).rows("diagnosis", "source_id") == [
        ("-5",),
        ("9007199254740991",),
    ]


def test_what_lies_outside_observation_is_kept_and_told(landed):
    results = f"{RESULTS}\n1|1|{CREATININE}|2005-01-01|0|1|702|\n2|1|{CREATININE}|2015-01-01|0|1|702|"
    store = landed(measurement=results)
    assert len(store.rows("lab", "day")) == 2
    assert "measurement: <5 of <5 rows lie outside their person's observation; kept" in store.found.notes
    residence = duckdb.execute("SELECT min(start) FROM read_parquet(?)", [str(store.folder / "residence.parquet")])
    assert residence.fetchone() == ((date(2010, 1, 1) - date(1970, 1, 1)).days,)


@pytest.mark.parametrize(
    "table", ["drug_exposure", "measurement", "procedure_occurrence", "observation", "visit_detail"]
)
def test_a_header_standing_as_data_is_refused_in_the_new_tables_too(landed, table):
    titles = [column.name.upper() for column in tables("omop")[table].column]
    store = landed(**{table: "|".join(f"column{n:02}" for n in range(len(titles))) + "\n" + "|".join(titles)})
    assert store.found.tables[table]["reasons"] == {"header row standing as data": 1}
    assert f"{table}: empty" in store.found.notes


# --- the two public data sets ---------------------------------------------------------------------------------------


def test_the_domains_of_the_public_cdm_53(landed):
    data = SHARED / "omop_gibleed" / "eunomia.duckdb"
    if not data.exists():
        pytest.skip("not here")
    store = landed(data)
    events = store.found.events
    assert (events["drug"], events["lab"], events["procedure"]) == (67_707, 44_053, 37_409)
    assert store.counts("drug_era") == (0, 0, 52_508)
    assert store.counts("condition_era") == (0, 0, 65_719)
    assert store.counts("observation") == (0, 0, 1_477)
    assert store.found.measurable["drug_codes"] is False
    assert store.rows("lab", "count(value)") == [(0,)]  # this one has no numbers


def test_the_domains_of_the_public_cdm_54(landed):
    data = SHARED / "omop_synthea27nj"
    if not data.exists():
        pytest.skip("not here")
    store = landed(data)
    events = store.found.events
    assert (events["drug"], events["lab"], events["procedure"]) == (883, 10_040, 1_649)
    assert store.counts("visit_detail") == (0, 0, 1_791)
    assert store.found.measurable["drug_codes"] is False
    values = {code: told for code, *told in store.rows("lab", "code, round(median(value)), count(value)", "code")}
    assert values["NPU27300"] == [43, 195]  # delivered as %, creatinine as mg/dL, haemoglobin as g/dL
    assert values["NPU18016"] == [88, 241]
    assert values["NPU02319"] == [9, 108]
