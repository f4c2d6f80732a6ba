"""What deliveries look like in the wild: encodings, line ends, delimiters, files by year, broken lines and files."""

from __future__ import annotations

import duckdb
import pytest

from stratify.errors import DataError
from stratify.registers.read import _why, open_extract

ANNA = "000012345678"
TITLES = "pnr,eksd,atc"
GOOD = [f"{ANNA},2018-01-{1 + i % 28:02},C07AB02" for i in range(60)]


def _drugs(extract, *lines: bytes | str, head: bytes = b"", end: bytes = b"\n", titles: str = TITLES):
    folder = extract()
    data = end.join(line if isinstance(line, bytes) else line.encode() for line in [titles, *lines])
    (folder / "lmdb.csv").write_bytes(head + data + end)
    return folder


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"head": b"\xef\xbb\xbf", "end": b"\r\n"},
        {"titles": '"pnr","Eksd","ATC"'},
        {"titles": " pnr , eksd, atc"},
    ],
)
def test_windows_line_ends_a_byte_order_mark_and_any_case(extract, landed, how):
    store = landed(_drugs(extract, *GOOD, **how))
    assert store.found.events["drug"] == 60
    assert store.rows("drug", "code")[0] == (ANNA, "C07AB02")


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_and_decimal_commas(extract, landed, delimiter):
    lines = [delimiter.join([ANNA, "2018-01-01", "C07AB02", "2", "28,5"])]
    store = landed(_drugs(extract, *lines, titles=delimiter.join(["pnr", "eksd", "atc", "apk", "volume"])))
    assert store.rows("drug", "ddd") == [(ANNA, 57.0)]


def test_lines_that_are_no_lines_of_the_table_are_refused_one_by_one(extract, landed):
    broken = [f"{ANNA},2018-02-01", f"{ANNA},2018-02-01,C07AB02,1,2", f'{ANNA},2018-02-01,"C07AB02']
    store = landed(
        _drugs(extract, *GOOD[:20], broken[0], *GOOD[20:30], broken[1], *GOOD[30:40], broken[2], "", *GOOD[40:])
    )
    assert store.found.tables["lmdb"] == {
        "rows_in": 63,
        "landed": 60,
        "refused": 3,
        "reasons": {"line not readable as CSV": 3},
    }
    assert store.refused("lmdb") == [
        (22, "line not readable as CSV", broken[0]),
        (33, "line not readable as CSV", broken[1]),
        (44, "line not readable as CSV", broken[2]),
    ]


def test_two_broken_quotes_do_not_swallow_the_lines_between_them(extract, landed):
    broken = f'{ANNA},2018-02-01,"C07AB02'
    store = landed(_drugs(extract, *GOOD, broken, f"{ANNA},2018-03-01,C09AA05", broken, end=b"\r\n"))
    assert store.reasons("lmdb") == {"line not readable as CSV": 2}
    assert (ANNA, "C09AA05") in store.rows("drug", "code")


def test_quoted_values_are_read_with_their_quotes_and_delimiters(extract, landed):
    contacts = (
        "pnr,dw_ek_kontakt,kont_starttidspunkt,kont_sluttidspunkt,kont_type,prioritet,kont_ans_hovedspec,kont_ans_inst\n"
        f'{ANNA},k1,2019-03-01 08:00,,ALCA00,ATA1,"psykiatri, voksne ""x""",Århus\n'
    )
    folder = extract(lpr_a_kontakt=None)
    (folder / "lpr_a_kontakt.csv").write_text(contacts, "utf-8")
    assert landed(folder).rows("contact", "care, unit") == [(ANNA, "psychiatric", "Århus")]


def test_mixed_line_ends_are_read(extract, landed):
    folder = extract()
    (folder / "lmdb.csv").write_bytes(
        b"\r\n".join([TITLES.encode(), GOOD[0].encode()]) + b"\n" + GOOD[1].encode() + b"\n"
    )
    assert landed(folder).found.events["drug"] == 2


@pytest.mark.parametrize(
    "data, reason",
    [
        (
            TITLES.encode() + b"\n" + "ÆØÅ,2018-01-01,C07AB02\n".encode("latin-1"),
            "not UTF-8 text (Latin-1?); save it as UTF-8",
        ),
        ("hænd,eksd\n".encode("latin-1"), "not UTF-8 text (Latin-1?); save it as UTF-8"),
        (b"", "its first line must name each column once"),
        (b"pnr,PNR,eksd\n", "its first line must name each column once"),
        (b"pnr,,eksd\n", "its first line must name each column once"),
        (b"pnr,eksd,atc\r1,2,3\r", "lines must end as on Windows or Unix"),
        (b"pnr,eksd,atc\n1,2\r,3\n", "lines must end as on Windows or Unix"),
    ],
)
def test_a_csv_that_cannot_be_read_says_why(extract, landed, data, reason):
    folder = extract()
    (folder / "lmdb.csv").write_bytes(data)
    with pytest.raises(DataError) as caught:
        landed(folder)
    assert f"lmdb: lmdb.csv: {reason}" in caught.value.problems


@pytest.mark.parametrize("end", [b"\n", b""])
def test_a_csv_with_a_header_alone_is_an_empty_table(extract, landed, end):
    folder = extract()
    (folder / "lmdb.csv").write_bytes(TITLES.encode() + end)
    store = landed(folder)
    assert store.found.tables["lmdb"]["rows_in"] == 0
    assert store.found.events["drug"] == 0
    assert "lmdb: empty" in store.found.notes
    assert "lmdb: not in this extract" not in store.found.notes
    assert "drug" not in store.found.measurable["domains"]  # nobody knows what was redeemed: that is not nothing
    assert "household" in store.found.measurable["domains"]


@pytest.mark.parametrize("data", [b"", b"PAR1", b"pnr,eksd,atc\n"])
def test_a_file_that_is_no_parquet_says_so(extract, landed, data):
    folder = extract("parquet")
    (folder / "lmdb.parquet").write_bytes(data)
    with pytest.raises(DataError) as caught:
        landed(folder)
    assert caught.value.problems == ("lmdb: lmdb.parquet: not a whole Parquet file",)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_required_column_missing_in_one_year_is_no_empty_column(extract, landed, form):
    folder = extract(form)
    one = f"SELECT '{ANNA}' AS pnr, DATE '2018-01-01' AS eksd"
    duckdb.execute(f"COPY ({one}, 'C07AB02' AS atc) TO '{folder}/lmdb_2018.{form}'")
    duckdb.execute(f"COPY ({one}) TO '{folder}/lmdb_2019.{form}'")
    with pytest.raises(DataError) as caught:
        landed(folder)
    assert caught.value.problems == (f"lmdb.atc: required column, missing in lmdb_2019.{form}; there are eksd, pnr",)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_years_may_differ_in_case_order_and_columns_we_do_not_need(extract, landed, form):
    folder = extract(form)
    (folder / "LMDB").mkdir()
    one = f"COPY (SELECT '{ANNA}' AS pnr, DATE '2018-01-01' AS eksd, 'C07AB02' AS atc) TO '{folder}/LMDB/a.{form}'"
    other = f"SELECT 'C09AA05' AS ATC, 'x' AS indo, DATE '2019-01-01' AS EKSD, '{ANNA}' AS PNR"
    two = f"COPY ({other}) TO '{folder}/LMDB/b.{form}'"
    duckdb.execute(one)
    duckdb.execute(two)
    assert landed(folder).rows("drug", "code") == [(ANNA, "C07AB02"), (ANNA, "C09AA05")]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_some_years_may_be_in_upper_case_danish_letters_too(extract, landed, form):
    folder = extract(form)
    (folder / "aefv").mkdir()
    for year, titles in {
        2017: "pnr hænd_mdr perpl_vis",
        2018: "PNR HÆND_MDR PERPL_VIS",
        2019: "Pnr Hænd_Mdr Perpl_Vis",
    }.items():
        pnr, month, hours = titles.split()
        for part in (0, 1):
            one = f"SELECT '{ANNA}' AS {pnr}, '{year}0{part + 1}' AS {month}, {year - 2010} AS {hours}, 1 AS Prahj_Vis"
            duckdb.execute(f"COPY ({one}) TO '{folder}/aefv/aefv_{year}_{part:02}.{form}'")
    store = landed(folder)
    assert store.found.tables["aefv"]["reasons"] == {}
    assert [value for _, value in store.rows("municipal", "value")] == [8.0, 8.0, 9.0, 9.0, 10.0, 10.0]


def test_rows_keep_the_order_of_their_files_whatever_the_case_of_the_columns(extract, landed):
    folder = extract("parquet")
    for year in range(2010, 2020):
        titles = "PNR, EKSD, ATC" if year % 3 else "pnr, eksd, atc"
        day = f"DATE '{year}-01-01'" if year != 2015 else "DATE '2031-01-01'"  # after the delivery
        rows = f"SELECT '{ANNA}', {day}, 'C07AB0' || (i % 9 + 1) FROM range(30) AS t(i)"
        duckdb.execute(f"COPY (SELECT * FROM ({rows}) AS t({titles})) TO '{folder}/lmdb_{year}_00.parquet'")
    with pytest.raises(DataError, match="30 of 300 rows unusable"):
        landed(folder)
    (folder / "lmdb_2015_00.parquet").unlink()
    one = f"SELECT '{ANNA}' AS Pnr, DATE '2031-01-01' AS eksd, 'C07AB02' AS ATC"
    duckdb.execute(f"COPY ({one}) TO '{folder}/lmdb_2015_00.parquet'")
    assert [row for row, _, _ in landed(folder).refused("lmdb")] == [151]


@pytest.mark.parametrize(
    "name",
    ["lmdb.parquet", "LMDB_2018.parquet", "lmdb2018.parquet", "lmdb_2018_03.parquet", "lmdb_07.parquet",
     "lmdb/anything.parquet", "LMDB/lmdb_2018_00.parquet", "deep/er/lmdb_2018_00.PARQUET"],
)  # fmt: skip
def test_a_file_is_known_by_its_name_with_year_and_part_or_by_its_folder(extract, landed, name):
    folder = extract("parquet")
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    duckdb.execute(f"COPY (SELECT '{ANNA}' AS pnr, DATE '2018-01-01' AS eksd, 'C07AB02' AS atc) TO '{path}'")
    assert landed(folder).rows("drug", "code") == [(ANNA, "C07AB02")]


def test_years_may_differ_in_the_types_of_their_columns(extract, landed):
    folder = extract("parquet")
    written = {
        2014: ("DATE '2014-01-01'", "1::SMALLINT", "28.5::DOUBLE"),
        2015: ("TIMESTAMP '2015-01-01 00:00:00'", "1::INTEGER", "28.5::DECIMAL(6,2)"),
        2016: ("'2016-01-01'", "'1'", "'28,5'"),
        2017: ("'20170101'", "1.0::DOUBLE", "28.5::FLOAT"),
        2018: ("20180101", "1::HUGEINT", "28::UTINYINT"),
    }
    for year, (day, packs, volume) in written.items():
        one = f"SELECT '{ANNA}' AS pnr, {day} AS eksd, 'C07AB02' AS atc, {packs} AS apk, {volume} AS volume"
        duckdb.execute(f"COPY ({one}) TO '{folder}/lmdb_{year}_00.parquet'")
    store = landed(folder)
    assert store.reasons("lmdb") == {}
    assert [ddd for _, _, ddd in store.rows("drug", "day, ddd")] == [28.5, 28.5, 28.5, 28.5, 28.0]


def test_whole_numbers_that_came_as_fractions_are_whole_again(extract, landed):
    folder = extract("parquet")
    duckdb.execute(
        f"COPY (SELECT * REPLACE (kom::DOUBLE AS kom, koen::DOUBLE AS koen, "
        f"CASE WHEN pnr = '{ANNA}' THEN antpersh::DOUBLE ELSE 'nan'::DOUBLE END AS antpersh) "
        f"FROM '{folder}/bef.parquet') TO '{folder}/new.parquet'"
    )
    (folder / "new.parquet").rename(folder / "bef.parquet")
    store = landed(folder)
    assert store.reasons("bef") == {}
    assert {place for *_, place in store.residence()} == {"751", "661"}
    assert {who for who, _ in store.rows("household", "value")} == {ANNA}


def test_files_of_tables_we_do_not_read_are_told(extract, landed):
    folder = extract()
    (folder / "kontakter.csv").write_text("a\n1\n")
    assert "1 files of other tables not read: kontakter.csv" in landed(folder).found.notes


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_folders_may_have_any_name(extract, landed, tmp_path, form):
    folder = extract(form, at=tmp_path / 'd\'or æøå [2024] * "b"' / "delivered")
    store = landed(folder)
    assert store.found.people == 2


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_table_whose_columns_are_all_without_a_value_gives_no_domain(extract, landed, form):
    bef = f"pnr|koen|foed_dag|referencetid|kom|antpersh\n{ANNA}|2|1950-03-01|2018-12-31|751|"
    told = landed(extract(form, bef=bef)).found.measurable
    assert told["domains"] == ["condition", "contact", "diagnosis", "stay"]
    assert told["use"] == dict.fromkeys(told["domains"], "care")


@pytest.mark.parametrize(
    "error, told",
    [
        (duckdb.OutOfMemoryException(f"could not allocate {ANNA}"), "out of memory; set STRATIFY_MEMORY_LIMIT"),
        (duckdb.OutOfMemoryException("set by the 'max_temp_directory_size' setting"), "the disk is full; make room"),
        (duckdb.IOException(f"Could not write file {ANNA}: No space left on device"), "the disk is full; make room"),
        (duckdb.IOException(f"Cannot open file {ANNA}: Permission denied"), "may not be read: permission denied"),
        (duckdb.ConversionException(f"{ANNA}: Permission denied"), "its files cannot be read as one table"),
    ],
)
def test_what_the_machine_lacks_is_not_blamed_on_the_files(error, told):
    why = _why(error, "its files cannot be read as one table")
    assert why.startswith(told)
    assert ANNA not in why


def test_a_machine_without_memory_says_so(tmp_path):
    data, copies = tmp_path / "data", tmp_path / "copies"
    data.mkdir()
    duckdb.execute(f"COPY (SELECT hash(i)::VARCHAR AS pnr FROM range(1000000) AS t(i)) TO '{data}/lmdb.parquet'")
    with duckdb.connect() as con:
        con.execute("SET memory_limit = '10MB'; SET temp_directory = ''")
        problems = open_extract(con, data, ["lmdb"], copies).problems
    assert problems == ["lmdb: out of memory; set STRATIFY_MEMORY_LIMIT to what this machine can give"]


def test_a_file_that_may_not_be_read_says_so(tmp_path, monkeypatch):
    (tmp_path / "lmdb.csv").write_text(TITLES)

    def forbid(path, copies):
        raise PermissionError

    monkeypatch.setattr("stratify.registers.read.open_csv", forbid)
    with duckdb.connect() as con:
        assert open_extract(con, tmp_path, ["lmdb"], tmp_path / "copies").problems == [
            "lmdb: lmdb.csv: may not be read: permission denied"
        ]
