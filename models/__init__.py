"""Risk models and their evidence: train, calibrate, evaluate, explain, and sign what is served.

The names below load their module when first used: importing `models` costs nothing, and what a service needs
(`Member`, `Bundle`, `load_champion`, `reasons`) never loads pandas, scikit-learn, statsmodels or MLflow by itself.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

# Before LightGBM is loaded: its threads else spin while they wait for each other, and where other work is done on the
# same cores they spin most of the time (measured on two cores with a load of 6: 75 CPU-seconds against 17).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

if TYPE_CHECKING:
    from models.api import Fit, fit
    from models.bundle import (
        Bundle,
        Content,
        MemberFiles,
        load_bundle,
        load_champion,
        member_key,
        read_member,
        roll_back,
        set_champion,
        with_member,
        write_bundle,
    )
    from models.declared import Declared, load_declared
    from models.evaluation import evaluate
    from models.explain import labelled, reasons
    from models.keys import ensure_signing_keys
    from models.registry import Registry
    from models.scoring import Member
    from models.shown import Shown, shown_risks
    from models.spec import Spec
    from models.split import NotTrained
    from models.table import Labels, Origin, Table
    from models.train import Trained, chosen_folder, train_outcome

_WHERE = {
    "Fit": "api", "fit": "api",
    "evaluate": "evaluation",
    "Bundle": "bundle", "Content": "bundle", "MemberFiles": "bundle", "load_bundle": "bundle",
    "load_champion": "bundle", "member_key": "bundle", "read_member": "bundle", "roll_back": "bundle",
    "set_champion": "bundle", "with_member": "bundle", "write_bundle": "bundle",
    "Declared": "declared", "load_declared": "declared",
    "labelled": "explain",
    "reasons": "explain",
    "ensure_signing_keys": "keys",
    "Registry": "registry",
    "Member": "scoring",
    "Shown": "shown", "shown_risks": "shown",
    "Spec": "spec",
    "NotTrained": "split",
    "Labels": "table", "Origin": "table", "Table": "table",
    "Trained": "train", "chosen_folder": "train", "train_outcome": "train",
}  # fmt: skip

__all__ = [
    "Bundle", "Content", "Declared", "Fit", "Labels", "Member", "MemberFiles", "NotTrained", "Origin", "Registry",
    "Shown", "Spec", "Table", "Trained", "chosen_folder", "ensure_signing_keys", "evaluate", "fit", "labelled",
    "load_bundle", "load_champion", "load_declared", "member_key", "read_member", "reasons", "roll_back",
    "set_champion", "shown_risks", "train_outcome", "with_member", "write_bundle",
]  # fmt: skip


def __getattr__(name: str) -> object:
    """Return an exported name, loading its module now."""
    if name not in _WHERE:
        raise AttributeError(f"module 'models' has no attribute {name!r}")
    return getattr(import_module(f"models.{_WHERE[name]}"), name)
