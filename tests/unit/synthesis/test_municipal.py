"""Home care, nursing and care homes: who begins, what rows they leave, and that blocks do not matter."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from pipelines.synthesis.calendar import DAY, NEVER
from pipelines.synthesis.municipal import (
    aefv,
    aefv_columns,
    aehjsp,
    aehjsp_columns,
    begins_care,
    care_home_stays,
    cared_for_before,
    ophold_plejehjem_columns,
)
from pipelines.synthesis.parameters import read_parameters
from pipelines.synthesis.people import FIRST
from pipelines.synthesis.streams import Draws
from tests.unit.synthesis.scenes import FIRST_DAY, joined, part, scene_of, settled

GIVEN = read_parameters()
YEAR = GIVEN.year(2015)
LAST_DAY = FIRST_DAY + 364


@pytest.fixture(scope="module")
def people():
    return settled(GIVEN, 6000)


def nothing(people):
    return np.zeros((len(people), len(GIVEN.names)), bool)


def never(people):
    return np.full(len(people), NEVER, np.int32)


def with_condition(people, *names):
    has = nothing(people)
    for name in names:
        has[:, GIVEN.index(name)] = True
    return has


def a_year(people, has=None, home=None, moved=None, u=None):
    has = nothing(people) if has is None else has
    u = Draws(5, 0, len(people)).uniforms("municipal", 4, 2015) if u is None else u
    home = never(people) if home is None else home
    moved = never(people) if moved is None else moved
    return begins_care(people, people.age(FIRST_DAY), has, home, moved, u, YEAR, GIVEN)


def first_days(scene, home=NEVER, moved=NEVER):
    n = len(scene)
    return replace(
        scene,
        home_care=np.broadcast_to(np.asarray(home, np.int32), n).copy(),
        care_home=np.broadcast_to(np.asarray(moved, np.int32), n).copy(),
    )


def test_care_begins_in_the_year_and_only_for_adults_who_are_there(people):
    home, moved = a_year(people, with_condition(people, "dementia", "stroke"))
    for days in (home, moved):
        new = days < NEVER
        assert new.any()
        assert np.all((days[new] >= YEAR.first) & (days[new] < YEAR.first + 366))
        assert np.all(days[new] > people.entry[new])
        assert people.age(FIRST_DAY)[new].min() >= 18


def test_who_died_or_left_begins_nothing(people):
    gone = replace(people, death=np.full(len(people), YEAR.first - 1, np.int32))
    assert all(np.all(days == NEVER) for days in a_year(gone, with_condition(people, "dementia")))


def test_a_first_day_stays_what_it_is(people):
    home, moved = a_year(people, with_condition(people, "dementia"), home=never(people) - 5, moved=never(people) - 9)
    assert np.all(home == NEVER - 5)
    assert np.all(moved == NEVER - 9)


@pytest.mark.parametrize("condition", ["dementia", "stroke", "parkinson"])
def test_conditions_raise_the_rate_and_never_lower_anyones(people, condition):
    without, ill = a_year(people), a_year(people, with_condition(people, condition))
    for before, after in zip(without, ill, strict=True):
        assert np.count_nonzero(after < NEVER) > np.count_nonzero(before < NEVER)
    assert np.all(ill[1] <= without[1])  # the same numbers: who moved before moves on the same day


def test_age_living_alone_and_home_care_raise_the_rate_of_moving_to_a_care_home(people):
    age = people.age(FIRST_DAY)
    share = np.mean(a_year(people, with_condition(people, "dementia"))[1][age >= 85] < NEVER)
    assert share > 2 * np.mean(a_year(people, with_condition(people, "dementia"))[1][(age >= 65) & (age < 80)] < NEVER)
    ill = with_condition(people, "dementia")
    cared_for = a_year(people, ill, home=np.full(len(people), FIRST_DAY - 99, np.int32))[1]
    assert np.count_nonzero(cared_for < NEVER) > np.count_nonzero(a_year(people, ill)[1] < NEVER)
    alone = replace(people, partner=np.full(len(people), -1, np.int32))
    assert np.count_nonzero(a_year(alone, ill)[0] < NEVER) > np.count_nonzero(a_year(people, ill)[0] < NEVER)


def test_who_moves_to_a_care_home_first_gets_no_home_care(people):
    u = np.zeros((len(people), 4))
    u[:, 1] = 0.9  # home care in November, the care home in January
    home, moved = a_year(people, with_condition(people, "dementia"), u=u)
    assert np.all(home[moved < NEVER] == NEVER)


def test_about_a_ninth_of_the_old_have_home_care_and_a_few_live_in_a_care_home(people):
    age = people.age(FIRST_DAY)
    usual = nothing(people)
    draw = Draws(9, 0, len(people)).uniforms("some conditions", 8)
    for place, (name, share) in enumerate({"dementia": 0.09, "stroke": 0.1, "hf": 0.08, "copd": 0.12}.items()):
        usual[:, GIVEN.index(name)] = draw[:, place] < share
    home, moved = cared_for_before(people, age, usual, Draws(5, 0, len(people)), GIVEN)
    old = (age >= 65) & (people.came == FIRST)
    assert 0.07 < np.mean((home < NEVER)[old] & (moved == NEVER)[old]) < 0.16
    assert 0.02 < np.mean((moved < NEVER)[old]) < 0.06
    begun = home < NEVER
    assert np.all(home[begun] <= people.entry[begun])
    assert np.all(home[begun] >= people.birth[begun] + 17 * 365)
    assert np.all(people.came[begun | (moved < NEVER)] == FIRST)


def test_hours_stand_for_each_month_from_the_first_until_the_care_home(people):
    scene = first_days(scene_of(people, GIVEN), FIRST_DAY + 40, FIRST_DAY + 200)  # 10 February, 20 July
    scene = replace(
        scene, begins=np.full(len(scene), FIRST_DAY, np.int32), ends=np.full(len(scene), LAST_DAY, np.int32)
    )
    rows = aefv(scene, GIVEN)
    assert rows["month"].reshape(-1, 6).tolist() == [[2, 3, 4, 5, 6, 7]] * len(scene)
    assert rows["person"].tolist() == np.repeat(np.arange(len(scene)), 6).tolist()
    assert np.all(rows["practical"] > 0)
    assert 0.2 < np.mean(rows["personal"] == 0) < 0.5
    assert 1.5 < np.median(rows["personal"][rows["personal"] > 0]) < 5


def test_hours_end_with_life_and_begin_with_residence(people):
    scene = first_days(scene_of(people, GIVEN), FIRST_DAY - 400)
    scene = replace(
        scene,
        begins=np.full(len(scene), FIRST_DAY + 59, np.int32),  # 1 March
        ends=np.full(len(scene), FIRST_DAY + 89, np.int32),  # 31 March
    )
    assert set(aefv(scene, GIVEN)["month"].tolist()) == {3}
    gone = replace(scene, ends=scene.begins - 1)
    assert len(aefv(gone, GIVEN)["person"]) == 0


def test_nobody_without_home_care_has_hours(people):
    assert len(aefv(scene_of(people, GIVEN), GIVEN)["person"]) == 0


def test_a_person_keeps_their_level_of_help(people):
    scene = first_days(scene_of(people, GIVEN), FIRST_DAY - 30)
    later = first_days(scene_of(people, GIVEN, year=2016), FIRST_DAY - 30)
    once, again = (
        np.bincount(r["person"], r["practical"], len(people)) for r in (aefv(scene, GIVEN), aefv(later, GIVEN))
    )
    whole = (scene.begins == FIRST_DAY) & (once > 0)
    assert np.corrcoef(once[whole], again[whole])[0, 1] > 0.7


def test_the_nurse_visits_those_with_home_care_once_a_day_at_most(people):
    scene = first_days(scene_of(people, GIVEN), FIRST_DAY - 30)
    rows = aehjsp(scene, GIVEN)
    adults = np.count_nonzero(scene.there() & (scene.age >= 18))
    assert len(rows["person"]) / adults == pytest.approx(GIVEN.services.nursing.with_home_care, rel=0.2)
    pairs = list(zip(rows["person"].tolist(), rows["day"].tolist(), strict=True))
    assert pairs == sorted(set(pairs))
    assert np.all((rows["day"] >= scene.begins[rows["person"]]) & (rows["day"] <= scene.ends[rows["person"]]))
    assert np.mean(rows["imputed"]) == pytest.approx(GIVEN.services.nursing.imputed, abs=0.02)


def test_nobody_is_visited_in_hospital_or_in_a_care_home(people):
    scene = first_days(scene_of(people, GIVEN), FIRST_DAY - 30, FIRST_DAY + 300)
    n = len(scene)
    start = np.full(n, (FIRST_DAY + 100) * DAY)
    stays = {"person": np.arange(n), "start": start, "end": start + 50 * DAY, "kind": np.zeros(n, np.int8)}
    rows = aehjsp(replace(scene, stays=stays, until=np.full(n, (FIRST_DAY + 9) * DAY)), GIVEN)
    assert not np.any((rows["day"] >= FIRST_DAY + 100) & (rows["day"] <= FIRST_DAY + 150))
    assert rows["day"].max() < FIRST_DAY + 300
    assert rows["day"].min() > FIRST_DAY + 9


def test_more_visits_follow_a_stay_of_the_old(people):
    scene = scene_of(people, GIVEN)
    n = len(scene)
    start = np.full(n, (FIRST_DAY + 100) * DAY)
    stays = {"person": np.arange(n), "start": start, "end": start + 3 * DAY, "kind": np.zeros(n, np.int8)}
    rows = aehjsp(replace(scene, stays=stays), GIVEN)
    rule = GIVEN.services.nursing
    assert len(aehjsp(scene, GIVEN)["person"]) == 0
    assert np.all((rows["day"] > FIRST_DAY + 103) & (rows["day"] <= FIRST_DAY + 104 + rule.after_days))
    assert scene.age[rows["person"]].min() >= rule.from_
    old = np.count_nonzero(scene.there() & (scene.age >= rule.from_))
    assert len(np.unique(rows["person"])) / old == pytest.approx(rule.after_stay, abs=0.05)


def test_one_row_per_stay_in_a_care_home(people):
    n = len(people)
    moved = np.where(np.arange(n) % 10 == 0, FIRST_DAY + 10, NEVER).astype(np.int32)
    death = np.where(np.arange(n) % 20 == 0, FIRST_DAY + 90, NEVER).astype(np.int32)
    some = replace(people, entry=np.full(n, FIRST_DAY - 1, np.int32), death=death)
    rows = care_home_stays(some, moved, np.arange(n) % 19, Draws(5, 0, n), LAST_DAY, GIVEN)
    assert rows["person"].tolist() == list(range(0, n, 10))
    assert set(rows["moved_out"].tolist()) == {FIRST_DAY + 90, NEVER}
    table = pa.table(ophold_plejehjem_columns(rows, pa.array(["x"] * len(rows["person"])), GIVEN))
    assert table.column_names == ["v_pnr", "d_tilflyt_dato", "d_fraflyt_dato", "plejehjemsnavn"]
    assert table["d_fraflyt_dato"].null_count == np.count_nonzero(rows["moved_out"] == NEVER)
    towns = [town.name for town in GIVEN.places.municipality]
    for person, name in zip(rows["person"].tolist(), table["plejehjemsnavn"].to_pylist(), strict=True):
        assert name.startswith(f"Plejehjem {towns[person % 19]} ")
    before = replace(some, death=np.full(n, FIRST_DAY + 5, np.int32))  # died before moving in
    assert len(care_home_stays(before, moved, np.zeros(n, int), Draws(5, 0, n), LAST_DAY, GIVEN)["person"]) == 0


def test_the_tables_have_the_registers_columns(people):
    scene = first_days(scene_of(people, GIVEN), FIRST_DAY - 30)
    hours, visits = aefv(scene, GIVEN), aehjsp(scene, GIVEN)
    table = pa.table(aefv_columns(hours, pa.array(["x"] * len(hours["person"])), 2015))
    assert table.column_names == ["pnr", "hænd_mdr", "perpl_vis", "prahj_vis"]
    assert set(table["hænd_mdr"].to_pylist()) == {f"2015{month:02d}" for month in range(1, 13)}
    table = pa.table(aehjsp_columns(visits, pa.array(["x"] * len(visits["person"]))))
    assert table.column_names == ["pnr", "hjemsygep_dato", "imp_mark"]
    assert set(table["imp_mark"].to_pylist()) == {"0", "1"}


@pytest.mark.parametrize("table", [aefv, aehjsp])
def test_rows_are_the_same_in_one_block_and_in_two(people, table):
    scene = first_days(scene_of(people.part(0, 300), GIVEN, has={"copd": FIRST_DAY - 50}))
    home = np.where(np.arange(300) % 3 == 0, FIRST_DAY - 100 + np.arange(300), NEVER).astype(np.int32)
    start = np.full(150, (FIRST_DAY + 100) * DAY)
    stays = {"person": np.arange(0, 300, 2), "start": start, "end": start + 3 * DAY, "kind": np.zeros(150, np.int8)}
    scene = replace(scene, home_care=home, stays=stays)
    whole = table(scene, GIVEN)
    both = joined(table(part(scene, 0, 130), GIVEN), table(part(scene, 130, 300), GIVEN), 130)
    assert len(whole["person"]) > 100
    for column in whole:
        assert np.array_equal(whole[column], both[column]), column
        assert whole[column].dtype == both[column].dtype


def test_beginnings_are_the_same_in_one_block_and_in_two(people):
    n, draws = len(people), Draws(5, 0, len(people))
    has, age = with_condition(people, "dementia"), people.age(FIRST_DAY)
    u = draws.uniforms("municipal", 4, 2015)
    whole = [*a_year(people, has, u=u), *cared_for_before(people, age, has, draws, GIVEN)]
    halves = []
    for a, b in ((0, 2000), (2000, n)):
        some = people.part(a, b)
        halves.append(
            [*a_year(some, has[a:b], u=u[a:b]), *cared_for_before(some, age[a:b], has[a:b], draws.part(a, b), GIVEN)]
        )
    for at, days in enumerate(whole):
        assert np.array_equal(days, np.concatenate([half[at] for half in halves]))
