"""The OpenAPI document says what is asked, what is answered, and every error there can be."""

import json

import pytest
from pydantic import TypeAdapter

from service.action_shapes import ActionAnswer, ActionRequest, ActionsAnswer, ActionSearch, ExamplesAnswer
from service.app import openapi_document
from service.audit_routes import AuditAnswer, AuditSearch
from service.case_shapes import CasesAnswer, CauseAnswer, CauseRequest
from service.cds_hooks.answers import Cards, Discovery, Nothing
from service.cds_hooks.shapes import FeedbackRequest, HookRequest
from service.choice_shapes import ChoiceRequest, ChoicesAnswer
from service.own_words import WordsAnswer, WordsRequest
from service.questions import AnswerRequest, AnswerWritten, QuestionsAnswer
from service.schemas import LookupAnswer, LookupRequest, TargetsAnswer
from service.status_shapes import ModelsAnswer
from service.target_shapes import ProposalsAnswer, TargetAnswer
from service.told_facts import FactRequest, FactsAnswer

PLAIN = {"401", "403", "408", "413", "429", "500", "503"}
SEARCHED = PLAIN | {"400", "422"}
PERSONS = SEARCHED | {"409"}
ERRORS = {
    ("post", "/v1/scores:lookup"): PERSONS,
    ("post", "/v1/choices"): PERSONS,
    ("post", "/v1/actions"): PERSONS,
    ("post", "/v1/actions:search"): SEARCHED,
    ("post", "/v1/audit:search"): SEARCHED,
    ("get", "/cds-services"): set(),
    ("post", "/cds-services/{service}"): SEARCHED | {"404", "412"},
    ("post", "/cds-services/{service}/feedback"): (SEARCHED | {"404"}) - {"422", "403"},
    ("post", "/fhir/RiskAssessment/_search"): PLAIN | {"400", "406", "415"},
    ("post", "/fhir/CarePlan/_search"): PLAIN | {"400", "406", "415"},
    ("post", "/fhir/ServiceRequest/_search"): PLAIN | {"400", "406", "415"},
    ("post", "/fhir/AuditEvent/_search"): PLAIN | {"400", "406", "415"},
    ("get", "/fhir/MeasureReport"): PLAIN | {"400", "406"},
    ("get", "/fhir/metadata"): {"406"},
    ("get", "/v1/targets"): PLAIN | {"422"},
    ("get", "/v1/targets:proposals"): PLAIN,
    ("get", "/v1/targets/{target}"): PLAIN | {"404", "422"},
    ("get", "/v1/targets/{target}/examples"): PLAIN | {"404", "422"},
    ("get", "/v1/targets/{target}/cases"): PLAIN | {"404", "422"},
    ("post", "/v1/targets/{target}/cases:cause"): PERSONS | {"404"},
    ("get", "/v1/questions"): PLAIN,
    ("post", "/v1/answers"): PERSONS,
    ("post", "/v1/facts"): PERSONS,
    ("post", "/v1/words"): PERSONS,
    ("get", "/v1/models/current"): PLAIN,
    ("get", "/readyz"): {"503"},
    ("get", "/livez"): set(),
    ("get", "/metrics"): set(),
}


@pytest.fixture(scope="module")
def document():
    return openapi_document()


def _references(node):
    if isinstance(node, dict):
        yield from ([node["$ref"]] if isinstance(node.get("$ref"), str) else [])
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def test_it_is_made_without_a_work_folder_and_the_same_each_time(document):
    assert document == openapi_document()
    assert document["openapi"].startswith("3.1")
    assert document["info"]["version"]


def test_every_operation_says_which_errors_it_answers_with(document):
    operations = {(method, path): op for path, item in document["paths"].items() for method, op in item.items()}
    assert set(operations) == set(ERRORS)
    for place, operation in operations.items():
        told = {status for status in operation["responses"] if status != "200"}
        assert told == ERRORS[place], place
        for status in told:
            hook = place[1].startswith("/cds-services/") and status in ("400", "403", "404", "412", "422")
            wanted = "application/json" if hook else "application/problem+json"  # an OperationOutcome
            wanted = "application/fhir+json" if place[1].startswith("/fhir/") else wanted
            assert list(operation["responses"][status]["content"]) == [wanted]


def test_every_reference_leads_somewhere(document):
    shapes = document["components"]["schemas"]
    for reference in _references(document):
        assert reference.removeprefix("#/components/schemas/") in shapes, reference


def test_no_shape_is_left_that_nothing_uses(document):
    used = {reference.rsplit("/", 1)[-1] for reference in _references(document)}
    assert set(document["components"]["schemas"]) <= used


def test_guarded_operations_name_the_bearer_token_and_operations_have_names_of_their_own(document):
    names = []
    for path, item in document["paths"].items():
        for operation in item.values():
            names.append(operation["operationId"])
            assert bool(operation.get("security")) == (
                path.startswith(("/v1/", "/cds-services/", "/fhir/")) and path != "/fhir/metadata"
            )
    assert len(set(names)) == len(names)
    assert document["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"


def test_an_answer_is_told_apart_by_its_status(document):
    schema = document["paths"]["/v1/scores:lookup"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema["discriminator"]["propertyName"] == "status"
    assert set(schema["discriminator"]["mapping"]) == {"found", "no_advice"}


def test_a_reason_is_described_with_its_columns_in_words(document):
    shapes = document["components"]["schemas"]
    assert shapes["Reason"]["properties"]["columns"]["items"] == {"$ref": "#/components/schemas/NamedColumn"}
    assert set(shapes["NamedColumn"]["required"]) == {"id", "label"}


def test_the_demo_shows_the_same_document(client, document):
    assert client.send("GET", "/openapi.json").json() == document


def test_documented_errors_are_the_ones_that_come(client, token, document):
    seen = {
        client.send("POST", "/v1/scores:lookup", **sent).status_code
        for sent in (
            {"token": None},
            {"content": b"[" * 60000, "headers": {"Content-Type": "application/json"}},
            {"content": b" " * 70000},
            {"json": {}},
        )
    }
    assert {str(status) for status in seen} <= set(document["paths"]["/v1/scores:lookup"]["post"]["responses"])


ASKED = {
    "/v1/scores:lookup": LookupRequest,
    "/v1/choices": ChoiceRequest,
    "/v1/actions": ActionRequest,
    "/v1/actions:search": ActionSearch,
    "/v1/audit:search": AuditSearch,
    "/v1/answers": AnswerRequest,
    "/v1/facts": FactRequest,
    "/v1/words": WordsRequest,
    "/v1/targets/{target}/cases:cause": CauseRequest,
    "/cds-services/{service}": HookRequest,
    "/cds-services/{service}/feedback": FeedbackRequest,
}
ANSWERED = {
    "/v1/scores:lookup": LookupAnswer,
    "/v1/choices": ChoicesAnswer,
    "/v1/targets": TargetsAnswer,
    "/v1/targets:proposals": ProposalsAnswer,
    "/v1/targets/{target}": TargetAnswer,
    "/v1/targets/{target}/examples": ExamplesAnswer,
    "/v1/targets/{target}/cases": CasesAnswer,
    "/v1/targets/{target}/cases:cause": CauseAnswer,
    "/v1/questions": QuestionsAnswer,
    "/v1/answers": AnswerWritten,
    "/v1/facts": FactsAnswer,
    "/v1/words": WordsAnswer,
    "/v1/models/current": ModelsAnswer,
    "/v1/actions": ActionAnswer,
    "/v1/actions:search": ActionsAnswer,
    "/v1/audit:search": AuditAnswer,
    "/cds-services": Discovery,
    "/cds-services/{service}": Cards,
    "/cds-services/{service}/feedback": Nothing,
}


def test_what_is_asked_and_answered_has_examples_in_both_languages_and_each_has_its_shape(document):
    shown = {path: item for path, item in document["paths"].items() if path.startswith(("/v1/", "/cds-services"))}
    assert set(shown) == set(ANSWERED)
    for path, item in shown.items():
        (operation,) = item.values()
        assert ("requestBody" in operation) == (path in ASKED)
        for shape, place in ((ASKED.get(path), operation.get("requestBody")),
                             (ANSWERED[path], operation["responses"]["200"])):  # fmt: skip
            if shape is not None:
                examples = place["content"]["application/json"]["examples"]
                assert {name.rsplit("_", 1)[-1] for name in examples} == {"da", "en"}
                for example in examples.values():
                    read = TypeAdapter(shape).validate_json(json.dumps(example["value"]))
                    assert "null" not in json.dumps(example["value"]) or path.startswith("/v1/")
                    assert read is not None
