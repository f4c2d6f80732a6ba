"""The verdict: each sentence follows from the figures, and what they leave open is told as not settled."""

import copy

import pytest

from models.report import render
from models.report.figures import Figures
from models.report.first import told_threshold
from models.report.verdict import best_simple, calibrated, enough, grouped, of_use, ordered, side, use_at
from models.report.words import Words

WORDS = Words("en")


def figure(value, low, high):
    return {"value": value, "low": low, "high": high}


def told(report, **overall):
    made = copy.deepcopy(report)
    made["overall"] |= overall
    return Figures(made, WORDS)


@pytest.mark.parametrize(
    "auroc, how",
    [(0.93, "very well"), (0.8, "well"), (0.75, "fairly well"), (0.65, "poorly"), (0.55, "hardly at all")],
)
def test_how_well_people_are_told_apart_goes_by_auroc(report, auroc, how):
    assert f"from the others {how}" in ordered(told({**report, "others": {}}, auroc=figure(auroc, 0.5, 0.95)))


@pytest.mark.parametrize(
    "difference, than",
    [
        ((0.05, 0.03, 0.07), "; it is better than age and sex alone"),
        ((0.01, 0.002, 0.018), "; it is hardly better than age and sex alone"),
        ((0.01, -0.002, 0.02), "; it is not shown to be better than age and sex alone"),
        ((-0.05, -0.07, -0.03), "; it is worse than age and sex alone"),
    ],
)
def test_it_is_held_against_the_best_simpler_model_by_the_interval(report, difference, than):
    made = copy.deepcopy(report)
    assert best_simple(made) == "age_sex"  # the other candidate is no simpler model
    made["others"]["age_sex"]["difference"]["auroc"] = figure(*difference)
    assert than in ordered(Figures(made, WORDS))


def test_the_best_of_several_simpler_models_is_told_of(report):
    made = copy.deepcopy(report)
    made["others"]["charlson"] = {**made["others"]["age_sex"], "auroc": figure(0.99, 0.98, 1.0)}
    assert best_simple(made) == "charlson"
    assert "age, sex and Charlson alone" in ordered(Figures(made, WORDS))


@pytest.mark.parametrize(
    "ends, where",
    [
        ((0.95, 1.05), "right"),
        ((0.7, 1.1), "unsettled"),
        ((1.02, 1.2), "above_little"),
        ((1.3, 1.6), "above"),
        ((0.85, 0.95), "below_little"),
        ((0.5, 0.75), "below"),
        ((None, None), "unsettled"),
    ],
)
def test_a_ratio_is_right_only_where_its_whole_interval_is_near_1(ends, where):
    assert side(figure(1.0, *ends)) == where


def test_calibration_is_told_of_the_mean_and_of_the_spread(report):
    sentence = calibrated(told(report, oe=figure(1.5, 1.3, 1.7), calibration_slope=figure(0.7, 0.6, 0.8)))
    assert sentence == "On average the risks are too low; high and low risks are too far apart."


@pytest.mark.parametrize(
    "own, everyone, use",
    [
        ((0.05, 0.03, 0.07), (-0.1, -0.12, -0.08), "use_yes"),
        ((0.05, 0.03, 0.07), (0.04, 0.02, 0.06), "use_unsettled"),  # above that of all, but not plainly
        ((0.01, -0.01, 0.03), (-0.1, -0.12, -0.08), "use_unsettled"),
        ((-0.03, -0.05, -0.01), (-0.1, -0.12, -0.08), "use_no"),
        ((None, None, None), (-0.1, -0.12, -0.08), "use_hidden"),
    ],
)
def test_it_is_of_use_where_it_is_plainly_above_all_and_none(own, everyone, use):
    assert use_at({"net_benefit": figure(*own), "treat_all": figure(*everyone)}) == use


def test_the_thresholds_of_use_are_named(report):
    made = copy.deepcopy(report)
    for one, low in zip(made["decision_curve"]["agreed"], (0.01, 0.02, -0.01), strict=True):
        one |= {"net_benefit": figure(0.05, low, 0.09), "treat_all": figure(-0.1, -0.2, -0.05)}
    assert "yes at the threshold 10% and 20%; not settled at 30%." in of_use(Figures(made, WORDS))


def test_the_sample_size_rule_is_met_or_not(card):
    size = {**card["sample_size"], "rows": 100, "rows_needed": 101}
    assert "100 training rows, too few by the rule, which asks for 101" in enough(WORDS, {"sample_size": size})
    assert "enough by the rule" in enough(WORDS, {"sample_size": {**size, "rows": 101}})


def test_groups_are_counted_by_what_the_gates_found():
    gates = [
        {"id": "subgroups", "verdict": "undecided", "asked": "", "found": "3 of 6 plainly within"},
        {"id": "subgroup sex = male", "verdict": "not_met", "asked": "", "found": ""},
        *({"id": f"subgroup age = {n}", "verdict": "undecided", "asked": "", "found": ""} for n in (1, 2)),
    ]
    assert grouped(WORDS, gates) == "Of 6 groups it plainly fits 3, plainly does not fit 1, and 2 are undecided."
    assert grouped(WORDS, []) == ""


@pytest.mark.parametrize(
    "flagged, nth", [((0.6, 0.3, 0.12), 2), ((0.09, 0.03, 0.01), 0), ((None, 0.03, None), 1), ((None,) * 3, 0)]
)
def test_the_threshold_told_of_is_the_one_that_flags_nearest_to_the_places(report, flagged, nth):
    made = copy.deepcopy(report)
    for one, share in zip(made["decision_curve"]["agreed"], flagged, strict=True):
        one["flagged"] = share
    assert told_threshold(made) == nth


def test_the_page_begins_with_the_verdict_then_whom_not_to_score_then_the_contents(report, card, model):
    page = render(report, card, model, "en", gates=[])
    order = [
        "<h1>",
        'id="verdict"',
        ">Must not be scored<",
        "<nav aria-label",
        'id="core"',
        'id="gates"',
        'id="pictures"',
    ]
    assert [page.index(one) for one in order] == sorted(page.index(one) for one in order)
