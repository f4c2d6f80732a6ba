"""The main job, as its users run it: one command, a summary, and nothing done twice."""

import json
import shutil

import pytest

from stratify.files import digest_tree

SAME = ("registers", "store", "features", "scores", "quality")
TRAINING = {
    f"training/{outcome}/{population}"
    for outcome in (
        "acsc_admission_365d", "acute_admission_365d", "acute_somatic_admission_365d", "death_365d",
        "psychiatric_admission_365d",
    )
    for population in ("psychiatric_somatic", "multimorbid")
}  # fmt: skip
STEPS = {"registers", "store", "features", *TRAINING, "quality", "scores", "need"}


def digests(work):
    """The files that must not differ between two runs of one seed."""
    return {
        **{name: digest_tree(work / name, leave_out=frozenset({"run.json"})) for name in SAME},
        "models": {
            path.relative_to(work / "bundles").as_posix(): path.read_bytes()
            for path in sorted((work / "bundles").glob("*/*/*/*"))
        },
    }


def test_the_summary_tells_people_models_offers_targets_and_what_to_do_next(region):
    summary = (region / "summary.txt").read_text(encoding="utf-8")
    for words in (
        "people landed",
        "multimorbid (DK39-2)",
        "under DK39-DX-2",
        "psychiatric-somatic (PSYKSOM-1)",
        "Painful condition",
        "psychiatric-somatic",
        "lightgbm",
        "logistic",
        "offers:",
    ):
        assert words in summary
    assert "serve --demo --work" in summary
    assert "not measurable here" not in summary  # with drugs delivered, painful conditions are told by them


def test_every_step_says_what_it_was_made_from_and_accounts_for_every_row(region):
    for name in STEPS:
        manifest = json.loads((region / name / "manifest.json").read_text(encoding="utf-8"))
        run = json.loads((region / name / "run.json").read_text(encoding="utf-8"))
        assert {"step", "inputs", "parameters", "catalogue", "source", "results", "files"} <= manifest.keys()
        assert {"seconds", "cpu_seconds", "peak_memory_mib", "finished"} <= run.keys()
        assert manifest["files"] == digest_tree(region / name, leave_out=frozenset({"manifest.json", "run.json"}))
    tables = json.loads((region / "store/manifest.json").read_text(encoding="utf-8"))["results"]["tables"]
    for counts in tables.values():
        assert counts["rows_in"] == counts["landed"] + counts["refused"] + counts.get("left", 0)
        assert counts["refused"] == sum(counts["reasons"].values())


def test_a_second_run_does_nothing_that_has_not_changed(region, stratify, few_events, tmp_path):
    work = tmp_path / "again"
    shutil.copytree(region, work)
    before = {path: path.stat().st_mtime_ns for path in work.rglob("run.json")}
    done = stratify("run", "--people", 1000, "--seed", 3, "--work", work, "--catalogue", few_events)
    assert done.stderr.count("as it was") == 9
    assert before == {path: path.stat().st_mtime_ns for path in work.rglob("run.json")}


def test_a_file_that_was_changed_has_its_step_run_again(region, stratify, few_events, tmp_path):
    work = tmp_path / "touched"
    shutil.copytree(region, work)
    path = work / "store/persons.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    stratify("land", "--work", work, "--catalogue", few_events)
    assert path.read_bytes() == whole


def members_of(work):
    champion = (work / "bundles/champion").read_text(encoding="utf-8").strip()
    folder = work / "bundles" / champion
    return champion, sorted(path.relative_to(folder).as_posix() for path in folder.glob("*/*") if path.is_dir())


@pytest.mark.slow
def test_one_outcome_is_trained_and_promoted_and_the_others_keep_their_members(region, stratify, few_events, tmp_path):
    work = tmp_path / "one"
    shutil.copytree(region, work)
    before, options = members_of(work), ("--work", work, "--catalogue", few_events)
    shutil.rmtree(work / "training")
    done = stratify("train", "acute_somatic_admission_365d", *options, check=False)
    assert done.returncode == 11, "one of its two populations has too few events; the other is trained all the same"
    assert "no model for acute_somatic_admission_365d, psychiatric_somatic" in done.stderr
    stratify("promote", "acute_somatic_admission_365d", *options)
    assert members_of(work)[1] == before[1]
    others = [key for key in before[1] if not key.startswith("acute_somatic_admission_365d/")]
    assert others, "one that was not trained again"


@pytest.mark.slow
def test_a_closed_gate_stops_a_promotion_by_hand_and_others_are_named_past_it(region, stratify, few_events, tmp_path):
    work, key = tmp_path / "gate", "acute_admission_365d/multimorbid"
    shutil.copytree(region, work)
    options = ("--work", work, "--catalogue", few_events)
    path = work / "training" / key / "report.json"
    report = json.loads(path.read_text(encoding="utf-8"))
    report["overall"]["calibration_slope"] = {"value": 3.0, "low": 2.0, "high": 4.0}
    path.write_text(json.dumps(report), encoding="utf-8")
    before = digest_tree(work / "bundles")
    done = stratify("promote", *options, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (12, False)
    assert f"{key}: slope: 3.000 (2.000 to 4.000); asked: 0.9 to 1.1" in done.stderr
    assert digest_tree(work / "bundles") == before
    outcomes = [member.split("/")[0] for member in members_of(region)[1]]
    others = [outcome for outcome in outcomes if outcome != key.split("/")[0]]
    assert "champion: " in stratify("promote", others[0], *options).stdout
    asked = stratify("promote", "acute_admission_365d", "--rollback", *options, check=False)
    assert asked.returncode == 2


@pytest.mark.slow
def test_what_was_taken_back_is_promoted_again_by_name_alone(region, stratify, few_events, tmp_path):
    work, other = tmp_path / "back", tmp_path / "entries"
    shutil.copytree(region, work)
    shutil.copytree(few_events, other)
    path = other / "outcomes/death_365d.toml"
    text = path.read_text(encoding="utf-8").replace("register_delay_days = 30", "register_delay_days = 31")
    path.write_text(text, encoding="utf-8")
    words = ("run", "--people", 1000, "--seed", 3, "--work", work, "--catalogue", other)
    first = members_of(work)
    assert stratify("promote", "--rollback", "--work", work, check=False).returncode == 13  # there is none before it
    stratify(*words)
    second = members_of(work)
    assert first != second
    stratify("promote", "--rollback", "--work", work)
    assert members_of(work) == first
    assert stratify(*words, check=False).returncode == 13  # scores need models of these entries: nothing is mixed
    assert members_of(work) == first
    passed = {key.split("/")[0] for key in second[1]}  # by hand, one with a closed gate would stop the others
    stratify("promote", *passed, "--work", work, "--catalogue", other)
    assert members_of(work)[1] == second[1]
    stratify(*words)
    assert members_of(work)[1] == second[1]


@pytest.mark.slow
def test_an_outcome_without_a_model_spec_is_trained_for_study_and_kept_out(region, stratify, few_events, tmp_path):
    work, other = tmp_path / "new", tmp_path / "entries"
    shutil.copytree(region, work)
    shutil.copytree(few_events, other)
    text = (other / "outcomes/acute_admission_365d.toml").read_text(encoding="utf-8")
    (other / "outcomes/any_admission_365d.toml").write_text(
        text.replace('id = "acute_admission_365d"', 'id = "any_admission_365d"'), encoding="utf-8"
    )
    done = stratify("run", "--people", 1000, "--seed", 3, "--work", work, "--catalogue", other)
    assert "kept out: any_admission_365d/multimorbid: intended use: for study alone" in done.stdout
    asked = stratify("promote", "any_admission_365d", "--work", work, "--catalogue", other, check=False)
    assert asked.returncode == 12
    assert "any_admission_365d/multimorbid: intended use" in asked.stderr
    assert "specs/any_admission_365d.toml" in asked.stderr


def test_scores_are_not_made_with_models_of_other_definitions(region, stratify, few_events, tmp_path):
    work, other = tmp_path / "other", tmp_path / "entries"
    shutil.copytree(region, work)
    shutil.copytree(few_events, other)
    path = other / "outcomes/death_365d.toml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("horizon_days = 365", "horizon_days = 366"), encoding="utf-8"
    )
    done = stratify("score", "--work", work, "--catalogue", other, check=False)
    assert done.returncode == 13
    assert "run `stratify train` and `stratify promote` first" in done.stderr


@pytest.mark.slow
def test_a_matrix_of_another_store_is_used_for_nothing(region, stratify, few_events, tmp_path):
    """People are numbered anew with each landing: its rows would be taken for other people."""
    work, options = tmp_path / "stale", ("--catalogue", few_events, "--work", tmp_path / "stale")
    shutil.copytree(region, work)
    stratify("synthesise", "--people", 300, "--seed", 9, "--work", work)
    stratify("land", *options)
    for command in ("train", "score"):
        done = stratify(command, *options, check=False)
        assert (done.returncode, "Traceback" in done.stderr) == (11, False)
        assert "run `stratify build` first" in done.stderr
    stratify("build", *options)
    done = stratify("score", *options, check=False)
    assert done.returncode == 11
    assert "run `stratify monitor` first" in done.stderr


def test_a_work_folder_that_cannot_be_is_told_in_one_line(stratify, tmp_path):
    (tmp_path / "file").touch()
    done = stratify("synthesise", "--people", 10, "--work", tmp_path / "file" / "w", check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "Not a directory" in done.stderr


def test_a_damaged_serving_file_is_made_anew(region, stratify, few_events, tmp_path):
    work = tmp_path / "damaged"
    shutil.copytree(region, work)
    whole = (work / "serving.db").read_bytes()
    (work / "serving.db").write_bytes(whole[: len(whole) // 2])
    stratify("score", "--work", work, "--catalogue", few_events)
    assert (work / "serving.db").read_bytes() == whole


def test_what_is_made_is_its_owners_alone(region):
    open_to_others = [p for p in region.rglob("*") if p.name != "summary.txt" and p.stat().st_mode & 0o077]
    assert open_to_others == []


def test_two_runs_in_one_folder_at_once_are_refused(stratify, tmp_path):
    from pipelines.steps import alone

    with alone(tmp_path):
        done = stratify("build", "--work", tmp_path, check=False)
    assert done.returncode == 2
    assert "another run is at work here" in done.stderr


@pytest.mark.parametrize(
    "words, code, told",
    [
        (("run", "--source", "omop"), 2, "needs --data"),
        (("run", "--source", "sky", "--data", "."), 2, "--source needs one of danish, omop, synthetic"),
        (("build",), 11, "run `stratify land` first"),
        (("train",), 11, "run `stratify land` first"),
        (("promote",), 11, "run `stratify build` first"),
        (("land", "--data", "nowhere", "--source", "danish"), 11, "nothing there"),
        (("land", "--data", "nowhere"), 2, "--data needs --source too"),
        (("run", "--data", "nowhere"), 2, "--data needs --source too"),
        (("check", "--data", "nowhere"), 2, "--data needs --source too"),
        (("check", "--catalogue", "nowhere"), 10, "needs a folder"),
        (("train", "happiness_365d"), 2, "no such outcome"),
    ],
)
def test_a_mistake_ends_with_its_exit_code_and_one_line_that_says_what_to_do(stratify, tmp_path, words, code, told):
    done = stratify(*words, cwd=tmp_path, env={"STRATIFY_WORK": str(tmp_path / "w")}, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False)
    assert told in done.stderr


@pytest.mark.slow
def test_too_few_events_are_an_answer_in_a_run_and_an_error_when_asked_for_by_name(stratify, region, tmp_path):
    work = tmp_path / "strict"
    shutil.copytree(region, work)
    done = stratify("run", "--people", 1000, "--seed", 3, "--work", work)  # our own entries: 100 events needed
    assert "not trained: death_365d/multimorbid" in done.stdout
    assert "not trained: death_365d/psychiatric_somatic" in done.stdout
    asked = stratify("train", "death_365d", "--work", work, check=False)
    assert asked.returncode == 11
    assert "100 are needed" in asked.stderr


@pytest.mark.slow
def test_one_seed_gives_the_same_bytes_and_another_does_not(stratify, few_events, tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        stratify("run", "--people", 1000, "--seed", seed, "--work", tmp_path / name, "--catalogue", few_events)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert digests(tmp_path / "a")["registers"] != digests(tmp_path / "c")["registers"]
