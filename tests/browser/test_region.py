"""A planner's way through the region, and a reader's through the models, in a real browser."""

from __future__ import annotations

import pytest

from service.ui.wording import UiWords

pytestmark = pytest.mark.slow


def test_a_planner_goes_from_the_map_to_a_funnel_by_keyboard(visit, site, shot):
    page, words = visit("quality"), UiWords("da")
    page.get_by_role("link", name=words("nav/region"), exact=True).first.click()
    assert page.locator("svg.chart").first.locator("title").text_content().startswith(words("region_show/acute"))
    page.get_by_role("link", name=words("region_show/few_resources"), exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**show=few_resources")
    assert page.locator("h2").first.text_content() == words("region_show/few_resources")
    page.locator("details.behind summary").first.click()
    assert page.locator("details.behind table").first.get_by_role("row").count() == 20
    page.get_by_role("link", name=words("region_page/need"), exact=True).click()
    page.get_by_role("link", name=words("region_level/municipality"), exact=True).click()
    assert page.locator("h1").text_content() == words("region_page/need")
    shot(page, "region-need-municipality")


def test_the_map_moves_within_itself_on_a_phone(visit, site):
    page = visit("quality", width=320)
    page.goto(f"{site}/ui/region")
    inside, around = page.evaluate(
        "[document.querySelector('.map svg').getBoundingClientRect().width, document.documentElement.scrollWidth]"
    )
    assert inside > 600  # figures on the tiles can be read
    assert around <= 320


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_one_model_can_be_read_and_axe_finds_nothing(visit, site, axe, shot, scheme):
    page, words = visit("quality", scheme=scheme), UiWords("da")
    page.goto(f"{site}/ui/models")
    page.locator("tbody a").first.click()
    assert page.locator("h1").count() == 1
    assert page.get_by_role("heading", name=words("models/not_for"), exact=True).is_visible()
    assert axe(page) == []
    shot(page, f"model-{scheme}")
    page.set_viewport_size({"width": 320, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_a_model_page_is_small(visit, site):
    page = visit("quality", javascript=False)
    page.goto(f"{site}/ui/models")
    for address in [one.get_attribute("href") for one in page.locator("tbody a").all()]:
        assert len(page.goto(site + address).body()) < 150_000
