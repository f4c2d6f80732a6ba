"""Returns what every answer says of itself, in Danish and English."""

from __future__ import annotations

from service.schemas import Words

OVERSIGHT = Words(
    da="Beslutningsstøtte: klinikeren og patienten beslutter. En risiko siger, hvem der er udsat, ikke hvem der har"
    " gavn af et tilbud.",
    en="Decision support: the clinician and the patient decide. A risk says who is at risk, not who will benefit from"
    " an offer.",
)
READING = Words(
    da="Grundene viser, hvad modellen har læst: de forudsiger og forklarer ikke årsagen. At noget kan ændres, siger"
    " ikke, hvor meget risikoen falder, hvis det bliver ændret.",
    en="Reasons show what the model has read: they predict, and do not explain the cause. That something can be changed"
    " does not say how far the risk falls if it is.",
)
NO_ADVICE = Words(
    da="Der er intet råd for denne person her. Det siger intet om personens risiko.",
    en="There is no advice for this person here. That says nothing about the person's risk.",
)
