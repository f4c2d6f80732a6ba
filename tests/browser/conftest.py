"""A real browser at the demo: Debian's Chromium, driven by Playwright, on the small region that all tests share."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
import zlib
from contextlib import closing
from pathlib import Path

import pytest

from stratify.quality.series import lines
from stratify.quality.spc import assurance, chart, variation
from stratify.quality.summary import summary

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]  # of the rules that axe checks
READY = 60  # seconds until the service listens
SHOTS = os.environ.get("STRATIFY_SHOTS")  # a folder that pictures of every page are kept in, if named


@pytest.fixture(scope="session")
def site_work(region, tmp_path_factory, stratify, few_events):
    """The work folder of the demo: a copy of the small region."""
    work = tmp_path_factory.mktemp("site") / "work"
    shutil.copytree(region, work, ignore=shutil.ignore_patterns("registers", "truth", "mlartifacts"))
    plant_a_missed_target(work / "serving.db")
    if not (work / "need").exists():
        stratify("need", "--work", work, "--catalogue", few_events)
    return work


def plant_a_missed_target(path, target="smi_lab2", each=(30, 34, 28, 33, 31), over=100):
    """Let a target of the region be missed in every quarter: a thousand people are too few for any to be."""
    with closing(sqlite3.connect(path)) as connection, connection:
        (packed,) = connection.execute("SELECT told FROM target WHERE id = ?", (target,)).fetchone()
        told = json.loads(zlib.decompress(packed))
        names = told["periods"]["3"]
        counts = [each[at % len(each)] for at in range(len(names))]
        drawn = chart("p", counts, [over] * len(names), direction=told["direction"], target=told["standard"])
        facts = {"variation": variation(drawn), "assurance": assurance(drawn), "signal": None, "points": len(names)}
        facts |= {"standard": "not_met", "year": 2024, "false_alarms": {"latest": 0.01, "any": 0.1}}
        shares = [count / over for count in counts]
        told["series"]["region"][""] = {
            "step": 3, "numerator": counts, "denominator": [float(over)] * len(names), "unknown": [0] * len(names),
            "value": shares, "low": shares, "high": shares, "hidden": [False] * len(names), "chart": lines(drawn),
            "facts": facts,
        }  # fmt: skip
        year = {"numerator": sum(counts[-4:]), "denominator": 4.0 * over, "unknown": 0, "value": 0.3, "low": 0.26}
        for rows in told["units"]["region"].values():
            rows |= {name: [value] for name, value in {**year, "high": 0.35, "hidden": False}.items()}
            rows["standard"] = ["not_met"]
        row = json.dumps(summary(told)), zlib.compress(json.dumps(told).encode()), target
        connection.execute("UPDATE target SET body = ?, told = ? WHERE id = ?", row)


@pytest.fixture
def twelve_points_hold(site_work):
    """Return what lets the missed target be reached in its latest 12 points; it is missed again after the test."""
    yield lambda: plant_a_missed_target(site_work / "serving.db", each=(82, 80, 85, 81, 79))
    plant_a_missed_target(site_work / "serving.db")


@pytest.fixture(scope="session")
def site(site_work, few_events):
    """The address of a demo that serves a copy of the small region."""
    words = ["serve", "--demo", "--port", "0", "--work", str(site_work)]
    code = "from pipelines.cli import main; main()"
    server = subprocess.Popen([sys.executable, "-c", code, *words], stdout=subprocess.PIPE, text=True)
    try:
        until, found = time.monotonic() + READY, None
        while found is None and time.monotonic() < until and server.poll() is None:
            found = re.search(r"http://[0-9.]+:\d+", server.stdout.readline())
        assert found, "the demo did not start"
        yield found.group()
    finally:
        server.terminate()
        server.wait(20)
        server.stdout.close()


@pytest.fixture(scope="module")
def chromium():
    """The browser; closed after a module, since what drives it lets no other loop run in its process."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: make test-all does it")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install Debian's package chromium, as make test-all does")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def axe():
    """Return what the checker that goes by WCAG 2.2 A and AA, and by best practice, objects to on a page."""
    checker = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()

    def found_by(page):
        found = checker.run(page, options={"runOnly": {"type": "tag", "values": TAGS}}).response["violations"]
        return [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in found]

    return found_by


@pytest.fixture
def shot():
    """Keep a picture of a page, where a folder for them is named."""

    def take(page, name):
        if SHOTS:
            Path(SHOTS).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=Path(SHOTS) / f"{name.strip('-')}.png", full_page=True)

    return take


def refused(message):
    """Return whether a browser's message says that a form was refused, which its page says in words."""
    return any(f"status of {status}" in message.text for status in (409, 422))


@pytest.fixture
def visit(chromium, site):
    """Return a page for a role, signed in: `visit("clinician", language="en", scheme="dark", width=320)`.

    An error in its console, or a request to elsewhere, fails the test; a form that is refused (409, 422) is none.
    """
    opened, wrong = [], []

    def open_as(role=None, *, language="da", scheme="light", width=1280, javascript=True):
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=javascript
        )
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda one: wrong.append(one.text) if one.type == "error" and not refused(one) else None)
        page.on("pageerror", lambda one: wrong.append(str(one)))
        page.on("request", lambda one: None if one.url.startswith((site, "data:")) else wrong.append(one.url))
        page.goto(f"{site}/ui/?lang={language}")
        if role is not None:
            page.locator(f'button[value="{role}"]').first.click()
        return page

    yield open_as
    for context in opened:
        context.close()
    assert wrong == []


@pytest.fixture(scope="session")
def vnu(root, tmp_path_factory):
    """Return what the W3C's own checker finds wrong with the HTML files of a folder."""
    if not all(map(shutil.which, ("java", "node", "npm"))):
        pytest.skip("no Java or no Node here: the checker of HTML needs both")
    with (tmp_path_factory.getbasetemp().parent / "node.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(["make", ".venv/node.done"], cwd=root, capture_output=True, check=True)
    jar = root / ".venv/judges/node_modules/vnu-jar/build/dist/vnu.jar"

    def judge(folder):
        words = ["java", "-jar", str(jar), "--errors-only", "--format", "json", *map(str, sorted(folder.iterdir()))]
        done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
        return [(Path(one["url"]).name, one["message"]) for one in json.loads(done.stderr)["messages"]]

    return judge
