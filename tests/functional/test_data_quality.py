"""`stratify check --data`: a clean region passes, a spoilt one does not; two public CDMs are told as they are."""

from __future__ import annotations

import json
import shutil

import duckdb
import pytest


@pytest.fixture(scope="module")
def registers(tmp_path_factory, stratify):
    """The registers of a small region, with every quirk the simulator knows."""
    work = tmp_path_factory.mktemp("clean")
    stratify("synthesise", "--people", 600, "--years", 4, "--seed", 5, "--work", work)
    return work / "registers"


@pytest.fixture
def spoil(registers, tmp_path):
    """Return a copy of the registers in which SQL has changed every file of a table."""

    def copy(**changed: str):
        folder = tmp_path / "spoilt"
        shutil.copytree(registers, folder)
        for table, select in changed.items():
            for path in (folder / table).glob("*.parquet"):
                duckdb.execute(f"COPY (SELECT {select} FROM '{path}') TO '{path}.new' (FORMAT parquet)")
                path.with_name(path.name + ".new").replace(path)
        return folder

    return copy


def failed(report) -> set[str]:
    return {f"{f['check']}: {f['table']}" for f in json.loads(report.read_text())["findings"] if f["verdict"] == "fail"}


@pytest.mark.slow
def test_a_region_with_its_quirks_passes(stratify, registers, tmp_path):
    report = tmp_path / "report.json"
    done = stratify("check", "--source", "synthetic", "--data", registers, "--report", report)
    assert failed(report) == set()
    assert report.stat().st_mode & 0o077 == 0
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [line[:2] for line in lines].count(["conformance:", "value"]) == 1
    summary = json.loads(report.read_text())["summary"]
    all_ = [sum(counts[verdict] for counts in summary.values()) for verdict in ("ok", "warn", "fail", "not applicable")]
    assert ["all", str(sum(all_)), *map(str, all_)] in lines
    assert "would land" in done.stdout


def test_a_spoilt_region_fails_and_every_failing_check_is_told(stratify, spoil, tmp_path):
    data = spoil(
        dod="* REPLACE (doddato - 1000 AS doddato)",
        bef="* REPLACE (3 - koen AS koen)",
        laboratorieproevesvar_="* REPLACE (CASE WHEN year(samplingdato) = 2023 AND TRY_CAST(samplevalue AS DOUBLE) > 0 "
        "THEN CAST(CAST(samplevalue AS DOUBLE) * 18 AS VARCHAR) ELSE samplevalue END AS samplevalue)",
    )
    report = tmp_path / "report.json"
    done = stratify("check", "--source", "danish", "--data", data, "--report", report, check=False)
    assert done.returncode == 11
    expected = {
        "contact_after_death: lpr_a_kontakt",
        "medicine_after_death: lmdb",
        "lab_after_death: laboratorieproevesvar_",
        "sex_against_diagnosis: lpr_a_diagnose",
        "unit_switch: laboratorieproevesvar_",
    }
    assert failed(report) >= expected
    for check in expected:
        assert f"[{check.split(':')[0]}]" in done.stderr
    people = {who for (who,) in duckdb.execute(f"SELECT DISTINCT pnr FROM '{data}/bef/*.parquet'").fetchall()}
    assert not [who for who in people if who in done.stdout + done.stderr + report.read_text()]


@pytest.mark.slow
def test_an_extract_refused_as_a_whole_is_shown_first(stratify, registers, tmp_path):
    data = tmp_path / "without"
    shutil.copytree(registers, data, ignore=shutil.ignore_patterns("lpr_a_diagnose*"))
    done = stratify("check", "--source", "danish", "--data", data, check=False)
    assert done.returncode == 11
    assert "lpr_a_diagnose not delivered" in done.stdout
    assert "lpr_a_diagnose: required table, not in the extract" in done.stderr


@pytest.mark.slow
def test_own_thresholds(stratify, registers, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text("[same_row_again]\nwarn = 0\nfail = 0\n")
    done = stratify("check", "--source", "danish", "--data", registers, "--thresholds", own, check=False)
    assert done.returncode == 11
    assert "[same_row_again]" in done.stderr


@pytest.mark.parametrize(
    "words, code, told",
    [
        (("--report", "x.json"), 2, "need --data"),
        (("--source", "danish", "--data", "nowhere"), 11, "--data needs a folder"),
        (("--source", "danish", "--data", ".", "--thresholds", "nowhere.toml"), 10, "--thresholds needs a TOML file"),
    ],
)
def test_words_that_are_off(stratify, tmp_path, words, code, told):
    done = stratify("check", *words, check=False, cwd=tmp_path)
    assert done.returncode == code
    assert told in done.stderr


@pytest.mark.slow
def test_a_public_cdm_of_synthea_passes(stratify, shared, tmp_path):
    report = tmp_path / "report.json"
    stratify("check", "--source", "omop", "--data", shared / "omop_synthea27nj", "--report", report)
    assert failed(report) == set()


@pytest.mark.slow
def test_what_eunomia_left_out_is_found(stratify, shared, tmp_path):
    """Its visits but admissions, half of the people of its observation periods, every death and every result."""
    report = tmp_path / "report.json"
    data = shared / "omop_gibleed" / "eunomia.duckdb"
    done = stratify("check", "--source", "omop", "--data", data, "--report", report, check=False)
    assert done.returncode == 11
    assert failed(report) == {
        "person_unknown: observation_period",
        "visit_unknown: condition_occurrence",
        "visit_unknown: procedure_occurrence",
        "visit_unknown: measurement",
    }
    found = {(f["check"], f["table"]): f for f in json.loads(report.read_text())["findings"]}
    assert found["event_after_death", "visit_occurrence"]["lacking"] == ["death empty"]
    assert found["missing_value", "measurement.value_as_number"]["share"] == 1
