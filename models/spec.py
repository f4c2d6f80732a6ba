"""The shapes of what is declared about models: `specs/*.toml`, and `declared/*.toml` that all specs share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from models.basis import Transform
from stratify.catalogue.entries import Id, Shape, Text

Share = Annotated[float, Field(gt=0, lt=1)]


class SplitSpec(Shape):
    """How time and people are split; the landmarks are relative, so the same words hold for any delivery."""

    test: Literal["last closed landmark"]
    calibrate: Literal["one before"]
    train: Literal["earlier"]
    test_people: Share  # of the people, kept for the test
    folds: int = Field(ge=2, le=20)  # parts of the other people, for cross-fitting
    enough_events: int = Field(gt=0)  # calibration events after which no further fold is asked
    seed: int = Field(ge=0, lt=2**63)


class Choose(Shape):
    """The rule by which one of the two candidates is served."""

    lightgbm_gain: float = Field(ge=0)


class Predictor(Shape):
    """A column of the matrix, and how its values enter a logistic regression."""

    column: Id
    transform: Literal["linear", "log", "decay", "spline"] = Field(alias="as")
    half_life: float | None = Field(default=None, gt=0)
    knots: tuple[float, ...] = ()

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Predictor:
        if (self.transform == "decay") != (self.half_life is not None):
            raise ValueError("half_life belongs to as = 'decay', and only there")
        if (self.transform == "spline") != bool(self.knots) or list(self.knots) != sorted(set(self.knots)):
            raise ValueError("knots, rising, belong to as = 'spline', and only there")
        return self

    def basis(self) -> Transform:
        """Return how values become terms."""
        return Transform(self.transform, self.half_life, self.knots)


class Baseline(Shape):
    """A simpler model that stands beside, never served."""

    name: Text
    predictors: tuple[Predictor, ...] = Field(min_length=1)


class Constraint(Shape):
    """Which way columns may push a risk, and why."""

    columns: tuple[str, ...] = Field(min_length=1)  # patterns
    direction: Literal[-1, 1]
    reason: Text
    source: Text


class IndexColumn(Shape):
    """A fact of the event that rows are counted from."""

    id: Id
    label: Text
    unit: str

    def as_column(self) -> dict[str, Any]:
        """Return it as an item of columns.json."""
        group = {"da": "Den aktuelle indlæggelse", "en": "The present stay"}
        own = {"id": self.id, "label": self.label.model_dump(), "unit": self.unit, "clinical_group": group}
        return {**own, "role": "predictor", "set": "served", "source_use": "care", "fallback": "missing"}


class ReasonGroup(Shape):
    """A heading that reasons stand under, whether what it says can be changed, and the columns it gathers."""

    name: Text
    modifiable: Literal["yes", "partly", "no", "unknown"]
    why: Text  # it can be changed, or not: one sentence
    columns: tuple[str, ...] = Field(min_length=1)  # patterns

    def as_entry(self, key: str, columns: Sequence[str]) -> dict[str, Any]:
        """Return it as an item of a bundle's reasons.json, with the columns it has there."""
        told = {"id": key, "name": self.name.model_dump(), "modifiable": self.modifiable, "why": self.why.model_dump()}
        return {**told, "columns": list(columns)}


class Population(Shape):
    """Whom a model is made for."""

    name: Text
    index: tuple[IndexColumn, ...] = ()
    learns_from: tuple[Id, ...] = ()  # populations whose rows it is trained on too; calibrated and tested on its own
    must_not_be_scored: Text


class CalibrationSpec(Shape):
    """How far strata may be moved apart after the sigmoid."""

    stratum_prior_sd: float = Field(gt=0)


class EvaluationSpec(Shape):
    """At what thresholds and for how many places a model is judged."""

    thresholds: tuple[Share, ...] = Field(min_length=1)
    capacity: tuple[Share, ...] = Field(min_length=1)
    bootstraps: int = Field(ge=20, le=2000)
    seed: int = Field(ge=0, lt=2**63)


class Gates(Shape):
    """What a model must show before it is promoted."""

    slope: tuple[float, float]
    intercept: float = Field(gt=0)
    subgroup_oe: tuple[float, float]
    ici_margin: float = Field(ge=0)

    @field_validator("slope", "subgroup_oe")
    @classmethod
    def _around_one(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not value[0] < 1 < value[1]:
            raise ValueError("needs a lower end below 1 and an upper one above")
        return value


class LogisticSpec(Shape):
    """Elastic-net logistic regression on named predictors, standardised, missing values filled with the mean."""

    strength: float = Field(gt=0)  # of the penalty on all training rows, 1 / C
    l1_ratio: float = Field(ge=0, le=1)
    missing_indicator_above: float = Field(ge=0, lt=1)  # a column missing more often gets an indicator
    max_iterations: int = Field(gt=0)


class LightgbmSpec(Shape):
    """Gradient boosted trees; without class weights and without resampling, which would break calibration."""

    rounds: int = Field(gt=0, le=300)
    rounds_without_stopping: int = Field(gt=0, le=300)  # used where too few events are left to stop by
    stop_after: int = Field(gt=0)  # rounds without gain
    stopping_people: float = Field(gt=0, lt=0.5)  # share of training people whose rows only say when to stop
    stopping_events: int = Field(gt=0)
    learning_rate: float = Field(gt=0, le=0.3)
    num_leaves: int = Field(ge=2, le=31)
    max_bin: int = Field(ge=15, le=255)
    min_data_in_leaf: int = Field(ge=50)
    min_data_share: float = Field(ge=0, lt=0.1)  # of the rows, where that is more
    feature_fraction: float = Field(gt=0, le=1)
    seed: int = Field(ge=0, lt=2**31)


class Estimators(Shape):
    """The two candidates; both are always trained, so that the simpler one can win."""

    logistic: LogisticSpec
    lightgbm: LightgbmSpec


class Spec(Shape):
    """All that is declared about the models of one outcome, one for each population."""

    outcome: Id
    for_study: bool = False  # made from the defaults alone: nobody has said what it is for, so it is not promoted
    populations: tuple[Id, ...] = Field(min_length=1)
    predictors: tuple[Id, ...] = Field(min_length=1)
    baselines: tuple[Id, ...]
    monotone: tuple[Id, ...]
    reasons_top_n: int = Field(gt=0, le=15)
    listed: int = Field(ge=0)  # people at the top of the risk whose reasons are worked out in the batch
    split: SplitSpec
    choose: Choose
    calibration: CalibrationSpec
    evaluation: EvaluationSpec
    gates: Gates
    estimators: Estimators
    intended_use: Text
    must_not_be_scored: tuple[Text, ...] = Field(min_length=1)
    limits: tuple[Text, ...] = Field(min_length=1)
