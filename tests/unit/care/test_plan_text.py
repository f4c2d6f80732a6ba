"""The shared plan says in plain words what matters, what was agreed and what waits, and nothing of why or of others."""

import re
from datetime import UTC, date, datetime

import numpy as np
import pytest

from stratify.care.choices import Choice, given_of, standing
from stratify.care.people import person
from stratify.care.plan_text import STILL, Told, lix, plan_text
from stratify.care.recommend import recommend
from stratify.care.weigh import Given
from stratify.catalogue import load

CATALOGUE = load()
OWN = {asked.id: asked.kind for offer in CATALOGUE.offers.values() for asked in offer.ask}
WEIGHED, TODAY = date(2026, 11, 22), date(2026, 11, 27)
SAID = datetime(2026, 11, 25, 9, tzinfo=UTC)
OFFERS = [offer for offer in CATALOGUE.offers.values() if offer.kind != "enabler"]
TOLD = Told(goals=("Jeg vil passe min have selv",), strengths=("Jeg laver mad hver dag.",))
ILL = {
    "age": 61, "conditions": ["diabetes", "t2d", "hypertension", "schizophrenia"], "n_conditions": 3, "n_drugs": 11,
    "psychiatric_somatic": True, "smi": True, "transport": False, "days_since_psychiatric_discharge": 2,
    "risk_acute_admission_365d": 0.42, "risk_death_365d": 0.17,
}  # fmt: skip


def answers_to(facts, choices=()):
    people = person(facts, OWN)
    return recommend(people, CATALOGUE, given_of(standing(choices, people, CATALOGUE, WEIGHED), WEIGHED))


def yes(*offers):
    return [Choice(offer, None, "accept", SAID) for offer in offers]


def no(offer, until, decision="decline"):
    return Choice(offer, None, decision, SAID, until, "Det siger jeg ikke til nogen")


def plan(choices=(), told=TOLD, facts=ILL, language="da"):
    answers = answers_to(facts, choices)
    return plan_text(answers, choices, told, CATALOGUE, weighed_on=WEIGHED, today=TODAY, language=language)


def under(heading, text):
    """The lines under a heading."""
    (found,) = [block for block in text.split("\n\n") if block.startswith(heading)]
    return [line.removeprefix("- ") for line in found.strip().split("\n")[1:]]


# --- what stands in it -----------------------------------------------------------------------------------------------


def test_a_plan_reads_as_this():
    choices = [
        *yes("safe_7d", "overbliksstatus"),
        no("medgennemgang", date(2027, 6, 1)),
        no("klinik_multisygdom", date(2027, 3, 1), "later"),
        Choice(None, "no_groups", "wish", SAID),
    ]
    told = Told(goals=("Jeg vil passe min have selv",), strengths=("Jeg laver mad hver dag.",), calls=("Lis, 12 34",))
    assert plan(choices, told) == (
        "Min plan, skrevet 27. november 2026:\n\n"
        "Det betyder noget for mig:\n- Jeg vil passe min have selv.\n\n"
        "Det kan jeg selv:\n- Jeg laver mad hver dag.\n\n"
        "Det har vi aftalt:\n"
        "- Styrket ambulant forløb efter psykiatrisk udskrivning: besøg inden for 7 dage. "
        f"{CATALOGUE.offers['safe_7d'].does.da} Hvem: psykiatrien. Hvor: hjemme, i et hus i psykiatrien eller på et "
        "aftalt sted. Hvornår: senest 27. november 2026.\n"
        f"- Overbliksstatus hos egen læge. {CATALOGUE.offers['overbliksstatus'].does.da} Hvem: egen læge. "
        "Hvor: hos egen læge eller hjemme. Hvornår: det aftaler vi.\n\n"
        "Sådan vil jeg helst have det:\n- Ikke i grupper.\n\n"
        "Det vil jeg helst ikke lige nu:\n"
        "- Jeg siger nej til Medicingennemgang. Det gælder til 1. juni 2027.\n"
        "- Jeg venter med Klinik for Multisygdom og Polyfarmaci, Silkeborg. Det gælder til 1. marts 2027.\n\n"
        "Det kan hjælpe mig til at være med:\n- Besøg i hjemmet.\n\n"
        "Her kan jeg ringe, hvis det bliver værre:\n- Lis, 12 34.\n- Egen læge, når der er åbent.\n"
        "- Vagten om aftenen, om natten og i weekenden.\n- 112, hvis det haster og livet er i fare.\n\n"
        "Det ændrer et nej ikke på:\n"
        "- Retten til udredning og behandling og til selv at vælge sygehus er den samme, hvad der end siges nej til.\n"
        "- Et nej kan altid gøres om: sig til hos egen læge eller behandler.\n\n"
        "Så ser vi på planen igen:\n- Senest 1. marts 2027. Før, hvis jeg beder om det.\n"
    )


def test_of_the_bridges_to_an_offer_the_first_for_each_need_stands_and_a_strength_before_all():
    stuck = ILL | {"transport": False, "danish": False, "strengths": ["people"]}
    helped = under("Det kan hjælpe", plan(yes("overbliksstatus"), facts=stuck))
    assert helped == ["En, man selv vælger, er med.", "Tolk."]


def test_what_is_under_way_stands_in_the_plan_as_such():
    has = {"overbliksstatus": np.array([True])}
    answers = recommend(person(ILL), CATALOGUE, Given(TODAY, in_use=has))
    started = [Choice("overbliksstatus", None, "started", SAID)]
    text = plan_text(answers, started, Told(), CATALOGUE, weighed_on=TODAY, today=TODAY)
    assert under("Det har vi aftalt", text)[0].endswith("Hvornår: det er i gang.")


def test_nothing_said_gives_a_plan_that_says_so_with_rights_and_whom_to_call():
    text = plan(told=Told())
    assert under("Det betyder", text) == ["Det har vi ikke talt om endnu."]
    assert under("Det har vi aftalt", text) == ["Vi har ikke aftalt noget endnu."]
    assert "112" in under("Her kan jeg ringe", text)[-1]
    assert under("Det ændrer et nej", text) == [right["da"] for right in answers_to(ILL)["rights"]]
    assert under("Så ser vi", text) == ["Senest 27. november 2027. Før, hvis jeg beder om det."]
    assert "Det vil jeg helst ikke" not in text
    assert "Det kan jeg selv" not in text


def test_the_same_in_english():
    text = plan([*yes("overbliksstatus"), no("medgennemgang", date(2027, 6, 1))], language="en")
    assert under("What we agreed", text)[0].endswith(
        "Who: my GP. Where: at my GP's or at home. When: we will agree on that."
    )
    assert under("What I would rather not", text) == ["I say no to Medication review. That holds until 1 June 2027."]
    assert under("When we look", text)[0].startswith("On 1 June 2027 at the latest.")


@pytest.mark.parametrize("language", ["da", "en"])
def test_there_are_words_for_every_body_and_place(language):
    for offer in OFFERS:
        answers = answers_to(next(one.facts for one in offer.example if one.expect in STILL))
        assert offer.id in {one["id"] for one in answers["offers"]}
        assert plan_text(answers, yes(offer.id), Told(), CATALOGUE, weighed_on=WEIGHED, today=TODAY, language=language)


def test_a_day_that_has_passed_since_the_weighing_is_as_soon_as_can_be():
    text = plan_text(answers_to(ILL), yes("safe_7d"), Told(), CATALOGUE, weighed_on=WEIGHED, today=date(2026, 11, 28))
    assert under("Det har vi aftalt", text)[0].endswith("Hvornår: så snart det kan lade sig gøre.")


def test_what_was_agreed_and_does_not_suit_now_is_to_be_talked_about_and_not_lost():
    (line,) = under(
        "Det har vi aftalt", plan(yes("overbliksstatus"), facts=ILL | {"days_since_psychiatric_discharge": 9})
    )
    assert line.startswith("Overbliksstatus")
    (line,) = under("Det har vi aftalt", plan(yes("safe_7d"), facts=ILL | {"days_since_psychiatric_discharge": 9}))
    assert line.endswith("Det passer ikke lige nu, så det taler vi om igen.")


def test_the_plan_is_looked_at_again_on_the_first_day_that_something_runs_out():
    choices = [no("medgennemgang", date(2027, 6, 1)), no("overbliksstatus", date(2027, 2, 1))]
    assert under("Så ser vi", plan(choices))[0].startswith("Senest 1. februar 2027.")
    assert under("Så ser vi", plan(choices, Told(review=date(2027, 1, 5))))[0].startswith("Senest 5. januar 2027.")
    with pytest.raises(ValueError, match="after today"):
        plan(choices, Told(review=TODAY))


def test_own_words_stand_as_they_were_said_each_on_one_line():
    text = plan(told=Told(goals=("Se mine\nbørnebørn!", "  ", "Gå en tur")))
    assert under("Det betyder", text) == ["Se mine børnebørn!", "Gå en tur."]


# --- what does not ---------------------------------------------------------------------------------------------------


def _everything(facts):
    return yes(*(offer["id"] for offer in answers_to(facts)["offers"] if offer["answer"] in STILL))


@pytest.mark.parametrize("language", ["da", "en"])
def test_it_names_no_stratum_no_score_and_no_risk(language):
    text = plan(_everything(ILL), language=language)
    for stratum in CATALOGUE.strata.values():
        assert stratum.id not in text
        assert (stratum.name.da if language == "da" else stratum.name.en).lower() not in text.lower()
    assert not re.search(r"risi[ck]|score|stratum|prioritet|priority|%|0[.,]\d", text.lower())
    assert not re.search(r"\b(42|17)\b", text)


@pytest.mark.parametrize("language", ["da", "en"])
def test_it_promises_nothing(language):
    text = plan(_everything(ILL), language=language).lower()
    for words in ("forebygger", "færre indlæggelser", "prevents", "fewer admissions", "virker", "works"):
        assert words not in text


def test_the_reason_for_a_no_is_the_persons_own_and_stays_out():
    assert "ikke til nogen" not in plan([no("medgennemgang", date(2027, 6, 1))])


CHILD = {"age": 6, "conditions": ["asthma", "copd_asthma"], "n_conditions": 1, "smi": False}


def test_a_childs_plan_says_nothing_of_a_parent_whatever_was_written_down():
    choices = [*yes("boern_som_paaroerende", "familieambulatorium"), no("udvidet_sundhedspleje", date(2027, 6, 1))]
    text = plan(choices, Told(goals=("Spille bold",)), CHILD)
    assert under("Det har vi aftalt", text) == ["Vi har ikke aftalt noget endnu."]
    assert not re.search(r"forælder|mor\b|far\b|gravid|familie|børn", text.lower())


def test_what_the_catalogue_no_longer_has_is_left_out():
    choices = [*yes("gone"), no("gone_too", date(2027, 6, 1)), Choice(None, "gone_wish", "wish", SAID)]
    text = plan(choices)
    assert "gone" not in text
    assert "Det vil jeg helst ikke" not in text


# --- plain words -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Du kan ringe.", 3),
        ("Du kan ringe. Vi kommer.", 5 / 2),
        ("Sygeplejersken ringer", 2 + 50),  # ringer has six letters
        ("Kommer: nu! Ja? Nej", 4 / 4),
        ("Den 1. juni 2027 kommer vi.", 6),  # the dot of a date ends no sentence
        ("Det er 2027. Vi kommer.", 5 / 2),
        ("6-12 uger, 2½ time", 4),
        ("TeleKOL-måling", 1 + 100),
        ("", 0),
        ("– .", 0),
    ],
)
def test_lix_is_words_per_sentence_and_the_share_of_long_words(text, expected):
    assert lix(text) == pytest.approx(expected)


@pytest.mark.parametrize("offer", CATALOGUE.offers.values(), ids=lambda offer: offer.id)
def test_what_happens_in_an_offer_is_easy_to_read(offer):
    assert lix(offer.does.da) <= 40


def test_what_happens_in_offers_is_easy_to_read_on_the_whole():
    found = [lix(offer.does.da) for offer in CATALOGUE.offers.values()]
    assert sum(found) / len(found) <= 32


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: offer.id)
def test_a_plan_with_each_offer_is_easy_to_read_and_fits_on_a_page(offer):
    facts = next(one.facts for one in offer.example if one.expect in ("suitable", "bridge", "duty"))
    others = [one for one in answers_to(facts)["offers"] if one["answer"] in STILL and one["id"] != offer.id]
    agreed, declined = others[:3], others[3:5]
    choices = [*yes(offer.id, *(one["id"] for one in agreed)), *(no(one["id"], date(2027, 6, 1)) for one in declined)]
    text = plan([*choices, Choice(None, "home_first", "wish", SAID)], facts=facts)
    assert offer.does.da in text
    assert lix(text) <= 35
    assert lix(text.replace(":", "")) <= 35  # nor because headings and labels end in a colon
    assert len(text.split()) <= 450  # a page in 11 point
