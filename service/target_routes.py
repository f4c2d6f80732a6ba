"""Returns the answers about quality targets: the list, everything told of one, and what calls for follow-up."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse

from service.edge import MODEL_VERSION
from service.guard import FromContext, Guarded, bearer
from service.problem import PLAIN, FieldProblem, RefusedError, responses
from service.schemas import TargetsAnswer
from service.served import Served
from service.target_shapes import Proposal, ProposalsAnswer, TargetAnswer, WhichSeries, WhichTargets
from service.told import Telling, Told, narrowed
from stratify.errors import did_you_mean

targets = APIRouter(prefix="/v1", route_class=Guarded, dependencies=[Depends(bearer)], tags=["quality targets"])
NOT_FOUND = "There is no such thing among the quality targets."


@targets.get("/targets", name="targets", responses=responses(*PLAIN, 422))
def list_targets(response: Response, context: FromContext, asked: Annotated[WhichTargets, Query()]) -> TargetsAnswer:
    """Return the quality targets in one line each, few people withheld. Roles: quality.

    With `chosen`, those that are followed up now, or those that are not.
    """
    served = context.store.current()
    response.headers[MODEL_VERSION] = served.bundle.version
    wanted = [one for one in served.targets if asked.chosen in (None, one.chosen)]
    return TargetsAnswer(targets=wanted, data_as_of=served.meta["covers_to"])


@targets.get("/targets:proposals", responses=responses(*PLAIN))
def proposals(response: Response, context: FromContext) -> ProposalsAnswer:
    """Return the units in which a target that is followed up now calls for action, and why. Roles: quality.

    A proposal where the standard is not met in the latest year, where the process cannot meet it, or where the latest
    point is a signal for the worse. Nothing is opened by itself.
    """
    served = context.store.current()
    response.headers[MODEL_VERSION] = served.bundle.version
    found = [
        Proposal.model_validate(one)
        for target in served.targets
        if target.chosen
        for one in telling_of(served, target.id).proposals
    ]
    return ProposalsAnswer(proposals=found, data_as_of=served.meta["covers_to"])


@targets.get("/targets/{target}", response_model=TargetAnswer, responses=responses(*PLAIN, 404, 422))
def target(target: str, context: FromContext, asked: Annotated[WhichSeries, Query()]) -> Response:
    """Return everything that is told of one target, and what calls for follow-up. Roles: quality.

    With `level`, the series of that level alone; with `unit` too, of that unit. 404 names the nearest there is.
    """
    served = context.store.current()
    level, unit = asked.level, asked.unit
    found = telling_of(served, target)
    (line,) = [one for one in served.targets if one.id == target]
    wanted = [one for one in found.proposals if level in (None, one["level"]) and unit in (None, one["unit"])]
    told = found.pieces() if level is None and unit is None else [_json(_one(found.told, level, unit))]
    head = b'{"target":' + line.model_dump_json().encode() + b',"proposals":' + _json(wanted)
    head += b',"data_as_of":' + _json(served.meta["covers_to"]) + b',"told":'
    headers = {MODEL_VERSION: served.bundle.version}
    return StreamingResponse(_in_turn(head, told), headers=headers, media_type="application/json")


async def _in_turn(head: bytes, told: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Yield an answer in pieces, each of which takes no time worth a thread."""
    yield head
    for piece in told:
        yield piece
    yield b"}"


def _json(told: Any) -> bytes:
    return json.dumps(told, ensure_ascii=False).encode()


def telling_of(served: Served, target: str) -> Telling:
    """Return what is told of a target. Raises RefusedError (404) where there is none, with the nearest id."""
    found = served.tellings.of(target)
    if found is None:
        raise not_found("target", "no such target", target, [one.id for one in served.targets])
    return found


def unit_of(told: Mapping[str, Any], level: str, unit: str) -> dict[str, Any]:
    """Return the series of a unit. Raises RefusedError (404) where there is none, with the nearest."""
    found: dict[str, Any] = _one(told, level, unit)["series"][level][unit]
    return found


def _one(told: Mapping[str, Any], level: str | None, unit: str | None) -> Told:
    lines = told.get("series", {})
    if level is None:
        raise not_found("level", "a unit is one of a level: name the level too", "", [])
    if level not in lines:
        told_for = f"this target is told for {', '.join(lines)}" if lines else "this target is told for no level"
        raise not_found("level", told_for, level, list(lines))
    if unit is not None and unit not in lines[level]:
        raise not_found("unit", "no such unit of this level", unit, [one for one in lines[level] if one])
    return narrowed(told, level, unit)


def not_found(place: str, why: str, given: str, known: list[str]) -> RefusedError:
    """Return what says that something is not there: 404, and the nearest there is."""
    nearest = did_you_mean(given, known)
    return RefusedError([FieldProblem(pointer=f"/{place}", problem=f"{why}{nearest}")], 404, NOT_FOUND)
