"""The report of a simulated region: each target beside what came out, the misses first, pictures, and small tables.

One page that needs nothing else: no script, no font, no picture from elsewhere.
`python -m pipelines.synthesis.report REGISTERS TRUTH OUT` writes it and prints a line for each target.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import duckdb

from pipelines.synthesis import truth as truth_tables
from pipelines.synthesis.measures import Region, attach, measure_all, prepare
from pipelines.synthesis.page import Edges, Result, missed, page
from pipelines.synthesis.targets import load
from stratify.errors import StratifyError, UsageError
from stratify.files import write_text

MEMORY, THREADS = "3GB", 2


class Summary(NamedTuple):
    """How many targets there are, how many are met, and the ones that are not, furthest off first, in words."""

    used: int
    inside: int
    misses: tuple[str, ...]


def write_report(registers: Path, truth: Path, out: Path, *, told: Mapping[str, object], edges: Edges) -> Summary:
    """Return how many targets are met, after writing the page to a file.

    `told` is what the run says of itself (seed, people, years, digest of the parameters ...), shown as it is given;
    `edges` are named groups of people and how many there are. DataError (exit 11) where a table is not there.
    """
    with _opened(registers, truth) as region:
        results = judge(region)
        write_text(out, page(region, load(), results, told=told, edges=edges))
    return summary(results)


def judge(region: Region) -> list[Result]:
    """Return every target with what came out, in the order of the targets."""
    found = measure_all(region, load())
    return [Result(target, found[target.id]) for target in load().targets]


def summary(results: Sequence[Result]) -> Summary:
    """Return the count of targets met and the misses in words."""
    not_met = missed(results)
    return Summary(len(results), len(results) - len(not_met), tuple(result.told() for result in not_met))


def lines(results: Sequence[Result]) -> Iterator[str]:
    """Return a line for each target, then the total."""
    for result in results:
        target, (value, error) = result.target, result.measured
        yield (
            f"{target.id:30} wanted {target.value:8.3f} ± {result.allowed:7.3f}  got {value:9.3f} (se {error:7.3f})  "
            f"{'inside' if result.met else 'OUTSIDE'}"
        )
    total = summary(results)
    yield f"{total.inside} of {total.used} inside ({100 * total.inside / total.used:.0f} %)"


def main(arguments: Sequence[str]) -> None:
    """Write a report and print a line for each target, then the total."""
    if len(arguments) != 3:
        raise UsageError("three words are required: REGISTERS TRUTH OUT, the two folders and the page to write")
    registers, truth, out = map(Path, arguments)
    with _opened(registers, truth) as region:
        results = judge(region)
        write_text(out, page(region, load(), results, told={}, edges=()))
    sys.stdout.write("\n".join(lines(results)) + "\n")


@contextmanager
def _opened(registers: Path, truth: Path) -> Iterator[Region]:
    """A prepared region in a connection with a limit on memory; what does not fit lies in a folder that goes after."""
    with tempfile.TemporaryDirectory(prefix="region-report-") as folder, duckdb.connect() as con:
        con.execute(f"SET memory_limit = '{MEMORY}'; SET threads = {THREADS}; SET temp_directory = '{folder}'")
        attach(con, registers)
        truth_tables.attach(con, truth)
        yield prepare(con)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except StratifyError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
