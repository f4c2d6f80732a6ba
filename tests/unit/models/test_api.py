"""`models.fit` on any labelled matrix: nobody is asked who was learned from, and what does not fit is refused."""

import numpy as np
import pandas as pd
import pytest

import models
from models.arrays import arranged
from models.spec import Constraint
from stratify.errors import DataError, UsageError


def made(n=4000, seed=2, rows_each=1):
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(n // rows_each), rows_each)
    x = pd.DataFrame({"age": rng.uniform(40, 90, n), "stays": rng.poisson(1.0, n).astype(float)})
    x.loc[rng.random(n) < 0.1, "age"] = np.nan
    chance = 1 / (1 + np.exp(-(-4 + 0.03 * x["age"].fillna(65) + 0.5 * x["stays"])))
    return x, (rng.random(n) < chance).astype(float).to_numpy().copy(), person


@pytest.fixture(scope="module")
def fitted():
    return models.fit(*made())


def test_both_candidates_are_fitted_and_the_report_is_of_the_chosen_one(fitted):
    assert set(fitted.candidates) == {"lightgbm", "logistic"}
    assert fitted.chosen == "logistic"
    assert set(fitted.report["others"]) == {"lightgbm"}
    assert 0.6 < fitted.report["overall"]["auroc"]["value"] < 0.8
    assert fitted.report["overall"]["calibration_slope"]["value"] == pytest.approx(1, abs=0.25)


def test_risks_are_by_column_name_whatever_their_order(fitted):
    x, _, _ = made(seed=9)
    turned = x[["stays", "age"]].assign(more=1.0)
    np.testing.assert_array_equal(fitted.risk(x), fitted.risk(turned))
    assert fitted.risk(x, name="lightgbm").shape == (len(x),)


def test_a_column_that_is_absent_at_scoring_is_named(fitted):
    with pytest.raises(DataError, match="age"):
        fitted.risk(pd.DataFrame({"stays": [1.0]}))


def test_the_test_people_are_those_of_no_fit():
    x, y, person = made(rows_each=4)
    x["who"] = person.astype(float)
    fitted = models.fit(x, y, person)
    assert fitted.report["n"] % 4 == 0, "all rows of a person on one side"
    assert 0.3 < fitted.report["people"] / len(np.unique(person)) < 0.5


def test_with_three_landmarks_the_last_one_is_the_test():
    x, y, person = made(6000)
    time = np.repeat([0, 365, 730], 2000)
    y[time == 730] = np.where(np.arange(2000) % 2, 1.0, 0.0)  # a last year unlike the others, to be told by
    fitted = models.fit(x, y, person, time=time, horizon=365)
    assert fitted.report["n"] < 2000
    assert fitted.report["prevalence"] == pytest.approx(0.5, abs=0.05)


def test_labels_nobody_knows_are_not_used():
    x, y, person = made()
    y[:500] = np.nan
    assert models.fit(x, y, person).report["n"] < 0.45 * (len(y) - 500)


def test_a_direction_is_kept():
    x, y, person = made()
    up = Constraint(
        columns=("stays",),
        direction=1,
        reason={"da": "flere", "en": "more"},
        source={"da": "opdigtet", "en": "made up"},
    )
    fitted = models.fit(x, y, person, monotone=[up])
    rows = pd.DataFrame({"age": np.full(8, 70.0), "stays": np.arange(8.0)})
    assert (np.diff(fitted.risk(rows, name="lightgbm")) >= 0).all()


@pytest.mark.parametrize(
    "change,told",
    [
        (lambda x, y, p: (x, y[:-1], p), "needs y, groups and time"),
        (lambda x, y, p: (x, y, np.stack([p, p], axis=1)), "needs y, groups and time"),
        (lambda x, y, p: (x, y * 0.5, p), "y must be 0, 1 or missing"),
        (lambda x, y, p: (x, ["yes"] * len(y), p), "y: numbers are required"),
        (lambda x, y, p: (x, np.zeros_like(y), p), "got 0 events and"),
        (lambda x, y, p: (x, np.where(np.cumsum(1 - y) < 4, y, 1), p), "and <5 rows without"),
        (lambda x, y, p: (x.assign(age=np.inf), y, p), "age: holds an infinite value"),
        (lambda x, y, p: (x.assign(age="m"), y, p), "the column 'age' holds str; numbers are required"),
        (lambda x, y, p: (x.assign(age=pd.Timestamp("2020-01-31")), y, p), "the column 'age' holds datetime64"),
        (lambda x, y, p: (x.assign(age=["m", *[1.0] * (len(x) - 1)]), y, p), "the column 'age' holds object"),
        (lambda x, y, p: (x.to_numpy(), y, p), "x: a pandas DataFrame is required"),
        (lambda x, y, p: (pd.concat([x, x["age"]], axis=1), y, p), "the column 'age' stands there more than once"),
        (lambda x, y, p: (x, y, np.where(p == 7, np.nan, p)), "groups: a person is required for each row"),
        (lambda x, y, p: (x, y, [None, *map(str, p[1:])]), "groups: a person is required for each row"),
        (lambda x, y, p: (x, y, np.array(["a", *p[1:]], dtype=object)), "groups: whole numbers or texts"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(change, told):
    with pytest.raises(DataError) as caught:
        models.fit(*change(*made()))
    assert told in str(caught.value)
    assert str(caught.value).count("age") <= 1
    assert "'m'" not in str(caught.value)


@pytest.mark.parametrize(
    "time,told",
    [
        (lambda day: day.astype(float), "time: whole numbers or dates (datetime64) are required, got float64"),
        (lambda day: [str(one) for one in day], "time: whole numbers or dates (datetime64) are required, got <U"),
        (lambda day: np.where(day == 0, np.datetime64("NaT"), np.datetime64("2020-01-01")), "time: a date is required"),
        (lambda day: day + 2**40, "time: whole numbers of 32 bits"),
    ],
)
def test_times_that_are_no_days_are_refused(time, told):
    x, y, person = made()
    with pytest.raises(DataError) as caught:
        models.fit(x, y, person, time=time(np.repeat([0, 365, 730, 1095], 1000)), horizon=365)
    assert told in str(caught.value)


def test_time_without_a_horizon_is_refused():
    with pytest.raises(UsageError, match="give horizon too"):
        models.fit(*made(), time=np.repeat([0, 365], 2000))


@pytest.mark.parametrize("kind", ["ns", "us", "s", "D", "column", "zoned"])
def test_dates_split_as_their_days_do(kind):
    day = np.repeat([18262, 18628, 18993], 2000)  # the first days of 2020, 2021 and 2022
    when = day.astype("datetime64[D]")
    column = pd.Series(when.astype("datetime64[us]"))
    given = {"column": column, "zoned": column.dt.tz_localize("Europe/Copenhagen")}.get(kind)
    x, y, person = made(6000)
    told = arranged(x, y, person, when.astype(f"datetime64[{kind}]") if given is None else given)
    np.testing.assert_array_equal(told.time, day)


def test_a_fit_by_dates_is_that_by_days():
    x, y, person = made(6000)
    day = np.repeat([18262, 18628, 18993], 2000)
    dates = pd.Series(day.astype("datetime64[D]")).astype("datetime64[us]")
    by_days, by_dates = (models.fit(x, y, person, time=time, horizon=365) for time in (day, dates))
    assert by_dates.report == by_days.report
    assert by_dates.report["n"] < 2000, "the last landmark is the test"


def test_columns_that_pandas_keeps_otherwise_are_numbers_too():
    x, y, person = made()
    told = {kind: arranged(x.assign(age=x["age"].astype(kind)), y, person, None).x for kind in ("Float64", "object")}
    for values in told.values():
        np.testing.assert_array_equal(values, x.to_numpy())


@pytest.mark.parametrize(
    "rows,told",
    [
        (np.ones((3, 2)), "x: a pandas DataFrame is required"),
        (pd.DataFrame({"age": ["m"], "stays": [1.0]}), "the column 'age' holds str"),
    ],
)
def test_rows_that_cannot_be_scored_are_refused_in_words(fitted, rows, told):
    with pytest.raises(DataError) as caught:
        fitted.risk(rows)
    assert told in str(caught.value)


def test_the_same_rows_give_the_same_fit(fitted):
    again = models.fit(*made())
    assert {name: one.model for name, one in again.candidates.items()} == {
        name: one.model for name, one in fitted.candidates.items()
    }
    assert again.report == fitted.report
