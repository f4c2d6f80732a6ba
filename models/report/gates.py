"""The gates of a model as a table, told in the language of the page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape

from models.report.html import heading, table
from models.report.words import Words

# models/gates.py tells in English; here is all it says, in Danish.
DANISH = (
    (r"^intended use$", "erklæret brug"),
    (r"^a spec of its own$", "en opskrift for sig"),
    (r"^declared$", "erklæret"),
    (r"^for study alone$", "kun til undersøgelse"),
    (r"^slope$", "hældning"),
    (r"^intercept$", "afvigelse på log-odds"),
    (r"^subgroups$", "grupper"),
    (r"^ici$", "ICI"),
    (r"^net benefit at ", "nettogevinst ved "),
    (r"^O/E within ", "observeret/forventet inden for "),
    (r"not below the champion's", "ikke under den nuværende models"),
    (r"not above the champion's by ", "ikke over den nuværende models med "),
    (r"too few to tell", "for få til at sige"),
    (r"(\d+) of (\d+) plainly within", r"\1 af \2 klart inden for"),
    (r"(?<=\d) to (?=[-+−\d])", " til "),
    (r"(?<=\d)\.(?=\d)", ","),
    (r"(?<![\w-])-(?=\d)", "−"),
)


def gates_table(words: Words, gates: Sequence[Mapping[str, str]]) -> str:
    """Return every gate with what was asked, what was found, and the verdict; undecided groups are folded away."""
    folded = [gate for gate in gates if gate["id"].startswith("subgroup ") and gate["verdict"] == "undecided"]
    whole = _table(words, [gate for gate in gates if gate not in folded])
    if folded:
        summary = escape(words("gates/folded", n=str(len(folded))))
        whole += f"<details><summary>{summary}</summary>{_table(words, folded)}</details>"
    return heading("gates", words("gates/title"), small=True) + whole


def _table(words: Words, gates: Sequence[Mapping[str, str]]) -> str:
    rows = [
        [
            escape(_capital(told(words, gate["id"]))),
            escape(told(words, gate["asked"])),
            escape(told(words, gate["found"])),
            f'<span class="verdict {gate["verdict"]}">{escape(words("gates/" + gate["verdict"]))}</span>',
        ]
        for gate in gates
    ]
    head = [words(f"gates/{key}") for key in ("gate", "asked", "found", "verdict")]
    return table(head, rows, style="gates", names=4)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def told(words: Words, english: str) -> str:
    """Return what a gate says in the language of the page.

    >>> told(Words("da"), "subgroup age = 85+"), told(Words("da"), "0.92 (0.84 to 0.99)")
    ('Alder: 85+', '0,92 (0,84 til 0,99)')
    """
    subgroup = re.fullmatch(r"subgroup (\S+) = (.+)", english)
    if subgroup is not None:
        return f"{words.named('factors', subgroup[1])}: {words.named('levels', subgroup[2])}"
    if words.code == "da":
        for pattern, danish in DANISH:
            english = re.sub(pattern, danish, english)
    return english
