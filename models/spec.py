"""The declaration of one outcome's model: read from `specs/*.toml`, every problem in every file reported at once."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from stratify.catalogue.entries import Id, Shape, Text
from stratify.errors import CatalogueError

PACKAGE = Path(__file__).parent / "specs"


class SplitSpec(Shape):
    """How time and people are split; the landmarks are relative, so the same words hold for any delivery."""

    test: Literal["last closed landmark"]
    calibrate: Literal["one before"]
    train: Literal["earlier"]
    test_people: float = Field(gt=0, lt=1)  # the share of people kept for the test
    folds: int = Field(ge=2, le=20)  # parts of the other people, for cross-fitting
    seed: int = Field(ge=0, lt=2**63)


class Choose(Shape):
    """The rule by which one of the two candidates is served."""

    lightgbm_gain: float = Field(ge=0)


class LogisticSpec(Shape):
    """Logistic regression on standardised columns, missing values filled with the training mean."""

    l2: float = Field(gt=0)  # strength of the penalty on all training rows, 1 / C
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
    num_leaves_small: int = Field(ge=2, le=31)  # used below `small_below_rows`
    small_below_rows: int = Field(ge=0)
    min_data_in_leaf: int = Field(ge=50)
    min_data_share: float = Field(ge=0, lt=0.1)  # of the rows, where that is more
    feature_fraction: float = Field(gt=0, le=1)
    seed: int = Field(ge=0, lt=2**31)


class Estimators(Shape):
    """The two candidates; both are always trained, so that the simpler one can win."""

    logistic: LogisticSpec
    lightgbm: LightgbmSpec


class Spec(Shape):
    """All that is declared about the model of one outcome."""

    outcome: Id
    population: Id
    reasons_top_n: int = Field(gt=0, le=15)
    listed: int = Field(ge=0)  # people at the top of the risk whose reasons are worked out in the batch
    split: SplitSpec
    choose: Choose
    estimators: Estimators
    intended_use: Text
    must_not_be_scored: tuple[Text, ...] = Field(min_length=1)
    limits: tuple[Text, ...] = Field(min_length=1)


def load_specs(folder: Path = PACKAGE) -> dict[str, Spec]:
    """Return every outcome's spec, in the order of the outcomes' ids.

    Raises CatalogueError (exit 10) with every problem found in any file: file, key, what was required, what was got.
    """
    problems: list[str] = []
    found: dict[str, Spec] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            spec = Spec.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            problems.append(f"specs/{path.name}: not readable as TOML: {error}")
        except ValidationError as error:
            for detail in error.errors():
                key = ".".join(str(part) for part in detail["loc"])
                got = f"; got {detail['input']!r}" if isinstance(detail["input"], str | int | float) else ""
                problems.append(f"specs/{path.name}: {key}: {detail['msg']}{got}")
        else:
            if spec.outcome != path.stem:
                problems.append(f"specs/{path.name}: outcome: must equal the file's name, got {spec.outcome!r}")
            found[spec.outcome] = spec
    if problems:
        raise CatalogueError(f"{len(problems)} problem(s) in the model specs:", problems)
    return found
