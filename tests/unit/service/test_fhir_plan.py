"""A CarePlan is the shared plan: what was agreed, what waits and until when, and nothing of why."""

import re
from datetime import UTC, date, datetime
from xml.etree import ElementTree

import pytest

from service.fhir.about import About, Ids
from service.fhir.plan import care_plan
from service.said import OVERSIGHT, READING
from service.schemas import Found
from stratify.care.choices import Choice
from stratify.care.one_person import standing_of, told_of
from stratify.care.plan_text import Told, plan_text
from stratify.catalogue import load

CATALOGUE = load()
WEIGHED, TODAY = date(2026, 11, 22), date(2026, 11, 27)
SAID = datetime(2026, 11, 25, 9, tzinfo=UTC)
ILL = {
    "age": 61, "conditions": ["diabetes", "t2d", "hypertension", "schizophrenia"], "n_conditions": 3, "n_drugs": 11,
    "psychiatric_somatic": True, "smi": True, "transport": False, "days_since_psychiatric_discharge": 2,
    "risk_acute_admission_365d": 0.42, "risk_death_365d": 0.17,
}  # fmt: skip
NOT_HERE = Told(goals=None)


def about(language="en"):
    return About("urn:x", "0101010000", "ab" * 32, Ids(b"k" * 32), language, made_up=False)


def yes(*offers, decision="accept"):
    return [Choice(offer, None, decision, SAID) for offer in offers]


def no(offer, decision="decline", until=date(2027, 6, 1)):
    return Choice(offer, None, decision, SAID, until, "Det siger jeg ikke til nogen")


def found(choices, facts=ILL):
    """What a look-up answers for these facts, weighed with these choices."""
    told = told_of(facts, CATALOGUE, WEIGHED, choices)
    reason = {
        "id": "x", "group": {"da": "Tidligere indlæggelser", "en": "Earlier admissions"}, "modifiable": "no",
        "why": {"da": "x", "en": "x"}, "direction": "+", "contribution": 0.8, "columns": [],
    }  # fmt: skip
    return Found.model_validate(
        {
            "data_as_of": "2026-11-21",
            "basis": "nightly",
            "scored_on": "2026-11-22",
            "model": {"bundle_version": "0f3a52c1d9e7", "catalogue_digest": "c" * 64, "landmark": WEIGHED.isoformat()},
            "oversight": OVERSIGHT,
            "risks": [{"outcome": "acute", "population": "all", "risk": 0.4242, "horizon_days": 365}],
            "reading": READING,
            "missing": [],
            "reasons": {"acute": [reason]},
            **told,
        }
    )


def plan(choices, own=NOT_HERE, language="en", facts=ILL):
    stand = standing_of(facts, CATALOGUE, WEIGHED, choices)
    told = care_plan(found(choices, facts), stand, own, about(language), CATALOGUE, TODAY)
    return None if told is None else told.json_ready()


def details(told):
    return {one["detail"]["code"]["coding"][0]["code"]: one["detail"] for one in told["activity"]}


EVERYTHING = [*yes("safe_7d", "overbliksstatus"), *yes("forloebskoord", decision="started"),
              no("medgennemgang"), no("klinik_multisygdom", "later", date(2027, 3, 1))]  # fmt: skip


def test_what_was_agreed_has_its_words_its_day_its_place_and_who():
    told = details(plan(EVERYTHING))
    agreed = told["safe_7d"]
    assert (agreed["status"], agreed["kind"]) == ("not-started", "ServiceRequest")
    assert agreed["code"]["text"] == CATALOGUE.offers["safe_7d"].name.en
    assert agreed["description"] == CATALOGUE.offers["safe_7d"].does.en
    assert agreed["scheduledPeriod"] == {"end": "2026-11-27"}  # seven days after a discharge two days before weighing
    assert agreed["performer"][0]["display"]
    assert "at my GP's" in told["overbliksstatus"]["location"]["display"]
    assert "scheduledPeriod" not in told["overbliksstatus"]


def test_what_is_under_way_is_in_progress():
    assert details(plan(EVERYTHING))["forloebskoord"]["status"] == "in-progress"


def test_what_waits_says_until_when_and_a_no_does_too():
    told = details(plan(EVERYTHING))
    later, declined = told["klinik_multisygdom"], told["medgennemgang"]
    assert (later["status"], later["scheduledPeriod"]) == ("on-hold", {"start": "2027-03-01"})
    assert later["statusReason"]["text"] == "Waits. Holds until 1 March 2027"
    assert declined["status"] == "cancelled"
    assert declined["statusReason"]["text"] == "There was a no. Holds until 1 June 2027"
    assert "scheduledPeriod" not in declined


def test_a_yes_that_does_not_fit_any_more_is_to_be_talked_about_again():
    told = plan([*yes("laer_at_tackle"), Choice(None, "no_groups", "wish", SAID)])
    again = details(told)["laer_at_tackle"]
    assert again["status"] == "on-hold"
    assert "talked about again" in again["statusReason"]["text"]
    assert "scheduledPeriod" not in again


def test_help_is_an_activity_where_no_other_would_do_and_a_choice_that_nobody_made_is_none():
    def bridges(told):
        every = [one["detail"] for one in told["activity"]]
        return [one for one in every if one["code"]["coding"][0]["system"].endswith("bridge")]

    assert bridges(plan(EVERYTHING)) == [], "several would do, and nobody has chosen"
    one = found(EVERYTHING)
    sole = [offer.model_copy(update={"bridges": offer.bridges[:1]}) for offer in one.offers]
    stand = standing_of(ILL, CATALOGUE, WEIGHED, EVERYTHING)
    told = care_plan(one.model_copy(update={"offers": sole}), stand, NOT_HERE, about("en"), CATALOGUE, TODAY)
    helped = bridges(told.json_ready())
    assert helped
    assert all(one["status"] == "not-started" and one["performer"] for one in helped)


@pytest.mark.parametrize("language", ["da", "en"])
def test_the_words_are_the_plans_own(language):
    told = plan(EVERYTHING, language=language)
    stand = standing_of(ILL, CATALOGUE, WEIGHED, EVERYTHING)
    answers = found(EVERYTHING).model_dump(include={"offers", "rights"})
    words = plan_text(answers, stand, NOT_HERE, CATALOGUE, weighed_on=WEIGHED, today=TODAY, language=language)
    shown = "".join(ElementTree.fromstring(told["text"]["div"]).itertext())
    assert re.sub(r"\s+", "", shown) == re.sub(r"\s+|(?m:^- )", "", words)
    assert told["text"]["status"] == "additional"


def test_what_matters_to_the_person_is_a_goal_where_it_is_written_down_here():
    own = Told(goals=("Jeg vil passe min have & <have> selv",))
    told = plan(EVERYTHING, own)
    (goal,) = told["contained"]
    assert (goal["lifecycleStatus"], goal["description"]["text"]) == ("active", own.goals[0])
    assert told["goal"] == [{"reference": f"#{goal['id']}"}]
    assert "&amp; &lt;have&gt;" in told["text"]["div"]


def test_nothing_is_said_of_what_matters_where_that_is_written_down_elsewhere():
    told = plan(EVERYTHING)["text"]["div"]
    assert "matters to me" not in told
    assert "have not talked" not in told
    assert "What matters to me" in plan(EVERYTHING, Told())["text"]["div"]


@pytest.mark.parametrize("language", ["da", "en"])
def test_a_plan_tells_no_stratum_no_risk_and_no_reason(language):
    told = str(plan(EVERYTHING, language=language)).lower().replace("psykiatrisk", "")
    secrets = ["0.42", "42 ", "need_", "resources_", "earlier admissions", "tidligere indlæggelser", "schizo", "skizo",
               "det siger jeg ikke", "risk", "risiko", "stratum", "0101010000" * 2]  # fmt: skip
    assert [secret for secret in secrets if secret in told] == []
    assert told.count("0101010000") == 1 + told.count("goal1")  # the subject's identifier alone


def test_without_a_word_said_there_is_no_plan():
    assert plan([]) is None
    assert plan([], Told(goals=("Haven",))) is not None


def test_a_choice_of_something_that_is_not_for_the_person_makes_no_plan():
    assert plan(yes("familieambulatorium"), facts={"age": 61, "n_conditions": 3, "n_drugs": 11}) is None


def test_a_wish_alone_is_a_plan():
    wish = sorted(CATALOGUE.preferences)[0]
    told = plan([Choice(None, wish, "wish", SAID)])
    assert CATALOGUE.preferences[wish].name.en[1:] in told["text"]["div"]
    assert "activity" not in told


def test_a_plan_begins_with_the_first_word_and_keeps_its_id():
    later = Choice("overbliksstatus", None, "accept", datetime(2026, 11, 26, tzinfo=UTC))
    told = plan([*yes("safe_7d"), later])
    assert (told["period"], told["created"]) == ({"start": "2026-11-25"}, "2026-11-26")
    assert told["id"] == plan(yes("safe_7d"))["id"]
    assert (told["status"], told["intent"]) == ("active", "plan")
