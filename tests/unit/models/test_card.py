"""The card tells what the model is for, on whom it was made, how both candidates did, and where it ends."""

import json
from dataclasses import replace
from importlib.metadata import version

import pytest

from models.bundle import member_key
from models.table import Origin, columns_digest
from models.train import train_outcome


@pytest.fixture(scope="module")
def card(trained) -> dict:
    return json.loads(trained.files[trained.chosen]["card.json"])


def test_what_it_is_for_and_who_must_not_be_scored(card, spec, declared):
    whom = declared.populations["multimorbid"]
    assert card["intended_use"] == spec.intended_use.model_dump()
    assert card["population"] == {"id": "multimorbid", "name": whom.name.model_dump()}
    assert member_key(card["outcome"], card["population"]["id"]) == "acute_admission_365d/multimorbid"
    assert [set(text) for text in card["must_not_be_scored"]] == [{"da", "en"}] * 3
    assert card["must_not_be_scored"][-1] == whom.must_not_be_scored.model_dump()
    assert (card["outcome"], card["horizon_days"], card["name"]["da"]) == (
        "acute_admission_365d", 365, "Akut indlæggelse",
    )  # fmt: skip


def test_on_whom_it_was_made(card):
    made = card["made_on"]
    assert made["train"]["landmarks"] == ["2016-01-01", "2017-01-01", "2018-01-01"]
    assert made["calibrate"]["landmarks"] == ["2019-01-01"]
    assert made["test"]["landmarks"] == ["2020-01-01"]
    assert all(part["n"] >= part["people"] >= part["events"] > 0 for part in list(made.values())[1:])
    assert made["train"]["n"] > 2.5 * made["train"]["people"]


def test_how_both_candidates_did_and_by_which_rule_one_was_chosen(card, trained):
    assert set(card["candidates"]) == {"lightgbm", "logistic", "age_sex"}
    for name, told in card["candidates"].items():
        one = trained.candidates[name]
        assert told["kind"] == one.kind
        assert told["parameters"] == one.parameters
        assert told["calibration"] == one.calibration.as_dict()
        assert told["calibration"]["a"] > 0
        assert told["calibrate"] == {"auroc": one.calibrate_auroc}
    assert card["chosen"]["kind"] == trained.chosen
    assert "0.005" in card["chosen"]["rule"]["en"]
    assert "0,005" in card["chosen"]["rule"]["da"]


def test_it_says_how_calibration_and_choice_were_kept_from_the_people_trained_on(card):
    told = card["cross_fitting"]["text"]
    assert card["cross_fitting"]["folds"] == 4
    assert (
        "in 4 parts, 4 of them used: each of these is predicted by a model that has not seen its people" in told["en"]
    )
    assert "delt i 4, 4 af dem brugt: hver af dem er forudsagt af en model, der ikke har set" in told["da"]
    assert "out-of-fold AUROC" in card["chosen"]["rule"]["en"]
    assert "out-of-fold" in card["chosen"]["rule"]["da"]


def test_each_kind_has_its_own_card(trained):
    cards = {kind: json.loads(files["card.json"]) for kind, files in trained.files.items()}
    assert {kind: card.pop("kind") for kind, card in cards.items()} == {"lightgbm": "lightgbm", "logistic": "logistic"}
    bound = {kind: card.pop("constraints") for kind, card in cards.items()}
    assert cards["lightgbm"] == cards["logistic"]
    assert bound["logistic"] == []
    assert [one["direction"] for one in bound["lightgbm"]] == [1, -1, 1]
    assert all({"da", "en"} == set(one["reason"]) == set(one["source"]) for one in bound["lightgbm"])


def test_how_many_rows_the_rule_asks_for_and_how_many_there_were(card, trained):
    told = card["sample_size"]
    assert told["parameters"] == 6
    assert told["rows"] == len(trained.split.rows["train"])
    assert 0 < told["rows_needed"] < told["rows"]
    assert {tongue: "Riley 2019" in text for tongue, text in told["rule"].items()} == {"da": True, "en": True}
    assert "0,15" in told["rule"]["da"]


def test_it_says_what_sort_of_event_the_outcome_is(card, outcome):
    assert card["event"] == outcome.event == "stay"


def test_synthetic_data_is_said_first_of_all_limits(card, spec, declared, table, outcome):
    assert card["data"] == {
        "source": "synthetic", "synthetic": True, "covers_to": "2021-12-31", "delivered": "2022-02-01",
    }  # fmt: skip
    assert "made-up region" in card["limits"][0]["en"]
    real = train_outcome(
        spec, declared, "multimorbid", table, outcome, Origin("danish", "2021-12-31", "2022-02-01", "c" * 64)
    )
    told = json.loads(real.files[real.chosen]["card.json"])
    assert told["data"]["synthetic"] is False
    assert len(told["limits"]) == len(card["limits"]) - 1


def test_versions_and_digests(card, table):
    assert card["versions"]["lightgbm"] == version("lightgbm")
    assert card["versions"]["scikit-learn"] == version("scikit-learn")
    assert card["columns_digest"] == columns_digest(table.columns)
    assert card["catalogue_digest"] == "c" * 64
    assert len(card["outcome_digest"]) == len(card["spec_digest"]) == 64


def test_it_tells_the_folds_that_were_asked_and_not_those_that_could_have_been(train_one, spec, table):
    one = spec.model_copy(update={"baselines": (), "split": spec.split.model_copy(update={"enough_events": 20})})
    trained = train_one(table, spec=one)
    told = json.loads(trained.files[trained.chosen]["card.json"])["cross_fitting"]
    assert (told["folds"], told["asked"]) == (4, 1)
    assert "in 4 parts" in told["text"]["en"]
    assert "1 of them" in told["text"]["en"]
    assert "1 af dem" in told["text"]["da"]


def test_no_count_below_five_stands_in_it(card):
    counts = [part[key] for part in card["made_on"].values() for key in ("n", "people", "events")]
    assert min(counts) >= 5


def test_it_says_whose_rows_it_learned_from_beside_its_own(train_one, spec, table):
    one = spec.model_copy(update={"baselines": ()})
    lent = replace(table, lent=table.person % 4 == 0)
    trained = train_one(lent, spec=one, population="psychiatric_somatic")
    card = json.loads(trained.files[trained.chosen]["card.json"])
    rows = trained.split.rows["train"]
    assert card["made_on"]["train"]["lent"] == int(lent.lent[rows].sum()) > 0
    assert card["made_on"]["test"]["lent"] == 0
    assert (
        "of the training rows are lent by: Adults with at least two long-term conditions"
        in (card["cross_fitting"]["text"]["en"])
    )
    assert "lånt fra: Voksne med mindst to" in card["cross_fitting"]["text"]["da"]
