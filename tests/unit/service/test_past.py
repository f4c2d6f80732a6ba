"""What was before of a person is read for them alone; what does not fit is refused."""

import json
import sqlite3
import zlib

import pytest

from service.past import read_past
from stratify.errors import BundleError

TOLD = {"risks": {"a": [0.1, None]}, "conditions": [["t2d", 5]], "stays": [[1, None, "sa"]], "medicines": []}


def read(body, name="one", days=(1, 2)):
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE past(pseudonym TEXT, body BLOB)")
    connection.execute("INSERT INTO past VALUES ('one', ?)", (body,))
    return read_past(connection, name, days)


def packed(**changes):
    return zlib.compress(json.dumps({**TOLD, **changes}).encode())


def test_it_is_the_persons_own():
    past = read(packed())
    assert past.stays == [(1, None, "sa")]
    assert (past.risks, past.days) == ({"a": [0.1, None]}, (1, 2))
    assert read(packed(), "another").stays == []


@pytest.mark.parametrize(
    "body", [b"no zlib", "text", packed(stays=[[1, 2, "x"]]), packed(risks={"a": [0.1]}), packed(conditions=7)]
)
def test_what_does_not_fit_is_refused(body):
    with pytest.raises(BundleError, match="score again"):
        read(body)
