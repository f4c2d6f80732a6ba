"""A model's pages written from the folder of its training."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from models.report.card_page import render_card
from models.report.page import CANDIDATES, FILES, render
from models.report.sheets import SHEETS, filled, render_sheet
from stratify.errors import DataError
from stratify.files import folder_written_whole, write_json, write_text


def write_pages(
    folder: Path,
    out: Path,
    gates: Sequence[Mapping[str, str]] | None = None,
    report: Mapping[str, Any] | None = None,
    columns: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Write the pages of the model trained in `folder` into `out`, whole or not at all; the same in, the same bytes.

    folder holds report.json, candidates/chosen.json and candidates/<kind>/card.json and model.json. In `out` are
    index.html and en.html (the evaluation), card.html and card-en.html, tripod.html, probast.html and both with -en,
    tripod.json and probast.json, and report.json. gates: each as `Gate.told`. report: training's, with more in it.
    columns: as in columns.json, for the names and units of the logistic's; one that is not there is told by its id.
    Raises DataError (exit 11) where a file is missing or is not the JSON it must be.
    """
    report = _read(folder / "report.json") if report is None else report
    candidates = folder / "candidates"
    chosen = str(_read(candidates / "chosen.json").get("chosen"))
    card = _read(candidates / chosen / "card.json")
    cards = [candidates / name / "card.json" for name in CANDIDATES if name != chosen]
    other = next((_read(path) for path in cards if path.is_file()), None)
    logistic = candidates / "logistic" / "model.json"
    model = _with_names(_read(logistic), columns) if logistic.is_file() else None
    with folder_written_whole(out) as fresh:
        for english, tongue in enumerate(("da", "en")):
            text = render(report, card, model, tongue, gates=gates, other_card=other)
            write_text(fresh / FILES["evaluation"][english], text)
            write_text(fresh / FILES["card"][english], render_card(card, report, tongue, other_card=other))
            for name in SHEETS:
                file = f"{name}{'-en' if english else ''}.html"
                write_text(fresh / file, render_sheet(name, report, card, model, tongue))
        for name in SHEETS:
            write_json(fresh / f"{name}.json", filled(name, report, card, model, "en"))
        write_json(fresh / "report.json", report)


def _with_names(model: dict[str, Any], columns: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the model with the label and unit of each of its columns that is among these."""
    named = {str(one["id"]): {"label": one["label"], "unit": one["unit"]} for one in columns}
    return {**model, "columns": [{**one, **named.get(one["id"], {})} for one in model["columns"]]}


def _read(path: Path) -> dict[str, Any]:
    where = f"{path.parent.name}/{path.name}"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(
            f"{where} is required to write a model's pages, and is not there: train the model first"
        ) from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataError(f"{where} must be JSON, and cannot be read: train the model again") from error
    if not isinstance(found, dict):
        raise DataError(f"{where} must hold an object, got {type(found).__name__}: train the model again")
    return found
