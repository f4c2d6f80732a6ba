"""How far a step is, on a terminal, and how long each took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
