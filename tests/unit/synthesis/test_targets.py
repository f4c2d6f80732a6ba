"""What the region is held against: every figure read stands in the list once, and the rule of tolerance."""

import csv
import doctest
import math
from importlib import import_module

import pytest

from pipelines.synthesis.measures import MEASURES
from pipelines.synthesis.targets import FILE, Measured, Row, Target, load
from stratify.errors import CatalogueError

MODULES = ("targets", "pictures", "measures.estimates", "measures.region")


@pytest.fixture(scope="module")
def figures(root):
    """The figures of the literature by metric and population; skipped where the list is not beside the checkout."""
    path = root.parent / "shared" / "facts" / "clinical" / "prevalence.csv"
    if not path.is_file():
        pytest.skip("no list of figures beside this checkout")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = {Row(row["metric"], row["population"]): row for row in rows}
    assert len(found) == len(rows)
    return found


def target(**changed):
    given = {"id": "x", "group": "g", "what": "w", "measure": "deaths", "value": 10.0, "unit": "%", "made": "as read"}
    return Target.model_validate({**given, "rows": [["m", "p"]], "source": "s", "note": "n", **changed})


def test_every_figure_read_is_listed_once_and_nothing_else(figures):
    targets = load()
    read = {row for row, told in figures.items() if told["provenance"].startswith("READ")}
    unused = [row for group in targets.not_used for row in group.rows]
    assert len(unused) == len(set(unused))
    assert not targets.used_rows & set(unused)
    listed = targets.used_rows | set(unused)
    assert read <= listed
    assert listed <= set(figures)
    assert {figures[row]["provenance"] for row in listed - read} == {"COMPUTED"}
    assert all(row.metric.startswith("q1y_") for row in listed - read)


def test_at_least_fifty_figures_read_are_used(figures):
    used = {row for row in load().used_rows if figures[row]["provenance"].startswith("READ")}
    assert len(used) >= 50


def test_a_value_as_read_is_the_figure_and_a_quotient_is_of_two(figures):
    for one in load().targets:
        values = [float(figures[row]["value"]) for row in one.rows if one.made != "stated"]
        if one.made == "as read":
            assert one.value == values[0], one.id
        elif one.made == "quotient":
            assert one.value == pytest.approx(values[0] / values[1], abs=0.01), one.id


def test_a_stated_value_says_how_it_was_made():
    for one in load().targets:
        if one.made == "stated":
            assert any(character.isdigit() for character in one.note), one.id


def test_named_tolerances_are_the_agreed_ones():
    named = {one.id: (one.value, one.tolerance) for one in load().targets if one.tolerance is not None}
    assert named.pop("multimorbid_adults") == (29.0, 2.0)
    assert named.pop("readmission30") == (11.5, 1.0)
    assert named.pop("multimorbid_education") == (2.0, 0.3)
    assert named.pop("both_of_multimorbid") == (22.6, 3.0)
    assert named.pop("onset_shift") == (12.5, 2.5)
    assert set(named) == {"life_expectancy_men", "life_expectancy_women", "e60_men", "e60_women"}
    assert {tolerance for _, tolerance in named.values()} == {1.0}


def test_every_target_has_a_measure_and_every_measure_a_target():
    assert {one.measure for one in load().targets} == set(MEASURES)


@pytest.mark.parametrize(
    "se, allowed",
    [(0.0, 1.0), (0.3, 1.0), (0.4, 1.2), (math.nan, 1.0)],
    ids=["10 % of the value", "3 errors are less", "3 errors are more", "an error that cannot be told adds nothing"],
)
def test_ten_per_cent_or_three_standard_errors_the_larger(se, allowed):
    assert target().allowed(se) == pytest.approx(allowed)


def test_a_named_tolerance_holds_whatever_the_error():
    assert target(tolerance=0.5).allowed(100.0) == 0.5


@pytest.mark.parametrize("value, met", [(10.0, True), (9.0, True), (11.01, False), (math.nan, False)])
def test_met_within_the_tolerance_and_not_where_it_cannot_be_told(value, met):
    assert target().met(Measured(value, 0.0)) is met


def test_units_scale_what_one_person_has():
    scales = [target(unit=unit).scale for unit in ("%", "per 1000 a year", "per 100,000 a year", "ratio", "years")]
    assert scales == [100, 1000, 100_000, 1, 1]


ONE = """
[[target]]
id = "a"
group = "g"
what = "w"
measure = "deaths"
value = 1.0
unit = "%"
made = "as read"
rows = [["m", "p"]]
source = "s"
note = "n"
"""


@pytest.mark.parametrize(
    "text, told",
    [
        ("[[target", "not readable as TOML"),
        ("not_used = []", "target: Field required"),
        (ONE + 'colour = "red"\nnot_used = []', "Extra inputs are not permitted"),
        (ONE.replace('"%"', '"per mille"') + "[[not_used]]\nwhy = 'x'\nrows = [['n', 'p']]", "target.0.unit"),
        (ONE.replace("1.0", "-1.0") + "[[not_used]]\nwhy = 'x'\nrows = [['n', 'p']]", "greater than 0"),
        (ONE + ONE + "[[not_used]]\nwhy = 'x'\nrows = [['n', 'p']]", "a: the id is given 2 times"),
        (ONE + "[[not_used]]\nwhy = 'x'\nrows = [['m', 'p']]", "m (p): both used and not used"),
        (ONE + "[[not_used]]\nwhy = 'x'\nrows = [['n', 'p'], ['n', 'p']]", "n (p): not used 2 times"),
        (ONE.replace("as read", "quotient") + "[[not_used]]\nwhy = 'x'\nrows = [['n', 'p']]", "a quotient needs two"),
        (ONE.replace('"p"]]', '"p"], ["o", "p"]]') + "[[not_used]]\nwhy = 'x'\nrows = [['n', 'p']]", "needs one row"),
    ],
)
def test_a_broken_list_is_refused_with_what_is_wrong(tmp_path, text, told):
    path = tmp_path / "targets.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError) as refused:
        load(path)
    assert told in str(refused.value)


def test_the_list_lies_beside_its_reader():
    assert load() == load(FILE)


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_the_docstrings_hold(name):
    failed, tried = doctest.testmod(import_module(f"pipelines.synthesis.{name}"))
    assert not failed
    assert tried
