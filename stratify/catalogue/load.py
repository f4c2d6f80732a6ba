"""Reading the catalogue: every entry checked, every problem reported with its file, key, value and nearest word."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from stratify.catalogue.asked import ASKED
from stratify.catalogue.care import check_bridges, named_by_offers, rules_of_care
from stratify.catalogue.entries import (
    KINDS,
    Bridge,
    Condition,
    Entry,
    FeatureFamily,
    Index,
    Need,
    Offer,
    Outcome,
    Preference,
    Safety,
    Stratum,
    Target,
)
from stratify.catalogue.prediction import IndexEvent
from stratify.catalogue.quality_targets import check_targets
from stratify.catalogue.tables import with_table
from stratify.errors import CatalogueError, did_you_mean
from stratify.files import canonical_json, digest_text

PACKAGE = Path(__file__).parent


@dataclass(frozen=True, eq=False)  # one is itself alone, so that what is made of it can be kept
class Catalogue:
    """All entries by kind and id, in the order of their ids."""

    entries: Mapping[str, Mapping[str, Any]]
    local: Path | None = None

    def __reduce__(self) -> tuple[Any, ...]:  # views cannot be sent to another process, what they show can
        return _frozen, ({kind: dict(entries) for kind, entries in self.entries.items()}, self.local)

    @property
    def conditions(self) -> Mapping[str, Condition]:
        return self.entries["conditions"]

    @property
    def indices(self) -> Mapping[str, Index]:
        return self.entries["indices"]

    @property
    def outcomes(self) -> Mapping[str, Outcome]:
        return self.entries["outcomes"]

    def outcomes_at(self, index: IndexEvent) -> Mapping[str, Outcome]:
        """Return the outcomes that are counted from landmarks, or from the index events of one kind."""
        return {key: outcome for key, outcome in self.outcomes.items() if outcome.index == index}

    @property
    def features(self) -> Mapping[str, FeatureFamily]:
        return self.entries["features"]

    @property
    def strata(self) -> Mapping[str, Stratum]:
        return self.entries["strata"]

    @property
    def needs(self) -> Mapping[str, Need]:
        return self.entries["needs"]

    @property
    def bridges(self) -> Mapping[str, Bridge]:
        return self.entries["bridges"]

    @property
    def preferences(self) -> Mapping[str, Preference]:
        return self.entries["preferences"]

    @property
    def safety(self) -> Mapping[str, Safety]:
        return self.entries["safety"]

    @property
    def offers(self) -> Mapping[str, Offer]:
        return self.entries["offers"]

    @property
    def targets(self) -> Mapping[str, Target]:
        return self.entries["targets"]

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of all that is declared, the same whatever the files' layout and comments."""
        return self.digest_of(*KINDS)

    def digest_of(self, *kinds: str) -> str:
        """Return the SHA-256 of the entries of these kinds, so that a step depends only on what it reads."""
        content = {
            kind: {key: entry.model_dump(mode="json", by_alias=True) for key, entry in self.entries[kind].items()}
            for kind in kinds
        }
        return digest_text(canonical_json(content))

    def size(self) -> int:
        """Return how many entries there are."""
        return sum(len(entries) for entries in self.entries.values())


def _frozen(entries: Mapping[str, Mapping[str, Any]], local: Path | None) -> Catalogue:
    return Catalogue(MappingProxyType({kind: MappingProxyType(dict(of)) for kind, of in entries.items()}), local)


DATA_KINDS = ("conditions", "indices")  # entries that decide what lands
MATRIX_KINDS = (*DATA_KINDS, "features")  # … what a row of the matrix holds
MODEL_KINDS = (*MATRIX_KINDS, "outcomes")  # … what a model learns from
SPECS = "specs"  # a local folder's model specs, which `models` reads


def load(local: Path | None = None) -> Catalogue:
    """Return the package's catalogue, with the entries of a local folder added or put in their place.

    Raises CatalogueError (exit 10) with every problem found in any file.
    """
    problems: list[str] = []
    if local is not None and not local.is_dir():
        raise CatalogueError(f"--catalogue needs a folder, got {local}")
    entries: dict[str, Mapping[str, Any]] = {}
    for kind, shape in KINDS.items():
        found: dict[str, Entry] = {}
        for folder in (PACKAGE, *([local] if local else [])):
            for path in sorted((folder / kind).glob("*.toml")):
                entry = _read(path, kind, shape, problems)
                if entry is not None:
                    found[entry.id] = entry
        entries[kind] = dict(sorted(found.items()))
    if local is not None:
        problems += _unknown_files(local)
    catalogue = _frozen(entries, local)
    problems += check_references(catalogue)
    if problems:
        raise CatalogueError(f"{len(problems)} problem(s) in the catalogue:", problems)
    return catalogue


def check_references(catalogue: Catalogue) -> list[str]:
    """Return a problem for each id that an entry names and no entry has, with the nearest one that exists."""
    named = [
        *(
            (f"conditions/{c.id}.toml: part_of", [c.part_of] if c.part_of else [], catalogue.conditions)
            for c in catalogue.conditions.values()
        ),
        *(
            (f"outcomes/{o.id}.toml: part_of", [o.part_of] if o.part_of else [], catalogue.outcomes)
            for o in catalogue.outcomes.values()
        ),
        *(
            (f"conditions/{c.id}.toml: unless", [i for rule in c.drugs for i in rule.unless], catalogue.conditions)
            for c in catalogue.conditions.values()
        ),
        *(
            (f"conditions/{c.id}.toml: beside", [i for e in c.example for i in e.beside], catalogue.conditions)
            for c in catalogue.conditions.values()
        ),
        *(
            (f"indices/{index.id}.toml: superseded_by", [g.superseded_by for g in index.group if g.superseded_by],
             {g.id for g in index.group})
            for index in catalogue.indices.values()
        ),
        *(
            (f"indices/{index.id}.toml: conditions", [c for g in index.group for c in g.conditions],
             catalogue.conditions)
            for index in catalogue.indices.values()
        ),
        *(
            (f"features/{family.id}.toml: index", [family.index] if family.index else [], catalogue.indices)
            for family in catalogue.features.values()
        ),
        *(
            (f"features/{family.id}.toml: conditions",
             [c for flag in family.flag for part in flag.part for c in part.conditions], catalogue.conditions)
            for family in catalogue.features.values()
        ),
        *named_by_offers(catalogue),
    ]  # fmt: skip
    for where, tests in [*rules_of_care(catalogue), *((f"targets/{t.id}.toml: population", t.population.tests())
                                                      for t in catalogue.targets.values())]:  # fmt: skip
        named.append((where, [i for t in tests if t.fact == "conditions" for i in t.any_of], catalogue.conditions))
        flags = {flag.id for family in catalogue.features.values() for flag in family.flag}
        named.append((where, [i for t in tests if t.fact == "medication_flags" for i in t.any_of], flags))
    told = [*check_features(catalogue), *check_parts(catalogue), *check_bridges(catalogue)]
    told += check_targets(catalogue.targets, catalogue.conditions)
    return told + [
        f"{where}: no such id {got!r}{did_you_mean(got, known)}"
        for where, ids, known in named
        for got in ids
        if got not in known
    ]


def check_parts(catalogue: Catalogue) -> list[str]:
    """Return a problem for each outcome that is said to be part of one it is not within, or of itself."""
    problems = []
    for key, outcome in catalogue.outcomes.items():
        whole = catalogue.outcomes.get(outcome.part_of or "")
        if whole is None:
            continue
        where = f"outcomes/{key}.toml: part_of"
        beyond = outcome.not_within(whole)
        if beyond:
            problems.append(f"{where}: not every event is one of {whole.id!r}, by {', '.join(beyond)}")
        seen = {key}
        while whole is not None and whole.id not in seen:
            seen.add(whole.id)
            whole = catalogue.outcomes.get(whole.part_of or "")
        if whole is not None and whole.id == key:
            problems.append(f"{where}: {key!r} would be a part of itself")
    return problems


def check_features(catalogue: Catalogue) -> list[str]:
    """Return a problem for each feature family that is an outcome, or that names one, or an id where a code belongs.

    What a model foretells may not be what it knows. A group's codes are those of the registers, which have capitals or
    digits in them (E11, C03, NPU27300): a word there would match no event, and a column of zeros look like a finding.
    """
    problems = []
    for family in catalogue.features.values():
        where = f"features/{family.id}.toml"
        words = family.domain in ASKED and ASKED[family.domain].words
        if family.id in catalogue.outcomes:
            problems.append(f"{where}: id: {family.id!r} is an outcome, which no feature may be")
        for group in family.group:
            told = [value if isinstance(value, tuple) else (value,) for value in group.where.values()]
            values = [value for several in told for value in several if isinstance(value, str)]
            for named in (group.id, *group.codes, *values):
                if named in catalogue.outcomes:
                    problems.append(f"{where}: group {group.id}: {named!r} is an outcome, which no feature may read")
            for code in group.codes:
                if code in catalogue.conditions:
                    why = "is a condition; these have columns of their own (domain condition)"
                    problems.append(f"{where}: group {group.id}: codes: {code!r} {why}")
                elif not words and not any(c.isupper() or c.isdigit() for c in code) and code not in catalogue.outcomes:
                    why = f"is no code of a register{did_you_mean(code, catalogue.conditions)}"
                    problems.append(f"{where}: group {group.id}: codes: {code!r} {why}")
    return problems


def _read(path: Path, kind: str, shape: type[Entry], problems: list[str]) -> Entry | None:
    where = f"{kind}/{path.name}"
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"{where}: not readable as TOML: {error}")
        return None
    if kind == "indices":
        faults = with_table(raw, path.parent)
        if faults:
            problems += [f"{where}: {fault}" for fault in faults]
            return None
    try:
        entry = shape.model_validate(raw)
    except ValidationError as error:
        problems += [f"{where}: {_told(detail, shape)}" for detail in error.errors()]
        return None
    if entry.id != path.stem:
        problems.append(f"{where}: id: must equal the file's name {path.stem!r}, got {entry.id!r}")
    return entry


def _told(detail: Any, shape: type[Entry]) -> str:
    key = ".".join(str(part) for part in detail["loc"]) or "entry"
    message = str(detail["msg"]).removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        return f"{key}: unknown key{did_you_mean(str(detail['loc'][-1]), shape.model_fields)}"
    if detail["type"] == "missing":
        return f"{key}: required, not there"
    got = detail["input"]
    told = f"{key}: {message}"
    if isinstance(got, str | int | float | bool):
        choices = str(detail.get("ctx", {}).get("expected", "")).replace("'", "").replace(" or ", ", ").split(", ")
        told += f"; got {got!r}{did_you_mean(str(got), choices)}"
    return told


def _unknown_files(local: Path) -> list[str]:
    """A file in the wrong place would be passed over in silence: say so."""
    known = {path for kind in (*KINDS, SPECS) for path in (local / kind).glob("*.toml")}
    strays = sorted(path for path in local.rglob("*.toml") if path not in known)
    return [
        f"{p.relative_to(local)}: not in a known folder; put it in one of {', '.join((*KINDS, SPECS))}" for p in strays
    ]
