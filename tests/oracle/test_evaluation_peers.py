"""Ours beside what dcurves and lifelines said of the same rows (benchmarks/peers/evaluation, `make peer-figures`)."""

import json

import numpy as np
import pytest

from models.evaluation import evaluate
from models.evaluation.competing import incidence
from models.evaluation.net_benefit import flagged, net_benefit


@pytest.fixture(scope="module")
def peers(root):
    return json.loads((root / "tests/oracle/evaluation_peers.json").read_text(encoding="utf-8"))


@pytest.fixture
def data(monkeypatch, root):
    monkeypatch.syspath_prepend(str(root / "benchmarks/peers/evaluation"))
    import data

    return data


def test_the_rows_are_those_the_peers_had(peers, data):
    assert data.digest(data.rows()) == peers["rows"]["sha256"]
    assert peers["versions"].items() >= {"dcurves": "1.1.7", "lifelines": "0.30.3"}.items()


def test_net_benefit_is_that_of_dcurves(peers, data):
    rows, theirs = data.rows(), peers["net_benefit"]
    order = np.argsort(rows["risk"])
    y, risk, weight = rows["y"][order], rows["risk"][order], np.ones(len(order))
    cuts = np.array(theirs["threshold"])
    assert (risk[:, None] == cuts).any(), "some risks lie on a threshold"
    np.testing.assert_allclose(net_benefit(*flagged(y, risk, weight, cuts), 800.0, cuts), theirs["model"], atol=1e-12)


def test_the_report_says_the_same(peers, data):
    rows, theirs = data.rows(), peers["net_benefit"]
    told = evaluate(rows["y"], rows["risk"], thresholds=theirs["threshold"], bootstraps=20)["decision_curve"]
    agreed = told["agreed"]
    assert [one["threshold"] for one in agreed] == theirs["threshold"]
    shown = np.array([one["net_benefit"]["value"] is not None for one in agreed])
    assert shown.sum() >= 6  # at the others 1-4 rows lie above or below
    ours = [one["net_benefit"]["value"] for one in agreed if one["net_benefit"]["value"] is not None]
    np.testing.assert_allclose(ours, np.array(theirs["model"])[shown], atol=1e-12)
    np.testing.assert_allclose([one["treat_all"]["value"] for one in agreed], theirs["treat_all"], atol=1e-12)
    assert [one["treat_none"] for one in agreed] == theirs["treat_none"]
    at = [told["threshold"].index(cut) for cut in theirs["threshold"]]
    assert [told["model"]["value"][place] for place in at] == [one["net_benefit"]["value"] for one in agreed]


@pytest.mark.parametrize("which", ["all", "below", "from"])
def test_cumulative_incidence_is_that_of_lifelines(peers, data, which):
    rows = data.rows()
    low = rows["risk"] < data.SPLIT
    here = {"all": low | True, "below": low, "from": ~low}[which]
    event, death = incidence(rows["days"][here], rows["y"][here], rows["died_first"][here])
    theirs = peers["cumulative_incidence"][which]
    assert event["value"] == pytest.approx(theirs["event"], abs=1e-10)
    assert death["value"] == pytest.approx(theirs["died_first"], abs=1e-10)
