"""What it takes to show each page of the demo region, and how large it is.

    python benchmarks/pages.py WORK [--times 60]

Starts `stratify serve --demo` on a work folder, signs in with each role as its first page offers, and asks for every
page again and again, one at a time. Prints the median and the 95th percentile in milliseconds, on the wall, and the
size in kB. Pages are to answer in less than 200 ms (95th percentile) and to stay below 150 kB.
"""

from __future__ import annotations

import argparse
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np

sys.path = [one for one in sys.path if Path(one).resolve() != Path(__file__).parent]  # it has a service.py too
from service.demo import demo_token, source_ids  # noqa: E402
from stratify.workspace import Workspace  # noqa: E402

READY = 60  # seconds until the service listens
MOST_MS, MOST_KB = 200, 150
PAGES = {
    "coordinator": ["/ui/", "/ui/mine"],
    "quality": ["/ui/quality", "/ui/region", "/ui/region/need", "/ui/region/chain", "/ui/region/offers",
                "/ui/region/plans"],
    "data_scientist": ["/ui/models"],
}  # fmt: skip
LINKED = {"quality": ("/ui/quality", r'href="(/ui/quality/[a-z0-9_]+)"'),
          "data_scientist": ("/ui/models", r'href="(/ui/models/[a-z0-9_-]+)"')}  # fmt: skip
EXAMPLES = ("both", "five", "newcomer")
FOLLOWED = 100  # people the team has an open task for: the most that its page shows


def main() -> int:
    """Measure and print; 1 where a page is slower or larger than it may be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, help="a work folder that `make demo` has made")
    parser.add_argument("--times", type=int, default=60, help="how often each page is asked for")
    asked = parser.parse_args()
    bad = 0
    print(f"{'page':52} {'median ms':>10} {'p95 ms':>8} {'kB':>7}")
    for name, client, path in _every(_served(asked.work), Workspace(asked.work)):
        took, size = [], 0
        for _ in range(asked.times):
            began = time.perf_counter()
            answer = client.get(path)
            took.append(1000 * (time.perf_counter() - began))
            if answer.status_code != 200:
                raise SystemExit(f"{name}: answered {answer.status_code}")
            size = max(size, len(answer.content))
        median, most = np.percentile(took, [50, 95])
        bad += most >= MOST_MS or size >= 1000 * MOST_KB
        print(f"{name:52} {median:10.1f} {most:8.1f} {size / 1000:7.1f}", flush=True)
    return int(bad > 0)


def _every(address: Iterator[str], work: Workspace) -> Iterator[tuple[str, httpx.Client, str]]:
    """Give each page: what it is called here, who asks, and its address."""
    site = next(address)
    try:
        _follow(site, work)
        for example in EXAMPLES:
            client = _signed_in(site, "clinician", example)
            path = client.get("/ui/patient").headers.get("location", "")
            if path:
                yield f"/ui/patient/… ({example})", client, path
                yield f"/ui/patient/…/plan ({example})", client, f"{path}/plan"
        for role, paths in PAGES.items():
            client = _signed_in(site, role)
            found = list(paths)
            if role in LINKED:
                page, link = LINKED[role]
                found += sorted(set(re.findall(link, client.get(page).text)))
            for path in found:
                yield path, client, path
    finally:
        next(address, None)


def _follow(site: str, work: Workspace) -> None:
    """Book a task for so many people, so that the team's list is as long as one gets."""
    with closing(sqlite3.connect(work.serving_db)) as connection:
        (system,) = connection.execute("SELECT value FROM meta WHERE key = 'system'").fetchone()
    due, booked = (datetime.now(UTC).date() + timedelta(days=30)).isoformat(), 0
    with httpx.Client(base_url=site, timeout=30) as client:
        for one in source_ids(work):
            token = demo_token(work.keys, roles=("clinician",), user="bench", patient=(system, one))
            act = {"patient": {"system": system, "value": one}, "purpose": "TREAT", "text": "Ring", "due": due}
            answer = client.post("/v1/actions", json=act, headers={"Authorization": f"Bearer {token}"})
            booked += answer.status_code == 200
            if booked == FOLLOWED:
                return


def _signed_in(site: str, role: str, example: str = "") -> httpx.Client:
    client = httpx.Client(base_url=site, timeout=30, headers={"Origin": site, "Sec-Fetch-Site": "same-origin"})
    answer = client.post("/ui/sign-in", data={"role": role, **({"example": example} if example else {})})
    if answer.status_code != 303:
        raise SystemExit(f"could not sign in as {role}: answered {answer.status_code}")
    return client


def _served(work: Path) -> Iterator[str]:
    """Give the address of the demo while it is served."""
    code = "from pipelines.cli import main; main()"
    words = [sys.executable, "-c", code, "serve", "--demo", "--port", "0", "--per-minute", "1000000"]
    words += ["--work", str(work)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            until, found = time.monotonic() + READY, None
            while found is None and time.monotonic() < until and server.poll() is None:
                assert server.stdout is not None
                found = re.search(r"http://[0-9.]+:\d+", server.stdout.readline())
            if found is None:
                raise SystemExit("the demo did not start")
            yield found.group()
        finally:
            server.terminate()


if __name__ == "__main__":
    sys.exit(main())
