"""Index events: which discharges and outpatient contacts there are, what is told of each, and how one is drawn."""

from collections import Counter
from datetime import date, timedelta

import numpy as np
import pytest

from stratify.features.part import Region
from stratify.indexed import _drawn, discharges, index_events, outpatient_contacts
from stratify.registers.clock import day_number

DAY = 24 * 60
T = 19_000  # the day most things are counted from
DELAY = 14


def stay(person=0, start=T - 2, hours=48, *, noon=True, **told):
    """A somatic acute admission, from noon of a day."""
    begun = start * DAY + (12 * 60 if noon else 0)
    ended = begun + hours * 60
    row = {
        "person": person, "day": start, "known": start + DELAY, "start_min": begun, "end_min": ended,
        "end_day": ended // DAY, "end_known": ended // DAY + DELAY, "hours": float(hours), "acute": True,
        "care": "somatic", "admission": hours >= 12, "unit_first": "A", "unit_last": "B", "first_code": "J441",
    }  # fmt: skip
    return row | told


def visit(person=0, day=T, *, hour=9, **told):
    row = {
        "person": person, "day": day, "known": day + DELAY, "end_day": day, "start_min": day * DAY + hour * 60,
        "end_min": day * DAY + hour * 60 + 30, "setting": "outpatient", "acute": False, "care": "psychiatric",
        "unit": "P",
    }  # fmt: skip
    return row | told


@pytest.fixture
def region(write_store):
    """A region of ten adults who live here for ever, but for what is told of one."""

    def make(stays=(), contacts=(), diagnoses=(), deaths=(), homes=(), births=()):
        everyone = [
            {
                "person": n,
                "source_id": f"id{n}",
                "sex": 1,
                "birth": dict(births).get(n, 0),
                "death": dict(deaths).get(n),
            }
            for n in range(10)
        ]
        lived = [
            {"person": n, "start": 0, "end": None, "municipality": "751"} | dict(dict(homes).get(n, {}))
            for n in range(10)
        ]
        tables = {"stay": stays, "contact": contacts, "diagnosis": diagnoses}
        return Region.of(write_store({k: list(v) for k, v in tables.items()}, persons=everyone, residence=lived))

    return make


def found(region, first=0, last=90_000):
    return discharges(region, 0, first, last)


# --- discharges -------------------------------------------------------------------------------------------------------


def test_a_discharge_is_the_end_of_a_somatic_admission_with_what_its_ward_knows(region):
    events = found(region([stay(hours=48)]))
    assert events.rows.person.tolist() == [0]
    assert events.rows.day.tolist() == [T]
    assert events.minute.tolist() == [T * DAY + 12 * 60]
    told = {name: values.tolist() for name, values in events.facts.items()}
    assert told == {
        "hours": [48.0], "acute": [1.0], "care": ["somatic"], "unit": ["B"], "admissions_180": [0],
        "emergency_180": [0], "diagnosis_known": [False],
    }  # fmt: skip


@pytest.mark.parametrize(
    "told",
    [
        {"care": "psychiatric"},
        {"hours": 8},
        {"end_min": None, "end_day": None, "end_known": None},
    ],
    ids=["psychiatric", "too short", "still open"],
)
def test_other_stays_are_no_discharges(region, told):
    assert len(found(region([stay(**told)]))) == 0


@pytest.mark.parametrize(
    "life, there",
    [
        ({"deaths": [(0, T)]}, 0),
        ({"deaths": [(0, T - 1)]}, 0),
        ({"deaths": [(0, T + 1)]}, 1),
        ({"homes": [(0, {"end": T})]}, 0),
        ({"homes": [(0, {"end": T + 1})]}, 1),
        ({"homes": [(0, {"start": T + 1})]}, 0),
        ({"homes": [(0, {"start": T})]}, 1),
        ({"births": [(0, T - 18 * 365)]}, 0),
        ({"births": [(0, T - 19 * 366)]}, 1),
    ],
)
def test_a_discharge_is_of_an_adult_who_leaves_alive_and_lives_here(region, life, there):
    assert len(found(region([stay()], **life))) == there


def test_somebody_is_an_adult_from_the_eighteenth_birthday_on(region):
    on = date(1970, 1, 1) + timedelta(days=T)
    birthday = day_number(on.replace(year=on.year - 18))
    assert len(found(region([stay()], births=[(0, birthday)]))) == 1
    assert len(found(region([stay()], births=[(0, birthday + 1)]))) == 0


def test_only_days_asked_for_come_back(region):
    there = region([stay(start=T - 2), stay(person=1, start=T + 8), stay(person=2, start=T + 18)])
    assert found(there, T, T + 10).rows.person.tolist() == [0, 1]
    assert found(there, T + 1, T + 9).rows.person.tolist() == []


def test_rows_are_sorted_by_person_day_and_minute(region):
    rows = [
        stay(person=1, start=T - 2),
        stay(person=0, start=T + 30),
        stay(person=0, start=T - 10),
        stay(person=0, start=T - 12, hours=36, noon=False),
        stay(person=0, start=T - 11, hours=20),
    ]
    events = found(region(rows))
    keys = list(zip(events.rows.person.tolist(), events.rows.day.tolist(), events.minute.tolist(), strict=True))
    assert keys == sorted(keys)
    assert len(keys) == 5


def test_acute_is_unknown_where_the_source_does_not_tell(region):
    events = found(region([stay(acute=None), stay(person=1, acute=False)]))
    np.testing.assert_array_equal(events.facts["acute"], [np.nan, 0])


def test_earlier_acute_admissions_of_180_days_that_were_known_count(region):
    index = stay(start=T - 2)
    begun = T - 2
    earlier = {
        "on the last day of the 180": (stay(start=begun - 180, hours=24), 1),
        "a day too early": (stay(start=begun - 181, hours=24), 0),
        "planned": (stay(start=begun - 100, acute=False), 0),
        "psychiatric": (stay(start=begun - 100, care="psychiatric"), 0),
        "no admission": (stay(start=begun - 100, hours=6), 0),
        "not known by the day of discharge": (stay(start=begun - 10, hours=24, end_known=T), 0),
        "known the day before": (stay(start=begun - 10, hours=24, end_known=T - 1), 1),
        "of somebody else": (stay(person=1, start=begun - 100), 0),
    }
    for why, (one, expected) in earlier.items():
        events = found(region([index, one]), T, T)
        assert events.facts["admissions_180"].tolist() == [expected], why


def test_earlier_emergency_contacts_count_and_that_of_the_stay_does_not(region):
    emergency = {"setting": "emergency", "care": "somatic", "acute": True}
    contacts = [
        visit(day=T - 2, **emergency),  # the stay's own
        visit(day=T - 3, known=T - 1, **emergency),
        visit(day=T - 20, **emergency),
        visit(day=T - 182, **emergency),
        visit(day=T - 183, **emergency),
        visit(day=T - 10, **emergency),  # known on T + 4
        visit(day=T - 30, care="somatic"),
    ]
    assert found(region([stay()], contacts)).facts["emergency_180"].tolist() == [3]


def test_a_diagnosis_of_the_stay_is_known_where_a_part_of_it_ended_long_before(region):
    def told(day, known, **more):
        return {"person": 0, "day": day, "known": known, "code": "J441", "kind": "A", "care": "somatic"} | more

    long = stay(start=T - 30, hours=30 * 24)
    cases = [
        ([told(T - 30, T - 1)], True),
        ([told(T - 30, T)], False),
        ([told(T - 31, T - 10)], False),
        ([told(T - 30, T - 1, care="psychiatric")], False),
        ([told(T - 30, T - 1, person=1)], False),
        ([], False),
    ]
    for diagnoses, expected in cases:
        assert found(region([long], diagnoses=diagnoses)).facts["diagnosis_known"].tolist() == [expected]


def test_facts_are_what_a_loop_counts(region):
    rng = np.random.default_rng(1)
    starts = rng.permutation(np.arange(T, T + 1200, 6))[:60]
    rows = [stay(person=int(rng.integers(4)), start=int(s), hours=int(rng.integers(2, 90))) for s in starts]
    events = found(region(rows))
    assert len(events) > 30
    for n, (person, day) in enumerate(zip(events.rows.person.tolist(), events.rows.day.tolist(), strict=True)):
        mine = next(r for r in rows if r["person"] == person and r["end_min"] == events.minute[n])
        expected = sum(
            r["person"] == person
            and r["admission"]
            and mine["day"] - 180 <= r["day"] < mine["day"]
            and r["end_known"] < day
            for r in rows
        )
        assert events.facts["admissions_180"][n] == expected
    assert events.facts["admissions_180"].max() > 2


# --- outpatient contacts ----------------------------------------------------------------------------------------------


def drawn(region, first=0, last=90_000, **more):
    return outpatient_contacts(region, 0, first, last, **more)


def keys(events, names=None):
    """The drawn (person, day), people by their own ids."""
    people = events.rows.person.tolist()
    who = people if names is None else [names[person] for person in people]
    return set(zip(who, events.rows.day.tolist(), strict=True))


@pytest.mark.parametrize("setting", ["outpatient", "home", "virtual"])
def test_a_psychiatric_contact_on_site_at_home_or_by_video_is_one(region, setting):
    events = drawn(region(contacts=[visit(setting=setting)]))
    assert keys(events) == {(0, T)}
    assert {name: values.tolist() for name, values in events.facts.items()} == {"setting": [setting], "unit": ["P"]}
    assert events.minute.tolist() == [T * DAY]


@pytest.mark.parametrize(
    "told", [{"care": "somatic"}, {"setting": "emergency"}, {"setting": "inpatient"}, {"setting": "missed"}]
)
def test_other_contacts_are_none(region, told):
    assert len(drawn(region(contacts=[visit(**told)]))) == 0


def test_who_dies_on_the_day_or_lives_elsewhere_is_not_in(region):
    contacts = [visit(person=n) for n in range(4)]
    there = region(contacts=contacts, deaths=[(0, T), (1, T + 1)], homes=[(2, {"end": T})])
    assert keys(drawn(there)) == {(1, T), (3, T)}


def many(people=range(4), seed=0):
    """Contacts every four days or so over three years."""
    rng = np.random.default_rng(seed)
    days = {n: np.cumsum(rng.integers(1, 16, 90)) for n in range(10)}
    return [visit(person=n, day=T + int(day)) for n in people for day in days[n]]


def quarter(day):
    months = np.datetime64(day, "D").astype("datetime64[M]").astype(int)
    return months // 3


def test_one_contact_of_a_person_is_drawn_in_each_quarter(region):
    contacts = many()
    events = drawn(region(contacts=contacts))
    there = {(row["person"], quarter(row["day"])) for row in contacts}
    got = [(person, quarter(day)) for person, day in keys(events)]
    assert Counter(got) == Counter(there)
    assert keys(events) <= {(row["person"], row["day"]) for row in contacts}


def test_others_who_come_or_go_change_nobodys_draw(region):
    alone = keys(drawn(region(contacts=many([3]))))
    beside = {key for key in keys(drawn(region(contacts=many()))) if key[0] == 3}
    assert alone == beside


def test_a_person_keeps_the_draw_under_another_number(write_store):
    def make(names):
        people = [{"person": n, "source_id": name, "sex": 1, "birth": 0, "death": None} for n, name in enumerate(names)]
        homes = [{"person": n, "start": 0, "end": None, "municipality": "1"} for n in range(len(names))]
        contacts = [row | {"person": n} for n, name in enumerate(names) for row in many([int(name)])]
        return Region.of(write_store({"stay": [], "contact": contacts}, persons=people, residence=homes))

    one, other = ["1", "2", "5"], ["0", "1", "5", "7"]
    first, second = keys(drawn(make(one)), one), keys(drawn(make(other)), other)
    assert {key for key in first if key[0] in ("1", "5")} == {key for key in second if key[0] in ("1", "5")}


def test_a_later_end_of_the_data_changes_no_earlier_quarter(region):
    contacts = many()
    there = region(contacts=contacts)
    until = day_number(date(2023, 6, 30))
    early, late = keys(drawn(there, last=until)), keys(drawn(there))
    assert early == {key for key in late if key[1] <= until}


def test_another_seed_draws_others(region):
    there = region(contacts=many())
    assert keys(drawn(there)) != keys(drawn(there, seed=1))
    assert keys(drawn(there)) == keys(drawn(there))


def test_several_contacts_on_a_day_are_one_candidate_and_its_first_is_told(region):
    first = visit(hour=8, unit="FIRST")
    events = drawn(region(contacts=[visit(hour=15, unit="LAST"), first, visit(hour=11, unit="MIDDLE")]))
    assert events.facts["unit"].tolist() == ["FIRST"]


def test_each_day_of_a_quarter_is_drawn_about_as_often(write_store):
    """1,000 people with ten contacts in one quarter: no place among the ten is favoured."""
    people = [{"person": n, "source_id": f"someone{n}", "sex": 1, "birth": 0, "death": None} for n in range(1000)]
    store = write_store({"contact": []}, persons=people)
    base = day_number(date(2022, 1, 3))
    person = np.repeat(np.arange(1000), 10)
    day = base + np.tile(np.arange(10) * 7, 1000)
    place = np.tile(np.arange(10), 1000)[_drawn(store, 0, person, day, 20_250)]
    counts = np.bincount(place, minlength=10)
    assert counts.sum() == 1000
    assert ((counts - 100) ** 2 / 100).sum() < 27.9  # chi-square with 9 degrees of freedom, p > .001


def test_without_contacts_nothing_is_drawn(region):
    assert len(drawn(region())) == 0


def test_kinds_are_found_by_name_and_landmarks_are_none(region):
    there = region([stay()], [visit()])
    assert index_events("discharge", there, 0, 0, 90_000).facts.keys() == found(there).facts.keys()
    assert keys(index_events("psychiatric_outpatient", there, 0, 0, 90_000)) == {(0, T)}
    with pytest.raises(ValueError, match="no index event"):
        index_events("landmark", there, 0, 0, 90_000)


def test_some_of_them_keep_their_facts(region):
    events = found(region([stay(), stay(person=1, hours=72)]))
    some = events.of(np.array([False, True]))
    assert some.rows.person.tolist() == [1]
    assert some.facts["hours"].tolist() == [72]
    assert len(some) == 1
