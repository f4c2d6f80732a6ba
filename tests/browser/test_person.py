"""A clinician's way: an example person, a no with its reason, an answer to a question, the plan, the team's list."""

from __future__ import annotations

import sqlite3

import pytest


@pytest.fixture
def opened(visit):
    """Open an example person as somebody of a role."""

    def open_as(name, role=None, **kwargs):
        page = visit(role, **kwargs)
        page.locator(f'button[value="{name}"]').click()
        page.wait_for_url("**/ui/patient/*")
        return page

    return open_as


def rows_of(site_work, table):
    """Return a table of the demo's database."""
    with sqlite3.connect(site_work / "service.db") as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"SELECT * FROM {table} ORDER BY seq")]


def test_a_no_moves_the_offer_an_answer_changes_it_and_the_plan_says_what_was_agreed(opened, site_work, shot):
    page = opened("five")
    address = page.url
    assert "/ui/patient/" in address
    where = page.locator(".three a").first.get_attribute("href")
    offer = page.locator(where)
    name = offer.locator("h4").inner_text()
    offer.locator("summary").first.click()
    offer.get_by_label("Nej", exact=True).check()
    offer.get_by_label("Grund").fill("Jeg vil hellere vente")
    shot(page, "person-choosing")
    offer.get_by_role("button", name="Gem").click()
    assert page.url == f"{address}#said"
    page.locator("#own-goal").fill("Jeg vil ud at sejle igen")
    page.locator("form.own").first.get_by_role("button").click()
    assert page.url == f"{address}#own"
    assert rows_of(site_work, "own_words")[-1]["text"] == "Jeg vil ud at sejle igen"
    declined = page.locator(f"#group-declined ~ .offers {where}")
    assert "Jeg vil hellere vente" in declined.inner_text()
    assert "Retten til udredning" in declined.inner_text()
    assert page.locator(f'.three a[href="{where}"]').count() == 0
    assert [row["outcome"] for row in rows_of(site_work, "audit") if row["action"] == "choice"][-1] == "stored"

    ask = page.locator("#ask ~ .asks form", has=page.get_by_role("button", name="Nej")).first
    fact = ask.locator('input[name="fact"]').get_attribute("value")
    before = page.locator("#ask ~ .asks form").count()
    ask.get_by_role("button", name="Nej").click()
    assert page.locator(f'.asks input[value="{fact}"]').count() == 0
    assert page.locator("#told + ul li").count() == 1
    assert page.locator("#ask ~ .asks form").count() != before
    assert rows_of(site_work, "told_fact")[-1]["fact"] == fact

    page.get_by_role("link", name="Planen til print").click()
    page.emulate_media(media="print")
    plan = page.locator("article.plan").inner_text()
    assert "Jeg vil ud at sejle igen." in plan
    assert f"Jeg siger nej til {name}" in plan
    assert "hellere vente" not in plan
    assert "af 100" not in plan
    shot(page, "person-plan-print")


def test_answers_move_an_offer_from_ask_first(opened):
    page = opened("both", "coordinator")
    waiting = page.locator("#ask ~ .asks form", has_text="Afgør:").first
    name = waiting.locator("p.quiet").inner_text().removeprefix("Afgør: ").split(", ")[0]
    group = page.locator("#group-ask + .offers h4", has_text=name)
    assert group.count() == 1
    for _ in range(5):
        if group.count():
            page.locator("#ask ~ .asks form", has_text=name).first.get_by_role("button", name="Nej").click()
    assert group.count() == 0


def test_the_first_page_of_a_person_says_nothing_of_death(opened):
    text = opened("five").locator("main").inner_text()
    assert not [word for word in (" dør ", "Død", "lever.") if word in text]


def test_what_one_books_another_sees_on_the_teams_list_and_ends(opened, visit, site, axe, shot):
    page = opened("five")
    page.locator("#follow-text").fill("Ring om hjemmebesøg")
    page.locator("#follow-due").fill(page.locator("#follow-due").get_attribute("min"))
    page.locator(".follow button").click()
    theirs = visit("coordinator")
    theirs.goto(f"{site}/ui/mine")
    assert "Ring om hjemmebesøg" in theirs.locator("main").inner_text()
    assert axe(theirs) == []
    shot(theirs, "mine")
    theirs.locator(".who-link").first.click()
    assert theirs.locator("h1").inner_text() == page.locator("h1").inner_text()
    theirs.goto(f"{site}/ui/mine")
    theirs.get_by_role("button", name="Færdig: Ring om hjemmebesøg").click()
    assert "Ring om hjemmebesøg" not in theirs.locator("main").inner_text()


def test_a_printed_page_of_a_person_holds_no_buttons_and_nothing_of_death(opened):
    page = opened("five")
    page.emulate_media(media="print")
    assert [one for one in page.locator("main button, .careful").all() if one.is_visible()] == []


def test_the_first_view_answers_in_one_screen(opened):
    page = opened("both")
    box = page.locator(".first").bounding_box()
    assert box["y"] + box["height"] <= 900
    assert page.locator(".first h2").count() == 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("name", ["both", "five"])
def test_axe_finds_nothing_on_a_person_with_everything_unfolded(opened, axe, shot, name, language, scheme):
    page = opened(name, language=language, scheme=scheme)
    shot(page, f"person-{name}-{language}-{scheme}")
    for fold in page.locator("details").all():
        fold.evaluate("one => { one.open = true }")
    assert axe(page) == []
    page.goto(f"{page.url}/plan")
    assert axe(page) == []


@pytest.mark.parametrize("name", ["both", "five"])
def test_a_phone_shows_a_person_without_scrolling_sideways(opened, shot, name):
    page = opened(name, width=320)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    shot(page, f"person-{name}-320")


def test_a_person_needs_no_javascript_and_is_small(opened):
    page = opened("both", javascript=False)
    answer = page.goto(page.url)
    assert answer.status == 200
    assert len(answer.body()) < 150_000
    assert page.locator("h1").count() == 1
