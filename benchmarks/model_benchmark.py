"""How `models.py` goes through a work folder: what is there, what was measured before, what is told at the end."""

import argparse
import contextlib
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from model_figures import figures
from model_lines import Line, of_model, of_scoring, summary
from model_peers import environment
from model_scoring import scoring

from models import member_key
from pipelines.build_step import build_step
from pipelines.data_steps import land_step
from pipelines.simulate_step import Wanted, synthesise_step
from pipelines.steps import OUTSIDE, manifest_digest, read_manifest, source_digest
from pipelines.train import Rows, models_of, train_step
from stratify.catalogue import load
from stratify.errors import StratifyError, UsageError
from stratify.files import canonical_json, digest_file, digest_text, digest_tree, write_json
from stratify.workspace import Workspace

HERE = Path(__file__).resolve().parent
PEOPLE = 200_000
EVALUATION_SECONDS = 60.0
MINUTES = 60.0


def main(about):
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("outcomes", nargs="*", metavar="OUTCOME", help="all that were trained where none is named")
    parser.add_argument(
        "--people", type=int, help=f"make what is not there of a region of so many; {PEOPLE:,} without --work"
    )
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--work", type=Path, help="a work folder; made and removed where none is named")
    parser.add_argument("--fresh", action="store_true", help="measure again what was measured before")
    parser.add_argument("--without-peers", action="store_true", help="leave CatBoost and XGBoost out")
    parser.add_argument("--without-scoring", action="store_true", help="leave scoring and MLflow out")
    parser.add_argument("--without-evaluation", action="store_true", help="leave benchmarks/evaluate.py out")
    given = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = given.work or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="models-")))
        try:
            measure(Workspace(folder), given)
        except StratifyError as error:
            print(error, file=sys.stderr)
            raise SystemExit(error.exit_code) from None


def measure(work, given):
    """Measure what is asked of a work folder, and print it."""
    clock = time.perf_counter(), cpu()
    catalogue = load()
    if given.work is None or given.people or not work.training.exists():
        _made(work, catalogue, given)
    rows = Rows(work, catalogue, lambda *_: None)
    trained = [member_key(*one) for one in models_of(rows.declared, given.outcomes) if _is_trained(work, *one)]
    lacking = [member_key(*one) for one in models_of(rows.declared, given.outcomes) if not _is_trained(work, *one)]
    if not trained:
        raise UsageError(f"{work.root}: needs a trained model, got none of {', '.join(lacking)}; run `stratify train`")
    inputs = _inputs(work)
    told_of = read_manifest(work.registers, "synthesise")["parameters"]
    known = ", ".join(f"{name} {told_of[name]}" for name in ("people", "years", "seed", "end"))
    print(f"region: {known}  load {os.getloadavg()[0]:.1f}")
    for name, digest in inputs.items():
        print(f"  {name:<10} {digest[:16]}")
    into = work.root / "benchmark"
    into.mkdir(exist_ok=True)
    python = None if given.without_peers else environment(into / "peers")
    lines, spent = [], {}
    for key in trained:
        made_from = inputs | {"model": manifest_digest(work.training / key, "train"), "peers": str(python is not None)}
        file = into / f"{key.replace('/', '--')}.json"
        told, again = _once(file, made_from, given.fresh, lambda key=key: figures(rows, *key.split("/"), into, python))
        found = of_model(told)
        print(
            f"\n{key}: {told['train_rows']:,} training rows with {told['train_events']:,} events,"
            f" {told['n']:,} test people with {told['events']:,};"
            f" {told['seconds']:.0f} s, {told['cpu_seconds']:.0f} CPU-s{'' if again else ', measured before'}"
        )
        print("\n".join(map(str, found)), flush=True)
        lines += found
        spent[key] = told["seconds"]
    if not given.without_scoring:
        made_from = inputs | {key: manifest_digest(work.training / key, "train") for key in trained}
        told, again = _once(into / "scoring.json", made_from, given.fresh, lambda: scoring(rows, trained, into))
        print(f"\nscoring{'' if again else ', measured before'}")
        found = of_scoring(told)
        print("\n".join(map(str, found)), flush=True)
        lines += found
    if not given.without_evaluation:
        told, again = _once(into / "evaluate.json", {"source": inputs["source"]}, given.fresh, _evaluation)
        held = told["seconds"] <= EVALUATION_SECONDS
        line = Line("evaluating 1,000,000 rows", "", "all", f"≤ {EVALUATION_SECONDS:g} s", told["said"], held)
        print(f"\nevaluation{'' if again else ', measured before'}\n{line}")
        lines.append(line)
    if lacking:
        print(f"\nnot trained on this matrix, and so not measured: {', '.join(lacking)}")
    print()
    print("\n".join(summary(lines)))
    print(
        "net benefit beside dcurves, incidence beside lifelines, slope beside statsmodels, ICI beside its lowess:"
        " tests/oracle"
    )
    measured = sum(spent.values())
    print(
        f"models took {measured / 60:.1f} minutes when they were measured, {MINUTES:g} asked;"
        f" this run {(time.perf_counter() - clock[0]) / 60:.1f} minutes, {cpu() - clock[1]:.0f} CPU-s,"
        f" peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:,} MiB"
    )


def _made(work, catalogue, given):
    """Simulate, land, build and train what is not there yet, each with its seconds."""

    def say(*_):
        return None

    wanted = Wanted(given.people or PEOPLE, given.years, given.seed, date(2024, 12, 31))
    steps = {
        "synthesise": lambda: synthesise_step(work, wanted, say),
        "land": lambda: land_step(work, catalogue, source="synthetic", data=work.registers, progress=say),
        "build": lambda: build_step(work, catalogue, say),
        "train": lambda: train_step(work, catalogue, say),
    }
    if work.registers.exists():
        del steps["synthesise"]
    for name, step in steps.items():
        started = time.perf_counter(), cpu()
        step()
        print(f"{name:<12} {time.perf_counter() - started[0]:7.1f} s {cpu() - started[1]:7.1f} CPU-s", flush=True)


def _is_trained(work, outcome, population):
    """Whether there is a model, and of the matrix that is there now."""
    folder = work.training / member_key(outcome, population)
    if not (folder / "manifest.json").exists():
        return False
    told = read_manifest(folder, "train")
    same = told["inputs"]["features"] == manifest_digest(work.features, "build")
    return same and told["results"]["trained"] is not None


def _inputs(work):
    """The digests of what every model's figures rest on."""
    registers = read_manifest(work.registers, "synthesise")
    return {
        "registers": digest_text(canonical_json(registers["files"])),
        "truth": digest_text(canonical_json(digest_tree(work.truth, leave_out=OUTSIDE))),
        "features": manifest_digest(work.features, "build"),
        "source": source_digest(),
        "benchmark": digest_text(canonical_json({p.name: digest_file(p) for p in _own()})),
    }


def _own():
    """What decides the figures; how they are told does not."""
    return [HERE / "model_figures.py", HERE / "model_peers.py", HERE / "model_scoring.py", HERE / "evaluate.py",
            *sorted((HERE / "peers" / "models").glob("*"))]  # fmt: skip


def _once(file, made_from, fresh, make):
    """Return what the file holds where it was made from the same, else what is made now; and whether it was."""
    if not fresh and file.exists():
        held = json.loads(file.read_text(encoding="utf-8"))
        if held["made_from"] == made_from:
            return held["told"], False
    told = make()
    write_json(file, {"made_from": made_from, "told": told})
    return told, True


def _evaluation():
    """What `benchmarks/evaluate.py` says of itself, in a process of its own."""
    words = [sys.executable, HERE / "evaluate.py", "--rows", "1000000"]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    said = next(line for line in done.stdout.splitlines() if line.startswith("evaluate "))
    return {"said": " ".join(said.split()), "seconds": float(re.findall(r"([\d.]+) s", said)[0])}


def cpu():
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)
