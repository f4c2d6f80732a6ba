"""The pages' words are whole in both languages; nobody gets in by another site, and nobody gets far unsigned."""

import re
from pathlib import Path

import pytest

from service.ui.render import TEMPLATES
from service.ui.wording import sections

UI = Path("service/ui")
BRACES = re.compile(r"\{(\w+)\}")


def test_every_word_is_there_in_danish_and_in_english_with_the_same_places():
    for section, words in sections().items():
        for key, told in words.items():
            assert set(told) == {"da", "en"}, f"{section}/{key}"
            assert all(text.strip() for text in told.values()), f"{section}/{key}"
            da, en = (sorted(BRACES.findall(told[code])) for code in ("da", "en"))
            assert da == en, f"{section}/{key}"


def test_every_word_that_is_asked_for_is_there(root):
    known = {f"{section}/{key}" for section, words in sections().items() for key in words}
    texts = [*(root / "service/ui").glob("*.py"), *(root / "service/templates").glob("*.html")]
    asked = {one for file in texts for one in re.findall(r'words\(\s*"([a-z_]+/[a-z_0-9]+)"[,)]', file.read_text())}
    assert asked <= known, sorted(asked - known)
    assert len(asked) > 20


def test_templates_can_all_be_read(root):
    for file in (root / "service/templates").glob("*.html"):
        TEMPLATES.get_template(file.name)


def test_the_first_page_is_danish_and_english_by_a_switch(client):
    danish, english = client.send("GET", "/ui/"), client.send("GET", "/ui/?lang=en")
    assert '<html lang="da">' in danish.text
    assert '<html lang="en">' in english.text
    assert "stratify-language=en" in english.headers["set-cookie"]


@pytest.mark.parametrize("path", ["/ui/nothing", "/ui/static/nothing"])
def test_an_error_is_a_page(client, path):
    answer = client.send("GET", path)
    assert answer.status_code == 404
    assert "<h1>Her er ikke noget</h1>" in answer.text
    assert "text/html" in answer.headers["content-type"]
