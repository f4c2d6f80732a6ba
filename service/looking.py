"""Returns one person opened for a caller: the one way to anybody's data, whatever the interface.

The ground is settled first, and the row in the audit log is committed before anything is answered: found, unknown,
closed by the person, denied or failed. Somebody unknown, somebody outside the population and somebody who has said no
to look-ups look the same from outside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy.engine import Connection
from starlette.exceptions import HTTPException

from service.access import basis_of
from service.audit import Action, Basis, Entry, Outcome
from service.callers import Caller
from service.choice_shapes import NOBODY
from service.guard import Context
from service.problem import RefusedError
from service.served import Row, Served
from stratify.pseudonym import pseudonym


@dataclass(frozen=True)
class Asking:
    """Who asks about whom, through what, why; and the reason of an emergency where there is no other ground."""

    caller: Caller
    system: str = field(repr=False)
    identifier: str = field(repr=False)
    action: Action
    purpose: str = "TREAT"
    override: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Opened:
    """The pair that answers, the person's row where there is one, and their pseudonym."""

    served: Served
    row: Row | None
    name: str = field(repr=False)
    basis: Basis


Find = Callable[[Served, str], Row | None]


def nightly(served: Served, name: str) -> Row | None:
    """Return a person's row in the scored population."""
    return served.find(name)


def opened(
    context: Context,
    request_id: str,
    asking: Asking,
    find: Find = nightly,
    also: Callable[[Connection], object] | None = None,
) -> Opened:
    """Return one person opened, written down. `find` says where the row comes from, `also` what is committed with it.

    Raises HTTPException (403) where there is no ground, AuditUnavailableError (503) where it cannot be written down,
    and what `find` raises, after a row `failed`.
    """
    served, name, basis = _grounds(context, request_id, asking)

    def entry(outcome: Outcome) -> Entry:
        return _entry(context, asking, outcome, request_id, served, name, basis)

    try:
        said = context.choices.about(name)
        closed = said.blocked and basis != "override"
        row = None if closed else find(served, name)
    except Exception:
        context.audit.record(entry("failed"))
        raise
    context.audit.record(entry("blocked" if closed else "not_found" if row is None else "found"), also=also)
    if row is not None:
        row = row.with_choices(said.choices).with_facts(said.facts, served.care.catalogue).with_words(said.words)
    return Opened(served, row, name, basis)


def to_write(context: Context, request_id: str, asking: Asking) -> tuple[Served, str, Callable[[Outcome], Entry]]:
    """Return the pair, the pseudonym, and what makes the rows, for writing something down about a person.

    Raises what `opened` raises, and RefusedError where there is nobody to write about, which is written down: somebody
    unknown, outside the population, or who has said no to look-ups.
    """
    served, name, basis = _grounds(context, request_id, asking)

    def entry(outcome: Outcome) -> Entry:
        return _entry(context, asking, outcome, request_id, served, name, basis)

    try:
        closed = context.choices.about(name).blocked
        found = None if closed else served.find(name)
    except Exception:
        context.audit.record(entry("failed"))
        raise
    if found is None:
        context.audit.record(entry("blocked" if closed else "not_found"))
        raise RefusedError([NOBODY])
    return served, name, entry


def _grounds(context: Context, request_id: str, asking: Asking) -> tuple[Served, str, Basis]:
    served = context.store.current()
    name = pseudonym(served.key, asking.system, asking.identifier)
    patient = (asking.system, asking.identifier)
    basis = basis_of(
        asking.caller, patient, lambda team: context.actions.follows(asking.caller.issuer, team, name), asking.override
    )
    if basis is None:
        context.audit.record(_entry(context, asking, "denied", request_id, served, name, None))
        raise HTTPException(403)
    return served, name, basis


def _entry(
    context: Context, asking: Asking, outcome: Outcome, request_id: str, served: Served, name: str, basis: Basis | None
) -> Entry:
    return context.entry(
        asking.caller,
        asking.action,
        outcome,
        request_id,
        purpose=asking.purpose,
        name=name,
        basis=basis,
        reason=asking.override,
        version=served.bundle.version,
    )
