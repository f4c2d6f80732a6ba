"""What could have been known on a day: from the deliveries kept, and from none that came later."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipelines.build_step import COHORT, build_step
from pipelines.deliveries import as_known, dated, land_deliveries
from stratify.catalogue import load
from stratify.errors import DataError, NotReconstructableError
from stratify.files import digest_tree
from stratify.store.read import Store
from stratify.workspace import Workspace

PNR = "000000000001"
CONTACT = "pnr,dw_ek_kontakt,kont_starttidspunkt,kont_sluttidspunkt,kont_type,prioritet,kont_ans_hovedspec"


@pytest.fixture(scope="module")
def catalogue():
    return load(None)


def deliver(folder: Path, delivered: str, covers_to: str, diagnosis: str) -> Path:
    """One person, with heart failure and, in one diagnosis that a later delivery corrects, something else."""
    folder.mkdir(parents=True)
    days = [f"{year}-12-31" for year in range(2018, int(covers_to[:4]) + 1)]
    tables = {
        "bef": ["pnr,koen,foed_dag,referencetid,kom", *(f"{PNR},1,1950-01-01,{day},751" for day in days)],
        "dod": ["pnr,doddato"],
        "lpr_a_kontakt": [
            CONTACT,
            *(
                f"{PNR},k{n},{day} 08:00,{day} 09:00,ALCA00,ATA3,x"
                for n, day in enumerate(("2018-05-01", "2019-06-01", "2020-06-01"))
                if day < covers_to
            ),
        ],
        "lpr_a_diagnose": ["dw_ek_kontakt,diag_kode,diag_kode_type", "k0,DI509,A", f"k1,{diagnosis},A"],
    }
    for name, lines in tables.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    told = {"system": "urn:test", "covers_to": covers_to, "delivered": delivered}
    (folder / "delivery.json").write_text(json.dumps(told), encoding="utf-8")
    return folder


@pytest.fixture
def deliveries(tmp_path) -> Path:
    folder = tmp_path / "deliveries"
    deliver(folder / "b", "2020-02-01", "2019-12-31", "DJ449")
    deliver(folder / "a", "2021-02-01", "2020-12-31", "DE119")  # corrected: it was never COPD
    return folder


def land(work: Workspace, catalogue, data: Path, *, keep: bool = False):
    return land_deliveries(work, catalogue, source="danish", data=data, progress=lambda what: None, keep=keep)


def told(work: Workspace, catalogue, day: date | None) -> tuple[list[str], dict[str, float]]:
    """Return the landmarks, and the conditions of the one person at the last of them."""
    where = as_known(work, day) if day else work
    manifest, _ = build_step(where, catalogue, lambda what, share: None, as_of=day)
    landmarks = manifest["results"]["landmarks"]
    table = pq.read_table(where.features / COHORT / landmarks[-1]).to_pylist()
    return landmarks, table[0] if table else {}


def test_a_correction_does_not_show_before_it_was_delivered(tmp_path, catalogue, deliveries):
    work = Workspace(tmp_path / "work")
    land(work, catalogue, deliveries)
    landmarks, then = told(work, catalogue, date(2020, 12, 31))
    assert landmarks[-1] == "2020-01-01"
    assert (then["condition_copd"], then["condition_diabetes"]) == (1, 0)
    landmarks, now = told(work, catalogue, date(2021, 2, 1))
    assert landmarks[-1] == "2021-01-01"
    assert (now["condition_copd"], now["condition_diabetes"]) == (0, 1)
    assert repr(told(work, catalogue, None)[1]) == repr(now)  # a cell that is missing is not equal to itself


def test_nothing_delivered_after_the_day_is_read(tmp_path, catalogue, deliveries):
    work, alone = Workspace(tmp_path / "work"), Workspace(tmp_path / "alone")
    land(work, catalogue, deliveries)
    for path in work.store.rglob("*.parquet"):
        path.unlink()
    told(work, catalogue, date(2020, 12, 31))
    land(alone, catalogue, deliveries / "b")
    told(alone, catalogue, date(2020, 12, 31))
    there = as_known(work, date(2020, 12, 31))
    assert there == work.delivery(date(2020, 2, 1))
    run = frozenset({"run.json"})
    assert digest_tree(there.store, leave_out=run) == digest_tree(alone.store, leave_out=run)
    assert digest_tree(there.features, leave_out=run) == digest_tree(alone.features, leave_out=run)


def test_deliveries_landed_one_by_one_and_kept_are_as_those_landed_from_a_folder(tmp_path, catalogue, deliveries):
    one_by_one, at_once = Workspace(tmp_path / "one"), Workspace(tmp_path / "all")
    land(one_by_one, catalogue, deliveries / "b")
    land(one_by_one, catalogue, deliveries / "b", keep=True)  # the same again replaces nothing
    assert not one_by_one.deliveries.exists()
    land(one_by_one, catalogue, deliveries / "a", keep=True)
    land(at_once, catalogue, deliveries)
    run = frozenset({"run.json"})
    for place in (lambda work: work.store, lambda work: work.deliveries):
        assert digest_tree(place(one_by_one), leave_out=run) == digest_tree(place(at_once), leave_out=run)
    assert not land(at_once, catalogue, deliveries)[1]
    kept = Store(one_by_one.delivery(date(2020, 2, 1)).store)
    assert kept.day("delivered") == (date(2020, 2, 1) - date(1970, 1, 1)).days


def test_a_landmark_after_the_day_does_not_exist(tmp_path, catalogue):
    work = Workspace(tmp_path / "work")
    land(work, catalogue, deliver(tmp_path / "early", "2019-12-31", "2019-12-31", "DJ449"))
    assert told(work, catalogue, None)[0][-1] == "2020-01-01"
    assert told(work, catalogue, date(2019, 12, 31))[0] == ["2019-01-01"]


def test_a_day_before_every_delivery_is_not_reconstructable(tmp_path, catalogue, deliveries):
    work = Workspace(tmp_path / "work")
    with pytest.raises(NotReconstructableError, match="no delivery here says when it came"):
        as_known(work, date(2020, 1, 1))
    land(work, catalogue, deliveries)
    with pytest.raises(NotReconstructableError, match="oldest delivery here is of 2020-02-01") as refused:
        as_known(work, date(2020, 1, 31))
    assert refused.value.exit_code == 15
    assert as_known(work, date(2030, 1, 1)) == work


def test_without_a_day_of_its_own_a_delivery_stands_for_none(tmp_path, catalogue, deliveries, stratify):
    work = Workspace(tmp_path / "work")
    (deliveries / "a" / "delivery.json").unlink()
    land(work, catalogue, deliveries / "a")
    done = stratify("build", "--as-of", "2024-01-01", "--work", work.root, check=False)
    assert done.returncode == 15
    assert "not reconstructable" in done.stderr
    assert "stratify land --keep" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_store_that_does_not_say_its_day_cannot_be_kept(tmp_path, catalogue, deliveries):
    work = Workspace(tmp_path / "work")
    (deliveries / "b" / "delivery.json").rename(tmp_path / "told.json")
    land(work, catalogue, deliveries / "b")
    with pytest.raises(DataError, match="--keep: the store that is here was landed without"):
        land(work, catalogue, deliveries / "a", keep=True)
    shutil.move(tmp_path / "told.json", deliveries / "b" / "delivery.json")
    land(work, catalogue, deliveries / "b")
    land(work, catalogue, deliveries / "a", keep=True)
    assert as_known(work, date(2020, 12, 31)) == work.delivery(date(2020, 2, 1))


def test_what_cannot_be_a_folder_of_deliveries_is_told_at_once(tmp_path, deliveries):
    shutil.copytree(deliveries / "a", deliveries / "c")
    (deliveries / "note.txt").write_text("x")
    (deliveries / "b" / "delivery.json").write_text("{}")
    with pytest.raises(DataError) as refused:
        dated("danish", deliveries)
    assert len(refused.value.problems) == 5
    assert dated("danish", deliveries / "a") == {}
    assert dated("danish", tmp_path / "none") == {}


def test_check_asks_for_one_of_the_deliveries(deliveries, stratify):
    done = stratify("check", "--source", "danish", "--data", deliveries, check=False)
    assert done.returncode == 2
    assert "name one of them" in done.stderr


@pytest.mark.slow
def test_the_command_lands_a_folder_and_builds_as_of_a_day(tmp_path, deliveries, stratify):
    work = tmp_path / "work"
    done = stratify("land", "--source", "danish", "--data", deliveries, "--work", work)
    assert "bucket files written" in done.stdout
    done = stratify("build", "--as-of", "2020-06-30", "--work", work)
    assert "deliveries/2020-02-01/features" in done.stdout.replace("\n", "")
    assert (work / "deliveries/2020-02-01/features/manifest.json").exists()
    assert not (work / "features").exists()
