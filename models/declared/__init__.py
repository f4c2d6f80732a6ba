"""Everything declared about models, read and checked together: specs, and what they share."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from models.spec import Baseline, Constraint, Population, Predictor, ReasonGroup, Spec
from stratify.catalogue import Catalogue
from stratify.catalogue.entries import Id, Outcome
from stratify.catalogue.load import SPECS as LOCAL_SPECS
from stratify.errors import CatalogueError
from stratify.files import canonical_json, digest_text

PACKAGE = Path(__file__).parent
SPECS = PACKAGE.parent / "specs"
T = TypeVar("T")
OTHER = "other"  # the heading of columns that no pattern names
COUNTED_FROM = {
    "landmark": ["psychiatric_somatic", "multimorbid"],
    "discharge": ["discharges"],
    "psychiatric_outpatient": ["psychiatric_outpatient"],
}
STUDY = {
    "intended_use": {
        "da": "Intet er erklæret: kun til studier, ikke til behandling af nogen.",
        "en": "Nothing is declared: for study alone, not for anybody's care.",
    }
}


@dataclass(frozen=True)
class Declared:
    """Specs by outcome, and by name the sets that they refer to."""

    specs: Mapping[str, Spec]
    populations: Mapping[str, Population]
    predictors: Mapping[str, tuple[Predictor, ...]]
    baselines: Mapping[str, Baseline]
    monotone: Mapping[str, tuple[Constraint, ...]]
    reasons: Mapping[str, ReasonGroup]

    def index_columns(self) -> list[dict[str, Any]]:
        """Return the columns that rows counted from events have beside those of a landmark."""
        return [one.as_column() for population in self.populations.values() for one in population.index]

    def digest_of(self, spec: Spec) -> str:
        """Return the SHA-256 of a spec and all it refers to."""
        told = {
            "spec": spec,
            "predictors": self.predictors_of(spec),
            "baselines": [self.baselines[name] for name in spec.baselines],
            "constraints": self.constraints_of(spec),
            "populations": [self.populations[name] for name in spec.populations],
        }
        return digest_text(canonical_json(TypeAdapter(dict[str, Any]).dump_python(told, mode="json")))

    def reason_of(self, column: str) -> str:
        """Return the id of the heading that a column stands under; the first pattern holds, `other` takes the rest."""
        fits = (key for key, one in self.reasons.items() for p in one.columns if fnmatchcase(column, p))
        return next(fits, OTHER)

    def reason_groups(self, columns: Sequence[str]) -> list[dict[str, Any]]:
        """Return the headings of these columns in their declared order, as a bundle holds them: each column in one."""
        of = {name: self.reason_of(name) for name in columns}
        gathered = {key: [name for name in columns if of[name] == key] for key in self.reasons}
        return [self.reasons[key].as_entry(key, names) for key, names in gathered.items() if names]

    def predictors_of(self, spec: Spec) -> list[Predictor]:
        """Return the logistic's predictors, each column once."""
        found = {one.column: one for name in spec.predictors for one in self.predictors[name]}
        return list(found.values())

    def columns_of(self, spec: Spec) -> set[str]:
        """Return every column that the logistic or a baseline reads."""
        beside = [one for name in spec.baselines for one in self.baselines[name].predictors]
        return {one.column for one in [*self.predictors_of(spec), *beside]}

    def constraints_of(self, spec: Spec) -> list[Constraint]:
        """Return the trees' constraints."""
        return [one for name in spec.monotone for one in self.monotone[name]]

    def directions(self, spec: Spec, columns: Sequence[str]) -> list[int]:
        """Return for each column which way it may push: 1, -1, or 0 where it is free; the first pattern holds."""
        constraints = self.constraints_of(spec)

        def of(name: str) -> int:
            fits = (c.direction for c in constraints for pattern in c.columns if fnmatchcase(name, pattern))
            return next(fits, 0)

        return [of(name) for name in columns]


def load_declared(*folders: Path, shared: Path = PACKAGE, outcomes: Mapping[str, Outcome] | None = None) -> Declared:
    """Return all that is declared in these folders of specs, the later in the place of the earlier; ours if none.

    outcomes: of the catalogue. One that has no spec gets the defaults, to be studied; it may not be promoted.
    Raises CatalogueError (exit 10) with every problem in any file: the file, the key, what was required and what was
    got. A name that is declared nowhere is a problem, and so is a spec whose outcome the catalogue does not have.
    """
    problems: list[str] = []
    read = _reader(problems)
    defaults = read(shared / "defaults.toml", lambda told: told) or {}
    populations = read(shared / "populations.toml", _as(dict[str, Population]))
    predictors = read(shared / "predictors.toml", _as(dict[str, tuple[Predictor, ...]]))
    baselines = read(shared / "baselines.toml", _as(dict[str, Baseline]))
    monotone = read(shared / "monotone.toml", _as(dict[str, tuple[Constraint, ...]]))
    reasons = read(shared / "reasons.toml", _as(dict[Id, ReasonGroup]))
    for key, one in (populations or {}).items():
        strange = [name for name in one.learns_from if name not in (populations or {}) or name == key]
        problems += [f"{shared.name}/populations.toml: {key}: learns_from: {name!r} is none" for name in strange]
    if reasons is not None:
        problems += [f"{shared.name}/reasons.toml: {told}" for told in _of_reasons(reasons)]
    names: dict[str, Mapping[str, Any] | None] = {  # None where the file is not readable: that is told once
        "populations": populations, "predictors": predictors, "baselines": baselines, "monotone": monotone,
    }  # fmt: skip
    found: dict[str, Spec] = {}
    declared = Declared(found, populations or {}, predictors or {}, baselines or {}, monotone or {}, reasons or {})
    for path in (path for folder in folders or (SPECS,) for path in sorted(folder.glob("*.toml"))):
        spec = read(path, lambda told: Spec.model_validate(merged(defaults, told)))
        if spec is None:
            continue
        if spec.outcome != path.stem:
            problems.append(f"specs/{path.name}: outcome: must equal the file's name, got {spec.outcome!r}")
        for key, known in names.items():
            strangers = [name for name in getattr(spec, key) if known is not None and name not in known]
            told = ", ".join(known or ()) or "those there are: none"
            problems += [f"specs/{path.name}: {key}: {name!r} is none of {told}" for name in strangers]
        if outcomes is not None and spec.outcome not in outcomes:
            problems.append(f"specs/{path.name}: outcome: {spec.outcome!r} is none of {', '.join(outcomes)}")
        found[spec.outcome] = spec
    for key, outcome in (outcomes or {}).items():
        if key not in found and not problems:
            own = {"outcome": key, "populations": COUNTED_FROM[outcome.index], "for_study": True, **STUDY}
            found[key] = Spec.model_validate(merged(defaults, own))
    if problems:
        raise CatalogueError(f"{len(problems)} problem(s) in the model specs:", problems)
    return declared


def declared_for(catalogue: Catalogue) -> Declared:
    """Return what is declared about models, with the specs of the catalogue's local folder, for all of its outcomes."""
    local = [catalogue.local / LOCAL_SPECS] if catalogue.local else []
    return load_declared(SPECS, *local, outcomes=catalogue.outcomes)


def merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return both, the second in the place of the first: tables key by key, arrays of tables one after the other.

    >>> merged({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"c": 3}, "d": [2]})
    {'a': {'b': 1, 'c': 3}, 'd': [2]}
    >>> merged({"limits": [{"en": "all"}]}, {"limits": [{"en": "this one"}]})
    {'limits': [{'en': 'all'}, {'en': 'this one'}]}
    """
    found = dict(under)
    for key, value in over.items():
        there = found.get(key)
        if isinstance(value, dict) and isinstance(there, dict):
            found[key] = merged(there, value)
        elif isinstance(value, list) and isinstance(there, list) and all(isinstance(one, dict) for one in there):
            found[key] = [*there, *value]
        else:
            found[key] = value
    return found


def _of_reasons(reasons: Mapping[str, ReasonGroup]) -> list[str]:
    """Return what is wrong with the headings as a whole, in words."""
    found = []
    if list(reasons)[-1:] != [OTHER] or reasons[OTHER].columns != ("*",):
        found.append(f'{OTHER}: must stand last, with columns = ["*"]: it takes what no other heading names')
    for key, one in reasons.items():
        if (one.modifiable == "unknown") != (key == OTHER):
            wanted = "unknown" if key == OTHER else "yes, partly or no"
            found.append(f"{key}.modifiable: must be {wanted}, got {one.modifiable!r}")
    seen: dict[str, str] = {}
    for key, one in reasons.items():
        for pattern in one.columns:
            if pattern in seen:
                found.append(f"{key}.columns: {pattern!r} stands under {seen[pattern]} already, which holds")
            seen.setdefault(pattern, key)
    return found


def _as(shape: type[T]) -> Callable[[dict[str, Any]], T]:
    return TypeAdapter(shape).validate_python


def _reader(problems: list[str]) -> Callable[[Path, Callable[[dict[str, Any]], T]], T | None]:
    def read(path: Path, shaped: Callable[[dict[str, Any]], T]) -> T | None:
        where = f"{path.parent.name}/{path.name}"
        try:
            return shaped(tomllib.loads(path.read_text(encoding="utf-8")))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            problems.append(f"{where}: not readable as TOML: {error}")
        except ValidationError as error:
            for detail in error.errors():
                key = ".".join(str(part) for part in detail["loc"])
                got = f"; got {detail['input']!r}" if isinstance(detail["input"], str | int | float) else ""
                problems.append(f"{where}: {key}: {detail['msg']}{got}")
        return None

    return read
