"""What lies in deploy/ fits the program: options, paths, limits, metrics; and systemd and nginx take it."""

import fnmatch
import os
import re
import shutil
import stat
import subprocess
import tomllib
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from service.edge import LARGEST, LARGEST_OF_HOOKS
from service.metrics import REGISTRY
from service.run import MOST_CONNECTIONS, STOP_SECONDS
from tests.deployed import command_of, container, copied, environment, expanded, unit, words

UNITS = ("stratify", "stratify-anchor", "stratify-hand-over", "stratify-nightly", "stratify-alert@")
WITH_PERSONS = UNITS[:-1]
NOT_SERVED = {"pandas", "pyarrow", "scikit-learn", "mlflow", "mlflow-skinny"}
TRUST = '[[issuer]]\niss = "https://idp.example"\nkind = "client"\nkeys = "https://idp.example/jwks"\n'


@pytest.fixture(scope="module")
def deploy(root):
    return root / "deploy"


@pytest.fixture(scope="module")
def stages(deploy):
    return container(deploy / "Containerfile")


def started(deploy):
    """Every command line that a unit starts, or the image."""
    values = environment(deploy / "stratify.env.example")
    for name in UNITS:
        for line in unit(deploy / f"{name}.service")["Service", "ExecStart"]:
            yield name, expanded(line, values)
    last = container(deploy / "Containerfile")[-1]
    yield "image", words(last, "ENTRYPOINT") + words(last, "CMD")


def packages(path):
    return set(re.findall(r"^([a-z0-9-]+)==", path.read_text(encoding="utf-8"), re.M))


def test_the_units_are_those_that_are_tested(deploy):
    assert sorted(UNITS) == sorted(path.stem for path in deploy.glob("*.service"))


def test_every_command_that_is_started_exists_with_its_options(deploy):
    called = set()
    for name, line in started(deploy):
        found = command_of(line)
        if found is not None:
            command, rest = found
            command.make_context(command.name, list(rest))  # raises for an option that it does not have
            called.add((name, command.name))
    assert called == {
        ("stratify", "serve"), ("image", "serve"), ("stratify-anchor", "verify"), ("stratify-nightly", "land"),
        ("stratify-nightly", "build"), ("stratify-nightly", "monitor"), ("stratify-nightly", "score"),
        ("stratify-nightly", "need"), ("stratify-nightly", "watch"),
    }  # fmt: skip


@pytest.mark.parametrize("who", ["stratify", "image"])
def test_the_service_takes_the_settings_it_is_started_with(deploy, stages, tmp_path, monkeypatch, who):
    (tmp_path / "trust.toml").write_text(TRUST, encoding="utf-8")
    (line,) = [line for name, line in started(deploy) if name == who]
    (trust,) = [word for word in line if word.endswith("trust.toml")]
    values = environment(deploy / "stratify.env.example")
    if who == "image":
        values = dict(word.split("=", 1) for name, rest in stages[-1] if name == "ENV" for word in rest.split())
        line = [*line, "--base-url", "https://stratify.example"]
    for name, value in values.items():
        if name.startswith("STRATIFY_"):
            monkeypatch.setenv(name, value)
    taken = []
    monkeypatch.setattr("service.run.serve", taken.append)
    command, rest = command_of([str(tmp_path / "trust.toml") if word == trust else word for word in line])
    command.main(list(rest), standalone_mode=False)
    (settings,) = taken
    assert (settings.workers, settings.port, settings.address) == (2, 8080, "https://stratify.example")
    assert settings.host == ("0.0.0.0" if who == "image" else "127.0.0.1")
    assert str(settings.audit_url) == values["STRATIFY_SERVICE_DB"]
    assert str(settings.work) == values["STRATIFY_WORK"]


def test_the_service_writes_the_folder_of_its_database_and_nothing_else(deploy):
    values = environment(deploy / "stratify.env.example")
    (writes,) = unit(deploy / "stratify.service")["Service", "ReadWritePaths"]
    assert str(Path(values["STRATIFY_SERVICE_DB"].removeprefix("sqlite:///")).parent) == writes
    assert not Path(values["STRATIFY_WORK"]).is_relative_to(writes)
    ours = unit(deploy / "stratify-anchor.service")
    assert ours["Service", "Environment"] == [f"STRATIFY_SERVICE_DB={values['STRATIFY_SERVICE_DB']}"]
    assert writes not in ours["Service", "ReadWritePaths"]


def test_the_service_has_time_to_stop_and_files_for_its_connections(deploy):
    ours = unit(deploy / "stratify.service")
    (seconds,), (files,) = ours["Service", "TimeoutStopSec"], ours["Service", "LimitNOFILE"]
    assert STOP_SECONDS < int(seconds) <= 2 * STOP_SECONDS
    assert int(files) >= 2 * MOST_CONNECTIONS


@pytest.mark.parametrize("name", WITH_PERSONS)
def test_what_handles_persons_is_shut_in_leaves_no_image_of_memory_and_fails_loudly(deploy, name):
    ours = unit(deploy / f"{name}.service")
    wanted = {
        "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes",
        "PrivateDevices": "yes", "UMask": "0077", "LimitCORE": "0", "RestrictNamespaces": "yes",
        "SystemCallArchitectures": "native",
    }  # fmt: skip
    assert {key: ours["Service", key] for key in wanted} == {key: [value] for key, value in wanted.items()}
    assert ours["Service", "SystemCallFilter"][0] == "@system-service"
    assert ours["Unit", "OnFailure"] == ["stratify-alert@%n.service"]


def test_each_timer_starts_a_unit_that_is_there(deploy):
    timers = sorted(path.stem for path in deploy.glob("*.timer"))
    assert timers == ["stratify-anchor", "stratify-nightly"]
    assert set(timers) <= set(UNITS)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_takes_the_units_and_finds_them_little_exposed(deploy, tmp_path):
    for path in (*deploy.glob("*.service"), *deploy.glob("*.timer")):
        text = re.sub(r"/opt/stratify/[\w./]+|/usr/bin/logger", shutil.which("true"), path.read_text(encoding="utf-8"))
        (tmp_path / path.name).write_text(re.sub(r"^Documentation=.*\n", "", text, flags=re.M), encoding="utf-8")
    units = sorted(path for path in tmp_path.iterdir() if "@" not in path.name)
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if "stratify" in line] == []
    for name, most in (("stratify", 15), ("stratify-anchor", 10), ("stratify-nightly", 10), ("stratify-hand-over", 20)):
        words = ["systemd-analyze", "security", "--offline=true", f"--threshold={most}", tmp_path / f"{name}.service"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if "unrecognized option" in done.stderr:
            pytest.skip("this systemd cannot judge a file")
        assert done.returncode == 0, f"{name}: {done.stdout.splitlines()[-1:]} {done.stderr}"


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("systemd-tmpfiles") is None, reason="needs root, and systemd's own programs"
)
def test_accounts_and_folders_are_made_as_declared_and_hold_every_path_that_units_name(deploy, tmp_path):
    (tmp_path / "etc").mkdir()
    for program, name in (("systemd-sysusers", "sysusers.conf"), ("systemd-tmpfiles", "tmpfiles.conf")):
        create = ["--create"] if program == "systemd-tmpfiles" else []
        call = [program, f"--root={tmp_path}", *create, deploy / name]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
        assert (done.returncode, "not a valid" in done.stderr) == (0, False), done.stderr
    lines = [line.split(":") for line in (tmp_path / "etc/passwd").read_text(encoding="utf-8").splitlines()]
    accounts = {name: int(uid) for name, _, uid, *_ in lines}
    assert {"stratify", "stratify-batch", "stratify-anchor"} <= set(accounts)
    for path, mode, owner in (
        ("served", 0o700, "stratify"), ("served/keys", 0o700, "stratify"), ("log", 0o2750, "stratify"),
        ("log/service.db", 0o640, "stratify"), ("anchor", 0o700, "stratify-anchor"),
        ("work", 0o700, "stratify-batch"), ("deliveries", 0o700, "stratify-batch"),
    ):  # fmt: skip
        found = (tmp_path / "var/lib/stratify" / path).stat()
        assert (stat.S_IMODE(found.st_mode), found.st_uid) == (mode, accounts[owner]), path
    for path in deploy.glob("*.service"):
        for named in re.findall(r"/var/lib/stratify/([\w-]+)", path.read_text(encoding="utf-8")):
            assert (tmp_path / "var/lib/stratify" / named).is_dir(), f"{path.name}: {named}"
        for account in unit(path).get(("Service", "User"), []):
            assert account in accounts


def test_the_image_holds_what_the_lock_of_the_service_names_and_nothing_of_the_pipelines(root, stages):
    build, last = stages
    runs = " && ".join(rest for name, rest in build if name == "RUN")
    installs = [one.split(" install ")[1].split() for one in runs.split("&&") if " install " in one]
    into = [one.split()[0] for one in runs.split("&&") if " install " in one]
    assert list(zip(into, installs, strict=True)) == [
        ("/opt/stratify/bin/python", ["--no-cache-dir", "--require-hashes", "-r", "requirements/service.lock"]),
        ("python", ["--no-cache-dir", "--require-hashes", "-r", "requirements/build.lock"]),
        ("/opt/stratify/bin/python", ["--no-cache-dir", "--no-deps", "dist/*.whl"]),
    ]
    assert packages(root / "requirements/service.lock") & NOT_SERVED == set()
    assert packages(root / "requirements/build.lock") & NOT_SERVED == set()
    assert "pip" not in " ".join(rest for name, rest in last if name == "RUN")
    assert [rest for name, rest in last if name == "COPY"] == ["--from=build /opt/stratify /opt/stratify"]


def test_the_image_runs_as_a_number_and_starts_without_a_shell(stages):
    bases = {stage[0][1].split()[0] for stage in stages}
    assert bases == {"python:3.11-slim-bookworm"}
    (user,) = [rest for name, rest in stages[-1] if name == "USER"]
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)
    for name in ("ENTRYPOINT", "CMD", "HEALTHCHECK"):
        assert all(isinstance(word, str) for word in words(stages[-1], name))
    assert "/readyz" in words(stages[-1], "HEALTHCHECK")[-1]


def test_what_is_copied_is_there_and_let_in_and_nothing_else_is(root, stages):
    sources = copied(stages[0])
    assert all((root / source).exists() for source in sources)
    lines = (root / ".containerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert sorted(rule[1:] for rule in rules if rule.startswith("!")) == sorted(set(sources))
    assert not any(fnmatch.fnmatch(source, rule) for source in sources for rule in rules[1:] if rule[0] != "!")
    assert (root / ".dockerignore").read_text(encoding="utf-8").splitlines() == lines


def test_what_builds_the_package_is_locked_as_declared(root):
    declared = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    lines = (root / "requirements/build.in").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == declared
    assert {re.match(r"[\w-]+", one)[0] for one in declared} <= packages(root / "requirements/build.lock")


def directives(text, name):
    return re.findall(rf"^\s*{name}\s+(.*?);", text, re.M | re.S)


def test_the_proxy_lets_in_what_the_service_takes_and_keeps_bodies_in_memory(deploy):
    text = (deploy / "nginx.conf").read_text(encoding="utf-8")
    assert directives(text, "client_max_body_size") == [f"{LARGEST // 1024}k", f"{LARGEST_OF_HOOKS // 1024**2}m"]
    buffers = [int(size.removesuffix("k")) * 1024 for size in directives(text, "client_body_buffer_size")]
    assert all(buffer > largest for buffer, largest in zip(buffers, (LARGEST, LARGEST_OF_HOOKS), strict=True))
    assert directives(text, "proxy_max_temp_file_size") == ["0"]
    assert directives(text, "ssl_protocols") == ["TLSv1.2 TLSv1.3"]
    (line,) = [line for name, line in started(deploy) if name == "stratify"]
    assert f"server 127.0.0.1:{line[line.index('--port') + 1]};" in text


def test_the_proxy_writes_nothing_down_that_a_caller_says(deploy):
    text = (deploy / "nginx.conf").read_text(encoding="utf-8")
    (logged,) = directives(text, "log_format")
    assert set(re.findall(r"\$(\w+)", logged)) == {
        "time_iso8601", "remote_addr", "ssl_protocol", "request_method", "stratify_part", "status", "request_length",
        "bytes_sent", "request_time", "upstream_response_time", "upstream_http_x_request_id",
    }  # fmt: skip
    assert all(one.endswith(" stratify") for one in directives(text, "access_log"))
    assert all(one.endswith(" alert") for one in directives(text, "error_log"))
    assert "deny all;" in text.split("location ~ ^/(metrics|readyz|livez)$")[1]


@pytest.mark.skipif(not (shutil.which("nginx") and shutil.which("openssl")), reason="nginx is not installed")
def test_nginx_takes_the_file(deploy, tmp_path):
    call = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=stratify.example"
    files = ["-keyout", "private.pem", "-out", "fullchain.pem"]
    subprocess.run([*call.split(), *files], cwd=tmp_path, check=True, capture_output=True)
    text = (deploy / "nginx.conf").read_text(encoding="utf-8")
    text = text.replace("/etc/nginx/stratify/", f"{tmp_path}/").replace("/var/log/nginx/", f"{tmp_path}/")
    text = re.sub(r"listen (443|\[::\]:443) ssl", lambda m: f"listen unix:{tmp_path}/{len(m[1])} ssl", text)
    names = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    text = "".join(f"{name}_temp_path {tmp_path}/{name};\n" for name in names) + text
    around = f"pid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{text}}}\n"
    (tmp_path / "nginx.conf").write_text(around, encoding="utf-8")
    call = ["nginx", "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf"]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr


def test_the_page_names_every_file_and_only_metrics_that_are_counted(deploy):
    page = (deploy / "README.md").read_text(encoding="utf-8")
    told = page.split("## From nothing")[0]
    others = {"README.md"} | {path.name for path in deploy.glob("*.timer")}
    assert [path.name for path in deploy.iterdir() if path.name not in others and f"`{path.name}`" not in told] == []
    counted = generate_latest(REGISTRY).decode()
    alerts = page.split("## What to watch")[1]
    named = set(re.findall(r"\bstratify_[a-z_]+", alerts))
    assert len(named) >= 6
    families = {re.sub("_(total|bucket)$", "", name) for name in named}
    assert [name for name in families if not re.search(rf"^# TYPE {name}(_total)? ", counted, re.M)] == []
