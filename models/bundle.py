"""Bundles: the whole set of served models in one signed folder, and the pointer to the one that is served.

bundles/<version>/  manifest.json, manifest.sig, columns.json, reasons.json,
                    <outcome>/<population>/{model.*, calibration, reference, golden, card}
bundles/champion    the served version; bundles/champion_before the one it replaced
The version is drawn from the content, so equal content is the same bundle. A bundle without members is legal: its
`not_trained` says why. Every reader verifies the signature, each file's SHA-256, that no other file lies there, and
replays the golden cases; what does not fit raises BundleError (exit 13) with the file and what to do.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from models.explain import misplaced
from models.keys import is_signed, read_private_key, read_public_key
from models.scoring import MODEL_FILES, Kind, Member
from models.table import Column, Origin, column_ids, columns_digest, refusal
from stratify.errors import BundleError, GateError
from stratify.files import canonical_json, digest_text, folder_written_whole, write_bytes, write_text

FORMAT = 3
CHAMPION, BEFORE = "champion", "champion_before"
MANIFEST, SIGNATURE, COLUMNS, REASONS = "manifest.json", "manifest.sig", "columns.json", "reasons.json"
MEMBER_FILES = ("calibration.json", "reference.json", "golden.json", "card.json")  # and the model's own
TOLERANCE = 1e-9


@dataclass(frozen=True)
class MemberFiles:
    """One served model as bytes, and the version it has in the registry (None: not registered)."""

    files: Mapping[str, bytes]
    registered_version: int | None = None

    def __post_init__(self) -> None:
        if len(self._kinds) != 1 or set(self.files) != {*MEMBER_FILES, MODEL_FILES[self._kinds[0]]}:
            raise BundleError(
                f"a member holds {', '.join(MEMBER_FILES)} and one of {' or '.join(MODEL_FILES.values())}, "
                f"got {', '.join(sorted(self.files)) or 'nothing'}: train it again"
            )

    @property
    def _kinds(self) -> list[Kind]:
        return [kind for kind, name in MODEL_FILES.items() if name in self.files]

    @property
    def kind(self) -> Kind:
        """What sort of model it is."""
        return self._kinds[0]

    @cached_property
    def card(self) -> dict[str, Any]:
        """The model card."""
        card: dict[str, Any] = json.loads(self.files["card.json"])
        return card


@dataclass(frozen=True)
class Content:
    """What a bundle is made of, before it has a version; members by key, `<outcome>/<population>`.

    reasons: the headings that contributions are told under, each column in one (`Declared.reason_groups`). They travel
    with the models, so that a risk is explained as it was promoted; no model needs to be trained again for other ones.
    """

    columns: Sequence[Column]
    catalogue_digest: str
    data: Mapping[str, str]  # source, covers_to, delivered
    members: Mapping[str, MemberFiles]
    not_trained: Sequence[Mapping[str, Any]] = ()
    reasons: Sequence[Mapping[str, Any]] = ()

    @classmethod
    def of(cls, origin: Origin, columns: Sequence[Column], reasons: Sequence[Mapping[str, Any]] = ()) -> Content:
        """Return a content without members, for rows of this origin."""
        data = {"source": origin.source, "covers_to": origin.covers_to, "delivered": origin.delivered}
        return cls(columns, origin.catalogue_digest, data, {}, reasons=reasons)


@dataclass(frozen=True)
class Bundle:
    """A verified bundle: its manifest, its content, and its members ready to score."""

    version: str
    manifest: Mapping[str, Any]
    content: Content
    members: Mapping[str, Member]

    @property
    def cards(self) -> dict[str, dict[str, Any]]:
        """The model card of each member."""
        return {key: files.card for key, files in self.content.members.items()}

    def reference(self, key: str) -> dict[str, Any]:
        """Return what a member's columns and risks were like when it was made."""
        told: dict[str, Any] = json.loads(self.content.members[key].files["reference.json"])
        return told

    def places(self, key: str) -> list[int]:
        """Return where a member's columns stand among the bundle's."""
        at = {name: j for j, name in enumerate(column_ids(self.content.columns))}
        return [at[name] for name in self.members[key].columns]


def member_key(outcome: str, population: str) -> str:
    """Return the key of a model: its folder, and its name wherever models stand side by side."""
    return f"{outcome}/{population}"


def registered_name(key: str) -> str:
    """Return the name of a model in the registry."""
    return f"stratify-{key.replace('/', '-')}"


def read_member(folder: Path, registered_version: int | None = None) -> MemberFiles:
    """Return a trained member from its folder."""
    if not folder.is_dir():
        raise BundleError(f"no trained member at {folder}: train it first")
    return MemberFiles({p.name: p.read_bytes() for p in sorted(folder.iterdir())}, registered_version)


def with_member(content: Content, key: str, member: MemberFiles) -> Content:
    """Return the content with this one member put in the place of the old one; the others stay."""
    members = {**content.members, key: member}
    kept = [told for told in content.not_trained if member_key(told["outcome"], told["population"]) != key]
    return replace(content, members=dict(sorted(members.items())), not_trained=kept)


def write_bundle(bundles: Path, content: Content, private_key: Path) -> str:
    """Write a signed bundle whole or not at all, and return its version; the champion stays who it is.

    A bundle of the same content that is there and verifies is left as it is. Raises BundleError (exit 13) where a
    member does not fit the columns or the catalogue, or fails its golden cases, GateError (exit 12) where a column may
    not steer one person's care.
    """
    refused = [f"{column['id']}: {told}" for column in content.columns if (told := refusal(column))]
    if refused:
        raise GateError("a bundle that is served on persons may not read these columns:", refused)
    files = _files(content)
    manifest = _manifest(content, {path: _sha256(data) for path, data in files.items()})
    problems = [
        told
        for key, member in content.members.items()
        for told in _unfit(key, member, Member.from_files(member.files), content)
    ]
    if problems:
        raise BundleError("the bundle does not fit together; train these outcomes again:", problems)
    if problems := _untold(content):
        raise BundleError("the bundle's columns must each stand under one heading of reasons:", problems)
    text, signing = canonical_json(manifest), read_private_key(private_key)
    folder = bundles / str(manifest["version"])
    if not _stands(folder, signing.public_key()):
        with folder_written_whole(folder) as fresh:
            for path, data in files.items():
                write_bytes(fresh / path, data)
            write_text(fresh / MANIFEST, text)
            write_text(fresh / SIGNATURE, signing.sign(text.encode()).hex() + "\n")
    return folder.name


def load_bundle(folder: Path, public_key: Path, *, threads: int = 1) -> Bundle:
    """Return the bundle in this folder, verified. Raises BundleError (exit 13) with every file that does not fit."""
    return _load(folder, read_public_key(public_key), threads)


def champion_version(bundles: Path) -> str:
    """Return the version that is served. Raises BundleError (exit 13) where there is none."""
    return _pointer(bundles / CHAMPION, "no bundle is served yet: promote one")


def load_champion(bundles: Path, public_key: Path, *, threads: int = 1) -> Bundle:
    """Return the bundle that is served, verified."""
    return load_bundle(bundles / champion_version(bundles), public_key, threads=threads)


def set_champion(bundles: Path, version: str, public_key: Path) -> None:
    """Point to this bundle, after it has been verified; the one before is kept in mind for a rollback."""
    load_bundle(bundles / version, public_key)
    if (bundles / CHAMPION).exists() and champion_version(bundles) != version:
        write_text(bundles / BEFORE, champion_version(bundles) + "\n")
    write_text(bundles / CHAMPION, version + "\n")


def roll_back(bundles: Path, public_key: Path) -> str:
    """Point to the bundle that was served before, and return its version; done twice, all is as it was.

    The aliases in the registry are the caller's to move: the bundle's manifest tells each member's version.
    """
    version = _pointer(bundles / BEFORE, "no bundle was served before this one: there is nothing to roll back to")
    set_champion(bundles, version, public_key)
    return version


def _load(folder: Path, key: Ed25519PublicKey, threads: int) -> Bundle:
    name = f"bundle {folder.name}"
    todo = "roll back, or promote again"
    if not (folder / MANIFEST).is_file() or not (folder / SIGNATURE).is_file():
        raise BundleError(f"{name}: {MANIFEST} or {SIGNATURE} is missing: {todo}")
    text = (folder / MANIFEST).read_bytes()
    if not is_signed(key, text, (folder / SIGNATURE).read_text(encoding="utf-8", errors="replace")):
        raise BundleError(f"{name}: {MANIFEST}: the signature was not made over it by this workspace's key: {todo}")
    manifest = json.loads(text)
    if manifest["format"] != FORMAT or not folder.name == manifest["version"] == _version(manifest):
        raise BundleError(
            f"{name}: {MANIFEST}: needs format {FORMAT} and the folder's name as version, "
            f"got format {manifest['format']} and version {manifest['version']}: {todo}"
        )
    files, problems = _read_files(folder, manifest["files"])
    if problems:
        raise BundleError(f"{name} is not as it was signed; {todo}:", problems)
    content = Content(
        columns=json.loads(files[COLUMNS]),
        catalogue_digest=manifest["catalogue_digest"],
        data=manifest["data"],
        members={
            name: MemberFiles(
                {path.rsplit("/", 1)[1]: data for path, data in files.items() if path.startswith(name + "/")},
                entry["registered_version"],
            )
            for name, entry in manifest["members"].items()
        },
        not_trained=manifest["not_trained"],
        reasons=json.loads(files[REASONS]),
    )
    members = {name: Member.from_files(m.files, threads=threads) for name, m in content.members.items()}
    problems = [
        told for name, member in content.members.items() for told in _unfit(name, member, members[name], content)
    ]
    problems += _untold(content)
    if problems:
        raise BundleError(f"{name} does not give the answers it was signed with; {todo}:", problems)
    return Bundle(folder.name, manifest, content, members)


def _read_files(folder: Path, signed: Mapping[str, str]) -> tuple[dict[str, bytes], list[str]]:
    """Each file is read once, so that what was hashed is what is used."""
    there = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if not path.is_dir()}
    files: dict[str, bytes] = {}
    problems = [f"{path}: stands in no manifest" for path in sorted({*there} - {*signed, MANIFEST, SIGNATURE})]
    for path, digest in signed.items():
        if path not in there:
            problems.append(f"{path}: is missing")
        elif there[path].is_symlink() or not there[path].is_file():
            problems.append(f"{path}: is not a plain file")
        else:
            files[path] = there[path].read_bytes()
            if _sha256(files[path]) != digest:
                problems.append(f"{path}: its SHA-256 is not the signed one")
    return files, problems


def _unfit(key: str, member: MemberFiles, scorer: Member, content: Content) -> list[str]:
    """Return why a member does not fit the bundle: other columns, another catalogue, or golden cases that differ."""
    card = member.card
    declared = {str(column["id"]): column for column in content.columns}
    known = all(name in declared for name in scorer.columns)
    if not known or card["columns_digest"] != columns_digest([declared[name] for name in scorer.columns]):
        return [f"{key}: was trained on other columns than the bundle's"]
    named = member_key(card["outcome"], card["population"]["id"])
    if named != key or card["catalogue_digest"] != content.catalogue_digest:
        return [f"{key}: was trained for another outcome or population, or under another catalogue"]
    golden = json.loads(member.files["golden.json"])
    x = np.array([case["x"] for case in golden], dtype=np.float64)
    inside = np.array([case["inside"] for case in golden], dtype=np.bool_)
    wrong = ~(np.abs(scorer.risk(x, inside) - np.array([case["risk"] for case in golden])) < TOLERANCE)
    return [f"{key}/golden.json: {int(wrong.sum())} of {len(golden)} cases give another risk"] if wrong.any() else []


def _untold(content: Content) -> list[str]:
    """Return which columns stand under no heading, or several; a bundle without members has nothing to explain."""
    return [f"{REASONS}: {told}" for told in misplaced(column_ids(content.columns), content.reasons) if content.members]


def _files(content: Content) -> dict[str, bytes]:
    columns, reasons = (
        json.dumps([dict(one) for one in items], indent=1, ensure_ascii=False) + "\n"
        for items in (content.columns, content.reasons)
    )
    members = {f"{key}/{name}": data for key, member in content.members.items() for name, data in member.files.items()}
    return dict(sorted({COLUMNS: columns.encode(), REASONS: reasons.encode(), **members}.items()))


def _manifest(content: Content, digests: Mapping[str, str]) -> dict[str, Any]:
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "catalogue_digest": content.catalogue_digest,
        "data": dict(content.data),
        "columns_digest": columns_digest(content.columns),
        "members": {
            key: {
                "outcome": member.card["outcome"],
                "population": member.card["population"]["id"],
                "kind": member.kind,
                "name": registered_name(key),
                "registered_version": member.registered_version,
            }
            for key, member in content.members.items()
        },
        "not_trained": [dict(entry) for entry in content.not_trained],
        "files": dict(digests),
    }
    return {**manifest, "version": _version(manifest)}


def _version(manifest: Mapping[str, Any]) -> str:
    """The first 12 hex digits of the SHA-256 over all that is served; how often it was registered is no part of it."""
    members = {key: entry["kind"] for key, entry in manifest["members"].items()}
    served = {key: value for key, value in manifest.items() if key != "version"}
    return digest_text(canonical_json({**served, "members": members}))[:12]


def _stands(folder: Path, key: Ed25519PublicKey) -> bool:
    """Return whether this bundle is there already and verifies; one that does not is written again."""
    try:
        return bool(_load(folder, key, threads=1))
    except BundleError:
        return False


def _pointer(path: Path, nothing: str) -> str:
    if not path.is_file():
        raise BundleError(nothing)
    version = path.read_text(encoding="utf-8").strip()
    if not re.fullmatch(r"[0-9a-f]{12}", version):
        raise BundleError(f"bundles/{path.name} must hold a version of 12 hex digits: promote again")
    return version


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
