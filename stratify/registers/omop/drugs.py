"""Medicine of a CDM by ATC: from standard concepts up to the classes of ATC, with the source's own vocabulary.

1. A source's own code that is an ATC code is taken as it is.
2. `concept_ancestor` gives the ATC classes above a standard concept.
3. Where that gives none, `concept_relationship` links a class with a drug or with an ingredient that it is below of.

Of the codes found the most detailed are kept: those of the fifth level where there is one. Where most records reach no
ATC code, what is not in a group is unknown, never 0: groups by ATC are "not measurable here".
"""

from __future__ import annotations

import duckdb

from stratify.disclosure import words

ATC_SHARE = 0.5  # of the records: from here on a source is taken to tell ATC, so that nothing in a group means nothing
ATC = "vocabulary_id = 'ATC' AND regexp_full_match(concept_code, '[A-Z](\\d\\d([A-Z]([A-Z](\\d\\d)?)?)?)?')"
# primary links alone: the secondary ones are of the other ingredients of a combination
LINKS = ("ATC - RxNorm", "ATC - RxNorm pr lat", "Maps to")
NOT_REACHED = "medicine: most records reach no ATC code with this vocabulary: groups by ATC are not measurable here"


def map_drugs(con: duckdb.DuckDBPyConnection) -> None:
    """Make table `drug_rows`: each exposure, or else each era, once for each ATC code (NULL where it reaches none)."""
    con.execute("""
        CREATE TABLE drugs AS
        SELECT row_, person_id, drug_concept_id AS concept, drug_source_concept_id AS source_concept,
               drug_exposure_start_date AS started, false AS era
        FROM drug_exposure
        UNION ALL
        SELECT row_, person_id, drug_concept_id, NULL, drug_era_start_date, true FROM drug_era
        WHERE NOT EXISTS (SELECT 1 FROM drug_exposure)""")
    links = ", ".join(f"'{link}'" for link in LINKS)
    con.execute(f"CREATE TABLE atc AS SELECT concept_id AS class, concept_code AS code FROM concept WHERE {ATC}")
    con.execute(
        "CREATE TABLE drugs_met AS SELECT DISTINCT concept FROM drugs WHERE concept <> 0 "
        "AND concept NOT IN (SELECT class FROM atc)"
    )
    con.execute("""
        CREATE TABLE drug_found AS
        SELECT class AS concept, code FROM atc
        UNION
        SELECT a.descendant_concept_id, c.code
        FROM concept_ancestor AS a JOIN atc AS c ON c.class = a.ancestor_concept_id
        WHERE a.descendant_concept_id IN (SELECT concept FROM drugs_met)""")
    con.execute(f"""
        INSERT INTO drug_found
        WITH linked AS (
            SELECT DISTINCT r.concept_id_2 AS concept, c.code FROM concept_relationship AS r
            JOIN atc AS c ON c.class = r.concept_id_1 WHERE r.relationship_id IN ({links})),
        left_over AS (SELECT concept FROM drugs_met WHERE concept NOT IN (SELECT concept FROM drug_found))
        SELECT o.concept, l.code FROM left_over AS o JOIN linked AS l ON l.concept = o.concept
        UNION
        SELECT o.concept, l.code FROM left_over AS o JOIN concept_ancestor AS a ON a.descendant_concept_id = o.concept
        JOIN linked AS l ON l.concept = a.ancestor_concept_id""")
    con.execute(
        "CREATE TABLE drug_codes AS SELECT concept, code FROM (SELECT concept, code, "
        "max(length(code)) OVER (PARTITION BY concept) AS deepest FROM drug_found) AS f WHERE length(code) = deepest"
    )
    # the source's own ATC code is one, what is reached from a standard concept may be several
    con.execute("""
        CREATE TABLE drug_rows AS
        SELECT d.row_, d.person_id, d.concept, d.started, d.era, coalesce(s.code, c.code) AS code
        FROM drugs AS d LEFT JOIN atc AS s ON s.class = d.source_concept
             LEFT JOIN drug_codes AS c ON c.concept = d.concept AND s.code IS NULL""")


def told_drugs(con: duckdb.DuckDBPyConnection) -> tuple[bool, list[str]]:
    """Return whether groups by ATC can be told, and what to tell of medicine without a code or with several."""
    records, coded, several, eras = con.execute(
        "SELECT count(*), count(*) FILTER (codes > 0), count(*) FILTER (codes > 1), count(*) FILTER (era) FROM "
        "(SELECT row_, bool_or(era) AS era, count(code) AS codes FROM drug_rows GROUP BY row_) AS by_record"
    ).fetchone() or (0, 0, 0, 0)
    told = records > 0 and coded >= ATC_SHARE * records
    notes = []
    if records and not told:
        notes.append(NOT_REACHED)
    if records > coded:
        notes.append(
            f"medicine: {words(records - coded)} of {words(records)} records have no ATC code: in no group by ATC"
        )
    if several:
        notes.append(f"medicine: {words(several)} records have several ATC codes and count once for each")
    if eras:
        notes.append("medicine is told by eras, without exposures: an era counts once")
    return told, notes
