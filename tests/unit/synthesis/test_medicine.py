"""Purchases of drugs: they follow what care knows, go on over the years, and fill the table as it is declared."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from pipelines.synthesis.calendar import NEVER, day_number
from pipelines.synthesis.medicine import lmdb_columns, purchases, taking
from pipelines.synthesis.medicine_tables import medicine_tables
from pipelines.synthesis.parameters import read_parameters
from pipelines.synthesis.shapes_medicine import Drug, MedicineFile
from tests.unit.synthesis.scenes import FIRST_DAY, joined, part, scene_of, settled

PCOS = "0000781"
LONG = FIRST_DAY - 4000


@pytest.fixture(scope="module")
def given():
    return read_parameters()


@pytest.fixture(scope="module")
def people(given):
    return settled(given, 3000)


def buying(rows, given, atc):
    """Return which purchases are of drugs whose code begins so."""
    codes = np.array(medicine_tables(given).atc)[rows["product"]]
    return np.char.startswith(codes, atc)


def buyers(rows, given, atc, people, at_least=1):
    """Return who bought such drugs so many times in the year."""
    return np.bincount(rows["person"][buying(rows, given, atc)], minlength=len(people)) >= at_least


def old_enough(people, age=30):
    return (people.age(FIRST_DAY) >= age) & (people.entry < FIRST_DAY)


def faithful(people, adherence=1.0):
    """Return the same people, who buy that share of what they are to buy."""
    return replace(people, adherence=np.full(len(people), adherence))


def year_of(people, given, year=2015, quirks=frozenset(), **how):
    return purchases(scene_of(people, given, year=year, **how), given, quirks)


@pytest.mark.parametrize(
    "condition, atc, low, high",
    [
        ("t1d", "A10A", 0.97, 1.0),
        ("t2d", "A10BA02", 0.60, 0.80),
        ("bipolar", "N05AN01", 0.35, 0.45),
        ("schizophrenia", "N05A", 0.75, 0.95),
        ("parkinson", "N04B", 0.80, 0.97),
        ("af", "B01A", 0.72, 0.92),
        ("dyslipidemia", "C10AA", 0.74, 0.90),
        ("hiv", "J05AR", 0.90, 1.0),
        ("dementia", "N06D", 0.45, 0.65),
        ("substance", "N07BC", 0.12, 0.22),
        ("copd", "R03", 0.75, 0.97),
    ],
)
def test_a_condition_brings_its_drugs(given, people, condition, atc, low, high):
    share = buyers(year_of(people, given, has={condition: LONG}), given, atc, people)[old_enough(people)].mean()
    assert low <= share <= high


def test_what_care_does_not_know_is_not_treated(given, people):
    rows = year_of(people, given, has={"t1d": LONG, "parkinson": LONG}, recognised={"t1d": NEVER, "parkinson": NEVER})
    assert not buying(rows, given, "A10A").any()
    assert not buying(rows, given, "N04BA").any()


def test_a_drug_begins_days_to_weeks_after_the_condition_is_known(given, people):
    known = FIRST_DAY + 100
    rows = year_of(people, given, has={"t1d": FIRST_DAY}, recognised={"t1d": known})
    chosen = buying(rows, given, "A10A")
    first = np.full(len(people), NEVER)
    np.minimum.at(first, rows["person"][chosen], rows["day"][chosen])
    wait = first[first < NEVER] - known
    assert wait.min() >= 0
    assert 3 < np.median(wait) < 35


def test_most_with_hypertension_buy_two_classes_within_half_a_year(given, people):
    rows = year_of(people, given, has={"hypertension": LONG})
    early = rows["day"] < FIRST_DAY + 180
    classes = 0
    for codes in (("C03A", "C03B", "C09BA", "C09DA"), ("C07A",), ("C08",), ("C09",)):
        chosen = early & np.any([buying(rows, given, code) for code in codes], axis=0)
        classes = classes + (np.bincount(rows["person"][chosen], minlength=len(people)) > 0)
    assert 0.6 < (classes >= 2)[old_enough(people)].mean() < 0.9


def test_drugs_alone_show_pain_and_distress(given, people):
    analgesic, sedative = ("N02A", "N02B", "M01A"), ("N05B", "N05C")
    rows = {name: year_of(people, given, has={name: LONG}) for name in ("pain", "distress")}
    rows["none"] = year_of(people, given)
    there = old_enough(people)

    def share(name, codes, times):
        chosen = np.any([buying(rows[name], given, code) for code in codes], axis=0)
        return (np.bincount(rows[name]["person"][chosen], minlength=len(people)) >= times)[there].mean()

    assert share("pain", analgesic, 4) > 0.85
    assert share("distress", sedative, 2) > 0.8
    assert share("none", analgesic, 4) < 0.06
    assert share("none", sedative, 2) < 0.04


def test_antidepressants_are_no_sure_sign_of_depression(given, people):
    there = old_enough(people)
    nerve = year_of(people, given, has={"neuropathy": LONG})
    low = year_of(people, given, has={"depression": LONG})
    assert buyers(nerve, given, "N06AA", people)[there].mean() > 0.05
    assert buyers(nerve, given, "N06AX21", people)[there].mean() > 0.03
    assert buyers(nerve, given, "N06AB", people)[there].mean() < 0.01
    assert buyers(low, given, "N06AB", people)[there].mean() > 0.3
    assert buyers(low, given, "N06AA", people)[there].mean() < 0.02


def test_metformin_of_young_women_without_diabetes_says_why(given, people):
    rows = year_of(people, given)
    chosen = buying(rows, given, "A10BA02")
    assert chosen.any()
    who = rows["person"][chosen]
    assert (people.sex[who] == 2).all()
    assert (people.age(FIRST_DAY)[who] < 44).all()
    codes = np.array(medicine_tables(given).indications)
    assert set(codes[rows["indication"][chosen]]) == {PCOS}


def test_glp1_without_diabetes_comes_in_2020(given, people):
    before, after = (year_of(people, given, year=year) for year in (2019, 2023))
    assert not buying(before, given, "A10BJ").any()
    assert 0.005 < buyers(after, given, "A10BJ", people)[old_enough(people)].mean() < 0.04


def test_products_that_came_later_are_not_bought_before(given, people):
    tables = medicine_tables(given)
    for year in (2015, 2018, 2024):
        rows = year_of(people, given, year=year, has={"t2d": LONG, "hiv": LONG, "copd": LONG})
        assert (tables.product_since[rows["product"][rows["product"] < tables.acute_first]] <= year).all()


def test_only_the_sex_a_drug_is_for_buys_it(given, people):
    rows = year_of(people, given, has={"prostate": LONG, "cancer": LONG})
    for atc, sex in (("G03A", 2), ("G03CA", 2), ("L02BG", 2), ("G04C", 1), ("G04BE", 1), ("L02AE", 1)):
        chosen = buying(rows, given, atc)
        assert chosen.any(), atc
        assert (people.sex[rows["person"][chosen]] == sex).all(), atc


def test_statins_go_on_and_antidepressants_stop_and_begin_again(given, people):
    there = old_enough(people)
    taken = {
        year: year_of(people, given, year=year, has={"dyslipidemia": FIRST_DAY - 400, "depression": FIRST_DAY - 400})
        for year in (2015, 2016, 2019)
    }

    def kept(atc, year):
        first, later = (buyers(taken[each], given, atc, people)[there] for each in (2015, year))
        return later[first].mean()

    assert kept("C10AA", 2019) > 0.97
    assert kept("N06AB", 2016) < 0.9
    assert 0.5 < kept("N06AB", 2019) < 0.92


def test_purchases_come_at_regular_intervals_over_new_year(given, people):
    people = faithful(people)
    parts = [year_of(people, given, year=year, has={"thyroid": LONG}) for year in (2015, 2016, 2017)]
    gaps = []
    for person in range(200):
        days = np.concatenate(
            [rows["day"][buying(rows, given, "H03AA") & (rows["person"] == person)] for rows in parts]
        )
        gaps.append(np.diff(days))
    gap = np.concatenate(gaps)
    interval = 365.25 / next(drug.fills for drug in given.medicine.drug if drug.atc == "H03AA01")
    assert len(gap) > 500
    assert np.median(gap) == pytest.approx(interval, rel=0.03)
    assert (np.abs(gap - interval) < interval / 4).mean() > 0.98


def test_less_adherence_and_less_access_mean_fewer_purchases(given, people):
    has = {"ihd": LONG, "schizophrenia": LONG}
    scene = scene_of(people, given, has=has)
    whole = purchases(scene, given, frozenset())
    thin = purchases(scene_of(people, given, has=has, access=np.full(len(people), 0.64)), given, frozenset())
    count = {name: (buying(rows, given, "C").sum(), buying(rows, given, "N05A").sum())
             for name, rows in (("whole", whole), ("thin", thin))}  # fmt: skip
    assert count["thin"][0] / count["whole"][0] == pytest.approx(0.64, abs=0.03)
    assert count["thin"][1] == count["whole"][1]
    half, full = (year_of(faithful(people, share), given, has=has) for share in (0.5, 1.0))
    assert buying(half, given, "C10").sum() / buying(full, given, "C10").sum() == pytest.approx(0.5, abs=0.03)


def test_drugs_packed_by_dose_come_every_few_weeks(given, people):
    people = faithful(people)
    scene = scene_of(people, given, has={"thyroid": LONG}, care_home=np.full(len(people), LONG, np.int32))
    rows = purchases(scene, given, frozenset())
    packs = lmdb_columns(rows, pa.array(np.zeros(len(rows["day"]))), given)["apk"].to_numpy()
    dosed = packs < 1
    often = np.bincount(rows["person"][dosed & buying(rows, given, "H03AA")], minlength=len(people))
    there = old_enough(people, 0)
    days = given.medicine.buying.dosed_days
    assert set(packs[dosed]) == {days / 100}
    assert often[there & (often > 0)].mean() == pytest.approx(365 / days, abs=0.6)
    assert not (year_of(people, given, has={"thyroid": LONG})["packs"] == 0).any()


def test_nothing_is_bought_before_coming_or_after_leaving(given):
    people = settled(given, 400, years=2)
    people.death[:200] = FIRST_DAY + 90
    scene = scene_of(people, given, has={"t1d": LONG, "pain": FIRST_DAY + 30})
    rows = purchases(scene, given, frozenset())
    assert (rows["day"] >= scene.begins[rows["person"]]).all()
    assert (rows["day"] <= scene.ends[rows["person"]]).all()
    assert rows["day"][rows["person"] < 200].max() <= FIRST_DAY + 90


def test_rows_are_sorted_and_a_product_is_bought_once_a_day(given, people):
    rows = year_of(people, given, has={"pain": LONG, "copd": LONG})
    key = (rows["person"] * 1000 + rows["day"] - FIRST_DAY) * 1000 + rows["product"]
    assert (np.diff(key) > 0).all()


def test_rows_do_not_depend_on_the_block(given):
    people = settled(given, 300)
    onset = FIRST_DAY - 900 + (np.arange(len(people)) * 37) % 1400
    has = {name: np.roll(onset, 7 * place) for place, name in enumerate(("t2d", "pain", "copd", "depression", "af"))}
    scene = scene_of(people, given, has=has, year=2016)
    whole = purchases(scene, given, {"missing_indo"})
    for at in (1, 137, len(people) - 1):
        halves = [purchases(part(scene, *ends), given, {"missing_indo"}) for ends in ((0, at), (at, len(people)))]
        both = joined(*halves, at)
        assert whole.keys() == both.keys()
        assert all(np.array_equal(whole[name], both[name]) for name in whole)


def test_the_indication_is_missing_as_often_as_declared_and_only_with_the_quirk(given, people):
    quirks, buying_ = given.care.quirks, given.medicine.buying
    for year, factor in ((2016, buying_.early_missing), (2019, 1.0)):
        assert day_number(buying_.early_until) < given.year(2019).first
        rows = year_of(people, given, year=year, quirks={"missing_indo"}, has={"t2d": LONG})
        share = (rows["indication"] < 0).mean()
        assert share == pytest.approx(quirks.missing_indication * factor, abs=0.01)
    assert (year_of(people, given)["indication"] >= 0).all()


def test_the_table_has_its_columns(given, people):
    rows = year_of(people, given, quirks={"missing_indo"})
    columns = lmdb_columns(rows, pa.array(rows["person"]), given)
    assert list(columns) == ["pnr", "eksd", "atc", "vnr", "apk", "packsize", "strnum", "volume", "indo"]
    assert {len(column) for column in columns.values()} == {len(rows["day"])}
    assert columns["eksd"].type == pa.date32()
    assert set(columns["apk"].to_pylist()) <= {1.0, 2.0, 3.0}
    codes, numbers = columns["atc"].to_pylist(), columns["vnr"].to_pylist()
    assert all(len(code) == 7 for code in set(codes))
    assert len(set(numbers)) >= len(set(codes)) > 60
    indications = set(columns["indo"].to_pylist())
    assert None in indications
    assert all(each.isdigit() and len(each) == 7 for each in indications - {None})


def test_people_of_all_ages_buy_about_as_much_as_danes(given):
    people = settled(given, 4000)
    rows = year_of(people, given)
    per = np.bincount(rows["person"], minlength=len(people))[people.entry < FIRST_DAY]
    age = people.age(FIRST_DAY)[people.entry < FIRST_DAY]
    assert 0.8 < per[age < 18].mean() < 2.5  # without any condition; in all it is 7-8 (benchmarks)
    assert per[(age >= 18) & (age < 65)].mean() < per[age >= 75].mean()


def test_who_takes_a_drug_can_be_asked(given, people):
    known = FIRST_DAY - 50
    scene = scene_of(people, given, has={"dyslipidemia": known})
    since = taking(scene, given, ["C10AA", "N05AN"])
    assert (since["C10AA"] >= known).all()
    takes = since["C10AA"] < NEVER
    assert 0.75 < takes[old_enough(people, 0)].mean() < 0.9
    assert (since["N05AN"] == NEVER).all()
    bought = buyers(purchases(scene, given, frozenset()), given, "C10AA", people)
    assert not (bought & ~takes).any()


BASE = {"atc": "C10AA05", "packsize": 98, "volume": 98, "strength": 40, "fills": 4}


@pytest.mark.parametrize(
    "change, problem",
    [
        ({}, "nobody takes it"),
        ({"users": {"ihd": 1.2}}, "less than or equal to 1"),
        ({"users": {"ihd": 0.5}, "fills": 0}, "greater than 0"),
        ({"users": {"ihd": 0.5}, "spell": 2}, "spell and pause"),
        ({"ages": [[50, 0.1], [40, 0.2]]}, "ages need to rise"),
        ({"ages": [[50, 1.4]]}, "between 0 and 1"),
        ({"users": {"ihd": 0.5}, "atc": "C10"}, "pattern"),
        ({"users": {"ihd": 0.5}, "instead": [BASE | {"share": 0.7}, BASE | {"share": 0.6}]}, "Extra inputs"),
    ],
)
def test_what_cannot_be_is_refused(change, problem):
    with pytest.raises(ValueError, match=problem):
        Drug.model_validate(BASE | change)


def test_shares_of_products_add_to_one_at_most():
    product = {key: value for key, value in BASE.items() if key != "fills"}
    instead = [product | {"share": 0.7}, product | {"share": 0.6}]
    with pytest.raises(ValueError, match="more than 1"):
        Drug.model_validate(BASE | {"users": {"ihd": 0.5}, "instead": instead})


def test_a_file_without_drugs_is_refused(given):
    whole = given.medicine.model_dump()
    with pytest.raises(ValueError, match="drug"):
        MedicineFile.model_validate(whole | {"drug": ()})


def test_nobody_and_no_drug_are_no_trouble(given, people):
    scene = scene_of(people, given)
    assert len(purchases(part(scene, 5, 5), given, {"missing_indo"})["day"]) == 0
    assert taking(scene, given, []) == {}


def test_few_purchases_are_made_at_weekends(given, people):
    for has in ({}, {"dyslipidemia": LONG, "pain": LONG}):
        many = np.bincount((year_of(people, given, has=has)["day"] + 3) % 7, minlength=7)
        working = many[:5].mean()
        assert many[:5] == pytest.approx(np.full(5, working), rel=0.1)
        assert many[5] / working == pytest.approx(1 / 2, abs=0.08)
        assert many[6] / working == pytest.approx(1 / 12, abs=0.03)


def test_a_purchase_moved_over_new_year_is_made_in_the_next_year(given):
    people = faithful(settled(given, 4000))  # 2016-12-31 is a Saturday, 2017-01-01 a Sunday
    first, second = (year_of(people, given, year=year, has={"dyslipidemia": LONG}) for year in (2016, 2017))
    new_year = given.year(2017).first
    week = second["day"][buying(second, given, "C10")] - new_year
    usual = np.bincount(week[(week >= 8) & (week < 36)] // 7).max() / 5
    assert np.bincount(week, minlength=9)[1:6].min() > 0.5 * usual
    assert first["day"].max() < new_year <= second["day"].min()


def test_nobody_takes_a_drug_below_its_age(given, people):
    everything = dict.fromkeys(given.names, LONG)
    rows = year_of(people, given, has=everything)
    tables, medicine = medicine_tables(given), given.medicine
    lowest = np.array([each.from_age for each in (*medicine.drug, *medicine.acute)])
    product = np.concatenate([tables.product_drug, tables.drugs + np.arange(tables.acute)])
    age = np.floor((rows["day"] - people.birth[rows["person"]]) / 365.25 + 0.003)
    assert (age >= lowest[product[rows["product"]]]).all()
    for atc, least in (("N02AX02", 18), ("N02AA01", 18), ("N05C", 5), ("N05BA", 18), ("N02AJ06", 12), ("C10AA", 30)):
        chosen = buying(rows, given, atc)
        assert chosen.any(), atc
        assert age[chosen].min() >= least, atc


def test_infants_buy_nothing_of_adults_for_their_age_alone(given):
    people = settled(given, 20_000)
    rows = year_of(people, given)
    infant = people.age(FIRST_DAY)[rows["person"]] < 1
    codes = {medicine_tables(given).atc[place][:3] for place in np.unique(rows["product"][infant])}
    assert codes
    assert not codes & {"N05", "N06", "C10", "A02", "H03", "B03", "C09", "G03", "A06"}


def test_a_child_with_pain_begins_with_opioids_when_grown(given, people):
    scene = scene_of(people, given, has={"pain": LONG})
    since = taking(scene, given, ["N02A"])["N02A"]
    takes = since < NEVER
    assert takes.any()
    assert ((since - people.birth)[takes] >= 12 * 365).all()
