"""The table of conformance: every requirement for a service stands in it, and every test it names is there."""

import json
import re

from service.cds_hooks.shapes import HookRequest

# Every SHALL and SHALL NOT whose actors include the service, in the public list of requirements (set cds-hooks_2.0)
SERVICE = {
    1, 2, 3, 4, 5, 6, 7, 9, 10, 13, 16, 29, 36, 54, 55, 56, 57, 59, 61, 74, 75, 80, 83, 85, 87, 88, 89, 90, 92, 93, 95,
    96, 98, 100, 103, 105, 107, 111, 115, 117, 119, 121, 124, 125, 127, 128, 130, 131, 132, 133, 134, 135, 136, 138,
    139, 141, 142, 144, 147, 168, 176, 199, 201, 203, 208, 211, 213, 214, 216, 217, 218, 219, 220,
}  # fmt: skip
HERE = "tests/contract/test_cds_hooks.py"


def _rows(root):
    table = (root / "docs" / "cds_hooks.md").read_text(encoding="utf-8").split("## Conformance")[1]
    return re.findall(r"^\| ([\d, ]+) \| (.+?) \| `(.+?)` \|$", table, re.M)


def test_every_requirement_for_a_service_stands_in_the_table_once(root):
    told = [int(number) for numbers, _, _ in _rows(root) for number in numbers.split(",")]
    assert sorted(told) == sorted(SERVICE)


def test_every_test_that_is_named_is_there(root):
    for _, _, test in _rows(root):
        file, _, name = test.rpartition("::")
        assert f"def {name}(" in (root / (file or HERE)).read_text(encoding="utf-8"), test


def test_the_call_shown_is_one(root):
    (shown,) = re.findall(r"```json\n(.*?)```", (root / "docs" / "cds_hooks.md").read_text(encoding="utf-8"), re.S)
    assert HookRequest.model_validate_json(shown).hook == json.loads(shown)["hook"]
