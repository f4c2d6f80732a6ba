"""A bundle is signed, equal for equal content, and refused for every way it can differ from what was signed."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from models.bundle import (
    Content,
    MemberFiles,
    champion_version,
    load_bundle,
    load_champion,
    member_key,
    read_member,
    registered_name,
    roll_back,
    set_champion,
    with_member,
    write_bundle,
)
from models.keys import ensure_signing_keys
from models.scoring import Member
from models.train import train_outcome
from stratify.errors import BundleError, GateError
from stratify.files import digest_tree

OUTCOME, POPULATION = "acute_admission_365d", "multimorbid"
KEY = f"{OUTCOME}/{POPULATION}"
SHORT = {
    "outcome": OUTCOME, "population": POPULATION, "split": "train", "events": 12, "needs": 100, "text": "too few events"
}  # fmt: skip


@pytest.fixture(scope="module")
def empty(origin, table) -> Content:
    content = Content.of(origin, table.columns)
    return Content(**{**content.__dict__, "not_trained": [SHORT]})


@pytest.fixture(scope="module")
def content(empty, trained) -> Content:
    return with_member(empty, KEY, MemberFiles(trained.files["lightgbm"], 3))


@pytest.fixture(scope="module")
def written(content, signing_keys, tmp_path_factory):
    bundles = tmp_path_factory.mktemp("bundles")
    return bundles, write_bundle(bundles, content, signing_keys[0])


@pytest.fixture
def copy(written, tmp_path):
    """A bundle of one's own to break."""
    bundles, version = written
    shutil.copytree(bundles / version, tmp_path / version)
    return tmp_path / version


@pytest.fixture
def public(signing_keys):
    return signing_keys[1]


def sign_again(folder, signing_keys) -> None:
    from models.keys import read_private_key

    text = (folder / "manifest.json").read_bytes()
    (folder / "manifest.sig").write_text(read_private_key(signing_keys[0]).sign(text).hex())


# --- what is written -------------------------------------------------------------------------------------------------


def test_a_bundle_holds_what_the_contract_names(written):
    bundles, version = written
    assert set(digest_tree(bundles / version)) == {
        "manifest.json", "manifest.sig", "columns.json", f"{KEY}/model.txt", f"{KEY}/calibration.json",
        f"{KEY}/reference.json", f"{KEY}/golden.json", f"{KEY}/card.json",
    }  # fmt: skip
    manifest = json.loads((bundles / version / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["members"] == {
        KEY: {
            "outcome": OUTCOME, "population": POPULATION, "kind": "lightgbm",
            "name": f"stratify-{OUTCOME}-{POPULATION}", "registered_version": 3,
        }
    }  # fmt: skip
    assert manifest["data"] == {"source": "synthetic", "covers_to": "2021-12-31", "delivered": "2022-02-01"}
    assert manifest["not_trained"] == []
    assert manifest["version"] == version
    assert len(version) == 12


def test_loaded_it_scores_as_what_was_trained(written, public, trained, table):
    bundle = load_bundle(written[0] / written[1], public)
    x = table.x[:100]
    np.testing.assert_array_equal(bundle.members[KEY].risk(x), Member.from_files(trained.files["lightgbm"]).risk(x))
    assert bundle.cards[KEY]["kind"] == "lightgbm"
    assert [column["id"] for column in bundle.content.columns] == [column["id"] for column in table.columns]


def test_each_model_is_read_once(written, public, monkeypatch):
    read = []
    whole = Member.from_files
    monkeypatch.setattr(Member, "from_files", lambda files, **more: read.append(1) or whole(files, **more))
    load_bundle(written[0] / written[1], public)
    assert len(read) == 1


def test_equal_content_is_the_same_version_and_the_same_bytes(written, content, signing_keys, tmp_path):
    bundles, version = written
    assert write_bundle(tmp_path, content, signing_keys[0]) == version
    assert digest_tree(tmp_path / version) == digest_tree(bundles / version)


def test_writing_it_again_leaves_it_as_it_is(copy, content, signing_keys):
    before = (copy / "manifest.json").stat().st_mtime_ns
    again = with_member(content, KEY, MemberFiles(content.members[KEY].files, registered_version=9))
    assert write_bundle(copy.parent, again, signing_keys[0]) == copy.name
    assert (copy / "manifest.json").stat().st_mtime_ns == before


def test_writing_over_a_broken_one_mends_it(copy, content, signing_keys, public):
    (copy / "columns.json").write_text("[]")
    write_bundle(copy.parent, content, signing_keys[0])
    assert load_bundle(copy, public).version == copy.name


@pytest.mark.parametrize(
    "change",
    [{"catalogue_digest": "d" * 64}, {"not_trained": []}, {"data": {"source": "omop"}}],
)
def test_other_content_is_another_version(empty, signing_keys, tmp_path, change):
    one = write_bundle(tmp_path, empty, signing_keys[0])
    assert write_bundle(tmp_path, Content(**{**empty.__dict__, **change}), signing_keys[0]) != one


def test_a_bundle_without_members_says_why(empty, signing_keys, tmp_path):
    version = write_bundle(tmp_path, empty, signing_keys[0])
    bundle = load_bundle(tmp_path / version, signing_keys[1])
    assert bundle.members == {}
    assert bundle.manifest["not_trained"] == [SHORT]


def test_promoting_one_model_replaces_that_member_alone(written, public, trained, signing_keys, tmp_path):
    old = load_bundle(written[0] / written[1], public).content
    new = with_member(old, KEY, MemberFiles(trained.files["logistic"]))
    bundle = load_bundle(tmp_path / write_bundle(tmp_path, new, signing_keys[0]), public)
    assert bundle.members[KEY].kind == "logistic"
    assert bundle.version != written[1]


def test_with_member_keeps_the_others_and_what_is_still_not_trained(empty, content):
    death, other = {**SHORT, "outcome": "death_365d"}, {**SHORT, "population": "psychiatric_somatic"}
    start = Content(**{**content.__dict__, "not_trained": [death, other]})
    again = with_member(start, KEY, content.members[KEY])
    assert list(again.not_trained) == [death, other], "another population of the outcome is another model"
    both = with_member(again, "death_365d/multimorbid", content.members[KEY])
    assert list(both.members) == [KEY, "death_365d/multimorbid"]
    assert list(both.not_trained) == [other]


def test_a_model_is_named_by_its_outcome_and_its_population():
    assert member_key("death_365d", "multimorbid") == "death_365d/multimorbid"
    assert registered_name("death_365d/multimorbid") == "stratify-death_365d-multimorbid"


# --- members with columns of their own -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def narrow(table, declared, spec, outcome, origin) -> MemberFiles:
    """A logistic that reads three of the six columns, in another order than the bundle has them."""
    few = tuple(declared.predictors["standard"][at] for at in (3, 0, 1))
    three = replace(declared, predictors={"standard": few})
    alone = spec.model_copy(update={"baselines": ()})
    inside = table.person % 3 == 0
    trained = train_outcome(alone, three, "psychiatric_somatic", replace(table, inside=inside), outcome, origin)
    return MemberFiles(trained.files["logistic"])


def test_a_member_with_fewer_columns_than_the_bundle_reads_its_own(
    content, narrow, signing_keys, public, tmp_path, table
):
    key = f"{OUTCOME}/psychiatric_somatic"
    both = with_member(content, key, narrow)
    bundle = load_bundle(tmp_path / write_bundle(tmp_path, both, signing_keys[0]), public)
    assert list(bundle.members) == [KEY, key]
    assert bundle.places(key) == [3, 0, 1]
    assert bundle.places(KEY) == list(range(6))
    x = table.x[:50]
    by_name = Member.from_files(narrow.files).risk(
        table.read(["lab_hba1c_last_365", "age", "stay_acute_count_365"])[:50]
    )
    np.testing.assert_array_equal(bundle.members[key].risk(x[:, bundle.places(key)]), by_name)


def test_golden_cases_stand_inside_and_outside_the_stratum_and_both_are_replayed(
    content, narrow, signing_keys, tmp_path
):
    key = f"{OUTCOME}/psychiatric_somatic"
    golden = json.loads(narrow.files["golden.json"])
    assert [case["inside"] for case in golden] == [False] * 10 + [True] * 10
    assert json.loads(narrow.files["calibration.json"])["strata"]
    assert all(a["x"] == b["x"] and a["risk"] != b["risk"] for a, b in zip(golden[:10], golden[10:], strict=True))
    swapped = [{**case, "inside": not case["inside"]} for case in golden]
    bent = MemberFiles({**narrow.files, "golden.json": json.dumps(swapped).encode()})
    with pytest.raises(BundleError, match=r"golden\.json: 20 of 20 cases give another risk"):
        write_bundle(tmp_path, with_member(content, key, bent), signing_keys[0])


def test_a_column_that_the_bundle_does_not_have_is_refused(content, narrow, signing_keys, tmp_path):
    model = json.loads(narrow.files["model.json"])
    model["columns"][0]["id"] = "lab_of_elsewhere"
    odd = MemberFiles({**narrow.files, "model.json": json.dumps(model).encode()})
    with pytest.raises(BundleError, match="was trained on other columns"):
        write_bundle(tmp_path, with_member(content, f"{OUTCOME}/psychiatric_somatic", odd), signing_keys[0])


# --- what is refused before it is written ----------------------------------------------------------------------------


def test_a_column_that_may_not_steer_care_is_refused(empty, signing_keys, tmp_path, make_column):
    columns = [make_column("education", use="statistics")]
    with pytest.raises(GateError, match="education: its source is delivered for statistics"):
        write_bundle(tmp_path, Content(**{**empty.__dict__, "columns": columns}), signing_keys[0])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "change, why",
    [
        (lambda c: {"columns": list(c.columns)[::-1]}, "was trained on other columns"),
        (lambda c: {"columns": [{**c.columns[0], "unit": "days"}, *c.columns[1:]]}, "was trained on other columns"),
        (lambda c: {"catalogue_digest": "d" * 64}, "under another catalogue"),
        (lambda c: {"members": {"death_365d/multimorbid": c.members[KEY]}}, "for another outcome or population"),
        (lambda c: {"members": {f"{OUTCOME}/discharges": c.members[KEY]}}, "for another outcome or population"),
        (lambda c: {"members": {OUTCOME: c.members[KEY]}}, "for another outcome or population"),
    ],
)
def test_a_member_must_fit_the_bundle(content, signing_keys, tmp_path, change, why):
    with pytest.raises(BundleError, match=why):
        write_bundle(tmp_path, Content(**{**content.__dict__, **change(content)}), signing_keys[0])
    assert list(tmp_path.iterdir()) == []


def test_a_member_has_its_files_and_no_other(trained, tmp_path):
    files = trained.files["lightgbm"]
    for wrong in ({}, {**files, "model.json": b"{}"}, {**files, "people.csv": b""}, {"model.txt": b""}):
        with pytest.raises(BundleError, match="a member holds"):
            MemberFiles(wrong)
    with pytest.raises(BundleError, match="train it first"):
        read_member(tmp_path / "nothing")


# --- what is refused when it is read ---------------------------------------------------------------------------------


FILES = ["columns.json", *(f"{KEY}/{n}" for n in ("model.txt", *(f"{m}.json" for m in (
    "card", "golden", "calibration", "reference"
))))]  # fmt: skip


@pytest.mark.parametrize("place", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("name", FILES)
def test_a_byte_changed_anywhere_is_found_and_named(copy, public, name, place):
    data = bytearray((copy / name).read_bytes())
    data[int(place * (len(data) - 1))] ^= 1
    (copy / name).write_bytes(data)
    with pytest.raises(BundleError, match=rf"{name}: its SHA-256 is not the signed one") as caught:
        load_bundle(copy, public)
    assert "roll back, or promote again" in str(caught.value)
    assert caught.value.exit_code == 13


@pytest.mark.parametrize("name", ["manifest.json", "manifest.sig"])
@pytest.mark.parametrize("place", [0.0, 0.5, 0.9])
def test_a_byte_changed_in_what_is_signed_or_in_the_signature_is_found(copy, public, name, place):
    data = bytearray((copy / name).read_bytes())
    data[int(place * (len(data) - 1))] ^= 1
    (copy / name).write_bytes(data)
    with pytest.raises(BundleError, match="the signature was not made over it") as caught:
        load_bundle(copy, public)
    assert caught.value.exit_code == 13


def test_every_file_there_is_was_changed_above(written):
    assert {*FILES, "manifest.json", "manifest.sig"} == set(digest_tree(written[0] / written[1]))


def test_every_file_that_differs_is_named_at_once(copy, public):
    (copy / "columns.json").unlink()
    (copy / KEY / "model.txt").write_text("")
    (copy / KEY / "extra.txt").write_text("")
    (copy / KEY / "manifest.json").write_text("{}")
    with pytest.raises(BundleError) as caught:
        load_bundle(copy, public)
    told = str(caught.value)
    for part in (
        "columns.json: is missing", f"{KEY}/model.txt: its SHA-256", f"{KEY}/extra.txt: stands in no manifest",
        f"{KEY}/manifest.json: stands in no manifest",
    ):  # fmt: skip
        assert part in told


def test_a_link_to_elsewhere_is_refused(copy, public, tmp_path):
    target = copy / KEY / "card.json"
    shutil.move(target, tmp_path / "card.json")
    target.symlink_to(tmp_path / "card.json")
    with pytest.raises(BundleError, match=r"card\.json: is not a plain file"):
        load_bundle(copy, public)


def test_a_changed_manifest_and_another_key_are_refused(copy, public, tmp_path):
    _, other = ensure_signing_keys(tmp_path / "keys")
    with pytest.raises(BundleError, match="the signature was not made over it"):
        load_bundle(copy, other)
    manifest = copy / "manifest.json"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("synthetic", "danish"))
    with pytest.raises(BundleError, match="the signature was not made over it"):
        load_bundle(copy, public)


@pytest.mark.parametrize("name", ["manifest.json", "manifest.sig"])
def test_an_unsigned_folder_is_refused(copy, public, name):
    (copy / name).unlink()
    with pytest.raises(BundleError, match=r"manifest\.json or manifest\.sig is missing"):
        load_bundle(copy, public)


def test_a_signed_bundle_under_another_name_is_refused(copy, public):
    renamed = copy.rename(copy.with_name("0" * 12))
    with pytest.raises(BundleError, match="the folder's name as version"):
        load_bundle(renamed, public)


def test_golden_cases_are_replayed(content, signing_keys, tmp_path):
    member = content.members[KEY]
    golden = json.loads(member.files["golden.json"])
    golden[0]["risk"] += 2e-9
    bent = MemberFiles({**member.files, "golden.json": json.dumps(golden).encode()})
    with pytest.raises(BundleError, match=rf"{KEY}/golden\.json: 1 of 20 cases give another risk"):
        write_bundle(tmp_path, with_member(content, KEY, bent), signing_keys[0])
    golden[0]["risk"] -= 1.9e-9
    near = MemberFiles({**member.files, "golden.json": json.dumps(golden).encode()})
    assert write_bundle(tmp_path, with_member(content, KEY, near), signing_keys[0])


def test_another_format_is_refused_even_when_signed(copy, public, signing_keys):
    manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    (copy / "manifest.json").write_text(json.dumps({**manifest, "format": 1}))
    sign_again(copy, signing_keys)
    with pytest.raises(BundleError, match="needs format 2"):
        load_bundle(copy, public)


# --- the pointer -----------------------------------------------------------------------------------------------------


def test_no_champion_before_one_is_promoted(tmp_path, public):
    with pytest.raises(BundleError, match="promote one"):
        load_champion(tmp_path, public)
    with pytest.raises(BundleError, match="nothing to roll back to"):
        roll_back(tmp_path, public)


def test_the_champion_moves_and_rolls_back(empty, content, signing_keys, public, tmp_path):
    first, second = (write_bundle(tmp_path, c, signing_keys[0]) for c in (empty, content))
    set_champion(tmp_path, first, public)
    set_champion(tmp_path, second, public)
    set_champion(tmp_path, second, public)
    assert (tmp_path / "champion").read_text() == second + "\n"
    assert load_champion(tmp_path, public).version == second
    assert roll_back(tmp_path, public) == first
    assert champion_version(tmp_path) == first
    assert roll_back(tmp_path, public) == second


def test_the_pointer_never_moves_to_a_bundle_that_does_not_verify(copy, empty, signing_keys, public):
    first = write_bundle(copy.parent, empty, signing_keys[0])
    set_champion(copy.parent, first, public)
    (copy / "columns.json").write_text("[]")
    with pytest.raises(BundleError, match=r"columns\.json"):
        set_champion(copy.parent, copy.name, public)
    assert champion_version(copy.parent) == first


@pytest.mark.parametrize("text", ["", "../../etc", "0123456789AB", "0123456789ab/.."])
def test_a_pointer_is_a_version_and_nothing_else(tmp_path, public, text):
    (tmp_path / "champion").write_text(text)
    with pytest.raises(BundleError, match="12 hex digits"):
        load_champion(tmp_path, public)
