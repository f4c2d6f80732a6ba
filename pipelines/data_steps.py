"""The step from an extract to the event store, and the refusal of a store that another catalogue made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pipelines.steps import OUTSIDE, Step, read_manifest, run_step
from stratify.catalogue import Catalogue
from stratify.catalogue.load import DATA_KINDS
from stratify.errors import BundleError, DataError
from stratify.files import digest_file, digest_tree
from stratify.store.engine import ENGINE, Engine
from stratify.store.land import land
from stratify.workspace import Workspace

Progress = Callable[[str], None]


def land_step(
    work: Workspace,
    catalogue: Catalogue,
    *,
    source: str,
    data: Path,
    progress: Progress,
    earlier: Sequence[Path] = (),
    engine: Engine = ENGINE,
) -> tuple[dict[str, Any], bool]:
    """Write the event store of an extract; return the manifest, with what became of every row.

    Bucket files that would be written the same again are taken from the store that is here, or from the `earlier` ones;
    `run.json` tells those that were written. Whatever the engine, the files are the same.
    """
    if not data.exists():
        made = "; run `stratify synthesise` first, or name an extract with --data" if data == work.registers else ""
        raise DataError(f"nothing there: {data}{made}")
    inputs = digest_tree(data, leave_out=OUTSIDE) if data.is_dir() else {data.name: digest_file(data)}
    step = Step("land", work.store, inputs, {"source": source}, catalogue.digest_of(*DATA_KINDS))

    written: dict[str, Any] = {}

    def make(out: Path) -> dict[str, Any]:
        found = land(source, data, out, catalogue, progress, [work.store, *earlier], engine)
        written["rewritten"] = found.rewritten
        return {
            "people": found.people,
            "events": found.events,
            "tables": found.tables,
            "delivery": found.delivery.as_dict(),
            "dated": found.dated,
            "measurable": found.measurable,
            "notes": found.notes,
            "people_with": found.people_with,
        }

    return run_step(step, make, written)


def refuse_other_catalogue(work: Workspace, catalogue: Catalogue) -> None:
    """Refuse a store landed under other conditions and indices than these (BundleError, exit 13), before any work."""
    landed, ours = read_manifest(work.store, "land")["catalogue"], catalogue.digest_of(*DATA_KINDS)
    if landed != ours:
        raise BundleError(
            f"{work.store}: landed under another catalogue: needs conditions and indices {ours[:12]}, "
            f"got {landed[:12]}; run `stratify land` again with this catalogue, or name the same --catalogue"
        )
