"""The page of an evaluation: every figure is the report's, nothing hidden shows, both languages are whole."""

import base64
import copy
import doctest
import hashlib
import json
import re
from importlib import import_module
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from models import report as package
from models.declared import load_declared
from models.evaluation import evaluate
from models.gates import gates as make_gates
from models.report import filled, render, render_card, render_sheet
from models.report.figures import at, pointer
from models.report.more import DRAWN, split_of
from models.report.sheets import SHEETS
from models.report.words import Words
from models.report.words import read as read_words
from models.scoring import Member
from models.spec import Predictor
from stratify.catalogue import load
from stratify.errors import DataError, UsageError
from stratify.features.columns import columns

TONGUES = ("da", "en")
FOLDER = Path(package.__file__).parent
POISON = 987_654.125  # nowhere else on a page, in any way of writing it
SIDES = ("right", "above", "above_little", "below", "below_little", "unsettled")
HIDDEN = {"da": "for få til at vise", "en": "too few to show"}


def numbers(text, tongue):
    """The numbers in a text with how many decimals each has, read by the marks of the language alone."""
    decimal, thousands = (",", ".") if tongue == "da" else (".", ",")
    found = re.findall(rf"[−+]?\d[\d{re.escape(thousands)}]*(?:{re.escape(decimal)}\d+)?", text)
    plain = [one.replace(thousands, "").replace(decimal, ".").replace("−", "-") for one in found]
    return [(float(one), len(one.partition(".")[2])) for one in plain]


@pytest.fixture(scope="module")
def gates(report):
    spec = load_declared().specs["acute_admission_365d"]
    return [gate.told() for gate in make_gates(spec, report, report["others"]["age_sex"])]


@pytest.fixture(scope="module")
def pages(full, card, cards, model, gates):
    told = {}
    for tongue in TONGUES:
        told["index", tongue] = render(full, card, model, tongue, gates=gates, other_card=cards["lightgbm"])
        told["card", tongue] = render_card(card, full, tongue, other_card=cards["lightgbm"])
        told |= {(name, tongue): render_sheet(name, full, card, model, tongue) for name in SHEETS}
    return told


def test_the_examples_in_the_modules_hold():
    for path in sorted(FOLDER.glob("*.py")):
        module = import_module(f"models.report.{path.stem}") if path.stem != "__init__" else package
        assert doctest.testmod(module).failed == 0


# --- the figures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tongue", TONGUES)
@pytest.mark.parametrize("name", ["index", "card"])
def test_each_figure_on_a_page_is_the_reports(pages, full, read, name, tongue):
    found = read(pages[name, tongue]).figures
    assert found
    for place, kind, text in found:
        value = at(full, place)
        if value is None or (isinstance(value, dict) and value["value"] is None):
            assert not re.search(r"\d", text), (place, text)
            continue
        wanted = [value["value"], value["low"], value["high"]] if isinstance(value, dict) else [value]
        if kind == "rest":
            wanted = [1 - wanted[0], 1 - wanted[2], 1 - wanted[1]] if len(wanted) == 3 else [1 - wanted[0]]
        if kind in ("share", "rest", "points"):
            wanted = [None if one is None else 100 * one for one in wanted]
        if kind == "interval":
            wanted = wanted[1:]
        if isinstance(value, dict) and value["low"] == value["high"] == value["value"]:
            wanted = wanted[:1]  # every redraw gave the same: no interval
        wanted = [one for one in wanted if one is not None]
        told = numbers(text, tongue)
        assert len(told) == len(wanted), (place, text)
        for (shown, digits), exact in zip(told, wanted, strict=True):
            assert abs(shown - exact) <= 0.5 * 10**-digits + 1e-9, (place, text, exact)


def test_the_page_holds_the_four_core_figures_and_all_of_every_group_tenth_place_and_baseline(pages, full, read):
    there = {place for place, _, _ in read(pages["index", "da"]).figures}
    wanted = {f"/overall/{name}" for name in ("auroc", "oe", "ici", "calibration_slope", "calibration_intercept")}
    for nth in range(3):
        keys = ("net_benefit", "treat_all", "sensitivity", "flagged", "positive_predictive_value")
        wanted |= {f"/decision_curve/agreed/{nth}/{name}" for name in keys}
    wanted |= {"/n", "/people", "/events", "/prevalence"}
    for nth, one in enumerate(full["deciles"]):
        wanted |= set() if one["suppressed"] else {f"/deciles/{nth}/{key}" for key in ("n", "mean_risk", "observed")}
    for nth in range(len(full["capacity"])):
        wanted |= {f"/capacity/{nth}/{key}" for key in ("cut", "sensitivity", "positive_predictive_value")}
    for factor, levels in full["subgroups"].items():
        for level, one in levels.items():
            keys = ("people", "events", "oe", "oe_adjusted", "auroc", "ici", "net_benefit/0.3", "false_negatives/0.1")
            wanted |= set() if one["suppressed"] else {f"{pointer('subgroups', factor, level)}/{key}" for key in keys}
    for name in full["others"]:
        keys = ("auroc", "ici", "difference/auroc", "difference/ici", "difference/net_benefit/0.1")
        wanted |= {f"/others/{name}/{key}" for key in keys}
    assert wanted <= there


@pytest.mark.parametrize("tongue", TONGUES)
def test_who_is_found_and_who_is_missed_make_up_all(pages, full, read, tongue):
    found = {(place, kind): numbers(text, tongue) for place, kind, text in read(pages["index", tongue]).figures}
    shown = [nth for nth, one in enumerate(full["capacity"]) if one["sensitivity"]["value"] is not None]
    assert shown
    for nth in shown:
        place = f"/capacity/{nth}/sensitivity"
        assert found[place, "share"][0][0] + found[place, "rest"][0][0] == pytest.approx(100, abs=0.11)


def test_numbers_are_written_the_danish_way_in_danish(pages, full):
    auroc = full["overall"]["auroc"]["value"]
    assert f"{auroc:.3f}".replace(".", ",") in pages["index", "da"]
    assert f"{auroc:.3f}" in pages["index", "en"]
    assert "8.929" in pages["index", "da"]
    assert "8,929" in pages["index", "en"]
    shown = re.sub(
        r"<style>.*?</style>|<(?:svg|code)[^>]*>.*?</(?:svg|code)>|<[^>]+>", " ", pages["index", "da"], flags=re.S
    )
    shown = re.sub(r"\d+\.\d+\.\d+|LightGBM[^<]*", " ", shown)  # versions of libraries
    assert not re.findall(r"\b0\.\d", shown)


def test_a_figure_that_every_redraw_repeats_has_no_interval(report, card, model, read):
    told = copy.deepcopy(report)
    shown = [nth for nth, one in enumerate(told["deciles"]) if not one["suppressed"]]
    told["deciles"][shown[0]]["observed"] = {"value": 0.0, "low": 0.0, "high": 0.0}
    found = {place: text for place, _, text in read(render(told, card, model, "en")).figures}
    assert found[f"/deciles/{shown[0]}/observed"] == "0.0%"
    assert "(" in found[f"/deciles/{shown[-1]}/observed"]


def test_words_and_sources_of_the_card_are_in_the_language_of_the_page(pages, card, cards, model, report):
    page = pages["index", "da"]
    assert "logistic, unless (på dansk)" in page
    assert "Riley 2019 (på dansk)" in page
    assert "<dd>en opdigtet region (simulator)</dd>" in page
    for one in cards["lightgbm"]["constraints"]:
        assert one["source"]["da"] in page
    items = {one["id"]: one["answer"] for one in filled("tripod", report, card, model, "da")["items"]}
    assert "Kilde: en opdigtet region (simulator)" in items["5a"]
    assert "lineær spline (1)" in items["12b"]


def test_each_measure_is_explained_once_at_the_end(pages):
    for name in ("index", "card"):
        for tongue in TONGUES:
            told = pages[name, tongue]
            end = told[told.index('id="words"') :]
            assert "Integrated calibration index" in end
            assert all(f"<dt>{term[tongue]}</dt>" in end for term in read_words()["terms"].values())
            assert "<h2" not in end
    assert set(read_words()["terms"]) == set(read_words()["meanings"])


# --- what is hidden ---------------------------------------------------------------------------------------------------


def poisoned(found):
    """The same with a number of its own wherever something hidden has none."""
    if isinstance(found, dict):
        if found.get("suppressed"):
            return {
                key: one if key in ("suppressed", "too_few", "tenth", "split") else drowned(one)
                for key, one in found.items()
            }
        return {key: poisoned(one) for key, one in found.items()}
    return [poisoned(one) for one in found] if isinstance(found, list) else found


def drowned(found):
    if isinstance(found, dict):
        return {key: drowned(one) for key, one in found.items()}
    return POISON


def test_the_fixture_hides_levels_and_a_level_has_one_class_alone(full):
    levels = [one for of in full["subgroups"].values() for one in of.values()]
    assert {"Samsø"} < {name for name, one in full["subgroups"]["municipality"].items() if one["suppressed"]}
    assert any(one["too_few"] and not one["suppressed"] for one in levels)


@pytest.mark.parametrize("tongue", TONGUES)
def test_no_number_of_what_is_hidden_is_on_any_page_even_if_a_report_held_it(
    full, card, model, tongue, pages, gates, cards
):
    held = poisoned(copy.deepcopy(full))
    assert json.dumps(held).count(str(POISON)) > 50
    told = {
        "index": render(held, card, model, tongue, gates=gates, other_card=cards["lightgbm"]),
        "card": render_card(card, held, tongue, other_card=cards["lightgbm"]),
        **{name: render_sheet(name, held, card, model, tongue) for name in SHEETS},
    }
    digest = re.compile(r"(?<=<dd>)[0-9a-f]{64}(?=</dd>)")
    for name, page in told.items():
        assert not re.search(r"987[.,]?654", page)
        assert digest.sub("", page) == digest.sub("", pages[name, tongue])


@pytest.mark.parametrize("tongue", TONGUES)
def test_few_events_in_a_part_of_the_data_are_not_told_though_the_card_holds_them(report, card, model, read, tongue):
    part = card["made_on"]["calibrate"]
    few = {**card, "made_on": {**card["made_on"], "calibrate": {**part, "n": 6007, "people": 6004, "events": 3}}}
    told = [render(report, few, model, tongue), render_card(few, report, tongue)]
    for page in told:
        name = {"da": "Kalibrering", "en": "Calibration"}[tongue]
        row = next(row for table in read(page).tables for row in table if row[0] == name and len(row) == 5)
        assert row[4] == HIDDEN[tongue]
        assert numbers(row[2], tongue) == [(6007, 0)]
    items = {one["id"]: one["answer"] for one in filled("tripod", report, few, model, tongue)["items"]}
    assert HIDDEN[tongue] in items["20a"]
    assert HIDDEN[tongue] in items["21"]
    assert not re.search(r"\b3\b(?![,.]\d)", items["21"])


@pytest.mark.parametrize("tongue", TONGUES)
def test_a_hidden_group_is_a_row_of_words(pages, read, tongue):
    found = read(pages["index", tongue])
    rows = [row for table in found.tables for row in table if row and row[0].endswith("Samsø")]
    assert len(rows) == 3  # the tables behind two forests, and all figures of the groups
    assert all(not re.search(r"\d", "".join(row)) for row in rows)
    assert pages["index", tongue].count(HIDDEN[tongue]) > 20


def test_a_report_of_too_few_people_shows_nothing_but_what_the_model_is(card, model, read):
    told = json.loads(json.dumps(evaluate([0, 1, 0], [0.1, 0.2, 0.3], bootstraps=20)))
    assert told["suppressed"]
    for tongue in TONGUES:
        page = read(render(told, card, model, tongue))
        assert not page.wrong
        assert all(not re.search(r"\d", text) for _, _, text in page.figures)
        assert not [tag for tag, _ in page.tags if tag == "svg"]
        assert read(render_card(card, told, tongue)).wrong == []
        assert all(read(render_sheet(name, told, card, model, tongue)).wrong == [] for name in SHEETS)


def test_a_report_without_any_event_tells_that_there_are_too_few(card, model, read):
    told = json.loads(json.dumps(evaluate(np.zeros(60), np.linspace(0.05, 0.6, 60), bootstraps=20)))
    assert told["too_few"]
    page = read(render(told, card, model, "da"))
    assert {text for place, _, text in page.figures if place == "/overall/auroc"} == {"for få til at sige"}
    assert not page.wrong


# --- the page as a file -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["index", "card", *SHEETS])
@pytest.mark.parametrize("tongue", TONGUES)
def test_a_page_is_well_formed_and_takes_nothing_from_elsewhere(pages, read, name, tongue):
    page = pages[name, tongue]
    found = read(page)
    assert found.wrong == []
    ids = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert not {tag for tag, _ in found.tags} & {"script", "link", "img", "iframe", "object", "base", "form"}
    for _, attributes in found.tags:
        assert not {key for key in attributes if key in ("src", "style", "srcset", "action") or key.startswith("on")}
        if "href" in attributes:
            href = attributes["href"]
            assert href[1:] in ids if href.startswith("#") else re.fullmatch(r"[a-z-]+\.html", href), href
    assert not re.search(r"https?:|//[a-z]|url\(|@import", page)
    assert ("html", {"lang": tongue}) in found.tags


@pytest.mark.parametrize("name", ["index", "card", *SHEETS])
def test_every_row_of_a_table_is_as_wide_as_its_head(pages, name):
    for table in re.findall(r"<table.*?</table>", pages[name, "da"], re.S):
        widths = {
            sum(int(found or 1) for found in re.findall(r"<t[dh](?=[ >])[^>]*?(?:colspan=\"(\d+)\")?>", row))
            for row in re.findall(r"<tr.*?</tr>", table, re.S)
        }
        assert len(widths) == 1, table[:200]


def test_the_policy_of_a_page_allows_its_own_style_and_nothing_else(pages):
    page = pages["index", "da"]
    style = re.search(r"<style>(.*?)</style>", page, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1]
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_the_same_gives_the_same(full, card, cards, model, gates, pages):
    again = render(copy.deepcopy(full), card, model, "da", gates=gates, other_card=cards["lightgbm"])
    assert again == pages["index", "da"]


@pytest.mark.parametrize("tongue", TONGUES)
def test_every_chart_is_an_image_with_a_title_a_description_and_a_table_behind_it(pages, tongue):
    page = pages["index", tongue]
    charts = re.findall(r'<svg class="chart".*?</svg>(.{0,400})', page, re.S)
    assert len(charts) >= 8
    for drawn in re.findall(r'<svg class="chart".*?</svg>', page, re.S):
        head = drawn[: drawn.index("</title>")]
        assert 'role="img"' in head
        assert re.search(r'aria-label="[^"]+"', head)
        assert re.search(r"<title>[^<]+</title><desc>[^<]+</desc>", drawn)
        assert "NaN" not in drawn
        assert not re.search(r"[\"M L]nan\b", drawn)
    assert all(behind.startswith('<details class="behind"><summary>') and "<table>" in behind for behind in charts)


# --- words ------------------------------------------------------------------------------------------------------------


def test_all_words_are_in_both_languages_with_the_same_braces():
    for section, words in read_words().items():
        for key, told in words.items():
            assert set(told) == set(TONGUES), (section, key)
            assert all(told[tongue].strip() for tongue in TONGUES)
            braces = [sorted(re.findall(r"\{\w+\}", told[tongue])) for tongue in TONGUES]
            assert braces[0] == braces[1], (section, key)


def test_all_words_are_used_and_all_used_are_there():
    source = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py"))
    used = {tuple(place.split("/")) for place in re.findall(r'"([a-z_]+/[a-z_]+)"', source)}
    known = {(section, key) for section, words in read_words().items() for key in words}
    assert {place for place in used if place[0] in read_words()} <= known
    # asked for by what data brought, or one after the other
    by_name = {"measures", "kinds", "factors", "levels", "versions", "who", "units", "sources", "transforms", "terms"}
    by_name |= {"meanings"}
    named = set(re.findall(r"[a-z_]+", source)) | {"met", "not_met", "undecided"}  # the verdicts of models/gates.py
    named |= {f"{name}_{at}" for name in ("oe", "slope") for at in SIDES}
    loose = {key for section, key in known - used if section not in by_name} - named
    assert {re.sub("_told$", "", key) for key in loose} <= set(DRAWN)


def test_the_pages_of_the_two_languages_have_the_same_parts(pages):
    for name in ("index", "card", *SHEETS):
        parts = [
            re.sub(r">[^<]*<", "><", re.sub(r"<svg.*?</svg>|<head>.*?</head>", "", pages[name, tongue], flags=re.S))
            for tongue in TONGUES
        ]
        parts = [re.findall(r"<(?:h1|h2|h3|section|table|tr|figure)\b", part) for part in parts]
        assert parts[0] == parts[1]


def test_another_language_is_refused(report, card, model):
    with pytest.raises(UsageError, match="da or en, got 'de'"):
        render(report, card, model, "de")


def test_a_report_without_what_is_asked_of_it_is_refused(report, card, model):
    with pytest.raises(DataError, match="nothing stands at /overall"):
        render({**report, "overall": {}}, card, model, "da")


def test_synthetic_data_are_said_first_and_real_data_are_not_called_so(report, card, model):
    real = {**card, "data": {**card["data"], "synthetic": False}, "limits": card["limits"][1:]}
    for tongue, told in (("da", "siger intet om rigtige mennesker"), ("en", "says nothing about real people")):
        page = render(report, card, model, tongue)
        assert page.index(told) < page.index("<h1>")
        assert told not in render(report, real, model, tongue)
        assert told in render_card(card, report, tongue)


# --- gates ------------------------------------------------------------------------------------------------------------


def test_gates_are_told_in_shape_and_words_and_left_out_where_there_are_none(report, card, model):
    gates = [
        {"id": "slope", "verdict": verdict, "asked": "0.9 to 1.1", "found": "1"}
        for verdict in ("met", "not_met", "undecided")
    ]
    page = render(report, card, model, "en", gates=gates)
    assert all(told in page for told in ("● met", "▲ not met", "○ undecided"))
    assert 'id="gates"' not in render(report, card, model, "en")


def test_every_gate_is_told_in_danish_on_the_danish_page(pages, read, gates):
    found = [table for table in read(pages["index", "da"]).tables if table[0][:2] == ["Krav", "Krævet"]]
    table = [found[0][0], *(row for part in found for row in part[1:])]
    assert len(table) == len(gates) + 1
    told = " ".join(" ".join(row) for row in table)
    english = r"\b(?:to|within|plainly|above|below|subgroup|slope|benefit|champion|few|of|not)\b"
    assert not re.findall(english, told)
    assert not re.findall(r"\d\.\d", told)
    folded = [gate for gate in gates if is_folded(gate)]
    ordered = [*(gate for gate in gates if gate not in folded), *folded]
    assert [numbers(row[2], "da") for row in table[1:]] == [
        numbers(re.sub(r"-(?=\d)", "−", gate["found"]), "en") for gate in ordered
    ]


def is_folded(gate):
    return gate["id"].startswith("subgroup ") and gate["verdict"] == "undecided"


@pytest.mark.parametrize("tongue", TONGUES)
def test_undecided_groups_are_folded_away_and_no_other_gate_is(pages, read, gates, tongue):
    part = re.search(r'<h2 class="small" id="gates">.*?(?=<h2)', pages["index", tongue], re.S)[0]
    open_ones, folded = part.split("<details>")
    n = sum(map(is_folded, gates))
    assert n > 3
    assert f": {n}</summary>" in folded
    assert len(read(open_ones).tables[0]) == len(gates) - n + 1
    assert len(read(f"<details>{folded}").tables[0]) == n + 1


# --- the logistic in a spreadsheet ------------------------------------------------------------------------------------


@pytest.mark.parametrize("tongue", TONGUES)
def test_the_table_of_predictors_gives_the_served_risk(pages, read, logistic, model, card, tongue):
    x, fitted = logistic
    table = next(
        table for table in read(pages["index", tongue]).tables if len(table[0]) == 5 and table[1][4] and not table[1][1]
    )
    comma = tongue == "da"

    def value(text):
        return float(text.replace("−", "-").replace(",", ".") if comma else text.replace("−", "-"))

    names = [column["id"] for column in model["columns"]]
    z = np.full(len(x), value(table[1][4]))
    for name, term, mean, scale, coefficient in table[2:]:
        at_column = x[:, next(j for j, known in enumerate(names) if name.endswith(known))]
        if term in ("mangler", "missing"):
            terms = np.isnan(at_column).astype(float)
        else:
            code = term.replace("MAKS", "MAX").replace(";", ",") if comma else term
            code = re.sub(r"(\d),(\d)(?!\))", r"\1.\2", code).replace("−", "-").replace("^", "**")
            with np.errstate(invalid="ignore"):
                terms = eval(code, {"x": at_column, "MAX": np.maximum, "LN": np.log})
            terms = np.where(np.isnan(at_column), 0.0 if "**" in code else value(mean), terms)
        z += value(coefficient) * (terms - value(mean)) / value(scale)
    calibration = card["candidates"]["logistic"]["calibration"]
    member = Member.from_files({"model.json": fitted.model, "calibration.json": json.dumps(calibration).encode()})
    for inside in (True, False):
        shift = calibration["strata"]["inside" if inside else "outside"]
        risk = 1 / (1 + np.exp(-(calibration["a"] * z + calibration["b"] + shift)))
        np.testing.assert_allclose(risk, member.risk(x, np.full(len(x), inside)), atol=1e-7)
    formula = "".join(re.findall(r'<p class="formula">([^<]*)', pages["index", tongue]))
    assert all(f"{calibration[key]:g}".replace(".", "," if comma else ".") in formula for key in ("a", "b"))


@pytest.mark.parametrize("tongue", TONGUES)
def test_all_that_is_pasted_into_a_spreadsheet_has_its_signs(pages, tongue):
    part = pages["index", tongue][pages["index", tongue].index('id="predictors"') :]
    part = part[: part.index("</table>")]
    assert not re.findall("[−×]", part)
    assert re.search(r">-\d", part)
    assert "x-50" in part


@pytest.mark.parametrize("tongue", TONGUES)
def test_without_strata_the_formula_and_the_sheet_tell_of_none(report, card, model, tongue):
    own = card["candidates"]["logistic"]
    alike = {**own, "calibration": {**own["calibration"], "strata": None}}
    bare = {**card, "candidates": {**card["candidates"], "logistic": alike}}
    apart = {"da": "for personer med både psykisk og somatisk sygdom", "en": "for people ill in mind and body"}[tongue]
    assert apart in render(report, card, model, tongue)
    assert apart not in render(report, bare, model, tongue)
    fairness = {
        name: next(one["answer"] for one in filled("tripod", report, of, model, tongue)["items"] if one["id"] == "14")
        for name, of in (("apart", card), ("alike", bare))
    }
    assert {"da": "hver for sig", "en": "calibrated apart"}[tongue] in fairness["apart"]
    assert {"da": "Alle er kalibreret ens", "en": "All are calibrated alike"}[tongue] in fairness["alike"]


def test_without_a_logistic_there_is_no_table_of_predictors(report, card):
    assert 'id="predictors"' not in render(report, card, None, "da")


def test_bound_directions_stand_with_their_reasons(report, card, cards, model):
    page = render(report, card, model, "da", other_card=cards["lightgbm"])
    for one in cards["lightgbm"]["constraints"]:
        assert one["reason"]["da"] in page
    assert "er ikke bundet" in page
    assert "er ikke bundet" not in render(report, cards["lightgbm"], model, "da")


# --- further keys -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [*DRAWN])
def test_a_further_part_is_there_where_its_key_is_and_else_not(report, full, card, model, key):
    anchor = f'id="{key.replace("_", "-")}"'
    dying = {**card, "event": "death"}  # which death cannot forestall
    assert anchor not in render(report, dying, model, "da")
    assert anchor not in render({**report, key: []}, dying, model, "da")
    for tongue in TONGUES:
        page = render({**report, key: full[key]}, card, model, tongue)
        assert anchor in page
        assert f'data-at="/{key}/' in page


def test_where_the_three_states_are_not_told_it_is_said_why(report, full, card, model):
    told = "for få døde først"
    assert told in render(report, card, model, "da")
    assert told not in render(full, card, model, "da")
    assert told not in render(report, {**card, "event": "death"}, model, "da")
    assert told not in render(report, {k: v for k, v in card.items() if k != "event"}, model, "da")


def test_refits_without_figures_are_one_sentence_and_a_hidden_difference_shows_nothing(full, card, model, read):
    lacking = [{**full["refits"][-1], "split": f"hospital = {name} left out"} for name in ("Samsø", "Lemvig")]
    told = render({**full, "refits": [*full["refits"][:2], *lacking]}, card, model, "en")
    page = read(told)
    named = [f"without {name} (hospital uptake area)" for name in ("Samsø", "Lemvig")]
    assert f"<p>Too few events to show: {'; '.join(named)}.</p>" in told
    assert not [row for table in page.tables for row in table if row and row[0] in named]
    assert full["border"][1]["entered"]["n"] is None
    assert {text for place, _, text in page.figures if place.startswith("/border/1/entered")} == {HIDDEN["en"]}
    nth = next(nth for nth, one in enumerate(full["missingness"]) if one["share"] is None)
    assert {text for place, _, text in page.figures if place == f"/missingness/{nth}/share"} == {HIDDEN["en"]}


@pytest.mark.parametrize("tongue", TONGUES)
def test_no_table_has_two_columns_of_one_name_and_each_says_what_its_rows_are(pages, read, tongue):
    for name in ("index", "card"):
        for table in read(pages[name, tongue]).tables:
            assert len(set(table[0])) == len(table[0]), table[0]
    assert not {row[0] for table in read(pages["index", tongue]).tables for row in table[:1]} & {"Version", "Udgave"}


def test_training_comes_before_calibration_and_test(pages, read):
    for name in ("index", "card"):
        table = next(table for table in read(pages[name, "en"]).tables if table[0][0] == "Part")
        assert [row[0] for row in table[1:]] == ["Training", "Calibration", "Test"]


def test_it_says_by_which_models_risk_tenths_are_ranked(pages):
    assert "The tenths are by the chosen model&#x27;s risk." in pages["index", "en"]
    assert "tiendedelene er efter dens andel med hændelsen" in pages["index", "da"]


def test_hidden_tenths_of_the_three_states_are_not_drawn_over(full, card, model):
    tenths = [next(one for one in full["three_state"]["tenths"] if one is not None)] * 10
    bridged = 'class="curve one bridge"'

    def drawn(rows):
        page = render({**full, "three_state": {"tenths": rows, "sum_off_by": 0.0}}, card, model, "en")
        return page[page.index('id="three-state"') : page.index('id="drop-the-dead"')]

    assert bridged not in drawn(tenths)
    assert bridged in drawn([*tenths[:3], None, *tenths[4:]])


def test_a_split_that_is_told_otherwise_is_told_as_it_is():
    assert split_of(Words("da"), "the year before") == "the year before"
    assert split_of(Words("en"), "part = øst left out") == "without øst (area of psychiatry)"


@pytest.mark.parametrize("tongue", TONGUES)
def test_predictors_are_told_by_name_and_unit_where_they_are_known(report, card, model, read, tongue):
    label = {"da": "Nyretal", "en": "Kidney value"}
    unit = {"da": "analysens enhed", "en": "the analyte&#x27;s unit"}[tongue]
    named = [
        {**one, "label": label, "unit": "the analyte's unit"} if one["id"] == "lab_egfr_last" else one
        for one in model["columns"]
    ]
    page = render(report, card, {**model, "columns": named}, tongue)
    assert f"{label[tongue]}<small>{unit} · <code>lab_egfr_last</code></small>" in page
    assert '<th scope="row"><code>person_age</code></th>' in page
    items = {one["id"]: one["answer"] for one in filled("tripod", report, card, {"columns": named}, tongue)["items"]}
    assert f"{label[tongue]} (lab_egfr_last)" in items["9b"]


def test_every_unit_and_every_level_that_is_there_has_words_in_both_languages():
    units = {column.as_dict()["unit"] for column in columns(load())} | {
        one["unit"] for one in load_declared().index_columns()
    }
    assert units <= set(read_words()["units"])
    assert {"danish", "immigrant", "descendant"} <= set(read_words()["levels"])
    assert set(read_words()["transforms"]) == set(get_args(Predictor.model_fields["transform"].annotation))
    assert {"synthetic", "danish", "omop"} == set(read_words()["sources"])


def test_a_sheet_as_json_has_no_markup(full, card, model):
    assert "<" not in json.dumps(filled("tripod", full, card, model, "en"))
