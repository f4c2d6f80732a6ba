"""What was before stands in serving.db as the store has it, known before the day of scoring, and never of death."""

import json
import sqlite3
import zlib

import duckdb
import numpy as np
import pytest

from models import load_champion
from models.people import Scorer
from pipelines.matrix import read_matrix
from pipelines.past import LOOK_BACK
from stratify.catalogue import load
from stratify.pseudonym import pseudonym, read_key
from stratify.registers.clock import day_number, read_date
from stratify.store.read import Store
from stratify.workspace import Workspace

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def told(region):
    work = Workspace(region)
    with sqlite3.connect(f"file:{work.serving_db}?mode=ro", uri=True) as con:
        meta = dict(con.execute("SELECT key, value FROM meta"))
        past = {name: json.loads(zlib.decompress(body)) for name, body in con.execute("SELECT * FROM past")}
        (days,) = con.execute("SELECT body FROM beside WHERE key = 'past_days'").fetchone()
    return work, meta, past, json.loads(days)


def names_of(work, meta, people):
    key, every = read_key(work.keys / "pseudonym.key"), Store(work.store).source_ids()
    return [pseudonym(key, meta["system"], every[person]) for person in people]


def test_stays_and_medicines_are_those_of_the_store_known_before_the_day(told):
    work, meta, past, _ = told
    landmark = day_number(read_date(meta["landmark"], "landmark"))
    people = read_matrix(work.features, [landmark]).rows.person.tolist()
    for domain, key, also in (("stay", "stays", "admission"), ("drug", "medicines", "length(code) >= 3")):
        rows = duckdb.execute(
            f"SELECT person, day, * EXCLUDE (person, day) FROM read_parquet('{work.store}/{domain}/*.parquet') "
            f"WHERE known < {landmark} AND day >= {landmark - LOOK_BACK} AND {also}"
        ).df()
        by_person = dict(tuple(rows.groupby("person")))
        for person, name in zip(people, names_of(work, meta, people), strict=True):
            mine = by_person.get(person)
            if key == "stays":
                found = [] if mine is None else sorted(mine["day"].tolist())
                assert [one[0] for one in past[name]["stays"]] == found
            else:
                found = {} if mine is None else mine.groupby(mine["code"].str[:3])["day"].agg(["min", "max", "size"])
                expected = [] if mine is None else [[code, *map(int, row)] for code, row in found.iterrows()]
                assert [[code, *rest] for code, *rest in past[name]["medicines"]] == [
                    [code, first, last, n] for code, first, last, n in expected
                ]


def test_earlier_risks_are_those_of_the_served_models_and_none_of_death(told, few_events):
    work, meta, past, days = told
    bundle = load_champion(work.bundles, work.keys / "bundle_public.pem")
    catalogue = load(few_events)
    assert days
    for nth, day in enumerate(days):
        matrix = read_matrix(work.features, [day]).select(bundle.content.columns)
        shown = Scorer(bundle, catalogue).shown(matrix.cells, matrix.populations)
        for row, name in enumerate(names_of(work, meta, matrix.rows.person.tolist())):
            for outcome, line in past.get(name, {"risks": {}})["risks"].items():
                assert line[nth] == (
                    None if np.isnan(shown[outcome].risk[row]) else pytest.approx(shown[outcome].risk[row], abs=5e-4)
                )
    assert not [one for of in past.values() for one in of["risks"] if one.startswith("death")]
