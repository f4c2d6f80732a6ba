"""The whole interface asked at random, as its description says and otherwise: every answer is one that is described."""

from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode

from service.app import create_app, openapi_document
from service.demo import demo_client_token, demo_token
from service.settings import Settings

pytestmark = pytest.mark.slow
CONFIG = Path(__file__).parents[2] / "schemathesis.toml"
ROLES = ("clinician", "coordinator", "quality", "auditor", "ops", "data_scientist")
OPERATIONS = sorted((path, method) for path, item in openapi_document()["paths"].items() for method in item)


@pytest.fixture
def app(workspace):
    """The application, as many requests as one likes."""
    app = create_app(Settings(work=workspace.root, demo=True, per_minute=10_000_000))
    yield app
    app.state.context.audit.close()


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("path, method", OPERATIONS)
def test_every_answer_is_one_that_is_described(path, method, mode, app, workspace, people):
    described = schemathesis.openapi.from_asgi("/openapi.json", app, config=schemathesis.Config.from_path(CONFIG))
    operation = described[path][method]

    @settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
    @given(case=operation.as_strategy(generation_mode=mode))
    def asked(case):
        query = (case.query or {}).values()
        assume(not any(map(_leaves_nothing, query)))
        assume(mode == GenerationMode.POSITIVE or not any(map(_list_of_one, query)))
        if path.startswith("/cds-services/"):
            token = demo_client_token(workspace.keys, f"{app.state.context.settings.address}{case.formatted_path}")
        else:
            token = demo_token(workspace.keys, roles=ROLES, patient=(people.system, people.stored))
        # there is no store here, so that who is to be scored from it is told that this cannot be done now
        from_store = isinstance(case.body, dict) and case.body.get("basis") == "store"
        beside = [not_a_server_error] if from_store else []
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, excluded_checks=beside)

    try:
        asked()
    except Exception as error:
        if (
            "Unsatisfiable" not in type(error).__name__
        ):  # nothing that is wrong can be made for an operation without input
            raise


def _leaves_nothing(value):
    """Whether a value of the query leaves nothing in the address, however wrong it is."""
    if isinstance(value, list | dict):
        return any(map(_leaves_nothing, value if isinstance(value, list) else value.values())) or not value
    return value is None


def _list_of_one(value):
    """Whether a value of the query reads in the address as its only member, so that nothing need be wrong there."""
    return isinstance(value, list) and len(value) == 1
