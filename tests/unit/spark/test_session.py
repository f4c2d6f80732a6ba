"""What Spark lacks is told before any work, in words that say what to do."""

import sys
import types

import pytest

from pipelines.spark import engine_of
from stratify.errors import UsageError
from stratify.spark.session import MASTER
from stratify.store.engine import ENGINE


@pytest.fixture
def installed(monkeypatch):
    """As if pyspark and sqlglot were there, for what is asked before they are used."""
    for name in ("pyspark", "sqlglot"):
        if name not in sys.modules:
            monkeypatch.setitem(sys.modules, name, types.ModuleType(name))


def refused(engine, master) -> str:
    with pytest.raises(UsageError) as told, engine_of(engine, master):
        pass
    assert told.value.exit_code == 2
    return str(told.value)


def java(tmp_path, says) -> str:
    home = tmp_path / "java"
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "java").write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    (home / "bin" / "java").chmod(0o755)
    return str(home)


def test_duckdb_is_what_is_used_where_nothing_is_said():
    with engine_of("duckdb", None) as (engine, _):
        assert engine is ENGINE


def test_an_engine_that_is_none_is_refused():
    assert "--engine needs one of duckdb, spark, got 'polars'" in refused("polars", None)


@pytest.mark.parametrize("engine,master", [("spark", None), ("duckdb", "local[2]")])
def test_spark_and_its_master_go_together(engine, master):
    assert "--engine spark and --master go together" in refused(engine, master)


@pytest.mark.parametrize("master", ["local", "local[2]", "local[*]", "spark://a:7077", "spark://a:1,b:2", "yarn",
                                    "k8s://https://a:6443"])  # fmt: skip
def test_masters_that_are_known(master):
    assert MASTER.fullmatch(master)


@pytest.mark.parametrize(
    "master", ["", "local[0]", "local(2)", "localhost", "spark://a", "http://a:7077", "yarn cluster"]
)
def test_a_bad_master_is_refused_with_what_one_looks_like(master):
    assert "--master needs local[2], local[*], spark://host:port, yarn or k8s://address" in refused("spark", master)


@pytest.mark.parametrize("missing", ["pyspark", "sqlglot"])
def test_a_missing_library_is_told_with_what_to_install(installed, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    assert "pip install 'stratify-multimorbidity[spark]'" in refused("spark", "local[2]")


def test_missing_java_is_told_with_what_to_install(installed, monkeypatch, tmp_path):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "needs Java 17 or newer: apt-get install openjdk-17-jre-headless" in refused("spark", "local[2]")


@pytest.mark.parametrize("says,found", [('openjdk version "11.0.2"', "11"), ("nothing", "one that tells no version")])
def test_an_old_java_is_refused(installed, monkeypatch, tmp_path, says, found):
    monkeypatch.setenv("JAVA_HOME", java(tmp_path, says))
    assert f"needs Java 17 or newer, found {found}: set JAVA_HOME" in refused("spark", "local[2]")
