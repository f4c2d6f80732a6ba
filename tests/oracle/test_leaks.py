"""The leak audit: it finds leaks that are planted on purpose, names column and table, and has nothing to say of ours.

Each planted leak stands in the place of a reader of the real code while the matrix is built and audited. The copies of
the store that the audit reads are held, row by row, against the rule of the two clocks.
"""

import shutil
from dataclasses import replace
from datetime import date

import duckdb
import numpy as np
import pytest

import stratify.features.build as building
import stratify.features.conditions as reading_conditions
from pipelines.audit_leaks import audit_leaks_step
from pipelines.build_step import build_step
from pipelines.data_steps import land_step
from pipelines.simulate_step import Wanted, synthesise_step
from stratify.catalogue import load
from stratify.definitions import DEFINITIONS, MULTIMORBIDITY_DEFINITION
from stratify.errors import BundleError, GateError
from stratify.features.blind import ENDS, Blindfold, stored
from stratify.features.build import person_cells
from stratify.features.conditions import condition_events
from stratify.features.events import read_events
from stratify.features.leaks import MEMBERSHIP, audit_landmark
from stratify.registers.clock import day_number
from stratify.store import layout
from stratify.store.layout import DOMAINS, bucket_file
from stratify.store.read import Store
from stratify.workspace import Workspace

CATALOGUE = load()
COHORT = {"multimorbid": DEFINITIONS[MULTIMORBIDITY_DEFINITION]}
LATER = {"until", "refuted"}  # beside what a row tells of its end


def silent(*_):
    """Show no progress."""


@pytest.fixture(scope="module")
def landed(tmp_path_factory):
    """A small region in the store, in two buckets."""
    found = Workspace(tmp_path_factory.mktemp("leaks") / "work")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "PEOPLE_PER_BUCKET", 300)
        synthesise_step(found, Wanted(500, 8, 11, date(2024, 12, 31)), silent)
        land_step(found, CATALOGUE, source="synthetic", data=found.registers, progress=silent)
        yield found


@pytest.fixture(scope="module")
def store(landed):
    found = Store(landed.store)
    assert found.buckets == 2
    return found


@pytest.fixture(scope="module")
def t(store):
    """The day of two years on which most stays are known to have begun and not yet to have ended."""
    first, last = day_number(date(2022, 1, 1)), day_number(date(2023, 12, 31))
    row = duckdb.execute(
        f"SELECT t FROM range({first}, {last}) AS days(t) JOIN {store.events('stay', None)} ON known < t AND "
        "coalesce(end_known, 99999) >= t GROUP BY t ORDER BY count(*) DESC, t LIMIT 1"
    ).fetchone()
    return row[0]


@pytest.fixture
def found(store, t, tmp_path):
    """What moves on one landmark: a function that returns column -> tables."""

    def answer():
        tables = {}
        for column, table in audit_landmark(store, CATALOGUE, t, COHORT, tmp_path / "scratch").moved:
            tables.setdefault(column, set()).add(table)
        return tables

    return answer


def test_nothing_of_ours_moves_and_there_was_something_to_move(store, t, tmp_path):
    audit = audit_landmark(store, CATALOGUE, t, COHORT, tmp_path / "scratch")
    assert dict(audit.moved) == {}
    assert audit.rows > 50
    assert audit.cells > 20_000
    assert all(audit.late[name] > 50 for name in ("condition", "contact", "drug", "lab", "stay"))
    assert audit.later_facts["stay"] > 0


# --- leaks on purpose ------------------------------------------------------------------------------------------------


def of_family(name, changed):
    """A reader of events that does as it should, but for one family."""

    def reader(store, family, of, bucket):
        return (changed if family.id == name else read_events)(store, family, of, bucket)

    return reader


def ignores_known(*asked):
    events = read_events(*asked)
    return replace(events, known=events.day)


def looks_ahead(*asked):
    """A window that reaches 60 days into the future."""
    events = read_events(*asked)
    return replace(events, day=events.day - 60, known=events.known - 60)


def end_at_start(store, family, of, bucket):
    events = read_events(store, family, of, bucket)
    return replace(events, end_known=events.known.astype(float))


def slowly(*values):
    """One leak more, which only the slow tests plant."""
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    "family, changed, table, columns",
    [
        ("drug", ignores_known, "drug", {"drug_all_count_30", "drug_all_count_365"}),
        slowly("contact", ignores_known, "contact", {"contact_emergency_count_365"}),
        ("contact", looks_ahead, "contact", {"contact_emergency_count_365"}),
        slowly("lab", looks_ahead, "lab", {"lab_hba1c_last", "lab_hba1c_count_365"}),
        slowly("bed_days", end_at_start, "stay", {"bed_days_somatic_days_within_365"}),
        ("care_home", end_at_start, "municipal", {"care_home_stay_days_within_365"}),
    ],
)
def test_a_planted_leak_of_a_family_is_found_with_its_columns_and_table(
    monkeypatch, found, family, changed, table, columns
):
    monkeypatch.setattr(building, "read_events", of_family(family, changed))
    told = found()
    assert columns <= set(told)
    assert all(column.startswith(f"{family}_") and tables == {table} for column, tables in told.items())


def test_diagnoses_known_too_early_move_conditions_and_who_is_a_row(monkeypatch, found):
    def early(store, names, bucket):
        events = condition_events(store, names, bucket)
        return replace(events, known=events.day)

    monkeypatch.setattr(reading_conditions, "condition_events", early)
    told = found()
    assert MEMBERSHIP in told
    assert any(column.startswith("condition_") for column in told)
    assert {table for tables in told.values() for table in tables} == {"condition"}


def test_a_refutation_known_too_early_is_found(monkeypatch, found):
    """Diagnoses that are refuted one day are left out from the beginning."""

    def without_refuted(*asked):
        events = condition_events(*asked)
        stays = np.isnan(events.until)
        names = ("person", "day", "known", "group", "until")
        return replace(events, **{name: getattr(events, name)[stays] for name in names})

    monkeypatch.setattr(reading_conditions, "condition_events", without_refuted)
    told = found()
    assert told
    assert {table for tables in told.values() for table in tables} == {"condition"}


@pytest.mark.parametrize("what", ["a death to come", "a departure to come"])
def test_the_end_of_a_life_or_of_a_stay_in_the_region_told_too_early_is_found(monkeypatch, found, what):
    def foretelling(rows, people, lived):
        cells = person_cells(rows, people, lived)
        if what == "a death to come":
            ends = ~np.isnan(people["death"][rows.person])
        else:
            ends = np.isin(rows.person, lived.person[np.isfinite(lived.end) & (lived.end > rows.day.max(initial=0))])
        return cells | {"age": cells["age"] + ends}

    monkeypatch.setattr(building, "person_cells", foretelling)
    assert found() == {"person_age": {"people"}}


# --- the step --------------------------------------------------------------------------------------------------------


@pytest.fixture
def work(landed, tmp_path):
    """A work folder of its own with the same store, and no matrix."""
    copy = Workspace(tmp_path / "work")
    shutil.copytree(landed.store, copy.store)
    return copy


def test_the_step_says_what_was_compared_and_leaves_nothing_behind(work):
    build_step(work, CATALOGUE, silent, processes=1, most=2)
    shares = []
    told, _ = audit_leaks_step(work, CATALOGUE, lambda _, share: shares.append(share), processes=1)
    last = told["results"]["lines"][-1]
    assert last.startswith("no leak: 2 landmarks, ")
    assert last.endswith("; cells moved: 0")
    assert shares == pytest.approx([n / 4 for n in range(5)])
    assert not work.leaks.exists()


def test_a_leak_ends_the_step_with_exit_code_12_and_its_columns(work, monkeypatch):
    monkeypatch.setattr(building, "read_events", of_family("drug", ignores_known))
    build_step(work, CATALOGUE, silent, processes=1, most=1)
    with pytest.raises(GateError) as refused:
        audit_leaks_step(work, CATALOGUE, silent, processes=1)
    assert refused.value.exit_code == 12
    assert any(line.startswith("column drug_all_count_30, table drug: ") for line in refused.value.problems)
    assert all(", table drug: " in line for line in refused.value.problems)
    assert not work.leaks.exists()


def test_a_matrix_that_other_code_made_is_refused(work, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(building, "read_events", of_family("drug", ignores_known))
        build_step(work, CATALOGUE, silent, processes=1, most=1)
    with pytest.raises(BundleError, match="not the matrix that this store and this catalogue give"):
        audit_leaks_step(work, CATALOGUE, silent, processes=1)


def test_a_store_of_another_catalogue_is_refused_before_any_work(work, tmp_path):
    changed = CATALOGUE.entries["conditions"] | {
        "gout": CATALOGUE.conditions["gout"].model_copy(update={"lookback_days": 77})
    }
    other = replace(CATALOGUE, entries={**CATALOGUE.entries, "conditions": changed})
    said = []
    with pytest.raises(BundleError, match=r"landed under another catalogue: .*run `stratify land` again") as refused:
        build_step(work, other, lambda *told: said.append(told), processes=1)
    assert refused.value.exit_code == 13
    assert (said, work.features.exists()) == ([], False)
    build_step(work, CATALOGUE, silent, processes=1)
    with pytest.raises(BundleError, match="landed under another catalogue"):
        audit_leaks_step(work, other, lambda *told: said.append(told), processes=1)
    assert said == []


# --- the copies ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["removed", "moved"])
def test_a_copy_keeps_what_was_known_and_nothing_else_that_could_count(store, t, tmp_path, how):
    fold = Blindfold(store, t, how)
    copy = fold.write_people(tmp_path / "copy")
    known = f"day < {t} AND known < {t}"
    for bucket in range(store.buckets):
        fold.write_bucket(tmp_path / "copy", bucket)
        for domain in stored(store):
            names = [name for name in DOMAINS[domain] if name not in LATER and name not in ENDS.get(domain, ())]
            selected = f"SELECT person, {', '.join(names)} FROM '{{}}' WHERE {known} ORDER BY ALL"
            before, after = (
                duckdb.execute(selected.format(root / bucket_file(domain, bucket))).fetchall()
                for root in (store.root, copy.root)
            )
            assert before == after, domain
            late = duckdb.execute(
                f"SELECT count(*) FROM '{copy.root / bucket_file(domain, bucket)}' WHERE NOT ({known})"
            )
            assert (late.fetchone()[0] == 0) == (how == "removed") or len(before) < 50, domain


@pytest.mark.parametrize("how", ["removed", "moved"])
def test_a_copy_has_none_of_the_ends_that_were_not_known_yet(store, t, tmp_path, how):
    fold = Blindfold(store, t, how)
    copy = fold.write_people(tmp_path / "copy")
    for bucket in range(store.buckets):
        fold.write_bucket(tmp_path / "copy", bucket)
    rows = "SELECT person, start_min, end_day, hours FROM {} WHERE day < ? AND known < ?"
    ended = f"{rows} AND end_day < {t} AND end_known < {t} ORDER BY ALL"
    late = f"SELECT person, start_min, end_day, hours FROM {{}} WHERE NOT (end_day < {t} AND end_known < {t})"
    asked = [t, t]
    assert (
        duckdb.execute(ended.format(store.events("stay", None)), asked).fetchall()
        == duckdb.execute(ended.format(copy.events("stay", None)), asked).fetchall()
    )
    ends = set(duckdb.execute(late.format(store.events("stay", None))).fetchall())
    assert ends
    assert not ends & set(
        duckdb.execute(f"SELECT person, start_min, end_day, hours FROM {copy.events('stay', None)}").fetchall()
    )
    assert (copy.persons()["death"] <= t).sum() == (store.persons()["death"] <= t).sum() > 0
    same = copy.persons()["death"] == store.persons()["death"]
    assert not (same & (copy.persons()["death"] > t)).any()
