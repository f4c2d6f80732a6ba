"""The steps that people meet: quality targets measured, the population scored, and the file the service reads."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from models import Member, ensure_signing_keys, load_champion, load_specs, reasons
from pipelines.data_steps import DATA_KINDS, Progress
from pipelines.matrix import Matrix, read_matrix
from pipelines.model_steps import MODEL_KINDS
from pipelines.steps import Step, manifest_digest, read_manifest, run_step
from stratify.care.facts import Facts
from stratify.care.fill import from_rows, of_conditions
from stratify.care.recommend import recommend
from stratify.care.rules import judge
from stratify.catalogue import Catalogue
from stratify.catalogue.entries import Target
from stratify.cohort import residents, spells
from stratify.features.conditions import present
from stratify.features.kernel import Floats, Rows
from stratify.files import TEMPORARY, canonical_json, write_json
from stratify.pseudonym import ensure_key, key_id, pseudonym
from stratify.quality.indicator import measure
from stratify.quality.publish import body
from stratify.registers.clock import day_number, day_of, read_date
from stratify.store.read import Store
from stratify.strata import stratify_person
from stratify.workspace import Workspace

LISTED = 500  # people at the top of a risk, whose reasons are worked out in the batch; others when they are opened
FORMAT = "1"
PSEUDONYM_KEY = "pseudonym.key"
SCORE_KINDS = (*MODEL_KINDS, "strata", "offers")
_TABLES = {
    "stay": ["person", "day", "start_min", "end_min", "end_day", "acute", "care", "admission", "unit_last"],
    "contact": ["person", "day", "setting", "care"],
    "lab": ["person", "day", "code", "value", "comparator"],
}


def monitor_step(work: Workspace, catalogue: Catalogue, progress: Progress) -> tuple[dict[str, Any], bool]:
    """Measure every quality target for the last full year; return the manifest, with the counts as they may be shown."""
    inputs = {"store": manifest_digest(work.store, "land")}
    step = Step("monitor", work.quality, inputs, {}, catalogue.digest_of(*DATA_KINDS, "targets"))

    def make(out: Path) -> dict[str, Any]:
        store = Store(work.store)
        year = last_full_year(day_of(store.day("covers_to")))
        start, end = day_number(date(year, 1, 1)), day_number(date(year + 1, 1, 1))
        tables = {domain: store.read(domain, names) for domain, names in _TABLES.items() if store.has(domain)}
        tables |= {"persons": store.persons(), "residence": store.residence()}
        counted: dict[str, Any] = {}
        for target in catalogue.targets.values():
            progress(f"measuring {target.id}")
            needs = {"readmission": "stay", "contact_after_discharge": "contact", "last_lab_value": "lab"}
            lacking = _lacking(store, target, needs[target.measure])
            if lacking:
                counted[target.id] = not_measurable(target, str(year), lacking)
                continue
            population = target_population(store, catalogue, target, start)
            result = measure(target, tables, population, start, end, store.day("delivered"))
            counted[target.id] = body(target, result, str(year))
        for key, told in counted.items():
            write_json(out / f"{key}.json", told)
        return {"targets": counted}

    return run_step(step, make)


def score_step(work: Workspace, catalogue: Catalogue, progress: Progress) -> tuple[dict[str, Any], bool]:
    """Score everybody at the latest landmark, weigh strata and offers, and write what the service answers from."""
    key = ensure_key(work.keys / PSEUDONYM_KEY)
    _, public = ensure_signing_keys(work.keys)
    bundle = load_champion(work.bundles, public)
    inputs = {
        "features": manifest_digest(work.features, "build"),
        "quality": manifest_digest(work.quality, "monitor"),
        "bundle": bundle.version,
    }
    parameters = {"listed": LISTED, "pseudonym_key": key_id(key), "format": FORMAT}
    step = Step("score", work.scores, inputs, parameters, catalogue.digest_of(*SCORE_KINDS), (work.serving_db,))

    def make(out: Path) -> dict[str, Any]:
        store = Store(work.store)
        told = read_manifest(work.features, "build")["results"]
        landmark = day_number(read_date(told["score_landmark"], "score_landmark"))
        matrix = read_matrix(work.features, [landmark])
        progress(f"scoring {len(matrix.rows)} people")
        risks = {outcome: member.risk(matrix.cells) for outcome, member in bundle.members.items()}
        bodies = people_bodies(store, catalogue, matrix, landmark, risks, bundle.members, progress)
        _write_scores(out / f"{told['score_landmark']}.parquet", matrix, risks, bodies, catalogue)
        delivery = read_manifest(work.store, "land")["results"]["delivery"]
        meta = {
            "format": FORMAT,
            "bundle_version": bundle.version,
            "landmark": told["score_landmark"],
            "covers_to": delivery["covers_to"],
            "delivered": delivery["delivered"],
            "source": delivery["source"],
            "system": delivery["system"],
            "catalogue_digest": catalogue.digest,
            "pseudonym_key_id": key_id(key),
        }
        progress("writing serving.db")
        names = [pseudonym(key, delivery["system"], source_id) for source_id in _ids(store, matrix)]
        targets = read_manifest(work.quality, "monitor")["results"]["targets"]
        write_serving(work.serving_db, meta, names, bodies, matrix.cells, targets)
        answers: dict[str, int] = {}
        levels: dict[str, int] = {}
        for one in bodies:
            levels[one["stratum"]["need"]["id"]] = levels.get(one["stratum"]["need"]["id"], 0) + 1
            for offer in one["offers"]:
                answers[offer["answer"]] = answers.get(offer["answer"], 0) + 1
        return {"people": len(bodies), "need": levels, "answers": answers, "bundle": bundle.version}

    return run_step(step, make)


def people_bodies(
    store: Store,
    catalogue: Catalogue,
    matrix: Matrix,
    landmark: int,
    risks: Mapping[str, Floats],
    members: Mapping[str, Member],
    progress: Progress,
) -> list[dict[str, Any]]:
    """Return each person's answer as the service gives it; reasons only for those at the top of a risk."""
    explained = _reasons_of_listed(matrix, risks, members)
    conditions = list(catalogue.conditions)
    found: list[dict[str, Any]] = []
    facts = from_rows(matrix.cells, matrix.names, matrix.rows.person, catalogue, store, landmark, risks)
    for row, one in enumerate(facts):
        if row % 1000 == 0:
            progress(f"weighing offers, {row / len(matrix.rows):.0%}")
        has = one.known["conditions"]
        found.append(
            {
                "risks": [
                    {"outcome": key, "risk": float(risk[row]), "horizon_days": catalogue.outcomes[key].horizon_days}
                    for key, risk in risks.items()
                ],
                "reasons": explained.get(row),
                "missing": missing(matrix, row, store, catalogue, risks),
                "stratum": stratify_person(one, catalogue),
                "offers": recommend(one, catalogue),
                "conditions": [key for key in conditions if isinstance(has, frozenset) and key in has],
            }
        )
    return found


def missing(
    matrix: Matrix, row: int, store: Store, catalogue: Catalogue, risks: Mapping[str, Floats]
) -> list[dict[str, Any]]:
    """Return what the answer lacks: domains and conditions the source cannot tell, outcomes without a model, newcomers."""
    told: list[tuple[str, str, str]] = []
    for domain, da, en in (("drug", "medicin", "medicine"), ("lab", "blodprøver", "laboratory results")):
        if not store.has(domain):
            told.append((domain, f"Kilden har ikke {da}.", f"The source has no {en}."))
    unmeasurable = store.measurable["not_measurable"]
    if unmeasurable:
        da = ", ".join(catalogue.conditions[key].name.da for key in unmeasurable)
        en = ", ".join(catalogue.conditions[key].name.en for key in unmeasurable)
        told.append(("conditions", f"Kan ikke ses i denne kilde: {da}.", f"Cannot be seen in this source: {en}."))
    for key in catalogue.outcomes:
        if key not in risks:
            name = catalogue.outcomes[key].name
            told.append((f"model_{key}", f"Ingen model for: {name.da}.", f"No model for: {name.en}."))
    days = matrix.cells[row, matrix.names.index("person_resident_days")]
    if days < 365:
        told.append(("newcomer", "Har boet her under et år: tynd journal.", "Resident under a year: a thin record."))
    return [{"id": key, "text": {"da": da, "en": en}} for key, da, en in told]


def target_population(store: Store, catalogue: Catalogue, target: Target, start: int) -> npt.NDArray[np.int64]:
    """Return the adults resident at the start of a period who meet the target's rule, as known on that day."""
    everyone = residents(store.persons(), spells(store.residence()), [start])
    kept: list[int] = []
    measurable = set(store.measurable["conditions"])
    for bucket in range(store.buckets):
        mine = everyone.person % store.buckets == bucket
        rows = Rows(everyone.person[mine], everyone.day[mine])
        found = present(store, rows, catalogue, bucket)
        for person, has in zip(rows.person.tolist(), found.ids(), strict=True):
            if judge(target.population, Facts(of_conditions(has, catalogue, measurable))).holds:
                kept.append(person)
    return np.array(sorted(kept), dtype=np.int64)


def not_measurable(target: Target, period: str, lacking: str) -> dict[str, Any]:
    """Return a target's result where the source lacks what it needs: said, never 0."""
    return {
        "id": target.id,
        "name": target.name.model_dump(),
        "period": period,
        "numerator": None,
        "denominator": None,
        "unknown": None,
        "share": None,
        "interval": None,
        "standard": target.standard,
        "direction": target.direction,
        "status": "not_measurable",
        "suppressed": False,
        "mature": False,
        "lacking": lacking,
    }


def last_full_year(covers_to: date) -> int:
    """Return the last calendar year that the data cover to its end."""
    return covers_to.year if (covers_to.month, covers_to.day) == (12, 31) else covers_to.year - 1


def write_serving(
    path: Path,
    meta: Mapping[str, str],
    names: list[str],
    bodies: list[dict[str, Any]],
    cells: Floats,
    targets: Mapping[str, Any],
) -> None:
    """Write the service's file whole or not at all."""
    partial = path.with_name(path.name + TEMPORARY)
    partial.unlink(missing_ok=True)
    con = sqlite3.connect(partial)
    try:
        con.executescript("""
            PRAGMA journal_mode = OFF;
            CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
            CREATE TABLE person (pseudonym TEXT PRIMARY KEY, body TEXT NOT NULL, features BLOB NOT NULL) WITHOUT ROWID;
            CREATE TABLE target (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
        """)
        con.executemany("INSERT INTO meta VALUES (?, ?)", sorted(meta.items()))
        people = sorted(
            (name, canonical_json(one), cells[row].astype("<f8").tobytes())
            for row, (name, one) in enumerate(zip(names, bodies, strict=True))
        )
        con.executemany("INSERT INTO person VALUES (?, ?, ?)", people)
        con.executemany(
            "INSERT INTO target VALUES (?, ?)", [(k, canonical_json(v)) for k, v in sorted(targets.items())]
        )
        con.commit()
    finally:
        con.close()
    partial.chmod(0o600)
    partial.replace(path)


def _reasons_of_listed(
    matrix: Matrix, risks: Mapping[str, Floats], members: Mapping[str, Member]
) -> dict[int, dict[str, Any]]:
    specs = load_specs()
    listed = sorted({int(row) for risk in risks.values() for row in np.argsort(-risk, kind="stable")[:LISTED]})
    if not listed:
        return {}
    by_outcome = {
        key: reasons(member.contributions(matrix.cells[listed]), matrix.columns, specs[key].reasons_top_n)
        for key, member in members.items()
    }
    return {row: {key: told[place] for key, told in by_outcome.items()} for place, row in enumerate(listed)}


def _write_scores(
    path: Path, matrix: Matrix, risks: Mapping[str, Floats], bodies: list[dict[str, Any]], catalogue: Catalogue
) -> None:
    arrays: dict[str, Any] = {"person": pa.array(matrix.rows.person.astype(np.int32))}
    nothing = np.full(len(matrix.rows), np.nan)
    arrays |= {f"risk_{key}": pa.array(risks.get(key, nothing)) for key in catalogue.outcomes}
    for axis in ("need", "resources"):
        arrays[axis] = pa.array([one["stratum"][axis]["id"] for one in bodies], pa.string())
    for offer in catalogue.offers:
        told = [next(o["answer"] for o in one["offers"] if o["id"] == offer) for one in bodies]
        arrays[f"offer_{offer}"] = pa.array(told, pa.string())
    pq.write_table(pa.table(arrays), path, compression="zstd")


def _ids(store: Store, matrix: Matrix) -> list[str]:
    every = store.source_ids()
    return [every[person] for person in matrix.rows.person.tolist()]


def _lacking(store: Store, target: Target, domain: str) -> str:
    if not store.has(domain):
        return f"no {domain} in this source"
    parameters = target.parameters
    if target.measure == "readmission" and not store.measurable["acute"]:
        return "the source does not tell acute from planned"
    if getattr(parameters, "care", "somatic") == "psychiatric" and not store.measurable["care"]:
        return "the source does not tell psychiatric care"
    return ""
