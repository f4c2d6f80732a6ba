"""Work shared out among processes: one call for each job, and the first error ends them all."""

from __future__ import annotations

import multiprocessing
import os
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from stratify.errors import StratifyError

Found = TypeVar("Found")
Tick = Callable[[], None]

_ticks: Any = None  # the queue that a process tells its progress on


def ticking(progress: Callable[..., None], told: str, of: int) -> Tick:
    """Return what tells, each time it is called, that one more of so many is finished: `told` with `n` and `of`."""
    finished = 0

    def tick() -> None:
        nonlocal finished
        finished += 1
        progress(told.format(n=finished, of=of), finished / of)

    return tick


def shared_out(
    do: Callable[..., Found], jobs: Sequence[tuple[Any, ...]], tick: Tick, processes: int | None = None
) -> list[Found]:
    """Return `do(*job, tick)` for each job, in their order; `do` calls `tick` as it gets on.

    By as many processes as there are cores, or by this one where one is enough. `do` and its jobs are sent to other
    processes, so `do` stands at the top of a module. What a job raises is raised here, and the others are ended.
    """
    workers = min(processes or os.cpu_count() or 1, len(jobs))
    if workers <= 1:
        return [do(*job, tick) for job in jobs]
    context = multiprocessing.get_context("spawn")
    ticks, given_up = context.Queue(), context.Event()
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_listen, initargs=(ticks, given_up)) as pool:
        futures = [pool.submit(_one, do, job) for job in jobs]
        left: set[Future[Found]] = set(futures)
        try:
            while left:
                done, left = wait(left, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
                _drain(ticks, tick)
        except BrokenProcessPool:
            raise StratifyError("a process was ended from outside; too little memory?") from None
        finally:
            if left:
                given_up.set()
                pool.shutdown(wait=True, cancel_futures=True)
        _drain(ticks, tick)
    return [future.result() for future in futures]


def _drain(ticks: Any, tick: Tick) -> None:
    while True:
        try:
            ticks.get_nowait()
        except queue.Empty:
            return
        tick()


def _listen(ticks: Any, given_up: Any) -> None:
    import duckdb

    duckdb.execute("SET threads = 1")  # the other cores have processes of their own
    global _ticks
    _ticks = ticks
    os.umask(0o077)
    threading.Thread(target=_end_with_the_run, args=(given_up,), daemon=True).start()


def _end_with_the_run(given_up: Any) -> None:
    """End this process at once when the run is given up, or when the process that started it is gone."""
    parent = multiprocessing.parent_process()
    while not given_up.wait(0.2):
        if parent is None or not parent.is_alive():
            break
    os._exit(1)


def _one(do: Callable[..., Found], job: tuple[Any, ...]) -> Found:
    return do(*job, lambda: _ticks.put(None))
