"""Planning: whom to reach first under given capacities, told in counts; a list of people only under named terms."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.chosen import Holding, choices_of, digest_of, given_by
from pipelines.data_steps import Progress
from pipelines.labelled import stable_numbers
from pipelines.plan_counts import counts
from pipelines.plan_list import OPT_OUT, carry_audit, opted_out, refuse_list, write_list
from pipelines.score import PSEUDONYM_KEY, SCORE_KINDS
from pipelines.scored import Scored, on, scored_people
from pipelines.steps import Step, manifest_digest, run_step
from stratify.care.allocate import EXACT_UP_TO
from stratify.care.capacity import Capacity, read_capacity
from stratify.care.planned import planned
from stratify.catalogue import Catalogue
from stratify.disclosure import shown
from stratify.files import canonical_json, digest_file, digest_text, write_json
from stratify.mixing import GOLDEN, mixed
from stratify.pseudonym import key_id, read_key
from stratify.store.read import Store
from stratify.workspace import Workspace

FOLDER = "plan"


def plan(
    work: Workspace,
    catalogue: Catalogue,
    progress: Progress,
    capacity_path: Path,
    *,
    with_list: bool = False,
    service_db: str | None = None,
    today: date | None = None,
    exact_up_to: int = EXACT_UP_TO,
) -> tuple[dict[str, Any], bool]:
    """Plan the scored population's offers, write plan/plan.json, and return the manifest with the counts.

    with_list: plan/list.csv too, and an entry in plan/audit.jsonl for each of its rows. service_db: where the service
    keeps what people chose, if not in the work folder: nothing that somebody declined is planned for them. Raises
    UsageError where the file says what cannot be, NotPermittedError where a list's terms are not named, DataError where
    choices cannot be read; then nothing is written.
    """
    day = today or datetime.now(UTC).date()
    capacity = read_capacity(capacity_path, catalogue, day)
    if with_list:
        refuse_list(capacity, capacity_path.name)
    holding = choices_of(work, service_db, day)
    step = _step(work, catalogue, capacity, holding, with_list, exact_up_to)
    digest = digest_text(canonical_json(step.plan()))

    def make(out: Path) -> dict[str, Any]:
        progress("reading the scored population")
        store, scored = Store(work.store), scored_people(work, catalogue)
        lot = _lot(store, scored)
        away, unknown = opted_out(work, store, scored.numbers)
        given = given_by(holding, work, catalogue, scored)
        found = planned(scored.people, catalogue, given, capacity, lot, away, exact_up_to=exact_up_to, say=progress)
        told = {
            "landmark": on(scored),
            "per_person": capacity.per_person,
            **counts(found, catalogue, capacity, scored.groups, away),
            "opted_out_not_known": shown(unknown),
            "choices_read": bool(holding),
        }
        write_json(out / "plan.json", told)
        carry_audit(work.root / FOLDER, out)
        if with_list:
            write_list(out, work, catalogue, scored, found, capacity, digest, lot)
        return told

    return run_step(step, make)


def _step(
    work: Workspace, catalogue: Catalogue, capacity: Capacity, holding: Holding, with_list: bool, exact_up_to: int
) -> Step:
    inputs = {
        "scores": manifest_digest(work.scores, "score"),
        "features": manifest_digest(work.features, "build"),
        "store": manifest_digest(work.store, "land"),
        "choices": digest_of(holding),
    }
    if (work.root / OPT_OUT).exists():
        inputs["opt_out"] = digest_file(work.root / OPT_OUT)
    parameters = {
        "offers": dict(capacity.offers),
        "bridges": dict(capacity.bridges),
        "per_person": capacity.per_person,
        "list": dict(capacity.terms) if with_list else None,
        "exact_up_to": exact_up_to,
    }
    own = {"pseudonym_key": key_id(read_key(work.keys / PSEUDONYM_KEY))} if with_list else {}
    return Step("plan", work.root / FOLDER, inputs, parameters, catalogue.digest_of(*SCORE_KINDS), own=own)


def _lot(store: Store, scored: Scored) -> NDArray[np.int64]:
    """Return the order in which people come among equals, drawn from who they are and the day: new on another day."""
    with np.errstate(over="ignore"):
        drawn = mixed(stable_numbers(store)[scored.numbers] + np.uint64(scored.landmark) * GOLDEN)
    found = np.empty(len(drawn), np.int64)
    found[np.argsort(drawn, kind="stable")] = np.arange(len(drawn))
    return found
