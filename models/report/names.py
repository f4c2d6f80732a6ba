"""How candidates, simpler models and populations are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from models.declared import load_declared
from models.report.words import Words
from stratify.catalogue.entries import Text


def names_of(words: Words) -> Callable[[str], str]:
    """Return how candidates and baselines are called in this language."""
    declared = baselines()

    def named(name: str) -> str:
        return words.of(declared[name].model_dump()) if name in declared else words.named("kinds", name)

    return named


@cache
def baselines() -> Mapping[str, Text]:
    """Return the declared names of the simpler models."""
    return {name: one.name for name, one in load_declared().baselines.items()}


@cache
def populations() -> Mapping[str, Text]:
    """Return the declared names of the populations."""
    return {name: one.name for name, one in load_declared().populations.items()}
