"""Returns what is known of a pseudonym: the scored population's file, read-only, beside the bundle it was scored with.

The file names its bundle, and that one is served, whoever the champion is by now: a score and its reasons come from the
same models. Both are checked when opened: the bundle's signature, digests and golden cases (models.bundle), the file's
format, the pseudonym key it was made with, one person's row and every target.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import threading
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from service.beside import Beside, read_beside
from service.care import Care, read_care
from service.choices import Said, chosen
from service.kept import Kept
from service.own_words import Spoken
from service.past import Past, read_past
from service.schemas import ModelVersion, Stored, Target, Told
from service.told import Tellings
from service.told_facts import ToldFact, laid_over
from stratify.catalogue import Catalogue
from stratify.errors import BundleError
from stratify.pseudonym import key_id, read_key
from stratify.workspace import Workspace

FORMAT = "8"
META = (
    "bundle_version", "landmark", "covers_to", "delivered", "catalogue_digest", "source", "system", "pseudonym_key_id",
    "definition_multimorbid", "definition_both",
)  # fmt: skip
TABLES = {
    "meta": {"key", "value"},
    "person": {"pseudonym", "body", "features", "told"},
    "past": {"pseudonym", "body"},
    "target": {"id", "body", "told"},
    "entry": {"kind", "id", "body"},
    "beside": {"key", "body"},
}
VERSION = re.compile(r"[0-9a-f]{12}")
PSEUDONYM_KEY = "pseudonym.key"  # in the work folder's keys/
BUNDLE_PUBLIC_KEY = "bundle_public.pem"
MOST_KEPT = 300  # people whose computed reasons are kept in memory


class Verified(Protocol):
    """What the service uses of a verified bundle; `models.bundle.Bundle` is one."""

    @property
    def version(self) -> str:
        """The bundle's version."""

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What stands in manifest.json."""

    @property
    def content(self) -> Any:
        """What holds `columns` and `reasons`, as in columns.json and reasons.json."""

    @property
    def members(self) -> Mapping[str, Any]:
        """A `models.scoring.Member` by key, `<outcome>/<population>`."""

    def places(self, key: str) -> list[int]:
        """Where a member's columns stand among the bundle's."""

    @property
    def cards(self) -> Mapping[str, Mapping[str, Any]]:
        """The model card of each member."""


def load_verified(workspace: Workspace, version: str) -> Verified:
    """Return this bundle, verified; raises BundleError (exit 13). Loads LightGBM now, not at import."""
    from models.bundle import load_bundle

    return load_bundle(workspace.bundles / version, workspace.keys / BUNDLE_PUBLIC_KEY)


T = TypeVar("T", bound=BaseModel)
Loader = Callable[[Workspace, str], Verified]
Basis = Literal["nightly", "store", "bundle"]


@dataclass(frozen=True)
class Row:
    """One person's row: the pseudonym, what is stored, the features in the order of the bundle's columns.

    told: what is told of somebody who has chosen nothing, as JSON (`schemas.Told`), where it was worked out
    when people were scored. What the person chose and holds today comes from elsewhere, see `with_choices`. basis: the
    scored population, or what somebody was scored from on the spot (`service.spot`).
    """

    name: str = field(repr=False)
    stored: Stored
    features: NDArray[np.float64]
    told: bytes | None = field(default=None, repr=False)
    said: tuple[Said, ...] = ()
    facts: tuple[ToldFact, ...] = ()  # told here, and laid over those that are stored
    words: tuple[Spoken, ...] = field(default=(), repr=False)  # strengths and goals, which weigh nothing
    basis: Basis = "nightly"
    day: date | None = None  # the day it was scored on, where that is not the day of the scored population
    gaps: int = 0  # how many of what is missing the chart itself lacks: the last ones
    risks_of: Basis | None = None  # where its risks are from, where that is elsewhere

    def with_risks_of(self, other: Row) -> Row:
        """Return the row with the risks of another row of the same person, and with what those risks lack."""
        gaps = self.stored.missing[len(self.stored.missing) - self.gaps :]
        changed = {"risks": other.stored.risks, "missing": [*other.stored.missing, *gaps]}
        stored = self.stored.model_copy(update=changed)
        return replace(self, stored=stored, features=other.features, told=None, risks_of=other.basis)

    def with_choices(self, said: tuple[Said, ...]) -> Row:
        """Return the row with what the person chose and holds today."""
        return replace(self, said=said)

    def with_words(self, words: tuple[Spoken, ...]) -> Row:
        """Return the row with the person's own words."""
        return replace(self, words=words) if words else self

    def with_facts(self, told: tuple[ToldFact, ...], catalogue: Catalogue) -> Row:
        """Return the row with what was told of the person laid over what registers know."""
        if not told:
            return self
        laid = laid_over(self.stored.facts, told, catalogue)
        return replace(self, stored=self.stored.model_copy(update={"facts": laid}), facts=told)

    @property
    def as_scored(self) -> bool:
        """Whether what was worked out when people were scored still tells it: nothing was chosen or told since."""
        return self.told is not None and not self.said and not self.facts


@dataclass(frozen=True)
class Served:
    """A bundle and the scored population that fits it: one answer comes from one of these."""

    bundle: Verified
    meta: Mapping[str, str]
    targets: Sequence[Target]
    care: Care
    beside: Beside
    key: bytes = field(repr=False)
    _connection: sqlite3.Connection = field(repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _kept: Kept[bytes] = field(default_factory=lambda: Kept(MOST_KEPT), repr=False)

    @property
    def model(self) -> ModelVersion:
        """Which models and definitions answers rest on."""
        return ModelVersion(
            bundle_version=self.bundle.version,
            catalogue_digest=self.meta["catalogue_digest"],
            landmark=self.meta["landmark"],
        )

    @cached_property
    def tellings(self) -> Tellings:
        """All that is told of quality targets, read when asked."""
        units = {one.id: one.unit for one in self.targets}
        return Tellings(self._connection, self._lock, units)  # not this object: it closes when nothing holds it

    @property
    def pair(self) -> str:
        """What tells this pair from any other: the bundle and the scored population."""
        told = "|".join([self.bundle.version, *(f"{key}={value}" for key, value in sorted(self.meta.items()))])
        return hashlib.sha256(told.encode()).hexdigest()

    def find(self, pseudonym: str) -> Row | None:
        """Return the row of a pseudonym, or None; raises BundleError when it cannot be read."""
        return self._one("WHERE pseudonym = ?", pseudonym)

    def some(self, where: str, most: int) -> list[str]:
        """Return the pseudonyms of some people of whom a condition of ours holds; raises BundleError."""
        with self._lock:
            try:
                query = f"SELECT pseudonym FROM person WHERE {where} ORDER BY pseudonym LIMIT ?"
                return [str(name) for (name,) in self._connection.execute(query, (most,))]
            except sqlite3.Error as error:
                raise BundleError(f"serving.db cannot be read ({type(error).__name__}): score again") from None

    def past(self, name: str) -> Past:
        """Return what was before of a pseudonym; raises BundleError when it cannot be read."""
        with self._lock:
            return read_past(self._connection, name, self.beside.past_days)

    def check(self) -> None:
        """Return when rows can be read and told, one that was worked out before too; raises BundleError otherwise."""
        for row in (self._one("WHERE told IS NULL LIMIT 1"), self._one("WHERE told IS NOT NULL LIMIT 1")):
            if row is not None:
                self.tell(replace(row, name=""), Told)

    def tell(self, row: Row, shape: type[T]) -> T:
        """Return what is told of a person, or as much as a shape holds of it: reasons, place, offers.

        Weighed with the choices they hold today and the facts that were told; what was worked out when people were
        scored counts as long as there are none. Raises BundleError.
        """
        if row.told is not None and row.as_scored:
            return _told(row.told, shape)
        reasons = self._reasons(row) if row.told is None else _told(row.told, Told).model_dump()["reasons"]
        weighed = self.care.weigh(row.stored.facts, chosen(row.said), row.day)
        return shape.model_validate({"reasons": reasons, **weighed})

    def _reasons(self, row: Row) -> dict[str, list[dict[str, Any]]]:
        """Return what each clinical group adds to each risk, computed from the features.

        What was computed is kept for as long as this bundle is served, as JSON, of so many people at most; of people
        scored on the spot, who have no name here, it is not.
        """
        from models.explain import labelled

        def made() -> bytes:
            return json.dumps(self._computed(row)).encode()

        found = json.loads(self._kept.get(row.name, made) if row.name else made())
        return labelled(found, self.bundle.content.columns, self.bundle.content.reasons)

    def _computed(self, row: Row) -> dict[str, list[dict[str, Any]]]:
        from models.explain import reasons

        found = {}
        content = self.bundle.content
        for risk in row.stored.risks:
            key = risk.model_key
            places = self.bundle.places(key)
            columns = [str(content.columns[place]["id"]) for place in places]
            parts = self.bundle.members[key].contributions(row.features[:, places])
            (found[risk.outcome],) = reasons(parts, columns, content.reasons, self.bundle.cards[key]["reasons_top_n"])
        return found

    def _one(self, where: str, *values: str) -> Row | None:
        with self._lock:
            try:
                row = self._connection.execute(
                    f"SELECT pseudonym, body, features, told FROM person {where}", values
                ).fetchone()
            except sqlite3.Error as error:
                raise BundleError(f"serving.db cannot be read ({type(error).__name__}): score again") from None
        return None if row is None else self._row(*row)

    def _row(self, name: str, body: str, blob: bytes, told: bytes | None) -> Row:
        stored = _stored(body)
        strangers = sorted({risk.model_key for risk in stored.risks} - set(self.bundle.members))
        if strangers:
            raise BundleError("serving.db holds risks the bundle has no model for: score again", strangers)
        wanted = 8 * len(self.bundle.content.columns)
        if not isinstance(blob, bytes) or len(blob) != wanted:
            raise BundleError(
                f"serving.db: a row's features must be {wanted} bytes as the bundle's columns say: score again"
            )
        return Row(
            name, stored, np.frombuffer(blob, dtype="<f8").reshape(1, -1).astype(np.float64), told and _unpacked(told)
        )

    def __del__(self) -> None:
        self._connection.close()


def open_served(workspace: Workspace, load: Loader = load_verified) -> Served:
    """Return the scored population and the verified bundle it was scored with. Raises BundleError (exit 13)."""
    key = read_key(workspace.keys / PSEUDONYM_KEY)
    connection = _open(workspace.serving_db)
    try:
        meta = _meta(connection, key)
        bundle = _bundle(workspace, meta["bundle_version"], load)
        care = read_care(connection, date.fromisoformat(meta["landmark"]))
        beside = read_beside(connection)
        served = Served(bundle, meta, _targets(connection), care, beside, key, connection)
        served.check()
    except BaseException:
        connection.close()
        raise
    return served


def served_system(workspace: Workspace) -> str:
    """Return the identifiers' system that people are scored under. Raises BundleError."""
    with closing(_open(workspace.serving_db)) as connection:
        return _meta(connection, read_key(workspace.keys / PSEUDONYM_KEY))["system"]


def _bundle(workspace: Workspace, version: str, load: Loader) -> Verified:
    if not VERSION.fullmatch(version):
        raise BundleError("serving.db must name a bundle by its 12 hex digits: score again")
    if not (workspace.bundles / version).is_dir():
        raise BundleError(
            f"serving.db was scored with bundle {version}, which is not in {workspace.bundles}: "
            "restore it, or score again"
        )
    return load(workspace, version)


def _open(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise BundleError(f"{path.name}: there is no scored population at {path}; run `stratify score` first")
    connection = sqlite3.connect(path.absolute().as_uri() + "?mode=ro", uri=True, check_same_thread=False)
    try:
        for table, columns in TABLES.items():
            found = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
            if not columns <= found:
                raise BundleError(
                    f"{path.name}: table {table} needs {', '.join(sorted(columns))}, "
                    f"got {', '.join(sorted(found)) or 'nothing'}: score again"
                )
    except sqlite3.Error as error:
        connection.close()
        raise BundleError(f"{path.name} is not a readable database ({type(error).__name__}): score again") from None
    except BundleError:
        connection.close()
        raise
    return connection


def _meta(connection: sqlite3.Connection, key: bytes) -> dict[str, str]:
    try:
        meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    except sqlite3.Error as error:
        raise BundleError(f"serving.db: meta cannot be read ({type(error).__name__}): score again") from None
    if meta.get("format") != FORMAT:
        raise BundleError(f"serving.db must have format {FORMAT}, got {meta.get('format')}: score again")
    absent = [name for name in META if not isinstance(meta.get(name), str)]
    if absent:
        raise BundleError("serving.db does not say all it must: score again. Missing in meta:", absent)
    if meta["pseudonym_key_id"] != key_id(key):
        raise BundleError("serving.db was made with another pseudonym key: restore that key, or score again")
    return meta


def _targets(connection: sqlite3.Connection) -> list[Target]:
    try:
        rows = connection.execute("SELECT id, body FROM target ORDER BY id").fetchall()
        targets = [Target.model_validate_json(body) for _, body in rows]
    except sqlite3.Error as error:
        raise BundleError(f"serving.db: targets cannot be read ({type(error).__name__}): score again") from None
    except ValidationError as error:
        raise BundleError("serving.db: a target does not have the required shape:", _places(error)) from None
    return targets


def _stored(body: str) -> Stored:
    try:
        return Stored.model_validate_json(body)
    except ValidationError as error:
        raise BundleError("serving.db: a person's row does not have the required shape:", _places(error)) from None


def _unpacked(told: bytes) -> bytes:
    """Return the JSON of what was worked out when people were scored. Raises BundleError where it is damaged."""
    try:
        return zlib.decompress(told)
    except (zlib.error, TypeError):
        raise BundleError("serving.db: what is told of a person is damaged: score again") from None


def _told(text: bytes, shape: type[T]) -> T:
    try:
        return shape.model_validate_json(text)
    except ValidationError as error:
        raise BundleError("serving.db: what is told of a person has another shape:", _places(error)) from None


def _places(error: ValidationError) -> list[str]:
    """Return where a shape is broken, without what stands there."""
    named = (
        (".".join("[]" if isinstance(part, int) else str(part) for part in one["loc"]), one["type"])
        for one in error.errors(include_input=False, include_context=False, include_url=False)
    )
    return list(dict.fromkeys(f"{place}: {kind}" for place, kind in named))
