"""The command `need`: what each catchment needs against what it gets."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.cli_parts import WORK, Local, Work, out, step
from stratify.catalogue import load


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(need)


def need(
    freeze: Annotated[
        bool, typer.Option("--freeze", help="expect by the models served today from now on, whichever are served later")
    ] = False,
    work: Work = WORK,
    catalogue: Local = None,
) -> None:
    """Hold what each catchment needs against what it gets: per acute hospital, municipality and practice.

    Expected by predicted risk against observed, acute activity by hour, who treats whom, volume, what came before acute
    admissions, who lives where, and use of offers. Counts of 1 to 4 people are hidden, and what would tell them.

    Example: stratify need --work work

    Example: stratify need --freeze
    """
    from pipelines.need import need_step

    with step("need", work) as (place, say, done):
        told = done(need_step(place, load(catalogue), say, freeze=freeze))
    for part, status in told["parts"].items():
        lacks = "; ".join(told["lacking"][part])
        line = f"  {part}: {status.replace('_', ' ')}{f' ({lacks})' if lacks else ''}"
        out().print(line, highlight=False, soft_wrap=True)
    out().print(f"all of it: {work / 'need' / 'need.json'}", highlight=False, soft_wrap=True)
