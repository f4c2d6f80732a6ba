"""`stratify watch` from the command line on a small region: what it writes, what it hides, and that it does nothing."""

import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

pytest.importorskip("stratify.quality.spc")


@pytest.fixture(scope="module")
def work(region, stratify, few_events, tmp_path_factory):
    """A region's store, bundle and keys in a work folder of their own, watched."""
    base = tmp_path_factory.mktemp("watched") / "work"
    for name in ("store", "bundles", "keys"):
        shutil.copytree(region / name, base / name)
    (base / "features").mkdir()
    shutil.copy(region / "features/manifest.json", base / "features")
    before = {path: path.read_bytes() for path in (base / "bundles").rglob("*") if path.is_file()}
    done = stratify("watch", "--work", base, "--catalogue", few_events)
    assert {path: path.read_bytes() for path in before} == before
    return base, done


def lines(work, name):
    return pq.read_table(work / "watch" / f"{name}.parquet").to_pylist()


def test_every_served_member_has_months_that_are_mature_and_months_that_are_not(work):
    base, done = work
    version = (base / "bundles/champion").read_text(encoding="utf-8").strip()
    served = json.loads((base / "bundles" / version / "manifest.json").read_text(encoding="utf-8"))["members"]
    figures = lines(base, "figures")
    assert {line["member"] for line in figures} == set(served)
    mature = sorted({line["month"] for line in figures if line["mature"]})
    assert len(mature) == 24
    assert mature[-1] == "2024-01"  # covered to 31 December, delivered on 1 March
    open_ = [line for line in figures if not line["mature"]]
    assert min(line["month"] for line in open_) == "2024-02"
    assert {line["events"] for line in open_} == {line["oe"] for line in open_} == {None}
    assert f"{len(served)} model(s), {mature[0]} to 2024-12" in done.stdout
    assert {line["in_training"] for line in figures if line["month"] < "2023-12"} == {True}
    assert {line["in_training"] for line in figures if line["month"] > "2024-01"} == {False}


def test_nothing_of_one_to_four_people_is_told(work):
    figures = lines(work[0], "figures")
    told = [line for line in figures if line["n"] is not None]
    assert told
    assert min(line["n"] for line in told) >= 5
    assert not any(0 < line["events"] < 5 or 0 < line["n"] - line["events"] < 5 for line in told if line["mature"])
    levels = {}
    for line in figures:
        levels.setdefault((line["member"], line["month"], line["factor"]), []).append(line["suppressed"])
    alone = [key for key, hidden in levels.items() if sum(hidden) == 1 and key[2] != "all" and len(hidden) > 1]
    assert alone == []
    for line in lines(work[0], "contacts"):
        assert line["events"] is None or not 0 < line["events"] < 5


def test_every_column_a_member_reads_is_followed(work):
    base, _ = work
    drift = lines(base, "drift")
    version = (base / "bundles/champion").read_text(encoding="utf-8").strip()
    for key in {line["member"] for line in drift}:
        reference = json.loads((base / "bundles" / version / key / "reference.json").read_text(encoding="utf-8"))
        names = {column["id"] for column in reference["columns"]}
        assert {line["feature"] for line in drift if line["member"] == key} == names
    assert {line["state"] for line in drift} <= {"stable", "drift", "cannot tell"}
    assert all(line["psi"] > max(line["limit"], line["floor"]) for line in drift if line["why"] == "distribution")


@pytest.mark.slow
def test_a_proposal_says_why_and_what_to_run_and_the_second_watch_is_as_it_was(work, stratify, few_events):
    base, _ = work
    found = json.loads((base / "watch/proposals.json").read_text(encoding="utf-8"))
    for one in found["proposals"]:
        assert one["propose"] in ("recalibrate", "roll back", "look at the data")
        assert one["why"]
        assert one["run"]
    landed = json.loads((base / "watch/landings.json").read_text(encoding="utf-8"))
    assert len(landed) == 1
    again = stratify("watch", "--work", base, "--catalogue", few_events)
    assert "as it was" in again.stderr


@pytest.mark.slow
def test_higher_risks_are_higher_in_every_line_and_the_same_people_are_looked_at(work, few_events):
    from pipelines.watch import watch_step
    from stratify.catalogue import load
    from stratify.workspace import Workspace

    base, _ = work
    plain = {(one["member"], one["month"], one["factor"], one["level"]): one for one in lines(base, "figures")}
    watch_step(Workspace(base), load(few_events), lambda *_: None, factor=1.5)
    louder = {(one["member"], one["month"], one["factor"], one["level"]): one for one in lines(base, "figures")}
    assert plain.keys() == louder.keys()
    both = [(plain[key], louder[key]) for key in plain if plain[key]["n"] is not None and louder[key]["n"] is not None]
    assert all((one["n"], one["events"]) == (other["n"], other["events"]) for one, other in both)
    ratios = [other["expected"] / one["expected"] for one, other in both]
    assert np.median(ratios) == pytest.approx(1.5, abs=0.001)
    assert max(ratios) < 1.51


def test_without_a_bundle_it_says_what_to_do_first(region, stratify, tmp_path):
    for name in ("store",):
        shutil.copytree(region / name, tmp_path / name)
    done = stratify("watch", "--work", tmp_path, check=False)
    assert done.returncode in (11, 13)
    assert "Traceback" not in done.stderr
