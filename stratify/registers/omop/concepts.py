"""Which of a source's concepts make a condition: derived with its own vocabulary, or from a short list of our own.

1. The condition's ICD-10 patterns find ICD concepts of the vocabulary, which 'Maps to' takes to standard concepts and
   `concept_ancestor` to everything below them.
2. Where that finds nothing, the condition's `omop_fallback` concepts, with what is below them. A concept whose name in
   the vocabulary is the one we wrote down is verified, one that is not in the vocabulary is used and called unverified,
   one that goes by another name is left out and told.

What a sub-condition is found by, its whole is found by too.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb

from stratify.catalogue import Catalogue
from stratify.morbidity import code_groups

# diagnoses of the WHO and its national editions; ICD-10-PCS has procedures under codes of the same look
ICD_VOCABULARY = "(vocabulary_id LIKE 'ICD10%' AND vocabulary_id <> 'ICD10PCS')"


@dataclass
class Mapping:
    """How each condition is found in this source."""

    derived: set[str] = field(default_factory=set)
    verified: set[str] = field(default_factory=set)
    unverified: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


def map_concepts(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> Mapping:
    """Make table `concept_groups` (concept, grp) and return how each condition is found."""
    con.execute("CREATE TABLE concept_groups (concept BIGINT, grp VARCHAR)")
    found = Mapping()
    found.derived = _derive(con, catalogue)
    names = dict(con.execute("SELECT concept_id, concept_name FROM concept").fetchall())
    for condition in catalogue.conditions.values():
        if condition.id in found.derived:
            continue
        for entry in condition.omop_fallback:
            name = names.get(entry.concept)
            if name is not None and name.casefold() != entry.name.casefold():
                found.problems.append(
                    f"{condition.id}: concept {entry.concept} is called something else in this vocabulary; left out"
                )
                continue
            for group in (condition.id, *([condition.part_of] if condition.part_of else [])):
                (found.verified if name is not None else found.unverified).add(group)
                con.execute(
                    "INSERT INTO concept_groups SELECT ?, ? UNION "
                    "SELECT descendant_concept_id, ? FROM concept_ancestor WHERE ancestor_concept_id = ?",
                    [entry.concept, group, group, entry.concept],
                )
    found.unverified -= found.verified
    return found


def _derive(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> set[str]:
    rows = con.execute(
        f"SELECT DISTINCT replace(concept_code, '.', '') FROM concept WHERE {ICD_VOCABULARY} ORDER BY ALL"
    ).fetchall()
    pairs = sorted(code_groups([code for (code,) in rows], catalogue))
    con.execute("CREATE TABLE icd_groups (code VARCHAR, grp VARCHAR)")
    if pairs:
        con.executemany("INSERT INTO icd_groups VALUES (?, ?)", [list(pair) for pair in pairs])
    con.execute(f"""
        INSERT INTO concept_groups
        SELECT DISTINCT coalesce(below.descendant_concept_id, maps.concept_id_2), g.grp
        FROM icd_groups AS g
        JOIN concept AS icd ON replace(icd.concept_code, '.', '') = g.code AND {ICD_VOCABULARY}
        JOIN concept_relationship AS maps ON maps.concept_id_1 = icd.concept_id AND maps.relationship_id = 'Maps to'
        LEFT JOIN concept_ancestor AS below ON below.ancestor_concept_id = maps.concept_id_2""")
    return {group for (group,) in con.execute("SELECT DISTINCT grp FROM concept_groups").fetchall()}
