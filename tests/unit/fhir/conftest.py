"""What charts are read with."""

from datetime import date

import pytest

from stratify.catalogue import load
from stratify.fhir.chart import read_chart
from stratify.registers.clock import day_number

CATALOGUE = load()
TODAY = date(2025, 3, 10)


@pytest.fixture
def read():
    """Return a function from a prefetch to the chart, as it stands on TODAY."""
    return lambda prefetch, today=TODAY: read_chart(prefetch, CATALOGUE, today)


@pytest.fixture
def events(read):
    """Return a function from a prefetch to the rows of a domain, each a dict; days are counted from TODAY."""

    def answer(prefetch, domain, *columns):
        rows = read(prefetch).records.events[domain]
        assert rows["known"].tolist() == rows["day"].tolist()
        found = []
        for at in range(len(rows["day"])):
            row = {name: rows[name][at] for name in columns}
            for name in ("end_day", "end_known"):
                if name in row:
                    row[name] = None if row[name] != row[name] else int(row[name]) - day_number(TODAY)
            found.append((int(rows["day"][at]) - day_number(TODAY), *row.values()))
        return found

    return answer


@pytest.fixture
def gaps(read):
    """Return a function from a prefetch to what it lacks, beside what no chart tells: number by kind, or None."""

    def answer(prefetch):
        told = {one["id"]: one["text"] for one in read(prefetch).gaps}
        assert all(text["da"] and text["en"] and "{" not in text["da"] + text["en"] for text in told.values())
        assert told.pop("chart")
        numbers = {kind: [int(word) for word in text["en"].split() if word.isdigit()] for kind, text in told.items()}
        return {kind: (found or [None])[0] for kind, found in numbers.items()}

    return answer
