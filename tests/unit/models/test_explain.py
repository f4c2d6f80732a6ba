"""Contributions are summed to clinical groups; the heaviest come first, with the columns that push their way."""

import numpy as np
import pytest

from models.explain import grouped, reasons


@pytest.fixture
def columns(make_column):
    return [make_column(n) for n in ("age", "stay_acute_count_365", "stay_acute_days_since", "drug_n05_any_365")]


def test_sums_by_group_lose_nothing(trained, table):
    from models.scoring import Member

    contributions = Member.from_files(trained.files["lightgbm"]).contributions(table.x[:20])
    groups, sums = grouped(contributions, table.columns)
    assert [group["en"] for group in groups] == ["Age", "Hospital", "Laboratory", "Medicines", "Other"]
    np.testing.assert_allclose(sums.sum(axis=1), contributions.sum(axis=1), atol=1e-12)
    np.testing.assert_allclose(sums[:, 1], contributions[:, 1] + contributions[:, 2], atol=1e-12)


def test_the_heaviest_group_first_with_its_direction_and_both_languages(columns):
    told = reasons(np.array([[0.2, 0.5, 0.3, -0.4]]), columns, top_n=2)[0]
    assert told == [
        {
            "group": {"da": "Sygehus", "en": "Hospital"}, "direction": "+", "contribution": pytest.approx(0.8),
            "columns": ["stay_acute_count_365", "stay_acute_days_since"],
        },
        {
            "group": {"da": "Lægemidler", "en": "Medicines"}, "direction": "-", "contribution": pytest.approx(-0.4),
            "columns": ["drug_n05_any_365"],
        },
    ]  # fmt: skip


def test_a_column_that_pushes_the_other_way_is_not_named(columns):
    told = reasons(np.array([[0.0, -0.1, 0.5, 0.0]]), columns, top_n=5)[0]
    assert told[0]["columns"] == ["stay_acute_days_since"]
    assert told[0]["contribution"] == pytest.approx(0.4)


def test_what_adds_nothing_is_no_reason(columns):
    assert reasons(np.zeros((2, 4)), columns, top_n=3) == [[], []]
    assert len(reasons(np.array([[0.1, 0.0, 0.0, 0.0]]), columns, top_n=3)[0]) == 1


def test_equal_groups_keep_the_order_of_the_columns(columns):
    told = reasons(np.array([[0.3, 0.3, 0.0, -0.3]]), columns, top_n=3)[0]
    assert [reason["group"]["en"] for reason in told] == ["Age", "Hospital", "Medicines"]


def test_at_most_five_columns_are_named(make_column):
    columns = [{**make_column("age"), "id": f"age_{i}"} for i in range(8)]
    told = reasons(np.arange(8.0)[None, :], columns, top_n=1)[0][0]
    assert told["columns"] == ["age_7", "age_6", "age_5", "age_4", "age_3"]


def test_each_person_has_reasons_of_their_own(columns):
    first, second = reasons(np.array([[1.0, 0, 0, 0], [0, 0, 0, 1.0]]), columns, top_n=1)
    assert (first[0]["group"]["en"], second[0]["group"]["en"]) == ("Age", "Medicines")


def test_contributions_of_another_width_are_refused(columns):
    with pytest.raises(ValueError, match="needs contributions of 4 columns"):
        reasons(np.zeros((1, 3)), columns, top_n=1)
