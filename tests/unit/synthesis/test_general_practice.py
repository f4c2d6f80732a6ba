"""General practice: who comes, how, and what it says about them; rows are the same whatever the block."""

from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from pipelines.synthesis.calendar import DAY, NEVER
from pipelines.synthesis.general_practice import iso_weeks, services, sssy_columns
from pipelines.synthesis.parameters import read_parameters
from pipelines.synthesis.shapes_services import ServicesFile, by_age
from pipelines.synthesis.streams import Draws
from tests.unit.synthesis.scenes import FIRST_DAY, joined, part, scene_of, settled

GIVEN = read_parameters()
CODES = [each.speciale for each in GIVEN.services.services]
LONG_AGO = FIRST_DAY - 2000
KNOWN = dict.fromkeys(("t2d", "hypertension", "depression"), LONG_AGO)
EPOCH = date(1970, 1, 1).toordinal()


@pytest.fixture(scope="module")
def people():
    return settled(GIVEN, 3000)


def practices(n):
    return (np.arange(n) % 40).astype(np.int32)


def rows_of(scene):
    return services(scene, GIVEN, practices(len(scene)))


def number(rows, code):
    return int(np.count_nonzero(rows["service"] == CODES.index(code)))


def day(year, month, of_month):
    return date(year, month, of_month).toordinal() - EPOCH


def with_stays(scene, person, start, end, kind=0):
    many = len(person)
    stays = {"person": np.asarray(person), "start": np.asarray(start) * DAY, "end": np.asarray(end) * DAY + 600}
    stays |= {"kind": np.full(many, kind, np.int8), "condition": np.full(many, -1, np.int16)}
    return replace(scene, stays=stays)


def test_about_eight_services_per_person_and_year_and_more_with_age(people):
    scene = scene_of(
        people, GIVEN, has={"hypertension": np.where(people.birth < FIRST_DAY - 60 * 365, LONG_AGO, NEVER)}
    )
    rows = rows_of(scene)
    there = scene.there()
    assert 5.5 < len(rows["person"]) / there.sum() < 9.5
    age = scene.age[rows["person"]]

    def rate(first, last):
        return ((age >= first) & (age <= last)).sum() / (there & (scene.age >= first) & (scene.age <= last)).sum()

    assert 3.2 < rate(0, 17) < 4.8 < rate(18, 64) < 7.5 < rate(65, 79) < rate(80, 110) < 22


def test_rows_are_ordered_and_lie_in_the_persons_part_of_the_year(people):
    scene = scene_of(people, GIVEN, has=KNOWN)
    half = replace(scene, begins=scene.begins + 100, ends=scene.ends - 100)
    rows = rows_of(half)
    assert np.all(rows["day"] >= half.begins[rows["person"]])
    assert np.all(rows["day"] <= half.ends[rows["person"]])
    weeks = (rows["day"] + 3) // 7
    keys = list(zip(rows["person"].tolist(), weeks.tolist(), rows["service"].tolist(), strict=True))
    assert keys == sorted(keys)


def test_who_is_not_there_has_no_services(people):
    scene = scene_of(people, GIVEN)
    gone = replace(scene, ends=np.full(len(scene), scene.year.first - 1, np.int32))
    assert len(rows_of(gone)["person"]) == 0


def test_practices_are_closed_at_weekends(people):
    days = rows_of(scene_of(people, GIVEN, has=KNOWN))["day"]
    assert np.all((days + 3) % 7 < 5)


def test_no_service_falls_into_a_hospital_stay_and_more_follow_a_discharge(people):
    scene = scene_of(people, GIVEN)
    everyone = np.flatnonzero(scene.there() & (scene.begins == scene.year.first) & (scene.ends > FIRST_DAY + 300))
    start = np.full(len(everyone), FIRST_DAY + 100)
    stayed = with_stays(scene, everyone, start, start + 30)
    rows = rows_of(stayed)
    lying = (rows["day"] >= FIRST_DAY + 100) & (rows["day"] <= FIRST_DAY + 130)
    assert not np.isin(rows["person"][lying], everyone).any()

    def soon(found):
        return np.count_nonzero((found["day"] > FIRST_DAY + 130) & (found["day"] <= FIRST_DAY + 147))

    share = (soon(rows) - soon(rows_of(scene))) / len(everyone)
    assert share == pytest.approx(GIVEN.services.practice.discharge, abs=0.06)


def test_a_stay_that_goes_on_from_the_year_before_leaves_no_services(people):
    scene = scene_of(people, GIVEN)
    scene = replace(scene, psych_until=np.full(len(scene), (FIRST_DAY + 200) * DAY))
    assert rows_of(scene)["day"].min() > FIRST_DAY + 200


def test_conditions_known_to_care_bring_services_and_unknown_ones_none(people):
    none, known = rows_of(scene_of(people, GIVEN)), rows_of(scene_of(people, GIVEN, has=KNOWN))
    unknown = rows_of(scene_of(people, GIVEN, has=KNOWN, recognised=dict.fromkeys(KNOWN, NEVER)))
    for column in none:
        assert np.array_equal(none[column], unknown[column])
    assert len(known["person"]) > 1.3 * len(none["person"])
    for code in ("800120", "806101", "540101", "240130", "630101"):
        assert number(none, code) == 0 < number(known, code)


def test_an_annual_review_is_annual_and_as_likely_as_declared(people):
    scene = scene_of(people, GIVEN, has={"t2d": LONG_AGO})
    rows = rows_of(scene)
    review = next(each for each in GIVEN.services.treatment if each.speciale == "800120")
    of = rows["person"][rows["service"] == CODES.index("800120")]
    assert len(of) == len(np.unique(of))
    whole = scene.there() & (scene.begins == scene.year.first)
    assert len(of) / whole.sum() == pytest.approx(review.users["t2d"], abs=0.04)


def test_less_access_means_fewer_reviews_and_slightly_fewer_contacts(people):
    scene = scene_of(people, GIVEN, has={"t2d": LONG_AGO})
    low = rows_of(replace(scene, access=np.full(len(scene), 0.5)))
    full = rows_of(scene)
    assert number(low, "800120") / number(full, "800120") == pytest.approx(0.5, abs=0.05)
    assert number(low, "800101") / number(full, "800101") == pytest.approx(
        1 - GIVEN.services.practice.thinner / 2, abs=0.05
    )
    # common random numbers: whoever has a review with less access has one with full access too
    of = [set(r["person"][r["service"] == CODES.index("800120")].tolist()) for r in (low, full)]
    assert of[0] <= of[1]


def test_letters_and_video_take_over_and_there_is_no_video_before_it_existed(people):
    later = settled(GIVEN, 3000, first_day=day(2022, 1, 1))
    found = {2015: rows_of(scene_of(people, GIVEN)), 2022: rows_of(scene_of(later, GIVEN, year=2022))}
    share = {year: {code: number(rows, code) / len(rows["person"]) for code in CODES} for year, rows in found.items()}
    assert share[2015]["800125"] == share[2015]["800204"] == 0 < share[2022]["800125"]
    assert share[2022]["800105"] > 1.3 * share[2015]["800105"]


def test_fewer_meet_their_practice_in_the_spring_of_2020():
    people = settled(GIVEN, 3000, first_day=day(2020, 1, 1))
    rows = rows_of(scene_of(people, GIVEN, year=2020))
    spring = (rows["day"] >= day(2020, 3, 12)) & (rows["day"] <= day(2020, 5, 20))
    before = rows["day"] < day(2020, 3, 12)
    met = np.isin(rows["service"], [CODES.index(code) for code in ("800101", "800411")])

    def per_day(chosen, days):
        return np.count_nonzero(chosen) / days

    assert per_day(spring & met, 70) < 0.75 * per_day(before & met, 71)
    letters = rows["service"] == CODES.index("800105")
    assert np.mean(letters[spring]) > 1.4 * np.mean(letters[before])


def test_who_is_exempt_from_digital_post_telephones(people):
    exempt = replace(people, digital_exempt=np.full(len(people), FIRST_DAY - 10, np.int32))
    rows = rows_of(scene_of(exempt, GIVEN))
    assert number(rows, "800105") == 0
    assert number(rows, "800201") > number(rows_of(scene_of(people, GIVEN)), "800201")


def test_home_visits_go_to_those_with_home_care(people):
    scene = scene_of(people, GIVEN)
    visited = replace(scene, home_care=np.full(len(scene), FIRST_DAY - 30, np.int32))
    adult = scene.age >= 18
    rows, with_care = rows_of(scene), rows_of(visited)
    place = CODES.index("800411")
    assert np.count_nonzero(adult[with_care["person"][with_care["service"] == place]]) > 5 * number(rows, "800411")


def test_a_share_of_rows_on_womens_numbers_is_about_their_children(people):
    scene = scene_of(people, GIVEN)
    three = replace(scene, children=3 * scene.children)
    for each, many in ((scene, 1), (three, 3)):
        rows = rows_of(each)
        mine = rows["child"] == 1
        of = rows["person"][mine]
        assert np.all((people.sex[of] == 2) & (each.children[of] > 0))
        mothers = each.there() & (each.children > 0)
        contacts = rows["contacts"][mine].sum() / mothers.sum()
        assert contacts == pytest.approx(many * GIVEN.services.practice.children, rel=0.15)


def test_without_children_nothing_stands_on_a_womans_number_for_them(people):
    scene = replace(scene_of(people, GIVEN), children=np.zeros(len(people), np.int8))
    assert not rows_of(scene)["child"].any()


def test_a_person_keeps_practice_group_and_habit(people):
    rows = rows_of(scene_of(people, GIVEN, has=KNOWN))
    own = np.char.startswith(np.array(CODES)[rows["service"]], "80")
    pairs = np.unique(np.stack([rows["person"][own], rows["provider"][own]]), axis=1)
    assert len(np.unique(pairs[0])) == pairs.shape[1]
    assert len(np.unique(rows["provider"][own])) == 40
    foot = rows["provider"][rows["service"] == CODES.index("540101")]
    assert np.all(foot // 10_000 == 54)
    assert 0 < np.mean(rows["group"] == 2) < 0.03
    once, again = (np.bincount(rows_of(scene_of(people, GIVEN, year=year))["person"], minlength=3000)[:3000]
                   for year in (2015, 2016))  # fmt: skip
    of_age = (people.age(FIRST_DAY) >= 30) & (people.age(FIRST_DAY) < 50)
    assert np.corrcoef(once[: len(of_age)][of_age[:3000]], again[of_age[:3000]])[0, 1] > 0.2


def test_the_table_has_the_registers_columns(people):
    rows = rows_of(scene_of(people, GIVEN, has=KNOWN))
    table = pa.table(sssy_columns(rows, pa.array(["x"] * len(rows["person"])), GIVEN))
    assert table.column_names == ["pnr", "speciale", "honuge", "barnmak", "sikgrup", "ydernr", "kontakt", "bruhon"]
    assert set(table["speciale"].to_pylist()) <= set(CODES)
    assert all(len(week) == 4 and week.isdigit() for week in set(table["honuge"].to_pylist()))
    assert all(len(number) == 6 and number.isdigit() for number in set(table["ydernr"].to_pylist()))
    assert min(table["bruhon"].to_pylist()) > 0
    assert min(table["kontakt"].to_pylist()) == 1 < max(table["kontakt"].to_pylist())
    columns = [table[name].to_pylist() for name in ("speciale", "honuge", "barnmak")]
    assert len(set(zip(rows["person"].tolist(), *columns, strict=True))) == table.num_rows


@pytest.mark.parametrize(
    "moment, week", [((2015, 1, 1), "1501"), ((2018, 12, 31), "1901"), ((2021, 1, 3), "2053"), ((2024, 7, 9), "2428")]
)
def test_weeks_are_iso_weeks_with_the_year_they_belong_to(moment, week):
    place, names = iso_weeks(np.array([day(*moment), day(2016, 6, 1)]))
    assert names[place[0]] == week
    assert iso_weeks(np.zeros(0, np.int32))[0].tolist() == []


def test_rows_are_the_same_in_one_block_and_in_two(people):
    scene = scene_of(people.part(0, 300), GIVEN, has=KNOWN)
    person = np.arange(0, 300, 3)
    scene = with_stays(scene, person, np.full(len(person), FIRST_DAY + 50), np.full(len(person), FIRST_DAY + 60))
    whole = services(scene, GIVEN, practices(300))
    halves = [services(part(scene, a, b), GIVEN, practices(300)[a:b]) for a, b in ((0, 140), (140, 300))]
    both = joined(halves[0], halves[1], 140)
    for column in whole:
        assert np.array_equal(whole[column], both[column]), column
        assert whole[column].dtype == both[column].dtype


def test_another_year_and_another_seed_give_other_rows(people):
    scene = scene_of(people, GIVEN)
    other = Draws(6, 0, len(people))
    changed = rows_of(replace(scene, draws=other, keys=other.keys()))
    assert not np.array_equal(changed["day"][:500], rows_of(scene)["day"][:500])
    assert not np.array_equal(
        rows_of(scene_of(people, GIVEN, year=2016))["day"][:500], rows_of(scene)["day"][:500] + 365
    )


def test_one_more_service_changes_no_other_row(people):
    """A treatment added in the file leaves all other rows as they are."""
    file = GIVEN.services
    more = file.treatment[0].model_copy(update={"speciale": "190110", "users": {"t2d": 0.5}})
    own = replace(GIVEN, services=file.model_copy(update={"treatment": (*file.treatment, more)}))
    scene = scene_of(people, GIVEN, has=KNOWN)
    rows, before = services(scene, own, practices(len(scene))), rows_of(scene)
    old = rows["service"] != len(own.services.services) - 1
    samples = CODES.index("802101")
    assert np.count_nonzero(~old) > 100
    for column in ("person", "day", "service"):
        kept = rows[column][old & (rows["service"] != samples)]
        assert np.array_equal(kept, before[column][before["service"] != samples])


def file_with(**changes):
    return {**GIVEN.services.model_dump(by_alias=True), **changes}


def ways_with(place, **changes):
    ways = GIVEN.services.model_dump(by_alias=True)["way"]
    return file_with(way=[{**way, **changes} if index == place else way for index, way in enumerate(ways)])


@pytest.mark.parametrize(
    "file, told",
    [
        (ways_with(1, share=None), "exactly one way needs to have no share"),
        (ways_with(1, telephone=False), "for those exempt from Digital Post"),
        (ways_with(1, share=(0.1, 0.1, 0.1, 1.2)), "less than or equal to 1"),
        (ways_with(1, speciale="80101"), "should match pattern"),
        (ways_with(1, speciale="800101"), "800101 stands there twice"),
        (ways_with(1, fee=-1.0), "greater than or equal to 0"),
        (
            file_with(lockdown=[{"first": "2020-05-01", "last": "2020-04-01", "kept": 1, "distant": 1}]),
            "before the first",
        ),
        (file_with(nursing={}), "Field required"),
        (file_with(other=1), "Extra inputs"),
    ],
)
def test_a_file_that_cannot_be_is_refused(file, told):
    with pytest.raises(ValidationError, match=told):
        ServicesFile.model_validate(file)


def test_a_curve_rises_in_age_and_is_level_beyond_its_ends():
    changed = GIVEN.services.practice.model_dump() | {"contacts": ((0, 1.0), (0, 2.0))}
    with pytest.raises(ValidationError, match="ages of a curve need to rise"):
        ServicesFile.model_validate(file_with(practice=changed))
    curve = by_age(((10, 1.0), (20, 2.0)))
    assert curve[[0, 10, 15, 20, 110]].tolist() == [1.0, 1.0, 1.5, 2.0, 2.0]


def test_every_condition_named_is_one_of_the_regions():
    assert set(GIVEN.services.conditions()) <= set(GIVEN.names)
    assert {"t2d", "dementia"} <= set(GIVEN.services.conditions())
