"""Units beside each other: the latest year in a funnel and a table, and their charts. Never a ranking."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from models.report.html import figure, paragraph, table
from models.report.targets.drawn import chart_of, funnel_of, is_chart, periods
from models.report.targets.facts import fact
from models.report.targets.figures import Figures
from models.report.targets.signals import parts_of
from models.report.targets.words import REST, ReportWords
from stratify.charts import funnel, marks_in, reach_of, small_control
from stratify.charts.symbols import symbol

Told = Mapping[str, Any]
MANY = "practice"  # a level with so many units that its table has only those outside the limits
ADJUSTED = ("outcome", "balancing")  # by observed over expected: what happens to people depends on who they are


def units(words: ReportWords, target: Told) -> str:
    """Return each level below the region: funnel, table and small charts; what is not told of a level is said."""
    told = "".join(of_level(words, target, level) for level in levels(target))
    return told + missing(words, target) + parts_of_units(words, target)


def missing(words: ReportWords, target: Told) -> str:
    """Return a sentence on the levels of which the source tells nothing, if there are any."""
    lacking = [words(f"levels/{one}").lower() for one in target.get("missing_levels", [])]
    return paragraph(words("units/missing", levels=words.listed(lacking)), "soft") if lacking else ""


def parts_of_units(words: ReportWords, target: Told, only: str | None = None) -> str:
    """Return the charts of each part of a target in units; only: those of one level."""
    parts = []
    for key, part in parts_of(target).items():
        charts = [small_charts(words, target, of, part.get("standard"), level) for level, of in part["series"].items()
                  if level != "region" and only in (None, level)]  # fmt: skip
        if any(charts):
            name = words("units/part", name=words.of(part.get("name", key)))
            parts.append(f"<h3>{escape(name)}</h3>{''.join(charts)}")
    return "".join(parts)


def levels(target: Told) -> list[str]:
    """Return the levels below the region that a target is told for."""
    return [level for level, years in target.get("units", {}).items() if level != "region" and years]


def of_level(words: ReportWords, target: Told, level: str) -> str:
    """Return the units of one level in their latest year and over time."""
    year, rows = max(target["units"][level].items())
    return (
        f"<h3>{escape(words('units/title', level=level_name(words, target, level), year=year))}</h3>"
        f"{_funnel(words, target, level, rows)}{_table(words, target, level, rows)}"
        f"{small_charts(words, target, target['series'].get(level, {}), target['standard'], level)}"
    )


def level_name(words: ReportWords, target: Told, level: str) -> str:
    """Return the name of a level; hospitals are those that treat, or those in whose catchment people live."""
    catchment = level == "hospital" and target.get("hospitals") == "catchment"
    return words("levels/hospital_catchment" if catchment else f"levels/{level}")


def _funnel(words: ReportWords, target: Told, level: str, rows: Told) -> str:
    adjusted = target["kind"] in ADJUSTED
    found = funnel_of(rows, _which(target), target["unit"])
    if found is None:
        return paragraph(words("units/no_funnel"), "soft")
    drawn, labels = found
    figures = Figures(words, "ratio" if adjusted else target["unit"])
    per = 1.0 if adjusted else {"rate": 1000.0}.get(target["unit"], 1.0)
    size = words("units/expected" if adjusted else f"units/size_{target['unit']}")
    title = words("units/funnel", level=level_name(words, target, level))
    picture = funnel(
        drawn, [words.unit(one) for one in labels], f"{words.of(target['name'])}: {title}",
        unit=words("values/oe") if adjusted else figures.named, size=size,
        write=lambda value: figures.value(per * value), tongue=words.tongue,
    )  # fmt: skip
    if level == MANY:
        picture = picture.partition('<details class="behind">')[0]
    caption = words("units/adjusted" if adjusted else "units/crude")
    if drawn.widened:
        caption += " " + words("units/widened")
    elif drawn.overdispersed:
        caption += " " + words("units/overdispersed")
    return figure(title, caption, picture)


def _which(target: Told) -> str:
    return "funnel_oe" if target["kind"] in ADJUSTED else "funnel"


def _table(words: ReportWords, target: Told, level: str, rows: Told) -> str:
    """Return the table of a level's units in the order of their names; of practices those outside the limits."""
    labels = rows["units"]
    hidden = sum(rows["hidden"])
    chosen = sorted(range(len(labels)), key=lambda at: labels[at] in REST)
    told = ""
    if level == MANY:
        number = words.tongue.number
        if rows[_which(target)] is None:
            return paragraph(words("units/practices_few", all=number(len(labels), 0), hidden=number(hidden, 0)))
        out = rows[_which(target)]["outside"]
        chosen = [at for at in chosen if out[at]]
        told = paragraph(words("units/practices", all=number(len(labels), 0), hidden=number(hidden, 0),
                               out=number(len(chosen), 0)))  # fmt: skip
        if not chosen:
            return told
    figures = Figures(words, target["unit"])
    standard = target["standard"] is not None
    head = [words("units/unit"), words("units/value"), words("values/oe")]
    against = [name for name in ("oe", "oe_case_mix") if name in rows]  # by age and sex, and by predicted risk
    head += [words("values/oe_case_mix")] if "oe_case_mix" in rows else []
    share = target["unit"] == "share"  # of a rate nobody is unknown
    head += [words("first/unknown")] if share else []
    body = []
    for at in chosen:
        unknown = figures.unknown(rows["unknown"][at], rows["denominator"][at], hidden=bool(rows["hidden"][at]))
        held = [_expected(figures, rows, at, name) for name in against]
        row = [words.unit(labels[at]), figures.at(rows, at), *held, unknown]
        row = [escape(cell) for cell in (row if share else row[:-1])]
        body.append([*row, fact(words, "standard", rows["standard"][at])] if standard else row)
    if standard:
        head.append(words("first/standard"))
    return told + table(head, body, names=1, style="units")


def _expected(figures: Figures, rows: Told, at: int, name: str) -> str:
    if rows[name][at] is None or rows["hidden"][at]:
        return "–"
    return figures.at(rows, at, name)


def small_charts(words: ReportWords, target: Told, of: Told, standard: float | None, level: str) -> str:
    """Return the charts of units that have points enough, beside each other on one axis; the others by name."""
    kept = {unit: line for unit, line in of.items() if is_chart(line) and unit not in REST}
    if not kept:
        return ""
    charts = {unit: chart_of(line, target, standard) for unit, line in kept.items()}
    pairs = [(charts[unit], line["hidden"]) for unit, line in kept.items()]
    figures, reach = Figures(words, target["unit"]), reach_of(pairs)
    drawn = "".join(
        small_control(
            charts[unit], [words.axis(one) for one in periods(line, target)], words.unit(unit), reach=reach,
            write=figures.value, hidden=line["hidden"], tongue=words.tongue,
        )
        for unit, line in kept.items()
    )  # fmt: skip
    marks = "".join(
        f'<span><svg class="shape" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">{symbol(8, 8, what)}'
        f"</svg> {escape(told)}</span>"
        for what, told in marks_in(pairs, words.tongue).items()
    )
    few = [words.unit(unit) for unit in of if unit not in kept and unit not in REST]
    told = words("units/charts", unit=figures.named)
    if few:
        told += " " + words("units/few", names=words.listed(few))
    title = words("units/charts_title", level=level_name(words, target, level))
    return (
        f"<figure><figcaption><b>{escape(title)}</b>{escape(told)}</figcaption>"
        f'<p class="marks">{marks}</p><div class="small">{drawn}</div></figure>'
    )
