"""Whom the watch looks at: people no model was made on, at landmarks once a year, scored as they are served."""

import pickle
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest

from models.scoring import Logistic, Member
from models.split import person_share
from pipelines import watch_rows
from pipelines.index_build import KINDS
from pipelines.labelled import stable_numbers
from pipelines.watch_rows import Look, Months, look_at, panel, watched
from stratify.catalogue import load
from stratify.features.part import Region
from stratify.registers.clock import day_number, day_of
from stratify.store.read import Store

DEFINITIONS = {"multimorbid": "DK39-2", "both": "PSYKSOM-1"}
SEED, TEST_PEOPLE = 20190203, 0.4


def line(*columns, intercept=-2.0):
    """A logistic member that reads these columns as they are."""
    terms = [{"mean": 0.0, "scale": 1.0, "coefficient": 0.01}]
    told = {"transform": {"kind": "linear"}, "terms": terms, "missing": None}
    return Member(
        "logistic", Logistic({"intercept": intercept, "columns": [{"id": one, **told} for one in columns]}), 1.0, 0.0
    )


def look(region, catalogue, **other):
    base = {
        "root": region / "store",
        "bundle": region,
        "public": region,
        "catalogue": catalogue,
        "definitions": DEFINITIONS,
        "kind": None,
        "keys": (),
        "months": Months.between(date(2022, 3, 1), date(2024, 2, 1)),
        "share": 1.0,
        "test_people": TEST_PEOPLE,
        "seed": SEED,
        "families": ("person", "communication", "education"),
        "reference": False,
        "ends": {},
    }
    return Look(**{**base, **other})


@pytest.fixture(scope="module")
def catalogue():
    return load()


@pytest.fixture
def opened(region, catalogue, monkeypatch):
    """A store without a bundle: who is looked at does not depend on what is served."""
    store = Store(region / "store")
    nothing = SimpleNamespace(
        bundle=SimpleNamespace(content=SimpleNamespace(columns=[]), members={}), shown=lambda served, of: {}
    )
    monkeypatch.setattr(watch_rows, "_opened", lambda *_: (Region.of(store), nothing, stable_numbers(store)))
    return store, nothing


def test_what_is_looked_at_can_be_sent_to_another_process(region, catalogue):
    sent = pickle.loads(pickle.dumps(look(region, catalogue, kind=KINDS[0])))
    assert sent.populations.keys() == {"multimorbid", "psychiatric_somatic"}
    assert sent.kind == KINDS[0]


def test_months_are_those_of_the_calendar():
    months = Months.between(date(2023, 11, 5), date(2024, 2, 29))
    assert months.names() == ["2023-11", "2023-12", "2024-01", "2024-02"]
    days = [day_number(date(2023, 11, 30)), day_number(date(2023, 12, 1)), day_number(date(2024, 2, 29))]
    assert months.of(np.array(days)).tolist() == [0, 1, 3]
    assert day_of(months.days[-1]) == date(2024, 3, 1)


def test_panels_are_even_and_unrelated_to_the_test():
    stable = np.random.default_rng(1).integers(0, 2**63, 60_000, dtype=np.uint64)
    of = panel(stable)
    assert np.bincount(of, minlength=12) == pytest.approx(5000, rel=0.06)
    test = person_share(stable, SEED) < TEST_PEOPLE
    assert np.bincount(of[test], minlength=12) == pytest.approx(2000, rel=0.1)


def test_nobody_a_model_was_made_on_is_watched_and_the_reference_is_of_nobody_watched(region, catalogue):
    stable = np.random.default_rng(2).integers(0, 2**63, 50_000, dtype=np.uint64)
    months = look(region, catalogue, share=0.1)
    mine, made_on = watched(stable, months), watched(stable, replace(months, reference=True))
    own = person_share(stable, SEED)
    assert (own[mine] < TEST_PEOPLE).all()
    assert (own[made_on] >= TEST_PEOPLE).all()
    assert (mine.mean(), made_on.mean()) == pytest.approx((0.1, 0.1), abs=0.01)
    assert watched(stable, replace(months, share=1.0)).mean() == pytest.approx(TEST_PEOPLE, abs=0.01)


def test_at_landmarks_each_is_looked_at_once_in_twelve_months_and_everybody_in_turn(region, catalogue, opened):
    seen = look_at(look(region, catalogue), 0, lambda: None)
    assert len(seen.person) > 100
    same = np.diff(seen.person) == 0
    assert (np.diff(seen.day)[same] >= 365).all()
    assert all(day_of(day).day == 1 for day in np.unique(seen.day))
    assert np.isin(seen.person, np.flatnonzero(watched(stable_numbers(opened[0]), look(region, catalogue)))).all()


def test_rows_are_those_of_the_matrix_on_the_same_day(region, catalogue, opened):
    from pipelines.matrix import read_matrix

    january = date(2024, 1, 1)
    months = Months((day_number(january), day_number(january) + 1))
    seen = look_at(
        look(region, catalogue, months=months, reference=True, ends={"multimorbid": {"person_age": None}}),
        0,
        lambda: None,
    )
    matrix = read_matrix(region / "features", [day_number(january)])
    stable = stable_numbers(opened[0])
    chosen = np.flatnonzero(watched(stable, look(region, catalogue, reference=True)) & (panel(stable) == 0))
    mine = np.isin(matrix.rows.person, chosen)
    np.testing.assert_array_equal(seen.person, matrix.rows.person[mine])
    for name, of in matrix.populations.items():
        np.testing.assert_array_equal(seen.populations[name], of[mine])
    ages = matrix.cells[mine, matrix.names.index("person_age")]
    np.testing.assert_array_equal(seen.told["person_age"], ages)
    np.testing.assert_array_equal(
        seen.cells["multimorbid"]["person_age"], ages[seen.populations["multimorbid"]].astype(np.float32)
    )


def test_discharges_are_scored_with_the_facts_of_the_stay(region, catalogue, opened):
    from pipelines.matrix import read_index

    store, scorer = opened
    key, kind = "readmission_acute_somatic_30d/discharges", KINDS[0]
    scorer.bundle.members[key] = line("person_age", "index_hours")
    months = Months.between(date(2023, 1, 1), date(2023, 12, 1))
    asked = look(
        region, catalogue, kind=kind, keys=(key,), months=months, ends={"discharges": {"index_hours": np.array([48.0])}}
    )
    seen = look_at(asked, 0, lambda: None)
    built = read_index(region / "features", "discharges", [2023])
    mine = np.isin(built.events.rows.person, np.flatnonzero(watched(stable_numbers(store), asked)))
    np.testing.assert_array_equal(seen.person, built.events.rows.person[mine])
    np.testing.assert_array_equal(seen.minute, built.events.minute[mine])
    hours = np.asarray(built.events.facts["hours"], dtype=np.float64)[mine]
    expected = 1 / (1 + np.exp(-(-2 + 0.01 * (seen.told["person_age"] + hours))))
    np.testing.assert_allclose(seen.risks[key], expected)
    counts = seen.counts["discharges"]["index_hours"]
    assert counts.shape == (12, 3)
    assert counts[:, 0].sum() == (hours.astype(np.float32) <= 48).sum()
    assert counts.sum() == mine.sum()
    louder = look_at(replace(asked, factor=1.5), 0, lambda: None)
    np.testing.assert_allclose(louder.risks[key], np.minimum(expected * 1.5, 0.99))
