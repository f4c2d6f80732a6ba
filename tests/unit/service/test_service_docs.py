"""What docs/service.md shows is what the service takes, answers and does."""

import json
import re
from datetime import date
from pathlib import Path
from typing import get_args

import pytest

from service.action_shapes import ActionRequest, ActionSearch, Status, refuse_action
from service.app import TRY_IT
from service.audit import Basis
from service.callers import ROLES, WORD
from service.choice_shapes import LONGEST, ChoiceRequest, ChoicesAnswer, refuse
from service.demo import ALGORITHM
from service.edge import BODY_SECONDS, LARGEST
from service.own_words import WordsRequest, refuse_words
from service.problem import DETAILS
from service.run import MOST_CONNECTIONS
from service.schemas import Found, LookupRequest
from service.tokens import Verifier
from service.told_facts import FactRequest, refuse_fact
from service.trust import Issuer, read_trust
from stratify.care.choices import Decision
from stratify.catalogue import load

DOCS = (Path(__file__).parents[3] / "docs" / "service.md").read_text(encoding="utf-8")


def _blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", DOCS, re.DOTALL)


def test_the_first_example_is_a_look_up_and_its_answer():
    asked, answered = map(json.loads, _blocks("json")[:2])
    assert LookupRequest.model_validate(asked).patient.value
    assert Found.model_validate(answered).model_dump() == answered  # nothing in it that is not answered


def test_the_second_example_is_a_choice_and_its_answer():
    asked, answered = map(json.loads, _blocks("json")[2:4])
    choice = ChoiceRequest.model_validate(asked)
    refuse(choice, load(), date(2026, 11, 27))
    (told,) = ChoicesAnswer.model_validate(answered).model_dump()["choices"]
    assert answered["choices"] == [told]
    chosen = choice.model_dump(mode="json", include={"offer", "preference", "decision", "until", "reason"})
    assert chosen.items() <= told.items()


def test_the_third_example_is_a_fact_that_is_told():
    told = FactRequest.model_validate(json.loads(_blocks("json")[4]))
    refuse_fact(told, load())
    assert (told.fact, told.value) == ("transport", False)


def test_the_fourth_example_is_a_goal():
    told = WordsRequest.model_validate(json.loads(_blocks("json")[5]))
    refuse_words(told)
    assert told.kind == "goal"


def test_the_examples_of_follow_up_are_an_action_and_a_search(tmp_path):
    action, search = map(json.loads, _blocks("json")[6:8])
    refuse_action(ActionRequest.model_validate(action), load(), [], date(2026, 11, 27))
    assert ActionSearch.model_validate(search).about == "people"
    told = DOCS.split("## Follow-up")[1].split("## Tokens")[0]
    assert all(f"`{word}`" in told or f'"{word}"' in told for word in (*ActionRequest.model_fields, *get_args(Status)))


def test_the_trust_file_shown_is_one(tmp_path):
    (tmp_path / "trust.toml").write_text(_blocks("toml")[0], encoding="utf-8")
    assert [one.kind for one in read_trust(tmp_path / "trust.toml")] == ["user", "client"]


def test_every_ground_is_told():
    told = DOCS.split("## Who may open whom")[1].split("## Follow-up")[0]
    assert all(f"| `{basis}` |" in told for basis in get_args(Basis))


def test_every_key_and_decision_of_a_choice_is_told():
    told = DOCS.split("## What the person chose")[1].split("## Who may open whom")[0]
    for word in (*ChoiceRequest.model_fields, *get_args(Decision)):
        assert f"`{word}`" in told or f'"{word}"' in told
    assert f"at most {LONGEST} characters" in told


@pytest.mark.parametrize("status", DETAILS)
def test_every_status_is_told(status):
    assert re.search(rf"^\| (\d+, )?{status}\b", DOCS, re.MULTILINE)


def test_the_limits_and_roles_are_the_ones_there_are():
    assert f"{LARGEST // 1024} KiB, {BODY_SECONDS:.0f} s" in DOCS
    assert f"connections ({MOST_CONNECTIONS})" in DOCS
    assert f"1 to {WORD} printable" in DOCS
    assert all(f"`{role}`" in DOCS for role in ROLES)


def test_a_token_made_as_shown_is_let_in(tmp_path, monkeypatch, capsys):
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP384R1())
    plain = s.NoEncryption()
    (tmp_path / "try_private.pem").write_bytes(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, plain))
    public = tmp_path / "try_public.pem"
    public.write_bytes(key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo))
    monkeypatch.chdir(tmp_path)
    (program,) = _blocks("python")
    assert ALGORITHM in program
    exec(program, {})
    issuer = Issuer(iss="urn:try", kind="user", keys=str(public), audience="urn:try:service")
    caller = Verifier([issuer]).caller([f"Bearer {capsys.readouterr().out.strip()}"])
    assert (caller.user, caller.role) == ("me", "clinician")


def test_the_commands_shown_are_the_ones_a_refused_demo_names():
    for command in TRY_IT[:3]:
        assert command in DOCS


def test_it_says_how_the_audit_log_is_verified_and_what_that_cannot_find():
    assert "stratify audit verify" in DOCS
    assert "can make a new history" in DOCS
