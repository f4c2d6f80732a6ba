"""The pages of the region: for quality alone, counts of many alone, calm without a file, refused if tampered with."""

import re

import pytest

from service.guard import PAGES
from service.ui.region import region_pages
from service.ui.region_data import MEASURES, latest, layout, rows
from service.ui.region_map import Tile, shade_bounds, tile_map
from service.ui.wording import UiWords
from stratify.catalogue import load
from stratify.charts import DA
from stratify.units import municipalities

PATHS = ["/ui/region", "/ui/region/need", "/ui/region/chain", "/ui/region/offers", "/ui/region/plans"]
OF_NEED = PATHS[:-1]
CATCHMENTS = sorted({one.hospital for one in municipalities().values()})
HOMES = sorted(one.name for one in municipalities().values())
PLACES = [("region", ""), *(("catchment", one) for one in CATCHMENTS), *(("municipality", one) for one in HOMES)]
HIDDEN = {"Samsø", "Lemvig"}
FEW = "for få til at vise"
LINES = ("lower95", "upper95", "lower998", "upper998")


def words_in(text):
    return {"da": f"{text} (da)", "en": text}


def table(count=400, whole=1000, *, more=None, ratio=False, places=PLACES):
    """A table of places as `stratify need` tells it; two municipalities are hidden."""
    hidden = [label in HIDDEN for _, label in places]
    size = [whole * (20 if level == "region" else 4 if level == "catchment" else 1) for level, _ in places]
    of = [count * one // whole for one in size]
    over = [float(one) for one in of]
    found = {
        "level": [level for level, _ in places], "label": [label for _, label in places], "hidden": hidden,
        "count": of, "denominator": size, "value": [1.0 if ratio else count / whole] * len(places),
        "low": [0.9 if ratio else 0.3] * len(places), "high": [1.1 if ratio else 0.5] * len(places),
        "outside": [None if level == "region" else 0 for level, _ in places], **(more or {}),
    }  # fmt: skip
    if ratio:
        found["expected"] = over
    for name in ("count", "denominator", "value", "low", "high", "outside", "expected"):
        if name in found:
            found[name] = [None if gone else one for gone, one in zip(hidden, found[name], strict=True)]
    return {"columns": {**found, **{name: [None] * len(places) for name in LINES}}}


def repeated(column, kinds, **counts):
    """The table of places once for each kind, one below the other."""
    parts = [table(counts.get(kind, 400))["columns"] | {column: [kind] * len(PLACES)} for kind in kinds]
    return {"columns": {name: [one for part in parts for one in part[name]] for name in parts[0]}}


def part(title, told):
    lacks = {"lacking": [], "period": ["2022-2024"], "provenance": "OURS", "source": "made up", "status": "measured"}
    return {"title": words_in(title), "text": words_in(f"how {title} is counted"), "told": told, **lacks}


FUNNELS = {
    "catchment": {"centre": 1.0, "drawn": True, "hidden": 0, "kind": "u", "units": 5},
    "municipality": {"drawn": False, "hidden": 8, "units": 19},
}
SHARES = {level: {**one, "centre": 0.4, "kind": "p"} for level, one in FUNNELS.items()}


def need():
    """What `stratify need` tells, of a region that is the same everywhere."""
    catalogue = load()
    strata = [f"{a.id}/{b.id}" for a in catalogue.strata.values() for b in catalogue.strata.values()
              if (a.axis, b.axis) == ("need", "resources")]  # fmt: skip
    year = {"landmark": "2024-01-01", "role": "test", "in_training": False}
    both = {"adults": table(ratio=True) | {"funnels": FUNNELS}, "case_mix": table(ratio=True) | {"funnels": FUNNELS}}
    acute = {"name": words_in("acute"), "served": True, "years": {"2024": {**year, **both}}}
    mind = {"name": words_in("mind"), "served": False, "years": {"2024": {"adults": both["adults"], "landmark": "x"}}}
    before = ("gp", "home_nursing", "none", "none_at_least", "by_emergency")
    chain = {one: repeated("before", before) | {"told": list(before)} for one in ("place", "smi")}
    use = table() | {"name": words_in("yearly"), "eligible": words_in("adults"), "used": words_in("once"),
                     "funnels": SHARES, "source": "made up", "offer": ""}  # fmt: skip
    own = table(places=[one for one in PLACES if one[0] == "catchment"])["columns"]
    services = repeated("service", ("gp", "home_nursing"))
    looks = {
        "group": repeated("group", ("all", "multimorbid_or_both", "psychiatric_somatic")),
        "few_resources": repeated("few_resources", ("all", "yes", "no")),
        "distance": repeated("distance", ("all", "30 km or more")),
        "stratum": repeated("stratum", ("all", *strata, "not_scored")),
    }
    return {
        "format": 1,
        "bundle": "b" * 12,
        "words": {one: words_in(one) for one in before},
        "parts": {
            "need": part("need", {"acute_somatic_admission_365d": acute, "psychiatric_admission_365d": mind}),
            "services": part("services", {"2024": services}),
            "own": part("own", {"shares": {"columns": {**own, "priority": ["all"] * len(CATCHMENTS)}}}),
            "chain": part("chain", chain),
            "looks": part("looks", looks),
            "use": part("use", {"uses": {"yearly_review": use}, "not_told": {"act": words_in("ACT")}}),
        },
    }


@pytest.fixture
def quality(token):
    return token("quality")


@pytest.fixture
def with_need(workspace, left):
    left(workspace.need, "need.json", need())
    return workspace


def test_every_page_here_is_for_quality():
    assert {PAGES[route.name][1] for route in region_pages.routes} == {frozenset({"quality"})}


@pytest.mark.parametrize("role", ["clinician", "coordinator", "data_scientist", "auditor", "ops"])
@pytest.mark.parametrize("path", PATHS)
def test_nobody_else_comes_here_and_who_tries_is_written_down(client, token, audit_rows, with_need, role, path):
    assert client.send("GET", path, token=token(role)).status_code == 403
    assert audit_rows()[-1]["outcome"] == "denied"


@pytest.mark.parametrize("path", OF_NEED)
def test_where_the_figures_are_missing_the_page_says_which_command_makes_them(client, quality, path):
    answer = client.send("GET", path, token=quality)
    assert answer.status_code == 200
    assert "stratify need" in answer.text
    assert "<svg" not in answer.text


@pytest.mark.parametrize("path", OF_NEED)
@pytest.mark.parametrize("how", ["changed", "cut short", "no manifest of it"])
def test_a_file_that_was_tampered_with_is_refused(client, quality, with_need, path, how):
    file = with_need.need / "need.json"
    if how == "changed":
        file.write_bytes(file.read_bytes().replace(b"0.4", b"0.5"))
    elif how == "cut short":
        file.write_bytes(file.read_bytes()[:-20])
    else:
        (with_need.need / "manifest.json").write_text('{"files": {}}', encoding="utf-8")
    answer = client.send("GET", path, token=quality)
    assert answer.status_code == 503
    assert UiWords("da")("region/damaged") in answer.text
    assert "Horsens" not in answer.text


@pytest.mark.parametrize("count", [1, 4, 996])
def test_a_file_that_would_show_few_people_is_refused(client, quality, workspace, count, left):
    told = need()
    told["parts"]["use"]["told"]["uses"]["yearly_review"]["columns"]["count"][-1] = count
    left(workspace.need, "need.json", told)
    assert client.send("GET", "/ui/region/offers", token=quality).status_code == 503


def test_a_file_that_tells_a_hidden_cell_is_refused(client, quality, workspace, left):
    told = need()
    columns = told["parts"]["looks"]["told"]["group"]["columns"]
    columns["value"][columns["hidden"].index(True)] = 0.4
    left(workspace.need, "need.json", told)
    assert client.send("GET", "/ui/region", token=quality).status_code == 503


def test_a_new_file_takes_the_place_of_the_old(client, quality, with_need, left):
    assert "40 %" in client.send("GET", "/ui/region?show=both", token=quality).text
    told = need()
    told["parts"]["looks"]["told"]["group"] = repeated("group", ("all", "psychiatric_somatic"), psychiatric_somatic=250)
    columns = told["parts"]["looks"]["told"]["group"]["columns"]
    columns["value"] = [None if one is None else 0.25 for one in columns["value"]]
    left(with_need.need, "need.json", told)
    assert "25 %" in client.send("GET", "/ui/region?show=both", token=quality).text


@pytest.mark.parametrize("show", [None, *(one for one in MEASURES if one != "preventable")])
def test_the_map_shows_every_municipality_and_hides_the_small(client, quality, with_need, show):
    text = client.send("GET", "/ui/region" + (f"?show={show}" if show else ""), token=quality).text
    for name in HOMES:
        assert name in text
    picture = re.search(r'<svg class="chart" viewBox="0 0 852.*?</svg>', text, re.S).group()
    assert picture.count('tile hatched"') == len(HIDDEN) + 1  # and the legend's
    assert picture.count(FEW) == len(HIDDEN) + 1
    assert "<title>" in picture
    assert "<desc>" in picture


@pytest.mark.parametrize("path", ["/ui/region?show=nothing_known", "/ui/region?place=Nowhere", "/ui/region/chain?by=x",
                                  "/ui/region/offers?offer=x", "/ui/region/need?level=practice"])  # fmt: skip
def test_what_there_is_not_is_not_found_and_not_repeated(client, quality, with_need, path):
    answer = client.send("GET", path, token=quality)
    assert answer.status_code == 404
    assert "Nowhere" not in answer.text


def test_the_strata_are_told_of_a_catchment_too(client, quality, with_need):
    text = client.send("GET", "/ui/region?place=Viborg", token=quality).text
    heat = re.search(r'<table class="heat">.*?</table>', text, re.S).group()
    assert "Viborg" in heat
    assert heat.count("<b>1.600</b>") == 12


def test_need_without_a_model_is_told_by_age_and_sex(client, quality, with_need):
    text = client.send("GET", "/ui/region/need?outcome=psychiatric_admission_365d", token=quality).text
    assert "mind (da)" in text
    assert "case_mix" not in text


def test_there_is_no_funnel_of_municipalities_when_many_are_hidden(client, quality, with_need):
    text = client.send("GET", "/ui/region/offers?level=municipality", token=quality).text
    assert UiWords("da")("region/no_funnel", hidden="8", units="19") in text
    assert text.count(f">{FEW}<") == 3 * len(HIDDEN)


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_small_and_in_its_language(client, quality, with_need, path, language):
    answer = client.send("GET", f"{path}?lang={language}", token=quality)
    assert answer.status_code == 200
    assert len(answer.content) < 150_000
    assert f'<html lang="{language}">' in answer.text
    assert not re.search(r"<script|\sstyle=|\son\w+=\"", answer.text)


def test_coverage_plans_and_what_if_say_what_makes_them(client, quality):
    text = client.send("GET", "/ui/region/plans", token=quality).text
    for command in ("stratify coverage", "stratify plan", "stratify whatif"):
        assert command in text
    assert UiWords("da")("region/simulated") in text


def test_what_if_says_first_that_effects_are_simulated(client, quality, workspace, left):
    one = {"value": 0.2, "low": 0.1, "high": 0.3}
    reach = {"uniform": {"all": one, "places": 40}, "differentiated": {"all": one, "places": 40}}
    acute = {"acute_admission": {"avoided_per_1000": one, "before_per_1000": 90.0}}
    effects = {"assumed": dict.fromkeys(reach, acute), "proven": dict.fromkeys(reach, acute)}
    told = {"landmark": "2024-01-01", "people": 900, "reach": reach, "effects": effects,
            "order": {"assumed": "a > b", "proven": "b > a"}}  # fmt: skip
    left(workspace.whatif, "whatif.json", told)
    words = UiWords("da")
    text = client.send("GET", "/ui/region/plans", token=quality).text
    after = text[text.index('id="whatif"') :]
    assert after.index(words("region/simulated")) < after.index("20,0 %")
    assert words("region/order_other") in after
    assert after.index(words("region_effects/proven")) < after.index(words("region_effects/assumed"))


def test_coverage_is_told_by_stratum_without_counts(client, quality, workspace, left):
    catalogue = load()
    need_level = next(one for one in catalogue.strata.values() if one.axis == "need")
    resources = next(one for one in catalogue.strata.values() if one.axis == "resources")
    line = {"bridges": "all", "hints": "all hold", "need": "registered need", "counted": "needs met", "people": 87,
            "group": "ill in mind and body", "share": 0.9, "others": 0.95, "difference": -0.05, "low": -0.08,
            "high": -0.02, "shut_out": None, "behind": True}  # fmt: skip
    stratum = {"stratum": f"{need_level.id}/{resources.id}", "least": 50}
    strata = [stratum | {"told": True, "with_bridges": 0.97, "without": None}, stratum | {"told": False}]
    left(workspace.coverage, "coverage.json", {"lines": [line], "strata": strata, "leaning": {}})
    text = client.send("GET", "/ui/region/plans", token=quality).text
    assert "97 %" in text
    assert text.count(FEW) == 1
    assert "−5,0 (−8,0 – −2,0)" in text
    assert "87" not in text


def test_each_municipality_has_a_tile_of_its_own():
    assert set(layout()) == set(HOMES)
    assert len({(one["column"], one["row"]) for one in layout().values()}) == len(HOMES)
    assert sum(bool(one.get("seat")) for one in layout().values()) == len(CATCHMENTS)


def test_a_map_is_shaded_by_value_and_bordered_where_catchments_meet():
    tiles = [Tile("A", 0, 0, "one", 0.1, "10", False), Tile("B", 1, 0, "one", 0.9, "90", False),
             Tile("C", 0, 1, "two", None, FEW, True)]  # fmt: skip
    drawn = tile_map(tiles, "t", told="d", head=("m", "c", "v"), words={"border": "b", "hidden": FEW},
                     bounds=shade_bounds([0.1, 0.9]), bounds_told=[], tongue=DA)  # fmt: skip
    assert drawn.count('class="tile shade1"') == drawn.count('class="tile shade5"') == 1
    assert drawn.count('class="tile hatched"') == 2
    borders = drawn.count('class="catchment"')
    assert borders == 6 + 3  # around the two together, and of the third what is not shared


def test_rows_and_the_year_they_are_of():
    assert list(rows({"columns": {"a": [1, 2], "b": ["x", "y"]}})) == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    assert latest({"2023": {"in_training": True}, "2024": {}}) == "2024"
    assert latest({"2023": {"in_training": True}}) == "2023"
