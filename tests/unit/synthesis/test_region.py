"""The whole region: the same bytes for the same arguments, and arguments that cannot be are refused in one go."""

from datetime import date

import pytest

from pipelines.synthesis import people as people_module
from pipelines.synthesis import region, synthesise
from pipelines.synthesis.registers import CORE, QUIRKS
from stratify.errors import UsageError
from stratify.files import digest_tree

SMALL = {"people": 240, "years": 3, "seed": 5}


def made(root, **kwargs):
    for name in ("registers", "truth"):
        (root / name).mkdir(parents=True)
    rows = synthesise(root / "registers", root / "truth", **{**SMALL, "processes": 1, **kwargs})
    return digest_tree(root), rows


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    return made(tmp_path_factory.mktemp("usual"))


@pytest.mark.parametrize("block", [11, 100, 100_000])
def test_the_size_of_the_block_changes_no_byte(tmp_path, usual, block):
    assert made(tmp_path, block=block) == usual


def test_the_number_of_processes_changes_no_byte(tmp_path, monkeypatch):
    monkeypatch.setattr(region, "SHARD", 80)  # three shards; the other processes are told their sizes
    one = made(tmp_path / "one")
    assert made(tmp_path / "two", processes=2, block=64) == one
    assert {path.split("_")[-1] for path in one[0] if path.startswith("registers/lmdb/")} == {
        "00.parquet",
        "01.parquet",
        "02.parquet",
    }


def test_a_person_does_not_depend_on_how_many_others_there_are(tmp_path, monkeypatch):
    monkeypatch.setattr(region, "SHARD", 120)
    few, many = made(tmp_path / "few", people=120)[0], made(tmp_path / "many", people=300)[0]
    shared = {path for path in few if path.endswith("_00.parquet")}
    assert len(shared) > 50
    assert {path: few[path] for path in shared} == {path: many[path] for path in shared}


def test_another_seed_gives_another_region(tmp_path, usual):
    other = made(tmp_path, seed=6)[0]
    for table in ("registers/lmdb", "registers/sssy", "registers/bef", "registers/lpr_a_kontakt", "truth/truth_risk"):
        files = [path for path in usual[0] if path.startswith(f"{table}/")]
        assert len(files) >= SMALL["years"]
        assert not [path for path in files if other.get(path) == usual[0][path]]


def test_every_table_is_there_and_its_rows_are_told(usual):
    digests, rows = usual
    assert set(CORE) <= set(rows)
    assert {path.split("/")[1] for path in digests if path.startswith("registers/")} == {*CORE, "delivery.json"}
    assert {path.split("/")[1] for path in digests if path.startswith("truth/")} == {
        "truth_risk", "truth_year", "truth_state", "truth_person", "truth_family", "effects.json",
    }  # fmt: skip


def test_progress_goes_from_nothing_to_all(tmp_path):
    told = []
    made(tmp_path, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) >= SMALL["years"] + 1


@pytest.mark.parametrize(
    "wrong, told",
    [
        ({"people": 0}, "people: 1 to 3000000 are required, got 0"),
        ({"years": 0}, "years: 1 to 60 are required, got 0"),
        ({"years": 31}, "years: none before 1995, the registers were others; got 1994 as the first"),
        ({"end": date(2024, 6, 30)}, "end: a 31 December is required, got 2024-06-30"),
        ({"seed": -1}, "seed: 0 or more is required, below 2**63, got -1"),
        ({"delivered": date(2024, 12, 31)}, "delivered: a day after 2024-12-31 is required, got 2024-12-31"),
        ({"quirks": ["typos"]}, "quirks: typos unknown; there are"),
        ({"block": 0}, "block: at least 1 is required, got 0"),
    ],
)
def test_arguments_that_cannot_be_are_refused_before_anything_is_written(tmp_path, wrong, told):
    with pytest.raises(UsageError) as error:
        made(tmp_path, **wrong)
    assert told in str(error.value)
    assert not list((tmp_path / "registers").iterdir())


def test_all_problems_are_told_at_once(tmp_path):
    with pytest.raises(UsageError) as error:
        made(tmp_path, people=-3, seed=-1, quirks=["typos"])
    assert len(error.value.problems) == 3


def test_quirks_are_switches(tmp_path, usual):
    clean = made(tmp_path, quirks=frozenset())[0]
    assert clean != usual[0]
    assert len(QUIRKS) == 12


def test_the_pseudonyms_of_all_shards_are_distinct(tmp_path):
    import numpy as np

    addresses = np.concatenate([(part << 20) + np.arange(90_000) for part in range(21)])
    numbers = people_module.pseudonyms(7, addresses)
    assert len(np.unique(numbers)) == len(addresses)
    assert numbers.min() >= 0
    assert numbers.max() < 10**12
