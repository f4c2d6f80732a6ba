"""The wheel, installed as the image installs it, outside the checkout: nothing of the package was left behind."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.deployed import container, words

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(root, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    hatchling = Path(sys.executable).parent / "hatchling"
    subprocess.run([hatchling, "build", "-t", "wheel", "-d", out], cwd=root, check=True, capture_output=True)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def stages(root):
    return container(root / "deploy/Containerfile")


@pytest.fixture(scope="module")
def clean(root, stages, tmp_path_factory) -> Path:
    """The environment of the image: what the service needs and nothing else, built by the Containerfile's words."""
    place = tmp_path_factory.mktemp("image")
    subprocess.run([sys.executable, "-m", "venv", place / "base"], check=True)
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    env["PATH"] = f"{place / 'base/bin'}:{env['PATH']}"
    (place / "build").mkdir()
    for name, rest in stages[0]:
        if name == "COPY":
            *sources, to = rest.split()
            for source in sources:
                _copy(root / source, place / "build" / (to + Path(source).name if to.endswith("/") else to))
        elif name == "RUN":
            command = rest.replace("/opt/stratify", str(place / "stratify"))
            done = subprocess.run(
                command, shell=True, cwd=place / "build", env=env, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
    return place / "stratify/bin"


def _copy(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


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


def test_the_image_is_ready_with_the_files_it_is_handed_and_stops_when_told(clean, stages, region, tmp_path):
    served = tmp_path / "served"
    shutil.copytree(region / "bundles", served / "bundles", ignore=shutil.ignore_patterns("champion*", "decisions"))
    shutil.copy(region / "serving.db", served)
    (served / "keys").mkdir()
    for name in ("pseudonym.key", "bundle_public.pem"):
        shutil.copy(region / "keys" / name, served / "keys")
    key = ec.generate_private_key(ec.SECP384R1()).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    (tmp_path / "idp.pem").write_bytes(key.public_bytes(serialization.Encoding.PEM, form))
    (tmp_path / "trust.toml").write_text(
        '[[issuer]]\niss = "https://idp.example"\nkind = "user"\naudience = "urn:try"\nkeys = "idp.pem"\n',
        encoding="utf-8",
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    here = {"/opt/stratify/bin": str(clean), "/etc/stratify": str(tmp_path), "8080": port, "0.0.0.0": "127.0.0.1"}

    def put_here(word):
        for there, instead in here.items():
            word = word.replace(there, instead)
        return word

    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    env |= {"STRATIFY_WORK": str(served), "STRATIFY_SERVICE_DB": f"sqlite:///{tmp_path / 'service.db'}"}
    start = [put_here(word) for word in words(stages[-1], "ENTRYPOINT") + words(stages[-1], "CMD")]
    healthy = [put_here(word) for word in words(stages[-1], "HEALTHCHECK")]
    assert subprocess.run(healthy, env=env, capture_output=True, check=False).returncode != 0
    with (tmp_path / "log").open("w") as log:
        service = subprocess.Popen(start, cwd=tmp_path, env=env, stdout=log, stderr=subprocess.STDOUT)
    try:
        ready = json.load(_open(f"http://127.0.0.1:{port}/readyz"))
        health = subprocess.run(healthy, env=env, capture_output=True, text=True, check=False)
    finally:
        service.terminate()
        stopped = service.wait(timeout=30)
    assert ready == {"status": "ready", "notes": []}
    assert health.returncode == 0, health.stderr
    assert stopped == 0, (tmp_path / "log").read_text(encoding="utf-8")


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
