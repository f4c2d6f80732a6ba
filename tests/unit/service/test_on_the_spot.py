"""What goes over the socket to the process that scores on the spot, and comes back."""

import json
from datetime import date

import numpy as np
import pytest

from service.on_the_spot import refused, row_of, written
from service.schemas import Stored
from service.served import Row
from service.spot import StoreMovedError
from stratify.errors import BundleError
from stratify.fhir.refusal import ChartRefusedError


def over(answer):
    return row_of(json.loads(json.dumps(answer)))


def test_a_row_comes_back_as_it_was_to_the_bit():
    risk = {"outcome": "acute_admission_365d", "population": "multimorbid", "risk": 0.1 + 0.2, "horizon_days": 365}
    missing = {"id": "hba1c", "text": {"da": "x", "en": "y"}}
    stored = Stored.model_validate({"risks": [risk], "missing": [missing], "facts": {"age": 71.5, "n_drugs": None}})
    row = Row("", stored, np.array([[0.1, np.nan, -0.0]]), basis="store", day=date(2025, 3, 1))
    other = over(written(row))
    assert (other.stored, other.basis, other.day, other.name) == (stored, "store", date(2025, 3, 1), "")
    assert other.features.tobytes() == row.features.tobytes()


def test_nobody_comes_back_as_nobody():
    assert over(written(None)) is None


@pytest.mark.parametrize(
    "error, comes",
    [
        (ChartRefusedError("other_patient", "conditions"), ChartRefusedError),
        (ChartRefusedError("deceased"), ChartRefusedError),
        (StoreMovedError("the store was replaced"), StoreMovedError),
        (BundleError("there is no store"), BundleError),
    ],
)
def test_why_there_is_no_row_comes_back_too(error, comes):
    with pytest.raises(comes) as found:
        over(refused(error))
    assert type(found.value) is comes
    assert str(found.value) == str(error)
    assert getattr(found.value, "status", None) == getattr(error, "status", None)


def test_an_error_of_nobodys_making_tells_its_kind_and_not_its_words():
    with pytest.raises(BundleError) as found:
        over(refused(ValueError("0101011234")))
    assert "ValueError" in str(found.value)
    assert "0101011234" not in str(found.value)
