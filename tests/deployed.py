"""What the files in deploy/ say, read the way their programs read them."""

import json
import re
from pathlib import Path

from typer.main import get_command

from pipelines.cli import app
from pipelines.cli_service import register


def unit(path):
    """Return a unit's settings, `{(section, key): [values]}`; an empty value takes back those before it."""
    found, section = {}, ""
    for line in path.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            key, value = line.split("=", 1)
            found.setdefault((section, key), []).append(value)
    return found


def environment(path):
    """Return what an EnvironmentFile sets."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def expanded(command, values):
    """Return a command's words with `${NAME}` filled in, as systemd does."""
    return [re.sub(r"\$\{(\w+)\}", lambda m: values[m[1]], word) for word in command.split()]


def container(path):
    """Return a Containerfile's instructions by stage: lists of (name, rest)."""
    text = "\n".join(line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    stages = []
    for line in filter(None, text.replace("\\\n", " ").splitlines()):
        name, rest = line.split(None, 1)
        if name == "FROM":
            stages.append([])
        stages[-1].append((name, rest))
    return stages


def words(stage, name):
    """Return the words of an instruction in exec form: CMD, ENTRYPOINT, HEALTHCHECK. Raises where it is shell form."""
    (rest,) = [rest for one, rest in stage if one == name]
    return json.loads(rest[rest.index("[") :])


def copied(stage):
    """Return what a stage copies from the checkout."""
    rests = [rest.split() for name, rest in stage if name == "COPY" and "--from=" not in rest]
    return [source for *sources, _ in rests for source in sources]


def command_of(line):
    """Return the command that a command line calls, and its words; None where it does not call stratify."""
    program, *rest = line
    if Path(program).name != "stratify":
        return None
    if "serve" not in {one.callback.__name__ for one in app.registered_commands}:
        register(app)
    command = get_command(app)
    while hasattr(command, "commands"):
        name, *rest = rest
        command = command.commands[name]
    return command, rest
