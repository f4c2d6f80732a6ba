"""Who is multimorbid, and who is ill in mind and body: named definitions, each a piece of data with an id of its own.

The definition moves the answer from 16 % to 47 % in the same country, so every count carries the id it was made by, and
`build` counts under each of them. `DK39-2` and `PSYKSOM-1` are the defaults; the others stand beside for comparison.

`PSYKSOM-1`: at least one of `QUALIFYING`, and at least one somatic condition of DK39 **from another record**. A code
that makes both sides true (K70.3: alcohol, and liver disease) may stand on one side only, so somebody with nothing else
is not counted: a psychiatric condition by a code of its own, or by drugs, and any somatic one; or any psychiatric one,
and a somatic one by a code of its own, or by drugs. Dementia and distress told by drugs do not qualify; dementia with a
somatic condition is a group beside, severe mental illness (three definitions) is a part of it.
Sources of the three: PMC8111907, table S1 (narrow, read); Formánek et al. (Czech, read); Clin Epidemiol 2024, PMID
39723760 (broad, whose codes were not read: ours are those of the catalogue's conditions).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from stratify.catalogue.entries import Condition
from stratify.catalogue.load import Catalogue
from stratify.codes import starts_with_any
from stratify.errors import UsageError
from stratify.morbidity import code_groups, counted_conditions

Bools = NDArray[np.bool_]
ALONE = "alone."  # a diagnosis whose code does not also make a condition of the other care true
TONELLI = "tonelli30"  # the index whose groups are the conditions of that list
CODED = {"smi.czech": ("F2", "F31", "F322", "F323", "F332", "F333")}  # told by codes that no condition has alone
QUALIFYING = ("schizophrenia", "bipolar", "mood_anxiety", "alcohol", "substance", "eating")


@dataclass(frozen=True)
class Known:
    """What is known of each row: booleans of shape (rows, conditions) by how it is told, and by code group."""

    ids: tuple[str, ...]
    conditions: Mapping[str, Condition]
    diagnosed: Bools
    alone: Bools  # diagnosed by a code that makes no condition of the other care true
    drugs: Bools
    coded: Mapping[str, Bools]  # the groups of `coded_lookbacks`

    def of(self, ids: Iterable[str], *cells: Bools) -> Bools:
        """Return who has any of these conditions by any of these ways of telling, bool (rows,)."""
        places = [self.ids.index(key) for key in ids if key in self.ids]
        answer = np.zeros(len(self.diagnosed), dtype=bool)
        for told in cells:
            answer |= told[:, places].any(axis=1)
        return answer


@dataclass(frozen=True)
class Definition:
    """A definition: its id, what it says, and who it holds for, bool (rows,)."""

    id: str
    da: str
    en: str
    holds: Callable[[Known], Bools]


def _several(by_drugs: bool, only: Sequence[str] | None = None) -> Callable[[Known], Bools]:
    def holds(known: Known) -> Bools:
        ids = only or counted_conditions(known.conditions)
        places = [known.ids.index(key) for key in ids if key in known.ids]
        told = known.diagnosed | known.drugs if by_drugs else known.diagnosed
        return np.asarray(told[:, places].sum(axis=1) >= 2)

    return holds


def _several_of_list(index: str) -> Callable[[Known], Bools]:
    def holds(known: Known) -> Bools:
        listed = [told for name, told in known.coded.items() if name.startswith(f"{index}.")]
        return np.asarray(np.sum(listed, axis=0) >= 2) if listed else np.zeros(len(known.diagnosed), dtype=bool)

    return holds


def _apart(by_drugs: bool) -> Callable[[Known], Bools]:
    def holds(known: Known) -> Bools:
        drugs = [known.drugs] if by_drugs else []
        body = counted_conditions(known.conditions, "somatic")
        mind_alone, mind = known.of(QUALIFYING, known.alone, *drugs), known.of(QUALIFYING, known.diagnosed, *drugs)
        body_alone, somatic = known.of(body, known.alone, *drugs), known.of(body, known.diagnosed, *drugs)
        return np.asarray((mind_alone & somatic) | (mind & body_alone))

    return holds


def _any_of_each(known: Known) -> Bools:
    mind = known.of(counted_conditions(known.conditions, "psychiatric"), known.diagnosed)
    return np.asarray(mind & known.of(counted_conditions(known.conditions, "somatic"), known.diagnosed))


def _dementia_and_somatic(known: Known) -> Bools:
    body = counted_conditions(known.conditions, "somatic")
    told = (known.diagnosed, known.drugs)
    return np.asarray(known.of(["dementia"], *told) & known.of(body, *told))


def _smi(known: Known) -> Bools:
    return known.of(["schizophrenia", "bipolar"], known.diagnosed)


def _smi_broad(known: Known) -> Bools:
    return known.of(["schizophrenia", "bipolar", "depression"], known.diagnosed)


def _inside(part: Callable[[Known], Bools]) -> Callable[[Known], Bools]:
    return lambda known: np.asarray(part(known) & _apart(True)(known))


# "always include" of Ho et al. 2022 (BMJ Medicine 1:e000247), read; Addison's disease, cystic fibrosis and paralysis
# have no condition here, the three cancers are one, end stage kidney disease is a part of its whole
DELPHI = (
    "stroke", "ihd", "hf", "paod", "diabetes", "copd", "asthma", "parkinson", "epilepsy", "ms", "cancer", "dementia",
    "schizophrenia", "connective", "liver", "ibd", "ckd", "hiv",
)  # fmt: skip
MULTIMORBID = (
    Definition("DK39-2", "mindst to af 39 sygdomme, ved diagnose eller medicin",
               "two or more of the 39 conditions, by diagnosis or drugs", _several(True)),
    Definition("DK39-DX-2", "mindst to af 39 sygdomme, kun ved hospitalsdiagnose",
               "two or more of the 39 conditions, by hospital diagnosis alone", _several(False)),
    Definition("DELPHI-PART-2", "mindst to af de 18 af 24 altid talte sygdomme, der kan ses her",
               "two or more of 18 conditions: of the 24 always counted, those seen here", _several(True, DELPHI)),
    Definition("TONELLI30-2", "mindst to af Tonellis 30 sygdomme, ved hospitalsdiagnose inden for to år",
               "two or more of Tonelli's 30 conditions, by hospital diagnosis within two years",
               _several_of_list(TONELLI)),
)  # fmt: skip
PSYCHIATRIC_SOMATIC = (
    Definition("PSYKSOM-1", "psykisk og somatisk sygdom, hver fra sin oplysning",
               "psychiatric and somatic condition, each from a record of its own", _apart(True)),
    Definition("PSYKSOM-1-DX", "som PSYKSOM-1, kun ved hospitalsdiagnose",
               "as PSYKSOM-1, by hospital diagnosis alone", _apart(False)),
    Definition("DK39-DX-PSYKSOM-0", "en psykisk og en somatisk sygdom, kun ved hospitalsdiagnose, demens medregnet",
               "any psychiatric and any somatic condition by hospital diagnosis, dementia included", _any_of_each),
)  # fmt: skip
GROUPS = (
    Definition("PSYKSOM-1-SMI", "svær psykisk sygdom i PSYKSOM-1 (F20, F25, F30, F31)",
               "severe mental illness within PSYKSOM-1 (F20, F25, F30, F31)", _inside(_smi)),
    Definition("PSYKSOM-1-SMI-CZECH", "svær psykisk sygdom i PSYKSOM-1 (F20-F29, F31, svær depression)",
               "severe mental illness within PSYKSOM-1 (F20-F29, F31, severe depression)",
               _inside(lambda known: known.coded["smi.czech"])),
    Definition("PSYKSOM-1-SMI-BROAD", "skizofreni, bipolar lidelse eller depression i PSYKSOM-1",
               "schizophrenia, bipolar disorder or depression within PSYKSOM-1", _inside(_smi_broad)),
    Definition("DEMENTIA-SOM", "demens og somatisk sygdom", "dementia and a somatic condition", _dementia_and_somatic),
)  # fmt: skip
DEFINITIONS = {one.id: one for one in (*MULTIMORBID, *PSYCHIATRIC_SOMATIC, *GROUPS)}
MULTIMORBIDITY_DEFINITION, PSYCHIATRIC_SOMATIC_DEFINITION = MULTIMORBID[0].id, PSYCHIATRIC_SOMATIC[0].id
POPULATIONS = {"multimorbid": "multimorbid", "psychiatric_somatic": "both"}  # by name: the word for its definition


def chosen(name: str, among: Sequence[Definition]) -> Definition:
    """Return the definition of this id; raises UsageError with those there are."""
    for one in among:
        if one.id == name:
            return one
    raise UsageError(f"needs a definition out of {', '.join(one.id for one in among)}; got {name!r}")


def populations(definitions: Mapping[str, str]) -> dict[str, Definition]:
    """Return each population's definition, by the ids that the matrix was built with, by word."""
    return {name: DEFINITIONS[definitions[word]] for name, word in POPULATIONS.items()}


# --- codes that make conditions of both cares true -------------------------------------------------------------------


def sharing(catalogue: Catalogue) -> tuple[str, ...]:
    """Return the conditions that share a code with one of the other care, in the order of the catalogue.

    Of all others every diagnosis stands alone.
    """
    return _sharing(tuple((c.id, c.domain, c.icd10) for c in catalogue.conditions.values() if c.part_of is None))


@lru_cache(maxsize=8)
def _sharing(rules: tuple[tuple[str, str, tuple[str, ...]], ...]) -> tuple[str, ...]:
    return tuple(
        one
        for one, care, codes in rules
        if any(
            care != other_care and any(a.startswith(b) or b.startswith(a) for a in codes for b in other_codes)
            for _, other_care, other_codes in rules
        )
    )


def extra_groups(catalogue: Catalogue) -> list[str]:
    """Return the names of condition events that definitions need beside conditions."""
    return [*(f"{ALONE}{key}" for key in sharing(catalogue)), *coded_lookbacks(catalogue)]


def coded_lookbacks(catalogue: Catalogue) -> dict[str, int | None]:
    """Return the groups that are told by codes of their own, with the days they are looked back for; None is ever."""
    listed = catalogue.indices.get(TONELLI)
    groups = {f"{TONELLI}.{group.id}": listed.lookback_days for group in listed.group} if listed else {}
    return {**dict.fromkeys(CODED), **groups}


def extra_pairs(pairs: Iterable[tuple[str, str]], catalogue: Catalogue) -> list[tuple[str, str]]:
    """Return the (code, group) pairs that definitions need beside `pairs` of code and condition, sorted.

    A code whose conditions are all of one care stands alone for each of them that shares codes at all.

    >>> from stratify.catalogue import load
    >>> extra_pairs([("K703", "alcohol"), ("K703", "liver"), ("K746", "liver")], load())
    [('K746', 'alone.liver')]
    """
    conditions, shared = catalogue.conditions, set(sharing(catalogue))
    by_code: dict[str, set[str]] = {}
    for code, group in pairs:
        if group in conditions and conditions[group].part_of is None:
            by_code.setdefault(code, set()).add(group)
    return sorted(
        (code, f"{ALONE}{group}")
        for code, groups in by_code.items()
        if len({conditions[group].domain for group in groups}) == 1
        for group in groups & shared
    )


def condition_pairs(codes: Collection[str], catalogue: Catalogue) -> list[tuple[str, str]]:
    """Return the (code, group) pairs of all condition events that WHO codes make, sorted.

    Conditions and index groups, and what definitions need beside them.
    """
    pairs = code_groups(codes, catalogue)
    return sorted([*pairs, *extra_pairs(pairs, catalogue), *coded_pairs(codes)])


def coded_pairs(codes: Iterable[str]) -> list[tuple[str, str]]:
    """Return the (code, group) pairs of groups that are told by codes of their own, sorted."""
    return sorted(
        (code, group) for code in set(codes) for group, prefixes in CODED.items() if starts_with_any(code, prefixes)
    )
