"""An extract cut before the day it says it covers: refused where labels rest on it, told where they do not."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from stratify.errors import DataError
from stratify.registers.uses import use_of

ANNA = "000012345678"
TITLES = "pnr|dw_ek_kontakt|kont_starttidspunkt|kont_sluttidspunkt|kont_type|prioritet|kont_ans_hovedspec"
ADM = "pnr|recnum|d_inddto|d_uddto|c_pattype"
ADVICE = "if the extract ends before, set covers_to in delivery.json to its last complete day"


def _delivery(covers_to: str) -> dict[str, str]:
    return {"system": "urn:test", "covers_to": covers_to, "delivered": "2022-02-01"}


def _days(first: str, last: str, step: int = 1) -> list[date]:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [start + timedelta(days=n) for n in range(0, (end - start).days + 1, step)]


def _contacts(days: list[date], specialty: str = "medicin", mark: str = "LPR3") -> list[str]:
    """Two contacts a day."""
    return [
        f"{ANNA}|{specialty}{day}-{n}|{day} 08:00|{day} 09:00|ALCA00|ATA3|{specialty}|{mark}"
        for day in days
        for n in (1, 2)
    ]


def _table(rows: list[str]) -> str:
    return "\n".join([f"{TITLES}|lprindberetningssystem", f"{ANNA}|k1|2019-03-01 08:00||ALCA03|ATA3|x|LPR3", *rows])


def test_contacts_cut_before_the_day_they_should_cover_refuse_the_extract(extract, landed):
    folder = extract(
        delivery=_delivery("2020-12-31"), lpr_a_kontakt=_table(_contacts(_days("2019-06-01", "2020-11-02")))
    )
    with pytest.raises(DataError) as caught:
        landed(folder)
    assert caught.value.exit_code == 11
    assert caught.value.problems == (
        f"lpr_a_kontakt: <5 somatic contacts started 2020-11-01 to 2020-11-30, 60 the year before; {ADVICE}",
        f"lpr_a_kontakt: 0 somatic contacts started 2020-12-01 to 2020-12-31, 62 the year before; {ADVICE}",
    )
    assert ANNA not in str(caught.value)


@pytest.mark.parametrize("covers_to, last", [("2020-12-31", "2020-12-31"), ("2020-10-31", "2020-10-31")])
def test_contacts_that_last_as_long_as_they_should_land(extract, landed, covers_to, last):
    contacts = _contacts(_days("2019-06-01", last))
    store = landed(extract(delivery=_delivery(covers_to), lpr_a_kontakt=_table(contacts)))
    assert store.found.events["contact"] == len(contacts) + 1


def test_half_as_many_is_borne_and_few_the_year_before_prove_nothing(extract, landed):
    half = _contacts(_days("2019-06-01", "2020-09-30")) + _contacts(_days("2020-10-01", "2020-12-31"))[::2]
    few = _contacts(_days("2019-06-01", "2020-09-30", 2), "psykiatri")  # about 31 a month, then none
    assert landed(extract(delivery=_delivery("2020-12-31"), lpr_a_kontakt=_table(half + few))).found.people == 2


def test_psychiatric_contacts_cut_are_found_though_the_somatic_ones_go_on(extract, landed):
    rows = _contacts(_days("2019-06-01", "2020-12-31")) + _contacts(_days("2019-06-01", "2020-10-31"), "psykiatri")
    with pytest.raises(DataError) as caught:
        landed(extract(delivery=_delivery("2020-12-31"), lpr_a_kontakt=_table(rows)))
    assert [problem.split(" the year")[0] for problem in caught.value.problems] == [
        "lpr_a_kontakt: 0 psychiatric contacts started 2020-11-01 to 2020-11-30, 60",
        "lpr_a_kontakt: 0 psychiatric contacts started 2020-12-01 to 2020-12-31, 62",
    ]


def test_the_old_contact_table_ends_at_the_switch_and_is_not_cut(extract, landed):
    old = [f"{ANNA}|r{day}{n}|{day}|{day}|2" for day in _days("2018-01-01", "2019-02-02") for n in (1, 2)]
    tables = {"lpr_adm": "\n".join([ADM, *old]), "lpr_diag": "recnum|c_diag|c_diagtype"}
    new = _table(_contacts(_days("2019-02-03", "2019-12-31")))
    assert landed(extract(delivery=_delivery("2019-12-31"), lpr_a_kontakt=new, **tables)).found.people == 2


def test_another_table_that_is_cut_is_told(extract, landed):
    drugs = [f"{ANNA}|{day}|C07AB02" for day in _days("2019-01-01", "2020-10-31") for _ in (1, 2)]
    store = landed(extract(delivery=_delivery("2020-12-31"), lmdb="\n".join(["pnr|eksd|atc", *drugs])))
    assert [note for note in store.found.notes if note.startswith("lmdb")] == [
        f"lmdb: 0 rows 2020-11-01 to 2020-11-30, 60 the year before; {ADVICE}",
        f"lmdb: 0 rows 2020-12-01 to 2020-12-31, 62 the year before; {ADVICE}",
    ]


@pytest.mark.parametrize("number, told", [(4, "<5"), (5, "5")])
def test_contacts_that_nobody_closed_are_counted(extract, landed, number, told):
    rows = [f"{ANNA}|o{n}|2018-0{n + 1}-01 08:00||ALCA00|ATA1|x|LPR3" for n in range(number)]
    rows += [f"{ANNA}|recent|2019-06-01 08:00||ALCA00|ATA1|x|LPR3", f"{ANNA}|v|2018-01-01 08:00||ALCA03|ATA1|x|LPR3"]
    store = landed(extract(lpr_a_kontakt=_table(rows)))
    note = f"{told} contacts open for more than 365 days: their length is unknown, they are no admission"
    assert note in store.found.notes
    assert store.rows("stay", "admission") == [(ANNA, False)] * number + [(ANNA, True)]


def test_a_domain_may_be_used_for_what_its_strictest_table_may(extract, landed):
    assert use_of("education") == "statistics"
    assert {use_of(domain) for domain in ("person", "stay", "condition", "drug", "household")} == {"care"}
    store = landed(extract(udda=f"pnr|aar|hfaudd\n{ANNA}|2017|35"))
    assert store.found.measurable["use"]["education"] == "statistics"
    assert store.found.measurable["use"]["stay"] == "care"
