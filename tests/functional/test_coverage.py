"""The coverage audit on a region: equal need finds as many offers; a bridge that some cannot do without is missed."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from pipelines.coverage import LEAST_PEOPLE, MOST_SHUT_OUT, audit, by_stratum, groups_of, leaning, problems
from pipelines.left import leave
from pipelines.scored import scored_people
from service.written import read_written
from stratify.care.coverage import indicated
from stratify.care.logic import Judge
from stratify.care.weigh import Given, Weigher
from stratify.catalogue import load
from stratify.registers.clock import day_of
from stratify.strata import levels, places
from stratify.workspace import Workspace


def silent(*_):
    """Show no progress."""


@pytest.fixture(scope="module")
def work(region):
    return Workspace(region)


@pytest.fixture(scope="module")
def catalogue(few_events):
    return load(few_events)


@pytest.fixture(scope="module")
def scored(work, catalogue):
    return scored_people(work, catalogue)


@pytest.fixture(scope="module")
def leaned_on(work, catalogue):
    """By group, the bridges without which 1 % of it would be shut out."""
    return {
        group: {bridge: share for bridge, share in bridges.items() if share >= MOST_SHUT_OUT}
        for group, bridges in leaning(work, catalogue).items()
    }


def without(catalogue, bridge):
    """The catalogue in which nobody gives this bridge."""

    def left(needs):
        return tuple(one.model_copy(update={"bridges": tuple(b for b in one.bridges if b != bridge)}) for one in needs)

    offers = {key: one.model_copy(update={"needs": left(one.needs)}) for key, one in catalogue.offers.items()}
    bridges = {
        key: one.model_copy(update={"needs": left(one.needs)})
        for key, one in catalogue.bridges.items()
        if key != bridge
    }
    return replace(catalogue, entries={**catalogue.entries, "offers": offers, "bridges": bridges})


def test_coverage_with_every_bridge_leaves_no_group_behind(work, catalogue):
    found = audit(work, catalogue, silent, truth=True)
    assert problems(found) == []
    sides = {(one.bridges, one.hints, one.need, one.counted) for one in found}
    assert sides == {
        (bridges, hints, need, counted)
        for bridges in ("all", "sourced", "none")
        for hints in ("as known", "all hold")
        for need in ("registered need", "without the risk", "true need")
        for counted in ("needs met", "by evidence", "offers a person", "offers a need")
    }
    assert {one.group for one in found} >= {"ill in mind and body", "education short", "fewest resources, truly"}


def test_coverage_fails_without_a_bridge_that_is_the_only_way_for_some(work, catalogue, leaned_on):
    only = {bridge for bridges in leaned_on.values() for bridge in bridges}
    assert only, "some bridge is the only way for 1 % of a group"
    for bridge in sorted(only):
        told = problems(audit(work, without(catalogue, bridge), silent))
        groups = {group for group, bridges in leaned_on.items() if bridge in bridges}
        assert all(any(line.startswith(f"{group}, hints all hold:") for line in told) for group in groups)


def test_coverage_is_less_with_fewer_bridges(work, catalogue):
    found = audit(work, catalogue, silent, units=dict.fromkeys(catalogue.bridges, 20))
    shares = {
        one.bridges: one.gap.share
        for one in found
        if (one.hints, one.need, one.group, one.counted)
        == ("all hold", "registered need", "something seems hard", "needs met")
    }
    assert shares["none"] < shares["by units"] < shares["all"]
    assert shares["none"] < shares["sourced"] < shares["all"]


def test_coverage_command_shows_every_side_and_ends_with_12_where_some_are_shut_out(
    stratify, work, few_events, tmp_path, leaned_on
):
    mine = tmp_path / "work"  # the command leaves what it found there
    shutil.copytree(work.root, mine, ignore=shutil.ignore_patterns("registers", "truth", "mlartifacts"))
    assert "registered need" in stratify("coverage", "--work", mine, "--catalogue", few_events).stdout
    assert json.loads((mine / "coverage/coverage.json").read_text(encoding="utf-8"))["strata"]
    local = tmp_path / "entries"
    shutil.copytree(few_events, local)
    (local / "bridges").mkdir()
    for bridge in {bridge for bridges in leaned_on.values() for bridge in bridges}:
        (local / "bridges" / f"{bridge}.toml").write_text(NOWHERE.format(bridge=bridge), encoding="utf-8")
    done = stratify("coverage", "--work", mine, "--catalogue", local, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (12, False)
    assert "equal need is not met equally" in done.stderr


NOWHERE = """
id = "{bridge}"
name = {{ da = "ikke her", en = "not here" }}
source = "a test"
provenance = "OURS"
rationale = "nobody of any age has it here"
responsible = [{{ body = "region" }}]
capacity = {{ da = "-", en = "-" }}
cost = "none"
burden = {{ da = "-", en = "-" }}
unless = {{ all = [{{ fact = "age", at_least = 0 }}] }}

[[example]]
why = "age unknown"
facts = {{}}
expect = "yes"

[[example]]
why = "any age"
facts = {{ age = 9 }}
expect = "no"
"""


def test_coverage_tells_of_nobody_alone(work, catalogue):
    assert all(one.gap.people >= 5 for one in audit(work, catalogue, silent))


def test_groups_are_those_of_the_rows(scored, catalogue):
    groups = groups_of(scored, catalogue)
    assert all(which.shape == (scored.people.n,) for which in groups.values())
    np.testing.assert_array_equal(groups["education short"], scored.groups["education"] == "short")


def test_strata_are_told_in_whole_per_cents_and_the_small_are_not(work, catalogue, scored):
    lines = by_stratum(work, catalogue)
    assert len(lines) == 12
    assert {line["stratum"].count("/") for line in lines} == {1}
    for line in lines:
        for name in ("with_bridges", "without"):
            assert line[name] is None or (line["told"] and line[name] == round(line[name], 2))
        if line["with_bridges"] is not None and line["without"] is not None:
            assert line["without"] <= line["with_bridges"]
    assert not any("people" in line for line in lines)
    assert scored.people.n < LEAST_PEOPLE * 12 or any(line["told"] for line in lines)


def test_with_every_bridge_the_strata_hold_what_a_count_by_hand_finds(work, catalogue, scored):
    given = Given(day_of(scored.landmark), bridges=frozenset(catalogue.bridges), hints_hold=True)
    found = indicated(Weigher(scored.people, catalogue, given).all())
    judge = Judge(scored.people)
    need, resources = (places(judge, catalogue, axis) for axis in ("need", "resources"))
    names = [[one.id for one in levels(catalogue, axis)] for axis in ("need", "resources")]
    asks, can = {}, {}
    for person, met in zip(found.person.tolist(), found.met.tolist(), strict=True):
        key = f"{names[0][need[person]]}/{names[1][resources[person]]}"
        asks.setdefault(key, set()).add(person)
        if met:
            can.setdefault(key, set()).add(person)
    for line in by_stratum(work, catalogue):
        whole, able = len(asks.get(line["stratum"], ())), len(can.get(line["stratum"], ()))
        assert line["told"] == (whole >= LEAST_PEOPLE)
        if line["with_bridges"] is not None:
            assert line["with_bridges"] == round(able / whole, 2)
            assert able in (0, whole) or min(able, whole - able) >= 5


def test_what_is_left_for_the_page_hides_the_few(work, catalogue, tmp_path):
    found = audit(work, catalogue, silent)
    told = [one.told() for one in found]
    few = [one for one in found if 0 < round(one.shut_out * one.size) < 5]
    assert sum(line["shut_out"] is None for line in told) == len(few)
    leave(tmp_path / "coverage", "coverage", {"lines": told}, {"scores": "x"})
    read = read_written(tmp_path / "coverage", "coverage.json")
    assert (read.state, read.told["lines"]) == ("there", told)
    assert read.manifest["inputs"] == {"scores": "x"}
