"""The choice is the best there is, keeps within what there is, and does not depend on how the options were put."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratify.care.allocate import Limits, Options, _cliques, _groups, allocate

OFFERS, BRIDGES = 3, 2
USES = np.array([[False, False], [True, False], [False, True], [True, True]])
PAIRS = ((0, 1), (0, 2), (1, 2))
BY_PRICES = 0  # options up to which the choice is exact


@st.composite
def problems(draw, most=9):
    """A few options of a few people, no two alike, and limits that bind or do not."""
    every = list(product(range(4), range(OFFERS), range(len(USES))))
    keys = draw(st.lists(st.sampled_from(every), min_size=1, max_size=most, unique=True))
    values = draw(st.lists(st.integers(-1, 9), min_size=len(keys), max_size=len(keys)))
    person, offer, way = (np.array(one) for one in zip(*keys, strict=True))
    count = st.integers(0, 3)
    limits = Limits(
        np.array(draw(st.lists(count, min_size=OFFERS, max_size=OFFERS))),
        USES,
        np.array(draw(st.lists(count, min_size=BRIDGES, max_size=BRIDGES))),
        draw(st.sampled_from([None, 1, 2])),
        tuple(draw(st.lists(st.sampled_from(PAIRS), max_size=3, unique=True))),
    )
    return Options(np.array(values, float), person, offer, way), limits


def keeps_within(options, limits, chosen):
    """Whether a choice is allowed, told without any of the code that makes it."""
    taken = options.of(np.flatnonzero(chosen))
    offers_of = {}
    for person, offer in zip(taken.person.tolist(), taken.offer.tolist(), strict=True):
        offers_of.setdefault(person, []).append(offer)
    return (
        (np.bincount(taken.offer, minlength=len(limits.places)) <= limits.places).all()
        and (limits.uses[taken.way].sum(axis=0) <= limits.units).all()
        and all(len(one) == len(set(one)) for one in offers_of.values())
        and all(limits.per_person is None or len(one) <= limits.per_person for one in offers_of.values())
        and not any({a, b} <= set(one) for one in offers_of.values() for a, b in limits.apart)
    )


def best_of_all(options, limits):
    """The highest value of any choice that is allowed, of all the choices there are."""
    every = (np.array(bits, bool) for bits in product([False, True], repeat=len(options)))
    return max(float(options.value[bits].sum()) for bits in every if keeps_within(options, limits, bits))


def made(people, seed, *, offers=12, limit=2, whole=True):
    """A middle-sized problem, with bridges and offers of which one is enough."""
    draw = np.random.default_rng(seed)
    person, offer = np.nonzero(draw.random((people, offers)) < draw.uniform(0.1, 0.9, offers))
    need = draw.choice([100.0, 200, 300, 400], people) if whole else draw.uniform(100, 400, people)
    value = need[person] + 10 * draw.integers(0, 4, offers)[offer] + 30 * (draw.random(len(person)) < 0.4)
    way = draw.integers(0, len(USES), len(person)) * (draw.random(len(person)) < 0.3)
    asked = np.bincount(offer, minlength=offers)
    units = (USES[way].sum(axis=0) * 0.3).astype(int)
    limits = Limits((asked * draw.uniform(0.05, 0.7, offers)).astype(int), USES, units, limit, ((0, 1), (1, 2), (3, 4)))
    return Options(value, person, offer, way), limits


@settings(max_examples=100, deadline=None)
@given(problems())
def test_nothing_allowed_counts_for_more_than_the_exact_choice(problem):
    options, limits = problem
    found = allocate(options, limits)
    assert keeps_within(options, limits, found.chosen)
    assert found.exact
    assert found.value == found.bound == options.value[found.chosen].sum() == best_of_all(options, limits)
    assert found.gap == 0


@settings(max_examples=100, deadline=None)
@given(problems())
def test_by_prices_keeps_within_and_the_bound_is_one(problem):
    options, limits = problem
    found = allocate(options, limits, exact_up_to=BY_PRICES)
    assert keeps_within(options, limits, found.chosen)
    best = best_of_all(options, limits)
    assert found.value <= best <= found.bound + 1e-6
    assert found.value == options.value[found.chosen].sum()


@settings(max_examples=60, deadline=None)
@given(problems(), st.integers(0, OFFERS + BRIDGES - 1))
def test_more_of_anything_never_makes_the_plan_worse(problem, which):
    options, limits = problem
    places, units = limits.places.copy(), limits.units.copy()
    if which < OFFERS:
        places[which] += 1
    else:
        units[which - OFFERS] += 1
    more = Limits(places, limits.uses, units, limits.per_person, limits.apart)
    assert allocate(options, more).value >= allocate(options, limits).value


@settings(max_examples=60, deadline=None)
@given(problems(), st.randoms(use_true_random=False), st.sampled_from([BY_PRICES, 100]))
def test_the_order_of_the_options_does_not_matter(problem, shuffled, exact_up_to):
    options, limits = problem
    order = list(range(len(options)))
    shuffled.shuffle(order)
    first = allocate(options, limits, exact_up_to=exact_up_to)
    again = allocate(options.of(np.array(order)), limits, exact_up_to=exact_up_to)
    assert first.chosen[order].tolist() == again.chosen.tolist()
    assert (first.value, first.bound) == (again.value, again.bound)


@pytest.mark.parametrize(
    "seed, limit, whole", [(1, 2, True), (2, 1, True), (3, None, True), (4, 2, False), (5, 3, True)]
)
def test_by_prices_is_within_a_hundredth_of_the_best_and_says_so(seed, limit, whole):
    options, limits = made(500, seed, limit=limit, whole=whole)
    best, near = allocate(options, limits), allocate(options, limits, exact_up_to=BY_PRICES)
    assert best.exact
    assert not near.exact
    assert keeps_within(options, limits, best.chosen)
    assert keeps_within(options, limits, near.chosen)
    assert near.value <= best.value <= near.bound
    assert 0 <= (best.value - near.value) / best.value <= near.gap <= 0.01


def test_what_is_worth_nothing_or_has_no_place_is_not_taken_and_nothing_is_no_problem():
    limits = Limits(np.array([5, 0]), USES[:2, :1], np.array([0]))
    options = Options(np.array([0.0, 3, 4, 5]), np.arange(4), np.array([0, 1, 0, 0]), np.array([0, 0, 1, 0]))
    for exact_up_to in (BY_PRICES, 100):
        found = allocate(options, limits, exact_up_to=exact_up_to)
        assert found.chosen.tolist() == [False, False, False, True]
        none = allocate(options.of(np.array([], int)), limits, exact_up_to=exact_up_to)
        assert (none.value, none.bound, none.gap) == (0, 0, 0)


def test_a_bridge_that_is_left_is_taken_where_the_other_is_used_up():
    """Two people can have the offer, each by either bridge; one unit of each is enough for both."""
    options = Options(np.ones(4), np.array([0, 0, 1, 1]), np.zeros(4, int), np.array([1, 2, 1, 2]))
    found = allocate(options, Limits(np.array([2]), USES, np.array([1, 1])))
    assert found.value == 2
    assert USES[options.way[found.chosen]].sum(axis=0).tolist() == [1, 1]


def test_every_pair_that_is_apart_lies_in_a_clique_and_groups_have_nobody_in_two():
    apart = ((0, 5), (5, 6), (0, 6), (7, 8), (7, 9))
    cliques = _cliques(apart)
    assert cliques == [(0, 5, 6), (7, 8), (7, 9)]
    group = _groups(cliques, 11)
    assert len(set(group.tolist())) == 8
    assert group[0] == group[5] == group[6]
    assert group[7] == group[8] != group[9]
