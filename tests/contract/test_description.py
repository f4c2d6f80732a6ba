"""The OpenAPI document says what is asked, what is answered, and every error there can be."""

import pytest

from service.app import openapi_document

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
    ("get", "/v1/targets"): PLAIN,
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
