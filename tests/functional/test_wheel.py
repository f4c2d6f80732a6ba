"""The wheel, installed in a clean environment outside the checkout: nothing of the package was left behind."""

import json
import os
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(root, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    hatchling = Path(sys.executable).parent / "hatchling"
    subprocess.run([hatchling, "build", "-t", "wheel", "-d", out], cwd=root, check=True, capture_output=True)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def clean(root, wheel, tmp_path_factory) -> Path:
    """An environment with what the service needs and nothing else."""
    place = tmp_path_factory.mktemp("clean") / "venv"
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    pip = [place / "bin/python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--require-hashes", "-r", root / "requirements/service.lock"], check=True)
    subprocess.run([*pip, "--no-deps", wheel], check=True)
    return place / "bin"


def test_the_wheel_holds_what_is_declared_and_no_tests(wheel, root):
    inside = set(zipfile.ZipFile(wheel).namelist())
    declared = [
        path.relative_to(root).as_posix()
        for name in ("stratify", "models", "pipelines", "service")
        for path in (root / name).rglob("*")
        if path.suffix in (".py", ".toml", ".sql")
    ]
    assert set(declared) <= inside
    assert not any(name.startswith(("tests/", "docs/")) for name in inside)


def test_the_clean_environment_has_none_of_the_pipelines_libraries(clean):
    for library in ("pandas", "pyarrow", "sklearn", "mlflow"):
        done = subprocess.run([clean / "python", "-c", f"import {library}"], capture_output=True, check=False)
        assert done.returncode == 1


def test_check_works_there(clean, tmp_path):
    done = subprocess.run([clean / "stratify", "check"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "no problem" in done.stdout


def test_a_command_that_needs_the_pipelines_says_so(clean, tmp_path):
    done = subprocess.run([clean / "stratify", "run"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "stratify-multimorbidity[pipelines]" in done.stderr


def test_a_person_is_looked_up_there(clean, region, tmp_path, root):
    service = subprocess.Popen(
        [clean / "stratify", "serve", "--demo", "--port", "0", "--work", region,
         "--service-db", f"sqlite:///{tmp_path / 'service.db'}"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
    )  # fmt: skip
    try:
        lines: list[str] = []
        while not any("Authorization: Bearer" in line for line in lines):
            line = service.stdout.readline()
            assert line, "".join(lines)
            lines.append(line)
        command = lines[-1]
        url = command.split()[2]
        token = command.split("Bearer ")[1].split("'")[0]
        body = json.loads(command.split("-d '")[1].split("'")[0])  # whom the printed token says is being treated
        request = urllib.request.Request(
            url,
            json.dumps(body).encode(),
            {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        answer = json.load(_open(request))
    finally:
        service.terminate()
        service.wait(timeout=20)
        service.stdout.close()
    assert answer["status"] == "found"
    assert {risk["outcome"] for risk in answer["risks"]} <= {
        path.stem for path in (root / "models/specs").glob("*.toml")
    }
    assert answer["reasons"]
    declared = [path.read_text(encoding="utf-8") for path in (root / "stratify/catalogue/offers").glob("*.toml")]
    listed = len(answer["offers"]) + answer["not_indicated"] + answer["not_asked"]
    assert listed == sum('kind = "enabler"' not in text for text in declared)


def _open(request):
    for _ in range(100):
        try:
            return urllib.request.urlopen(request, timeout=10)
        except ConnectionError:
            time.sleep(0.1)
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionError):
                raise
            time.sleep(0.1)
    raise AssertionError("the service did not answer")
