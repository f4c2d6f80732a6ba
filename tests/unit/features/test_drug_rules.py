"""Conditions told by redeemed drugs: at the edges of their windows, as known then, and against a plain count."""

import numpy as np
import pytest

from stratify.catalogue import load
from stratify.features.conditions import present
from stratify.features.drug_rules import placed, read_drugs
from stratify.features.kernel import Rows
from stratify.morbidity import told_by_drugs

T = 20_000
CATALOGUE = load()
IDS = tuple(CATALOGUE.conditions)


def redeemed(code, ago, *, known_after=14, person=0):
    return {"person": person, "day": T - ago, "known": T - ago + known_after, "code": code, "ddd": 30.0}


@pytest.fixture
def has(write_store):
    """Return a function from drugs, and conditions diagnosed, to whether one condition holds at some days."""

    def answer(key, *drugs, days=(T,), diagnosed=()):
        events = [{"person": 0, "day": T - 200, "known": T - 190, "code": code} for code in diagnosed]
        store = write_store({"condition": events, "drug": list(drugs)})
        found = present(store, Rows(np.zeros(len(days), dtype=int), np.array(days)), CATALOGUE, 0)
        return found.conditions[:, IDS.index(key)].tolist()

    return answer


def test_two_redemptions_within_the_year_and_not_one(has):
    assert has("gout", redeemed("M04AA01", 300), redeemed("M04AA01", 100)) == [True]
    assert has("gout", redeemed("M04AA01", 100)) == [False]


@pytest.mark.parametrize("oldest, expected", [(365, True), (366, False)])
def test_the_first_day_of_the_window_counts_and_the_day_before_it_does_not(has, oldest, expected):
    assert has("gout", redeemed("M04AA01", oldest), redeemed("M04AA01", 100)) == [expected]


@pytest.mark.parametrize("oldest, expected", [(180, True), (181, False)])
def test_two_classes_against_high_blood_pressure_count_within_180_days(has, oldest, expected):
    assert has("hypertension", redeemed("C08CA01", oldest), redeemed("C09AA05", 30)) == [expected]


def test_a_redemption_counts_from_the_day_after_it_was_known(has):
    drugs = redeemed("M04AA01", 300), redeemed("M04AA01", 50, known_after=14)
    days = [T - 50, T - 49, T - 36, T - 35]
    assert has("gout", *drugs, days=days) == [False, False, False, True]


def test_one_known_out_of_order_counts_when_it_is_known(has):
    late = redeemed("M04AA01", 300, known_after=290)  # older, and known last
    assert has("gout", late, redeemed("M04AA01", 100), days=[T - 10, T - 9]) == [False, True]


def test_a_rule_that_was_met_ends_with_its_window(has):
    drugs = redeemed("M04AA01", 100), redeemed("M04AA01", 50)
    assert has("gout", *drugs, days=[T + 265, T + 266]) == [True, False]


def test_packets_of_one_day_are_one_redemption_known_when_the_first_of_them_was(has):
    twice = redeemed("M04AA01", 100, known_after=300), redeemed("M04AC01", 100, known_after=14)
    assert has("gout", *twice) == [False]
    assert has("gout", *twice, redeemed("M04AA01", 50)) == [True]


def test_a_product_of_two_drugs_is_of_both_classes(has):
    """C07B is a beta blocker and a diuretic, C09BB an ACE inhibitor and a calcium channel blocker."""
    for code in ("C07BB07", "C09BB04", "C09DB01", "C07FB02"):
        assert has("hypertension", redeemed(code, 60)) == [True], code
    assert has("hypertension", redeemed("C07AB02", 60), redeemed("C07AB03", 30)) == [False]


def test_sedatives_tell_distress_unless_another_psychiatric_condition_explains_them(has):
    pills = redeemed("N05CF01", 300), redeemed("N05BA01", 100)
    assert has("distress", *pills) == [True]
    assert has("distress", *pills, diagnosed=["schizophrenia"]) == [False]
    assert has("distress", *pills, redeemed("N06AB06", 200), redeemed("N06AB06", 90)) == [False]  # mood, by drugs
    assert has("distress", *pills, diagnosed=["hypertension"]) == [True]


def test_a_diagnosis_holds_without_drugs_and_drugs_without_a_diagnosis(has):
    assert has("diabetes", diagnosed=["diabetes"]) == [True]
    assert has("diabetes", redeemed("A10BA02", 300), redeemed("A10BA02", 100)) == [True]


def test_where_no_drugs_were_delivered_diagnoses_tell_alone(write_store):
    store = write_store({"condition": [{"person": 0, "day": T - 90, "known": T - 80, "code": "gout"}]})
    found = present(store, Rows(np.array([0, 1]), np.array([T, T])), CATALOGUE, 0)
    assert found.conditions[:, IDS.index("gout")].tolist() == [True, False]
    assert not found.known.drugs.any()


def test_a_code_of_no_class_is_of_no_group(write_store):
    groups = [group for one in placed(CATALOGUE.conditions) for group in one.groups]
    rows = [{"person": 0, "day": T, "known": T, "code": code} for code in ("C44AA", "A01AA01", "", None)]
    assert len(read_drugs(write_store({"drug": rows}), groups, 0).person) == 0


def test_every_drug_rule_names_where_it_is_from_and_what_was_recalled_says_so():
    for condition in CATALOGUE.conditions.values():
        for rule in condition.drugs:
            if rule.provenance == "RECALL-unverified":
                assert "recalled" in rule.source, condition.id


def test_rules_are_what_a_plain_count_says_of_random_redemptions(write_store):
    """The kernel over stored events against `told_by_drugs` over codes, on the same made-up histories."""
    rng = np.random.default_rng(5)
    rules = [(c, rule) for c in CATALOGUE.conditions.values() for rule in c.drugs if not rule.unless]
    codes = sorted({code for _, rule in rules for one in rule.classes for code in (*one.atc, *one.atc_except)})
    histories = {
        person: [
            (str(code), -int(rng.integers(-20, 420)), int(rng.integers(0, 60)))
            for code in rng.choice(codes, size=int(rng.integers(0, 30)))
        ]
        for person in range(60)
    }
    events = [
        redeemed(code, -day, known_after=late, person=person)
        for person, found in histories.items()
        for code, day, late in found
    ]
    store = write_store({"condition": [], "drug": events})
    answer = present(store, Rows(np.arange(60), np.full(60, T)), CATALOGUE, 0)
    holding = 0
    for person, found in histories.items():
        own = [(code, day, day + late) for code, day, late in found]
        for condition in {c.id: c for c, _ in rules}.values():
            expected = told_by_drugs(condition, own)
            holding += expected
            assert answer.conditions[person, IDS.index(condition.id)] == expected, (person, condition.id)
    assert holding > 20
