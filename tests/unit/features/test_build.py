"""The cells of the matrix: what is there, what falls back, and what the source cannot tell."""

import numpy as np
import pytest

from stratify.catalogue import load
from stratify.cohort import residents, spells
from stratify.features.build import cell, matrix, person_cells
from stratify.features.columns import Column, columns
from stratify.features.conditions import present
from stratify.features.kernel import Events, Rows, aggregate
from stratify.store.layout import DOMAINS

T = 20_000
CATALOGUE = load()
NAMES = [column.id for column in columns(CATALOGUE)]
WINDOWED = [column for column in columns(CATALOGUE) if column.aggregate]
EVERYTHING = tuple(DOMAINS)


@pytest.fixture
def cells(write_store):
    """Return a function from domains to the cells, by column, of one woman of 50 who has lived here all her life."""

    def answer(tables, *, days=(T,), **told):
        birth = T - 18_262
        store = write_store(
            {"condition": []} | tables,
            persons=[{"person": 0, "sex": 2, "birth": birth}],
            residence=[{"person": 0, "start": birth}],
            **told,
        )
        people, lived = store.persons(), spells(store.residence())
        rows = residents(people, lived, list(days))
        found = present(store, rows, CATALOGUE, 0)
        made = matrix(store, rows, found, people, lived, CATALOGUE, 0)
        return dict(zip(NAMES, made.T.tolist(), strict=True))

    return answer


def event(ago, **told):
    return {"person": 0, "day": T - ago, "known": T - ago + 14, **told}


def test_a_cell_with_nothing_to_count_holds_the_fallback_of_its_family(cells):
    found = cells({name: [] for name in EVERYTHING})
    told = {column.id: column.family.fallback[column.aggregate] for column in WINDOWED}
    expected = {key: [np.nan if fallback == "missing" else fallback] for key, fallback in told.items()}
    assert len(expected) > 100
    for key, fallback in expected.items():
        assert found[key] == pytest.approx(fallback, nan_ok=True), key


@pytest.mark.parametrize("domain", ["drug", "lab"])
def test_the_columns_of_a_domain_that_was_not_delivered_are_missing_and_not_0(cells, domain):
    found = cells({name: [] for name in EVERYTHING if name != domain})
    lacking = [column.id for column in columns(CATALOGUE) if column.family.domain == domain]
    assert lacking
    assert all(np.isnan(found[name]).all() for name in lacking)


def test_where_acute_is_not_told_columns_of_acute_and_planned_stays_are_missing_and_all_stays_are_not(cells):
    stay = event(100, admission=True, acute=None, care="somatic")
    found = cells({"contact": [], "stay": [stay], "drug": [], "lab": []}, acute=False)
    for name in ("acute", "acute_somatic", "planned_somatic"):
        assert np.isnan(found[f"stay_{name}_count_365"][0]), name
    assert found["stay_all_count_365"] == [1]


def test_where_psychiatric_care_is_not_told_columns_by_care_are_missing_and_the_others_are_not(cells):
    contact = event(100, setting="outpatient", care="somatic")
    found = cells({"contact": [contact], "stay": [], "drug": [], "lab": []}, care=False)
    assert np.isnan(found["contact_outpatient_somatic_count_365"][0])
    assert np.isnan(found["bed_days_psychiatric_days_within_365"][0])
    assert found["contact_all_count_365"] == [1]
    assert found["contact_emergency_count_365"] == [0]
    assert found["stay_acute_count_365"] == [0]


def test_where_medicine_has_no_atc_groups_are_missing_and_all_prescriptions_are_counted(cells):
    redeemed = event(100, code="concept:1127433")
    found = cells({"contact": [], "stay": [], "drug": [redeemed], "lab": []}, drug_codes=False)
    assert np.isnan(found["drug_insulin_count_365"][0])
    assert found["drug_all_count_365"] == [1]


def test_an_analyte_the_source_never_measured_is_missing_and_another_is_not(cells):
    found = cells({"contact": [], "stay": [], "drug": [], "lab": []}, lab_codes=["NPU10171"])
    assert np.isnan(found["lab_hba1c_count_365"][0])
    assert found["lab_ldl_count_365"] == [0]  # by one of its two codes


def test_an_index_is_missing_where_the_source_does_not_code_for_it(cells):
    found = cells({name: [] for name in EVERYTHING}, indices=["elixhauser"])
    assert np.isnan(found["charlson_charlson1987"][0])
    assert found["elixhauser_swiss"] == [0]


def test_a_stay_counts_from_its_beginning_and_its_bed_days_to_the_end_that_is_known(cells):
    """Begun 40 days before T and known 14 days later; ended 10 days before T, which is known 4 days after T."""
    ended = {"end_day": T - 10, "end_known": T + 4, "hours": 720.0}
    tables = {"contact": [], "drug": [], "lab": []}
    found = cells({**tables, "stay": [event(40, admission=True, acute=True, care="somatic", **ended)]}, days=(T, T + 5))
    assert found["stay_acute_somatic_count_365"] == [1, 1]
    assert found["stay_acute_somatic_days_since"] == [40, 45]
    assert found["bed_days_somatic_days_within_365"] == [40, 30]
    assert found["bed_days_somatic_days_within_30"] == [30, 15]
    assert found["discharge_somatic_days_since"] == pytest.approx([np.nan, 15], nan_ok=True)


def test_an_open_stay_counts_as_begun_and_has_bed_days_until_the_day(cells):
    tables = {"contact": [], "drug": [], "lab": []}
    found = cells({**tables, "stay": [event(40, admission=True, acute=True, care="somatic")]})
    assert (found["stay_all_count_365"], found["bed_days_somatic_days_within_365"]) == ([1], [40])


def test_a_short_stay_is_no_admission(cells):
    tables = {"contact": [], "drug": [], "lab": []}
    found = cells({**tables, "stay": [event(40, admission=False, acute=True, care="somatic")]})
    assert (found["stay_all_count_365"], found["stay_acute_count_365"]) == ([0], [0])


def test_measured_without_a_value_is_counted_and_has_no_last_value(cells):
    tables = {"contact": [], "drug": [], "stay": []}
    found = cells({**tables, "lab": [event(100, code="NPU27300", value=None)]})
    assert np.isnan(found["lab_hba1c_last"][0])
    assert (found["lab_hba1c_count_365"], found["lab_hba1c_days_since"]) == ([1], [100])


@pytest.mark.parametrize("fallback", [0.0, "missing"])
def test_events_without_a_value_are_nothing_to_add_up(fallback):
    family = CATALOGUE.features["drug"].model_copy(update={"aggregates": ("sum",), "fallback": {"sum": fallback}})
    column = Column("drug_all_sum_30", family, family.group[0], "sum", 30)
    events = Events(np.array([0]), np.array([T - 9]), np.array([T - 2]), np.array([0]), value=np.array([np.nan]))
    counted = aggregate(events, Rows(np.array([0]), np.array([T])), 1, [30])
    np.testing.assert_array_equal(cell(counted, column, 0), [np.nan if fallback == "missing" else fallback])


def test_age_sex_and_residence_of_a_person(write_store):
    people = {"birth": np.array([T - 14_610, T - 7305, T - 7305]), "sex": np.array([1, 2, 0])}
    residence = {"person": np.arange(3), "start": np.array([T - 5000, T - 10, T]), "end": np.full(3, np.nan)}
    told = person_cells(Rows(np.arange(3), np.full(3, T)), people, spells(residence))
    assert told["age"].tolist() == [40, 20, 20]
    assert told["resident_days"].tolist() == [1825, 10, 0]
    np.testing.assert_array_equal(told["female"], [0, 1, np.nan])


def test_days_of_residence_within_each_window_leave_out_the_time_away():
    """Lived here until 400 days ago, away until 100 days ago, and here since."""
    stretches = {"person": np.array([0, 0]), "start": np.array([T - 3000, T - 100]), "end": np.array([T - 400, np.nan])}
    rows, people = Rows(np.array([0]), np.array([T])), {"birth": np.array([T - 14_610]), "sex": np.array([1])}
    told = person_cells(rows, people, spells(stretches))
    assert [told[f"covered_{days}"].tolist() for days in (30, 365, 1825)] == [[30], [100], [1525]]
    assert (told["newcomer"].tolist(), told["resident_days"].tolist()) == ([1], [100])


def test_where_operations_have_no_sks_codes_those_columns_are_missing(cells):
    nothing = {name: [] for name in EVERYTHING}
    assert cells(nothing)["procedure_heart_any_1825"] == [0]
    assert np.isnan(cells(nothing, procedure_codes=False)["procedure_heart_any_1825"][0])


def test_a_missed_appointment_is_no_contact_at_which_somebody_was_seen(cells):
    missed = event(100, setting="missed", care="somatic", acute=False)
    found = cells({name: [] for name in EVERYTHING} | {"contact": [missed]})
    assert found["contact_missed_missed_somatic_count_365"] == [1]
    assert (found["contact_all_count_365"], found["contact_kind_planned_count_365"]) == ([0], [0])


def test_a_stay_in_a_care_home_lasts_until_its_end_is_known(cells):
    moved_in = {**event(500, code="care_home"), "end_day": T - 20, "end_known": T + 11}
    found = cells({name: [] for name in EVERYTHING} | {"municipal": [moved_in]}, days=(T, T + 12))
    assert found["care_home_stay_days_within_365"] == [365, 333]


def test_of_social_position_the_newest_year_known_counts(cells):
    year = [
        {"person": 0, "day": T - ago, "known": T - ago + 365, "code": code} for ago, code in ((458, "30"), (93, "70"))
    ]
    found = cells({name: [] for name in EVERYTHING} | {"education": year})
    assert (found["education_medium_any_730"], found["education_long_any_730"]) == ([1], [0])


def test_of_an_origin_that_was_corrected_the_newer_is_nearer_and_counts_once_it_is_known(cells):
    told = [
        {"person": 0, "day": T - ago, "known": T - ago, "code": code}
        for ago, code in ((9000, "immigrant"), (1, "danish"))
    ]
    found = cells({name: [] for name in EVERYTHING} | {"origin": told}, days=(T - 1, T))
    assert found["origin_immigrant_days_since"] == [8999, 9000]
    assert found["origin_danish_days_since"] == [pytest.approx(np.nan, nan_ok=True), 1]
    assert np.isnan(found["origin_descendant_days_since"]).all()


def test_nobody_has_no_cells(write_store):
    store = write_store({name: [] for name in EVERYTHING})
    nobody = Rows(np.empty(0, np.int64), np.empty(0, np.int64))
    people, lived = store.persons(), spells(store.residence())
    found = matrix(store, nobody, present(store, nobody, CATALOGUE, 0), people, lived, CATALOGUE, 0)
    assert found.shape == (0, len(NAMES))
