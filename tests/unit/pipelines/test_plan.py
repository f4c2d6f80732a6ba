"""A plan tells counts of which none is small, and names people under named terms alone, each in the audit."""

import csv
import json
import shutil
from datetime import date

import numpy as np
import pytest

from pipelines import plan as planning
from pipelines.cli_plan import show
from pipelines.plan_counts import Told, counts
from pipelines.scored import Scored
from pipelines.steps import read_manifest
from service.audit import AuditLog, Entry
from service.choice_shapes import ChoiceRequest
from service.choices import Choices
from stratify.care.capacity import Capacity, read_capacity
from stratify.care.people import Column, People
from stratify.care.planned import planned
from stratify.care.weigh import Given
from stratify.errors import DataError, NotPermittedError, UsageError
from stratify.files import write_json
from stratify.pseudonym import ensure_key, pseudonym, read_key
from stratify.registers.clock import day_number
from stratify.workspace import Workspace
from tests.unit.care.small import TODAY, bridge_of, catalogue_of, need_of, offer_of, true

N = 60
TERMS = """
[list]
legal_basis = "the law, and its section"
responsible_unit = "the unit"
purpose = "outreach in spring"
until = 2026-12-31
"""
PLACES = "[offers]\ntried = 20\n"
NEEDS = [{"need": "travel", "bridges": ["escort"]}]


@pytest.fixture
def catalogue():
    travel = need_of("travel", {"all": [true("transport")]})
    asked = offer_of(needs=NEEDS, places=["gp", "video"])
    others = (offer_of("other"), offer_of("duty", kind="duty"), offer_of("helper", kind="enabler"))
    return catalogue_of(asked, *others, needs=[travel], bridges=[bridge_of("escort")])


@pytest.fixture
def people():
    """Sixty people: fifty in severe mental illness, every fifth of all with somebody needed to go along."""
    row = np.arange(N)
    columns = {
        "smi": Column((row < 50).astype(float), "flag"),
        "transport": Column((row % 5 > 0).astype(float), "flag"),
        "n_conditions": Column((row % 3).astype(float), "number"),
    }
    return People(N, columns)


@pytest.fixture
def groups():
    return {
        "hospital": np.where(np.arange(N) < 30, "Viborg", "Horsens"),
        "municipality": np.where(np.arange(N) < 28, "Viborg", np.where(np.arange(N) < 30, "Skive", "Horsens")),
    }


@pytest.fixture
def work(tmp_path, write_store, people, groups, monkeypatch):
    """A work folder as `stratify score` leaves it, as far as a plan reads it."""
    persons = [{"person": nth, "source_id": f"id{nth:03d}", "sex": 1, "birth": 0} for nth in range(N)]
    place = Workspace(tmp_path / "work")
    place.root.mkdir()
    shutil.move(write_store({}, persons=persons).root, place.store)
    manifest = json.loads((place.store / "manifest.json").read_text(encoding="utf-8"))
    manifest["results"]["delivery"]["system"] = "urn:made-up"
    write_json(place.store / "manifest.json", manifest)
    for folder in (place.scores, place.features):
        write_json(folder / "manifest.json", {"results": {}})
    ensure_key(place.keys / "pseudonym.key")
    scored = Scored(day_number(TODAY), np.arange(N), people, groups)
    monkeypatch.setattr(planning, "scored_people", lambda *_: scored)
    return place


@pytest.fixture
def run(work, catalogue, tmp_path):
    """Plan with this text as the file; return the results."""

    def call(text, **more):
        path = tmp_path / "capacity.toml"
        path.write_text(text, encoding="utf-8")
        return planning.plan(work, catalogue, lambda *_: None, path, today=TODAY, **more)[0]["results"]

    return call


def files(work):
    return sorted(path.name for path in (work.root / "plan").glob("*"))


def listed(work):
    with (work.root / "plan/list.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def audited(work):
    return [json.loads(line) for line in (work.root / "plan/audit.jsonl").read_text(encoding="utf-8").splitlines()]


# --- what people chose -----------------------------------------------------------------------------------------------


@pytest.fixture
def tell(work):
    """Write a choice of one of the sixty into the service's database, as the service does."""
    url = f"sqlite:///{work.service_db}"
    choices = Choices(AuditLog(url))
    key = read_key(work.keys / "pseudonym.key")

    def say(row, **asked):
        who = pseudonym(key, "urn:made-up", f"id{row:03d}")
        patient = {"system": "urn:made-up", "value": f"id{row:03d}"}
        request = ChoiceRequest.model_validate({"patient": patient, "purpose": "TREAT", **asked})
        choices.add(Entry("dr", "clinician", "choice", "TREAT", who, "stored", "request", "model"), who, request)

    return say


def test_nothing_that_somebody_declined_or_has_is_planned_for_them_and_how_many_is_told(run, work, tell):
    until = date(2999, 1, 1).isoformat()
    for row in range(12):
        tell(row, offer="tried", decision="decline", until=until)
    for row in range(12, 20):
        tell(row, offer="tried", decision="started")
    tell(20, offer="tried", decision="accept")
    told = run("[offers]\ntried = 50\n" + TERMS, with_list=True)
    line = told["offers"]["tried"]
    assert (line["open"], line["planned"], line["chosen_otherwise"]) == (30, 30, 20)
    assert told["choices_read"] is True
    kept_out = {pseudonym(read_key(work.keys / "pseudonym.key"), "urn:made-up", f"id{row:03d}") for row in range(20)}
    assert not kept_out & {row["pseudonym"] for row in listed(work)}


def test_a_no_that_was_taken_back_or_whose_day_has_come_does_not_keep_an_offer_away(run, tell):
    for row in range(12):
        tell(row, offer="tried", decision="decline", until=(TODAY if row < 6 else date(2999, 1, 1)).isoformat())
    for row in range(6, 12):
        tell(row, offer="tried", decision="accept")
    assert run("[offers]\ntried = 50\n")["offers"]["tried"]["planned"] == 50


def test_without_a_service_nothing_is_read_and_a_database_that_is_named_must_be_there(run, tmp_path):
    assert run(PLACES)["choices_read"] is False
    for where in (f"sqlite:///{tmp_path}/gone.db", f"{tmp_path}/service.db", "no such://place", "oracle://host/db"):
        with pytest.raises(DataError, match="what people chose cannot be read"):
            run(PLACES, service_db=where)
    assert not (tmp_path / "gone.db").exists()


def test_a_plan_is_made_anew_when_somebody_has_chosen(run, tell):
    before = run("[offers]\ntried = 50\n")["offers"]["tried"]["planned"]
    for row in range(5):
        tell(row, offer="tried", decision="decline", until=date(2999, 1, 1).isoformat())
    assert run("[offers]\ntried = 50\n")["offers"]["tried"]["planned"] == before - 5


# --- what the file may say -------------------------------------------------------------------------------------------


def test_every_problem_of_the_file_is_told_at_once(tmp_path, catalogue):
    path = tmp_path / "capacity.toml"
    path.write_text(
        """
        [offers]
        tryed = 5
        other = -1
        duty = 3
        helper = 3
        tried = 2.5
        [bridges]
        escorte = 1
        escort = true
        [per_person]
        offers = 0
        ofers = 2
        [lists]
        [list]
        purpose = 3
        purpos = "x"
        until = 2026-01-01
        """,
        encoding="utf-8",
    )
    with pytest.raises(UsageError) as error:
        read_capacity(path, catalogue, TODAY)
    assert error.value.problems == (
        "[lists]: no such section; did you mean 'list'?",
        "[offers] tryed: no such offer; did you mean 'tried'?",
        "[offers] other: needs a whole number, 0 or more, got -1",
        "[offers] duty: is a duty: it can be neither declined nor counted out; leave it out",
        "[offers] helper: is no offer of its own but helps others; count its bridge under [bridges]",
        "[offers] tried: needs a whole number, 0 or more, got 2.5",
        "[bridges] escorte: no such bridge; did you mean 'escort'?",
        "[bridges] escort: needs a whole number, 0 or more, got True",
        "[per_person] ofers: unknown key; did you mean 'offers'?",
        "[per_person] offers: needs a whole number, 1 or more, got 0",
        "[list] purpos: unknown key; did you mean 'purpose'?",
        "[list] purpose: needs a text, got 3",
        "[list] until: 2026-01-01 has passed; a list needs a new day, and somebody who decides on it",
    )


@pytest.mark.parametrize(
    "text, told",
    [
        ("", "no offer has a capacity"),
        ("[bridges]\nescort = 3", "no offer has a capacity"),
        ("offers = 3", "needs a table"),
        ("[offers", "cannot be read as TOML"),
        (PLACES + "[list]\nuntil = '2026-12-31'", "without quotes"),
        (PLACES + "[list]\nuntil = 2026-12-31T08:00:00", "without quotes"),
    ],
)
def test_a_file_that_says_nothing_or_cannot_be_read_is_refused(tmp_path, catalogue, text, told):
    path = tmp_path / "capacity.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=told):
        read_capacity(path, catalogue, TODAY)


def test_a_file_that_is_not_there_is_refused_and_a_last_day_is_a_day(tmp_path, catalogue):
    with pytest.raises(UsageError, match="is not there"):
        read_capacity(tmp_path / "none.toml", catalogue, TODAY)
    path = tmp_path / "capacity.toml"
    path.write_text(PLACES + TERMS, encoding="utf-8")
    assert read_capacity(path, catalogue, date(2026, 12, 31)).lacking() == []
    with pytest.raises(UsageError, match="has passed"):
        read_capacity(path, catalogue, date(2027, 1, 1))


# --- counts ----------------------------------------------------------------------------------------------------------


def test_a_plan_alone_writes_counts_and_nobody(run, work):
    told = run(PLACES + "[bridges]\nescort = 5\n")
    assert files(work) == ["manifest.json", "plan.json", "run.json"]
    assert json.loads((work.root / "plan/plan.json").read_text(encoding="utf-8")) == told
    assert told["offers"] == {"tried": {"places": 20, "open": 50, "planned": 20, "waiting": 30, "chosen_otherwise": 0}}
    assert told["people"] == {"all": 60, "no_open_offer": 10, "planned": 20, "waiting": 30}
    assert told["without_capacity"] == ["other"]
    assert told["bridges"] == {"escort": {"units": 5, "used": 5}}
    assert told["telemedicine"]["tried"] == {"all": 50, "as_they_are": 40, "with_bridges": 10, "not_now": 0}
    assert told["extra_for_few_resources"]["open"] == 10
    assert (told["gap"], told["exact"]) == (0, True)


def test_a_small_count_is_hidden_with_what_would_give_it_away(run):
    told = run("[offers]\ntried = 3\nother = 48\n[bridges]\nescort = 2\n")
    assert told["offers"]["tried"] == {
        "places": 3,
        "open": None,
        "planned": None,
        "waiting": None,
        "chosen_otherwise": 0,
    }
    assert told["offers"]["other"]["open"] is None  # 2 of 50 wait
    assert told["bridges"]["escort"]["used"] in (None, 0)
    assert told["extra_for_few_resources"]["open_of"] is None


def test_a_municipality_of_two_is_hidden_and_so_is_the_other_of_its_hospital(run):
    told = run(PLACES)
    skive, viborg, horsens = (told["municipality"][name] for name in ("Skive", "Viborg", "Horsens"))
    assert set(skive.values()) == set(viborg.values()) == {None}
    assert horsens["all"] == told["hospital"]["Horsens"]["all"] == 30
    assert told["hospital"]["Viborg"]["all"] == 30


def test_nothing_told_is_small_whatever_the_places(people, groups, catalogue):
    nobody = np.zeros(N, bool)
    for places in range(0, 60, 7):
        capacity = Capacity({"tried": places, "other": 57 - places}, {"escort": places // 4}, 1)
        plan = planned(people, catalogue, Given(TODAY), capacity, np.arange(N))
        told = counts(plan, catalogue, capacity, groups, nobody)
        lines = [told["people"], *told["offers"].values(), *told["telemedicine"].values()]
        lines += [line for kind in ("stratum", "hospital", "municipality") for line in told[kind].values()]
        for line in lines:
            assert not any(0 < count < 5 for key, count in line.items() if key != "places" and count is not None)
        for kind in ("stratum", "hospital", "municipality"):
            for part in ("all", "no_open_offer", "planned", "waiting"):
                shown = [line[part] for line in told[kind].values()]
                if told["people"][part] is not None and None in shown:
                    left = told["people"][part] - sum(count for count in shown if count is not None)
                    assert left == 0 or left >= 5


def test_a_set_a_few_smaller_than_one_it_lies_in_is_not_told():
    row = np.arange(40)
    told = Told()
    assert told.line({"a": row < 30}) == {"all": 30, "a": 30}
    assert told.line({"b": row < 27})["b"] is None
    assert told.line({"c": row < 33})["c"] is None
    assert told.line({"d": (row > 5) & (row < 34)})["d"] == 28
    assert told.line({"e": row < 20, "f": row >= 37}) == {"all": None, "e": None, "f": None}


def test_a_plan_that_would_be_the_same_is_not_made_again(run, work, catalogue, tmp_path):
    run(PLACES)
    path = tmp_path / "capacity.toml"
    again = planning.plan(work, catalogue, lambda *_: None, path, today=TODAY)
    assert again[1] is False


# --- lists -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lacking", ["legal_basis", "responsible_unit", "purpose", "until"])
def test_a_list_without_its_terms_is_not_permitted_and_nothing_is_written(run, work, lacking):
    terms = "".join(line + "\n" for line in TERMS.splitlines() if not line.startswith(lacking))
    with pytest.raises(NotPermittedError) as error:
        run(PLACES + terms, with_list=True)
    assert error.value.exit_code == 14
    assert error.value.problems == (f"[list] {lacking}: not there",)
    assert not (work.root / "plan").exists()


def test_terms_alone_make_no_list_and_empty_ones_are_none(run, work):
    run(PLACES + TERMS)
    assert "list.csv" not in files(work)
    with pytest.raises(NotPermittedError):
        run(PLACES + TERMS.replace("the unit", " "), with_list=True)


def test_a_list_names_pseudonyms_most_first_and_is_its_owners_alone(run, work):
    run(PLACES + TERMS, with_list=True)
    rows = listed(work)
    assert len(rows) == 20
    assert (work.root / "plan/list.csv").stat().st_mode & 0o777 == 0o600
    assert (work.root / "plan/audit.jsonl").stat().st_mode & 0o777 == 0o600
    values = [float(row["value"]) for row in rows]
    assert values == sorted(values, reverse=True)
    assert min(values) == 200
    assert max(values) == 230  # raised need and the extra
    key = (work.keys / "pseudonym.key").read_bytes()
    names = {pseudonym(key, "urn:made-up", f"id{nth:03d}") for nth in range(50)}
    assert {row["pseudonym"] for row in rows} <= names
    for path in (work.root / "plan").glob("*"):
        assert not any(f"id{nth:03d}" in path.read_text(encoding="utf-8") for nth in range(N))


def test_every_row_of_every_list_is_in_the_audit(run, work):
    run(PLACES + TERMS, with_list=True)
    first = audited(work)
    assert [(one["pseudonym"], one["offer"]) for one in first] == [
        (row["pseudonym"], row["offer"]) for row in listed(work)
    ]
    told = first[0]
    assert (told["purpose"], told["legal_basis"]) == ("outreach in spring", "the law, and its section")
    assert told["responsible_unit"] == "the unit"
    assert told["user"]
    assert told["at"]
    assert len({one["run"] for one in first}) == 1
    run(PLACES)  # without a list: the list goes, the audit stays
    assert "list.csv" not in files(work)
    assert audited(work) == first
    run(PLACES.replace("20", "21") + TERMS, with_list=True)
    assert audited(work)[: len(first)] == first
    assert len(audited(work)) == len(first) + 21
    assert len({one["run"] for one in audited(work)}) == 2


def test_who_has_opted_out_is_counted_and_never_listed(run, work):
    away = [f"id{nth:03d}" for nth in range(0, 50, 5)]
    (work.root / "opt_out.csv").write_text("person_id\n" + "\n".join([*away, "stranger"]), encoding="utf-8")
    told = run(PLACES.replace("20", "45") + TERMS, with_list=True)
    assert told["opted_out"] == 10
    assert told["opted_out_not_known"] is None  # one
    assert told["offers"]["tried"] == {"places": 45, "open": 50, "planned": 40, "waiting": 10, "chosen_otherwise": 0}
    key = (work.keys / "pseudonym.key").read_bytes()
    assert not {row["pseudonym"] for row in listed(work)} & {pseudonym(key, "urn:made-up", one) for one in away}
    assert len(listed(work)) == 40


def test_a_change_in_who_has_opted_out_makes_a_new_plan(run, work):
    run(PLACES)
    before = read_manifest(work.root / "plan", "plan")["inputs"]
    (work.root / "opt_out.csv").write_text("id000\n", encoding="utf-8")
    assert run(PLACES)["opted_out"] is None
    assert read_manifest(work.root / "plan", "plan")["inputs"] != before


def test_what_is_printed_says_what_is_hidden_and_how_good_the_plan_is(run, catalogue, capsys):
    from rich.console import Console

    show(run("[offers]\ntried = 3\n"), catalogue, Console(width=140))
    told = capsys.readouterr().out
    assert "hidden" in told
    assert "no other plan within these capacities counts for more" in told
    show(run(PLACES, exact_up_to=0), catalogue, Console(width=140))
    assert "no other plan counts for more than" in capsys.readouterr().out
