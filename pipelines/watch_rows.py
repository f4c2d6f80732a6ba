"""Whom `stratify watch` looks at, built and scored as they are served, bucket by bucket; cells are not kept.

At landmarks a person is looked at once a year, on the first of a month drawn by hash: so the people of twelve months in
a row are others, their windows of a year do not overlap, and each month says something of its own. (Everybody every
month would show the same events up to twelve times, and no chart's limits would hold.) Models of discharges and
outpatient contacts are watched on all of a month's. All are people who were dealt to the test: no model was fitted or
calibrated on them, in whatever month.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import Bundle
from models.bundle import load_bundle
from models.drift import Counts, counted
from models.people import Scorer, cells_of
from models.split import person_share
from models.table import Bools, Floats, Stable, column_ids
from pipelines.index_build import IndexKind
from pipelines.labelled import stable_numbers
from stratify.catalogue import Catalogue
from stratify.cohort import residents
from stratify.definitions import DEFINITIONS, Definition, populations
from stratify.features.columns import columns
from stratify.features.conditions import present
from stratify.features.kernel import Ints, Rows
from stratify.features.part import Region
from stratify.indexed import INDEX, index_events
from stratify.registers.clock import day_number, day_of
from stratify.store.read import Store

PANELS = 12  # months in which a person's landmark may fall; a window of a year then never overlaps the next
PANEL_SEED = 20_350_000  # another draw than those of training
SMI = DEFINITIONS["PSYKSOM-1-SMI"]
INSIDE = "psychiatric_somatic"
EXEMPT = "communication_no_digital_post_any_36525"
LEVELS = {name: f"education_{name}_any_730" for name in ("short", "medium", "long")}
TOLD = ("person_age", "person_female", "person_newcomer", EXEMPT, *LEVELS.values())  # what tells groups apart


@dataclass(frozen=True)
class Months:
    """Calendar months from `first` on, by the day each begins; `days` has the end of the last as well."""

    days: tuple[int, ...]

    @classmethod
    def between(cls, first: date, last: date) -> Months:
        """Return the months from that of `first` to that of `last`."""
        whole = range(first.year * 12 + first.month - 1, last.year * 12 + last.month + 1)
        return cls(tuple(day_number(date(month // 12, month % 12 + 1, 1)) for month in whole))

    def __len__(self) -> int:
        return len(self.days) - 1

    def names(self) -> list[str]:
        """Return them as they are written, 2024-05."""
        return [day_of(day).isoformat()[:7] for day in self.days[:-1]]

    def of(self, day: NDArray[np.integer]) -> Ints:
        """Return the place of the month that each day is in."""
        return np.asarray(np.searchsorted(self.days, day, side="right") - 1, dtype=np.int64)


@dataclass(frozen=True)
class Look:
    """What one pass over the buckets looks at: a kind of rows in these months, and whom.

    kind: None for landmarks; keys: the members that are watched on these rows. reference: people the models were
    developed on, whose cells are wanted; else people of the test, whose cells are counted by `ends`, by population.
    """

    root: Path
    bundle: Path
    public: Path
    catalogue: Catalogue
    definitions: Mapping[str, str]  # ids, by the words of `populations`: what is sent to other processes is plain
    kind: IndexKind | None
    keys: tuple[str, ...]
    months: Months
    share: float  # of all people, at most
    test_people: float
    seed: int
    families: tuple[str, ...]
    reference: bool
    ends: Mapping[str, Mapping[str, Floats]]  # by population and column
    factor: float = 1.0  # risks times this: a planted fault

    @property
    def populations(self) -> dict[str, Definition]:
        """Whom the models are made for, by population."""
        return populations(self.definitions)


@dataclass(frozen=True)
class Seen:
    """Rows of a bucket, sorted by person and day, with the risks served and what tells groups apart.

    risks: by member, NaN where another model's is shown. told: the columns of `TOLD`. counts: by population and column,
    int[months, bins + 1]. cells: of the reference alone, by population and column.
    """

    person: Ints
    day: Ints
    minute: Ints
    risks: Mapping[str, Floats]
    told: Mapping[str, Floats]
    smi: Bools
    inside: Bools
    populations: Mapping[str, Bools]
    counts: Mapping[str, Mapping[str, Counts]]
    cells: Mapping[str, Mapping[str, Floats]]


def watched(stable: Stable, look: Look) -> Bools:
    """Return by person who is looked at: test people, or for the reference the others, up to a share of all."""
    own = person_share(stable, look.seed)
    if look.reference:
        return np.asarray((own >= look.test_people) & (own < look.test_people + look.share))
    return np.asarray(own < min(look.test_people, look.share))


def panel(stable: Stable) -> Ints:
    """Return by person the month of the year, from 0, on whose first day the person is looked at."""
    return np.floor(person_share(stable, PANEL_SEED) * PANELS).astype(np.int64)


def look_at(look: Look, bucket: int, tick: Callable[[], None]) -> Seen:
    """Return what is seen of a bucket."""
    region, scorer, stable = _opened(look.root, look.bundle, look.public, _Same(look.catalogue))
    chosen = watched(stable, look)
    if look.kind:
        seen = _events(look, region, scorer, bucket, chosen)
    else:
        seen = _landmarks(look, region, scorer, bucket, chosen, panel(stable))
    tick()
    return seen


def _landmarks(look: Look, region: Region[Store], scorer: Scorer, bucket: int, chosen: Bools, falls: Ints) -> Seen:
    mine = chosen & (np.arange(len(chosen)) % region.store.buckets == bucket)
    found: list[Rows] = []
    for day in look.months.days[:-1]:
        those = mine & (falls == day_of(day).month - 1)
        lived = region.lived.of(np.flatnonzero(those[region.lived.person]))
        found.append(residents(region.people, lived, [day]))
    person, on = np.concatenate([one.person for one in found]), np.concatenate([one.day for one in found])
    order = np.lexsort((on, person))
    asked = {**look.populations, "smi": SMI}
    part = region.part_of(look.catalogue, Rows(person[order], on[order]), bucket, asked, look.families)
    within = np.any([part.populations[name] for name in look.populations], axis=0)
    rows = Rows(part.kept.person[within], part.kept.day[within])
    cells = part.cells[within]
    of = {name: part.populations[name][within] for name in look.populations}
    content = scorer.bundle.content
    names = [column.id for column in columns(look.catalogue)]
    shown = scorer.shown(cells_of(cells, names, content.columns), of)
    risks = {}
    for key in look.keys:
        outcome, population = key.split("/")
        told = shown[outcome]
        risks[key] = np.where(told.population == told.populations.index(population), told.risk, np.nan)
    return _seen(look, rows, rows.day * 0, risks, cells, names, part.populations["smi"][within], of[INSIDE], of)


def _events(look: Look, region: Region[Store], scorer: Scorer, bucket: int, chosen: Bools) -> Seen:
    assert look.kind is not None
    events = index_events(look.kind.index, region, bucket, look.months.days[0], look.months.days[-1] - 1)
    events = events.of(chosen[events.rows.person])
    found = present(region.store, events.rows, look.catalogue, bucket)
    holds = found.holds(look.populations[look.kind.population])
    smi, inside = found.holds(SMI)[holds], found.holds(look.populations[INSIDE])[holds]
    kept = events.of(holds)
    cells = region.cells(look.catalogue, kept.rows, found.only(holds), bucket, look.families)
    names = [column.id for column in columns(look.catalogue)]
    facts = [name for name in kept.facts if kept.facts[name].dtype != object]
    cells = np.column_stack([cells, *(np.asarray(kept.facts[name], dtype=np.float64) for name in facts)])
    names += [f"{INDEX}{name}" for name in facts]
    place = {name: at for at, name in enumerate(names)}
    risks = {}
    for key in look.keys:
        member = scorer.bundle.members[key]
        x = np.ascontiguousarray(cells[:, [place[name] for name in member.columns]])
        risks[key] = member.risk(x)
    everybody = {look.kind.folder: np.ones(len(kept), dtype=np.bool_)}
    return _seen(look, kept.rows, kept.minute, risks, cells, names, smi, inside, everybody)


def _seen(
    look: Look,
    rows: Rows,
    minute: Ints,
    risks: Mapping[str, Floats],
    cells: Floats,
    names: list[str],
    smi: Bools,
    inside: Bools,
    populations: Mapping[str, Bools],
) -> Seen:
    place = {name: at for at, name in enumerate(names)}
    risks = {key: np.minimum(risk * look.factor, 0.99) if look.factor != 1 else risk for key, risk in risks.items()}
    told = {name: cells[:, place[name]] for name in TOLD if name in place}
    month = look.months.of(rows.day)
    counts: dict[str, dict[str, Counts]] = {}
    kept: dict[str, dict[str, Floats]] = {}
    for population, those in populations.items():
        asked = look.ends.get(population, {})
        if look.reference:
            kept[population] = {name: cells[those, place[name]].astype(np.float32) for name in asked}
            continue
        when = month[those]
        counts[population] = {
            name: by_month(cells[those, place[name]], when, len(look.months), ends) for name, ends in asked.items()
        }
    return Seen(rows.person, rows.day, minute, risks, told, smi, inside, populations, counts, kept)


def by_month(values: Floats, month: Ints, months: int, ends: Floats) -> Counts:
    """Return int[months, bins + 1] as `counted` has them."""
    return np.stack([counted(values[month == nth].astype(np.float32), ends) for nth in range(months)])


class _Same:
    """A catalogue as an argument that is equal to itself, whatever process it came from."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    def __hash__(self) -> int:
        return hash(self.catalogue.digest)

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, _Same) and other.catalogue.digest == self.catalogue.digest


@lru_cache(maxsize=1)
def _opened(root: Path, bundle: Path, public: Path, same: _Same) -> tuple[Region[Store], Scorer, Stable]:
    """The store's region, the scorer and the people's stable numbers, opened once by each process."""
    scorer = Scorer(load_bundle(bundle, public), same.catalogue)
    scorer.refuse_unfit([column.as_dict() for column in columns(same.catalogue)])
    store = Store(root)
    return Region.of(store), scorer, stable_numbers(store)


def columns_by_population(bundle: Bundle, keys: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the columns that some of these members read, by the population it is of, in the bundle's order."""
    order = {name: at for at, name in enumerate(column_ids(bundle.content.columns))}
    found: dict[str, set[str]] = {}
    for key in keys:
        found.setdefault(key.split("/")[1], set()).update(bundle.members[key].columns)
    return {population: tuple(sorted(names, key=order.__getitem__)) for population, names in found.items()}


def families_of(catalogue: Catalogue, asked: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the families whose cells are needed: what the members read, and what tells groups apart."""
    wanted = {name for names in asked.values() for name in names} | set(TOLD)
    return tuple(sorted({column.family.id for column in columns(catalogue) if column.id in wanted}))
