"""Random extracts, tidy and broken: every row lands or is refused with a reason, and what lands keeps the rules."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stratify.errors import DataError
from stratify.registers.check import AGAIN, DUPLICATE, ENDS_EARLY, UNKNOWN_PERSON
from stratify.registers.declare import NO_PARENT
from stratify.registers.read import NOT_A_LINE

PEOPLE = st.sampled_from(["000000000001", "000000000002", "000000000003", "999999999999", ""])
DAYS = st.sampled_from(["2018-12-31", "2019-03-01", "2019-03-01 10:00", "2019-06-30", "20190701", "31-12-2019", ""])
KEYS = st.sampled_from(["k1", "k2", "k3", "k4", "k5", "k6", ""])
CODES = st.sampled_from(["DI509", "DE112", "DD500", "41099", "44054006", "ABC", "", '"DI10'])
KINDS = st.sampled_from(["A", "B", "G", "H", "C", "+", "X", ""])

CONTACTS = st.lists(
    st.tuples(
        PEOPLE, KEYS, DAYS, DAYS, st.sampled_from(["ALCA00", "ALCA03", "x"]), st.sampled_from(["ATA1", ""]), CODES
    ),
    min_size=1,
    max_size=12,
)
DIAGNOSES = st.lists(st.tuples(KEYS, CODES, KINDS) | st.tuples(KEYS, CODES), min_size=1, max_size=12)
TOLD = {
    AGAIN,
    DUPLICATE,
    ENDS_EARLY,
    NO_PARENT,
    UNKNOWN_PERSON,
    NOT_A_LINE,
    "no person",
    "no contact key",
    "no start",
    "no code",
}


def _text(titles: str, rows: list[tuple[str, ...]]) -> str:
    return "\n".join([titles, *("|".join(row) for row in rows)])


@given(contacts=CONTACTS, diagnoses=DIAGNOSES)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_in_are_rows_landed_and_rows_refused(tmp_path_factory, extract, landed, monkeypatch, contacts, diagnoses):
    monkeypatch.setattr("stratify.registers.whole.MAX_UNREADABLE_SHARE", 1.0)
    folder = extract(
        at=tmp_path_factory.mktemp("random") / "extract",
        bef=_text(
            "pnr|koen|foed_dag|referencetid|kom",
            [(f"00000000000{i}", "1", "1950-01-01" if i < 3 else "", "2018-12-31", "751") for i in (1, 2, 3)],
        ),
        lpr_a_kontakt=_text(
            "pnr|dw_ek_kontakt|kont_starttidspunkt|kont_sluttidspunkt|kont_type|prioritet|kont_ans_hovedspec",
            contacts,
        ),
        lpr_a_diagnose=_text("dw_ek_kontakt|diag_kode|diag_kode_type", diagnoses),
    )
    store = landed(folder)  # holds the counts of every table against its refused rows
    tables = store.found.tables
    assert tables["lpr_a_kontakt"]["rows_in"] == len(contacts)
    assert tables["lpr_a_diagnose"]["rows_in"] == len(diagnoses)
    assert tables["lpr_a_kontakt"]["landed"] == store.found.events["contact"]
    assert tables["lpr_a_diagnose"]["landed"] == store.found.events["diagnosis"]
    for table in ("lpr_a_kontakt", "lpr_a_diagnose"):
        assert all(reason in TOLD or reason.startswith(("unreadable ", "unknown ")) for reason in store.reasons(table))
    for domain in store.found.events:
        assert all(known >= day for _, day, known in store.rows(domain, "day, known"))
    # each contact is in at most one stay, and a stay begins with a contact
    starts = {row[:3] for row in store.rows("contact", "start_min, care")}
    assert {row[:3] for row in store.rows("stay", "start_min, care")} <= starts


@pytest.mark.slow
@given(shares=st.lists(st.booleans(), min_size=1, max_size=60))
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_table_lands_exactly_when_its_unreadable_rows_can_be_borne(tmp_path_factory, extract, landed, shares):
    rows = [("000012345678", "no day" if bad else "2018-01-01", "C07AB02") for bad in shares]
    folder = extract(at=tmp_path_factory.mktemp("share") / "extract", lmdb=_text("pnr|eksd|atc", rows))
    bad = sum(shares)
    if bad * 20 > len(shares):
        with pytest.raises(DataError, match=f"lmdb: {bad} of {len(shares)} rows unusable"):
            landed(folder)
    else:
        assert landed(folder).found.tables["lmdb"]["landed"] == len(shares) - bad


def test_the_refused_rows_and_the_landed_rows_are_the_delivered_rows(extract, landed):
    lines = [f"000012345678|2018-01-{1 + i % 28:02}|{'C07AB02' if i % 30 else 'metoprolol'}" for i in range(90)]
    store = landed(extract("parquet", lmdb="\n".join(["pnr|eksd|atc", *lines])))
    refused = {row for row, _, _ in store.refused("lmdb")}
    assert refused == {1, 31, 61}
    (landed_rows,) = duckdb.execute(
        "SELECT count(*) FROM read_parquet(?)", [str(store.folder / "drug/bucket=000.parquet")]
    ).fetchone()
    assert landed_rows + len(refused) == 90
