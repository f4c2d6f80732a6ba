"""Returns what is written down of an action about a quality target, or why it cannot be.

What it is held against is settled when it is opened, and stays: a goal that moves to where one stands closes anything.
It closes as `held` by the rule alone, on the points that are served now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from service.action_shapes import OPEN, ActionRequest
from service.callers import Caller
from service.holding import standing_of, value_of
from service.problem import FieldProblem, RefusedError
from service.target_routes import unit_of
from stratify.quality.proposing import OWNERS, reasons_of

MOST_OPEN = 3  # of one unit at a time: who follows up everything follows up nothing
STAYS = ("level", "unit", "owner_role", "opened_because", "goal", "baseline", "baseline_period")
NAMED_WHEN = "a unit is named by its owner alone (the token's unit), and when it is held"
Told = Mapping[str, Any]


def opening(asked: ActionRequest, told: Told) -> dict[str, Any]:
    """Return what an action is opened with: whose series, why, the goal and the value now.

    Raises RefusedError with everything that does not fit.
    """
    level, unit = asked.level or "region", asked.unit or ""
    try:
        unit_of(told, level, unit)
    except RefusedError as error:
        raise RefusedError(error.problems) from None
    goal = told["standard"] if asked.goal is None else asked.goal
    because = asked.opened_because or "own_wish"
    problems = list(_opening_problems(asked, told, goal, [one for one, _ in reasons_of(told, level, unit)]))
    if problems:
        raise _refused(problems)
    value, period = value_of(told, level, unit)
    return {
        "level": level,
        "unit": unit,
        "owner_role": asked.owner_role or OWNERS[level],
        "opened_because": because,
        "goal": goal,
        "baseline": value,
        "baseline_period": period,
    }


def _opening_problems(
    asked: ActionRequest, told: Told, goal: float | None, reasons: Sequence[str]
) -> Iterator[tuple[str, str]]:
    if goal is None:
        yield "goal", "this target has no standard: name the value that it is held against"
    elif goal < 0 or (told["unit"] == "share" and goal > 1):
        yield "goal", "a share lies between 0 and 1; a rate is for 1,000 years lived and not below 0"
    if asked.opened_because not in (None, "own_wish", *reasons):
        yield "opened_because", f"what is served does not say so; {' or '.join([*reasons, 'own_wish'])} would be right"
    if asked.status not in OPEN:
        yield "status", "a new action is planned or started"
    if asked.consent_to_name:
        yield "consent_to_name", NAMED_WHEN


def changing(asked: ActionRequest, before: Mapping[str, Any], told: Told, caller: Caller) -> dict[str, Any]:
    """Return what a change keeps, and consent. Raises RefusedError where the change cannot be, with every reason."""
    kept = {name: before[name] for name in STAYS}
    problems = [*_unlike(asked, kept), *_status_problems(asked, before, told), *_consent_problems(asked, kept, caller)]
    if problems:
        raise _refused(problems)
    return kept | {"consent_to_name": asked.consent_to_name if asked.status == "held" else None}


def _unlike(asked: ActionRequest, kept: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("level", "unit", "opened_because", "goal"):
        given = getattr(asked, name)
        if given is not None and given != kept[name]:
            yield name, "this stays as it was when the action was opened: open another one"


def _status_problems(asked: ActionRequest, before: Mapping[str, Any], told: Told) -> Iterator[tuple[str, str]]:
    if before["status"] == "held" and asked.status not in ("held", "lost"):
        yield "status", "what was held stays held, or is lost"
    elif asked.status == "lost" and before["status"] != "held":
        yield "status", "only what was held can be lost"
    elif asked.status == "held":
        goal = told["standard"] if before["goal"] is None else before["goal"]
        standing = None if goal is None else standing_of(told, before["level"], before["unit"], goal)
        if standing is None:
            yield "status", "there is no goal, or no series of this unit: it cannot be told whether this is held"
        elif before["status"] != "held":  # of what was held before, consent may still be given or taken back
            yield from (("status", f"not held yet: {why}") for why in standing.not_yet)


def _consent_problems(asked: ActionRequest, kept: Mapping[str, Any], caller: Caller) -> Iterator[tuple[str, str]]:
    own = caller.care.unit == (kept["level"], kept["unit"])
    if asked.consent_to_name and (asked.status != "held" or not own):
        yield "consent_to_name", NAMED_WHEN
    if asked.status == "held" and not asked.consent_to_name and _names(asked.text, kept["unit"]):
        yield "text", "it names the unit: leave the name out, or consent to it"


def _names(text: str, unit: str) -> bool:
    return bool(unit) and unit.casefold() in text.casefold()


def too_many(open_now: Sequence[Mapping[str, Any]]) -> RefusedError:
    """Return what says that a unit has as many open actions as it may, and which they are."""
    return _refused(
        [("unit", f"{MOST_OPEN} actions of this unit are open already: end one of them first")]
        + [("unit", f"open: {row['target']}, due {row['due']}, id {row['action_id']}") for row in open_now]
    )


def _refused(problems: Sequence[tuple[str, str]]) -> RefusedError:
    return RefusedError([FieldProblem(pointer=f"/{place}", problem=why) for place, why in problems])
