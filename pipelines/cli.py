"""The command line. Each command loads what it needs when it is called, so that `check` runs without the pipelines."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from pipelines import cli_care, cli_models, cli_need, cli_offers, cli_plan, cli_rollout, cli_watch
from pipelines.cli_parts import WORK, Local, Work, out, seen, step
from pipelines.ending import errors_told, told_when_interrupted
from stratify.catalogue import load
from stratify.definitions import MULTIMORBIDITY_DEFINITION, PSYCHIATRIC_SOMATIC_DEFINITION
from stratify.errors import CatalogueError, DataError, UsageError
from stratify.examples import failures
from stratify.workspace import Workspace

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="See the patients with several diseases of a health region, and offer each what fits.",
)

People = Annotated[int, typer.Option("--people", min=1, help="how many people the simulated region starts with")]
Years = Annotated[int, typer.Option("--years", min=3, max=30, help="how many years, the last one ending at --end")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="the same seed gives the same region")]
End = Annotated[datetime, typer.Option("--end", formats=["%Y-%m-%d"], help="the last day of the simulated data")]
SourceName = Annotated[str | None, typer.Option("--source", help="danish or omop; synthetic for our own region")]
Data = Annotated[Path | None, typer.Option("--data", help="the extract: a folder of Parquet or CSV files, or .duckdb")]
EngineName = Annotated[str, typer.Option("--engine", help="duckdb on this machine, or spark with --master")]
Master = Annotated[str | None, typer.Option("--master", help="of Spark: local[2], spark://host:port, yarn, k8s://…")]
SOURCES = ("danish", "omop", "synthetic")
LAST_DAY = datetime(2024, 12, 31)  # noqa: DTZ001 - a day, not a moment


@app.command()
def check(
    source: SourceName = None,
    data: Data = None,
    catalogue: Local = None,
    thresholds: Annotated[Path | None, typer.Option("--thresholds", help="own thresholds of data quality")] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="write what the extract's checks find, as JSON")
    ] = None,
) -> None:
    """Validate the catalogue and run its examples; with --data check an extract too. Every problem is listed.

    An extract's data quality is shown before it is landed for trial; a check that fails ends with exit code 11.

    Example: stratify check --catalogue our-entries

    Example: stratify check --source danish --data extract --report quality.json
    """
    if data is None and (thresholds or report):
        raise UsageError("--thresholds and --report need --data, the extract they are about")
    found = load(catalogue)
    if failed := failures(found):
        raise CatalogueError(f"{len(failed)} example(s) do not come out as their file says:", failed)
    from models.declared import declared_for

    specs = declared_for(found).specs.values()
    own = sum(not spec.for_study for spec in specs)
    told = f"catalogue: {found.size()} entries, no problem; digest {found.digest[:12]}; {own} model specs"
    for_study = [spec.outcome for spec in specs if spec.for_study]
    out().print(told + (f", for study without one: {', '.join(for_study)}" if for_study else ""),
                highlight=False, soft_wrap=True)  # fmt: skip
    if data is not None:
        from pipelines.data_quality import failing, look
        from pipelines.deliveries import dated
        from pipelines.progress import progress_bar
        from pipelines.summary import show_extract
        from stratify.store.land import land as land_extract

        named = _source(source, data)
        if held := dated(named, data):
            raise UsageError(f"--data holds {len(held)} dated deliveries; name one of them, as {held[max(held)]}")
        failed = failing(look(named, data, thresholds, report, out()))
        try:
            with TemporaryDirectory() as scratch, progress_bar(1) as (say, _):
                landed = land_extract(named, data, Path(scratch), found, say)
        except DataError as error:
            raise DataError(error.message, [*error.problems, *failed]) from error
        show_extract(landed.people, landed.tables, landed.notes, out())
        if failed:
            raise DataError(f"{len(failed)} check(s) of data quality fail:", failed)


@app.command()
def synthesise(
    people: People = 20_000,
    years: Annotated[
        int, typer.Option("--years", min=1, max=30, help="how many years, the last one ending at --end")
    ] = 10,
    seed: Seed = 1,
    end: End = LAST_DAY,
    delivered: Annotated[
        datetime | None, typer.Option("--delivered", formats=["%Y-%m-%d"], help="the day of the delivery, after --end")
    ] = None,
    clean: Annotated[bool, typer.Option("--clean", help="registers without their quirks")] = False,
    without: Annotated[
        list[str] | None, typer.Option("--without", help="a quirk to leave out; may be repeated")
    ] = None,
    optional: Annotated[bool, typer.Option("--optional", help="laegevagt and praehospital too")] = False,
    fictitious_cpr: Annotated[
        bool, typer.Option("--fictitious-cpr", help="pnr like a CPR number, with the day + 60: nobody's")
    ] = False,
    parameters: Annotated[Path | None, typer.Option("--parameters", help="a folder of own parameter files")] = None,
    processes: Annotated[int | None, typer.Option("--processes", min=1, help="as many as there are cores")] = None,
    report: Annotated[bool, typer.Option("--report", help="hold the region against published figures")] = False,
    work: Work = WORK,
) -> None:
    """Simulate a region: its registers, and apart from them its truth. The same arguments give the same bytes.

    Example: stratify synthesise --people 20000 --years 10 --seed 1

    Example: stratify synthesise --people 200000 --report --work region

    Example: stratify synthesise --delivered 2025-01-10 --without duplicates --work early
    """
    from pipelines.simulate_step import Wanted, report_step, synthesise_step
    from pipelines.synthesis import QUIRKS

    left_out = QUIRKS if clean else frozenset(without or ())
    if unknown := sorted(left_out - QUIRKS):
        raise UsageError(f"--without needs one of {', '.join(sorted(QUIRKS))}; got {', '.join(unknown)}")
    wanted = Wanted(
        people, years, seed, end.date(), delivered.date() if delivered else None, QUIRKS - left_out, optional,
        fictitious_cpr, parameters,
    )  # fmt: skip
    told = ""
    with step("synthesise", work) as (place, say, done):
        rows = done(synthesise_step(place, wanted, say, processes))["rows"]
        if report:
            page, told = report_step(place, wanted, say)
    out().print(f"{sum(rows.values()):,} rows in {len(rows)} tables: {work / 'registers'}", highlight=False)
    if report:
        out().print(f"report: {page}\n{told}", highlight=False)


@app.command()
def land(
    source: SourceName = None,
    data: Data = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="keep the store that this delivery replaces, for build --as-of")
    ] = False,
    engine: EngineName = "duckdb",
    master: Master = None,
    work: Work = WORK,
    catalogue: Local = None,
) -> None:
    """Land an extract in the event store; every row lands or is refused with the reason.

    --data may be a folder of dated deliveries: the newest is landed in the store, and each other one is kept beside it.

    Example: stratify land --source omop --data cdm.duckdb

    Example: stratify land --source danish --data deliveries --work region

    Example: stratify land --source danish --data /shared/extract --work /shared/work --engine spark --master yarn
    """
    from pipelines.deliveries import land_deliveries
    from pipelines.spark import engine_of
    from pipelines.steps import read_run
    from pipelines.summary import show_rewritten

    with engine_of(engine, master) as (lands, _), step("land", seen(work, master)) as (place, say, done):
        where = place.registers if data is None else data
        named, found = _source(source, data), load(catalogue)
        landed = land_deliveries(place, found, source=named, data=where, progress=say, keep=keep, engine=lands)
        done(landed)
    if landed[1]:
        files = sum("/bucket=" in name for name in landed[0]["files"])
        show_rewritten(read_run(Workspace(work).store)["rewritten"], files, out())


@app.command()
def build(
    work: Work = WORK,
    catalogue: Local = None,
    multimorbid: Annotated[
        str, typer.Option(help="the definition that the cohort is made by")
    ] = MULTIMORBIDITY_DEFINITION,
    both: Annotated[
        str, typer.Option(help="the definition of psychiatric-somatic disease")
    ] = PSYCHIATRIC_SOMATIC_DEFINITION,
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="only what was known on this day")
    ] = None,
    landmarks: Annotated[int, typer.Option(min=1, help="how many at most, the latest; for a nightly list 1")] = 9,
    engine: EngineName = "duckdb",
    master: Master = None,
) -> None:
    """Build the landmark matrix of multimorbid and psychiatric-somatic adults, and the matrices of index events.

    --as-of builds from the newest delivery of that day or before, in the folder it is kept in, and ends with exit code
    15 where none is kept.

    Example: stratify build --work work --multimorbid DK39-DX-2

    Example: stratify build --as-of 2022-06-30

    Example: stratify build --work /shared/work --engine spark --master spark://head:7077
    """
    from pipelines.build_step import build_step
    from pipelines.deliveries import as_known
    from pipelines.spark import engine_of
    from pipelines.summary import show_index

    day = as_of.date() if as_of else None
    with engine_of(engine, master) as (_, shares), step("build", seen(work, master)) as (place, say, done):
        where = as_known(place, day) if day else place
        found = load(catalogue)
        cohort: dict[str, Any] = {"multimorbid": multimorbid, "both": both, "as_of": day, "most": landmarks}
        told = done(build_step(where, found, say, **cohort, share_out=shares))
    show_index(told["index_events"], out())
    if day:
        out().print(f"as known on {day}: {where.features}", highlight=False)


@app.command("audit-leaks")
def audit_leaks(work: Work = WORK, catalogue: Local = None) -> None:
    """Prove that nothing known on or after a landmark moves a row or a cell of the matrix; exit 12 where it does.

    Example: stratify audit-leaks --work work
    """
    from pipelines.audit_leaks import audit_leaks_step

    with step("audit-leaks", work) as (place, say, done):
        told = done(audit_leaks_step(place, load(catalogue), say))
    for line in told["lines"]:
        out().print(line, highlight=False, soft_wrap=True)


cli_models.register(app)


@app.command()
def monitor(
    service_db: Annotated[str | None, typer.Option("--service-db", help="the service's database by URL")] = None,
    cases: Annotated[
        Path | None, typer.Option("--cases", help="write cases.db too, under the terms that this file names")
    ] = None,
    work: Work = WORK,
    catalogue: Local = None,
) -> None:
    """Measure the quality targets, and write what is told of them: report, points, CSV.

    With --cases the cases behind the chosen targets are written too, person by person, for the unit that is to learn
    from them: cases.db, its owner's alone. The file names under [cases] on what law, whose, what for and until when
    (legal_basis, responsible_unit, purpose, until); else nothing is written, and it ends with exit code 14.

    Example: stratify monitor --work work

    Example: stratify monitor --cases terms.toml
    """
    from pipelines.case_list import read_terms, write_cases
    from pipelines.monitor import monitor_step
    from pipelines.summary import show_measured

    entries = load(catalogue)
    terms = None if cases is None else read_terms(cases, datetime.now(UTC).date())
    with step("monitor", work) as (place, say, done):
        told = done(monitor_step(place, entries, say, service_db))
        if terms is not None:
            counts = write_cases(place, entries, terms, say)
            out().print(f"{sum(counts.values())} cases of {len(counts)} targets: {place.root / 'cases.db'}")
        show_measured(told["targets"], place, out())


cli_watch.register(app)


@app.command()
def score(
    rollback: Annotated[bool, typer.Option("--rollback", help="serve the scores before these again")] = False,
    work: Work = WORK,
    catalogue: Local = None,
) -> None:
    """Score the population, weigh strata and offers, and write what the service answers from.

    Example: stratify score --work work

    Example: stratify score --rollback --work work
    """
    from pipelines.score import score_step
    from pipelines.serving import take_back
    from pipelines.steps import alone

    if rollback:
        place = Workspace(work)
        with alone(place.root):
            meta = take_back(place.serving_db, place.serving_before)
        out().print(
            f"served from now on: scores of {meta['landmark']} by bundle {meta['bundle_version']}", highlight=False
        )
        return
    with step("score", work) as (place, say, done):
        done(score_step(place, load(catalogue), say))


cli_plan.register(app)
cli_need.register(app)
cli_care.register(app)
cli_offers.register(app)
cli_rollout.register(app)


@app.command()
def run(
    people: People = 20_000,
    years: Years = 10,
    seed: Seed = 1,
    end: End = LAST_DAY,
    source: SourceName = None,
    data: Data = None,
    work: Work = WORK,
    catalogue: Local = None,
) -> None:
    """Run all of it, end to end, with a summary; what has not changed is not run again.

    Example: stratify run --people 3000 --seed 7 --work try

    Example: stratify run --source omop --data cdm.duckdb --work omop
    """
    named = _source(source, data)
    from pipelines.run import run as run_all
    from pipelines.steps import alone
    from pipelines.summary import show

    entries = load(catalogue)
    with told_when_interrupted(), alone(work):
        told = run_all(
            Workspace(work), entries, source=named, data=data, people=people, years=years, seed=seed, end=end.date()
        )
    show(told, entries, work, out())


def _source(source: str | None, data: Path | None) -> str:
    """The source that was named; our own region where no extract was. Real data are never taken for made-up ones."""
    if source not in (None, *SOURCES):
        raise UsageError(f"--source needs one of {', '.join(SOURCES)}, got {source!r}")
    if data is not None and source is None:
        raise UsageError("--data needs --source too: danish or omop")
    if source not in (None, "synthetic") and data is None:
        raise UsageError(f"--source {source} needs --data, the folder or file of the extract")
    return source or "synthetic"


def main() -> None:
    """Run the command line; a user's error ends with its exit code and no traceback."""
    from pipelines.cli_service import register

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # asked to end is as interrupted by hand
    os.umask(0o077)  # what is made here is about people: its owner's alone
    register(app)
    with errors_told():
        app()
