"""The main job: from an extract, or a simulated region, to a served bundle, scores, offers and targets."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from pipelines.build_step import build_step
from pipelines.deliveries import land_deliveries
from pipelines.evaluate_step import evaluate_step
from pipelines.monitor import monitor_step
from pipelines.promote import promote
from pipelines.score import score_step
from pipelines.simulate_step import Wanted, synthesise_step
from pipelines.train import train_step
from stratify.catalogue import Catalogue
from stratify.workspace import Workspace

STEPS = ("synthesise", "land", "build", "train", "evaluate", "promote", "monitor", "score")
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
    return told


@contextmanager
def progress_bar(steps: int) -> Iterator[tuple[Callable[..., None], Callable[..., dict[str, Any]]]]:
    """Give a function that says what is being done and, where known, which share of it is, and one that ends a step.

    A single step shows the time left; of several, as unlike as these are, none could be told.
    """
    console = Console(stderr=True)
    columns: list[ProgressColumn] = [SpinnerColumn(), BarColumn(bar_width=20), TextColumn("{task.description}")]
    columns += [TimeElapsedColumn()]
    if steps == 1:
        columns += [TextColumn("left"), TimeRemainingColumn(elapsed_when_finished=False)]
    started = time.perf_counter()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=steps)
        finished = 0

        def say(what: str, share: float = 0.0) -> None:
            bar.update(task, description=what, completed=finished + share)

        def done(step: str, manifest: dict[str, Any], ran: bool) -> dict[str, Any]:
            nonlocal started, finished
            seconds, started = time.perf_counter() - started, time.perf_counter()
            finished += 1
            bar.update(task, completed=finished)
            console.print(f"  {step:<11} {f'{seconds:6.1f} s' if ran else 'as it was'}", highlight=False)
            return dict(manifest["results"])

        yield say, done
