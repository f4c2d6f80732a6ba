"""The summary shows counts of 1 to 4 as "<5", says what is not measurable, and what was refused."""

import io
import re

import pytest
from rich.console import Console

from pipelines.summary import show, show_measured
from stratify.catalogue import load
from stratify.workspace import Workspace


@pytest.fixture
def told():
    return {
        "land": {
            "people": 28,
            "delivery": {"source": "omop"},
            "measurable": {"unverified": ["t2d"]},
            "notes": ["no deaths in this source"],
            "tables": {"death": {"rows_in": 1, "reasons": {"header row standing as data": 1}}},
        },
        "build": {
            "score_landmark": "2022-01-01",
            "flow": {"2022-01-01": {"adults": 17, "multimorbid": 4, "psychiatric_somatic": 0}},
            "definitions": {"multimorbid": "DK39-2", "both": "PSYKSOM-1"},
            "under": {"2022-01-01": {"DK39-2": 4, "DK39-DX-2": 0, "PSYKSOM-1": 0}},
            "people_with": {"hypertension": 3, "diabetes": 0, "t2d": 12, "pain": None},
        },
        "train": {
            "trained": {
                "death_365d/multimorbid": {
                    "chosen": "logistic",
                    "measures": {"auroc": 0.8123, "auprc": None, "brier": 0.04},
                },
                "death_365d/psychiatric_somatic": {"chosen": "lightgbm", "measures": {"auroc": 0.7}},
            },
            "not_trained": [
                {"outcome": "acute_admission_365d", "population": "multimorbid", "split": "train", "events": None,
                 "needs": 100, "text": ""}
            ],
        },
        "evaluate": {
            "evaluated": {
                "death_365d/multimorbid": {
                    "gates": [{"verdict": "met"}, {"verdict": "undecided"}, {"verdict": "undecided"}]
                },
                "death_365d/psychiatric_somatic": {"gates": [{"verdict": "not_met"}]},
            }
        },
        "promote": {
            "bundle": "abc",
            "kept_out": [{"model": "death_365d/psychiatric_somatic", "gates": ["slope: 2.000; asked: 0.9 to 1.1"]}],
        },
        "score": {"people": 4, "bundle": "abc", "need": {"need_raised": 4}, "answers": {"ask": 32}},
        "monitor": {
            "targets": {
                "a": {"name": {"en": "A"}, "chosen": True, "unit": "share", "period": "2021", "numerator": 5,
                      "denominator": 20, "unknown": 0, "value": 0.25, "standard": 0.2, "status": "undecided",
                      "mature": True},
                "b": {"name": {"en": "B"}, "chosen": True, "unit": "rate", "period": "2021", "numerator": None,
                      "denominator": None, "unknown": None, "value": None, "standard": None,
                      "status": "not_measurable", "mature": False, "lacking": {"en": "no lab in this source"}},
                "c": {"name": {"en": "Rate"}, "chosen": True, "unit": "rate", "period": "2021", "numerator": 478,
                      "denominator": 1260.4, "unknown": 0, "value": 379.2, "standard": None,
                      "status": "no_standard", "mature": True},
                "d": {"name": {"en": "D"}, "chosen": False, "status": "not_measurable"},
            }
        },
    }  # fmt: skip


@pytest.fixture
def shown(told, tmp_path):
    out = io.StringIO()
    show(told, load(), tmp_path / "w", Console(file=out, width=160))
    return out.getvalue()


def line(shown, words):
    return next(line for line in shown.splitlines() if words in line)


@pytest.mark.parametrize(
    "words, expected",
    [
        ("people landed", "28"),
        ("multimorbid (DK39-2)", "<5"),
        ("under DK39-2", "<5"),
        ("under DK39-DX-2", "0"),
        ("psychiatric-somatic", "0"),
        ("Hypertension", "<5"),
        ("Type 2 diabetes", "12 (unverified concepts)"),
        ("Painful condition", "not measurable here"),
        ("Death within 12 months: logistic, adults with at least two long-term conditions", "0.812"),
        ("Death within 12 months: logistic, adults with at least two long-term conditions", "served"),
        ("gates undecided", "too wide: death_365d/multimorbid 2 of 3"),
        ("Death within 12 months: lightgbm, adults ill in mind and body", "kept out"),
        ("kept out: death_365d/psychiatric_somatic", "slope: 2.000; asked: 0.9 to 1.1"),
        ("not trained: acute_admission_365d/multimorbid", "fewer than 5 events in train, needs 100"),
        ("B  ", "not measurable here: no lab in this source"),
        ("A  ", "25% (5 of 20)"),
        ("Rate  ", "379 in 1,000 years (478 of 1,260)"),
        ("4 targets", "2 of them cannot be told here"),
        ("note: death", "1 of 1 rows refused: header row standing as data"),
        ("note: no deaths", "in this source"),
        ("Next:", "serve --jwt-key"),
    ],
)
def test_it_tells(shown, words, expected):
    assert expected in line(shown, words)


def test_parts_of_a_condition_stand_under_it(told, tmp_path):
    told["build"]["people_with"] = {
        "asthma": 7,
        "copd": 8,
        "copd_asthma": 15,
        "diabetes": 12,
        "hypertension": 9,
        "t2d": 12,
    }
    out = io.StringIO()
    show(told, load(), tmp_path / "w", Console(file=out, width=160))
    catalogue = load()
    names = [catalogue.conditions[key].name.en for key in ("copd_asthma", "asthma", "copd", "diabetes", "t2d")]
    lines = [line.strip() for line in out.getvalue().splitlines()]
    places = [
        next(at for at, text in enumerate(lines) if re.match(re.escape(name) + r"\s{2,}", text)) for name in names
    ]
    assert places == sorted(places)


def test_the_pages_are_told(shown, tmp_path):
    assert str(tmp_path / "w" / "report" / "models") in line(shown, "Pages of each model")


def test_a_made_up_region_is_served_as_a_demo(told, tmp_path):
    told["land"]["delivery"]["source"] = "synthetic"
    out = io.StringIO()
    show(told, load(), tmp_path / "w", Console(file=out, width=160))
    assert f"serve --demo --work {tmp_path / 'w'}" in out.getvalue()


def test_what_was_measured_says_how_chosen_targets_stand_and_where_the_report_is(tmp_path):
    signal = {"at": 59, "rule": "run", "side": "above"}
    lines = {
        "a": {"chosen": True, "status": "met", "facts": {"signal": signal}},
        "b": {"chosen": True, "status": "not_measurable", "facts": {"signal": None}},
        "c": {"chosen": False, "status": "met", "facts": {"signal": signal}},
    }
    console = Console(file=io.StringIO(), width=200)
    show_measured(lines, Workspace(tmp_path), console)
    printed = console.file.getvalue()
    assert "the region, 2 chosen targets: 1 met, 1 cannot be told" in printed
    assert "latest point: a\n" in printed
    assert str(tmp_path / "report/quality.html") in printed
