"""One region's people on a 1 January, and their next year simulated again and again with fresh numbers."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from scipy import stats

from pipelines.synthesis.codes import Codes
from pipelines.synthesis.happenings import ACSC, PSYCH, happen
from pipelines.synthesis.hazards import hazards
from pipelines.synthesis.parameters import read_parameters
from pipelines.synthesis.risk import OUTCOMES, true_risks
from pipelines.synthesis.shard import Plan, live_year, start
from pipelines.synthesis.stays import place_stays
from pipelines.synthesis.streams import Draws

GIVEN = read_parameters()
YEAR = GIVEN.year(2024)
LEVEL = 0.001  # over all outcomes tested together (Bonferroni)


@dataclass
class January:
    """People on 1 January 2024, their hazards, true risks, and how often each outcome came in the years drawn."""

    life: object
    hazard: object
    risks: dict
    came: dict
    times: int


def january(people, seed):
    """Return a region's people after one simulated year, with their hazards and true risks."""
    plan = Plan(people, 2, date(2024, 12, 31), seed, date(2025, 3, 1), frozenset())
    life = start(0, people, plan, GIVEN)
    for _ in live_year(life, GIVEN.year(2023), plan, Codes(GIVEN), GIVEN):
        pass
    hazard = hazards(life.people, life.state, YEAR, GIVEN)
    return January(life, hazard, true_risks(hazard, GIVEN), {}, 0)


def again(found, times, first_seed, happening=happen, placing=place_stays):
    """Count what comes in so many fresh years; every year draws from a seed of its own, used by no other test."""
    n = len(found.life.people)
    came = {outcome: np.zeros(n, np.int64) for outcome in OUTCOMES}
    for turn in range(times):
        draws = Draws(first_seed + turn, 0, n)
        keys = draws.keys()
        happened = happening(found.hazard, draws, keys, 2024, GIVEN)
        rows, death = placing(happened, found.hazard, found.life.people, found.life.state, YEAR, keys, GIVEN)
        kinds = {"acute_admission": rows["kind"] >= 0, "acute_somatic_admission": rows["kind"] != PSYCH,
                 "psychiatric_admission": rows["kind"] == PSYCH, "acsc_admission": rows["kind"] == ACSC}  # fmt: skip
        for outcome, mine in kinds.items():
            came[outcome] += np.bincount(rows["person"][mine], minlength=n) > 0
        came["death"] += death >= 0
    return January(found.life, found.hazard, found.risks, came, times)


def p_value(found, outcome, chosen=None):
    """Return the chi-square p-value of realised against stated by decile of risk, cells merged to 10 expected."""
    at_risk = found.hazard.at_risk if chosen is None else found.hazard.at_risk & chosen
    risk, came = found.risks[outcome][at_risk], found.came[outcome][at_risk]
    order = np.argsort(risk, kind="stable")
    cells = []  # stated, its variance, realised
    for decile in np.array_split(order, 10 if chosen is None else 3):
        stated = risk[decile].sum() * found.times
        cells.append([stated, (risk[decile] * (1 - risk[decile])).sum() * found.times, came[decile].sum()])
    merged = [cells[0]]
    for cell in cells[1:]:
        if merged[-1][0] < 10:
            merged[-1] = [a + b for a, b in zip(merged[-1], cell, strict=True)]
        else:
            merged.append(cell)
    if merged[-1][0] < 10 and len(merged) > 1:
        last = merged.pop()
        merged[-1] = [a + b for a, b in zip(merged[-1], last, strict=True)]
    statistic = sum((realised - stated) ** 2 / variance for stated, variance, realised in merged)
    return float(stats.chi2.sf(statistic, len(merged)))


def auroc(risk):
    """Return the AUROC that risks have for outcomes drawn from them."""
    risk = np.sort(risk)
    below = np.cumsum(1 - risk) - (1 - risk) / 2
    return float((below * risk).sum() / (risk.sum() * (1 - risk).sum()))
