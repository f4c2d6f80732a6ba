"""Returns the pages: for now the first one, which says what this is, how it is, and where the interfaces are."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from service.demo import SYNTHETIC
from service.guard import FromContext

pages = APIRouter(include_in_schema=False)
TEMPLATES = Environment(loader=PackageLoader("service"), autoescape=True, undefined=StrictUndefined)
Language = Literal["da", "en"]
WORDS: dict[Language, dict[str, str]] = {
    "da": {
        "title": "Stratify",
        "what": "Viser, hvem der har flere sygdomme, hvilke risici de har, og hvilke tilbud der passer til hver.",
        "not_what": "Ikke medicinsk udstyr. Beslutningsstøtte: klinikeren og patienten beslutter.",
        "made_up": "Personerne her er opdigtede.",
        "state": "Tilstand", "ready": "svarer", "not_ready": "kan ikke svare nu", "data": "Data til og med",
        "model": "Model", "description": "Beskrivelse af snitfladen (OpenAPI)", "hooks": "CDS Hooks",
        "fhir": "FHIR", "health": "Tilstand, for driften", "other": "In English", "other_language": "en",
    },
    "en": {
        "title": "Stratify",
        "what": "Shows who has several diseases, what risks they have, and which offers fit each of them.",
        "not_what": "Not a medical device. Decision support: the clinician and the patient decide.",
        "made_up": "The people here are made up.",
        "state": "State", "ready": "answers", "not_ready": "cannot answer now", "data": "Data until",
        "model": "Model", "description": "Description of the interface (OpenAPI)", "hooks": "CDS Hooks",
        "fhir": "FHIR", "health": "State, for operations", "other": "På dansk", "other_language": "da",
    },
}  # fmt: skip


@pages.get("/")
@pages.get("/ui")
def first() -> Response:
    """Lead to the first page."""
    return RedirectResponse("/ui/", status_code=303)


@pages.get("/ui/")
def start(context: FromContext, language: Annotated[Language, Query(alias="lang")] = "da") -> HTMLResponse:
    """Return the first page."""
    served, words = context.store.last, WORDS[language]
    values: dict[str, Any] = {
        "language": language,
        "words": words,
        "ready": not context.readiness.reasons(),
        "covers_to": served.meta["covers_to"],
        "bundle": served.bundle.version,
        "made_up": served.meta["source"] == SYNTHETIC,
        "links": [*([("/openapi.json", words["description"])] if context.settings.demo else []),
                  ("/fhir/metadata", words["fhir"]), ("/readyz", words["health"])],
    }  # fmt: skip
    return HTMLResponse(TEMPLATES.get_template("start.html").render(values))
