"""The words of a quality target's report, in Danish and in English."""

from __future__ import annotations

from typing import Literal

Language = Literal["da", "en"]
WORDS: dict[Language, dict[str, str]] = {
    "da": {
        "met": "Nået", "not_met": "Ikke nået", "undecided": "For få til at sige det",
        "no_standard": "Intet aftalt niveau", "not_measurable": "Kan ikke måles",
        "unknown": "Ukendt", "numerator": "Tæller", "denominator": "Nævner",
        "masked": "få mennesker: tallet vises ikke",
        "unmeasured": "kan ikke måles i disse data",
        "immature": "perioden er ikke klar endnu",
        "share": "{numerator} af {denominator}; ukendt for {unknown}",
        "rate": "{numerator} på {denominator} leveår; ukendt for {unknown}",
        "ratio": "{numerator} mod {denominator} ventede",
        "interval": "mellem {low} og {high}{per}",
        "standard": "Aftalt niveau: {standard}{per}",
        "per": " pr. 1.000 leveår",
        "years": "leveår", "expected": "ventede",
    },
    "en": {
        "met": "Met", "not_met": "Not met", "undecided": "Too few to tell",
        "no_standard": "No agreed level", "not_measurable": "Cannot be measured",
        "unknown": "Unknown", "numerator": "Numerator", "denominator": "Denominator",
        "masked": "few people: the number is not shown",
        "unmeasured": "cannot be measured in these data",
        "immature": "the period is not ready yet",
        "share": "{numerator} of {denominator}; unknown for {unknown}",
        "rate": "{numerator} over {denominator} years lived; unknown for {unknown}",
        "ratio": "{numerator} against {denominator} expected",
        "interval": "between {low} and {high}{per}",
        "standard": "Agreed level: {standard}{per}",
        "per": " for 1,000 years lived",
        "years": "years lived", "expected": "expected",
    },
}  # fmt: skip
