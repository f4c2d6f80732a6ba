"""A work folder as promotion and scoring leave it: a signed bundle, a scored population of four, keys and targets."""

import asyncio
import hashlib
import json
import shutil
import sqlite3
import time
import zlib
from datetime import date
from types import SimpleNamespace

import duckdb
import httpx
import jwt
import lightgbm
import numpy as np
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from models import labelled
from models.bundle import Content, MemberFiles, set_champion, write_bundle
from models.keys import ensure_signing_keys
from models.scoring import Member
from models.table import columns_digest
from pipelines.score import entries_of
from service.app import create_app
from service.demo import AUDIENCE, CARE_TEAM, ISSUER, ORGANISATION, demo_token, make_demo_keys
from service.served import FORMAT
from service.settings import Settings
from stratify.care.one_person import told_of
from stratify.catalogue import load
from stratify.pseudonym import ensure_key, key_id, pseudonym
from stratify.quality.series import lines
from stratify.quality.spc import assurance, chart, latest_signal, variation
from stratify.quality.verdict import wilson
from stratify.workspace import Workspace

SYSTEM = "urn:stratify:synthetic"
CATALOGUE = "c" * 64
ACUTE, DEATH = "acute_admission_365d/psychiatric_somatic", "death_365d/multimorbid"
STORED, COMPUTED, LOW, OUTSIDE = "000000000001", "000000000002", "000000000003", "000000000004"


def _words(text):
    return {"da": f"{text} (da)", "en": text}


def _column(name, group):
    return {
        "id": name,
        "label": _words(name),
        "clinical_group": _words(group),
        "unit": "1",
        "role": "predictor",
        "source_use": "care",
        "fallback": None,
    }


def _group(name, words, modifiable, *columns):
    told = {"id": name, "name": _words(words), "modifiable": modifiable, "why": _words(f"{words}: {modifiable}")}
    return {**told, "columns": [column["id"] for column in columns]}


COLUMNS = [
    _column("stays_somatic_count_365", "hospital contacts"),
    _column("contacts_psychiatric_count_365", "psychiatric care"),
    _column("labs_hba1c_last_730", "laboratory"),
]
REASONS = [
    _group("hospital", "hospital contacts", "partly", COLUMNS[0]),
    _group("psychiatry", "psychiatric care", "no", COLUMNS[1]),
    _group("laboratory", "laboratory", "yes", COLUMNS[2]),
]
FEATURES = {
    STORED: [1.0, 0.0, 48.0],
    COMPUTED: [4.0, 2.0, np.nan],
    LOW: [0.0, 0.0, 36.0],
}


def _logistic():
    """Two of the three columns, in another order than the bundle's."""
    columns = [
        {
            "id": COLUMNS[place]["id"], "transform": {"kind": "linear"}, "missing": None,
            "terms": [{"mean": mean, "scale": 1.0, "coefficient": weight}],
        }
        for place, mean, weight in ((2, 45.0, 0.02), (0, 0.5, 0.6))
    ]  # fmt: skip
    return {"model.json": json.dumps({"columns": columns, "intercept": -2.0}).encode()}


def _trees():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(200, 3))
    data = lightgbm.Dataset(x, (x[:, 0] + x[:, 1] > 0).astype(float), feature_name=[column["id"] for column in COLUMNS])
    booster = lightgbm.train({"objective": "binary", "num_leaves": 4, "verbose": -1, "num_threads": 1}, data, 5)
    return {"model.txt": booster.model_to_string().encode()}


def _member(key, model, a=1.0):
    outcome, population = key.split("/")
    strata = {"outside": 0.0, "inside": 0.1}
    calibration = json.dumps({"method": "sigmoid", "a": a, "b": 0.0, "strata": strata}).encode()
    files = {**model, "calibration.json": calibration}
    scorer = Member.from_files(files)
    every = np.array([[0.0, 0.0, 40.0], [2.0, 1.0, 60.0]])
    x = every[:, [[column["id"] for column in COLUMNS].index(name) for name in scorer.columns]]
    golden = [
        {"x": list(row), "inside": inside, "risk": float(scorer.risk(row[None], np.array([inside]))[0])}
        for inside in (False, True)
        for row in x
    ]
    card = {
        "outcome": outcome,
        "name": _words(outcome),
        "event": "death" if outcome.startswith("death") else "stay",
        "population": {"id": population, "name": _words(population)},
        "catalogue_digest": CATALOGUE,
        "columns_digest": columns_digest([c for n in scorer.columns for c in COLUMNS if c["id"] == n]),
        "reasons_top_n": 2,
        "intended_use": _words("see who may need more"),
        "not_for": _words("children"),
    }
    extra = {"reference.json": {}, "golden.json": golden, "card.json": card}
    return MemberFiles({**files, **{name: json.dumps(value).encode() for name, value in extra.items()}}, 1)


def _promote(workspace, a=1.0):
    private, public = ensure_signing_keys(workspace.keys)
    content = Content(
        columns=COLUMNS,
        catalogue_digest=CATALOGUE,
        data={"source": "synthetic", "covers_to": "2024-12-31", "delivered": "2025-01-15"},
        members={ACUTE: _member(ACUTE, _logistic(), a), DEATH: _member(DEATH, _trees())},
        not_trained=[
            {
                "outcome": "death_365d",
                "population": "psychiatric_somatic",
                "split": "train",
                "events": 12,
                "needs": 100,
                "text": "too few",
            }
        ],
        reasons=REASONS,
    )
    version = write_bundle(workspace.bundles, content, private)
    set_champion(workspace.bundles, version, public)
    return version


ENTRIES = [
    (kind, key, json.dumps(entry)) for kind, entries in entries_of(load()).items() for key, entry in entries.items()
]


REASON = {
    "id": "hospital",
    "group": _words("hospital contacts"),
    "modifiable": "partly",
    "direction": "+",
    "contribution": 0.3,
    "columns": [COLUMNS[0]["id"]],
}


def _told(body):
    """What is told of a person, as scoring works it out beforehand."""
    reasons = labelled({"acute_admission_365d": [REASON], "death_365d": []}, COLUMNS, REASONS)
    told = {"reasons": reasons, **told_of(body["facts"], load(), date(2025, 1, 1))}
    return zlib.compress(json.dumps(told).encode())


def _body(risk):
    return {
        "risks": [
            {
                "outcome": "acute_admission_365d",
                "population": "psychiatric_somatic",
                "risk": risk,
                "horizon_days": 365,
            },
            {"outcome": "death_365d", "population": "multimorbid", "risk": risk / 4, "horizon_days": 365},
        ],
        "missing": [{"id": "hba1c", "text": _words("no HbA1c within two years")}],
        "facts": {
            "age": 61,
            "sex": "f",
            "conditions": ["diabetes", "hf", "hypertension", "t2d"],
            "n_conditions": 3,
            "n_drugs": 6,
            "psychiatric_somatic": True,
            "smi": False,
            "lives_alone?": True,
        },
    }


BESIDE = {
    "peers": {
        outcome: {"f": [{"from": 18, "to": 59, "risk": low, "people": 40}, {"from": 60, "to": None, "risk": high,
                                                                          "people": 31}]}
        for outcome, low, high in (("acute_admission_365d", 0.1, 0.13), ("death_365d", 0.01, 0.02))
    },
    "past_days": [19358, 19723],
    "seen": {ACUTE: {"risk": [0.1, 0.2, 0.4], "low": [0.08, 0.16, 0.3], "high": [0.14, 0.26, 0.5]}},
}  # fmt: skip

PAST = {
    "risks": {"acute_admission_365d": [None, 0.08]},
    "conditions": [["t2d", 16449], ["hf", 19083]],
    "stays": [[19600, 19604, "sa"], [20080, None, "pp"]],
    "medicines": [["A10", 18338, 20041, 35], ["Q99", 19000, 19100, 2]],
}

ALL_OF_A_TARGET = {
    "tier": "core", "kind": "process", "chosen": True, "waits": None, "unit": "share", "standard_status": "local",
    "facts": {"variation": "common_cause", "assurance": "consistently_fails", "signal": None}, "lacking": None,
}  # fmt: skip


def _target(name, **changes):
    counts = {"numerator": 40, "denominator": 100, "unknown": 6, "value": 0.4, "interval": [0.31, 0.5]}
    rest = {"standard": 0.9, "direction": "higher", "status": "not_met", "suppressed": False, "mature": True}
    return {"id": name, "name": _words(name), "period": "2024", **ALL_OF_A_TARGET, **counts, **rest, **changes}


def _series(yes, over=200):
    """What is told of a unit over 24 months: how many of so many each month; None is hidden."""
    hidden = [one is None for one in yes]
    numerator = [np.nan if one is None else one for one in yes]
    denominator = [np.nan if one is None else over for one in yes]
    drawn = chart("p", numerator, denominator, direction="higher", target=0.9)
    latest = latest_signal(drawn)
    signal = latest and {"at": latest.index, "rule": latest.rule, "side": "above" if latest.side > 0 else "below"}
    year = [one for one in yes[12:] if one is not None]
    low, high = wilson(sum(year), over * len(year)) if year else (None, None)
    status = "undecided" if low is None or low < 0.9 <= high else "met" if low >= 0.9 else "not_met"
    facts = {"standard": status, "year": 2024, "variation": variation(drawn), "assurance": assurance(drawn)}
    counts = {"numerator": yes, "denominator": [None if one is None else float(over) for one in yes]}
    shares = [None if one is None else one / over for one in yes]
    return {
        "step": 1, **counts, "unknown": [None if one is None else 0 for one in yes], "value": shares, "low": shares,
        "high": shares, "hidden": hidden, "chart": lines(drawn),
        "facts": {**facts, "signal": signal, "points": 24 - sum(hidden), "false_alarms": {"latest": 0.01, "any": 0.1}},
    }  # fmt: skip


def _years(series):
    """What is told of the units of a level in 2024, from their series."""
    told = {"units": list(series), "standard": [one["facts"]["standard"] for one in series.values()]}
    sums = [[n for n in one["numerator"][12:] if n is not None] for one in series.values()]
    told["hidden"] = [not year for year in sums]
    told["numerator"] = [sum(year) if year else None for year in sums]
    told["denominator"] = [200.0 * len(year) if year else None for year in sums]
    told["unknown"] = [0 if year else None for year in sums]
    told["value"] = [sum(year) / (200 * len(year)) if year else None for year in sums]
    against = [f"{one}{end}" for one in ("oe", "oe_case_mix") for end in ("", "_low", "_high")]
    return {"2024": told | dict.fromkeys(("low", "high", *against), told["value"])}


AROUND_95 = [2 * n for n in (95, 94, 96, 93, 95, 96, 94, 95, 93, 96, 94, 95) * 2]


def told_target(one, **series):
    """All that is told of a target: Aarhus holds its standard, Horsens has just fallen, Randers may not be shown."""
    months = [f"{year}-{month:02}" for year in (2023, 2024) for month in range(1, 13)]
    units = {
        "region": {"": _series([80, 84, 76, 82, 78, 86, 80, 82, 76, 84, 80, 78] * 2)},
        "hospital": {
            "Aarhus": _series(AROUND_95), "Horsens": _series([190, 188, 192, 186] * 5 + [188, 190, 192, 120]),
            "Randers": _series([None] * 24), **series,
        },
        "municipality": {"not told": _series([40, 44] * 12)},
    }  # fmt: skip
    described = {
        "id": one["id"], "name": one["name"], "direction": one["direction"], "standard": one["standard"],
        "unit": one["unit"], "chosen": one["chosen"], "source": "made up", "numerator_text": _words("measured"),
        "denominator_text": _words("all"), "unknown_text": _words("no laboratory"), "rationale": "it is made up",
        "kind": one["kind"], "waits": one["waits"], "standard_status": one["standard_status"], "breaks": [],
        "standard_source": "made up", "provenance": "RECALL-unverified", "balancing": ["rare"], "maturity_days": 30,
        "hospitals": "treating",
        "periods": {"1": months, "3": [], "12": ["2023", "2024"]}, "mature": [True] * 24,
    }  # fmt: skip
    if one["status"] == "not_measurable":
        return {**described, "status": "not_measurable", "lacking": one["lacking"]}
    years = {level: _years(of) for level, of in units.items()}
    return {**described, "status": "measured", "series": units, "units": years, "gaps": {}, "missing_levels": []}


def write_serving(workspace, version, **meta):
    """Write serving.db as scoring does: beside, then renamed."""
    key = ensure_key(workspace.keys / "pseudonym.key")
    rows = {
        "format": FORMAT,
        "bundle_version": version,
        "landmark": "2025-01-01",
        "covers_to": "2024-12-31",
        "delivered": "2025-01-15",
        "catalogue_digest": CATALOGUE,
        "source": "synthetic",
        "system": SYSTEM,
        "pseudonym_key_id": key_id(key),
        "definition_multimorbid": "DK39-2",
        "definition_both": "PSYKSOM-1",
        **meta,
    }
    hidden = dict.fromkeys(("numerator", "denominator", "unknown", "value", "interval"), None)
    targets = [_target("hba1c_measured"), _target("rare", **hidden, suppressed=True, status="undecided")]
    lacking = {"status": "not_measurable", "mature": False, "lacking": _words("no lab in this source")}
    targets.append(_target("unmeasured", **hidden, **lacking, chosen=False, standard=None))
    fresh = workspace.root / "serving.db.fresh"
    fresh.unlink(missing_ok=True)
    connection = sqlite3.connect(fresh)
    with connection:
        connection.execute("CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT)")
        connection.execute("CREATE TABLE person(pseudonym TEXT PRIMARY KEY, body TEXT, features BLOB, told BLOB)")
        connection.execute("CREATE TABLE target(id TEXT PRIMARY KEY, body TEXT, told BLOB)")
        connection.execute("CREATE TABLE entry(kind TEXT, id TEXT, body TEXT)")
        connection.execute("CREATE TABLE past(pseudonym TEXT PRIMARY KEY, body BLOB)")
        packed = zlib.compress(json.dumps(PAST).encode())
        connection.execute("INSERT INTO past VALUES (?, ?)", (pseudonym(key, SYSTEM, STORED), packed))
        connection.execute("CREATE TABLE beside(key TEXT PRIMARY KEY, body TEXT)")
        connection.executemany("INSERT INTO beside VALUES (?, ?)", [(k, json.dumps(v)) for k, v in BESIDE.items()])
        connection.executemany("INSERT INTO entry VALUES (?, ?, ?)", ENTRIES)
        connection.executemany("INSERT INTO meta VALUES (?, ?)", rows.items())
        told = {t["id"]: zlib.compress(json.dumps(told_target(t)).encode()) for t in targets}
        rows_of_targets = [(t["id"], json.dumps(t), told[t["id"]]) for t in targets]
        connection.executemany("INSERT INTO target VALUES (?, ?, ?)", rows_of_targets)
        risks = {STORED: 0.2, COMPUTED: 0.6, LOW: 0.05}
        connection.executemany(
            "INSERT INTO person VALUES (?, ?, ?, ?)",
            [
                (
                    pseudonym(key, SYSTEM, person),
                    json.dumps(_body(risks[person])),
                    np.array(row, dtype="<f8").tobytes(),
                    _told(_body(risks[person])) if person == STORED else None,
                )
                for person, row in FEATURES.items()
            ],
        )
    connection.close()
    fresh.rename(workspace.serving_db)


def _write_persons(workspace):
    workspace.store.mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE persons(person INTEGER, source_id VARCHAR)")
        people = list(enumerate([STORED, COMPUTED, LOW, OUTSIDE]))
        connection.executemany("INSERT INTO persons VALUES (?, ?)", people)
        connection.execute(f"COPY persons TO '{workspace.store / 'persons.parquet'}' (FORMAT parquet)")


@pytest.fixture(scope="session")
def _template(tmp_path_factory):
    workspace = Workspace(tmp_path_factory.mktemp("template") / "w")
    workspace.root.mkdir()
    make_demo_keys(workspace.keys)
    write_serving(workspace, _promote(workspace))
    _write_persons(workspace)
    return workspace


@pytest.fixture
def workspace(_template, tmp_path):
    """A fresh copy of the work folder."""
    shutil.copytree(_template.root, tmp_path / "w")
    return Workspace(tmp_path / "w")


@pytest.fixture
def left(workspace):
    """Write a step's file with its manifest: `left(workspace.need, "need.json", told, inputs={...})`."""

    def write(folder, name, told, **manifest):
        folder.mkdir(exist_ok=True)
        content = json.dumps(told).encode()
        (folder / name).write_bytes(content)
        files = {name: hashlib.sha256(content).hexdigest()}
        (folder / "manifest.json").write_text(json.dumps({"files": files, **manifest}), encoding="utf-8")

    return write


@pytest.fixture
def people():
    """The identifiers: reasons stored, reasons computed when asked, low risk, and one outside the population."""
    return SimpleNamespace(system=SYSTEM, stored=STORED, computed=COMPUTED, low=LOW, outside=OUTSIDE)


@pytest.fixture
def promote(workspace):
    """Promote another bundle (its calibration slope changes) and return its version."""
    return lambda a: _promote(workspace, a)


@pytest.fixture
def rescore(workspace):
    """Write serving.db anew for a bundle version, with other meta where told."""
    return lambda version, **meta: write_serving(workspace, version, **meta)


@pytest.fixture
def settings(workspace):
    """Settings of the demo in this work folder."""
    return Settings(work=workspace.root, demo=True)


def treating(person, system=SYSTEM):
    """The care context of a token: whoever has it treats this person."""
    return {"patient_id": f"{system}|{person}", "organization_id": ORGANISATION, "care_team_id": CARE_TEAM}


class Client:
    """Sends requests to an application, without a network, and remembers a token; `treats` makes one for a person."""

    def __init__(self, app, token=None, treats=None):
        self._app, self._token, self._treats = app, token, treats

    def treats(self, value, system=SYSTEM):
        """Return a token of whoever treats this person, or the one token there is."""
        return self._token if self._treats is None else self._treats(value, system)

    def send(self, method, path, *, token=..., **kwargs):
        """Return the response; token None sends none."""
        token = self._token if token is ... else token
        headers = dict(kwargs.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"

        async def one():
            transport = httpx.ASGITransport(app=self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
                return await client.request(method, path, headers=headers, **kwargs)

        return asyncio.run(one())

    def look_up(self, value, *, system=SYSTEM, **kwargs):
        """Return the response to a look-up."""
        body = {"patient": {"system": system, "value": value}, "purpose": "TREAT"}
        kwargs.setdefault("token", self.treats(value, system))
        return self.send("POST", "/v1/scores:lookup", json=body, **kwargs)


@pytest.fixture
def app(settings):
    """The application, audit log let go of afterwards."""
    app = create_app(settings)
    yield app
    app.state.context.audit.close()


@pytest.fixture
def token(workspace):
    """Make a token with these roles."""
    return lambda *roles, patient=STORED, system=SYSTEM, **kwargs: demo_token(
        workspace.keys, roles=roles, patient=patient and (system, patient), **kwargs
    )


@pytest.fixture
def client(app, token):
    """A client of that application, as clinician and quality, who treats whoever is looked up."""
    roles = ("clinician", "quality")
    return Client(app, token(*roles), lambda value, system: token(*roles, patient=value, system=system))


@pytest.fixture
def client_of():
    """Make a client of another application."""
    return Client


@pytest.fixture
def forge(workspace):
    """Make a token of the right key with claims changed; a claim that is None is left out."""

    def make(headers=None, **changes):
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + 600,
            "sub": "dr",
            "role": "clinician",
            "context": treating(STORED),
        }
        claims = {name: value for name, value in (claims | changes).items() if value is not None}
        key = load_pem_private_key((workspace.keys / "jwt_private.pem").read_bytes(), None)
        return jwt.encode(claims, key, algorithm="ES384", headers=headers)

    return make


@pytest.fixture
def audit_rows(workspace):
    """Read the audit log from outside, as rows of named columns."""

    def read():
        connection = sqlite3.connect(workspace.service_db)
        connection.row_factory = sqlite3.Row
        rows = [dict(row) for row in connection.execute("SELECT * FROM audit ORDER BY seq")]
        connection.close()
        return rows

    return read
