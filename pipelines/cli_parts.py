"""What the commands share: options, a step with its progress bar, and the console they print on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from pipelines.ending import told_when_interrupted
from stratify.workspace import Workspace

Work = Annotated[Path, typer.Option("--work", envvar="STRATIFY_WORK", help="the work folder")]
Local = Annotated[Path | None, typer.Option("--catalogue", help="a local folder of entries, added to ours")]
WORK = Path("work")


@contextmanager
def step(name: str, work: Path) -> Iterator[tuple[Workspace, Any, Any]]:
    """Give the workspace, what says how far a step is, and what ends it; nothing else runs on the folder meanwhile."""
    from pipelines.progress import progress_bar
    from pipelines.steps import alone

    with told_when_interrupted(), alone(work), progress_bar(1) as (say, done):
        yield Workspace(work), say, lambda result: done(name, *result)


def seen(work: Path, master: str | None) -> Path:
    """The work folder by the name that Spark's workers know it by, too: they run elsewhere."""
    return work.resolve() if master else work


def out() -> Console:
    """Return the console; wide enough for tables where nobody says how wide it is."""
    return Console(width=None if sys.stdout.isatty() else 140)
