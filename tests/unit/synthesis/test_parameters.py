"""Parameters: the file holds together, and a declared prevalence is what the onset rates give."""

import copy
import tomllib
from importlib import resources

import numpy as np
import pytest

from pipelines.synthesis.parameters import OLDEST, parameters, pyramid, read


@pytest.fixture
def table():
    text = resources.files("pipelines.synthesis").joinpath("parameters.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@pytest.fixture
def given():
    return parameters()


def test_there_are_the_39_conditions_of_the_list(given):
    assert len(given.conditions) == len(set(given.conditions)) == 39
    assert given.psychiatric.sum() == 8


def test_only_conditions_defined_by_drugs_have_no_code(given):
    without = {name for name, codes in zip(given.conditions, given.condition_codes, strict=True) if len(codes) == 0}
    assert without == {"pain", "distress"}
    used = {condition for drug in given.drugs for condition in drug.users}
    assert {given.index("pain"), given.index("distress")} <= used


def test_codes_are_danish_codes(given):
    assert all(code[0] == "D" and code[1].isalpha() and code[2:4].isdigit() and code.isalnum() for code in given.codes)
    assert any(code[-1].isalpha() and len(code) > 5 for code in given.codes)  # national suffix letters occur


def test_general_codes_belong_to_no_condition(given, table):
    own = {code for entry in table["condition"] for code in entry["codes"]}
    shared = {kind: own & set(codes) for kind, codes in table["codes"].items()}
    assert shared == {kind: set() for kind in shared}


def test_nineteen_municipalities_each_with_a_hospital(given):
    assert len(given.municipalities) == 19
    assert set(given.municipality_unit.tolist()) == {0, 1, 2, 3, 4}
    assert given.municipality_weight.sum() == 1_358_880
    assert len(given.units["code"]) == len(given.units["name"]) == 6


def test_the_pyramid_is_a_distribution_with_about_80_percent_adults(given):
    shares = pyramid(given.population)
    assert shares.sum() == pytest.approx(1.0)
    assert shares[18:].sum() == pytest.approx(0.80, abs=0.02)
    assert shares[101:].sum() == 0


def test_rates_give_the_declared_prevalence_among_adults(given, table):
    shares = pyramid(given.population) * (np.arange(OLDEST + 1) >= 18)
    shares = shares / shares.sum() / 2
    for place, entry in enumerate(table["condition"]):
        rate = given.rate[:, :, place]
        until = np.cumsum(rate, axis=1) - rate / 2
        share = ((1 - np.exp(-until)) * shares).sum()
        assert share == pytest.approx(entry["prevalence"] / 100, rel=1e-6), entry["id"]


def test_rates_respect_sex_and_first_age(given, table):
    prostate = given.rate[:, :, given.index("prostate")]
    assert prostate[0].sum() > 0
    assert prostate[1].sum() == 0
    for place, entry in enumerate(table["condition"]):
        assert (given.rate[:, : entry["from"], place] == 0).all()
    eating = given.rate[:, :, given.index("eating")]
    assert eating[1].sum() == pytest.approx(10 * eating[0].sum())


def test_shares_are_shares(given):
    assert ((given.seen >= 0) & (given.seen <= 1)).all()
    assert ((given.psychiatric_care >= 0) & (given.psychiatric_care <= 1)).all()
    for drug in given.drugs:
        assert all(0 < share <= 1 for share in drug.users.values())
        assert 0 <= drug.anyone[0] <= 1
        assert drug.users or drug.anyone[0]
    assert len({drug.atc for drug in given.drugs}) == len(given.drugs)


def test_every_condition_treated_with_drugs_gets_its_own(given):
    treated = {
        "hypertension": "C09",
        "dyslipidemia": "C10",
        "diabetes": "A10",
        "copd_asthma": "R03",
        "mood_anxiety": "N06A",
        "schizophrenia": "N05A",
        "bipolar": "N05AN01",
        "af": "B01A",
    }
    for condition, prefix in treated.items():
        place = given.index(condition)
        assert any(place in drug.users and drug.atc.startswith(prefix) for drug in given.drugs), condition


def test_the_file_is_read_once():
    assert parameters() is parameters()


@pytest.mark.parametrize(
    "break_it",
    [
        lambda table: table["effects"]["list"].append(["hypertension", "hypochondria", 1.2]),
        lambda table: table["drug"][0]["users"].update(hypochondria=0.5),
        lambda table: table["lab"][0]["more"].update(hypochondria=0.5),
    ],
)
def test_an_unknown_condition_is_refused_by_name(table, break_it):
    broken = copy.deepcopy(table)
    break_it(broken)
    with pytest.raises(KeyError, match="hypochondria"):
        read(broken)


def test_a_missing_number_is_refused_by_name(table):
    del table["condition"][3]["visits"]
    with pytest.raises(KeyError, match="visits"):
        read(table)
