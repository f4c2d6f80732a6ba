"""Returns what the list of targets shows: what calls for action first, then the other chosen ones, then the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from models.report.targets.glance import COLUMNS, glance
from models.report.targets.signal_words import sentence, signal_table
from models.report.targets.signals import expect
from service.schemas import Target
from service.served import Served
from service.told import Glance
from service.ui.quality_actions import called, counted
from service.ui.quality_words import TargetWords
from service.ui.wording import UiWords

GROUPS = ("region", "units", "quiet")  # the chosen targets: the region calls for action, units do, nobody does


def quality_list(
    words: TargetWords, served: Served, page_words: UiWords, open_now: Mapping[str, int]
) -> dict[str, Any]:
    """Return the tables of targets, and how many charts signal. open_now: how many actions are open, by target."""
    glances = {one.id: found for one in served.targets if (found := served.tellings.glance(one.id)) is not None}
    proposed = {one.id: _proposed(served, one) for one in served.targets}
    row = _Row(words, page_words, glances, proposed, open_now)
    groups: dict[str, list[str]] = {group: [] for group in GROUPS}
    chosen = [one for one in served.targets if one.chosen]
    for one in sorted(chosen, key=lambda one: -len(proposed[one.id])):
        calls = proposed[one.id]
        groups["region" if "region" in calls else "units" if calls else "quiet"].append(row.of(one))
    lacking = [one for one in served.targets if not one.chosen and one.status == "not_measurable"]
    others = [one for one in served.targets if not one.chosen and one not in lacking]
    watched = [each for one in glances.values() for each in one.watched]
    expected = expect(watched, sum(one.too_few for one in glances.values()))
    names = {one.id: {"name": one.name.model_dump(), "parts": glances[one.id].parts} for one in served.targets
             if one.id in glances}  # fmt: skip
    return {
        "columns": [words(f"first/{one}") for one in COLUMNS] + [page_words("quality/follow")],
        "groups": {name: "".join(rows) for name, rows in groups.items() if rows},
        "others": "".join(row.of(one) for one in others),
        "lacking": [{"name": words.of(one.name.model_dump()), "address": words.link(one.id)} for one in lacking],
        "sentence": sentence(words, expected),
        "meaning": words("signals/meaning", few=words.tongue.number(expected.too_few, 0)),
        "signals": signal_table(words, names, watched),
        "signalling": expected.signals,
        "caption": words("first/caption"),
        "other_name": words("page/others"),
        "lacking_name": words("page/lacking"),
    }


class _Row:
    """Makes the rows of targets."""

    def __init__(
        self,
        words: TargetWords,
        page_words: UiWords,
        glances: Mapping[str, Glance],
        proposed: Mapping[str, Sequence[str]],
        open_now: Mapping[str, int],
    ) -> None:
        self.words, self.page_words, self.glances = words, page_words, glances
        self.proposed, self.open_now = proposed, open_now
        self.names = [words(f"first/{one}") for one in COLUMNS[1:]] + [page_words("quality/follow")]

    def of(self, target: Target) -> str:
        """Return a target's row."""
        found = self.glances.get(target.id)
        head, *cells = glance(self.words, target.model_dump(), None if found is None else found.gaps)
        cells.append(self._follow(target))
        told = "".join(
            f'<td data-is="{escape(name)}"><div>{cell}</div></td>' for name, cell in zip(self.names, cells, strict=True)
        )
        return f'<tr><th scope="row">{head}</th>{told}</tr>'

    def _follow(self, target: Target) -> str:
        if target.status == "not_measurable":
            return "–"
        n = self.open_now.get(target.id, 0)
        who = called(self.page_words, self.words, self.proposed[target.id])
        if not who and not n:
            return "–"
        first = f'<span class="{"strong" if not n else ""}">{escape(who or "–")}</span>'
        return f"{first} <small>{escape(counted(self.page_words, self.words, n))}</small>"


def _proposed(served: Served, target: Target) -> list[str]:
    """Return the levels of what calls for follow-up of a target."""
    telling = served.tellings.of(target.id)
    return [] if telling is None else [one["level"] for one in telling.proposals]
