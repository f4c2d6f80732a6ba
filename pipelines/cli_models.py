"""The commands of models: train, evaluate, compare, promote."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.cli_parts import WORK, Local, Work, out, step
from stratify.catalogue import load
from stratify.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command in (train, evaluate, compare, promote):
        app.command()(command)


def train(
    outcomes: Annotated[list[str] | None, typer.Argument(help="outcomes, all when none is named")] = None,
    work: Work = WORK,
    catalogue: Local = None,
) -> None:
    """Train and calibrate the models, and log them to MLflow.

    Example: stratify train acute_admission_365d
    """
    from pipelines.train import train_step

    with step("train", work) as (place, say, done):
        told = done(train_step(place, load(catalogue), say, outcomes or ()))
    for outcome, found in told["trained"].items():
        out().print(f"trained: {outcome}, {found['chosen']}", highlight=False)
    for refused in told["not_trained"]:
        out().print(f"not trained: {refused['text']}", highlight=False)


def evaluate(
    outcomes: Annotated[list[str] | None, typer.Argument(help="outcomes, all when none is named")] = None,
    refits: Annotated[
        bool, typer.Option("--refits", help="also places left out, fewer people, research columns: minutes a model")
    ] = False,
    against_truth: Annotated[
        bool, typer.Option("--against-truth", help="hold risks against a simulated region's true ones")
    ] = False,
    work: Work = WORK,
    catalogue: Local = None,
) -> None:
    """Write a report and pages of each trained model: figures, pictures, sheets, card.

    Example: stratify evaluate --work work

    Example: stratify evaluate acute_admission_365d --refits

    Example: stratify evaluate --against-truth --work region
    """
    from pipelines.evaluate_step import evaluate_step

    with step("evaluate", work) as (place, say, done):
        told = done(evaluate_step(place, load(catalogue), say, outcomes or (), refits=refits))
        truth = None
        if against_truth:
            from pipelines.against_truth import against_truth as hold

            truth = hold(place, load(catalogue), say, outcomes or ())
    for key in told["not_trained"]:
        out().print(f"{key}: not trained", highlight=False, soft_wrap=True)
    for key, found in told["evaluated"].items():
        auroc = found["overall"]["auroc"]
        figure = "too few" if auroc is None else f"{auroc:.3f}"
        out().print(f"{key}: AUROC {figure}, {work / 'report' / found['page']}",
                     highlight=False, soft_wrap=True)  # fmt: skip
    for line in truth or ():
        out().print(line, highlight=False, soft_wrap=True)


def compare(
    run: Annotated[str | None, typer.Argument(help="a run in MLflow, by its id or how that begins")] = None,
    other: Annotated[str | None, typer.Argument(help="another run of the same outcome and population")] = None,
    work: Work = WORK,
    catalogue: Local = None,
) -> None:
    """Compare two runs: what they were made by, what they show, and their differences on the same test rows.

    Without a run, lists the runs there are, the newest first.

    Example: stratify compare

    Example: stratify compare 2f6c0a7d 91be03aa --work work
    """
    from pipelines.compare import compare as compare_runs
    from pipelines.compare import listed

    if (run is None) != (other is None) or "" in (run, other):
        raise UsageError("needs two runs; `stratify compare` without any lists them")
    with step("compare", work) as (place, say, done):
        lines = (
            compare_runs(place, load(catalogue), say, run, other)
            if run is not None and other is not None
            else listed(place)
        )
        done(({"results": {}}, True))
    for line in lines:
        out().print(line, highlight=False, markup=False, soft_wrap=True)


def promote(
    outcomes: Annotated[list[str] | None, typer.Argument(help="outcomes, all when none is named")] = None,
    rollback: Annotated[bool, typer.Option("--rollback", help="back to the champion before this one")] = False,
    by: Annotated[str | None, typer.Option("--by", help="who decides, a name or role; kept, and shown to all")] = None,
    work: Work = WORK,
    catalogue: Local = None,
) -> None:
    """Sign what was trained and passes its gates as a bundle, and let it be the champion that `score` uses.

    A closed gate stops it (exit code 12) and nothing changes; name the outcomes to be promoted to leave others out.

    Example: stratify promote death_365d --work work

    Example: stratify promote --rollback --work work
    """
    from pipelines.promote import promote as promote_trained
    from pipelines.promote import take_back, whoever

    if rollback and outcomes:
        raise UsageError("--rollback takes back the whole bundle: name no outcomes with it")
    who = whoever(by)
    with step("promote", work) as (place, say, done):
        told = done(
            take_back(place, who) if rollback else promote_trained(place, load(catalogue), say, outcomes or (), by=who)
        )
    if told["damaged"]:
        out().print(f"replaced, and compared with nothing: {told['damaged']}", highlight=False, markup=False)
    out().print(
        f"champion: {told['bundle']} with {told['members'] or 'no'} model(s); run `stratify score` to serve it",
        highlight=False,
    )
    if told["without_heading"]:
        out().print(
            f"reasons call these columns 'other': {', '.join(told['without_heading'])}", highlight=False, markup=False
        )
