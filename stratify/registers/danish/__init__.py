"""The reader of Danish registers, simulated or real: the SQL beside it, and what ties it together."""

from __future__ import annotations

from datetime import date

import duckdb

from stratify.catalogue import Catalogue
from stratify.definitions import condition_pairs
from stratify.indices import measurable_indices
from stratify.registers.clock import day_number
from stratify.registers.delivery import Delivery
from stratify.registers.source import Conditions, Source

CPR = "urn:oid:1.2.208.176.1.2"
CONTACTS = ("lpr_a_kontakt", "lpr_adm", "t_psyk_adm")
DIAGNOSES = ("lpr_a_diagnose", "lpr_diag", "t_psyk_diag")
COUNTED_KINDS = ("A", "B", "G")  # action, secondary, underlying: the kinds that say the person has the disease


def source() -> Source:
    """Return the Danish reader."""
    return Source(
        tables="danish",
        system=CPR,
        person_ids="SELECT DISTINCT pnr AS source_id FROM checked_bef WHERE reason IS NULL",
        needs={
            "contact": CONTACTS,
            "stay": (*CONTACTS, *DIAGNOSES),
            "diagnosis": (*DIAGNOSES, *CONTACTS),
            "condition": (*DIAGNOSES, *CONTACTS),
            "drug": ("lmdb",),
            "lab": ("laboratorieproevesvar_",),
            "household": ("bef",),
            "origin": ("bef",),
            "education": ("udda",),
            "service": ("sssy",),
            "practice": ("sssy",),
            "procedure": ("lpr_sksopr",),
            "municipal": ("aefv", "aehjsp", "ophold_plejehjem"),
            "communication": ("tolk", "digital_post"),
            "coercion": ("tvang",),
            "occupation": ("akm",),
            "income": ("faik",),
            "distance": ("afstand",),
            "out_of_hours": ("laegevagt",),
            "ambulance": ("praehospital",),
        },
        last_days=last_days,
        make_conditions=conditions,
    )


def last_days(con: duckdb.DuckDBPyConnection, today: date) -> tuple[date, date] | None:
    """Return the last snapshot day of BEF, twice: until then at least the population is known.

    A day after `today`, or with less than half the people of the fullest one before it, is most often mistyped.
    """
    row = con.execute(
        "WITH days AS (SELECT referencetid AS day, count(*) AS people FROM checked_bef "
        "              WHERE reason IS NULL AND referencetid <= ? GROUP BY referencetid), "
        "known AS (SELECT *, max(people) OVER (ORDER BY day) AS most FROM days) "
        "SELECT max(day) FROM known WHERE 2 * people >= most",
        [today],
    ).fetchone()
    return (row[0], row[0]) if row and row[0] else None


def conditions(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, delivery: Delivery) -> Conditions:
    """Return the SQL of condition events from diagnoses; a refuted diagnosis counts until the refutation was known."""
    codes = [code for (code,) in con.execute("SELECT DISTINCT code FROM diagnoses ORDER BY code").fetchall()]
    con.execute("CREATE TABLE groups (code VARCHAR, grp VARCHAR)")
    pairs = condition_pairs(codes, catalogue)
    if pairs:
        con.executemany("INSERT INTO groups VALUES (?, ?)", [list(pair) for pair in pairs])
    kinds = ", ".join(f"'{kind}'" for kind in COUNTED_KINDS)
    sql = (
        "SELECT DISTINCT d.source_id, d.day, d.known, g.grp AS code, "
        f"CASE WHEN d.refuted THEN {day_number(delivery.delivered)} END AS until "
        f"FROM diagnoses AS d JOIN groups AS g USING (code) WHERE d.kind IN ({kinds})"
    )
    by_diagnosis = {c.id for c in catalogue.conditions.values() if not c.by_drugs_only}
    measurable = {
        "conditions": sorted(by_diagnosis),
        "not_measurable": sorted(set(catalogue.conditions) - by_diagnosis),
        "unverified": [],
        "indices": measurable_indices(catalogue.indices, by_diagnosis, catalogue.conditions, coded=True),
        "acute": True,
        "care": True,
    }
    return sql, measurable, _thin_snapshots(con)


def _thin_snapshots(con: duckdb.DuckDBPyConnection) -> list[str]:
    """A snapshot day with few people on it has all the others counted as moved away: most often a day mistyped."""
    row = con.execute(
        "WITH days AS (SELECT referencetid AS day, count(*) AS people FROM bef GROUP BY referencetid), "
        "known AS (SELECT people, lag(people) OVER (ORDER BY day) AS before FROM days) "
        "SELECT count(*) FILTER (2 * people < before), count(*) FROM known"
    ).fetchone()
    thin, days = row or (0, 0)
    if not thin:
        return []
    return [
        f"bef: {thin} of {days} snapshot days hold less than half the people of the one before; "
        "who is missing there counts as moved away"
    ]
