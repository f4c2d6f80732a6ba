"""The region over time: its control chart, or its years where there are too few points for one, and its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from models.report.html import figure, paragraph, table
from models.report.targets.drawn import chart_of, is_chart, mature, periods
from models.report.targets.facts import assured, fact, three
from models.report.targets.figures import Figures
from models.report.targets.signals import parts_of
from models.report.targets.words import ReportWords
from stratify.charts import Estimate, control, forest

Told = Mapping[str, Any]
SEXES = ("", "male", "female")
MANY_HIDDEN = 0.1  # of the mature points; above it the chart says that its centre may be off


def region(words: ReportWords, target: Told) -> str:
    """Return the three facts of the region and its chart."""
    line = target["series"]["region"][""]
    facts = {**line["facts"], "assurance": assured(line["facts"], target["standard"])}
    name = words.of(target["name"])
    drawn = charted(words, target, line, target["standard"], words("charts/region"), name)
    return three(words, facts) + drawn + breaks(words, target)


def breaks(words: ReportWords, target: Told) -> str:
    """Return what the charts of a target were told of: months in which something other than care changed, and why."""
    if not target["breaks"]:
        return ""
    items = []
    for one in target["breaks"]:
        if not one.get("applies"):
            unfit = words("breaks/unfit", month=words.period(one["month"]), unit=one["unit"] or "–")
            items.append(f"<li>{escape(unfit)}</li>")
            continue
        whose = words("breaks/all")
        if one["level"]:
            whose = words.unit(one["unit"]) if one["unit"] else words(f"levels/{one['level']}")
        does = words.named("breaks", one["does"])
        items.append(f"<li>{escape(words.period(one['month']))}, {escape(whose)}: {escape(does)}. "
                     f"{escape(words.of(one['why']))}</li>")  # fmt: skip
    return f'<div class="breaks"><b>{escape(words("breaks/title"))}</b><ul>{"".join(items)}</ul></div>'


def charted(words: ReportWords, target: Told, line: Told, standard: float | None, title: str, of: str) -> str:
    """Return the control chart of a line, with what kind it is in words; by year where it has too few points."""
    if not is_chart(line):
        return by_year(words, target, title, of)
    figures = Figures(words, target["unit"])
    chart = chart_of(line, target, standard)
    drawn = control(
        chart, [words.axis(one) for one in periods(line, target)], f"{of}: {title}", unit=figures.named,
        write=figures.value, hidden=line["hidden"], period=words(f"charts/step_{line['step']}"), tongue=words.tongue,
    )  # fmt: skip
    caption = kind_in_words(words, line) + sees(words, figures, line) + young(words, target, line) + biased(words, line)
    return figure(title, caption, drawn)


def kind_in_words(words: ReportWords, line: Told) -> str:
    """Return what kind of chart it is and why: the prime where values vary beyond what counting explains."""
    told = line["chart"]
    if told["sigma_z"] is None:
        return words(f"charts/{told['kind']}")
    return words(f"charts/{told['kind']}", sigma=words.tongue.number(told["sigma_z"], 2))


def sees(words: ReportWords, figures: Figures, line: Told) -> str:
    """Return how long a change would take to show on the chart, where that is told."""
    told = line.get("facts", {}).get("sees")
    if told is None:
        return ""
    number = words.tongue.number
    by = number(100 * told["change"], 0)
    change = words("charts/change_share" if figures.unit == "share" else "charts/change_rate", by=by)
    if told["median"] is None:
        return " " + words("charts/sees_not", change=change)
    if told["most"] is None:
        return " " + words("charts/sees_half", change=change, n=number(told["median"], 0))
    return " " + words("charts/sees", change=change, n=number(told["median"], 0), most=number(told["most"], 0))


def biased(words: ReportWords, line: Told) -> str:
    """Return a warning where many points are hidden: what may be shown, none or many, is no random choice of them."""
    hidden = sum(line["hidden"])
    there = hidden + sum(one is not None for one, out in zip(line["value"], line["hidden"], strict=True) if not out)
    if hidden <= MANY_HIDDEN * there:
        return ""
    number = words.tongue.number
    return " " + words("charts/biased", hidden=number(hidden, 0), all=number(there, 0))


def young(words: ReportWords, target: Told, line: Told) -> str:
    """Return a sentence on the periods that are not mature, if there are any."""
    names = [name for name, ready in zip(periods(line, target), mature(line, target), strict=True) if not ready]
    if not names:
        return ""
    there = [one for one, ready in zip(line["value"], mature(line, target), strict=True) if not ready]
    told = "charts/immature_drawn" if any(one is not None for one in there) else "charts/immature"
    first, last = words.period(names[0]), words.period(names[-1])
    return " " + words(told, periods=first if first == last else f"{first} – {last}")


def by_year(words: ReportWords, target: Told, title: str, of: str) -> str:
    """Return the region's years with their intervals, one below the other."""
    years = target["units"]["region"]
    if not years:
        return paragraph(words("charts/no_year"), "soft")
    rows = [
        (year, {key: one[0] for key, one in found.items() if isinstance(one, list)}) for year, found in years.items()
    ]
    return figure(title, words("charts/years"), year_forest(words, target, {words("charts/year"): rows}, of))


def year_forest(
    words: ReportWords,
    target: Told,
    groups: Mapping[str, Sequence[tuple[str, Told]]],
    of: str,
    wanted: float | None = None,
) -> str:
    """Return a forest of values by year, in groups; `wanted` is a line in it, else the standard where there is one."""
    figures = Figures(words, target["unit"])
    line = wanted if wanted is not None else target["standard"]
    scale = figures.scale

    def estimate(name: str, row: Told) -> Estimate:
        if row["value"] is None or row["hidden"]:
            return Estimate(name, None, told=figures.cell(None, None, None, hidden=bool(row["hidden"])))
        return Estimate(name, *(scale * row[key] for key in ("value", "low", "high")))

    found = {name: [estimate(year, row) for year, row in rows] for name, rows in groups.items()}
    highest = max((one.high for rows in found.values() for one in rows if one.high is not None), default=1.0)
    log = target["unit"] == "ratio" and all(one.low for rows in found.values() for one in rows if one.value is not None)
    reach = (0.8, 2.0) if log else (0.0, max(highest, scale * (line or 0.0)))
    told = words("charts/years_told", unit=figures.named)
    return forest(
        found, of, log=log, wanted=-1.0 if line is None else scale * line, reach=reach, told=told,
        digits=figures.digits, tongue=words.tongue,
    )  # fmt: skip


def parts(words: ReportWords, target: Told) -> str:
    """Return the parts of an all-or-none target: each in its latest year with its own standard, and its chart."""
    found = parts_of(target)
    if not found:
        return ""
    head = [words(f"parts/{one}") for one in ("part", "latest", "goal", "standard", "variation", "unknown")]
    rows, charts = [], []
    for key, part in found.items():
        name = words.of(part.get("name", key))
        rows.append([escape(name), *_part(words, target, part)])
        line = part["series"].get("region", {}).get("")
        if line is not None and is_chart(line):
            charts.append(charted(words, target, line, part.get("standard"), name, words.of(target["name"])))
    top = f"<h3>{escape(words('parts/title'))}</h3>{paragraph(words('parts/why'), 'soft')}"
    return top + table(head, rows, names=6) + "".join(charts)


def _part(words: ReportWords, target: Told, part: Told) -> list[str]:
    years = part["units"]["region"]
    if not years:
        return ["–", "–", "–", "–", "–"]
    figures, facts = Figures(words, target["unit"]), part["series"]["region"][""]["facts"]
    year, row = max(years.items())
    value = f"{escape(figures.at(row, 0))} <small>{year}</small>"
    standard = part.get("standard")
    goal = "–" if standard is None else words(f"goals/{target['direction']}", value=figures.standard(standard))
    unknown = figures.unknown(row["unknown"][0], row["denominator"][0], hidden=bool(row["hidden"][0]))
    if row["denominator"][0] == 0 and row["unknown"][0]:
        value = escape(words("parts/no_register"))
    return [value, escape(goal), fact(words, "standard", row["standard"][0]),
            fact(words, "variation", facts["variation"]), escape(unknown)]  # fmt: skip


def ratio_years(words: ReportWords, target: Told) -> str:
    """Return a ratio by year for everybody, men and women; it has no chart within the year."""
    years = target["periods"]["12"]
    groups = {}
    for sex in SEXES:
        rows = target["ratios"].get(sex)
        if rows is not None:
            found = [(year, {name: rows[name][at] for name in rows}) for at, year in enumerate(years)
                     if rows["value"][at] is not None or rows["hidden"][at]]  # fmt: skip
            groups[words(f"ratio/{sex or 'all'}")] = found
    drawn = year_forest(words, target, groups, words.of(target["name"]), wanted=1.0)
    return figure(words("ratio/title"), words("ratio/told"), drawn)
