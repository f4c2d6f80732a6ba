"""How fast the service answers, how much memory it takes and how soon it starts, beside `mlflow models serve`.

    python benchmarks/service.py --work work
    python benchmarks/service.py --seconds 30 --service-python LEAN/bin/python --mlflow-python OTHER/bin/python

Needs wrk (Debian's package) and a made-up population that was scored (`make demo`). Two workers; every caller has a
token of their own for the person they treat (ES384), every answer is written to the audit log with full durability.
The same model is served by MLflow in the same run, one row a request. The load comes from the same machine, and takes
its share of it.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import numpy as np

HERE = Path(__file__).parent
sys.path = [one for one in sys.path if Path(one or ".").resolve() != HERE.resolve()]  # this file is no package

from models import load_bundle  # noqa: E402
from service.demo import demo_client_token, demo_token, make_demo_keys  # noqa: E402
from service.scoring import NAME  # noqa: E402
from stratify.pseudonym import pseudonym, read_key  # noqa: E402
from stratify.workspace import Workspace  # noqa: E402

MOST_PEOPLE = 500
MOST_HOOKS = 1500  # a second: tokens that are made beforehand
OUTCOME = "acute_admission_365d"
SERVED = ("bundles", "keys", "serving.db")


def main():
    asked = _asked()
    if shutil.which("wrk") is None:
        sys.exit("needs wrk: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        work = _copied(Workspace(asked.work), Path(folder) / "w")
        people = _people(Workspace(asked.work))
        port = _free_port()
        started = time.perf_counter()
        service = _serve(asked, work, port)
        try:
            seconds = _until(f"http://127.0.0.1:{port}/readyz", service, started)
            _line("start to ready, 2 workers", f"{seconds:.1f} s", "3 s", seconds < 3)
            at = At(port, service.pid, asked.seconds, Path(folder))
            rates = _look_ups(at, work, people)
            _hooks(at, work, people)
            _on_the_spot(at, work, people)
            if asked.soak:
                _soak(replace(at, seconds=60), asked.soak, work, people)
            _memory(service.pid)
        finally:
            _stop(service)
        _verify(asked, work)
        if not asked.without_mlflow:
            for clients, rate in _mlflow(asked, Path(folder)).items():
                what = f"our rate of look-ups over mlflow's of the bare model, {clients} clients"
                ratio = rates[clients] / rate
                print(f"{what}: {ratio:.1f}" + (f"  [8] {'holds' if ratio >= 8 else 'does not hold'}" * (clients == 8)))


@dataclass(frozen=True)
class At:
    """What is asked, for how long: a port, and the process that listens there."""

    port: int
    pid: int
    seconds: int
    folder: Path


def _asked():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("work"))
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--service-python", default=sys.executable)
    parser.add_argument("--mlflow-python", default=sys.executable)
    parser.add_argument("--without-mlflow", action="store_true")
    parser.add_argument("--soak", type=int, default=0, help="seconds of look-ups without a pause: does memory grow?")
    return parser.parse_args()


def _copied(workspace, root):
    """What the service reads, beside which it writes its own database."""
    root.mkdir()
    for name in SERVED:
        source = workspace.root / name
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, root / name)
    if workspace.store.exists():
        (root / "store").symlink_to(workspace.store.absolute())
    make_demo_keys(root / "keys")
    return Workspace(root)


def _people(workspace):
    """Identifiers of made-up people: those with stored answers, and those without; and the system."""
    import duckdb

    key = read_key(workspace.keys / "pseudonym.key")
    with duckdb.connect() as connection:
        ids = connection.execute(
            "SELECT source_id FROM read_parquet(?) ORDER BY person", [str(workspace.store / "persons.parquet")]
        ).fetchall()
    con = sqlite3.connect(workspace.serving_db)
    system = con.execute("SELECT value FROM meta WHERE key = 'system'").fetchone()[0]
    told = dict(con.execute("SELECT pseudonym, told IS NOT NULL FROM person"))
    con.close()
    found = {"system": system, "stored": [], "computed": []}
    for (source_id,) in ids:
        has = told.get(pseudonym(key, system, source_id))
        if has is not None:
            found["stored" if has else "computed"].append(source_id)
    return found


def _serve(asked, work, port):
    command = [_stratify(asked), "serve", "--demo", "--work", str(work.root)]
    command += ["--port", str(port), "--workers", "2", "--per-minute", "1000000"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def _stratify(asked):
    return str(Path(asked.service_python).parent / "stratify")


def _until(url, process, started, most=120):
    while time.perf_counter() - started < most:
        if process.poll() is not None:
            sys.exit("it did not start")
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return time.perf_counter() - started
        except OSError:
            time.sleep(0.02)
    sys.exit(f"nothing answers at {url}")


def _look_ups(at, work, people):
    """Look people up; return the rates by clients, of those with stored reasons."""
    system, rates = people["system"], {}
    for kind, limit, least in (("stored", 100, 400), ("computed", 250, None)):
        lines = []
        for person in people[kind][:MOST_PEOPLE]:
            lines.append(_look_up(work, system, person))
        what = f"look-ups of {len(lines)} people with {kind} reasons"
        for clients in (1, 8, 32):
            found = _load(at, lines, clients)
            held = least if clients == 8 else None
            p99 = limit if clients == 8 else None
            _told(f"{what}, {clients} clients", found, held, p99)
            if kind == "stored":
                rates[clients] = found["rate"]
    return rates


def _look_up(work, system, person, **more):
    body = json.dumps({"patient": {"system": system, "value": person}, "purpose": "TREAT", **more})
    return f"/v1/scores:lookup\t{demo_token(work.keys, patient=(system, person))}\t{body}"


def _hooks(at, work, people):
    """Call the hook at the opening of a record, with the reasons of those who have them: a token counts once."""
    address = f"http://127.0.0.1:{at.port}/cds-services/multimorbidity"
    lines = []
    for nth in range(at.seconds * MOST_HOOKS):
        person = people["stored"][nth % len(people["stored"])]
        identifier = [{"system": people["system"], "value": person}]
        body = json.dumps(
            {
                "hook": "patient-view",
                "hookInstance": str(uuid4()),
                "context": {"userId": "Practitioner/1", "patientId": "p"},
                "prefetch": {"patient": {"resourceType": "Patient", "id": "p", "identifier": identifier}},
            }
        )
        lines.append(f"/cds-services/multimorbidity\t{demo_client_token(work.keys, address)}\t{body}")
    for clients in (8, 32):
        half = lines[: len(lines) // 2] if clients == 8 else lines[len(lines) // 2 :]
        found = _load(at, half, clients, first=True)
        _told(f"calls of a hook, {clients} clients", found, None, 250 if clients == 32 else None)


def _on_the_spot(at, work, people):
    """Have people scored when asked, from the event store; who has stored reasons has many events too."""
    some = people["stored"][: MOST_PEOPLE // 2] + people["computed"][: MOST_PEOPLE // 2]
    lines = [_look_up(work, people["system"], person, basis="store") for person in some]
    for clients in (1, 2, 8):
        found = _load(at, lines, clients)
        _told(f"{len(lines)} people scored on the spot, {clients} clients", found, None, 100 if clients == 1 else None)


def _soak(at, seconds, work, people):
    """Ask without a pause, one in fifty on the spot; print how much more memory is held at the end than at first."""
    system, everybody = people["system"], people["stored"] + people["computed"]
    lines = [_look_up(work, system, one) for one in everybody]
    lines += [_look_up(work, system, one, basis="store") for one in everybody[::50]]
    np.random.default_rng(1).shuffle(lines)
    held = []
    for nth in range(max(2, seconds // at.seconds)):
        found = _load(at, lines, 8)
        held.append([sum(map(_resident, children)) for children in (_workers(at.pid), _children(at.pid, NAME))])
        told = f"workers {held[-1][0]:.0f} MB, who scores {held[-1][1]:.0f} MB, {found['rate']:.0f}/s"
        print(f"minute {nth + 1}: {told}, p99 {found['p99']:.0f} ms, {found['failed']} failed", flush=True)
    warm = held[min(4, len(held) - 2)]
    for what, first, last in zip(("the workers", "who scores on the spot"), warm, held[-1], strict=True):
        growth = (last / first - 1) * 100
        _line(f"growth of {what} in {len(held)} minutes, after the fifth", f"{growth:.1f} %", "5 %", growth < 5)


def _load(at, lines, clients, first=False):
    file = at.folder / "requests.tsv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = ["wrk", "-t", "1", "-c", str(clients), "-d", f"{at.seconds}s", "--timeout", "10s"]
    command += ["-s", str(HERE / "service.lua"), f"http://127.0.0.1:{at.port}", "--", str(file), str(int(first))]
    before = _cpu(at.pid)
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    answers, micro, p50, p99, most, failed = map(float, re.search(r"RESULT (.*)", out)[1].split())
    found = {"rate": answers / micro * 1e6, "p50": p50, "p99": p99, "max": most, "failed": int(failed)}
    return found | {"n": int(answers), "cpu": (_cpu(at.pid) - before) * 1000 / max(answers, 1)}


def _told(what, found, least, limit):
    print(
        f"{what}: {found['rate']:.0f}/s, p50 {found['p50']:.0f} ms, p99 {found['p99']:.0f} ms, longest"
        f" {found['max']:.0f} ms, {found['n']} answered, {found['failed']} failed, CPU {found['cpu']:.1f} ms an answer"
    )
    if least:
        _line("  rate", f"{found['rate']:.0f}/s", f"{least}/s", found["rate"] >= least)
    if limit:
        _line("  p99", f"{found['p99']:.0f} ms", f"{limit} ms", found["p99"] < limit)
    if found["failed"]:
        _line("  failed answers", str(found["failed"]), "0", False)


def _line(what, got, asked, holds):
    print(f"{what}: {got}  [{asked}] {'holds' if holds else 'does not hold'}", flush=True)


def _memory(pid):
    """Print what each worker holds: resident memory, of which what no other process shares."""
    for child in _workers(pid):
        rss, private = _resident(child), _resident(child, "Private_\\w+")
        _line("memory of a worker", f"{rss:.0f} MB, {private:.0f} MB its own", "150 MB", rss < 150)
    for child in _children(pid, NAME):
        print(f"memory of the process that scores on the spot for all workers: {_resident(child):.0f} MB")


def _workers(pid):
    return [one for one in _children(pid, "spawn_main") if one not in _children(pid, NAME)]


def _children(pid, word=""):
    """The processes that this one started, those that have a word in their command or name."""
    children = [one for task in Path(f"/proc/{pid}/task").iterdir() for one in (task / "children").read_text().split()]
    told = {one: "".join(Path(f"/proc/{one}/{of}").read_text() for of in ("cmdline", "comm")) for one in children}
    return [one for one in children if word in told[one]]


def _cpu(pid):
    """Seconds of CPU that a process and all below it have taken."""
    told = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK") + sum(map(_cpu, _children(pid)))


def _resident(pid, name="Rss"):
    """Megabytes (10^6 bytes) of memory of this kind."""
    told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(n) for n in re.findall(rf"^{name}:\s+(\d+)", told, re.M)) * 1024 / 1e6


def _verify(asked, work):
    out = subprocess.run(
        [_stratify(asked), "audit", "verify", "--work", str(work.root)], capture_output=True, text=True
    )
    print(f"audit log afterwards: {out.stdout.strip() or out.stderr.strip()}")


def _mlflow(asked, folder):
    """Serve the same member with `mlflow models serve`, and return its rates by clients."""
    workspace = Workspace(asked.work)
    served = sqlite3.connect(workspace.serving_db)
    version = served.execute("SELECT value FROM meta WHERE key = 'bundle_version'").fetchone()[0]
    bundle = load_bundle(workspace.bundles / version, workspace.keys / "bundle_public.pem")
    key = next(key for key in sorted(bundle.members) if key.startswith(OUTCOME))
    name = bundle.manifest["members"][key]
    columns = list(bundle.members[key].columns)
    blob = served.execute("SELECT features FROM person LIMIT 1").fetchone()[0]
    served.close()
    row = np.frombuffer(blob, dtype="<f8")[bundle.places(key)]
    values = [None if np.isnan(one) else float(one) for one in row]
    body = json.dumps({"dataframe_split": {"columns": columns, "data": [values]}})
    port = _free_port()
    command = [asked.mlflow_python, "-m", "mlflow", "models", "serve", "--env-manager", "local", "--port", str(port)]
    command += ["--model-uri", f"models:/{name['name']}/{name['registered_version']}", "--workers", "2"]
    env = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{workspace.root.absolute() / 'mlflow.db'}"}
    env |= {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "PYTHONPATH": str(HERE.parent)}
    env["PATH"] = f"{Path(asked.mlflow_python).absolute().parent}:{env['PATH']}"  # it calls uvicorn by its name
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        cwd=asked.work.parent,
    )  # fmt: skip
    try:
        seconds = _until(f"http://127.0.0.1:{port}/ping", process, started)
        print(f"mlflow models serve, start to ready, 2 workers: {seconds:.1f} s")
        at, rates = At(port, process.pid, asked.seconds, folder), {}
        for clients in (1, 8, 32):
            found = _load(at, [f"/invocations\t\t{body}"], clients)
            _told(f"mlflow models serve, {key}, {clients} clients", found, None, None)
            rates[clients] = found["rate"]
        return rates
    finally:
        _stop(process)


def _stop(process):
    """End it and all that it started; it may have ended by itself."""
    for told in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, told)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)
            return


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


if __name__ == "__main__":
    main()
