"""Returns to the page of a person when what they said is written down; beside the form, in words, where it is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from service.action_routes import act
from service.action_shapes import ActionRequest
from service.choice_shapes import ChoiceRequest
from service.guard import FromCaller, FromContext, Guarded
from service.own_words import WordsRequest
from service.problem import RefusedError, field_problems
from service.routes import choose, speak, tell_fact
from service.told_facts import FactRequest, Value, tellable
from service.ui.forms import Form, FromForm
from service.ui.person import ADDRESS, back, nobody, shown, whose
from service.ui.render import words_of
from stratify.care.choices import NOT_NOW
from stratify.care.facts import FactKind

person_write = APIRouter(include_in_schema=False, route_class=Guarded)
FIELDS = frozenset({"decision", "reason", "until", "offer", "preference", "fact", "value", "text", "due", "kind"})


@person_write.post(ADDRESS + "/{handle}/choices")
def patient_choice(request: Request, handle: str, context: FromContext, caller: FromCaller, form: FromForm) -> Response:
    """Write down what the person said of an offer or a preference, as POST /v1/choices does."""
    system, identifier = whose(request, handle)

    def write() -> None:
        asked = ChoiceRequest.model_validate(_choice(form, system, identifier))
        choose(asked, request, Response(), context, caller)

    return written(request, handle, form, write, "#said")


@person_write.post(ADDRESS + "/{handle}/facts")
def patient_fact(request: Request, handle: str, context: FromContext, caller: FromCaller, form: FromForm) -> Response:
    """Write down the answer to a question, as POST /v1/facts does."""
    system, identifier = whose(request, handle)
    catalogue = context.store.current().care.catalogue

    def write() -> None:
        kind = tellable(catalogue).get(form.one("fact"))
        asked = FactRequest.model_validate(
            {
                "patient": {"system": system, "value": identifier},
                "purpose": "TREAT",
                "fact": form.one("fact"),
                "value": value_of(form.one("value"), kind),
            }
        )
        tell_fact(asked, request, Response(), context, caller)

    return written(request, handle, form, write, "#ask" if form.one("at") == "ask" else "")


@person_write.post(ADDRESS + "/{handle}/words")
def patient_words(request: Request, handle: str, context: FromContext, caller: FromCaller, form: FromForm) -> Response:
    """Write down a strength or goal in the person's own words, or take it back, as POST /v1/words does."""
    system, identifier = whose(request, handle)

    def write() -> None:
        asked = WordsRequest.model_validate(
            {
                "patient": {"system": system, "value": identifier},
                "purpose": "TREAT",
                "kind": form.one("kind"),
                "text": form.one("text"),
                "held": form.one("held") != "no",
            }
        )
        speak(asked, request, Response(), context, caller)

    return written(request, handle, form, write, "#own")


@person_write.post(ADDRESS + "/{handle}/actions")
def patient_action(request: Request, handle: str, context: FromContext, caller: FromCaller, form: FromForm) -> Response:
    """Write down what the own team does by when, or that it is done, as POST /v1/actions does."""
    system, identifier = whose(request, handle)

    def write() -> None:
        asked = ActionRequest.model_validate(
            {
                "id": form.one("id") or None,
                "patient": {"system": system, "value": identifier},
                "purpose": "TREAT",
                "offer": form.one("offer") or None,
                "text": form.one("text"),
                "due": form.one("due"),
                "status": form.one("status") or "planned",
            }
        )
        act(asked, request, context, caller)

    if form.one("at") == "mine":
        write()
        return RedirectResponse("/ui/mine", status_code=303)
    return written(request, handle, form, write, "#follow")


def value_of(sent: str, kind: FactKind | None) -> Value | None:
    """Return what a form sent as a fact of this kind; what is none stays as it is, to be refused."""
    if sent == "unknown":
        return None
    if kind == "flag":
        return {"yes": True, "no": False}.get(sent, sent)
    if kind in ("number", "share"):
        with suppress(ValueError):
            return float(sent.replace(",", "."))
    return sent


def written(request: Request, handle: str, form: Form, write: Callable[[], None], place: str) -> Response:
    """Return to a place on the page; where it was refused, show the page again with the form as it was filled in."""
    try:
        write()
    except ValidationError as error:
        pointers = {one.pointer for one in field_problems([dict(one) for one in error.errors()], FIELDS)}
    except RefusedError as error:
        pointers = {one.pointer for one in error.problems}
    else:
        return back(handle, place)
    if "/patient" in pointers:
        return nobody(request)
    offer = form.one("offer")
    where = f"offer-{offer}" if offer else place.removeprefix("#") or "lacks"
    if place == "#own":  # its text has a length of its own
        pointers = {"/own_words" if one == "/text" else one for one in pointers}
    at = {"form": dict(form.fields), "words": _wrong(request, pointers), "place": where}
    return shown(request, handle, status=422, at=at)


def _wrong(request: Request, pointers: set[str]) -> Mapping[str, str]:
    """Return what is wrong by field, in words of the page's language."""
    words = words_of(request)
    found = {pointer.removeprefix("/") or "decision" for pointer in pointers}
    return {field: words.named("person_wrong", field) for field in sorted(found)}


def _choice(form: Form, system: str, identifier: str) -> dict[str, Any]:
    """Return the form as a choice; the day counts for a no and for a later alone."""
    decision = form.one("decision")
    return {
        "patient": {"system": system, "value": identifier},
        "purpose": "TREAT",
        "offer": form.one("offer") or None,
        "preference": form.one("preference") or None,
        "decision": decision,
        "reason": form.one("reason"),
        "until": (form.one("until") or None) if decision in NOT_NOW else None,
    }
