"""Need and resources: silence is not health, hints are questions, illness of mind and body lifts once."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stratify.care.people import person
from stratify.catalogue import load
from stratify.catalogue.entries import Stratum
from stratify.errors import CatalogueError
from stratify.strata import stratify_person

CATALOGUE = load()
RISKS = ("risk_acute_admission_365d", "risk_death_365d")
SILENCE = ("days_since_any_contact", "outpatient_contacts_365d", "emergency_contacts_365d")
SIGNS = (
    {"days_since_any_contact": 365},
    {"days_since_any_contact": "never"},
    {"days_since_check": 730},
    {"medicine_unredeemed": True},
    {"missed_appointments_365d": 2},
)  # of silence, in somebody with known disease
NUMBERS = ("n_conditions", "n_drugs", "acute_admissions_365d", "psychiatric_admissions_365d", *SILENCE)

PEOPLE = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.integers(0, 20) for name in NUMBERS},
        **{name: st.floats(0, 1) for name in RISKS},
        "smi": st.booleans(),
        "psychiatric_somatic": st.booleans(),
        "days_since_any_contact": st.sampled_from([0, 364, 365, 5000, "never"]),
    },
)


def place(words, axis="need", catalogue=CATALOGUE):
    return stratify_person(person(words), catalogue)[axis]


def level(words):
    return place(words)["level"]


def test_nothing_known_is_usual_need_and_says_what_is_missing():
    found = place({})
    assert (found["id"], found["level"]) == ("need_basic", 0)
    assert {"n_conditions", "risk_acute_admission_365d", "psychiatric_somatic"} <= set(found["missing"])
    assert found["why"][0]["da"] == "intet af det, der ville placere højere, er kendt"
    assert found["why"][-1]["en"].startswith("at least this; not known: ")


def test_a_level_says_why_in_both_languages():
    found = place({"n_conditions": 4, "n_drugs": 11})
    assert found["why"][:2] == [
        {
            "da": "antal kroniske sygdomme: 4 (grænse: mindst 4)",
            "en": "number of chronic conditions: 4 (limit: at least 4)",
        },
        {
            "da": "forskellige lægemidler de seneste 120 dage: 11 (grænse: mindst 10)",
            "en": "different medicines in the last 120 days: 11 (limit: at least 10)",
        },
    ]  # fmt: skip


@pytest.mark.parametrize(
    "words, alone, lifted",
    [
        ({"n_conditions": 2}, 1, 2),
        ({"n_conditions": 4}, 2, 3),
        ({"n_conditions": 7}, 3, 3),
        ({"n_conditions": 1}, 0, 1),
    ],
)
def test_illness_of_mind_and_body_lifts_by_one_level_and_not_beyond_the_last(words, alone, lifted):
    assert level({**words, "psychiatric_somatic": False}) == alone
    assert level({**words, "psychiatric_somatic": True}) == lifted


def test_a_lift_is_told():
    found = place({"n_conditions": 2, "psychiatric_somatic": True})
    assert {"da": "både psykisk og somatisk sygdom: ja – et niveau højere",
            "en": "both a psychiatric and a somatic condition: yes – one level higher"} in found["why"]  # fmt: skip


def test_whether_mind_and_body_are_ill_is_asked_where_it_would_lift():
    assert "psychiatric_somatic" in place({"n_conditions": 2})["missing"]
    assert "psychiatric_somatic" not in place({"n_conditions": 7})["missing"]


@pytest.mark.parametrize("risk", RISKS)
def test_a_risk_is_part_of_need(risk):
    assert [level({"n_conditions": 1, risk: value}) for value in (0.0, 0.15, 0.5)] == [0, 1 + (risk == RISKS[1]), 3]


def test_a_hint_is_not_need():
    assert level({"n_conditions?": 9, "smi?": True}) == 0


@given(words=PEOPLE, risk=st.sampled_from(RISKS))
def test_a_missing_risk_never_lowers_need(words, risk):
    without = {name: value for name, value in words.items() if name != risk}
    assert level(without) >= level(without | {risk: 0.0})


@given(words=PEOPLE)
def test_silence_never_lowers_need(words):
    heard = {name: value for name, value in words.items() if name not in SILENCE}
    silent = heard | {"days_since_any_contact": "never", "outpatient_contacts_365d": 0, "emergency_contacts_365d": 0}
    assert level(silent) >= level(heard)


@pytest.mark.parametrize("sign", SIGNS, ids=lambda sign: next(iter(sign)))
@pytest.mark.parametrize("words", [{"n_conditions": 1}, {"n_conditions": 2}, {"n_conditions": 4}, {"n_conditions": 7}])
def test_each_sign_of_silence_raises_need_by_one_level_and_not_beyond_the_last(words, sign):
    assert level(words | sign) == min(level(words) + 1, 3)
    if level(words) < 3:
        assert any(why["en"].endswith("one level higher") for why in place(words | sign)["why"])


@pytest.mark.parametrize("sign", SIGNS, ids=lambda sign: next(iter(sign)))
def test_silence_of_somebody_without_known_disease_or_of_which_a_register_only_hints_raises_nothing(sign):
    assert level({"n_conditions": 0} | sign) == 0
    assert level({"n_conditions": 2} | {f"{fact}?": value for fact, value in sign.items()}) == 1


def test_mind_and_body_and_silence_are_two_reasons_and_two_levels():
    both = {"n_conditions": 2, "psychiatric_somatic": True}
    assert [level(both), level(both | {"medicine_unredeemed": True})] == [2, 3]


@pytest.mark.parametrize(
    "words, expected",
    [({"body_systems": 3}, 2), ({"body_systems": 2}, 1), ({"settings_in_use": 3}, 2), ({"hfrs": 5.0}, 2),
     ({"hfrs": 4.9}, 1), ({"hfrs": 15.0}, 3)],
)  # fmt: skip
def test_body_systems_parts_of_care_and_frailty_are_part_of_need(words, expected):
    assert level({"n_conditions": 2} | words) == expected


@given(words=PEOPLE)
def test_knowing_less_never_raises_need_and_being_more_ill_never_lowers_it(words):
    for name in words:
        assert level({key: value for key, value in words.items() if key != name}) <= level(words)
    for name in ("n_conditions", "n_drugs", "acute_admissions_365d"):
        assert level(words | {name: words.get(name, 0) + 3}) >= level(words | {name: words.get(name, 0)})


@pytest.mark.parametrize(
    "words, expected",
    [
        ({}, "resources_unknown"),
        ({"lives_alone?": True}, "resources_ask"),
        ({"lives_alone": True}, "resources_ask"),
        ({"n_conditions": 1, "days_since_any_contact": 364}, "resources_unknown"),
        ({"n_conditions": 1, "days_since_any_contact": 365}, "resources_reach_out"),
        ({"n_conditions": 1, "days_since_any_contact": "never", "lives_alone?": True}, "resources_reach_out"),
        ({"n_conditions": 0, "days_since_any_contact": "never"}, "resources_unknown"),
        ({"n_conditions": 1, "missed_appointments_365d": 2}, "resources_reach_out"),
        ({"n_conditions": 1, "medicine_unredeemed?": True}, "resources_reach_out"),
    ],
)
def test_resources_are_questions_and_silence_is_a_reason_to_reach_out(words, expected):
    assert place(words, "resources")["id"] == expected


def test_an_axis_without_a_floor_is_a_broken_catalogue():
    strata = {key: s for key, s in CATALOGUE.strata.items() if key != "need_basic"}
    broken = dataclasses.replace(CATALOGUE, entries={**CATALOGUE.entries, "strata": strata})
    with pytest.raises(CatalogueError, match="holds for everybody"):
        place({}, catalogue=broken)


def test_a_stratum_on_a_fact_nobody_declared_is_refused():
    raw = CATALOGUE.strata["need_high"].model_dump(by_alias=True, exclude_none=True)
    wrong = {"all": [{"fact": "n_drug", "at_least": 5}]}
    for part in ({"rule": wrong}, {"lift": [wrong]}):
        with pytest.raises(ValidationError, match="did you mean 'n_drugs'"):
            Stratum.model_validate(raw | part)


@pytest.mark.parametrize("stratum", CATALOGUE.strata.values(), ids=lambda stratum: stratum.id)
def test_names_can_be_read_by_the_person_they_are_about(stratum):
    text = f"{stratum.name.da} {stratum.name.en}".lower()
    assert not any(word in text for word in ("risiko", "risk", "patient", "tung", "svag", "heavy", "weak", "frequent"))
