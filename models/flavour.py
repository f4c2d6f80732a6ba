"""A member as MLflow loads it: `mlflow.pyfunc.load_model("models:/stratify-…@champion").predict(rows)`.

MLflow calls `_load_pyfunc` with the folder of the member's files: text and JSON, nothing pickled. This module does not
import MLflow.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.scoring import Floats, Member
from stratify.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

STRATUM = "psychiatric_somatic"  # a column of the rows, beside the model's own; nobody is where it is not there


class Scorer:
    """What MLflow's `predict` calls."""

    def __init__(self, member: Member) -> None:
        self.member = member

    def predict(self, rows: pd.DataFrame, params: dict[str, Any] | None = None) -> Floats:  # noqa: ARG002 - MLflow's
        """Return the risk[n] of rows with the model's columns, found by name. Raises DataError where one is absent."""
        absent = [name for name in self.member.columns if name not in rows.columns]
        if absent:
            raise DataError("the rows lack columns that the model reads:", absent)
        x = rows[list(self.member.columns)].to_numpy(dtype=np.float64)
        inside = rows[STRATUM].to_numpy(dtype=bool) if STRATUM in rows.columns else None
        return self.member.risk(x, inside)


def _load_pyfunc(path: str) -> Scorer:
    folder = Path(path)
    return Scorer(Member.from_files({file.name: file.read_bytes() for file in folder.iterdir()}))
