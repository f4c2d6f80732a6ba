"""Three measures: who counts, who is left out, for whom nobody can tell; held against a slow loop on random records."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest
from pydantic import ValidationError

from stratify.catalogue import load
from stratify.catalogue.entries import Target
from stratify.errors import DataError
from stratify.quality.examples import run, tables_from_words
from stratify.quality.indicator import Result, State, cases, measure

CATALOGUE = load()
READMISSION, CONTACT, LAB = (CATALOGUE.targets[key] for key in ("readm30_som_mm", "psy_followup7", "dm_hba1c_high"))


def with_parameters(target, **changes):
    return target.model_copy(update={"parameters": target.parameters.model_copy(update=changes)})


def march(day, hour=8, minute=0):
    return datetime(2025, 3, 1, hour, minute) + timedelta(days=day - 1)  # noqa: DTZ001


def records(*stays, **more):
    found = {"period": [date(2025, 3, 1), date(2025, 4, 1)], "delivered": date(2025, 7, 1), "stay": list(stays)}
    return {**found, **more}


def stay(start, end, person=1, care="somatic", **more):
    return {"person": person, "start": start, "end": end, "care": care, **more}


# --- readmission -----------------------------------------------------------------------------------------------------

CONTACTS = [
    stay(march(1), march(3, 10), first="Horsens"),
    stay(march(3, 13, 30), march(6, 12), first="AUH"),
    stay(march(6, 18), march(8, 9), first="Horsens"),
]
STAYS = [stay(march(1), march(6, 12), first="Horsens", last="AUH"), CONTACTS[2]]


def test_stays_are_counted_and_not_contacts():
    """Three contacts, the first two 3.5 hours apart: as stays 1 of 2, where single contacts would say 2 of 3."""
    assert run(READMISSION, records(*STAYS)) == Result(1, 2, 0, 0)
    assert run(READMISSION, records(*CONTACTS)) == Result(2, 3, 0, 0)


def test_the_index_belongs_to_the_unit_that_discharged():
    found = cases(READMISSION, *tables_from_words(records(*STAYS)))
    assert found.tally(found.unit == "AUH") == Result(1, 1, 0, 0)
    assert found.tally(found.unit == "Horsens") == Result(0, 1, 0, 0)


@pytest.mark.parametrize(
    "start, yes",
    [
        (march(3, 12), 0),  # 4 hours after: the same stay
        (march(3, 12, 1), 1),
        (march(33), 1),  # day 30
        (march(33, 23, 59), 1),  # still day 30, by date
        (march(34, 0), 0),  # day 31
    ],
)
def test_more_than_4_hours_and_at_most_30_days_by_date(start, yes):
    assert run(READMISSION, records(stay(march(1), march(3)), stay(start, None))).numerator == yes


@pytest.mark.parametrize("change", [{"acute": False}, {"care": "psychiatric"}, {"admission": False}, {"person": 2}])
def test_what_is_no_readmission(change):
    assert run(READMISSION, records(stay(march(1), march(3)), {**stay(march(9), None), **change})) == Result(0, 1, 0, 0)


def test_a_planned_stay_in_between_hides_no_acute_one():
    planned, acute = stay(march(9), march(10), acute=False), stay(march(15), None)
    assert run(READMISSION, records(stay(march(1), march(3)), planned, acute)) == Result(2, 2, 0, 0)


@pytest.mark.parametrize(
    "priority, later, expected",
    [
        ("unknown", None, Result(0, 0, 1, 0)),
        ("unknown", stay(march(15), None), Result(1, 1, 0, 0)),  # whatever the first was, the second was acute
        (True, None, Result(1, 1, 0, 0)),
    ],
)
def test_a_priority_nobody_recorded_is_unknown(priority, later, expected):
    rows = [stay(march(1), march(3)), stay(march(9), None, acute=priority), *([later] if later else [])]
    assert run(READMISSION, records(*rows)) == expected


@pytest.mark.parametrize("day, counted", [(3, 0), (4, 0), (33, 0), (34, 1)])
def test_death_within_30_days_leaves_the_index_out(day, counted):
    told = records(stay(march(1), march(3)), persons=[{"person": 1, "death": march(day)}])
    assert run(READMISSION, told).denominator == counted
    kept = with_parameters(READMISSION, exclude_dead=False)
    assert run(kept, told).denominator == (day > 3)  # dead on the day itself: not discharged alive


@pytest.mark.parametrize(
    "spells, expected",
    [
        ([{"start": date(2000, 1, 1), "end": march(20)}], Result(0, 0, 1, 0)),
        ([{"start": date(2000, 1, 1), "end": march(34)}], Result(0, 1, 0, 0)),
        ([{"start": date(2000, 1, 1), "end": march(20)}, {"start": march(20)}], Result(0, 1, 0, 0)),  # moved inside
        ([{"start": date(2000, 1, 1)}], Result(0, 1, 0, 0)),
    ],
)
def test_who_left_the_country_is_unknown(spells, expected):
    spells = [{"person": 1, **spell} for spell in spells]
    assert run(READMISSION, records(stay(march(1), march(3)), residence=spells)) == expected


def test_who_left_after_a_readmission_was_readmitted():
    spells = [{"person": 1, "start": date(2000, 1, 1), "end": march(20)}]
    assert run(READMISSION, records(stay(march(1), march(3)), stay(march(9), None), residence=spells)).numerator == 1


@pytest.mark.parametrize("after", [0, 1])
def test_a_residence_that_ends_with_death_is_no_departure(after):
    spells = [{"person": 1, "start": date(2000, 1, 1), "end": march(20 + after)}]
    told = records(stay(march(1), march(3)), residence=spells, persons=[{"person": 1, "death": march(20)}])
    assert run(with_parameters(READMISSION, exclude_dead=False), told) == Result(0, 1, 0, 0)


def test_an_index_is_immature_until_its_time_has_passed_even_when_the_answer_is_known():
    told = records(stay(march(1), march(3)), stay(march(9), None), delivered=march(3 + 59).date())
    assert run(READMISSION, told) == Result(0, 0, 0, 1)
    assert run(READMISSION, {**told, "delivered": march(3 + 60).date()}) == Result(1, 1, 0, 0)


def test_only_discharges_in_the_period_and_people_of_the_population_count():
    rows = [stay(march(1), march(3)), stay(march(1), march(32), person=2), stay(march(-9), march(0), person=3)]
    assert run(READMISSION, records(*rows)) == Result(0, 1, 0, 0)
    assert run(READMISSION, records(*rows, population=[2, 3])) == Result(0, 0, 0, 0)


def slow_readmissions(rows, dead, gone, start, end, delivered, asked, maturity):
    """The same rules, one pair at a time."""
    counts = [0, 0, 0, 0]
    for i in range(len(rows["person"])):
        stop, stop_day = rows["end_min"][i], rows["end_day"][i]
        if rows["care"][i] != asked.care or not rows["admission"][i] or stop is None or not start <= stop_day < end:
            continue
        died = dead[rows["person"][i]]
        if died is not None and died <= stop_day:
            continue
        if stop_day + maturity > delivered:
            counts[State.IMMATURE] += 1
            continue
        if asked.exclude_dead and died is not None and died - stop_day <= asked.days:
            continue
        acute = perhaps = False
        for j in range(len(rows["person"])):
            if rows["person"][j] != rows["person"][i] or rows["care"][j] != asked.care or not rows["admission"][j]:
                continue
            if rows["start_min"][j] > stop + 240 and rows["day"][j] - stop_day <= asked.days:
                acute |= rows["acute"][j] is True
                perhaps |= rows["acute"][j] is None
        left = gone[rows["person"][i]]
        away = left is not None and stop_day < left <= stop_day + asked.days and (died is None or died > left)
        counts[State.YES if acute else State.UNKNOWN if perhaps or away else State.NO] += 1
    return Result(
        counts[State.YES], counts[State.YES] + counts[State.NO], counts[State.UNKNOWN], counts[State.IMMATURE]
    )


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("exclude_dead", [True, False])
def test_readmission_agrees_with_a_slow_loop_on_random_stays(seed, exclude_dead):
    random = np.random.default_rng(seed)
    n, people = 450, 40
    first = random.integers(-200, 200, n) * 1440 + random.integers(0, 1440, n)  # before 1970 too
    last = first + random.integers(60, 20 * 1440, n)
    still_in = random.random(n) < 0.05
    rows = {
        "person": random.integers(0, people, n).tolist(),
        "care": random.choice(["somatic", "psychiatric"], n).tolist(),
        "acute": random.choice(np.array([True, False, None], dtype=object), n, p=[0.5, 0.4, 0.1]).tolist(),
        "admission": (random.random(n) < 0.9).tolist(),
        "start_min": first.tolist(),
        "day": (first // 1440).tolist(),
        "end_min": [None if s else int(m) for m, s in zip(last, still_in, strict=True)],
        "end_day": [None if s else int(m // 1440) for m, s in zip(last, still_in, strict=True)],
        "unit_first": ["A"] * n,
        "unit_last": ["A"] * n,
        "first_code": ["I219"] * n,
    }
    dead = [int(d) if d < 200 else None for d in random.integers(-100, 600, people)]
    gone = [int(d) if d < 200 else None for d in random.integers(-100, 600, people)]
    tables = {
        "stay": {name: np.array(values, dtype=object) for name, values in rows.items()},
        "persons": {"person": np.arange(people), "death": np.array(dead, dtype=object)},
        "residence": {
            "person": np.arange(people),
            "start": np.full(people, -9000),
            "end": np.array(gone, dtype=object),
        },
    }
    target = with_parameters(READMISSION, exclude_dead=exclude_dead)
    got = measure(target, tables, np.arange(people), -120, 180, 200)
    assert got == slow_readmissions(rows, dead, gone, -120, 180, 200, target.parameters, target.maturity_days)
    assert min(got.numerator, got.unknown, got.immature) > 0


# --- contact after discharge -----------------------------------------------------------------------------------------

DISCHARGED = stay(march(1), march(10), care="psychiatric")


def seen(day, care="psychiatric", setting="outpatient"):
    return {"person": 1, "day": march(day), "care": care, "setting": setting}


@pytest.mark.parametrize("day, yes", [(9, 0), (10, 0), (11, 1), (17, 1), (18, 0)])
def test_days_1_to_7_count_and_the_day_of_discharge_does_not(day, yes):
    assert run(CONTACT, records(DISCHARGED, contact=[seen(day)])) == Result(yes, 1, 0, 0)


@pytest.mark.parametrize(
    "setting, yes", [("outpatient", 1), ("home", 1), ("virtual", 1), ("emergency", 0), ("inpatient", 0)]
)
def test_some_settings_count(setting, yes):
    assert run(CONTACT, records(DISCHARGED, contact=[seen(12, setting=setting)])).numerator == yes


def test_a_contact_on_the_day_of_discharge_hides_no_later_one():
    assert run(CONTACT, records(DISCHARGED, contact=[seen(10), seen(12)])).numerator == 1


@pytest.mark.parametrize("day, counted", [(10, 0), (17, 0), (18, 1)])
def test_a_new_admission_on_day_0_to_7_leaves_the_discharge_out(day, counted):
    again = stay(march(day, 20), None, care="psychiatric", acute=False)
    assert run(CONTACT, records(DISCHARGED, again, contact=[seen(11)])).denominator == counted


@pytest.mark.parametrize("day, counted", [(10, 0), (17, 0), (18, 1)])
def test_death_on_day_0_to_7_leaves_the_discharge_out(day, counted):
    told = records(DISCHARGED, contact=[seen(11)], persons=[{"person": 1, "death": march(day)}])
    assert run(CONTACT, told).denominator == counted


def test_a_somatic_admission_leaves_nobody_out_and_a_somatic_clinic_does_not_count():
    told = records(DISCHARGED, stay(march(12), None), contact=[seen(12, care="somatic")])
    assert run(CONTACT, told) == Result(0, 1, 0, 0)


# --- latest laboratory value -----------------------------------------------------------------------------------------


def answer(value, comparator=None, day=5, code="NPU27300"):
    return {"person": 1, "day": march(day), "code": code, "value": value, "comparator": comparator}


@pytest.mark.parametrize(
    "value, comparator, expected",
    [
        (75, None, (1, 1, 0)),
        (74.9, None, (0, 1, 0)),
        (75, "<", (0, 1, 0)),
        (80, "<", (0, 0, 1)),  # anything below 80: nobody can tell
        (80, ">", (1, 1, 0)),
        (75, ">", (1, 1, 0)),
        (60, ">", (0, 0, 1)),
        (None, None, (0, 0, 1)),
    ],
)
def test_a_value_a_limit_and_no_value(value, comparator, expected):
    assert run(LAB, records(lab=[answer(value, comparator)])) == Result(*expected, 0)


def test_the_latest_value_inside_the_period_decides_and_on_one_day_the_later_row():
    assert run(LAB, records(lab=[answer(90, day=9), answer(50, day=3)])).numerator == 1
    assert run(LAB, records(lab=[answer(90, day=9), answer(50, day=9)])).numerator == 0
    assert run(LAB, records(lab=[answer(90, day=9), answer(None, day=10)])).numerator == 1
    assert run(LAB, records(lab=[answer(50, day=9), answer(90, day=32)])).numerator == 0


def test_unmeasured_people_are_shown_as_such_and_the_dead_are_not_people_of_the_period():
    told = records(lab=[answer(90)], population=[1, 2, 3], persons=[{"person": 3, "death": march(0)}])
    assert run(LAB, told) == Result(1, 1, 1, 0)


def test_nobody_measured_at_all():
    assert run(LAB, records(lab=[answer(90, code="NPU01568")])) == Result(0, 0, 1, 0)


# --- what is refused -------------------------------------------------------------------------------------------------


def test_a_table_that_is_not_there_is_named():
    with pytest.raises(DataError, match="column admission of the table stay"):
        measure(READMISSION, {}, np.array([1]), 0, 1, 99)


def test_an_unknown_word_in_the_records_is_refused():
    with pytest.raises(ValueError, match=r"no labs, stay\.begin"):
        run(READMISSION, {**records({**stay(march(1), march(3)), "begin": 1}), "labs": []})


@pytest.mark.parametrize(
    "changes, problem",
    [
        ({"parameters": {"care": "somatic"}}, "Field required"),
        (
            {"parameters": {"codes": ["NPU27300"], "at_least": 75}},
            "takes the parameters care, days, exclude_dead, codes",
        ),
        ({"maturity_days": 10}, "must cover the follow-up, 30 days"),
        ({"standard": 0.1}, "a standard has a status"),
        ({"standard": 0.1, "standard_status": "local"}, "a standard has a standard_source"),
        ({"standard": 15.0, "standard_status": "local", "standard_source": "ours"}, "between 0 and 1"),
        ({"chosen": False}, "says in `waits` why not now"),
        ({"levels": []}, "at least 1 item"),
        ({"lacks": {"da": "noget", "en": "something"}}, "what no register tells"),
        ({"population": {"all": [{"fact": "n_condition", "at_least": 2}]}}, "did you mean 'n_conditions'"),
    ],
)
def test_a_target_that_does_not_fit_its_measure_is_refused(changes, problem):
    raw = READMISSION.model_dump(by_alias=True, exclude_none=True)
    with pytest.raises(ValidationError, match=problem):
        Target.model_validate({**raw, **changes})
