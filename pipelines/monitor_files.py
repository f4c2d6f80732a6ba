"""The files of measured targets: everything told as JSON, points as Parquet, and CSV that a Danish Excel opens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args
from uuid import NAMESPACE_URL, uuid5

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.steps import read_manifest
from stratify.danish_csv import write_danish
from stratify.fhir.measure_reports import MEASURES, measure_reports
from stratify.fhir.measure_words import Language
from stratify.files import write_json
from stratify.quality.points import AGAINST, POINT, WORDS, points
from stratify.workspace import Workspace

TARGETS = "targets"  # the folder of what is told of each
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("target", "part", "grouping", "label", "period")),
        ("numerator", pa.int64()),
        ("denominator", pa.float64()),
        ("unknown", pa.int64()),
        *((name, pa.float64()) for name in ("value", "low", "high")),
        ("hidden", pa.bool_()),
        ("mature", pa.bool_()),
        *((name, pa.float64()) for name in ("centre", "lower", "upper")),
        ("flagged", pa.string()),
        *((name, pa.float64()) for name in AGAINST),
    ]
)


def write_files(out: Path, told: Mapping[str, Mapping[str, Any]]) -> None:
    """Write each target's JSON, the points of all as Parquet and as CSV."""
    (out / TARGETS).mkdir()
    for key, one in told.items():
        write_json(out / TARGETS / f"{key}.json", one)
    rows = list(points(told))
    columns = {name: [row[name] for row in rows] for name in POINT}
    pq.write_table(pa.table(columns, schema=SCHEMA), out / "points.parquet", compression="zstd")
    write_csv(out / "points.csv", rows)


def write_measure_reports(out: Path, summaries: Mapping[str, Mapping[str, Any]], delivered: str) -> None:
    """Write a FHIR Bundle of MeasureReports in each language, as the service would tell them."""
    for language in get_args(Language):
        found = measure_reports(summaries.values(), reported_on=delivered, id_of=_id_of, language=language)
        entries = [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in found]
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
        write_json(out / f"measure-reports-{language}.json", bundle)


def _id_of(*parts: str) -> str:
    return str(uuid5(NAMESPACE_URL, "|".join((MEASURES, *parts))))


def read_told(work: Workspace) -> dict[str, tuple[Any, Any]]:
    """Return of each target its one line, and all that is told of it; DataError where none were measured."""
    lines = read_manifest(work.quality, "monitor")["results"]["targets"]
    folder = work.quality / TARGETS
    return {key: (line, json.loads((folder / f"{key}.json").read_text("utf-8"))) for key, line in lines.items()}


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write points for a Danish Excel."""
    write_danish(path, {name: WORDS[name] for name in POINT}, rows)
