"""The pages of the models: what is served, what could not be trained, who may see it, calm where files are missing."""

import pytest

from service.callers import ROLES
from service.guard import PAGES
from service.ui.models import models_pages
from service.ui.models_view import address_of, not_trained_told
from service.ui.wording import UiWords

ACUTE = "acute_admission_365d/psychiatric_somatic"
PATHS = ["/ui/models", address_of(ACUTE)]


def watched(bundle, **changes):
    """What `stratify watch` found of one model."""
    line = {"member": ACUTE, "factor": "all", "level": "all", "months": 12, "n": 900, "oe": 1.31, "slope": None,
            "oe_interval": [1.1, 1.52], "auroc": None, "auroc_interval": None, "slope_interval": None,
            "suppressed": False, "too_few": ["auroc", "slope"], **changes}  # fmt: skip
    proposal = {"propose": "recalibrate", "breach": "level", "member": ACUTE, "why": "O/E outside", "told": "x",
                "run": ["stratify train a", "stratify promote a"]}  # fmt: skip
    chance = {"level": 0.05, "charts": 6.0, "drift": 0.06}
    told = {"pooled": [line], "proposals": [proposal], "expected_false_alarms": chance, "charts": {}}
    return told, {"bundle": bundle}


@pytest.fixture
def watch(workspace, left):
    """Write what was watched, of the bundle that is served or of another."""

    def write(bundle=None, **changes):
        told, inputs = watched(bundle or workspace.champion.read_text().strip(), **changes)
        results = {"months": ["2023-01", "2024-12"]}
        left(workspace.watch, "proposals.json", told, inputs=inputs, results=results)

    return write


def test_every_known_role_may_see_the_models():
    assert {PAGES[route.name] for route in models_pages.routes} == {("models", ROLES)}


@pytest.mark.parametrize("role", sorted(ROLES))
@pytest.mark.parametrize("path", PATHS)
def test_they_see_them(client, token, role, path):
    assert client.send("GET", path, token=token(role)).status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_nobody_else_does(client, path):
    assert client.send("GET", path, token=None).status_code == 401


def test_the_models_are_those_that_are_served(client, token, workspace):
    text = client.send("GET", "/ui/models", token=token("quality")).text
    for key in ("acute_admission_365d--psychiatric_somatic", "death_365d--multimorbid"):
        assert f'href="/ui/models/{key}"' in text
    assert workspace.champion.read_text().strip() in text
    assert "til træning: 12; der skal 100 til" in text
    assert "stratify watch" in text  # nobody has watched yet


def test_a_model_that_is_not_served_is_not_found_and_not_repeated(client, token):
    answer = client.send("GET", "/ui/models/MARK--multimorbid", token=token("quality"))
    assert answer.status_code == 404
    assert "MARK" not in answer.text


def test_a_model_says_what_it_is_for_and_that_its_report_is_missing(client, token):
    words = UiWords("en")
    text = client.send("GET", f"{address_of(ACUTE)}?lang=en", token=token("ops")).text
    assert "see who may need more" in text
    for told in ("models/no_report_why", "models/not_for_ever", "models/how_3", "models/synthetic"):
        assert words(told) in text
    assert "<svg" not in text


@pytest.mark.parametrize("events, told", [(0, "0"), (1, "færre end 5"), (4, "færre end 5"), (5, "5")])
def test_few_events_are_not_told(events, told):
    line = {"outcome": "death_365d", "population": "multimorbid", "split": "test", "events": events, "needs": 50}
    assert told in not_trained_told([{**line, "text": "x"}], UiWords("da"))[0]["why"]


def test_a_model_kept_out_by_its_gates_is_told_in_the_language_of_the_page():
    line = {"outcome": "death_365d", "population": "multimorbid", "split": "test", "events": None, "needs": 0}
    text = "no model for death_365d, multimorbid: slope: 0.7 (0.6 to 0.8); asked: 0.9 to 1.1; ici: 0.2; asked: 0.1"
    told = not_trained_told([{**line, "text": text}], UiWords("da"))[0]["why"]
    assert told == "hældning: 0,7 (0,6 til 0,8), men kravet er 0,9 til 1,1; ICI: 0,2, men kravet er 0,1"


def test_what_was_watched_is_told_with_what_a_person_may_do(client, token, watch):
    watch()
    for path in PATHS:
        text = client.send("GET", path, token=token("quality")).text
        assert "1,31 (1,10–1,52)" in text
        assert "stratify train a &amp;&amp; stratify promote a" in text
    assert "for få til at sige" in client.send("GET", address_of(ACUTE), token=token("quality")).text


def test_what_was_watched_of_another_version_is_not_told(client, token, watch):
    watch("another")
    text = client.send("GET", "/ui/models", token=token("quality")).text
    assert UiWords("da")("models/drift_other") in text
    assert "1,31" not in text


def test_what_was_watched_and_tampered_with_is_not_told(client, token, workspace, watch):
    watch()
    file = workspace.watch / "proposals.json"
    file.write_bytes(file.read_bytes().replace(b"1.31", b"1.01"))
    text = client.send("GET", "/ui/models", token=token("quality")).text
    assert UiWords("da")("models/drift_damaged") in text
    assert "1,01" not in text


def test_what_is_hidden_of_the_watch_stays_hidden(client, token, watch):
    hidden = {"oe": None, "oe_interval": None, "n": None, "suppressed": True}
    watch(**hidden)
    assert "for få til at vise" in client.send("GET", "/ui/models", token=token("quality")).text


def test_who_took_them_into_use_is_told_the_latest_first_and_a_line_that_is_none_is_left_out(client, token, workspace):
    kept = workspace.bundles / "promotions.jsonl"
    before = kept.read_text(encoding="utf-8") if kept.exists() else None
    line = '{"bundle": "0123456789ab", "on": "2026-0%s-03T08:00:00+00:00", "how": "%s", "by": "%s"}'
    kept.write_text(
        "\n".join([line % (2, "promote", "Ann & Bo"), "{", line % (3, "rollback", "Cai")]), encoding="utf-8"
    )
    try:
        text = client.send("GET", "/ui/models", token=token("quality")).text
    finally:
        kept.unlink() if before is None else kept.write_text(before, encoding="utf-8")
    assert text.index("3. marts 2026") < text.index("3. februar 2026")
    assert "Ann &amp; Bo" in text
    assert "gik tilbage til den forrige" in text
