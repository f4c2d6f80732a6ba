"""The pages' words are whole in both languages; nobody gets in by another site, and nobody gets far unsigned."""

import re

import pytest

from models.report.targets.words import FILE as TARGETS
from models.report.words import read
from service.ui.templates import TEMPLATES
from service.ui.wording import UiWords, sections

BRACES = re.compile(r"\{(\w+)\}")


def test_every_word_is_there_in_danish_and_in_english_with_the_same_places():
    for section, words in sections().items():
        for key, told in words.items():
            assert set(told) == {"da", "en"}, f"{section}/{key}"
            assert all(text.strip() for text in told.values()), f"{section}/{key}"
            da, en = (sorted(BRACES.findall(told[code])) for code in ("da", "en"))
            assert da == en, f"{section}/{key}"


def test_every_word_that_is_asked_for_is_there(root):
    every = [*sections().items(), *read(TARGETS).items()]  # those of the report of targets stand on their pages too
    known = {f"{section}/{key}" for section, words in every for key in words}
    texts = [*(root / "service/ui").glob("*.py"), *(root / "service/templates").glob("*.html")]
    asked = {one for file in texts for one in re.findall(r'words\(\s*"([a-z_]+/[a-z_0-9]+)"[,)]', file.read_text())}
    assert asked <= known, sorted(asked - known)
    assert len(asked) > 20


def test_templates_can_all_be_read(root):
    for file in (root / "service/templates").glob("*.html"):
        TEMPLATES.get_template(file.name)


@pytest.mark.parametrize("language", ["da", "en"])
def test_the_first_page_says_what_this_is_and_how_it_is(language, client, workspace):
    answer = client.send("GET", f"/ui/?lang={language}", token=None)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    words = UiWords(language)
    for told in ("start/what", "page/not_device", "page/made_up", "start/ready"):
        assert words(told) in answer.text
    assert words.day("2024-12-31") in answer.text
    assert f'<html lang="{language}">' in answer.text
    assert f"stratify-language={language}" in answer.headers["set-cookie"]
    assert workspace.champion.read_text().strip() in answer.text
    assert re.findall(r'(?:src|href)="(?![/#])', answer.text) == []


@pytest.mark.parametrize("path", ["/", "/ui"])
def test_the_way_in_leads_to_it(path, client):
    answer = client.send("GET", path, token=None)
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/")


def test_a_language_nobody_speaks_here_is_not_repeated_and_the_page_is_danish(client):
    answer = client.send("GET", "/ui/?lang=<script>MARK", token=None)
    assert '<html lang="da">' in answer.text
    assert "MARK" not in answer.text


@pytest.mark.parametrize("path", ["/ui/nothing", "/ui/static/nothing"])
def test_an_error_is_a_page(client, path):
    answer = client.send("GET", path)
    assert answer.status_code == 404
    assert "<h1>Her er ikke noget</h1>" in answer.text
    assert "text/html" in answer.headers["content-type"]


@pytest.mark.parametrize("path", ["/ui/", "/readyz", "/nowhere", "/v1/targets"])
def test_every_answer_keeps_browsers_from_keeping_framing_and_loading(path, client):
    headers = client.send("GET", path, token=None).headers
    assert headers["cache-control"] == "no-store"
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert (headers["referrer-policy"], headers["x-content-type-options"]) == ("no-referrer", "nosniff")
