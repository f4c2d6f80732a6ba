"""Who waits is drawn by lot, nobody for long, and nobody for what they have a claim on."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratify.care.rollout import Design, read_design, reasons_not_to_wait
from stratify.care.rollout_lot import assign
from stratify.errors import NotPermittedError, UsageError
from tests.unit.care.small import CATALOGUE, TODAY, catalogue_of, offer_of

GUIDED = [{"outcome": "safety", "direction": "unknown", "certainty": "guideline", "source": "a guideline"}]
OFFERS = catalogue_of(
    offer_of("tried"),
    offer_of("duty", kind="duty"),
    offer_of("helper", kind="enabler"),
    offer_of("standard", evidence=GUIDED),
    offer_of("owed", claim="every municipality must have it (a law)"),
    offer_of("soon", window={"since": "days_since_psychiatric_discharge", "within_days": 7}),
)
WEDGE = {
    "offer": "tried",
    "design": "stepped_wedge",
    "units": "municipality",
    "start": date(2027, 1, 1),
    "step_days": 91,
    "steps": 4,
    "latest": date(2027, 12, 31),
    "approval": "the committee's number",
    "seed": 7,
    "why_scarce": "two nurses",
}
PEOPLE = {"design": "random_order", "units": "person"}
TOWNS = [f"town {nth}" for nth in range(19)]


def toml(words):
    def told(value):
        return f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)

    return "".join(f"{key} = {told(value)}\n" for key, value in words.items() if value is not None)


def design_of(**changes):
    return Design.model_validate({key: value for key, value in (WEDGE | changes).items() if value is not None})


@pytest.fixture
def read(tmp_path):
    """Read a design with what is different in it; None leaves a key out."""

    def call(more="", **changes):
        path = tmp_path / "design.toml"
        path.write_text(toml(WEDGE | changes) + more, encoding="utf-8")
        return read_design(path, OFFERS, TODAY)

    return call


def problems(read, *more, **changes):
    with pytest.raises(UsageError) as error:
        read(*more, **changes)
    return error.value.problems


# --- what a file may say ---------------------------------------------------------------------------------------------


def test_a_design_is_read_with_the_terms_of_its_list(read):
    terms = '[list]\nlegal_basis = "a law"\nresponsible_unit = " "\nuntil = 2027-12-31\n'
    found = read(terms, **PEOPLE, steps=None, places=40)
    assert (found.offer, found.units, found.places, found.steps) == ("tried", "person", 40, None)
    assert found.terms == {"legal_basis": "a law", "until": "2027-12-31"}


def test_every_problem_is_told_at_once(read):
    changes = {"offer": "treid", "units": "person", "start": TODAY, "step_days": 0, "seed": -1, "latest": TODAY}
    more = 'ofer = "x"\n[list]\npurpos = "x"\n'
    assert problems(read, more, **changes, steps=True, why_scarce="", places=3) == (
        "step_days: Input should be greater than or equal to 1, got 0",
        "steps: Input should be a valid integer, got True",
        "seed: Input should be greater than or equal to 0, got -1",
        "why_scarce: String should have at least 3 characters, got ''",
        "list.purpos: unknown key; did you mean 'purpose'?",
        "ofer: unknown key; did you mean 'offer'?",
        "steps, places: needs one of the two",
        "offer: no such offer 'treid'; did you mean 'tried'?",
        "units: design 'stepped_wedge' needs 'municipality' or 'hospital', got 'person'",
        "start: a day after 2026-11-22 is required, got 2026-11-22: the order is drawn before it begins",
        "latest: a day after 2026-11-22 is required, got 2026-11-22",
    )


@pytest.mark.parametrize(
    "changes, told",
    [
        ({"design": "random_order"}, "units: design 'random_order' needs 'person', got 'municipality'"),
        ({"steps": None}, "steps, places: needs one of the two"),
        ({"steps": 1}, "greater than or equal to 2"),
        ({"latest": None}, "latest: required, not there"),
        ({"start": "2027-01-01"}, "start: Input should be a valid date"),
        ({"why_scarce": None}, "why_scarce: required"),
    ],
)
def test_what_cannot_be_is_refused(read, changes, told):
    assert any(told in one for one in problems(read, **changes))


@pytest.mark.parametrize(
    "offer, why",
    [
        ("duty", "offer: duty is a duty: it is nobody's to withhold"),
        ("helper", "offer: helper is no offer of its own but helps others"),
        ("standard", "offer: standard is standard care: a guideline stands behind it, and those it is for have it now"),
        ("owed", "offer: owed is what people have a claim on: every municipality must have it (a law)"),
        ("soon", "offer: soon is for the 7 days after an event: waiting would close it"),
    ],
)  # fmt: skip
def test_nobody_waits_for_what_they_have_a_claim_on(read, offer, why):
    assert problems(read, offer=offer) == (why,)


@pytest.mark.parametrize(
    "offer",
    ["udskrivningsaftale", "aarsstatus", "metabolisk_kontrol", "safe_7d", "ledsagelse", "akutfunktion", "palliation",
     "kol_rehab"],
)  # fmt: skip
def test_of_our_own_catalogue_these_are_never_drawn(offer):
    assert reasons_not_to_wait(CATALOGUE.offers[offer])


def test_an_offer_that_nobody_has_a_claim_on_may_be_drawn():
    assert reasons_not_to_wait(CATALOGUE.offers["pahs"]) == []


@pytest.mark.parametrize("approval", [None, "", "  "])
def test_without_an_approval_nothing_is_drawn(read, approval):
    with pytest.raises(NotPermittedError, match="approval") as error:
        read(approval=approval)
    assert error.value.exit_code == 14


def test_a_list_whose_day_has_passed_is_refused(read):
    assert "has passed" in problems(read, "[list]\nuntil = 2026-01-01\n")[0]


def test_a_file_that_is_not_there_or_no_toml_is_refused(tmp_path):
    with pytest.raises(UsageError, match="not there"):
        read_design(tmp_path / "none.toml", OFFERS, TODAY)
    (tmp_path / "bad.toml").write_text("offer =", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be read as TOML"):
        read_design(tmp_path / "bad.toml", OFFERS, TODAY)


# --- nobody waits beyond the latest day ------------------------------------------------------------------------------


def test_the_last_step_may_begin_on_the_latest_day_and_not_after_it(read):
    last = date(2027, 1, 1) + timedelta(days=3 * 91)
    assert read(latest=last).begins(4) == last
    told = problems(read, latest=last - timedelta(days=1))
    assert told == (
        "steps: the last would begin on 2027-10-01, and nobody waits beyond 2027-09-30; 3 steps would do, "
        "or steps of 90 days",
    )
    assert read(latest=last - timedelta(days=1), steps=3)
    assert read(latest=last - timedelta(days=1), step_days=90)


def test_where_not_even_two_steps_fit_shorter_ones_are_named(read):
    assert problems(read, latest=date(2027, 1, 31))[0].endswith("2027-01-31; steps of 10 days would do")
    assert read(latest=date(2027, 1, 31), step_days=10)


def test_too_few_places_are_refused_with_how_many_would_do():
    ids, until = [f"id{nth}" for nth in range(100)], date(2027, 12, 30)
    with pytest.raises(UsageError, match="4 steps fit, so 25 places a step would do"):
        assign(design_of(**PEOPLE, steps=None, places=24, latest=until), ids)
    found = assign(design_of(**PEOPLE, steps=None, places=25, latest=until), ids)
    assert np.bincount(found.step)[1:].tolist() == [25] * 4


@given(
    st.integers(1, 60), st.integers(1, 400), st.integers(1, 60), st.integers(0, 300), st.sampled_from(["person", "x"])
)
def test_whatever_is_drawn_nobody_waits_beyond_it_and_no_step_has_more_than_its_places(places, days, wait, n, units):
    changes = PEOPLE if units == "person" else {}
    latest = WEDGE["start"] + timedelta(days=wait * 10)
    design = design_of(**changes, steps=None, places=places, step_days=days, latest=latest)
    try:
        found = assign(design, [str(nth) for nth in range(n)])
    except UsageError:
        return
    counts = np.bincount(found.step)[1:]
    assert found.begins[-1] <= latest
    assert counts.max() <= places
    assert counts.min() >= (5 if units == "person" else 1)
    assert len(counts) == len(found.begins) >= 2
    assert found.offered(latest).all()


# --- the lot ---------------------------------------------------------------------------------------------------------


def test_the_lot_does_not_hang_on_the_order_in_which_people_stand():
    draws = np.random.default_rng(1)
    ids, need = np.array([f"id{nth}" for nth in range(200)]), draws.integers(0, 4, 200)
    design, turned = design_of(**PEOPLE), draws.permutation(200)
    first, second = assign(design, ids.tolist(), need), assign(design, ids[turned].tolist(), need[turned])
    assert first.step[turned].tolist() == second.step.tolist()


def test_another_seed_or_offer_gives_another_order():
    found = [assign(design_of(**changes), TOWNS).step.tolist() for changes in ({}, {}, {"seed": 8}, {"offer": "other"})]
    assert found[0] == found[1]
    assert found[0] != found[2]
    assert found[0] != found[3]


@given(st.lists(st.integers(0, 3), min_size=20, max_size=200), st.integers(0, 2**40), st.integers(2, 4))
def test_every_level_of_need_is_spread_over_the_steps(need, seed, steps):
    need = np.array(need)
    found = assign(design_of(**PEOPLE, seed=seed, steps=steps), [str(nth) for nth in range(len(need))], need)
    sizes = np.bincount(found.step, minlength=steps + 1)[1:]
    assert sizes.max() - sizes.min() <= 1
    for level in range(4):
        alike = sizes * (need == level).mean()
        assert np.abs(np.bincount(found.step[need == level], minlength=steps + 1)[1:] - alike).max() < 3


@pytest.mark.parametrize(
    "places, n, sizes",
    [
        ({"places": 25}, 60, [25, 25, 10]),
        ({"places": 25}, 52, [18, 17, 17]),  # two would be alone in the last
        ({"steps": 3}, 50, [17, 17, 16]),
        ({"places": 8, "units": "municipality", "design": "stepped_wedge"}, 19, [8, 8, 3]),
    ],
)
def test_places_are_filled_and_steps_alike(places, n, sizes):
    changes = {"steps": None, "latest": date(2028, 12, 31)} | PEOPLE | places
    found = assign(design_of(**changes), [f"id{nth}" for nth in range(n)])
    assert np.bincount(found.step)[1:].tolist() == sizes


@pytest.mark.parametrize("need", [None, [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3]])
def test_nobody_is_likelier_than_another_to_be_in_a_step(need):
    times = 1500
    design = [design_of(**PEOPLE, seed=seed, steps=3) for seed in range(times)]
    steps = np.array([assign(one, TOWNS[:17], need).step for one in design])
    for nth, size in ((1, 6), (2, 6), (3, 5)):
        share = size / 17
        assert np.abs((steps == nth).mean(axis=0) - share).max() < 4 * np.sqrt(share * (1 - share) / times)


def test_who_is_offered_it_on_a_day_is_who_has_come_to_their_step():
    found = assign(design_of(), TOWNS)
    assert not found.offered(date(2026, 12, 31)).any()
    assert (found.offered(date(2027, 1, 1)) == (found.step == 1)).all()
    assert (found.offered(date(2027, 9, 30)) == (found.step <= 3)).all()
    assert found.offered(date(2027, 10, 1)).all()


@pytest.mark.parametrize(
    "changes, n, told",
    [
        ({"steps": None, "places": 19}, 19, "there is room for all in the first step"),
        ({}, 3, "4 steps need 4 municipalities at least"),
        ({**PEOPLE}, 19, "4 steps need 20 people at least"),
        ({**PEOPLE, "steps": None, "places": 4}, 12, "3 steps need 15 people at least"),
        ({**PEOPLE, "steps": None, "places": 4}, 0, "2 steps need 10 people at least"),
    ],
)
def test_an_order_of_too_few_or_for_no_need_is_not_drawn(changes, n, told):
    with pytest.raises(UsageError, match=told):
        assign(design_of(**changes), [str(nth) for nth in range(n)])


def test_nobody_stands_twice():
    with pytest.raises(ValueError, match="once"):
        assign(design_of(), ["a", "a", "b", "c"])
