"""A region that never was: counted by hospital, municipality and group over 60 months, and told as real ones are.

One hospital's readmissions fall in the last year, some units are small, and some targets take a year to be mature.
"""

import json
from datetime import date

import numpy as np
import pytest

from stratify.catalogue import load
from stratify.quality import grid
from stratify.quality.counting import AGES, Tally
from stratify.quality.measuring import FIVE_YEARS, Measured
from stratify.quality.months import Months
from stratify.quality.telling import tell_all
from stratify.registers.clock import day_number

MONTHS = Months(2020, 60)
DELIVERED = "2025-03-01"
MADE = {"source": "synthetic", "covers_to": "2024-12-31", "delivered": DELIVERED, "months": ["2020-01", "2024-12"]}
STRATA = len(AGES) * 2 + 1
MUNICIPALITIES = ["Aarhus", "Favrskov", "Hedensted", "Herning", "Holstebro", "Horsens", "Ikast-Brande", "Lemvig",
                  "Norddjurs", "Odder", "Randers", "Ringkøbing-Skjern", "Samsø", "Silkeborg", "Skanderborg", "Skive",
                  "Struer", "Syddjurs", "Viborg"]  # fmt: skip
UNITS = {
    "hospital": ["Aarhus", "Gødstrup", "Horsens", "Randers", "Viborg", "elsewhere"],
    "psychiatric": ["AUH Skejby", "Regionspsykiatrien Gødstrup", "Regionspsykiatrien Horsens", "elsewhere"],
    "municipality": [*MUNICIPALITIES, "not told"],
    "practice": [*(f"0{10003 + 137 * at}" for at in range(40)), "not told"],
    "sex": ["male", "female", "not told"],
    "smi": ["no", "yes", "not told"],
    "psychiatric_somatic": ["no", "yes", "not told"],
    "few_resources": ["no", "yes", "not told"],
    "education": ["short", "medium", "long", "not told"],
    "income": ["low", "middle", "high", "not told"],
    "origin": ["danish", "immigrant", "descendant", "not told"],
    "cohabitation": ["with others", "alone", "not told"],
    "distance": ["below 10 km", "10 to 30 km", "30 km or more", "not told"],
}
FALLS = ("readm30_som_mm", "Horsens")  # from 14 % to 7 % in the last year
WANTED = ("acute_adm_copd_t2d_1000", "equity_gap", "excess_mort_smi", "psy_followup7", "readm30_copd", "readm30_som_mm",
          "smi_hba1c_treated", "smi_check6", "mort30_copd", "delayed_days", "alert_yield")  # fmt: skip
CASES = {"readm30_som_mm": 3000, "psy_followup7": 700, "readm30_copd": 260, "acute_adm_copd_t2d_1000": 30_000}


def split(rng, counts, shares):
    """Whole counts over labels by shares, so that they add up: int64[labels, ...]."""
    parts = rng.multinomial(counts, shares)
    return np.moveaxis(parts, -1, 0).astype(np.int64)


def tallies(rng, target, cases, share, rate):
    """Every grouping of a target as one region would have it."""
    first = next((name for name in ("hospital", "psychiatric", "municipality") if name in target.levels), None)
    labels = UNITS[first] if first else [""]
    sizes = np.arange(len(labels), 0, -1.0) ** 1.5
    sizes[-1] /= 20
    sizes /= sizes.sum()
    whole = split(rng, np.full(60, cases), sizes) if first else np.full((1, 60), cases)
    chance = np.full((len(labels), 60), share)
    if (target.id, "Horsens") == FALLS and first == "hospital":
        chance[labels.index("Horsens"), 48:] = share / 2
    yes = rng.binomial(whole, chance)
    unknown = rng.binomial(whole, 0.02)
    found = {}
    groups = {"region": [""], **{name: UNITS[name] for name in target.levels if name in UNITS}}
    groups |= {name: UNITS[name] for name in dict.fromkeys([*target.equity, "few_resources"])}
    for name, own in groups.items():
        if name == "region":
            parts = [one.sum(axis=0)[None] for one in (whole - yes, yes, unknown)]
        elif name == first:
            parts = [whole - yes, yes, unknown]
        else:
            shares = np.linspace(3, 1, len(own))
            shares[-1] = 0.02
            parts = [split(rng, one.sum(axis=0), shares / shares.sum()) for one in (whole - yes, yes, unknown)]
        found[name] = counted(own, parts, rate)
    return found


def counted(labels, parts, rate):
    no, yes, unknown = parts
    months = np.zeros((len(labels), 60, 4), np.int64)
    people = np.zeros((len(labels), 5), np.int64)
    if rate:
        months[..., 0], months[..., 1], months[..., 2] = yes, (no + yes) * 30, no + yes
        people[:] = (no + yes).reshape(len(labels), 5, 12).max(axis=2)
        among = months[..., 1]
    else:
        months[..., 0], months[..., 1], months[..., 2] = no, yes, unknown
        among = no + yes
    years = np.zeros((len(labels), 5, STRATA, 2), np.int64)
    for at, one in enumerate((among, yes)):
        total = one.reshape(len(labels), 5, 12).sum(axis=2)
        for stratum, part in enumerate((4, 4, 2)):
            years[:, :, 8 + stratum, at] = total * part // 10
        years[:, :, 8, at] += total - years[..., at].sum(axis=2)
    return Tally(list(labels), months, years, people)


def told_of(wanted, seed=7, cases=CASES, delivered=DELIVERED):
    """What is told of targets in a region that never was.

    Small cells are hidden, but none beside them: that they cannot be worked out is shown where that is done.
    """
    rng = np.random.default_rng(seed)
    targets = {key: target for key, target in load().targets.items() if key in wanted}
    found = Measured()
    for key, target in targets.items():
        if not target.from_registers or target.measure == "gap":
            continue
        if target.measure == "mortality_ratio":
            found.deaths[key] = deaths(rng)
            continue
        rate = target.unit == "rate"
        found.tallies[key] = tallies(rng, target, cases.get(key, 300), 0.03 if rate else 0.14, rate)
        for part in getattr(target.parameters, "elements", ()):
            share = 0.7 if part.registered() else 0.0
            one = {"region": None, **dict.fromkeys(target.levels)}
            kept = tallies(rng, target, 300, share, rate)
            found.tallies[f"{key}.{part.id}"] = {name: kept[name] for name in one if name in kept}
            if not part.registered():
                for tally in found.tallies[f"{key}.{part.id}"].values():
                    tally.months[..., 2] = tally.months.sum(axis=2)
                    tally.months[..., :2] = 0
                    tally.years[:] = 0
    lacking = {"smi_check6": "no register in this source tells: BMI"}
    day = day_number(date.fromisoformat(delivered))
    return json.loads(json.dumps(tell_all(targets, found, MONTHS, (day, day), lacking)))


def deaths(rng):
    found = np.zeros((5, 2, 2, len(FIVE_YEARS), 2), np.int64)
    found[:, 0, :, :, 0], found[:, 1, :, :, 0] = 40_000_000, 900_000
    risk = 1e-6 * np.exp(0.45 * np.arange(len(FIVE_YEARS)))
    for group, times in enumerate((1.0, 2.5)):
        found[:, group, :, :, 1] = rng.poisson(found[:, group, :, :, 0] * risk * times)
    found[1, 1, 1, :, 1] = 0
    found[1, 1, 1, 3, 1] = 3  # three women died: hidden
    return found


@pytest.fixture(scope="session")
def told():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grid, "suppress", lambda counts, relations, small: small)
        return told_of(WANTED)


@pytest.fixture(scope="session")
def made():
    return MADE


@pytest.fixture(scope="session")
def telling():
    return told_of
