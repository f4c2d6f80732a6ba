"""What a run has to tell, on one screen: people, conditions, models, offers, targets, and what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from models import load_declared
from stratify.catalogue import Catalogue
from stratify.disclosure import partition, words
from stratify.workspace import Workspace

Told = dict[str, dict[str, Any]]
OUTCOME_MARKS = {"met": "met", "not_met": "not met", "undecided": "undecided", "no_standard": "no standard"}


def show(told: Told, catalogue: Catalogue, work: Path, console: Console) -> None:
    """Print the summary of a run. Counts of 1 to 4 people are not shown."""
    landmark = told["build"]["score_landmark"]
    flow = told["build"]["flow"][landmark]
    console.rule(f"[bold]{landmark}[/bold]: what is known on this day")
    _people(told, flow, console)
    _conditions(told, catalogue, console)
    _models(told, catalogue, console)
    _offers(told, console)
    _targets(told, console)
    for note in [*told["land"]["notes"], *_refused(told)]:
        console.print(f"  note: {note}", highlight=False)
    console.rule()
    if told["evaluate"]["evaluated"]:
        console.print(f"Pages of each model, in Danish and English: {work / 'report' / 'models'}", highlight=False)
    made_up = told["land"]["delivery"]["source"] == "synthetic"
    how = "--demo" if made_up else "--jwt-key KEY.pem --issuer ISSUER --audience AUDIENCE"
    command = ".venv/bin/stratify" if Path(".venv/bin/stratify").exists() else "stratify"
    console.print(f"Next: [bold]{command} serve {how} --work {work}[/bold]", highlight=False, soft_wrap=True)


def show_extract(people: int, tables: Mapping[str, Mapping[str, Any]], notes: Sequence[str], console: Console) -> None:
    """Print what would become of an extract's rows."""
    table = Table("table", "rows", "would land", "refused", box=None, padding=(0, 2))
    for name, counts in tables.items():
        refused = ", ".join(f"{count} {reason}" for reason, count in counts["reasons"].items()) or "0"
        table.add_row(name, str(counts["rows_in"]), str(counts["landed"]), refused)
    console.print(table)
    console.print(f"  people: {words(people)}", highlight=False)
    for note in notes:
        console.print(f"  note: {note}", highlight=False)


def show_measured(targets: Mapping[str, Mapping[str, Any]], work: Workspace, console: Console) -> None:
    """Print how the chosen targets stand in the region, which of them signal, and where all of it is."""
    chosen = {key: line for key, line in targets.items() if line["chosen"]}
    status = Counter(OUTCOME_MARKS.get(line["status"], "cannot be told") for line in chosen.values())
    signal = [key for key, line in chosen.items() if line["facts"]["signal"]]
    told = ", ".join(f"{count} {word}" for word, count in status.items())
    console.print(f"the region, {len(chosen)} chosen targets: {told}", highlight=False, soft_wrap=True)
    console.print(
        f"signals of the region at its latest point: {', '.join(signal) or 'none'}", highlight=False, soft_wrap=True
    )
    console.print(f"report: {work.report / 'quality.html'}", highlight=False, soft_wrap=True)


def show_rewritten(written: Mapping[str, Sequence[int]], files: int, console: Console) -> None:
    """Print how many of a store's bucket files a landing wrote; the others were as they stood."""
    total = sum(len(buckets) for buckets in written.values())
    which = f" ({', '.join(f'{domain} {len(buckets)}' for domain, buckets in sorted(written.items()))})"
    told = f"{total} of {files} bucket files written{which if 0 < total < files else ''}"
    console.print(told, highlight=False, soft_wrap=True)


def show_index(built: Mapping[str, Mapping[str, Any]], console: Console) -> None:
    """Print how many index events of each kind were built, and of how many discharges a diagnosis was known by then."""
    for folder, told in built.items():
        years = "; ".join(f"{year}: {'<5' if count is None else count}" for year, count in told["rows"].items())
        console.print(f"{folder} ({told['population']}) {years or 'none'}", highlight=False, soft_wrap=True)
        share = told.get("diagnosis_known_share")
        if "diagnosis_known_share" in told:
            words_of = "hidden" if share is None else f"{share:.1%}"
            console.print(
                f"  a diagnosis of the stay was known before the day of discharge: {words_of}", highlight=False
            )


def _people(told: Told, flow: dict[str, int], console: Console) -> None:
    definitions = told["build"]["definitions"]
    rows = [
        ("people landed", told["land"]["people"]),
        ("adults resident", flow["adults"]),
        (f"multimorbid ({definitions['multimorbid']})", flow["multimorbid"]),
        (f"psychiatric-somatic ({definitions['both']})", flow["psychiatric_somatic"]),
    ]
    rows += [
        (f"  under {key}", count) for key, count in told["build"]["under"][told["build"]["score_landmark"]].items()
    ]
    for name, count in rows:
        console.print(f"  {name:<45} {words(count):>10}", highlight=False)


def _conditions(told: Told, catalogue: Catalogue, console: Console) -> None:
    table = Table("condition", "adults on the day", box=None, padding=(0, 2))
    unverified = set(told["land"]["measurable"]["unverified"])
    of = told["build"]["people_with"]
    parts = {key: [one for one in of if catalogue.conditions[one].part_of == key] for key in of}
    beside = {one for ones in parts.values() for one in ones}
    for key in (one for whole in of if whole not in beside for one in (whole, *parts[whole])):
        count = of[key]
        name = ("  " if catalogue.conditions[key].part_of else "") + catalogue.conditions[key].name.en
        shown = "not measurable here" if count is None else words(count)
        table.add_row(name, shown + (" (unverified concepts)" if key in unverified else ""))
    console.print(table)


def _models(told: Told, catalogue: Catalogue, console: Console) -> None:
    table = Table("model", "AUROC", "AUPRC", "Brier", "slope", "intercept", "", box=None, padding=(0, 2))
    measures = ("auroc", "auprc", "brier", "calibration_slope", "calibration_intercept")
    kept_out = {one["model"]: one["gates"] for one in told["promote"]["kept_out"]}
    populations = load_declared().populations
    for key, found in told["train"]["trained"].items():
        outcome, population = key.split("/")
        name = f"{catalogue.outcomes[outcome].name.en}: {found['chosen']}, {populations[population].name.en.lower()}"
        figures = [_figure(found["measures"].get(measure)) for measure in measures]
        table.add_row(name, *figures, "kept out" if key in kept_out else "served")
    console.print(table)
    if undecided := _undecided(told, kept_out):
        console.print(f"  gates undecided, the intervals are too wide: {undecided}", highlight=False, soft_wrap=True)
    for key, closed in kept_out.items():
        console.print(f"  kept out: {key}: {'; '.join(closed)}", highlight=False, soft_wrap=True)
    for refused in told["train"]["not_trained"]:
        key = "/".join(name for name in (refused["outcome"], refused["population"]) if name)
        console.print(f"  not trained: {key}: {_short_of(refused)}", highlight=False, soft_wrap=True)


def _undecided(told: Told, kept_out: Mapping[str, Any]) -> str:
    """Of each served model, how many gates its test rows were too few to decide."""
    found = []
    for key, one in told["evaluate"]["evaluated"].items():
        count = sum(gate["verdict"] == "undecided" for gate in one["gates"])
        found += [f"{key} {count} of {len(one['gates'])}"] if count and key not in kept_out else []
    return ", ".join(found)


def _short_of(refused: dict[str, Any]) -> str:
    """The events there were and the events needed, or what else was lacking, in the model's own words."""
    if refused["events"] is not None and refused["events"] >= refused["needs"]:
        return str(refused["text"])
    count = "fewer than 5" if refused["events"] is None else refused["events"]
    return f"{count} events in {refused['split']}, needs {refused['needs']}" if refused["needs"] else refused["text"]


def _offers(told: Told, console: Console) -> None:
    score = told["score"]
    console.print(f"  {words(score['people'])} people scored with bundle {score['bundle']}", highlight=False)
    for name, counts in (("offers", score["answers"]), ("need", score["need"])):
        parts = ", ".join(f"{key} {told}" for key, told in sorted(partition(counts).items()))
        console.print(f"  {name}: {parts}", highlight=False)


def _targets(told: Told, console: Console) -> None:
    table = Table("chosen target", "year", "value", "standard", "unknown", "status", box=None, padding=(0, 2))
    every = list(told["monitor"]["targets"].values())
    for found in (one for one in every if one["chosen"]):
        told_counts = f"{found['numerator']} of {found['denominator']:,.0f}" if found["numerator"] is not None else ""
        value = "-" if found["value"] is None else f"{_worth(found['value'], found)} ({told_counts})"
        standard = "-" if found["standard"] is None else _worth(found["standard"], found)
        unknown = "-" if found["unknown"] is None else str(found["unknown"])
        table.add_row(found["name"]["en"], found["period"], value, standard, unknown, _status(found))
    console.print(table)
    lacking = sum(one["status"] == "not_measurable" for one in every)
    console.print(
        f"  {len(every)} targets, {lacking} of them cannot be told here; report/quality.html", highlight=False
    )


def _worth(value: float, found: dict[str, Any]) -> str:
    """A share in per cent, a rate for 1,000 years, a ratio."""
    if found["unit"] == "share":
        return f"{value:.0%}"
    return f"{value:.0f} in 1,000 years" if found["unit"] == "rate" else f"{value:.2f} times"


def _status(found: dict[str, Any]) -> str:
    if found["status"] == "not_measurable":
        return f"not measurable here: {found['lacking']['en']}"
    if not found["mature"]:
        return "not complete yet"
    return OUTCOME_MARKS.get(found["status"], str(found["status"]))


def _refused(told: Told) -> list[str]:
    notes = []
    for name, table in told["land"]["tables"].items():
        for reason, count in table["reasons"].items():
            notes.append(f"{name}: {count} of {table['rows_in']} rows refused: {reason}")
    return notes


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
