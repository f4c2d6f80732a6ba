"""Versions of the populations that targets are counted in: registers are rewritten backwards, denominators with them.

`populations.json` in the work folder holds one version for each delivery and catalogue that was measured: how many
adults were multimorbid, severely mentally ill, or ill in mind and body on each 1 January, as known then by that
delivery. Counts of 1 to 4 are hidden in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stratify.files import write_json
from stratify.workspace import Workspace

FILE = "populations.json"


def keep_version(work: Workspace, manifest: Mapping[str, Any], delivered: str) -> list[str]:
    """Keep what was measured as a version; return a line for each count that another delivery told otherwise."""
    path = work.root / FILE
    kept: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    mine = {
        "delivered": delivered,
        "catalogue": manifest["catalogue"],
        "populations": manifest["results"]["populations"],
    }
    others = [one for one in kept if (one["delivered"], one["catalogue"]) != (delivered, mine["catalogue"])]
    _write(path, sorted([*others, mine], key=lambda one: (one["delivered"], one["catalogue"])))
    before = [one for one in others if one["delivered"] < delivered or one["catalogue"] != mine["catalogue"]]
    return _changes(before[-1], mine) if before else []


def _write(path: Path, versions: list[dict[str, Any]]) -> None:
    partial = path.with_suffix(".partial")
    write_json(partial, versions)
    partial.replace(path)


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    why = "delivery" if before["catalogue"] == now["catalogue"] else "catalogue"
    return [
        f"{name} on 1 January {year}: {count}, by the {why} before {then}"
        for name, years in now["populations"].items()
        for year, count in years.items()
        if (then := before["populations"].get(name, {}).get(year, count)) != count
    ]
