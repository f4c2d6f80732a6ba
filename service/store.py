"""Returns what is known of a pseudonym: the scored population's file, read-only, beside the verified bundle it fits.

Both are checked when opened: the bundle's signature, digests and golden cases (models.bundle), the file's format, its
bundle version, the pseudonym key it was made with, one person's row and every target. They are served as one; when
either is replaced on the disk the new pair takes over whole, and until it fits the last good pair goes on answering.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from service.schemas import ModelVersion, Reason, Stored, Target
from stratify.errors import BundleError, StratifyError
from stratify.pseudonym import key_id, read_key
from stratify.workspace import Workspace

FORMAT = "1"
META = (
    "bundle_version", "landmark", "covers_to", "delivered", "catalogue_digest", "source", "system", "pseudonym_key_id",
)  # fmt: skip
TABLES = {"meta": {"key", "value"}, "person": {"pseudonym", "body", "features"}, "target": {"id", "body"}}
log = logging.getLogger("service")
LOOK_EVERY = 2.0  # seconds between two looks at whether the files were replaced
PSEUDONYM_KEY = "pseudonym.key"  # in the work folder's keys/
BUNDLE_PUBLIC_KEY = "bundle_public.pem"


class Champion(Protocol):
    """What the service uses of a verified bundle; `models.bundle.Bundle` is one."""

    @property
    def version(self) -> str:
        """The bundle's version."""

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What stands in manifest.json."""

    @property
    def content(self) -> Any:
        """What holds `columns`, as in columns.json."""

    @property
    def members(self) -> Mapping[str, Any]:
        """A `models.scoring.Member` for each outcome, reading all columns in their order."""

    @property
    def cards(self) -> Mapping[str, Mapping[str, Any]]:
        """The model card of each outcome."""


def load_champion(workspace: Workspace) -> Champion:
    """Return the served bundle, verified; raises BundleError (exit 13). Loads LightGBM now, not at import."""
    from models.bundle import load_champion as verified

    return verified(workspace.bundles, workspace.keys / BUNDLE_PUBLIC_KEY)


Loader = Callable[[Workspace], Champion]


@dataclass(frozen=True)
class Row:
    """One person's row, as stored."""

    stored: Stored
    features: bytes


@dataclass(frozen=True)
class Served:
    """A bundle and the scored population that fits it: one answer comes from one of these."""

    champion: Champion
    meta: Mapping[str, str]
    targets: Sequence[Target]
    key: bytes = field(repr=False)
    _connection: sqlite3.Connection = field(repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def model(self) -> ModelVersion:
        """Which models and definitions answers rest on."""
        return ModelVersion(
            bundle_version=self.champion.version,
            catalogue_digest=self.meta["catalogue_digest"],
            landmark=self.meta["landmark"],
        )

    def find(self, pseudonym: str) -> Row | None:
        """Return the row of a pseudonym, or None; raises BundleError when it cannot be read."""
        with self._lock:
            try:
                row = self._connection.execute(
                    "SELECT body, features FROM person WHERE pseudonym = ?", (pseudonym,)
                ).fetchone()
            except sqlite3.Error as error:
                raise BundleError(f"serving.db cannot be read ({type(error).__name__}): score again") from None
        return None if row is None else Row(_stored(row[0]), row[1])

    def reasons(self, row: Row) -> dict[str, list[Reason]]:
        """Return what each clinical group adds to each risk: as stored, or computed now from the stored features."""
        if row.stored.reasons is not None:
            return row.stored.reasons
        from models.explain import reasons

        columns, x = self.champion.content.columns, self._features(row.features)
        found = {}
        for outcome in (risk.outcome for risk in row.stored.risks):
            parts, most = self.champion.members[outcome].contributions(x), self.champion.cards[outcome]["reasons_top_n"]
            found[outcome] = [Reason.model_validate(one) for one in reasons(parts, columns, most)[0]]
        return found

    def _features(self, blob: bytes) -> NDArray[np.float64]:
        wanted = 8 * len(self.champion.content.columns)
        if not isinstance(blob, bytes) or len(blob) != wanted:
            raise BundleError(
                f"serving.db: a row's features must be {wanted} bytes as the bundle's columns say: score again"
            )
        return np.frombuffer(blob, dtype="<f8").reshape(1, -1).astype(np.float64)

    def check(self) -> None:
        """Return when one row can be read and explained; raises BundleError otherwise."""
        try:
            row = self._connection.execute("SELECT body, features FROM person LIMIT 1").fetchone()
        except sqlite3.Error as error:
            raise BundleError(f"serving.db cannot be read ({type(error).__name__}): score again") from None
        if row is None:
            return
        stored = _stored(row[0])
        strangers = sorted({risk.outcome for risk in stored.risks} - set(self.champion.members))
        if strangers:
            raise BundleError("serving.db holds risks the bundle has no model for: score again", strangers)
        self._features(row[1])
        self.reasons(Row(stored, row[1]))

    def __del__(self) -> None:
        self._connection.close()


def open_served(workspace: Workspace, load: Loader = load_champion) -> Served:
    """Return the verified bundle and its scored population. Raises BundleError (exit 13) when they do not fit."""
    champion = load(workspace)
    key = read_key(workspace.keys / PSEUDONYM_KEY)
    connection = _open(workspace.serving_db)
    try:
        meta = _meta(connection, champion, key)
        served = Served(champion, meta, _targets(connection), key, connection)
        served.check()
    except BaseException:
        connection.close()
        raise
    return served


class Store:
    """The pair that is served now; replaced as a whole when the files on the disk are."""

    def __init__(self, workspace: Workspace, load: Loader = load_champion) -> None:
        self._workspace = workspace
        self._load = load
        self._seen = self._stamp()
        self._served = open_served(workspace, load)
        self._looked = time.monotonic()
        self._reloading = threading.Lock()
        self.behind = False  # whether the newest files are not the ones served; the log says why

    def current(self) -> Served:
        """Return the pair to answer from, looking now and then whether there is a newer one."""
        if time.monotonic() - self._looked >= LOOK_EVERY and self._reloading.acquire(blocking=False):
            try:
                self.refresh()
            finally:
                self._reloading.release()
        return self._served

    @property
    def last(self) -> Served:
        """The pair last answered from."""
        return self._served

    def refresh(self) -> None:
        """Take over what lies on the disk now when it was replaced and fits; otherwise keep the last and say why."""
        self._looked = time.monotonic()
        stamp = self._stamp()
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            fresh = open_served(self._workspace, self._load)
        except (StratifyError, OSError) as error:
            self.behind = True
            log.error("the files on the disk are not served, the last good ones still are: %s", error)
            return
        self._served, self.behind = fresh, False  # the old one closes when the last answer from it is done
        log.info("now serving bundle %s", fresh.champion.version)

    def _stamp(self) -> tuple[tuple[int, int, int] | None, ...]:
        return tuple(map(_file_stamp, (self._workspace.champion, self._workspace.serving_db)))


def _file_stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


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


def _meta(connection: sqlite3.Connection, champion: Champion, key: bytes) -> dict[str, str]:
    meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    if meta.get("format") != FORMAT:
        raise BundleError(f"serving.db must have format {FORMAT}, got {meta.get('format')}: score again")
    absent = [name for name in META if not isinstance(meta.get(name), str)]
    if absent:
        raise BundleError("serving.db does not say all it must: score again. Missing in meta:", absent)
    if meta["bundle_version"] != champion.version:
        raise BundleError(
            f"serving.db was scored with bundle {meta['bundle_version']}, "
            f"the champion is {champion.version}: score again, or roll the champion back"
        )
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


def _places(error: ValidationError) -> list[str]:
    """Return where a shape is broken, without what stands there."""
    named = (
        (".".join("[]" if isinstance(part, int) else str(part) for part in one["loc"]), one["type"])
        for one in error.errors(include_input=False, include_context=False, include_url=False)
    )
    return list(dict.fromkeys(f"{place}: {kind}" for place, kind in named))
