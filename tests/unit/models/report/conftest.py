"""Made-up rows, evaluated, and the card and logistic of a model, each made by what makes the real ones."""

import json
from html.parser import HTMLParser

import numpy as np
import pytest

from models import more
from models.card import card as make_card
from models.declared import load_declared
from models.estimators import fit_logistic
from models.evaluation import evaluate
from models.table import Labels, Origin, Table
from stratify.catalogue import load

OUTCOME, POPULATION, N = "acute_admission_365d", "multimorbid", 1200
VOID = {"meta", "br"}


def told_in(text):
    return {"da": f"{text} (på dansk)", "en": text}


class Read(HTMLParser):
    """A page read: tags that do not fit, every tag with its attributes, figures by place, tables, and the text."""

    def __init__(self, page):
        super().__init__()
        self.open, self.wrong, self.tags, self.figures, self.words = [], [], [], [], []
        self.tables, self._at = [], None
        self.feed(page)
        self.close()
        self.wrong += self.open

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append((tag, found))
        if tag not in VOID:
            self.open.append(tag)
        if "data-at" in found:
            self._at = (len(self.open), found, [])
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.wrong.append(tag)
            return
        if self._at and len(self.open) == self._at[0]:
            self.figures.append((self._at[1]["data-at"], self._at[1].get("data-as"), "".join(self._at[2])))
            self._at = None
        self.open.pop()

    def handle_data(self, data):
        if self._at:
            self._at[2].append(data)
        if {"td", "th"} & set(self.open[-4:]) and self.tables and self.tables[-1] and self.tables[-1][-1]:
            self.tables[-1][-1][-1] += data
        if "style" not in self.open:
            self.words.append(data)


@pytest.fixture(scope="session")
def read():
    return Read


@pytest.fixture(scope="session")
def rows():
    rng = np.random.default_rng(4)
    line = rng.normal(-1.2, 1.1, N)
    y = (rng.random(N) < 1 / (1 + np.exp(-line))).astype(float)
    died = (y == 0) & (rng.random(N) < 0.06)
    age = rng.choice(["18-39", "40-64", "65-74", "85+"], N, p=[0.1, 0.4, 0.3, 0.2])
    municipality = rng.choice(["Aarhus", "Odder", "Ringkøbing-Skjern"], N)
    municipality[:3] = "Samsø"  # three people: hidden, and another with them
    newcomer = np.where(np.arange(N) < 12, "yes", "no")
    y[:12] = 0
    return {
        "y": y,
        "risk": 1 / (1 + np.exp(-(0.9 * line - 0.05))),
        "person": np.arange(N),
        "weight": rng.choice([1.0, 1.05], N),
        "died_first": died & (y == 0),
        "days": np.where((y == 1) | died, rng.integers(1, 365, N), 365).astype(float),
        "groups": {
            "age": age,
            "sex": rng.choice(["female", "male"], N),
            "hospital": rng.choice(["Horsens", "Viborg"], N),
            "education": rng.choice(["short", "long", "not told"], N),
            "municipality": municipality,
            "newcomer": newcomer,
        },
        "others": {
            "lightgbm": 1 / (1 + np.exp(-(line + rng.normal(0, 0.6, N)))),
            "age_sex": 1 / (1 + np.exp(-(0.5 * line + rng.normal(-0.6, 0.6, N)))),
        },
        "thresholds": (0.1, 0.2, 0.3),
        "bootstraps": 40,
    }


@pytest.fixture(scope="session")
def report(rows):
    """What evaluate tells, back from JSON; three people of a municipality are hidden, newcomers have no event."""
    return json.loads(json.dumps(evaluate(**rows)))


@pytest.fixture(scope="session")
def logistic():
    """A fitted logistic with every transform and missing values, its rows and their outcomes."""
    declared = load_declared()
    spec = declared.specs[OUTCOME]
    wanted = ("person_age", "person_female", "stay_acute_somatic_count_365", "stay_acute_somatic_days_since")
    wanted += ("lab_egfr_last",)
    predictors = [one for one in declared.predictors_of(spec) if one.column in wanted]
    rng = np.random.default_rng(8)
    n = 500
    x = np.column_stack(
        [
            rng.uniform(18, 95, n),
            rng.integers(0, 2, n),
            rng.poisson(0.6, n),
            np.where(rng.random(n) < 0.5, np.nan, rng.integers(1, 900, n)),
            np.where(rng.random(n) < 0.2, np.nan, rng.normal(70, 15, n)),
        ]
    ).astype(float)
    y = (rng.random(n) < 1 / (1 + np.exp(-(0.04 * (x[:, 0] - 70) + 0.5 * x[:, 2])))).astype(float)
    fitted = fit_logistic(spec.estimators.logistic, x, y, np.ones(n), predictors)
    return x, fitted


@pytest.fixture(scope="session")
def model(logistic):
    return json.loads(logistic[1].model)


@pytest.fixture(scope="session")
def cards(logistic, report):
    """The cards of both candidates, by kind; the logistic is the chosen."""
    declared = load_declared()
    calibration = {"method": "sigmoid", "a": 0.95, "b": 0.06, "strata": {"inside": -0.02, "outside": 0.01}}
    told = {
        name: {
            "kind": "lightgbm" if name == "lightgbm" else "logistic",
            "calibrate": {"auroc": 0.7},
            "calibration": calibration,
            "parameters": {"rounds": 58, "deterministic": True} if name == "lightgbm" else logistic[1].parameters,
        }
        for name in ("age_sex", "lightgbm", "logistic")
    }
    counts = {"events": report["events"], "n": report["n"], "people": report["people"]}
    parts = {
        "train": {"events": 1582, "landmarks": ["2020-01-01", "2021-01-01"], "n": 8929, "lent": 0, "people": 3550},
        "calibrate": {"events": 593, "landmarks": ["2023-01-01"], "n": 3085, "people": 3085},
        "test": {**counts, "landmarks": ["2024-01-01"]},
    }
    spec = declared.specs[OUTCOME]
    return {
        kind: json.loads(
            json.dumps(
                make_card(
                    spec,
                    declared,
                    POPULATION,
                    load().outcomes[OUTCOME],
                    Origin("synthetic", "2024-12-31", "2025-03-01", "c" * 64),
                    [],
                    kind=kind,
                    asked=4,
                    made_on=parts,
                    sample_size={"parameters": 40, "rows": 8929, "rows_needed": 3750, "rule": told_in("Riley 2019")},
                    candidates=told,
                    chosen={"kind": "logistic", "rule": told_in("logistic, unless")},
                    constraints=[one.model_dump() for one in declared.constraints_of(spec)],
                )
            )
        )
        for kind in ("logistic", "lightgbm")
    }


@pytest.fixture(scope="session")
def card(cards):
    return cards["logistic"]


@pytest.fixture(scope="session")
def full(report, rows):
    """The report with every further key, made by what makes the real ones; what refits tell is put together here."""
    risk, y = rows["risk"], rows["y"]
    bare = np.where(np.arange(N) % 7 == 0, 0.0, y)
    labels = Labels(y, rows["weight"], rows["died_first"], rows["days"], bare)
    absent = np.where(np.arange(N) % 12 == 0, np.nan, 1.0)
    almost = np.where(np.arange(N) < 3, np.nan, 1.0)  # three people lack it: hidden
    columns = [
        {"id": "lab_egfr_last", "label": {"da": "Nyretal", "en": "Kidney value"}},
        {"id": "lab_crp_last", "label": {"da": "CRP i blodet", "en": "CRP in blood"}},
    ]
    table = Table(
        np.arange(N, dtype=np.int32), np.zeros(N, dtype=np.int32), np.column_stack([absent, almost]), columns, {}
    )
    refit = {**report["overall"], "n": 600, "events_tested": 140, "lacks": None}
    lacking = {**dict.fromkeys(report["overall"]), "lacks": "too few events in test"}

    class Three:
        def shares(self, x):
            death = np.full(N, 0.05)
            return np.column_stack([1 - risk - death, risk, death])

    entered = np.arange(N) % 3 == 0
    told = {
        "three_state": more.three_state(Three(), table, labels),
        "missingness": more.missingness(table, np.arange(N)),
        "censoring": more.censoring(labels),
        "injuries": more.injuries(labels, risk),
        "drop_the_dead": more.drop_the_dead(labels, risk, rows["groups"]),
        "border": [
            {"other": "psychiatric_somatic", **more.border(risk, rows["others"]["lightgbm"], entered)},
            {"other": "discharges", **more.border(risk[:60], risk[:60] * 0.9, np.arange(60) < 3)},
        ],
        "refits": [
            {"split": "hospital = Horsens left out", **refit},
            {"split": "part = øst left out", **refit},
            {"split": "hospital = Samsø left out", **lacking},
        ],
        "learning_curve": [
            {"share": 0.1, "rows": 890, "events": 150, **lacking},
            {"share": 0.5, "rows": 4460, "events": 790, **refit},
            {"share": 1.0, "rows": 8929, "events": 1582, **refit},
        ],
        "feature_sets": [{"set": name, "columns": 150, **refit} for name in ("served", "research")],
    }
    return {**report, **json.loads(json.dumps(told))}
