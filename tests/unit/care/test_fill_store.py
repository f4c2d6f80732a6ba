"""Facts from the events of the store: medicine given up, checks, stays and severity, as they were known by then."""

import numpy as np
import pytest

from stratify.care.fill_store import facts_of_store
from stratify.care.people import NO, YES
from stratify.catalogue import load

T = 20_000
IDS = tuple(load().conditions)


@pytest.fixture
def fact(write_store):
    """Return a function from events to one fact of the first of two people, None where it is unknown."""

    def answer(name, domain, events, *, has=(), **source):
        rows = [{"person": 0, "known": event["day"] + 14, **event} for event in events]
        store = write_store({domain: rows}, **source)
        truths = {key: np.array([YES if key in has else NO] * 2) for key in IDS}
        column = facts_of_store(store, T, np.array([0, 7]), truths).get(name)
        if column is None or np.isnan(column.values[0]):
            return None
        value = column.values[0]
        return column.words[int(value)] if column.words else value

    return answer


def ago(days, **more):
    return {"day": T - days, **more}


# --- medicine for life that is no longer collected -------------------------------------------------------------------

REGULAR = (500, 400, 300)  # days ago: three packets of a hundred days


@pytest.mark.parametrize("code", ["A10BA02", "C09AA02", "C10AA05", "H03AA01", "N04BA02", "N05AH03"])
def test_a_medicine_for_life_collected_three_times_and_then_no_more_is_given_up(fact, code):
    assert fact("medicine_unredeemed", "drug", [ago(day, code=code) for day in REGULAR]) == 1


@pytest.mark.parametrize(
    "codes, days",
    [
        (["N06AB04"] * 3, REGULAR),  # meant for a time
        (["C10AA05"] * 3, (500, 400, 170)),  # collected within half a year
        (["C10AA05"] * 3, (500, 400, 400)),  # on two days
        (["C10AA05"] * 3, (600, 500, 400)),  # on two days of the year before
        (["C07AB02", "C07AB02", "C07AB02", "C09AA02"], (*REGULAR, 60)),  # another of the same kind took its place
    ],
)
def test_what_is_no_medicine_given_up(fact, codes, days):
    events = [ago(day, code=code) for day, code in zip(days, codes, strict=True)]
    assert fact("medicine_unredeemed", "drug", events) == 0


@pytest.mark.parametrize("care, given_up", [("psychiatric", 0), ("somatic", 1)])
def test_of_antipsychotics_nothing_is_said_where_psychiatry_may_give_them_by_injection(write_store, care, given_up):
    tables = {
        "drug": [{"person": 0, "day": T - day, "known": T - day + 14, "code": "N05AH03"} for day in REGULAR],
        "contact": [{"person": 0, "day": T - 60, "known": T - 46, "setting": "outpatient", "care": care}],
    }
    truths = {key: np.array([NO]) for key in IDS}
    assert facts_of_store(write_store(tables), T, np.array([0]), truths)["medicine_unredeemed"].values == given_up


def test_a_packet_not_yet_reported_does_not_count_as_collected(fact):
    events = [*(ago(day, code="C10AA05") for day in REGULAR), ago(10, code="C10AA05", known=T)]
    assert fact("medicine_unredeemed", "drug", events) == 1


# --- the yearly check ------------------------------------------------------------------------------------------------


def test_the_days_since_the_yearly_review_of_who_has_a_disease_that_is_reviewed(fact):
    review = [ago(900, code="800120"), ago(400, code="800120"), ago(20, code="800101")]
    assert fact("days_since_check", "service", review, has=["copd_asthma"]) == 400
    assert fact("days_since_check", "service", review, has=["gout"]) is None


def test_who_was_never_reviewed_is_a_known_never(fact):
    assert fact("days_since_check", "service", [], has=["diabetes"]) == np.inf


def test_nobody_is_overdue_before_the_disease_was_known(write_store):
    first = [(900, "copd_asthma"), (40, "copd_asthma"), (2000, "hf")]
    rows = [{"person": 0, "day": T - days, "known": T - days + 14, "code": code} for days, code in first]
    truths = {key: np.array([YES if key == "copd_asthma" else NO]) for key in IDS}
    store = write_store({"condition": rows, "service": []})
    assert facts_of_store(store, T, np.array([0]), truths)["days_since_check"].values == 900


@pytest.mark.parametrize(
    "visit, days",
    [
        ({"setting": "outpatient", "care": "somatic"}, 60),
        ({"setting": "outpatient", "care": "psychiatric"}, np.inf),
        ({"setting": "emergency", "care": "somatic"}, np.inf),
    ],
)
def test_a_visit_to_a_hospitals_clinic_is_a_check(write_store, visit, days):
    tables = {"service": [], "contact": [{"person": 0, "day": T - 60, "known": T - 46, **visit}]}
    truths = {key: np.array([YES if key == "ihd" else NO]) for key in IDS}
    assert facts_of_store(write_store(tables), T, np.array([0]), truths)["days_since_check"].values == days


def test_with_diabetes_a_measured_hba1c_is_a_check_too(write_store):
    tables = {
        "service": [{"person": 0, "day": T - 900, "known": T - 864, "code": "800120"}],
        "lab": [{"person": 0, "day": T - 100, "known": T - 97, "code": "NPU27300", "value": 50.0}],
    }
    for has, days in (("diabetes", 100), ("ihd", 900)):
        truths = {key: np.array([YES if key == has else NO]) for key in IDS}
        assert facts_of_store(write_store(tables), T, np.array([0]), truths)["days_since_check"].values == days


# --- stays -----------------------------------------------------------------------------------------------------------


def stay(days, code="J441", **more):
    ended = {"end_day": T - days + 3, "end_known": T - days + 17}
    return ago(days, **({"admission": True, "care": "somatic", "first_code": code} | ended | more))


def test_admissions_with_copd_first_are_those_of_the_year(fact):
    stays = [stay(100), stay(30), stay(400), stay(50, code="I500"), stay(60, admission=False)]
    assert fact("copd_admissions_365d", "stay", stays) == 2


@pytest.mark.parametrize(
    "stays, ward",
    [
        ([], None),
        ([stay(40)], None),
        ([stay(40, end_day=None, end_known=None)], "somatic"),
        ([stay(40, care="psychiatric", end_day=T - 1, end_known=T)], "psychiatric"),
        ([stay(5, end_day=None, end_known=None, known=T + 9)], None),
        ([stay(400, end_day=None, end_known=None)], None),
        ([stay(40, care="unknown", end_day=None, end_known=None)], None),
    ],
)
def test_a_stay_that_had_not_ended_as_far_as_was_known_is_a_hint_of_being_in_hospital(fact, stays, ward):
    assert fact("inpatient", "stay", stays) == ward


def test_that_somebody_is_in_hospital_is_a_hint_alone(write_store):
    truths = {key: np.array([NO] * 2) for key in IDS}
    staying = {"person": 0, "known": T - 1, **stay(5, end_day=None, end_known=None)}
    found = facts_of_store(write_store({"stay": [staying]}), T, np.array([0, 7]), truths)["inpatient"]
    assert found.hint is not None
    assert found.hint.tolist() == [True, False]


# --- severe depression -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "codes, severe",
    [([], 0), (["F322"], 1), (["F333", "F331"], 1), (["F321"], 0), (["F329"], None), (["F329", "F330"], 0),
     (["F33"], None), (["F411"], 0)],
)  # fmt: skip
def test_depression_is_severe_where_a_diagnosis_says_so_and_unknown_where_none_tells_its_degree(fact, codes, severe):
    assert fact("severe_depression", "diagnosis", [ago(100, code=code, refuted=False) for code in codes]) == severe


@pytest.mark.parametrize("event", [ago(100, code="F322", refuted=True), ago(3651, code="F322", refuted=False)])
def test_a_refuted_or_old_diagnosis_does_not_make_a_depression_severe(fact, event):
    assert fact("severe_depression", "diagnosis", [event]) == 0


# --- where people live -----------------------------------------------------------------------------------------------


def test_the_municipality_is_that_of_the_landmark_by_its_name(write_store):
    lived = [
        {"person": 0, "start": T - 900, "end": T - 90, "municipality": "615"},
        {"person": 0, "start": T - 90, "end": None, "municipality": "791"},
        {"person": 7, "start": T - 900, "end": None, "municipality": "461"},
    ]
    truths = {key: np.array([NO] * 2) for key in IDS}
    found = facts_of_store(write_store({}, residence=lived), T, np.array([0, 7]), truths)["municipality"]
    assert found.words[int(found.values[0])] == "Viborg"
    assert np.isnan(found.values[1])


# --- what a source cannot tell ---------------------------------------------------------------------------------------


def test_facts_of_a_domain_that_the_source_lacks_are_unknown(write_store):
    assert set(facts_of_store(write_store({}), T, np.array([0]), {key: np.array([NO]) for key in IDS})) == {
        "municipality"
    }


def test_without_icd_codes_nothing_is_said_of_severity(fact):
    assert fact("severe_depression", "diagnosis", [], indices=[]) is None


def test_without_atc_codes_nothing_is_said_of_medicine(fact):
    assert fact("medicine_unredeemed", "drug", [], drug_codes=False) is None
