"""CSV for a Danish Excel: what it cannot take for something else, and the same in pieces as in a file."""

import csv
import io

import pytest

from stratify.danish_csv import LINES, danish_csv, write_danish

TITLES = {"name": "navn", "value": "værdi"}


def told(*rows):
    return "".join(danish_csv(TITLES, [dict(zip(TITLES, row, strict=True)) for row in rows]))


@pytest.mark.parametrize(
    "value, cell",
    [(0.25, "0,25"), (None, ""), (True, "ja"), (False, "nej"), (7, "7"), ("=1+1", "'=1+1"), ("-", "'-"), ("@x", "'@x")],
)
def test_a_cell_is_written_the_danish_way_and_is_never_worked_out(value, cell):
    assert told(("a", value)) == f"\ufeffnavn;værdi\r\na;{cell}\r\n"


def test_a_text_with_the_sign_between_cells_stays_one_cell():
    assert 'a;"b;c"\r\n' in told(("a", "b;c"))


def test_many_rows_come_in_pieces_and_are_those_of_the_file(tmp_path):
    rows = [{"name": f"n{n}", "value": n / 2} for n in range(2 * LINES + 1)]
    pieces = list(danish_csv(TITLES, rows))
    assert len(pieces) == 3
    write_danish(tmp_path / "x.csv", TITLES, rows)
    assert (tmp_path / "x.csv").read_bytes() == "".join(pieces).encode()
    read = list(csv.reader(io.StringIO("".join(pieces).removeprefix("\ufeff")), delimiter=";"))
    assert len(read) == len(rows) + 1


def test_without_rows_there_are_the_titles():
    assert told() == "\ufeffnavn;værdi\r\n"
