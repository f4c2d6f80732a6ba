"""What was before of the people who are scored: earlier risks, and when conditions, stays and medicines were.

Kept packed in serving.db, a row for each person in table `past`, for the page of one person alone. Only what was known
before the day of scoring stands in it, as in features. Days are whole days since 1970.
risks       by outcome, one for each of `beside.past_days`: of earlier landmarks by the models that are served now, so
            that a line tells of the person and not of a change of models; of death none. A training person's earlier
            rows were among those the models learned from
conditions  [id, first day]
stays       [first day, day of discharge (null: not over), kind] of five years; a kind is somatic or psychiatric, acute
            or planned: sa, sp, pa, pp
medicines   [ATC group (level 2), first purchase, last purchase, purchases] of five years
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from models import Bundle
from models.people import Scorer
from pipelines.build_step import COHORT
from stratify.catalogue import Catalogue
from stratify.definitions import POPULATIONS
from stratify.features.kernel import Floats, Ints
from stratify.files import canonical_json
from stratify.indexed import INDEX
from stratify.registers.clock import day_of
from stratify.store.read import Store
from stratify.workspace import Workspace

MOST = 11  # earlier landmarks beside the one that is scored
LOOK_BACK = 5 * 365 + 1  # days of stays and medicines
GROUP = 3  # letters of an ATC group at level 2
DEATH = "death"  # the event of an outcome whose risk nobody meets unasked
NOTHING = "[]"
BEFORE = "FROM {rows} WHERE known < {landmark}"
LATELY = BEFORE + " AND day >= {since}"
PER = {  # by domain, what is told of it, as JSON for each person
    "condition": f"""
        SELECT person, '[' || string_agg('[' || to_json(code) || ',' || day || ']', ',' ORDER BY day, code) || ']'
        FROM (
            SELECT person, code, min(day) AS day {BEFORE} AND list_contains($codes, code) GROUP BY ALL
        ) GROUP BY person""",
    "stay": f"""
        SELECT person, '[' || string_agg('[' || day || ',' || over || ',' || kind || ']', ',' ORDER BY day, over) || ']'
        FROM (
            SELECT person, day, '"' || left(care, 1) || CASE WHEN acute THEN 'a"' ELSE 'p"' END AS kind,
                coalesce(CAST(CASE WHEN end_known < {{landmark}} THEN end_day END AS VARCHAR), 'null') AS over
            {LATELY} AND admission
        ) GROUP BY person""",
    "drug": f"""
        SELECT person, '[' || string_agg('[' || to_json(code) || ',' || first || ',' || last || ',' || n || ']', ','
            ORDER BY code) || ']'
        FROM (
            SELECT person, left(code, {GROUP}) AS code, min(day) AS first, max(day) AS last, count(*) AS n
            {LATELY} AND length(code) >= {GROUP} GROUP BY ALL
        ) GROUP BY person""",
}


@dataclass(frozen=True)
class Past:
    """What is kept of the past: packed, by row; and the days of the earlier risks."""

    days: Sequence[int]
    packed: Sequence[bytes]


def past_of(
    work: Workspace,
    store: Store,
    bundle: Bundle,
    catalogue: Catalogue,
    people: Ints,
    landmark: int,
    built: Sequence[int],
) -> Past:
    """Return the past of people by their numbers in the store; built: the days of the landmarks there are."""
    days = sorted(day for day in built if day < landmark)[-MOST:]
    risks = earlier_risks(work, bundle, catalogue, people, days)
    texts = {domain: events_of(store, catalogue, domain, landmark) for domain in PER}
    packed = []
    for row, person in enumerate(people.tolist()):
        own = {outcome: _told(of[row]) for outcome, of in risks.items()}
        parts = [texts[domain].get(person, NOTHING) for domain in ("condition", "drug", "stay")]
        text = '{{"conditions":{},"medicines":{},"risks":{},"stays":{}}}'.format(
            *parts[:2], canonical_json({key: one for key, one in own.items() if one}), parts[2]
        )
        packed.append(zlib.compress(text.encode()))
    return Past(days, packed)


def earlier_risks(
    work: Workspace, bundle: Bundle, catalogue: Catalogue, people: Ints, days: Sequence[int]
) -> dict[str, Floats]:
    """Return by outcome the risk of each person on each day, [people, days]; NaN where they had none."""
    scorer = Scorer(bundle, catalogue)
    outcomes = {str(one["outcome"]) for one in bundle.manifest["members"].values()}
    told = sorted(one for one in outcomes if catalogue.outcomes[one].event != DEATH)
    found = {outcome: np.full((len(people), len(days)), np.nan) for outcome in told}
    for nth, day in enumerate(days):
        for who, cells, populations in _parts(work, bundle, day):
            shown = scorer.shown(cells, populations)
            place = np.minimum(np.searchsorted(people, who), max(len(people) - 1, 0))
            here = people[place] == who if len(people) else np.zeros(len(who), dtype=np.bool_)
            for outcome in told:
                found[outcome][place[here], nth] = shown[outcome].risk[here]
    return found


def _parts(work: Workspace, bundle: Bundle, day: int) -> Iterator[tuple[Ints, Floats, dict[str, NDArray[np.bool_]]]]:
    """Yield a landmark's people bucket by bucket, with the bundle's columns alone, which keeps memory small."""
    wanted = [str(column["id"]) for column in bundle.content.columns]
    read = [name for name in wanted if not name.startswith(INDEX)]
    for file in sorted((work.features / COHORT / day_of(day).isoformat()).glob("bucket=*.parquet")):
        table = pq.read_table(file, columns=["person", *POPULATIONS, *read], partitioning=None)
        cells = np.full((table.num_rows, len(wanted)), np.nan)
        for place, name in enumerate(wanted):
            if not name.startswith(INDEX):
                cells[:, place] = table[name].to_numpy()
        yield table["person"].to_numpy().astype(np.int64), cells, {name: table[name].to_numpy() for name in POPULATIONS}


def events_of(store: Store, catalogue: Catalogue, domain: str, landmark: int) -> dict[int, str]:
    """Return of each person who has any what is told of a domain, as JSON."""
    if not store.has(domain):
        return {}
    found: dict[int, str] = {}
    for bucket in range(store.buckets):
        sql = PER[domain].format(rows=store.events(domain, bucket), landmark=landmark, since=landmark - LOOK_BACK)
        values: Mapping[str, Any] = {"codes": sorted(catalogue.conditions)} if domain == "condition" else {}
        found |= dict(duckdb.execute(sql, values).fetchall())
    return found


def _told(risks: Floats) -> list[float | None] | None:
    if np.isnan(risks).all():
        return None
    return [None if np.isnan(one) else round(float(one), 3) for one in risks]
