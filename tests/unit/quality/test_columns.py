"""A value that is not there is the same, in whatever form the reader of the file left it."""

import numpy as np
import pytest

from stratify.errors import DataError
from stratify.quality.columns import NO_DAY, among, days, flags, numbers, present, texts

MASKED = np.ma.MaskedArray([7, 0, 9], mask=[False, True, False])
FORMS = [
    MASKED,
    np.array([7.0, np.nan, 9.0]),
    np.array([7, None, 9], dtype=object),
    np.ma.MaskedArray([7.0, np.nan, 9.0]),
]


def table(values):
    return {"t": {"c": values}}


@pytest.mark.parametrize("values", FORMS, ids=["masked", "NaN", "None", "masked with NaN"])
def test_a_gap_is_a_gap_in_each_form(values):
    assert present(values).tolist() == [True, False, True]
    assert days(table(values), "t", "c").tolist() == [7, NO_DAY, 9]
    assert numbers(table(values), "t", "c")[[0, 2]].tolist() == [7, 9]
    assert np.isnan(numbers(table(values), "t", "c")[1])


def test_whole_numbers_have_no_gaps():
    assert present(np.array([1, 2], dtype=np.int32)).all()


def test_flags_have_three_states():
    assert flags(table(np.array([True, False, None], dtype=object)), "t", "c").tolist() == [1, 0, -1]
    assert flags(table(np.array([True, False])), "t", "c").tolist() == [1, 0]


TEXTS = [np.array(["a", None, "b"], dtype=object), np.ma.MaskedArray(["a", "b", "b"], mask=[False, True, False])]


@pytest.mark.parametrize("values", TEXTS, ids=["None", "masked"])
def test_a_text_that_is_not_there_is_none_of_the_wanted(values):
    assert texts(table(values), "t", "c").tolist() == ["a", "", "b"]
    assert among(table(values), "t", "c", ["b"]).tolist() == [False, False, True]
    assert among(table(values), "t", "c", ["b", "a"]).tolist() == [True, False, True]
    assert not among(table(values), "t", "c", []).any()


@pytest.mark.parametrize("tables", [{}, {"t": {}}])
def test_a_missing_column_is_named(tables):
    with pytest.raises(DataError, match="needs the column c of the table t"):
        days(tables, "t", "c")


def test_an_empty_column_is_no_error():
    assert texts(table(np.array([], dtype=object)), "t", "c").tolist() == []
