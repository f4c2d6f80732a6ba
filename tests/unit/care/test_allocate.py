"""The choice is the best there is, keeps within what there is, and does not depend on how the options were put."""

from functools import partial
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from stratify.care.allocate import Limits, Options, _cliques, _groups, allocate
from stratify.care.exact import exactly

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


def best_by_person(options, limits):
    """The highest value by a program with a column for each option of each person, and pairs that are apart as such."""
    rows, most = [], []
    for offer, places in enumerate(limits.places):
        rows.append(options.offer == offer)
        most.append(places)
    for bridge, units in enumerate(limits.units):
        rows.append(limits.uses[options.way, bridge])
        most.append(units)
    for person in np.unique(options.person):
        own = options.person == person
        rows += [own & (options.offer == offer) for offer in range(len(limits.places))]
        rows += [own & np.isin(options.offer, pair) for pair in limits.apart]
        most += [1] * (len(limits.places) + len(limits.apart))
        rows.append(own)
        most.append(len(limits.places) if limits.per_person is None else limits.per_person)
    found = milp(
        -options.value,
        constraints=LinearConstraint(np.array(rows, float), -np.inf, most),
        integrality=np.ones(len(options)),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": 0.0},
    )
    assert found.status == 0
    return round(-found.fun)


def alike(seed, people=40, offers=8):
    """People of few kinds, with ways by up to four bridges, offers apart in sets that overlap, and numbers by lot."""
    draw = np.random.default_rng(seed)
    uses = np.array(list(product([False, True], repeat=4)))
    table = []
    for _ in range(draw.integers(4, 16)):
        need = 100 * draw.integers(1, 5)
        table.append(
            [
                (need + 10 * (offer % 4) - (way == 0), offer, way)
                for offer in np.flatnonzero(draw.random(offers) < 0.5)
                for way in draw.choice(len(uses), draw.integers(1, 4), replace=False)
            ]
        )
    kind = draw.integers(0, len(table), people)
    rows = [(*one, who) for who, nth in zip(draw.permutation(people), kind, strict=True) for one in table[nth]]
    value, offer, way, person = np.array(rows).T
    places = (np.bincount(offer, minlength=offers) * draw.uniform(0.05, 0.3, offers)).astype(int) + 1
    units = (uses[way].sum(axis=0) * draw.uniform(0.02, 0.15, 4)).astype(int) + 1
    apart = ((0, 1), (1, 2), (2, 3), (0, 2), (4, 5), (5, 6), (5, 7))
    return Options(value.astype(float), person, offer, way), Limits(
        places, uses, units, [2, 1, 3, None][seed % 4], apart
    )


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


@pytest.mark.parametrize("seed", range(24))
def test_people_taken_together_are_given_what_is_worth_as_much_as_one_by_one(seed):
    options, limits = alike(seed)
    found = allocate(options, limits)
    assert keeps_within(options, limits, found.chosen)
    assert found.exact
    assert found.value == options.value[found.chosen].sum() == best_by_person(options, limits)


@pytest.mark.parametrize("exact_up_to", [BY_PRICES, 1000])
def test_among_equals_fewer_other_offers_come_first_and_then_the_number(exact_up_to):
    asked = 0
    for seed in range(8):
        options, limits = alike(seed)
        chosen = allocate(options, limits, exact_up_to=exact_up_to).chosen
        held = np.bincount(options.person[chosen], minlength=options.person.max() + 1)
        same = np.unique(np.column_stack([options.offer, options.way, options.value]), axis=0, return_inverse=True)[1]
        for one in np.flatnonzero(chosen):
            for other in np.flatnonzero((same == same[one]) & ~chosen):
                instead = chosen.copy()
                instead[[one, other]] = False, True
                if keeps_within(options, limits, instead):
                    before, after = options.person[one], options.person[other]
                    assert (held[before] - 1, before) < (held[after], after)
                    asked += 1
    assert asked > 100


def test_nobody_has_two_while_another_of_the_same_kind_has_none():
    """Offer 0 is apart from 1 and 2, so that the people of the kind are split; six have eight offers among them."""
    person, offer = (one.ravel() for one in np.mgrid[0:6, 0:4])
    options = Options(np.where(offer == 0, 20.0, 10), person, offer, np.zeros(24, int))
    limits = Limits(np.array([2, 2, 2, 2]), USES[:1], np.ones(2, int), 2, ((0, 1), (0, 2)))
    found = allocate(options, limits)
    assert found.value == 100
    assert sorted(np.bincount(person[found.chosen], minlength=6).tolist()) == [1, 1, 1, 1, 2, 2]


def test_where_the_time_is_too_short_places_go_by_prices(monkeypatch):
    options, limits = alike(1)
    near = allocate(options, limits, exact_up_to=BY_PRICES)
    monkeypatch.setattr("stratify.care.allocate.exactly", partial(exactly, seconds=0))
    found = allocate(options, limits)
    assert not found.exact
    assert (found.chosen.tolist(), found.value, found.bound) == (near.chosen.tolist(), near.value, near.bound)


def test_where_fractions_are_worth_more_and_too_much_is_left_to_try_the_distance_is_told(monkeypatch):
    """Of three people each needs two of three bridges: half of each would be worth 15, and no choice more than 10."""
    uses = ~np.eye(3, dtype=bool)
    problem = (
        Options(np.full(3, 10.0), np.arange(3), np.zeros(3, int), np.arange(3)),
        Limits(np.array([3]), uses, np.ones(3, int)),
    )
    found = allocate(*problem)
    assert (found.value, found.bound, found.exact) == (10, 10, True)
    monkeypatch.setattr("stratify.care.exact.COLUMNS", 0)
    found = allocate(*problem)
    assert (found.value, found.bound, found.exact) == (10, pytest.approx(15), False)
    assert found.gap == pytest.approx(1 / 3)


def test_only_kinds_of_people_count_towards_what_is_done_exactly():
    person, offer = (one.ravel() for one in np.mgrid[0:100, 0:2])
    options = Options(np.where(person < 50, 2.0, 1), person, offer, np.zeros(200, int))
    limits = Limits(np.array([20, 20]), USES[:1], np.ones(2, int))
    assert allocate(options, limits, exact_up_to=4).exact
    assert not allocate(options, limits, exact_up_to=3).exact


def test_of_ways_that_take_the_same_units_the_one_worth_most_is_taken():
    options = Options(np.array([3.0, 5, 4]), np.zeros(3, int), np.zeros(3, int), np.array([0, 1, 2]))
    limits = Limits(np.array([1]), np.array([[True], [True], [False]]), np.array([1]))
    assert allocate(options, limits).chosen.tolist() == [False, True, False]


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
