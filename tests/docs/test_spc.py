"""The page on control charts: its example runs, its figures are those in use, and it names what there is."""

import re
from typing import get_args

import pytest

from stratify.quality import spc
from stratify.quality.spc.chart import Rules
from stratify.quality.spc.nhs import PRIORITY
from tests.docs.claims import tables


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs/spc.md").read_text(encoding="utf-8")


def test_the_example_runs(page):
    (example,) = re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)
    exec(compile(example, "docs/spc.md", "exec"), {})


def test_the_false_alarms_are_those_of_the_table_that_pages_read(page):
    rows = tables(page, ("stable series, with a false signal", "anywhere", "at the latest point"))
    assert len(rows) >= 7
    for row in rows:
        kind, rules, points = row["stable series, with a false signal"].split(", ")
        found = spc.false_alarms(int(points.split()[0]), rules, kind)
        assert row["anywhere"] == f"{100 * found.any:.1f} %", row
        assert row["at the latest point"] == f"{100 * found.latest:.1f} %", row


def test_every_kind_rule_and_answer_is_explained(page):
    answers = [*get_args(spc.Variation), *get_args(spc.Assurance)]
    assert [word for word in answers if word not in page] == []
    named = [*get_args(spc.Kind), *get_args(Rules), *PRIORITY]
    assert [word for word in named if not re.search(rf"`{word}`|\"{word}\"", page)] == []


def test_the_limit_of_sigma_z_is_the_one_in_use(page):
    assert f"({spc.sigma_z_limit(24):.2f} of 24 points)" in page
