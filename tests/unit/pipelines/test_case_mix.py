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
KEYS = ("readm30_som_mm", "readm30_psy", "acute_adm_copd_t2d_1000", "med_review_poly")
SCORED = range(2021, 2025)  # nobody was on 1 January 2019 and 2020


@pytest.fixture(scope="module")
def measuring(region):
    store = Store(region / "store")
    months = months_of(Workspace(region), store)
    rng = np.random.default_rng(5)
    everybody = store.persons()["person"].astype(np.int64)
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


def one_by_one(measuring, key: str, level: str, year: int):
    """Days or cases by unit and band, the same of all, and events of all: each added up by itself."""
    found, as_of = measuring.found(CATALOGUE.targets[key])
    first, last = day_number(date(year, 1, 1)), day_number(date(year + 1, 1, 1))
    mine, among, happened = Counter(), Counter(), Counter()

    def home(person: int, day: int) -> str:
        homes = measuring.homes[level]
        row = int(measuring.ground.year_of(np.array([day]))[0])
        return homes.names[int(homes.at(np.array([row]), measuring.bucket.place(np.array([person])))[0])]

    if isinstance(found, AtRisk):
        for who, start, end in zip(found.person.tolist(), found.start.tolist(), found.end.tolist(), strict=True):
            if first <= start < last:
                band = band_of(measuring, key, who, start)
                among[band] += end - start
                mine[home(who, start), band] += end - start
        for who, day in zip(found.event_person.tolist(), found.event_day.tolist(), strict=True):
            if first <= day < last:
                happened[band_of(measuring, key, who, day)] += 1
        return mine, among, happened
    units = measuring.levels(CATALOGUE.targets[key], found)[level]
    for at, (who, day) in enumerate(zip(found.person.tolist(), found.day.tolist(), strict=True)):
        if first <= day < last and found.state[at] <= 1:
            since = int(as_of[at])
            band = band_of(measuring, key, who, since)
            among[band] += 1
            mine[str(units[at]) if isinstance(units, np.ndarray) else home(who, since), band] += 1
            happened[band] += int(found.state[at] == 1)
    return mine, among, happened


@pytest.mark.parametrize("key", KEYS)
def test_expected_by_risk_is_the_regions_rate_of_each_band(measuring, key):
    by = measuring.tally(CATALOGUE.targets[key])[key]
    level = "psychiatric" if key == "readm30_psy" else "hospital"
    expected = expected_by(by[level].mix, by["region"].mix)
    events = 0
    for year in (2022, 2023, 2024):
        mine, among, happened = one_by_one(measuring, key, level, year)
        told = dict(zip(by[level].labels, expected[:, measuring.months.years.index(year)].tolist(), strict=True))
        for unit in told:
            wanted = sum(count * happened[band] / among[band] for (one, band), count in mine.items() if one == unit)
            assert told[unit] == pytest.approx(wanted)
        assert sum(told.values()) == pytest.approx(sum(happened.values()))  # the region has what it expects
        events += sum(happened.values())
    assert events >= 3


def test_a_year_in_which_nobody_was_scored_tells_nothing(measuring):
    by = measuring.tally(CATALOGUE.targets["readm30_som_mm"])["readm30_som_mm"]
    told = [has_case_mix(by["region"], at) for at in range(len(measuring.months.years))]
    assert dict(zip(measuring.months.years, told, strict=True)) == {
        2020: False, 2021: True, 2022: True, 2023: True, 2024: True
    }  # fmt: skip


def test_a_persons_year_that_began_before_anybody_was_scored_tells_nothing(measuring):
    by = measuring.tally(CATALOGUE.targets["med_review_poly"])["med_review_poly"]
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
    (tmp_path / "bundles/baseline").write_text("no such version\n")
    assert "no such version" in case_mix_of(Workspace(tmp_path), catalogue, range(2019, 2025))["lacking"]
