"""The quality targets, measured on the store over five years: counted in processes, told once, written in all forms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from pipelines.monitor_files import write_files, write_measure_reports
from pipelines.population_versions import keep_version
from pipelines.processes import shared_out, ticking
from pipelines.quality_report import FILES, write_report
from pipelines.service_log import ServiceLog, read_log, tally_of, yield_by_stratum
from pipelines.steps import Step, manifest_digest, read_manifest, run_step
from stratify.catalogue import Catalogue
from stratify.catalogue.load import DATA_KINDS
from stratify.disclosure import words
from stratify.errors import DataError
from stratify.quality.cuts import Thirds, income_thirds
from stratify.quality.measuring import Measured, measure_bucket
from stratify.quality.months import Months
from stratify.quality.parameters import FROM_SERVICE
from stratify.quality.summary import summary
from stratify.quality.tables import lacking
from stratify.quality.telling import Each, Elsewhere, tell_all
from stratify.registers.clock import day_number, day_of
from stratify.store.read import Store
from stratify.workspace import Workspace

FOUR, LAST_ALONE = 4, 8  # buckets counted before what was found is sent, and those at the end that are sent each


def monitor_step(
    work: Workspace, catalogue: Catalogue, progress: Callable[..., None], service_db: str | None = None
) -> tuple[dict[str, Any], bool]:
    """Measure every quality target; return the manifest, with each in one line as it may be shown.

    Units are held against what is expected by age and sex, and by the served models' risk on each 1 January that is a
    landmark of the matrix; without models or matrix the result says what is lacking.

    The report is written beside, into `report/`, each page whole or not at all; where one is changed or missing the
    step runs again. service_db: the URL of the service's database; its file in the work folder unless given.
    """
    log = read_log(work, service_db)
    from pipelines.frozen import case_mix_of  # the models, which processes that count without them do not load

    inputs = {"store": manifest_digest(work.store, "land"), **({"service": log.digest} if log.last else {})}
    months = months_of(work, Store(work.store))
    mix = case_mix_of(work, catalogue, range(months.years[0] - 1, months.years[-1] + 1))
    inputs |= mix.pop("inputs")
    pages = tuple(work.report / name for name in FILES.values())
    step = Step("monitor", work.quality, inputs, {}, catalogue.digest_of(*DATA_KINDS, "targets"), also=pages)

    def make(out: Any) -> dict[str, Any]:
        store = Store(work.store)
        found = count_all(store, catalogue, months, progress, mix["years"])
        progress("telling targets")
        lacks = {key: why for key, target in catalogue.targets.items() if (why := lacking(store, target))}
        until = store.day("covers_to"), store.day("delivered")
        told = tell_all(catalogue.targets, found, months, until, lacks, elsewhere(catalogue, log), several(progress))
        if log.last:
            told["alert_yield"]["yield"] = yield_by_stratum(work, log)
        progress("writing targets")
        write_files(out, told)
        lines = {key: summary(one) for key, one in told.items()}
        made = made_of(work, months)
        write_measure_reports(out, lines, made["delivered"])
        progress("writing the report")
        write_report(work.report, told, made=made)
        return {
            "months": [months.names()[0], months.names()[-1]],
            "populations": populations(found, months),
            "case_mix": mix,
            "targets": lines,
        }

    manifest, ran = run_step(step, make)
    delivered = read_manifest(work.store, "land")["results"]["delivery"]["delivered"]
    for line in keep_version(work, manifest, delivered):
        progress(line)
    return manifest, ran


def made_of(work: Workspace, months: Months) -> dict[str, Any]:
    """Return what the report says of its data: where they are from, what they cover, when they were delivered."""
    told = read_manifest(work.store, "land")["results"]["delivery"]
    names = months.names()
    return {**{name: told[name] for name in ("source", "covers_to", "delivered")}, "months": [names[0], names[-1]]}


def months_of(work: Workspace, store: Store) -> Months:
    """Return the months that targets are followed in; DataError where the data cover no whole year and month."""
    covers_to = read_manifest(work.store, "land")["results"]["delivery"]["covers_to"]
    began = first_covered(store)
    months = Months.covered(began, day_of(store.day("covers_to")))
    if months.count < 1:
        raise DataError(
            f"targets need a year of data and a month after it; got contacts from {began or 'no day'} to {covers_to}"
        )
    return months


def first_covered(store: Store) -> date | None:
    """Return 1 January of the first year that has contacts as other years have; None in a source without contacts.

    A year with less than a quarter of the usual number is taken for strays from before the data begin.
    """
    if not store.has("contact"):
        return None
    rows = duckdb.execute(
        f"SELECT year(DATE '1970-01-01' + day) AS year, count(*) FROM {store.events('contact', None)} GROUP BY 1"
    ).fetchall()
    usual = float(np.median([count for _, count in rows])) if rows else 0.0
    years = [year for year, count in rows if count >= usual / 4]
    return date(min(years), 1, 1) if years else None


def elsewhere(catalogue: Catalogue, log: ServiceLog) -> Elsewhere | None:
    """Return what the service's own log tells of targets; None where it covers no month."""
    if log.months is None or log.last is None:
        return None
    wanted = {key: one for key, one in catalogue.targets.items() if one.measure in FROM_SERVICE}
    return Elsewhere({key: tally_of(one, log) for key, one in wanted.items()}, log.months, day_number(log.last))


def count_all(
    store: Store, catalogue: Catalogue, months: Months, progress: Callable[..., None], scored: Sequence[int] = ()
) -> Measured:
    """Return everything counted, over the processes there are.

    scored: the years on whose 1 January people are given a risk, by the models of the folder that the store lies in.
    """
    thirds, tick = income_thirds(store), ticking(progress, "counting cases, {n} of {of} parts", store.buckets)
    progress("counting cases", 0.0)
    wanted = [key for key, target in catalogue.targets.items() if target.from_registers and _can(store, catalogue, key)]
    jobs = [(store.root, catalogue, wanted, months, thirds, some, scored) for some in _together(store.buckets)]
    found = Measured()
    for one in shared_out(_measured, jobs, tick):
        found.add(one)
    return found


def several(progress: Callable[..., None]) -> Each:
    """Return what tells targets over the processes there are."""

    def each(do: Callable[..., Any], jobs: list[tuple[Any, ...]]) -> list[Any]:
        tick = ticking(progress, "telling targets, {n} of {of}", len(jobs))
        return shared_out(_one_job, [(do, job) for job in jobs], tick)

    return each


def _one_job(do: Callable[..., Any], job: tuple[Any, ...], tick: Callable[[], None]) -> Any:
    found = do(*job)
    tick()
    return found


def _measured(
    root: Path, catalogue: Catalogue, wanted: list[str], months: Months, thirds: Thirds, buckets: Sequence[int],
    scored: Sequence[int], tick: Callable[[], None],
) -> Measured:  # fmt: skip
    """Return everything counted on some buckets, in a process of its own."""
    if scored:
        from pipelines.frozen import risks_of

    found = Measured()
    for bucket in buckets:
        risks = {year: risks_of(Workspace(root.parent), catalogue, year, bucket) for year in scored}
        found.add(measure_bucket(root, catalogue, wanted, months, thirds, bucket, risks))
        tick()
    return found


def _together(buckets: int) -> list[range]:
    """Return the buckets in fours, the last eight or more alone: sending what was counted costs as much as adding it.

    Alone, so that no process waits long for another at the end.
    """
    fours = max(buckets - LAST_ALONE, 0) // FOUR * FOUR
    return [range(at, at + FOUR) for at in range(0, fours, FOUR)] + [range(at, at + 1) for at in range(fours, buckets)]


def populations(found: Measured, months: Months) -> dict[str, dict[str, str]]:
    """Return how many adults each population had on 1 January of each year, as known in this delivery, in words."""
    years = [str(months.years[0] - 1), *(str(one) for one in months.years)]
    return {
        name: {year: words(int(count)) for year, count in zip(years, counts, strict=True)}
        for name, counts in found.populations.items()
    }


def _can(store: Store, catalogue: Catalogue, key: str) -> bool:
    """Whether a target, or at least a part of it, can be counted here."""
    target = catalogue.targets[key]
    return not lacking(store, target) or target.measure == "elements"
