"""Of all models that speak of a person one risk is shown per outcome: the first population's, none above a whole."""

import json

import numpy as np
import pytest

from models.bundle import Bundle, Content, member_key
from models.scoring import Member
from models.shown import shown_risks

ORDER = ["psychiatric_somatic", "multimorbid"]
WHOLE, PART, DETAIL = "acute_admission_365d", "acute_somatic_admission_365d", "acsc_admission_365d"
PART_OF = {DETAIL: PART, PART: WHOLE}
NAMES = ["age", "stays", "drug"]


def flat(intercept: float, column: str = "age", weight: float = 0.0, shift: float = 0.0) -> Member:
    """A logistic on one column of the bundle: its risk is known by hand."""
    told = {
        "id": column, "transform": {"kind": "linear"}, "missing": None,
        "terms": [{"mean": 0.0, "scale": 1.0, "coefficient": weight}],
    }  # fmt: skip
    strata = {"outside": 0.0, "inside": shift}
    return Member.from_files(
        {
            "model.json": json.dumps({"intercept": intercept, "columns": [told]}).encode(),
            "calibration.json": json.dumps({"method": "sigmoid", "a": 1.0, "b": 0.0, "strata": strata}).encode(),
        }
    )


def sigmoid(logit: float) -> float:
    return 1 / (1 + np.exp(-logit))


def bundle(**members: Member) -> Bundle:
    """A bundle of these, keyed `<outcome>__<population>` here for Python's sake."""
    keyed = {key.replace("__", "/"): member for key, member in members.items()}
    manifest = {"members": {key: dict(zip(("outcome", "population"), key.split("/"), strict=True)) for key in keyed}}
    columns = [{"id": name} for name in NAMES]
    return Bundle("0" * 12, manifest, Content(columns, "c" * 64, {}, {}), keyed)


@pytest.fixture
def x():
    return np.array([[70.0, 3.0, 1.0], [40.0, 0.0, 0.0], [55.0, 1.0, 0.0], [80.0, 9.0, 1.0]])


@pytest.fixture
def belongs():
    """The first is of both populations, the next of one each, the last of none."""
    return {
        "psychiatric_somatic": np.array([True, True, False, False]),
        "multimorbid": np.array([True, False, True, False]),
    }


def test_who_belongs_to_two_is_shown_the_one_declared_first(x, belongs):
    both = bundle(**{f"{WHOLE}__psychiatric_somatic": flat(-1.0), f"{WHOLE}__multimorbid": flat(-2.0)})
    told = shown_risks(both, x, belongs, ORDER, {})[WHOLE]
    np.testing.assert_allclose(told.risk, [sigmoid(-1), sigmoid(-1), sigmoid(-2), np.nan])
    assert [told.populations[at] if at >= 0 else None for at in told.population] == [
        "psychiatric_somatic", "psychiatric_somatic", "multimorbid", None,
    ]  # fmt: skip
    other = shown_risks(both, x, belongs, ORDER[::-1], {})[WHOLE]
    np.testing.assert_allclose(other.risk, [sigmoid(-2), sigmoid(-1), sigmoid(-2), np.nan])


def test_who_belongs_to_no_population_has_no_risk(x, belongs):
    both = bundle(**{f"{WHOLE}__psychiatric_somatic": flat(-1.0), f"{WHOLE}__multimorbid": flat(-2.0)})
    told = shown_risks(both, x, belongs, ORDER, {})[WHOLE]
    assert np.isnan(told.risk[3])
    assert told.population[3] == -1
    assert not told.capped[3]


def test_where_the_first_has_no_model_the_next_one_is_shown(x, belongs):
    one = bundle(**{f"{WHOLE}__multimorbid": flat(-2.0), f"{PART}__psychiatric_somatic": flat(-3.0)})
    told = shown_risks(one, x, belongs, ORDER, {})
    np.testing.assert_allclose(told[WHOLE].risk, [sigmoid(-2), np.nan, sigmoid(-2), np.nan])
    assert told[WHOLE].population.tolist() == [1, -1, 1, -1]
    np.testing.assert_allclose(told[PART].risk, [sigmoid(-3), sigmoid(-3), np.nan, np.nan])


def test_a_population_that_the_matrix_does_not_tell_is_nobodys(x, belongs):
    both = bundle(**{f"{WHOLE}__psychiatric_somatic": flat(-1.0), f"{WHOLE}__multimorbid": flat(-2.0)})
    told = shown_risks(both, x, {"multimorbid": belongs["multimorbid"]}, ORDER, {})[WHOLE]
    assert told.population.tolist() == [1, -1, 1, -1]


def test_each_member_reads_its_own_columns_of_the_bundles(x, belongs):
    two = bundle(
        **{
            f"{WHOLE}__psychiatric_somatic": flat(0.0, "stays", -0.5),
            f"{WHOLE}__multimorbid": flat(0.0, "age", -0.01),
        }
    )
    told = shown_risks(two, x, belongs, ORDER, {})[WHOLE]
    np.testing.assert_allclose(told.risk[:3], [sigmoid(-1.5), sigmoid(0.0), sigmoid(-0.55)])


def test_those_ill_in_mind_and_body_are_their_own_stratum_in_every_model(x, belongs):
    two = bundle(**{f"{WHOLE}__multimorbid": flat(-2.0, shift=0.3)})
    told = shown_risks(two, x, belongs, ["multimorbid"], {})[WHOLE]
    np.testing.assert_allclose(told.risk[[0, 2]], [sigmoid(-1.7), sigmoid(-2.0)])


def test_a_part_is_never_shown_above_its_whole_nor_the_parts_part(x, belongs):
    chain = bundle(
        **{
            f"{WHOLE}__multimorbid": flat(-2.0),
            f"{PART}__multimorbid": flat(-1.0),
            f"{DETAIL}__multimorbid": flat(0.0, "stays", -1.2),  # the first: -3.6, below; the third: -1.2, above
        }
    )
    told = shown_risks(chain, x, belongs, ["multimorbid"], PART_OF)
    np.testing.assert_allclose(told[WHOLE].risk[[0, 2]], [sigmoid(-2)] * 2)
    np.testing.assert_allclose(told[PART].risk[[0, 2]], [sigmoid(-2)] * 2)
    np.testing.assert_allclose(told[DETAIL].risk[[0, 2]], [sigmoid(-3.6), sigmoid(-2)])
    assert [int(told[key].capped.sum()) for key in (WHOLE, PART, DETAIL)] == [0, 2, 1]
    assert told[DETAIL].capped.tolist() == [False, False, True, False]


def test_a_part_is_capped_by_a_whole_of_another_population_too(x, belongs):
    mixed = bundle(**{f"{WHOLE}__multimorbid": flat(-2.0), f"{PART}__psychiatric_somatic": flat(-1.0)})
    told = shown_risks(mixed, x, belongs, ORDER, PART_OF)
    np.testing.assert_allclose(told[PART].risk, [sigmoid(-2), sigmoid(-1), np.nan, np.nan])
    assert told[PART].population.tolist() == [0, 0, -1, -1], "whose model it is of stays told"


def test_where_the_whole_has_no_model_the_part_stands_as_it_is(x, belongs):
    alone = bundle(**{f"{DETAIL}__multimorbid": flat(1.0)})
    told = shown_risks(alone, x, belongs, ORDER, PART_OF)[DETAIL]
    np.testing.assert_allclose(told.risk[[0, 2]], [sigmoid(1)] * 2)
    assert not told.capped.any()


def test_no_part_lies_above_its_whole_for_any_of_many_made_up_models():
    rng = np.random.default_rng(12)
    lowered = 0
    for _ in range(40):
        x = rng.normal(size=(60, 3))
        belongs = {name: rng.random(60) < 0.6 for name in ORDER}
        members = {
            f"{outcome}__{population}": flat(rng.normal(), str(rng.choice(NAMES)), rng.normal(), rng.normal(0, 0.2))
            for outcome in (WHOLE, PART, DETAIL)
            for population in ORDER
            if rng.random() < 0.8
        }
        told = shown_risks(bundle(**members), x, belongs, ORDER, PART_OF)
        for part, whole in PART_OF.items():
            if part in told and whole in told:
                both = ~np.isnan(told[part].risk) & ~np.isnan(told[whole].risk)
                assert (told[part].risk[both] <= told[whole].risk[both]).all()
                lowered += int(told[part].capped.sum())
        if DETAIL in told and WHOLE in told:
            both = ~np.isnan(told[DETAIL].risk) & ~np.isnan(told[WHOLE].risk)
            assert (told[DETAIL].risk[both] <= told[WHOLE].risk[both]).all()
    assert lowered > 500


def test_a_detail_is_capped_by_the_whole_of_its_whole_where_the_one_between_has_no_model(x, belongs):
    gap = bundle(**{f"{WHOLE}__multimorbid": flat(-2.0), f"{DETAIL}__multimorbid": flat(1.0)})
    told = shown_risks(gap, x, belongs, ORDER, PART_OF)[DETAIL]
    np.testing.assert_allclose(told.risk[[0, 2]], [sigmoid(-2)] * 2)
    assert told.capped.tolist() == [True, False, True, False]


def test_nobody_at_all_is_shown_nothing():
    both = bundle(**{f"{WHOLE}__multimorbid": flat(-2.0)})
    told = shown_risks(both, np.empty((0, 3)), {"multimorbid": np.empty(0, dtype=bool)}, ORDER, PART_OF)
    assert told[WHOLE].risk.shape == told[WHOLE].population.shape == told[WHOLE].capped.shape == (0,)
    assert shown_risks(bundle(), np.ones((2, 3)), {}, ORDER, PART_OF) == {}
    assert member_key(WHOLE, "multimorbid") == f"{WHOLE}/multimorbid"
