"""Schooling, work, income, benefits and rights: codes, ages, what illness does, and that blocks do not matter."""

from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from pipelines.synthesis import dream as dream_module
from pipelines.synthesis.calendar import DAY, NEVER
from pipelines.synthesis.dream import benefits
from pipelines.synthesis.parameters import read_parameters
from pipelines.synthesis.people import give_mothers, newcomers
from pipelines.synthesis.shapes_services import BENEFITS, STANDINGS, SocialFile
from pipelines.synthesis.social import akm, coercion, digital_post, faik, tolk, tvang_columns, udda, year_end_tables
from pipelines.synthesis.standing import PLACE, completed, disability_pension, standing
from pipelines.synthesis.streams import Draws
from pipelines.synthesis.truth import family_ids
from tests.unit.synthesis.scenes import FIRST_DAY, joined, part, scene_of, settled

GIVEN = read_parameters()
RULES = GIVEN.social
YEAR = GIVEN.year(2015)
LAST_DAY = FIRST_DAY + 364
STATUS_DAY = LAST_DAY - 92  # 30 September
ADDRESS = 1 << 20


@pytest.fixture(scope="module")
def people():
    return settled(GIVEN, 8000, years=2)


def draws_of(people, seed=5):
    return Draws(seed, 0, len(people))


def unknown(people):
    return np.full((len(people), len(GIVEN.names)), NEVER, np.int32)


def ill_with(people, *names, since=FIRST_DAY - 4000):
    recognised = unknown(people)
    for name in names:
        recognised[:, GIVEN.index(name)] = since
    return recognised


def standings(people, recognised=None, year=YEAR, draws=None):
    recognised = unknown(people) if recognised is None else recognised
    draws = draws or draws_of(people)
    pension = disability_pension(people, recognised, draws.keys(), GIVEN)
    studied = completed(people, draws.keys(), GIVEN)[2]
    return standing(people, recognised, pension, studied, draws, year, GIVEN)


def share(found, name, chosen):
    return float(np.mean(found[chosen] == PLACE[name]))


# standing


def test_children_the_old_and_those_of_working_age_stand_where_they_belong(people):
    found, age = standings(people), people.age(LAST_DAY)
    assert np.all(found[age < RULES.work.adult] == PLACE["child"])
    assert np.all(found[age >= RULES.work.pension] == PLACE["old_age"])
    middle = (age >= RULES.work.adult) & (age < RULES.work.pension)
    assert not np.isin(found[middle], [PLACE["child"], PLACE["old_age"]]).any()
    assert set(found.tolist()) == set(range(len(STANDINGS)))
    assert share(found, "student", age == 17) > 0.8
    assert share(found, "student", middle & (age > 35)) == 0
    assert share(found, "employee", (age > 30) & (age < 60)) > 0.7
    assert np.all(age[found == PLACE["early"]] >= RULES.work.early_from)


def test_few_resources_and_mental_illness_bring_cash_benefit(people):
    age = people.age(LAST_DAY)
    middle = (age >= 30) & (age < 60)
    found, ill = standings(people), standings(people, ill_with(people, "anxiety"))
    few = people.few()
    assert share(found, "cash", middle & few) > 2.5 * share(found, "cash", middle & ~few)
    assert share(ill, "cash", middle) > 1.7 * share(found, "cash", middle)
    assert share(found, "cash", middle) + share(found, "unemployed", middle) < 0.12


def test_standing_lasts(people):
    age = people.age(LAST_DAY)
    now, later = standings(people), standings(people, year=GIVEN.year(2016))
    cash = (now == PLACE["cash"]) & (age >= 30) & (age < 60)
    assert share(later, "cash", cash) > 0.5
    assert not np.array_equal(now[age < 60], later[age < 60])


def test_disability_pension_follows_illness_known_to_care(people):
    keys = draws_of(people).keys()
    without = disability_pension(people, unknown(people), keys, GIVEN)
    since = FIRST_DAY - 4000
    with_it = disability_pension(people, ill_with(people, "schizophrenia", since=since), keys, GIVEN)
    assert np.mean(without < NEVER) == pytest.approx(RULES.disability.otherwise, abs=0.01)
    adult = (people.birth < since - 19 * 366) & (people.birth > since - 45 * 365)
    assert np.mean((with_it < NEVER)[adult]) == pytest.approx(RULES.disability.chance["schizophrenia"], abs=0.12)
    assert np.all(with_it <= without)
    age = (with_it - people.birth)[with_it < NEVER] / 365.25
    youngest, oldest = RULES.disability.ages
    assert youngest - 0.01 <= age.min()
    assert age.max() <= oldest + 1
    few = people.few() & adult
    assert np.mean((with_it < NEVER)[few]) > np.mean((with_it < NEVER)[adult & ~people.few()])


def test_a_disease_found_later_brings_no_pension_earlier(people):
    """A year's table sees what was known then: what becomes known afterwards changes later years only."""
    keys = draws_of(people).keys()
    early = disability_pension(people, ill_with(people, "stroke"), keys, GIVEN)
    recognised = ill_with(people, "stroke")
    recognised[:, GIVEN.index("ms")] = LAST_DAY + 1
    late = disability_pension(people, recognised, keys, GIVEN)
    assert np.array_equal(late[late <= LAST_DAY], early[late <= LAST_DAY])
    assert np.array_equal(late <= LAST_DAY, early <= LAST_DAY)


# yearly tables


def test_education_grows_with_age_and_every_level_is_dated(people):
    studies = completed(people, draws_of(people).keys(), GIVEN)
    rows = udda(people, studies, draws_of(people).keys(), YEAR, GIVEN)
    age = people.age(LAST_DAY)[rows["person"]]
    assert age.min() >= 15
    assert np.all(rows["since"] <= STATUS_DAY)
    assert np.all(rows["since"] > people.birth[rows["person"]] + 15 * 365)
    grown = age >= 32
    assert np.array_equal(rows["level"][grown], people.education[rows["person"]][grown])
    levels = GIVEN.education.levels
    assert np.all(rows["level"][age < 19] == levels.index(RULES.study.school))
    twenty = rows["level"][(age >= 20) & (age < 22) & (people.education[rows["person"]] == levels.index("70"))]
    assert np.mean(twenty == levels.index(RULES.study.upper)) > 0.9
    resident = people.resident(LAST_DAY) & (people.age(LAST_DAY) >= 17)
    known = np.isin(np.flatnonzero(resident), rows["person"])
    immigrants = people.origin[resident] == 2
    assert known[~immigrants].all()
    assert 1 - known[immigrants].mean() == pytest.approx(RULES.study.immigrants_unknown, abs=0.04)


def test_what_is_completed_in_autumn_stands_in_the_table_of_the_next_year(people):
    studies, keys = completed(people, draws_of(people).keys(), GIVEN), draws_of(people).keys()
    now, then = (udda(people, studies, keys, GIVEN.year(year), GIVEN) for year in (2015, 2016))
    autumn = np.flatnonzero((studies[2] > STATUS_DAY) & (studies[2] <= LAST_DAY))
    level = {year: dict(zip(rows["person"].tolist(), rows["since"].tolist(), strict=True))
             for year, rows in ((2015, now), (2016, then))}  # fmt: skip
    both = [person for person in autumn.tolist() if person in level[2015] and person in level[2016]]
    assert len(both) > 10
    assert all(level[2015][person] <= STATUS_DAY < level[2016][person] == studies[2][person] for person in both)


def test_an_education_that_nobody_knows_stays_unknown(people):
    studies, keys = completed(people, draws_of(people).keys(), GIVEN), draws_of(people).keys()
    now, then = (set(udda(people, studies, keys, GIVEN.year(y), GIVEN)["person"].tolist()) for y in (2015, 2016))
    grown = people.resident(LAST_DAY) & people.resident(LAST_DAY + 366) & (people.age(LAST_DAY) >= 17)
    assert {who for who in np.flatnonzero(grown).tolist() if who not in now} == {
        who for who in np.flatnonzero(grown).tolist() if who not in then
    }


def test_nobody_loses_a_level_from_year_to_year(people):
    studies = completed(people, draws_of(people).keys(), GIVEN)
    order = [float(level) for level in GIVEN.education.levels]
    keys = draws_of(people).keys()
    once, again = (udda(people, studies, keys, GIVEN.year(year), GIVEN) for year in (2015, 2016))
    level = dict(zip(again["person"].tolist(), again["level"].tolist(), strict=True))
    for person, before in zip(once["person"].tolist(), once["level"].tolist(), strict=True):
        assert order[level[person]] >= order[before]


def test_socio13_has_known_codes_and_the_better_schooled_have_the_higher_ones(people):
    found = standings(people)
    rows = akm(people, found, draws_of(people).keys(), LAST_DAY, GIVEN)
    assert rows["person"].tolist() == np.flatnonzero(people.resident(LAST_DAY)).tolist()
    known = {*RULES.socio.values(), *(code for codes in RULES.work.employees.values() for code in codes)}
    assert set(rows["socio"].tolist()) <= known
    who = rows["person"]
    employed = found[who] == PLACE["employee"]
    assert set((rows["socio"][employed] // 10).tolist()) == {13}
    for name, code in RULES.socio.items():
        assert np.array_equal(rows["socio"] == code, found[who] == PLACE[name])
    long = employed & (people.education[who] == GIVEN.education.levels.index("70"))
    short = employed & (people.education[who] == GIVEN.education.levels.index("10"))
    assert np.mean(rows["socio"][long] <= 132) > 0.5
    assert not np.any(rows["socio"][short] <= 132)


def test_income_is_one_row_per_household_with_a_resident_and_follows_resources(people):
    found = standings(people)
    rows = faik(people, found, draws_of(people), YEAR, GIVEN)
    resident = people.resident(LAST_DAY)
    assert rows["household"].tolist() == np.unique(people.household[resident]).tolist()
    of = np.full(len(people), np.nan)
    of[rows["household"]] = rows["income"]
    income = of[people.household]
    adult = resident & (people.age(LAST_DAY) >= 18)
    assert 170_000 < np.median(income[adult]) < 280_000
    assert np.median(income[adult & people.few()]) < 0.85 * np.median(income[adult & ~people.few()])
    cash, work = (np.median(income[adult & (found == PLACE[name])]) for name in ("cash", "employee"))
    assert cash < 0.8 * work
    assert not np.any(np.isnan(income[resident]))


def test_income_varies_from_year_to_year_around_a_level_of_its_own(people):
    found = standings(people)
    now = faik(people, found, draws_of(people), YEAR, GIVEN)
    later = faik(people, found, draws_of(people), GIVEN.year(2016), GIVEN)
    both = np.intersect1d(now["household"], later["household"])
    a, b = (np.log(r["income"][np.isin(r["household"], both)]) for r in (now, later))
    assert np.corrcoef(a, b)[0, 1] > 0.8
    assert np.exp(np.median(b - a)) == pytest.approx(RULES.income.growth, abs=0.02)


def test_the_year_end_tables_join_by_the_pseudonym_and_the_family(people):
    life = life_of(people)
    pnr = pa.array([f"{place:012d}" for place in range(len(people))])
    tables = {name: pa.table(columns) for name, columns in year_end_tables(life, pnr, YEAR, GIVEN).items()}
    assert {name: table.column_names for name, table in tables.items()} == {
        "udda": ["pnr", "aar", "hfaudd", "hf_vfra"],
        "akm": ["pnr", "aar", "socio13"],
        "faik": ["familie_id", "aar", "famaekvivadisp_13", "famsociogrup_13"],
    }
    assert all(set(table["aar"].to_pylist()) == {2015} for table in tables.values())
    resident = np.flatnonzero(people.resident(LAST_DAY))
    assert tables["akm"]["pnr"].to_pylist() == [f"{place:012d}" for place in resident]
    families = set(family_ids(ADDRESS + people.household[resident].astype(np.int64)).to_pylist())
    assert set(tables["faik"]["familie_id"].to_pylist()) == families
    assert tables["faik"].num_rows == len(families)


def life_of(people, recognised=None):
    draws = draws_of(people)
    state = SimpleNamespace(recognised=unknown(people) if recognised is None else recognised)
    addresses = ADDRESS + np.arange(len(people), dtype=np.int64)
    return SimpleNamespace(people=people, state=state, draws=draws, keys=draws.keys(), addresses=addresses)


def test_yearly_rows_are_the_same_in_one_block_and_in_two(people):
    recognised = ill_with(people, "depression", "stroke")
    n, cut = 300, 140
    rows = []
    for a, b in ((0, n), (0, cut), (cut, n)):
        some, draws = people.part(a, b), draws_of(people).part(a, b)
        studies = completed(some, draws.keys(), GIVEN)
        pension = disability_pension(some, recognised[a:b], draws.keys(), GIVEN)
        found = standing(some, recognised[a:b], pension, studies[2], draws, YEAR, GIVEN)
        rows.append((udda(some, studies, draws.keys(), YEAR, GIVEN), akm(some, found, draws.keys(), LAST_DAY, GIVEN)))
    for whole, first, second in zip(*rows, strict=True):
        both = joined(first, second, cut)
        assert len(whole["person"]) > 150
        for column in whole:
            assert np.array_equal(whole[column], both[column]), column
            assert whole[column].dtype == both[column].dtype


# benefits by week


@pytest.fixture(scope="module")
def weeks(people):
    who, columns = benefits(people, ill_with(people, "stroke"), draws_of(people), 2015, 2016, GIVEN)
    codes = np.stack([column.fill_null(0).to_numpy(zero_copy_only=False) for column in columns.values()], axis=1)
    table = np.zeros((len(people), codes.shape[1]), int)
    table[who] = codes
    return who, list(columns), table


def monday(name):
    return date.fromisocalendar(2000 + int(name[2:4]), int(name[4:]), 1).toordinal() - date(1970, 1, 1).toordinal()


def test_there_is_a_column_for_each_iso_week_and_a_row_for_each_who_had_a_benefit(weeks):
    who, names, table = weeks
    assert names[0] == "y_1501"
    assert names[-1] == "y_1652"
    assert len(names) == 53 + 52
    assert np.array_equal(np.diff([monday(name) for name in names]), np.full(len(names) - 1, 7))
    assert np.array_equal(who, np.flatnonzero(table.any(axis=1)))
    assert set(np.unique(table).tolist()) == {0, *RULES.dream.codes.values()}


def test_pensions_overwrite_what_else_there_is(weeks, people):
    _, names, table = weeks
    pension = disability_pension(people, ill_with(people, "stroke"), draws_of(people).keys(), GIVEN)
    here = people.resident(LAST_DAY + 366) & (people.entry < FIRST_DAY - 7)
    for week in (30, 60, 100):
        day = monday(names[week])
        old = here & (people.birth + np.floor(RULES.work.pension * 365.25) <= day)
        assert np.all(table[old, week] == RULES.dream.codes["old_age"])
        disabled = here & (pension <= day) & (people.birth + np.floor(67 * 365.25) > day + 7)
        assert np.all(table[disabled, week] == RULES.dream.codes["disability"])


def test_no_benefit_before_entry_or_after_the_end(people):
    n = len(people)
    some = replace(people, death=np.where(people.death < NEVER, people.death, LAST_DAY - 100).astype(np.int32))
    who, columns = benefits(some, ill_with(some, "stroke"), draws_of(some), 2015, 2016, GIVEN)
    for place, (name, column) in enumerate(columns.items()):
        some_code = who[np.asarray(column.is_valid())]
        assert np.all(some.entry[some_code] <= monday(name) + 6)
        assert np.all(some.death[some_code] > monday(name)), (place, name)
    assert len(who) < n


def test_weeks_agree_with_the_years_standing(weeks, people):
    _, names, table = weeks
    recognised = ill_with(people, "stroke")
    found = standings(people, recognised)
    year = [place for place, name in enumerate(names) if name.startswith("y_15")]
    whole = people.resident(LAST_DAY) & (people.entry < FIRST_DAY)
    pension = disability_pension(people, recognised, draws_of(people).keys(), GIVEN)
    free = whole & (pension > LAST_DAY)
    for name in ("cash", "unemployed", "sick"):
        on_it = (table[:, year] == RULES.dream.codes[name]).sum(axis=1)
        mine = free & (found == PLACE[name]) & (people.age(FIRST_DAY) > 30)
        assert mine.any()
        assert np.median(on_it[mine]) >= RULES.dream.year_weeks[0]
    working = free & (found == PLACE["employee"]) & (people.age(FIRST_DAY) > 45)
    assert np.mean((table[:, year][working] > 0).mean(axis=1)) < 0.06
    assert np.any(table[:, year][working] > 0)


def test_mothers_take_leave_around_a_birth(people):
    births, moves = newcomers(GIVEN, 8000)
    born = np.arange(8000, 8000 + births)
    people = replace(people, mother=people.mother.copy(), household=people.household.copy())
    give_mothers(people, born, np.flatnonzero((people.sex == 2) & (people.entry < FIRST_DAY)), FIRST_DAY + 182, 0.5)
    assert (people.mother[born] >= 0).all()
    who, columns = benefits(people, unknown(people), draws_of(people), 2015, 2016, GIVEN)
    place = {int(person): row for row, person in enumerate(who)}
    leave = RULES.dream.codes["leave"]
    names = list(columns)
    table = np.stack([column.fill_null(0).to_numpy(zero_copy_only=False) for column in columns.values()], axis=1)
    taken = []
    for child in born.tolist():
        week = int(np.searchsorted([monday(name) for name in names], people.birth[child], side="right")) - 1
        mother = place.get(int(people.mother[child]))
        taken.append(mother is not None and bool(np.all(table[mother, week : week + 20] == leave)))
    assert moves > 0
    assert np.mean(taken) > 0.75
    men = people.sex[who[(table == leave).any(axis=1)]] == 1
    assert 0.2 < np.mean(men) < 0.6


def test_weeks_do_not_depend_on_how_many_are_written_together(people, monkeypatch):
    args = (people, ill_with(people, "stroke"), draws_of(people), 2015, 2016, GIVEN)
    who, columns = benefits(*args)
    monkeypatch.setattr(dream_module, "TOGETHER", 37)
    again, others = benefits(*args)
    assert np.array_equal(who, again)
    assert all(columns[name].equals(others[name]) for name in columns)


def test_dream_is_a_table_of_the_shard(people):
    pnr = pa.array([f"{place:012d}" for place in range(len(people))])
    plan = SimpleNamespace(first_year=2015, end=date(2015, 12, 31))
    table = pa.table(dream_module.dream(life_of(people), pnr, plan, GIVEN))
    assert table.column_names[:2] == ["pnr", "y_1501"]
    assert table.column_names[-1] == "y_1553"
    assert table["y_1510"].type == pa.int16()
    assert table["pnr"].to_pylist() == sorted(table["pnr"].to_pylist())


def test_each_benefit_has_a_code_and_what_overwrites_comes_last():
    assert set(BENEFITS) == set(RULES.dream.codes)
    assert BENEFITS[-2:] == ("disability", "old_age")


@pytest.mark.parametrize(
    "changes, told",
    [
        ({"socio": {**RULES.socio, "cash": 10}}, "greater than or equal to 100"),
        ({"socio": {name: code for name, code in RULES.socio.items() if name != "cash"}}, "socio: no code for cash"),
        ({"dream": {**RULES.dream.model_dump(), "codes": {"cash": 130}}}, "dream.codes: no code for student"),
        ({"income": {**RULES.income.model_dump(), "factor": {"rich": 2.0}}}, "income.factor: unknown rich"),
        ({"study": {**RULES.study.model_dump(), "upper": "25"}}, "study: unknown level 25"),
        ({"coercion": {**RULES.coercion.model_dump(), "at_start": "bælte"}}, "at_start: 'bælte' is none of the kinds"),
        ({"coercion": {**RULES.coercion.model_dump(), "shares": (1.0,)}}, "shares need one value per kind"),
    ],
)
def test_a_file_that_cannot_be_is_refused(changes, told):
    with pytest.raises(ValidationError, match=told):
        SocialFile.model_validate({**RULES.model_dump(), **changes})


def test_every_condition_named_is_one_of_the_regions():
    assert set(RULES.conditions()) <= set(GIVEN.names)


# rights


def test_digital_post_and_interpreters_hold_whom_they_concern(people):
    pnr = pa.array([f"{place:012d}" for place in range(len(people))])
    exempt = pa.table(digital_post(people, pnr, LAST_DAY))
    assert exempt.column_names == ["pnr", "fritaget_fra"]
    expected = (people.digital_exempt <= LAST_DAY) & (people.entry <= LAST_DAY)
    assert exempt["pnr"].to_pylist() == [f"{place:012d}" for place in np.flatnonzero(expected)]
    need = pa.table(tolk(people, draws_of(people).keys(), pnr, LAST_DAY, GIVEN))
    assert need.column_names == ["pnr", "sprog", "fra_dato"]
    persons = np.array([int(number) for number in need["pnr"].to_pylist()])
    assert np.all(people.language[persons] >= 0)
    assert set(need["sprog"].to_pylist()) <= set(GIVEN.contact.languages)
    since = need["fra_dato"].cast(pa.int32()).to_numpy()
    assert np.all((since >= people.birth[persons]) & (since <= LAST_DAY))
    first = np.flatnonzero((people.language >= 0) & (people.entry < FIRST_DAY))
    assert np.isin(first, persons).all()


# coercion


def admitted(people, kind):
    scene = scene_of(people, GIVEN)
    n = len(people)
    start = np.maximum(scene.begins.astype(np.int64) + 30, FIRST_DAY + 60) * DAY + 600
    stays = {"person": np.arange(n), "start": start, "end": start + 21 * DAY, "kind": np.full(n, kind, np.int8)}
    return replace(scene, stays=stays)


def test_coercion_happens_in_psychiatric_stays_and_more_often_in_severe_illness(people):
    somatic, psychiatric = admitted(people, 0), admitted(people, 2)
    assert len(coercion(somatic, GIVEN)["person"]) == 0
    rows = coercion(psychiatric, GIVEN)
    inside = psychiatric.ends >= psychiatric.stays["end"] // DAY
    declared = GIVEN.care.contacts.coercion
    of = np.unique(rows["person"])
    assert np.mean(np.isin(np.flatnonzero(inside), of)) == pytest.approx(declared, abs=0.02)
    severe = coercion(replace(psychiatric, severe=np.ones(len(people), bool)), GIVEN)
    assert len(np.unique(severe["person"])) / len(of) == pytest.approx(RULES.coercion.severe, abs=0.2)
    first = psychiatric.stays["start"][rows["person"]] // DAY
    last = psychiatric.stays["end"][rows["person"]] // DAY
    assert np.all((rows["day"] >= first) & (rows["day"] <= last))
    begins = rows["kind"] == RULES.coercion.kinds.index(RULES.coercion.at_start)
    assert np.all(rows["day"][begins] == first[begins])
    keys = list(zip(rows["person"].tolist(), rows["day"].tolist(), rows["kind"].tolist(), strict=True))
    assert keys == sorted(set(keys))
    table = pa.table(tvang_columns(rows, pa.array(["x"] * len(keys)), GIVEN))
    assert table.column_names == ["pnr", "dato", "art"]
    assert set(table["art"].to_pylist()) == set(RULES.coercion.kinds)


def test_coercion_is_the_same_in_one_block_and_in_two(people):
    scene = replace(admitted(people.part(0, 300), 2), severe=np.ones(300, bool))
    whole = coercion(scene, GIVEN)
    both = joined(coercion(part(scene, 0, 170), GIVEN), coercion(part(scene, 170, 300), GIVEN), 170)
    assert len(whole["person"]) > 50
    for column in whole:
        assert np.array_equal(whole[column], both[column]), column
