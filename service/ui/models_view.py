"""Returns what the pages of the models show, put together from the parts that the printed report is made of."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from models.report import tables
from models.report.figures import Figures, refuse_other
from models.report.first import core_figures
from models.report.gates import gates_table
from models.report.gates import told as gate_told
from models.report.made import made
from models.report.names import populations
from models.report.pictures import curves, forests
from models.report.verdict import verdict
from models.report.words import Words
from service.served import Verified
from service.ui.wording import UiWords
from service.written import read_written
from stratify.disclosure import shown
from stratify.errors import DataError
from stratify.workspace import Workspace

CANDIDATES = ("logistic", "lightgbm")
MOST_PROMOTIONS = 20  # lines shown of who took what into use
GATE = re.compile(r"([^;]+?): ([^;]+?); asked: ([^;]+)(?:; |$)")  # as `models.gates.Gate.line` tells one
VERDICTS = ("met", "undecided", "not_met")
Card = Mapping[str, Any]


def address_of(key: str) -> str:
    """Return the address of a model's page; its key holds a slash, which an address would read as a folder.

    >>> address_of("death_365d/multimorbid")
    '/ui/models/death_365d--multimorbid'
    """
    return f"/ui/models/{key.replace('/', '--')}"


def group_of(bundle: Verified, work: Workspace, words: UiWords, now: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the served models by what they foresee, each with for whom and its two first figures.

    now: observed over expected in the latest months that were watched, by model, in words.
    """
    keys = sorted(bundle.cards, key=lambda key: (words.of(bundle.cards[key]["name"]), key))
    found = []
    for name, of in groupby(keys, key=lambda key: words.of(bundle.cards[key]["name"])):
        found.append(
            {"name": name, "models": [{**_line(bundle, key, work, words), "now": now.get(key, "–")} for key in of]}
        )
    return found


def _line(bundle: Verified, key: str, work: Workspace, words: UiWords) -> dict[str, Any]:
    card, report, member = bundle.cards[key], report_of(bundle, key, work), bundle.manifest["members"][key]
    figures = None if report is None else Figures(report, Words(words.code))
    told = figures is not None and not report["suppressed"] if report is not None else False
    return {
        "address": address_of(key),
        "whom": words.of(card["population"]["name"]),
        "kind": Words(words.code).named("kinds", member["kind"]),
        "auroc": figures.figure("/overall/auroc", 2) if told and figures else None,
        "oe": figures.figure("/overall/oe", 2) if told and figures else None,
        "version": member["registered_version"],
    }


def member_told(bundle: Verified, key: str, work: Workspace, words: UiWords) -> dict[str, Any]:
    """Return what the page of one model shows; of a model whose report is not there, what its card says."""
    card, report, own = bundle.cards[key], report_of(bundle, key, work), Words(words.code)
    gates = decision_of(bundle, work).get(key, {}).get("gates")
    told: dict[str, Any] = {
        "name": words.of(card["name"]),
        "whom": words.of(card["population"]["name"]),
        "kind": own.named("kinds", bundle.manifest["members"][key]["kind"]),
        "synthetic": bundle.manifest["data"]["source"] == "synthetic",
        "use": words.of(card["intended_use"]),
        "must_not": [words.of(one) for one in card.get("must_not_be_scored", ())],
        "limits": [words.of(one) for one in card.get("limits", ())],
        "version": bundle.manifest["members"][key]["registered_version"],
        "other_models": [
            (address_of(one), words.of(bundle.cards[one]["population"]["name"]))
            for one in bundle.cards
            if one != key and bundle.cards[one]["outcome"] == card["outcome"]
        ],
        "parts": {},
    }
    if report is None:
        return told
    figures = Figures(report, own)
    parts = told["parts"]
    if report["suppressed"]:
        parts["nothing"] = own("page/nothing_shown")
        return told
    other = next((name for name in CANDIDATES if name in report["others"]), None)
    parts["verdict"] = verdict(figures, card, gates)
    parts["core"] = "".join(core_figures(figures, card))
    parts["curves"] = curves(figures, other)
    parts["agreed"] = tables.agreed(figures)
    parts["places"] = tables.places(figures)
    parts["groups"] = forests(figures) if report["subgroups"] else None
    parts["gates"] = gates_table(own, gates) if gates else None
    parts["made"] = made(own, card, report)
    return told


def report_of(bundle: Verified, key: str, work: Workspace) -> Mapping[str, Any] | None:
    """Return what was measured of the served model on its test rows; None where it is not there or of another version.

    A model that was trained anew and not promoted has other figures than the one that is served.
    """
    found = read_written(work.training / key, "report.json")
    if found.state != "there":
        return None
    trained = found.manifest["results"]["trained"]
    if trained is None or trained["version"] != bundle.manifest["members"][key]["registered_version"]:
        return None
    try:
        refuse_other(found.told)
    except DataError:
        return None
    return dict(found.told)


def decision_of(bundle: Verified, work: Workspace) -> Mapping[str, Any]:
    """Return why each model of the served bundle was taken in; nothing where that is not kept."""
    return _json(work.bundles / "decisions" / f"{bundle.version}.json")


def not_trained_told(lines: Sequence[Mapping[str, Any]], words: UiWords) -> list[dict[str, str]]:
    """Return what could not be trained, and why, in the language of the page; no count of 1 to 4 people."""
    own, found = Words(words.code), []
    for one in lines:
        name = populations().get(one["population"])
        if one["events"] is None:
            why = _gates_told(own, words, one["text"].split(": ", 1)[-1])
        else:
            events = shown(one["events"])
            lacks = words("models/few") if events is None else words.tongue.number(events, 0)
            split = words.named("models_split", one["split"])
            why = words("models/lacks", split=split, events=lacks, needs=words.tongue.number(one["needs"], 0))
        told = one["population"] if name is None else words.of(name.model_dump())
        found.append({"outcome": words.named("models_outcome", one["outcome"]), "whom": told, "why": why})
    return found


def _gates_told(own: Words, words: UiWords, text: str) -> str:
    """Return the gates that are closed, each with what was found and asked, from the line that promotion wrote."""
    found = [[gate_told(own, part) for part in one] for one in GATE.findall(text)]
    lines = [words("models/closed", gate=name, found=is_, asked=asked) for name, is_, asked in found]
    return "; ".join(lines) or gate_told(own, text)


def versions_told(bundle: Verified, work: Workspace, words: UiWords) -> list[dict[str, Any]]:
    """Return the bundles of the work folder, the newest data first, with what each is now and what its gates said."""
    pointers = {name: _text(work.bundles / name) for name in ("champion", "champion_before", "baseline", "taken_back")}
    found = []
    for folder in work.bundles.iterdir():
        told = _json(folder / "manifest.json")
        if not told:
            continue
        states = [words("models/served")] if folder.name == bundle.version else []
        states += [words(f"models/{name}") for name, at in pointers.items() if at == folder.name]
        gates = [gate for one in _json(work.bundles / "decisions" / f"{folder.name}.json").values()
                 for gate in one["gates"]]  # fmt: skip
        count = Counter(gate["verdict"] for gate in gates)
        verdicts = [words(f"models/gates_{name}", n=str(count[name])) for name in VERDICTS if count[name]]
        data = told["data"]
        found.append({
            "version": folder.name, "is": states, "members": len(told["members"]), "sort": data["delivered"],
            "covers_to": data["covers_to"], "delivered": data["delivered"], "gates": verdicts,
        })  # fmt: skip
    return sorted(found, key=lambda one: (bool(one["is"]), one["sort"]), reverse=True)


def promotions_told(work: Workspace, words: UiWords) -> list[dict[str, str]]:
    """Return who took which bundle into use, when and how, the latest first; a line that is none is left out."""
    found = []
    for line in _text(work.bundles / "promotions.jsonl").splitlines():
        try:
            told = json.loads(line)
            day = words.day(told["on"][:10])
            found.append(
                {"version": told["bundle"], "on": day, "by": told["by"], "how": words.named("models_how", told["how"])}
            )
        except (ValueError, KeyError, TypeError):
            continue
    return found[::-1][:MOST_PROMOTIONS]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _json(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
