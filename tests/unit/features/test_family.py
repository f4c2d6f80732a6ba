"""What a feature family may declare: it is refused when read, not when the matrix is built, if it makes no sense."""

import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

import stratify.catalogue
from stratify.catalogue import load
from stratify.catalogue.asked import ASKED
from stratify.catalogue.entries import FeatureFamily
from stratify.errors import CatalogueError
from stratify.store.layout import DOMAINS

FOLDER = Path(stratify.catalogue.__file__).parent / "features"
NAME = {"da": "navn", "en": "name"}


def declared(key, **changed):
    """A family of the catalogue with some keys changed; None takes one away."""
    raw = tomllib.loads((FOLDER / f"{key}.toml").read_text(encoding="utf-8")) | changed
    return FeatureFamily.model_validate({name: value for name, value in raw.items() if value is not None})


def group(**told):
    return [{"id": "a", "name": NAME, **told}]


@pytest.mark.parametrize("key", sorted(load().features))
def test_every_family_of_the_catalogue_is_accepted(key):
    assert declared(key).id == key


@pytest.mark.parametrize(
    "key, changed, told",
    [
        ("stay", {"fallback": {"count": 0}}, "fallback is missing for days_since"),
        ("stay", {"fallback": {}}, "fallback is missing for count, days_since"),
        ("drug", {"windows": [365, 30]}, "windows must be days above 0, ascending"),
        ("drug", {"windows": [30, 30]}, "windows must be days above 0, ascending"),
        ("drug", {"windows": [0, 30]}, "windows must be days above 0, ascending"),
        ("drug", {"windows": []}, "domain drug needs aggregates and windows"),
        ("drug", {"aggregates": []}, "domain drug needs aggregates and windows"),
        ("drug", {"group": []}, r"domain drug needs a \[\[group\]\]"),
        ("drug", {"group": group() + group()}, "the same id twice: a"),
        ("drug", {"group": group(where={"ddd": "3"})}, "group a: drug is chosen by nothing; got ddd = '3'"),
        ("drug", {"group": group(codes=[""])}, "String should have at least 1 character"),
        ("drug", {"at": "end"}, "at = end is for stays"),
        ("drug", {"across_switch": "period_adjusted"}, "period_adjusted is for count, sum and rate of contact"),
        ("stay", {"across_switch": "period_adjusted", "aggregates": ["days_since"]}, "period_adjusted is for count"),
        ("bed_days", {"at": "end"}, "days_within: of stay and municipal, from the day they began"),
        ("bed_days", {"fallback": {"days_within": "missing"}}, "days_within of nothing is 0"),
        ("drug", {"aggregates": ("days_within",), "fallback": {"days_within": 0}}, "days_within: of stay"),
        ("drug", {"group": group(above=3)}, "above and below are for lab"),
        ("lab", {"group": group(above=3)}, "need a source of their limits"),
        ("drug", {"per": "flag"}, "per: flag goes with"),
        ("stay", {"across_switch": "counted"}, "Input should be 'presence', 'period_adjusted', 'told_after' or"),
        ("coercion", {"role": "predictor"}, "coercion is there to check models, never to predict"),
        ("origin", {"role": "predictor"}, "origin is there to check models, never to predict"),
        ("origin", {"role": "both"}, "origin is there to check models, never to predict"),
        ("income", {"set": "served"}, "income is social position, which no served model reads"),
        ("contact", {"group": group(where={"setting": "emergancy"})}, "setting is one of .*; got 'emergancy'"),
        ("person", {"group": group()}, "of a person there are age, female, resident_days, .*; got a"),
        ("person", {"windows": [30]}, "domain person takes no aggregates and windows"),
        ("condition", {"per": "group"}, "per: condition and index go with the domain condition"),
        ("contact", {"per": "condition"}, "per: condition and index go with the domain condition"),
        ("hfrs", {"index": None}, "index: goes with per = index, and that needs one"),
        ("condition", {"index": "hfrs"}, "index: goes with per = index, and that needs one"),
        ("condition", {"group": group()}, r"domain condition takes no \[\[group\]\]"),
        ("contact", {"aggregates": ["sum"], "fallback": {"sum": 0}}, "domain contact has no value for sum"),
        ("contact", {"group": group(codes=["I50"])}, "group a: domain contact has no code"),
        ("contact", {"group": group(where={"settin": "home"})}, "group a: contact is chosen by setting"),
        ("contact", {"group": group(where={"acute": "yes"})}, "group a: contact is chosen by setting"),
        ("contact", {"value": "end_day"}, "Extra inputs are not permitted"),
        ("drug", {"windows": ((30, 365),)}, "at least one must end at the landmark"),
        ("drug", {"windows": (30, (365, 90))}, "need the nearer one first"),
        ("drug", {"windows": (30, (-5, 20))}, r"window \(-5, 20\) reaches the future"),
        ("drug", {"windows": (-30, 30)}, "window -30 reaches the future"),
        ("drug", {"windows": (30, (0, 20))}, "need the nearer one first"),
        ("drug", {"windows": (30, (20, 90))}, "must lie within the longest window"),
        ("drug", {"trends": ((30, 365),)}, "trends and the aggregate trend go together"),
        ("drug", {"fallback": {"count": 7}}, "fallback: count of nothing is 0"),
        ("lab", {"fallback": {"last": 0, "count": 0, "days_since": "missing"}}, "0.0 would pass for a finding"),
        ("lab", {"fallback": {"last": "missing", "count": 0, "days_since": 365}}, "more than the longest window"),
        ("contact", {"aggregates": ("distinct",), "fallback": {"distinct": 0}}, "distinct: of drug"),
    ],
)  # fmt: skip
def test_a_family_that_makes_no_sense_is_refused_with_what_is_wrong(key, changed, told):
    with pytest.raises(ValidationError, match=told):
        declared(key, **changed)


def test_the_length_of_a_stay_may_not_be_read_when_it_begins():
    with pytest.raises(ValidationError, match="how long a stay lasted is known at its end"):
        declared("stay", aggregates=["sum"], fallback={"sum": 0})


@pytest.mark.parametrize(
    "key, column, value",
    [("stay", "end_day", "1"), ("stay", "hours", "1"), ("contact", "end_day", "1"), ("stay", "unit_last", "a")],
)
def test_a_group_may_not_be_chosen_by_what_is_known_only_later(key, column, value):
    assert column in DOMAINS[key]
    with pytest.raises(ValidationError, match=f"got {column} = "):
        declared(key, group=group(where={column: value}))


def test_a_diagnosis_may_not_be_chosen_by_its_later_refutation():
    with pytest.raises(ValidationError, match="got refuted = False"):
        declared("contact", domain="diagnosis", group=group(where={"refuted": False}))


def test_what_groups_are_chosen_by_are_columns_of_the_store():
    for domain, asked in ASKED.items():
        assert set(asked.chosen_by) <= set(DOMAINS[domain])
        assert asked.coded == ("code" in DOMAINS[domain])
        assert asked.intervals is None or "end_known" in DOMAINS[domain]


def test_a_local_family_without_a_fallback_is_refused_with_its_file(tmp_path):
    text = (FOLDER / "stay.toml").read_text(encoding="utf-8")
    (tmp_path / "features").mkdir()
    told = text.replace('fallback = { count = 0, days_since = "missing" }', "fallback = { count = 0 }")
    (tmp_path / "features" / "stay.toml").write_text(told, encoding="utf-8")
    with pytest.raises(CatalogueError) as error:
        load(tmp_path)
    assert any("features/stay.toml" in p and "fallback is missing for days_since" in p for p in error.value.problems)
