"""The step that simulates a region: its registers, its truth in a folder of its own, and the report on both."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pipelines.steps import MANIFEST, Step, run_step
from pipelines.synthesis import QUIRKS, synthesise
from pipelines.synthesis.parameters import read_parameters
from stratify.errors import UsageError
from stratify.files import folder_written_whole
from stratify.workspace import Workspace

Say = Callable[..., None]
DELIVERED_AFTER = 60  # days after the last one that a simulated extract covers
TRUTH_MARK = "effects.json"  # stands in every truth folder we wrote


@dataclass(frozen=True)
class Wanted:
    """The region that is wanted; what decides its bytes."""

    people: int
    years: int
    seed: int
    end: date
    delivered: date | None = None  # None: 60 days after the end
    quirks: Collection[str] = QUIRKS
    optional: bool = False
    fictitious_cpr: bool = False
    parameters: Path | None = None

    @property
    def delivery(self) -> date:
        """The day of the delivery."""
        return self.delivered or self.end + timedelta(days=DELIVERED_AFTER)

    def as_dict(self) -> dict[str, Any]:
        """Return what stands in the manifest: every argument, and the digest of the parameters."""
        return {
            "people": self.people,
            "years": self.years,
            "seed": self.seed,
            "end": self.end.isoformat(),
            "delivered": self.delivery.isoformat(),
            "quirks": sorted(self.quirks),
            "optional": self.optional,
            "fictitious_cpr": self.fictitious_cpr,
            "parameters": read_parameters(self.parameters).digest,
        }


def synthesise_step(
    work: Workspace, wanted: Wanted, progress: Say, processes: int | None = None
) -> tuple[dict[str, Any], bool]:
    """Write a simulated region's registers, and its truth in a folder of its own; return the manifest.

    UsageError for arguments or parameters that do not fit, and for folders that hold what another hand put there.
    """
    _ours_or_empty(work.registers, MANIFEST)
    _ours_or_empty(work.truth, TRUTH_MARK)
    step = Step("synthesise", work.registers, parameters=wanted.as_dict(), also=(work.truth,))

    def make(out: Path) -> dict[str, Any]:
        with folder_written_whole(work.truth) as truth:
            progress("simulating people", 0.0)
            rows = synthesise(
                out,
                truth,
                people=wanted.people,
                years=wanted.years,
                seed=wanted.seed,
                end=wanted.end,
                delivered=wanted.delivery,
                quirks=wanted.quirks,
                optional=wanted.optional,
                fictitious_cpr=wanted.fictitious_cpr,
                parameters=wanted.parameters,
                processes=processes,
                progress=lambda share: progress(f"simulating people {share:.0%}", share),
            )
        return {"rows": rows}

    return run_step(step, make)


def report_step(work: Workspace, wanted: Wanted, progress: Say) -> tuple[Path, str]:
    """Write the calibration report of the simulated region; return where it lies, and what it found in lines."""
    from pipelines.synthesis.edges import counts_in
    from pipelines.synthesis.report import write_report

    progress("measuring the region against what was read")
    out = work.report / "region.html"
    summary = write_report(work.registers, work.truth, out, told=wanted.as_dict(), edges=counts_in(work.registers))
    share = summary.inside / summary.used
    told = [f"{summary.inside} of {summary.used} targets inside ({share:.0%})"]
    return out, "\n".join([*told, *(f"  outside: {miss}" for miss in summary.misses)])


def _ours_or_empty(folder: Path, mark: str) -> None:
    """Refuse a folder with something in it that this step did not write: it would be replaced whole."""
    if folder.is_dir() and any(folder.iterdir()) and not (folder / mark).exists():
        raise UsageError(
            f"{folder}: not empty, and not written by `stratify synthesise`; name another --work, or move it away"
        )
