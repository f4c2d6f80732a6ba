"""The data quality of an extract as a table to look at: categories after Kahn, then each check that is not ok."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from pipelines.progress import progress_bar
from stratify.files import write_text
from stratify.registers.data_quality.assess import FOLDERS, Finding, assess
from stratify.registers.data_quality.declare import CATEGORIES, checks, read_thresholds
from stratify.store.land import MEMORY_LIMIT

VERDICTS = ("ok", "warn", "fail", "not applicable")


def look(source: str, data: Path, thresholds: Path | None, report: Path | None, console: Console) -> list[Finding]:
    """Return what the checks of an extract find, after printing it and writing the report where one is wanted."""
    own = read_thresholds(thresholds, checks(FOLDERS[source])) if thresholds else {}
    with TemporaryDirectory() as scratch, progress_bar(1) as (say, _):
        found = assess(source, data, Path(scratch), own, MEMORY_LIMIT, say)
    show(found, console)
    if report:
        told = {"source": source, "summary": summary(found), "findings": [finding.as_dict() for finding in found]}
        write_text(report, json.dumps(told, ensure_ascii=False, indent=1) + "\n", mode=0o600)
    return found


def summary(found: Sequence[Finding]) -> dict[str, dict[str, int]]:
    """Return by category how many checks came to each verdict."""
    counts: Counter[tuple[str, str]] = Counter((finding.check.category, finding.verdict) for finding in found)
    return {category: {verdict: counts[category, verdict] for verdict in VERDICTS} for category in CATEGORIES}


def show(found: Sequence[Finding], console: Console) -> None:
    """Print the summary, then every check that warns or fails, with what to do. Counts of 1 to 4 are not shown."""
    by_category = Table("data quality", "checks", *VERDICTS, box=None, padding=(0, 2))
    told = summary(found)
    for category, counts in told.items():
        by_category.add_row(category, str(sum(counts.values())), *(str(counts[verdict]) for verdict in VERDICTS))
    totals = [sum(counts[verdict] for counts in told.values()) for verdict in VERDICTS]
    by_category.add_row("all", str(sum(totals)), *map(str, totals))
    console.print(by_category)
    for verdict in ("fail", "warn"):
        for finding in found:
            if finding.verdict == verdict:
                console.print(f"  {verdict}: {line(finding)}", highlight=False, markup=False, soft_wrap=True)
                console.print(f"        {finding.check.advice.en}", highlight=False, markup=False, soft_wrap=True)
    lacking = sorted({part for finding in found for part in finding.lacking})
    if lacking:
        console.print(f"  not applicable: {', '.join(lacking)}", highlight=False, markup=False, soft_wrap=True)


def line(finding: Finding) -> str:
    """Return a finding in one line: where, what, how many of how many, and which months or codes."""
    share = "" if finding.share is None else f" ({finding.share:.2%})"
    people = "" if finding.people is None else f", {finding.people_words} people"
    named = f": {', '.join(finding.named)}" if finding.named else ""
    counted = f"{finding.failing_words} of {finding.checked_words} {finding.check.unit}s{share}{people}{named}"
    return f"{finding.table}: {finding.check.name.en} [{finding.check.id}]: {counted}"


def failing(found: Sequence[Finding]) -> list[str]:
    """Return the checks that fail, each as a line."""
    return [line(finding) for finding in found if finding.verdict == "fail"]
