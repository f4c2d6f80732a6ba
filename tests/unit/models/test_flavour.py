"""What MLflow loads is the member itself: the same risks to the bit, found by column name, nothing pickled."""

import numpy as np
import pandas as pd
import pytest

from models.bundle import registered_name
from models.flavour import _load_pyfunc
from models.registry import CHALLENGER, Registry
from models.scoring import Member
from stratify.errors import DataError

KEY = "acute_admission_365d/multimorbid"


@pytest.fixture(scope="module")
def folder(trained, tmp_path_factory):
    out = tmp_path_factory.mktemp("trained")
    trained.write(out / "candidates")
    return out / "candidates" / trained.chosen


@pytest.fixture(scope="module")
def logged(folder, tmp_path_factory):
    place = tmp_path_factory.mktemp("registry")
    registry = Registry(place / "mlflow.db", place / "mlartifacts")
    run = registry.log_run(KEY, folder.name, {"a": 1}, {"auroc": 0.7}, folder, evaluation=[folder / "card.json"],
                           tags={"stratify.outcome": "acute_admission_365d"})  # fmt: skip
    registry.register(KEY, run)
    return registry.run_of(run), place


def rows_of(table):
    rows = pd.DataFrame(table.x, columns=[column["id"] for column in table.columns])[::-1]
    return rows, np.arange(len(rows)) % 2 == 0


@pytest.mark.slow  # loading MLflow's flavours takes longer than all else here
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_mlflow_gives_the_members_risks_to_the_bit(logged, folder, table):
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{logged[1] / 'mlflow.db'}")
    loaded = mlflow.pyfunc.load_model(f"models:/{registered_name(KEY)}@{CHALLENGER}")
    member = Member.from_files({file.name: file.read_bytes() for file in folder.iterdir()})
    rows, inside = rows_of(table)
    told = loaded.predict(rows.assign(psychiatric_somatic=inside))
    np.testing.assert_array_equal(told, member.risk(rows[list(member.columns)].to_numpy(), inside))


def test_what_mlflow_calls_gives_the_members_risks_to_the_bit(folder, table):
    member = Member.from_files({file.name: file.read_bytes() for file in folder.iterdir()})
    rows, inside = rows_of(table)
    told = _load_pyfunc(str(folder)).predict(rows.assign(psychiatric_somatic=inside))
    np.testing.assert_array_equal(told, member.risk(rows[list(member.columns)].to_numpy(), inside))


def test_the_run_holds_what_it_was_made_by(logged):
    run, place = logged
    assert run["params"] == {"a": "1"}
    assert run["metrics"] == {"auroc": 0.7}
    assert run["tags"]["stratify.outcome"] == "acute_admission_365d"
    assert list(place.glob("mlartifacts/*/artifacts/evaluation/card.json"))


def test_its_requirements_are_named_and_nothing_is_pickled(logged):
    files = [path.name for path in (logged[1] / "mlartifacts").rglob("*") if path.is_file()]
    assert not [name for name in files if name.endswith((".pkl", ".pickle", ".skops", ".joblib"))]
    needs = next((logged[1] / "mlartifacts").rglob("requirements.txt")).read_text(encoding="utf-8")
    assert "lightgbm==" in needs
    assert "numpy==" in needs


def test_a_column_that_is_absent_is_named(folder):
    with pytest.raises(DataError, match="age"):
        _load_pyfunc(str(folder)).predict(pd.DataFrame({"noise": [1.0]}))
