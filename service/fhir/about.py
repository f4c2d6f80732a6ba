"""Returns whom an answer is about, in which language, and ids that lead nobody back to a person.

An id is a keyed digest of what the resource was made from: the same assessment always has the same id, another model or
newer data another one. Without the key nobody can tell which ids are one person's, nor lead one back to the pseudonym
in the audit log. The key is derived from the pseudonym key, for this alone.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from service.cds_hooks.words import Language
from service.fhir.systems import ACT_REASON
from service.fhir.types import Coding, Identifier, Meta, Reference
from service.identifiers import CPR_SYSTEM
from service.schemas import Words

PURPOSE = b"stratify: ids of FHIR resources"
APART = "\x1f"  # a control character, which no part of an id's making has
MADE_UP = Meta(security=[Coding(system=ACT_REASON, code="HTEST", display="test health data")])


class Ids:
    """Makes ids with a key of this work folder."""

    def __init__(self, key: bytes) -> None:
        self._key = HKDF(hashes.SHA256(), 32, None, PURPOSE).derive(key)

    def of(self, *parts: str) -> str:
        """Return the id of what was made from these parts: a UUID of version 8, which says nothing of itself."""
        raw = bytearray(hmac.digest(self._key, APART.join(parts).encode(), hashlib.sha256)[:16])
        raw[6], raw[8] = raw[6] & 0x0F | 0x80, raw[8] & 0x3F | 0x80
        return str(UUID(bytes=bytes(raw)))


@dataclass(frozen=True)
class About:
    """A person by the identifier they were asked for by, and by pseudonym; the language; whether they are made up."""

    system: str
    identifier: str = field(repr=False)
    name: str = field(repr=False)
    ids: Ids = field(repr=False)
    language: Language
    made_up: bool

    @property
    def subject(self) -> Reference:
        """The person, by the identifier that was sent: there is no Patient here to lead to."""
        use = "official" if self.system == CPR_SYSTEM else None
        return Reference(type="Patient", identifier=Identifier(use=use, system=self.system, value=self.identifier))

    @property
    def meta(self) -> Meta | None:
        """The mark of test data on people who are made up."""
        return MADE_UP if self.made_up else None

    def id_of(self, *parts: str) -> str:
        """Return the id of something of this person's."""
        return self.ids.of(*parts, self.name)

    def say(self, words: Words) -> str:
        """Return words in the language."""
        return said(words, self.language)


def said(words: Words, language: Language) -> str:
    """Return words in a language."""
    return words.da if language == "da" else words.en


def listed(parts: Iterable[str], joined: str) -> str:
    """Return parts as one text, the last one joined by a word.

    >>> listed(["a", "b", "c"], "og"), listed(["a"], "og")
    ('a, b og c', 'a')
    """
    every = list(parts)
    return every[0] if len(every) == 1 else f"{', '.join(every[:-1])} {joined} {every[-1]}"
