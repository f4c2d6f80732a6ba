"""People in short stories come out as a clinician expects, and a story that is wrong says so."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from stratify.care.facts import WORDS
from stratify.care.vignette_checks import Told, failures
from stratify.care.vignette_words import KEYS, MEANS, NO_FACT, name_of
from stratify.care.vignettes import person_of, read
from stratify.catalogue import load

CATALOGUE = load()
FILES = sorted((Path(__file__).parent / "vignettes").glob("*.md"))
VIGNETTES = [one for path in FILES for one in read(path.read_text(encoding="utf-8"))]
CITED = re.compile(r"(?:offers\.csv|vignettes\.md) (\w+)")


@pytest.mark.parametrize("vignette", VIGNETTES, ids=lambda one: f"{one.id} {one.title}")
def test_a_vignette_comes_out_as_it_says(vignette):
    assert failures(vignette, CATALOGUE) == []


def test_the_vignettes_that_others_wrote_come_out(shared):
    path = shared.parent / "facts/quality/vignettes.md"
    if not path.is_file():
        pytest.skip("no vignettes of others beside this checkout")
    others = read(path.read_text(encoding="utf-8"))
    assert len(others) >= 10
    assert [line for one in others for line in failures(one, CATALOGUE)] == []


def test_there_are_many_and_each_has_its_own_id():
    assert len(VIGNETTES) >= 30
    assert len({one.id for one in VIGNETTES}) == len(VIGNETTES)


@pytest.mark.parametrize("vignette", VIGNETTES, ids=lambda one: one.id)
def test_every_expectation_gives_its_reason(vignette):
    for _, offer, answer, why in vignette.expect:
        cited = CITED.findall(why)
        assert cited or "house rule: " in why, f"{vignette.id} {offer} {answer}: {why}"
        assert set(cited) <= set(CATALOGUE.offers), f"{vignette.id} {offer}: {why}"


def test_every_variant_is_spoken_of():
    for vignette in VIGNETTES:
        named = {variant for variant, *_ in [*vignette.expect, *vignette.asserts]}
        told = " ".join(said for _, said in vignette.asserts)
        left = [one for one in vignette.variants if one not in named and f"variant {one}" not in told]
        assert "*" in named or not left, f"{vignette.id}: {left}"


def test_every_offer_is_reached_by_somebody():
    reached, through = set(), set()
    for vignette in VIGNETTES:
        for variant in vignette.variants or {"*": {}}:
            for one in Told(vignette, variant, CATALOGUE).answers["offers"]:
                if one["answer"] in ("suitable", "bridge", "duty"):
                    reached.add(one["id"])
                    through |= {CATALOGUE.bridges[bridge["bridge"]].given_by for bridge in one["bridges"]}
    enablers = {one.id for one in CATALOGUE.offers.values() if one.kind == "enabler"}
    assert reached == set(CATALOGUE.offers) - enablers
    assert enablers <= through


# --- a story that is wrong says so ------------------------------------------------------------------------------------

STORY = """
vignette | T1 | example | somebody
person   | age=60; conditions=copd(J44); mrc=4; unstable_heart=no; transport=yes; group_ok=yes; danish=yes
variant  | now | today=2026-11-22
"""
GOOD = "expect | now | kol_rehab | suitable | - | house rule: -"


def told(*lines):
    (vignette,) = read("\n".join([STORY, *lines]))
    return failures(vignette, CATALOGUE)


def test_a_right_expectation_passes():
    assert told(GOOD, "expect | * | kol_rehab | ask:mrc OR suitable | - | -") == []


@pytest.mark.parametrize(
    "line, says",
    [
        ("expect | now | kol_rehab | ask:mrc | - | -", "kol_rehab ask:mrc expected, got suitable"),
        ("expect | now | kol_rehab | !suitable | - | -", "kol_rehab !suitable expected, got suitable"),
        ("expect | now | telehjerte | suitable | - | -", "telehjerte suitable expected, got no:no_indication"),
        ("expect | now | kol_rehap | suitable | - | -", "no such offer 'kol_rehap'; did you mean 'kol_rehab'?"),
        ("expect | now | kol_rehab | suitabel | - | -", "no such answer 'suitabel'; did you mean 'suitable'?"),
        ("expect | now | kol_rehab | suitable OR no:ned | - | -", "no such reason 'ned'; did you mean 'need'?"),
        ("expect | now | kol_rehab | no: OR suitable | - | -", "no such reason ''"),
        ("expect | now | kol_rehab | bridge:escrot | - | -", "no such bridge 'escrot'; did you mean 'escort'?"),
        ("expect | then | kol_rehab | suitable | - | -", "no such variant 'then'"),
        ("assert | now | all is well", "all is well: nothing here can check this"),
        ("assert | now | count(answers in {suitable,bridge}) >= 40", "does not hold"),
        ("assert | now | rank(kol_rehab) < rank(nikotin) < rank(pahs)", "only its beginning can be checked"),
        ("assert | now | never both kol_rehab and telekoll as suitable", "no such offer 'telekoll'"),
        ("assert | now | admision not in claims(kol_rehab)", "no such outcome 'admision'"),
        ("assert | now | evidence(kol_rehab,pain) = none", "no such outcome 'pain'"),
        ("assert | now | no answer is no:need with reason digitalpost", "no such fact 'digitalpost'"),
        ("assert | now | no offer names the bridge taxi", "no such bridge 'taxi'"),
        ("assert | now | medication flags do not contain triple", "no such medication flag 'triple'"),
        ("assert | now | answers are a superset of the answers of variant then", "no such variant 'then'"),
        ("assert | now | answers are the same as with mrk=2", "no such fact 'mrk'; did you mean 'mrc'?"),
        ("assert | now | answers are the same as with mrc=2", "does not hold"),
        ("assert | now | answers are a superset of the answers with smoker=daily", "does not hold"),
        ("assert | now | by(kol_rehab) = region", "does not hold"),
        ("assert | now | due(kol_rehab) = 2026-11-22", "does not hold"),
        ("assert | now | every answer is ask", "does not hold"),
        ("assert | now | brobygger appears as a bridge to other offers, never alone", "does not hold"),
        ("variant | then | agee=60", "T1 then: no such fact 'agee'; did you mean 'age'?"),
        ("variant | then | transport=perhaps", "fact transport is yes, no or unknown, got 'perhaps'"),
        ("variant | then | housing=castle", "fact housing is one of own, supported, care_home, homeless"),
        ("variant | then | discharged_som=lately", "fact days_since_somatic_discharge is a day"),
        ("variant | then | wishes=no_group", "no such preference 'no_group'; did you mean 'no_groups'?"),
        ("variant | then | has=kol_rehap", "no such offer 'kol_rehap'"),
        ("variant | then | declined=pas on 2026-01-01 until 2027-01-01", "no such offer 'pas'"),
        ("variant | then | conditions=copd,bipoler", "no such condition 'bipoler'; did you mean 'bipolar'?"),
        ("variant | then | interpreter=perhaps", "interpreter is yes, no or unknown, got 'perhaps'"),
    ],
)
def test_a_wrong_line_is_told(line, says):
    (problem,) = told(GOOD, line)
    assert problem.startswith("T1 ")
    assert says in problem


@pytest.mark.parametrize(
    "line, says",
    [
        ("vignette | T2 | no title", "line 5: a vignette has id, kind and title"),
        ("expect | now | kol_rehab", "line 5: an expectation has variant, offer and answer"),
        ("assert | now", "line 5: an assertion has variant and expression"),
        ("variant | then | age 60", "line 5: facts are written key=value; key=value"),
    ],
)
def test_a_line_that_cannot_be_read_is_refused_with_its_number(line, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        read(STORY + line)


# --- the words it is written in ---------------------------------------------------------------------------------------


def known(written):
    (vignette,) = read(f"vignette | T | example | somebody\nperson | {written}")
    people = person_of(vignette.facts("*"), CATALOGUE)
    return {f"{name}?" if name in people.hints(0) else name: value for name, value in people.known(0).items()}


@pytest.mark.parametrize(
    "written, fact, value",
    [
        ("sex=m; waist=102", "abdominal_obesity", True),
        ("sex=m; waist=101 cm", "abdominal_obesity", False),
        ("sex=f; waist=88", "abdominal_obesity", True),
        ("gender=woman; waist=87", "abdominal_obesity", False),
        ("waist=95", "abdominal_obesity", None),  # it takes the sex to tell
        ("waist=110", "abdominal_obesity", True),
        ("waist=yes", "abdominal_obesity", True),
        ("hearing=poor", "hearing", False),
        ("hearing=ok", "hearing", True),
        ("care_home=yes", "housing", "care_home"),
        ("care_home=no", "housing", None),
        ("homeless=yes", "housing", "homeless"),
        ("housing=shelter", "housing", "homeless"),
        ("oxygen=yes", "home_oxygen", True),
        ("inpatient=yes", "inpatient", "somatic"),
        ("inpatient=psychiatric", "psychiatric_admissions_365d", 1),
        ("inpatient=no", "inpatient", "no"),
        ("relative=yes", "adult_relative", True),
        ("interpreter=yes", "danish", False),
        ("interpreter?=yes", "danish?", False),
        ("palliative=yes", "palliative_need", True),
        ("mobility=poor", "transport", False),
        ("frailty=yes", "frail", True),
        ("literacy=low", "literacy", False),
        ("n_conditions=4", "n_conditions", 4),
        ("conditions=copd; n_conditions=4", "n_conditions", 4),
        ("outpatient_courses=2", "outpatient_courses", 2),
        ("missed_appointments_12m=3", "missed_appointments_365d", 3),
        ("emergency_contacts_12m=3", "emergency_contacts_365d", 3),
        ("psychosis=no", "psychosis", False),
        ("bipolar=yes", "smi", True),
        ("dementia=no", "smi", None),
        ("conditions=hf; bipolar=yes", "psychiatric_somatic", True),
        ("conditions=copd", "conditions", frozenset({"copd", "copd_asthma"})),
        ("conditions=heart_failure", "conditions", frozenset({"hf"})),
        ("conditions=copd(J44); copd=unknown", "n_conditions", 1),
        ("nyha=III", "nyha", 3),
        ("acute_risk=35%", "risk_acute_admission_365d", 0.35),
        ("pregnant=no", "pregnant_week", 0),
        ("drugs=N05AH03,A10BA02", "on_antipsychotic", True),
        ("drugs=N05AN01", "on_antipsychotic", None),
        ("drugs=N05AN01; n_drugs=9", "n_drugs", 9),
        ("psych_adm_12m=0", "days_since_psychiatric_discharge", float("inf")),
    ],
)
def test_other_words_for_a_fact_are_understood(written, fact, value):
    assert known(written).get(fact) == value


def test_of_conditions_that_nobody_has_told_of_nothing_is_known():
    people = person_of({"bipolar": "yes", "dementia": "no"}, CATALOGUE)
    has = people.sets["conditions"]
    assert (has.has["bipolar"][0], has.has["copd"][0], has.has.get("dementia", has.rest)[0]) == (2, 1, 0)


def test_what_is_told_later_stands_and_takes_the_hint_away():
    (vignette,) = read("vignette | T | example | x\nperson | lives_alone?=yes; care_home=yes\n"
                       "variant | told | lives_alone=no; housing=own")  # fmt: skip
    assert vignette.facts("told") == {"lives_alone": "no", "housing": "own"}


def test_wishes_and_what_is_under_way_have_other_names():
    keys = {"wishes": "less_treatment", "preferences": "less_treatment", "has": "kol_rehab", "accepted": "kol_rehab"}
    variants = [f"variant | {key} | {key}={value}" for key, value in keys.items()]
    lines = [
        "expect | wishes | kol_rehab | no:preference | - | -",
        "expect | has | kol_rehab | no:in_use | - | -",
        "assert | preferences | answers are the same as in variant wishes",
        "assert | accepted | answers are the same as in variant has",
    ]
    assert told(*variants, *lines) == []


def test_the_words_lead_to_facts_that_there_are():
    own = {asked.id for offer in CATALOGUE.offers.values() for asked in offer.ask}
    flags = {flag.id for family in CATALOGUE.features.values() for flag in family.flag}
    assert {name_of(key) for key in (*KEYS, *MEANS)} <= {*WORDS, *own, *flags, *NO_FACT}


# --- the command ------------------------------------------------------------------------------------------------------


def run(tmp_path, text):
    path = tmp_path / "ours.md"
    path.write_text(text, encoding="utf-8")
    return CliRunner().invoke(app, ["vignettes", str(path)])


def test_the_command_tells_how_many_hold(tmp_path):
    done = run(tmp_path, STORY + GOOD)
    assert (done.exit_code, done.output.strip()) == (0, "vignettes: 1 hold, 0 do not")


def test_the_command_shows_what_fails_and_ends_with_the_exit_code_of_entries(tmp_path):
    done = run(tmp_path, STORY + "expect | now | kol_rehab | ask:mrc | - | -")
    assert done.exception.exit_code == 10
    assert "T1 somebody\n  T1 now: kol_rehab ask:mrc expected, got suitable" in done.output
    assert "vignettes: 0 hold, 1 do not" in done.output


def test_the_command_refuses_a_file_that_holds_none(tmp_path):
    assert run(tmp_path, "# nothing").exception.exit_code == 2
    assert run(tmp_path, STORY + "variant | then | age 60").exception.exit_code == 10
