"""One small region, simulated once, and a connection that reads its tables."""

from pathlib import Path

import duckdb
import pytest

from pipelines.synthesis import synthesise


class Region:
    """A simulated region: its folders, the rows it reported, and SQL over its tables."""

    def __init__(self, root, people, **kwargs):
        self.registers, self.truth = root / "registers", root / "truth"
        self.registers.mkdir(parents=True)
        self.truth.mkdir()
        self.rows = synthesise(self.registers, self.truth, people=people, **kwargs)
        self.connection = duckdb.connect()
        for folder in sorted(path for path in self.registers.iterdir() if path.is_dir()):
            self.connection.execute(f"CREATE VIEW {folder.name} AS FROM read_parquet('{folder}/*.parquet')")
        for path in sorted(self.truth.iterdir()):
            self.connection.execute(f"CREATE VIEW {path.stem} AS FROM read_parquet('{path}')")
        self.connection.execute(CONTACTS)
        self.connection.execute(DIAGNOSES)

    def all(self, sql):
        return self.connection.execute(sql).fetchall()

    def one(self, sql):
        return self.connection.execute(sql).fetchone()[0]


CONTACTS = """
CREATE VIEW contacts AS
SELECT pnr, recnum AS contact, 'lpr_adm' AS source, d_inddto AS first_day, d_uddto AS last_day, c_adiag AS code,
       c_pattype = '0' AS inpatient, c_indm = '1' AS acute, 'somatic' AS care FROM lpr_adm
UNION ALL
SELECT v_cpr, k_recnum, 't_psyk_adm', d_inddto, d_uddto, c_adiag, c_pattype = '0', c_indm = '1', 'psychiatric'
FROM t_psyk_adm
UNION ALL
SELECT pnr, dw_ek_kontakt, 'lpr_a_kontakt', CAST(kont_starttidspunkt AS DATE), CAST(kont_sluttidspunkt AS DATE), adiag,
       coalesce(kont_sluttidspunkt - kont_starttidspunkt >= INTERVAL 12 HOUR, true), prioritet = 'ATA1',
       CASE WHEN kont_ans_hovedspec = 'Psykiatri' THEN 'psychiatric' ELSE 'somatic' END
FROM lpr_a_kontakt WHERE lprindberetningssystem = 'LPR3'
"""
DIAGNOSES = """
CREATE VIEW diagnoses AS
SELECT recnum AS contact, c_diag AS code, c_diagtype AS kind, 'Nej' AS refuted FROM lpr_diag
UNION ALL SELECT v_recnum, c_diag, c_diagtype, 'Nej' FROM t_psyk_diag
UNION ALL SELECT d.dw_ek_kontakt, diag_kode, diag_kode_type, senere_afkraeftet
FROM lpr_a_diagnose AS d JOIN lpr_a_kontakt AS k USING (dw_ek_kontakt) WHERE lprindberetningssystem = 'LPR3'
"""


@pytest.fixture(scope="session")
def region(tmp_path_factory) -> Region:
    """4,000 people over ten years: large enough for rates."""
    return Region(tmp_path_factory.mktemp("region"), 4000, seed=11)


@pytest.fixture
def simulate(tmp_path):
    """Return a function that simulates a region in a folder of its own."""

    def run(name: str, people: int = 300, **kwargs) -> Region:
        return Region(Path(tmp_path) / name, people, **kwargs)

    return run
