"""Leaves what a command has found in the work folder, with the digest of it, for those who read it later."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.steps import MANIFEST, OUTSIDE
from stratify.files import digest_tree, folder_written_whole, write_json


def leave(folder: Path, command: str, told: Any, inputs: Mapping[str, str]) -> None:
    """Write `<command>.json` and its manifest into a folder, whole; what was there before is gone."""
    with folder_written_whole(folder) as partial:
        write_json(partial / f"{command}.json", told)
        files = digest_tree(partial, leave_out=OUTSIDE)
        write_json(partial / MANIFEST, {"step": command, "inputs": dict(inputs), "files": files})
