"""Extracts refused as a whole: every problem at once, exit code 11, and no value of a person among them."""

from __future__ import annotations

import duckdb
import pytest

from stratify.errors import DataError
from stratify.store.land import land

ANNA = "000012345678"
DELIVERY = {"system": "urn:test", "covers_to": "2019-12-31", "delivered": "2020-02-01"}


@pytest.fixture
def refused(tmp_path, catalogue):
    """Land what must not land; return its problems."""

    def run(data, source="danish") -> tuple[str, ...]:
        out = tmp_path / "out"
        out.mkdir()
        with pytest.raises(DataError) as caught:
            land(source, data, out, catalogue, lambda told: None)
        assert caught.value.exit_code == 11
        assert ANNA not in str(caught.value)
        return caught.value.problems

    return run


def test_every_problem_of_every_kind_is_listed_at_once(extract, refused):
    folder = extract(
        dod=None,
        lpr_a_kontakt=f"pnr|kont_starttidspunkt\n{ANNA}|2019-01-01",
        lpr_adm=f"pnr|recnum|d_inddto|d_uddto|c_pattype\n{ANNA}|r1|01.05.2018|2018-05-01|0",
        delivery={"system": "urn:test", "covers_to": "31/12/2019"},
    )
    (folder / "vnds.parquet").write_bytes(b"not Parquet")
    (folder / "lmdb.csv").write_text("pnr;eksd\n")
    problems = refused(folder)
    assert sorted(problem.split(";")[0] for problem in problems) == [
        "delivery.json: covers_to: needs a date as YYYY-MM-DD, got '31/12/2019'",
        "delivery.json: needs the key 'delivered' as text",
        "dod: required table, not in the extract",
        "lmdb.atc: required column, missing",
        "lpr_a_kontakt.dw_ek_kontakt: required column, missing",
        "lpr_a_kontakt.kont_ans_hovedspec: required column, missing",
        "lpr_a_kontakt.kont_sluttidspunkt: required column, missing",
        "lpr_a_kontakt.kont_type: required column, missing",
        "lpr_a_kontakt.lprindberetningssystem: required column beside lpr_adm, missing",
        "lpr_a_kontakt.prioritet: required column, missing",
        "lpr_adm: 1 of 1 rows unusable, at most 5% can be borne: unreadable date in d_inddto (1)",
        "lpr_diag: missing, though lpr_adm, which needs it, is there",
        "vnds: vnds.parquet: not a whole Parquet file",
    ]


def test_an_empty_extract(extract, refused, tmp_path):
    (tmp_path / "nothing").mkdir()
    assert refused(tmp_path / "nothing") == tuple(
        f"{name}: required table, not in the extract" for name in ("bef", "dod", "lpr_a_kontakt", "lpr_a_diagnose")
    )
    (tmp_path / "out").rmdir()
    bare = {"bef": "pnr|koen|foed_dag|referencetid|kom", "lpr_a_diagnose": "dw_ek_kontakt|diag_kode|diag_kode_type"}
    contacts = "pnr|dw_ek_kontakt|kont_starttidspunkt|kont_sluttidspunkt|kont_type|prioritet|kont_ans_hovedspec"
    assert refused(extract(**bare, lpr_a_kontakt=contacts)) == tuple(
        f"{name}: required table, is empty" for name in ("bef", "lpr_a_kontakt", "lpr_a_diagnose")
    )


def test_nobody_need_have_died(extract, landed):
    assert landed(extract(dod="pnr|doddato")).found.notes[0] == "dod: empty"


def test_a_csv_without_titles_has_none_of_its_first_row_told(extract, refused):
    folder = extract()
    (folder / "lpr_a_diagnose.csv").write_text("k1,DI509,A\nk1,DE112,B\n")
    (folder / "dod.csv").write_text(f"pnr,{ANNA}\n")
    assert refused(folder) == (
        "dod.doddato: required column, missing; there are pnr",
        *(
            f"lpr_a_diagnose.{column}: required column, missing; its first line names none of them"
            for column in ("dw_ek_kontakt", "diag_kode", "diag_kode_type")
        ),
    )


def test_an_extract_whose_people_all_lack_a_birth_date(extract, refused):
    bef = f"pnr|koen|foed_dag|referencetid|kom\n{ANNA}|2||2018-12-31|751"
    assert refused(extract(bef=bef)) == (
        "bef: 1 of 1 rows unusable, at most 5% can be borne: person without birth date (1)",
        "the extract is empty: no person in it can land",
    )


def test_an_extract_that_is_not_there_or_is_none(refused, tmp_path):
    with pytest.raises(DataError, match="needs a folder of Parquet or CSV files"):
        land("danish", tmp_path / "no-such", tmp_path, None, lambda told: None)
    for name, data in {"one.csv": b"pnr\n", "one.duckdb": b"no database", "empty.duckdb": b""}.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(DataError):
            land("danish", tmp_path / name, tmp_path, None, lambda told: None)


@pytest.mark.parametrize(
    "kind, reason", [("BIGINT", "got BIGINT"), ("UBIGINT", "got UBIGINT"), ("DOUBLE", "got DOUBLE")]
)
def test_an_identifier_delivered_as_a_number_has_lost_its_zeros(extract, refused, kind, reason):
    folder = extract("parquet")
    duckdb.execute(
        f"COPY (SELECT pnr::{kind} AS pnr, * EXCLUDE (pnr) FROM '{folder}/bef.parquet') TO '{folder}/new.parquet'"
    )
    (folder / "new.parquet").rename(folder / "bef.parquet")
    assert refused(folder) == (f"bef.pnr: must be text, {reason}: a number has lost its leading zeros",)


def test_a_number_in_one_year_is_found_though_another_year_has_text(extract, refused):
    folder = extract("parquet")
    duckdb.execute(
        f"COPY (SELECT pnr::BIGINT AS pnr, * EXCLUDE (pnr) FROM '{folder}/bef.parquet') TO '{folder}/bef_2020.parquet'"
    )
    (problem,) = refused(folder)
    assert problem == "bef.pnr: must be text, got BIGINT in bef_2020.parquet: a number has lost its leading zeros"


@pytest.mark.parametrize("bad, refuses", [(5, False), (6, True)])
def test_five_in_a_hundred_unreadable_rows_are_borne_and_no_more(extract, landed, refused, bad, refuses):
    rows = [f"{ANNA}|2018-01-01|C07AB02"] * (100 - bad) + [f"{ANNA}|{ANNA}|C07AB02"] * bad
    folder = extract(lmdb="\n".join(["pnr|eksd|atc", *rows]))
    if refuses:
        told = "lmdb: 6 of 100 rows unusable, at most 5% can be borne: unreadable date in eksd (6)"
        assert refused(folder) == (told,)
    else:
        assert landed(folder).reasons("lmdb") == {"unreadable date in eksd": 5}


@pytest.mark.parametrize(
    "text, problem",
    [
        ("{", "delivery.json: not JSON"),
        ("[]", "delivery.json: needs an object with the keys system, covers_to, delivered"),
        ('{"system": "s", "covers_to": "2020-01-01"}', "delivery.json: needs the key 'delivered' as text"),
        (
            '{"system": "s", "covers_to": "2020-01-01", "delivered": 20200201}',
            "delivery.json: needs the key 'delivered' as text",
        ),
        (
            '{"system": "s", "covers_to": "2020-13-01", "delivered": "2020-02-01"}',
            "delivery.json: covers_to: needs a date as YYYY-MM-DD, got '2020-13-01'",
        ),
        (
            '{"system": "s", "covers_to": "2020-02-02", "delivered": "2020-02-01"}',
            "delivery.json: `delivered` must not be before `covers_to`, nor after 2199-12-31",
        ),
        (
            '{"system": "", "covers_to": "2020-01-01", "delivered": "2020-02-01"}',
            "delivery.json: needs the key 'system' as text",
        ),
    ],
)
def test_a_delivery_that_says_what_cannot_be(extract, refused, text, problem):
    folder = extract()
    (folder / "delivery.json").write_text(text)
    assert refused(folder) == (problem,)


def test_without_a_delivery_the_last_snapshot_says_what_is_covered(extract, landed):
    delivery = landed(extract(delivery=None)).found.delivery
    assert delivery.as_dict() == {
        "source": "danish",
        "system": "urn:oid:1.2.208.176.1.2",
        "covers_to": "2019-12-31",
        "delivered": "2019-12-31",
    }


def test_a_mistyped_snapshot_day_does_not_move_what_is_covered(extract, landed):
    people = [f"{n:012}|1|1960-01-01|{day}|751" for n in range(1, 30) for day in ("2018-12-31", "2019-12-31")]
    odd = [f"{ANNA}|2|1950-03-01|{day}|751" for day in ("2124-12-31", "2020-12-30", "2020-12-31", "2019-12-31")]
    bef = "\n".join(["pnr|koen|foed_dag|referencetid|kom", *people, *odd])
    store = landed(extract(bef=bef, delivery=None))
    assert store.found.delivery.covers_to.isoformat() == "2019-12-31"
    assert store.reasons("bef") == {"after the day of delivery": 1}


def test_what_is_called_synthetic_must_say_so_itself(extract, landed, refused, tmp_path):
    told = (
        '--source synthetic needs a delivery.json with "source": "synthetic", as `stratify synthesise` writes it; '
        "for real registers use --source danish"
    )
    assert refused(extract(delivery=None), "synthetic") == (told,)
    (tmp_path / "out").rmdir()
    assert refused(extract(at=tmp_path / "real"), "synthetic") == (told,)
    folder = extract(at=tmp_path / "simulated", delivery={**DELIVERY, "source": "synthetic"})
    assert landed(folder, "synthetic").found.delivery.source == "synthetic"


@pytest.mark.parametrize("beside", ["lpr_adm", "t_psyk_adm"])
def test_who_delivers_the_old_contacts_must_say_which_of_the_new_table_are_old(
    extract, refused, landed, beside, tmp_path
):
    psychiatric = beside == "t_psyk_adm"
    titles = "v_cpr|k_recnum" if psychiatric else "pnr|recnum"
    diagnoses = (
        {"t_psyk_diag": "v_recnum|c_diag|c_diagtype"} if psychiatric else {"lpr_diag": "recnum|c_diag|c_diagtype"}
    )
    empty = {beside: f"{titles}|d_inddto|d_uddto|c_pattype", **diagnoses}
    filled = {**empty, beside: f"{empty[beside]}\n{ANNA}|r1|2018-05-01|2018-05-04|0"}
    assert landed(extract(**empty)).found.people == 2
    assert refused(extract(at=tmp_path / "filled", **filled)) == (
        f"lpr_a_kontakt.lprindberetningssystem: required column beside {beside}, missing; contacts in both count twice",
    )


@pytest.mark.parametrize(
    "row", [f"{ANNA}||C07AB02", "|2018-01-01|C07AB02", f"{ANNA}|2018-01-01|", f"{ANNA}|2018-01-01|x"]
)
def test_every_row_that_cannot_be_used_counts_among_the_five_in_a_hundred(extract, refused, row):
    rows = [f"{ANNA}|2018-01-01|C07AB02"] * 94 + [row] * 6
    (problem,) = refused(extract(lmdb="\n".join(["pnr|eksd|atc", *rows])))
    assert problem.startswith("lmdb: 6 of 100 rows unusable, at most 5% can be borne: ")


def test_a_table_delivered_twice_in_two_forms(extract, refused):
    folder = extract()
    duckdb.execute(f"COPY (SELECT 1) TO '{folder}/bef_2020.parquet'")
    assert "bef: delivered both as Parquet and as CSV; keep one of them" in refused(folder)


def test_times_with_a_zone_are_refused_since_their_local_day_would_be_a_guess(extract, refused):
    folder = extract("parquet")
    duckdb.execute(
        f"COPY (SELECT * REPLACE (kont_starttidspunkt::TIMESTAMPTZ AS kont_starttidspunkt) "
        f"FROM '{folder}/lpr_a_kontakt.parquet') TO '{folder}/new.parquet'"
    )
    (folder / "new.parquet").rename(folder / "lpr_a_kontakt.parquet")
    assert refused(folder) == ("lpr_a_kontakt.kont_starttidspunkt: has a time zone; deliver local time without one",)


def test_the_declarations_hold_what_a_reader_of_them_expects():
    from stratify.registers.declare import tables

    for source in ("danish", "omop"):
        declared = tables(source)
        order = list(declared)
        for table in declared.values():
            names = {column.name for column in table.column}
            assert {*table.key, *(table.interval or ()), *([table.person] if table.person else [])} <= names
            if table.parent:
                assert table.parent.column in names
                assert order.index(table.parent.table) < order.index(table.name)
            if table.clock:
                assert {table.clock.occurred, table.clock.known or table.clock.occurred} <= names
                assert table.clock.source
            assert table.limits
            if table.person and source == "danish":
                assert next(c for c in table.column if c.name == table.person).keep_zeros
            assert all(rule.by in declared for rule in table.superseded)
            assert table.carried or not (table.clock or table.parent)


def test_each_danish_table_says_what_its_law_lets_it_be_used_for():
    from stratify.registers.declare import tables

    use: dict[str, set[str]] = {}
    for table in tables("danish").values():
        use.setdefault(table.use, set()).add(table.name)
    assert use == {
        "care": {
            "bef", "vnds", "dod", "lpr_adm", "lpr_diag", "lpr_sksopr", "t_psyk_adm", "t_psyk_diag", "lpr_a_kontakt",
            "lpr_a_diagnose", "lmdb", "sssy", "laboratorieproevesvar_", "tvang", "tolk", "digital_post", "laegevagt",
            "praehospital",
        },
        "planning": {"aefv", "aehjsp", "ophold_plejehjem", "afstand"},
        "statistics": {"udda", "faik", "akm", "dream"},
    }  # fmt: skip


def test_each_danish_table_is_carried_into_a_domain_or_says_that_it_is_not():
    from stratify.registers import danish
    from stratify.registers.declare import tables
    from stratify.store.layout import DOMAINS

    needs = danish.source().needs
    assert set(needs) <= set(DOMAINS)
    carried = {name for names in needs.values() for name in names} | {"bef", "dod", "vnds"}  # people and residence
    declared = tables("danish").values()
    assert {table.name for table in declared if table.carried} == carried
    assert {table.name for table in declared if not table.carried} == {"dream"}
    assert {table.name for table in declared if table.required} == {"bef", "dod", "lpr_a_kontakt", "lpr_a_diagnose"}
