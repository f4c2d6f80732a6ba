"""Promotion: what was trained becomes a signed bundle and the champion; and the way back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from models import (
    Content,
    Origin,
    Registry,
    ensure_signing_keys,
    load_champion,
    read_member,
    set_champion,
    with_member,
    write_bundle,
)
from models.bundle import champion_version, roll_back
from models.table import refusal
from models.train import chosen_folder
from pipelines.build_step import COHORT
from pipelines.data_steps import Progress
from pipelines.steps import read_manifest
from pipelines.train import CANDIDATES, MODEL_KINDS, origin_of
from stratify.catalogue import Catalogue
from stratify.errors import DataError
from stratify.files import write_text
from stratify.workspace import Workspace

TAKEN_BACK = "taken_back"  # beside the champion: the version that was rolled back


def promote(
    work: Workspace, catalogue: Catalogue, progress: Progress, *, by_hand: bool = True
) -> tuple[dict[str, Any], bool]:
    """Sign the set of models as a bundle and let it be the champion; return its version, and whether it is a new one.

    What was trained under these entries and columns takes its outcome's place; an outcome that was not keeps the member
    it has in the champion. `score` uses the new champion next; until then the service goes on with the bundle that its
    file was scored with. A run (`by_hand` false) leaves a champion alone that is the same, or that somebody went back
    to. Raises DataError when an outcome has neither been trained nor a member.
    """
    progress("signing the bundle")
    private, public = ensure_signing_keys(work.keys)
    content, versions = _content(work, catalogue, public)
    version = write_bundle(work.bundles, content, private)
    taken_back = work.bundles / TAKEN_BACK
    if not by_hand and work.champion.exists():
        champion = champion_version(work.bundles)
        left = taken_back.read_text(encoding="utf-8").strip() if taken_back.exists() else None
        if version in (champion, left):
            return {"results": {"bundle": champion}}, False
    _set_aliases(work, versions)
    set_champion(work.bundles, version, public)
    taken_back.unlink(missing_ok=True)
    return {"results": {"bundle": version, "members": len(content.members)}}, True


def take_back(work: Workspace) -> tuple[dict[str, Any], bool]:
    """Let the champion before this one be it again, in the registry too, and return its version.

    The one taken back is not promoted again by a run, only by name: `stratify promote`.
    """
    _, public = ensure_signing_keys(work.keys)
    left = champion_version(work.bundles)
    version = roll_back(work.bundles, public)
    write_text(work.bundles / TAKEN_BACK, left + "\n")
    members = load_champion(work.bundles, public).manifest["members"]
    _set_aliases(work, {outcome: told["registered_version"] for outcome, told in members.items()})
    return {"results": {"bundle": version, "members": len(members)}}, True


def _set_aliases(work: Workspace, versions: Mapping[str, int]) -> None:
    if versions:
        registry = Registry(work.mlflow_db, work.mlartifacts)
        for outcome, version in versions.items():
            registry.set_champion(outcome, version)


def _content(work: Workspace, catalogue: Catalogue, public: Path) -> tuple[Content, dict[str, int]]:
    columns = [column for column in read_columns(work.features) if refusal(column) is None]
    digest = catalogue.digest_of(*MODEL_KINDS)
    served = load_champion(work.bundles, public).content if work.champion.exists() else None
    if served is not None and (served.catalogue_digest != digest or list(served.columns) != columns):
        served = None
    asked = catalogue.outcomes_at("landmark")
    fresh = {key: manifest for key in asked if (manifest := _fresh(work, key, digest)) is not None}
    held = {} if served is None else dict(served.members)
    said = {} if served is None else {str(told["outcome"]): told for told in served.not_trained}
    lacking = [key for key in asked if key not in {*fresh, *held, *said}]
    if lacking:
        raise DataError(
            "not trained under the entries as they are now:", [f"run `stratify train {k}`" for k in lacking]
        )
    origins = [Origin(**manifest["results"]["origin"]) for manifest in fresh.values()]
    oldest = min(origins, key=lambda origin: origin.covers_to, default=origin_of(work, catalogue))
    data = Content.of(oldest, COHORT, columns).data if fresh or served is None else served.data
    said |= {k: m["results"]["not_trained"] for k, m in fresh.items() if m["results"]["trained"] is None}
    trained = {k: m["results"]["trained"] for k, m in fresh.items() if m["results"]["trained"] is not None}
    content = replace(
        Content.of(oldest, COHORT, columns),
        data=data,
        members={key: member for key, member in held.items() if key not in fresh},
        not_trained=[told for key, told in sorted(said.items()) if key not in trained],
    )
    for outcome, told in trained.items():
        member = read_member(chosen_folder(work.training / outcome / CANDIDATES), told["version"])
        content = with_member(content, outcome, member)
    return content, {key: told["version"] for key, told in trained.items()}


def _fresh(work: Workspace, outcome: str, digest: str) -> dict[str, Any] | None:
    """The manifest of an outcome's training, if there is one and it was made under these entries."""
    if not (work.training / outcome).exists():
        return None
    manifest = read_manifest(work.training / outcome, "train")
    return manifest if manifest["catalogue"] == digest else None


def read_columns(features: Path) -> list[dict[str, Any]]:
    """Return the matrix's columns as declared."""
    read_manifest(features, "build")
    columns: list[dict[str, Any]] = json.loads((features / "columns.json").read_text(encoding="utf-8"))
    return columns
