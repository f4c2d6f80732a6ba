"""How a command ends that cannot go on: with a line that says what to do, and an exit code, and no traceback."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import duckdb
from rich.console import Console

from stratify.errors import StratifyError, UsageError

PIPELINES = ("mlflow", "pandas", "pyarrow", "scipy", "sklearn", "statsmodels", "threadpoolctl")  # of the extra


@contextmanager
def told_when_interrupted() -> Iterator[None]:
    """End a command that is interrupted, or asked to end, with a line and its exit code."""
    try:
        yield
    except KeyboardInterrupt:
        _interrupted()


@contextmanager
def errors_told() -> Iterator[None]:
    """End with a user's error told in a line, whatever raised it."""
    try:
        yield
    except StratifyError as error:
        _fail(error)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            _fail(StratifyError("no room left on the disk: nothing half-written was kept; make room, and run it again"))
        _fail(StratifyError(f"{error.filename or 'a file'}: {error.strerror or 'cannot be read or written'}"))
    except duckdb.OutOfMemoryException:
        _fail(StratifyError("out of memory: give more with STRATIFY_MEMORY_LIMIT (8GB), or free the disk"))
    except RuntimeError as error:
        if "interrupt" not in str(error).lower():
            raise
        _interrupted()
    except KeyboardInterrupt:
        _interrupted()
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] not in PIPELINES:
            raise
        _fail(UsageError(f"this command needs {error.name}: pip install 'stratify-multimorbidity[pipelines]'"))


def _interrupted() -> NoReturn:
    told = "interrupted: steps that were done are kept, nothing half-written is; the same command goes on from there"
    Console(stderr=True).print(told, soft_wrap=True)
    raise SystemExit(130)


def _fail(error: StratifyError) -> NoReturn:
    Console(stderr=True).print(f"error: {error}", highlight=False, markup=False, soft_wrap=True)
    raise SystemExit(error.exit_code)
