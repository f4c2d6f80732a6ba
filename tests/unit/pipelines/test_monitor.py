"""Targets are measured for the right people and year, and what a source lacks is said and never 0."""

from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest

from pipelines.monitor import adults_facts, last_full_year, not_measurable, target_population
from stratify.catalogue import load
from stratify.registers.clock import day_number
from stratify.store.read import Store


@pytest.fixture(scope="module")
def catalogue():
    return load()


@pytest.mark.parametrize(
    "covers_to, year",
    [(date(2024, 12, 31), 2024), (date(2024, 12, 30), 2023), (date(2025, 6, 30), 2024)],
)
def test_the_last_full_year_is_covered_to_its_end(covers_to, year):
    assert last_full_year(covers_to) == year


def test_who_counts_has_the_conditions_known_on_the_first_day(region, catalogue):
    store, start = Store(region / "store"), day_number(date(2024, 1, 1))
    diabetic = target_population(adults_facts(store, catalogue, start), catalogue.targets["dm_hba1c_high"])
    found = store.read("condition", ["person", "day", "known", "code"])
    known = (found["code"] == "diabetes") & (found["day"] < start) & (found["known"] < start)
    drug = store.read("drug", ["person", "day", "known", "code"])
    treated = np.char.startswith(drug["code"].astype(str), "A10") & (drug["day"] < start) & (drug["known"] < start)
    diagnosed, redeemed = set(found["person"][known].tolist()), set(drug["person"][treated].tolist())
    assert len(diabetic) > 5
    assert set(diabetic.tolist()) <= diagnosed | redeemed
    assert set(diabetic.tolist()) - diagnosed  # treated in general practice alone


def test_the_population_of_a_target_for_adults_is_adult_and_not_empty(region, catalogue):
    store, start = Store(region / "store"), day_number(date(2024, 1, 1))
    several = target_population(adults_facts(store, catalogue, start), catalogue.targets["readm30_som_mm"])
    birth = store.persons()["birth"]
    assert len(several) > 20
    assert ((start - birth[several]) / 365.25 >= 18).all()
    np.testing.assert_array_equal(several, np.unique(several))


def test_what_a_source_lacks_is_said_and_no_count_is_given(catalogue):
    told = not_measurable(catalogue.targets["dm_hba1c_high"], "2024", "no lab in this source")
    assert told["status"] == "not_measurable"
    assert told["lacking"] == "no lab in this source"
    assert [told[key] for key in ("numerator", "denominator", "unknown", "share")] == [None] * 4


@pytest.mark.parametrize(
    "target, lacks, told",
    [
        ("readm30_som_mm", {"acute": False}, "acute from planned"),
        ("psy_followup7", {"care": False}, "psychiatric care"),
        ("dm_hba1c_high", {"domains": []}, "no lab"),
        ("dm_hba1c_high", {"lab_codes": ["NPU18016"]}, "no such laboratory results"),
        ("dm_hba1c_high", {"lab_codes": ["NPU27300"]}, ""),
        ("readm30_som_mm", {}, ""),
    ],
)
def test_each_target_names_what_it_needs(catalogue, target, lacks, told):
    from pipelines.monitor import _lacking

    measurable = {"acute": True, "care": True, "domains": ["stay", "contact", "lab"], **lacks}
    store = SimpleNamespace(measurable=measurable, has=lambda domain: domain in measurable["domains"])
    found = _lacking(store, catalogue.targets[target])
    assert (told in found) if told else found == ""
