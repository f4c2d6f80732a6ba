"""A rollout is drawn once: units by name, people by pseudonym under named terms alone; no count told is small."""

import csv
import json
import shutil
from datetime import date

import numpy as np
import pytest
from rich.console import Console

from pipelines import rollout as drawing
from pipelines.cli import app
from pipelines.cli_rollout import show
from pipelines.scored import Scored
from stratify.care.people import Column, People
from stratify.errors import DataError, NotPermittedError, UsageError
from stratify.files import write_json
from stratify.pseudonym import ensure_key, pseudonym
from stratify.registers.clock import day_number
from stratify.units import municipalities
from stratify.workspace import Workspace
from tests.unit.care.small import TODAY, catalogue_of, offer_of

N, OPEN = 60, 50
DESIGN = """
offer = "tried"
design = "{design}"
units = "{units}"
start = 2027-01-01
step_days = 91
steps = 4
latest = 2027-12-31
approval = "the committee's number"
seed = 7
why_scarce = "two nurses"
"""
WEDGE = DESIGN.format(design="stepped_wedge", units="municipality")
ORDER = DESIGN.format(design="random_order", units="person")
TERMS = """
[list]
legal_basis = "the law, and its section"
responsible_unit = "the unit"
purpose = "a rollout"
until = 2026-12-31
"""


@pytest.fixture
def catalogue():
    return catalogue_of(offer_of("tried"), offer_of("other"), offer_of("duty", kind="duty"))


@pytest.fixture
def scored():
    """Sixty people, fifty in severe mental illness, in three municipalities; of two nobody knows where they live."""
    row = np.arange(N)
    columns = {
        "smi": Column((row < OPEN).astype(float), "flag"),
        "n_conditions": Column((row % 3).astype(float), "number"),
    }
    homes = np.select([row < 2, row < 20, row < 40], ["not told", "Viborg", "Skive"], "Horsens")
    return Scored(day_number(TODAY), row, People(N, columns), {"municipality": homes})


@pytest.fixture
def work(tmp_path, write_store, scored, monkeypatch):
    persons = [{"person": nth, "source_id": f"id{nth:03d}", "sex": 1, "birth": 0} for nth in range(N)]
    place = Workspace(tmp_path / "work")
    place.root.mkdir()
    shutil.move(write_store({}, persons=persons).root, place.store)
    manifest = json.loads((place.store / "manifest.json").read_text(encoding="utf-8"))
    manifest["results"]["delivery"]["system"] = "urn:made-up"
    write_json(place.store / "manifest.json", manifest)
    write_json(place.scores / "manifest.json", {"results": {}})
    ensure_key(place.keys / "pseudonym.key")
    monkeypatch.setattr(drawing, "scored_people", lambda *_: scored)
    return place


@pytest.fixture
def run(work, catalogue, tmp_path):
    """Draw with this text as the file; return what is told."""

    def call(text, today=TODAY, **ids):
        path = tmp_path / "design.toml"
        path.write_text(text, encoding="utf-8")
        for key, some in ids.items():
            (tmp_path / key).write_text("".join(f"{one}\n" for one in some), encoding="utf-8")
        files = {key: tmp_path / key for key in ids}
        return drawing.rollout(work, catalogue, lambda *_: None, path, today=today, **files)

    return call


def files(work):
    return sorted(path.name for path in (work.root / "rollout").glob("*"))


def listed(work):
    with (work.root / "rollout/assignment.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def names(work, rows):
    key = (work.keys / "pseudonym.key").read_bytes()
    return {pseudonym(key, "urn:made-up", f"id{nth:03d}") for nth in rows}


# --- units -----------------------------------------------------------------------------------------------------------


def test_units_are_drawn_by_name_and_nobody_is_listed(run, work):
    told = run(WEDGE)
    assert files(work) == ["rollout.json"]
    assert json.loads((work.root / "rollout/rollout.json").read_text(encoding="utf-8")) == told
    drawn = [name for units in told["units"].values() for name in units]
    assert sorted(drawn) == sorted(town.name for town in municipalities().values())
    assert {len(units) for units in told["units"].values()} == {4, 5}
    assert told["begins"] == ["2027-01-01", "2027-04-02", "2027-07-02", "2027-10-01"]
    assert told["drawn"] == "2026-11-22"


def test_people_are_counted_by_the_step_of_where_they_live(run):
    told = run(WEDGE)
    step = {name: nth for nth, units in told["units"].items() for name in units}
    expected = dict.fromkeys("1234", 0)
    for town, open_to in (("Viborg", 18), ("Skive", 20), ("Horsens", 10)):
        expected[step[town]] += open_to
    shown = {nth: told["people"][f"step {nth}"] for nth in "1234"}
    assert told["people"]["unit not told"] == "<5"
    assert sum(text == "hidden" for text in told["people"].values()) == 1  # else the two could be worked out
    assert all(text in ("hidden", str(expected[nth])) for nth, text in shown.items())


def test_hospitals_are_drawn_where_they_are_told(run, scored):
    text = DESIGN.format(design="stepped_wedge", units="hospital")
    with pytest.raises(DataError, match="where people live is not known"):
        run(text)
    scored.groups["hospital"] = scored.groups["municipality"]
    assert len([name for units in run(text)["units"].values() for name in units]) == 5


# --- people ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lacking", ["legal_basis", "responsible_unit", "purpose", "until"])
def test_people_are_not_drawn_without_the_terms_of_a_list(run, work, lacking):
    terms = "".join(line + "\n" for line in TERMS.splitlines() if not line.startswith(lacking))
    with pytest.raises(NotPermittedError) as error:
        run(ORDER + terms)
    assert error.value.exit_code == 14
    assert error.value.problems == (f"[list] {lacking}: not there",)
    assert not (work.root / "rollout").exists()


def test_people_stand_in_a_list_by_pseudonym_with_the_day_from_which_it_is_offered(run, work):
    told = run(ORDER + TERMS)
    rows = listed(work)
    assert files(work) == ["assignment.csv", "audit.jsonl", "rollout.json"]
    for name in ("assignment.csv", "audit.jsonl"):
        assert (work.root / "rollout" / name).stat().st_mode & 0o777 == 0o600
    assert {row["pseudonym"] for row in rows} == names(work, range(OPEN))
    assert [row["step"] for row in rows] == sorted(row["step"] for row in rows)
    assert {(row["step"], row["from"]) for row in rows} == set(zip("1234", told["begins"], strict=True))
    assert sorted(told["people"][f"step {nth}"] for nth in "1234") == ["12", "12", "13", "13"]
    assert "units" not in told
    for path in (work.root / "rollout").glob("*"):
        assert not any(f"id{nth:03d}" in path.read_text(encoding="utf-8") for nth in range(N))


def test_each_row_of_the_list_is_audited(run, work):
    run(ORDER + TERMS)
    lines = (work.root / "rollout/audit.jsonl").read_text(encoding="utf-8").splitlines()
    audited = [json.loads(line) for line in lines]
    assert [(one["pseudonym"], one["offer"]) for one in audited] == [
        (row["pseudonym"], "tried") for row in listed(work)
    ]
    assert audited[0]["legal_basis"] == "the law, and its section"


def test_who_has_it_has_declined_or_has_opted_out_is_not_drawn(run, work):
    (work.root / "opt_out.csv").write_text("".join(f"id{nth:03d}\n" for nth in range(5)), encoding="utf-8")
    have, no = ([f"id{nth:03d}" for nth in some] for some in (range(5, 10), range(10, 15)))
    told = run(ORDER + TERMS, in_use=have, declined=no)
    assert {row["pseudonym"] for row in listed(work)} == names(work, range(15, OPEN))
    assert [told["people"][one] for one in ("have it", "declined", "opted out")] == ["5", "5", "5"]
    assert told["named"] == {"in_use": True, "declined": True}


def test_an_id_that_is_nobodys_is_told_and_nothing_is_drawn(run, work, catalogue, tmp_path):
    with pytest.raises(UsageError, match="--in-use: some ids in in_use are nobody's in this source"):
        run(WEDGE, in_use=["id001", "stranger"])
    with pytest.raises(UsageError, match="--declined needs a file of ids"):
        drawing.rollout(
            work, catalogue, lambda *_: None, tmp_path / "design.toml", declined=tmp_path / "x", today=TODAY
        )
    assert not (work.root / "rollout").exists()


def test_levels_of_need_are_spread_over_the_steps(run, work, scored):
    scored.people.columns["n_conditions"].values[:] = np.where(np.arange(N) < 25, 0, 6)
    run(ORDER + TERMS)
    step = {row["pseudonym"]: int(row["step"]) for row in listed(work)}
    low = [step[name] for name in names(work, range(25))]
    assert np.abs(np.bincount(low, minlength=5)[1:] - 25 / 4).max() < 3


# --- once ------------------------------------------------------------------------------------------------------------


def test_what_was_drawn_is_told_again_and_not_drawn_again(run, work, scored):
    told = run(ORDER + TERMS)
    before = {path.name: path.read_bytes() for path in (work.root / "rollout").glob("*")}
    scored.people.columns["smi"].values[:] = 1  # more people since
    assert run((ORDER + TERMS).replace("two nurses", "three nurses"), today=date(2027, 6, 1)) == told
    assert {path.name: path.read_bytes() for path in (work.root / "rollout").glob("*")} == before


def test_another_design_is_not_drawn_over_the_first(run, work):
    told = run(WEDGE)
    with pytest.raises(UsageError, match="a rollout of tried was drawn here on 2026-11-22 by another design"):
        run(WEDGE.replace("seed = 7", "seed = 8"))
    assert json.loads((work.root / "rollout/rollout.json").read_text(encoding="utf-8")) == told


def test_a_draw_that_fails_leaves_nothing(run, work):
    with pytest.raises(UsageError, match="30 steps need 150 people at least"):
        run((ORDER + TERMS).replace("steps = 4", "steps = 30").replace("step_days = 91", "step_days = 7"))
    assert not list(work.root.glob("rollout*"))


# --- the command -----------------------------------------------------------------------------------------------------


def test_what_is_printed_names_units_days_and_the_approval(run, catalogue, capsys):
    show(run(WEDGE), catalogue, Console(width=200))
    told = capsys.readouterr().out
    for words in (
        "tried in English",
        "the committee's number",
        "2027-10-01",
        "Viborg",
        "nobody waits beyond 2027-12-31",
    ):
        assert words in told
    assert "nobody was named who may have it already (--in-use)" in told


def test_the_command_is_there():
    assert "rollout" in {command.callback.__name__ for command in app.registered_commands}
