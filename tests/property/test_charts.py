"""Whatever stands in a prefetch, it is read or refused in our words: nothing else is raised, and nothing of it told."""

import copy
import json
from datetime import date, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stratify.catalogue import load
from stratify.fhir.chart import read_chart
from stratify.fhir.declared import declared
from stratify.fhir.refusal import ChartRefusedError
from stratify.fhir.tally import Tally
from stratify.fhir.when import Clock, read_when
from stratify.store.layout import DOMAINS
from tests.unit.fhir.writer import condition, encounter, observation, prefetch, statement

CATALOGUE, TODAY = load(), date(2025, 3, 10)
MARK = "zq7"  # no word of ours holds it
SOUND = prefetch(
    conditions=[condition("DE119", "2020-01-01", id="c1", recordedDate="2021"), condition("DI509", "2024-05")],
    medications=[
        statement("A10BA02", "2024-11-01", id="s1"),
        statement("C10AA01", taken="active", effectivePeriod={"start": "2024-01-01", "end": "2024-12-01"}),
        {"resourceType": "Medication", "id": "m1"},
    ],
    encounters=[
        encounter("IMP", "2025-03-01T08:00:00+01:00", "2025-03-03T08:00:00+01:00", acute=True, id="e1",
                  partOf={"reference": "Encounter/e2"}, diagnosis=[{"condition": {"reference": "Condition/c1"}}]),
        encounter("EMER", "2025-03-09", came="in-progress", id="e2"),
    ],
    observations=[observation("NPU27300", "2025-01-01", 48.0), observation("NPU19748", "2025-01-01", valueString="<4")],
)  # fmt: skip

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just(f"{MARK}-0101011234"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(value, path=()):
    """Yield the path of every element."""
    yield path
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield from places(inner, (*path, step))


@st.composite
def spoiled(draw):
    """A sound prefetch in which some elements are something else, gone, or there twice."""
    sent = copy.deepcopy(SOUND)
    for _ in range(draw(st.integers(1, 6))):
        path = draw(st.sampled_from([path for path in places(sent) if path]))
        holder = sent
        for step in path[:-1]:
            holder = holder[step]
        how = draw(st.sampled_from(["other", "gone", "twice", "moved"]))
        if how == "gone":
            del holder[path[-1]]
        elif how == "twice" and isinstance(holder, list):
            holder.append(holder[path[-1]])
        elif how == "moved":
            holder[path[-1]] = copy.deepcopy(draw(st.sampled_from(list(leaves(sent)))))
        else:
            holder[path[-1]] = draw(anything)
    return sent


def leaves(value):
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from leaves(inner)
    else:
        yield value


def read(sent):
    """The chart, or why it was refused; whatever else is raised is a fault."""
    try:
        return read_chart(sent, CATALOGUE, TODAY), None
    except ChartRefusedError as error:
        return None, error


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(spoiled())
def test_a_spoiled_prefetch_is_read_or_refused_and_nothing_of_it_is_told(sent):
    chart, error = read(sent)
    if chart is None:
        assert error.reason in declared().refused
        assert MARK not in str(error) + error.text.da
        return
    assert MARK not in json.dumps(chart.gaps) + repr(chart)
    for domain, columns in chart.records.events.items():
        assert set(columns) == {"person", *DOMAINS[domain]}
        assert (columns["day"] < chart.landmark).all()
        assert (columns["day"][1:] >= columns["day"][:-1]).all()


@settings(max_examples=200, deadline=None)
@given(anything)
def test_anything_at_all_is_refused(sent):
    chart, error = read(sent)
    assert chart is None
    assert error.reason in ("not_fhir", "missing")


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=30) | st.dates().map(str) | st.datetimes(timezones=st.timezones()).map(datetime.isoformat))
def test_a_date_is_before_the_landmark_or_none(text):
    clock = Clock(TODAY, Tally())
    day = clock.day(read_when(text))
    assert day is None or day < clock.landmark
    assert (day is None) == bool(clock.tally.counts["undated"] + clock.tally.counts["future"])
