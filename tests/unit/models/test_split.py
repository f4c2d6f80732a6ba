"""Training, calibration and test are apart in time and in people; too few events is an answer, not an error."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from models.split import NotTrained, enough, person_share, refuse_overlap, split_rows

MASK = 2**64 - 1


def splitmix64(state: int) -> int:
    """The generator's finaliser in Python's own integers (Steele, Lea and Flood 2014)."""
    z = state & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


@pytest.fixture
def rows(january):
    """A few hundred people at six yearly landmarks, every label known and every third an event."""

    def make(*years: int, people: int = 300):
        person = np.tile(np.arange(people, dtype=np.int32), len(years))
        return person, np.repeat(january(*years), people), (person % 3 == 0).astype(float)

    return make


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
    split = split_rows(spec.split, outcome, *rows(2015, 2016, 2017, 2018, 2019, 2020))
    assert split.landmarks["test"] == (january(2020)[0],)
    assert split.landmarks["calibrate"] == (january(2019)[0],)
    assert split.landmarks["train"] == tuple(january(2015, 2016, 2017, 2018))


def test_the_test_is_the_last_landmark_that_has_closed(spec, outcome, rows, january):
    person, landmark, y = rows(2016, 2017, 2018, 2019, 2020)
    y[landmark == january(2020)] = np.nan
    split = split_rows(spec.split, outcome, person, landmark, y)
    assert split.landmarks["test"] == (january(2019)[0],)
    assert split.landmarks["train"] == tuple(january(2016, 2017))


def test_no_person_is_in_development_and_test_and_no_row_in_two_parts(spec, outcome, table):
    split = split_rows(spec.split, outcome, table.person, table.landmark, table.labels[outcome.id])
    train, calibrate, test = (split.rows[part] for part in ("train", "calibrate", "test"))
    developed = set(table.person[train]) | set(table.person[calibrate])
    assert not developed & set(table.person[test])
    assert not set(train) & set(calibrate)
    assert 0.45 < len(set(table.person[test])) / len(set(table.person)) < 0.55


# --- the folds -------------------------------------------------------------------------------------------------------


@pytest.fixture
def split(spec, outcome, table):
    return split_rows(spec.split, outcome, table.person, table.landmark, table.labels[outcome.id])


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
    for rows in (split, split_rows(spec.split, outcome, table.person, table.landmark, table.labels[outcome.id])):
        of = {}
        for part in ("train", "calibrate"):
            for person, fold in zip(table.person[rows.rows[part]].tolist(), rows.fold[part].tolist(), strict=True):
                assert of.setdefault(person, fold) == fold
        assert set(of.values()) == {0, 1, 2, 3}


def test_as_many_folds_as_declared(spec, outcome, table):
    two = spec.split.model_copy(update={"folds": 2})
    split = split_rows(two, outcome, table.person, table.landmark, table.labels[outcome.id])
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
    refuse_overlap(split, table.person, outcome)
    with pytest.raises(AssertionError, match=told):
        refuse_overlap(spoilt(split, kind), table.person, outcome)


@pytest.mark.parametrize("part", ["train", "calibrate"])
def test_an_open_label_stops_everything(split, table, outcome, part):
    late = replace(split, landmarks={**split.landmarks, part: split.landmarks["test"]})
    with pytest.raises(AssertionError, match="an open label in"):
        refuse_overlap(late, table.person, outcome)


def test_it_is_refused_where_python_leaves_out_assertions_too():
    script = (
        "import numpy as np; from types import SimpleNamespace as N; from models.split import Split, refuse_overlap\n"
        "one = np.array([0]); rows = {'train': one, 'calibrate': one + 1, 'test': one + 2}\n"
        "days, fold = {'train': (0,), 'calibrate': (400,), 'test': (800,)}, {'train': one, 'calibrate': one + 1}\n"
        "s = Split(rows, days, fold, 2)\n"
        "refuse_overlap(s, np.array([1, 2, 1]), N(horizon_days=365, register_delay_days=30))"
    )
    done = subprocess.run([sys.executable, "-O", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "AssertionError: a person stands in training and in test"


# --- what is in no part ----------------------------------------------------------------------------------------------


def test_rows_without_a_label_are_in_no_part(spec, outcome, table):
    y = table.labels[outcome.id]
    split = split_rows(spec.split, outcome, table.person, table.landmark, y)
    assert np.isnan(y).any()
    assert not any(np.isnan(y[index]).any() for index in split.rows.values())


def test_a_training_label_was_closed_and_known_before_the_test_landmark(spec, make_outcome, rows):
    slow = make_outcome(register_delay_days=400)
    split = split_rows(spec.split, slow, *rows(2015, 2016, 2017, 2018, 2019))
    assert len(split.landmarks["train"]) == 2  # 2017 ended before 2018, but was known in February 2019 only
    test = split.landmarks["test"][0]
    assert all(day + 365 + 400 <= test for day in split.landmarks["train"])


def test_quarterly_landmarks_leave_a_horizon_between_the_parts(spec, outcome):
    quarters = np.arange(0, 16 * 91, 91, dtype=np.int32)
    people = 50
    person = np.tile(np.arange(people, dtype=np.int32), len(quarters))
    landmark = np.repeat(quarters, people)
    split = split_rows(spec.split, outcome, person, landmark, np.zeros(len(person)))
    (test,), (calibrate,) = split.landmarks["test"], split.landmarks["calibrate"]
    assert test == quarters[-1]
    assert calibrate + 365 <= test < calibrate + 365 + 2 * 91
    assert max(split.landmarks["train"]) + 365 <= calibrate


def test_too_few_landmarks_leave_parts_empty(spec, outcome, rows):
    one = split_rows(spec.split, outcome, *rows(2020))
    assert (one.landmarks["calibrate"], one.landmarks["train"]) == ((), ())
    assert len(one.rows["train"]) == 0
    person, landmark, y = rows(2020)
    none = split_rows(spec.split, outcome, person, landmark, np.full_like(y, np.nan))
    assert all(len(index) == 0 for index in none.rows.values())


# --- enough events ---------------------------------------------------------------------------------------------------


def test_enough_events_in_every_part(spec, outcome, table):
    y = table.labels[outcome.id]
    assert enough(outcome, split_rows(spec.split, outcome, table.person, table.landmark, y), y) is None


@pytest.mark.parametrize("part, needs", [("train", {"min_events_train": 10**6}), ("test", {"min_events_test": 400})])
def test_what_is_short_is_told_with_its_count(spec, make_outcome, table, part, needs):
    hard = make_outcome(**needs)
    y = table.labels[hard.id].copy()
    split = split_rows(spec.split, hard, table.person, table.landmark, y)
    y[split.rows["calibrate"]] = np.resize([0.0, 1.0], len(split.rows["calibrate"]))
    if part == "test":
        y[split.rows["train"]] = np.resize([0.0, 1.0], len(split.rows["train"]))
        split.rows["calibrate"] = np.concatenate([split.rows["calibrate"]] * 3)
    train = y[split.rows["train"]]
    events = {
        "train": min(int(train[fitted].sum()) for fitted, _ in split.crossed()),
        "test": int(y[split.rows["test"]].sum()),
    }
    short = enough(hard, split, y)
    assert isinstance(short, NotTrained)
    assert (short.split, short.events, short.needs) == (part, events[part], next(iter(needs.values())))
    assert f"{short.events} events" in short.text
    assert set(short.told()) == {"outcome", "split", "events", "needs", "text"}


def test_every_fit_needs_its_events_and_not_only_the_last(spec, make_outcome, table, split):
    y = table.labels["acute_admission_365d"]
    train = y[split.rows["train"]]
    fewest = min(int(train[fitted].sum()) for fitted, _ in split.crossed())
    assert fewest < train.sum()
    assert enough(make_outcome(min_events_train=fewest), split, y) is None
    short = enough(make_outcome(min_events_train=fewest + 1), split, y)
    assert f"the train rows without one fold hold {fewest} events, {fewest + 1} are needed" in short.text


def test_a_fold_that_holds_all_events_leaves_a_fit_with_none(spec, make_outcome, table, split):
    y = np.zeros(len(table.person))
    y[split.rows["train"][split.fold["train"] == 2]] = 1
    short = enough(make_outcome(min_events_train=1), split, y)
    assert (short.split, short.events) == ("train", 0)


def test_a_handful_of_events_is_not_told(spec, outcome, rows):
    person, landmark, y = rows(2015, 2016, 2017, 2018)
    y[:] = 0
    split = split_rows(spec.split, outcome, person, landmark, y)
    y[split.rows["train"][:3]] = 1
    short = enough(outcome, split, y)
    assert short is not None
    assert short.events is None
    assert "fewer than 5 events" in short.text
    assert " 3 " not in short.text


def test_no_events_at_all_is_told_as_none(spec, outcome, rows):
    person, landmark, y = rows(2015, 2016, 2017, 2018)
    y[:] = 0
    short = enough(outcome, split_rows(spec.split, outcome, person, landmark, y), y)
    assert short is not None
    assert (short.split, short.events) == ("train", 0)


def test_people_without_the_event_are_needed_as_well(spec, outcome, rows):
    person, landmark, y = rows(2015, 2016, 2017, 2018)
    y[:] = 1
    short = enough(outcome, split_rows(spec.split, outcome, person, landmark, y), y)
    assert short is not None
    assert "people without the event" in short.text
