"""What a page claims in its tables: cells by heading, and whether the modules and tests that a cell names are there."""

import ast
import re
from functools import cache

FILE = re.compile(r"`((?:service|stratify|models|pipelines|requirements)/[\w/.-]+\.\w+|Makefile)`")
FAILS = ("raises", "fail", "call_and_validate")
TEST = re.compile(r"`(tests/[\w/]+\.py(?:::\w+)+)`")


def tables(page, heads):
    """Return the rows, as dicts, of every table of a page that has these heads; a row of another width fails."""
    rows, inside = [], False
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else None
        if cells is None:
            inside = False
        elif cells == list(heads):
            inside = True
        elif inside and not all(re.fullmatch(r":?-+:?", cell) for cell in cells):
            assert len(cells) == len(heads), f"{len(cells)} cells: {line}"
            rows.append(dict(zip(heads, cells, strict=True)))
    return rows


def absent_files(cell, root):
    """Return the files that a cell names and that are not there."""
    return [name for name in FILE.findall(cell) if not (root / name).is_file()]


def absent_tests(cell, root):
    """Return the tests that a cell names and that are not there, or that can show nothing."""
    return [name for name in TEST.findall(cell) if not _shows(root, *name.split("::"))]


def _shows(root, file, *names):
    """Return whether a test is there by this name, of a class where one is named, and has anything that can fail."""
    path = root / file
    if not path.is_file() or not names[-1].startswith("test_"):
        return False
    module = node = _parsed(path)
    for name in names:
        node = _named(node, name)
        if node is None:
            return False
    return _can_fail(node) or any(_can_fail(helper) for helper in _helpers(node, module))


def _named(node, name):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return next((one for one in node.body if isinstance(one, kinds) and one.name == name), None)


def _helpers(node, module):
    """Return the functions of the same file that a test calls."""
    called = {one.func.id for one in ast.walk(node) if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)}
    return [one for name in sorted(called) if (one := _named(module, name)) is not None]


def _can_fail(node):
    return any(
        isinstance(one, ast.Assert) or (isinstance(one, ast.Attribute) and one.attr in FAILS) for one in ast.walk(node)
    )


@cache
def _parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"))
