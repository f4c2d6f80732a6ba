"""A made-up population in which the risk is known: age, admissions and a laboratory value push it, noise does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from models.declared import Declared, load_declared
from models.keys import ensure_signing_keys
from models.spec import Baseline, Predictor, Spec
from models.split import NotTrained
from models.table import Labels, Origin, Table
from models.train import Trained, train_outcome
from stratify.catalogue.entries import Outcome

OUTCOME = "acute_admission_365d"
POPULATION = "multimorbid"
GROUPS = {
    "age": ("Alder", "Age"),
    "stay_acute_count_365": ("Sygehus", "Hospital"),
    "stay_acute_days_since": ("Sygehus", "Hospital"),
    "lab_hba1c_last_365": ("Blodprøver", "Laboratory"),
    "drug_n05_any_365": ("Lægemidler", "Medicines"),
    "noise": ("Andet", "Other"),
}


def column(name: str, *, role: str = "predictor", use: str = "care") -> dict:
    da, en = GROUPS.get(name, ("Andet", "Other"))
    return {
        "id": name, "label": {"da": name, "en": name}, "clinical_group": {"da": da, "en": en}, "unit": "",
        "role": role, "source_use": use, "fallback": "missing",
    }  # fmt: skip


def days(*years: int) -> np.ndarray:
    return np.array([(date(year, 1, 1) - date(1970, 1, 1)).days for year in years], dtype=np.int32)


@pytest.fixture(scope="session")
def make_column() -> Callable[..., dict]:
    return column


@pytest.fixture(scope="session")
def january() -> Callable[..., np.ndarray]:
    return days


@pytest.fixture(scope="session")
def make_outcome() -> Callable[..., Outcome]:
    def make(**changed) -> Outcome:
        entry = {
            "id": OUTCOME, "name": {"da": "Akut indlæggelse", "en": "Acute admission"}, "source": "made up for tests",
            "provenance": "OURS", "rationale": "an outcome to train on", "event": "stay", "horizon_days": 365,
            "register_delay_days": 30, "min_events_train": 100, "min_events_test": 50,
            "example": [{"why": "yes", "expect": True}, {"why": "no", "expect": False}],
        }  # fmt: skip
        return Outcome.model_validate({**entry, **changed})

    return make


@pytest.fixture(scope="session")
def outcome(make_outcome) -> Outcome:
    return make_outcome()


@pytest.fixture(scope="session")
def make_table() -> Callable[..., Table]:
    def make(people: int = 1600, years: tuple[int, ...] = (2016, 2017, 2018, 2019, 2020), *, seed=3, strength=1.0):
        rng = np.random.default_rng(seed)
        landmark = np.repeat(days(*years), people)
        n = len(landmark)
        age = np.clip(rng.normal(66, 14, n), 18, 100)
        stays = rng.poisson(0.7, n).astype(float)
        since = np.where(stays > 0, rng.integers(1, 365, n).astype(float), np.nan)
        hba1c = np.where(rng.random(n) < 0.6, rng.normal(50, 12, n), np.nan)
        drug = (rng.random(n) < 0.2).astype(float)
        x = np.column_stack([age, stays, since, hba1c, drug, rng.normal(size=n)])
        logit = -1.4 + strength * (0.04 * (age - 66) + 0.6 * stays + 0.03 * (np.nan_to_num(hba1c, nan=50) - 50))
        y = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(float)
        y[rng.random(n) < 0.02] = np.nan
        person = np.tile(np.arange(people, dtype=np.int32), len(years))
        return Table(person, landmark, x, [column(name) for name in GROUPS], {OUTCOME: Labels.of(y)})

    return make


@pytest.fixture(scope="session")
def table(make_table) -> Table:
    return make_table()


@pytest.fixture(scope="session")
def declared() -> Declared:
    """What is shipped, but for the named predictors, which are those of the made-up columns."""
    shipped = load_declared()
    standard = (
        Predictor.model_validate({"column": "age", "as": "linear"}),
        Predictor.model_validate({"column": "stay_acute_count_365", "as": "linear"}),
        Predictor.model_validate({"column": "stay_acute_days_since", "as": "decay", "half_life": 120}),
        Predictor.model_validate({"column": "lab_hba1c_last_365", "as": "linear"}),
        Predictor.model_validate({"column": "drug_n05_any_365", "as": "linear"}),
        Predictor.model_validate({"column": "noise", "as": "linear"}),
    )
    baselines = {"age_sex": Baseline(name=shipped.baselines["age_sex"].name, predictors=standard[:1])}
    specs = {key: one.model_copy(update={"baselines": ("age_sex",)}) for key, one in shipped.specs.items()}
    return replace(shipped, specs=specs, predictors={"standard": standard}, baselines=baselines)


@pytest.fixture(scope="session")
def spec(declared) -> Spec:
    return declared.specs[OUTCOME]


@pytest.fixture(scope="session")
def train_one(spec, declared, outcome, origin) -> Callable[..., Trained | NotTrained]:
    """Training with what is declared here, unless a test gives something else."""

    def one(table: Table, *, spec=spec, outcome=outcome, population=POPULATION) -> Trained | NotTrained:
        return train_outcome(spec, declared, population, table, outcome, origin)

    return one


@pytest.fixture(scope="session")
def origin() -> Origin:
    return Origin("synthetic", "2021-12-31", "2022-02-01", "c" * 64)


@pytest.fixture(scope="session")
def trained(table, train_one) -> Trained:
    result = train_one(table)
    assert isinstance(result, Trained)
    return result


@pytest.fixture(scope="session")
def signing_keys(tmp_path_factory):
    return ensure_signing_keys(tmp_path_factory.mktemp("keys"))
