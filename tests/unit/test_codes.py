"""Danish and WHO codes made alike, in Python and in SQL."""

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stratify.codes import TO_WHO_SQL, is_sks_diagnosis, is_who_diagnosis, starts_with_any, to_who

PAIRS = {
    # Danish codes lose the D in front
    "DE112": "E112",
    "DI509": "I509",
    "DF200": "F200",
    # what Denmark adds at the end stays
    "DI109": "I109",
    "DK717A": "K717A",
    "DG318B": "G318B",
    "DN162D": "N162D",
    # chapter D: the country's D goes, the chapter's stays
    "DD500": "D500",
    "D500": "D500",
    "DD860": "D860",
    "D86": "D86",
    # dots, spaces and small letters
    "I42.6": "I426",
    "DI50.9": "I509",
    "di10.9": "I109",
    " DE11 2 ": "E112",
    "dd50.0": "D500",
    # three characters
    "DF03": "F03",
    "F03": "F03",
    "G35": "G35",
    # no diagnoses: left as they are
    "KNFB20": "KNFB20",
    "DDD500": "DDD500",
    "DI5": "DI5",
    "DIA09": "DIA09",
    "D": "D",
    "": "",
}
CODE_LIKE = st.text(alphabet="DdABEIKZaz0123459. +-", max_size=9)


@pytest.mark.parametrize("written, who", PAIRS.items())
def test_a_code_becomes_its_who_form(written, who):
    assert to_who(written) == who


@given(CODE_LIKE)
@example("DD500")
@example("DDD500")
def test_doing_it_twice_changes_nothing_more(code):
    assert to_who(to_who(code)) == to_who(code)


def test_sql_says_what_python_says():
    letters, digits = "ADEIKZ", "059"
    codes = [
        f"{a}{b}{c}{d}{e}" for a in letters for b in letters + digits for c in digits for d in digits for e in "0A"
    ]
    codes += [*PAIRS, *(code.lower() for code in codes), *(f"{code[:4]}.{code[4:]}" for code in codes)]
    con = duckdb.connect()
    con.execute("CREATE TABLE t (code VARCHAR)")
    con.execute("INSERT INTO t SELECT unnest(?)", [codes])
    told = con.execute(f"SELECT code, {TO_WHO_SQL('t.code')} FROM t").fetchall()
    assert len(told) == len(codes) > 2000
    assert [(code, who) for code, who in told if who != to_who(code)] == []


@given(st.lists(CODE_LIKE, min_size=20, max_size=60))
@settings(max_examples=20)
def test_sql_says_what_python_says_of_any_text(codes):
    con = duckdb.connect()
    told = con.execute(f"SELECT code, {TO_WHO_SQL('code')} FROM (SELECT unnest(?) AS code)", [codes]).fetchall()
    assert [who for _, who in told] == [to_who(code) for code, _ in told]


def test_sql_keeps_nothing_as_nothing():
    assert duckdb.connect().execute(f"SELECT {TO_WHO_SQL('CAST(NULL AS VARCHAR)')}").fetchone() == (None,)


@pytest.mark.parametrize("code", ["DE112", "di10.9", "DD500", "DK717A", "DG35"])
def test_a_danish_diagnosis_is_known_as_one(code):
    assert is_sks_diagnosis(code)


@pytest.mark.parametrize(
    "code", ["E112", "D500", "KNFB20", "ALCA00", "A10BA02", "DE1", "D", "", "DE112+", "DE112\n", "NPU27300", "25000"]
)
def test_what_is_no_danish_diagnosis_is_not_taken_for_one(code):
    assert not is_sks_diagnosis(code)


@pytest.mark.parametrize("code", ["E112", "e11.2", "D500", "K717A", "G35"])
def test_a_who_diagnosis_is_known_as_one(code):
    assert is_who_diagnosis(code)


@pytest.mark.parametrize("code", ["DE112", "E1", "", "KNFB20", "11E"])
def test_what_is_no_who_diagnosis_is_not_taken_for_one(code):
    assert not is_who_diagnosis(code)


@pytest.mark.parametrize(
    "code, prefixes, unless, expected",
    [
        ("I109", ("I10", "I11"), (), True),
        ("I10", ("I10",), (), True),
        ("I1", ("I10",), (), False),
        ("I210", ("I10",), (), False),
        ("C449", ("C4",), ("C44",), False),
        ("C439", ("C4",), ("C44",), True),
        ("I109", (), (), False),
        ("I109", ["I10"], ["I20"], True),
    ],
)
def test_a_code_is_compared_by_how_it_starts(code, prefixes, unless, expected):
    assert starts_with_any(code, prefixes, unless) is expected
