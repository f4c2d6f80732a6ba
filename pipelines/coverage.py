"""The audit of offers: those ill in mind and body, and those with the fewest resources, can use as many as others.

Looked at from several sides, each a line: with every bridge, with those that have a source, with none, and with as
many units as a file gives; with what registers hint of taken as it stands, and as if every hint held; at equal
registered need, at equal need without the risk score in it, and in a simulated region at equal true need. Education and
income are there for such aggregates alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from pipelines.data_steps import Progress
from pipelines.scored import Scored, scored_people
from pipelines.true_people import fewest, true_people
from stratify.care.capacity import Capacity
from stratify.care.coverage import Gap, Ints, Needs, gap, indicated, offers_open, shut_out
from stratify.care.logic import Judge
from stratify.care.people import Flags, People
from stratify.care.planned import planned
from stratify.care.weigh import Given, Weighed, Weigher
from stratify.catalogue import Catalogue
from stratify.disclosure import SMALLEST_SHOWN, shown
from stratify.registers.clock import day_of
from stratify.strata import AXES, levels, places
from stratify.workspace import Workspace

SEED = 20261127  # who comes first among equals where bridges are few
AGES = (18, 40, 65, 75, 85)
LEAST_PEOPLE = 50  # with an indicated need, of a stratum that is told
MOST_SHUT_OUT = 0.01  # of a group, by a need of their own resources
MET = ("needs met", "by evidence")  # what the audit fails by; the other two are told alone


@dataclass(frozen=True)
class Seen:
    """One side of the audit: what was assumed, whom it is of, how needs are counted, and the gap."""

    bridges: str
    hints: str
    need: str
    group: str
    counted: str
    gap: Gap
    size: int  # of the group
    shut_out: float  # the share of it that is

    def line(self) -> str:
        """Return it in one line."""
        told, few = self.gap, 0 < round(self.shut_out * self.size) < SMALLEST_SHOWN
        each = told.needs / told.people
        mean = f"; {told.share * each:.2f} and {told.others * each:.2f} of {each:.2f} needs a person"
        mean = mean if self.counted == MET[0] else ""
        return (
            f"{self.group:<28} {self.need:<20} bridges {self.bridges:<9} hints {self.hints:<9} {self.counted:<15}"
            f" {told.share:.4f}, others {told.others:.4f}, difference {told.difference:+.4f}"
            f" ({told.low:+.4f} to {told.high:+.4f}); {told.people} people, {told.needs} needs{mean}"
            f"; shut out {'hidden' if few else f'{self.shut_out:.3%}'}" + ("  BEHIND" if told.behind else "")
        )

    def told(self) -> dict[str, Any]:
        """Return what may be told of it on a page; `shut_out` is None where it is 1 to 4 people."""
        few = 0 < round(self.shut_out * self.size) < SMALLEST_SHOWN
        named = ("share", "others", "difference", "low", "high")
        gap_told = {name: round(float(getattr(self.gap, name)), 3) for name in named}
        return {
            "bridges": self.bridges,
            "hints": self.hints,
            "need": self.need,
            "group": self.group,
            "counted": self.counted,
            **gap_told,
            "people": self.gap.people,
            "shut_out": None if few else round(self.shut_out, 3),
            "behind": self.gap.behind,
        }


def audit(
    work: Workspace,
    catalogue: Catalogue,
    progress: Progress,
    *,
    truth: bool = False,
    units: Mapping[str, int] | None = None,
) -> list[Seen]:
    """Return every side of the audit on the scored population; truth: of a simulated region, too.

    units: how many units of each bridge there are in the period; without them the side of few bridges is left out.
    Raises DataError where the population has not been scored, or has no truth.
    """
    scored = scored_people(work, catalogue)
    cells = {
        "registered need": need_and_age(scored.people, scored.people, catalogue),
        "without the risk": need_and_age(without_risks(scored.people), scored.people, catalogue),
    }
    groups = groups_of(scored, catalogue)
    if truth:
        real = true_people(work, scored, catalogue)
        cells["true need"] = need_and_age(without_risks(real), scored.people, catalogue)
        groups["fewest resources, truly"] = fewest(work, scored)
    found = []
    for side in sides(scored, catalogue, units):
        progress(f"bridges {side.bridges}, hints {side.hints}")
        out = {group: shut_out(side.needs, which) for group, which in groups.items()}
        for need, cell in cells.items():
            for group, which in groups.items():
                for counted, told in side.gaps(which, cell).items():
                    if told.people >= SMALLEST_SHOWN:
                        found.append(
                            Seen(side.bridges, side.hints, need, group, counted, told, int(which.sum()), out[group])
                        )
    return found


class Side(NamedTuple):
    """What is assumed of bridges and hints, the indicated needs as they are met by it, and how many offers are open."""

    bridges: str
    hints: str
    needs: Needs
    offers: Needs  # one row a person

    def gaps(self, group: Flags, cells: Ints) -> dict[str, Gap]:
        """Return a group's gap by what is counted: needs met, weighed by evidence, offers to a person and to a need.

        Offers to a person are matched on need level and age alone, since whoever has other diseases has other offers;
        of those to a need, dangers and trials' own limits leave some people fewer.
        """
        met, by_evidence = MET
        return {
            met: gap(self.needs, group, cells),
            by_evidence: gap(self.needs, group, cells, by_evidence=True),
            "offers a person": gap(self.offers, group, cells, mean=True),
            "offers a need": gap(self.needs, group, cells, mean=True),
        }


def sides(scored: Scored, catalogue: Catalogue, units: Mapping[str, int] | None) -> Iterator[Side]:
    """Yield what is met under each assumption on bridges and hints."""
    sourced = frozenset(key for key, one in catalogue.bridges.items() if one.provenance == "READ")
    kinds: dict[str, frozenset[str] | None] = {"all": None, "sourced": sourced, "none": frozenset()}
    day = day_of(scored.landmark)
    for hints_hold in (False, True):
        hints = "all hold" if hints_hold else "as known"
        for bridges, there in kinds.items():
            given = Given(day, bridges=there, hints_hold=hints_hold)
            weighed = Weigher(scored.people, catalogue, given).all()
            people = scored.people.n
            yield Side(bridges, hints, indicated(weighed), offers_open(weighed, people))
            if bridges == "all" and units is not None:
                shared = by_units(scored.people, weighed, catalogue, given, units)
                yield Side("by units", hints, indicated(weighed, shared), offers_open(weighed, people, shared))


def by_units(
    people: People, weighed: list[Weighed], catalogue: Catalogue, given: Given, units: Mapping[str, int]
) -> dict[str, Flags]:
    """Return, by offer, who is given it where bridges run out and places do not, shared as `plan` shares them."""
    places = {one.offer.id: people.n for one in weighed if one.offer.kind == "offer"}
    lot = np.random.default_rng(SEED).permutation(people.n)
    plan = planned(people, catalogue, given, Capacity(places, units), lot)
    return {one.id: plan.given_of(one.id) for one in plan.offers}


def need_and_age(placed: People, aged: People, catalogue: Catalogue) -> Ints:
    """Return each person's cell: need level by band of age."""
    level = places(Judge(placed), catalogue, "need").astype(np.int64)
    return level * (len(AGES) + 1) + np.searchsorted(AGES, aged.columns["age"].values, side="right")


def without_risks(people: People) -> People:
    """Return the same people without any risk: need by what is known of disease and care alone."""
    kept = {name: one for name, one in people.columns.items() if not name.startswith("risk_")}
    return People(people.n, kept, people.sets)


def by_stratum(work: Workspace, catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return by stratum the share of people with an indicated need who can use an offer for one, with bridges and none.

    A stratum with under `LEAST_PEOPLE` of them is not told; a share behind which stand 1 to 4 people who can or cannot
    is None. Shares are whole per cents without their counts, which could be held against the strata's own.
    """
    scored = scored_people(work, catalogue)
    judge, every = Judge(scored.people), frozenset(catalogue.bridges)
    axes = {axis: (levels(catalogue, axis), places(judge, catalogue, axis)) for axis in AXES}
    (needs, need_at), (resources, resources_at) = axes["need"], axes["resources"]
    asks, able = np.zeros(scored.people.n, bool), {}
    for name, bridges in (("with_bridges", every), ("without", frozenset[str]())):
        given = Given(day_of(scored.landmark), bridges=bridges, hints_hold=True)
        found = indicated(Weigher(scored.people, catalogue, given).all())
        asks[found.person] = True
        able[name] = np.zeros(scored.people.n, bool)
        able[name][found.person[found.met]] = True
    lines = []
    for at, need in enumerate(needs):
        for beside, resource in enumerate(resources):
            cell = asks & (need_at == at) & (resources_at == beside)
            whole = int(cell.sum())
            line: dict[str, Any] = {"stratum": f"{need.id}/{resource.id}", "told": whole >= LEAST_PEOPLE}
            line["least"] = LEAST_PEOPLE
            for name, who in able.items():
                count = int((cell & who).sum())
                told = shown(count, whole) if line["told"] else None
                line[name] = None if told is None else round(told / whole, 2)
            lines.append(line)
    return lines


def groups_of(scored: Scored, catalogue: Catalogue) -> dict[str, Flags]:
    """Return whom the audit is of: those ill in mind and body, and by each sign those with the fewest resources."""
    both = scored.people.columns["psychiatric_somatic"].values == 1
    found = {"ill in mind and body": both}
    for factor, level in (("education", "short"), ("income", "low")):
        if factor in scored.groups:
            found[f"{factor} {level}"] = scored.groups[factor] == level
    found["something seems hard"] = places(Judge(scored.people), catalogue, "resources") > 0
    return found


def leaning(work: Workspace, catalogue: Catalogue) -> dict[str, dict[str, float]]:
    """Return, by group and bridge, the share who would be shut out of something without it, if every hint held.

    Bridges without which it would be nobody, or so few that they may not be told, are left out.
    """
    scored = scored_people(work, catalogue)
    groups, every = groups_of(scored, catalogue), frozenset(catalogue.bridges)

    def shares(bridges: frozenset[str]) -> dict[str, float]:
        given = Given(day_of(scored.landmark), bridges=bridges, hints_hold=True)
        needs = indicated(Weigher(scored.people, catalogue, given).all())
        return {group: shut_out(needs, which) for group, which in groups.items()}

    with_all = shares(every)
    without = {bridge: shares(every - {bridge}) for bridge in sorted(every)}
    return {
        group: {
            bridge: found[group] - with_all[group]
            for bridge, found in without.items()
            if round((found[group] - with_all[group]) * which.sum()) >= SMALLEST_SHOWN
        }
        for group, which in groups.items()
    }


def problems(found: Sequence[Seen]) -> list[str]:
    """Return what the audit fails by: with every bridge there is, a group behind, or 1 % of it shut out."""
    told: dict[str, None] = {}
    for one in found:
        if one.bridges != "all":
            continue
        if one.gap.behind and one.counted in MET:
            told[one.line()] = None
        if one.shut_out >= MOST_SHUT_OUT:
            told[f"{one.group}, hints {one.hints}: {one.shut_out:.1%} shut out by a need that no bridge meets"] = None
    return list(told)
