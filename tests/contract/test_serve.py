"""A real server on a free port, where pandas, pyarrow, scikit-learn and MLflow cannot be imported at all."""

import json
import re
import shlex
import signal
import subprocess
import sys
import urllib.request

import pytest

PROGRAM = """
import sys

BLOCKED = {"pandas", "pyarrow", "sklearn", "mlflow"}


class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Blocker())
import service.app, service.run
assert "lightgbm" not in sys.modules, "importing the service loads no model library"

from pathlib import Path
from service.run import serve
from service.settings import make_settings

serve(make_settings(work=Path(sys.argv[1]), demo=True, port=0))
assert not BLOCKED & set(sys.modules)
"""


@pytest.fixture
def server(workspace):
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(workspace.root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


def _ask(curl):
    words = shlex.split(curl)
    headers = dict(words[i + 1].split(": ", 1) for i, word in enumerate(words) if word == "-H")
    body = words[words.index("-d") + 1].encode()
    url = next(word for word in words if word.startswith("http"))
    with urllib.request.urlopen(urllib.request.Request(url, data=body, headers=headers), timeout=10) as response:
        return json.load(response), body


def test_the_printed_command_works_as_it_stands_and_ctrl_c_stops_the_server(server, people):
    lines = iter(server.stdout.readline, "")
    words = []
    for line in lines:
        words.append(line)
        if line.startswith("Stop"):
            break
    assert words, server.stderr.read()
    curl = next(line for line in words if line.startswith("curl "))
    answer, asked = _ask(curl)
    assert answer["status"] == "found"
    assert answer["reasons"]["death_365d"]
    assert json.loads(asked)["patient"]["value"] == people.computed  # the one with most to show
    assert re.match(r"Listening on http://127\.0\.0\.1:\d+ \(made-up people", words[0])
    server.send_signal(signal.SIGINT)
    out, errors = server.communicate(timeout=10)
    assert server.returncode == 0, errors
    assert out.strip() == "Stopped."
    assert "POST /v1/scores:lookup 200" in errors
    assert people.computed not in errors
    assert "Traceback" not in errors
