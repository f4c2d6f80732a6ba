"""Which units call for follow-up, why and since when: held against small series whose answer can be read off."""

import copy

from stratify.quality.counting import OTHER
from stratify.quality.cuts import NOT_TOLD
from stratify.quality.proposing import LOOK, NO_UNIT, OWNERS, latest_year, proposals, reasons_of

FACTS = {"standard": "met", "year": 2024, "variation": "common_cause", "assurance": "hit_or_miss", "signal": None}
LINE = {
    "step": 3,
    "value": [None, 0.5, 0.6, 0.5, 0.4, 0.3],
    "chart": {"flagged": {}},
    "facts": FACTS,
}


def years(*status, **columns):
    """Rows of the units Aarhus and Horsens by year; the status is that of Horsens."""
    return {
        str(2025 - len(status) + nth): {
            "units": ["Aarhus", "Horsens"], "standard": ["met", one], "value": [0.9, 0.5],
            "denominator": [100.0, 90.0], "unknown": [0, 0], **columns,
        }
        for nth, one in enumerate(status)
    }  # fmt: skip


def told(unit="Horsens", level="hospital", by_year=None, flagged=None, **facts):
    line = copy.deepcopy(LINE)
    line["facts"] |= facts
    line["chart"]["flagged"] = flagged or {}
    return {
        "id": "t", "name": {"da": "a", "en": "b"}, "chosen": True, "standard": 0.8,
        "periods": {"3": [f"Q{nth}" for nth in range(6)], "12": ["2022", "2023", "2024"]},
        "series": {level: {unit: line}}, "units": {level: by_year or years("met")},
    }  # fmt: skip


def test_a_unit_without_a_reason_and_a_target_that_is_not_chosen_propose_nothing():
    assert proposals(told()) == []
    assert proposals({**told(standard="not_met"), "chosen": False}) == []
    assert proposals({"id": "t", "chosen": True}) == []


def test_a_missed_standard_is_told_since_the_first_year_without_a_break():
    one = told(by_year=years("not_met", "met", "not_met", "not_met"), standard="not_met")
    assert reasons_of(one, "hospital", "Horsens") == [("standard", "2023")]


def test_a_process_that_fails_does_so_since_its_first_point():
    assert reasons_of(told(assurance="consistently_fails"), "hospital", "Horsens") == [("fails", "Q1")]


def test_a_concern_is_told_since_its_run_began_and_an_improvement_is_none():
    signal = {"at": 5, "rule": "run", "side": "below"}
    one = told(variation="concern", signal=signal, flagged={"run": [1, 3, 4, 5]})
    assert reasons_of(one, "hospital", "Horsens") == [("concern", "Q3")]
    assert reasons_of(told(variation="improvement", signal=signal), "hospital", "Horsens") == []


def test_what_is_nobodys_unit_is_not_proposed():
    assert set(NO_UNIT) == {OTHER, NOT_TOLD, ""}
    for unit in NO_UNIT:
        assert proposals(told(unit, standard="not_met", by_year={})) == []
    (region,) = proposals(told("", "region", {}, assurance="consistently_fails"))
    assert (region["unit"], region["owner_role"], region["value"]) == ("", OWNERS["region"], None)


def test_it_says_whose_it_may_be_and_the_latest_value():
    (one,) = proposals(told(standard="not_met", by_year=years("met", "not_met")))
    assert (one["target"], one["level"], one["unit"], one["standard"]) == ("t", "hospital", "Horsens", 0.8)
    assert (one["owner_role"], one["value"], one["period"]) == ("hospital_management", 0.5, "2024")
    assert one["reasons"] == [{"because": "standard", "since": "2024"}]


def first(one):
    return [look["id"] for look in proposals(one)[0]["look_first"] if look["points_to_it"]]


def test_what_the_figures_point_to_is_looked_at_first():
    plain = told(standard="not_met", by_year=years("not_met"))
    assert (first(plain), [look["id"] for look in proposals(plain)[0]["look_first"]]) == ([], list(LOOK))
    unknown = years("not_met", unknown=[0, 10])
    assert first(told(standard="not_met", by_year=unknown)) == ["registration_fault"]
    explained = years("not_met", funnel={"outside": [0, -1]}, funnel_oe={"outside": [0, 0]})
    assert first(told(standard="not_met", by_year=explained)) == ["case_mix"]
    not_explained = years("not_met", funnel={"outside": [0, -1]}, funnel_oe={"outside": [0, -1]})
    assert first(told(standard="not_met", by_year=not_explained)) == []
    signal = {"at": 5, "rule": "outside", "side": "below"}
    assert first(told(variation="concern", signal=signal, flagged={"outside": [5]})) == ["real_change"]


def test_a_year_that_may_not_be_shown_is_not_the_latest():
    hidden = years("met", "undecided")
    hidden["2024"]["value"] = [0.9, None]
    assert latest_year(told(by_year=hidden), "hospital", "Horsens")["period"] == "2023"
    assert latest_year(told(by_year=hidden), "hospital", "Viborg") == {}
