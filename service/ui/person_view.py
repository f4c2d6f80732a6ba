"""Returns what the page of one person shows, in the order it is read: what matters now, offers, what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from service.answers import answer
from service.choices import today
from service.own_words import Spoken
from service.schemas import Axis, Chosen, Found, Peers, Reason, Risk
from service.served import Row, Served
from service.told_facts import ToldFact
from service.ui.person_past import history_told, timeline_told
from service.ui.person_words import asks_of, fact_word, label_of, offer_told, options_of, said
from service.ui.wording import UiWords
from stratify.care.facts import WORDS
from stratify.catalogue import Catalogue
from stratify.charts import icons

NO_MODEL = "model_"  # how what is missing begins where it is a model
DEATH = "death"  # the event of a card whose risk nobody meets unasked
OF_DEATH = [word for name, word in WORDS.items() if name.startswith("risk_death")]
FIRST_OFFERS, FIRST_ASKS = 3, 3
MOST_REASONS = 5
CHANGEABLE = {"yes": 0, "partly": 1, "unknown": 2, "no": 3}
SECOND = "acute_somatic_admission_365d"
MAIN = "acute_admission_365d"  # whose reasons are told on the page
OWN = ("goal", "strength")
GROUPS = ("agreed", "duty", "suitable", "bridge", "ask", "declined", "no")


def person_view(served: Served, row: Row, words: UiWords) -> dict[str, Any]:
    """Return everything the page shows of somebody who is known. Raises BundleError."""
    found = answer(served, row)
    assert isinstance(found, Found)
    catalogue, facts = served.care.catalogue, row.stored.facts
    weighed_on = row.day or served.care.day
    goals = [one.text for one in row.words if one.kind == "goal"]
    offers = [offer_told(one, facts, catalogue, words, weighed_on, today(), goals) for one in found.offers]
    grouped = [(told, _group(told, one.accepted_on)) for told, one in zip(offers, found.offers, strict=True)]
    groups = {group: [told for told, of in grouped if of == group] for group in GROUPS}
    ready = [*groups["duty"], *(told for told, of in grouped if of in ("suitable", "bridge"))]
    asks = asks_of(found.offers, catalogue, words)
    past, scored = served.past(row.name), date.fromisoformat(found.scored_on)
    return {
        "who": _who(facts, words),
        "about": _about(facts, words),
        "need": [axis_told(one, catalogue, words) for one in (found.stratum.need, found.stratum.resources)],
        "due": sorted((one for one in offers if one["left"] is not None), key=lambda one: one["left"])[:3],
        "safety": [
            {
                "name": said(one.name, words),
                "advice": _begun(said(one.advice, words)),
                "why": [said(why, words) for why in one.why],
                "source": one.source,
            }
            for one in found.safety
        ],
        "first_offers": ready[:FIRST_OFFERS],
        "more_offers": max(len(ready) - FIRST_OFFERS, 0),
        "asks": asks,
        "first_asks": sorted(asks, key=lambda one: bool(one["number"]))[:FIRST_ASKS],
        "gaps": [said(one.text, words) for one in found.missing if not one.id.startswith(NO_MODEL)],
        "no_models": [said(one.text, words) for one in found.missing if _untold(one.id)],
        "risks": [risk_told(one, served, words) for one in _in_order(found.risks) if not is_death(one, served)],
        "history": history_told(past, found.risks, scored, words),
        "timeline": timeline_told(past, found.conditions, scored, catalogue, words),
        "reasons": reasons_told(found, words),
        "has_death": any(is_death(one, served) for one in found.risks),
        "reading": said(found.reading, words),
        "conditions": [said(catalogue.conditions[key].name, words) for key in found.conditions],
        "groups": groups,
        "not_indicated": found.not_indicated,
        "not_asked": found.not_asked,
        "rights": [said(one, words) for one in found.rights],
        "said": [choice_told(one, catalogue, words) for one in found.choices],
        "told": [fact_told(one, catalogue, words) for one in row.facts],
        "words": {kind: [spoken_told(one, words) for one in row.words if one.kind == kind] for kind in OWN},
        "wishes": _wishes(found.choices, catalogue, words),
        "data_to": words.day(found.data_as_of),
        "scored_on": words.day(found.scored_on),
        "old": (today() - date.fromisoformat(found.data_as_of)).days,
    }


def is_death(risk: Risk, served: Served) -> bool:
    """Return whether a risk is of death."""
    return bool(served.bundle.cards[risk.model_key].get("event") == DEATH)


def _in_order(risks: Sequence[Risk]) -> list[Risk]:
    """Return the risk that the page leans on first."""
    return sorted(risks, key=lambda one: (one.outcome != MAIN, one.outcome != SECOND))


def risk_told(risk: Risk, served: Served, words: UiWords) -> dict[str, Any]:
    """Return one risk as so many of a hundred people and the others, with its picture."""
    name = said_of(served.bundle.cards[risk.model_key]["name"], words)
    count = round(100 * risk.risk)
    happens = words.named("person_happens", risk.outcome)
    does_not = words.named("person_does_not", risk.outcome)
    if happens == risk.outcome:
        happens, does_not = words("person/happens"), words("person/does_not")
    told = "few" if count == 0 else "most" if count == 100 else "some"
    lines = (
        words(f"person/risk_{told}", n=str(count), happens=happens),
        words(f"person/rest_{told}", n=str(100 - count), does_not=does_not),
    )
    picture = icons(
        count,
        name,
        (happens, does_not),
        head=(words("person/icons_head"), words("person/icons_of")),
        told=" ".join(lines),
        tongue=words.tongue,
    )
    among = said_of(served.bundle.cards[risk.model_key]["population"]["name"], words)
    told_beside = [line for line in (peers_told(risk.peers, words), interval_told(risk.interval, words)) if line]
    return {"outcome": risk.outcome, "name": name, "lines": lines, "picture": picture, "among": among,
            "beside": told_beside}  # fmt: skip


def peers_told(peers: Peers | None, words: UiWords) -> str | None:
    """Return how many of a hundred people of the same age and sex have it, or None where that is not known."""
    if peers is None:
        return None
    ages = "person/ages" if peers.age_to is not None else "person/ages_open"
    years = words(ages, low=str(peers.age_from), high=str(peers.age_to))
    return words("person/peers", whom=words(f"person/peers_{peers.sex}"), years=years, n=of_hundred(peers.risk, words))


def interval_told(interval: Sequence[float] | None, words: UiWords) -> str | None:
    """Return between which two of a hundred it happened to held-out people, or None where that is not known."""
    if interval is None:
        return None
    low, high = (str(round(100 * end)) for end in interval)
    return words("person/interval", n=low if low == high else f"{low}–{high}")


def of_hundred(share: float, words: UiWords) -> str:
    """Return a share as so many of a hundred, never as none of them or all."""
    count = round(100 * share)
    return words("person/fewer_than_1") if count == 0 else words("person/more_than_99") if count == 100 else str(count)


def said_of(told: Mapping[str, str], words: UiWords) -> str:
    """Return a card's text in a page's language."""
    return str(told[words.code])


def reasons_told(found: Found, words: UiWords) -> list[dict[str, Any]]:
    """Return what the estimate of an acute admission leans on most, what can be changed first."""
    outcome = MAIN if MAIN in found.reasons else next(iter(found.reasons), None)
    heaviest: Sequence[Reason] = found.reasons[outcome][:MOST_REASONS] if outcome else ()
    return [
        {
            "name": said(one.group, words),
            "up": one.direction == "+",
            "change": words(f"person_change/{one.modifiable}"),
            "why": said(one.why, words),
            "columns": [said(column.label, words) for column in one.columns[:3]],
        }
        for one in sorted(heaviest, key=lambda one: CHANGEABLE[one.modifiable])
    ]


def choice_told(choice: Chosen, catalogue: Catalogue, words: UiWords) -> dict[str, Any]:
    """Return a choice in force: of what, what was said, by whom it was written down and when."""
    known = catalogue.offers.get(choice.offer or "") or catalogue.preferences.get(choice.preference or "")
    return {
        "offer": choice.offer,
        "name": _begun(said(known.name, words)).rstrip(".") if known else choice.offer or choice.preference,
        "decision": words(f"person_decision/{choice.decision}"),
        "until": None if choice.until is None else words.day(choice.until),
        "reason": choice.reason,
        "on": words.day(choice.said_on[:10]),
        "user": choice.user,
        "role": ", ".join(words.named("roles", role) for role in choice.role.split(",")),
    }


def fact_told(one: ToldFact, catalogue: Catalogue, words: UiWords) -> dict[str, Any]:
    """Return a fact that was told here: its name, the answer, by whom it was written down and when."""
    word = fact_word(catalogue, one.fact)
    if isinstance(one.value, bool):
        value = words("person/yes") if one.value else words("person/no")
    elif isinstance(one.value, str):
        value = dict(options_of(word, words)).get(one.value, one.value)
    else:
        value = words.tongue.plain(one.value or 0.0)
    role = ", ".join(words.named("roles", role) for role in one.role.split(","))
    line = words("person/told_line", value=value, day=words.day(one.said_on.date()), user=one.user, role=role)
    return {"fact": one.fact, "label": label_of(word, words), "line": line}


def spoken_told(one: Spoken, words: UiWords) -> dict[str, Any]:
    """Return a person's own words, by whom they were written down and when."""
    role = ", ".join(words.named("roles", role) for role in one.role.split(","))
    return {
        "text": one.text,
        "by": words("person/said_by", day=words.day(one.said_on.date()), user=one.user, role=role),
    }


def _wishes(choices: Sequence[Chosen], catalogue: Catalogue, words: UiWords) -> list[dict[str, Any]]:
    wished = {one.preference for one in choices if one.decision == "wish"}
    return [
        {"id": key, "name": said(one.name, words), "wished": key in wished}
        for key, one in catalogue.preferences.items()
    ]


def _untold(gap: str) -> bool:
    """Return whether a gap is that of a model, and not of the one that nobody meets unasked."""
    return gap.startswith(NO_MODEL) and not gap.removeprefix(NO_MODEL).startswith(DEATH)


def _group(told: Mapping[str, Any], accepted_on: str | None) -> str:
    if told["reason"] == "declined":
        return "declined"
    if told["reason"] == "in_use" or (accepted_on is not None and told["open"]):
        return "agreed"
    return str(told["answer"]) if told["open"] else "no"


def axis_told(axis: Axis, catalogue: Catalogue, words: UiWords) -> dict[str, Any]:
    """Return a person's place on an axis and why; what rests on the risk of death is left out, and that is said."""
    shown = [one for one in axis.why if not any(word.da in one.da for word in OF_DEATH)]
    why = [said(one, words) for one in shown]
    if len(shown) < len(axis.why):
        why.append(words("person/not_every_reason"))
    return {"name": said(catalogue.strata[axis.id].name, words), "why": why}


def _who(facts: Mapping[str, Any], words: UiWords) -> str:
    """Return sex and age, as far as they are known."""
    word, sex, age = WORDS["sex"], facts.get("sex"), facts.get("age")
    told = word.da_words if words.code == "da" else word.en_words
    name = told[word.words.index(sex)].capitalize() if isinstance(sex, str) and sex in word.words else ""
    years = words("person/years", n=f"{age:.0f}") if isinstance(age, int | float) else ""
    return ", ".join(part for part in (name, years) if part) or words("person/person")


def _about(facts: Mapping[str, Any], words: UiWords) -> list[str]:
    lines = [facts["municipality"]] if isinstance(facts.get("municipality"), str) else []
    for fact in ("n_conditions", "n_drugs"):
        n = facts.get(fact)
        if isinstance(n, int | float):
            lines.append(words(f"person/{fact}", n=f"{n:.0f}"))
    return [str(one) for one in lines]


def _begun(text: str) -> str:
    """Return a text that begins a line."""
    line = text[:1].upper() + text[1:]
    return line if line.endswith(".") else f"{line}."
