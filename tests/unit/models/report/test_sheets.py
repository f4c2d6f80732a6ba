"""The sheets: every item is answered from the run or is a marked blank, and nothing is made up."""

import copy
import json
import re

import pytest

from models.report import filled, render_sheet
from models.report.forms import FORMS, Sources
from models.report.sheets import BLANK, SHEETS, Item, Sheet, _answer, read_sheet
from models.report.words import Words
from stratify.errors import DataError, UsageError

TONGUES = ("da", "en")
EVERY = [(name, item) for name in SHEETS for item in read_sheet(name).item]
FILLED = [(name, item) for name, item in EVERY if item.fill is not None]


def named(pairs):
    return [f"{name} {item.id}" for name, item in pairs]


@pytest.fixture(scope="module")
def sources(full, card, model):
    return {"report": full, "card": card, "model": model}


def test_tripod_has_its_27_items_and_52_parts_in_order():
    ids = [item.id for item in read_sheet("tripod").item]
    assert len(ids) == 52
    assert list(dict.fromkeys(int(re.match(r"\d+", one)[0]) for one in ids)) == list(range(1, 28))
    assert ids == sorted(ids, key=lambda one: (int(re.match(r"\d+", one)[0]), one))


def test_probast_has_16_and_18_questions_in_4_domains_and_a_judgement_of_each():
    items = read_sheet("probast").item
    asked = [item for item in items if not item.judgement]
    assert [sum(item.part == part for item in asked) for part in ("development", "evaluation")] == [16, 18]
    assert [item.id for item in items if item.judgement] == [f"{part}{n}" for part in "DE" for n in (1, 2, 3, 4)]
    assert len({item.topic.en for item in items}) == 4


def test_sheets_name_their_source():
    assert read_sheet("tripod").source == "Collins et al., BMJ 2024;385:e078378"
    assert read_sheet("probast").source == "Moons et al., BMJ 2025;388:e082505"


@pytest.mark.parametrize("name, item", FILLED, ids=named(FILLED))
def test_every_place_an_item_reads_is_in_the_files_and_its_form_is_known(name, item, sources):
    for tongue in TONGUES:
        for place, form in BLANK.findall(getattr(item.fill, tongue)):
            assert Sources(sources, Words(tongue)).told(place, form or None)
            assert form in {"", "figure", "share", "count", *FORMS}
    assert BLANK.findall(item.fill.da) == BLANK.findall(item.fill.en) or sorted(BLANK.findall(item.fill.da)) == sorted(
        BLANK.findall(item.fill.en)
    )


@pytest.mark.parametrize("name, item", FILLED, ids=named(FILLED))
def test_every_item_that_can_be_filled_is_filled(name, item, full, card, model):
    told = next(one for one in filled(name, full, card, model, "da")["items"] if one["id"] == item.id)
    assert told["answer"]
    assert not re.search(r"[{}]|None|\bda\b.*\ben\b", told["answer"])


@pytest.mark.parametrize("tongue", TONGUES)
@pytest.mark.parametrize("name", SHEETS)
def test_blanks_are_marked_on_the_page_and_every_item_has_an_answer_or_a_blank(name, tongue, full, card, model, read):
    told = filled(name, full, card, model, tongue)["items"]
    page = render_sheet(name, full, card, model, tongue)
    assert all(one["answer"] is not None or one["for_a_person"] is not None for one in told)
    blanks = sum(one["for_a_person"] is not None for one in told)
    mark = {"da": "Udfyldes af en person", "en": "For a person to fill"}[tongue]
    assert page.count('class="blank"') == page.count(f"✎ {mark}: ") == blanks > 0
    rows = {row[0]: row for row in read(page).tables[0] if len(row) == 3}
    for one in told:
        asked, answer = rows[one["id"]][1:]
        assert one["asked"] in asked
        assert (one["answer"] or "") in answer
        assert (mark in answer) == (one["for_a_person"] is not None)


@pytest.mark.parametrize("item_id", ["2", "3c", "17", "18a", "18b", "18d", "18e", "19", "25", "27c"])
def test_what_no_run_can_know_is_left_to_a_person(item_id, full, card, model):
    told = next(one for one in filled("tripod", full, card, model, "en")["items"] if one["id"] == item_id)
    assert told["answer"] is None
    assert told["for_a_person"]


def test_every_judgement_of_bias_is_a_persons(full, card, model):
    told = filled("probast", full, card, model, "en")["items"]
    assert all(one["for_a_person"] for one in told)
    assert all(one["answer"] is None for one in told if one["judgement"])


def test_wording_that_was_not_checked_is_marked(full, card, model):
    page = render_sheet("probast", full, card, model, "en")
    assert page.count(">unverified wording<") == len(read_sheet("probast").item)
    assert "unverified wording" not in render_sheet("tripod", full, card, model, "en")


def test_an_item_whose_places_are_not_there_becomes_a_blank(report, card):
    told = {one["id"]: one for one in filled("tripod", {**report, "subgroups": {}}, card, None, "da")["items"]}
    for item_id in ("6a", "9b", "12b", "12d", "22", "23b"):
        assert told[item_id]["answer"] is None
        assert told[item_id]["for_a_person"]


def test_figures_in_a_sheet_are_the_reports_in_the_marks_of_the_language(full, card, model):
    told = {
        tongue: {one["id"]: one["answer"] for one in filled("tripod", full, card, model, tongue)["items"]}
        for tongue in TONGUES
    }
    auroc = full["overall"]["auroc"]["value"]
    assert f"{auroc:.3f}" in told["en"]["23a"]
    assert f"{auroc:.3f}".replace(".", ",") in told["da"]["23a"]
    assert f"{full['n']:,} rows, {full['events']} events" in told["en"]["10"]
    assert "8.929 rækker" in told["da"]["10"]


def test_the_span_of_groups_is_of_those_shown(full, card, model):
    shown = [one["oe"]["value"] for one in full["subgroups"]["hospital"].values() if not one["suppressed"]]
    told = {one["id"]: one["answer"] for one in filled("tripod", full, card, model, "en")["items"]}
    assert f"{min(shown):.2f}–{max(shown):.2f}" in told["23b"]
    hidden = copy.deepcopy(full)
    for one in hidden["subgroups"]["hospital"].values():
        one["suppressed"] = True
    told = {one["id"]: one["answer"] for one in filled("tripod", hidden, card, model, "en")["items"]}
    assert "too few to show" in told["23b"]


def test_a_place_that_is_not_there_is_refused(full, card, model):
    with pytest.raises(DataError, match="/card/data/source"):
        filled("tripod", full, {**card, "data": {}}, model, "en")


def test_another_language_is_refused(full, card, model):
    with pytest.raises(UsageError):
        filled("tripod", full, card, model, "sv")


def test_a_sheet_is_plain_json_and_the_same_each_time(full, card, model):
    for name in SHEETS:
        told = filled(name, full, card, model, "en")
        assert json.loads(json.dumps(told)) == told
        assert filled(name, full, card, model, "en") == told
        assert "<" not in json.dumps(told)


TEXT = {"da": "d", "en": "e"}
ITEM = {"id": "1", "for": "both", "topic": TEXT, "asked": TEXT}


@pytest.mark.parametrize("items", [[ITEM], [{**ITEM, "ask": TEXT}] * 2])
def test_a_sheet_with_an_item_nobody_can_answer_or_one_twice_is_refused(items):
    with pytest.raises(ValueError, match="neither fill nor ask"):
        Sheet.model_validate({"source": "s", "title": "tripod", "item": items})


def test_an_answer_waits_for_all_it_needs(sources):
    item = Item.model_validate(
        {**ITEM, "fill": {"da": "{report/n|count}", "en": "{report/n|count}"}, "needs": ["report/x"]}
    )
    assert _answer(item, Sources(sources, Words("da")), Words("da")) is None
    there = item.model_copy(update={"needs": ("report/n",)})
    assert _answer(there, Sources(sources, Words("da")), Words("da")) == "1.200"
