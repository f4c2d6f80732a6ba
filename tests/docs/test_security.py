"""The threat model: each threat has a control that is there and a test that is there, and what has none is said."""

import re

import pytest

from tests.docs.claims import FILE, TEST, absent_files, absent_tests, tables

HEADS = ("asset", "threat", "control", "test")
ASSETS = {
    "health data", "identifiers", "pseudonym key", "trust", "audit log", "models", "answers", "availability",
    "training data", "counts",
}  # fmt: skip


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs" / "security.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def rows(page):
    return tables(page, HEADS)


def test_each_threat_names_a_control_and_a_test_and_leaves_no_cell_empty(rows):
    assert len(rows) > 50
    for row in rows:
        assert all(row.values()), row
        assert FILE.search(row["control"]), row["threat"]
        assert TEST.search(row["test"]), row["threat"]
        assert re.sub(rf"{TEST.pattern}|[,\s]", "", row["test"]) == "", row["threat"]  # tests and nothing else


def test_each_threat_stands_there_once(rows):
    told = [row["threat"] for row in rows]
    assert sorted(told) == sorted(set(told))


def test_every_asset_is_threatened_and_no_other(rows):
    assert {row["asset"] for row in rows} == ASSETS


def test_every_control_and_test_that_is_named_is_there(rows, page, root):
    assert [name for row in rows for name in absent_tests(row["test"], root)] == []
    assert absent_files(page, root) == []


def test_what_is_not_protected_and_what_the_deployer_must_do_are_said(page):
    sections = re.findall(r"^## (.+)$", page, re.M)
    for wanted in ("What this does not protect against", "What the deployer must do", "Reporting a fault"):
        assert wanted in sections
    for asset in ASSETS:
        assert f"| {asset} |" in page.split("## ")[1], asset  # what is worth protecting comes first


SHOWN = "tests/docs/test_docs.py::test_every_link_leads_somewhere"
IN_A_CLASS = "tests/unit/test_files.py::TestAFolderWrittenWhole::test_that_fails_leaves_the_old_one_and_nothing_else"


def test_a_test_that_is_not_there_or_shows_nothing_is_found(root, tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_x.py").write_text("def test_a():\n    print()\n\n\ndef test_b():\n    assert 1\n")
    assert absent_tests("`tests/test_x.py::test_a`, `tests/test_x.py::test_b`", tmp_path) == ["tests/test_x.py::test_a"]
    assert absent_tests("`tests/test_y.py::test_b`", tmp_path) == ["tests/test_y.py::test_b"]
    assert absent_tests(f"`{SHOWN}`, `{IN_A_CLASS}`", root) == []
    for wrong in (f"{SHOWN}s", SHOWN.replace("test_docs.py", "test_documents.py"), "tests/docs/test_docs.py::pages"):
        assert absent_tests(f"`{wrong}`", root) == [wrong]
    assert absent_files("`service/looking.py`, `service/seeing.py`", root) == ["service/seeing.py"]


def test_a_row_of_another_width_is_refused():
    head = "| " + " | ".join(HEADS) + " |\n|---|---|---|---|\n"
    assert tables(f"{head}| a | b | c | d |\n", HEADS) == [dict(zip(HEADS, "abcd", strict=True))]
    with pytest.raises(AssertionError, match="3 cells"):
        tables(f"{head}| a | b | c |\n", HEADS)
