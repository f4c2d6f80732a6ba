"""Returns the pair that is served now, a verified bundle and its scored population, and takes over a newer one whole.

Now and then the files on the disk are looked at; when they were replaced the new pair is opened beside the old one and
takes over once it fits. Until then, whatever lies there, the last good pair goes on answering.
"""

from __future__ import annotations

import threading
from pathlib import Path
from time import monotonic

from service.logs import log, told
from service.served import BUNDLE_PUBLIC_KEY, PSEUDONYM_KEY, Loader, Served, load_verified, open_served
from service.spot import Spot
from stratify.workspace import Workspace

LOOK_EVERY = 2.0  # seconds between two looks at whether the files were replaced
RETRY_EVERY = 10.0  # seconds before files that did not fit are tried again


class Store:
    """The pair that is served now; replaced as a whole when the files on the disk are."""

    def __init__(self, workspace: Workspace, load: Loader = load_verified) -> None:
        self._workspace = workspace
        self._load = load
        self._seen = self._stamp()  # of the files the served pair was opened from
        self._served = open_served(workspace, load)
        self._spot: Spot | None = None
        self._next = monotonic() + LOOK_EVERY
        self._reloading = threading.Lock()
        self.behind = False  # whether the newest files are not the ones served; the log says why

    def current(self) -> Served:
        """Return the pair to answer from, looking now and then whether there is a newer one."""
        if monotonic() >= self._next and self._reloading.acquire(blocking=False):
            try:
                self.refresh()
            finally:
                self._reloading.release()
        return self._served

    @property
    def last(self) -> Served:
        """The pair last answered from."""
        return self._served

    def spot(self, served: Served) -> Spot:
        """Return what scores one person on the spot, by this pair; the same one for as long as the pair is served."""
        found = self._spot
        if found is None or found.served is not served:
            found = self._spot = Spot(self._workspace, served)
        return found

    def refresh(self) -> None:
        """Take over what lies on the disk now when it was replaced and fits; otherwise keep the last and say why."""
        stamp = self._stamp()
        try:
            if stamp != self._seen:
                self._served = open_served(self._workspace, self._load)  # the old one closes after its last answer
                self._seen = stamp
                log.info("now serving bundle %s", self._served.bundle.version)
            self.behind = False
        except Exception as error:  # whatever lies there must not end the answers from the last good pair
            self.behind = True
            log.error("the files on the disk are not served, the last good ones still are: %s", told(error))
        self._next = monotonic() + (RETRY_EVERY if self.behind else LOOK_EVERY)

    def _stamp(self) -> tuple[tuple[int, int, int] | None, ...]:
        """Return what changes when a file that is served from does, or when a bundle comes or goes."""
        keys = self._workspace.keys
        paths = (self._workspace.serving_db, self._workspace.bundles, keys / PSEUDONYM_KEY, keys / BUNDLE_PUBLIC_KEY)
        return tuple(map(_path_stamp, paths))


def _path_stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except OSError:  # not there, or not ours to see: opening it will say so
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size
