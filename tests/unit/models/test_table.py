"""A table is taken whole or refused with every problem; some columns may never steer one person's care."""

import numpy as np
import pytest

from models.table import Labels, Origin, Table, columns_digest, refusal, without_few
from stratify.errors import DataError


def small(make_column, **changed) -> Table:
    parts = {
        "person": np.array([0, 0, 1], dtype=np.int32),
        "landmark": np.array([0, 365, 0], dtype=np.int32),
        "x": np.array([[1.0, np.nan], [2.0, 0.0], [3.0, 0.0]]),
        "columns": [make_column("age"), make_column("noise")],
        "labels": {"death_365d": Labels.of(np.array([0.0, 1.0, np.nan]))},
    }
    return Table(**{**parts, **changed})


def problems(make_column, **changed) -> str:
    with pytest.raises(DataError) as caught:
        small(make_column, **changed)
    return str(caught.value)


def test_missing_features_and_missing_labels_are_legal(make_column):
    assert small(make_column).x.shape == (3, 2)


def test_rows_and_columns_must_fit(make_column):
    assert "3 rows and 2 columns" in problems(make_column, x=np.zeros((3, 3)))
    assert "needs x in float64, got float32" in problems(make_column, x=np.zeros((3, 2), dtype=np.float32))
    assert "3 landmarks" in problems(make_column, landmark=np.zeros(2, dtype=np.int32))


def test_a_person_stands_once_at_a_landmark(make_column):
    assert "more than once at one landmark" in problems(make_column, landmark=np.zeros(3, dtype=np.int32))


def test_landmarks_before_1970_are_days_like_others(make_column):
    days = np.array([-365, 0, -365], dtype=np.int32)
    assert small(make_column, landmark=days).landmark[0] == -365
    assert "more than once" in problems(make_column, landmark=np.array([-365, -365, 0], dtype=np.int32))


def test_every_problem_is_told_at_once_and_no_value_with_it(make_column):
    told = problems(
        make_column,
        x=np.array([[7654.5, np.inf], [2.0, 0.0], [3.0, 0.0]]),
        columns=[make_column("age"), make_column("age")],
        labels={"death_365d": Labels.of(np.array([0.0, 2.0, 1.0])), "other": Labels.of(np.zeros(2))},
        inside=np.zeros(4, dtype=bool),
        audit={"sex": np.array(["female"])},
    )
    for part in (
        "'age' stands there more than once", "holds an infinite value",
        "labels of death_365d: y must be 0, 1 or missing",
        "labels of other: y: needs 3, got (2,)", "inside: needs 3", "sex: needs 3",
    ):  # fmt: skip
        assert part in told
    assert "7654" not in told


@pytest.mark.parametrize(
    "role, use, why",
    [
        ("predictor", "care", None),
        ("both", "planning", None),
        ("audit", "care", "role is audit"),
        ("predictor", "statistics", "delivered for statistics"),
    ],
)
def test_what_may_not_predict(make_column, role, use, why):
    told = refusal(make_column("age", role=role, use=use))
    assert told is None if why is None else why in told


def test_served_leaves_out_what_may_not_predict_and_keeps_the_order(make_column):
    columns = [make_column("origin", role="audit"), make_column("age")]
    served = small(make_column, columns=columns).served()
    assert [c["id"] for c in served.columns] == ["age"]
    np.testing.assert_array_equal(served.x[:, 0], [np.nan, 0.0, 0.0])
    np.testing.assert_array_equal(served.beside["origin"], [1.0, 2.0, 3.0])


def test_what_stands_beside_is_read_by_name_as_any_column(make_column):
    served = small(make_column, columns=[make_column("origin", role="audit"), make_column("age")]).served()
    both = served.read(["age", "origin"])
    np.testing.assert_array_equal(both, [[np.nan, 1.0], [0.0, 2.0], [0.0, 3.0]])
    np.testing.assert_array_equal(served.read(["origin"], np.array([2, 0])), [[3.0], [1.0]])
    with pytest.raises(DataError) as caught:
        served.read(["origin", "income", "age", "education"])
    assert list(caught.value.problems) == ["education", "income"]


def test_a_research_column_may_not_predict_either(make_column):
    assert "research set" in refusal({**make_column("age"), "set": "research"})
    assert refusal({**make_column("age"), "set": "served"}) is None


def test_some_rows_keep_all_that_is_told_of_them(make_column):
    labels = Labels(
        np.array([0.0, 1.0, np.nan]), np.array([1.0, 1.5, 0.0]), np.array([True, False, False]), np.arange(3.0)
    )
    table = small(
        make_column,
        labels={"death_365d": labels},
        stable=np.array([7, 7, 9], dtype=np.uint64),
        period=np.array([0, 300, 0], dtype=np.int32),
        inside=np.array([True, True, False]),
        audit={"sex": np.array(["female", "female", "male"])},
        beside={"index": np.array([1.0, 2.0, 3.0])},
    )
    some = table.rows(np.array([2, 1]))
    assert (some.person.tolist(), some.landmark.tolist(), some.stable.tolist()) == ([1, 0], [0, 365], [9, 7])
    assert (some.period.tolist(), some.inside.tolist()) == ([0, 300], [False, True])
    assert (some.audit["sex"].tolist(), some.beside["index"].tolist()) == (["male", "female"], [3.0, 2.0])
    told = some.labels["death_365d"]
    np.testing.assert_array_equal(told.y, [np.nan, 1.0])
    assert (told.weight.tolist(), told.died_first.tolist(), told.days.tolist()) == (
        [0.0, 1.5],
        [False, False],
        [2.0, 1.0],
    )


def test_where_nothing_else_is_given_a_person_is_their_number_and_a_landmark_its_period(make_column):
    table = small(make_column)
    assert (table.stable.tolist(), table.stable.dtype) == ([0, 0, 1], np.uint64)
    np.testing.assert_array_equal(table.period, table.landmark)
    assert not table.inside.any()


@pytest.mark.parametrize(
    "changed, why",
    [
        ({"weight": [1.0, 0.0, 0.0]}, "weight must be above 0 where y is known"),
        ({"weight": [1.0, -1.0, 0.0]}, "weight must be above 0 where y is known"),
        ({"weight": [1.0, np.inf, 0.0]}, "weight must be above 0 where y is known"),
        ({"died_first": [False, True, False]}, "died_first must not hold where the event came"),
        ({"weight": [1.0, 1.0]}, "weight: needs 3, got (2,)"),
    ],
)
def test_labels_that_contradict_each_other_are_refused(make_column, changed, why):
    parts = {"y": [0.0, 1.0, np.nan], "weight": [1.0, 1.0, 0.0], "died_first": [False] * 3, "days": [1.0] * 3}
    labels = Labels(**{key: np.array(value) for key, value in {**parts, **changed}.items()})
    assert f"labels of death_365d: {why}" in problems(make_column, labels={"death_365d": labels})


def test_labels_where_nobody_left_weigh_one_where_they_are_told():
    labels = Labels.of(np.array([0.0, 1.0, np.nan]))
    assert (labels.weight.tolist(), labels.died_first.tolist()) == ([1.0, 1.0, 0.0], [False] * 3)
    assert np.isnan(labels.days).all()


def test_the_digest_of_columns_sees_order_and_meaning(make_column):
    a, b = make_column("age"), make_column("noise")
    assert columns_digest([a, b]) == columns_digest([dict(reversed(a.items())), b])
    assert len({columns_digest(c) for c in ([a, b], [b, a], [a], [{**a, "unit": "years"}, b])}) == 4


def test_only_the_synthetic_source_is_synthetic():
    assert [Origin(s, "", "", "").synthetic for s in ("synthetic", "danish", "omop")] == [True, False, False]


# --- what only a few have --------------------------------------------------------------------------------------------


def of_two_years(first: list[float], second: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """The column of as many people at two landmarks."""
    return np.array([*first, *second])[:, None], np.tile(np.arange(len(first), dtype=np.int32), 2)


@pytest.mark.parametrize("people, kept", [(4, False), (5, True)])
def test_a_value_of_fewer_than_five_people_becomes_the_commonest(people, kept):
    column = [3.0] * people + [0.0] * (40 - people)
    x, person = of_two_years(column, column)
    got = without_few(x, person)
    np.testing.assert_array_equal(got, x if kept else np.zeros_like(x))


def test_it_is_people_that_are_counted_and_not_rows():
    x, person = of_two_years([3.0] * 4 + [0.0] * 36, [5.0] * 4 + [0.0] * 36)
    assert (without_few(x, person) == 0).all()
    x, person = of_two_years([3.0] * 3 + [0.0] * 37, [0.0] * 37 + [3.0] * 3)
    np.testing.assert_array_equal(without_few(x, person), x)


@pytest.mark.parametrize("people, kept", [(9, False), (10, True)])
def test_a_column_of_few_people_is_taken_as_missing(people, kept):
    column = [*np.linspace(1, 2, people), *[np.nan] * (40 - people)]
    x, person = of_two_years(column, column)
    got = without_few(x, person)
    np.testing.assert_array_equal(got, x if kept else np.full_like(x, np.nan))


def test_gaps_stay_gaps_and_the_rows_given_are_not_changed():
    x, person = of_two_years([3.0] + [0.0] * 20 + [np.nan] * 19, [0.0] * 21 + [np.nan] * 19)
    before = x.copy()
    got = without_few(x, person)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(x))
    assert set(got[~np.isnan(got)]) == {0.0}


def test_many_different_values_are_left_alone(table):
    np.testing.assert_array_equal(without_few(table.x, table.person), table.x)
    assert without_few(table.x[:0], table.person[:0]).shape == (0, table.x.shape[1])
