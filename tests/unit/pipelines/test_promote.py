"""What passes its gates is served; by hand a closed gate stops all of it, in a run it keeps one model out."""

import getpass
import json
import shutil

import pytest

from models import Registry, load_champion
from models.bundle import champion_version
from models.declared import SPECS
from pipelines.beside import CALIBRATION
from pipelines.promote import DECISIONS, PROMOTIONS, TAKEN_BACK, promote, take_back, whoever
from pipelines.train import train_step
from stratify.catalogue import load
from stratify.errors import BundleError, DataError, GateError, UsageError
from stratify.files import digest_tree
from stratify.workspace import Workspace

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated"),
]
ACUTE, DEATH = "acute_admission_365d/multimorbid", "death_365d/multimorbid"
WRONG = {"value": 3.0, "low": 2.0, "high": 4.0}


def around(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.05, "high": value + 0.05}


def say(*_: object) -> None:
    """No progress is shown."""


@pytest.fixture(scope="module")
def catalogue(few_events):
    return load(few_events)


@pytest.fixture(scope="module")
def promoted(region, catalogue, tmp_path_factory) -> Workspace:
    """A copy of the region whose every model has good evidence, and all of them promoted; nobody may write in it."""
    folder = tmp_path_factory.mktemp("promoted") / "w"
    shutil.copytree(region, folder)
    work = Workspace(folder)
    shutil.rmtree(work.bundles)
    for path in work.training.rglob("report.json"):
        report = json.loads(path.read_text(encoding="utf-8"))
        report["overall"] |= {"calibration_slope": around(1.0), "calibration_intercept": around(0.0)}
        path.write_text(json.dumps({**report, "subgroups": {}}), encoding="utf-8")
    promote(work, catalogue, say)
    return work


@pytest.fixture
def work(promoted, tmp_path) -> Workspace:
    """A copy of one's own."""
    shutil.copytree(promoted.root, tmp_path / "w")
    return Workspace(tmp_path / "w")


def bundle_of(work):
    return load_champion(work.bundles, work.keys / "bundle_public.pem")


def close_gate(work, key) -> None:
    """Let a model's report say that its risks are three times too timid."""
    path = work.training / key / "report.json"
    report = json.loads(path.read_text(encoding="utf-8"))
    report["overall"]["calibration_slope"] = WRONG
    path.write_text(json.dumps(report), encoding="utf-8")


def choose_the_other(work, key) -> str:
    """Let the other candidate be the chosen one, as another training might have it."""
    path = work.training / key / "candidates" / "chosen.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    told["chosen"] = {"lightgbm": "logistic", "logistic": "lightgbm"}[told["chosen"]]
    path.write_text(json.dumps(told), encoding="utf-8")
    return told["chosen"]


def aliases(work) -> dict[str, int]:
    client = Registry(work.mlflow_db, work.mlartifacts)._client
    return {model.name: dict(model.aliases).get("champion") for model in client.search_registered_models()}


def state(work) -> tuple[dict[str, str], dict[str, int]]:
    return digest_tree(work.bundles), aliases(work)


def decision(work) -> dict:
    path = work.bundles / DECISIONS / f"{champion_version(work.bundles)}.json"
    return json.loads(path.read_text(encoding="utf-8"))


def test_who_took_a_bundle_into_use_is_kept_and_a_name_is_one(work):
    lines = [json.loads(line) for line in (work.bundles / PROMOTIONS).read_text(encoding="utf-8").splitlines()]
    assert lines[0]["bundle"] in {path.name for path in work.bundles.iterdir()}
    assert lines[0]["by"] == getpass.getuser()
    assert {line["how"] for line in lines} <= {"promote", "run", "rollback"}
    assert whoever(" Chief of quality ") == "Chief of quality"
    for name in ("", " ", "x" * 101, "a\nb"):
        with pytest.raises(UsageError, match="--by needs a name or role"):
            whoever(name)


def test_why_each_became_the_champion_stands_beside_the_bundles(work):
    told = decision(work)
    assert set(told) == set(bundle_of(work).members) >= {ACUTE, DEATH}
    for key, one in told.items():
        assert one["promoted"] is True
        assert one["registered_version"] == bundle_of(work).manifest["members"][key]["registered_version"]
        assert {"slope", "intercept"} <= {gate["id"] for gate in one["gates"]}
        assert all(gate["verdict"] == "met" for gate in one["gates"])


def test_what_became_of_held_out_people_is_kept_with_the_bundle_and_goes_on_with_a_model_that_stays(work, catalogue):
    def kept():
        path = work.bundles / CALIBRATION / f"{champion_version(work.bundles)}.json"
        return json.loads(path.read_text(encoding="utf-8"))

    told = kept()
    curve = json.loads((work.training / ACUTE / "report.json").read_text(encoding="utf-8"))["calibration_curve"]
    assert told[ACUTE]["risk"] == pytest.approx(curve["risk"], abs=1e-6)
    assert told[ACUTE]["low"] == pytest.approx(curve["low"], abs=1e-6)
    shutil.rmtree(work.training / ACUTE)
    promote(work, catalogue, say, ["death_365d"])
    assert kept() == told


def test_by_hand_a_closed_gate_stops_it_all_and_nothing_has_changed(work, catalogue):
    close_gate(work, ACUTE)
    choose_the_other(work, DEATH)
    before = state(work)
    with pytest.raises(GateError, match="not promoted, nothing has changed") as caught:
        promote(work, catalogue, say)
    assert caught.value.exit_code == 12
    assert list(caught.value.problems) == [f"{ACUTE}: slope: 3.000 (2.000 to 4.000); asked: 0.9 to 1.1"]
    assert state(work) == before


def test_by_hand_others_are_promoted_by_name_past_a_closed_gate(work, catalogue):
    close_gate(work, ACUTE)
    before, kind = bundle_of(work), choose_the_other(work, DEATH)
    manifest, ran = promote(work, catalogue, say, ["death_365d"])
    after = bundle_of(work)
    assert ran
    assert manifest["results"]["bundle"] == after.version != before.version
    assert set(after.members) == set(before.members)
    assert after.members[DEATH].kind == kind != before.members[DEATH].kind
    assert after.content.members[ACUTE].files == before.content.members[ACUTE].files


def test_in_a_run_a_model_with_a_closed_gate_is_kept_out_and_told_and_the_old_one_stays(work, catalogue):
    close_gate(work, ACUTE)
    choose_the_other(work, ACUTE)
    choose_the_other(work, DEATH)
    before = bundle_of(work)
    manifest, ran = promote(work, catalogue, say, by_hand=False)
    after = bundle_of(work)
    assert ran
    assert after.version != before.version
    assert after.content.members[ACUTE].files == before.content.members[ACUTE].files
    assert after.members[DEATH].kind != before.members[DEATH].kind
    (kept,) = manifest["results"]["kept_out"]
    assert kept["model"] == ACUTE
    assert kept["gates"][0] == "slope: 3.000 (2.000 to 4.000); asked: 0.9 to 1.1"
    told = decision(work)
    assert (told[ACUTE]["promoted"], told[DEATH]["promoted"]) == (False, True)
    assert any(gate["verdict"] == "not_met" for gate in told[ACUTE]["gates"])


def test_in_a_first_run_a_model_with_a_closed_gate_is_not_served_at_all(work, catalogue):
    before = set(bundle_of(work).members)
    shutil.rmtree(work.bundles)
    close_gate(work, ACUTE)
    manifest, _ = promote(work, catalogue, say, by_hand=False)
    assert set(bundle_of(work).members) == before - {ACUTE}
    assert [one["model"] for one in manifest["results"]["kept_out"]] == [ACUTE]


def test_a_model_that_differs_from_its_champion_is_compared_with_it_on_the_same_rows(work, catalogue):
    choose_the_other(work, DEATH)
    promote(work, catalogue, say)
    told = {key: {gate["id"] for gate in one["gates"]} for key, one in decision(work).items()}
    assert {"ici", "net benefit at 0.02", "net benefit at 0.1"} <= told[DEATH]
    assert "ici" not in told[ACUTE], "the same model: there is nothing to compare"


def test_a_second_training_and_run_change_nothing_that_is_served(region, catalogue, tmp_path):
    shutil.copytree(region, tmp_path / "w")
    work = Workspace(tmp_path / "w")
    before = state(work)
    _, ran = train_step(work, catalogue, say)
    assert not ran
    manifest, ran = promote(work, catalogue, say, by_hand=False)
    assert (manifest["results"]["bundle"], ran) == (champion_version(work.bundles), False)
    assert state(work) == before
    shutil.rmtree(work.training)
    _, ran = train_step(work, catalogue, say)
    assert ran
    assert promote(work, catalogue, say, by_hand=False)[1] is False
    assert state(work) == before, "trained anew on the same rows it is the same bundle"


def test_what_was_taken_back_stays_so_in_a_run_and_comes_back_by_hand(work, catalogue):
    first, versions = champion_version(work.bundles), aliases(work)
    choose_the_other(work, DEATH)
    promote(work, catalogue, say)
    second = champion_version(work.bundles)
    manifest, _ = take_back(work)
    told = manifest["results"]
    assert (told["bundle"], told["members"], told["kept_out"]) == (first, len(bundle_of(work).members), [])
    assert champion_version(work.bundles) == first != second
    assert aliases(work) == versions
    assert (work.bundles / TAKEN_BACK).read_text(encoding="utf-8") == second + "\n"
    assert promote(work, catalogue, say, by_hand=False)[1] is False
    assert champion_version(work.bundles) == first
    promote(work, catalogue, say)
    assert champion_version(work.bundles) == second
    assert not (work.bundles / TAKEN_BACK).exists()


def test_what_was_not_trained_says_so_for_each_population(work):
    told = {(one["outcome"], one["population"]) for one in bundle_of(work).manifest["not_trained"]}
    assert ("death_365d", "psychiatric_somatic") in told
    assert not {f"{outcome}/{population}" for outcome, population in told} & set(bundle_of(work).members)


def test_an_outcome_that_is_no_models_is_refused_and_so_is_one_not_trained(work, catalogue):
    with pytest.raises(UsageError, match="no model for: happiness_365d"):
        promote(work, catalogue, say, ["happiness_365d"])
    shutil.rmtree(work.training / "death_365d")
    shutil.rmtree(work.bundles)
    with pytest.raises(DataError) as caught:
        promote(work, catalogue, say)
    local = f" --catalogue {catalogue.local}"
    assert list(caught.value.problems) == [f"run `stratify train death_365d{local}`"]


def test_what_is_named_and_not_trained_is_not_promoted_in_silence(work, catalogue):
    shutil.rmtree(work.training / "death_365d")
    before = digest_tree(work.bundles)
    with pytest.raises(DataError, match="not trained"):
        promote(work, catalogue, say, ["death_365d"])
    assert digest_tree(work.bundles) == before


def test_no_served_model_is_lost_because_the_entries_are_others(work, catalogue, tmp_path):
    """A new entry makes the served models those of other entries: all are trained anew, or nothing is promoted."""
    shutil.copytree(catalogue.local, tmp_path / "entries")
    path = tmp_path / "entries/outcomes/acute_admission_365d.toml"
    text = path.read_text(encoding="utf-8").replace('"acute_admission_365d"', '"any_admission_365d"', 1)
    path.with_name("any_admission_365d.toml").write_text(text, encoding="utf-8")
    (tmp_path / "entries/specs").mkdir()
    spec = (SPECS / "acute_admission_365d.toml").read_text(encoding="utf-8")
    spec = spec.replace('outcome = "acute_admission_365d"', 'outcome = "any_admission_365d"')
    (tmp_path / "entries/specs/any_admission_365d.toml").write_text(spec, encoding="utf-8")
    other = load(tmp_path / "entries")
    train_step(work, other, say, ["any_admission_365d"])
    before, served = digest_tree(work.bundles), set(bundle_of(work).members)
    assert (work.training / "any_admission_365d/multimorbid/candidates").is_dir()
    assert served
    with pytest.raises(DataError, match="would be lost") as caught:
        promote(work, other, say, ["any_admission_365d"])
    asked = {f"run `stratify train {key.split('/')[0]} --catalogue {other.local}`" for key in served}
    assert set(caught.value.problems) == asked
    assert digest_tree(work.bundles) == before


def test_a_champion_that_was_tampered_with_is_replaced_by_hand_and_told(work, catalogue):
    champion = work.bundles / champion_version(work.bundles)
    whole = digest_tree(champion)
    path = champion / ACUTE / "calibration.json"
    path.write_bytes(path.read_bytes()[:-1] + b" ")
    with pytest.raises(BundleError, match="roll back, or promote again"):
        promote(work, catalogue, say, by_hand=False)
    told = promote(work, catalogue, say)[0]["results"]
    assert f"{ACUTE}/calibration.json" in told["damaged"]
    assert digest_tree(champion) == whole
    assert promote(work, catalogue, say)[0]["results"]["damaged"] is None


def test_a_matrix_that_is_not_as_it_was_built_is_not_promoted_on(work, catalogue):
    path = work.features / "columns.json"
    path.write_text(path.read_text(encoding="utf-8").replace("days", "dags", 1), encoding="utf-8")
    with pytest.raises(BundleError, match="`stratify build`") as caught:
        promote(work, catalogue, say)
    assert caught.value.problems == ("columns.json",)
