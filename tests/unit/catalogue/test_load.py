"""A broken entry is told with its file, its key, what stood there and the nearest word; all of them at once."""

import re
from pathlib import Path

import pytest

from stratify.catalogue import load
from stratify.catalogue.load import PACKAGE
from stratify.errors import CatalogueError

CONDITION = """
id = "sarcoidosis"
name = { da = "Sarkoidose", en = "Sarcoidosis" }
set = "DK39"
domain = "somatic"
system = "pulmonary/allergy"
part_of = "connective"
icd10 = ["D86"]
source = "a test"
provenance = "OURS"
rationale = "only here to be read"

[[example]]
why = "Danish form"
records = [["DD869", -10]]
expect = true

[[example]]
why = "an anaemia"
records = [["DD500", -10]]
expect = false
"""

INDEX = """
id = "tiny"
name = { da = "Lille indeks", en = "Tiny index" }
source = "a test"
provenance = "OURS"
rationale = "only here to be read"

[[group]]
id = "mild"
name = "Mild"
icd10 = ["J45"]
weights = { first = 1, second = 0 }
superseded_by = "grave"

[[group]]
id = "grave"
name = "Grave"
icd10 = ["J46"]
weights = { first = 2, second = 3 }

[[example]]
why = "one"
codes = ["DJ459"]
expect = { first = 1, second = 0 }

[[example]]
why = "none"
codes = []
expect = { first = 0, second = 0 }
"""


@pytest.fixture
def local(tmp_path: Path) -> Path:
    """Return a local folder that holds one good condition."""
    write(tmp_path, "conditions/sarcoidosis.toml", CONDITION)
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def changed(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, old
    return text.replace(old, new)


def problems(folder: Path) -> tuple[str, ...]:
    with pytest.raises(CatalogueError) as caught:
        load(folder)
    return caught.value.problems


# --- what is good is read --------------------------------------------------------------------------------------------


def test_the_package_is_read_without_a_problem():
    catalogue = load()
    assert catalogue.local is None
    assert "diabetes" in catalogue.conditions
    assert "charlson" in catalogue.indices
    assert list(catalogue.conditions) == sorted(catalogue.conditions)


def test_a_local_entry_is_added(local):
    catalogue, package = load(local), load()
    assert catalogue.conditions["sarcoidosis"].name.da == "Sarkoidose"
    assert catalogue.local == local
    assert catalogue.size() == package.size() + 1
    assert catalogue.digest != package.digest


def test_a_local_entry_of_the_same_id_takes_the_packages_place(tmp_path):
    text = changed(CONDITION, 'id = "sarcoidosis"', 'id = "asthma"')
    write(tmp_path, "conditions/asthma.toml", text)
    catalogue = load(tmp_path)
    assert catalogue.conditions["asthma"].icd10 == ("D86",)
    assert catalogue.size() == load().size()


def test_the_digest_does_not_see_comments_and_layout(local):
    before = load(local)
    write(local, "conditions/sarcoidosis.toml", "# looked at again\n\n" + CONDITION.replace(" = ", "   =   "))
    assert load(local).digest == before.digest


def test_the_digest_of_one_kind_stays_when_another_changes(local):
    package, added = load(), load(local)
    assert added.digest_of("indices") == package.digest_of("indices")
    assert added.digest_of("conditions") != package.digest_of("conditions")


def test_entries_cannot_be_changed_after_reading(local):
    catalogue = load(local)
    with pytest.raises(Exception, match="frozen"):
        catalogue.conditions["sarcoidosis"].domain = "psychiatric"
    with pytest.raises(TypeError, match="does not support item assignment"):
        catalogue.conditions["sarcoidosis"] = catalogue.conditions["asthma"]


# --- one problem, told so that it can be mended ----------------------------------------------------------------------


BROKEN = {
    "a TOML that is none": ('id = "sarcoidosis"', 'id = "sarcoidosis', "not readable as TOML: Illegal character"),
    "a key that is unknown": ("icd10 =", "icd01 =", "icd01: unknown key; did you mean 'icd10'?"),
    "a key like no other": ("system =", "zzz =", "zzz: unknown key"),
    "a key that is missing": ('provenance = "OURS"\n', "", "provenance: required, not there"),
    "a text in one language only": (', en = "Sarcoidosis"', "", "name.en: required, not there"),
    "a value that is none of the choices": (
        '"somatic"',
        '"somatik"',
        "domain: Input should be 'somatic' or 'psychiatric'; got 'somatik'; did you mean 'somatic'?",
    ),
    "a provenance that is none": (
        '"OURS"',
        '"REED"',
        "got 'REED'; did you mean 'READ'?",
    ),
    "a Danish code where a WHO prefix belongs": ('["D86"]', '["DD86"]', "icd10.0: String should match pattern"),
    "a code with a dot": ('["D86"]', '["D86.9"]', "got 'D86.9'"),
    "a look-back that is a text": (
        "icd10 =",
        'lookback_days = "ten"\nicd10 =',
        "lookback_days: Input should be a valid int",
    ),
    "an id that is not the file's name": (
        'id = "sarcoidosis"',
        'id = "sarcoid"',
        "id: must equal the file's name 'sarcoidosis', got 'sarcoid'",
    ),
    "no rule": ('icd10 = ["D86"]\n', "", "entry: needs icd10 prefixes, or by_drugs_only = true, and not both"),
    "two rules": ("icd10 =", "by_drugs_only = true\nicd10 =", "by_drugs_only = true, and not both"),
    "told by drugs only, by none": (
        'icd10 = ["D86"]\n',
        "by_drugs_only = true\n",
        "entry: by_drugs_only = true needs [[drugs]]",
    ),
    "only examples that say yes": (
        "expect = false",
        "expect = true",
        "needs at least one [[example]] whose answer is no",
    ),
    "one example": (CONDITION[CONDITION.index('[[example]]\nwhy = "an') :], "", "needs at least 2 [[example]], got 1"),
    "an unknown key in an example": (
        'why = "Danish form"',
        'because = "Danish form"',
        "example.0.because: unknown key",
    ),
    "a whole that is not there": (
        '"connective"',
        '"conective"',
        "part_of: no such id 'conective'; did you mean 'connective'?",
    ),
}


@pytest.mark.parametrize("old, new, told", BROKEN.values(), ids=BROKEN)
def test_a_problem_is_told_with_file_key_and_value(local, old, new, told):
    write(local, "conditions/sarcoidosis.toml", changed(CONDITION, old, new))
    found = problems(local)
    assert all(problem.startswith("conditions/") for problem in found)
    assert any(problem.startswith("conditions/sarcoid") and told in problem for problem in found), found


def test_a_file_that_is_not_utf8_is_told(local):
    (local / "conditions" / "sarcoidosis.toml").write_bytes(CONDITION.encode("utf-16"))
    assert "not readable as TOML" in problems(local)[0]


BROKEN_INDEX = {
    "a group of no such name": (
        '"grave"\n\n',
        '"graver"\n\n',
        "superseded_by: no such id 'graver'; did you mean 'grave'?",
    ),
    "a weight left out": (
        "weights = { first = 2, second = 3 }",
        "weights = { first = 2 }",
        "weights: every group needs first, second; not so: grave",
    ),
    "a group that stands twice": ('id = "grave"', 'id = "mild"', "group: the same id twice: mild"),
    "an example with other weights": (
        "expect = { first = 1, second = 0 }",
        "expect = { third = 1 }",
        "example.expect: no such weights: third",
    ),
    "only scores above nought": (
        "first = 0, second = 0",
        "first = 0, second = 1",
        "at least one [[example]] whose answer is no",
    ),
}


def test_a_local_index_is_added(tmp_path):
    write(tmp_path, "indices/tiny.toml", INDEX)
    assert [group.id for group in load(tmp_path).indices["tiny"].group] == ["mild", "grave"]


@pytest.mark.parametrize("old, new, told", BROKEN_INDEX.values(), ids=BROKEN_INDEX)
def test_a_problem_of_an_index_is_told(tmp_path, old, new, told):
    write(tmp_path, "indices/tiny.toml", changed(INDEX, old, new))
    found = problems(tmp_path)
    assert any(problem.startswith("indices/tiny.toml: ") and told in problem for problem in found), found


# --- all problems at once --------------------------------------------------------------------------------------------


def test_every_problem_of_every_file_is_told_at_once(local):
    twice = changed(changed(CONDITION, '"somatic"', '"somatik"'), 'provenance = "OURS"\n', "")
    write(local, "conditions/sarcoidosis.toml", twice)
    write(local, "conditions/other.toml", changed(CONDITION, "icd10 =", "icd01 ="))
    write(local, "conditions/unreadable.toml", "id = ")
    write(local, "conditions/orphan.toml", CONDITION.replace("sarcoidosis", "orphan").replace("connective", "nowhere"))
    write(local, "indices/tiny.toml", changed(INDEX, 'superseded_by = "grave"', 'superseded_by = "worse"'))
    write(local, "condition/misplaced.toml", CONDITION)
    with pytest.raises(CatalogueError) as caught:
        load(local)
    told = caught.value.problems
    for part in [
        "conditions/sarcoidosis.toml: domain: ",
        "conditions/sarcoidosis.toml: provenance: required",
        "conditions/other.toml: icd01: unknown key",
        "conditions/unreadable.toml: not readable as TOML",
        "conditions/orphan.toml: part_of: no such id 'nowhere'",
        "indices/tiny.toml: superseded_by: no such id 'worse'",
        "condition/misplaced.toml: not in a known folder",
    ]:
        assert sum(problem.startswith(part) for problem in told) == 1, part
    assert caught.value.message == f"{len(told)} problem(s) in the catalogue:"
    assert all(problem in str(caught.value) for problem in told)


def test_it_ends_with_exit_code_10(local):
    write(local, "conditions/sarcoidosis.toml", "")
    with pytest.raises(CatalogueError) as caught:
        load(local)
    assert caught.value.exit_code == 10


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(CatalogueError, match=re.escape(f"--catalogue needs a folder, got {tmp_path / 'none'}")):
        load(tmp_path / "none")


def test_a_file_in_no_known_folder_is_not_passed_over(local):
    write(local, "sarcoidosis.toml", CONDITION)
    (told,) = problems(local)
    assert told.startswith("sarcoidosis.toml: not in a known folder; put it in one of conditions, indices")


def test_the_files_own_words_are_told_and_nothing_of_the_machine(local):
    write(local, "conditions/sarcoidosis.toml", changed(CONDITION, '"somatic"', '"somatik"'))
    assert str(local) not in "".join(problems(local))


# --- what a feature may not read -------------------------------------------------------------------------------------

FAMILY = """
id = "worry"
name = { da = "Prøve", en = "Test" }
domain = "lab"
clinical_group = { da = "Prøver", en = "Tests" }
role = "predictor"
source = "a test"
provenance = "OURS"
rationale = "only here to be read"
aggregates = ["count"]
windows = [365]
fallback = { count = 0 }

[[group]]
id = "hdl"
name = { da = "HDL", en = "HDL" }
codes = ["NPU01567"]

[[example]]
why = "measured"
events = [["hdl", -100, -97, 1.4]]
column = "worry_hdl_count_365"
expect = 1

[[example]]
why = "never measured"
column = "worry_hdl_count_365"
expect = 0
"""


@pytest.mark.parametrize(
    "old, new, told",
    [
        ('["NPU01567"]', '["diabets"]', "codes: 'diabets' is no code of a register; did you mean 'diabetes'?"),
        ('["NPU01567"]', '["diabetes"]', "codes: 'diabetes' is a condition; these have columns of their own"),
        ('["NPU01567"]', '["death_365d"]', "group hdl: 'death_365d' is an outcome, which no feature may read"),
        ('id = "hdl"\n', 'id = "death_365d"\n', "group death_365d: 'death_365d' is an outcome"),
        ("windows = [365]", "windows = [-30, 365]", "window -30 reaches the future"),
        ("windows = [365]", "windows = [365, [-30, 90]]", "window (-30, 90) reaches the future"),
    ],
)  # fmt: skip
def test_a_feature_of_an_unknown_group_of_an_outcome_or_of_the_future_is_refused(tmp_path, old, new, told):
    write(tmp_path, "features/worry.toml", changed(FAMILY, old, new))
    (problem,) = problems(tmp_path)
    assert problem.startswith("features/worry.toml: ")
    assert told in problem


def test_an_outcome_is_no_feature_family(tmp_path):
    write(tmp_path, "features/death_365d.toml", changed(FAMILY, '"worry"', '"death_365d"'))
    assert problems(tmp_path) == ("features/death_365d.toml: id: 'death_365d' is an outcome, which no feature may be",)


def test_an_index_that_is_not_there_is_told_with_the_nearest(tmp_path):
    index = (PACKAGE / "features" / "hfrs.toml").read_text(encoding="utf-8")
    write(tmp_path, "features/hfrs.toml", changed(index, 'index = "hfrs"', 'index = "hfsr"'))
    assert problems(tmp_path) == ("features/hfrs.toml: index: no such id 'hfsr'; did you mean 'hfrs'?",)


def test_codes_of_a_local_source_are_codes(tmp_path):
    write(tmp_path, "features/worry.toml", changed(FAMILY, '["NPU01567"]', '["concept:3027597", "E11", "12345"]'))
    assert "worry" in load(tmp_path).features
