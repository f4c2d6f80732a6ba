"""How a place in a card, a report or a model is written in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from models.report.figures import Figures, at
from models.report.made import counted
from models.report.more import split_of
from models.report.names import names_of
from models.report.words import Words
from stratify.errors import DataError


class Sources:
    """The files of a run by name, read place by place: card/made_on/test/n."""

    def __init__(self, files: Mapping[str, Any], words: Words) -> None:
        self.files, self.words = files, words

    def has(self, place: str) -> bool:
        """Return whether something stands there that is neither None nor empty."""
        try:
            found = self._at(place)
        except DataError:
            return False
        return found is not None and found not in ({}, [], "")

    def told(self, place: str, form: str | None) -> str:
        """Return what stands there in this form; what the report hides is told in words."""
        found = self._at(place)
        if form == "count" and place.startswith("card/made_on/"):
            part, key = place.rsplit("/", 1)
            return counted(self.words, self._at(part), key)
        if form in ("figure", "share", "count"):
            root, rest = place.split("/", 1)
            figures = Figures(self.files[root], self.words)
            if form == "figure":
                return figures.plain("/" + rest)
            if found is None:
                return figures.hidden("/" + rest)
            number = self.words.tongue.number
            return self.words.tongue.percent(found) if form == "share" else number(found, 0)
        if found is None:
            return self.words.tongue.words["hidden"]
        return FORMS[form](found, self.words) if form else self.words.of(found)

    def _at(self, place: str) -> Any:
        return at(self.files, "/" + place)


def _models(found: Mapping[str, Any], words: Words) -> str:
    named = names_of(words)
    return ", ".join(named(name) for name in found) or "–"


def _levels(found: Mapping[str, Any], words: Words) -> str:
    return ", ".join(words.named("levels", level) for level in found)


def _oe_span(found: Mapping[str, Any], words: Words) -> str:
    """The lowest and highest value among the levels that are shown."""
    shown = [one["oe"]["value"] for one in found.values() if not one["suppressed"] and one["oe"]["value"] is not None]
    if not shown:
        return words.tongue.words["hidden"]
    return f"{words.tongue.number(min(shown), 2)}–{words.tongue.number(max(shown), 2)}"


def _transforms(found: list[Mapping[str, Any]], words: Words) -> str:
    kinds = [column["transform"]["kind"] for column in found]
    return ", ".join(f"{words.named('transforms', kind)} ({kinds.count(kind)})" for kind in dict.fromkeys(kinds))


def _columns(found: list[Mapping[str, Any]], words: Words) -> str:
    return "; ".join(f"{words.of(one['label'])} ({one['id']})" if "label" in one else one["id"] for one in found)


def _strata(card: Mapping[str, Any], words: Words) -> str:
    """Whether the model of this card is calibrated apart for two strata."""
    calibration = card["candidates"][card["kind"]]["calibration"]
    return words("sheets/strata_apart" if calibration["strata"] else "sheets/strata_alike")


FORMS: Mapping[str, Callable[[Any, Words], str]] = {
    "yes": lambda found, words: words("page/yes" if found else "page/no"),
    "list": lambda found, _: ", ".join(map(str, found)),
    "last": lambda found, _: str(found[-1]),
    "texts": lambda found, words: " ".join(words.of(one) for one in found),
    "models": _models,
    "levels": _levels,
    "factors": lambda found, words: ", ".join(words.named("factors", name).lower() for name in found) or "–",
    "columns": _columns,
    "strata": _strata,
    "source": lambda found, words: words.named("sources", found),
    "transforms": _transforms,
    "kind": lambda found, words: words.named("kinds", found).capitalize(),
    "thresholds": lambda found, words: ", ".join(words.tongue.percent(one["threshold"], 0) for one in found),
    "oe_span": _oe_span,
    "splits": lambda found, words: ", ".join(split_of(words, one["split"]) for one in found),
    "versions": lambda found, _: ", ".join(f"{name} {version}" for name, version in sorted(found.items())),
}
