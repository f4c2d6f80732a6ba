"""Why a risk is what it is: contributions of columns, summed to clinical groups that a reader knows. NumPy only.

A contribution is a part of the log-odds, against the average of the people the model was trained on. It says what the
model read, not what causes the outcome.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
TOP_COLUMNS = 5  # named per group


def grouped(contributions: Floats, columns: Sequence[Mapping[str, Any]]) -> tuple[list[dict[str, str]], Floats]:
    """Return the clinical groups {da, en} in the order they first stand in `columns`, and their sums [n, groups]."""
    groups, of_column = _groups(columns)
    sums = np.zeros((len(contributions), len(groups)))
    for j, g in enumerate(of_column):
        sums[:, g] += contributions[:, j]
    return groups, sums


def reasons(contributions: Floats, columns: Sequence[Mapping[str, Any]], top_n: int) -> list[list[dict[str, Any]]]:
    """Return each row's clinical groups that weigh most, largest first, at most `top_n`.

    contributions float64[n, k] as of `Member.contributions`; columns as in columns.json. A reason is
    {"group": {da, en}, "direction": "+" | "-", "contribution": log-odds, "columns": [ids]}: the columns are those that
    push the group's way, largest first, at most five. A group that adds nothing is no reason.
    """
    if contributions.ndim != 2 or contributions.shape[1] != len(columns):
        raise ValueError(f"needs contributions of {len(columns)} columns, got shape {contributions.shape}")
    groups, of_column = _groups(columns)
    sums = grouped(contributions, columns)[1]
    members = [[j for j, g in enumerate(of_column) if g == group] for group in range(len(groups))]
    return [
        [
            _reason(groups[g], float(total[g]), row, members[g], columns)
            for g in np.argsort(-np.abs(total), kind="stable")[:top_n]
            if total[g] != 0
        ]
        for row, total in zip(contributions, sums, strict=True)
    ]


def _reason(
    group: dict[str, str], total: float, row: Floats, members: list[int], columns: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    pushing = sorted((j for j in members if row[j] * total > 0), key=lambda j: -abs(row[j]))
    return {
        "group": group,
        "direction": "+" if total > 0 else "-",
        "contribution": total,
        "columns": [str(columns[j]["id"]) for j in pushing[:TOP_COLUMNS]],
    }


def _groups(columns: Sequence[Mapping[str, Any]]) -> tuple[list[dict[str, str]], list[int]]:
    groups: list[dict[str, str]] = []
    for column in columns:
        if column["clinical_group"] not in groups:
            groups.append(dict(column["clinical_group"]))
    return groups, [groups.index(column["clinical_group"]) for column in columns]
