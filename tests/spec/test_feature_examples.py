"""Every example of every feature family comes out as its file says, by the code that builds the matrix."""

import re

import pytest

from stratify.catalogue import load
from stratify.features.columns import columns
from stratify.features.examples import evaluate_example

CATALOGUE = load()
EXAMPLES = [
    pytest.param(family, example, id=f"{family.id}: {example.why}")
    for family in CATALOGUE.features.values()
    for example in family.example
]


@pytest.mark.parametrize("family, example", EXAMPLES)
def test_an_example_comes_out_as_its_file_says(family, example):
    assert evaluate_example(family, example, CATALOGUE) == example.expect


@pytest.mark.parametrize("family, example", EXAMPLES)
def test_an_examples_column_is_one_of_the_matrix(family, example):
    assert example.column in [column.id for column in columns(CATALOGUE) if column.family.id == family.id]


@pytest.mark.parametrize("family", CATALOGUE.features.values(), ids=lambda family: family.id)
def test_each_family_shows_something_and_nothing(family):
    assert {example.answer() for example in family.example} == {True, False}


@pytest.mark.parametrize("family", [f for f in CATALOGUE.features.values() if f.windows], ids=lambda family: family.id)
def test_an_example_of_each_windowed_family_shows_what_is_not_known_yet_or_not_there(family):
    late = [event for example in family.example for event in example.events if event[2] >= 0]
    bare = [example for example in family.example if not example.events]
    assert late or bare


def changed(example, **told):
    return example.model_copy(update=told)


def test_a_column_that_the_family_does_not_have_is_refused():
    family = CATALOGUE.features["drug"]
    with pytest.raises(ValueError, match=r"features/drug.toml: example: no such column 'drug_insulin_count_366'"):
        evaluate_example(family, changed(family.example[0], column="drug_insulin_count_366"), CATALOGUE)


def test_a_group_that_the_family_does_not_have_is_refused():
    family = CATALOGUE.features["drug"]
    with pytest.raises(ValueError, match=r"features/drug.toml: example: no such group insulins"):
        evaluate_example(family, changed(family.example[0], events=(("insulins", -9, -2, 1.0),)), CATALOGUE)


@pytest.mark.parametrize(
    "day, known, count",
    [(-1, -1, 1), (-365, -351, 1), (-366, -352, 0), (0, 0, 0), (-1, 0, 0), (-300, -1, 1)],
)
def test_the_window_is_half_open_and_known_means_before_the_day(day, known, count):
    family = CATALOGUE.features["drug"]
    example = changed(family.example[0], events=(("insulin", day, known, 1.0),), column="drug_insulin_count_365")
    assert evaluate_example(family, example, CATALOGUE) == count


def test_the_family_that_the_docs_show_is_read_and_does_what_it_says(root, tmp_path):
    text = (root / "docs" / "features.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL)
    (tmp_path / "features").mkdir()
    (tmp_path / "features" / "lipid_test.toml").write_text(shown, encoding="utf-8")
    local = load(tmp_path)
    family = local.features["lipid_test"]
    assert [evaluate_example(family, example, local) for example in family.example] == [1.4, "missing"]
