"""The command `plan`: whom to reach first under given capacities, and the tables it prints."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from pipelines.cli_parts import WORK, Local, Work, out, step
from stratify.catalogue import Catalogue, load

GOOD = 0.01  # a plan this near the bound is good enough
SHOWN = ("open", "planned", "waiting", "chosen_otherwise")


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(plan)


def plan(
    capacity: Annotated[Path, typer.Option("--capacity", help="places and units in the period, as TOML")],
    with_list: Annotated[
        bool,
        typer.Option("--list", help="write plan/list.csv too: needs legal_basis, responsible_unit, purpose, until"),
    ] = False,
    service_db: Annotated[
        str | None,
        typer.Option(envvar="STRATIFY_SERVICE_DB", help="URL of the service's database, if not in the work folder"),
    ] = None,
    work: Work = WORK,
    catalogue: Local = None,
) -> None:
    """Plan whom to reach first when places are few: most need first, and something extra for few resources.

    The file says how many places each offer has, and may say how many units of each bridge there are and how many
    offers one person is given at most:

        offers = { medgennemgang = 40, telekol = 25 }

        bridges = { escort = 30 }

        per_person = { offers = 2 }

    Counts are written to plan/plan.json, none of 1 to 4 people. A list of people, by pseudonym, is written only with
    --list and where [list] in the file names its terms; else it ends with exit code 14. People whose id stands in
    opt_out.csv in the work folder are counted and given no place. What people chose is kept to, as they told the
    service: an offer they declined is not planned for them before its date.

    Example: stratify plan --capacity capacity.toml --work work

    Example: stratify plan --capacity capacity.toml --list
    """
    from pipelines.plan import plan as plan_step

    entries = load(catalogue)
    with step("plan", work) as (place, say, done):
        told = done(plan_step(place, entries, say, capacity, with_list=with_list, service_db=service_db))
    show(told, entries, out())
    if with_list:
        out().print(f"list: {work / 'plan' / 'list.csv'}, each row audited beside it", highlight=False, soft_wrap=True)


def show(told: Mapping[str, Any], catalogue: Catalogue, console: Console) -> None:
    """Print a plan's counts; what is hidden says so."""
    table = Table("offer", "places", "open to", "planned", "waiting", "chosen otherwise", box=None, padding=(0, 2))
    for key, line in told["offers"].items():
        name = catalogue.offers[key].name.en
        table.add_row(name, str(line["places"]), *(_figure(line[one]) for one in SHOWN))
    console.print(table)
    everybody = told["people"]
    parts = ", ".join(f"{name.replace('_', ' ')} {_figure(everybody[name])}" for name in everybody)
    console.print(f"  people: {parts}; opted out {_figure(told['opted_out'])}", highlight=False, soft_wrap=True)
    for title, levels in (("need / resources", "stratum"), ("hospital", "hospital"), ("municipality", "municipality")):
        if levels in told:
            _standing(title, told[levels], catalogue, console)
    _bridges(told, catalogue, console)
    _remote(told["telemedicine"], catalogue, console)
    extra = told["extra_for_few_resources"]
    for name, words in (("open", "open"), ("planned", "planned")):
        share = f"{_figure(extra[name])} of {_figure(extra[f'{name}_of'])}"
        console.print(f"  extra for few resources: {share} {words} pairs of person and offer", highlight=False)
    if told["without_capacity"]:
        names = ", ".join(told["without_capacity"])
        console.print(f"  open to somebody and not planned, for want of a capacity: {names}", soft_wrap=True)
    console.print(f"  {_how_good(told)}", highlight=False, soft_wrap=True)


def _standing(title: str, levels: Mapping[str, Mapping[str, Any]], catalogue: Catalogue, console: Console) -> None:
    table = Table(title, "people", "with an open offer", "planned", "share", "waiting", box=None, padding=(0, 2))
    for label, line in levels.items():
        planned, waiting = line["planned"], line["waiting"]
        both = None if planned is None or waiting is None else planned + waiting
        share = "-" if not both else f"{planned / both:.0%}"
        name = " / ".join(catalogue.strata[one].name.en for one in label.split(" / ")) if " / " in label else label
        table.add_row(name, _figure(line["all"]), _figure(both), _figure(planned), share, _figure(waiting))
    console.print(table)


def _bridges(told: Mapping[str, Any], catalogue: Catalogue, console: Console) -> None:
    table = Table("bridge", "units", "used", box=None, padding=(0, 2))
    for key, line in told["bridges"].items():
        units = "not limited" if line["units"] is None else str(line["units"])
        table.add_row(catalogue.bridges[key].name.en, units, _figure(line["used"]))
    if told["bridges"]:
        console.print(table)
        left = _figure(told["left_without_a_bridge"])
        console.print(f"  planned without a bridge that may be needed, to be asked: {left}", highlight=False)


def _remote(offers: Mapping[str, Mapping[str, Any]], catalogue: Catalogue, console: Console) -> None:
    table = Table("by tablet or video", "meant for", "as they are", "with bridges", box=None, padding=(0, 2))
    for key, line in offers.items():
        alone, helped = line["as_they_are"], line["with_bridges"]
        both = None if alone is None or helped is None else alone + helped
        table.add_row(catalogue.offers[key].name.en, _figure(line["all"]), _figure(alone), _figure(both))
    if offers:
        console.print(table)


def _how_good(told: Mapping[str, Any]) -> str:
    if told["exact"]:
        return "no other plan within these capacities counts for more"
    words = f"no other plan counts for more than {told['gap']:.2%} above this one"
    return words + ("" if told["gap"] <= GOOD else ": more than the 1 % that is asked of a plan")


def _figure(count: int | None) -> str:
    return "hidden" if count is None else str(count)
