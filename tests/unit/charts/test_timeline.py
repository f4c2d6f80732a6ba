"""A timeline: names above lanes, bars within the time, arrows where they go on, and the table."""

import re

import pytest

from stratify.charts import Lane, Part, Span, timeline
from stratify.charts.basis import Table

TABLE = Table(("what", "from"), [["a & b", "1"]])


def drawn(*spans, ends=(0.0, 100.0)):
    part = Part("Stays", [Lane("a & b", spans)], "one")
    return timeline([part], "Over time", ends=ends, marks=[(0, "2020"), (100, "2025")], table=TABLE, told="One.")


def bars(svg):
    found = re.findall(r'<rect class="bar one" x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="([\d.]+)"', svg)
    return [tuple(map(float, one)) for one in found]


def test_it_has_a_title_a_description_names_and_its_table():
    svg = drawn(Span(10, 20))
    assert "<title>Over time</title><desc>One.</desc>" in svg
    assert svg.count("a &amp; b") == 2
    assert svg.index(">Stays<") < svg.index(">a &amp; b<")


def test_a_bar_is_as_long_as_it_lasts_and_a_heavy_one_is_taller():
    (light,), (heavy,) = bars(drawn(Span(25, 75))), bars(drawn(Span(25, 75, heavy=True)))
    assert light[1] == pytest.approx(330 / 2, abs=0.1)
    assert heavy[2] > light[2]


def test_a_day_is_wide_enough_to_see():
    assert bars(drawn(Span(50, 50)))[0][1] == 2.0


@pytest.mark.parametrize(
    "span, arrows", [(Span(10, 20), 0), (Span(10, None), 1), (Span(-5, 20), 1), (Span(-5, 120), 2)]
)
def test_what_goes_on_beyond_an_end_has_an_arrow_and_lies_within(span, arrows):
    svg = drawn(span)
    assert svg.count('<path class="bar one"') == arrows
    ((x, width, _),) = bars(svg)
    assert x >= 0
    assert x + width <= 340


def test_time_goes_forward():
    with pytest.raises(ValueError, match="later"):
        drawn(Span(1, 2), ends=(5, 5))
