"""The page of the report, part by part; what is said of people passes the rule of small counts."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

from pipelines.synthesis import pictures
from pipelines.synthesis.measures import Region, curves
from pipelines.synthesis.targets import Measured, Target, Targets
from stratify.catalogue import load as load_catalogue
from stratify.charts import STYLE, Point
from stratify.disclosure import partition, words

HERE = Path(__file__).parent
AGES = (0, 20, 40, 60, 80)
Edges = Sequence[tuple[str, int]]


class Result(NamedTuple):
    """A target and what came out."""

    target: Target
    measured: Measured

    @property
    def met(self) -> bool:
        """Whether it came out within the tolerance."""
        return self.target.met(self.measured)

    @property
    def allowed(self) -> float:
        """How far it may lie from what is wanted."""
        return self.target.allowed(self.measured.se)

    @property
    def off(self) -> float:
        """How many tolerances it lies from what is wanted; endless where it cannot be told."""
        away = abs(self.measured.value - self.target.value) / self.allowed
        return math.inf if math.isnan(away) else away

    def told(self) -> str:
        """Return the target in words: what, wanted, came out."""
        target = self.target
        unit = "" if target.unit == "ratio" else f" {target.unit}"
        return (
            f"{target.what}: wanted {_number(target.value)}{unit} ± {_number(self.allowed)}, "
            f"came out {_number(self.measured.value)}"
        )


def missed(results: Sequence[Result]) -> list[Result]:
    """Return the results that are not met, furthest off first."""
    return sorted((result for result in results if not result.met), key=lambda result: -result.off)


def page(
    region: Region, targets: Targets, results: Sequence[Result], *, told: Mapping[str, object], edges: Edges
) -> str:
    """Return the whole page; `told` is what the run says of itself, `edges` named groups of people and their sizes."""
    style = STYLE + (HERE / "report.css").read_text(encoding="utf-8")
    body = [
        _first_screen(targets, results, told),
        _table(results),
        _pictures(region, targets),
        _families(region),
        _edges(edges),
        _not_used(targets),
        _made(region, told),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>The simulated region</title><style>{style}</style></head>"
        f"<body><main>{''.join(body)}</main></body></html>\n"
    )


# --- the targets -----------------------------------------------------------------------------------------------------

_HEAD = (
    "<thead><tr><th>Target</th><th class='n'>Wanted</th><th class='n'>Tolerance</th><th class='n'>Came out</th>"
    "<th>Unit</th><th>Where it lies</th><th>Inside?</th></tr></thead>"
)


def _first_screen(targets: Targets, results: Sequence[Result], told: Mapping[str, object]) -> str:
    not_met = missed(results)
    inside = len(results) - len(not_met)
    size = ", ".join(f"{_plain(told[key])} {key}" for key in ("people", "years") if key in told)
    rows = "".join(_row(result, short=True) for result in not_met)
    misses = _scroll(f"<table>{_HEAD}<tbody>{rows}</tbody></table>") if not_met else "<p>None.</p>"
    read = sum(not row.metric.startswith("q1y_") for row in targets.used_rows)
    others = sum(len(group.rows) for group in targets.not_used)
    return (
        "<p class='statement'><b>Synthetic data.</b> Everybody here is made up: no register was read to make this "
        "region, and nobody in it exists.</p>"
        "<h1>A simulated region, held against published figures</h1>"
        f"<p class='lead'>{escape(size)}{'. ' if size else ''}Each figure of the literature that can be put in terms "
        "of the registers stands beside what the simulation made of it.</p>"
        "<nav><a href='#targets'>All targets</a><a href='#pictures'>Pictures</a><a href='#families'>Families</a>"
        "<a href='#edges'>Named people</a><a href='#notused'>Figures not used</a>"
        "<a href='#made'>How it was made</a></nav>"
        f"<div class='score sans'><div><span class='big'>{inside}</span> "
        f"<span class='of'>of {len(results)} targets inside ({100 * inside / len(results):.0f} %)</span>"
        f"<span class='small'>resting on {read} figures read in the literature; {others} more are "
        "<a href='#notused'>not used, and why</a></span></div></div>"
        f"<h3>Not met, furthest off first</h3>{misses}"
    )


def _row(result: Result, *, short: bool = False) -> str:
    target, measured = result.target, result.measured
    note = "" if short else f"<small>{escape(target.note)} <i>{escape(target.source)}.</i></small>"
    if math.isnan(measured.value):
        said = "<span class='outside'>▲ too few to tell</span>"
    else:
        said = "<b>● inside</b>" if result.met else "<span class='outside'>▲ outside</span>"
    return (
        f"<tr><td>{escape(target.what)}{note}</td><td class='n'>{_number(target.value)}</td>"
        f"<td class='n'>± {_number(result.allowed)}</td><td class='n'>{_number(measured.value)}</td>"
        f"<td class='unit'>{escape(target.unit)}</td>"
        f"<td>{pictures.strip(measured.value, target.value, result.allowed)}</td><td class='said'>{said}</td></tr>"
    )


def _table(results: Sequence[Result]) -> str:
    rows = []
    for group in dict.fromkeys(result.target.group for result in results):
        of = [result for result in results if result.target.group == group]
        said = f"{escape(group)}: {sum(result.met for result in of)} of {len(of)} inside"
        rows += [f"<tr class='group'><td colspan='7'>{said}</td></tr>", *map(_row, of)]
    return (
        "<h2 id='targets'>All targets</h2><p>The grey band is the tolerance: 10 % of what is wanted or three standard "
        "errors of what came out, the larger, unless one is named. A dot lies inside it; a triangle outside, and one "
        "that points sideways lies beyond the edge of the strip.</p>"
        + _scroll(f"<table>{_HEAD}<tbody>{''.join(rows)}</tbody></table>")
    )


# --- the pictures ----------------------------------------------------------------------------------------------------


def _pictures(region: Region, targets: Targets) -> str:
    last = region.last
    drawn = [
        _figure(
            "A dozen conditions over age",
            f"Per cent with the condition recognised on 1 January {last}, by five years of age. "
            "Each panel has its own scale.",
            _panels(curves.prevalence_by_age(region)),
        ),
        _figure(
            "Two conditions or more, by education",
            f"Per cent of people on 1 January {last}, by age and highest completed education (UDDA).",
            pictures.lines(
                curves.multimorbid_by_age(region),
                "Multimorbidity by age and education",
                x_range=(25, 95),
                y_range=(0, 100),
                x_ticks=range(30, 100, 10),
                unit="age",
            ),
        ),
        _figure(
            "Death within a year",
            "Per 1000, on a logarithmic scale, with 95 % intervals; latest three years. Dotted: the Gompertz lines "
            "wanted, from 60 on.",
            pictures.lines(
                curves.mortality_by_age(region),
                "Mortality by age and sex",
                x_range=(30, 96),
                y_range=(0.1, 1000),
                x_ticks=range(30, 100, 10),
                log=True,
                unit="age",
                guides=_gompertz(targets),
            ),
        ),
        _together(region),
        _figure(
            "Odds of an acute admission in a year",
            f"Adults, {last}, adjusted for age and sex, with 95 % intervals. Severe: schizophrenia or bipolar.",
            pictures.forest(curves.odds_of_admission(region), "Odds ratios of an acute admission"),
        ),
        _figure(
            "Admissions month by month",
            "Per 1000 residents and 30 days: the seasons, and the spring of 2020.",
            pictures.lines(
                curves.admissions_by_month(region),
                "Admissions by month",
                x_range=(region.first, last + 1),
                x_ticks=range(region.first, last + 2, max(1, (last - region.first) // 8)),
                marks=False,
            ),
        ),
    ]
    return "<h2 id='pictures'>Pictures</h2>" + "".join(drawn)


def _panels(found: Mapping[str, curves.Curves]) -> str:
    panels = "".join(
        f"<div><h4>{escape(name)}</h4>"
        + pictures.lines(
            series,
            f"{name}: per cent by age and sex",
            width=310,
            height=170,
            x_range=(0, 95),
            x_ticks=AGES,
            marks=False,
            with_legend=False,
        )
        + "</div>"
        for name, series in found.items()
    )
    return f"<p class='key'><i></i>women<i class='two'></i>men</p><div class='panels'>{panels}</div>"


def _gompertz(targets: Targets) -> dict[str, list[Point]]:
    return {
        f"{sex}, wanted": [
            Point(target.given["age"], target.value)
            for target in targets.targets
            if target.measure == "one_year_mortality" and target.given["women"] is women
        ]
        for sex, women in (("Women", True), ("Men", False))
    }


def _together(region: Region) -> str:
    found = curves.together(region)
    labels = {key: entry.name.en.split(" (")[0] for key, entry in load_catalogue().conditions.items()}
    return _figure(
        "Conditions that go together",
        "How many times more often two conditions meet in adults than if they were independent within five years of "
        f"age and sex; the {len(found.names)} commonest. An empty square: too few to tell.",
        _scroll(pictures.heat(found, labels, "Observed over expected pairs of conditions")),
    )


def _figure(title: str, told: str, drawn: str) -> str:
    return f"<figure><figcaption><b>{escape(title)}</b>{escape(told)}</figcaption>{drawn}</figure>"


# --- people, figures not used, the run -------------------------------------------------------------------------------


def _families(region: Region) -> str:
    rows = region.con.execute(
        "SELECT kom::VARCHAR, count(*) FILTER (children > 0), count(*) FILTER (marked AND children > 0) "
        "FROM truth_family WHERE year = (SELECT max(year) FROM truth_family) GROUP BY kom ORDER BY kom"
    ).fetchall()
    marked = partition({kom: n for kom, _, n in rows})
    names = _municipalities()
    cells = "".join(
        f"<tr><td>{escape(names.get(kom, ''))}</td><td class='n'>{escape(kom)}</td><td class='n'>{words(families)}</td>"
        f"<td class='n'>{_least_said(n, families, marked[kom])}</td></tr>"
        for kom, families, n in rows
    )
    return (
        "<h2 id='families'>Families with a parent who is severely mentally ill or uses substances</h2>"
        "<p>Families with children at the end of the last year, by municipality (<i>kommune</i>). The mark stands in "
        "the truth and in counts like these alone, never on a child's record. Counts of 1 to 4 are hidden, and one "
        "more where it would give one away.</p>"
        "<table class='narrow'><thead><tr><th>Municipality</th><th class='n'>KOM</th>"
        "<th class='n'>Families with children</th><th class='n'>of them marked</th></tr></thead>"
        f"<tbody>{cells}</tbody></table>"
    )


def _least_said(n: int, families: int, told: str) -> str:
    """What may be said of a part: no more than beside the other parts, and no more than beside its own whole."""
    return escape(told if told in ("<5", "hidden") else words(n, families))


def _edges(edges: Edges) -> str:
    rows = "".join(f"<tr><td>{escape(name)}</td><td class='n'>{escape(words(n))}</td></tr>" for name, n in edges)
    head = "<thead><tr><th>Group</th><th class='n'>People</th></tr></thead>"
    table = f"<table class='narrow'>{head}<tbody>{rows}</tbody></table>" if edges else "<p>None were counted.</p>"
    return (
        "<h2 id='edges'>Named people at the edges</h2><p>Groups that code reading real registers trips over, and how "
        f"many of each are here.</p>{table}"
    )


def _not_used(targets: Targets) -> str:
    rows = "".join(
        f"<tr><td>{'<br>'.join(escape(' · '.join(part for part in row if part)) for row in group.rows)}</td>"
        f"<td>{escape(group.why)}</td></tr>"
        for group in targets.not_used
    )
    head = "<thead><tr><th>Figure, population</th><th>Why not</th></tr></thead>"
    return (
        "<h2 id='notused'>Figures not used</h2><p>Read in the literature too, but the region is not held against "
        f"them.</p>{_scroll(f'<table>{head}<tbody>{rows}</tbody></table>')}"
    )


def _made(region: Region, told: Mapping[str, object]) -> str:
    given = {**told, "judged over": f"{region.first} to {region.last}"}
    rows = "".join(f"<dt>{escape(str(key))}</dt><dd>{escape(_plain(value))}</dd>" for key, value in given.items())
    return (
        f"<h2 id='made'>How it was made</h2><dl class='made'>{rows}</dl>"
        "<p>What came out is measured in the registers and in the truth kept apart from them: conditions by the day "
        "somebody recognised them, admissions by contacts chained across hospitals and register generations (LPR2, "
        "LPR_A), drugs as redeemed (LMDB). The truth may be opened to judge the simulation, and for nothing else.</p>"
    )


def _municipalities() -> dict[str, str]:
    places = tomllib.loads((HERE / "parameters" / "places.toml").read_text(encoding="utf-8"))
    return {str(place["code"]): place["name"] for place in places["municipality"]}


def _scroll(table: str) -> str:
    return f"<div class='scroll'>{table}</div>"


def _plain(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) and value >= 10_000 else str(value)


def _number(value: float) -> str:
    return "–" if math.isnan(value) else pictures.number(value)
