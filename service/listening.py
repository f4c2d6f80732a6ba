"""Returns the socket that one process or several listen on: each takes one new connection at a time.

A worker that may take all that wait takes them all when they come together, and the others stand idle.
"""

from __future__ import annotations

import socket
from multiprocessing.reduction import DupFd
from typing import Any

from stratify.errors import UsageError

BACKLOG = 2048


class Shared(socket.socket):
    """A listening socket whose `accept` says after each connection that there is none, once."""

    _took = False

    def accept(self) -> tuple[socket.socket, Any]:
        """Return a new connection; raises BlockingIOError each other time, so that another worker may come first."""
        if self._took:
            self._took = False
            raise BlockingIOError
        found = super().accept()
        self._took = True
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        """Go to another process as the same socket."""
        return _shared, (DupFd(self.fileno()), self.family, self.type, self.proto)


def _shared(fd: Any, family: int, kind: int, proto: int) -> Shared:
    return Shared(family, kind, proto, fileno=fd.detach())


def listen(host: str, port: int) -> Shared:
    """Return a socket that listens on an address. Raises UsageError where it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        plain = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise UsageError(f"cannot listen on {host}:{port} ({error.strerror}); choose another --port") from None
    # asyncio does this only for sockets it made itself; without it a short answer waits 40 ms for the caller's ACK.
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Shared(plain.family, plain.type, plain.proto, fileno=plain.detach())
