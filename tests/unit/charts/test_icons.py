"""A hundred people as a hundred marks."""

import pytest

from stratify.charts import DA, icons

NAMES, HEAD = ("indlægges", "gør ikke"), ("Hvad sker der", "Af 100")


@pytest.mark.parametrize("count", [0, 1, 13, 99, 100])
def test_there_are_always_a_hundred_marks(count):
    drawn = icons(count, "Akut indlæggelse", NAMES, head=HEAD, told="13 af 100", tongue=DA)
    of = {style: way.count("M") for style, way in _paths(drawn)}
    assert of.get("icon in", 0) == count
    assert sum(of.values()) == 100
    assert "<title>Akut indlæggelse</title><desc>13 af 100</desc>" in drawn
    assert f'<th scope="row">gør ikke</th><td>{100 - count}</td>' in drawn


@pytest.mark.parametrize("count", [-1, 101])
def test_another_whole_than_a_hundred_is_refused(count):
    with pytest.raises(ValueError, match="from 0 to 100"):
        icons(count, "x", NAMES, head=HEAD)


def _paths(drawn):
    parts = drawn.split('<path class="')[1:]
    return [(part.split('"')[0], part.split('d="')[1].split('"')[0]) for part in parts]
