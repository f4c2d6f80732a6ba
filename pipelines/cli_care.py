"""The commands of care that need no data: vignettes, and the offers of a person who is written down."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from pipelines.cli_parts import Local, out
from stratify.catalogue import load
from stratify.errors import CatalogueError, UsageError


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command in (vignettes, recommend):
        app.command()(command)


def vignettes(
    files: Annotated[list[Path], typer.Argument(help="files of vignettes, in the grammar of stratify/care/vignettes")],
    catalogue: Local = None,
) -> None:
    """Hold vignettes against the catalogue: people in short stories, and the answers that a clinician expects.

    Shows each expectation that does not come out, with what came out instead, and ends with exit code 10 if there is
    any.

    Example: stratify vignettes tests/spec/vignettes/care.md

    Example: stratify vignettes ours.md --catalogue our-entries
    """
    from stratify.care.vignette_checks import failures
    from stratify.care.vignettes import read

    entries, held, failed = load(catalogue), 0, 0
    for path in files:
        try:
            stories = read(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise CatalogueError(f"{path}: {error}") from error
        if not stories:
            raise UsageError(f"{path}: no vignette stands there; each begins with `vignette | id | kind | title`")
        for story in stories:
            problems = failures(story, entries)
            held, failed = held + (not problems), failed + bool(problems)
            if problems:
                told = [f"{story.id} {story.title}", *(f"  {problem}" for problem in problems)]
                out().print("\n".join(told), highlight=False, markup=False, soft_wrap=True)
    out().print(f"vignettes: {held} hold, {failed} do not", highlight=False)
    if failed:
        raise CatalogueError(f"{failed} vignette(s) do not come out as they say")


def recommend(
    facts: Annotated[Path, typer.Argument(help="a person in facts, as TOML: age = 46")],
    on: Annotated[
        datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="the day; today when not given")
    ] = None,
    danish: Annotated[bool, typer.Option("--da", help="in Danish")] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="the shared plan instead, of what [plan] says was agreed")
    ] = False,
    catalogue: Local = None,
) -> None:
    """Weigh the offers of a person who is written down in facts, on a day: who answers for an offer may change.

    What is not written is unknown; a name with a question mark is a hint that nobody has confirmed. `wishes` lists
    preferences, `has` offers under way. With --plan the shared plan is printed, in plain words: a table [plan] in the
    file may hold goals, strengths and calls in the person's own words, offers accepted, and offers declined with the
    day until which the no holds.

    Example: stratify recommend person.toml --on 2027-01-15

    Example: stratify recommend person.toml --plan --da
    """
    from stratify.care.told import plan_of_file, told_of_file

    day = (on or datetime.now(UTC)).date()
    language: Literal["da", "en"] = "da" if danish else "en"
    told = plan_of_file if plan else told_of_file
    for line in told(facts, load(catalogue), day, language):
        out().print(line, highlight=False, markup=False, soft_wrap=True)
