"""A newer delivery: only the bucket files that it changes are written, and nothing tells that there was one before."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest

from pipelines.data_steps import land_step
from stratify.catalogue import load
from stratify.files import digest_tree
from stratify.store import layout
from stratify.store.read import Store
from stratify.workspace import Workspace

PEOPLE = 58
PNR = [f"{number:012}" for number in range(PEOPLE)]
BY_HISTORY = frozenset({"run.json"})


@pytest.fixture(scope="module")
def catalogue():
    return load(None)


@pytest.fixture(autouse=True)
def small_buckets(monkeypatch):
    monkeypatch.setattr(layout, "PEOPLE_PER_BUCKET", 10)


def tables(seed: int = 1) -> dict[str, list[str]]:
    """The lines of an extract of 58 people; the first of each table is its header."""
    dice = random.Random(seed)
    day = lambda: f"201{dice.randrange(5, 9)}-0{dice.randrange(1, 9)}-1{dice.randrange(9)}"  # noqa: E731
    found = {
        "bef": ["pnr,koen,foed_dag,referencetid,kom,antpersh"],
        "dod": ["pnr,doddato", f"{PNR[7]},2018-06-01"],
        "lpr_a_kontakt": [
            "pnr,dw_ek_kontakt,kont_starttidspunkt,kont_sluttidspunkt,kont_type,prioritet,kont_ans_hovedspec"
        ],
        "lpr_a_diagnose": ["dw_ek_kontakt,diag_kode,diag_kode_type,senere_afkraeftet"],
        "laboratorieproevesvar_": ["pnr,npu,samplingdato,samplevalue"],
        "lmdb": ["pnr,atc,eksd,volume"],
    }
    for pnr in PNR:
        found["bef"] += [f"{pnr},1,1950-01-01,{year}-12-31,751,2" for year in range(2014, 2019)]
        for contact in range(3):
            key, start = f"k{pnr[-2:]}{contact}", day()
            found["lpr_a_kontakt"].append(f"{pnr},{key},{start} 08:00,{start} 23:00,ALCA00,ATA1,x")
            found["lpr_a_diagnose"].append(f"{key},DI50{dice.randrange(10)},A,Nej")
        found["laboratorieproevesvar_"] += [f"{pnr},NPU27300,{day()},{dice.randrange(30, 90)}" for _ in range(5)]
        found["lmdb"] += [f"{pnr},C07AB02,{day()},100" for _ in range(4)]
    return found


def deliver(folder: Path, found: dict[str, list[str]], delivered: str = "2019-02-15") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in found.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    told = {"system": "urn:test", "covers_to": "2018-12-31", "delivered": delivered}
    (folder / "delivery.json").write_text(json.dumps(told), encoding="utf-8")
    return folder


def land(work: Workspace, data: Path, catalogue) -> dict[str, list[int]]:
    """Return which buckets were written, by domain."""
    land_step(work, catalogue, source="danish", data=data, progress=lambda told: None)
    found: dict[str, list[int]] = json.loads((work.store / "run.json").read_text(encoding="utf-8"))["rewritten"]
    return found


def bucket_of(work: Workspace, pnr: str) -> int:
    store = Store(work.store)
    return store.source_ids().index(pnr) % store.buckets


def _line(found: dict[str, list[str]], table: str, pnr: str) -> int:
    return next(at for at, line in enumerate(found[table]) if line.startswith(pnr))


def corrected(found):
    at = _line(found, "laboratorieproevesvar_", PNR[11])
    found["laboratorieproevesvar_"][at] = found["laboratorieproevesvar_"][at].rsplit(",", 1)[0] + ",29"
    return PNR[11], {"lab"}


def removed(found):
    del found["lmdb"][_line(found, "lmdb", PNR[30])]
    return PNR[30], {"drug"}


def added(found):
    found["lmdb"].append(f"{PNR[44]},N02BE01,2017-01-02,30")
    return PNR[44], {"drug"}


def recoded(found):
    at = next(at for at, line in enumerate(found["lpr_a_diagnose"]) if line.startswith(f"k{PNR[20][-2:]}1"))
    found["lpr_a_diagnose"][at] = f"k{PNR[20][-2:]}1,DJ449,A,Nej"
    return PNR[20], {"condition", "diagnosis", "stay"}


def refuted(found):
    at = next(at for at, line in enumerate(found["lpr_a_diagnose"]) if line.startswith(f"k{PNR[21][-2:]}2"))
    found["lpr_a_diagnose"][at] = found["lpr_a_diagnose"][at].replace("Nej", "Ja")
    return PNR[21], {"condition", "diagnosis"}


def newcomer(found):
    pnr = "000000000029x"
    found["bef"].append(f"{pnr},2,1960-01-01,2018-12-31,751,1")
    return pnr, None


def gone(found):
    pnr = PNR[3]
    for table in ("bef", "laboratorieproevesvar_", "lmdb"):
        found[table] = [line for line in found[table] if not line.startswith(pnr)]
    keys = {line.split(",")[1] for line in found["lpr_a_kontakt"] if line.startswith(pnr)}
    found["lpr_a_kontakt"] = [line for line in found["lpr_a_kontakt"] if not line.startswith(pnr)]
    found["lpr_a_diagnose"] = [line for line in found["lpr_a_diagnose"] if line.split(",")[0] not in keys]
    return pnr, None


def slowly(*values):
    """The values as parameters that only the slow tests take."""
    return [pytest.param(value, marks=pytest.mark.slow) for value in values]


@pytest.mark.parametrize("change", [corrected, *slowly(removed, added, recoded), refuted, newcomer, *slowly(gone)])
def test_a_correction_is_written_in_its_persons_bucket_alone_and_the_store_is_as_if_landed_anew(
    tmp_path, catalogue, change
):
    work, anew = Workspace(tmp_path / "work"), Workspace(tmp_path / "anew")
    found = tables()
    first = deliver(tmp_path / "first", found)
    everything = land(work, first, catalogue)
    assert all(buckets == list(range(6)) for buckets in everything.values())
    known = Store(work.store).source_ids()
    pnr, domains = change(found)
    before = bucket_of(work, pnr) if pnr in known else None
    second = deliver(tmp_path / "second", found)
    rewritten = land(work, second, catalogue)
    bucket = bucket_of(work, pnr) if before is None else before
    assert {number for buckets in rewritten.values() for number in buckets} == {bucket}
    if domains is not None:
        assert set(rewritten) == domains
    land(anew, second, catalogue)
    assert digest_tree(work.store, leave_out=BY_HISTORY) == digest_tree(anew.store, leave_out=BY_HISTORY)


@pytest.mark.parametrize("seed", [0, *slowly(1, 2)])
def test_after_any_chain_of_deliveries_the_store_is_as_if_landed_anew(tmp_path, catalogue, seed):
    dice, found, work = random.Random(seed), tables(seed), Workspace(tmp_path / "work")
    for turn in range(4):
        for _ in range(dice.randrange(1, 6)):
            table = dice.choice(sorted(found))
            lines = found[table]
            at = dice.randrange(1, len(lines))
            kind = dice.choice(["removed", "repeated", "moved", "another's"])
            if kind == "removed" and len(lines) > 2:
                del lines[at]
            elif kind == "repeated":
                lines.insert(dice.randrange(1, len(lines)), lines[at])
            elif kind == "another's":
                lines[at] = lines[at].replace(dice.choice(PNR), dice.choice(PNR))
            else:
                lines.append(lines.pop(at))
        data = deliver(tmp_path / str(turn), found, f"2019-02-{15 + dice.randrange(2)}")
        land(work, data, catalogue)
    anew = Workspace(tmp_path / "anew")
    land(anew, data, catalogue)
    assert digest_tree(work.store, leave_out=BY_HISTORY) == digest_tree(anew.store, leave_out=BY_HISTORY)


def test_a_delivery_that_repeats_everything_in_another_order_writes_nothing(tmp_path, catalogue):
    work, found = Workspace(tmp_path / "work"), tables()
    land(work, deliver(tmp_path / "first", found), catalogue)
    before = digest_tree(work.store, leave_out=BY_HISTORY | {"manifest.json"})
    for name, lines in found.items():
        found[name] = [lines[0], *reversed(lines[1:])]
    found["laboratorieproevesvar_"].append(found["laboratorieproevesvar_"][-1])
    assert land(work, deliver(tmp_path / "second", found, "2019-03-01"), catalogue) == {}
    after = digest_tree(work.store, leave_out=BY_HISTORY | {"manifest.json"})
    assert {name: told for name, told in after.items() if not name.startswith("refused/")} == before


def test_a_newer_day_of_delivery_rewrites_what_hangs_on_it(tmp_path, catalogue):
    work, anew, found = Workspace(tmp_path / "work"), Workspace(tmp_path / "anew"), tables()
    pnr, _ = refuted(found)
    land(work, deliver(tmp_path / "first", found), catalogue)
    second = deliver(tmp_path / "second", found, "2019-03-01")
    assert land(work, second, catalogue) == {"condition": [bucket_of(work, pnr)]}
    land(anew, second, catalogue)
    assert digest_tree(work.store, leave_out=BY_HISTORY) == digest_tree(anew.store, leave_out=BY_HISTORY)


def test_more_buckets_than_before_are_all_written(tmp_path, catalogue, monkeypatch):
    work, found = Workspace(tmp_path / "work"), tables()
    land(work, deliver(tmp_path / "first", found), catalogue)
    found["bef"] += [f"00000000099{n},2,1960-01-01,2018-12-31,751,1" for n in range(3)]
    rewritten = land(work, deliver(tmp_path / "second", found), catalogue)
    assert all(buckets == list(range(7)) for buckets in rewritten.values())


@pytest.mark.parametrize("spoil", ["file", "content", "manifest", "writer"])
def test_a_store_that_is_not_what_it_says_lends_nothing(tmp_path, catalogue, spoil):
    work, anew, found = Workspace(tmp_path / "work"), Workspace(tmp_path / "anew"), tables()
    land(work, deliver(tmp_path / "first", found), catalogue)
    if spoil == "file":
        shutil.copy(work.store / "lab/bucket=001.parquet", work.store / "lab/bucket=002.parquet")
    elif spoil == "writer":
        told = json.loads((work.store / "content.json").read_text(encoding="utf-8"))
        (work.store / "content.json").write_text(json.dumps({**told, "writer": "another"}), encoding="utf-8")
    elif spoil == "content":
        (work.store / "content.json").write_text("{", encoding="utf-8")
    else:
        (work.store / "manifest.json").unlink()
    pnr, _ = corrected(found)
    second = deliver(tmp_path / "second", found)
    rewritten = land(work, second, catalogue)
    if spoil == "file":
        assert rewritten["lab"] == sorted({2, bucket_of(work, pnr)})
    else:
        assert all(buckets == list(range(6)) for buckets in rewritten.values())
    land(anew, second, catalogue)
    assert digest_tree(work.store, leave_out=BY_HISTORY) == digest_tree(anew.store, leave_out=BY_HISTORY)
