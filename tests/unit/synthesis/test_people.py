"""Who the people are: families, education and resources that go together, pseudonyms that are nobody's number."""

import numpy as np
import pytest

from pipelines.synthesis.calendar import NEVER
from pipelines.synthesis.homes import build_homes, distances, leave_region, move_and_part, practices
from pipelines.synthesis.parameters import read_parameters
from pipelines.synthesis.people import BORN, FIRST, INTO_REGION, newcomers, pseudonyms, settle, unseen
from pipelines.synthesis.streams import Draws
from tests.unit.synthesis.scenes import settled

GIVEN = read_parameters()
FIRST_DAY = 16436
YEARS = 4
RESIDENTS = 6000


@pytest.fixture(scope="module")
def people():
    return settled(GIVEN, RESIDENTS, years=YEARS)


@pytest.fixture(scope="module")
def first(people):
    return people.came == FIRST


def test_residents_are_there_before_the_first_day_and_newcomers_after(people, first):
    assert first.sum() == RESIDENTS
    assert (people.entry[first] == FIRST_DAY - 1).all()
    assert (people.entry[~first] >= FIRST_DAY).all()
    assert len(people) == RESIDENTS + YEARS * sum(newcomers(GIVEN, RESIDENTS))


def test_the_newborn_enter_on_their_birthday_and_movers_later(people):
    born, moved = people.came == BORN, people.came == INTO_REGION
    assert (people.birth[born] == people.entry[born]).all()
    assert (people.birth[moved] < people.entry[moved]).all()
    assert people.origin[moved].tolist().count(2) > 0.5 * moved.sum()


def test_the_age_pyramid_is_the_declared_one(people, first):
    age = ((FIRST_DAY - people.birth[first]) / 365.25).astype(int)
    for low, high in ((0, 20), (20, 40), (40, 60), (60, 80), (80, 111)):
        share = ((age >= low) & (age < high)).mean()
        assert share == pytest.approx(GIVEN.pyramid[low:high].sum(), abs=0.02)


def test_couples_are_mutual_live_together_and_are_near_in_age(people):
    one = np.flatnonzero(people.partner >= 0)
    two = people.partner[one]
    np.testing.assert_array_equal(people.partner[two], one)
    np.testing.assert_array_equal(people.household[one], people.household[two])
    assert np.median(np.abs(people.birth[one] - people.birth[two])) < 4 * 365
    assert 0.4 < (people.partner >= 0)[(people.birth < FIRST_DAY - 30 * 365.25) & (people.came == FIRST)].mean() < 0.75


def test_children_live_with_a_mother_old_enough(people):
    has = np.flatnonzero(people.mother >= 0)
    mother = people.mother[has]
    years = (people.birth[has] - people.birth[mother]) / 365.25
    assert (people.sex[mother] == 2).all()
    assert years.min() > 14.9
    assert 28 < np.median(years) < 33
    young = (people.came == FIRST) & (people.birth > FIRST_DAY - 17 * 365)
    assert (people.household[young] != np.flatnonzero(young)).mean() > 0.95


def test_no_woman_has_many_children_at_once_and_none_moves_in_alone(people):
    for first_year in range(FIRST_DAY - 20 * 365, FIRST_DAY + YEARS * 365, 365):
        born = (people.mother >= 0) & (people.birth >= first_year) & (people.birth < first_year + 365)
        if born.sum() > 20:
            assert np.bincount(people.mother[born]).max() <= 3  # those who move in bring all of theirs
    moved = (people.came == INTO_REGION) & ((people.entry - people.birth) / 365.25 < 18)
    assert moved.sum() > 5
    assert (people.mother[moved] >= 0).all()


def test_resources_education_and_income_go_together(people, first):
    adult = first & (people.birth < FIRST_DAY - 30 * 365)
    for other in (people.education, people.income):
        assert 0.4 < np.corrcoef(people.resources[adult], other[adult])[0, 1] < 0.85
    assert people.few()[first & (people.origin == 1)].mean() == pytest.approx(0.2, abs=0.03)


def test_the_old_have_less_schooling(people, first):
    age = (FIRST_DAY - people.birth) / 365.25
    short = people.education == 0
    assert short[first & (age > 75)].mean() > 1.4 * short[first & (age > 30) & (age < 50)].mean()


def test_the_unseen_numbers_are_standard_and_correlated_as_declared():
    u = Draws(9, 0, 200_000).uniforms("test", 4)
    from scipy.special import ndtri

    resources = ndtri(u[:, 2])
    frailty, mind = unseen(GIVEN, resources, u[:, 0], u[:, 1])
    for values in (frailty, mind):
        assert values.mean() == pytest.approx(0, abs=0.01)
        assert values.std() == pytest.approx(1, abs=0.01)
    wanted = GIVEN.unseen
    assert np.corrcoef(frailty, mind)[0, 1] == pytest.approx(wanted.frailty_mind, abs=0.01)
    assert np.corrcoef(resources, mind)[0, 1] == pytest.approx(wanted.resources_mind, abs=0.01)
    assert np.corrcoef(resources, frailty)[0, 1] == pytest.approx(wanted.resources_frailty, abs=0.01)


def test_exemption_from_digital_post_is_for_the_old_and_those_with_few_resources(people, first):
    exempt = people.digital_exempt <= FIRST_DAY
    age = (FIRST_DAY - people.birth) / 365.25
    assert not exempt[age < 15].any()
    later = people.digital_exempt[(people.digital_exempt > FIRST_DAY) & (people.digital_exempt < FIRST_DAY + 3650)]
    assert len(np.unique(later // 365)) > 8  # people grow into it, year by year
    assert 0.03 < exempt[first & (age >= 15)].mean() < 0.1
    assert exempt[first & (age > 80)].mean() > 5 * exempt[first & (age > 15) & (age < 60)].mean()
    assert exempt[first & people.few()].mean() > exempt[first & ~people.few()].mean()


def test_only_those_from_elsewhere_need_an_interpreter(people):
    speaks = people.language >= 0
    assert speaks.any()
    assert (people.origin[speaks] == 2).all()


def test_pseudonyms_are_twelve_digits_that_no_calendar_has():
    numbers = pseudonyms(3, np.arange(50_000))
    assert len(np.unique(numbers)) == 50_000
    months = {f"{month:02d}" for month in range(1, 13)}
    for text in (f"{number:012d}" for number in numbers):
        assert len(text) == 12
        assert not {text[2:4], text[3:5], text[4:6]} & months  # of the three ten-digit numbers in it, none has a date


def test_pseudonyms_say_nothing_of_the_order_of_people():
    numbers = pseudonyms(3, np.arange(20_000)).astype(float)
    assert abs(np.corrcoef(numbers, np.arange(20_000))[0, 1]) < 0.03
    assert abs(np.corrcoef(numbers[1:], numbers[:-1])[0, 1]) < 0.03
    assert not np.isin(numbers, pseudonyms(4, np.arange(20_000))).any()


class TestHomes:
    """Where households live."""

    @pytest.fixture
    def region(self):
        people = settled(GIVEN, RESIDENTS, years=YEARS)
        draws = Draws(5, 0, len(people))
        return people, build_homes(draws, GIVEN), draws

    def test_municipalities_have_their_share_of_homes(self, region):
        _, homes, _ = region
        wanted = np.array([town.population for town in GIVEN.places.municipality])
        share = np.bincount(homes.town, minlength=19) / len(homes.town)
        assert np.abs(share - wanted / wanted.sum()).max() < 0.02

    def test_a_practice_lies_in_the_own_municipality(self, region):
        _, homes, _ = region
        counts = practices(GIVEN)
        first = np.cumsum(counts) - counts
        assert 380 < counts.sum() < 440
        assert (homes.practice >= first[homes.town]).all()
        assert (homes.practice < (first + counts)[homes.town]).all()

    def test_distances_are_plausible(self, region):
        people, homes, _ = region
        km = distances(homes, people.household, GIVEN)
        assert set(km) == {"akuthospital", "praksis", "sundhedshus", "psykiatri"}
        assert all((values >= 0).all() and np.isfinite(values).all() for values in km.values())
        assert np.median(km["praksis"]) < np.median(km["akuthospital"]) < 30

    def test_the_grown_leave_home_and_households_move(self, region):
        people, homes, draws = region
        before, towns = people.household.copy(), homes.town.copy()
        year = GIVEN.year(2018)
        move_and_part(people, homes, draws, year, 1, GIVEN)
        own = people.household == np.arange(len(people))  # the others move with their mother
        left = np.flatnonzero(own & (people.household != before) & (people.mother >= 0) & (people.partner < 0))
        assert len(left) > 5
        assert (people.leaves_home[left] * 365.25 <= year.first - people.birth[left]).all()
        assert 0.005 < (homes.town != towns).mean() < 0.05
        partner = np.flatnonzero(people.partner >= 0)
        np.testing.assert_array_equal(people.partner[people.partner[partner]], partner)

    def test_children_live_with_an_adult_wherever_she_moves(self, region):
        people, homes, draws = region
        for done, number in enumerate(range(2015, 2015 + YEARS)):
            year = GIVEN.year(number)
            move_and_part(people, homes, draws, year, done, GIVEN)
            leave_region(people, draws, year, np.zeros(len(people), np.int64), GIVEN)
            day = year.first + year.length - 1
            here = people.resident(day)
            adult = np.bincount(people.household[here & (people.birth < day - 18 * 365.25)], minlength=len(people)) > 0
            young = here & (people.birth > day - 15 * 365.25)
            assert young.sum() > 500
            assert (~adult[people.household[young]]).mean() < 0.003
            assert np.bincount(people.household[here]).max() <= 12

    def test_births_are_to_women_who_live_here(self, region):
        people, homes, draws = region
        year = GIVEN.year(2015)
        move_and_part(people, homes, draws, year, 0, GIVEN)
        born = np.flatnonzero((people.came == BORN) & (people.birth < year.first + year.length))
        mothers = people.mother[born]
        assert (mothers >= 0).all()
        assert len(np.unique(mothers)) == len(mothers)
        assert (people.entry[mothers] < year.first).all()
        years = (people.birth[born] - people.birth[mothers]) / 365.25
        assert 28 < np.median(years) < 33

    def test_a_household_leaves_the_region_together(self, region):
        people, _, draws = region
        leave_region(people, draws, GIVEN.year(2015), np.zeros(len(people), np.int64), GIVEN)
        gone = np.flatnonzero(people.emigration < NEVER)
        assert 0.004 < len(gone) / RESIDENTS < 0.03
        for head in np.unique(people.household[gone])[:20]:
            members = np.flatnonzero((people.household == head) & people.resident(FIRST_DAY - 1))
            assert len(np.unique(people.emigration[members])) == 1

    def test_who_is_in_hospital_follows_after_discharge(self, region):
        people, _, draws = region
        until = np.full(len(people), (FIRST_DAY + 60) * 24 * 60)
        leave_region(people, draws, GIVEN.year(2015), until, GIVEN)
        gone = people.emigration < NEVER
        assert (people.emigration[gone] > FIRST_DAY + 60).all()


def test_people_do_not_depend_on_the_block_they_are_settled_in():
    one = settle(Draws(5, 0, RESIDENTS), GIVEN, RESIDENTS, FIRST_DAY, 0)
    two = settle(Draws(5, 0, RESIDENTS), GIVEN, RESIDENTS, FIRST_DAY, 0)
    np.testing.assert_array_equal(one.education, two.education)
    part = one.part(100, 200)
    part.death[:] = 5
    assert (one.death[100:200] == 5).all()
