"""The reader of the OMOP common data model, versions 5.3 and 5.4."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb

from stratify.catalogue import Catalogue
from stratify.morbidity import code_groups
from stratify.registers.delivery import Delivery
from stratify.registers.omop.concepts import ICD_VOCABULARY, map_concepts
from stratify.registers.source import Conditions, Source

ICD_SHARE = 0.5  # of the records: from here on a source is taken to code in ICD-10, so that an index means something

# ICD-10 as the source wrote it: told by its concept's vocabulary, or by its shape where no vocabulary knows the concept
_ICD_SOURCE = f"""
CREATE TEMP TABLE icd_source AS
SELECT c.row_, upper(replace(c.condition_source_value, '.', '')) AS code
FROM condition_occurrence AS c LEFT JOIN concept AS k ON k.concept_id = c.condition_source_concept_id
WHERE regexp_full_match(upper(c.condition_source_value), '[A-Z][0-9][0-9A-Z](\\.?[0-9A-Z]{{1,4}})?')
  AND (coalesce(k.vocabulary_id, 'None') = 'None' OR {ICD_VOCABULARY})
"""


def source() -> Source:
    """Return the OMOP reader."""
    return Source(
        tables="omop",
        system="urn:omop:person_id",
        person_ids="SELECT DISTINCT person_id AS source_id FROM checked_person WHERE reason IS NULL",
        needs={},
        last_days=last_days,
        make_conditions=conditions,
        prepare=prepare,
    )


def prepare(con: duckdb.DuckDBPyConnection) -> None:
    """Make table `icd_source`: the rows whose source code is ICD-10."""
    con.execute(_ICD_SOURCE)


def last_days(con: duckdb.DuckDBPyConnection) -> tuple[date, date] | None:
    """Return the last day of any observation period, and the day of release, which is never before that."""
    row = con.execute(
        "SELECT max(observation_period_end_date), (SELECT max(cdm_release_date) FROM checked_cdm_source) "
        "FROM checked_observation_period WHERE reason IS NULL"
    ).fetchone()
    if not row or row[0] is None:
        return None
    return row[0], max(row[0], row[1] or row[0])


def conditions(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, delivery: Delivery) -> Conditions:
    """Return the SQL of condition events by standard concept and by ICD source code, and what can be told from both."""
    del delivery
    found = map_concepts(con, catalogue)
    codes = [code for (code,) in con.execute("SELECT DISTINCT code FROM icd_source ORDER BY code").fetchall()]
    con.execute("CREATE TEMP TABLE source_groups (code VARCHAR, grp VARCHAR)")
    pairs = sorted(code_groups(codes, catalogue))
    if pairs:
        con.executemany("INSERT INTO source_groups VALUES (?, ?)", [list(pair) for pair in pairs])
    sql = """
        SELECT DISTINCT d.source_id, d.day, d.known, g.grp AS code, CAST(NULL AS INTEGER) AS until
        FROM diagnoses AS d
        JOIN (SELECT concept, CAST(NULL AS VARCHAR) AS code, grp FROM concept_groups
              UNION ALL SELECT NULL, code, grp FROM source_groups) AS g
          ON g.concept = d.concept OR g.code = d.code"""
    # a concept we cannot check and that nobody has says nothing: to call it 0 would be a guess
    met = {group for (group,) in con.execute(f"SELECT DISTINCT code FROM ({sql}) AS met").fetchall()}
    groups = found.derived | found.verified | (found.unverified & met) | {group for _, group in pairs}
    measurable = groups & set(catalogue.conditions)
    coded = _count(con, "icd_source") >= ICD_SHARE * max(1, _count(con, "condition_occurrence"))
    charlson = {f"charlson.{group.id}" for group in catalogue.indices["charlson"].group}
    acute_told = _count(con, "visit_occurrence WHERE visit_concept_id = 262")
    told: dict[str, Any] = {
        "conditions": sorted(measurable),
        "not_measurable": sorted(set(catalogue.conditions) - measurable),
        "unverified": sorted(found.unverified & measurable),
        "charlson": coded or charlson <= groups,
        "acute": acute_told > 0,
        "care": False,
    }
    return sql, told, [*found.problems, *_notes(con, acute_told)]


def _notes(con: duckdb.DuckDBPyConnection, acute_told: int) -> list[str]:
    notes = [
        "psychiatric and somatic care are not told apart: all stays count as somatic",
        "no medicine, no laboratory read",
    ]
    if _count(con, "death") == 0:
        notes.append("no deaths in this source: nobody is known to have died")
    if not acute_told:
        inpatient = _count(con, "visit_occurrence WHERE visit_concept_id = 9201")
        notes.append(f"{inpatient} inpatient visits without acute or planned: the outcome is any inpatient admission")
    if _count(con, "concept_relationship") == 0 or _count(con, "concept_ancestor") == 0:
        notes.append("the vocabulary has no relations: conditions are found by a short list of concepts")
    return notes


def _count(con: duckdb.DuckDBPyConnection, what: str) -> int:
    row = con.execute(f"SELECT count(*) FROM {what}").fetchone()
    return int(row[0]) if row else 0
