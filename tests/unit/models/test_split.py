"""Training, calibration and test are apart in time and in people; too few events is an answer, not an error."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.sample_size import rows_needed
from models.split import NotTrained, enough, followed_rows, person_share, refuse_overlap, split_rows
from models.table import Labels, Table

MASK = 2**64 - 1
OUTCOME = "acute_admission_365d"


def splitmix64(state: int) -> int:
    """The generator's finaliser in Python's own integers (Steele, Lea and Flood 2014)."""
    z = state & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


@pytest.fixture
def rows(january):
    """A few hundred people at some yearly landmarks, every label known and every third an event."""

    def make(*years: int, people: int = 300) -> Table:
        person = np.tile(np.arange(people, dtype=np.int32), len(years))
        return bare(person, np.repeat(january(*years), people), (person % 3 == 0).astype(float))

    return make


def bare(person: np.ndarray, landmark: np.ndarray, y: np.ndarray, **more) -> Table:
    """A table without columns: the split reads none."""
    return Table(person, landmark, np.empty((len(person), 0)), [], {OUTCOME: Labels.of(y)}, **more)


def labelled(table: Table, y: np.ndarray) -> Table:
    return replace(table, labels={OUTCOME: Labels.of(y)})


# --- the hash --------------------------------------------------------------------------------------------------------


def test_the_first_numbers_of_seed_0_are_the_published_ones():
    published = np.array([0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F], dtype=np.uint64)
    got = person_share(np.arange(3, dtype=np.int32), seed=0)
    np.testing.assert_array_equal(got, (published >> np.uint64(11)) * 2.0**-53)


@pytest.mark.parametrize("seed", [0, 1, 20190203, 2**63 - 1])
def test_the_hash_is_the_one_in_plain_integers(seed):
    people = np.array([0, 1, 7, 1_300_000, 2**31 - 1], dtype=np.int32)
    expected = [(splitmix64(seed + (int(p) + 1) * 0x9E3779B97F4A7C15) >> 11) / 2**53 for p in people]
    np.testing.assert_array_equal(person_share(people, seed), expected)


def test_shares_are_even_and_seeds_are_unrelated():
    people = np.arange(100_000, dtype=np.int32)
    one, other = person_share(people, 5), person_share(people, 6)
    counts = np.bincount((one * 10).astype(int), minlength=10)
    assert np.all(np.abs(counts - 10_000) < 400)
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.02


# --- the split -------------------------------------------------------------------------------------------------------


def test_yearly_landmarks_test_on_the_last_calibrate_one_before_train_on_all_earlier(spec, outcome, rows, january):
    split = split_rows(spec.split, outcome, rows(2015, 2016, 2017, 2018, 2019, 2020))
    assert split.landmarks["test"] == (january(2020)[0],)
    assert split.landmarks["calibrate"] == (january(2019)[0],)
    assert split.landmarks["train"] == tuple(january(2015, 2016, 2017, 2018))


def test_the_test_is_the_last_landmark_that_has_closed(spec, outcome, rows, january):
    table = rows(2016, 2017, 2018, 2019, 2020)
    y = np.where(table.landmark == january(2020), np.nan, table.labels[OUTCOME].y)
    split = split_rows(spec.split, outcome, labelled(table, y))
    assert split.landmarks["test"] == (january(2019)[0],)
    assert split.landmarks["train"] == tuple(january(2016, 2017))


def test_no_person_is_in_development_and_test_and_no_row_in_two_parts(spec, outcome, table):
    split = split_rows(spec.split, outcome, table)
    train, calibrate, test = (split.rows[part] for part in ("train", "calibrate", "test"))
    developed = set(table.person[train]) | set(table.person[calibrate])
    assert not developed & set(table.person[test])
    assert not set(train) & set(calibrate)
    assert 0.37 < len(set(table.person[test])) / len(set(table.person)) < 0.43


# --- the folds -------------------------------------------------------------------------------------------------------


@pytest.fixture
def split(spec, outcome, table):
    return split_rows(spec.split, outcome, table)


def test_whoever_is_asked_about_is_in_no_row_of_the_fit_that_answers(split, table):
    train, calibrate = (table.person[split.rows[part]] for part in ("train", "calibrate"))
    assert set(train) & set(calibrate), "nobody stands in both: there would be nothing to cross"
    crossed = list(split.crossed())
    assert len(crossed) == 4
    for fitted, asked in crossed:
        assert not set(train[fitted]) & set(calibrate[asked])
        assert 0.65 < fitted.mean() < 0.85
        assert 0.15 < asked.mean() < 0.35
    np.testing.assert_array_equal(sum(asked.astype(int) for _, asked in crossed), 1)


def test_a_person_has_one_fold_at_every_landmark_and_in_every_run(spec, outcome, table, split):
    for rows in (split, split_rows(spec.split, outcome, table)):
        of = {}
        for part in ("train", "calibrate"):
            for person, fold in zip(table.person[rows.rows[part]].tolist(), rows.fold[part].tolist(), strict=True):
                assert of.setdefault(person, fold) == fold
        assert set(of.values()) == {0, 1, 2, 3}


def test_as_many_folds_as_declared(spec, outcome, table):
    two = spec.split.model_copy(update={"folds": 2})
    split = split_rows(two, outcome, table)
    assert len(list(split.crossed())) == 2


def spoilt(split, kind):
    rows, fold = split.rows, split.fold
    if kind in ("training", "calibration"):
        part = {"training": "train", "calibration": "calibrate"}[kind]
        return replace(split, rows={**rows, "test": np.append(rows["test"], rows[part][0])})
    if kind == "fold":
        return replace(split, fold={**fold, "calibrate": np.roll(fold["calibrate"], 1)})
    if kind == "unasked":
        return replace(split, fold={**fold, "calibrate": np.where(fold["calibrate"] == 3, 9, fold["calibrate"])})
    return replace(split, rows={**rows, "calibrate": rows["train"]}, fold={**fold, "calibrate": fold["train"]})


@pytest.mark.parametrize(
    "kind, told",
    [
        ("training", "a person stands in training and in test"),
        ("calibration", "a person stands in calibration and in test"),
        ("fold", "a person of a fold stands in the fit that is asked about it"),
        ("unasked", "a calibration row is not asked exactly once"),
        ("row", "a row stands in training and in calibration"),
    ],
)
def test_people_shared_where_they_must_not_be_stop_everything(split, table, outcome, kind, told):
    refuse_overlap(split, table, outcome.horizon_days, outcome.register_delay_days)
    with pytest.raises(AssertionError, match=told):
        refuse_overlap(spoilt(split, kind), table, outcome.horizon_days, outcome.register_delay_days)


@pytest.mark.parametrize("part", ["train", "calibrate"])
def test_an_open_label_stops_everything(split, table, outcome, part):
    landmark = table.landmark.copy()
    landmark[split.rows[part][-1]] += 30  # a window that is open still when the next part begins
    with pytest.raises(AssertionError, match=r"an open label in|reaches into"):
        refuse_overlap(split, replace(table, landmark=landmark), outcome.horizon_days, outcome.register_delay_days)


def test_it_is_refused_where_python_leaves_out_assertions_too():
    script = (
        "import numpy as np; from types import SimpleNamespace as N; from models.split import Split, refuse_overlap\n"
        "one = np.array([0]); rows = {'train': one, 'calibrate': one + 1, 'test': one + 2}\n"
        "days, fold = {'train': (0,), 'calibrate': (400,), 'test': (800,)}, {'train': one, 'calibrate': one + 1}\n"
        "s = Split(rows, days, fold, 2)\n"
        "table = N(stable=np.array([1, 2, 1]), landmark=np.array([0, 400, 800]))\n"
        "refuse_overlap(s, table, 365, 30)"
    )
    done = subprocess.run([sys.executable, "-O", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "AssertionError: a person stands in training and in test"


# --- what is in no part ----------------------------------------------------------------------------------------------


def test_rows_without_a_label_are_in_no_part(spec, outcome, table):
    y = table.labels[outcome.id].y
    split = split_rows(spec.split, outcome, table)
    assert np.isnan(y).any()
    assert not any(np.isnan(y[index]).any() for index in split.rows.values())


def test_a_training_label_was_closed_and_known_before_the_test_landmark(spec, make_outcome, rows):
    slow = make_outcome(register_delay_days=400)
    split = split_rows(spec.split, slow, rows(2015, 2016, 2017, 2018, 2019))
    assert len(split.landmarks["train"]) == 2  # 2017 ended before 2018, but was known in February 2019 only
    test = split.landmarks["test"][0]
    assert all(day + 365 + 400 <= test for day in split.landmarks["train"])


def test_quarterly_landmarks_leave_a_horizon_between_the_parts(spec, outcome):
    quarters = np.arange(0, 16 * 91, 91, dtype=np.int32)
    people = 50
    person = np.tile(np.arange(people, dtype=np.int32), len(quarters))
    landmark = np.repeat(quarters, people)
    split = split_rows(spec.split, outcome, bare(person, landmark, np.zeros(len(person))))
    (test,), (calibrate,) = split.landmarks["test"], split.landmarks["calibrate"]
    assert test == quarters[-1]
    assert calibrate + 365 <= test < calibrate + 365 + 2 * 91
    assert max(split.landmarks["train"]) + 365 <= calibrate


def test_too_few_landmarks_leave_parts_empty(spec, outcome, rows):
    one = split_rows(spec.split, outcome, rows(2020))
    assert (one.landmarks["calibrate"], one.landmarks["train"]) == ((), ())
    assert len(one.rows["train"]) == 0
    none = split_rows(spec.split, outcome, labelled(rows(2020), np.full(300, np.nan)))
    assert all(len(index) == 0 for index in none.rows.values())


# --- enough events ---------------------------------------------------------------------------------------------------


def test_enough_events_in_every_part(spec, outcome, table):
    y = table.labels[outcome.id].y
    assert enough(outcome, "multimorbid", split_rows(spec.split, outcome, table), y, 6) is None


@pytest.mark.parametrize("part, needs", [("train", {"min_events_train": 10**6}), ("test", {"min_events_test": 400})])
def test_what_is_short_is_told_with_its_count(spec, make_outcome, table, part, needs):
    hard = make_outcome(**needs)
    y = table.labels[hard.id].y.copy()
    split = split_rows(spec.split, hard, table)
    y[split.rows["calibrate"]] = np.resize([0.0, 1.0], len(split.rows["calibrate"]))
    if part == "test":
        y[split.rows["train"]] = np.resize([0.0, 1.0], len(split.rows["train"]))
        split.rows["calibrate"] = np.concatenate([split.rows["calibrate"]] * 3)
    train = y[split.rows["train"]]
    events = {
        "train": min(int(train[fitted].sum()) for fitted, _ in split.crossed()),
        "test": int(y[split.rows["test"]].sum()),
    }
    short = enough(hard, "multimorbid", split, y, 6)
    assert isinstance(short, NotTrained)
    assert (short.split, short.events, short.needs) == (part, events[part], next(iter(needs.values())))
    assert f"{short.events} events" in short.text
    assert set(short.told()) == {"outcome", "population", "split", "events", "needs", "text"}
    share = float(y[split.rows[part]].mean())
    rows = rows_needed(6, share)
    rule = f"(and {rows} rows, {round(rows * share)} events, for 6 parameters by the sample-size rule)"
    assert (rule in short.text) == (part == "train")
    times = -(-10 * short.needs // short.events) / 10
    assert short.text.endswith(f"; land about {times:g} times as many people, or more years")


def test_every_fit_needs_its_events_and_not_only_the_last(spec, make_outcome, table, split):
    y = table.labels[OUTCOME].y
    train = y[split.rows["train"]]
    fewest = min(int(train[fitted].sum()) for fitted, _ in split.crossed())
    assert fewest < train.sum()
    assert enough(make_outcome(min_events_train=fewest), "multimorbid", split, y, 6) is None
    short = enough(make_outcome(min_events_train=fewest + 1), "multimorbid", split, y, 6)
    assert f"the train rows, one fold left out, hold {fewest} events, {fewest + 1} are needed" in short.text


def test_a_fold_that_holds_all_events_leaves_a_fit_with_none(spec, make_outcome, table, split):
    y = np.zeros(len(table.person))
    y[split.rows["train"][split.fold["train"] == 2]] = 1
    short = enough(make_outcome(min_events_train=1), "multimorbid", split, y, 6)
    assert (short.split, short.events) == ("train", 0)


def test_a_handful_of_events_is_not_told_nor_a_share_made_of_them(spec, outcome, rows):
    table = rows(2015, 2016, 2017, 2018)
    split = split_rows(spec.split, outcome, table)
    y = np.zeros(len(table.person))
    y[split.rows["train"][:3]] = 1
    short = enough(outcome, "multimorbid", split, y, 6)
    assert short is not None
    assert short.events is None
    assert "fewer than 5 events" in short.text
    assert " 3 " not in short.text
    assert "sample-size" not in short.text


def test_no_events_at_all_is_told_as_none(spec, outcome, rows):
    table = rows(2015, 2016, 2017, 2018)
    short = enough(outcome, "multimorbid", split_rows(spec.split, outcome, table), np.zeros(len(table.person)), 6)
    assert short is not None
    assert (short.split, short.events) == ("train", 0)


def test_people_without_the_event_are_needed_as_well(spec, outcome, rows):
    table = rows(2015, 2016, 2017, 2018)
    short = enough(outcome, "multimorbid", split_rows(spec.split, outcome, table), np.ones(len(table.person)), 6)
    assert short is not None
    assert "people without the event" in short.text


# --- no more folds than needed ---------------------------------------------------------------------------------------


def asked_with(spec, outcome, table, enough_events: int):
    return split_rows(spec.split.model_copy(update={"enough_events": enough_events}), outcome, table)


def test_folds_are_asked_until_their_rows_hold_enough_events(spec, outcome, table):
    every = asked_with(spec, outcome, table, 10**6)
    y = table.labels[OUTCOME].y
    events = np.cumsum([y[every.rows["calibrate"][every.fold["calibrate"] == one]].sum() for one in range(4)])
    assert every.folds == 4
    for enough_events, folds in ((1, 1), (events[0], 1), (events[0] + 1, 2), (events[2], 3), (events[2] + 1, 4)):
        split = asked_with(spec, outcome, table, int(enough_events))
        assert split.folds == len(list(split.crossed())) == folds
        assert y[split.rows["calibrate"]].sum() == events[folds - 1]


def test_folds_that_are_not_asked_are_learned_from_and_nobody_of_them_is_calibrated_on(spec, outcome, table):
    every, one = asked_with(spec, outcome, table, 10**6), asked_with(spec, outcome, table, 1)
    np.testing.assert_array_equal(one.rows["train"], every.rows["train"])
    np.testing.assert_array_equal(one.rows["test"], every.rows["test"])
    np.testing.assert_array_equal(one.rows["calibrate"], every.rows["calibrate"][every.fold["calibrate"] == 0])
    ((fitted, asked),) = one.crossed()
    assert asked.all()
    learned = set(table.person[one.rows["train"][fitted]])
    assert not learned & set(table.person[one.rows["calibrate"]])
    assert learned == set(table.person[every.rows["train"][every.fold["train"] != 0]])


# --- rows that are lent ----------------------------------------------------------------------------------------------


def test_lent_rows_are_learned_from_and_in_no_other_part(spec, outcome, table):
    lent = table.person % 3 == 0
    alone = split_rows(spec.split, outcome, table.rows(np.flatnonzero(~lent)))
    split = split_rows(spec.split, outcome, replace(table, lent=lent))
    for part in ("calibrate", "test"):
        assert not lent[split.rows[part]].any()
        np.testing.assert_array_equal(split.rows[part], np.flatnonzero(~lent)[alone.rows[part]])
    own, plain = split.rows["train"][~lent[split.rows["train"]]], split_rows(spec.split, outcome, table)
    np.testing.assert_array_equal(own, np.flatnonzero(~lent)[alone.rows["train"]])
    np.testing.assert_array_equal(split.rows["train"], plain.rows["train"])
    assert lent[split.rows["train"]].any()
    assert split.landmarks == alone.landmarks


def test_a_person_who_comes_into_the_population_is_asked_by_a_fit_without_any_of_their_rows(spec, outcome, table):
    lent = (table.landmark < table.landmark.max() - 700) & (table.person % 2 == 0)
    split = split_rows(spec.split, outcome, replace(table, lent=lent))
    people = table.person
    for fitted, asked in split.crossed():
        assert not set(people[split.rows["train"][fitted]]) & set(people[split.rows["calibrate"][asked]])


def test_who_is_only_lent_is_not_followed_in_the_test(spec, outcome, table):
    lent = table.person % 3 == 0
    split = split_rows(spec.split, outcome, replace(table, lent=lent))
    assert not lent[followed_rows(split, spec.split, replace(table, lent=lent), OUTCOME)].any()


# --- the same people in every delivery -------------------------------------------------------------------------------


def test_a_person_falls_on_the_same_side_whatever_number_the_store_gives(spec, outcome, rows):
    table = rows(2016, 2017, 2018, 2019)
    rng = np.random.default_rng(2)
    stable = rng.integers(0, 2**63, 300).astype(np.uint64)
    anew = rng.permutation(300).astype(np.int32)  # the number each gets when a later delivery is landed
    first = replace(table, stable=stable[table.person])
    later = replace(table, person=anew[table.person], stable=stable[table.person])
    one, other = (split_rows(spec.split, outcome, each) for each in (first, later))
    for part in ("train", "calibrate", "test"):
        np.testing.assert_array_equal(one.rows[part], other.rows[part])
    np.testing.assert_array_equal(one.fold["train"], other.fold["train"])
    by_store = split_rows(spec.split, outcome, replace(later, stable=later.person.astype(np.uint64)))
    assert set(by_store.rows["test"].tolist()) != set(one.rows["test"].tolist()), "the store's numbers would not do"


def test_who_comes_or_goes_moves_nobody_else(spec, outcome, rows):
    table = rows(2016, 2017, 2018, 2019)
    stays = np.flatnonzero(table.person % 7 != 0)
    whole, less = (split_rows(spec.split, outcome, each) for each in (table, table.rows(stays)))
    for part in ("train", "calibrate", "test"):
        assert set(stays[less.rows[part]]) == set(whole.rows[part]) & set(stays)


# --- rows with days of their own -------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    horizon=st.sampled_from([30, 90, 365]),
    delay=st.integers(0, 200),
    first=st.integers(2012, 2018),
    years=st.integers(1, 6),
)
def test_no_window_reaches_into_the_next_part_where_rows_have_days_of_their_own(
    spec, make_outcome, january, seed, horizon, delay, first, years
):
    rng = np.random.default_rng(seed)
    starts = january(*range(first, first + years + 1)).astype(np.int64)
    day = np.unique(rng.integers(starts[0], starts[-1], 400)).astype(np.int32)
    period = starts[np.searchsorted(starts, day, side="right") - 1].astype(np.int32)
    person = rng.integers(0, 60, len(day)).astype(np.int32)
    table = bare(person, day, (rng.random(len(day)) < 0.3).astype(float), period=period)
    split = split_rows(spec.split, make_outcome(horizon_days=horizon, register_delay_days=delay), table)
    days = {part: day[rows].astype(np.int64) for part, rows in split.rows.items()}
    begins = {part: min(landmarks, default=None) for part, landmarks in split.landmarks.items()}
    for part, following in (("train", "calibrate"), ("train", "test"), ("calibrate", "test")):
        if len(days[part]):
            assert days[part].max() + horizon <= begins[following]
    if len(days["train"]):
        assert days["train"].max() + horizon + delay <= begins["test"]
    assert not set(person[split.rows["test"]]) & set(person[np.r_[split.rows["train"], split.rows["calibrate"]]])


def test_a_year_of_discharges_is_calibrated_on_up_to_the_last_day_whose_window_is_over(spec, make_outcome, january):
    year = january(2018, 2019, 2020)
    day = np.arange(year[0], year[2] + 200, dtype=np.int32)
    period = year[np.searchsorted(year, day, side="right") - 1]
    person = np.arange(len(day), dtype=np.int32)
    outcome = make_outcome(horizon_days=30, register_delay_days=0)
    split = split_rows(spec.split, outcome, bare(person, day, np.zeros(len(day)), period=period))
    assert split.landmarks == {"train": (year[0],), "calibrate": (year[1],), "test": (year[2],)}
    kept = person_share(person.astype(np.uint64), spec.split.seed) >= spec.split.test_people
    over = day[kept & (period == year[1]) & (day + 30 <= year[2])]
    np.testing.assert_array_equal(day[split.rows["calibrate"]], over)


def test_a_last_year_of_which_little_is_known_is_not_the_test(spec, make_outcome, january):
    year = january(2017, 2018, 2019, 2020)
    day = np.concatenate([np.arange(start, start + 300) for start in year]).astype(np.int32)
    period = np.repeat(year, 300)
    person = np.arange(len(day), dtype=np.int32)
    outcome = make_outcome(horizon_days=30, register_delay_days=0)
    for told, test in ((149, year[2]), (150, year[3])):  # of 300 rows in the last year
        y = np.where((period == year[3]) & (day >= year[3] + told), np.nan, 0.0)
        assert split_rows(spec.split, outcome, bare(person, day, y, period=period)).landmarks["test"] == (test,)
