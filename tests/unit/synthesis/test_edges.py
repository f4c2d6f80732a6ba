"""Named people at the edges: each kind is there, is who its words say, and is told of as a count one may publish."""

import re
from html import escape

import duckdb
import pytest

from pipelines.synthesis.edges import counts, find, load
from pipelines.synthesis.registers import QUIRKS
from pipelines.synthesis.report import write_report
from stratify.disclosure import words

EDGES = {edge.id: edge for edge in load().edge}
# A few rows, and which of them make somebody one of the kind. 31 December 2024 is the last day; `z` is nobody of note.
TABLES = {
    "bef": (
        "pnr VARCHAR, referencetid DATE, foed_dag DATE",
        """
        z 2024-12-31 1950-01-01
        snapshot 2020-12-31 1950-01-01
        late 2023-12-31 1950-01-01
        none 2024-12-31 1990-01-01
        baby 2024-12-31 2024-03-01
        moved 2024-12-31 1990-01-01
        """,
    ),
    "vnds": (
        "pnr VARCHAR, indud_kode VARCHAR, haend_dato DATE",
        """
        moved I 2024-12-02
        z I 2024-11-30
        z U 2024-12-30
        """,
    ),
    "dod": (
        "pnr VARCHAR, doddato DATE",
        """
        snapshot 2020-12-20
        late 2024-05-01
        """,
    ),
    "lpr_adm": (
        "pnr VARCHAR, recnum VARCHAR",
        """
        z s1
        twice s2
        """,
    ),
    "t_psyk_adm": (
        "v_cpr VARCHAR, k_recnum VARCHAR",
        """
        psych p1
        z p2
        """,
    ),
    "lpr_diag": (
        "recnum VARCHAR, c_diag VARCHAR, c_diagtype VARCHAR",
        """
        s1 DI109 A
        """,
    ),
    "t_psyk_diag": (
        "v_recnum VARCHAR, c_diag VARCHAR, c_diagtype VARCHAR",
        """
        p1 DF320 A
        """,
    ),
    "lpr_a_kontakt": (
        "pnr VARCHAR, dw_ek_kontakt VARCHAR, lprindberetningssystem VARCHAR, kont_patient_type VARCHAR, "
        "kont_ans_hovedspec VARCHAR, kont_ans_inst VARCHAR, kont_starttidspunkt TIMESTAMP, "
        "kont_sluttidspunkt TIMESTAMP",
        """
        copied a1 LPR2 Indlæggelse Kirurgi A 2018-05-01 2018-05-03
        two a2 LPR3 Ambulant Kirurgi A 2020-05-01T10:00 2020-05-01T11:00
        open a3 LPR3 Indlæggelse Kirurgi A 2024-12-30 -
        z a4 LPR3 Ambulant Kirurgi A 2024-12-30 -
        moves a5 LPR3 Indlæggelse Kirurgi A 2020-05-01T10:00 2020-05-03T11:00
        moves a6 LPR3 Indlæggelse Kirurgi B 2020-05-03T14:00 2020-05-09T11:00
        back a7 LPR3 Indlæggelse Kirurgi A 2020-05-01T10:00 2020-05-03T11:00
        back a8 LPR3 Indlæggelse Kirurgi B 2020-05-03T15:01 2020-05-09T11:00
        """,
    ),
    "lpr_a_diagnose": (
        "dw_ek_kontakt VARCHAR, diag_kode VARCHAR, diag_kode_type VARCHAR, diag_parent_kode VARCHAR, "
        "senere_afkraeftet VARCHAR",
        """
        a2 DI209 B - Ja
        a3 DJ440 B - Ja
        a3 DJ441 B - -
        a4 DI109A A - Nej
        a5 DM545 A - Nej
        a5 DM545 A - Nej
        a6 DM545 A - Nej
        a6 DM545 B - Nej
        """,
    ),
    "laboratorieproevesvar_": (
        "pnr VARCHAR, npu VARCHAR, samplevalue VARCHAR",
        """
        low NPU19748 <4
        low NPU19748 <4
        low NPU01568 2.1
        once NPU19748 <4
        some NPU19748 <4
        some NPU19748 7
        """,
    ),
    "sssy": (
        "pnr VARCHAR, barnmak TINYINT",
        """
        z 0
        mother 1
        mother 0
        """,
    ),
}
WHO = {
    "psychiatry_before_2019": {"psych"},
    "refuted": {"two"},
    "moved_in_last_month": {"moved"},
    "died_in_snapshot_year": {"late"},
    "dead_in_snapshot": {"snapshot"},
    "only_below_limit": {"low"},
    "child_on_parents_number": {"mother"},
    "no_diagnosis": {"none", "baby", "moved"},
    "two_generations": {"z", "two"},
    "copied_contact": {"copied"},
    "open_stay": {"open"},
    "row_twice": {"moves"},
    "born_in_last_year": {"baby"},
    "with_and_without_suffix": {"z"},
    "transfer": {"moves"},
}


@pytest.fixture
def by_hand():
    con = duckdb.connect()
    for name, (columns, text) in TABLES.items():
        con.execute(f"CREATE TABLE {name} ({columns})")
        for line in text.strip().splitlines():
            values = [None if value == "-" else value for value in line.split()]
            con.execute(f"INSERT INTO {name} VALUES ({', '.join('?' * len(values))})", values)
    con.execute("INSERT INTO lpr_adm VALUES ('two', 's3')")
    return con


def test_of_rows_made_by_hand_each_kind_is_who_its_words_say(by_hand):
    assert {name: set(people) for name, people in find(by_hand).items()} == WHO


@pytest.fixture(scope="module")
def found(region):
    return find(region.connection)


@pytest.mark.parametrize("name", EDGES)
def test_each_kind_occurs_in_a_region_of_4000(region, found, name):
    people = found[name]
    assert people
    assert people == sorted(set(people))
    assert set(people) <= set(region.column("SELECT pnr FROM bef"))


@pytest.mark.parametrize("name", EDGES)
def test_what_a_quirk_makes_is_not_there_without_it(clean_region, name):
    assert bool(find(clean_region.connection)[name]) == (EDGES[name].quirk is None)


def test_each_kind_has_words_in_both_languages_and_says_what_goes_wrong():
    assert list(WHO) == list(EDGES)
    for edge in EDGES.values():
        assert edge.quirk in {None, *QUIRKS}
        assert all(text[0].isupper() and not text.endswith(".") for text in (edge.da, edge.en))
        assert len(edge.trap) > 20
    assert len({edge.en for edge in EDGES.values()}) == len({edge.da for edge in EDGES.values()}) == len(EDGES)


def test_counts_are_those_of_the_people_found(region, found):
    assert counts(region.connection) == [(EDGES[name].en, len(people)) for name, people in found.items()]


def test_the_report_shows_counts_only_as_they_may_be_published(region, tmp_path):
    told = [("few", 3), *counts(region.connection)]
    write_report(region.registers, region.truth, tmp_path / "page.html", told={}, edges=told)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    part = page[page.index("<h2 id='edges'>") :].split("</table>")[0]
    shown = re.findall(r"<tr><td>(.*?)</td><td class='n'>(.*?)</td></tr>", part)
    assert shown == [(escape(name), escape(words(count))) for name, count in told]
    assert shown[0] == ("few", "&lt;5")
    assert not {count for _, count in shown} & {"1", "2", "3", "4"}
    assert not set(region.column("SELECT DISTINCT pnr FROM bef")) & set(re.findall(r"\d{12}", page))
