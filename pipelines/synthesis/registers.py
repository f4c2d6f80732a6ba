"""The shape of each register table: which columns a year of people, contacts, drugs and tests becomes.

Hospital contacts change generation on 2019-02-03. Those begun before lie in LPR2, somatic (`lpr_adm`, `lpr_diag`) apart
from psychiatric (`t_psyk_adm`, `t_psyk_diag`); those begun since lie in `lpr_a_kontakt` and `lpr_a_diagnose`, which
also hold copies of some older contacts, marked `lprindberetningssystem` = LPR2.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.synthesis.care import CHANGE, EMERGENCY, INPATIENT, LATERALITY, OPEN, OUTPATIENT
from pipelines.synthesis.medicine import ABOVE, BELOW, CANCELLED, NEGATIVE, NUMBER
from pipelines.synthesis.parameters import Parameters
from pipelines.synthesis.people import People
from pipelines.synthesis.stays import DAY, Events
from pipelines.synthesis.write import Tables, dates, digits, moments, people_column, words

TABLES = (
    "bef",
    "vnds",
    "dod",
    "lpr_adm",
    "lpr_diag",
    "t_psyk_adm",
    "t_psyk_diag",
    "lpr_a_kontakt",
    "lpr_a_diagnose",
    "lmdb",
    "laboratorieproevesvar_",
    "udda",
)
COPIES_FROM = (date(2017, 1, 1) - date(1970, 1, 1)).days
KEY_STEP = 7_368_787  # keys of contacts lie this far apart, so that they are no running numbers
SPECIALTIES = ("Intern medicin", "Kirurgi", "Ortopædisk kirurgi", "Gynækologi og obstetrik", "Akutmedicin", "Psykiatri")
SPECIALTY_CODES = ("01", "30", "35", "38", "99", "50")
CHAPTERS = {"S": 2, "M": 2, "K": 1, "O": 3, "R": 4}  # second letter of a code -> index of the specialty; others 0
CONTACT_COLUMNS = {
    "person": np.int64,
    "start": np.int64,
    "end": np.int64,
    "acute": np.bool_,
    "psychiatric": np.bool_,
    "setting": np.int8,
    "code": np.int16,
    "virtual": np.bool_,
    "unit": np.int8,
}
VALUES = 10_000  # tenths: vocabulary of numeric answers


class Registers:
    """A writer of the register tables of one region."""

    def __init__(self, tables: Tables, people: People, parameters: Parameters) -> None:
        self.tables, self.people, self.parameters = tables, people, parameters
        self.pnr = pa.array(people.pnr.tolist(), pa.string())
        self.codes = (*parameters.codes, *LATERALITY)
        chapter = [CHAPTERS.get(code[1], 0) for code in self.codes]
        self.specialty = np.array(chapter, np.int8)
        self.contacts_so_far = 0

    def population(self, year: int, day: int) -> None:
        """Write who lives in the region at the end of a year (`bef`) and their education (`udda`)."""
        people, parameters = self.people, self.parameters
        who = np.flatnonzero(people.resident(day))
        age = people.age(day)[who]
        together = np.bincount(people.household[who], minlength=len(people.home))
        partner = people.partner[who]
        widowed = (partner >= 0) & (people.death[partner] <= day)
        parted = (partner >= 0) & ~widowed & (people.emigration[partner] <= day)
        single = np.where((age > 45) & (people.adherence[who] * 10 % 1 < 0.5), 2, 0)
        status = np.where(partner < 0, single, np.where(people.married[who], 1, 0))
        status = np.where(people.married[who] & widowed, 3, np.where(people.married[who] & parted, 2, status))
        origin = people.origin[who]
        country = np.where(origin == 1, 5100, np.array([5704, 5448, 5432, 5130, 5180, 5472])[who % 6])
        self.tables.write(
            "bef",
            year,
            {
                "pnr": people_column(self.pnr, who),
                "koen": pa.array(people.sex[who], pa.int8()),
                "foed_dag": dates(people.birth[who]),
                "alder": pa.array(age.astype(np.int16), pa.int16()),
                "referencetid": dates(np.full(len(who), day)),
                "reg": words(np.zeros(len(who), int), ["82"]),
                "kom": pa.array(parameters.municipalities[people.municipality()[who]].astype(np.int16), pa.int16()),
                "civst": words(status, ["U", "G", "F", "E"]),
                "familie_id": digits(people.household[who].astype(np.int64) * KEY_STEP + 17, 14),
                "opr_land": pa.array(country.astype(np.int16), pa.int16()),
                "ie_type": pa.array(origin, pa.int8()),
                "antpersh": pa.array(together[people.household[who]].astype(np.int16), pa.int16()),
            },
        )
        schooled = age >= 15
        who, age = who[schooled], age[schooled]
        reached = np.clip((age - 15) // 4, 0, None)  # a long education takes until the late twenties
        level = np.where(people.education[who] <= reached * 2, people.education[who], np.minimum(reached * 2, 2))
        finished = people.birth[who] + np.floor((16 + 2.0 * level) * 365.25)
        self.tables.write(
            "udda",
            year,
            {
                "pnr": people_column(self.pnr, who),
                "aar": pa.array(np.full(len(who), year, np.int16), pa.int16()),
                "hfaudd": words(level, parameters.education["levels"]),
                "hf_vfra": dates(np.minimum(finished, day)),
            },
        )

    def moves_and_deaths(self, year: int, first: int, last: int) -> None:
        """Write the year's moves over the border (`vnds`) and deaths (`dod`)."""
        people = self.people
        came = np.flatnonzero(people.immigrated & (people.entry >= first) & (people.entry <= last))
        went = np.flatnonzero((people.emigration >= first) & (people.emigration <= last))
        person = np.concatenate([came, went])
        day = np.concatenate([people.entry[came], people.emigration[went]])
        way = np.concatenate([np.zeros(len(came), int), np.ones(len(went), int)])
        order = np.lexsort((day, person))
        country = np.array([5704, 5448, 5432, 5130, 5180, 5472])[person % 6]
        self.tables.write(
            "vnds",
            year,
            {
                "pnr": people_column(self.pnr, person[order]),
                "indud_kode": words(way[order], ["I", "U"]),
                "haend_dato": dates(day[order]),
                "indud_land": pa.array(country[order].astype(np.int16), pa.int16()),
            },
        )
        dead = np.flatnonzero((people.death >= first) & (people.death <= last))
        self.tables.write("dod", year, {"pnr": people_column(self.pnr, dead), "doddato": dates(people.death[dead])})

    def contacts(self, year: int, contacts: Events, found: Events, draw: NDArray[np.float64]) -> None:
        """Write the year's contacts and diagnoses into the tables of their generation.

        `draw` holds a uniform number per contact: which older ones are delivered a second time, and answers left blank.
        """
        n = len(contacts["person"])
        key = (self.contacts_so_far + 1 + np.arange(n, dtype=np.int64)) * KEY_STEP
        self.contacts_so_far += n
        new = contacts["start"] // DAY >= CHANGE
        psychiatric = contacts["psychiatric"]
        copied = ~new & (contacts["start"] // DAY >= COPIES_FROM) & (draw < self.parameters.contacts["lpr2_duplicates"])
        for generation, chosen in (("lpr", ~new & ~psychiatric), ("psyk", ~new & psychiatric)):
            if chosen.any():
                self._lpr2(year, contacts, found, key, chosen, psychiatric=generation == "psyk")
        if (new | copied).any():
            self._lpr_a(year, contacts, found, key, new, new | copied, draw)

    def complete(self, year: int) -> None:
        """Write a file without rows for each table the years did not reach, so that all twelve are there."""
        nothing: Events = {name: np.zeros(0, kind) for name, kind in CONTACT_COLUMNS.items()}
        no_diagnoses = {
            "row": np.zeros(0, int),
            "code": np.zeros(0, np.int16),
            "kind": np.zeros(0, "<U1"),
            "refuted": np.zeros(0, bool),
        }
        none, key = np.zeros(0, bool), np.zeros(0, np.int64)
        for name, psychiatric in (("lpr_adm", False), ("t_psyk_adm", True)):
            if not any((self.tables.folder / name).iterdir()):
                self._lpr2(year, nothing, no_diagnoses, key, none, psychiatric=psychiatric)
        if not any((self.tables.folder / "lpr_a_kontakt").iterdir()):
            self._lpr_a(year, nothing, no_diagnoses, key, none, none, np.zeros(0))

    def _lpr2(
        self,
        year: int,
        contacts: Events,
        found: Events,
        key: NDArray[np.int64],
        chosen: NDArray[np.bool_],
        *,
        psychiatric: bool,
    ) -> None:
        rows = np.flatnonzero(chosen)
        start, end = contacts["start"][rows], contacts["end"][rows]
        setting, unit = contacts["setting"][rows], contacts["unit"][rows]
        person = contacts["person"][rows]
        specialty = np.full(len(rows), 5) if psychiatric else self.specialty[contacts["code"][rows]]
        town = self.people.municipality()[person]
        self.tables.write(
            "t_psyk_adm" if psychiatric else "lpr_adm",
            year,
            {
                "v_cpr" if psychiatric else "pnr": people_column(self.pnr, person),
                "k_recnum" if psychiatric else "recnum": digits(key[rows], 18),
                "d_inddto": dates(start // DAY),
                "d_uddto": dates(end // DAY, end == OPEN),
                "v_indtime": pa.array((start % DAY // 60).astype(np.int16), pa.int16()),
                "v_indminut": pa.array((start % 60).astype(np.int16), pa.int16()),
                "c_adiag": words(contacts["code"][rows], self.codes),
                "c_pattype": words(setting, ["0", "1", "2", "3"]),
                "c_indm": words(np.where(contacts["acute"][rows], 0, 1), ["1", "2"]),
                "c_spec": words(specialty, SPECIALTY_CODES),
                "c_sgh": words(unit, self.parameters.units["code"]),
                "c_afd": words(specialty, ["010", "020", "030", "040", "050", "060"]),
                "c_kom": words(town, [str(code) for code in self.parameters.municipalities]),
            },
        )
        of_these = chosen[found["row"]]
        self.tables.write(
            "t_psyk_diag" if psychiatric else "lpr_diag",
            year,
            {
                "v_recnum" if psychiatric else "recnum": digits(key[found["row"][of_these]], 18),
                "c_diag": words(found["code"][of_these], self.codes),
                "c_diagtype": _kinds(found["kind"][of_these]),
            },
        )

    def _lpr_a(
        self,
        year: int,
        contacts: Events,
        found: Events,
        key: NDArray[np.int64],
        new: NDArray[np.bool_],
        chosen: NDArray[np.bool_],
        draw: NDArray[np.float64],
    ) -> None:
        rows = np.flatnonzero(chosen)
        start, end, unit = contacts["start"][rows], contacts["end"][rows], contacts["unit"][rows]
        person, acute, psychiatric = (contacts[name][rows] for name in ("person", "acute", "psychiatric"))
        virtual = contacts["virtual"][rows] & (contacts["setting"][rows] == OUTPATIENT)
        specialty = np.where(psychiatric, 5, self.specialty[contacts["code"][rows]])
        specialty = np.where(contacts["setting"][rows] == EMERGENCY, 4, specialty)
        stay = contacts["setting"][rows] == INPATIENT
        town = self.people.municipality()[person]
        self.tables.write(
            "lpr_a_kontakt",
            year,
            {
                "pnr": people_column(self.pnr, person),
                "dw_ek_kontakt": digits(key[rows], 18),
                "dw_ek_forloeb": digits(key[rows] // KEY_STEP // 2 * KEY_STEP + 5, 18),
                "kont_starttidspunkt": moments(start),
                "kont_sluttidspunkt": moments(end, end == OPEN),
                "kont_type": words(virtual.astype(int), ["ALCA00", "ALCA03"]),
                "kont_patient_type": words(
                    np.where(stay, 0, np.where(acute, 2, 1)), ["Indlæggelse", "Ambulant", "Akut ambulant"]
                ),
                "prioritet": words(np.where(acute, 0, 1), ["ATA1", "ATA3"]),
                "kont_aarsag": words(np.where(acute & ~psychiatric & ~virtual, 0, -1), ["ALCC01"]),
                "kont_ans": words(
                    unit * 6 + specialty, [f"{c}{s:02d}" for c in self.parameters.units["code"] for s in range(6)]
                ),
                "kont_ans_inst": words(unit, self.parameters.units["code"]),
                "kont_ans_hovedspec": words(specialty, SPECIALTIES),
                "adiag": words(contacts["code"][rows], self.codes),
                "borger_bo_kom": words(town, [str(code) for code in self.parameters.municipalities]),
                "flag_kont_afsluttet": words((end == OPEN).astype(int), ["Ja", "Nej"]),
                "lprindberetningssystem": words(new[rows].astype(int), ["LPR2", "LPR3"]),
            },
        )
        of_these = chosen[found["row"]]
        row = found["row"][of_these]
        blank = (draw[row] * 1000 % 1 < 0.2) & ~found["refuted"][of_these]
        refuted = np.where(found["refuted"][of_these], 1, np.where(blank, -1, 0))
        self.tables.write(
            "lpr_a_diagnose",
            year,
            {
                "dw_ek_kontakt": digits(key[row], 18),
                "diag_kode": words(found["code"][of_these], self.codes),
                "diag_kode_type": _kinds(found["kind"][of_these]),
                "diag_parent_kode": words(
                    np.where(found["kind"][of_these] == "+", contacts["code"][row].astype(int), -1), self.codes
                ),
                "senere_afkraeftet": words(refuted, ["Nej", "Ja"]),
            },
        )

    def drugs(self, year: int, bought: Events) -> None:
        """Write the year's purchases (`lmdb`)."""
        drug, products = bought["drug"], self.parameters.drugs
        columns = {
            name: np.array([getattr(each, name) for each in products]) for name in ("packsize", "strength", "volume")
        }
        indication = np.where(bought["indication"], drug, -1)
        self.tables.write(
            "lmdb",
            year,
            {
                "pnr": people_column(self.pnr, bought["person"]),
                "eksd": dates(bought["day"]),
                "atc": words(drug, [each.atc for each in products]),
                "vnr": words(drug, [f"{500_000 + 1_237 * place:06d}" for place in range(len(products))]),
                "apk": pa.array(bought["packs"], pa.float64()),
                "packsize": pa.array(columns["packsize"][drug], pa.float64()),
                "strnum": pa.array(columns["strength"][drug], pa.float64()),
                "volume": pa.array(columns["volume"][drug], pa.float64()),
                "indo": words(indication, [f"{100 + 7 * place}" for place in range(len(products))]),
            },
        )

    def laboratory(self, year: int, answers: Events) -> None:
        """Write the year's laboratory answers (`laboratorieproevesvar_`); the value is a text."""
        tests = self.parameters.tests
        whole = [str(tenth // 10) for tenth in range(VALUES)]
        tenth = [f"{tenth // 10}.{tenth % 10}" for tenth in range(VALUES)]
        below = [f"<{test.low:g}" for test in tests]
        above = [f">{test.high:g}" for test in tests]
        vocabulary = [*whole, *tenth, *below, *above, "ikke påvist", "Aflyst"]
        number, kind = answers["test"], answers["kind"]
        decimals = np.array([test.decimals for test in tests])
        index = np.select(
            [kind == NUMBER, kind == BELOW, kind == ABOVE, kind == NEGATIVE, kind == CANCELLED],
            [
                answers["tenths"] + VALUES * decimals[number],
                2 * VALUES + number,
                2 * VALUES + len(tests) + number,
                len(vocabulary) - 2,
                len(vocabulary) - 1,
            ],
        )
        used, compact = np.unique(index, return_inverse=True)
        self.tables.write(
            "laboratorieproevesvar_",
            year,
            {
                "pnr": people_column(self.pnr, answers["person"]),
                "npu": words(number, [test.npu for test in tests]),
                "samplingdato": dates(answers["day"]),
                "samplevalue": words(compact, [vocabulary[place] for place in used]),
                "unit": words(number, [test.unit for test in tests]),
            },
        )


def _kinds(kind: NDArray[np.str_]) -> pa.Array:
    names = ["A", "B", "G", "H", "+"]
    return words(np.select([kind == name for name in names], range(len(names))), names)
