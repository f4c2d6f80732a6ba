"""Where implementations of indices have gone wrong, one test for each trap."""

import numpy as np
import pytest

from stratify.catalogue import load
from stratify.features.conditions import Present
from stratify.features.indices import lookbacks, scores_of
from stratify.features.kernel import Events, Rows, presence
from stratify.indices import index_groups, score
from stratify.morbidity import code_groups

CATALOGUE = load()
INDICES = CATALOGUE.indices


def scored(key, codes, weights, *, drugs=(), supersede=None):
    index = INDICES[key]
    present = index_groups(index, codes, drugs, CATALOGUE.conditions)
    return score(present, index, weights=weights, supersede=supersede)


@pytest.mark.parametrize(
    "code, group", [("D500", "blane"), ("DD500", "blane"), ("DI109", "hypunc"), ("I109", "hypunc")]
)
def test_an_anaemia_keeps_its_d_and_a_danish_code_loses_it(code, group):
    assert index_groups(INDICES["elixhauser"], [code]) == {group}


@pytest.mark.parametrize("code, group", [("DK717A", "mld"), ("DI420B", "chf"), ("DE112B1", "diabwc")])
def test_danish_characters_at_the_end_change_nothing(code, group):
    assert index_groups(INDICES["charlson"], [code]) == {group}


@pytest.mark.parametrize("code", ["I11.0", "i110", "DI110", "di11.0", " I110"])
def test_dots_case_and_spaces_do_not_score_nought(code):
    assert scored("elixhauser", [code], "van_walraven") == 7


@pytest.mark.parametrize(
    "code, groups",
    [
        ("I426", {"chf", "alcohol"}),
        ("I130", {"chf", "hypc"}),
        ("I110", {"chf", "hypc"}),
        ("I120", {"rf", "hypc"}),
        ("F315", {"depre", "psycho"}),
    ],
)
def test_one_code_belongs_to_several_groups(code, groups):
    assert index_groups(INDICES["elixhauser"], [code]) == groups
    assert {g for _, g in code_groups([code], CATALOGUE) if g.startswith("elixhauser.")} == {
        f"elixhauser.{group}" for group in groups
    }


def test_a_group_counts_once_however_many_codes_it_has():
    assert scored("charlson", ["I21", "I22", "I252", "I219"], "charlson1987") == 1
    assert scored("hfrs", ["DF010", "DF011", "DF019"], "danish") == 2


def test_negative_scores_are_legal():
    assert scored("elixhauser", ["F11"], "van_walraven") == -7
    assert scored("elixhauser", ["E66", "F11", "F32"], "van_walraven") == -14
    assert scored("nmi", [], "kristensen2022", drugs=["C09CA01"]) == -2


def test_a_statin_alone_lowers_the_nordic_index_so_it_is_no_predictor_that_a_clinician_is_shown():
    assert scored("nmi", [], "kristensen2022", drugs=["C10AA05"]) == -3
    assert [family.role for family in CATALOGUE.features.values() if family.index == "nmi"] == ["audit"]


def test_supersession_is_a_parameter():
    both = ["E112", "E119"]
    assert scored("charlson", both, "charlson1987") == 2
    assert scored("charlson", both, "charlson1987", supersede=False) == 3


def test_the_danish_charlson_sums_mild_and_severe():
    assert not INDICES["charlson_dk"].supersede
    assert scored("charlson_dk", ["DE112", "DE119"], "charlson1987") == 3
    assert scored("charlson_dk", ["DK703", "DK766"], "charlson1987") == 4
    assert scored("charlson_dk", ["DC349", "DC787"], "charlson1987") == 8


def test_quan_leaves_c86_out_and_the_swedish_list_has_it():
    assert scored("charlson", ["C865"], "charlson1987") == 0
    assert scored("charlson_se", ["C865"], "charlson1987") == 2


def test_the_danish_charlson_counts_kidney_c76_tumours_and_aids_in_its_own_way():
    danish = INDICES["charlson_dk"]
    assert index_groups(danish, ["DN179"]) == {"rend"}
    assert index_groups(danish, ["DC760"]) == {"metacanc"}
    assert index_groups(danish, ["DC509", "DC910", "DC833"]) == {"tumour", "leukaemia", "lymphoma"}
    assert index_groups(danish, ["DB200"]) == set()
    assert index_groups(danish, ["DB210", "DB220", "DB238", "DB249"]) == {"aids"}


def test_the_danish_frailty_score_lacks_nine_codes_and_counts_epilepsy_lower():
    by_weights = {group.id: group.weights for group in INDICES["hfrs"].group}
    assert len(by_weights) == 109
    assert round(sum(weights["gilbert2018"] for weights in by_weights.values()), 1) == 173.2
    lacking = {key for key, weights in by_weights.items() if weights["danish"] == 0}
    assert lacking == {"u80", "w01", "w06", "w10", "w18", "w19", "x59", "y84", "y95"}
    different = {key for key, weights in by_weights.items() if weights["danish"] != weights["gilbert2018"]}
    assert different - lacking == {"g40"}
    assert by_weights["g40"] == {"gilbert2018": 1.5, "danish": 1.4}


def test_frailty_looks_back_two_years_and_is_for_those_of_75():
    assert (INDICES["hfrs"].lookback_days, INDICES["hfrs"].min_age) == (730, 75)


def test_the_nordic_index_has_29_diagnosis_and_21_drug_groups_and_looks_back_five_years():
    nmi = INDICES["nmi"]
    assert sum(bool(group.icd10) for group in nmi.group) == 29
    assert sum(bool(group.atc) for group in nmi.group) == 21
    assert nmi.lookback_days == 1826


def test_lithium_is_no_antipsychotic():
    assert scored("nmi", [], "kristensen2022", drugs=["N05AN01"]) == 0
    assert scored("nmi", [], "kristensen2022", drugs=["N05AH03", "N05AN01"]) == 7


def test_a_score_does_not_grow_with_how_often_a_register_writes_a_diagnosis_down():
    """What LPR2 wrote once and LPR3 writes five times is one disease."""
    t, index = 20_000, INDICES["charlson"]
    chf = [group.id for group in index.group].index("chf")
    person, ago = np.array([0, 1, 1, 1, 1]), np.array([900, 900, 40, 20, 5])
    events = Events(person, t - ago, t - ago + 1, np.full(5, chf))
    rows, nobody = Rows(np.array([0, 1]), np.array([t, t])), Present(np.zeros((2, 0), bool), (), np.zeros(0, bool))
    has = presence(events, rows, lookbacks(index))
    scores = scores_of(has, index, rows, nobody, np.array([t - 29_000] * 2), told=True)
    assert scores["charlson1987"].tolist() == [1, 1]


def test_people_with_nothing_score_nought_and_stay():
    for index in INDICES.values():
        for weights in index.weightings:
            assert score(np.zeros((3, len(index.group)), dtype=bool), index, weights=weights).tolist() == [0, 0, 0]
