"""People taken together: who is of one kind, and modes that leave out nothing a person may be given together."""

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stratify.care.kinds import kinds_of, modes

OFFERS = frozenset(range(6))
EDGES = list(combinations(sorted(OFFERS), 2))


def goes_together(offers, pairs):
    return not any({one, other} <= set(offers) for one, other in pairs)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(EDGES), unique=True), st.frozensets(st.sampled_from(sorted(OFFERS)), min_size=1))
def test_in_a_mode_what_is_apart_is_so_in_sets_and_every_choice_lies_in_one(pairs, offers):
    apart = {one: frozenset({a + b - one for a, b in pairs if one in (a, b)}) for one in OFFERS}
    found = modes(offers, apart)
    for mode in found:
        assert mode <= offers
        for one in mode:
            near = {one} | (apart[one] & mode)
            assert all({other} | (apart[other] & mode) == near for other in near)
        assert not any(mode < other for other in found)
    for size in range(len(offers) + 1):
        for some in combinations(sorted(offers), size):
            if goes_together(some, pairs):
                assert any(set(some) <= mode for mode in found)


def test_people_of_one_kind_have_all_options_alike_and_keep_their_order():
    lists = [[1, 2], [3], [1, 2], [1], [2, 1], [3]]
    first = np.cumsum([0, *map(len, lists)])
    kinds = kinds_of(first, np.concatenate(lists))
    together = [kinds.people[start:end].tolist() for start, end in zip(kinds.first, kinds.first[1:], strict=False)]
    assert together == [[0, 2], [1, 5], [3], [4]]
    assert kinds.one.tolist() == [0, 1, 3, 4]
    assert kinds.size.tolist() == [2, 2, 1, 1]
