"""A quality nurse's way before a meeting: the list, a missed target, an action, why it does not close yet; on paper."""

from __future__ import annotations

import sqlite3
import time

import pytest

pytestmark = pytest.mark.slow
TEXT = "Blodprøve ved samtalen"


def audit(site_work):
    """Return what the demo's audit log has of actions."""
    with sqlite3.connect(site_work / "service.db") as connection:
        return connection.execute("SELECT action, outcome, criterion FROM audit ORDER BY seq").fetchall()


def open_an_action(page, site, text=TEXT):
    """Go from the list to the first target there is follow-up for, and open an action for the region."""
    page.goto(f"{site}/ui/quality")
    page.locator("table.glance tbody tr", has_text="ikke opfyldt").locator("th a").first.click()
    assert page.locator(".head .three .strong").count() >= 1  # not met, in bold beside its shape
    page.locator(".proposals a").first.click()
    page.get_by_label("Hvad vil I prøve?").fill(text)
    page.get_by_role("button", name="Åbn handlingen").click()
    page.wait_for_url("**/ui/quality/*")


def close(page, status):
    """Change how the action stands by its button."""
    page.locator(f'.actions button[value="{status}"]').first.click()


def test_from_a_target_to_an_action_that_does_not_close_before_it_holds(visit, site, site_work, axe, shot):
    page = visit("quality")
    open_an_action(page, site)
    target = page.url.split("/")[-1].split("?")[0].split("#")[0]
    assert TEXT in page.locator(".actions").inner_text()
    assert [row for row in audit(site_work) if row[0] == "action"][-1] == ("action", "stored", f"target {target}")
    assert axe(page) == []
    with page.expect_response("**/actions") as answered:
        close(page, "held")
    assert answered.value.status == 409
    assert "Endnu ikke holdt mod" in page.get_by_role("alert").inner_text()
    assert page.locator(f'a[href="/ui/quality?lang=en"], a[href^="/ui/quality/{target}?lang=en"]').count() == 1
    assert axe(page) == []
    shot(page, "quality-not-held")
    page.goto(f"{site}/ui/quality")
    assert TEXT in page.locator("main").inner_text()
    assert "1 åben handling" in page.locator("table.glance").first.inner_text()
    page.goto(f"{site}/ui/quality/{target}#follow")
    close(page, "done")
    assert page.locator(".follow-up > details").first.get_by_text("Lukkede handlinger").count() == 1


def test_it_all_goes_by_keyboard(visit, site):
    page = visit("quality")
    page.goto(f"{site}/ui/quality")
    link = page.locator("table.glance tbody th a").first
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/ui/quality/*")
    page.locator("#act > summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "act-where"


def test_levels_are_links_and_the_file_can_be_fetched(visit, site):
    page = visit("quality", javascript=False)
    page.goto(f"{site}/ui/quality/psy_followup7")
    tabs = page.locator(".tabs a")
    for nth in range(tabs.count()):
        tabs.nth(nth).click()
        assert tabs.nth(nth).get_attribute("aria-current") == "true"
    with page.expect_download() as fetched:
        page.locator('a[href$=".csv"]').click()
    assert fetched.value.suggested_filename == "psy_followup7.csv"


def test_on_paper_there_are_no_forms_and_the_chart_is_there(visit, site, shot):
    page = visit("quality")
    page.goto(f"{site}/ui/quality/psy_followup7")
    page.emulate_media(media="print")
    assert [one for one in page.locator("main button, main form").all() if one.is_visible()] == []
    assert page.locator("h1").is_visible()
    assert page.locator(".definition").is_visible()
    shot(page, "quality-print")


def test_an_action_closes_as_held_when_its_twelve_points_hold_and_not_before(
    visit, site, site_work, twelve_points_hold
):
    page, text = visit("quality", javascript=False), "Prøver tages ved samtalen"
    open_an_action(page, site, text)
    target = page.url.split("/")[-1].split("?")[0].split("#")[0]
    mine = page.locator(".actions > li", has_text=text)
    mine.locator('button[value="held"]').click()
    assert "Endnu ikke holdt mod 75 %" in page.get_by_role("alert").inner_text()
    assert "Medianen af de seneste 12 punkter er ikke på målet endnu" in page.get_by_role("alert").inner_text()
    page.goto(f"{site}/ui/quality/{target}")
    assert mine.locator(".tag").first.inner_text() == "planlagt"  # as it was
    twelve_points_hold()
    until = time.monotonic() + 30
    while "Holdt" not in page.locator(".follow-up h3").all_inner_texts() and time.monotonic() < until:
        mine.locator('button[value="held"]').click()  # the service looks for new figures every few seconds
        page.goto(f"{site}/ui/quality/{target}")
    assert mine.locator(".tag").first.inner_text() == "holdt"
    assert mine.locator('button[value="done"]').count() == 0
    assert [row for row in audit(site_work) if row[0] == "action"][-1] == ("action", "stored", f"target {target}")
