"""Across a change of register generations presence holds, and counts are scaled or missing: never added up."""

import numpy as np
import pytest

from stratify.catalogue import load
from stratify.cohort import residents, spells
from stratify.features.across import since
from stratify.features.build import matrix
from stratify.features.columns import columns
from stratify.features.conditions import present
from stratify.features.kernel import Events
from stratify.registers.clock import day_number, read_date
from stratify.registers.switch import declared, of_store

SWITCH = day_number(read_date("2019-02-03", "switch"))
T = SWITCH + 1000  # of 1825 days 1000 lie after the switch
TOLD = {"day": "2019-02-03", "domains": ["contact", "stay", "diagnosis"], "least_share": 0.5}


@pytest.fixture
def cells(write_store, tmp_path):
    """Return a function to the cells, by column, of one person with contacts these many days before T."""

    def answer(ago, *, day=T, switch=TOLD, scaled=True, **tables):
        contact = {"setting": "outpatient", "care": "somatic", "acute": False, "person": 0}
        contacts = [{**contact, "day": T - n, "known": T - n + 1} for n in sorted(ago, reverse=True)]
        measurable = {"switch": switch} if switch else {}
        store = write_store(
            {"condition": [], "contact": contacts, **tables},
            persons=[{"person": 0, "sex": 2, "birth": T - 20_000}],
            residence=[{"person": 0, "start": T - 20_000}],
            **measurable,
        )
        catalogue = load(None if scaled else _unscaled(tmp_path))
        people, lived = store.persons(), spells(store.residence())
        rows = residents(people, lived, [day])
        made = matrix(store, rows, present(store, rows, catalogue, 0), people, lived, catalogue, 0)
        return dict(zip([column.id for column in columns(catalogue)], made[0].tolist(), strict=True))

    return answer


def _unscaled(folder):
    """A local catalogue with a family that is counted and not scaled."""
    text = """
id = "visit"
name = { da = "Besøg", en = "Visits" }
domain = "contact"
clinical_group = { da = "Besøg", en = "Visits" }
role = "predictor"
source = "LPR contacts"
provenance = "OURS"
rationale = "To count without scaling."
aggregates = ["count", "any", "days_since", "rate", "trend", "first_seen"]
windows = [365, 1825, [1095, 1825]]
trends = [[365, 1825]]
fallback = { count = 0, any = 0, days_since = "missing", rate = 0, trend = "missing", first_seen = 0 }

[[group]]
id = "all"
name = { da = "Alle", en = "All" }

[[example]]
why = "one yesterday"
events = [["all", -1, -1, 0]]
column = "visit_all_count_365"
expect = 1

[[example]]
why = "none"
column = "visit_all_count_365"
expect = 0
"""
    (folder / "entries" / "features").mkdir(parents=True, exist_ok=True)
    (folder / "entries" / "features" / "visit.toml").write_text(text, encoding="utf-8")
    return folder / "entries"


LONG_BEFORE, BEFORE, AFTER, LATELY = 1700, 1200, 900, 10  # days before T; the switch is 1000 days before it


def test_a_count_over_the_switch_is_what_came_since_scaled_to_the_window(cells):
    found = cells([BEFORE, BEFORE, BEFORE, AFTER, LATELY])
    assert found["contact_outpatient_somatic_count_1825"] == pytest.approx(2 * 1825 / 1000)
    assert found["contact_outpatient_somatic_count_365"] == 1
    assert found["contact_outpatient_somatic_days_since"] == LATELY
    assert found["contact_emergency_count_1825"] == 0


def test_where_too_little_of_the_window_lies_after_the_switch_it_is_missing(cells):
    at_half = SWITCH + 913
    assert cells([AFTER], day=at_half)["contact_all_count_1825"] == pytest.approx(1825 / 913)
    assert np.isnan(cells([AFTER], day=at_half - 1)["contact_all_count_1825"])


def test_presence_holds_across_the_switch(cells):
    found = cells([LONG_BEFORE], scaled=False)
    assert found["visit_all_any_1825"] == 1
    assert found["visit_all_days_since"] == LONG_BEFORE
    assert found["visit_all_first_seen_1095_1825"] == 1


def test_without_a_word_in_the_family_counts_across_the_switch_are_missing(cells):
    found = cells([LONG_BEFORE, BEFORE, AFTER, LATELY], scaled=False)
    for name in ("count_1825", "rate_1825", "trend_365_1825"):
        assert np.isnan(found[f"visit_all_{name}"])
    assert found["visit_all_count_365"] == 1  # after the switch alone
    assert found["visit_all_count_1095_1825"] == 2  # before it alone
    assert found["visit_all_rate_365"] == pytest.approx(365.25 / 365)


@pytest.mark.parametrize("day", [SWITCH, SWITCH + 1825])
def test_a_window_that_ends_or_begins_with_the_switch_is_counted_whole(cells, day):
    events = [T - day + 5, T - day + 1820]
    assert cells(events, day=day)["contact_all_count_1825"] == 2


def test_a_store_with_one_generation_is_counted_as_ever(cells):
    found = cells([LONG_BEFORE, BEFORE, AFTER], switch=None)
    assert found["contact_outpatient_somatic_count_1825"] == 3
    assert of_store({}) is None


def test_a_day_in_hospital_is_one_on_both_sides_of_the_switch(cells):
    stay = {"person": 0, "admission": True, "care": "somatic", "acute": True, "hours": 48.0}
    stays = [
        {**stay, "day": T - ago, "known": T - ago + 9, "end_day": T - ago + 2, "end_known": T - ago + 9}
        for ago in (BEFORE, AFTER)
    ]
    found = cells([], stay=stays)
    assert found["bed_days_somatic_days_within_1825"] == 4
    assert found["stay_acute_count_1825"] == pytest.approx(1.825)
    assert found["bed_days_psychiatric_days_within_1825"] == 0


def test_a_stay_begun_before_the_switch_has_its_days_after_it(cells):
    """Found by a reviewer: who lay in hospital for most of a year had no bed-days."""
    stay = {
        "person": 0,
        "admission": True,
        "care": "somatic",
        "acute": True,
        "day": T - BEFORE,
        "known": T - BEFORE + 9,
    }
    found = cells([], stay=[{**stay, "end_day": T - 10, "end_known": T - 1, "hours": 24.0 * (BEFORE - 10)}])
    assert found["bed_days_somatic_days_within_365"] == 355
    assert found["bed_days_somatic_days_within_1825"] == BEFORE - 10


def test_what_one_generation_alone_tells_is_missing_where_the_window_has_days_of_the_other(cells):
    missed = {"person": 0, "care": "somatic", "acute": False, "setting": "missed"}
    name = "contact_missed_missed_somatic_count_365"
    for day, expected in ((SWITCH + 365, 1), (SWITCH + 364, np.nan), (SWITCH, np.nan), (SWITCH - 400, np.nan)):
        events = [{**missed, "day": day - 20, "known": day - 9}]
        np.testing.assert_equal(cells([], contact=events, day=day)[name], expected)


def test_what_the_switch_is_comes_from_its_file():
    told = declared("danish")
    assert told.day.isoformat() == "2019-02-03"
    assert told.provenance == "READ"
    assert declared("omop") is None


def test_events_since_a_day_keep_all_they_have():
    day = np.array([1, 5, 9])
    events = Events(person=day * 0, day=day, known=day + 1, group=day * 0, value=day * 0.5)
    kept = since(events, 5)
    assert kept.day.tolist() == [5, 9]
    assert kept.value.tolist() == [2.5, 4.5]
    assert kept.until is None
