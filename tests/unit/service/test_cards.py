"""Cards in words: short enough, safe in Markdown, and complete in both languages, whatever stands in the data."""

import re
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.cds_hooks.brief import Brief
from service.cds_hooks.cards import Asked, cards, detail, pressing, suggestion_id, summary
from service.cds_hooks.words import LONGEST_SUMMARY, OVERRIDES, WORDS, language_of, safe, shortened
from service.schemas import Missing, Words
from stratify.catalogue import load

CARD = UUID("0b9f4a6e-4f4e-4a53-8d0c-2d1f5a9b7c11")
TEXT = st.text(max_size=60)


def words(text):
    return {"da": text, "en": text}


def offer(name, answer="suitable", due=None, kind="offer"):
    bridge = {"bridge": "b", "needs": [], "name": words(name), "by": ["x"], "burden": words("-"), "source": "s",
              "provenance": "READ"}  # fmt: skip
    return {
        "id": "o", "name": words(name), "kind": kind, "answer": answer, "reason": None, "why": words(name),
        "does": words("x"), "bridges": [bridge] if answer == "bridge" else [], "due_days": due, "by": ["x"],
        "places": ["gp"], "where": [], "evidence": [], "evidence_weight": 0, "priority": 1, "source": "s",
        "provenance": "READ",
    }  # fmt: skip


def found(risk=0.2, level=3, offers=(), text="x", safety=()):
    axis = {"id": "a", "level": level, "why": []}
    return Brief.model_validate({
        "data_as_of": "2024-12-31", "basis": "nightly", "scored_on": "2025-01-01",
        "oversight": words(text), "reading": words("x"),
        "model": {"bundle_version": "b" * 12, "catalogue_digest": "c", "landmark": "2025-01-01"},
        "risks": [{"outcome": "acute_admission_365d", "population": "p", "risk": risk, "horizon_days": 365},
                  {"outcome": "death_365d", "population": "p", "risk": 0.777, "horizon_days": 365}],
        "reasons": {"acute_admission_365d": [{"id": "r", "group": words(text), "modifiable": "no", "why": words("x"),
                    "direction": "+", "contribution": 1.0, "columns": []}]},
        "missing": [{"id": "m", "text": words(text)}], "choices": [], "conditions": [],
        "stratum": {"need": axis, "resources": axis}, "offers": list(offers), "not_indicated": 0, "not_asked": 0,
        "safety": [{"id": "s", "name": words(one), "advice": words(one), "why": [], "source": "s", "provenance": "x"}
                   for one in safety], "rights": [],
    })  # fmt: skip


def asked(language="da", among=0.1234, **changes):
    return Asked(CARD, "p1", None, language, among=among, **changes)


@given(st.floats(0, 1), st.integers(0, 99), st.sampled_from(["da", "en"]), st.none() | st.floats(0, 1))
def test_every_summary_is_short_enough(risk, n, language, among):
    told = summary(found(risk), n, asked(language, among))
    assert 0 < len(told) <= LONGEST_SUMMARY


@given(st.text(max_size=400), st.integers(1, 200))
def test_what_is_shortened_is_no_longer_than_asked(text, most):
    told = shortened(text, most)
    assert len(told) <= most
    assert "\n" not in told


@given(TEXT, TEXT, st.sampled_from(["da", "en"]))
def test_markdown_shows_every_word_as_it_is(name, text, language):
    told = detail(found(offers=[offer(name, "bridge")], text=text, safety=[name]), [], asked(language))
    lists = [line for line in told.splitlines() if not line.startswith("**")]
    for line in lists:
        bare = re.sub(r"\\.", "", line.removeprefix("- "))
        assert not re.search(r"[<>|\[\]*_`#~]", bare), line


@pytest.mark.parametrize(
    "text", ["<script>x</script>", "[a](javascript:x)", "**b**", "| a | b |", "# h", "`x`", "1. x"]
)
def test_markup_in_the_data_is_shown_and_not_done(text):
    told = safe(text)
    assert re.sub(r"\\(.)", r"\1", told) == text
    assert not re.search(r"(?<!\\)[<>\[\]*|#`]", told)


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize(
    "risk, n, rest",
    [(0.0, "few", "most"), (0.005, "few", "most"), (0.0051, "1", "99"), (0.13, "13", "87"), (0.145, "14", "86"),
     (0.9949, "99", "1"), (0.995, "most", "few"), (1.0, "most", "few")],
)  # fmt: skip
def test_a_chance_is_told_of_a_hundred_people_both_ways_never_of_none_and_never_of_all(language, risk, n, rest):
    n, rest = (WORDS[language].get(one, one) for one in (n, rest))
    told, more = summary(found(risk), 0, asked(language, among=risk)), detail(found(risk), [], asked(language))
    assert told.lower().count(f"{n} ") + told.count(f"{n})") == 2
    assert more.splitlines()[0].endswith(WORDS[language]["both"].format(n=n, rest=rest) + ".")


@given(st.floats(0, 1), st.sampled_from(["da", "en"]))
def test_both_ways_of_telling_a_chance_add_up(risk, language):
    told = [int(one) for one in re.findall(r"\d+", detail(found(risk), [], asked(language)).splitlines()[0])]
    assert told[0] == 100
    assert sum(told[1:]) == 100


def test_a_risk_of_death_is_told_nowhere():
    (card,) = cards(found(offers=[offer("Tilbud")]), asked())
    assert "77" not in str(card)


def test_who_needs_little_gets_a_card_only_for_what_cannot_wait_or_for_medicine():
    assert cards(found(level=1, offers=[offer("x")]), asked()) == []
    assert cards(found(level=1, offers=[offer("x", due=3)]), asked())[0]["indicator"] == "warning"
    assert cards(found(level=1, safety=["x"]), asked()) == []
    assert cards(found(level=1, safety=["x"]), asked(pressing=frozenset({"s"})))[0]["indicator"] == "warning"
    assert cards(found(level=2), asked())[0]["indicator"] == "info"
    assert cards(found(level=2), asked(least_need=3)) == []
    assert cards(found(level=2, offers=[offer("x", due=3)]), asked(least_need=3))[0]["indicator"] == "warning"
    assert cards(found(level=2, safety=["x"]), asked())[0]["indicator"] == "info"


def test_a_duty_is_told_first_whoever_needs_little_and_is_never_a_suggestion():
    duty = {**offer("Aftale", "duty", kind="duty"), "id": "d"}
    (card,) = cards(found(level=1, offers=[offer("x"), duty]), asked())
    assert card["indicator"] == "warning"
    assert "Noget skal gøres" in card["summary"]
    assert card["detail"].index("Aftale") < card["detail"].index("Tilbud, der kan passe")
    assert "Aftale" not in str(card["suggestions"])


def test_a_duty_that_hangs_on_a_fact_is_asked_about_first_and_the_heading_is_not_said_twice():
    asks = [{**offer(name, "ask", kind=kind), "why": words("Spørg først: om det.")}
            for name, kind in (("A", "offer"), ("B", "offer"), ("C", "offer"), ("D", "duty"))]  # fmt: skip
    told = detail(found(offers=asks), [], asked()).split("**Spørg først**")[1].split("**")[0]
    assert [line[2:] for line in told.splitlines() if line] == [*(rf"{one}\: om det\." for one in "DAB"), "og 1 mere"]


def test_what_can_do_harm_together_cannot_wait_and_that_they_are_many_can():
    names = pressing(load())
    assert "triple_whammy" in names
    assert not names & {"polypharmacy", "excessive_polypharmacy", "review_due"}


@pytest.mark.parametrize("left, words", [(0, "sidste dag er i dag"), (1, "1 dag tilbage"), (2, "2 dage tilbage")])
def test_days_that_are_left_are_told_as_one_says_it(left, words):
    (card,) = cards(found(offers=[offer("x", due=left)]), asked())
    assert words in card["detail"]


def test_what_a_person_said_yes_to_is_told_with_its_day():
    (card,) = cards(found(offers=[{**offer("x"), "accepted_on": "2026-11-27"}]), asked("en"))
    assert r"said yes 2026\-11\-27" in card["detail"]


def test_a_card_with_nothing_else_to_say_speaks_of_no_medicine():
    bare = found().model_copy(update={"risks": []})
    assert summary(bare, 0, asked()) == "Se, hvad der er kendt, og hvad der mangler."


def test_after_a_discharge_what_is_due_first_comes_first_and_otherwise_the_order_stays():
    offers = [{**offer("a"), "id": "a"}, {**offer("b", due=5), "id": "b"}, {**offer("c", due=2), "id": "c"}]

    def order(**given):
        (card,) = cards(found(offers=offers), asked(**given))
        return [one["actions"][0]["resource"]["code"]["coding"][0]["code"] for one in card["suggestions"]]

    assert order() == ["a", "b", "c"]
    assert order(discharge=True) == ["c", "b", "a"]


def test_a_suggestion_has_the_same_id_whoever_works_it_out_and_another_on_another_card():
    assert suggestion_id(CARD, "a") == suggestion_id(CARD, "a") != suggestion_id(CARD, "b")
    assert suggestion_id(UUID(int=1), "a") != suggestion_id(CARD, "a")


def test_both_languages_have_the_same_words_with_the_same_gaps():
    assert set(WORDS["da"]) == set(WORDS["en"])
    for name, text in WORDS["da"].items():
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", WORDS["en"][name])), name
    assert all(da and en and da != en for _, da, en in OVERRIDES)


@pytest.mark.parametrize(
    "header, language",
    [(None, "da"), ("", "da"), ("en", "en"), ("en-GB,en;q=0.9,da;q=0.8", "en"), ("da,en;q=0.9", "da"), ("de", "da"),
     ("en;q=0.1, da;q=0.2", "da"), ("en;q=0", "da"), ("da;q=0, en;q=0.1", "en"),
     ("sv, *;q=0.5", "da"), ("x" * 10_000, "da"), (";;,,q=", "da"), ("EN", "en")],
)  # fmt: skip
def test_the_language_is_the_one_asked_for_first(header, language):
    assert language_of(header) == language


def test_old_data_are_told_and_the_year_that_is_over_in_the_first_line():
    for days, first, inside in ((10, False, False), (100, False, True), (400, True, True)):
        today = date(2024, 12, 31) + timedelta(days=days)
        (card,) = cards(found(), asked(today=today))
        assert ("Gamle data (2024-12-31)." in card["summary"]) is first
        assert (f"Data er {days} dage gamle" in card["detail"]) is inside
        assert len(card["summary"]) <= LONGEST_SUMMARY


def test_what_may_have_days_that_are_running_is_asked_about_first_and_nothing_is_cut_silently():
    asks = [{**offer(name, "ask"), "why": words("om det."), "ask": ask}
            for name, ask in (("A", []), ("B", []), ("C", []), ("D", ["days_since_somatic_discharge"]))]  # fmt: skip
    told = detail(found(offers=asks), [], asked()).split("**Spørg først**")[1].split("**")[0]
    assert [line[2] for line in told.splitlines() if line][:3] == ["D", "A", "B"]
    assert "og 1 mere" in told


def test_what_was_said_yes_to_is_told_and_no_draft_of_it_is_made():
    yes = {**offer("Aftalt"), "id": "a", "accepted_on": "2026-11-01"}
    (card,) = cards(found(offers=[yes, offer("Ny")]), asked())
    assert "Aftalt" in card["detail"]
    assert [one["label"] for one in card["suggestions"]] == ["Foreslå: Ny"]


def test_a_model_that_is_lacking_is_not_told_on_a_card_and_what_a_call_lacked_comes_first():
    lacking = [Missing(id=name, text=Words(da=told, en="x"))
               for name, told in (("model_death_365d", "Ingen model"), ("m", "Ingen HbA1c"))]  # fmt: skip
    one = found().model_copy(update={"missing": lacking})
    told = detail(one, [], asked(lacks=(Words(da="Ingen diagnoser", en="x"),)))
    assert "Ingen model" not in told
    assert told.index("Ingen diagnoser") < told.index("Ingen HbA1c")
