"""Two runs in MLflow beside each other: what they were made by, what they showed, and both on the same test rows."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from models import Member, Registry, Table, member_key
from models.evaluation import delong
from models.registry import DATA, MODEL
from pipelines.data_steps import Progress
from pipelines.train import Rows, paired
from stratify.catalogue import Catalogue
from stratify.errors import DataError, UsageError
from stratify.workspace import Workspace

SHORT = 12  # characters of a run's id
SAME = ("stratify.outcome", "stratify.population")


def listed(work: Workspace) -> list[str]:
    """Return a line for each run there is, the newest first: how its id begins, what it is of, what it showed."""
    return [_title(one) for one in _registry(work).runs()]


def compare(work: Workspace, catalogue: Catalogue, progress: Progress, run: str, other: str) -> list[str]:
    """Return lines that tell how two runs differ: parameters, digests, figures, and paired ones on today's test rows.

    Raises UsageError where there is no such run, or the two are of different outcomes or populations, DataError where a
    run reads columns that the matrix no longer has.
    """
    registry = _registry(work)
    both = [registry.run_of(one) for one in (run, other)]
    unlike = [tag for tag in SAME if both[0]["tags"].get(tag) != both[1]["tags"].get(tag)]
    if unlike or not all(tag in both[0]["tags"] for tag in SAME):
        raise UsageError("two runs of one outcome and population are compared", [_title(one) for one in both])
    outcome, population = (both[0]["tags"][tag] for tag in SAME)
    progress(f"comparing two runs of {member_key(outcome, population)}")
    rows = Rows(work, catalogue, progress)
    test = rows.test(outcome, population)
    with TemporaryDirectory() as scratch:
        risks = [_risk(registry, one["id"], test, Path(scratch) / str(place)) for place, one in enumerate(both)]
    report = paired(rows.declared.specs[outcome], test, outcome, *risks)
    lines = [_title(one) for one in both]
    lines += _differences("parameter", both[0]["params"], both[1]["params"])
    lines += _differences("tag", both[0]["tags"], both[1]["tags"])
    lines.append(f"on the same {report['n']} test rows, first less second (95 %):")
    beside = report["others"]["other"]
    figures = {**{name: beside["difference"][name] for name in ("auroc", "ici")}}
    figures |= {f"net benefit at {at}": one for at, one in beside["difference"]["net_benefit"].items()}
    for name, one in figures.items():
        told = "too few to tell" if one["value"] is None else _signed(one)
        lines.append(f"  {name}: {told}")
    tested = delong(test.labels[outcome].y, risks[0], risks[1])
    lines.append(f"  DeLong, unweighted: p = {tested['p']:.3g}")
    return lines


def _registry(work: Workspace) -> Registry:
    if not work.mlflow_db.exists():
        raise DataError(f"{work.mlflow_db}: not there yet; run `stratify train` first")
    return Registry(work.mlflow_db, work.mlartifacts)


def _signed(figure: dict[str, float]) -> str:
    return f"{figure['value']:+.5f} ({figure['low']:+.5f} to {figure['high']:+.5f})"


def _title(run: dict[str, Any]) -> str:
    figures = ", ".join(f"{name} {value:.4f}" for name, value in sorted(run["metrics"].items()))
    return f"{run['id'][:SHORT]}  {run['name']}: {figures}"


def _differences(what: str, one: dict[str, str], two: dict[str, str]) -> list[str]:
    return [
        f"  {what} {name}: {one.get(name, 'none')} | {two.get(name, 'none')}"
        for name in sorted({*one, *two})
        if one.get(name) != two.get(name)
    ]


def _risk(registry: Registry, run: str, test: Table, into: Path) -> Any:
    into.mkdir()
    folder = registry.download(run, f"{MODEL}/{DATA}", into)
    member = Member.from_files({file.name: file.read_bytes() for file in folder.iterdir()}, threads=2)
    return test.risk_by(member)
