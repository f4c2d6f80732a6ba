"""Offers of a person who is written down: on a day, in two languages, and with errors that tell no value."""

import pytest

PERSON = """
age = 60
smoker = "daily"
phone = true
transport = true
conditions = ["diabetes", "t2d"]
n_conditions = 1
n_drugs = 6
medication_flags = ["bleeding_pair"]
"lives_alone?" = true
"""


@pytest.fixture
def told(stratify, tmp_path):
    def call(text, *words, check=True):
        (tmp_path / "person.toml").write_text(text, encoding="utf-8")
        return stratify("recommend", tmp_path / "person.toml", *words, check=check)

    return call


@pytest.mark.parametrize("day, body", [("2026-12-31", "municipality"), ("2027-01-01", "region")])
def test_who_answers_for_an_offer_is_told_for_the_day(told, day, body):
    (line,) = [
        line
        for line in told(PERSON, "--on", day).stdout.splitlines()
        if "smoking" in line.lower() and not line.startswith(" ")
    ]
    assert line.startswith("suitable: ")
    assert body in line


def test_warnings_come_first_and_rights_last(told):
    lines = told(PERSON, "--da").stdout.splitlines()
    assert lines[4].startswith("! ")
    assert "sygehus" in lines[-2]
    assert any(line.startswith("ikke aktuelle: ") for line in lines)


def test_a_wish_closes_what_it_speaks_against(told):
    plain, wished = (told(text).stdout for text in (PERSON, 'wishes = ["own_gp_only"]' + PERSON))
    assert "not now (own wish)" in wished
    assert "not now (own wish)" not in plain


@pytest.mark.parametrize(
    "text, problem",
    [
        ("agee = 60", "did you mean 'age'?"),
        ("age = 'secret'", "fact age needs a number, got a str"),
        ('wishes = ["no_grops"]', "wishes: a name is not known; did you mean 'no_groups'?"),
        ('has = ["secret"]', "has: a name is not known"),
        ('wishes = "no_groups"', "wishes: needs a list of names"),
        ('conditions = ["diabtes"]', "conditions: a name is not known; did you mean 'diabetes'?"),
        ("n_drugs = -3", "fact n_drugs needs a number"),
        ("", "no fact stands there"),
        ('plan = ["secret"]', "plan: needs a table"),
        ("age = 3\nplan.goals = [1]", "plan.goals: needs a list of texts"),
        ('plan.accepted = ["secret"]', "plan.accepted: a name is not known"),
        ('plan.accepted = ["ledsagelse"]', "plan.accepted: a name is not known"),
        ('plan.hopes = ["secret"]', "plan: no such key; there are goals, strengths, calls, accepted, declined"),
        ("plan.declined.udskrivningsaftale = 2027-06-01", "plan.declined: a name is not known"),
        ("plan.declined.medgennemgang = 2020-06-01", "lies after the day of weighing"),
        ('plan.accepted = ["nikotin"]\nplan.declined.nikotin = 2027-06-01', "either accepted or declined"),
        ('plan.declined = ["medgennemgang"]', "each with the day the no ends"),
        ('strengths = ["secret"]', "fact strengths is of people, habits, skills, what_worked"),
        ("age =", "cannot be read as facts"),
    ],
)
def test_what_cannot_be_is_told_in_words_and_without_the_value(told, text, problem):
    done = told(text, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert problem in done.stderr.replace("\n", " ")
    assert "secret" not in done.stderr


AGREED = """
municipality = "Skive"
km_to_practice = 2.0
km_to_acute_hospital = 31.2
has = ["aarsstatus"]
[plan]
goals = ["At gå med hunden hver dag"]
accepted = ["nikotin"]
declined = { forebyg_kommune = 2027-06-01 }
"""


def test_a_shared_plan_is_printed_in_the_persons_words_without_stratum_or_score(told):
    plan = told(PERSON + AGREED, "--plan", "--da", "--on", "2026-11-27").stdout
    assert "- At gå med hunden hver dag." in plan
    assert "hos egen læge (2 km)" in plan
    assert "Hvornår: det er i gang." in plan
    assert "behov" not in plan
    assert "risiko" not in plan


def test_the_nearest_place_and_how_far_it_is_stand_with_an_offer(told):
    lines = told(PERSON + 'inpatient = "somatic"\n' + AGREED).stdout.splitlines()
    far = [line.strip() for line in lines if line.startswith("    where: ")]
    assert any(line.startswith("where: at my GP's 2 km") for line in far)
    assert any("the hospital Viborg 31.2 km" in line for line in far)


def test_what_follows_from_the_conditions_is_known(told):
    """Silence raises need in somebody with a disease that is named, without a count of diseases."""
    silent = 'conditions = ["diabetes", "t2d"]\ndays_since_any_contact = 400\n'
    assert told(silent).stdout.startswith("need: Raised need\n")
    assert told(silent.replace("400", "40")).stdout.startswith("need: Usual need\n")


def test_a_plan_names_no_offer_that_is_not_for_the_person(told):
    done = told('age = 20\nconditions = []\nplan.accepted = ["geri_team"]', "--plan", check=False)
    assert done.returncode == 2
    assert "not for this person, as the facts stand: geri_team" in done.stderr
