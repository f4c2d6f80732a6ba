"""Medicine: drugs and tests follow what people have, once begun they go on, and stop with life."""

import numpy as np
import pytest

from pipelines.synthesis import medicine
from pipelines.synthesis.lives import birth_to_entry
from pipelines.synthesis.parameters import parameters
from pipelines.synthesis.people import NEVER, settle
from pipelines.synthesis.streams import Streams

FIRST = 16436
WINDOW = (2015, FIRST, 365)
END = FIRST + 3650
GIVEN = parameters()
ATC = [drug.atc for drug in GIVEN.drugs]
NPU = [test.npu for test in GIVEN.tests]


@pytest.fixture
def people():
    return settle(Streams(5), GIVEN, 1500, FIRST, 1)


@pytest.fixture
def healthy(people):
    health = birth_to_entry(people, Streams(5), GIVEN)
    health.onset[:] = NEVER
    return health


def bought(people, health):
    return medicine.purchases(people, health, WINDOW, END, Streams(5), GIVEN)


def taken(people, health):
    return medicine.tests_of_year(people, health, WINDOW, END, Streams(5), GIVEN)


def values(answers, npu):
    chosen = (answers["test"] == NPU.index(npu)) & (answers["kind"] != medicine.CANCELLED)
    return answers["tenths"][chosen] / 10


@pytest.mark.parametrize(
    "condition, atc",
    [
        ("diabetes", "A10BA02"),
        ("schizophrenia", "N05AH03"),
        ("bipolar", "N05AN01"),
        ("pain", "N02AX02"),
        ("af", "B01AF02"),
    ],
)
def test_a_condition_brings_its_drug(people, healthy, condition, atc):
    number = ATC.index(atc)
    drug = GIVEN.drugs[number]
    column = GIVEN.index(condition)
    before = medicine.users(people, healthy, drug, number, FIRST, Streams(5))
    healthy.onset[:, column] = FIRST - 1
    after = medicine.users(people, healthy, drug, number, FIRST, Streams(5))
    assert (after >= before).all()  # who took it goes on
    assert after.mean() == pytest.approx(drug.users[column], abs=0.05)


def test_a_drug_begins_with_its_condition(people, healthy):
    healthy.onset[:, GIVEN.index("bipolar")] = FIRST + 180
    purchases = bought(people, healthy)
    lithium = purchases["day"][purchases["drug"] == ATC.index("N05AN01")]
    assert len(lithium) > 100
    assert lithium.min() >= FIRST + 180


def test_only_women_buy_what_only_women_take(people, healthy):
    purchases = bought(people, healthy)
    for atc in ("G03AA07", "G03CA03"):
        buyers = purchases["person"][purchases["drug"] == ATC.index(atc)]
        assert len(buyers) > 50
        assert (people.sex[buyers] == 2).all()


def test_purchases_are_sorted_lie_in_the_year_and_stop_with_life(people, healthy):
    people.death[:] = FIRST + 90
    healthy.onset[:, GIVEN.index("diabetes")] = FIRST - 1
    purchases = bought(people, healthy)
    key = purchases["person"] * 2**20 + purchases["day"]
    assert (np.diff(key) >= 0).all()
    assert purchases["day"].min() >= FIRST
    assert purchases["day"].max() <= FIRST + 90


def test_people_buy_about_as_often_as_the_drug_asks_for_less_what_they_forget(people, healthy):
    healthy.onset[:, GIVEN.index("hiv")] = FIRST - 1
    purchases = bought(people, healthy)
    number = ATC.index("J05AR20")
    buyers, counts = np.unique(purchases["person"][purchases["drug"] == number], return_counts=True)
    assert counts.mean() == pytest.approx(GIVEN.drugs[number].fills * people.adherence[buyers].mean(), rel=0.1)


def test_drugs_in_use_count_regular_drugs_alone(people, healthy):
    few = medicine.drugs_in_use(people, healthy, FIRST, Streams(5), GIVEN)
    for condition in ("diabetes", "ihd", "hf", "copd_asthma"):
        healthy.onset[:, GIVEN.index(condition)] = FIRST - 1
    many = medicine.drugs_in_use(people, healthy, FIRST, Streams(5), GIVEN)
    assert few.mean() < 2
    assert many.mean() > 5
    assert (many >= few).all()


def test_diabetes_raises_hba1c_and_how_often_it_is_measured(people, healthy):
    before = values(taken(people, healthy), "NPU27300")
    healthy.onset[:, GIVEN.index("diabetes")] = FIRST - 1
    after = values(taken(people, healthy), "NPU27300")
    assert len(after) > 3 * len(before)
    assert np.median(before) == pytest.approx(36, abs=2)
    assert np.median(after) == pytest.approx(53, abs=4)


def test_kidney_disease_lowers_egfr_and_raises_creatinine(people, healthy):
    before = taken(people, healthy)
    healthy.onset[:, GIVEN.index("ckd")] = FIRST - 1
    after = taken(people, healthy)
    assert np.median(values(after, "DNK35302")) < np.median(values(before, "DNK35302")) - 25
    assert np.median(values(after, "NPU18016")) > np.median(values(before, "NPU18016")) + 40


def test_answers_stay_within_what_the_method_reports(people, healthy):
    answers = taken(people, healthy)
    for number, test in enumerate(GIVEN.tests):
        mine = answers["test"] == number
        tenths = answers["tenths"][mine] / 10
        assert ((tenths >= test.low - 0.05) & (tenths <= test.high + 0.05)).all(), test.npu
        if not test.decimals:
            assert (answers["tenths"][mine] % 10 == 0).all()


def test_tests_stop_with_life(people, healthy):
    people.death[:] = FIRST + 30
    assert taken(people, healthy)["day"].max() <= FIRST + 30


def test_those_who_have_not_come_yet_have_neither_drugs_nor_tests(people, healthy):
    later = np.flatnonzero(people.entry >= FIRST)
    assert not np.isin(bought(people, healthy)["person"], later).any()
    assert not np.isin(taken(people, healthy)["person"], later).any()
