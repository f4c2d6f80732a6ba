"""What `--engine` and `--master` choose: landing on Spark, and jobs shared out over it by mapInArrow."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import pyarrow as pa

from pipelines.processes import Tick, shared_out
from stratify.errors import StratifyError, UsageError
from stratify.store.engine import ENGINE, Engine

Found = TypeVar("Found")
ShareOut = Callable[..., list[Any]]
ENGINES = ("duckdb", "spark")
SHAPE = "job int, found binary"


@contextmanager
def engine_of(engine: str, master: str | None) -> Iterator[tuple[Engine, ShareOut]]:
    """Yield what lands, and what shares a build out, on the engine of this name.

    UsageError (exit 2) for an engine that is none, a master that does not belong to it, and what Spark lacks.
    """
    if engine not in ENGINES:
        raise UsageError(f"--engine needs one of {', '.join(ENGINES)}, got {engine!r}")
    if (engine == "spark") != (master is not None):
        raise UsageError("--engine spark and --master go together, as in --engine spark --master 'local[2]'")
    if master is None:
        yield ENGINE, shared_out
        return
    from stratify.spark.landing import SparkEngine
    from stratify.spark.session import session

    with session(master) as spark:
        yield SparkEngine(spark), shared_over(spark)


def shared_over(spark: Any) -> ShareOut:
    """Return what shares jobs out over a session; see `processes.shared_out`, whose words it takes."""

    def share_out(
        do: Callable[..., Found], jobs: Sequence[tuple[Any, ...]], tick: Tick, processes: int | None = None
    ) -> list[Found]:
        """Return `do(*job, tick)` for each job, in their order; progress is told when all are done."""
        del processes  # how many work at once is for the cluster to say
        parted = spark.range(len(jobs), numPartitions=len(jobs))
        told = parted.mapInArrow(_calls(do, jobs), SHAPE).collect()
        found = {row["job"]: pickle.loads(row["found"]) for row in told}  # noqa: S301 - what our own workers sent
        for value in found.values():
            if isinstance(value, StratifyError):
                raise value
            tick()
        return [found[number] for number in range(len(jobs))]

    return share_out


def _calls(do: Callable[..., Any], jobs: Sequence[tuple[Any, ...]]) -> Any:
    def call(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        os.umask(0o077)
        for batch in batches:
            for number in batch.column(0).to_pylist():
                found: Any
                try:
                    found = do(*jobs[number], lambda: None)
                except StratifyError as error:  # raised again by the driver; any other one ends the job
                    found = error
                told = pa.array([pickle.dumps(found)], pa.binary())
                yield pa.RecordBatch.from_pydict({"job": pa.array([number], pa.int32()), "found": told})

    return call
