"""The Danish patient register's tables from a year of contacts: LPR2, its psychiatric twin, and LPR_A.

Contacts change generation on 2019-02-03. Those begun before lie in LPR2, somatic (`lpr_adm`, `lpr_diag`, `lpr_sksopr`)
apart from psychiatric (`t_psyk_adm`, `t_psyk_diag`); those begun since lie in `lpr_a_kontakt` and `lpr_a_diagnose`,
which also hold copies of some older contacts, marked `lprindberetningssystem` = LPR2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.synthesis.calendar import DAY, day_number
from pipelines.synthesis.codes import Codes
from pipelines.synthesis.contacts import CHANGE, EMERGENCY, INPATIENT, OUTPATIENT
from pipelines.synthesis.diagnoses import ADDITION, KINDS
from pipelines.synthesis.parameters import Parameters
from pipelines.synthesis.scene import Rows
from pipelines.synthesis.streams import unit
from pipelines.synthesis.write import Columns, dates, digits, moments, people_column, words

COPIES_FROM = day_number(date(2017, 1, 1))
NO_EMERGENCY_TYPE = day_number(date(2014, 1, 1))  # from here on emergency contacts are acute outpatient ones in LPR2
SCRAMBLE, KEYS = 3_999_971, 10**18  # keys of contacts are no running numbers: an odd multiple, modulo a power of ten
PER_YEAR = 512  # contacts a person may have in a year
REASONS = ("ALCC01", "ALCC02")


class Lpr:
    """The tables of one shard and year; `contacts` and `found` (diagnoses) are in the order of the shard's people."""

    def __init__(
        self, contacts: Rows, found: Rows, pnr: pa.Array, towns: NDArray[np.int16], codes: Codes, given: Parameters,
        end_of_data: int, delivered: int, quirks: frozenset[str],
    ) -> None:  # fmt: skip
        self.pnr, self.codes, self.given = pnr, codes, given
        self.quirks, self.delivered, self.towns = quirks, delivered, towns
        bits, end = contacts["bits"], contacts["end"]
        closed = end // DAY <= end_of_data
        late = (end // DAY > end_of_data - 30) & (unit(bits, 24) < given.care.quirks.open_contacts)
        self.open = ~closed | (late & ("open_contacts" in quirks))
        delay = -np.log1p(-unit(bits, 25)) * given.care.delay["lpr"]
        reported = np.where(self.open, contacts["start"] // DAY + 1, end // DAY) + delay
        withdrawn = end // DAY + 30 + np.floor(unit(bits, 26) * 330)
        self.there = (reported <= delivered) | ("late_rows" not in quirks)
        self.there &= contacts["start"] // DAY <= end_of_data
        self.there &= ~contacts["withdrawn"] | ((withdrawn > delivered) & ("corrections" in quirks))
        self.contacts, self.found = contacts, found
        self.new = contacts["start"] // DAY >= CHANGE
        roles = {each.role: place for place, each in enumerate(given.care.specialty)}
        chapters = {f"D{start}": place for place, each in enumerate(given.care.specialty) for start in each.chapters}
        chapter = _by_beginning(codes.vocabulary, chapters, roles["general"])
        special = chapter[contacts["code"]]
        special = np.where((special == roles["emergency"]) & ~contacts["acute"], roles["general"], special)
        special = np.where(contacts["psychiatric"], roles["psychiatry"], special)
        self.specialty = np.where(contacts["setting"] == EMERGENCY, roles["emergency"], special)
        self.specialties = [each.name for each in given.care.specialty]
        self.units = [*(each.code for each in given.places.hospital), *self._psychiatry()]
        self.unit = contacts["hospital"] + np.where(contacts["psychiatric"], len(given.places.hospital), 0)
        right = (found["corrected"] == 0) | (found["corrected"] <= delivered) | ("corrections" not in quirks)
        code = np.where(right, found["code"], found["wrong"])
        self.code = code if "suffix_letters" in quirks else codes.plain[code]
        self.action = contacts["code"] if "suffix_letters" in quirks else codes.plain[contacts["code"]]

    def tables(self) -> dict[str, Columns]:
        """Return the columns of each table that has rows in this year."""
        found: dict[str, Columns] = {}
        old = self.there & ~self.new & ~self.contacts["missed"]  # LPR2 has no word for who did not come
        psychiatric = self.contacts["psychiatric"]
        if (self.contacts["start"] // DAY < CHANGE).any():
            found |= self._lpr2(old & ~psychiatric, psychiatric=False) | self._lpr2(old & psychiatric, psychiatric=True)
        copied = old & (self.contacts["start"] // DAY >= COPIES_FROM) & ("overlap" in self.quirks)
        copied &= unit(self.contacts["bits"], 27) < self.given.care.quirks.overlap
        if (self.new | copied).any():
            found |= self._lpr_a((self.there & self.new) | copied)
        return found

    def both_generations(self) -> dict[str, Columns]:
        """Return the columns of every table, with or without rows."""
        old, psychiatric = self.there & ~self.new, self.contacts["psychiatric"]
        found = self._lpr2(old & ~psychiatric, psychiatric=False) | self._lpr2(old & psychiatric, psychiatric=True)
        return found | self._lpr_a(self.there & self.new)

    def _psychiatry(self) -> list[str]:
        """The psychiatric department that serves each hospital's people."""
        return [next(unit.code for unit in self.given.places.psychiatry if hospital.id in unit.hospitals)
                for hospital in self.given.places.hospital]  # fmt: skip

    def _keys(self, rows: NDArray[np.int64]) -> pa.Array:
        return digits(_scrambled(self.contacts["key"][rows]), 18)

    def _towns(self, rows: NDArray[np.int64]) -> pa.Array:
        names = [town.code for town in self.given.places.municipality]
        return words(self.towns[self.contacts["person"][rows]], names)

    def _lpr2(self, chosen: NDArray[np.bool_], *, psychiatric: bool) -> dict[str, Columns]:
        rows = np.flatnonzero(chosen)
        start, end = self.contacts["start"][rows], self.contacts["end"][rows]
        specialty = self.specialty[rows]
        setting = self.contacts["setting"][rows]
        setting = np.where((setting == EMERGENCY) & (start // DAY >= NO_EMERGENCY_TYPE), OUTPATIENT, setting)
        contacts = {
            "v_cpr" if psychiatric else "pnr": people_column(self.pnr, self.contacts["person"][rows]),
            "k_recnum" if psychiatric else "recnum": self._keys(rows),
            "d_inddto": dates(start // DAY),
            "d_uddto": dates(end // DAY, self.open[rows]),
            "v_indtime": pa.array((start % DAY // 60).astype(np.int16), pa.int16()),
            "v_indminut": pa.array((start % 60).astype(np.int16), pa.int16()),
            "c_adiag": words(self.action[rows], self.codes.vocabulary),
            "c_pattype": words(setting, ["0", "1", "2", "3"]),
            "c_indm": words(np.where(self.contacts["acute"][rows], 0, 1), ["1", "2"]),
            "c_spec": words(specialty, [each.code for each in self.given.care.specialty]),
            "c_sgh": words(self.unit[rows], self.units),
            "c_afd": words(specialty, [f"{10 * place + 10:03d}" for place in range(len(self.specialties))]),
            "c_kom": self._towns(rows),
        }
        of_these = np.flatnonzero(chosen[self.found["row"]] & ~self.found["refuted"])
        row = self.found["row"][of_these]
        diagnoses = {
            "v_recnum" if psychiatric else "recnum": self._keys(row),
            "c_diag": words(self.code[of_these], self.codes.vocabulary),
            "c_diagtype": words(self.found["kind"][of_these], KINDS),
        }
        if psychiatric:
            return {"t_psyk_adm": contacts, "t_psyk_diag": diagnoses}
        return {"lpr_adm": contacts, "lpr_diag": diagnoses, "lpr_sksopr": self._procedures(rows)}

    def _procedures(self, rows: NDArray[np.int64]) -> Columns:
        """One operation at contacts whose code has one: at planned stays, and some acute and outpatient ones."""
        rule, c, vocabulary = self.given.care.procedures, self.contacts, self.codes.vocabulary
        places = {prefix: place for place, prefix in enumerate(rule.of)}
        of_code = _by_beginning(vocabulary, places, -1)
        always = np.array([code.startswith(rule.always) for code in vocabulary])
        setting, acute, code = c["setting"][rows], c["acute"][rows], c["code"][rows]
        share = np.where(acute & ~always[code], rule.acute, 1.0)
        share = np.where(setting == INPATIENT, share, np.where(setting == OUTPATIENT, rule.outpatient, 0.0))
        moved = np.zeros(len(rows), bool)  # goes on at another hospital with what the first one operated
        same = (np.diff(c["person"][rows]) == 0) & (code[1:] == code[:-1])
        moved[1:] = same & acute[1:] & (c["start"][rows][1:] - c["end"][rows][:-1] < DAY)
        done = rows[(of_code[code] >= 0) & (unit(c["bits"][rows], 28) < share) & ~moved]
        bits, day, group = c["bits"][done], c["start"][done] // DAY, of_code[c["code"][done]]
        written = [procedure for some in rule.of.values() for procedure in some]
        counts = np.array([len(some) for some in rule.of.values()])
        which = (np.cumsum(counts) - counts)[group] + np.floor(unit(bits, 29) * counts[group]).astype(np.int64)
        return {
            "recnum": self._keys(done),
            "c_opr": words(which, written),
            "c_oprart": words(np.zeros(len(done), int), ["P"]),
            "d_odto": dates(day),
            "c_osgh": words(self.unit[done], self.units),
        }

    def _lpr_a(self, chosen: NDArray[np.bool_]) -> dict[str, Columns]:
        rows = np.flatnonzero(chosen)
        c = {name: values[rows] for name, values in self.contacts.items()}
        unfinished, specialty = self.open[rows], self.specialty[rows]
        virtual = c["virtual"] & (c["setting"] == OUTPATIENT)
        reason = np.where(c["acute"] & ~c["psychiatric"] & ~virtual, 0, -1)
        injured = np.array([code[1] in "ST" for code in self.codes.vocabulary])[c["code"]]
        ended = np.where(unfinished, -1, np.where(c["missed"], 1, np.where(c["died"] | c["dead"], 2, 0)))
        at = [f"{unit}{place:02d}" for unit in self.units for place in range(len(self.specialties))]
        of_course = _scrambled(self.contacts["key"][rows] // PER_YEAR)  # the person's course of the year
        contacts = {
            "pnr": people_column(self.pnr, c["person"]),
            "dw_ek_kontakt": self._keys(rows),
            "dw_ek_forloeb": digits(of_course, 18),
            "kont_starttidspunkt": moments(c["start"]),
            "kont_sluttidspunkt": moments(c["end"], unfinished),
            "kont_type": words(np.where(c["dead"], 2, virtual), ["ALCA00", "ALCA03", "ALCA10"]),
            "kont_patient_type": words(
                np.where(c["setting"] == INPATIENT, 0, np.where(c["acute"], 2, 1)),
                ["Indlæggelse", "Ambulant", "Akut ambulant"],
            ),
            "prioritet": words(np.where(c["acute"], 0, 1), ["ATA1", "ATA3"]),
            "kont_aarsag": words(np.where((reason == 0) & injured, 1, reason), REASONS),
            "kont_ans": words(self.unit[rows] * len(self.specialties) + specialty, at),
            "kont_ans_inst": words(self.unit[rows], self.units),
            "kont_ans_hovedspec": words(specialty, self.specialties),
            "adiag": words(self.action[rows], self.codes.vocabulary),
            "borger_bo_kom": self._towns(rows),
            "flag_kont_afsluttet": words(unfinished.astype(int), ["Ja", "Nej"]),
            "kont_afslutningsmaade": words(ended, ["ALAC50", "ALAC60", "ALAC70"]),
            "lprindberetningssystem": words(self.new[rows].astype(int), ["LPR2", "LPR3"]),
        }
        found = self.found
        keep = chosen[found["row"]] & (~found["refuted"] | (self.new[found["row"]] & ("refuted" in self.quirks)))
        of_these = np.flatnonzero(keep)
        row, refuted = found["row"][of_these], found["refuted"][of_these]
        blank = (unit(found["bits"][of_these], 33) < self.given.care.quirks.blank_refuted) & ~refuted
        blank &= "refuted" in self.quirks
        parent = np.where(found["kind"][of_these] == ADDITION, self.action[row].astype(int), -1)
        diagnoses = {
            "dw_ek_kontakt": self._keys(row),
            "diag_kode": words(self.code[of_these], self.codes.vocabulary),
            "diag_kode_type": words(found["kind"][of_these], KINDS),
            "diag_parent_kode": words(parent, self.codes.vocabulary),
            "senere_afkraeftet": words(np.where(refuted, 1, np.where(blank, -1, 0)), ["Nej", "Ja"]),
        }
        return {"lpr_a_kontakt": contacts, "lpr_a_diagnose": diagnoses}


def _by_beginning(codes: Sequence[str], places: Mapping[str, int], other: int) -> NDArray[np.int64]:
    """Return for each code the place of the longest beginning that it has, or `other`."""
    longest = [max((start for start in places if code.startswith(start)), key=len, default=None) for code in codes]
    return np.array([other if start is None else places[start] for start in longest])


def _scrambled(key: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return keys that are no running numbers, distinct for distinct ones."""
    with np.errstate(over="raise"):
        return (key.astype(np.uint64) * np.uint64(SCRAMBLE) % np.uint64(KEYS)).astype(np.int64)
