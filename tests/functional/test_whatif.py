"""Policies of offers followed on a simulated region, and houses placed: what is told first, what must always hold."""

import pytest

from pipelines.siting import siting
from pipelines.whatif import lines, order, whatif
from stratify.care.capacity import Capacity
from stratify.catalogue import load
from stratify.errors import UsageError
from stratify.workspace import Workspace

PLACES = Capacity({"overbliksstatus": 20, "sofia_smi": 10, "forebyg_kommune": 30, "aarsstatus": 20}, {"escort": 20}, 2)


def silent(*_):
    """Show no progress."""


@pytest.fixture(scope="module")
def work(region):
    return Workspace(region)


@pytest.fixture(scope="module")
def catalogue(few_events):
    return load(few_events)


@pytest.fixture(scope="module")
def told(work, catalogue):
    return whatif(work, catalogue, silent, PLACES)


def test_each_policy_is_followed_with_each_set_of_effects_and_none_gives_more_than_there_is(told):
    assert set(told["reach"]) == {"uniform", "risk_ranked", "differentiated"}
    assert set(told["effects"]) == {"proven", "assumed"}  # with none there is nothing to follow
    for reach in told["reach"].values():
        assert 0 < reach["places"] <= sum(PLACES.offers.values())
        assert reach["all"]["low"] <= reach["all"]["value"] <= reach["all"]["high"]


def test_the_first_line_says_what_it_rests_on(told):
    first = lines(told)[0]
    assert first.startswith("Every effect here is simulated, none was seen in people; ")
    same = len(set(told["order"].values())) == 1
    assert ("the same with proven effects" in first) == same
    assert ("HANGS ON ASSUMED EFFECTS" in first) != same


def test_offers_without_any_proven_effect_avoid_nothing_that_is_proven(told):
    assert told["order"]["proven"] == "differentiated = risk_ranked = uniform"
    for outcomes in told["effects"]["proven"].values():
        assert outcomes["acute_admission"]["avoided_per_1000"]["value"] == 0
    for outcomes in told["effects"]["assumed"].values():
        assert outcomes["acute_admission"]["avoided_per_1000"]["value"] > 0


def test_an_order_tells_those_that_avoid_as_much_in_one():
    def one(value):
        return {"acute_admission": {"avoided_per_1000": {"value": value}}}

    assert order({"assumed": {"a": one(1.0), "b": one(2.0), "c": one(1.0)}}) == {"assumed": "b > a = c"}


@pytest.mark.parametrize("asked", [{"policies": ["best"]}, {"effects": ["hoped"]}])
def test_what_is_no_choice_is_refused(work, catalogue, asked):
    with pytest.raises(UsageError, match="no such choice"):
        whatif(work, catalogue, silent, PLACES, **asked)


def test_more_houses_never_make_the_way_of_need_longer(work, catalogue):
    ways = [siting(work, catalogue, silent, houses)["way"]["mean_km"] for houses in (1, 3, 6)]
    assert ways == sorted(ways, reverse=True)
    assert ways[0] > ways[-1]


@pytest.mark.parametrize(
    "houses, kind, problem", [(0, "health", "1 to"), (99, "health", "1 to"), (2, "tea", "no such")]
)
def test_houses_that_cannot_be_are_refused(work, catalogue, houses, kind, problem):
    with pytest.raises(UsageError, match=problem):
        siting(work, catalogue, silent, houses, kind)
