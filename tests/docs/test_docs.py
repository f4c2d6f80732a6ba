"""The docs cannot lag: what they link to is there, what they tell to type exists, and what exists is told."""

import re

import pytest
from typer.main import get_command

from models.declared import declared_for
from pipelines.cli import app
from pipelines.cli_service import register
from stratify.catalogue import load
from stratify.examples import failures

PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/**/*.md", "requirements/*.md", "deploy/*.md")


def pages(root):
    return sorted(path for pattern in PAGES for path in root.glob(pattern))


@pytest.fixture(scope="module")
def commands():
    if "serve" not in {command.callback.__name__ for command in app.registered_commands}:
        register(app)
    return get_command(app).commands


def test_every_link_leads_somewhere(root):
    broken = [
        f"{page.relative_to(root)}: {target}"
        for page in pages(root)
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []


def test_every_path_in_the_table_of_promises_is_there(root):
    named = re.findall(r"`(tests/[\w/.]+)`", (root / "README.md").read_text(encoding="utf-8"))
    assert named
    assert [path for path in named if not (root / path).exists()] == []


def test_every_command_the_docs_tell_to_type_exists_with_its_options(root, commands):
    wrong = []
    for page in pages(root):
        for line in re.findall(r"(?:^|`|\s)stratify ((?!-)[a-z]+[^`\n]*)", page.read_text(encoding="utf-8"), re.M):
            name, *words = line.split()
            if name not in commands:
                if f"`stratify {name}" in page.read_text(encoding="utf-8"):
                    wrong.append(f"{page.name}: stratify {name}")
                continue
            command = commands[name]
            if words and words[0] in getattr(command, "commands", {}):
                command = command.commands[words[0]]
            known = {option for parameter in command.params for option in parameter.opts}
            wrong += [f"{page.name}: {name} {word}" for word in words if word.startswith("--") and word not in known]
    assert wrong == []


def test_every_command_is_told_in_the_docs_and_shows_an_example(root, commands):
    told = "".join(page.read_text(encoding="utf-8") for page in pages(root))
    assert [name for name in commands if f"stratify {name}" not in told] == []
    assert [name for name, command in commands.items() if f"stratify {name}" not in (command.help or "")] == []


def test_every_make_target_is_explained(root):
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    public = re.search(r"^\.PHONY: (.*)$", makefile, re.M).group(1).split()
    assert [name for name in public if not re.search(rf"^{name}:.*## ", makefile, re.M)] == []


def test_the_new_outcome_of_the_docs_is_one_and_its_spec_says_what_it_is_for(root, tmp_path):
    page = (root / "docs/models.md").read_text(encoding="utf-8").split("## A new outcome in one file")[1]
    outcome, spec = re.findall(r"^```toml\n(.*?)^```", page, re.M | re.S)
    for kind, text in (("outcomes", outcome), ("specs", spec)):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "pneumonia_admission_365d.toml").write_text(text, encoding="utf-8")
    catalogue = load(tmp_path)
    assert failures(catalogue) == []
    assert not declared_for(catalogue).specs["pneumonia_admission_365d"].for_study
    (tmp_path / "specs/pneumonia_admission_365d.toml").unlink()
    assert declared_for(catalogue).specs["pneumonia_admission_365d"].for_study


def test_every_kind_of_entry_has_its_section(root):
    page = (root / "docs/catalogue.md").read_text(encoding="utf-8")
    assert [kind for kind in load().entries if f"## {kind}" not in page] == []


def test_readme_shows_first_what_it_is_for_whom_how_and_what_it_is_not(root):
    first = (root / "README.md").read_text(encoding="utf-8").split("\n---\n")[0]
    for words in (
        "docs/pages/person.png",
        "**For**",
        "make demo",
        "make test",
        "What it is not",
        "medical device",
        "made up",
    ):
        assert words in first
    assert len(first.splitlines()) <= 25


def test_nothing_names_a_machine_or_an_address_of_a_registry(root):
    import subprocess

    files = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=False).stdout.split()
    words = re.compile("|".join(("py" + "pi" + r"\.org", "python" + "hosted", r"debian\.org", "registry" + r"\.npmjs")))
    found = [name for name in files if words.search((root / name).read_text(encoding="utf-8", errors="ignore"))]
    assert found == []
