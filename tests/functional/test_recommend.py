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
    assert line.startswith("suitable ")
    assert body in line


def test_warnings_come_first_and_rights_last(told):
    lines = told(PERSON, "--da").stdout.splitlines()
    assert lines[2].startswith("! ")
    assert "sygehus" in lines[-2]
    assert any(line.startswith("not indicated: ") for line in lines)


def test_a_wish_closes_what_it_speaks_against(told):
    plain, wished = (told(text).stdout for text in (PERSON, 'wishes = ["own_gp_only"]' + PERSON))
    assert "no:preference" in wished
    assert "no:preference" not in plain


@pytest.mark.parametrize(
    "text, problem",
    [
        ("agee = 60", "did you mean 'age'?"),
        ("age = 'secret'", "fact age needs a number, got a str"),
        ('wishes = ["peace"]', "'peace' is none of home_first, "),
        ('has = ["cake"]', "'cake' is none of "),
        ("age =", "cannot be read as facts"),
    ],
)
def test_what_cannot_be_is_told_in_words_and_without_the_value(told, text, problem):
    done = told(text, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert problem in done.stderr.replace("\n", " ")
    assert "secret" not in done.stderr
