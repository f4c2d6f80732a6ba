"""A trained model's risks beside a simulated region's true ones: how far off, for whom, and what nobody could know.

The truth is opened here, by `evaluate --against-truth` and the benchmarks alone, after training, for test people alone.
The true risk of a year on 1 January is the outcome's exact 12-month cumulative incidence, whatever was seen of a
person; so the best that registers allow lies below it, and what is compared is p with the mean true risk around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
import statsmodels.api as sm
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from models import Table, member_key
from pipelines.data_steps import Progress
from pipelines.synthesis.truth import attach
from pipelines.train import Rows, models_of, trained_member
from stratify.catalogue import Catalogue
from stratify.features.kernel import Floats
from stratify.registers.clock import day_of
from stratify.store.read import Store
from stratify.workspace import Workspace

TRUE_RISK = {
    "acute_admission_365d": "acute_admission",
    "acute_somatic_admission_365d": "acute_somatic_admission",
    "psychiatric_admission_365d": "psychiatric_admission",
    "acsc_admission_365d": "acsc_admission",
    "death_365d": "death",
}
TOP = 0.05  # of the people, the truly highest, and as many places
LEAST_PEOPLE, LEAST_EVENTS = 2000, 100  # of a subgroup that is told of
BINS = 40  # equal parts of the risk within which the mean true risk is taken


@dataclass(frozen=True)
class Against:
    """One model, or one group of its people, against the truth."""

    model: str
    group: str
    n: int
    events: int
    mean_risk: float
    auroc: float
    auroc_truth: float
    ici: float
    oe: float
    slope: float
    found_at_top: float

    @property
    def allowed(self) -> float:
        """The largest ICI that is asked for: .01 or 10 % of the mean overall, .02 or 20 % in a group."""
        most, share = (0.01, 0.10) if self.group == "all" else (0.02, 0.20)
        return min(most, share * self.mean_risk)

    def line(self) -> str:
        """Return it in one line."""
        return (
            f"{self.model:<50} {self.group:<34} n {self.n:>6} events {self.events:>5} AUROC {self.auroc:.3f}"
            f" (truth {self.auroc_truth:.3f}) ICI {self.ici:.4f} of {self.allowed:.4f} allowed"
            f" O/E {self.oe:.3f} slope {self.slope:.3f} top 5 % found {self.found_at_top:.2f}"
        )


def against_truth(work: Workspace, catalogue: Catalogue, progress: Progress, only: Sequence[str] = ()) -> list[str]:
    """Return a line for each trained model, and for each subgroup of its test people that is large enough.

    Raises DataError where the region has no truth: only simulated ones have.
    """
    rows = Rows(work, catalogue, progress)
    found: list[str] = []
    for outcome, population in models_of(rows.declared, only):
        key = member_key(outcome, population)
        if outcome not in TRUE_RISK:
            continue
        progress(f"holding {key} against the truth")
        found += [one.line() for one in of_model(rows, outcome, population)]
    return found


def of_model(rows: Rows, outcome: str, population: str) -> list[Against]:
    """Return the served model's test people against the truth: all, then by subgroup."""
    key, test = member_key(outcome, population), rows.test(outcome, population)
    member = trained_member(rows.work, key)
    if member is None:
        return []
    risk = test.risk_by(member)
    truth = true_risks(rows.work, test, TRUE_RISK[outcome])
    return [
        held(key, name, test.labels[outcome].y[which], risk[which], truth[which])
        for name, which in groups(test, outcome)
    ]


def groups(test: Table, outcome: str) -> list[tuple[str, NDArray[np.bool_]]]:
    """Return everybody, and each level of each factor with enough people and events."""
    y = test.labels[outcome].y
    found: list[tuple[str, NDArray[np.bool_]]] = [("all", np.ones(len(y), dtype=np.bool_))]
    for factor, labels in test.audit.items():
        for level in np.unique(labels).tolist():
            which = labels == level
            if which.sum() >= LEAST_PEOPLE and y[which].sum() >= LEAST_EVENTS:
                found.append((f"{factor} = {level}", which))
    return found


def true_risks(work: Workspace, test: Table, column: str) -> Floats:
    """Return the true risk[n] of each row on its landmark, a 1 January."""
    names = Store(work.store).source_ids()
    landmarks, of = np.unique(test.landmark, return_inverse=True)
    years = np.array([day_of(int(day)).year for day in landmarks])[of]
    asked = {"pnr": np.array([names[person] for person in test.person]), "year": years, "place": np.arange(len(years))}
    with duckdb.connect() as con:
        attach(con, work.truth)
        con.register("asked", pa.table(asked))
        told = con.execute(
            f"SELECT place, {column} AS risk FROM asked JOIN truth_risk USING (pnr, year) ORDER BY place"
        ).fetchnumpy()
    if len(told["place"]) != len(years):
        raise ValueError(f"{len(years) - len(told['place'])} of {len(years)} test rows have no true risk")
    return np.asarray(told["risk"], dtype=np.float64)


def held(model: str, group: str, y: Floats, risk: Floats, truth: Floats) -> Against:
    """Return how risks stand to true ones; ICI is the mean distance of p from the mean true risk around it."""
    most = max(round(TOP * len(y)), 1)
    truly, places = (np.argsort(-values, kind="stable")[:most] for values in (truth, risk))
    return Against(
        model,
        group,
        len(y),
        int(y.sum()),
        float(risk.mean()),
        float(roc_auc_score(y, risk)),
        float(roc_auc_score(y, truth)),
        distance(risk, truth),
        float(truth.sum() / risk.sum()),
        _slope(risk, truth),
        len(np.intersect1d(truly, places)) / most,
    )


def _slope(risk: Floats, truth: Floats) -> float:
    """The slope of the true risk on the logit of the risk: what the calibration slope comes to with endless people."""
    logit = np.log(risk) - np.log1p(-risk)
    if np.ptp(logit) == 0:
        return float("nan")
    return float(sm.GLM(truth, sm.add_constant(logit), family=sm.families.Binomial()).fit(tol=1e-12).params[1])


def distance(risk: Floats, truth: Floats) -> float:
    """Return mean |p - E[true risk | p]|, the expectation by a straight line within each of BINS equal parts of p.

    A mean per part would count the slope within it as distance; a line per part does not.
    """
    order = np.argsort(risk, kind="stable")
    off = 0.0
    for part in np.array_split(order, min(BINS, max(len(order) // 50, 1))):
        p, t = risk[part], truth[part]
        line = np.polyfit(p, t, 1) if np.ptp(p) > 0 else np.array([0.0, t.mean()])
        off += float(np.abs(p - np.polyval(line, p)).sum())
    return off / len(order)
