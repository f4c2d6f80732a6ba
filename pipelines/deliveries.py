"""Dated deliveries: which of them are kept, and which was the newest on a day.

A store that a newer delivery replaces can be kept under `deliveries/<day of delivery>/store`, a work folder of its own
that every later step can be told to work in. Bucket files that are the same in two stores are one file on the disk.
What was known on a day is what the newest delivery on or before it held, and nothing else: of later ones nothing but
their day is read. A delivery that did not say its own day cannot stand for one: it is not known what came after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from pipelines.data_steps import Progress, land_step
from pipelines.steps import read_manifest
from stratify.catalogue import Catalogue
from stratify.errors import DataError, NotReconstructableError
from stratify.files import folder_written_whole, recover
from stratify.registers.clock import read_date
from stratify.registers.delivery import FILE, read_delivery
from stratify.store.content import link
from stratify.store.engine import ENGINE, Engine
from stratify.workspace import Workspace


def land_deliveries(
    work: Workspace,
    catalogue: Catalogue,
    *,
    source: str,
    data: Path,
    progress: Progress,
    keep: bool,
    engine: Engine = ENGINE,
) -> tuple[dict[str, Any], bool]:
    """Land an extract, or a folder of dated extracts, into the store; return the manifest of the newest.

    Of a folder all are landed and kept, each beside the one before it. `keep` keeps the store that is replaced, where
    it is of another day. Raises DataError with every problem of the folder.
    """
    folders = dated(source, data)
    if keep:
        told = read_delivery(source, data)[0]
        _keep(work, max(folders) if folders else told.delivered if told else None)
    if not folders:
        return land_step(work, catalogue, source=source, data=data, progress=progress, engine=engine)
    newest = max(folders)
    earlier: list[Path] = []
    for day, folder in sorted(folders.items()):
        place = work if day == newest else work.delivery(day)
        recover(place.store)

        def say(what: str, day: date = day) -> None:
            progress(f"delivery of {day}: {what}")

        found = land_step(
            place, catalogue, source=source, data=folder, progress=say, earlier=earlier[-1:], engine=engine
        )
        earlier.append(place.store)
    return found


def dated(source: str, data: Path) -> dict[date, Path]:
    """Return the extracts below a folder by their day of delivery; none where the folder is an extract itself.

    Raises DataError for a folder with both, for one that does not say its day, and for two of one day.
    """
    if not data.is_dir() or (data / FILE).exists():
        return {}
    inside = sorted(path for path in data.iterdir() if not path.name.startswith("."))
    if not any((path / FILE).is_file() for path in inside):
        return {}
    found: dict[date, Path] = {}
    problems: list[str] = []
    for path in inside:
        if not (path / FILE).is_file():
            problems.append(f"{path.name}: among dated deliveries each is a folder with a {FILE}")
            continue
        delivery, told = read_delivery(source, path)
        problems += [f"{path.name}: {problem}" for problem in told]
        if delivery is not None and delivery.delivered in found:
            problems.append(f"{path.name}: of the same day as {found[delivery.delivered].name}: keep one of them")
        elif delivery is not None:
            found[delivery.delivered] = path
    if problems:
        raise DataError("the deliveries cannot be told apart:", problems)
    return found


def as_known(work: Workspace, day: date) -> Workspace:
    """Return the work folder whose store holds the newest delivery on or before a day.

    Raises NotReconstructableError (exit 15) where none is kept that says it is that old.
    """
    kept = {told: place for place in _landed(work) if (told := _told_day(place)) is not None}
    before = [told for told in kept if told <= day]
    if before:
        return kept[max(before)]
    has = f"the oldest delivery here is of {min(kept)}" if kept else "no delivery here says when it came"
    raise NotReconstructableError(
        f"not reconstructable: what was known on {day}; {has}. Land a folder of dated deliveries, each with a {FILE}, "
        "or keep each store that a newer delivery replaces with `stratify land --keep`"
    )


def _landed(work: Workspace) -> Iterator[Workspace]:
    """The kept deliveries, then the store that is here: of two of one day it is the one that counts."""
    if work.deliveries.is_dir():
        yield from (Workspace(path) for path in sorted(work.deliveries.iterdir()) if (path / "store").is_dir())
    recover(work.store)
    if work.store.is_dir():
        yield work


def _told_day(place: Workspace) -> date | None:
    """The day a landed delivery says it came; None where it does not."""
    results = read_manifest(place.store, "land")["results"]
    return read_date(results["delivery"]["delivered"], "delivered") if results.get("dated") else None


def _keep(work: Workspace, coming: date | None) -> None:
    """Keep the store that is here, under its day of delivery, before one of another day takes its place.

    Raises DataError where it does not say its day: it could stand for none.
    """
    recover(work.store)
    if not work.store.is_dir():
        return
    day = _told_day(work)
    if day is None:
        raise DataError(
            f"--keep: the store that is here was landed without a {FILE}, so from which day on it was known cannot be "
            f"said; land that extract again with a {FILE} first, or land without --keep"
        )
    if day == coming:
        return
    with folder_written_whole(work.delivery(day).store) as partial:
        for path in sorted(work.store.rglob("*")):
            target = partial / path.relative_to(work.store)
            if path.is_dir():
                target.mkdir(mode=path.stat().st_mode & 0o777)
            else:
                link(path, target)
