"""Numbers of people: neither pseudonyms nor fictitious CPR numbers can be anybody's."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from pipelines.synthesis.cpr import LAST_YEAR, PARTS, fictitious_cpr
from pipelines.synthesis.parameters import read_parameters
from pipelines.synthesis.people import newcomers, pseudonyms, settle
from pipelines.synthesis.region import MOST_PEOPLE, SHARD
from pipelines.synthesis.registers import CORE
from pipelines.synthesis.streams import Draws
from stratify.errors import UsageError
from tests.unit.synthesis.regions import region_at

GIVEN = read_parameters()
FIRST = 16436  # 2015-01-01
EPOCH = date(1970, 1, 1)


@pytest.fixture(scope="module")
def people():
    residents, years = 20_000, 10
    return settle(Draws(3, 0, residents + years * sum(newcomers(GIVEN, residents))), GIVEN, residents, FIRST, years)


@pytest.fixture(scope="module")
def alike(people):
    """Return a function that gives 40 people of one day of birth and sex: many more than come in a shard."""

    def on(day, sex):
        some = people.part(0, 40)
        born = np.full(40, (day - EPOCH).days, np.int32)
        return replace(some, birth=born, sex=np.full(40, sex, np.int8))

    return on


def century(number: str) -> int:
    """Return the year of birth that a CPR number tells, by the table of the CPR office."""
    seventh, year = int(number[6]), int(number[4:6])
    if seventh <= 3 or (seventh in (4, 9) and year >= 37):
        return 1900 + year
    if seventh in (4, 9) or year <= 57:
        return 2000 + year
    return 1800 + year


def is_date(six: str) -> bool:
    """Return whether six digits are a day of the calendar as DDMMYY, in any century."""
    day, month, year = int(six[:2]), int(six[2:4]), int(six[4:])
    for hundred in (1800, 1900, 2000):
        try:
            date(hundred + year, month, day)
        except ValueError:
            continue
        return True
    return False


def test_a_real_date_is_told_from_none():
    assert is_date("290200")
    assert is_date("311299")
    assert not is_date("290201")
    assert not is_date("611299")
    assert not is_date("011399")


def test_a_number_tells_day_of_birth_century_and_sex(people):
    for number, birth, sex in zip(fictitious_cpr(people, 0, 7).tolist(), people.birth, people.sex, strict=True):
        text, born = str(number), EPOCH + timedelta(days=int(birth))
        assert len(text) == 10
        assert text[:6] == f"{born.day + 60}{born:%m%y}"
        assert century(text) == born.year
        assert int(text[-1]) % 2 == (1 if sex == 1 else 0)


def test_no_number_is_a_date(people):
    numbers = fictitious_cpr(people, 0, 7)
    assert not any(is_date(str(number)[:6]) for number in numbers.tolist())
    assert 61 <= numbers.min() // 10**8 <= numbers.max() // 10**8 <= 91
    drawn = pseudonyms(7, np.arange(50_000)).tolist()
    assert not any(is_date(f"{number:012d}"[:6]) or is_date(f"{number:012d}"[2:8]) for number in drawn)


@pytest.mark.parametrize("born", [date(1885, 5, 1), date(1936, 2, 29), date(1937, 1, 1), date(1999, 12, 31),
                                  date(2000, 1, 1), date(2036, 6, 1), date(2057, 3, 31)])  # fmt: skip
def test_numbers_are_distinct_in_all_shards_though_many_are_born_on_a_day(alike, born):
    numbers = [fictitious_cpr(alike(born, sex), part, 7) for part in range(PARTS) for sex in (1, 2)]
    together = np.concatenate(numbers)
    assert len(np.unique(together)) == len(together) == 80 * PARTS
    assert {century(str(number)) for number in together.tolist()} == {born.year}


def test_those_born_a_hundred_years_apart_share_no_number(alike):
    centuries = [alike(date(year, 6, 1), 1) for year in (1858, 1958, 1936, 2036)]
    numbers = np.concatenate([fictitious_cpr(some, part, 7) for some in centuries for part in range(PARTS)])
    assert len(np.unique(numbers)) == len(numbers)


def test_numbers_are_no_running_ones_and_another_seed_gives_others(people, alike):
    numbers = fictitious_cpr(people, 0, 7)
    assert len(np.unique(numbers)) == len(people)
    assert (fictitious_cpr(people, 0, 8) == numbers).mean() < 0.01
    assert (fictitious_cpr(people, 0, 7) == numbers).all()
    steps = np.diff(fictitious_cpr(alike(date(1950, 1, 1), 1), 0, 7))
    assert (np.abs(steps) > 10).all()


def test_too_many_born_on_a_day_or_too_late_is_told(people, alike):
    many = replace(people.part(0, 60), birth=np.full(60, -20_000, np.int32), sex=np.ones(60, np.int8))
    with pytest.raises(UsageError, match="too few for so many born on one day"):
        fictitious_cpr(many, 0, 7)
    with pytest.raises(UsageError, match=f"1858 to {LAST_YEAR} are required, got 2058 to 2058"):
        fictitious_cpr(alike(date(2058, 1, 1), 1), 0, 7)
    with pytest.raises(UsageError, match="people are required"):
        fictitious_cpr(many, PARTS, 7)
    assert MOST_PEOPLE <= PARTS * SHARD


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    folder = tmp_path_factory.mktemp("named")
    small = {"people": 400, "years": 5, "seed": 5}
    return tuple(region_at(folder / f"{kind}", fictitious_cpr=kind, **small) for kind in (False, True))


PEOPLE = {"t_psyk_adm": "v_cpr", "ophold_plejehjem": "v_pnr"}  # where the column is not `pnr`
WITHOUT = {"faik", "lpr_diag", "lpr_sksopr", "t_psyk_diag", "lpr_a_diagnose"}  # tables that name no person


@pytest.mark.parametrize("kind, digits", [(0, 12), (1, 10)])
def test_no_number_written_is_a_date(named, kind, digits):
    region = named[kind]
    tables = [(name, PEOPLE.get(name, "pnr")) for name in CORE if name not in WITHOUT]
    tables += [(name, "pnr") for name in ("truth_risk", "truth_year", "truth_state", "truth_person")]
    numbers = {pnr for table, column in tables for pnr in region.column(f"SELECT DISTINCT {column} FROM {table}")}
    assert len(numbers) > 400
    assert all(len(pnr) == digits and pnr.isdigit() for pnr in numbers)
    assert not [pnr for pnr in numbers if is_date(pnr[:6])]


def test_fictitious_numbers_are_other_names_for_the_same_people(named):
    plain, fictitious = named
    assert plain.rows == fictitious.rows
    for table, columns in {"bef": "koen, foed_dag, referencetid, kom", "lmdb": "eksd, atc", "dod": "doddato"}.items():
        assert plain.all(f"SELECT {columns} FROM {table}") == fictitious.all(f"SELECT {columns} FROM {table}")
    born = "SELECT count(*) FROM bef WHERE pnr[3:6] = strftime(foed_dag, '%m%y') AND (pnr[10]::INT % 2 = koen % 2)"
    assert fictitious.one(born) == fictitious.rows["bef"]
    assert fictitious.one("SELECT count(DISTINCT pnr) FROM bef") == plain.one("SELECT count(DISTINCT pnr) FROM bef")


def test_years_that_have_no_numbers_are_refused_before_anything_is_written(tmp_path):
    with pytest.raises(UsageError, match="at most 2057 with fictitious CPR numbers, got 2058"):
        region_at(tmp_path / "late", people=10, years=1, end=date(2058, 12, 31), delivered=date(2059, 3, 1),
                  fictitious_cpr=True)  # fmt: skip
    assert not list((tmp_path / "late" / "registers").iterdir())
