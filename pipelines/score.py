"""Scoring: everybody at the latest landmark gets risks, a place on both axes, and an answer for every offer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from models import (
    Bundle,
    Shown,
    ensure_signing_keys,
    load_champion,
    load_declared,
    member_key,
    reasons,
    shown_risks,
)
from pipelines.data_steps import Progress
from pipelines.matrix import MODEL_KINDS, Matrix, inputs_of_matrix, read_matrix
from pipelines.serving import FORMAT, write_serving
from pipelines.steps import Step, manifest_digest, read_manifest, run_step
from stratify.care.fill import from_rows
from stratify.care.recommend import recommend
from stratify.catalogue import Catalogue
from stratify.cohort import years_old
from stratify.errors import BundleError, DataError
from stratify.features.kernel import Floats
from stratify.pseudonym import ensure_key, key_id, pseudonym
from stratify.registers.clock import day_number, read_date
from stratify.store.read import Store
from stratify.strata import stratify_person
from stratify.workspace import Workspace

PSEUDONYM_KEY = "pseudonym.key"
SCORE_KINDS = (*MODEL_KINDS, "strata", "offers")


def score_step(work: Workspace, catalogue: Catalogue, progress: Progress) -> tuple[dict[str, Any], bool]:
    """Score everybody at the latest landmark, weigh strata and offers, and write what the service answers from."""
    key = ensure_key(work.keys / PSEUDONYM_KEY)
    _, public = ensure_signing_keys(work.keys)
    bundle = load_champion(work.bundles, public)
    inputs = {
        **inputs_of_matrix(work),
        "quality": manifest_digest(work.quality, "monitor"),
        "bundle": bundle.version,
    }
    if read_manifest(work.quality, "monitor")["inputs"]["store"] != inputs["store"]:
        raise DataError("the targets were measured on another store than is here now; run `stratify monitor` first")
    step = Step(
        "score",
        work.scores,
        inputs,
        {"format": FORMAT},
        catalogue.digest_of(*SCORE_KINDS),
        also=(work.serving_db,),
        own={"pseudonym_key": key_id(key)},
    )

    def make(out: Path) -> dict[str, Any]:
        store = Store(work.store)
        told = read_manifest(work.features, "build")["results"]
        landmark = day_number(read_date(told["score_landmark"], "score_landmark"))
        matrix = read_matrix(work.features, [landmark])
        progress(f"scoring {len(matrix.rows)} people")
        refuse_unfit(bundle, matrix, catalogue)
        served = matrix.select(bundle.content.columns)
        declared = load_declared()
        shown = shown_risks(bundle, served.cells, served.populations, list(declared.populations), _wholes(catalogue))
        explained = reasons_of_listed(served, shown, bundle)
        bodies = people_bodies(store, catalogue, matrix, landmark, shown, explained, progress)
        _write_scores(out / f"{told['score_landmark']}.parquet", matrix, shown, bodies, catalogue)
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
        write_serving(work.serving_db, meta, names, bodies, served.cells, targets)
        return {
            "people": len(bodies),
            "need": Counter(one["stratum"]["need"]["id"] for one in bodies),
            "answers": Counter(offer["answer"] for one in bodies for offer in one["offers"]),
            "shown": {outcome: _told_of(one) for outcome, one in shown.items()},
            "bundle": bundle.version,
        }

    return run_step(step, make)


def _wholes(catalogue: Catalogue) -> dict[str, str]:
    """The outcome that contains another, by the other."""
    return {key: one.part_of for key, one in catalogue.outcomes.items() if one.part_of is not None}


def _told_of(shown: Shown) -> dict[str, int]:
    """How many people are shown each population's model, and how many a risk lowered to that of its whole."""
    counts = {name: int((shown.population == place).sum()) for place, name in enumerate(shown.populations)}
    return {name: count for name, count in counts.items() if count} | {"capped": int(shown.capped.sum())}


def refuse_unfit(bundle: Bundle, matrix: Matrix, catalogue: Catalogue) -> None:
    """Raise BundleError where the champion was trained on other entries, or reads other columns than there are."""
    declared = {column["id"]: column for column in matrix.columns}
    declared |= {column["id"]: column for column in load_declared().index_columns()}
    problems = [column["id"] for column in bundle.content.columns if declared.get(column["id"]) != column]
    if bundle.content.catalogue_digest != catalogue.digest_of(*MODEL_KINDS) or problems:
        raise BundleError(
            "the champion was trained on other definitions than these scores would be made with; "
            "run `stratify train` and `stratify promote` first",
            [f"column {name}: not the same" for name in problems],
        )


def people_bodies(
    store: Store,
    catalogue: Catalogue,
    matrix: Matrix,
    landmark: int,
    shown: Mapping[str, Shown],
    explained: Mapping[int, dict[str, Any]],
    progress: Progress,
) -> list[dict[str, Any]]:
    """Return each person's answer as the service gives it; reasons only for those at the top of a risk."""
    conditions = list(catalogue.conditions)
    found: list[dict[str, Any]] = []
    who = matrix.rows.person
    risks = {key: one.risk for key, one in shown.items()}
    ages = years_old(store.persons()["birth"][who], landmark)
    facts = from_rows(matrix.cells, matrix.names, who, catalogue, store, landmark, risks, ages)
    for row, one in enumerate(facts):
        if row % 1000 == 0:
            progress(f"weighing offers, {row / len(matrix.rows):.0%}")
        has = one.known["conditions"]
        found.append(
            {
                "risks": [
                    {
                        "outcome": key,
                        "population": told.populations[told.population[row]],
                        "risk": float(told.risk[row]),
                        "horizon_days": catalogue.outcomes[key].horizon_days,
                    }
                    for key, told in shown.items()
                    if told.population[row] >= 0
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
    """Return what the answer lacks: what the source cannot tell, outcomes without a model, a thin record."""
    told: list[tuple[str, str, str]] = []
    for domain, da, en in (("drug", "medicin", "medicine"), ("lab", "blodprøver", "laboratory results")):
        if not store.has(domain):
            told.append((domain, f"Kilden har ikke {da}.", f"The source has no {en}."))
    if store.has("drug") and not store.measurable.get("drug_codes", True):
        told.append(("drug_codes", "Kilden fortæller ikke medicin efter ATC.", "The source tells no medicine by ATC."))
    unmeasurable = store.measurable["not_measurable"]
    if unmeasurable:
        da = ", ".join(catalogue.conditions[key].name.da for key in unmeasurable)
        en = ", ".join(catalogue.conditions[key].name.en for key in unmeasurable)
        told.append(("conditions", f"Kan ikke ses i denne kilde: {da}.", f"Cannot be seen in this source: {en}."))
    for key in catalogue.outcomes_at("landmark"):
        if key not in risks or np.isnan(risks[key][row]):
            name = catalogue.outcomes[key].name
            told.append((f"model_{key}", f"Ingen model for: {name.da}.", f"No model for: {name.en}."))
    if "person_resident_days" in matrix.names and matrix.cells[row, matrix.names.index("person_resident_days")] < 365:
        told.append(("newcomer", "Har boet her under et år: tynd journal.", "Resident under a year: a thin record."))
    return [{"id": key, "text": {"da": da, "en": en}} for key, da, en in told]


def reasons_of_listed(matrix: Matrix, shown: Mapping[str, Shown], bundle: Bundle) -> dict[int, dict[str, Any]]:
    """Return, by row, the reasons of the people at the top of each risk, as many as its models' specs list."""
    listed: set[int] = set()
    for outcome, told in shown.items():
        most = max(card["listed"] for card in bundle.cards.values() if card["outcome"] == outcome)
        top = np.argsort(-np.where(told.population < 0, -np.inf, told.risk), kind="stable")[:most]
        listed |= {int(row) for row in top if told.population[row] >= 0}
    rows = np.array(sorted(listed), dtype=np.int64)
    found: dict[int, dict[str, Any]] = {int(row): {} for row in rows}
    for outcome, told in shown.items():
        for place, population in enumerate(told.populations):
            mine = rows[told.population[rows] == place]
            if not len(mine):
                continue
            key = member_key(outcome, population)
            places = bundle.places(key)
            parts = bundle.members[key].contributions(matrix.cells[np.ix_(mine, places)])
            columns = [matrix.names[j] for j in places]
            each = reasons(parts, columns, bundle.content.reasons, bundle.cards[key]["reasons_top_n"])
            for row, told_of_row in zip(mine.tolist(), each, strict=True):
                found[row][outcome] = told_of_row
    return found


def _write_scores(
    path: Path, matrix: Matrix, shown: Mapping[str, Shown], bodies: list[dict[str, Any]], catalogue: Catalogue
) -> None:
    arrays: dict[str, Any] = {"person": pa.array(matrix.rows.person.astype(np.int32))}
    nothing = np.full(len(matrix.rows), np.nan)
    for key in catalogue.outcomes_at("landmark"):
        arrays[f"risk_{key}"] = pa.array(shown[key].risk if key in shown else nothing)
    for axis in ("need", "resources"):
        arrays[axis] = pa.array([one["stratum"][axis]["id"] for one in bodies], pa.string())
    for offer in catalogue.offers:
        told = [next(o["answer"] for o in one["offers"] if o["id"] == offer) for one in bodies]
        arrays[f"offer_{offer}"] = pa.array(told, pa.string())
    pq.write_table(pa.table(arrays), path, compression="zstd")


def _ids(store: Store, matrix: Matrix) -> list[str]:
    every = store.source_ids()
    return [every[person] for person in matrix.rows.person.tolist()]
