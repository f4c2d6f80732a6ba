"""Censoring weights: against statsmodels, a rule read day by day, the Aalen-Johansen estimate, and a known truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight

from models.censoring import _merged, censoring_weights, complete_case, left_as_none, treatments, weighted
from stratify.outcomes import DIED_FIRST, EVENT, LEFT, NEITHER, OPEN, FollowUp

HORIZON = 365
GONE = (LEFT, OPEN)


def follow(*rows):
    """A follow-up of (state, days)."""
    return FollowUp(np.array([state for state, _ in rows], dtype=np.int8), np.array([float(days) for _, days in rows]))


def weights(told, strata=None, **given_to):
    given_to = {"truncate_at": 1.0, "least": 1} | given_to
    return censoring_weights(told, np.zeros(len(told.state), dtype=int) if strata is None else strata, **given_to)


def drawn(rng, n, leaving, event=0.3, death=0.1):
    """A follow-up of n people with exponential times in whole days; `leaving` is a chance a year, one or of each."""
    chances = [np.full(n, event), np.full(n, death), np.broadcast_to(leaving, (n,))]
    times = [np.floor(rng.exponential(1, n) * HORIZON / -np.log1p(-chance)) for chance in chances]
    first = np.minimum.reduce([*times, np.full(n, HORIZON)])
    state = np.select([first >= HORIZON, times[0] == first, times[1] == first], [NEITHER, EVENT, DIED_FIRST], LEFT)
    return FollowUp(state.astype(np.int8), first), times


rows = st.lists(
    st.tuples(st.sampled_from([EVENT, DIED_FIRST, LEFT]), st.integers(0, 6))
    | st.just((NEITHER, 7))
    | st.just((OPEN, np.nan)),
    min_size=1,
    max_size=25,
)


# --- by hand ----------------------------------------------------------------------------------------------------------


def test_without_anybody_leaving_everyone_counts_once():
    assert weights(follow((EVENT, 3), (DIED_FIRST, 9), (NEITHER, 365))).tolist() == [1, 1, 1]


def test_who_stays_longer_stands_for_who_left():
    """Of four here on day 10 one leaves: each of the three others counts 4/3."""
    told = follow((EVENT, 5), (LEFT, 10), (EVENT, 20), (DIED_FIRST, 30), (NEITHER, 365))
    assert weights(told).tolist() == pytest.approx([1, 0, 4 / 3, 4 / 3, 4 / 3])


def test_on_one_day_the_event_comes_before_leaving():
    told = follow((EVENT, 10), (DIED_FIRST, 10), (LEFT, 10), (NEITHER, 365))
    assert weights(told).tolist() == [1, 1, 0, 2]


def test_who_is_open_by_the_calendar_takes_no_part_and_changes_nobodys_weight():
    some = [(EVENT, 5), (LEFT, 10), (EVENT, 20), (NEITHER, 365)]
    alone, beside = weights(follow(*some)), weights(follow(*some, (OPEN, np.nan), (OPEN, np.nan)))
    assert beside.tolist() == [*alone.tolist(), 0, 0]


def test_nobody_stands_for_who_left_last():
    assert weights(follow((EVENT, 1), (LEFT, 10), (LEFT, 10))).tolist() == [1, 0, 0]


def test_strata_are_apart():
    told = follow((LEFT, 1), (NEITHER, 365), (NEITHER, 365), (NEITHER, 365))
    assert weights(told, np.array([0, 0, 1, 1])).tolist() == [0, 2, 1, 1]


def test_empty_is_empty():
    assert weights(FollowUp(np.empty(0, dtype=np.int8), np.empty(0))).tolist() == []
    assert weights(follow((OPEN, np.nan))).tolist() == [0]


# --- small strata and truncation --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "counts, least, merged",
    [
        ([60, 60], 50, [0, 1]),
        ([60, 10, 60], 50, [0, 1, 1]),
        ([60, 60, 10], 50, [0, 1, 1]),
        ([10, 10, 10], 50, [0, 0, 0]),
        ([20, 20, 20, 70], 50, [0, 0, 0, 1]),
        ([50], 50, [0]),
    ],
)
def test_small_strata_join_the_next_one(counts, least, merged):
    strata = np.repeat(np.arange(len(counts)) * 7, counts)
    assert _merged(strata, least).tolist() == np.repeat(merged, counts).tolist()


def test_merged_strata_are_weighted_as_one():
    told = follow((LEFT, 1), (NEITHER, 365), (NEITHER, 365), (NEITHER, 365))
    assert weights(told, np.array([0, 0, 1, 1]), least=3).tolist() == pytest.approx([0, 4 / 3, 4 / 3, 4 / 3])


def test_open_rows_do_not_fill_a_stratum():
    told = follow((LEFT, 1), (NEITHER, 365), (OPEN, np.nan), (NEITHER, 365), (NEITHER, 365), (NEITHER, 365))
    strata = np.array([0, 0, 0, 1, 1, 1])
    assert weights(told, strata, least=3).tolist() == pytest.approx([0, 5 / 4, 0, 5 / 4, 5 / 4, 5 / 4])


def test_weights_are_cut_at_their_quantile_and_no_lower():
    few = (np.arange(4000) < 200).astype(int)  # a small stratum of whom most leave: its weights are the highest
    told, _ = drawn(np.random.default_rng(1), 4000, np.where(few, 0.8, 0.1))
    whole, cut = weights(told, few), weights(told, few, truncate_at=0.98)
    limit = np.quantile(whole[whole > 0], 0.98, method="higher")
    assert whole.max() > limit
    np.testing.assert_array_equal(cut, np.minimum(whole, limit))


@pytest.mark.parametrize("wrong", [{"truncate_at": 0}, {"truncate_at": 1.1}, {"least": 0}])
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match="truncate_at"):
        weights(follow((NEITHER, 1)), **wrong)


def test_a_stratum_is_needed_for_each_row():
    with pytest.raises(ValueError, match="a stratum for each"):
        weights(follow((NEITHER, 1)), np.array([0, 1]))


# --- against others ---------------------------------------------------------------------------------------------------


@given(rows)
@settings(deadline=None, max_examples=200)
def test_weights_are_what_the_rule_says_day_by_day(told):
    taking_part = [(state, days) for state, days in told if state != OPEN]

    def stayed(before):
        """The chance of not having left before a day: of who is here when it is left, the share that stays."""
        chance = 1.0
        for day in range(int(before)):
            leave = sum(row == (LEFT, day) for row in taking_part)
            here = sum(days > day for _, days in taking_part) + leave
            chance *= 1 - leave / here if leave else 1
        return chance

    expected = [0 if state in GONE else 1 / stayed(days) for state, days in told]
    np.testing.assert_allclose(weights(follow(*told)), expected, rtol=1e-12)


def test_weights_are_those_of_statsmodels():
    """There who leaves on a day leaves a little later than what else happens on it."""
    rng = np.random.default_rng(2)
    told, _ = drawn(rng, 3000, 0.3)
    strata = rng.integers(0, 3, 3000)
    found = weights(told, strata)
    for one in range(3):
        mine = strata == one
        left = told.state[mine] == LEFT
        curve = SurvfuncRight(told.days[mine] + 0.5 * left, left)
        before = np.searchsorted(curve.surv_times, told.days[mine], side="left")
        stayed = np.concatenate([[1.0], curve.surv_prob])[before]
        np.testing.assert_allclose(found[mine], np.where(left, 0, 1 / stayed), rtol=1e-12)


def test_the_weighted_share_is_the_aalen_johansen_estimate():
    told, _ = drawn(np.random.default_rng(3), 2000, 0.4)
    cause = np.select([told.state == EVENT, told.state == DIED_FIRST], [1, 2], 0)
    late = told.days + 0.5 * (cause == 0)  # leaving comes last on a day
    curve = CumIncidenceRight(late, cause)
    found = weights(told)
    assert found[told.state == EVENT].sum() / 2000 == pytest.approx(curve.cinc[0][-1], rel=1e-12)
    assert found[told.state == DIED_FIRST].sum() / 2000 == pytest.approx(curve.cinc[1][-1], rel=1e-12)


def test_weights_sum_to_all_who_take_part():
    told, _ = drawn(np.random.default_rng(4), 2000, 0.4)
    assert (told.state == NEITHER).any()
    assert weights(told).sum() == pytest.approx(2000)


def test_weighting_finds_the_true_share_where_leaving_goes_with_risk_and_other_ways_do_not():
    """The young leave often and are seldom admitted: 40 regions of 4,000, half of them young."""
    rng = np.random.default_rng(5)
    young = np.arange(4000) < 2000
    leaving, event = np.where(young, 0.5, 0.02), np.where(young, 0.05, 0.4)
    errors = {"dropped": [], "left_as_none": [], "weighted": []}
    for _ in range(40):
        told, times = drawn(rng, 4000, leaving, event=event)
        true = np.mean((times[0] < HORIZON) & (times[0] <= times[1]))
        for name, treated in treatments(told, young.astype(int)).items():
            errors[name].append(treated.share - true)
    mean = {name: np.mean(found) for name, found in errors.items()}
    spread = {name: np.std(found, ddof=1) / np.sqrt(40) for name, found in errors.items()}
    assert abs(mean["weighted"]) < 3 * spread["weighted"] < 0.002
    assert mean["dropped"] > 0.01
    assert mean["left_as_none"] < -0.003
    assert mean["left_as_none"] < -3 * spread["left_as_none"]


def test_one_stratum_for_all_would_be_biased():
    rng = np.random.default_rng(6)
    young = np.arange(40_000) < 20_000
    told, times = drawn(rng, 40_000, np.where(young, 0.5, 0.02), event=np.where(young, 0.05, 0.4))
    true = np.mean((times[0] < HORIZON) & (times[0] <= times[1]))
    assert abs(weighted(told, young.astype(int)).share - true) < 0.004
    assert weighted(told, np.zeros(40_000, dtype=int)).share - true > 0.01


# --- the three treatments ---------------------------------------------------------------------------------------------


def test_the_treatments_differ_in_who_left_alone():
    told = follow((EVENT, 5), (LEFT, 10), (DIED_FIRST, 20), (NEITHER, 365), (OPEN, np.nan))
    np.testing.assert_array_equal(complete_case(told).y, [1, np.nan, 0, 0, np.nan])
    assert complete_case(told).weight.tolist() == [1, 0, 1, 1, 0]
    np.testing.assert_array_equal(left_as_none(told).y, [1, 0, 0, 0, np.nan])
    assert left_as_none(told).weight.tolist() == [1, 1, 1, 1, 0]
    assert weighted(told, np.zeros(5, dtype=int)).weight.tolist() == pytest.approx([1, 0, 1.5, 1.5, 0])


def test_shares_are_weighted_and_of_nobody_unknown():
    told = follow((EVENT, 5), (LEFT, 10), (DIED_FIRST, 20), (NEITHER, 365), (OPEN, np.nan))
    shares = {name: treated.share for name, treated in treatments(told, np.zeros(5, dtype=int)).items()}
    assert shares == pytest.approx({"dropped": 1 / 3, "left_as_none": 1 / 4, "weighted": 1 / 4})
    assert np.isnan(complete_case(follow((OPEN, np.nan))).share)


def test_rows_may_come_in_any_order():
    told, _ = drawn(np.random.default_rng(7), 500, 0.4)
    order = np.random.default_rng(8).permutation(500)
    np.testing.assert_allclose(weights(told.of(order)), weights(told)[order], rtol=1e-14)
