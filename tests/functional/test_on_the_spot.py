"""One person scored on the spot: as in the nightly batch from the store, and from a chart wherever FHIR carries it."""

import json
import logging
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from service import spot as spots
from service.schemas import Told
from service.served import open_served
from service.spot import Spot, StoreMovedError
from service.store import Store as ServedStore
from stratify.catalogue import load
from stratify.cohort import residents, spells
from stratify.errors import BundleError
from stratify.features.columns import columns
from stratify.fhir.refusal import ChartRefusedError
from stratify.pseudonym import pseudonym
from stratify.registers.clock import day_number
from stratify.registers.uses import use_of
from stratify.store.read import Store
from stratify.workspace import Workspace
from tests.unit.fhir.writer import condition, encounter, patient, prefetch, statement, written

SEED = 7
MULTIMORBID = [condition("DI509", "2020-01-01"), condition("DE119", "2019-01-01"), condition("DF200", "2015-01-01")]
TODAY = date(2025, 3, 10)
UNTOLD = {  # families that FHIR carries none or a part of
    "gp", "gp_trend", "specialist", "distance", "home_nursing", "home_care", "care_home", "drug_amount", "household",
    "communication", "ambulance", "out_of_hours",
}  # fmt: skip
UNTOLD_COLUMNS = {"person_resident_days", "person_newcomer", "person_covered_30", "person_covered_365",
                  "person_covered_1825"}  # fmt: skip
FACTS = {
    "age", "sex", "conditions", "n_conditions", "n_somatic", "n_psychiatric", "body_systems", "psychiatric_somatic",
    "smi", "acute_admissions_365d", "psychiatric_admissions_365d", "emergency_contacts_365d",
    "outpatient_contacts_365d",
    "days_since_somatic_discharge", "days_since_psychiatric_discharge", "days_since_hospital_contact", "hba1c_last",
    "days_since_hba1c", "n_drugs", "on_antipsychotic", "medication_flags", "copd_admissions_365d", "severe_depression",
    "hfrs",
}  # fmt: skip


@pytest.fixture(scope="module")
def work(region):
    return Workspace(region)


@pytest.fixture(scope="module")
def served(work):
    return open_served(work)


@pytest.fixture(scope="module")
def spot(work, served):
    return Spot(work, served)


@pytest.fixture(scope="module")
def store(work):
    return Store(work.store)


@pytest.fixture(scope="module")
def landmark(served):
    return date.fromisoformat(served.meta["landmark"])


@pytest.fixture(scope="module")
def people(store):
    """Numbers of some people, of whom some are in no population."""
    numbers = [number for number, name in enumerate(store.source_ids()) if name]
    return np.random.default_rng(SEED).choice(numbers, 160, replace=False).tolist()


@pytest.fixture(scope="module")
def nightly(served, store):
    ids = store.source_ids()
    return lambda number: served.find(pseudonym(served.key, served.meta["system"], ids[number]))


@pytest.fixture(scope="module")
def from_store(spot, served, store, landmark):
    ids = store.source_ids()
    return lambda number, day=landmark, by=spot: by.from_store(served.meta["system"], ids[number], day)


# --- from the store --------------------------------------------------------------------------------------------------


def alike(row, other):
    return row.stored == other.stored and row.features.tobytes() == other.features.tobytes()


def test_at_the_nightly_landmark_a_row_is_the_nightly_row_bit_for_bit(people, nightly, from_store, landmark):
    pairs = [(nightly(number), from_store(number)) for number in people]
    inside = [pair for pair in pairs if pair[0] is not None]
    assert 25 < len(inside) < len(pairs)
    assert all((one is None) == (other is None) for one, other in pairs), "who is in no population has no row"
    assert all(alike(*pair) for pair in inside)
    assert {(other.basis, other.day, other.name) for _, other in inside} == {("store", landmark, "")}
    assert {(one.basis, one.day) for one, _ in inside} == {("nightly", None)}


def test_what_is_told_of_a_row_is_told_of_the_same_row_on_the_spot(people, nightly, from_store, served):
    row = next(row for number in people if (row := nightly(number)) is not None)
    number = next(number for number in people if nightly(number) is not None)
    assert served.tell(from_store(number), Told) == served.tell(row, Told)


def test_somebody_unknown_and_somebody_of_another_system_have_no_row(spot, served, store, landmark):
    system, known = served.meta["system"], next(filter(None, store.source_ids()))
    assert spot.from_store(system, "nobody", landmark) is None
    assert spot.from_store("urn:other", known, landmark) is None


def test_without_a_day_it_is_the_newest_that_the_store_tells_of(spot, served, people, from_store, nightly):
    covers_to = date.fromisoformat(served.meta["covers_to"])
    assert spot.newest() == covers_to + timedelta(days=1)
    number = next(number for number in people if nightly(number) is not None)
    assert from_store(number, None).day == spot.newest()


@pytest.mark.parametrize("days", [-1, 400])
def test_a_day_the_store_does_not_tell_of_is_refused(from_store, people, landmark, days):
    with pytest.raises(BundleError, match="the store tells of the days from"):
        from_store(people[0], landmark + timedelta(days=days))


def test_what_statistics_law_keeps_is_never_read(spot):
    assert {use_of(domain) for domain in spot._rule.domains - {"person"}} <= {"care", "planning"}


def test_several_threads_get_the_same_rows(people, from_store, nightly):
    inside = [number for number in people if nightly(number) is not None][:24]
    wrong = []

    def ask(share):
        wrong.extend(number for number in share if not alike(nightly(number), from_store(number)))

    threads = [threading.Thread(target=ask, args=(inside[nth::4] * 2,)) for nth in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert wrong == []


# --- a store that is replaced ----------------------------------------------------------------------------------------


@pytest.fixture
def copied(work, tmp_path):
    """A work folder whose store may be replaced; the rest is that of the region."""
    for path in work.root.iterdir():
        if path.name != "store":
            (tmp_path / path.name).symlink_to(path)
    shutil.copytree(work.store, tmp_path / "store")
    return Workspace(tmp_path)


def swapped(found, new):
    """Replace the store as landing does: two renames."""
    found.store.rename(found.root / "store.replaced")
    new.rename(found.store)


def test_a_store_that_was_replaced_is_read_from_then_on(copied, served, from_store, people, nightly):
    spot = Spot(copied, served)
    number = next(number for number in people if nightly(number) is not None)
    assert alike(from_store(number, by=spot), nightly(number))
    fewer = copied.root / "store.partial"
    shutil.copytree(copied.store, fewer)
    for domain in ("drug", "lab"):
        told = json.loads((fewer / "manifest.json").read_text())
        told["results"]["measurable"]["domains"].remove(domain)
        (fewer / "manifest.json").write_text(json.dumps(told))
    swapped(copied, fewer)
    after = from_store(number, by=spot)
    assert after is None or {"drug", "lab"} <= {one.id for one in after.stored.missing}


def test_a_store_replaced_while_it_is_read_is_read_again_and_never_mixed(copied, served, from_store, people, nightly):
    """The new store tells no medicine: an answer is of the one or of the other."""
    spot, number = Spot(copied, served), next(number for number in people if nightly(number) is not None)
    new = copied.root / "store.partial"
    shutil.copytree(copied.store, new)
    row, swaps = spots.Spot._row, []

    def slow(self, *args):
        answer = row(self, *args)
        if not swaps:
            swaps.append(swapped(copied, new))
        return answer

    spot._row = slow.__get__(spot)
    assert alike(from_store(number, by=spot), nightly(number))
    assert len(swaps) == 1


def test_a_store_that_goes_on_being_replaced_is_an_error_to_ask_again(copied, served, from_store, people, monkeypatch):
    monkeypatch.setattr(spots, "PAUSE", 0)
    spot, row, nth = Spot(copied, served), spots.Spot._of_store, iter(range(100))

    def slow(self, *args):
        answer = row(self, *args)
        other = copied.root / f"store.{next(nth)}"
        shutil.copytree(copied.store, other)
        copied.store.rename(copied.root / f"old.{next(nth)}")
        other.rename(copied.store)
        return answer

    spot._of_store = slow.__get__(spot)
    with pytest.raises(StoreMovedError, match="ask again"):
        from_store(people[0], by=spot)


def test_a_file_that_is_gone_or_spoiled_is_told_without_a_name_of_anybody(copied, served, from_store, people, store):
    (copied.store / "drug/bucket=000.parquet").write_bytes(b"PAR1 is what it was")
    with pytest.raises(BundleError, match="the store cannot be read") as error:
        from_store(people[0], by=Spot(copied, served))
    assert store.source_ids()[people[0]] not in str(error.value)
    shutil.rmtree(copied.store)
    with pytest.raises(BundleError, match="stratify land"):
        from_store(people[0], by=Spot(copied, served))


def test_a_store_of_other_definitions_is_refused(copied, served, from_store, people):
    told = json.loads((copied.store / "manifest.json").read_text())
    (copied.store / "manifest.json").write_text(json.dumps(told | {"catalogue": "0" * 64}))
    with pytest.raises(BundleError, match="landed under other conditions"):
        from_store(people[0], by=Spot(copied, served))


def test_no_identifier_stands_in_a_log_a_name_or_an_error(spot, served, store, people, landmark, caplog):
    with caplog.at_level(logging.DEBUG):
        name = store.source_ids()[people[0]]
        row = spot.from_store(served.meta["system"], name, landmark)
        chart = spot.chart(prefetch(MULTIMORBID, who=patient(served.meta["system"], name)), TODAY)
    assert name not in caplog.text + repr(row) + repr(chart) + repr(spot)


# --- from a chart ----------------------------------------------------------------------------------------------------


def test_a_persons_events_written_as_fhir_and_read_back_give_the_same_rows(
    people, store, from_store, spot, served, landmark
):
    ids, families = store.source_ids(), {one.id: one.family.id for one in columns(served.care.catalogue)}
    names = [column["id"] for column in served.bundle.content.columns]
    told = [families.get(name) not in UNTOLD and name not in UNTOLD_COLUMNS and "missed" not in name for name in names]
    assert sum(told) > 200
    here = residents(store.persons(), spells(store.residence()), [day_number(landmark)]).person.tolist()
    compared = 0
    for number in people:
        row = from_store(number)
        chart = json.loads(json.dumps(written(store, number, ids[number], day_number(landmark))))
        other = spot.from_bundle(chart, landmark)
        if row is None:
            assert other is None or number not in here, "that somebody has moved away no chart tells"
            continue
        differ = [
            name
            for name, one, another, same in zip(names, row.features[0], other.features[0], told, strict=True)
            if same and not np.array_equal(one, another, equal_nan=True)
        ]
        assert differ == []
        assert {name: row.stored.facts.get(name) for name in FACTS} == {
            name: other.stored.facts.get(name) for name in FACTS
        }
        compared += 1
    assert compared > 25


def test_what_a_chart_cannot_tell_is_missing_and_not_nothing(spot, served):
    row = spot.from_bundle(prefetch(MULTIMORBID), TODAY)
    cells = dict(zip((one["id"] for one in served.bundle.content.columns), row.features[0].tolist(), strict=True))
    families = {one.id: one.family.id for one in columns(served.care.catalogue)}
    for name, value in cells.items():
        if families.get(name) in UNTOLD or name in UNTOLD_COLUMNS or "contact_missed_missed" in name:
            assert np.isnan(value), name
    assert cells["stay_acute_count_365"] == 0
    assert not {"municipality", "medicine_unredeemed", "days_since_check", "missed_appointments_365d"} & {
        name.removesuffix("?") for name in row.stored.facts
    }
    assert "chart" in {one.id for one in row.stored.missing}
    assert (row.basis, row.day) == ("bundle", TODAY)


def test_what_was_not_sent_is_missing_in_the_row_and_told(spot, served):
    sent = prefetch(MULTIMORBID)
    for key in ("medicationStatements", "medicationRequests", "encounters", "observations"):
        del sent[key]
    row = spot.from_bundle(sent, TODAY)
    cells = dict(zip((one["id"] for one in served.bundle.content.columns), row.features[0].tolist(), strict=True))
    assert all(np.isnan(cells[name]) for name in ("stay_acute_count_365", "drug_lipid_count_365", "lab_hba1c_last"))
    assert {"drug", "lab", "not_sent_encounters", "not_sent_observations"} <= {one.id for one in row.stored.missing}
    assert "days_since_psychiatric_discharge" not in row.stored.facts


def test_who_has_too_few_conditions_or_is_no_adult_has_no_row(spot):
    assert spot.from_bundle(prefetch(MULTIMORBID[:1]), TODAY) is None
    assert spot.from_bundle(prefetch(), TODAY) is None
    assert spot.from_bundle(prefetch(MULTIMORBID, who=patient(born="2010-05-05")), TODAY) is None
    assert spot.from_bundle(prefetch(MULTIMORBID, who=patient(born="2007-03-10")), TODAY) is not None, "18 today"


def offer(served, row, name):
    return next(one for one in served.tell(row, Told).model_dump()["offers"] if one["id"] == name)


@pytest.mark.parametrize(
    "end, since, due",
    [
        ("2025-03-08T11:00:00+01:00", 2, 5),
        ("2025-03-10T08:00:00+01:00", 1, 6),  # today: as of yesterday
        ("2025-03-03T11:00:00+01:00", 7, 0),
        ("2025-03-02T11:00:00+01:00", 8, None),
    ],
)
def test_a_discharge_opens_the_offer_that_has_days_left(spot, served, end, since, due):
    stay = encounter("IMP", "2025-02-20T09:00:00+01:00", end, care="psychiatric", acute=True)
    row = spot.from_bundle(prefetch(MULTIMORBID, encounters=[stay]), TODAY)
    told = offer(served, row, "safe_7d")
    assert row.stored.facts["days_since_psychiatric_discharge"] == since
    assert (told["due_days"], told["reason"]) == (due, None if due is not None else "window")
    assert (told["answer"] in ("suitable", "bridge", "ask")) is (due is not None)


def test_the_nightly_scores_never_open_it_since_registers_are_late(served, nightly, people):
    told = [served.tell(row, Told).model_dump() for number in people if (row := nightly(number)) is not None]
    assert {one["due_days"] for offers in told for one in offers["offers"] if one["id"] == "safe_7d"} <= {None}


def test_somebody_in_hospital_now_is_not_discharged(spot, served):
    stay = encounter("IMP", "2025-03-07T09:00:00+01:00", care="psychiatric", acute=True, came="in-progress")
    facts = spot.from_bundle(prefetch(MULTIMORBID, encounters=[stay]), TODAY).stored.facts
    assert facts["days_since_psychiatric_discharge"] == "never"
    assert facts["inpatient?"] == "psychiatric"
    assert facts["psychiatric_admissions_365d"] == 1


def test_an_encounter_that_does_not_say_where_leaves_the_offer_to_be_asked_about(spot, served):
    stay = encounter("IMP", "2025-02-20T09:00:00+01:00", "2025-03-08T11:00:00+01:00", care=None, acute=True)
    row = spot.from_bundle(prefetch(MULTIMORBID, encounters=[stay]), TODAY)
    assert "days_since_psychiatric_discharge" not in row.stored.facts
    assert offer(served, row, "safe_7d")["answer"] == "ask"


def test_the_day_of_weighing_is_the_day_of_the_row(spot, served):
    row = spot.from_bundle(prefetch(MULTIMORBID, medications=[statement("N05AH03", "2025-03-01")]), TODAY)
    assert row.stored.facts["on_antipsychotic"] is True
    assert row.stored.facts["age"] == 75


@pytest.mark.parametrize(
    "identifiers, reason",
    [
        ([], "no_identifier"),
        ([("urn:other", "1")], "no_identifier"),
        ([("SYSTEM", "1"), ("SYSTEM", "2")], "several_identifiers"),
    ],
)
def test_whose_chart_it_is_must_be_told_in_the_system_people_are_served_by(spot, served, identifiers, reason):
    named = [{"system": system.replace("SYSTEM", served.meta["system"]), "value": v} for system, v in identifiers]
    chart = spot.chart(prefetch(MULTIMORBID, who=patient() | {"identifier": named}), TODAY)
    with pytest.raises(ChartRefusedError) as error:
        spot.identifier_of(chart)
    assert error.value.reason == reason


def test_the_identifier_of_a_chart_is_the_one_people_are_looked_up_by(spot, served):
    named = [{"system": served.meta["system"], "value": "17"}] * 2
    named.append({"system": served.meta["system"], "value": "12", "use": "old"})
    assert spot.identifier_of(spot.chart(prefetch(MULTIMORBID, who=patient() | {"identifier": named}), TODAY)) == "17"


# --- as a whole ------------------------------------------------------------------------------------------------------


def test_the_same_spot_answers_for_as_long_as_the_pair_is_served(work):
    pair = ServedStore(work)
    served = pair.current()
    assert pair.spot(served) is pair.spot(served)
    assert pair.spot(served).served is served
    other = open_served(work)
    assert pair.spot(other).served is other


def test_entries_that_the_bundle_was_not_trained_on_score_nobody(work):
    served = open_served(work)
    other = replace(served, care=replace(served.care, catalogue=load()))
    with pytest.raises(BundleError, match="other definitions"):
        Spot(work, other).from_bundle(prefetch(MULTIMORBID), TODAY)


def test_both_ways_work_without_pandas_pyarrow_sklearn_and_mlflow(work, store, landmark, nightly, people):
    number = next(number for number in people if nightly(number) is not None)
    code = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("pandas", "pyarrow", "sklearn", "mlflow", "statsmodels"):
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Absent())
from datetime import date
from pathlib import Path
from service.schemas import Told
from service.served import open_served
from service.spot import Spot
from stratify.workspace import Workspace
work = Workspace(Path({str(work.root)!r}))
spot = Spot(work, open_served(work))
spot.warm()
print(spot.from_store({store.manifest["results"]["delivery"]["system"]!r}, {store.source_ids()[number]!r}).basis)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=Path.cwd())
    assert done.stdout.strip() == "store", done.stderr
