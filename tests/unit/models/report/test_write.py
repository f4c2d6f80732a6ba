"""The pages of a folder: all of them or none, the same bytes for the same training."""

import json
import re

import pytest

from models.report import render, write_pages
from models.report.sheets import SHEETS
from stratify.errors import DataError

FILES = {
    "index.html", "en.html", "card.html", "card-en.html", "tripod.html", "tripod-en.html", "probast.html",
    "probast-en.html", "tripod.json", "probast.json", "report.json",
}  # fmt: skip


@pytest.fixture
def training(tmp_path, report, cards, model):
    folder = tmp_path / "training"
    for kind, card in cards.items():
        (folder / "candidates" / kind).mkdir(parents=True)
        (folder / "candidates" / kind / "card.json").write_text(json.dumps(card), encoding="utf-8")
    (folder / "candidates" / "logistic" / "model.json").write_text(json.dumps(model), encoding="utf-8")
    (folder / "candidates" / "chosen.json").write_text(json.dumps({"chosen": "logistic"}), encoding="utf-8")
    (folder / "report.json").write_text(json.dumps(report), encoding="utf-8")
    return folder


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_every_page_is_written_and_links_to_pages_that_are_there(training, tmp_path, report, cards, model):
    write_pages(training, tmp_path / "out")
    told = contents(tmp_path / "out")
    assert set(told) == FILES
    for name, data in told.items():
        if name.endswith(".html"):
            assert set(re.findall(r'href="([a-z-]+\.html)"', data.decode())) <= FILES
    assert told["index.html"].decode() == render(report, cards["logistic"], model, "da", other_card=cards["lightgbm"])
    assert json.loads(told["report.json"]) == report
    assert {json.loads(told[f"{name}.json"])["sheet"] for name in SHEETS} == set(SHEETS)


def test_the_two_languages_link_to_each_other(training, tmp_path):
    write_pages(training, tmp_path / "out")
    told = contents(tmp_path / "out")
    for danish, english in (("index", "en"), ("card", "card-en"), ("tripod", "tripod-en"), ("probast", "probast-en")):
        assert f'<a href="{english}.html" lang="en"'.encode() in told[f"{danish}.html"]
        assert f'<a href="{danish}.html" lang="da"'.encode() in told[f"{english}.html"]


def test_written_twice_they_are_the_same_bytes_and_take_the_place_of_the_old(training, tmp_path):
    write_pages(training, tmp_path / "a")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "old.html").write_text("old", encoding="utf-8")
    write_pages(training, tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_a_report_given_takes_the_place_of_that_in_the_folder(training, tmp_path, full):
    write_pages(training, tmp_path / "out", report=full)
    assert json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8")) == full
    assert 'id="refits"' in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


def test_gates_are_on_the_evaluation(training, tmp_path):
    write_pages(
        training, tmp_path / "out", [{"id": "slope", "verdict": "not_met", "asked": "0.9 to 1.1", "found": "0.5"}]
    )
    assert "▲ ikke opfyldt" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "file, data, told",
    [
        ("report.json", None, "training/report.json is required"),
        ("candidates/chosen.json", b"{", "candidates/chosen.json must be JSON"),
        ("candidates/logistic/card.json", b"[]", "logistic/card.json must hold an object, got list"),
        ("candidates/logistic/model.json", b"\xff", "logistic/model.json must be JSON"),
        ("candidates/chosen.json", b'{"chosen": "forest"}', "forest/card.json is required"),
        ("report.json", b'{"suppressed": false}', "this one lacks n, people"),
    ],
)
def test_a_file_that_is_missing_or_wrong_is_named_and_the_old_pages_stay(training, tmp_path, file, data, told):
    write_pages(training, tmp_path / "out")
    before = contents(tmp_path / "out")
    (training / file).unlink()
    if data is not None:
        (training / file).write_bytes(data)
    with pytest.raises(DataError, match=told):
        write_pages(training, tmp_path / "out")
    assert contents(tmp_path / "out") == before
    assert {path.name for path in tmp_path.iterdir()} == {"training", "out"}


def test_without_a_logistic_candidate_the_pages_are_written_too(training, tmp_path):
    for path in (training / "candidates" / "logistic").iterdir():
        path.unlink()
    (training / "candidates" / "chosen.json").write_text('{"chosen": "lightgbm"}', encoding="utf-8")
    write_pages(training, tmp_path / "out")
    assert set(contents(tmp_path / "out")) == FILES


def test_columns_give_the_predictors_their_names(training, tmp_path):
    column = {"id": "person_age", "label": {"da": "Alder", "en": "Age"}, "unit": "years", "role": "predictor"}
    write_pages(training, tmp_path / "out", columns=[column])
    told = contents(tmp_path / "out")
    assert "Alder<small>år · <code>person_age</code></small>" in told["index.html"].decode()
    answers = {one["id"]: one["answer"] for one in json.loads(told["tripod.json"])["items"]}
    assert "Age (person_age)" in answers["9b"]
