"""Two deliveries of one region: the later one holds what came late, corrects codes and lacks what was withdrawn.

Whatever is older is the same in both, and without quirks there is no difference but the day in delivery.json.
"""

from collections import Counter
from datetime import date

import pytest

from pipelines.synthesis.registers import CORE
from stratify.files import digest_tree
from tests.unit.synthesis.regions import region_at

EARLY, LATE = date(2025, 1, 8), date(2025, 6, 1)
COMES_LATE = {"lpr_a_kontakt", "lpr_a_diagnose", "lmdb", "sssy"}
LABORATORY = "laboratorieproevesvar_"  # answers come within days: on 8 January hardly one is missing
ONE_YEAR = {"people": 12_000, "years": 1, "seed": 4}
HAPPENED = {"lmdb": "eksd", "lpr_a_kontakt": "kont_starttidspunkt"}


def delivered(folder, **arguments):
    return tuple(region_at(folder / f"{day}", delivered=day, **arguments) for day in (EARLY, LATE))


@pytest.fixture(scope="module")
def deliveries(tmp_path_factory):
    return delivered(tmp_path_factory.mktemp("deliveries"), **ONE_YEAR)


@pytest.fixture(scope="module")
def rows(deliveries):
    """Return a function that gives the distinct rows of a table (some of its columns) in the two deliveries.

    Which rows stand twice in a delivery is its own matter (quirk `duplicates`).
    """

    def both(table, columns="*"):
        return tuple(set(one.all(f"SELECT DISTINCT {columns} FROM {table}")) for one in deliveries)

    return both


def withdrawn(rows):
    early, late = rows("lpr_a_kontakt", "dw_ek_kontakt")
    return {key for (key,) in early - late}


@pytest.mark.parametrize("table", sorted(COMES_LATE))
def test_the_later_delivery_holds_rows_the_earlier_lacks(rows, table):
    early, late = rows(table)
    assert len(late - early) > 0.00005 * len(late)
    assert len(late - early) < 0.1 * len(late)


@pytest.mark.parametrize("table, day", HAPPENED.items())
def test_what_came_late_happened_lately(deliveries, rows, table, day):
    early, late = rows(table, f"*, CAST({day} AS DATE)")
    days = sorted(row[-1] for row in late - early)
    assert days[len(days) // 2] > date(2024, 12, 1)
    assert days[-1] <= date(2024, 12, 31)


def test_the_other_tables_and_the_truth_are_the_same_bytes(deliveries):
    early, late = (digest_tree(one.registers) for one in deliveries)
    assert early.keys() == late.keys()
    other = {path.split("/")[0] for path in early if early[path] != late[path]}
    assert other - {LABORATORY} == COMES_LATE | {"delivery.json"}
    assert digest_tree(deliveries[0].truth) == digest_tree(deliveries[1].truth)


@pytest.mark.parametrize("table", ["lmdb", "sssy", LABORATORY])
def test_of_purchases_services_and_answers_no_row_is_taken_back(rows, table):
    early, late = rows(table)
    assert early <= late


def test_answers_of_the_last_days_lack_in_a_delivery_of_new_year(tmp_path, deliveries):
    region = region_at(tmp_path / "new year", delivered=date(2025, 1, 1), **ONE_YEAR)
    last = f"SELECT count(*) FROM (SELECT DISTINCT * FROM {LABORATORY} WHERE samplingdato >= DATE '2024-12-27')"
    before = f"SELECT count(*) FROM (SELECT DISTINCT * FROM {LABORATORY} WHERE samplingdato < DATE '2024-12-01')"
    assert 0 < region.one(last) < 0.9 * deliveries[1].one(last)
    assert region.one(before) == deliveries[1].one(before)


def test_a_contact_stays_as_it_is_but_for_the_withdrawn(rows):
    early, late = rows("lpr_a_kontakt")
    gone = withdrawn(rows)
    assert 0 < len(gone) < 0.005 * len(early)
    kept = {row for row in early if row[1] not in gone}  # dw_ek_kontakt comes second
    assert kept <= late


def test_withdrawn_contacts_are_visits_somebody_reported_by_mistake_and_their_diagnoses_go_too(deliveries, rows):
    gone = ", ".join(f"'{key}'" for key in withdrawn(rows))
    early, late = deliveries
    kinds = early.all(
        f"SELECT DISTINCT kont_patient_type, prioritet FROM lpr_a_kontakt WHERE dw_ek_kontakt IN ({gone})"
    )
    assert kinds == [("Ambulant", "ATA3")]
    assert early.one(f"SELECT count(*) FROM lpr_a_diagnose WHERE dw_ek_kontakt IN ({gone})") > 0
    assert late.one(f"SELECT count(*) FROM lpr_a_diagnose WHERE dw_ek_kontakt IN ({gone})") == 0


def test_some_secondary_diagnoses_are_corrected_each_by_one_other_code(rows):
    early, late = rows("lpr_a_diagnose")
    gone, before = withdrawn(rows), {row[0] for row in early}
    wrong = {row for row in early - late if row[0] not in gone}
    right = {row for row in late - early if row[0] in before}
    assert 0 < len(wrong) < 0.02 * len(early)
    assert {row[2] for row in wrong | right} == {"B"}
    place = Counter((row[0], *row[2:]) for row in wrong)  # contact, kind and all but the code
    assert place == Counter((row[0], *row[2:]) for row in right)


@pytest.mark.parametrize("which", [0, 1])
def test_no_diagnosis_is_delivered_without_its_contact(deliveries, which):
    region = deliveries[which]
    alone = "SELECT count(*) FROM lpr_a_diagnose WHERE dw_ek_kontakt NOT IN (SELECT dw_ek_kontakt FROM lpr_a_kontakt)"
    assert region.one(alone) == 0
    bare = "SELECT count(*) FROM lpr_a_kontakt WHERE dw_ek_kontakt NOT IN (SELECT dw_ek_kontakt FROM lpr_a_diagnose)"
    assert region.one(bare) == 0


@pytest.mark.parametrize(
    "quirk, changed", [("late_rows", COMES_LATE), ("corrections", {"lpr_a_kontakt", "lpr_a_diagnose"})]
)
def test_each_of_the_two_quirks_alone_makes_its_own_difference(tmp_path, quirk, changed):
    early, late = delivered(tmp_path, **{**ONE_YEAR, "people": 8_000}, quirks={quirk})
    assert {table for table in CORE if early.rows[table] != late.rows[table]} - {LABORATORY} == changed
    for table in changed:
        added = late.rows[table] - early.rows[table]
        assert added > 0 if quirk == "late_rows" else added < 0


def test_without_quirks_two_deliveries_differ_in_the_day_alone(tmp_path):
    early, late = (digest_tree(one.registers) for one in delivered(tmp_path, people=500, years=2, seed=4, quirks=()))
    assert [path for path in early if early[path] != late.get(path)] == ["delivery.json"]
    assert early.keys() == late.keys()
