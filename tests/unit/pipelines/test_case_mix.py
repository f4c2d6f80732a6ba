"""Units are held against people of the same predicted risk: expected counts by band, added up by hand.

The same cases, each taken one by one with the band of its person on the 1 January before, must give the expected
numbers that are told; a year in which nobody was scored tells none.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from datetime import date

import numpy as np
import pytest

from pipelines.frozen import case_mix_of
from pipelines.monitor import months_of
from stratify.catalogue import load
from stratify.quality.case_mix import EDGES, PSYCHIATRIC, SOMATIC, Risks, outcome_of
from stratify.quality.cases import AtRisk
from stratify.quality.compared import expected_by, has_case_mix
from stratify.quality.counting import AGES
from stratify.quality.cuts import income_thirds
from stratify.quality.measuring import Measuring
from stratify.registers.clock import day_number
from stratify.store.read import Store
from stratify.workspace import Workspace

CATALOGUE = load()
KEYS = ("readm30_som_mm", "readm30_psy", "acute_adm_copd_t2d_1000", "dm_hba1c_high")
SCORED = range(2021, 2025)  # nobody was on 1 January 2019 and 2020


@pytest.fixture(scope="module")
def measuring(region):
    store = Store(region / "store")
    months = months_of(Workspace(region), store)
    rng = np.random.default_rng(5)
    everybody = store.read("persons", ["person"])["person"].astype(np.int64)
    scored = {}
    for year in SCORED:
        who = np.sort(rng.choice(everybody, len(everybody) // 2, replace=False))
        scored[year] = Risks(who, {key: rng.beta(1, 6, len(who)) for key in (SOMATIC, PSYCHIATRIC)})
    targets = [CATALOGUE.targets[key] for key in KEYS]
    return Measuring(store, CATALOGUE, 0, months, income_thirds(store), targets, scored)


def band_of(measuring, key: str, person: int, day: int) -> str:
    """The band of a person on the 1 January at or before a day, told without a table."""
    year = date.fromordinal(date(1970, 1, 1).toordinal() + day).year
    risks = measuring.scored[year]
    at = np.flatnonzero(risks.person == person)
    if len(at):
        risk = risks.risk[outcome_of(CATALOGUE.targets[key])][at[0]]
        return f"risk {sum(risk >= edge for edge in EDGES)}"
    place = measuring.bucket.place(np.array([person]))[0]
    birth, sex = measuring.bucket.by_place["birth"][place], measuring.bucket.by_place["sex"][place]
    age = (day_number(date(year, 1, 1)) - birth) / 365.25
    return f"age {sum(age >= one for one in AGES)} {sex}"


@pytest.mark.parametrize("key", KEYS)
def test_expected_by_risk_is_the_regions_rate_of_each_band(measuring, key):
    target, year = CATALOGUE.targets[key], 2023
    by = measuring.tally(target)[key]
    level = "psychiatric" if key == "readm30_psy" else "hospital"
    found, as_of = measuring.found(target)
    assert not isinstance(found, AtRisk) or key == "acute_adm_copd_t2d_1000"
    first, last = day_number(date(year, 1, 1)), day_number(date(year + 1, 1, 1))
    among, happened, mine = Counter(), Counter(), Counter()
    if isinstance(found, AtRisk):
        homes = measuring.homes[level]
        for who, start, end in zip(found.person.tolist(), found.start.tolist(), found.end.tolist(), strict=True):
            if first <= start < last:
                band = band_of(measuring, key, who, start)
                row = int(measuring.ground.year_of(np.array([start]))[0])
                unit = homes.names[int(homes.at(np.array([row]), measuring.bucket.place(np.array([who])))[0])]
                among[band] += end - start
                mine[unit, band] += end - start
        for who, day in zip(found.event_person.tolist(), found.event_day.tolist(), strict=True):
            if first <= day < last:
                happened[band_of(measuring, key, who, day)] += 1
    else:
        units = measuring.levels(target, found)[level]
        for at, (who, day) in enumerate(zip(found.person.tolist(), found.day.tolist(), strict=True)):
            if first <= day < last and found.state[at] <= 1:
                band = band_of(measuring, key, who, int(as_of[at]))
                if isinstance(units, np.ndarray):
                    unit = str(units[at])
                else:
                    row = int(measuring.ground.year_of(as_of[at : at + 1])[0])
                    unit = units.names[int(units.at(np.array([row]), measuring.bucket.place(np.array([who])))[0])]
                among[band] += 1
                mine[unit, band] += 1
                happened[band] += int(found.state[at] == 1)
    at = measuring.months.years.index(year)
    told = dict(zip(by[level].labels, expected_by(by[level].mix, by["region"].mix)[:, at].tolist(), strict=True))
    assert sum(happened.values()) >= 3
    for unit in told:
        wanted = sum(count * happened[band] / among[band] for (one, band), count in mine.items() if one == unit)
        assert told[unit] == pytest.approx(wanted)
    assert sum(told.values()) == pytest.approx(sum(happened.values()))  # the region has what it expects


def test_a_year_in_which_nobody_was_scored_tells_nothing(measuring):
    by = measuring.tally(CATALOGUE.targets["readm30_som_mm"])["readm30_som_mm"]
    told = [has_case_mix(by["region"], at) for at in range(len(measuring.months.years))]
    assert dict(zip(measuring.months.years, told, strict=True)) == {
        2020: False, 2021: True, 2022: True, 2023: True, 2024: True
    }  # fmt: skip


def test_a_persons_year_that_began_before_anybody_was_scored_tells_nothing(measuring):
    by = measuring.tally(CATALOGUE.targets["dm_hba1c_high"])["dm_hba1c_high"]
    told = [has_case_mix(by["region"], at) for at in range(len(measuring.months.years))]
    assert told == [False, False, True, True, True]  # those of 2021 are looked at from a day in 2020 on


def test_equity_cuts_are_held_against_nothing(measuring):
    by = measuring.tally(CATALOGUE.targets["readm30_som_mm"])["readm30_som_mm"]
    assert by["region"].mix.shape[2] == len(EDGES) + 1 + 2 * len(AGES) + 1
    assert by["few_resources"].mix.shape[2] == 0


def test_the_served_models_hold_units_against_their_landmarks(region):
    manifest = json.loads((region / "quality/manifest.json").read_text(encoding="utf-8"))
    mix = manifest["results"]["case_mix"]
    assert mix["bundle"] == (region / "bundles/champion").read_text(encoding="utf-8").strip()
    assert mix["years"]
    assert not mix["lacking"]
    told = json.loads((region / "quality/targets/readm30_som_mm.json").read_text(encoding="utf-8"))
    there = {year for year, rows in told["units"]["municipality"].items() if "oe_case_mix" in rows}
    assert there == {year for year in told["units"]["municipality"] if int(year) in mix["years"]}
    whole = told["units"]["region"][max(there)]
    assert whole["oe_case_mix"] == pytest.approx([1.0])


def test_what_is_lacking_is_said(region, tmp_path, few_events):
    catalogue = load(few_events)
    for name in ("store", "features", "keys"):
        (tmp_path / name).symlink_to(region / name)
    bare = case_mix_of(Workspace(tmp_path), catalogue, range(2019, 2025))
    assert (bare["years"], bare["bundle"], bare["inputs"]) == ([], None, {})
    assert bare["lacking"] == "no served models, or no matrix of features"
    shutil.copytree(region / "bundles", tmp_path / "bundles")
    assert case_mix_of(Workspace(tmp_path), catalogue, range(2019, 2025))["years"]
    assert "no landmark of the matrix is a 1 January of 1990 to 1991" in str(
        case_mix_of(Workspace(tmp_path), catalogue, range(1990, 1992))["lacking"]
    )
    version = (tmp_path / "bundles/champion").read_text(encoding="utf-8").strip()
    (tmp_path / "bundles" / version / "manifest.json").write_text("{}")
    assert version in case_mix_of(Workspace(tmp_path), catalogue, range(2019, 2025))["lacking"]
