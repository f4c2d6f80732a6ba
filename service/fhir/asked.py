"""Returns a search as it was sent, by whom, in which language; and the answer to one for a person.

One person is opened as a look-up opens them: on a ground, and written down before anything is put together. Somebody
unknown, somebody outside the population and somebody who has said no to look-ups get the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from service.answers import answer
from service.audit import Action
from service.callers import Caller
from service.cds_hooks.words import Language, language_of
from service.demo import SYNTHETIC
from service.edge import MODEL_VERSION
from service.fhir.about import About, Ids, said
from service.fhir.outcome import FhirResponse, note
from service.fhir.searching import Form, form
from service.fhir.searchset import searchset
from service.fhir.types import Resource
from service.guard import Context, FromCaller, FromContext
from service.looking import Asking, opened
from service.said import NO_ADVICE
from service.schemas import Found, Patient
from service.served import Row, Served

BASE = "/fhir"
Made = tuple[Sequence[Resource], Sequence[Resource]]  # what matches, and what is included with it


@dataclass(frozen=True)
class One:
    """One person opened: what is told of them, and how it is told."""

    found: Found = field(repr=False)
    row: Row = field(repr=False)
    about: About
    served: Served


@dataclass(frozen=True)
class Search:
    """A search as it was sent, by whom, in which language."""

    form: Form = field(repr=False)
    request_id: str
    context: Context
    caller: Caller
    language: Language

    def for_one(self, kind: Action, patient: Patient, make: Callable[[One], Made]) -> FhirResponse:
        """Return what is made of one person, or that there is no advice, which says nothing about a risk."""
        asking = Asking(self.caller, patient.system, patient.identifier, kind)
        found = opened(self.context, self.request_id, asking)
        served, row = found.served, found.row
        told = answer(served, row)
        if row is None or not isinstance(told, Found):
            return bundle(kind, [], served, self.context, notes=[note(said(NO_ADVICE, self.language))])
        ids = Ids(served.key)
        about = About(patient.system, patient.identifier, found.name, ids, self.language, made_up(served))
        matches, included = make(One(told, row, about, served))
        return bundle(kind, matches, served, self.context, included)


def in_language(request: Request) -> Language:
    """Return the language the caller asks for first."""
    return language_of(request.headers.get("accept-language"))


InLanguage = Annotated[Language, Depends(in_language)]


def _search(
    told: Annotated[Form, Depends(form)],
    request: Request,
    context: FromContext,
    caller: FromCaller,
    language: InLanguage,
) -> Search:
    return Search(told, request.state.request_id, context, caller, language)


FromSearch = Annotated[Search, Depends(_search)]


def made_up(served: Served) -> bool:
    """Return whether the people who are served are made up."""
    return served.meta["source"] == SYNTHETIC


def bundle(
    kind: Action,
    matches: Sequence[Resource],
    served: Served,
    context: Context,
    included: Sequence[Resource] = (),
    notes: Sequence[Resource] = (),
    *,
    counted: bool = True,
) -> FhirResponse:
    """Return what was found as a searchset. Its own address names nobody."""
    rest = "" if kind == "MeasureReport" else "/_search"
    url = f"{context.settings.address}{BASE}/{kind}{rest}"
    told = searchset(url, matches, included, notes, counted=counted)
    return FhirResponse(told, headers={MODEL_VERSION: served.bundle.version})
