"""Returns the service's log, and an error in words that cannot hold a person's identifier."""

from __future__ import annotations

import logging
import sys
import traceback

from stratify.errors import StratifyError

log = logging.getLogger("service")


def told(error: BaseException) -> str:
    """Return one of our errors' own words, which name nobody; of any other error its kind and place alone."""
    return str(error) if isinstance(error, StratifyError) else kind_and_place(error)


def kind_and_place(error: BaseException) -> str:
    """Return an exception's kind and where it went through our code and others', without its message."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in reversed(frames[-6:]))
    return f"{type(error).__name__} at {places}"


def log_to_stderr() -> None:
    """Write the log where whoever started the process looks for it."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
