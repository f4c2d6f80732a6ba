"""What is evaluated is checked in one go, and put in one order."""

import numpy as np
import pandas as pd
import pytest

from models.evaluation.rows import arrange
from stratify.errors import DataError

Y, RISK = np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.4, 0.3, 0.1, 0.2])


def test_rows_come_in_the_order_of_their_risk_with_all_they_say():
    rows = arrange(
        Y,
        RISK,
        person=[7, 7, 3, 9],
        weight=[1, 2, 3, 4],
        died_first=[True, False, False, False],
        days=[10, 20, 30, 40],
        groups={"sex": ["m", "f", "m", "f"]},
        others={"age": [0.5, 0.6, 0.7, 0.8]},
    )
    assert rows.risk.tolist() == [0.1, 0.2, 0.3, 0.4]
    assert rows.y.tolist() == [0, 1, 1, 0]
    assert rows.weight.tolist() == [3, 4, 2, 1]
    assert rows.days.tolist() == [30, 40, 20, 10]
    assert rows.died_first.tolist() == [False, False, False, True]
    assert rows.identity.tolist() == [3, 9, 7, 7]
    assert rows.person.tolist() == [0, 1, 2, 2]
    assert (rows.factors["sex"].levels, rows.factors["sex"].code.tolist()) == (("f", "m"), [1, 0, 0, 1])
    assert rows.others["age"].tolist() == [0.7, 0.8, 0.6, 0.5]


@pytest.mark.parametrize("seed", range(3))
def test_the_order_they_came_in_does_not_show(seed):
    rng = np.random.default_rng(seed)
    n = 500
    given = {
        "y": rng.integers(0, 2, n), "risk": rng.integers(0, 4, n) / 4, "weight": rng.integers(0, 3, n),
        "g": rng.choice(["a", "b"], n), "o": rng.integers(0, 3, n) / 3,
    }  # fmt: skip
    found = []
    for order in (np.arange(n), rng.permutation(n)):
        one = {name: values[order] for name, values in given.items()}
        rows = arrange(one["y"], one["risk"], weight=one["weight"], groups={"g": one["g"]}, others={"o": one["o"]})
        found.append(np.stack([rows.y, rows.risk, rows.weight, rows.factors["g"].code, rows.others["o"]]))
    np.testing.assert_array_equal(*found)


def test_rows_without_weight_do_not_count():
    rows = arrange(Y, RISK, weight=[0, 1, 2, 0], person=[5, 6, 5, 8], groups={"g": list("aabb")}, others={"o": RISK})
    used = rows.counted()
    assert (len(rows), len(used)) == (4, 2)
    assert used.risk.tolist() == [0.1, 0.3]
    assert used.person.tolist() == [0, 1]
    assert used.identity.tolist() == [5, 6]
    assert used.factors["g"].code.tolist() == [1, 0]
    assert used.factors["g"].levels == ("a", "b")
    same = arrange(Y, RISK)
    assert same.counted() is same


def test_labels_may_be_any_array_of_text():
    for labels in (list("abab"), np.array(list("abab")), pd.Series(list("abab")), pd.Categorical(list("abab"))):
        assert arrange(Y, RISK, groups={"g": labels}).factors["g"].levels == ("a", "b")


WRONG = {
    "an unknown outcome": ({"y": [0, np.nan, 0, 1]}, "y: 0 or 1"),
    "an outcome that is none": ({"y": [0, 2, 0, 1]}, "y: 0 or 1"),
    "no rows": ({"y": [], "risk": []}, "at least one row"),
    "two dimensions": ({"y": [[0, 1], [0, 1]]}, "one dimension"),
    "a risk above 1": ({"risk": [0.1, 1.2, 0.3, 0.4]}, "risk: values within 0 and 1"),
    "an unknown risk": ({"risk": [0.1, np.nan, 0.3, 0.4]}, "risk: values within 0 and 1"),
    "too few risks": ({"risk": [0.1]}, "risk: one value for each of 4 rows"),
    "words for risks": ({"risk": list("abcd")}, "risk: numbers are required"),
    "a weight below 0": ({"weight": [1, -1, 1, 1]}, "weight: finite values of 0 or more"),
    "an endless weight": ({"weight": [1, np.inf, 1, 1]}, "weight: finite values"),
    "no weight at all": ({"weight": [0, 0, 0, 0]}, "weight: at least one row above 0"),
    "another model's risk": ({"others": {"age": [0, 1, 2, 0]}}, r"others\[age\]: values within"),
    "days without deaths": ({"days": [1, 2, 3, 4]}, "days: died_first is required"),
    "days before the start": ({"days": [1, -2, 3, 4], "died_first": [0] * 4}, "days: finite values of 0 or more"),
    "death before the event": ({"died_first": [False, True, False, False]}, "died_first: who has the event"),
    "half a death": ({"died_first": [0, 0, 0.5, 0]}, "died_first: true or false"),
    "people in fractions": ({"person": [0.5, 1, 2, 3]}, "person: whole numbers"),
    "a label that is missing": ({"groups": {"sex": ["m", None, "f", "f"]}}, r"groups\[sex\]: a label"),
    "a label that is no text": ({"groups": {"age": [1, 2, 3, 4]}}, r"groups\[age\]: a label"),
    "too few labels": ({"groups": {"sex": ["m"]}}, r"groups\[sex\]: one value"),
}


@pytest.mark.parametrize("given,told", WRONG.values(), ids=WRONG)
def test_what_is_not_as_it_must_be_is_named(given, told):
    with pytest.raises(DataError, match=told) as raised:
        arrange(**{"y": Y, "risk": RISK, **given})
    assert raised.value.exit_code == 11


def test_everything_wrong_is_named_at_once_and_no_value_is():
    with pytest.raises(DataError) as raised:
        arrange([0, 7, 0, 1], [0.1, 3.25, 0.2, 0.2], weight=[1, -9, 1, 1], person=["x", "y", "z", "u"])
    assert [problem.split(":")[0] for problem in raised.value.problems] == ["y", "risk", "weight", "person"]
    assert not any(value in str(raised.value) for value in ("7", "3.25", "-9"))
