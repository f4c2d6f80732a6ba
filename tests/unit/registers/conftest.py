"""Small extracts written from text tables, landed, and read back."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from stratify.catalogue import Catalogue, load
from stratify.store.land import Landed, land

ANNA, BO = "000012345678", "000000000002"

DANISH = {
    "bef": f"""
        pnr|koen|foed_dag|referencetid|kom|antpersh
        {ANNA}|2|1950-03-01|2018-12-31|751|2
        {BO}|1|1960-07-15|2018-12-31|661|1
        {ANNA}|2|1950-03-01|2019-12-31|751|2
        {BO}|1|1960-07-15|2019-12-31|661|1
        """,
    "dod": "pnr|doddato",
    "lpr_a_kontakt": f"""
        pnr|dw_ek_kontakt|kont_starttidspunkt|kont_sluttidspunkt|kont_type|prioritet|kont_ans_hovedspec|adiag
        {ANNA}|k1|2019-03-01 08:00|2019-03-03 10:00|ALCA00|ATA1|intern medicin|DI509
        """,
    "lpr_a_diagnose": """
        dw_ek_kontakt|diag_kode|diag_kode_type|senere_afkraeftet
        k1|DI509|A|Nej
        """,
}
DELIVERY = {"system": "urn:test", "covers_to": "2019-12-31", "delivered": "2020-02-01"}


@dataclass
class Store:
    """A landed store, read back by the source's own ids."""

    folder: Path
    found: Landed

    def rows(self, domain: str, columns: str, where: str = "true") -> list[tuple]:
        return duckdb.execute(
            f"SELECT source_id, {columns} FROM read_parquet($events) JOIN read_parquet($persons) USING (person) "
            f"WHERE {where} ORDER BY ALL",
            {
                "events": sorted(str(p) for p in (self.folder / domain).glob("*.parquet")),
                "persons": str(self.folder / "persons.parquet"),
            },
        ).fetchall()

    def residence(self) -> list[tuple]:
        """source id, first day, end (exclusive), municipality"""
        day = "DATE '1970-01-01' + {}".format
        return [
            (who, str(start)[:10], str(end)[:10] if end else None, place)
            for who, start, end, place in duckdb.execute(
                f"SELECT source_id, {day('start')}, {day(chr(34) + 'end' + chr(34))}, municipality "
                "FROM read_parquet(?) JOIN read_parquet(?) USING (person) ORDER BY ALL",
                [str(self.folder / "residence.parquet"), str(self.folder / "persons.parquet")],
            ).fetchall()
        ]

    def refused(self, table: str) -> list[tuple[int, str, str]]:
        path = self.folder / "refused" / f"{table}.parquet"
        if not path.exists():
            return []
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        return duckdb.execute("SELECT row, reason, delivered FROM read_parquet(?)", [str(path)]).fetchall()

    def reasons(self, table: str) -> dict[str, int]:
        return self.found.tables[table]["reasons"]  # type: ignore[return-value]


def cells(text: str) -> tuple[list[str], list[list[str]]]:
    """Return the titles and rows of a text table; an empty cell is a missing value."""
    lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    return lines[0], lines[1:]


def _write(folder: Path, name: str, text: str, form: str) -> None:
    titles, rows = cells(text)
    if form == "csv":
        (folder / f"{name}.csv").write_text("\n".join(",".join(row) for row in [titles, *rows]) + "\n", "utf-8")
        return
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE t ({', '.join(f'{chr(34)}{title}{chr(34)} VARCHAR' for title in titles)})")
        if rows:
            con.executemany(
                f"INSERT INTO t VALUES ({', '.join('?' * len(titles))})", [[c or None for c in r] for r in rows]
            )
        target = str(folder / f"{name}.parquet").replace("'", "''")
        con.execute(f"COPY t TO '{target}' (FORMAT parquet)")


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load(None)


@pytest.fixture
def extract(tmp_path) -> Callable[..., Path]:
    """Write an extract: the default one, with tables replaced, added, or left out where None is given."""

    def write(
        form: str = "csv",
        *,
        delivery: Mapping[str, object] | None = DELIVERY,
        at: Path | None = None,
        **tables: str | None,
    ) -> Path:
        folder = at or tmp_path / "extract"
        folder.mkdir(parents=True)
        for name, text in {**DANISH, **tables}.items():
            if text is not None:
                _write(folder, name, text, form)
        if delivery is not None:
            (folder / "delivery.json").write_text(json.dumps(delivery))
        return folder

    return write


@pytest.fixture
def landed(tmp_path, catalogue) -> Callable[..., Store]:
    """Land an extract in a fresh folder; rows in = landed + refused (+ left) is held for every table, also in files."""

    def run(data: Path, source: str = "danish") -> Store:
        out = tmp_path / f"store{len(list(tmp_path.iterdir()))}"
        out.mkdir()
        store = Store(out, land(source, data, out, catalogue, lambda told: None))
        assert stat.S_IMODE((out / "refused").stat().st_mode) == 0o700
        assert not (out / "spill").exists()
        for name, counts in store.found.tables.items():
            assert counts["rows_in"] == counts["landed"] + counts["refused"] + counts.get("left", 0)
            assert counts["refused"] == sum(counts["reasons"].values()) == len(store.refused(name))
        return store

    return run
