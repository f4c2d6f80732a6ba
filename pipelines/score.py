"""Scoring: everybody at the latest landmark gets risks, a place on both axes, and an answer for every offer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from models import (
    Bundle,
    Shown,
    ensure_signing_keys,
    labelled,
    load_champion,
    member_key,
    reasons,
)
from models.people import Scorer
from pipelines.beside import beside_risks, seen
from pipelines.data_steps import Progress
from pipelines.matrix import Matrix, inputs_of_matrix, read_matrix
from pipelines.monitor_files import read_told
from pipelines.past import past_of
from pipelines.serving import FORMAT, Kept, write_serving
from pipelines.steps import Step, manifest_digest, read_manifest, run_step
from stratify.care.one_person import told_of
from stratify.care.people import People
from stratify.care.weigh import ANSWERS, Given, Weigher
from stratify.catalogue import Catalogue
from stratify.catalogue.load import MODEL_KINDS
from stratify.cohort import years_old
from stratify.errors import DataError
from stratify.files import canonical_json, digest_text
from stratify.pseudonym import ensure_key, key_id, pseudonym
from stratify.registers.clock import day_number, day_of, read_date
from stratify.store.read import Store
from stratify.strata import levels, places
from stratify.workspace import Workspace

PSEUDONYM_KEY = "pseudonym.key"
CARE_KINDS = ("strata", "needs", "bridges", "preferences", "safety", "offers")
SCORE_KINDS = (*MODEL_KINDS, *CARE_KINDS)


def score_step(work: Workspace, catalogue: Catalogue, progress: Progress) -> tuple[dict[str, Any], bool]:
    """Score everybody at the latest landmark, weigh strata and offers, and write what the service answers from."""
    key = ensure_key(work.keys / PSEUDONYM_KEY)
    _, public = ensure_signing_keys(work.keys)
    bundle = load_champion(work.bundles, public)
    inputs = {
        **inputs_of_matrix(work),
        "quality": manifest_digest(work.quality, "monitor"),
        "bundle": bundle.version,
        "calibration": digest_text(canonical_json(seen(work, bundle))),
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
        manifest = read_manifest(work.features, "build")
        built = manifest["results"]["score_landmark"]
        landmark = day_number(read_date(built, "score_landmark"))
        matrix = read_matrix(work.features, [landmark])
        progress(f"scoring {len(matrix.rows)} people")
        scorer = Scorer(bundle, catalogue)
        scorer.refuse_unfit(matrix.columns)
        scored = scorer.score(store, landmark, matrix.rows.person, matrix.cells, matrix.names, matrix.populations)
        shown = scored.shown
        explained = reasons_of_listed(matrix.select(bundle.content.columns), shown, bundle)
        progress("weighing offers")
        weighed = weigh_all(scored.people, catalogue, day_of(landmark))
        progress("writing people")
        bodies = [scored.body(row) for row in range(scored.people.n)]
        told = told_of_listed(bodies, explained, bundle, catalogue, day_of(landmark), progress)
        progress("reading what was before")
        days = [day_number(read_date(one, "landmark")) for one in manifest["results"]["landmarks"]]
        past = past_of(work, store, bundle, catalogue, matrix.rows.person, landmark, days)
        _write_scores(out / f"{built}.parquet", matrix, shown, weighed, catalogue)
        delivery = read_manifest(work.store, "land")["results"]["delivery"]
        meta = {
            "format": FORMAT,
            "bundle_version": bundle.version,
            "landmark": built,
            "covers_to": delivery["covers_to"],
            "delivered": delivery["delivered"],
            "source": delivery["source"],
            "system": delivery["system"],
            "catalogue_digest": catalogue.digest,
            "pseudonym_key_id": key_id(key),
            **built_by(manifest["results"]["definitions"]),
        }
        progress("writing serving.db")
        names = [pseudonym(key, delivery["system"], source_id) for source_id in _ids(store, matrix)]
        targets = read_told(work)
        ages = years_old(store.persons()["birth"][matrix.rows.person], landmark)
        female = matrix.column("person_female")
        write_serving(
            work.serving_db,
            work.serving_before,
            meta,
            names,
            Kept(bodies, scored.cells, told, past.packed),
            targets,
            entries_of(catalogue),
            {**beside_risks(work, bundle, shown, ages, female), "past_days": list(past.days)},
        )
        return {
            "people": len(bodies),
            "need": Counter(weighed.need),
            "answers": {name: count for name, count in zip(ANSWERS, weighed.counts(), strict=True) if count},
            "shown": {outcome: _told_of(one) for outcome, one in shown.items()},
            "bundle": bundle.version,
        }

    return run_step(step, make)


def _told_of(shown: Shown) -> dict[str, int]:
    """How many people are shown each population's model, and how many a risk lowered to that of its whole."""
    counts = {name: int((shown.population == place).sum()) for place, name in enumerate(shown.populations)}
    return {name: count for name, count in counts.items() if count} | {"capped": int(shown.capped.sum())}


@dataclass(frozen=True)
class Placed:
    """Everybody's place on the two axes and answer for each offer."""

    need: list[str]
    resources: list[str]
    answers: dict[str, NDArray[np.int8]]

    def counts(self) -> list[int]:
        """Return how often each answer was given."""
        every = [np.bincount(one, minlength=len(ANSWERS)) for one in self.answers.values()]
        return [int(count) for count in np.sum(every, axis=0)]


def weigh_all(people: People, catalogue: Catalogue, day: date) -> Placed:
    """Return where everybody stands, and what each offer is to them, with all bridges there are."""
    weigher = Weigher(people, catalogue, Given(day))
    named = {axis: np.array([one.id for one in levels(catalogue, axis)]) for axis in ("need", "resources")}
    at = {axis: ids[places(weigher.judge, catalogue, axis)].tolist() for axis, ids in named.items()}
    answers = {one.offer.id: one.answer for one in weigher.all()}
    return Placed(at["need"], at["resources"], dict(sorted(answers.items())))


def built_by(definitions: Mapping[str, str]) -> dict[str, str]:
    """Return, for `meta`, the ids of the definitions that the matrix' populations were chosen by."""
    return {f"definition_{word}": name for word, name in definitions.items()}


def entries_of(catalogue: Catalogue) -> dict[str, dict[str, Any]]:
    """Return the entries that the service works with: what offers are weighed with, and what rows are made by."""
    return {
        kind: {
            key: one.model_dump(mode="json", by_alias=True, exclude_unset=True)  # as it was declared, to be read again
            for key, one in catalogue.entries[kind].items()
        }
        for kind in SCORE_KINDS
    }


def told_of_listed(
    bodies: Sequence[Mapping[str, Any]],
    explained: Mapping[int, dict[str, Any]],
    bundle: Bundle,
    catalogue: Catalogue,
    day: date,
    progress: Progress,
) -> dict[int, dict[str, Any]]:
    """Return, by row, all that is told of the people at the top of a risk, who will be looked at first."""
    progress(f"telling {len(explained)} people's offers")
    return {
        row: {
            "reasons": labelled(found, bundle.content.columns, bundle.content.reasons),
            **told_of(bodies[row]["facts"], catalogue, day),
        }
        for row, found in explained.items()
    }


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
    path: Path, matrix: Matrix, shown: Mapping[str, Shown], weighed: Placed, catalogue: Catalogue
) -> None:
    arrays: dict[str, Any] = {"person": pa.array(matrix.rows.person.astype(np.int32))}
    nothing = np.full(len(matrix.rows), np.nan)
    for key in catalogue.outcomes_at("landmark"):
        arrays[f"risk_{key}"] = pa.array(shown[key].risk if key in shown else nothing)
    arrays |= {"need": pa.array(weighed.need, pa.string()), "resources": pa.array(weighed.resources, pa.string())}
    names = pa.array(ANSWERS, pa.string())
    for offer, answer in weighed.answers.items():
        arrays[f"offer_{offer}"] = pa.DictionaryArray.from_arrays(pa.array(answer), names).cast(pa.string())
    pq.write_table(pa.table(arrays), path, compression="zstd")


def _ids(store: Store, matrix: Matrix) -> list[str]:
    every = store.source_ids()
    return [every[person] for person in matrix.rows.person.tolist()]
