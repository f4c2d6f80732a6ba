"""Landing SQL is one text for DuckDB and Spark: all of it transpiles, and what would mean something else is refused."""

from datetime import date
from pathlib import Path

import duckdb
import pytest

from stratify.registers import danish, omop
from stratify.registers.delivery import Delivery
from stratify.registers.stays import CONTACT, CONTACT_SETTING, STAY
from stratify.store.engine import DuckDBEngine
from stratify.store.land import land

sqlglot = pytest.importorskip("sqlglot", reason="sqlglot is of the extras spark and test")

from stratify.spark.sql import ALIKE, NotPortableError, _minutes, tables_of, to_spark  # noqa: E402

DELIVERY = Delivery("danish", "urn:test", date(2024, 12, 31), date(2025, 1, 31))
SOURCES = {"danish": danish.source(), "omop": omop.source()}
HERE = Path(danish.__file__).parent.parent
FILES = [(name, path.stem) for name in SOURCES for path in sorted((HERE / name).glob("*.sql"))]
SHARED_SQL = {"contact": CONTACT, "contacts with their setting": CONTACT_SETTING, "stay": STAY}
CDM = {
    "person": "person_id,gender_concept_id,year_of_birth\n1,8507,1950\n",
    "observation_period": (
        "observation_period_id,person_id,observation_period_start_date,observation_period_end_date\n"
        "1,1,2010-01-01,2019-12-31\n"
    ),
    "visit_occurrence": (
        "visit_occurrence_id,person_id,visit_concept_id,visit_start_date,visit_end_date\n1,1,9201,2015-03-01,2015-03-04\n"
    ),
    "condition_occurrence": (
        "condition_occurrence_id,person_id,condition_concept_id,condition_start_date,condition_source_value,"
        "condition_source_concept_id\n1,1,0,2015-03-01,I50.9,0\n"
    ),
    "concept": "concept_id,concept_name,vocabulary_id,concept_code\n201826,Type 2 diabetes mellitus,SNOMED,44054006\n",
    "measurement": "measurement_id,person_id,measurement_concept_id,measurement_date\n1,1,9,2015-03-01\n",
    "drug_exposure": "drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date\n1,1,9,2015-03-01\n",
    "procedure_occurrence": "procedure_occurrence_id,person_id,procedure_concept_id,procedure_date\n1,1,9,2015-03-01\n",
}


class Recording(DuckDBEngine):
    """DuckDB, and a list of all that it was asked to run."""

    def __init__(self):
        self.asked = []

    def result(self, con, name, sql, scratch):
        self.asked.append(sql)
        return super().result(con, name, sql, scratch)

    def write_domain(self, con, domain, sql, people, out, content, scratch):
        self.asked.append(sql)
        return super().write_domain(con, domain, sql, people, out, content, scratch)


@pytest.mark.parametrize("source,name", FILES)
def test_every_landing_sql_of_both_sources_transpiles(source, name):
    reader = SOURCES[source]
    assert to_spark(reader.spell(reader.sql(name), DELIVERY))


@pytest.mark.parametrize("name", SHARED_SQL)
def test_what_the_sources_share_transpiles(name):
    assert to_spark(SOURCES["danish"].spell(SHARED_SQL[name], DELIVERY))


def test_all_that_a_landing_runs_transpiles_what_is_made_on_the_way_too(tmp_path, extract, catalogue):
    cdm = tmp_path / "cdm"
    cdm.mkdir()
    for name, text in CDM.items():
        (cdm / f"{name}.csv").write_text(text)
    for source, data in (("danish", extract()), ("omop", cdm)):
        engine, out = Recording(), tmp_path / source
        out.mkdir()
        found = land(source, data, out, catalogue, lambda told: None, engine=engine)
        assert len(engine.asked) == 5 + len(found.events)
        assert all(to_spark(sql) for sql in engine.asked)
        assert any("groups" in name for sql in engine.asked for name in tables_of(sql))  # the conditions are among them


@pytest.mark.parametrize(
    "told",
    ["date_trunc('day', a)", "isfinite(a)", "to_hours(2)", "hash(a)", "concat(a, 1)", "list_aggregate(a, 'sum')",
     "strptime(a, '%Y')", "made_up(a)"],
)  # fmt: skip
def test_a_function_that_is_not_known_to_answer_alike_is_refused_by_name(told):
    with pytest.raises(NotPortableError, match="not known to answer alike"):
        to_spark(f"SELECT {told} FROM t")


def test_each_function_called_alike_is_one_that_a_source_uses():
    spelled = [SOURCES[source].spell(SOURCES[source].sql(name), DELIVERY) for source, name in FILES]
    spelled += [SOURCES["danish"].spell(sql, DELIVERY) for sql in SHARED_SQL.values()]
    trees = [sqlglot.parse_one(sql, read="duckdb") for sql in spelled]
    used = {node.sql_name().upper() for tree in trees for node in tree.find_all(sqlglot.exp.Func)}
    assert used == ALIKE


def test_minutes_between_two_moments_are_those_that_begin_as_duckdb_counts_them():
    tree = sqlglot.parse_one("date_diff('minute', a, b)", read="duckdb").transform(_minutes)
    rows = duckdb.execute(
        f"SELECT a, b, date_diff('minute', a, b), {tree.sql(dialect='duckdb')} FROM "
        "(SELECT TIMESTAMP '1969-12-25 23:59:31' + INTERVAL 1 SECOND * (i * 7919) AS a, "
        "TIMESTAMP '1970-01-03 00:00:29' + INTERVAL 1 SECOND * (i * 104729 % 900001) AS b "
        "FROM range(5000) AS t(i)) AS u"
    ).fetchall()
    assert [row for row in rows if row[2] != row[3]] == []
    elapsed = sum((b - a).total_seconds() // 60 != told for a, b, told, _ in rows)
    assert elapsed > 1000  # what Spark's own function would say
    spark = to_spark("SELECT date_diff('minute', a, b) AS m FROM t")
    assert "MINUTE(" in spark
    assert "DATEDIFF(MINUTE" not in spark


def test_nulls_stand_last_in_windows_and_names_are_quoted():
    spark = to_spark("SELECT row_number() OVER (PARTITION BY pnr ORDER BY hænd_mdr) AS n FROM aefv")
    assert "ORDER BY `hænd_mdr` NULLS LAST" in spark


def test_the_tables_a_query_reads_are_without_those_it_makes():
    assert tables_of("WITH a AS (SELECT * FROM b) SELECT * FROM a JOIN (SELECT * FROM c) AS d USING (x)") == {"b", "c"}
