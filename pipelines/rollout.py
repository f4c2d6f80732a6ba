"""The lot of a rollout is drawn once: which units or people are offered it in which step, told in counts.

Units are named; people stand in a list of their own, by pseudonym, under the terms of a plan's list and audited like
it. What was drawn is kept: the same design tells it again, and another one is refused, since whoever draws twice can
choose. Counts of a rollout and of a plan are of people who overlap: whoever publishes one should not publish the other.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.data_steps import Progress
from pipelines.plan_list import OWNER, audit_rows, named_in, opted_out, refuse_list
from pipelines.score import PSEUDONYM_KEY
from pipelines.scored import Scored, on, scored_people
from pipelines.steps import manifest_digest, read_manifest
from stratify.care.capacity import Capacity
from stratify.care.people import Flags
from stratify.care.rollout import Design, read_design
from stratify.care.rollout_lot import Assignment, assign
from stratify.care.weigh import ASK, DECLINED, IN_USE, OPEN, Declined, Given, Weigher
from stratify.catalogue import Catalogue
from stratify.disclosure import partition
from stratify.errors import DataError, UsageError
from stratify.files import canonical_json, digest_text, folder_written_whole, recover, write_bytes, write_json
from stratify.pseudonym import pseudonym, read_key
from stratify.registers.clock import day_of
from stratify.store.read import Store
from stratify.strata import places
from stratify.units import municipalities
from stratify.workspace import Workspace

FOLDER, TOLD, LIST = "rollout", "rollout.json", "assignment.csv"
WORDS = ("approval", "why_scarce", "list")  # of a design: no part of the lot
COLUMNS = ("pseudonym", "offer", "step", "from")


@dataclass(frozen=True)
class Standing:
    """How each person stands to the offer before anything is drawn."""

    open: Flags  # suitable, with a bridge or without
    ask: Flags  # a fact that decides is asked first
    in_use: Flags
    declined: Flags
    opted_out: Flags  # of lists; nobody where units are drawn
    need: Any  # int8[n], the place among the levels of need


def rollout(
    work: Workspace,
    catalogue: Catalogue,
    progress: Progress,
    path: Path,
    *,
    in_use: Path | None = None,
    declined: Path | None = None,
    today: date | None = None,
) -> dict[str, Any]:
    """Draw a rollout, write rollout/rollout.json, and return it; what was drawn before is told again.

    in_use, declined: files with the source's own ids of people who have the offer already, or want it not; they are not
    drawn. Units that are people: rollout/assignment.csv too, an entry in rollout/audit.jsonl for each of its rows.
    Raises UsageError where the file says what cannot be or another design was drawn here, NotPermittedError without an
    approval or without the terms of a list of people; then nothing is written.
    """
    folder = work.root / FOLDER
    before = _drawn(folder)
    day = today or datetime.now(UTC).date()
    design = read_design(path, catalogue, date.fromisoformat(before["drawn"]) if before else day)
    terms = Capacity({}, terms=design.terms)
    if design.units == "person":
        refuse_list(terms, path.name)
    told = json.loads(canonical_json(design.model_dump(mode="json", by_alias=True)))
    if before is not None:
        if any(before["design"][key] != value for key, value in told.items() if key not in WORDS):
            raise UsageError(
                f"{folder}: a rollout of {before['design']['offer']} was drawn here on {before['drawn']} by another "
                "design, and nobody is drawn twice; name another --work, or put that folder away if it began nothing"
            )
        return before
    progress("reading the scored population")
    store, scored = Store(work.store), scored_people(work, catalogue)
    how = standing(work, store, scored, catalogue, design, in_use, declined)
    progress("drawing the order")
    found = {
        "design": told,
        "drawn": day.isoformat(),
        "landmark": on(scored),
        "catalogue": catalogue.digest,
        "scores": manifest_digest(work.scores, "score"),
    }
    with folder_written_whole(folder) as out:
        if design.units == "person":
            who = np.flatnonzero(how.open)
            names = store.source_ids()
            ids = [names[number] for number in scored.numbers[who].tolist()]
            lot = assign(design, ids, how.need[who])
            step = np.zeros(len(how.open), np.int64)
            step[who] = lot.step
            _write_list(out, work, design, ids, lot, terms, digest_text(canonical_json(found)))
        else:
            label = {town.name: getattr(town, "name" if design.units == "municipality" else "hospital")
                     for town in municipalities().values()}  # fmt: skip
            units = sorted(set(label.values()))
            lot = assign(design, units)
            step = _of_units(scored, design, dict(zip(units, lot.step.tolist(), strict=True)))
            found["units"] = {str(nth): [one for one, at in zip(units, lot.step, strict=True) if at == nth]
                              for nth in range(1, len(lot.begins) + 1)}  # fmt: skip
        found["begins"] = [one.isoformat() for one in lot.begins]
        found["people"] = _counts(how, step, len(lot.begins))
        found["named"] = {"in_use": in_use is not None, "declined": declined is not None}
        write_json(out / TOLD, found)
    return found


def standing(
    work: Workspace,
    store: Store,
    scored: Scored,
    catalogue: Catalogue,
    design: Design,
    in_use: Path | None,
    declined: Path | None,
) -> Standing:
    """Return how each of the scored people stands to the offer. UsageError where a file of ids names strangers."""
    n = scored.people.n
    named, problems = {}, []
    for key, path in (("--in-use", in_use), ("--declined", declined)):
        named[key] = np.zeros(n, bool)
        if path is not None:
            if not path.is_file():
                raise UsageError(f"{key} needs a file of ids, one a line, got {path}, which is not there")
            named[key], strange = named_in(path, store, np.asarray(scored.numbers))
            if strange:
                problems.append(f"{key}: some ids in {path.name} are nobody's in this source")
    if problems:
        raise UsageError("Those who are not drawn cannot be told:", problems)
    no = named["--declined"]
    said = {design.offer: Declined(np.where(no, 0.0, np.nan), np.where(no, np.inf, np.nan))}
    weigher = Weigher(scored.people, catalogue, Given(day_of(scored.landmark), said, {design.offer: named["--in-use"]}))
    answer = next(one.answer for one in weigher.all() if one.offer.id == design.offer)
    away = opted_out(work, store, scored.numbers)[0] if design.units == "person" else np.zeros(n, bool)
    return Standing(
        np.isin(answer, OPEN) & ~away,
        answer == ASK,
        answer == IN_USE,
        answer == DECLINED,
        np.isin(answer, OPEN) & away,
        places(weigher.judge, catalogue, "need"),
    )


def _drawn(folder: Path) -> dict[str, Any] | None:
    recover(folder)
    if not (folder / TOLD).exists():
        return None
    told: dict[str, Any] = json.loads((folder / TOLD).read_text(encoding="utf-8"))
    return told


def _of_units(scored: Scored, design: Design, step: dict[str, int]) -> Any:
    """Return the step of the unit each person lives in, 0 where it is not told."""
    if design.units not in scored.groups:
        raise DataError("where people live is not known here: no residence in this source")
    return np.array([step.get(name, 0) for name in scored.groups[design.units].tolist()], np.int64)


def _counts(how: Standing, step: Any, steps: int) -> dict[str, str]:
    """Return how many people there are of each kind, nobody in two of them, in words that hide what is small."""
    parts = {f"step {nth}": how.open & (step == nth) for nth in range(1, steps + 1)}
    parts["unit not told"] = how.open & (step == 0)
    parts |= {"have it": how.in_use, "declined": how.declined, "asked first": how.ask, "opted out": how.opted_out}
    return partition({name: int(who.sum()) for name, who in parts.items()})


def _write_list(
    out: Path, work: Workspace, design: Design, ids: list[str], lot: Assignment, terms: Capacity, digest: str
) -> None:
    """Write whom it is offered from which day, in the order of the steps, with an audit entry for each row."""
    key = read_key(work.keys / PSEUDONYM_KEY)
    system = read_manifest(work.store, "land")["results"]["delivery"]["system"]
    table = [
        (pseudonym(key, system, one), design.offer, nth, lot.begins[nth - 1].isoformat())
        for one, nth in zip(ids, lot.step.tolist(), strict=True)
    ]
    table.sort(key=lambda row: (row[2], row[0]))
    audit_rows(out, table, terms, digest)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *table])
    write_bytes(out / LIST, text.getvalue().encode(), mode=OWNER)
