"""Laboratory answers: how often, what they say of a disease that is truly there, and how registers write them."""

import re

import numpy as np
import pyarrow as pa
import pytest

from pipelines.synthesis import laboratory
from pipelines.synthesis.calendar import DAY, NEVER
from pipelines.synthesis.laboratory import answers, laboratory_columns
from pipelines.synthesis.parameters import read_parameters
from pipelines.synthesis.shapes_medicine import LaboratoryFile, Test
from tests.unit.synthesis.scenes import FIRST_DAY, joined, part, scene_of, settled

CLEAN = frozenset()
QUIRKS = frozenset(("text_values", "several_npu"))
LONG = FIRST_DAY - 4000
HBA1C, EGFR, CREATININE, CRP, LDL, HB, TSH = (
    "NPU27300", "DNK35302", "NPU18016", "NPU19748", "NPU01568", "NPU02319", "NPU03577"
)  # fmt: skip


@pytest.fixture(scope="module")
def given():
    return read_parameters()


@pytest.fixture(scope="module")
def people(given):
    return settled(given, 4000)


def taken(people, given, quirks=CLEAN, **how):
    return laboratory.tests_of_year(scene_of(people, given, **how), given, quirks)


def told(rows, given, npu, column="answer"):
    """Return what was told under a code: the texts of the answers, or another column."""
    found = answers(given)
    mine = rows["code"] == found.npu.index(npu)
    if column != "answer":
        return rows[column][mine]
    return np.array(found.texts, dtype=object)[rows["answer"][mine]]


def values(rows, given, npu):
    return told(rows, given, npu).astype(float)


def stays_of(people, at=FIRST_DAY + 30, days=5):
    """Return one stay for everybody."""
    n = len(people)
    start = np.full(n, at * DAY + 600)
    return {
        "person": np.arange(n),
        "start": start,
        "end": start + days * DAY,
        "kind": np.zeros(n, np.int8),
        "condition": np.full(n, -1, np.int16),
    }


@pytest.mark.parametrize(
    "condition, npu, low, high",
    [
        ("t2d", HBA1C, 47, 60),
        ("t1d", HBA1C, 56, 74),
        ("ckd", EGFR, 45, 80),
        ("ckd", CREATININE, 85, 160),
        ("anemia", HB, 6.2, 7.9),
        ("thyroid", TSH, 1.7, 4.0),
        ("liver", "NPU19651", 38, 80),
        ("t2d", "NPU19661", 9, 30),
    ],
)
def test_levels_of_those_who_have_a_disease(given, people, condition, npu, low, high):
    sick = values(taken(people, given, has={condition: LONG}), given, npu)
    well = values(taken(people, given), given, npu)
    assert low < np.median(sick) < high
    assert abs(np.median(sick) - np.median(well)) > 0.03 * np.median(well)


def test_a_known_disease_is_tested_more_often(given, people):
    known = taken(people, given, has={"t2d": LONG})
    unknown = taken(people, given, has={"t2d": LONG}, recognised={"t2d": NEVER})
    well = taken(people, given)
    many, some, few = (len(told(rows, given, HBA1C)) for rows in (known, unknown, well))
    assert many > 4 * few
    assert some == few


def test_hba1c_rises_years_before_and_falls_once_treated(given, people):
    def median(onset, known):
        return np.median(values(taken(people, given, has={"t2d": onset}, recognised={"t2d": known}), given, HBA1C))

    middle = FIRST_DAY + 180
    far, near, at_onset, untreated, treated = (
        median(middle + 8 * 365, NEVER),
        median(middle + 2 * 365, NEVER),
        median(middle, NEVER),
        median(middle - 3 * 365, NEVER),
        median(middle - 3 * 365, middle - 2 * 365),
    )
    assert far < near < at_onset < untreated
    assert near > far + 5
    assert treated < untreated - 5
    assert untreated > 48


def test_inflammation_shows_more_often(given, people):
    sick, well = (values(taken(people, given, has=has), given, CRP) > 8 for has in ({"connective": LONG}, {}))
    assert sick.mean() > 1.8 * well.mean()
    assert np.median(values(taken(people, given), given, CRP)) == 4  # half lie below what is reported


def test_kidney_function_goes_down_year_by_year(given, people):
    early, late = (values(taken(people, given, has={"ckd": FIRST_DAY - 365 * y}), given, EGFR) for y in (1, 12))
    assert np.median(late) < np.median(early) - 4


def test_kidney_function_falls_with_age(given, people):
    rows = taken(people, given)
    age = people.age(FIRST_DAY)[told(rows, given, EGFR, "person")]
    egfr = values(rows, given, EGFR)
    assert egfr[age > 75].mean() < egfr[(age > 20) & (age < 50)].mean() - 15


def test_creatinine_and_egfr_of_one_sample_tell_the_same(given, people):
    rows = taken(people, given, has={"ckd": LONG})
    both = {}
    for npu in (EGFR, CREATININE):
        key = told(rows, given, npu, "person") * 1000 + told(rows, given, npu, "day") - FIRST_DAY
        both[npu] = dict(zip(key.tolist(), values(rows, given, npu).tolist(), strict=True))
    common = sorted(both[EGFR].keys() & both[CREATININE].keys())
    egfr, creatinine = (np.array([both[npu][key] for key in common]) for npu in (EGFR, CREATININE))
    person = np.array(common) // 1000
    adult = (egfr > 10) & (egfr < 90) & (people.age(FIRST_DAY)[person] >= 18)
    age = (np.array(common)[adult] % 1000 + FIRST_DAY - people.birth[person[adult]]) / 365.25
    man = people.sex[person[adult]] == 1
    ratio = creatinine[adult] / 88.4 / np.where(man, 0.9, 0.7)
    power = np.where(man, -0.411, -0.329)
    expected = 141 * np.minimum(ratio, 1) ** power * np.maximum(ratio, 1) ** -1.209 * 0.993**age
    expected *= np.where(man, 1.0, 1.018)
    assert adult.sum() > 500
    assert np.abs(expected - egfr[adult]).max() < 2.5


def test_statins_lower_ldl_in_those_who_take_them(given, people):
    known = values(taken(people, given, has={"dyslipidemia": LONG}), given, LDL)
    unknown = values(taken(people, given, has={"dyslipidemia": LONG}, recognised={"dyslipidemia": NEVER}), given, LDL)
    assert np.median(known) < np.median(unknown) - 0.8


def test_a_stay_brings_samples_and_infection(given, people):
    without, within = (taken(people, given, **how) for how in ({}, {"stays": stays_of(people)}))
    days = told(within, given, CRP, "day")
    during = (days >= FIRST_DAY + 30) & (days <= FIRST_DAY + 35)
    assert during.sum() > len(told(without, given, CRP))
    high = values(within, given, CRP) > 10
    assert high[during].mean() > 2 * high[~during].mean()
    assert during.sum() / len(people) == pytest.approx(2 * 0.92, rel=0.15)  # two samples in five days


def test_a_persons_own_level_stays_from_year_to_year(given, people):
    means = []
    for year in (2015, 2017):
        rows = taken(people, given, year=year, has={"anemia": LONG})
        person, value = told(rows, given, HB, "person"), values(rows, given, HB)
        total, many = np.bincount(person, value, len(people)), np.bincount(person, minlength=len(people))
        means.append(np.where(many > 0, total / np.maximum(many, 1), np.nan))
    both = np.isfinite(means[0]) & np.isfinite(means[1])
    assert both.sum() > 1000
    assert np.corrcoef(means[0][both], means[1][both])[0, 1] > 0.6


def test_less_access_means_fewer_tests(given, people):
    whole = taken(people, given, has={"t2d": LONG})
    thin = taken(people, given, has={"t2d": LONG}, access=np.full(len(people), 0.6))
    assert len(thin["day"]) / len(whole["day"]) == pytest.approx(0.6, abs=0.03)


def test_nothing_is_tested_before_coming_or_after_leaving(given):
    people = settled(given, 500, years=2)
    people.death[:200] = FIRST_DAY + 32
    scene = scene_of(people, given, has={"ckd": LONG}, stays=stays_of(people, days=20))
    rows = laboratory.tests_of_year(scene, given, CLEAN)
    assert (rows["day"] >= scene.begins[rows["person"]]).all()
    assert (rows["day"] <= scene.ends[rows["person"]]).all()
    assert rows["day"][rows["person"] < 200].max() <= FIRST_DAY + 32


def test_samples_outside_hospital_are_taken_on_working_days(given, people):
    assert set((taken(people, given)["day"] + 3) % 7) == {0, 1, 2, 3, 4}


def test_rows_are_sorted_and_a_code_is_told_once_a_day(given, people):
    rows = taken(people, given, QUIRKS, has={"ckd": LONG})
    key = (rows["person"] * 1000 + rows["day"] - FIRST_DAY) * 100 + rows["code"]
    assert (np.diff(key) > 0).all()


def test_rows_do_not_depend_on_the_block(given):
    people = settled(given, 300)
    onset = FIRST_DAY - 900 + (np.arange(len(people)) * 37) % 1400
    has = {name: np.roll(onset, 7 * place) for place, name in enumerate(("t2d", "ckd", "anemia", "dyslipidemia"))}
    stays = {name: values[::3] for name, values in stays_of(people).items()}
    scene = scene_of(people, given, has=has, year=2016, stays=stays | {"start": stays["start"] + 366 * DAY,
                                                                       "end": stays["end"] + 366 * DAY})  # fmt: skip
    whole = laboratory.tests_of_year(scene, given, QUIRKS)
    assert len(whole["day"]) > 1000
    for at in (1, 137, len(people) - 1):
        halves = [laboratory.tests_of_year(part(scene, *ends), given, QUIRKS) for ends in ((0, at), (at, len(people)))]
        both = joined(*halves, at)
        assert all(np.array_equal(whole[name], both[name]) for name in whole)


def test_answers_are_texts_with_the_quirk_and_numbers_without(given, people):
    has = {"ckd": LONG, "t2d": LONG}
    found = np.array(answers(given).texts, dtype=object)
    clean = found[taken(people, given, has=has)["answer"]]
    texts = found[taken(people, given, frozenset(["text_values"]), has=has)["answer"]]
    assert len(clean) == len(texts)
    assert all(re.fullmatch(r"\d+(\.\d+)?", each) for each in set(clean))
    others = {each for each in set(texts) if not re.fullmatch(r"\d+(\.\d+)?", each)}
    assert {"<4", ">90", "Aflyst", "ikke påvist"} <= others
    assert all(re.fullmatch(r"[<>]\d+(\.\d+)?|Aflyst|ikke påvist", each) for each in others)
    assert (texts == "Aflyst").mean() == pytest.approx(given.laboratory.taking.cancelled, abs=0.001)


def test_numbers_have_the_decimals_of_their_test_and_lie_within_what_is_reported(given, people):
    rows = taken(people, given, has={"ckd": LONG, "liver": LONG})
    for test in given.laboratory.test:
        mine = told(rows, given, test.npu)
        assert len(mine) > 20, test.npu
        assert all(len(each.partition(".")[2]) == test.decimals for each in set(mine)), test.npu
        assert mine.astype(float).min() >= round(test.low, test.decimals)
        assert mine.astype(float).max() <= test.high


def test_some_laboratories_report_other_codes_in_earlier_years(given, people):
    has = {"t2d": LONG}

    def codes(year, quirks):
        rows = taken(people, given, quirks, year=year, has=has)
        return {npu: len(told(rows, given, npu)) for npu in answers(given).npu}

    early, late, clean = codes(2015, QUIRKS), codes(2020, QUIRKS), codes(2015, CLEAN)
    assert early["NPU03835"] / (early["NPU03835"] + early[HBA1C]) == pytest.approx(0.35, abs=0.04)
    assert early["DNK35131"] > 0 < early["NPU10171"]
    assert late["NPU03835"] == late["DNK35131"] == 0 < late["NPU10171"]
    assert not any(clean[npu] for npu in ("NPU03835", "DNK35131", "NPU10171"))
    assert early["NPU03835"] + early[HBA1C] == clean[HBA1C]


def test_hba1c_in_per_cent_says_the_same_as_in_mmol(given, people):
    rows = taken(people, given, frozenset(["several_npu"]), has={"t2d": LONG})
    percent, mmol = np.median(values(rows, given, "NPU03835")), np.median(values(rows, given, HBA1C))
    assert percent == pytest.approx(0.0915 * mmol + 2.15, abs=0.15)


def test_the_table_has_its_columns(given, people):
    rows = taken(people, given, QUIRKS)
    columns = laboratory_columns(rows, pa.array(rows["person"]), given)
    assert list(columns) == ["pnr", "npu", "samplingdato", "samplevalue", "unit"]
    assert {len(column) for column in columns.values()} == {len(rows["day"])}
    assert columns["samplingdato"].type == pa.date32()
    assert columns["samplevalue"].to_pylist()[:50] == [answers(given).texts[each] for each in rows["answer"][:50]]
    assert len(columns["samplevalue"].dictionary) < 3000
    units = dict(zip(columns["npu"].to_pylist(), columns["unit"].to_pylist(), strict=True))
    assert units[HBA1C] == "mmol/mol"
    assert units["NPU03835"] == "%"


BASE = {
    **{"npu": "NPU00001", "unit": "g/L", "latent": "x", "rate": [[0, 0.1]], "mean": [1, 1], "between": 1},
    **{"within": 1, "low": 1, "high": 9, "decimals": 1},
}


@pytest.mark.parametrize(
    "change, problem",
    [
        ({"npu": "27300"}, "pattern"),
        ({"rate": [[5, 0.1], [5, 0.2]]}, "ages need to rise"),
        ({"low": 9, "high": 1}, "low < high"),
        ({"high": 5000}, "10000"),
        ({"low": 0, "log": True}, "above 0"),
        ({"shift": {"t2d": {"by": 1, "treated": 2}}}, "less than or equal to 1"),
        ({"drugs": {"statin": -1}}, "pattern"),
        ({"decimals": 3}, "less than or equal to 2"),
    ],
)
def test_what_cannot_be_is_refused(change, problem):
    with pytest.raises(ValueError, match=problem):
        Test.model_validate(BASE | change)


def test_a_file_without_tests_is_refused(given):
    with pytest.raises(ValueError, match="test"):
        LaboratoryFile.model_validate(given.laboratory.model_dump() | {"test": ()})


def test_samples_are_spread_evenly_over_working_days(given, people):
    rows = taken(people, given, has={"t2d": LONG})
    sampled = np.unique(rows["person"] * 1000 + rows["day"] - FIRST_DAY) % 1000 + FIRST_DAY
    many = np.bincount((sampled + 3) % 7, minlength=7)
    assert (many[5:] == 0).all()
    assert many[:5].max() < 1.12 * many[:5].min()


def test_those_in_hospital_have_samples_at_weekends(given, people):
    during = taken(people, given, stays=stays_of(people))["day"]  # from a Saturday
    assert ((during + 3) % 7 >= 5).any()


def test_no_test_is_taken_below_its_age(given, people):
    everything = dict.fromkeys(("t1d", "dyslipidemia", "thyroid", "ckd", "liver"), LONG)
    rows = taken(people, given, has=everything, stays=stays_of(people))
    age = np.maximum(people.age(FIRST_DAY), 0)
    assert (age < 1).any()
    for test in given.laboratory.test:
        assert age[told(rows, given, test.npu, "person")].min() >= test.from_age
    lowest = {test.npu: test.from_age for test in given.laboratory.test}
    assert (lowest[EGFR], lowest[LDL], lowest[HBA1C], lowest[TSH]) == (18, 5, 1, 1)


def test_age_alone_brings_no_child_a_test_of_adults(given, people):
    rows, age = taken(people, given, stays=stays_of(people)), people.age(FIRST_DAY)
    assert age[told(rows, given, HBA1C, "person")].min() >= 18
    assert age[told(rows, given, LDL, "person")].min() >= 10
    diabetic = taken(people, given, has={"t1d": LONG})
    assert age[told(diabetic, given, HBA1C, "person")].min() < 5
    assert age[told(diabetic, given, LDL, "person")].min() < 8
