"""What stands beside risks: means of people of the same age and sex, each of enough of them; intervals as reported."""

import json
from itertools import pairwise

import numpy as np
import pytest

from models import Shown
from pipelines.beside import CALIBRATION, LEAST, beside_risks, peers, seen, told_interval
from stratify.workspace import Workspace


def shown(risk):
    risk = np.asarray(risk, dtype=np.float64)
    return Shown(risk, np.zeros(len(risk), dtype=np.int64), ("multimorbid",), np.zeros(len(risk), dtype=np.bool_))


class Bundle:
    version, members = "abc", {"a/x": None}


@pytest.fixture
def many():
    rng = np.random.default_rng(3)
    ages = rng.integers(18, 97, 900)
    return rng.uniform(0, 1, 900), ages, rng.choice([0.0, 1.0], 900)


def test_every_band_has_enough_people_and_every_person_is_in_one(many):
    risk, ages, female = many
    found = peers(shown(risk), ages, female)
    for sex, code in (("f", 1), ("m", 0)):
        bands = found[sex]
        assert all(one["people"] >= LEAST for one in bands)
        assert sum(one["people"] for one in bands) == (female == code).sum()
        assert bands[0]["from"] == 18
        assert bands[-1]["to"] is None
        assert all(a["to"] + 1 == b["from"] for a, b in pairwise(bands))


def test_a_band_tells_the_mean_of_its_people(many):
    risk, ages, female = many
    for one in peers(shown(risk), ages, female)["f"]:
        mine = (female == 1) & (ages >= one["from"]) & (ages <= (200 if one["to"] is None else one["to"]))
        assert one["risk"] == pytest.approx(risk[mine].mean(), abs=1e-6)
        assert one["people"] == mine.sum()


def test_too_few_of_a_band_are_joined_and_too_few_of_all_are_left_out():
    ages = np.array([30] * 12 + [34] * 20 + [52] * 29 + [30] * 29)
    female = np.array([1.0] * 61 + [0.0] * 29)
    found = peers(shown(np.full(90, 0.25)), ages, female)
    assert found["f"] == [{"from": 18, "to": None, "risk": 0.25, "people": 61}]
    assert found["m"] == []


def test_who_has_no_risk_or_no_sex_counts_nowhere():
    risk = np.concatenate([np.full(40, 0.5), np.full(40, np.nan), np.full(40, 0.9)])
    female = np.concatenate([np.ones(80), np.full(40, np.nan)])
    found = peers(shown(risk), np.full(120, 70), female)
    assert found == {"f": [{"from": 18, "to": None, "risk": 0.5, "people": 40}], "m": []}


def test_an_interval_is_as_the_report_has_it_without_points_that_have_none():
    curve = {"risk": [0.1, 0.2, 0.3], "observed": [0.1, 0.2, 0.3], "low": [0.05, None, 0.2], "high": [0.15, 0.3, 0.4]}
    assert told_interval(curve) == {"risk": [0.1, 0.3], "low": [0.05, 0.2], "high": [0.15, 0.4]}
    assert told_interval(None) is None


def test_intervals_are_those_kept_with_the_bundle_for_its_own_models(tmp_path):
    work = Workspace(tmp_path)
    assert seen(work, Bundle) == {}
    path = work.bundles / CALIBRATION / "abc.json"
    path.parent.mkdir(parents=True)
    curve = {"risk": [0.1], "low": [0.0], "high": [0.2]}
    path.write_text(json.dumps({"a/x": curve, "gone/x": curve}), encoding="utf-8")
    assert seen(work, Bundle) == {"a/x": curve}
    told = beside_risks(work, Bundle, {"a": shown(np.full(40, 0.5))}, np.full(40, 70), np.ones(40))
    assert told["peers"]["a"]["f"][0]["people"] == 40
    assert set(told) == {"peers", "seen"}
