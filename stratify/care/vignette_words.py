"""The words that vignettes are written in: other names for facts and values, and what a written value means.

Whoever writes a vignette writes as people speak: `waist=108`, `hearing=poor`, `care_home=yes`. What nobody here knows
is refused with the nearest that is known, so that a misspelt fact cannot pass for one that is unknown.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from stratify.care.facts import WORDS

KEYS = {
    "hba1c": "hba1c_last", "hba1c_date": "days_since_hba1c", "waist": "abdominal_obesity", "fev1": "fev1_pct",
    "ef": "lvef", "oxygen": "home_oxygen", "smoking": "smoker", "gender": "sex", "dominant_disease": "dominant",
    "metastatic": "metastatic_cancer", "metastases": "metastatic_cancer", "palliative": "palliative_need",
    "palliation_need": "palliative_need", "suicidal": "suicidality", "psychotic": "psychosis", "frailty": "frail",
    "function_reduced": "reduced_function", "acute_illness": "acutely_ill", "injects": "iv_drug_use",
    "children": "children_at_home", "gestational_week": "pregnant_week", "pregnancy_week": "pregnant_week",
    "acute_som_adm_12m": "acute_admissions_365d", "acute_adm_12m": "acute_admissions_365d",
    "psych_adm_12m": "psychiatric_admissions_365d", "copd_adm_12m": "copd_admissions_365d",
    "exacerbations_12m": "exacerbations_365d", "secondary_care_contact_12m": "secondary_care_contacts_365d",
    "missed_appointments": "missed_appointments_365d", "n_missed": "missed_appointments_365d",
    "discharged_som": "days_since_somatic_discharge", "discharged_psych": "days_since_psychiatric_discharge",
    "discharged_acute": "days_since_acute_discharge", "last_contact": "days_since_any_contact",
    "acute_risk": "risk_acute_admission_365d", "readmission_risk": "risk_readmission_30d",
    "death_risk": "risk_death_365d", "psych_risk": "risk_psychiatric_admission_365d",
    "n_medicines": "n_drugs", "antipsychotic": "on_antipsychotic",
    "medication_review": "medication_review_days", "nsaid_in_ckd_hf": "nsaid_in_kidney_or_heart_failure",
    "opioid_benzo": "opioid_benzodiazepine", "qt": "qt_pair",
    "gp_in_rm": "gp_in_region", "relative": "adult_relative", "alone": "lives_alone", "home": "housing",
    "exempt_digital_post": "digital_post_exempt", "km": "km_to_acute_hospital", "distance_km": "km_to_acute_hospital",
    "group": "group_ok", "full_day": "stands_full_day", "own_measures": "self_measures", "reads": "literacy",
    "preferences": "wishes", "preference": "wishes", "wish": "wishes", "accepted": "has", "in_use": "has",
}  # fmt: skip
# words for a fact that has another name, and what their values mean there
MEANS = {
    "interpreter": ("danish", {"yes": "no", "no": "yes"}),
    "hearing_loss": ("hearing", {"yes": "no", "no": "yes"}),
    "digital_post": ("digital_post_exempt", {"yes": "no", "no": "yes"}),
    "care_home": ("housing", {"yes": "care_home", "no": "unknown"}),
    "homeless": ("housing", {"yes": "homeless", "no": "unknown"}),
    "pregnant": ("pregnant_week", {"yes": "1", "no": "0"}),  # at least the first week
    "mobility": ("transport", {"poor": "no", "reduced": "no", "no": "no", "ok": "yes", "good": "yes", "yes": "yes"}),
}
SAID = {
    "housing": {"rented": "own", "flat": "own", "house": "own", "yes": "own", "none": "homeless", "no": "homeless",
                "shelter": "homeless", "street": "homeless", "nursing_home": "care_home", "botilbud": "supported"},
    "inpatient": {"yes": "somatic", "medical": "somatic", "surgical": "somatic", "psychiatry": "psychiatric"},
    "network": {"yes": "some", "no": "none", "good": "close", "family": "close"},
    "cognition": {"yes": "ok", "good": "ok", "normal": "ok", "no": "reduced", "poor": "reduced",
                  "impaired": "reduced", "low": "reduced"},
    "smoker": {"yes": "daily", "no": "never", "ex": "former"},
    "sex": {"female": "f", "woman": "f", "male": "m", "man": "m"},
    "nyha": {"I": "1", "II": "2", "III": "3", "IV": "4"},
}  # fmt: skip
CONDITIONS = {
    "heart_failure": "hf", "atrial_fibrillation": "af", "ischaemic_heart_disease": "ihd", "kidney_disease": "ckd",
    "chronic_kidney_disease": "ckd", "type_1_diabetes": "t1d", "type_2_diabetes": "t2d", "anxiety": "mood_anxiety",
}  # fmt: skip
ABLE = {"hearing", "literacy", "danish", "transport", "self_measures", "tablet", "phone", "group_ok", "stands_full_day"}
TRUTHS = dict.fromkeys(("yes", "true", "ja"), True) | dict.fromkeys(("no", "false", "nej"), False)
ABILITY = dict.fromkeys(("ok", "good", "normal"), True) | dict.fromkeys(("poor", "low", "bad", "reduced"), False)
UNSAID = {"unknown", "?", "not known", "not recorded"}
WAIST = {"m": 102, "f": 88}  # cm, abdominal obesity: the metabolic syndrome, NCEP ATP III (RECALL-unverified)
RISKS = {
    "low": 0.03, "middle": 0.12, "medium": 0.12, "moderate": 0.12, "high": 0.35, "very high": 0.5, "very_high": 0.5,
    "highest": 0.5,
}  # fmt: skip
MEASURED = {"bmi", "height", "weight", "egfr", "ldl", "bp"}  # may be told; no rule asks for them
NO_FACT = {"lookup", "today", "declined", "wishes", "has", "drugs", *MEASURED}  # keys that are no fact of their own
CENTIMETRES = re.compile(r"(\d+(?:\.\d+)?) ?(?:cm)?")


def name_of(written: str) -> str:
    """Return the fact that a key is about."""
    key = written.removesuffix("?")
    return MEANS[key][0] if key in MEANS else _named(key)


def _named(key: str) -> str:
    year = re.sub(r"_(12m|1y)$", "_365d", key)
    return KEYS.get(key, year if year in WORDS else key)


def meant(key: str, told: str) -> str:
    """Return a value in the words of its fact."""
    if key not in MEANS or told in UNSAID:
        return told
    means = MEANS[key][1]
    if told not in means:
        raise ValueError(f"{key} is {', '.join(means)} or unknown, got {told!r}")
    return means[told]


def check_named(what: str, name: str, *names: Iterable[str]) -> None:
    """Raise ValueError for a name that is none of these, with the nearest that is."""
    every = {one for some in names for one in some}
    if name not in every:
        near = difflib.get_close_matches(name, sorted(every), n=1)
        raise ValueError(f"no such {what} {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))


def listed(written: str) -> list[str]:
    """Return what is written with commas between, each by itself."""
    return [one.strip().removesuffix("+") for one in written.split(",") if one.strip()]


def over_limit(waist: float, facts: Mapping[str, str]) -> bool | None:
    """Return whether a waist in cm is above the limit for the person's sex; None where it takes the sex to tell."""
    sex = next((SAID["sex"].get(told, told) for key, told in facts.items() if name_of(key) == "sex"), None)
    over = {waist >= limit for one, limit in WAIST.items() if sex not in WAIST or sex == one}
    return over.pop() if len(over) == 1 else None


def value_of(name: str, value: str, day: date, own: Mapping[str, Any]) -> Any:
    """Return a written value of a fact as the fact's kind asks; days are counted to the day that is told."""
    kind = own.get(name) or (WORDS[name].kind if name in WORDS else "set")
    value = SAID.get(name, {}).get(value, value)
    if kind == "flag":
        means = TRUTHS | ABILITY if name in ABLE else TRUTHS
        if value not in means:
            raise ValueError(f"fact {name} is yes, no or unknown, got {value!r}")
        return means[value]
    if kind == "set":
        return listed(value)
    if kind == "word":
        return value
    try:
        if kind == "days":
            return (
                value if value == "never" else (day - date.fromisoformat(value)).days if "-" in value else float(value)
            )
        if kind == "share":
            return RISKS[value] if value in RISKS else float(value.removesuffix("%")) / (100 if "%" in value else 1)
        return float(value)
    except ValueError:
        asked = {"days": "a day (YYYY-MM-DD), a number of days or never", "share": f"a share or {', '.join(RISKS)}"}
        raise ValueError(f"fact {name} is {asked.get(kind, 'a number')}, got {value!r}") from None
