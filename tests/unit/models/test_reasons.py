"""The headings of reasons: every column that a served model may read stands under one; a broken declaration is told."""

import shutil
from dataclasses import replace
from fnmatch import fnmatchcase

import pytest

from models.declared import OTHER, PACKAGE, SPECS, load_declared
from models.table import refusal
from stratify.catalogue import load
from stratify.errors import CatalogueError
from stratify.features.columns import columns

DECLARED = load_declared()
SERVED = [one.id for one in columns(load()) if refusal(one.as_dict()) is None]
SERVED += [one["id"] for one in DECLARED.index_columns()]
EXPECTED = {
    "age_sex": "person_age person_covered_365",
    "present_stay": "index_hours",
    "acute_use": (
        "index_admissions_180 stay_acute_somatic_count_365 ambulance_urgent_count_365 contact_emergency_count_30"
    ),
    "hospital_care": (
        "stay_planned_somatic_count_365 contact_outpatient_somatic_days_since contact_missed_virtual_count_365"
    ),
    "psychiatric_care": "stay_psychiatric_days_since specialist_psychologist_count_365",
    "missed": "contact_missed_missed_somatic_count_365",
    "mind_substance": "condition_schizophrenia drug_opioid_dependence_count_365",
    "medicine_mind_pain": "drug_opioid_count_365 drug_new_opioid_first_seen_180",
    "heart_vessels": "condition_hf drug_new_loop_diuretic_first_seen_180 lab_ldl_last",
    "lungs": "condition_copd drug_other_airway_reliever_count_365",
    "metabolism": "lab_range_hba1c_high_any_365 drug_amount_insulin_sum_365",
    "kidney_fluid": "condition_ckd lab_slope_egfr_slope_1095 lab_other_urine_albumin_last",
    "blood_liver_nutrition": "lab_other_albumin_last lab_haemoglobin_last",
    "brain_nerves": "condition_dementia",
    "cancer": "condition_cancer",
    "infection": "diagnosis_pneumonia_any_365 lab_crp_last",
    "injury_frailty": "diagnosis_injury_any_365",
    "other_conditions": "charlson_quan2011 condition_pain",
    "medicine_load": "medication_flag_polypharmacy drug_different_all_distinct_365",
    "primary_care": "gp_consultation_count_365 out_of_hours_all_count_365",
    "municipal_care": "home_care_hours_last",
    "distance": "distance_psychiatry_last",
}


@pytest.fixture
def shared(tmp_path):
    """Declarations of one's own to break, and how to load them."""
    folder = tmp_path / "declared"
    shutil.copytree(PACKAGE, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))

    def change(old, new):
        path = folder / "reasons.toml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(CatalogueError) as caught:
            load_declared(SPECS, shared=folder)
        return str(caught.value)

    return change


def test_each_column_that_a_served_model_may_read_stands_under_exactly_one_heading():
    """No two headings fit one column, so that their order decides nothing here."""
    named = {key: one.columns for key, one in DECLARED.reasons.items() if key != OTHER}
    fits = {name: [key for key, of in named.items() if any(fnmatchcase(name, p) for p in of)] for name in SERVED}
    assert len(fits) > 400
    assert {name: found for name, found in fits.items() if len(found) != 1} == {}
    assert all(found == [DECLARED.reason_of(name)] for name, found in fits.items())


def test_every_pattern_names_a_column_that_there_is():
    for key, one in DECLARED.reasons.items():
        idle = [pattern for pattern in one.columns if not any(fnmatchcase(name, pattern) for name in SERVED)]
        assert not idle, (key, idle)


@pytest.mark.parametrize("heading, names", EXPECTED.items())
def test_columns_stand_where_a_clinician_looks_for_them(heading, names):
    for column in names.split():
        assert column in SERVED
        assert DECLARED.reason_of(column) == heading


def test_no_heading_is_without_a_column_looked_up_here():
    assert set(EXPECTED) == set(DECLARED.reasons) - {OTHER}


def test_headings_speak_danish_and_english_and_say_whether_and_why_something_can_be_changed():
    names = [(one.name.da, one.name.en) for one in DECLARED.reasons.values()]
    assert len(set(names)) == len(names)
    for key, one in DECLARED.reasons.items():
        for text in (one.name, one.why):
            assert text.da != text.en
            assert "risikopatient" not in text.da
        assert one.why.da.count(".") == one.why.en.count(".") == 1  # one sentence
        assert (one.modifiable == "unknown") == (key == OTHER)
    assert {one.modifiable for one in DECLARED.reasons.values()} == {"yes", "partly", "no", "unknown"}


def test_past_admissions_and_age_cannot_be_changed_and_medicine_and_missed_appointments_can():
    told = {key: one.modifiable for key, one in DECLARED.reasons.items()}
    assert {told[key] for key in ("age_sex", "acute_use", "present_stay")} == {"no"}
    assert {told[key] for key in ("medicine_load", "medicine_mind_pain", "missed")} == {"yes"}


def test_a_bundle_gets_each_column_once_in_the_declared_order_and_what_nobody_names_as_other():
    groups = DECLARED.reason_groups(["lab_local_last", *SERVED])
    stands = [name for group in groups for name in group["columns"]]
    assert sorted(stands) == sorted(["lab_local_last", *SERVED])
    assert [group["id"] for group in groups] == list(DECLARED.reasons)
    assert groups[-1]["columns"] == ["lab_local_last"]
    assert set(groups[0]) == {"id", "name", "modifiable", "why", "columns"}


def test_a_heading_without_columns_is_not_in_the_bundle():
    assert [group["id"] for group in DECLARED.reason_groups(["person_age"])] == ["age_sex"]


def test_the_first_pattern_that_fits_holds():
    one = DECLARED.reasons["lungs"].model_copy(update={"columns": ("lab_*",)})
    others = {key: value for key, value in DECLARED.reasons.items() if key not in ("lungs", OTHER)}
    assert replace(DECLARED, reasons={"lungs": one, **others}).reason_of("lab_hba1c_last") == "lungs"
    assert replace(DECLARED, reasons={**others, "lungs": one}).reason_of("lab_hba1c_last") == "metabolism"
    assert replace(DECLARED, reasons=others).reason_of("lab_local_last") == OTHER


@pytest.mark.parametrize(
    "old, new, told",
    [
        ('modifiable = "yes"', 'modifiable = "maybe"', "declared/reasons.toml: missed.modifiable: Input should be"),
        ('modifiable = "yes"', 'modifiable = "unknown"', "missed.modifiable: must be yes, partly or no, got 'unknown'"),
        ('modifiable = "unknown"', 'modifiable = "no"', "other.modifiable: must be unknown, got 'no'"),
        ('columns = ["*"]', 'columns = ["x_*"]', "other: must stand last"),
        ("[other]", "[rest]", "other: must stand last"),
        ('["person_*"]', '["person_*", "gp_*"]', "primary_care.columns: 'gp_*' stands under age_sex already"),
        ('["person_*"]', "[]", "age_sex.columns: "),
        ("[lungs]", "[Lungs]", "Lungs"),
        ("[lungs]", "[lungs]\ncolour = 1", "lungs.colour: Extra inputs are not permitted; got 1"),
        ('da = "Lunger", ', "", "lungs.name.da: Field required"),
        ("[lungs]", "[lungs", "not readable as TOML"),
    ],
)
def test_a_broken_declaration_is_told_with_its_file_key_and_value(shared, old, new, told):
    found = shared(old, new)
    assert told in found
    assert "declared/reasons.toml" in found


def test_every_problem_is_told_at_once_with_those_of_other_files(tmp_path, shared):
    (tmp_path / "declared" / "monotone.toml").write_text("[[acute_use]]\ncolumns = []\n")
    found = shared('modifiable = "yes"', 'modifiable = "unknown"')
    assert "missed.modifiable: must be yes, partly or no" in found
    assert "monotone.toml" in found


def test_an_empty_file_lacks_other(tmp_path, shared):
    (tmp_path / "declared" / "reasons.toml").write_text("#\n")
    assert "other: must stand last" in shared("#", "##")
