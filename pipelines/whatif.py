"""What would come of it: offers given by one rule or another, followed on the simulated region, held beside each other.

Three policies (`pipelines.policies`) have the same places. The effects are the simulator's: what is proven, that and
what is assumed, or none, where reach alone is told. All policies are followed on the same drawn numbers, and risks are
the exact ones: what is left of chance is who the people are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.data_steps import Progress
from pipelines.labelled import stable_numbers
from pipelines.policies import POLICIES, TAKE_PART, WITHOUT_HELP, Reached, reached_by
from pipelines.scored import people_on
from pipelines.steps import read_manifest
from pipelines.synthesis import Policy, simulate
from pipelines.synthesis.parameters import read_parameters
from pipelines.true_people import few_resources
from stratify.care.capacity import Capacity
from stratify.care.people import Flags, Floats
from stratify.catalogue import Catalogue
from stratify.errors import DataError, UsageError
from stratify.mixing import mixed
from stratify.registers.clock import day_number
from stratify.store.read import Store
from stratify.workspace import Workspace

EFFECTS = {"proven": frozenset({"proven"}), "assumed": frozenset({"proven", "assumed"}), "none": frozenset[str]()}
OUTCOMES = ("acute_admission", "psychiatric_admission", "death")
ALIKE = 6  # decimals of what is avoided in 1,000 to which policies are told apart


def whatif(
    work: Workspace,
    catalogue: Catalogue,
    progress: Progress,
    capacity: Capacity,
    *,
    policies: Sequence[str] = POLICIES,
    effects: Sequence[str] = tuple(EFFECTS),
) -> dict[str, Any]:
    """Return what each policy reaches and, by set of effects, what truly comes of it in the region's last year.

    Raises UsageError for a policy or effect that is none, DataError where the region is not our own simulated one.
    """
    for names, known in ((policies, POLICIES), (effects, tuple(EFFECTS))):
        if strange := [one for one in names if one not in known]:
            raise UsageError(f"no such choice: {', '.join(strange)}; there are {', '.join(known)}")
    region = _region(work)
    landmark = date(region["end"].year, 1, 1)
    scored = people_on(work, catalogue, day_number(landmark))
    few = few_resources(work, scored)
    ids = Store(work.store).source_ids()
    pnr = np.array([ids[number] for number in scored.numbers])
    lot = mixed(stable_numbers(Store(work.store))[scored.numbers])
    reached = []
    for name in policies:
        progress(f"giving places, {name}")
        reached.append(reached_by(name, scored, catalogue, landmark, capacity, few, lot))
    groups = {
        "ill in mind and body": scored.people.columns["psychiatric_somatic"].values == 1,
        "few resources, truly": few,
    }
    told: dict[str, Any] = {
        "landmark": landmark.isoformat(),
        "people": scored.people.n,
        "reach": {one.policy: _reach(one, groups) for one in reached},
        "effects": {},
    }
    followed = [one for one in effects if EFFECTS[one]]
    if followed:
        progress("following the region as it is")
        base = _risks(region, landmark, pnr, None)
        for name in followed:
            told["effects"][name] = {}
            for one in reached:
                progress(f"following the region, {one.policy}, effects {name}")
                policy = Policy(landmark, {key: pnr[who] for key, who in one.offers.items()}, EFFECTS[name])
                risks = _risks(region, landmark, pnr, policy)
                told["effects"][name][one.policy] = _outcomes(base, risks, groups)
    return told | {"order": order(told["effects"])}


def order(effects: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return, by set of effects, the policies from most acute admissions avoided to fewest; = where as many are."""
    found = {}
    for name, told in effects.items():
        avoided = {one: round(of["acute_admission"]["avoided_per_1000"]["value"], ALIKE) for one, of in told.items()}
        levels = sorted(set(avoided.values()), reverse=True)
        alike = [" = ".join(sorted(one for one, value in avoided.items() if value == level)) for level in levels]
        found[name] = " > ".join(alike)
    return found


def _region(work: Workspace) -> dict[str, Any]:
    told = read_manifest(work.registers, "synthesise")["parameters"]
    if told["parameters"] != read_parameters(None).digest:
        raise DataError("what-if follows regions made with our own parameters alone; this one was made with others")
    return {
        "people": told["people"],
        "years": told["years"],
        "seed": told["seed"],
        "end": date.fromisoformat(told["end"]),
        "fictitious_cpr": told["fictitious_cpr"],
    }


def _risks(
    region: Mapping[str, Any], landmark: date, pnr: NDArray[np.str_], policy: Policy | None
) -> dict[str, Floats]:
    """Return the true risks of the scored people in the year from the landmark, in their order."""
    found = simulate(**region, landmark=landmark, policy=policy)
    rows = np.flatnonzero(found.year == landmark.year)
    order_ = rows[np.argsort(found.number[rows], kind="stable")]
    at = np.searchsorted(found.number[order_], pnr.astype(np.int64))
    if (found.number[order_][np.minimum(at, len(order_) - 1)] != pnr.astype(np.int64)).any():
        raise DataError("somebody who was scored does not live in the simulated region: another seed or size?")
    return {name: found.risks[name][order_][at] for name in OUTCOMES}


def _reach(one: Reached, groups: Mapping[str, Flags]) -> dict[str, Any]:
    anybody = one.anybody.astype(np.float64)
    found: dict[str, Any] = {"all": _mean(anybody), "places": int(sum(who.sum() for who in one.offers.values()))}
    for name, which in groups.items():
        found[name] = _mean(anybody[which])
        found[f"{name}, less others"] = _difference(anybody, which)
    return found


def _outcomes(base: Mapping[str, Floats], risks: Mapping[str, Floats], groups: Mapping[str, Flags]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, before in base.items():
        avoided = 1000 * (before - risks[name])
        found[name] = {"avoided_per_1000": _mean(avoided), "before_per_1000": float(1000 * before.mean())}
        for group, which in groups.items():
            found[name][group] = _mean(avoided[which])
            found[name][f"{group}, less others"] = _difference(avoided, which)
    return found


def _mean(values: Floats) -> dict[str, float]:
    """Return a mean with the 95 % interval of who the people are."""
    error = 1.96 * float(values.std(ddof=1)) / len(values) ** 0.5 if len(values) > 1 else float("nan")
    middle = float(values.mean())
    return {"value": middle, "low": middle - error, "high": middle + error}


def _difference(values: Floats, which: Flags) -> dict[str, float]:
    """Return the mean of some less that of the others, with its 95 % interval."""
    one, other = _mean(values[which]), _mean(values[~which])
    error = float(np.hypot(one["high"] - one["value"], other["high"] - other["value"]))
    middle = one["value"] - other["value"]
    return {"value": middle, "low": middle - error, "high": middle + error}


def lines(told: Mapping[str, Any]) -> list[str]:
    """Return what was found in words; the first line says what it rests on."""
    orders = told["order"]
    same = len(set(orders.values())) <= 1
    hangs = (
        "no effect was followed"
        if not orders
        else f"the order of the policies is that of {next(iter(orders))} effects alone"
        if len(orders) == 1
        else "the order of the policies is the same with proven effects alone and with assumed ones"
        if same
        else "the order of the policies HANGS ON ASSUMED EFFECTS: it is another with proven ones alone"
    )
    found = [
        f"Every effect here is simulated, none was seen in people; {hangs}.",
        f"{told['people']} people of {told['landmark']}, the year after. Of those given an offer {TAKE_PART:.0%} take "
        f"part, {WITHOUT_HELP:.0%} of those with few resources and no bridge (ours).",
    ]
    for policy, reach in told["reach"].items():
        found.append(f"{policy}: {reach['places']} take part; reached {_share(reach['all'])}")
        found += [f"    {name}: {_share(one)}" for name, one in reach.items() if name not in ("all", "places")]
    for effects, policies in told["effects"].items():
        found.append(f"effects {effects}; acute admissions avoided: {orders[effects]}")
        for policy, outcomes in policies.items():
            for outcome, one in outcomes.items():
                found.append(
                    f"    {policy}, {outcome}: {_figure(one['avoided_per_1000'])} avoided of "
                    f"{one['before_per_1000']:.1f} in 1,000"
                )
                found += [f"        {name}: {_figure(of)}" for name, of in one.items() if isinstance(of, dict)][1:]
    return found


def _share(one: Mapping[str, float]) -> str:
    return f"{one['value']:.2%} ({one['low']:.2%} to {one['high']:.2%})"


def _figure(one: Mapping[str, float]) -> str:
    return f"{one['value']:+.3f} ({one['low']:+.3f} to {one['high']:+.3f})"
