"""What is ours and what is the deployer's: each row has its source and its mark, and what it names is there."""

import re

import pytest

from tests.docs.claims import FILE, TEST, absent_files, absent_tests, tables

HEADS = ("rule", "what it asks", "what is ours", "what is the deployer's", "source", "mark")
MARKS = {"READ", "RECALL-unverified"}
WANTED = ("MDR", "AI Act", "GDPR", "Databeskyttelsesloven", "Sundhedsloven", "NIS2", "WCAG", "MinLog")


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs/legal.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def rows(page):
    return tables(page, HEADS)


def test_the_first_line_says_that_it_is_information_and_not_advice(page):
    assert "information and not advice" in page.splitlines()[1]


def test_each_row_has_a_source_and_a_mark_and_no_cell_is_empty(rows):
    assert len(rows) > 30
    for row in rows:
        assert all(row.values()), row
        assert row["mark"] in MARKS, row["rule"]
        assert (row["mark"], row["source"]) != ("READ", "The regulation"), row["rule"]  # where, and not only what


def test_each_rule_stands_there_once_and_none_that_was_asked_for_is_missing(rows):
    told = [row["rule"] for row in rows]
    assert sorted(told) == sorted(set(told))
    assert [word for word in WANTED if not any(word in rule for rule in told)] == []


def test_a_claim_names_a_module_and_a_test_that_are_there_or_says_that_there_is_nothing(rows, root):
    for row in rows:
        ours = row["what is ours"]
        assert absent_files(ours, root) == []
        assert absent_tests(ours, root) == []
        if not re.match(r"Nothing\b|Input to it: ", ours):
            assert FILE.search(ours), row["rule"]
            assert TEST.search(ours), row["rule"]


def test_what_was_not_looked_up_is_not_claimed(rows, page):
    (rest,) = page.split("## Not looked up")[1:]
    assert "193 b" in rest
    assert [row["rule"] for row in rows if "193 b" in row["rule"]] == []
    assert {row["mark"] for row in rows if re.search(r"\b42 [bc]\b", row["rule"])} == {"RECALL-unverified"}
