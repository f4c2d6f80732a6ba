"""Contributions are summed to headings; the heaviest come first, with the columns that push their way."""

import json

import lightgbm
import numpy as np
import pytest

from models.explain import grouped, misplaced, reasons
from models.scoring import Member
from stratify.errors import BundleError

COLUMNS = ["age", "stay_acute_count_365", "stay_acute_days_since", "drug_n05_any_365"]


def group(key, modifiable, *columns):
    name = {"da": f"{key} (da)", "en": key}
    return {"id": key, "name": name, "modifiable": modifiable, "why": name, "columns": list(columns)}


GROUPS = [
    group("age", "no", "age"),
    group("hospital", "partly", "stay_acute_days_since", "stay_acute_count_365"),
    group("medicine", "yes", "drug_n05_any_365"),
    group("other", "unknown", "noise", "lab_hba1c_last_365"),
]


def told(row, top_n=3):
    return reasons(np.array([row], dtype=float), COLUMNS, GROUPS, top_n)[0]


@pytest.mark.parametrize("kind", ["logistic", "lightgbm"])
def test_over_all_groups_the_sums_are_the_log_odds_less_those_it_starts_from(kind, trained, table):
    """What it starts from: the intercept of the logistic, the expected value of the trees; the same for every row."""
    files = trained.files[kind]
    member = Member.from_files(files)
    x = table.x[:300]
    sums = grouped(member.contributions(x), member.columns, GROUPS)
    if kind == "lightgbm":
        booster = lightgbm.Booster(model_str=files["model.txt"].decode())
        start = booster.predict(x, pred_contrib=True)[:, -1]
        assert np.ptp(start) == 0
    else:
        start = np.full(len(x), json.loads(files["model.json"])["intercept"])
    base = member.a * start + member.b + member.outside
    np.testing.assert_allclose(sums.sum(axis=1), member.logit(x) - base, rtol=0, atol=1e-9)
    np.testing.assert_allclose(1 / (1 + np.exp(-base - sums.sum(axis=1))), member.risk(x), rtol=0, atol=1e-9)


def test_sums_by_group_lose_nothing(trained, table):
    member = Member.from_files(trained.files["lightgbm"])
    parts = member.contributions(table.x[:20])
    sums = grouped(parts, member.columns, GROUPS)
    at = {name: j for j, name in enumerate(member.columns)}
    by_hand = [sum(parts[:, at[name]] for name in one["columns"] if name in at) for one in GROUPS]
    np.testing.assert_allclose(sums, np.column_stack(by_hand), rtol=0, atol=1e-12)


def test_all_the_reasons_of_a_row_add_up_to_all_its_contributions():
    rng = np.random.default_rng(1)
    parts = rng.normal(size=(50, 4))
    every = reasons(parts, COLUMNS, GROUPS, len(GROUPS))
    totals = [sum(reason["contribution"] for reason in row) for row in every]
    np.testing.assert_allclose(totals, parts.sum(axis=1), rtol=0, atol=1e-9)


def test_the_heaviest_group_first_with_its_direction_both_languages_and_whether_it_can_be_changed():
    assert told([0.2, 0.5, 0.3, -0.4], 2) == [
        {
            "id": "hospital", "group": {"da": "hospital (da)", "en": "hospital"}, "modifiable": "partly",
            "direction": "+", "contribution": pytest.approx(0.8),
            "columns": ["stay_acute_count_365", "stay_acute_days_since"],
        },
        {
            "id": "medicine", "group": {"da": "medicine (da)", "en": "medicine"}, "modifiable": "yes",
            "direction": "-", "contribution": pytest.approx(-0.4), "columns": ["drug_n05_any_365"],
        },
    ]  # fmt: skip


def test_what_can_be_changed_does_not_come_first_for_that():
    assert [one["modifiable"] for one in told([0.9, 0.5, 0.0, 0.1])] == ["no", "partly", "yes"]


def test_a_column_that_pushes_the_other_way_is_not_named():
    first = told([0.0, -0.1, 0.5, 0.0])[0]
    assert first["columns"] == ["stay_acute_days_since"]
    assert first["contribution"] == pytest.approx(0.4)


def test_what_adds_nothing_is_no_reason():
    assert reasons(np.zeros((2, 4)), COLUMNS, GROUPS, 3) == [[], []]
    assert len(told([0.1, 0.0, 0.0, 0.0])) == 1


def test_equal_groups_keep_the_order_they_were_declared_in():
    assert [one["id"] for one in told([0.3, 0.3, 0.0, -0.3])] == ["age", "hospital", "medicine"]


def test_at_most_five_columns_are_named():
    names = [f"age_{i}" for i in range(8)]
    (only,) = reasons(np.arange(8.0)[None, :], names, [group("age", "no", *names)], 1)[0]
    assert only["columns"] == ["age_7", "age_6", "age_5", "age_4", "age_3"]


def test_each_person_has_reasons_of_their_own():
    first, second = reasons(np.array([[1.0, 0, 0, 0], [0, 0, 0, 1.0]]), COLUMNS, GROUPS, 1)
    assert (first[0]["id"], second[0]["id"]) == ("age", "medicine")


def test_nobody_has_no_reasons():
    assert reasons(np.empty((0, 4)), COLUMNS, GROUPS, 3) == []


def test_contributions_of_another_width_are_refused():
    with pytest.raises(ValueError, match="needs contributions of 4 columns"):
        reasons(np.zeros((1, 3)), COLUMNS, GROUPS, 1)


def test_a_column_in_no_group_or_in_two_is_refused_and_named():
    twice = [*GROUPS, group("again", "no", "age")]
    assert misplaced([*COLUMNS, "weight"], twice) == [
        "weight: stands in no group", "age: stands in more than one group"
    ]  # fmt: skip
    for columns, groups in (([*COLUMNS[:3], "weight"], GROUPS), (COLUMNS, twice)):
        with pytest.raises(BundleError, match="promote again") as refused:
            reasons(np.zeros((1, 4)), columns, groups, 1)
        assert len(refused.value.problems) == 1
