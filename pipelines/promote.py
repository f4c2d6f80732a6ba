"""Promotion: what was trained and passes its gates becomes a signed bundle and the champion; and the way back."""

from __future__ import annotations

import getpass
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from models import (
    Bundle,
    Content,
    Declared,
    Member,
    MemberFiles,
    Origin,
    Registry,
    ensure_signing_keys,
    load_champion,
    member_key,
    read_member,
    set_champion,
    with_member,
    write_bundle,
)
from models.bundle import champion_version, roll_back
from models.declared import OTHER, declared_for
from models.gates import Gate, closed, gates
from models.table import column_ids, refusal
from models.train import chosen_folder
from pipelines.beside import CALIBRATION, told_interval
from pipelines.data_steps import Progress
from pipelines.labelled import origin_of
from pipelines.matrix import read_columns
from pipelines.steps import read_manifest
from pipelines.train import CANDIDATES, REPORT, Rows, models_of, paired
from stratify.catalogue import Catalogue
from stratify.catalogue.load import MODEL_KINDS
from stratify.errors import BundleError, DataError, GateError, UsageError
from stratify.files import write_json, write_text
from stratify.workspace import Workspace

LONGEST_NAME = 100
TAKEN_BACK = "taken_back"  # beside the champion: the version that was rolled back
PROMOTIONS = "promotions.jsonl"  # beside the bundles: who took which one into use, when and how, a line each time
DECISIONS = "decisions"  # beside the bundles: why each became the champion, and what was kept out


@dataclass(frozen=True)
class Proposed:
    """A trained model that may take its place in the bundle."""

    key: str
    member: MemberFiles
    version: int
    gates: Sequence[Gate]


def promote(
    work: Workspace,
    catalogue: Catalogue,
    progress: Progress,
    only: Sequence[str] = (),
    *,
    by_hand: bool = True,
    by: str = "",
) -> tuple[dict[str, Any], bool]:
    """Sign the set of models as a bundle and let it be the champion; return its version, and whether it is a new one.

    What was trained under these entries and columns and passes its gates takes its place; a model that was not keeps
    the member it has in the champion. By hand, a closed gate stops it all: GateError (exit 12) tells which, and nothing
    changes; name the outcomes that are to be promoted (`only`) to leave others out. A run (`by_hand` false) leaves out
    models with closed gates, and leaves a champion alone that is the same, or that somebody went back to. `score` uses
    the new champion next; until then the service goes on with the bundle that its file was scored with. A champion that
    is not as it was signed is compared with nothing and replaced, by hand alone; `damaged` tells what was wrong. Raises
    DataError when an outcome has neither been trained nor a member, or when a member would be lost because it was
    trained under other entries. `without_heading` names the columns (of a local catalogue) that no heading of
    models/declared/reasons.toml names. by: who it is, the account unless named; kept in `promotions.jsonl`.
    """
    declared = declared_for(catalogue)
    private, public = ensure_signing_keys(work.keys)
    champion, damaged = _champion(work, public, by_hand)
    content, proposed = _content(work, catalogue, declared, champion, progress, only)
    kept_out = [one for one in proposed if closed(one.gates)]
    if kept_out and by_hand:
        lines = [f"{one.key}: {gate.line()}" for one in kept_out for gate in closed(one.gates)]
        study = dict.fromkeys(
            one.key.split("/")[0] for one in kept_out if declared.specs[one.key.split("/")[0]].for_study
        )
        lines += [f"say whom and what it is for in the catalogue's folder, specs/{one}.toml" for one in study]
        raise GateError("not promoted, nothing has changed; these gates are closed:", lines)
    taken = [one for one in proposed if one not in kept_out]
    for one in taken:
        content = with_member(content, one.key, one.member)
    told = [_kept_out(one) for one in kept_out if one.key not in content.members]
    content = replace(content, not_trained=[*content.not_trained, *told])
    progress("signing the bundle")
    version = write_bundle(work.bundles, content, private)
    results = {
        "bundle": version,
        "members": len(content.members),
        "without_heading": _without_heading(content),
        "damaged": damaged,
        "kept_out": [{"model": one.key, "gates": [g.line() for g in closed(one.gates)]} for one in kept_out],
    }
    write_json(work.bundles / CALIBRATION / f"{version}.json", _calibration(work, champion, taken, content))
    taken_back = work.bundles / TAKEN_BACK
    if not by_hand and work.champion.exists():
        current = champion_version(work.bundles)
        left = taken_back.read_text(encoding="utf-8").strip() if taken_back.exists() else None
        if version in (current, left):
            return {"results": {**results, "bundle": current}}, False
    write_json(work.bundles / DECISIONS / f"{version}.json", _decision(proposed, kept_out))
    _set_aliases(work, {one.key: one.version for one in taken})
    set_champion(work.bundles, version, public)
    taken_back.unlink(missing_ok=True)
    _keep(work, version, "promote" if by_hand else "run", by)
    return {"results": results}, True


def whoever(by: str | None) -> str:
    """Return who takes a bundle into use: who was named, else the account this runs as. UsageError for no name."""
    named = getpass.getuser() if by is None else by.strip()
    if not named or len(named) > LONGEST_NAME or not named.isprintable():
        raise UsageError(f"--by needs a name or role of 1 to {LONGEST_NAME} visible letters")
    return named


def _keep(work: Workspace, version: str, how: str, by: str) -> None:
    """Write down who took a bundle into use."""
    line = {
        "bundle": version,
        "on": datetime.now(UTC).isoformat(timespec="seconds"),
        "how": how,
        "by": whoever(by or None),
    }
    with (work.bundles / PROMOTIONS).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


def take_back(work: Workspace, by: str = "") -> tuple[dict[str, Any], bool]:
    """Let the champion before this one be it again, in the registry too, and return its version.

    The one taken back is not promoted again by a run, only by name: `stratify promote`.
    """
    _, public = ensure_signing_keys(work.keys)
    left = champion_version(work.bundles)
    version = roll_back(work.bundles, public)
    write_text(work.bundles / TAKEN_BACK, left + "\n")
    _keep(work, version, "rollback", by)
    champion = load_champion(work.bundles, public)
    members = champion.manifest["members"]
    _set_aliases(work, {key: told["registered_version"] for key, told in members.items()})
    told = {"bundle": version, "members": len(members), "without_heading": _without_heading(champion.content)}
    return {"results": {**told, "damaged": None, "kept_out": []}}, True


def _champion(work: Workspace, public: Path, by_hand: bool) -> tuple[Bundle | None, str | None]:
    """The champion, None where there is none or, by hand, where it is not as it was signed; and what is wrong then."""
    if not work.champion.exists():
        return None, None
    try:
        return load_champion(work.bundles, public), None
    except BundleError as error:
        if not by_hand:
            raise
        return None, str(error)


def _without_heading(content: Content) -> list[str]:
    """The columns that no declared heading names: reasons call them other."""
    return [name for group in content.reasons if group["id"] == OTHER for name in group["columns"]]


def _set_aliases(work: Workspace, versions: Mapping[str, int]) -> None:
    if versions:
        registry = Registry(work.mlflow_db, work.mlartifacts)
        for key, version in versions.items():
            registry.set_champion(key, version)


def _kept_out(one: Proposed) -> dict[str, Any]:
    """What the bundle tells of a model that has no member: trained, but its gates are closed."""
    outcome, population = one.key.split("/")
    text = f"no model for {outcome}, {population}: {'; '.join(gate.line() for gate in closed(one.gates))}"
    return {"outcome": outcome, "population": population, "split": "test", "events": None, "needs": 0, "text": text}


def _decision(proposed: Sequence[Proposed], kept_out: Sequence[Proposed]) -> dict[str, Any]:
    return {
        one.key: {
            "promoted": one not in kept_out,
            "registered_version": one.version,
            "gates": [gate.told() for gate in one.gates],
        }
        for one in proposed
    }


def _calibration(
    work: Workspace, champion: Bundle | None, taken: Sequence[Proposed], content: Content
) -> dict[str, Any]:
    """What became of held-out people along each member's risks: of a member that stays, as it was kept with it."""
    kept: dict[str, Any] = {}
    if champion is not None:
        path = work.bundles / CALIBRATION / f"{champion.version}.json"
        kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for one in taken:
        report = json.loads((work.training / one.key / REPORT).read_text(encoding="utf-8"))
        kept[one.key] = told_interval(report["calibration_curve"])
    return {key: kept[key] for key in sorted(content.members) if kept.get(key) is not None}


def _content(
    work: Workspace,
    catalogue: Catalogue,
    declared: Declared,
    champion: Bundle | None,
    progress: Progress,
    only: Sequence[str],
) -> tuple[Content, list[Proposed]]:
    """The content as it stands without what is proposed, and what is proposed, with the gates of each."""
    unknown = sorted(set(only) - set(declared.specs))
    if unknown:
        raise UsageError(f"no model for: {', '.join(unknown)}; there are {', '.join(declared.specs)}")
    columns = [column for column in read_columns(work.features) if refusal(column) is None]
    columns += declared.index_columns()
    reasons = declared.reason_groups(column_ids(columns))
    digest = catalogue.digest_of(*MODEL_KINDS)
    served = None if champion is None else champion.content
    if served is not None and (served.catalogue_digest != digest or list(served.columns) != columns):
        served = None
    asked = {member_key(*model) for model in models_of(declared, only)}
    every = [member_key(*model) for model in models_of(declared)]
    fresh = {key: manifest for key in every if key in asked and (manifest := _fresh(work, key, digest)) is not None}
    held = {} if served is None else dict(served.members)
    said = {} if served is None else {member_key(t["outcome"], t["population"]): t for t in served.not_trained}
    there = {*fresh} if only else {*fresh, *held, *said}  # what is named must have been trained: it was not in vain
    lacking = [key for key in every if key in asked - there]
    if lacking:
        raise DataError("not trained under the entries as they are now:", _train(lacking, catalogue))
    if champion is not None and served is None:
        lost = [key for key in champion.content.members if key in every and key not in fresh]
        if lost:
            told = "these served models were made under other entries or columns, and would be lost; train them first:"
            raise DataError(told, _train(lost, catalogue))
    origins = [Origin(**manifest["results"]["origin"]) for manifest in fresh.values()]
    oldest = min(origins, key=lambda origin: origin.covers_to, default=origin_of(work, digest))
    data = Content.of(oldest, columns, reasons).data if fresh or served is None else served.data
    said |= {k: m["results"]["not_trained"] for k, m in fresh.items() if m["results"]["trained"] is None}
    trained = {k: m["results"]["trained"] for k, m in fresh.items() if m["results"]["trained"] is not None}
    content = replace(
        Content.of(oldest, columns, reasons),
        data=data,
        members={key: member for key, member in held.items() if key not in said},
        not_trained=[told for key, told in sorted(said.items()) if key not in trained],
    )
    rows = Rows(work, catalogue, progress)
    proposed = []
    for key, told in trained.items():
        member = read_member(chosen_folder(work.training / key / CANDIDATES), told["version"])
        before = None if champion is None else champion.content.members.get(key)
        against = None
        if before is not None and dict(before.files) != dict(member.files):
            progress(f"comparing {key} with its champion")
            against = _paired(declared, rows, key, member, before)
        report = json.loads((work.training / key / REPORT).read_text(encoding="utf-8"))
        spec = declared.specs[key.split("/")[0]]
        proposed.append(Proposed(key, member, told["version"], gates(spec, report, against)))
    return content, proposed


def _train(keys: Sequence[str], catalogue: Catalogue) -> list[str]:
    """The commands that train these models."""
    local = f" --catalogue {catalogue.local}" if catalogue.local else ""
    return [f"run `stratify train {one}{local}`" for one in dict.fromkeys(key.split("/")[0] for key in keys)]


def _paired(
    declared: Declared, rows: Rows, key: str, member: MemberFiles, before: MemberFiles
) -> dict[str, Any] | None:
    """The champion beside the proposed model on the same test rows; None where it reads columns that are gone."""
    outcome, population = key.split("/")
    test = rows.test(outcome, population)
    new, old = (Member.from_files(files.files, threads=2) for files in (member, before))
    if not set(old.columns) <= set(column_ids(test.columns)):
        return None
    report = paired(declared.specs[outcome], test, outcome, test.risk_by(new), test.risk_by(old))
    beside: dict[str, Any] | None = report["others"].get("other")
    return beside


def _fresh(work: Workspace, key: str, digest: str) -> dict[str, Any] | None:
    """The manifest of a model's training, if there is one and it was made under these entries."""
    if not (work.training / key).exists():
        return None
    manifest = read_manifest(work.training / key, "train")
    return manifest if manifest["catalogue"] == digest else None
