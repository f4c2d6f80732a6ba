"""Importing `models` costs nothing, and what a service needs loads none of the heavy libraries by itself."""

import subprocess
import sys

import pytest

import models

HEAVY = ("mlflow", "sklearn", "statsmodels", "pandas", "pyarrow", "scipy", "lightgbm")


def loaded_after(statement: str, *, blocked: tuple[str, ...] = ()) -> set[str]:
    script = (
        "import sys\n"
        f"sys.modules.update({{name: None for name in {blocked!r}}})\n"
        f"{statement}\n"
        f"print(*(name for name in {HEAVY!r} if sys.modules.get(name)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_no_library():
    assert loaded_after("import models") == set()


def test_a_service_loads_bundles_without_pandas_sklearn_statsmodels_or_mlflow():
    away = ("mlflow", "sklearn", "statsmodels", "pandas", "pyarrow")
    needed = "from models import Bundle, Member, load_champion, reasons, ensure_signing_keys"
    assert loaded_after(needed, blocked=away) <= {"lightgbm", "scipy"}


def test_mlflow_is_not_loaded_before_a_registry_is_made():
    assert "mlflow" not in loaded_after("from models import Registry")


@pytest.mark.parametrize("name", models.__all__)
def test_every_exported_name_is_there(name):
    assert getattr(models, name).__name__ == name


def test_another_name_is_not():
    with pytest.raises(AttributeError, match="no attribute 'Champion'"):
        models.Champion  # noqa: B018
