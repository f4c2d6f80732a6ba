"""Reading a family's events: which rows, of which groups, in which order, with which of the two clocks."""

import numpy as np
import pytest

from stratify.catalogue.entries import FeatureFamily
from stratify.errors import DataError
from stratify.features import events
from stratify.features.events import read_events

T = 20_000
NAME = {"da": "navn", "en": "name"}


def family(domain, groups, **given):
    given = {"aggregates": ["count"], "windows": [30], "fallback": {"count": 0}} | given
    return FeatureFamily.model_validate(
        {
            "id": "fam",
            "name": NAME,
            "domain": domain,
            "clinical_group": NAME,
            "role": "predictor",
            "source": "made up",
            "provenance": "OURS",
            "rationale": "made up for a test",
            "group": [{"id": key, "name": NAME, **told} for key, told in groups.items()],
            "example": [
                {"why": "one", "column": "fam_a_count_30", "expect": 1},
                {"why": "none", "column": "fam_a_count_30", "expect": 0},
            ],
            **given,
        }
    )


def drug(person, day, code, ddd=None, known=None):
    return {"person": person, "day": day, "known": day + 14 if known is None else known, "code": code, "ddd": ddd}


def stay(person, day, **told):
    return {"person": person, "day": day, "known": day + 14, "admission": True, "care": "somatic", **told}


def told(events):
    each, group, _ = events.each()
    return list(zip(*(a.tolist() for a in (each.person, each.day, each.known, group)), strict=True))


def test_an_event_stands_once_for_each_group_it_belongs_to(write_store):
    of = family("drug", {"diuretic": {"codes": ["C03"]}, "loop": {"codes": ["C03C", "C03EB"]}, "all": {}})
    store = write_store({"drug": [drug(0, T, "C03CA01"), drug(0, T + 1, "C03AA03"), drug(1, T, "N02BE01")]})
    assert told(read_events(store, of, of.group, 0)) == [
        (0, T, T + 14, 0),
        (0, T, T + 14, 1),
        (0, T, T + 14, 2),
        (0, T + 1, T + 15, 0),
        (0, T + 1, T + 15, 2),
        (1, T, T + 14, 2),
    ]


def test_events_of_a_day_keep_the_order_of_the_store(write_store):
    of = family("lab", {"hba1c": {"codes": ["NPU27300"]}}, aggregates=["last"], fallback={"last": "missing"})
    rows = [{"person": 0, "day": T, "known": T + 3, "code": "NPU27300", "value": value} for value in (58.0, 54.0, None)]
    values = read_events(write_store({"lab": rows}), of, of.group, 0).value
    np.testing.assert_array_equal(values, [54.0, 58.0, np.nan])


def test_the_order_of_the_store_stands_above_that_of_the_groups(write_store):
    of = family("drug", {"a": {"codes": ["A"]}, "c": {"codes": ["C"]}})
    rows = [drug(0, T, "A10A", known=T + 9), drug(0, T, "C03C", known=T + 2)]
    assert told(read_events(write_store({"drug": rows}), of, of.group, 0)) == [(0, T, T + 2, 1), (0, T, T + 9, 0)]


def test_a_stay_at_its_end_is_dated_and_known_by_its_end_and_an_open_one_is_not_there(write_store):
    given = {"aggregates": ["sum"], "fallback": {"sum": 0}, "at": "end"}
    of = family("stay", {"a": {"where": {"admission": True}}}, **given)
    ended = {"end_day": T + 5, "end_known": T + 19, "hours": 108.0}
    events = read_events(write_store({"stay": [stay(0, T, **ended), stay(1, T)]}), of, of.group, 0)
    assert told(events) == [(0, T + 5, T + 19, 0)]
    assert events.value.tolist() == [4.5]


def test_what_a_column_does_not_tell_belongs_to_no_group_that_asks(write_store):
    of = family("stay", {"a": {"where": {"acute": True}}, "b": {"where": {"acute": False}}, "all": {}})
    events = read_events(write_store({"stay": [stay(0, T, acute=None)]}), of, of.group, 0)
    assert [group for *_, group in told(events)] == [2]


def test_a_refuted_diagnosis_counts_until_the_delivery_that_says_so(write_store):
    of = family("diagnosis", {"a": {"codes": ["I50"], "where": {"kind": "A"}}})
    row = {"person": 0, "day": T, "known": T + 14, "code": "I509", "kind": "A", "care": "somatic"}
    store = write_store({"diagnosis": [{**row, "refuted": False}, {**row, "refuted": True}]}, delivered="1970-01-11")
    np.testing.assert_array_equal(read_events(store, of, of.group, 0).until, [np.nan, 10.0])


def test_a_row_that_was_never_known_is_an_error_and_not_a_number(write_store):
    of = family("drug", {"a": {}})
    rows = [drug(0, T, "A10A"), {"person": 0, "day": T, "known": None, "code": "A10A"}]
    with pytest.raises(DataError, match="store: drug: a row without `known`"):
        read_events(write_store({"drug": rows}), of, of.group, 0)


def test_a_code_is_matched_as_text_and_never_read_as_sql(write_store):
    of = family("drug", {"a": {"codes": ["A' OR true OR '%"]}})
    assert told(read_events(write_store({"drug": [drug(0, T, "A10A")]}), of, of.group, 0)) == []


def test_a_domain_without_rows_has_no_events(write_store):
    of = family("drug", {"a": {}, "b": {}})
    assert told(read_events(write_store({"drug": []}), of, of.group, 0)) == []


def test_an_event_of_several_groups_is_one_of_each_and_keeps_what_is_told_of_it(write_store):
    of = family("lab", {"all": {}, "hba1c": {"codes": ["NPU27300"]}})
    rows = [{"person": 0, "day": T + n, "known": T + n, "code": code, "value": float(n), "comparator": None}
            for n, code in enumerate(["NPU01567", "NPU27300"])]  # fmt: skip
    each, group, place = read_events(write_store({"lab": rows}), of, of.group, 0).each()
    assert (group.tolist(), place.tolist(), each.value.tolist()) == ([0, 0, 1], [0, 1, 1], [0.0, 1.0, 1.0])


def test_however_many_codes_are_met_no_more_than_so_many_answers_are_kept(monkeypatch):
    """A chart that is sent along may hold any code."""
    monkeypatch.setattr(events, "MOST_KNOWN", 10)
    choice = events.Choice(("code",), lambda told: [0] if told["code"] == "C12" else [])
    assert [choice.places((f"C{n}",)) for n in range(50)] == [(0,) if n == 12 else () for n in range(50)]
    assert len(choice._known) == 10
