"""Laboratory results of a CDM in our codes and units: which concept is which analyte, which unit is brought to ours.

A result whose unit the analyte does not accept, or that names none, lands without a value: that it was measured is
known, how much is not. A concept that is no analyte of ours lands under its own number, without a value too.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

import duckdb
from pydantic import Field

from stratify.catalogue.entries import Shape
from stratify.disclosure import words

HERE = Path(__file__).parent
# without blanks, annotations and what an annotation leaves behind, in one case, with one mu
PLAIN_UNIT = (
    r"regexp_replace(regexp_replace(lower(replace(replace({0}, chr(181), 'u'), chr(956), 'u')), '\{{[^}}]*\}}|\s', '', "
    r"'g'), '/$', '')"
)


class Accepted(Shape):
    """Spellings of a unit, and what brings a value in it to the analyte's own."""

    ucum: tuple[str, ...]
    factor: float
    offset: float = 0.0


class Analyte(Shape):
    """An analyte by its NPU code: its LOINC codes, its standard concepts where read, the units it comes in."""

    npu: str = Field(pattern=r"^(NPU|DNK)\d{5}$")
    name: str
    unit: str
    read: tuple[str, ...]
    recall: tuple[str, ...] = ()
    concept: tuple[int, ...] = ()
    units: tuple[Accepted, ...] = Field(min_length=1)


class Analytes(Shape):
    """The table of analytes, and the concepts of bounds and units."""

    analyte: tuple[Analyte, ...]
    comparator: dict[int, str]
    unit_concept: dict[int, str]


@cache
def analytes() -> Analytes:
    """Return the declared analytes."""
    return Analytes.model_validate(tomllib.loads((HERE / "analytes.toml").read_text(encoding="utf-8")))


def plain_unit(unit: str) -> str:
    """Return a unit's spelling as `PLAIN_UNIT` makes it in SQL.

    >>> plain_unit("µmol / L"), plain_unit("mL/min/{1.73_m2}")
    ('umol/l', 'ml/min')
    """
    return re.sub(r"/$", "", re.sub(r"\{[^}]*\}|\s", "", unit.replace("\u00b5", "u").replace("\u03bc", "u").lower()))


def map_labs(con: duckdb.DuckDBPyConnection) -> None:
    """Make view `lab_results`: each measurement with its analyte (`npu`), its value in our unit (`ours`), its bound."""
    told = analytes()
    con.execute("CREATE TABLE loinc (code VARCHAR, npu VARCHAR)")
    con.executemany(
        "INSERT INTO loinc VALUES (?, ?)", [[code, a.npu] for a in told.analyte for code in (*a.read, *a.recall)]
    )
    con.execute(
        "CREATE TABLE lab_concepts AS SELECT k.concept_id AS concept, l.npu FROM concept AS k "
        "JOIN loinc AS l ON l.code = k.concept_code WHERE k.vocabulary_id = 'LOINC'"
    )
    con.executemany(  # a concept the vocabulary knows is what it says there
        "INSERT INTO lab_concepts SELECT $1, $2 WHERE $1 NOT IN (SELECT concept_id FROM concept)",
        [[concept, a.npu] for a in told.analyte for concept in a.concept],
    )
    con.execute("CREATE TABLE lab_units (npu VARCHAR, plain VARCHAR, factor DOUBLE, shift DOUBLE)")
    con.executemany(
        f"INSERT INTO lab_units SELECT $1, {PLAIN_UNIT.format('$2')}, $3, $4",
        [[a.npu, ucum, unit.factor, unit.offset] for a in told.analyte for unit in a.units for ucum in unit.ucum],
    )
    con.execute(
        "CREATE TABLE unit_texts AS SELECT concept_id AS concept, concept_code AS text FROM concept "
        "WHERE vocabulary_id = 'UCUM'"
    )
    con.executemany(
        "INSERT INTO unit_texts SELECT $1, $2 WHERE $1 NOT IN (SELECT concept FROM unit_texts)",
        [list(pair) for pair in told.unit_concept.items()],
    )
    con.execute("CREATE TABLE comparators (concept BIGINT, sign VARCHAR)")
    con.executemany("INSERT INTO comparators VALUES (?, ?)", [list(pair) for pair in told.comparator.items()])
    con.execute(f"""
        CREATE TEMP VIEW lab_results AS
        SELECT m.*, l.npu, m.value_as_number * u.factor + u.shift AS ours, o.sign
        FROM measurement AS m
             LEFT JOIN lab_concepts AS l ON l.concept = m.measurement_concept_id
             LEFT JOIN unit_texts AS t ON t.concept = m.unit_concept_id
             LEFT JOIN lab_units AS u
                  ON u.npu = l.npu AND u.plain = {PLAIN_UNIT.format("coalesce(t.text, m.unit_source_value)")}
             LEFT JOIN comparators AS o ON o.concept = m.operator_concept_id""")


def told_labs(con: duckdb.DuckDBPyConnection) -> tuple[list[str], list[str]]:
    """Return the analytes this source has results of, and what to tell of the others and of units."""
    met = con.execute("SELECT DISTINCT npu FROM lab_results WHERE npu IS NOT NULL ORDER BY npu").fetchall()
    results, other, refused, empty = con.execute(
        "SELECT count(*), count(*) FILTER (npu IS NULL), "
        "count(*) FILTER (npu IS NOT NULL AND value_as_number IS NOT NULL AND ours IS NULL), "
        "count(*) FILTER (npu IS NOT NULL AND value_as_number IS NULL) FROM lab_results"
    ).fetchone() or (0, 0, 0, 0)
    notes = []
    if other:
        notes.append(
            f"measurement: {words(other)} of {words(results)} rows are no analyte we know; they land without a value"
        )
    if refused:
        notes.append(
            f"measurement: {words(refused)} results in a unit their analyte is not known in, or in none: no value"
        )
    if empty:
        notes.append(f"measurement: {words(empty)} results of a known analyte came without a number")
    return [npu for (npu,) in met], notes
