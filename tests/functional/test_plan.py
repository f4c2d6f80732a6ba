"""`stratify plan` on a region that was run: counts on the screen and on the disk, and a list only where it may be."""

import csv
import json
import shutil

import duckdb
import pytest

PLACES = """
per_person = { offers = 2 }
[offers]
medgennemgang = 12
overbliksstatus = 60
[bridges]
escort = 20
"""
TERMS = """
[list]
legal_basis = "a law, and its section"
responsible_unit = "a unit"
purpose = "outreach"
until = 2999-12-31
"""


@pytest.fixture(scope="module")
def work(region, tmp_path_factory):
    """A copy of the region, which a plan may be written in."""
    place = tmp_path_factory.mktemp("planned") / "work"
    shutil.copytree(region, place, ignore=shutil.ignore_patterns("mlartifacts", "registers", "truth", "report"))
    return place


@pytest.fixture
def plan(stratify, work, few_events, tmp_path):
    def call(text, *words, check=True):
        (tmp_path / "capacity.toml").write_text(text, encoding="utf-8")
        told = ("plan", "--capacity", tmp_path / "capacity.toml", "--work", work, "--catalogue", few_events)
        return stratify(*told, *words, check=check)

    return call


def test_a_plan_is_told_in_counts_and_a_list_needs_its_terms(plan, work):
    shown = plan(PLACES).stdout
    assert "Medication review" in shown
    assert "no other plan within these capacities counts for more" in shown
    told = json.loads((work / "plan/plan.json").read_text(encoding="utf-8"))
    assert told["offers"]["overbliksstatus"]["places"] == 60
    refused = plan(PLACES, "--list", check=False)
    assert refused.returncode == 14
    assert refused.stderr.count("not there") == 4
    assert not (work / "plan/list.csv").exists()
    plan(PLACES + TERMS, "--list")
    with (work / "plan/list.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 20
    assert len((work / "plan/audit.jsonl").read_text(encoding="utf-8").splitlines()) == len(rows)
    ids = duckdb.execute("SELECT source_id FROM read_parquet(?)", [f"{work}/store/persons.parquet"]).fetchall()
    written = "".join(path.read_text(encoding="utf-8") for path in (work / "plan").glob("*"))
    assert not any(f'"{one}"' in written or f"\n{one}," in written for (one,) in ids)


def test_a_file_with_a_misspelt_offer_ends_with_the_nearest(plan):
    done = plan("[offers]\nmedgenemgang = 3\n", check=False)
    assert done.returncode == 2
    assert "did you mean 'medgennemgang'?" in done.stderr
    assert "Traceback" not in done.stderr
