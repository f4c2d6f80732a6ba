"""What is written for the service: every scored person once, by pseudonym, with an answer for every offer."""

import json
import sqlite3
from dataclasses import replace
from datetime import date

import duckdb
import numpy as np
import pytest

from models import load_champion, load_declared, shown_risks
from models.bundle import MemberFiles
from models.people import Scorer
from pipelines.build_step import COHORT
from pipelines.matrix import read_matrix
from pipelines.score import reasons_of_listed
from service.care import read_care
from stratify.care.people import person as read_person
from stratify.care.weigh import ANSWERS, Given, Weigher
from stratify.catalogue import load
from stratify.errors import BundleError
from stratify.pseudonym import key_id, pseudonym, read_key
from stratify.store.read import Store
from stratify.workspace import Workspace


@pytest.fixture(scope="module")
def work(region):
    return Workspace(region)


@pytest.fixture(scope="module")
def catalogue(few_events):
    return load(few_events)


@pytest.fixture(scope="module")
def serving(work):
    con = sqlite3.connect(f"file:{work.serving_db}?mode=ro", uri=True)
    yield con
    con.close()


@pytest.fixture(scope="module")
def meta(serving):
    return dict(serving.execute("SELECT key, value FROM meta").fetchall())


@pytest.fixture(scope="module")
def bundle(work):
    return load_champion(work.bundles, work.keys / "bundle_public.pem")


@pytest.fixture(scope="module")
def latest(work, meta):
    days = int((np.datetime64(meta["landmark"]) - np.datetime64("1970-01-01")).astype(int))
    return read_matrix(work.features, [days])


@pytest.fixture(scope="module")
def shown(latest, bundle, catalogue):
    """What is shown of each outcome, worked out once more."""
    served = latest.select(bundle.content.columns)
    wholes = {key: one.part_of for key, one in catalogue.outcomes.items() if one.part_of}
    return shown_risks(bundle, served.cells, served.populations, list(load_declared().populations), wholes)


@pytest.fixture(scope="module")
def scores(work, meta):
    return duckdb.execute(
        "SELECT * FROM read_parquet(?) ORDER BY person", [f"{work.scores}/{meta['landmark']}.parquet"]
    )


def test_everybody_in_the_matrix_is_scored_once(latest, serving, scores):
    people = [row[0] for row in scores.fetchall()]
    assert people == latest.rows.person.tolist()
    assert serving.execute("SELECT count(*) FROM person").fetchone()[0] == len(people)


def test_a_person_is_found_by_the_pseudonym_of_the_sources_own_id(work, meta, serving, latest):
    key = read_key(work.keys / "pseudonym.key")
    ids = dict(
        duckdb.execute("SELECT person, source_id FROM read_parquet(?)", [f"{work.store}/persons.parquet"]).fetchall()
    )
    expected = {pseudonym(key, meta["system"], ids[person]) for person in latest.rows.person.tolist()}
    assert {name for (name,) in serving.execute("SELECT pseudonym FROM person")} == expected
    assert meta["pseudonym_key_id"] == key_id(key)


def test_no_identifier_of_the_source_stands_in_the_file(work):
    raw = work.serving_db.read_bytes()
    ids = duckdb.execute("SELECT source_id FROM read_parquet(?)", [f"{work.store}/persons.parquet"]).fetchall()
    assert not any(source_id.encode() in raw for (source_id,) in ids)


def test_the_file_is_its_owners_alone(work):
    assert work.serving_db.stat().st_mode & 0o077 == 0


def test_the_risk_told_is_the_bundles_for_the_features_told(serving, bundle, catalogue):
    """Or that of what it is a part of, where that is lower."""
    width = len(bundle.content.columns)
    assert bundle.members
    assert {key.split("/")[0] for key in bundle.members} <= set(catalogue.outcomes)
    ill = "psychiatric_somatic"
    shown = 0
    for body, blob in serving.execute("SELECT body, features FROM person LIMIT 50"):
        row = np.frombuffer(blob, dtype="<f8").reshape(1, width)
        risks = {told["outcome"]: told for told in json.loads(body)["risks"]}
        for outcome, told in risks.items():
            key = f"{outcome}/{told['population']}"
            x = row[:, bundle.places(key)]
            own = {float(bundle.members[key].risk(x, np.array([inside]))[0]) for inside in (False, True)}
            whole = catalogue.outcomes[outcome].part_of
            if told["population"] == ill:
                own = {float(bundle.members[key].risk(x, np.array([True]))[0])}
            if whole in risks and told["risk"] not in own:
                assert told["risk"] == risks[whole]["risk"] < max(own)
            else:
                assert told["risk"] in own
            assert 0 < told["risk"] < 1
            shown += 1
    assert shown > 50


def test_a_person_is_shown_the_model_of_the_first_population_they_belong_to(latest, serving, bundle, work, meta):
    names = {name: json.loads(body) for name, body in serving.execute("SELECT pseudonym, body FROM person")}
    key = read_key(work.keys / "pseudonym.key")
    persons = f"{work.store}/persons.parquet"
    ids = dict(duckdb.execute("SELECT person, source_id FROM read_parquet(?)", [persons]).fetchall())
    ill = latest.populations["psychiatric_somatic"]
    assert 0 < ill.sum() < len(ill)
    for at, person in enumerate(latest.rows.person.tolist()):
        body = names[pseudonym(key, meta["system"], ids[person])]
        for told in body["risks"]:
            first = f"{told['outcome']}/psychiatric_somatic" in bundle.members and ill[at]
            assert told["population"] == ("psychiatric_somatic" if first else "multimorbid")


def test_scores_that_are_written_are_those_that_are_shown(work, meta, latest, shown, catalogue):
    table = duckdb.execute(
        "SELECT * FROM read_parquet(?) ORDER BY person", [f"{work.scores}/{meta['landmark']}.parquet"]
    ).fetchnumpy()
    for outcome in catalogue.outcomes_at("landmark"):
        told = np.ma.filled(np.ma.asarray(table[f"risk_{outcome}"], dtype=float), np.nan)
        if outcome in shown:
            np.testing.assert_array_equal(told, shown[outcome].risk)
        else:
            assert np.isnan(told).all()


def test_how_many_are_shown_each_model_is_told_with_the_step(work, shown):
    results = json.loads((work.scores / "manifest.json").read_text(encoding="utf-8"))["results"]["shown"]
    for outcome, told in shown.items():
        counts = {name: int((told.population == at).sum()) for at, name in enumerate(told.populations)}
        assert results[outcome] == {**{name: n for name, n in counts.items() if n}, "capped": int(told.capped.sum())}


def test_no_part_is_shown_above_its_whole(shown, catalogue):
    pairs = [(key, catalogue.outcomes[key].part_of) for key in shown if catalogue.outcomes[key].part_of in shown]
    assert pairs
    for part, whole in pairs:
        both = ~np.isnan(shown[part].risk) & ~np.isnan(shown[whole].risk)
        assert (shown[part].risk[both] <= shown[whole].risk[both]).all()


def test_facts_are_kept_as_they_are_read_and_give_the_answers_that_the_scores_hold(
    serving, catalogue, work, meta, latest
):
    """The service weighs one person by the facts that are kept; the batch weighed everybody at once."""
    scores = duckdb.execute(
        "SELECT * FROM read_parquet(?) ORDER BY person", [f"{work.scores}/{meta['landmark']}.parquet"]
    ).fetchnumpy()
    told = {name: json.loads(body)["facts"] for name, body in serving.execute("SELECT pseudonym, body FROM person")}
    care = read_care(serving, date.fromisoformat(meta["landmark"]))
    assert care.catalogue.offers == catalogue.offers
    key, ids = read_key(work.keys / "pseudonym.key"), Store(work.store).source_ids()
    for at, number in enumerate(latest.rows.person.tolist()[:60]):
        facts = told[pseudonym(key, meta["system"], ids[number])]
        alone = {one.offer.id: one for one in Weigher(read_person(facts, OWN), catalogue, Given(care.day)).all()}
        assert {offer: scores[f"offer_{offer}"][at] for offer in alone} == {
            offer: ANSWERS[one.answer[0]] for offer, one in alone.items()
        }
        answer = care.weigh(facts)
        assert answer["conditions"] == [k for k in catalogue.conditions if k in facts["conditions"]]
        assert answer["stratum"]["need"]["id"] == scores["need"][at]
        assert answer["stratum"]["resources"]["id"] == scores["resources"][at]
        assert all(offer["why"]["da"] and offer["why"]["en"] for offer in answer["offers"])


OWN = {asked.id: asked.kind for offer in load().offers.values() for asked in offer.ask}


def test_what_cannot_be_told_is_said(serving):
    """These people are too few for a model of death; with diagnoses and medicine every condition can be told."""
    (body,) = serving.execute("SELECT body FROM person LIMIT 1").fetchone()
    told = {entry["id"] for entry in json.loads(body)["missing"]}
    assert "model_death_365d" in told
    assert "conditions" not in told


def test_reasons_are_those_of_the_people_at_the_top_of_each_risk(latest, bundle, shown):
    latest = latest.select(bundle.content.columns)
    told = reasons_of_listed(latest, shown, bundle)
    for key, one in shown.items():
        listed = max(card["listed"] for card in bundle.cards.values() if card["outcome"] == key)
        top = np.argsort(-np.nan_to_num(one.risk, nan=-1.0), kind="stable")[:listed]
        assert {row for row in top.tolist() if one.population[row] >= 0} <= set(told)
    for row, by_outcome in told.items():
        assert set(by_outcome) == {key for key, one in shown.items() if one.population[row] >= 0}
        for reasons in by_outcome.values():
            sizes = [abs(reason["contribution"]) for reason in reasons]
            assert sizes == sorted(sizes, reverse=True)
            assert all((reason["contribution"] > 0) == (reason["direction"] == "+") for reason in reasons)


def test_targets_stand_beside_the_people(serving, catalogue):
    found = {key: json.loads(body) for key, body in serving.execute("SELECT id, body FROM target")}
    assert set(found) == set(catalogue.targets)
    assert all({"numerator", "denominator", "unknown", "status"} <= set(body) for body in found.values())


def test_the_matrix_lies_in_one_folder_per_landmark_and_the_columns_beside_it(work, latest):
    manifest = json.loads((work.features / "manifest.json").read_text(encoding="utf-8"))["results"]
    files = {path.parent.name for path in (work.features / COHORT).glob("*/bucket=000.parquet")}
    assert sorted(files) == manifest["landmarks"]
    assert manifest["columns"] == len(latest.columns)
    assert manifest["flow"][manifest["score_landmark"]]["multimorbid"] == len(latest.rows)


def test_a_matrix_gives_its_columns_in_the_order_asked_for(latest):
    wanted = [latest.columns[5], latest.columns[2]]
    chosen = latest.select(wanted)
    assert chosen.names == [latest.names[5], latest.names[2]]
    np.testing.assert_array_equal(chosen.cells, latest.cells[:, [5, 2]])


def test_a_champion_of_other_definitions_scores_nobody(latest, bundle, catalogue):
    Scorer(bundle, catalogue).refuse_unfit(latest.columns)
    other = replace(bundle, content=replace(bundle.content, catalogue_digest="other"))
    with pytest.raises(BundleError, match="other definitions"):
        Scorer(other, catalogue).refuse_unfit(latest.columns)


def test_a_column_that_is_not_there_or_means_something_else_is_named(latest, bundle, catalogue):
    changed = [{**column, "unit": "parsecs"} if n == 0 else column for n, column in enumerate(latest.columns)]
    for columns in (latest.columns[1:], changed):
        with pytest.raises(BundleError) as error:
            Scorer(bundle, catalogue).refuse_unfit(columns)
        assert error.value.problems == (f"column {latest.names[0]}: not the same",)


def test_a_spec_that_lists_few_has_the_reasons_of_few(latest, bundle, shown):
    latest = latest.select(bundle.content.columns)
    few = replace(bundle, content=replace(bundle.content, members={
        key: MemberFiles({**files.files, "card.json": json.dumps({**files.card, "listed": 2}).encode()})
        for key, files in bundle.content.members.items()
    }))  # fmt: skip
    told = reasons_of_listed(latest, shown, few)
    ranked = [np.argsort(-np.nan_to_num(one.risk, nan=-1.0), kind="stable")[:2] for one in shown.values()]
    assert set(told) == {int(row) for top in ranked for row in top}
