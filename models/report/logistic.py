"""The logistic model as a table that a spreadsheet can compute: every term with its mean, spread and coefficient."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from models.report.html import heading, paragraph, table
from models.report.words import Words


def predictors(words: Words, model: Mapping[str, Any], calibration: Mapping[str, Any], *, chosen: bool) -> str:
    """Return the table and the formula; columns by name where they have one; `chosen`: it is the model served."""
    rows = [[escape(words("predictors/intercept")), "", "", "", exact(words, model["intercept"])]]
    for column in model["columns"]:
        told = _named(words, column)
        for term, one in zip(terms(words, column["transform"]), column["terms"], strict=True):
            rows.append(_line(words, told, term, one["mean"], one))
        if column["missing"]:
            rows.append(_line(words, told, words("predictors/missing"), column["missing"]["share"], column["missing"]))
    strata = calibration["strata"]
    parts = {"a": calibration["a"], "b": calibration["b"], **(strata or {})}
    line = "predictors/calibrated_strata" if strata else "predictors/calibrated"
    formulas = [
        words("predictors/sum"),
        words(line, **{key: exact(words, value) for key, value in parts.items()}),
        words("predictors/risk"),
    ]
    head = [words(f"predictors/{key}") for key in ("column", "term", "mean", "scale", "coefficient")]
    note = "" if chosen else paragraph(words("predictors/not_chosen"))
    return (
        heading("predictors", words("predictors/title"))
        + note
        + paragraph(words("predictors/told"))
        + "".join(f'<p class="formula">{escape(formula)}</p>' for formula in formulas)
        + table(head, rows, names=2)
    )


def _named(words: Words, column: Mapping[str, Any]) -> str:
    """A column's name with its unit and id, or its id alone where it has no name."""
    code = f"<code>{escape(column['id'])}</code>"
    if "label" not in column:
        return code
    unit = words.named("units", column["unit"])
    beside = " · ".join(told for told in (escape(unit), code) if told)
    return f"{escape(words.of(column['label']))}<small>{beside}</small>"


def _line(words: Words, told: str, term: str, mean: float, one: Mapping[str, float]) -> list[str]:
    return [
        told,
        f"<code>{escape(term)}</code>",
        *(exact(words, value) for value in (mean, one["scale"], one["coefficient"])),
    ]


def exact(words: Words, value: float) -> str:
    """Return a number in the digits that a spreadsheet needs to give the same risk.

    >>> exact(Words("da"), -0.0150047753803), exact(Words("en"), 1234567.25)
    ('-0,0150047754', '1234567.25')
    """
    told = f"{value:.9g}" if 1e-4 <= abs(value) < 1e9 or value == 0 else f"{value:.14f}".rstrip("0")
    return told.replace(".", words.tongue.decimal)


def terms(words: Words, transform: Mapping[str, Any]) -> list[str]:
    """Return the formula of each term of a value x, in the words of a spreadsheet in this language.

    >>> terms(Words("da"), {"kind": "spline", "knots": [50.0]}), terms(Words("en"), {"kind": "log"})
    (['x', 'MAKS(x-50;0)'], ['LN(1+MAX(x,0))'])
    """

    def most(value: str) -> str:
        return f"{words('predictors/max')}({value}{words('predictors/separator')}0)"

    kind = transform["kind"]
    if kind == "log":
        return [f"LN(1+{most('x')})"]
    if kind == "decay":
        return [f"2^(-{most('x')}/{exact(words, transform['half_life'])})"]
    return ["x", *(most(f"x-{exact(words, knot)}") for knot in transform.get("knots", ()))]
