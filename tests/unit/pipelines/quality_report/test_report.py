"""The report of the quality targets: all that was told, in both languages, and nothing that was hidden."""

import base64
import copy
import hashlib
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from models.report import targets
from models.report.targets.drawn import chart_of, funnel_of, is_chart
from models.report.targets.signals import Watched, expect, lines, watch
from models.report.targets.words import FILE, ReportWords
from models.report.words import read
from pipelines import quality_report as package
from pipelines.quality_report import FILES, render, write_report
from stratify.disclosure import SMALLEST_SHOWN
from stratify.errors import UsageError

TONGUES = ("da", "en")
FOLDERS = {one.__name__: Path(one.__file__).parent for one in (package, targets)}
VOID = {"meta", "br"}
HIDDEN = {"da": "for få til at vise", "en": "too few to show"}


class Page(HTMLParser):
    """A page read: tags that do not fit, every tag with its attributes, tables as text, and all words."""

    def __init__(self, page):
        super().__init__()
        self.open, self.wrong, self.tags, self.words, self.tables = [], [], [], [], []
        self.feed(page)
        self.close()
        self.wrong += self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.wrong.append(tag)
        else:
            self.open.pop()

    def handle_data(self, data):
        if {"td", "th"} & set(self.open) and self.tables[-1] and self.tables[-1][-1]:
            self.tables[-1][-1][-1] += data
        if "style" not in self.open:
            self.words.append(data)


@pytest.fixture(scope="module")
def pages(told, made):
    return {tongue: render(told, tongue, made=made) for tongue in TONGUES}


@pytest.fixture(scope="module")
def found(pages):
    return {tongue: Page(page) for tongue, page in pages.items()}


def section(page, key):
    """What stands between a target's heading and the next section."""
    return page[page.index(f'id="t-{key}"') :].split('<section class="', 1)[0]


def text(markup):
    return unescape(re.sub(r"<[^>]+>", " ", markup))


# --- the page ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tongue", TONGUES)
def test_a_page_is_well_formed_and_takes_nothing_from_elsewhere(pages, found, tongue):
    page, read_page = pages[tongue], found[tongue]
    assert read_page.wrong == []
    tags = {tag for tag, _ in read_page.tags}
    assert not tags & {"script", "link", "img", "iframe", "object", "form", "input", "base"}
    named = [value for _, attributes in read_page.tags for name, value in attributes.items() if name == "id"]
    assert len(named) == len(set(named))
    for _, attributes in read_page.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        if "href" in attributes:
            assert attributes["href"][1:] in named or attributes["href"] in FILES.values()
    assert "url(" not in page
    assert "http" not in re.sub(r"<p class=\"soft\">.*?</p>|<dd>.*?</dd>|http-equiv", "", page)
    style = re.search(r"<style>(.*?)</style>", page, re.S).group(1)
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{allowed}'" in page


@pytest.mark.parametrize("tongue", TONGUES)
def test_rows_are_as_wide_as_their_head(found, tongue):
    for table in found[tongue].tables:
        assert len({len(row) for row in table}) == 1, table[0]


@pytest.mark.parametrize("tongue", TONGUES)
def test_every_target_has_a_section_and_the_chosen_a_row_that_leads_to_it(pages, told, tongue):
    page = pages[tongue]
    first = page[page.index('<table class="first">') : page.index("</table>")]
    order = [page.index(f'id="t-{key}"') for key in told]
    assert len(set(order)) == len(told)
    for key, one in told.items():
        assert (f'href="#t-{key}"' in first) == one["chosen"]
        assert one["name"][tongue] in text(section(page, key))
        assert one["numerator_text"][tongue] in text(section(page, key))
    last_chosen = max(page.index(f'id="t-{key}"') for key, one in told.items() if one["chosen"])
    assert all(page.index(f'id="t-{key}"') > last_chosen for key, one in told.items() if not one["chosen"])


@pytest.mark.parametrize("tongue", TONGUES)
def test_what_cannot_be_measured_says_what_is_missing(pages, told, tongue):
    for key in ("delayed_days", "alert_yield"):
        assert told[key]["lacking"][tongue] in text(section(pages[tongue], key))
        assert 'class="chart"' not in section(pages[tongue], key)


def test_the_same_gives_the_same_bytes_and_files_are_written_whole(told, made, pages, tmp_path):
    write_report(tmp_path, copy.deepcopy(told), made=made)
    assert {path.name for path in tmp_path.iterdir()} == set(FILES.values())
    assert all((tmp_path / FILES[tongue]).read_text(encoding="utf-8") == pages[tongue] for tongue in TONGUES)


def test_a_page_is_small_enough_to_send(pages):
    assert all(len(page.encode()) < 1_000_000 for page in pages.values())


def test_another_language_is_refused(told, made):
    with pytest.raises(UsageError, match="da or en, got 'de'"):
        render(told, "de", made=made)


def test_synthetic_data_are_said_first_and_real_data_are_not_called_so(told, made, pages):
    words = "siger intet om rigtige mennesker"
    assert pages["da"].index(words) < pages["da"].index("<h1>")
    assert words not in render(told, "da", made={**made, "source": "danish"})


# --- figures ----------------------------------------------------------------------------------------------------------


def test_the_table_of_units_tells_each_value_the_danish_way(pages, told):
    rows = told["readm30_som_mm"]["units"]["hospital"]["2024"]
    at = rows["units"].index("Horsens")
    wanted = [f"{100 * rows[name][at]:.1f}".replace(".", ",") for name in ("value", "low", "high")]
    assert "{} % ({}–{})".format(*wanted) in text(section(pages["da"], "readm30_som_mm"))
    wanted = [f"{rows[name][at]:.2f}".replace(".", ",") for name in ("oe", "oe_low", "oe_high")]
    assert "{} ({}–{})".format(*wanted) in text(section(pages["da"], "readm30_som_mm"))


@pytest.mark.parametrize("tongue", TONGUES)
def test_no_number_is_nan_none_or_with_the_marks_of_the_other_language(pages, tongue):
    words = re.sub(r"<style>.*?</style>|<(?:span lang|desc)[^>]*>.*?</(?:span|desc)>|<p class=\"soft\">.*?</p>", " ",
                   pages[tongue], flags=re.S)  # fmt: skip
    assert not re.search(r"\bnan\b|\bNaN\b|\bNone\b|\bnull\b|\binf\b", re.sub(r"<svg[^>]*>", "", pages[tongue]))
    other = r"\d\.\d" if tongue == "da" else r"\d,\d(?!\d\d)"
    shown = [one for one in re.findall(r">([^<]*)<", words) if re.search(other, one)]
    assert not [one for one in shown if not re.search(r"\d\.\d{3}(?!\d)|1\.f2", one)], shown[:3]


@pytest.mark.parametrize("tongue", TONGUES)
def test_a_hidden_unit_is_a_row_of_words_and_never_of_0(found, told, tongue):
    words = ReportWords(tongue)
    hidden = 0
    for one in told.values():
        for level, years in one.get("units", {}).items():
            if level in ("region", "practice") or not years:
                continue
            rows = years[max(years)]
            for at, label in enumerate(rows["units"]):
                if rows["hidden"][at]:
                    hidden += 1
                    mine = [row for table in found[tongue].tables for row in table
                            if row[0] == words.unit(label) and row[1] == HIDDEN[tongue]]  # fmt: skip
                    assert mine
                    assert all(not re.search(r"\d", cell) for row in mine for cell in row[1:])
    assert hidden > 3


def test_nothing_that_is_hidden_reaches_the_page_even_where_a_number_was_left_behind(told, made, pages):
    poisoned = copy.deepcopy(told)
    for one in poisoned.values():
        for _, _, _, _, _, line in lines({"x": one}):
            for at, hidden in enumerate(line["hidden"]):
                if hidden and line.get("numerator"):
                    line["numerator"][at] = line["unknown"][at] = 3
                    line["value"][at], line["low"][at], line["high"][at] = 0.0371, 0.0031, 0.1234
        for years in one.get("units", {}).values():
            for rows in years.values():
                for at, hidden in enumerate(rows["hidden"]):
                    if hidden:
                        rows["numerator"][at] = rows["unknown"][at] = 3
                        for name in ("value", "low", "high", "oe", "oe_low", "oe_high"):
                            rows[name][at] = 0.0371
    assert render(poisoned, "da", made=made) == pages["da"]


def test_no_count_of_1_to_4_is_told(told):
    """Counts do not stand on the page but in what it is drawn from: none of these is small."""
    for one in told.values():
        for _, _, _, _, _, line in lines({"x": one}):
            for name in ("numerator", "unknown"):
                shown = [n for n in line.get(name, []) if n is not None]
                assert all(n == 0 or n >= SMALLEST_SHOWN for n in shown)


def test_a_funnel_or_chart_is_drawn_as_it_was_told(told):
    charts = funnels = 0
    for one in told.values():
        for _, target, _, level, _, line in lines({"x": one}):
            if level != "gap" and is_chart(line):
                drawn = chart_of(line, target, target["standard"])
                assert drawn.used.sum() == line["facts"]["points"]
                charts += 1
        for level, years in one.get("units", {}).items():
            rows = years[max(years)] if years else {}
            for name in ("funnel", "funnel_oe"):
                if level != "region" and rows and (found := funnel_of(rows, name, one["unit"])) is not None:
                    told_of = [side for side in rows[name]["outside"] if side is not None]
                    assert found[0].outside.tolist() == told_of
                    funnels += 1
    assert charts > 40
    assert funnels >= 6


def test_points_that_are_not_mature_are_off_the_chart_and_said_so(pages, told):
    assert not all(told["smi_hba1c_treated"]["mature"])
    assert "Ikke modent endnu og ikke på kurven: februar 2024 – december 2024." in text(
        section(pages["da"], "smi_hba1c_treated")
    )
    young = copy.deepcopy(told["smi_hba1c_treated"])
    young["series"]["region"][""]["value"][-1] = 0.5
    drawn = chart_of(young["series"]["region"][""], young, None)
    assert drawn.immature[-1]
    assert not drawn.used[-1]


@pytest.mark.parametrize("tongue", TONGUES)
def test_the_parts_stand_with_their_own_standards(pages, told, tongue):
    mine = text(section(pages[tongue], "smi_check6"))
    for part in told["smi_check6"]["parts"].values():
        assert part["name"][tongue] in mine
    assert mine.count({"da": "mindst 90 %", "en": "at least 90%"}[tongue]) == 6
    assert mine.count(ReportWords(tongue)("parts/no_register")) == 4


@pytest.mark.parametrize("tongue", TONGUES)
def test_mortality_is_told_by_year_for_men_and_women_without_a_chart_by_month(pages, told, tongue):
    mine = section(pages[tongue], "excess_mort_smi")
    table = Page(mine[mine.index("<table>") : mine.index("</table>") + 8]).tables[0]
    assert len(table) == 1 + 3 * 5
    hidden = sum(sum(rows["hidden"]) for rows in told["excess_mort_smi"]["ratios"].values())
    assert hidden > 0
    assert sum(row[1] == HIDDEN[tongue] for row in table) == hidden
    assert 'class="limit"' not in mine


def test_a_year_without_a_death_is_told_as_0_and_drawn(told, made):
    bare = copy.deepcopy(told)
    rows = bare["excess_mort_smi"]["ratios"]["female"]
    rows["numerator"][0], rows["value"][0], rows["low"][0], rows["high"][0] = 0, 0.0, 0.0, 1.31
    assert "0,00 (0,00–1,31)" in section(render(bare, "da", made=made), "excess_mort_smi")


def test_where_no_period_is_mature_yet_the_page_says_so(telling, made):
    early = telling(("readm30_copd", "smi_check6"), delivered="2020-01-10")
    for tongue in TONGUES:
        page = render(early, tongue, made=made)
        assert ReportWords(tongue)("charts/no_period") in section(page, "readm30_copd")
        assert Page(page).wrong == []


@pytest.mark.parametrize(
    "median, most, said",
    [(2, 5, "inden 2 punkter, i ni af ti inden 5"), (9, None, "inden 9 punkter, ellers"), (None, None, "for lille")],
)
def test_how_long_a_change_takes_to_show_stands_with_the_chart_where_it_is_told(told, made, median, most, said):
    seen = {"readm30_copd": copy.deepcopy(told["readm30_copd"])}
    seen["readm30_copd"]["series"]["region"][""]["facts"]["sees"] = {"change": 0.08, "median": median, "most": most}
    mine = text(section(render(seen, "da", made=made), "readm30_copd"))
    assert "En varig ændring på 8 procentpoint" in mine
    assert said in mine


def test_a_chart_with_many_hidden_points_warns_that_its_centre_may_be_off(told, made):
    one = copy.deepcopy(told["readm30_copd"])
    assert "midten kan ligge forkert" not in section(render({"readm30_copd": one}, "da", made=made), "readm30_copd")
    line = one["series"]["region"][""]
    line["hidden"][:20] = [True] * 20
    page = render({"readm30_copd": one}, "da", made=made)
    assert "20 af 60 modne punkter er skjult" in text(section(page, "readm30_copd"))


def test_catchments_are_called_so(told, made):
    own = {"readm30_copd": {**told["readm30_copd"], "hospitals": "catchment"}}
    assert "Hospitalernes optageområder, 2024" in render(own, "da", made=made)


def test_an_unverified_source_is_marked(pages):
    assert 'class="unverified">efter hukommelsen' in section(pages["da"], "delayed_days")
    assert 'class="unverified">' not in section(pages["da"], "readm30_copd")


def test_what_balances_a_target_stands_beside_it_with_a_link(pages, told):
    assert told["readm30_copd"]["balancing"] == ["mort30_copd"]
    beside = re.search(r'<aside class="balances">.*?</aside>', section(pages["en"], "readm30_copd")).group()
    assert 'href="#t-mort30_copd"' in beside


# --- signals ----------------------------------------------------------------------------------------------------------


def test_the_fall_that_was_planted_signals_at_its_hospital(pages, told):
    watched, _ = watch(told)
    fell = [
        one for one in watched if one.target == "readm30_som_mm" and one.unit == "Horsens" and one.level == "hospital"
    ]
    assert [(one.signals, one.variation, one.side) for one in fell] == [(True, "improvement", "below")]
    listed = pages["da"][pages["da"].index('id="signals"') : pages["da"].index('id="t-')]
    rows = Page(re.search(r"<table.*?</table>", listed, re.S).group()).tables[0]
    assert [row[1] for row in rows].count("Horsens") == 1
    assert len(rows) - 1 == sum(one.signals for one in watched)


@pytest.mark.parametrize("tongue", TONGUES)
def test_the_sentence_on_false_alarms_adds_up(pages, told, tongue):
    every = [(one, level) for _, _, _, level, _, one in lines(told) if is_chart(one)]
    mean = sum(one["facts"]["false_alarms"]["latest"] for one, level in every if level != "gap")
    watched, few = watch(told)
    gaps = [one for one in watched if one.level == "gap"]
    mean += sum(one.chance for one in gaps)
    said = re.search(r'class="verdict-in-words">([^<]*)', pages[tongue]).group(1)
    numbers = [float(one.replace(",", ".")) for one in re.findall(r"\d+(?:[.,]\d+)?", said.split(". ")[0] + said)]
    assert numbers[0] == sum(one.signals for one in watched)
    assert numbers[1] == len(every) == len(watched)
    assert any(abs(one - mean) <= 0.05 for one in numbers)
    assert len([1 for _, _, _, _, _, one in lines(told) if not is_chart(one)]) == few


def test_what_is_expected_by_chance_is_the_distribution_that_drawing_lots_gives():
    chances = [0.004] * 200 + [0.3, 0.5, 0.02]
    found = expect([Watched("t", "", "", "", "", "", "", "", one) for one in chances])
    drawn = (np.random.default_rng(1).random((40_000, len(chances))) < np.array(chances)).sum(axis=1)
    assert found.mean == pytest.approx(sum(chances))
    assert abs(drawn.mean() - found.mean) < 0.03
    assert (found.low, found.high) == (np.quantile(drawn, 0.025), np.quantile(drawn, 0.975))


def test_without_any_chart_it_is_said_that_there_are_too_few(told, made):
    alone = {"delayed_days": told["delayed_days"]}
    assert ReportWords("en")("signals/no_charts") in render(alone, "en", made=made)


# --- words ------------------------------------------------------------------------------------------------------------


def test_all_words_are_in_both_languages_with_the_same_braces():
    for name, words in read(FILE).items():
        for key, said in words.items():
            assert set(said) == set(TONGUES), (name, key)
            assert all(said[tongue].strip() for tongue in TONGUES)
            braces = [sorted(re.findall(r"\{\w+\}", said[tongue])) for tongue in TONGUES]
            assert braces[0] == braces[1], (name, key)


def test_all_words_are_used_and_all_used_are_there():
    source = "".join(path.read_text(encoding="utf-8") for folder in FOLDERS.values() for path in folder.glob("*.py"))
    known = {f"{name}/{key}" for name, words in read(FILE).items() for key in words}
    used = set(re.findall(r'words\(\s*"([a-z]+/[a-z_0-9]+)"', source))
    assert used <= known
    by_data = {f"{one}/" for one in re.findall(r'f"([a-z]+)/\{', source) + re.findall(r"f'([a-z]+)/\{", source)}
    by_data |= {"breaks/", "groups/", "cuts/", "units/", "sources/", "how/", "page/", "charts/", "periods/"}
    by_data |= {"standard/", "variation/", "assurance/", "facts/", "directions/"}  # named by the facts themselves
    loose = {one for one in known - used if f"{one.split('/')[0]}/" not in by_data}
    assert {one for one in loose if f'"{one}"' not in source} == set()


def test_every_group_of_every_cut_is_named_in_both_languages(told):
    for one in told.values():
        for cut, groups in one.get("gaps", {}).items():
            for label in groups["groups"]:
                assert f"{cut} {label}" in read(FILE)["groups"]


def test_the_two_pages_have_the_same_parts(pages):
    parts = [re.findall(r"<(?:h1|h2|h3|section|table|tr|figure|svg|dl)\b", pages[tongue]) for tongue in TONGUES]
    assert parts[0] == parts[1]


def test_every_picture_says_what_it_shows(pages):
    drawn = re.findall(r'<svg class="chart".*?</svg>', pages["da"], re.S)
    assert len(drawn) > 60
    assert all(re.search(r"<title>[^<]+</title><desc>[^<]+</desc>", one) for one in drawn)


def test_the_examples_in_the_modules_hold():
    import doctest
    from importlib import import_module

    for name, folder in FOLDERS.items():
        for path in sorted(folder.glob("*.py")):
            if path.stem != "__init__":
                assert doctest.testmod(import_module(f"{name}.{path.stem}")).failed == 0
