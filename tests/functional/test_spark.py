"""Spark leaves the store and the matrix that DuckDB leaves, byte for byte: ties, odd values and broken minutes too."""

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from pipelines.build_step import build_step
from pipelines.data_steps import land_step
from pipelines.spark import engine_of
from pipelines.steps import OUTSIDE
from stratify.catalogue import load
from stratify.files import digest_tree
from stratify.store import layout
from stratify.store.land import land
from stratify.workspace import Workspace

pytest.importorskip("pyspark", reason="no pyspark: `make test-spark` installs it")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("java") is None, reason="no Java: `make test-spark` installs it where it may"),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning",
        "ignore::pytest.PytestUnraisableExceptionWarning",
        "ignore:PySpark does not yet fully support pandas:FutureWarning",
    ),
]
PER_BUCKET = 70
ODD = ("'<4,5'", "'7.25'", "'ikke påvist'", "' 5'", "'1e400'", "'-'", "'1_000'")
CATALOGUE = load(None)


@pytest.fixture(scope="module")
def spark():
    with engine_of("spark", "local[2]") as chosen:
        yield chosen


@pytest.fixture(scope="module")
def buckets():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "PEOPLE_PER_BUCKET", PER_BUCKET)
        yield


@pytest.fixture(scope="module")
def registers(tmp_path_factory, stratify) -> Path:
    """A small region whose laboratory has several results of a day, and whose contacts start at broken minutes."""
    work = tmp_path_factory.mktemp("spark")
    stratify("synthesise", "--people", 400, "--years", 7, "--seed", 5, "--optional", "--work", work)
    found = work / "registers"
    odd = ", ".join(ODD)
    rewrite(
        found / "laboratorieproevesvar_",
        "SELECT * FROM old UNION ALL SELECT * REPLACE ("
        f"([{odd}])[1 + CAST(hash(npu, samplingdato) % {len(ODD)} AS BIGINT)] AS "
        "samplevalue) FROM old WHERE hash(samplingdato) % 5 = 0",
    )
    rewrite(
        found / "lpr_a_kontakt",
        "SELECT * REPLACE ("
        "kont_starttidspunkt + INTERVAL 1 SECOND * CAST(hash(dw_ek_kontakt) % 60 AS BIGINT) AS kont_starttidspunkt, "
        "kont_sluttidspunkt + INTERVAL 1 SECOND * CAST(60 + hash(dw_ek_kontakt, 1) % 60 AS BIGINT) AS "
        "kont_sluttidspunkt) FROM old",
    )
    return found


def rewrite(folder: Path, sql: str) -> None:
    """Put what a query makes of a table's rows, called `old`, in the place of each of its files."""
    for path in folder.glob("*.parquet"):
        with duckdb.connect() as con:
            con.execute(f"CREATE TABLE old AS SELECT * FROM read_parquet('{path}')")
            con.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet)")


@pytest.fixture(scope="module")
def both(tmp_path_factory, registers, spark, buckets) -> dict[str, Workspace]:
    """The region landed and built by each engine, in work folders of their own."""
    engine, share_out = spark
    found = {name: Workspace(tmp_path_factory.mktemp(name)) for name in ("duckdb", "spark")}

    def quiet(*told):
        pass

    def in_workers(do, jobs, tick, processes=None):
        per_bucket = PER_BUCKET  # a worker is a process of its own

        def small(*job):
            from stratify.store import layout

            layout.PEOPLE_PER_BUCKET = per_bucket
            return do(*job)

        return share_out(small, jobs, tick, processes)

    land_step(found["duckdb"], CATALOGUE, source="synthetic", data=registers, progress=quiet)
    build_step(found["duckdb"], CATALOGUE, quiet, processes=1)
    land_step(found["spark"], CATALOGUE, source="synthetic", data=registers, progress=quiet, engine=engine)
    build_step(found["spark"], CATALOGUE, quiet, share_out=in_workers)
    return found


def files(folder: Path) -> dict[str, str]:
    return digest_tree(folder, leave_out=OUTSIDE)


def test_the_store_is_the_same_to_the_byte(both):
    one, two = (files(both[name].store) for name in ("duckdb", "spark"))
    assert one == two
    assert sum("/bucket=" in name for name in one) >= 18 * 6


def test_its_rows_are_equal_value_by_value_in_the_same_order(both):
    for folder in (path for path in both["duckdb"].store.iterdir() if (path / "bucket=000.parquet").exists()):
        for path in sorted(folder.glob("*.parquet")):
            sql = "SELECT * FROM read_parquet(?, hive_partitioning = false)"
            other = both["spark"].store / folder.name / path.name
            assert duckdb.execute(sql, [str(path)]).fetchall() == duckdb.execute(sql, [str(other)]).fetchall()


def test_there_are_ties_and_broken_minutes_to_get_wrong(both, registers):
    labs = str(both["duckdb"].store / "lab" / "*.parquet")
    ties = duckdb.execute(
        "SELECT count(*) FROM (SELECT 1 FROM read_parquet(?) GROUP BY person, day, code HAVING count(*) > 1)", [labs]
    ).fetchone()
    assert ties[0] > 100
    contacts = str(registers / "lpr_a_kontakt" / "*.parquet")
    broken = duckdb.execute(
        "SELECT count(*) FROM read_parquet(?) WHERE date_diff('minute', kont_starttidspunkt, kont_sluttidspunkt) <> "
        "floor(epoch(kont_sluttidspunkt - kont_starttidspunkt) / 60)",
        [contacts],
    ).fetchone()
    assert broken[0] > 100


def test_the_manifest_is_the_same_so_that_a_later_step_does_not_ask_who_landed(both):
    one, two = (json.loads((both[name].store / "manifest.json").read_text()) for name in ("duckdb", "spark"))
    assert one == two


def test_the_matrix_is_the_same_bit_for_bit(both):
    one, two = (files(both[name].features) for name in ("duckdb", "spark"))
    assert one == two
    assert sum("/bucket=" in name for name in one) >= 6


def test_nothing_of_spark_is_left_in_the_store(both):
    assert not [path for path in both["spark"].store.rglob("*") if path.suffix == ".new" or path.name == "spill"]


CDM = {
    "person": """
        person_id,gender_concept_id,year_of_birth,month_of_birth,day_of_birth
        p1,8507,1950,3,1
        p2,8532,1960,,
        p3,0,1970,2,31
        """,
    "observation_period": """
        observation_period_id,person_id,observation_period_start_date,observation_period_end_date
        1,p1,2010-01-01,2019-12-31
        2,p2,2010-01-01,2018-06-30
        3,p3,2012-01-01,2019-06-30
        """,
    "death": "person_id,death_date\np2,2018-03-01",
    "visit_occurrence": """
        visit_occurrence_id,person_id,visit_concept_id,visit_start_date,visit_start_datetime,visit_end_date,visit_end_datetime
        1,p1,9201,2015-03-01,2015-03-01 00:00:30,2015-03-04,2015-03-04 00:00:00
        2,p1,9203,2016-03-01,2016-03-01 08:00:59,2016-03-01,2016-03-01 10:00:00
        3,p1,9201,2016-03-01,2016-03-01 12:00:00,2016-03-03,2016-03-03 10:00:00
        4,p2,9202,2015-05-01,,2015-05-01,
        5,p2,9201,2015-06-01,2015-06-01 00:00:00,,
        """,
    "visit_detail": """
        visit_detail_id,person_id,visit_detail_concept_id,visit_detail_start_date,visit_detail_end_date,visit_occurrence_id
        1,p1,9203,2015-03-01,2015-03-01,1
        """,
    "condition_occurrence": """
        condition_occurrence_id,person_id,condition_concept_id,condition_start_date,condition_source_value,condition_source_concept_id,visit_occurrence_id
        1,p1,201826,2015-03-01,44054006,201826,1
        2,p2,0,2015-06-01,J44.9,0,
        3,p3,0,2015-06-01,I50.9,0,
        """,
    "concept": """
        concept_id,concept_name,vocabulary_id,concept_code
        201826,Type 2 diabetes mellitus,SNOMED,44054006
        3004410,Hemoglobin A1c,LOINC,4548-4
        701,percent,UCUM,%
        601,ramipril; oral,ATC,C09AA05
        """,
    "measurement": """
        measurement_id,person_id,measurement_concept_id,measurement_date,value_as_number,unit_concept_id
        1,p1,3004410,2015-03-01,7.1,701
        2,p1,3004410,2015-03-01,7.3,701
        3,p1,3027018,2015-03-01,72,
        """,
    "drug_exposure": """
        drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date,drug_source_concept_id
        1,p1,0,2015-03-01,601
        2,p2,999,2015-03-01,0
        """,
    "procedure_occurrence": """
        procedure_occurrence_id,person_id,procedure_concept_id,procedure_date,visit_occurrence_id
        1,p1,4000001,2015-03-02,1
        2,p2,4000001,2015-05-02,
        """,
}


def test_an_omop_extract_leaves_the_same_store_too(tmp_path, spark, buckets):
    data = tmp_path / "cdm"
    data.mkdir()
    for name, text in CDM.items():
        lines = [line.strip() for line in text.strip().splitlines()]
        (data / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    told = {}
    for name, more in (("duckdb", {}), ("spark", {"engine": spark[0]})):
        (tmp_path / name).mkdir()
        told[name] = land("omop", data, tmp_path / name, CATALOGUE, lambda what: None, **more)
    assert told["duckdb"] == told["spark"]
    assert {"contact", "stay", "condition", "diagnosis", "lab", "drug", "procedure"} <= set(told["spark"].events)
    assert all(told["spark"].events.values())
    assert files(tmp_path / "duckdb") == files(tmp_path / "spark")
