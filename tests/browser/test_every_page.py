"""Every page, in both languages and both appearances: nothing that axe objects to, no scroll sideways on a phone."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow
PAGES = {  # role: addresses that stand in its menu
    None: ["/ui/", "/ui/accessibility"],
    "clinician": ["/ui/", "/ui/patient", "/ui/mine"],
    "coordinator": ["/ui/mine"],
    "quality": [
        "/ui/quality", "/ui/quality/psy_followup7",
        "/ui/region", "/ui/region/need", "/ui/region/chain", "/ui/region/offers", "/ui/region/plans", "/ui/models",
    ],
}  # fmt: skip
EVERY = [(role, path) for role, paths in PAGES.items() for path in paths]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("role, path", EVERY)
def test_axe_finds_nothing(visit, site, axe, shot, role, path, language, scheme):
    page = visit(role, language=language, scheme=scheme)
    page.goto(site + path)
    assert axe(page) == []
    assert page.locator("html").get_attribute("lang") == language
    shot(page, f"{role or 'nobody'}{path.replace('/', '-')}{language}-{scheme}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["da", "en"])
def test_axe_finds_nothing_on_the_form_of_an_emergency(visit, site, axe, shot, language, scheme):
    find = visit("clinician", language=language, scheme=scheme)
    find.goto(f"{site}/ui/patient")
    find.locator("details summary").click()
    assert axe(find) == []
    shot(find, f"emergency-{language}-{scheme}")


@pytest.mark.parametrize("role, path", EVERY)
def test_a_narrow_screen_never_scrolls_sideways(visit, site, role, path):
    page = visit(role, width=320)
    page.goto(site + path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("role, path", EVERY)
def test_a_page_works_without_javascript_and_is_small(visit, site, role, path):
    page = visit(role, javascript=False)
    answer = page.goto(site + path)
    assert answer.status == 200
    assert len(answer.body()) < 150_000
    assert page.locator("h1").count() == 1


def test_the_html_is_right(visit, site, vnu, tmp_path):
    for role, path in EVERY:
        page = visit(role)
        for language in ("da", "en"):
            name = f"{role or 'nobody'}{path.replace('/', '-')}{language}.html"
            (tmp_path / name).write_bytes(page.goto(f"{site}{path}?lang={language}").body())
    assert vnu(tmp_path) == []
