"""What was worked out is kept, so much and no more, whichever thread asks."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.kept import Kept


class Making:
    """Makes an answer of a key, and counts."""

    def __init__(self):
        self.made = []

    def of(self, key):
        def make():
            self.made.append(key)
            return [key]

        return make


@pytest.fixture
def making():
    return Making()


def test_the_second_time_nothing_is_worked_out(making):
    kept = Kept(2)
    first = kept.get("a", making.of("a"))
    assert kept.get("a", making.of("a")) is first
    assert making.made == ["a"]


def test_the_one_not_asked_for_longest_is_let_go(making):
    kept = Kept(2)
    for key in ("a", "b", "a", "c"):
        kept.get(key, making.of(key))
    assert len(kept) == 2
    kept.get("a", making.of("a"))
    assert making.made == ["a", "b", "c"]
    kept.get("b", making.of("b"))
    assert making.made == ["a", "b", "c", "b"]


def test_what_fails_is_not_kept(making):
    kept = Kept(1)

    def fail():
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        kept.get("a", fail)
    assert len(kept) == 0
    assert kept.get("a", making.of("a")) == ["a"]


def test_an_answer_of_none_is_an_answer(making):
    kept = Kept(1)
    kept.get("a", lambda: None)
    assert kept.get("a", making.of("a")) is None
    assert making.made == []


@pytest.mark.parametrize("most", [0, -1])
def test_there_must_be_room_for_one(most):
    with pytest.raises(ValueError, match="at least 1"):
        Kept(most)


def test_many_threads_get_the_right_answers_and_no_more_is_kept_than_may_be():
    kept = Kept(5)

    def ask(n):
        key = str(n * 7 % 11)
        return key, kept.get(key, lambda: [key])

    with ThreadPoolExecutor(8) as pool:
        for key, answer in pool.map(ask, range(4000)):
            assert answer == [key]
    assert len(kept) == 5


def test_two_that_ask_at_once_do_not_wait_for_each_other_and_get_the_same_one():
    kept, both = Kept(1), threading.Barrier(2, timeout=10)

    def make():
        both.wait()  # each is within its own making
        return object()

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: kept.get("a", make), range(2))
    assert one is other
