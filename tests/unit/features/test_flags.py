"""Medication flags: all parts, different substances, in time, known by then, of the old enough."""

import numpy as np
import pytest
from pydantic import ValidationError

from stratify.catalogue import load
from stratify.catalogue.entries import Flag
from stratify.features.conditions import Present
from stratify.features.flags import flag_cells
from stratify.features.kernel import Rows

T = 20_000
CATALOGUE = load()
FAMILY = CATALOGUE.features["medication_flag"]
IDS = tuple(CATALOGUE.conditions)


@pytest.fixture
def flags(write_store):
    """Return a function from (code, days ago, delay) to the flags that hold, and those that cannot be told."""

    def answer(redeemed, *, age=80, has=(), measurable=IDS, **told):
        rows = [{"person": 0, "day": T - ago, "known": T - ago + late, "code": code} for code, ago, late in redeemed]
        found = Present(np.array([[key in has for key in IDS]]), IDS, np.array([key in measurable for key in IDS]))
        store, one = write_store({"drug": rows}, **told), Rows(np.array([0]), np.array([T]))
        cells = flag_cells(store, one, found, np.array([T - round(age * 365.25)]), FAMILY, 0)
        untold = {key for key, cell in cells.items() if np.isnan(cell[0])}
        return {key for key, cell in cells.items() if cell[0] == 1}, untold

    return answer


def test_five_substances_are_polypharmacy_and_five_packets_of_one_are_not(flags):
    five = ["A02BC01", "B03BA03", "C10AA05", "H03AA01", "R06AE07"]
    assert flags([(code, 100, 14) for code in five]) == ({"polypharmacy"}, set())
    assert flags([(five[0], 20 * n, 1) for n in range(1, 6)]) == (set(), set())


def test_what_was_redeemed_too_long_ago_or_known_too_late_is_not_in_use(flags):
    pair = [("N02AA01", 120, 14), ("N05BA01", 30, 14)]
    assert flags(pair)[0] == {"opioid_benzodiazepine"}
    assert flags([("N02AA01", 121, 14), pair[1]])[0] == set()
    assert flags([pair[0], ("N05BA01", 30, 30)])[0] == set()


def test_lithium_is_no_second_antipsychotic(flags):
    assert flags([("N05AH03", 20, 1), ("N05AN01", 20, 1)])[0] == set()
    assert flags([("N05AH03", 20, 1), ("N05AX12", 20, 1)])[0] == {"antipsychotic_duplication"}


def test_an_antipsychotic_in_dementia_is_told_by_condition_or_medicine_from_65_on(flags):
    haloperidol = ("N05AD01", 20, 1)
    name = "antipsychotic_in_dementia"
    assert flags([haloperidol], has=["dementia"])[0] == {name}
    assert flags([haloperidol, ("N06DA02", 20, 1)])[0] == {name}
    assert flags([haloperidol], has=["dementia"], age=64.9)[0] == set()


def test_a_condition_that_cannot_be_told_leaves_the_flag_unknown_only_where_it_would_decide(flags):
    unseen = [key for key in IDS if key not in ("ckd", "hf")]
    name = "nsaid_in_kidney_or_heart_failure"
    assert flags([("M01AE01", 20, 1)], measurable=unseen) == (set(), {name})
    assert flags([], measurable=unseen) == (set(), set())
    assert flags([("M01AE01", 20, 1)], has=["hf"], measurable=[*unseen, "hf"]) == ({name}, set())


def test_without_atc_no_flag_can_be_told(flags):
    assert flags([("concept:1", 20, 1)], drug_codes=False) == (set(), {flag.id for flag in FAMILY.flag})


def test_a_flag_that_was_recalled_says_so():
    recalled = {flag.id for flag in FAMILY.flag if flag.provenance == "RECALL-unverified"}
    assert recalled == {flag.id for flag in FAMILY.flag} - {
        "polypharmacy", "polypharmacy_half_year", "excessive_polypharmacy",
    }  # fmt: skip
    assert all("RECALL" in flag.source for flag in FAMILY.flag if flag.id in recalled)


def test_a_part_without_anything_to_look_for_is_refused():
    told = {"id": "a", "name": {"da": "a", "en": "a"}, "provenance": "OURS", "source": "made up", "part": [{}]}
    with pytest.raises(ValidationError, match="a part of a flag needs atc or conditions"):
        Flag.model_validate(told)
