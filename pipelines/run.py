"""The main job: from an extract, or a simulated region, to a served bundle, scores, offers and targets."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from pipelines.build_step import build_step
from pipelines.deliveries import land_deliveries
from pipelines.evaluate_step import evaluate_step
from pipelines.monitor import monitor_step
from pipelines.need import need_step
from pipelines.progress import progress_bar
from pipelines.promote import promote
from pipelines.score import score_step
from pipelines.simulate_step import Wanted, synthesise_step
from pipelines.train import train_step
from stratify.catalogue import Catalogue
from stratify.workspace import Workspace

STEPS = ("synthesise", "land", "build", "train", "evaluate", "promote", "monitor", "score", "need")
Told = dict[str, dict[str, Any]]


def run(
    work: Workspace,
    catalogue: Catalogue,
    *,
    source: str,
    data: Path | None,
    people: int,
    years: int,
    seed: int,
    end: date,
) -> Told:
    """Run every step that what it is made from has changed; return what each step has to tell."""
    told: Told = {}
    names = STEPS if data is None else STEPS[1:]
    with progress_bar(len(names)) as (say, done):
        if data is None:
            told["synthesise"] = done("synthesise", *synthesise_step(work, Wanted(people, years, seed, end), say))
        extract = work.registers if data is None else data
        told["land"] = done(
            "land", *land_deliveries(work, catalogue, source=source, data=extract, progress=say, keep=False)
        )
        told["build"] = done("build", *build_step(work, catalogue, say))
        told["train"] = done("train", *train_step(work, catalogue, say))
        told["evaluate"] = done("evaluate", *evaluate_step(work, catalogue, say))
        told["promote"] = done("promote", *promote(work, catalogue, say, by_hand=False))
        told["monitor"] = done("monitor", *monitor_step(work, catalogue, say))
        told["score"] = done("score", *score_step(work, catalogue, say))
        told["need"] = done("need", *need_step(work, catalogue, say))
    return told
