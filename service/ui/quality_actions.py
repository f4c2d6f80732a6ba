"""Returns follow-up as the pages of targets show it: what is proposed, what is open, what was held and what closed.

The lists are those of POST /v1/actions:search and of GET /v1/targets/{id}/examples, with their rows in the audit log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, get_args

from fastapi import Request
from starlette.responses import Response

from models.report.targets.figures import Figures
from service.action_routes import examples, list_actions
from service.action_shapes import OPEN, Action, ActionSearch, Status
from service.callers import Caller
from service.choices import today
from service.follow_up import MOST_OPEN
from service.guard import Context
from service.served import Served
from service.told import Telling
from service.ui.person_words import said
from service.ui.quality_words import ADDRESS, TargetWords
from service.ui.render import words_of
from service.ui.wording import UiWords
from stratify.quality.proposing import LEVELS, NO_UNIT, OWNERS

Told = Mapping[str, Any]
FIRST_DUE = timedelta(days=90)  # what the form proposes: the time until three more months can be seen
MOST = 200
SHOWN = 12  # of the open ones on the list


def open_by_target(request: Request, context: Context, caller: Caller) -> dict[str, list[Action]]:
    """Return what is open, by target, the soonest due first."""
    asked = ActionSearch(about="targets", status=list(OPEN), most=MOST)
    found: dict[str, list[Action]] = {}
    for one in list_actions(asked, request, context, caller).actions:
        found.setdefault(one.target or "", []).append(one)
    return found


def soonest(actions: Mapping[str, Sequence[Action]], served: Served, words: UiWords) -> dict[str, Any]:
    """Return the open actions that are due first, with their target's name."""
    names = {one.id: one.name for one in served.targets}
    every = sorted((one for of in actions.values() for one in of), key=lambda one: one.due)
    rows = []
    for one in every[:SHOWN]:
        name = names.get(one.target or "")
        told = (one.target or "") if name is None else said(name, words)
        where = _where(TargetWords(words.code), words, one.level or "region", one.unit or "")
        row = {"name": told, "address": f"{ADDRESS}/{one.target}#follow", "text": one.text, "due": words.day(one.due)}
        rows.append({**row, "overdue": one.overdue, "where": where})
    return {"rows": rows, "more": max(0, len(every) - SHOWN), "n": len(every)}


def follow_up(
    request: Request,
    context: Context,
    caller: Caller,
    telling: Telling,
    told: Told,
    words: TargetWords,
    *,
    unit_at: tuple[str, str | None],
) -> dict[str, Any]:
    """Return everything about follow-up of a target. unit_at: the level and unit that the form begins with."""
    asked = ActionSearch(about="targets", status=list(get_args(Status)), most=MOST, target=told["id"])
    found = [_action(one, told, words, words_of(request), caller) for one in
             list_actions(asked, request, context, caller).actions]  # fmt: skip
    held = examples(told["id"], Response(), context).examples
    figures, page_words = Figures(words, told["unit"]), words_of(request)
    open_now = [one for one in found if one["status"] in OPEN]
    level, unit = unit_at
    return {
        "proposals": [_proposal(one, words, page_words, figures) for one in telling.proposals],
        "open": open_now,
        "summary": _summary(page_words, words, [one["level"] for one in telling.proposals], len(open_now)),
        "held": [one for one in found if one["status"] == "held"],
        "closed": [one for one in found if one["status"] in ("done", "dropped", "lost")],
        "examples": [_example(one, words, page_words, figures) for one in held],
        "units": _units(told, words),
        "chosen_unit": f"{level}|{unit or ''}" if unit is not None or level == "region" else "region|",
        "form_open": unit is not None,
        "owner_choices": [(owner, page_words(f"quality_owner/{owner}")) for owner in OWNERS.values()],
        "due": {"least": today().isoformat(), "first": (today() + FIRST_DUE).isoformat()},
        "standard": told["standard"],
        "percent": told["unit"] == "share",
        "most_open": str(MOST_OPEN),
    }


def called(page_words: UiWords, words: TargetWords, levels: Sequence[str]) -> str:
    """Return who calls for follow-up, from the levels of the proposals: the region, and how many units."""
    told, units = (
        [page_words("quality/region_calls")] if "region" in levels else [],
        sum(one != "region" for one in levels),
    )
    if units:
        n = words.tongue.number(units, 0)
        told.append(page_words("quality/one_unit" if units == 1 else "quality/many_units", n=n))
    return " + ".join(told)


def counted(page_words: UiWords, words: TargetWords, n: int) -> str:
    """Return how many actions are open."""
    place = "no_action" if not n else "one_action" if n == 1 else "many_actions"
    return page_words(f"quality/{place}", n=words.tongue.number(n, 0))


def _summary(page_words: UiWords, words: TargetWords, levels: Sequence[str], n: int) -> str:
    """Return who calls for follow-up and how many actions are open, in one line."""
    places, actions = called(page_words, words, levels), counted(page_words, words, n)
    told = page_words("quality/calls", places=places, actions=actions) if places else actions
    return told[0].upper() + told[1:]


def _units(told: Told, words: TargetWords) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return whose series there are to follow up, by level: value and name of each."""
    groups = []
    for level in LEVELS:
        units = [one for one in told.get("series", {}).get(level, {}) if level == "region" or one not in NO_UNIT]
        if units:
            name = words("units/region") if level == "region" else words(f"levels/{level}")
            groups.append((name, [(f"{level}|{one}", words.unit(one)) for one in units]))
    return groups


def _proposal(one: Told, words: TargetWords, page_words: UiWords, figures: Figures) -> dict[str, Any]:
    because = [(f"quality_because/{why['because']}", words.period(why["since"])) for why in one["reasons"]]
    points = [words.of(look["text"]) for look in one["look_first"] if look["points_to_it"]]
    return {
        "where": _where(words, page_words, one["level"], one["unit"]),
        "level": one["level"],
        "unit": one["unit"],
        "reasons": [page_words(place, since=since) for place, since in because],
        "value": None if one["value"] is None else figures.value(one["value"]),
        "period": one["period"],
        "look": points,
    }


def _action(one: Action, told: Told, words: TargetWords, page_words: UiWords, caller: Caller) -> dict[str, Any]:
    figures = Figures(words, told["unit"])
    goal = told["standard"] if one.goal is None else one.goal
    return {
        "id": one.id,
        "where": _where(words, page_words, one.level or "region", one.unit or ""),
        "text": one.text,
        "due": page_words.day(one.due),
        "due_on": one.due,
        "status": one.status,
        "status_words": page_words(f"quality_status/{one.status}"),
        "overdue": one.overdue,
        "owner": page_words(f"quality_owner/{one.owner_role}") if one.owner_role else "",
        "because": page_words(f"quality_opened/{one.opened_because or 'own_wish'}"),
        "goal": "–" if goal is None else words(f"goals/{told['direction']}", value=figures.standard(goal)),
        "baseline": _value(figures, one.baseline, one.baseline_period),
        "now": _value(figures, one.now, one.now_period),
        "alarm": bool(one.alarm),
        "consent": bool(one.consent_to_name),
        "own": caller.care.unit == (one.level, one.unit),
        "changed": page_words.day(one.changed_on[:10]),
    }


def _example(one: Any, words: TargetWords, page_words: UiWords, figures: Figures) -> dict[str, Any]:
    return {
        "whose": words.of(one.whose.model_dump()),
        "tried": one.tried,
        "baseline": _value(figures, one.baseline, one.baseline_period),
        "now": _value(figures, one.now, one.now_period),
        "held_on": page_words.day(one.held_on),
    }


def _where(words: TargetWords, page_words: UiWords, level: str, unit: str) -> str:
    """Return whose it is; a hospital and a municipality may have one name."""
    return words.unit(unit) if level == "region" else f"{words.unit(unit)}, {page_words(f'quality_level/{level}')}"


def _value(figures: Figures, value: float | None, period: str | None) -> str:
    return figures.words("values/hidden") if value is None else f"{figures.value(value)} ({period})"
