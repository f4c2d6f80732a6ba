"""Returns what a search asks for, from the form in its body; whoever is asked about stands there and nowhere else.

Everything that is not known is refused: a parameter that was passed over would find more than was asked for. Nothing of
what was sent is repeated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import get_args
from urllib.parse import parse_qsl

from fastapi import Request
from pydantic import ValidationError

from service.audit import Action
from service.audit_search import Criteria
from service.fhir.audit_events import OUTCOME, outcomes_of
from service.fhir.systems import ACTIONS
from service.schemas import Patient

FORM = "application/x-www-form-urlencoded"
PATIENT = ("subject:identifier", "patient:identifier", "subject.identifier", "patient.identifier")
LOGGED_PATIENT = ("patient:identifier", "patient.identifier")
FORMATS = ("json", "application/json", "application/fhir+json")
ACCEPTED = frozenset({"*/*", "application/*", "application/json", "application/fhir+json"})
MOST_FIELDS = 20
DAY = re.compile(r"(eq|ge|le)?([0-9]{4}-[0-9]{2}-[0-9]{2})")
MOST_ROWS = 500
USER = "[ -~À-ɏ]{1,200}"  # printable Latin
NUMBER = "0|[1-9][0-9]{0,14}"
Form = Mapping[str, Sequence[str]]


class SearchError(Exception):
    """A search that cannot be done; holds the status and every reason, in words of ours."""

    def __init__(self, status: int, *reasons: str) -> None:
        super().__init__("a search cannot be done")
        self.status, self.reasons = status, reasons


@dataclass(frozen=True)
class LogSearch:
    """Rows of the audit log: of which person, and which."""

    patient: Patient | None = field(repr=False)
    criteria: Criteria

    def about(self, pseudonym: str | None) -> Criteria:
        """Return the criteria, about this person."""
        return replace(self.criteria, pseudonym=pseudonym)


def wants_json(request: Request) -> None:
    """Return when the caller takes FHIR R4 as JSON; raises SearchError (406)."""
    accepted = [one.strip().lower() for one in ",".join(request.headers.getlist("accept")).split(",") if one.strip()]
    parts = [[part.strip() for part in one.split(";")] for one in accepted]
    good = [one for one in parts if one[0] in ACCEPTED and not _other_version(one[1:])]
    if accepted and not good:
        raise SearchError(406, "FHIR R4 (fhirVersion=4.0) as application/fhir+json is what is answered here")


def _other_version(parameters: Sequence[str]) -> bool:
    return any(one.startswith("fhirversion=") and one not in ("fhirversion=4.0", 'fhirversion="4.0"')
               for one in parameters)  # fmt: skip


async def form(request: Request) -> Form:
    """Return the fields of a search's body. Raises SearchError for another kind of body, and for any in the address."""
    wants_json(request)
    content = await request.body()
    if content and request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise SearchError(415, f"a search is sent as {FORM}")
    if {*request.query_params} - {"_format"} or {*request.query_params.values()} - {*FORMATS}:
        raise SearchError(400, "parameters stand in the body, never in the address, which others may log")
    return fields(content)


def fields(content: bytes) -> Form:
    """Return the fields of an urlencoded text. Raises SearchError (400)."""
    try:
        pairs = parse_qsl(content.decode(), keep_blank_values=True, strict_parsing=bool(content), errors="strict",
                          max_num_fields=MOST_FIELDS)  # fmt: skip
    except ValueError:  # or no UTF-8
        raise SearchError(400, f"the parameters cannot be read as {FORM}, or are too many") from None
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def person_of(told: Form, *, revinclude: bool = False) -> Patient:
    """Return the one person a search is about. Raises SearchError (400) with everything that does not fit."""
    problems = _strangers(told, (*PATIENT, *(("_revinclude",) if revinclude else ())))
    if revinclude and set(told.get("_revinclude", ())) - {"Provenance:target"}:
        problems.append("_revinclude: Provenance:target is the only one, and is always there")
    found = _patient(told, PATIENT, problems)
    if found is None and not problems:
        problems.append(f"name one person by {PATIENT[0]} or {PATIENT[3]}, as system|identifier")
    if problems or found is None:
        raise SearchError(400, *problems)
    return found


def log_search_of(told: Form) -> LogSearch:
    """Return which rows of the audit log are asked for. Raises SearchError (400) with everything that does not fit."""
    known = (*LOGGED_PATIENT, "date", "altid", "subtype", "outcome", "_count", "after")
    problems = _strangers(told, known, often=("date",))
    if not told:
        problems.append("name at least one parameter: _count=100 finds whatever comes first")
    patient = _patient(told, LOGGED_PATIENT, problems)
    days = _days(told.get("date", ()), problems)
    user = _one(told, "altid")
    if user is not None and not re.fullmatch(USER, user):
        problems.append("altid: a user, of at most 200 printable characters of Latin script")
    actions = [one.removeprefix(f"{ACTIONS}|") for one in _parts(told, "subtype")]
    if set(actions) - set(get_args(Action)):
        problems.append(f"subtype: each is one of {', '.join(get_args(Action))}")
    codes = _parts(told, "outcome")
    if set(codes) - set(OUTCOME.values()):
        problems.append(f"outcome: each is one of {', '.join(sorted(set(OUTCOME.values())))}")
    most = _number(told, "_count", 100, range(1, MOST_ROWS + 1), problems)
    after = _number(told, "after", 0, range(10**15), problems)
    if problems:
        raise SearchError(400, *problems)
    outcomes = [ours for code in dict.fromkeys(codes) for ours in outcomes_of(code)]
    return LogSearch(
        patient,
        Criteria(
            user=user, actions=actions, outcomes=outcomes, since=days.get("ge"), until=days.get("le"), after=after,
            most=most,
        ),
    )  # fmt: skip


def measures_of(told: Form) -> tuple[str | None, str | None]:
    """Return the measure and the period that are asked for. Raises SearchError (400)."""
    problems = _strangers(told, ("measure", "period"))
    if problems:
        raise SearchError(400, *problems)
    period = _one(told, "period")
    return _one(told, "measure"), None if period is None else period.removeprefix("eq")


def _strangers(told: Form, known: Sequence[str], often: Sequence[str] = ()) -> list[str]:
    """Return what is not known, or stands there too often. Only names of ours are told."""
    problems = []
    if set(told) - {*known, "_format"}:
        problems.append(f"only these parameters are known here: {', '.join((*known, '_format'))}")
    problems += [f"{name}: once, not more often" for name in (*known, "_format")
                 if len(told.get(name, ())) > (2 if name in often else 1)]  # fmt: skip
    problems += [f"{name}: not empty" for name in known if "" in told.get(name, ())]
    if set(told.get("_format", ())) - set(FORMATS):
        problems.append("_format: json is what is answered here")
    return problems


def _patient(told: Form, names: Sequence[str], problems: list[str]) -> Patient | None:
    given = [name for name in names if name in told]
    if len(given) > 1:
        problems.append("one person a search, named once")
    if len(given) != 1:
        return None
    (name,) = given
    system, bar, value = told[name][0].partition("|")
    try:
        if not bar or "," in value:
            raise ValueError
        return Patient(system=system, value=value)
    except (ValidationError, ValueError):
        problems.append(f"{name}: one person as system|identifier, without blanks, bars and commas")
        return None


def _one(told: Form, name: str) -> str | None:
    return told[name][0] if told.get(name) else None


def _parts(told: Form, name: str) -> list[str]:
    value = _one(told, name)
    return [] if value is None else value.split(",")


def _number(told: Form, name: str, usual: int, allowed: range, problems: list[str]) -> int:
    value = _one(told, name)
    if value is None:
        return usual
    number = int(value) if re.fullmatch(NUMBER, value) else -1
    if number not in allowed:
        problems.append(f"{name}: a whole number from {allowed.start} to {allowed.stop - 1}")
    return number


def _days(told: Sequence[str], problems: list[str]) -> dict[str, date]:
    found: dict[str, date] = {}
    for value in told:
        parts = DAY.fullmatch(value)
        try:
            if parts is None:
                raise ValueError
            day = date.fromisoformat(parts[2])
        except ValueError:
            problems.append("date: a day, YYYY-MM-DD, by itself or after ge or le; both may be given")
            continue
        for bound in ("ge", "le") if parts[1] in (None, "eq") else (parts[1],):
            if bound in found:
                problems.append("date: each bound once")
            found[bound] = day
    return found
