"""The models that others are held against: those that are served, or those that were when somebody froze them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from models import Bundle, ensure_signing_keys
from models.bundle import champion_version, load_bundle
from models.people import Scorer, cells_of
from pipelines.matrix import inputs_of_matrix, read_columns, read_part
from pipelines.steps import MANIFEST, read_manifest
from stratify.catalogue import Catalogue
from stratify.errors import StratifyError
from stratify.quality.case_mix import OUTCOMES, Risks
from stratify.registers.clock import day_number
from stratify.workspace import Workspace


def frozen_bundle(root: Path) -> Bundle:
    """Return the bundle of a work folder that was frozen, else the champion."""
    work = Workspace(root)
    frozen = work.baseline.exists()
    version = work.baseline.read_text(encoding="utf-8").strip() if frozen else champion_version(work.bundles)
    return _verified(root, version)


@lru_cache(maxsize=1)
def _verified(root: Path, version: str) -> Bundle:
    """A bundle; each process reads and verifies it once."""
    work = Workspace(root)
    _, public = ensure_signing_keys(work.keys)
    return load_bundle(work.bundles / version, public)


def risks_of(work: Workspace, catalogue: Catalogue, year: int, bucket: int) -> Risks:
    """Return the risks that the models give a bucket's people on the 1 January of a year."""
    served = frozen_bundle(work.root)
    names, person, cells, populations = read_part(work.features, day_number(date(year, 1, 1)), bucket)
    columns = served.content.columns
    shown = Scorer(served, catalogue).shown(cells_of(cells, names, columns), populations)
    return Risks(person, {key: shown[key].risk for key in OUTCOMES if key in shown})


def case_mix_of(work: Workspace, catalogue: Catalogue, years: range) -> dict[str, Any]:
    """Return on the 1 January of which of these years the models can score, and why of none where they cannot.

    bundle and frozen: whose risks they are. inputs: what a step that reads them depends on.
    """
    nothing: dict[str, Any] = {"bundle": None, "frozen": False, "years": [], "inputs": {}}
    if not work.champion.exists() or not (work.features / MANIFEST).exists():
        return nothing | {"lacking": "no served models, or no matrix of features"}
    days: Mapping[str, Any] = read_manifest(work.features, "build")["results"]["landmarks"]
    there = [year for year in years if f"{year}-01-01" in days]
    if not there:
        return nothing | {"lacking": f"no landmark of the matrix is a 1 January of {years.start} to {years.stop - 1}"}
    try:
        inputs = inputs_of_matrix(work)
        bundle = frozen_bundle(work.root)
        Scorer(bundle, catalogue).refuse_unfit(read_columns(work.features))
    except StratifyError as error:
        return nothing | {"lacking": str(error)}
    told = {"bundle": bundle.version, "frozen": work.baseline.exists(), "years": there, "lacking": ""}
    return {**told, "inputs": {"features": inputs["features"], "bundle": bundle.version, "frozen": str(told["frozen"])}}
