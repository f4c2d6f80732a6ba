"""A Spark session as landing and building need it, or the reason there is none, in words that say what to do.

What a cluster sets (memory, cores, queues) comes from its own spark-defaults.conf. What decides the answer is set here:
times without a time zone, ANSI SQL.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stratify.errors import DataError, UsageError
from stratify.spark.sql import NEEDS

JAVA = 17
MASTER = re.compile(r"local|local\[(\*|[1-9]\d*)\]|spark://[^\s/,:]+:\d+(,[^\s/,:]+:\d+)*|yarn|k8s://\S+")
_LOCAL = re.compile(r"local(?:\[(\*|\d+)\])?")
_VERSION = re.compile(r'version "(\d+)')


@contextmanager
def session(master: str) -> Iterator[Any]:
    """Yield a Spark session on a master; UsageError (exit 2) for a bad one, or where pyspark or Java is missing.

    An error of Spark inside becomes a DataError of its kind alone: its text may hold a person's values.
    """
    _refuse(master)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of pandas 3, which nothing here uses
        try:
            from py4j.protocol import Py4JError
            from pyspark.errors import PySparkException
            from pyspark.sql import SparkSession
        except ImportError:
            raise UsageError(NEEDS) from None
        builder = SparkSession.builder.master(master).appName("stratify")
        for key, value in _settings(master).items():
            builder = builder.config(key, value)
        try:
            spark = builder.getOrCreate()
        except Exception as error:  # py4j, Java and Spark each raise their own
            raise UsageError(f"--master {master}: no Spark session starts there ({type(error).__name__})") from error
        spark.sparkContext.setLogLevel("OFF")
        try:
            yield spark
        except (PySparkException, Py4JError) as error:
            condition = error.getCondition() if isinstance(error, PySparkException) else None
            raise DataError(f"Spark gave up: {condition or type(error).__name__}") from None
        finally:
            spark.stop()


def _refuse(master: str) -> None:
    if not MASTER.fullmatch(master):
        raise UsageError(f"--master needs local[2], local[*], spark://host:port, yarn or k8s://address, got {master!r}")
    try:
        import pyspark  # noqa: F401 - whether it is there
        import sqlglot  # noqa: F401
    except ImportError:
        raise UsageError(NEEDS) from None
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if java is None or not shutil.which(java):
        raise UsageError(f"--engine spark needs Java {JAVA} or newer: apt-get install openjdk-17-jre-headless")
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)  # noqa: S603
    version = _VERSION.search(told.stderr + told.stdout)
    if version is None or int(version[1]) < JAVA:
        found = version[1] if version else "one that tells no version"
        raise UsageError(f"--engine spark needs Java {JAVA} or newer, found {found}: set JAVA_HOME to a newer one")


def _settings(master: str) -> dict[str, str]:
    told = {
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.timestampType": "TIMESTAMP_NTZ",
        "spark.sql.ansi.enabled": "true",
        "spark.ui.showConsoleProgress": "false",
        "spark.hadoop.fs.permissions.umask-mode": "077",
    }
    local = _LOCAL.fullmatch(master)
    if local:
        cores = int(local[1]) if local[1] and local[1] != "*" else (os.cpu_count() or 1) if local[1] else 1
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        told |= {
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.ui.enabled": "false",
            "spark.sql.shuffle.partitions": str(2 * cores),
        }
    return told
