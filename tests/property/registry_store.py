"""A random registry landed by the store's own writer, and its matrix as it is built."""

import json
import tempfile
from contextlib import contextmanager
from pathlib import Path

import duckdb
import numpy as np
import pytest

from stratify.cohort import residents, spells
from stratify.features.build import matrix
from stratify.features.conditions import Present
from stratify.features.kernel import Rows
from stratify.store import layout
from stratify.store.content import Content
from stratify.store.layout import DOMAINS
from stratify.store.read import Store
from stratify.store.write import number_people, write_domain, write_people
from tests.property.registries import CATALOGUE, DAY, LANDMARKS

DATABASE = duckdb.connect(config={"threads": 1})  # a cursor of it is cheaper than a database of one's own


@contextmanager
def landed(registry, *, per_bucket=layout.PEOPLE_PER_BUCKET):
    """The registry as a store, written as landing writes it."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch, DATABASE.cursor() as con:
        patch.setattr(layout, "PEOPLE_PER_BUCKET", per_bucket)
        there = [(n, life) for n, life in enumerate(registry.lives) if life["lived"] is not None]
        deaths = [(f"p{n}", 1, DAY - 20_000, None if of["death"] is None else DAY + of["death"]) for n, of in there]
        people = number_people(con, table(deaths, "source_id, sex, birth, death"))
        lived = [(f"p{n}", DAY + a, None if b is None else DAY + b, "1") for n, of in there for a, b in of["lived"]]
        write_people(con, table(lived, 'source_id, start, "end", municipality'), Path(folder))
        content = Content(layout.buckets(people))
        for domain, rows in ({"condition": []} | registry.events).items():
            names = list(DOMAINS[domain])
            told = [(f"p{e['person']}", *(e.get(name) for name in names)) for e in rows]
            rows = table(told, ", ".join(["source_id", *names]))
            write_domain(con, domain, rows, people, Path(folder), content, Path(folder))
        results = {
            "people": people,
            "measurable": {
                "domains": list(registry.events),
                "conditions": [],
                "indices": [],
                "acute": True,
                "care": True,
            },
            "delivery": {"covers_to": "2019-05-13", "delivered": "2019-05-14"},
        }
        (Path(folder) / "manifest.json").write_text(json.dumps({"results": results}), encoding="utf-8")
        yield Store(Path(folder))


def table(rows, names):
    """The SQL of rows; of none where there are none."""
    told = ", ".join("(" + ", ".join(literal(value) for value in row) + ")" for row in rows)
    nothing = ", ".join("NULL" for _ in names.split(","))
    return f"SELECT * FROM (VALUES {told or f'({nothing})'}) AS t({names})" + ("" if rows else " WHERE false")


def literal(value):
    return "NULL" if value is None else f"'{value}'" if isinstance(value, str) else str(value)


def from_store(registry, *, asked=None, at_once=1_000_000, per_bucket=layout.PEOPLE_PER_BUCKET):
    """Every cell, {(source id, landmark): cells}, as the matrix is built, so many landmark rows at once.

    Then also what `asked` says of the store.
    """
    found = {}
    with landed(registry, per_bucket=per_bucket) as store:
        people, lived, names = store.persons(), spells(store.residence()), store.source_ids()
        everyone = residents(people, lived, LANDMARKS)
        for bucket in range(store.buckets):
            mine = np.flatnonzero(everyone.person % store.buckets == bucket)
            for few in np.split(mine, range(at_once, len(mine), at_once)):
                rows = Rows(everyone.person[few], everyone.day[few])
                nothing = Present(np.zeros((len(rows), 0), bool), (), np.zeros(0, bool))
                cells = matrix(store, rows, nothing, people, lived, CATALOGUE, bucket)
                keys = zip(rows.person.tolist(), rows.day.tolist(), strict=True)
                found |= {(names[who], t): told for (who, t), told in zip(keys, cells, strict=True)}
        return (found, asked(store, everyone, names)) if asked else found
