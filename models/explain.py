"""Why a risk is what it is: contributions of columns, summed to headings that a clinician knows. NumPy only.

A contribution is a part of the log-odds, against the average of the people the model was trained on. It says what the
model read, not what causes the outcome. The headings are those of the bundle (`Content.reasons`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stratify.errors import BundleError

Floats = NDArray[np.float64]
Group = Mapping[str, Any]  # one item of reasons.json: id, name, modifiable, why, columns
TOP_COLUMNS = 5  # named per group


def grouped(contributions: Floats, columns: Sequence[str], groups: Sequence[Group]) -> Floats:
    """Return the sums by group, float64[n, groups]: over all groups they are the sums over all columns.

    Raises BundleError where a column stands in no group, or in two.
    """
    of_column = _places(columns, groups)
    sums = np.zeros((len(contributions), len(groups)))
    for j, g in enumerate(of_column):
        sums[:, g] += contributions[:, j]
    return sums


def reasons(
    contributions: Floats, columns: Sequence[str], groups: Sequence[Group], top_n: int
) -> list[list[dict[str, Any]]]:
    """Return each row's groups that weigh most, largest first, at most `top_n`.

    contributions float64[n, k] as of `Member.contributions`; columns: their ids. A reason is
    {"id", "group": {da, en}, "modifiable", "direction": "+" | "-", "contribution": log-odds, "columns": [ids]}: the
    columns are those that push the group's way, largest first, at most five. A group that adds nothing is no reason.
    """
    if contributions.ndim != 2 or contributions.shape[1] != len(columns):
        raise ValueError(f"needs contributions of {len(columns)} columns, got shape {contributions.shape}")
    of_column = _places(columns, groups)
    sums = grouped(contributions, columns, groups)
    members = [[j for j, g in enumerate(of_column) if g == group] for group in range(len(groups))]
    return [
        [
            _reason(groups[g], float(total[g]), row, members[g], columns)
            for g in np.argsort(-np.abs(total), kind="stable")[:top_n]
            if total[g] != 0
        ]
        for row, total in zip(contributions, sums, strict=True)
    ]


def labelled(
    told: Mapping[str, Sequence[Mapping[str, Any]]], columns: Sequence[Mapping[str, Any]], groups: Sequence[Group]
) -> dict[str, list[dict[str, Any]]]:
    """Return reasons by outcome as they are shown: each with why it can be changed, its columns in words.

    columns, groups: the bundle's. Raises BundleError where a reason names what the bundle does not have.
    """
    labels = {column["id"]: column["label"] for column in columns}
    why = {group["id"]: group["why"] for group in groups}
    try:
        return {
            outcome: [
                {
                    **{name: value for name, value in one.items() if name != "columns"},
                    "why": dict(why[one["id"]]),
                    "columns": [{"id": name, "label": dict(labels[name])} for name in one["columns"]],
                }
                for one in found
            ]
            for outcome, found in told.items()
        }
    except KeyError:
        raise BundleError("a reason names a column or a heading that the bundle does not have: score again") from None


def misplaced(columns: Sequence[str], groups: Sequence[Group]) -> list[str]:
    """Return what is wrong with the groups of these columns, in words: each column must stand in one, and once."""
    stands = Counter(name for group in groups for name in group["columns"])
    found = [f"{name}: stands in no group" for name in columns if name not in stands]
    return found + [f"{name}: stands in more than one group" for name, times in stands.items() if times > 1]


def _places(columns: Sequence[str], groups: Sequence[Group]) -> list[int]:
    if problems := misplaced(columns, groups):
        raise BundleError("the columns cannot be told under the bundle's headings; promote again:", problems)
    of = {name: place for place, group in enumerate(groups) for name in group["columns"]}
    return [of[name] for name in columns]


def _reason(group: Group, total: float, row: Floats, members: list[int], columns: Sequence[str]) -> dict[str, Any]:
    pushing = sorted((j for j in members if row[j] * total > 0), key=lambda j: -abs(row[j]))
    return {
        "id": group["id"],
        "group": dict(group["name"]),
        "modifiable": group["modifiable"],
        "direction": "+" if total > 0 else "-",
        "contribution": total,
        "columns": [columns[j] for j in pushing[:TOP_COLUMNS]],
    }
