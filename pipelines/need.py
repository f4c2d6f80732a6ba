"""Need against activity: every table counted in processes, told once, written as JSON, Parquet and Danish CSV."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from models import Bundle
from models.bundle import champion_version
from models.people import Scorer
from pipelines.data_steps import Progress, refuse_other_catalogue
from pipelines.frozen import frozen_bundle, risks_of
from pipelines.matrix import inputs_of_matrix, read_columns
from pipelines.monitor import months_of
from pipelines.need_files import write_need
from pipelines.processes import shared_out
from pipelines.steps import MANIFEST, Step, manifest_digest, read_manifest, run_step
from stratify.catalogue import Catalogue
from stratify.catalogue.load import MODEL_KINDS
from stratify.errors import DataError
from stratify.files import write_text
from stratify.quality.case_mix import OUTCOMES
from stratify.quality.months import Months
from stratify.quality.need.counting import Counts, add, count_bucket
from stratify.quality.need.expected import EXPECTED_OF
from stratify.quality.need.ground import Frame
from stratify.quality.need.telling import tell
from stratify.registers.clock import day_number, day_of, read_date
from stratify.store.read import Store
from stratify.strata import levels
from stratify.workspace import Workspace

MOST_YEARS = 3  # of the period that activity is counted in
MATURE_DAYS = 31  # after a year's end, until which its records come in (the slowest of the delays used here)
KINDS = (*MODEL_KINDS, "strata", "offers", "targets")
Roles = dict[str, dict[int, str]]


def need_step(
    work: Workspace, catalogue: Catalogue, progress: Progress, *, freeze: bool = False
) -> tuple[dict[str, Any], bool]:
    """Hold what each catchment needs against what it gets; return the manifest, with what was measured.

    What is expected comes from the served models, or from those that were served when somebody froze them: a model
    that learns anew moves its own measure. freeze: from now on those served today.

    Without served models need is told by age and sex alone, without scores no strata are: the result says so. Raises
    DataError where no whole year is covered, or the matrix is of another store than is here.
    """
    refuse_other_catalogue(work, catalogue)
    inputs = inputs_of_matrix(work)
    if freeze:
        write_text(work.baseline, champion_version(work.bundles) + "\n")
    bundle = frozen_bundle(work.root) if work.champion.exists() else None
    scored = _fresh_scores(work, inputs)
    inputs |= {"bundle": bundle.version, "frozen": str(work.baseline.exists())} if bundle else {}
    inputs |= {"scores": manifest_digest(work.scores, "score")} if scored else {}
    step = Step("need", work.need, inputs, {}, catalogue.digest_of(*KINDS))

    def make(out: Path) -> dict[str, Any]:
        store = Store(work.store)
        if bundle is not None:
            Scorer(bundle, catalogue).refuse_unfit(read_columns(work.features))
        years = whole_years(months_of(work, store), store.day("delivered"))
        frame = Frame.of(store, years, followed_years(work, catalogue, store), looks_year(store), _strata(catalogue))
        found = count_all(work, catalogue, store, frame, scored, progress)
        progress("telling need and activity")
        told = tell(found, frame, store, catalogue, roles_of(bundle) if bundle else {})
        told |= {
            "bundle": bundle.version if bundle else None,
            "frozen": work.baseline.exists(),
            "delivery": store.manifest["results"]["delivery"],
        }
        progress("writing need and activity")
        write_need(out, told)
        return {
            "years": list(frame.years),
            "followed": list(frame.follow),
            "parts": {key: part["status"] for key, part in told["parts"].items()},
            "lacking": {key: [one["en"] for one in part["lacking"]] for key, part in told["parts"].items()},
        }

    return run_step(step, make)


def count_all(
    work: Workspace, catalogue: Catalogue, store: Store, frame: Frame, scored: Path | None, progress: Progress
) -> Counts:
    """Return everything counted, over the processes there are."""
    finished = 0

    def tick() -> None:
        nonlocal finished
        finished += 1
        progress(f"counting need and activity, {finished} of {store.buckets} parts")

    strata = _strata_by_bucket(scored, store.buckets)
    jobs = [(work.root, catalogue, bucket, frame, strata[bucket]) for bucket in range(store.buckets)]
    found: Counts = {}
    for one in shared_out(need_bucket, jobs, tick):
        add(found, one)
    return found


def need_bucket(
    root: Path, catalogue: Catalogue, bucket: int, frame: Frame, strata: Mapping[int, str], tick: Any
) -> Counts:
    """Return everything counted on one bucket of the store of a work folder."""
    work = Workspace(root)
    scores = {year: risks_of(work, catalogue, year, bucket) for year in frame.follow} if work.champion.exists() else {}
    found = count_bucket(Store(work.store), catalogue, bucket, frame, scores, strata)
    tick()
    return found


def roles_of(bundle: Bundle) -> Roles:
    """Return by served outcome what each landmark year was to any of its models: train, calibrate or test.

    The first of these that holds for one of the outcome's members: a ratio on training data flatters the model.
    """
    found: Roles = {}
    for card in bundle.cards.values():
        if card["outcome"] not in OUTCOMES:
            continue
        mine = found.setdefault(card["outcome"], {})
        for role in ("test", "calibrate", "train"):
            for landmark in card["made_on"][role]["landmarks"]:
                year = date.fromisoformat(landmark).year
                order = ("test", "calibrate", "train")
                mine[year] = max(mine.get(year, role), role, key=order.index)
    return found


def whole_years(months: Months, delivered: int) -> tuple[int, ...]:
    """Return the latest whole calendar years, 3 at most, whose records have come in; DataError where there is none."""
    ends = [day_number(date(year, 12, 31)) for year in months.years]
    whole = [
        year
        for year, end in zip(months.years, ends, strict=True)
        if end < months.end and end + MATURE_DAYS <= delivered
    ]
    if not whole:
        raise DataError(f"need and activity take a whole calendar year delivered {MATURE_DAYS} days after it; got none")
    return tuple(whole[-MOST_YEARS:])


def followed_years(work: Workspace, catalogue: Catalogue, store: Store) -> tuple[int, ...]:
    """Return the years whose 1 January is a landmark of the matrix that is followed to the end of its window."""
    told = read_manifest(work.features, "build")["results"]["landmarks"]
    days = [read_date(text, "landmark") for text in told]
    outcome = catalogue.outcomes.get(EXPECTED_OF)
    if outcome is None:
        return ()
    covers, delivered = store.day("covers_to"), store.day("delivered")
    ends = {day.year: day_number(day) + outcome.horizon_days for day in days if (day.month, day.day) == (1, 1)}
    return tuple(
        year
        for year, end in sorted(ends.items())
        if end <= covers + 1 and end + outcome.register_delay_days <= delivered
    )


def looks_year(store: Store) -> int:
    """Return the year of the last 1 January that is covered, the day after the data's end at the latest."""
    return day_of(store.day("covers_to") + 1).year


def _fresh_scores(work: Workspace, inputs: Mapping[str, str]) -> Path | None:
    """Return the scored population of the last 1 January, where it is of this matrix and store."""
    if not (work.scores / MANIFEST).exists():
        return None
    made = read_manifest(work.scores, "score")["inputs"]
    path = work.scores / f"{looks_year(Store(work.store))}-01-01.parquet"
    return path if path.exists() and all(made.get(key) == value for key, value in inputs.items()) else None


def _strata(catalogue: Catalogue) -> list[str]:
    need, resources = levels(catalogue, "need"), levels(catalogue, "resources")
    return [f"{one.id}/{other.id}" for one in need for other in resources]


def _strata_by_bucket(path: Path | None, buckets: int) -> list[dict[int, str]]:
    found: list[dict[int, str]] = [{} for _ in range(buckets)]
    if path is not None:
        table = pq.read_table(path, columns=["person", "need", "resources"])
        person = np.asarray(table["person"].to_numpy()).tolist()
        for one, need, own in zip(person, table["need"].to_pylist(), table["resources"].to_pylist(), strict=True):
            found[one % buckets][one] = f"{need}/{own}"
    return found
