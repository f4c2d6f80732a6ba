"""Watching ourselves: the served models followed month by month on matured labels, and drift of their columns.

`watch/figures.parquet`   a line for each member, month and subgroup: what was foreseen and what came, as may be shown
`watch/drift.parquet`     a line for each member, month and column it reads, against the people it was developed on
`watch/contacts.parquet`  events of the store by domain and month, as far as they may be shown
`watch/landings.json`     what each landing brought, a row for each day of delivery; kept from watch to watch
`watch/proposals.json`    what was breached, why, and the command a person may run; nothing is done by itself

What a line is made of: `pipelines.watch_rows` (whom), `pipelines.watch_figures` (what is told of them). See
docs/watch.md for what the figures can and cannot say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from models import Bundle, Declared, ensure_signing_keys, load_champion
from models.bundle import BEFORE
from models.declared import declared_for
from models.drift import FLOOR, ends_of
from models.table import Floats
from pipelines.build_step import LOOK_BEHIND_DAYS
from pipelines.data_steps import Progress, refuse_other_catalogue
from pipelines.index_build import IndexKind, asked_kinds
from pipelines.processes import shared_out
from pipelines.steps import Step, manifest_digest, read_manifest, refuse_damaged, run_step
from pipelines.watch_data import contacts_table, landings
from pipelines.watch_figures import POOLED, Before, Pooled, Watched, drift_lines, groups_of, matured, member_lines
from pipelines.watch_rows import PANELS, Look, Months, Seen, by_month, columns_by_population, families_of, look_at
from pipelines.watch_signals import proposals
from stratify.catalogue import Catalogue
from stratify.catalogue.load import MODEL_KINDS
from stratify.definitions import POPULATIONS
from stratify.files import write_json
from stratify.registers.clock import day_of, read_date
from stratify.store.read import Store
from stratify.workspace import Workspace

MONTHS = 24  # mature ones; those that are not yet come beside
SAMPLE = 20_000  # adults whose month it is, at most, so twelve times as many in a year; the ill are built and scored
WEEK = 7
Of = TypeVar("Of", bound=np.generic)


def watch_step(
    work: Workspace,
    catalogue: Catalogue,
    progress: Progress,
    *,
    months: int = MONTHS,
    sample: int = SAMPLE,
    processes: int | None = None,
    factor: float = 1.0,
) -> tuple[dict[str, Any], bool]:
    """Write the served members' figures by month, drift and proposals; return the manifest.

    factor: risks are multiplied by it, to see that a fault is found. Raises BundleError (exit 13) where no bundle is
    served, or one that was trained on other definitions than the catalogue's.
    """
    refuse_other_catalogue(work, catalogue)
    _, public = ensure_signing_keys(work.keys)
    bundle = load_champion(work.bundles, public)
    definitions = read_manifest(work.features, "build")["results"]["definitions"]
    before = work.bundles / BEFORE
    inputs = {
        "store": manifest_digest(work.store, "land"),
        "bundle": bundle.version,
        "before": before.read_text(encoding="utf-8").strip() if before.exists() else "",
    }
    parameters = {"months": months, "sample": sample, "panels": PANELS, "pooled": POOLED, "floor": FLOOR}
    parameters |= {"definitions": definitions, **({"factor": factor} if factor != 1 else {})}
    step = Step("watch", work.watch, inputs, parameters, catalogue.digest_of(*MODEL_KINDS))

    def make(out: Path) -> dict[str, Any]:
        refuse_damaged(work.store, "land")
        store, declared = Store(work.store), declared_for(catalogue)
        figures: list[dict[str, Any]] = []
        drifts: list[dict[str, Any]] = []
        pooled: list[Pooled] = []
        for look in _looks(work, bundle, public, catalogue, declared, definitions, sample, factor):
            base = replace(look, months=_months(look, store, months))
            found = _watched(base, bundle, store, progress, processes)
            for key in base.keys:
                progress(f"watching {key}")
                lines, own = member_lines(key, found, bundle, catalogue, declared, store)
                figures += lines
                pooled += own
                drifts += drift_lines(key, found, bundle)
        events, falls = contacts_table(store)
        landed = landings(work)
        for name, lines in (("figures", figures), ("drift", drifts), ("contacts", events)):
            pq.write_table(pa.Table.from_pylist(lines), out / f"{name}.parquet", compression="zstd")
        write_json(out / "landings.json", landed)
        proposed = proposals(pooled, drifts, falls, landed, declared, bundle, roll_back=bool(inputs["before"]))
        write_json(out / "proposals.json", proposed)
        return {
            "members": sorted({line["member"] for line in figures}),
            "months": sorted({line["month"] for line in figures}),
            "lines": {"figures": len(figures), "drift": len(drifts), "contacts": len(events)},
            "proposals": [one["told"] for one in proposed["proposals"]],
            "expected_false_alarms": proposed["expected_false_alarms"],
        }

    return run_step(step, make)


def _looks(
    work: Workspace,
    bundle: Bundle,
    public: Path,
    catalogue: Catalogue,
    declared: Declared,
    definitions: Mapping[str, str],
    sample: int,
    factor: float,
) -> Iterator[Look]:
    """Yield what is looked at: for each kind of rows, and each way that people were dealt, the members served."""
    people = max(Store(work.store).people, 1)
    kinds: list[IndexKind | None] = [None, *asked_kinds(catalogue)]
    for kind in kinds:
        mine = [kind.folder] if kind else list(POPULATIONS)
        dealt: dict[tuple[int, float], list[str]] = {}
        for key, entry in bundle.manifest["members"].items():
            if entry["population"] in mine:
                split = declared.specs[entry["outcome"]].split
                dealt.setdefault((split.seed, split.test_people), []).append(key)
        for (seed, test_people), keys in dealt.items():
            asked = columns_by_population(bundle, keys)
            yield Look(
                work.store,
                work.bundles / bundle.version,
                public,
                catalogue,
                definitions,
                kind,
                tuple(keys),
                Months((0,)),
                min(1.0, sample * PANELS / people),
                test_people,
                seed,
                families_of(catalogue, asked),
                False,
                {name: dict.fromkeys(of, np.empty(0)) for name, of in asked.items()},
                factor,
            )


def _months(look: Look, store: Store, most: int) -> Months:
    """The latest mature months of the look's members, so many of them, and those after them that data cover.

    An index event's month must be whole, a landmark's first day covered.
    """
    last = day_of(store.day("covers_to"))
    if look.kind is not None and (last + timedelta(1)).day != 1:
        last = last.replace(day=1) - timedelta(1)
    whole = Months.between(min(_first_day(store), last), last)
    outcomes = [look.catalogue.outcomes[key.split("/")[0]] for key in look.keys]
    mature = max(int(matured(whole, one, store, look.kind).sum()) for one in outcomes)
    return Months(whole.days[max(mature - most, 0) :])


def _first_day(store: Store) -> date:
    """The first day of the first whole month that the store has the past for."""
    row = duckdb.execute(f"SELECT min(day) FROM {store.events('contact', None)}").fetchone()
    first = day_of((row[0] if row and row[0] is not None else store.day("covers_to")) + LOOK_BEHIND_DAYS)
    return first if first.day == 1 else (first.replace(day=1) + timedelta(32)).replace(day=1)


def _watched(base: Look, bundle: Bundle, store: Store, progress: Progress, processes: int | None) -> Watched:
    """Look at the people the models were developed on, in the year of the latest calibration; then at the months."""
    what = base.kind.folder if base.kind else "landmarks"
    day = max(read_date(bundle.cards[key]["made_on"]["calibrate"]["landmarks"][-1], "landmark") for key in base.keys)
    year = Months.between(day.replace(month=1, day=1), day.replace(month=12, day=1))
    progress(f"looking at the {what} of the year that models were made on")
    first = _seen(replace(base, months=year, reference=True), store, processes)
    ends: dict[str, dict[str, Floats]] = {}
    before: dict[str, Before] = {}
    for population, names in base.ends.items():
        month = np.concatenate([year.of(one.day[one.populations[population]]) for one in first])
        person = np.concatenate([one.person[one.populations[population]] for one in first])
        cells = {name: np.concatenate([one.cells[population][name] for one in first]) for name in names}
        ends[population] = {name: ends_of(values, step=step_of(name)) for name, values in cells.items()}
        people = [np.unique(person[month == nth]).size for nth in range(len(year))]
        counts = {name: by_month(cells[name], month, len(year), ends[population][name]) for name in names}
        before[population] = Before(people, counts)
    progress(f"looking at the {what} of {len(base.months)} months")
    return _together(replace(base, ends=ends), _seen(replace(base, ends=ends), store, processes), before, store)


def step_of(column: str) -> int:
    """Return what the ends of a column's bins are multiples of: of days since whole weeks, as some registers tell."""
    return WEEK if column.endswith("_days_since") else 0


def _seen(look: Look, store: Store, processes: int | None) -> list[Seen]:
    return shared_out(look_at, [(look, bucket) for bucket in range(store.buckets)], lambda: None, processes)


def _together(look: Look, seen: Sequence[Seen], before: Mapping[str, Before], store: Store) -> Watched:
    """Put the buckets together, sorted by person and day."""
    order = np.lexsort(tuple(np.concatenate([getattr(one, name) for one in seen]) for name in ("day", "person")))

    def rows(of: Callable[[Seen], NDArray[Of]]) -> NDArray[Of]:
        joined: NDArray[Of] = np.concatenate([of(one) for one in seen])[order]
        return joined

    def named(of: Callable[[Seen], Mapping[str, NDArray[Of]]]) -> dict[str, NDArray[Of]]:
        def under(name: str) -> Callable[[Seen], NDArray[Of]]:
            return lambda one: of(one)[name]

        return {name: rows(under(name)) for name in of(seen[0])}

    told, day = named(lambda one: one.told), rows(lambda one: one.day)
    counts = {
        population: {column: np.sum([one.counts[population][column] for one in seen], axis=0) for column in columns}
        for population, columns in seen[0].counts.items()
    }
    return Watched(
        look,
        rows(lambda one: one.person),
        day,
        rows(lambda one: one.minute),
        look.months.of(day),
        named(lambda one: one.risks),
        told,
        groups_of(told, rows(lambda one: one.smi), rows(lambda one: one.inside), store),
        named(lambda one: one.populations),
        counts,
        before,
    )
