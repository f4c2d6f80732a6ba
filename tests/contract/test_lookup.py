"""What a look-up answers: everything stored about the person, nothing about who is unknown."""

from dataclasses import replace

import numpy as np
import pytest

from models.bundle import load_champion
from models.explain import reasons
from service.answers import answer
from service.schemas import Found
from stratify.pseudonym import pseudonym, read_key


def test_a_known_person_gets_risks_reasons_gaps_stratum_offers_and_where_they_come_from(client, people):
    response = client.look_up(people.stored)
    assert response.status_code == 200
    answer = response.json()
    assert answer["status"] == "found"
    assert [(risk["outcome"], risk["population"]) for risk in answer["risks"]] == [
        ("acute_admission_365d", "psychiatric_somatic"),
        ("death_365d", "multimorbid"),
    ]
    assert answer["reasons"]["acute_admission_365d"][0]["contribution"] == 0.3
    assert answer["missing"][0]["text"]["en"] == "no HbA1c within two years"
    assert answer["stratum"]["need"] == {
        "id": "need_high",
        "level": 2,
        "why": answer["stratum"]["need"]["why"],
        "missing": answer["stratum"]["need"]["missing"],
    }
    told = {offer["id"]: offer for offer in answer["offers"]}
    assert told["overbliksstatus"]["answer"] == "bridge"
    assert told["overbliksstatus"]["bridges"][0]["name"]["da"] == "besøg i hjemmet"
    assert told["overbliksstatus"]["by"] == ["general practice"]
    assert answer["not_indicated"] > 0
    assert [warned["id"] for warned in answer["safety"]] == ["polypharmacy"]
    assert {"da", "en"} == set(answer["rights"][0])
    assert answer["conditions"] == ["diabetes", "hf", "hypertension", "t2d"]
    assert answer["data_as_of"] == "2024-12-31"
    assert answer["model"]["landmark"] == "2025-01-01"
    assert {"da", "en"} == set(answer["oversight"])


def test_every_answer_names_its_request_and_model_and_is_not_to_be_kept(client, people):
    response = client.look_up(people.stored)
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-model-version"] == response.json()["model"]["bundle_version"]
    assert len(response.headers["x-request-id"]) == 36


def test_what_was_worked_out_before_is_what_would_be_worked_out_now(client, people, app):
    served = app.state.context.store.current()
    row = served.find(pseudonym(served.key, people.system, people.stored))
    at_once = client.look_up(people.stored).json()
    assert at_once == answer(served, row).model_dump(mode="json")
    now = answer(served, replace(row, told=None)).model_dump(mode="json")
    assert {**now, "reasons": {}} == {**at_once, "reasons": {}}  # the test's own stored reasons are made up
    assert Found.model_validate(at_once)


def test_what_the_person_chose_is_weighed_at_once_and_the_reasons_stay(client, people):
    before = client.look_up(people.stored).json()
    body = {"patient": {"system": people.system, "value": people.stored}, "purpose": "TREAT"}
    body |= {"offer": "overbliksstatus", "decision": "accept"}
    assert client.send("POST", "/v1/choices", json=body).status_code == 200
    after = client.look_up(people.stored).json()
    assert after["reasons"] == before["reasons"]
    told = {offer["id"]: offer["accepted_on"] for offer in after["offers"]}
    assert [name for name, day in told.items() if day] == ["overbliksstatus"]


def test_reasons_that_were_not_stored_are_computed_from_the_features_as_the_batch_would(client, people, workspace):
    computed = client.look_up(people.computed).json()["reasons"]
    bundle = load_champion(workspace.bundles, workspace.keys / "bundle_public.pem")
    x = np.array([[4.0, 2.0, np.nan]])
    why = {group["id"]: group["why"] for group in bundle.content.reasons}
    for key, member in bundle.members.items():
        ids = [{**one, "columns": [column["id"] for column in one["columns"]]} for one in computed[key.split("/")[0]]]
        parts = member.contributions(x[:, bundle.places(key)])
        expected = reasons(parts, list(member.columns), bundle.content.reasons, 2)[0]
        assert ids == [{**one, "why": why[one["id"]]} for one in expected]
    assert bundle.places("acute_admission_365d/psychiatric_somatic") == [2, 0]
    assert computed["acute_admission_365d"][0]["group"]["en"] == "hospital contacts"
    assert computed["acute_admission_365d"][0]["contribution"] == pytest.approx(3.5 * 0.6)


@pytest.mark.parametrize("who", ["stored", "computed"])
def test_a_reason_names_its_columns_in_words_whether_stored_or_computed(who, client, people):
    (first, *_) = client.look_up(getattr(people, who)).json()["reasons"]["acute_admission_365d"]
    name = "stays_somatic_count_365"
    assert first["columns"] == [{"id": name, "label": {"da": f"{name} (da)", "en": name}}]


@pytest.mark.parametrize("who", ["stored", "computed"])
def test_a_reason_says_whether_it_can_be_changed_and_why(who, client, people):
    (first, *_) = client.look_up(getattr(people, who)).json()["reasons"]["acute_admission_365d"]
    assert (first["id"], first["modifiable"]) == ("hospital", "partly")
    assert first["why"] == {"da": "hospital contacts: partly (da)", "en": "hospital contacts: partly"}


def test_an_answer_says_once_that_reasons_are_no_causes(client, people):
    answer = client.look_up(people.stored).json()
    assert "do not explain the cause" in answer["reading"]["en"]
    assert "forklarer ikke årsagen" in answer["reading"]["da"]
    assert "reading" not in client.look_up(people.outside).json()


def test_an_unknown_person_and_one_outside_the_population_get_the_same_bytes(client, people):
    outside, unknown, elsewhere = (
        client.look_up(people.outside),
        client.look_up("999999999999"),
        client.look_up(people.stored, system="urn:example:other"),
    )
    assert outside.status_code == unknown.status_code == elsewhere.status_code == 200
    assert outside.content == unknown.content == elsewhere.content
    assert outside.json()["status"] == "no_advice"
    hidden = {"x-request-id"}
    assert [h for h in outside.headers.items() if h[0] not in hidden] == [
        h for h in unknown.headers.items() if h[0] not in hidden
    ]


def test_no_answer_repeats_who_was_asked_about(client, people, workspace):
    key = read_key(workspace.keys / "pseudonym.key")
    for person in (people.stored, people.outside):
        response = client.look_up(person)
        told = response.text + str(response.headers)
        assert person not in told
        assert pseudonym(key, people.system, person) not in told


def test_a_danish_number_may_be_written_with_its_dash(client, workspace, audit_rows):
    system = "urn:oid:1.2.208.176.1.2"
    client.look_up("0101010000", system=system)
    client.look_up("010101-0000", system=system)
    assert len({row["pseudonym"] for row in audit_rows()}) == 1


def test_quality_targets_come_with_few_people_withheld(client):
    answer = client.send("GET", "/v1/targets").json()
    assert [target["id"] for target in answer["targets"]] == ["hba1c_measured", "rare", "unmeasured"]
    rare = answer["targets"][1]
    assert rare["suppressed"]
    assert (rare["numerator"], rare["value"], rare["interval"]) == (None, None, None)
    assert (answer["targets"][2]["status"], answer["targets"][2]["lacking"]) == (
        "not_measurable",
        {"da": "no lab in this source (da)", "en": "no lab in this source"},
    )


def test_the_models_served_come_with_their_cards_and_with_what_could_not_be_trained(client, token):
    answer = client.send("GET", "/v1/models/current", token=token("data_scientist")).json()
    assert [(member["outcome"], member["population"], member["kind"]) for member in answer["members"]] == [
        ("acute_admission_365d", "psychiatric_somatic", "logistic"),
        ("death_365d", "multimorbid", "lightgbm"),
    ]
    assert answer["members"][0]["card"]["not_for"]["en"] == "children"
    (short,) = answer["not_trained"]
    assert (short["outcome"], short["population"], short["text"]) == ("death_365d", "psychiatric_somatic", "too few")
    assert answer["patient_system"] == "urn:stratify:synthetic"
    assert answer["data"]["delivered"] == "2025-01-15"
    assert answer["data"]["scored_covers_to"] == "2024-12-31"
