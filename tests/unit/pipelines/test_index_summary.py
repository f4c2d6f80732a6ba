"""What `build` prints of index events, and what it does not."""

import io

from rich.console import Console

from pipelines.index_build import index_years, told_counts
from pipelines.summary import show_index
from stratify.catalogue import load
from stratify.registers.clock import day_number, read_date

CATALOGUE = load()


def printed(built):
    out = io.StringIO()
    show_index(built, Console(file=out, width=200))
    return out.getvalue().splitlines()


def told(discharges, known, visits):
    """What the manifest tells of two buckets with the same counts in 2022."""
    part = {
        "discharges": {"rows": {2022: discharges}, "diagnosis_known": known},
        "psychiatric_outpatient": {"rows": {2022: visits}, "diagnosis_known": 0},
    }
    return told_counts(CATALOGUE, [part, part])


def test_rows_by_year_and_the_share_with_a_diagnosis_are_printed():
    assert printed(told(100, 10, 20)) == [
        "discharges (multimorbid) 2022: 200",
        "  a diagnosis of the stay was known before the day of discharge: 10.0%",
        "psychiatric_outpatient (psychiatric_somatic) 2022: 40",
    ]


def test_counts_of_one_to_four_are_hidden_and_so_is_a_share_that_would_tell_them():
    built = told(100, 2, 1)
    assert built["discharges"]["diagnosis_known_share"] is None
    assert built["psychiatric_outpatient"]["rows"] == {"2022": None}
    assert printed(built)[1:] == [
        "  a diagnosis of the stay was known before the day of discharge: hidden",
        "psychiatric_outpatient (psychiatric_somatic) 2022: <5",
    ]
    assert told(100, 0, 0)["discharges"]["diagnosis_known_share"] == 0
    assert told(100, 99, 0)["discharges"]["diagnosis_known_share"] is None


def test_of_nothing_there_is_no_share():
    assert told(0, 0, 0)["discharges"]["diagnosis_known_share"] is None


def test_years_are_those_of_the_days_none_where_there_are_no_days():
    days = [day_number(read_date(text, "day")) for text in ("2021-12-31", "2023-01-01")]
    assert index_years(*days) == [2021, 2022, 2023]
    assert index_years(days[1], days[0]) == []
