"""Returns to the page of a target when follow-up is written down; beside the form, in words, where it is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from models.report.targets.figures import Figures
from service.action_routes import act
from service.action_shapes import OPEN, ActionRequest
from service.actions import Asked
from service.follow_up import MOST_OPEN
from service.guard import Context, FromCaller, FromContext, Guarded
from service.holding import Standing, standing_of
from service.problem import RefusedError, field_problems
from service.target_routes import telling_of
from service.ui.forms import Form, FromForm
from service.ui.quality import shown
from service.ui.quality_words import ADDRESS, TargetWords
from service.ui.render import words_of
from service.ui.wording import UiWords

quality_write = APIRouter(include_in_schema=False, route_class=Guarded)
FIELDS = frozenset(ActionRequest.model_fields)
OPENING = "open"  # the place of the form that opens an action


@quality_write.post(ADDRESS + "/{target}/actions")
def quality_action(target: str, request: Request, context: FromContext, caller: FromCaller, form: FromForm) -> Response:
    """Open an action about a target, or change how one stands, as POST /v1/actions does."""
    told = telling_of(context.store.current(), target).told
    level = form.one("level") or None
    try:
        act(ActionRequest.model_validate(_asked(form, target, told)), request, context, caller)
    except ValidationError as error:
        found = {one.pointer for one in field_problems([dict(one) for one in error.errors()], FIELDS)}
    except RefusedError as error:
        found = {one.pointer for one in error.problems}
    else:
        shown_at = f"?level={level}" if level and level.isidentifier() else ""
        return RedirectResponse(f"{ADDRESS}/{target}{shown_at}#follow", status_code=303)
    place = form.one("id") or OPENING
    reasons = [one for name in sorted(found) for one in _reasons(name.removeprefix("/"), form, told, request, context)]
    wrong = {"place": place, "form": dict(form.fields), "words": list(dict.fromkeys(reasons))}
    known = level if level in told.get("units", {}) else None
    return shown(request, target, known, status=409, wrong=wrong)


def _asked(form: Form, target: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the form as an action about a target; why it is opened is what is served says, or an own wish."""
    asked: dict[str, Any] = {name: form.one(name) for name in ("text", "due")}
    asked |= {"target": target, "status": form.one("status") or "planned"}
    if form.one("id"):
        return asked | {"id": form.one("id"), "consent_to_name": form.one("consent") == "yes"}
    level, _, unit = form.one("where").partition("|")
    asked |= {"level": level, "unit": unit, "owner_role": form.one("owner") or None}
    asked["opened_because"] = form.one("because") or _because(told, level, unit)
    if form.one("goal"):
        asked["goal"] = _goal(form.one("goal"), told["unit"] == "share")
    return asked


def _because(told: Mapping[str, Any], level: str, unit: str) -> str:
    from stratify.quality.proposing import reasons_of

    if unit not in told.get("series", {}).get(level, {}):
        return "own_wish"
    return next((str(why) for why, _ in reasons_of(told, level, unit)), "own_wish")


def _goal(sent: str, share: bool) -> float | str:
    """Return a goal as it is held: shares are written in per cent. What is no number stays, to be refused."""
    try:
        value = float(sent.replace(",", ".").removesuffix("%").strip())
    except ValueError:
        return sent
    return value / 100 if share else value


def _reasons(name: str, form: Form, told: Mapping[str, Any], request: Request, context: Context) -> list[str]:
    """Return why a field was refused, in words of the page."""
    words = words_of(request)
    if name == "status" and form.one("status") == "held":
        return _not_held(form, told, words, context)
    if name == "unit":
        level, _, unit = form.one("where").partition("|")
        rows = context.actions.find(Asked(None, OPEN, level=level, unit=unit))
        if len(rows) >= MOST_OPEN:
            open_now = [words("quality_wrong/open_now", text=row["text"], due=words.day(row["due"])) for row in rows]
            return [words("quality_wrong/too_many", n=str(MOST_OPEN)), *open_now]
    return [words.named("quality_wrong", name or "form")]


def _not_held(form: Form, told: Mapping[str, Any], words: UiWords, context: Context) -> list[str]:
    """Return why an action cannot close as held yet, by the points that are served now."""
    row = context.actions.last(form.one("id"))
    goal = None if row is None else told["standard"] if row["goal"] is None else row["goal"]
    standing: Standing | None = None
    if row is not None and goal is not None:
        standing = standing_of(told, row["level"], row["unit"], goal)
    if goal is None or standing is None or not standing.why:
        return [words("quality_wrong/status")]
    figures = Figures(TargetWords(words.code), told["unit"])
    held_against = words("quality_held/not_yet", goal=figures.standard(float(goal)))
    return [held_against, *(words(f"quality_held/{why}", **standing.figures) for why in standing.why)]
