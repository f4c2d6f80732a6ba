"""What came out of a simulated region, one measure for each name a target may ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import duckdb

from pipelines.synthesis.measures import hospital, lifetable, mental, sickness
from pipelines.synthesis.measures.region import Region, attach, prepare
from pipelines.synthesis.targets import Measured, Targets, load

__all__ = ["MEASURES", "Measured", "Region", "attach", "measure", "measure_all", "prepare"]

MEASURES: Mapping[str, Callable[[Region, dict[str, Any]], Measured]] = MappingProxyType(
    {
        found.__name__: found
        for found in (
            sickness.multimorbid,
            sickness.multimorbid_ratio,
            sickness.multimorbid_education,
            sickness.multimorbid_outpatient,
            sickness.both_of_multimorbid,
            sickness.both_women_men,
            sickness.any_against_two,
            sickness.both_resources,
            sickness.onset_shift,
            sickness.mental_by_physical,
            sickness.hospital_groups,
            sickness.prevalence,
            sickness.prevalence_ratio,
            sickness.bipolar_incidence,
            sickness.depression_hospital_incidence,
            mental.mental_to_somatic,
            mental.pair_mortality,
            mental.mental_crude_mortality,
            mental.mental_mortality,
            mental.smr,
            mental.life_years_lost,
            mental.acsc_by_depression,
            hospital.readmission,
            hospital.admissions,
            hospital.admission_share,
            hospital.acute_rate,
            hospital.copd_admissions,
            hospital.polypharmacy,
            lifetable.deaths,
            lifetable.life_expectancy,
            lifetable.one_year_mortality,
        )
    }
)


def measure(con: duckdb.DuckDBPyConnection) -> dict[str, Measured]:
    """Return what came out for each target by its id, in the target's unit.

    The connection has a view of each register table and of each table of the truth, named as they are.
    """
    return measure_all(prepare(con), load())


def measure_all(region: Region, targets: Targets) -> dict[str, Measured]:
    """Return what came out for each target of a prepared region, by its id."""
    return {
        target.id: MEASURES[target.measure](region, dict(target.given)).times(target.scale)
        for target in targets.targets
    }
