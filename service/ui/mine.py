"""Returns the people whom the caller's own care team has an open action for, by the day it is due.

The list is that of POST /v1/actions:search, with its rows in the audit log: one for the list and one for each person.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from service.action_routes import list_actions
from service.action_shapes import Action, ActionSearch
from service.choices import today
from service.guard import Context, FromCaller, FromContext, Guarded
from service.schemas import Weighed
from service.served import Row, Served
from service.ui.person import ADDRESS
from service.ui.person_view import FIRST_ASKS
from service.ui.person_words import asks_of, said
from service.ui.render import page, words_of
from service.ui.wording import UiWords
from stratify.pseudonym import pseudonym

mine_pages = APIRouter(include_in_schema=False, route_class=Guarded)
SOON = timedelta(days=7)
LATELY = timedelta(days=30)
DISCHARGED = {"somatic": "days_since_somatic_discharge", "psychiatric": "days_since_psychiatric_discharge"}
GROUPS = ("overdue", "soon", "later")
MOST_ASKED = 10  # people whose offers are weighed for what is worth asking, those due first


@mine_pages.get("/ui/mine")
def mine(request: Request, context: FromContext, caller: FromCaller) -> Response:
    """Return what is open, what is overdue first, each with a link to the person."""
    asked = ActionSearch(about="people", most=100)
    answer = list_actions(asked, request, context, caller)
    served, words = context.store.current(), words_of(request)
    catalogue = served.care.catalogue
    people = {one.patient.value: one.patient for one in answer.actions if one.patient is not None}
    handles = {key: context.handles.of(served, caller, one.system, one.value) for key, one in people.items()}
    address = {key: f"{ADDRESS}/{handle}" for key, handle in handles.items()}
    names = {key: pseudonym(served.key, one.system, one.value) for key, one in people.items()}
    groups: dict[str, list[dict[str, Any]]] = {group: [] for group in GROUPS}
    for one in answer.actions:
        assert one.patient is not None
        offer = catalogue.offers.get(one.offer or "")
        groups[_group(one)].append(
            {
                "id": one.id,
                "who": one.patient.value,
                "address": address[one.patient.value],
                "text": one.text,
                "due": words.day(one.due),
                "due_on": one.due,
                "status": one.status,
                "offer": None if offer is None else said(offer.name, words),
            }
        )
    passed = [
        {"who": key, "address": address[key], "told": told}
        for key in people
        if (told := _passed(context, names[key], words))
    ]
    rows = {key: row for key in people if (row := _row(context, served, names[key])) is not None}
    home = [
        {"who": key, "address": address[key], "told": told}
        for key, row in rows.items()
        if (told := _discharged(served, row, words))
    ]
    asked_of = list(rows.items())[:MOST_ASKED]
    questions = [
        {
            "who": key,
            "address": f"{address[key]}#ask",
            "told": labels[:FIRST_ASKS],
            "more": len(labels) - FIRST_ASKS,
        }
        for key, row in asked_of
        if (labels := [str(one["label"]) for one in asks_of(served.tell(row, Weighed).offers, catalogue, words)])
    ]
    values: dict[str, Any] = {
        "questions": questions,
        "not_asked": len(rows) - len(asked_of),
        "groups": groups,
        "passed": passed,
        "home": home,
        "more": answer.more,
        "people": len(people),
    }
    return page(request, "mine.html", at="mine", **values)


def _row(context: Context, served: Served, name: str) -> Row | None:
    """Return what is served of somebody with what they chose and told; None of whoever has said no to look-ups."""
    said_here = context.choices.about(name)
    row = None if said_here.blocked else served.find(name)
    return (
        None if row is None else row.with_choices(said_here.choices).with_facts(said_here.facts, served.care.catalogue)
    )


def _discharged(served: Served, row: Row, words: UiWords) -> list[str]:
    """Return the discharges of the 30 days before people were scored."""
    found = {kind: row.stored.facts.get(fact) for kind, fact in DISCHARGED.items()}
    return [
        words(f"mine/home_{kind}", day=words.day(served.care.day - timedelta(days=days)))
        for kind, days in found.items()
        if isinstance(days, int | float) and days <= LATELY.days
    ]


def _passed(context: Context, name: str, words: UiWords) -> list[str]:
    """Return the offers whose no or later has ended, so that they may be mentioned again."""
    offers = context.store.current().care.catalogue.offers
    found = context.choices.ended(name, today())
    known = [(offers[one.offer or ""], one.until) for one in found if one.offer in offers and one.until is not None]
    return [f"{said(one.name, words)} ({words.day(until)})" for one, until in known]


def _group(one: Action) -> str:
    if one.overdue:
        return "overdue"
    return "soon" if one.due <= (today() + SOON).isoformat() else "later"
