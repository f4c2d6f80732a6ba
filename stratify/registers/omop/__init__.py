"""The reader of the OMOP common data model, versions 5.3 and 5.4."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import duckdb

from stratify.catalogue import Catalogue
from stratify.definitions import coded_pairs, extra_pairs
from stratify.disclosure import words
from stratify.indices import measurable_indices
from stratify.morbidity import code_groups
from stratify.registers.delivery import Delivery
from stratify.registers.omop.concepts import ICD_VOCABULARY, map_concepts
from stratify.registers.omop.drugs import map_drugs, told_drugs
from stratify.registers.omop.labs import map_labs, told_labs
from stratify.registers.omop.periods import outside_periods
from stratify.registers.source import Conditions, Source

ICD_SHARE = 0.5  # of the records: from here on a source is taken to code in ICD-10, so that an index means something
SHAPED_SHARE = 0.9  # of distinct codes of this shape: so many must not begin with E or V, as codes of ICD-9 do

# codes of the shape of ICD-10, told to be that by their concept's vocabulary or by nothing
_SHAPED = f"""
CREATE TABLE shaped AS
SELECT c.row_, upper(replace(c.condition_source_value, '.', '')) AS code,
       coalesce(k.vocabulary_id, 'None') <> 'None' AS told
FROM condition_occurrence AS c LEFT JOIN concept AS k ON k.concept_id = c.condition_source_concept_id
WHERE regexp_full_match(upper(c.condition_source_value), '[A-Z][0-9][0-9A-Z](\\.?[0-9A-Z]{{1,4}})?')
  AND (coalesce(k.vocabulary_id, 'None') = 'None' OR {ICD_VOCABULARY})
"""
_BY_SHAPE = f"""
SELECT coalesce(avg(CASE WHEN code[1] IN ('E', 'V') THEN 0 ELSE 1 END) >= {SHAPED_SHARE}, true)
FROM (SELECT DISTINCT code FROM shaped WHERE NOT told)
"""
# the groups of each distinct record, by its standard concept and by its source code
_MET = """
CREATE TABLE met_groups AS
SELECT DISTINCT d.concept, d.code, g.grp
FROM (SELECT DISTINCT concept, code FROM diagnoses) AS d
JOIN (SELECT concept, CAST(NULL AS VARCHAR) AS code, grp FROM concept_groups
      UNION ALL SELECT NULL, code, grp FROM source_groups) AS g
  ON g.concept = d.concept OR g.code = d.code
"""
_ICD9 = (
    "condition_occurrence AS c JOIN concept AS k ON k.concept_id = c.condition_source_concept_id "
    "WHERE k.vocabulary_id LIKE 'ICD9%'"
)
NOT_BY_SHAPE = "codes that no vocabulary knows are not read as ICD-10: too many begin with E or V, as ICD-9's do"


def source() -> Source:
    """Return the OMOP reader."""
    return Source(
        tables="omop",
        system="urn:omop:person_id",
        person_ids="SELECT DISTINCT person_id AS source_id FROM checked_person WHERE reason IS NULL",
        needs={
            "contact": ("visit_occurrence",),
            "stay": ("visit_occurrence",),
            "diagnosis": ("condition_occurrence", "visit_occurrence"),
            "condition": ("condition_occurrence", "visit_occurrence"),
            "drug": ("drug_exposure", "drug_era"),
            "lab": ("measurement",),
            "procedure": ("procedure_occurrence",),
        },
        last_days=last_days,
        make_conditions=conditions,
        prepare=prepare,
    )


def prepare(con: duckdb.DuckDBPyConnection) -> None:
    """Make table `icd_source`, the rows whose source code is ICD-10, and those of medicine and laboratory results.

    A code is ICD-10 by its vocabulary or, where that is safe, by its shape.
    """
    map_drugs(con)
    map_labs(con)
    con.execute(_SHAPED)
    rows = "SELECT row_, code FROM shaped" + ("" if _by_shape(con) else " WHERE told")
    con.execute(f"CREATE TABLE icd_source AS {rows}")


def _by_shape(con: duckdb.DuckDBPyConnection) -> bool:
    return bool((con.execute(_BY_SHAPE).fetchone() or (False,))[0])


def last_days(con: duckdb.DuckDBPyConnection, today: date) -> tuple[date, date] | None:
    """Return the last day of any observation period, and the day of release, which is never before that.

    A period that ends after `today` is an open one: it does not say what is covered.
    """
    row = con.execute(
        "SELECT max(observation_period_end_date), "
        "(SELECT max(cdm_release_date) FROM checked_cdm_source WHERE cdm_release_date <= $today) "
        "FROM checked_observation_period WHERE reason IS NULL AND observation_period_end_date <= $today",
        {"today": today},
    ).fetchone()
    if not row or row[0] is None:
        return None
    return row[0], max(row[0], row[1] or row[0])


def conditions(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, delivery: Delivery) -> Conditions:
    """Return the SQL of condition events by standard concept and by ICD source code, and what can be told from both."""
    del delivery
    found = map_concepts(con, catalogue)
    codes = [code for (code,) in con.execute("SELECT DISTINCT code FROM icd_source ORDER BY code").fetchall()]
    con.execute("CREATE TABLE source_groups (code VARCHAR, grp VARCHAR)")
    pairs = sorted(code_groups(codes, catalogue))
    if pairs:
        con.executemany("INSERT INTO source_groups VALUES (?, ?)", [list(pair) for pair in pairs])
    con.execute(_MET)
    _add_groups_of_definitions(con, catalogue, codes)
    sql = """
        SELECT DISTINCT d.source_id, d.day, d.known, g.grp AS code, CAST(NULL AS INTEGER) AS until
        FROM diagnoses AS d JOIN met_groups AS g
          ON g.concept IS NOT DISTINCT FROM d.concept AND g.code IS NOT DISTINCT FROM d.code"""
    # a concept we cannot check and that nobody has says nothing: to call it 0 would be a guess
    met = {group for (group,) in con.execute(f"SELECT DISTINCT code FROM ({sql}) AS met").fetchall()}
    groups = found.derived | found.verified | (found.unverified & met) | {group for _, group in pairs}
    measurable = groups & set(catalogue.conditions)
    coded = _count(con, "icd_source") >= ICD_SHARE * max(1, _count(con, "condition_occurrence"))
    untold = _count(con, "all_contacts WHERE basis = 'admission' AND acute IS NULL")  # acute or planned
    acute_told = untold == 0 and _count(con, "all_contacts WHERE basis = 'admission'") > 0
    drug_codes, of_drugs = told_drugs(con)
    lab_codes, of_labs = told_labs(con)
    told: dict[str, Any] = {
        "conditions": sorted(measurable),
        "not_measurable": sorted(set(catalogue.conditions) - measurable),
        "unverified": sorted(found.unverified & measurable),
        "indices": measurable_indices(catalogue.indices, groups, catalogue.conditions, coded=coded),
        "acute": acute_told,
        "care": False,
        "drug_codes": drug_codes,
        "procedure_codes": False,  # concepts, not SKS
        "lab_codes": lab_codes,
    }
    notes = [*_notes(con, acute_told, untold), *of_drugs, *of_labs, *outside_periods(con)]
    return sql, told, [*found.problems, *notes]


def _add_groups_of_definitions(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, codes: Sequence[str]) -> None:
    """Add to `met_groups` what definitions ask for beside conditions, by record: concept and source code together."""
    rows = con.execute("SELECT concept, code, grp FROM met_groups ORDER BY ALL").fetchall()
    keys = {f"{concept}|{code}": (concept, code) for concept, code, _ in rows}
    pairs = extra_pairs([(f"{concept}|{code}", group) for concept, code, group in rows], catalogue)
    added = [[*keys[key], group] for key, group in pairs]
    coded = coded_pairs(codes)
    met = con.execute("SELECT DISTINCT concept, code FROM diagnoses ORDER BY ALL").fetchall()
    added += [[concept, code, group] for concept, code in met for of, group in coded if of == code]
    if added:
        con.executemany("INSERT INTO met_groups VALUES (?, ?, ?)", added)


def _notes(con: duckdb.DuckDBPyConnection, acute_told: bool, untold: int) -> list[str]:
    notes = [
        "psychiatric and somatic care are not told apart: all stays count as somatic",
    ]
    if not _by_shape(con):
        notes.append(NOT_BY_SHAPE)
    icd9 = _count(con, _ICD9)
    if icd9:
        notes.append(f"{words(icd9)} conditions coded in ICD-9: read by their standard concept alone, never as ICD-10")
    if _count(con, "death") == 0:
        notes.append("no deaths in this source: nobody is known to have died")
    if not acute_told:
        notes.append(f"{untold} inpatient visits without acute or planned: the outcome is any inpatient admission")
    if _count(con, "concept_relationship") == 0 or _count(con, "concept_ancestor") == 0:
        notes.append("the vocabulary has no relations: conditions are found by a short list of concepts")
    return notes


def _count(con: duckdb.DuckDBPyConnection, what: str) -> int:
    row = con.execute(f"SELECT count(*) FROM {what}").fetchone()
    return int(row[0]) if row else 0
