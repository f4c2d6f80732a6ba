"""What is declared about charts: no word without its twin, no reason that is never given, the registers' own units."""

import re

import duckdb
import pytest

from service.cds_hooks.prefetch import TEMPLATES
from stratify.catalogue import load
from stratify.codes import is_sks_diagnosis
from stratify.fhir.declared import FILE, declared
from stratify.fhir.refusal import ChartRefusedError
from stratify.registers.omop.labs import PLAIN_UNIT, analytes, plain_unit
from tests.unit.fhir.writer import CARE, CLASSES, NPU, SKS, UNITS

OURS = FILE.parent


def test_all_that_can_be_told_or_refused_is_and_nothing_else():
    source = "\n".join(path.read_text(encoding="utf-8") for path in OURS.glob("*.py"))
    named = set(re.findall(r'"([a-z_]+)"', source))
    assert set(declared().told) <= named
    assert set(declared().refused) - {"no_identifier", "several_identifiers"} <= named  # those two the service gives


@pytest.mark.parametrize("reason", sorted(declared().refused))
def test_a_refusal_speaks_danish_and_english_and_names_the_key(reason):
    error = ChartRefusedError(reason, "conditions")
    assert error.text.da != error.text.en
    assert "{" not in error.text.da + error.text.en
    assert error.status in (412, 422)
    assert str(error) == error.text.en
    assert ChartRefusedError(reason).key is None


def test_every_class_of_encounter_that_is_written_is_read():
    assert set(CLASSES.values()) <= set(declared().encounter.classes)
    assert all(code for code in CARE.values())


def test_the_systems_of_danish_charts_are_there():
    assert SKS in {one.uri for one in declared().diagnosis_system}
    assert NPU in {one.uri for one in declared().result_system}
    assert all(one.source for one in (*declared().diagnosis_system, *declared().result_system))


def test_what_is_read_is_what_hooks_ask_for():
    assert set(declared().prefetch) == set(TEMPLATES)
    for key, one in declared().prefetch.items():
        assert one.template.startswith(TEMPLATES[key])


def test_a_unit_is_made_plain_as_landing_makes_it():
    spelled = {unit for one in analytes().analyte for accepted in one.units for unit in accepted.ucum}
    spelled |= {*UNITS.values(), "µmol/L", "\u03bcmol / L", "mL/min/{1.73_m2}", "[iU]/L ", "", "{x}", "A{b}/c/"}
    for unit in spelled:
        (plain,) = duckdb.execute(f"SELECT {PLAIN_UNIT.format('?')}", [unit]).fetchone()
        assert plain_unit(unit) == plain


def test_each_unit_the_writer_uses_is_the_registers_own():
    factors = {one.npu: {plain_unit(u): a for a in one.units for u in a.ucum} for one in analytes().analyte}
    for npu, unit in UNITS.items():
        accepted = factors[npu][plain_unit(unit)]
        assert (accepted.factor, accepted.offset) == (1, 0)


def test_what_begins_every_condition_is_a_diagnosis_of_both_forms():
    for condition in load().conditions.values():
        for prefix in condition.icd10:
            assert len(prefix) < 3 or is_sks_diagnosis(f"D{prefix}")
