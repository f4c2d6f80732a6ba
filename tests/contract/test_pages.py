"""The first page: what this is and how it is, in two languages, with nothing from elsewhere."""

import re

import pytest

from service.pages import WORDS


@pytest.mark.parametrize("language", WORDS)
def test_the_first_page_says_what_this_is_and_how_it_is(language, client, workspace):
    answer = client.send("GET", f"/ui/?lang={language}", token=None)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    words = WORDS[language]
    for told in (words["what"], words["not_what"], words["made_up"], words["ready"], "2024-12-31"):
        assert told in answer.text
    assert f'<html lang="{language}">' in answer.text
    assert workspace.champion.read_text().strip() in answer.text
    assert re.findall(r'(?:src|href)="(?!/)', answer.text) == []


def test_both_languages_say_the_same_things():
    assert set(WORDS["da"]) == set(WORDS["en"])


@pytest.mark.parametrize("path", ["/", "/ui"])
def test_the_way_in_leads_to_it(path, client):
    answer = client.send("GET", path, token=None)
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/")


def test_a_language_nobody_speaks_here_is_refused_without_repeating_it(client):
    answer = client.send("GET", "/ui/?lang=<script>MARK", token=None)
    assert answer.status_code == 422
    assert "MARK" not in answer.text


@pytest.mark.parametrize("path", ["/ui/", "/readyz", "/nowhere", "/v1/targets"])
def test_every_answer_keeps_browsers_from_keeping_framing_and_loading(path, client):
    headers = client.send("GET", path, token=None).headers
    assert headers["cache-control"] == "no-store"
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert (headers["referrer-policy"], headers["x-content-type-options"]) == ("no-referrer", "nosniff")
