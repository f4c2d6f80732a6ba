"""The audit of offers against loops: equal need is held against equal need, and what is met is what can be used."""

import numpy as np
import pytest

from stratify.care.coverage import Needs, gap, indicated, offers_open, shut_out
from stratify.care.people import person
from stratify.care.weigh import Given, Weigher
from tests.unit.care.small import TODAY, bridge_of, catalogue_of, need_of, offer_of, true

ILL = {"smi": True}
TRAVEL = need_of("travel", {"all": [true("transport")]}, {"any": [true("lives_alone")]})
NEEDS_TRAVEL = [{"need": "travel", "bridges": ["escort"]}]


def needs_of(person, offer, met, weight=None, offers=3):
    n = len(person)
    return Needs(
        tuple(offer_of(f"offer_{one}") for one in range(offers)),
        np.array(person),
        np.array(offer),
        np.array(met, int),
        np.zeros(n, bool),
        np.ones(n) if weight is None else np.array(weight, float),
    )


def made(seed, people=60):
    """Random needs of random people in random cells, a third of them in the group."""
    draws = np.random.default_rng(seed)
    pairs = [(p, o) for p in range(people) for o in range(3) if draws.random() < 0.6]
    met = draws.random(len(pairs)) < 0.7
    weight = draws.integers(0, 4, len(pairs))
    needs = needs_of([p for p, _ in pairs], [o for _, o in pairs], met, weight)
    return needs, draws.random(people) < 0.35, draws.integers(0, 3, people)


def by_loop(needs, group, cells, weights):
    """The two shares, one need at a time."""
    strata = {}
    for person_, offer, met, weight in zip(needs.person, needs.offer, needs.met, weights, strict=True):
        if weight > 0:
            sums = strata.setdefault((cells[person_], offer), {True: [0, 0], False: [0, 0]})[bool(group[person_])]
            sums[0] += weight
            sums[1] += weight * met
    both = [one for one in strata.values() if one[True][0] and one[False][0]]
    total = sum(one[True][0] for one in both)
    share = sum(one[True][1] for one in both) / total
    return share, sum(one[True][0] * one[False][1] / one[False][0] for one in both) / total


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("by_evidence", [False, True])
def test_shares_are_those_of_a_loop_over_matched_needs(seed, by_evidence):
    needs, group, cells = made(seed)
    found = gap(needs, group, cells, by_evidence=by_evidence)
    weights = needs.weight if by_evidence else np.ones(len(needs.person))
    assert (found.share, found.others) == pytest.approx(by_loop(needs, group, cells, weights), abs=1e-12)
    assert found.low <= found.difference <= found.high


def test_needs_that_nobody_else_has_are_counted_and_left_out():
    needs = needs_of([0, 0, 1, 2], [0, 1, 0, 2], [True, False, True, True])
    found = gap(needs, np.array([True, False, False]), np.array([0, 0, 0]))
    assert (found.people, found.needs, found.unmatched) == (1, 2, 1)
    assert (found.share, found.others) == (1.0, 1.0)


def test_people_of_another_need_level_are_not_held_against_each_other():
    """Those with more need have fewer met here; within a level the group has as many as others."""
    needs = needs_of(range(40), [0] * 40, [p % 2 == 0 if p < 20 else p % 4 == 0 for p in range(40)])
    group = np.array([p % 20 >= (16 if p < 20 else 4) for p in range(40)])
    cells = np.array([0] * 20 + [1] * 20)
    assert gap(needs, group, cells).difference == pytest.approx(0.0, abs=1e-12)
    assert gap(needs, group, np.zeros(40, int)).difference < -0.1


def met_by(catalogue, words, **given):
    needs = indicated(Weigher(person(words), catalogue, Given(TODAY, **given)).all())
    return {needs.offers[o].id: bool(met) for o, met in zip(needs.offer, needs.met, strict=True)}, needs


def test_what_is_not_indicated_or_is_past_or_is_a_duty_is_no_need():
    window = {"since": "days_since_somatic_discharge", "within_days": 7}
    catalogue = catalogue_of(
        offer_of("a"), offer_of("past", window=window), offer_of("duty", kind="duty"),
        offer_of("other", indication={"all": [true("phone")]}),
    )  # fmt: skip
    assert met_by(catalogue, ILL | {"days_since_somatic_discharge": 9, "phone": False})[0] == {"a": True}


def test_a_need_is_met_by_the_counterpart_that_a_limit_names_or_that_is_enough():
    why = {"da": "fordi", "en": "because"}
    limit = {"kind": "trial", "rule": {"all": [true("terminal")]}, "why": why, "instead": ["other"]}
    closed = {"all": [true("phone")]}
    words = ILL | {"terminal": True, "phone": False}
    assert met_by(catalogue_of(offer_of(excludes=[limit]), offer_of("other")), words)[0]["tried"]
    assert not met_by(catalogue_of(offer_of(excludes=[limit]), offer_of("other", indication=closed)), words)[0]["tried"]
    alike = [{"offer": "other", "kind": "one_is_enough", "why": why}]
    unreachable = offer_of(needs=NEEDS_TRAVEL, overlaps=alike)
    words = ILL | {"transport": False}
    made_of = {"needs": [TRAVEL], "bridges": [bridge_of("escort")]}
    told, needs = met_by(catalogue_of(unreachable, offer_of("other"), **made_of), words, bridges=frozenset())
    assert told["tried"]
    assert shut_out(needs, np.array([True])) == 0


@pytest.mark.parametrize(
    "words, given, met, out",
    [
        ({"transport": False}, {}, True, 0),
        ({"transport": False}, {"bridges": frozenset()}, False, 1),
        ({"lives_alone?": True}, {"bridges": frozenset()}, True, 0),
        ({"lives_alone?": True}, {"bridges": frozenset(), "hints_hold": True}, False, 1),
        ({"lives_alone?": True}, {"hints_hold": True}, True, 0),
    ],
)
def test_what_seems_hard_shuts_nobody_out_unless_every_hint_is_taken_to_hold(words, given, met, out):
    catalogue = catalogue_of(offer_of(needs=NEEDS_TRAVEL), needs=[TRAVEL], bridges=[bridge_of("escort")])
    told, needs = met_by(catalogue, ILL | words, **given)
    assert told == {"tried": met}
    assert shut_out(needs, np.array([True])) == out


def test_offers_open_are_counted_by_person_and_those_for_a_need_by_need():
    why = {"da": "fordi", "en": "because"}
    alike = [{"offer": "other", "kind": "one_is_enough", "why": why}]
    catalogue = catalogue_of(offer_of(overlaps=alike), offer_of("other"), offer_of("third"), offer_of("d", kind="duty"))
    weighed = Weigher(person(ILL), catalogue, Given(TODAY)).all()
    assert offers_open(weighed, 1).open.tolist() == [3]
    needs = indicated(weighed)
    assert dict(zip([needs.offers[o].id for o in needs.offer], needs.open.tolist(), strict=True)) == {
        "tried": 2, "other": 1, "third": 1,
    }  # fmt: skip
    given = {"tried": np.array([False]), "other": np.array([True]), "third": np.array([False])}
    assert offers_open(weighed, 1, given).open.tolist() == [1]
    assert indicated(weighed, given).met.tolist() == [True, False, True]  # other, third, and tried by its counterpart


def test_a_mean_is_held_against_that_of_others_in_the_same_cell():
    needs = needs_of([0, 1, 2, 3], [0, 0, 0, 0], [4, 2, 1, 3])
    found = gap(needs, np.array([True, False, True, False]), np.array([0, 0, 1, 1]), mean=True)
    assert (found.share, found.others) == (2.5, 2.5)
