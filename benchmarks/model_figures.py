"""The figures of one trained model beside the simulated truth and beside other makers of trees, as one JSON object.

The truth is opened for what is compared, and for one peer that is told it. Areas are given twice: `auroc` on what came
of the test people, and `expected` as it would be with endless people of these true risks, which has no luck in it.
"""

import json
import time
import tomllib
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from model_peers import by_hist_gradient_boosting, by_lightgbm, by_peers, stopping_rows
from scipy.optimize import brentq
from sklearn.metrics import roc_auc_score

import pipelines.synthesis
from models import Member, member_key, read_member
from models.candidates import Training, make_candidate, recipes
from models.evaluation import delong
from models.scoring import sigmoid
from models.split import split_rows
from models.train import chosen_folder
from pipelines.against_truth import TRUE_RISK, distance, groups, held, true_risks
from pipelines.synthesis.truth import attach
from pipelines.train import CANDIDATES, REPORT
from stratify.registers.clock import day_of
from stratify.store.read import Store

HIDDEN = {  # what nobody sees of a person, and where its weight on the hazard stands: of the kind most stays are of
    "acute_admission_365d": ("frailty", "kind", "other"),
    "acute_somatic_admission_365d": ("frailty", "kind", "other"),
    "acsc_admission_365d": ("frailty", "kind", "acsc"),
    "psychiatric_admission_365d": ("mind", "kind", "psych"),
    "death_365d": ("frailty", "death"),
}
HAZARDS = Path(next(iter(pipelines.synthesis.__path__))) / "parameters" / "admissions.toml"
PRIOR = ("stay_", "care_home_")  # columns that the peer who is told what is hidden reads as they are
PERSON = ("frailty", "mind", "resources")
NOT_READ = ("education", "income", "origin")  # factors that no served model may read: what is left of them in its risks
FRAIL = 1.0


@dataclass(frozen=True)
class Case:
    """One trained model: its rows, parts, test people and risks."""

    rows: object  # pipelines.train.Rows
    outcome: str
    population: str
    table: object

    @cached_property
    def spec(self):
        return self.rows.declared.specs[self.outcome]

    @cached_property
    def split(self):
        return split_rows(self.spec.split, self.rows.catalogue.outcomes[self.outcome], self.table)

    @cached_property
    def test(self):
        return self.table.rows(self.split.rows["test"])

    @property
    def labels(self):
        return self.test.labels[self.outcome]

    @property
    def folder(self):
        return self.rows.work.training / member_key(self.outcome, self.population)

    @cached_property
    def chosen(self):
        return chosen_folder(self.folder / CANDIDATES).name

    def risk(self, kind):
        """Return a candidate's risks of the test rows."""
        member = Member.from_files(read_member(self.folder / CANDIDATES / kind).files, threads=2)
        return member.risk(self.test.read(member.columns), self.test.inside)

    @cached_property
    def truth(self):
        """The true risks of the test rows, None where the outcome has none."""
        column = TRUE_RISK.get(self.outcome)
        return None if column is None else true_risks(self.rows.work, self.test, column)


def figures(rows, outcome, population, folder, python):
    """Return all figures of a model; `python` None leaves out the peers that need an environment of their own."""
    started = time.perf_counter(), time.process_time()
    case = Case(rows, outcome, population, rows.of(population))
    report = json.loads((case.folder / REPORT).read_text(encoding="utf-8"))
    train = Training.of(case.table, outcome, case.split)
    told = {
        "outcome": outcome,
        "population": population,
        "served": case.chosen,
        "train_rows": len(train.y),
        "train_events": int(train.y.sum()),
        "n": len(case.labels.y),
        "events": int(case.labels.y.sum()),
        "report": {name: report["overall"][name] for name in ("auroc", "oe", "calibration_slope", "ici")},
        "three_state": report.get("three_state"),
        "drop_the_dead": {"report": report.get("drop_the_dead", [])},
    }
    risks = {kind: case.risk(kind) for kind in ("lightgbm", "logistic") if (case.folder / CANDIDATES / kind).is_dir()}
    told["candidates"] = {kind: area(case, risk) for kind, risk in risks.items()}
    told["peers"] = _peers(case, train, risks[case.chosen], folder, python)
    if case.truth is not None:
        who = of_people(rows.work, case.test)
        told["true_risk"] = _true_risk(case, who)
        told["years"] = {part: _year(case, part) for part in ("train", "calibrate", "test")}
        told["true_states"] = _true_states(case, train, risks[case.chosen])
        told["defined"] = share = _defined(told["years"])
        told["against_truth"] = [
            _held(case, name, risks[case.chosen][which], which, share) for name, which in groups(case.test, outcome)
        ]
        told["drop_the_dead"] |= {"frail": _without_the_dead(case, risks, who)}
    told["seconds"], told["cpu_seconds"] = time.perf_counter() - started[0], time.process_time() - started[1]
    return told


def area(case, score, which=slice(None)):
    """Return the AUROC of what came, weighted as the report's, and the one that true risks, where known, expect."""
    y, weight = case.labels.y[which], case.labels.weight[which]
    found = {"auroc": float(roc_auc_score(y, score[which], sample_weight=weight))}
    if case.truth is not None:
        found["expected"] = expected_area(case.truth[which], score[which])
    return found


def expected_area(truth, score):
    """Return the AUROC with each person counted with the true risk as having the event, and with the rest as not."""
    y = np.repeat([1, 0], len(truth))
    return float(roc_auc_score(y, np.tile(score, 2), sample_weight=np.concatenate([truth, 1 - truth])))


def _peers(case, train, own, folder, python):
    test = case.test.read(train.columns)
    aside, stopping = stopping_rows(train, case.spec)
    hist, how = by_hist_gradient_boosting(train, test, aside, stopping, case.spec.split.seed)
    found, told = {"HistGradientBoosting": hist}, {"HistGradientBoosting": how}
    if python is not None:
        others, how = by_peers(python, folder / "exchanged", train, test, aside, stopping)
        found |= others
        told |= how
    return {
        name: {**area(case, score), **told[name], "p": float(delong(case.labels.y, sigmoid(score), own)["p"])}
        for name, score in found.items()
    }


def _true_risk(case, who):
    """The areas of the true risk, and of the true risk with what is hidden taken out of its hazard."""
    hidden, *path = HIDDEN[case.outcome]
    told = tomllib.loads(HAZARDS.read_text(encoding="utf-8"))
    for name in path:
        told = told[name]
    weight = float(told[hidden])
    without = 1 - (1 - case.truth) ** np.exp(-weight * who[hidden])
    return {
        "hidden": hidden,
        "weight": weight,
        "mean": float(case.truth.mean()),
        "true": area(case, case.truth),
        "without": area(case, without),
    }


def _year(case, part):
    """What truly threatened the people of a part, what truly came, and what came by the outcome's own definition."""
    rows = case.split.rows[part]
    labels, column, work = case.table.labels[case.outcome], TRUE_RISK[case.outcome], case.rows.work
    weight, y = labels.weight[rows], labels.y[rows]
    truth = true_risks(work, case.table.rows(rows), column)
    with duckdb.connect() as con:
        attach(con, work.truth)
        con.register("asked", asked_of(work, case.table, rows))
        told = con.execute(
            f"SELECT avg({column}::INT) AS truly FROM asked JOIN truth_year t USING (pnr) WHERE t.year = year(landmark)"
        ).fetchnumpy()
    return {
        "n": len(rows),
        "truth": float(truth.mean()),
        "truly_came": float(told["truly"][0]),
        "came": float((weight * y).sum() / weight.sum()),
    }


def _defined(years):
    """How many have the event by the outcome's definition, of those who truly have it: it may leave out codes.

    From the rows trained and calibrated on, so that the test's own luck is not in it.
    """
    seen = [years[part] for part in ("train", "calibrate")]
    came, truly = (sum(one[name] * one["n"] for one in seen) for name in ("came", "truly_came"))
    return came / truly


def _held(case, name, risk, which, share):
    """A group's risks beside the true ones, and beside what of these the outcome's definition counts on average."""
    truth = case.truth[which]
    one = held(member_key(case.outcome, case.population), name, case.labels.y[which], risk, truth)
    by_definition = {"ici": distance(risk, truth * share), "oe": float((truth * share).sum() / risk.sum())}
    return asdict(one) | {"allowed": one.allowed, "by_definition": by_definition}


def _true_states(case, train, risk):
    """Our trees told every condition that a person truly has; by who is ill in mind and body.

    `states`: all our columns, and the conditions. `hidden`: the conditions, age, sex and past stays, and what no
    register holds of a person, which no better diagnosis would tell.
    """
    used, test = case.split.rows["train"], case.split.rows["test"]
    names, cells, unseen = states_of(case.rows.work, case.table, np.concatenate([used, test]))
    plain = [name for name in train.columns if name in ("person_age", "person_female") or name.startswith(PRIOR)]
    added = {
        "states": (train.columns, [*names], cells),
        "hidden": (plain, [*names, *PERSON], np.hstack([cells, unseen])),
    }
    scores, told = {}, {}
    for which, (columns, more, values) in added.items():
        x = np.hstack([train.read(columns), values[: len(used)]])
        asked = np.hstack([case.test.read(columns), values[len(used) :]])
        scores[which], told[which] = by_lightgbm(x, train, asked, case.spec, [*columns, *more])
        told[which]["columns"] = x.shape[1]
    inside = case.test.inside
    found = {"told": told}
    for name, which in (("all", np.ones_like(inside)), ("psychiatric-somatic", inside), ("others", ~inside)):
        events = int(case.labels.y[which].sum())
        if min(events, int(which.sum()) - events) > 0:
            found[name] = {
                "n": int(which.sum()),
                "events": events,
                **{kind: area(case, score, which) for kind, score in scores.items()},
                "served": area(case, risk, which),
                "truth": area(case, case.truth, which),
            }
    risks = {"served": risk, **{kind: as_risk(score, case.truth) for kind, score in scores.items()}}
    found["groups"] = [
        {"group": name, **{kind: beside_all(one, case.truth, which) for kind, one in risks.items()}}
        for name, which in groups(case.test, case.outcome)
        if name.split(" = ")[0] in NOT_READ
    ]
    return found


def as_risk(logit, truth):
    """Return risks of log-odds moved so that as many events are expected of all as truly are."""
    shift = brentq(lambda by: float(sigmoid(logit + by).mean() - truth.mean()), -20, 20)
    return sigmoid(logit + shift)


def beside_all(risk, truth, which):
    """Return a group's true O/E over that of all: 1 where the model puts the group where it truly stands."""
    return float(truth[which].sum() / risk[which].sum() / (truth.sum() / risk.sum()))


def _without_the_dead(case, risks, who):
    """Mean risks of the oldest, true, by us, and by the logistic fitted and calibrated without those who died first."""
    labels = case.table.labels[case.outcome]
    dead = labels.died_first
    if not dead.any() or "logistic" not in risks:
        return []
    kept = replace(labels, y=np.where(dead, np.nan, labels.y), weight=np.where(dead, 0.0, labels.weight),
                   died_first=np.zeros_like(dead))  # fmt: skip
    table = replace(case.table, labels={case.outcome: kept})
    split = split_rows(case.spec.split, case.rows.catalogue.outcomes[case.outcome], table)
    train = Training.of(table, case.outcome, split)
    recipe = next(one for one in recipes(case.spec, case.rows.declared, train) if one.name == "logistic")
    wrong = make_candidate(recipe, case.spec, table, case.outcome, split)
    if wrong is None:
        return []
    wrongly = wrong.member.risk(case.test.read(wrong.member.columns), case.test.inside)
    old = case.test.audit["age"] == "85+"
    groups = {"all": np.ones_like(old), "85+": old, "frail 85+": old & (who["frailty"] > FRAIL)}
    return [
        {
            "group": name,
            "n": int(which.sum()),
            "died_first": float(case.labels.died_first[which].mean()),
            "truth": float(case.truth[which].mean()),
            "served": float(risks[case.chosen][which].mean()),
            "logistic": float(risks["logistic"][which].mean()),
            "without_the_dead": float(wrongly[which].mean()),
        }
        for name, which in groups.items()
        if which.any()
    ]


def of_people(work, table):
    """Return what is unseen about each row's person, by name."""
    with duckdb.connect() as con:
        attach(con, work.truth)
        con.register("asked", asked_of(work, table))
        told = con.execute(
            f"SELECT place, {', '.join(PERSON)} FROM asked JOIN truth_person USING (pnr) ORDER BY place"
        ).fetchnumpy()
    if len(told["place"]) != len(table.person):
        raise ValueError(f"{len(table.person) - len(told['place'])} of {len(table.person)} rows are of unknown people")
    return {name: np.asarray(told[name], dtype=np.float64) for name in PERSON}


def states_of(work, table, which):
    """Return names[k] and cells[len(which), k] of conditions begun by the landmark, and what is unseen of people."""
    with duckdb.connect() as con:
        attach(con, work.truth)
        con.register("asked", asked_of(work, table, which))
        conditions = con.execute("SELECT DISTINCT condition FROM truth_state ORDER BY condition").fetchnumpy()
        names = conditions["condition"].tolist()
        told = con.execute(
            "SELECT place, condition FROM asked JOIN truth_state USING (pnr) WHERE onset <= landmark"
        ).fetchnumpy()
        person = con.execute(
            f"SELECT {', '.join(PERSON)} FROM asked JOIN truth_person USING (pnr) ORDER BY place"
        ).fetchnumpy()
    cells = np.zeros((len(which), len(names)))
    cells[told["place"], np.searchsorted(names, told["condition"].astype(str))] = 1.0
    return names, cells, np.column_stack([person[name] for name in PERSON])


def asked_of(work, table, which=slice(None)):
    """Return an Arrow table of rows: their place, the person's id in the truth, the landmark."""
    ids = np.array(Store(work.store).source_ids())
    person, landmark = table.person[which], table.landmark[which]
    days = np.unique(landmark)
    dates = pa.array([day_of(int(day)) for day in days]).take(pa.array(np.searchsorted(days, landmark)))
    return pa.table({"place": np.arange(len(person)), "pnr": ids[person], "landmark": dates})
