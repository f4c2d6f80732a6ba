"""Refits: a place's people are in no fit that is asked about them; fewer people; other columns."""

from dataclasses import replace

import numpy as np
import pytest

from models import candidates, refits


@pytest.fixture
def placed(table):
    """Three places, of which the people of one are told by a column."""
    place = np.array(["north", "south", "west"])[table.person % 3]
    x = table.x.copy()
    x[:, -1] = table.person
    return replace(table, x=x, audit={"hospital": place})


def test_the_people_of_a_place_are_in_no_fit_that_is_asked_about_it(spec, declared, placed, outcome, monkeypatch):
    fits = []
    whole = candidates.fit_logistic

    def watched(how, x, *more):
        fits.append(set(np.unique(x[:, -1] % 3)))
        return whole(how, x, *more)

    monkeypatch.setattr(candidates, "fit_logistic", watched)
    found = refits.left_out(spec, declared, placed, outcome, "logistic", "hospital")
    assert [one["split"] for one in found] == [f"hospital = {name} left out" for name in ("north", "south", "west")]
    assert all(one["lacks"] is None for one in found)
    per_level = len(fits) // 3
    for level in range(3):
        of_level = fits[level * per_level : (level + 1) * per_level]
        assert of_level
        assert all(level not in people for people in of_level)


def test_a_factor_the_source_does_not_tell_gives_no_rows(spec, declared, table, outcome):
    assert refits.left_out(spec, declared, table, outcome, "logistic", "hospital") == []


def test_a_place_with_too_few_says_so(spec, declared, placed, outcome):
    place = np.where(placed.person < 6, "tiny", "large")
    found = refits.left_out(spec, declared, replace(placed, audit={"hospital": place}), outcome, "logistic", "hospital")
    tiny = next(one for one in found if "tiny" in one["split"])
    assert tiny["auroc"] is None
    assert "too few events" in tiny["lacks"]


def test_the_learning_curve_grows_and_ends_with_all(spec, declared, table, outcome):
    found = refits.learning_curve(spec, declared, table, outcome, "logistic")
    told = [one["rows"] for one in found]
    assert told == sorted(told)
    whole = candidates.Training.of(table, outcome.id, refits.split_rows(spec.split, outcome, table))
    assert told[-1] == len(whole.y)
    assert found[-1]["auroc"]["value"] > 0.6


def test_of_a_share_with_too_few_events_none_are_told(spec, declared, table, make_outcome):
    whole = int(
        table.labels[make_outcome().id].y[refits.split_rows(spec.split, make_outcome(), table).rows["train"]].sum()
    )
    found = refits.learning_curve(spec, declared, table, make_outcome(min_events_train=whole // 2), "logistic")
    lacking = [one for one in found if one["lacks"]]
    assert lacking
    assert {one["events"] for one in lacking} == {None}


def test_the_research_set_has_columns_that_are_not_served(spec, declared, table, outcome, make_column):
    column = {**make_column("noise", use="statistics"), "role": "both", "set": "research"}
    wide = replace(table, columns=[*table.columns[:-1], column])
    served, research = refits.feature_sets(spec, declared, wide, outcome)
    assert (served["columns"], research["columns"]) == (len(table.columns) - 1, len(table.columns))
