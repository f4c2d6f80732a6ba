"""The region as a whole: same seed same bytes, arguments refused, and rates near those of the country."""

from datetime import date
from pathlib import Path

import pytest

from pipelines.synthesis import synthesise
from stratify.errors import UsageError
from stratify.files import digest_tree


def bytes_of(region):
    return digest_tree(region.registers), digest_tree(region.truth)


def test_the_same_seed_gives_the_same_bytes(simulate):
    assert bytes_of(simulate("a", seed=3)) == bytes_of(simulate("b", seed=3))


def test_another_seed_gives_another_region(simulate):
    first, second = simulate("a", seed=3, years=2), simulate("b", seed=4, years=2)
    for before, after in zip(bytes_of(first), bytes_of(second), strict=True):
        same = {name for name in before if before[name] == after.get(name)}
        # the description of the delivery, and tables of a generation these years do not reach
        assert not {
            name for name in same if "lpr_adm" not in name and "lpr_diag" not in name and "psyk" not in name
        } - {"delivery.json"}


def test_progress_goes_to_one(simulate):
    seen = []
    simulate("a", people=50, years=4, progress=seen.append)
    assert seen == [0.25, 0.5, 0.75, 1.0]


def test_years_after_the_change_still_bring_every_table(simulate):
    region = simulate("a", years=2)
    assert region.rows["lpr_adm"] == region.rows["t_psyk_diag"] == 0
    assert region.one("SELECT count(*) FROM lpr_adm") == 0
    assert [row[0] for row in region.all("DESCRIBE t_psyk_adm")][:2] == ["v_cpr", "k_recnum"]
    assert region.one("SELECT count(*) FROM lpr_a_kontakt") > 100


def test_years_before_the_change_still_bring_every_table(simulate):
    region = simulate("a", years=2, end=date(2014, 12, 31), delivered=date(2015, 3, 1))
    assert region.rows["lpr_a_kontakt"] == 0
    assert region.one("SELECT count(*) FROM lpr_a_diagnose") == 0
    assert region.one("SELECT count(*) FROM lpr_adm") > 100


@pytest.mark.parametrize(
    "argument, value",
    [
        ("people", 0),
        ("years", 0),
        ("years", 61),
        ("end", date(2024, 6, 30)),
        ("seed", -1),
        ("delivered", date(2024, 12, 31)),
    ],
)
def test_arguments_out_of_range_are_refused_by_name(tmp_path, argument, value):
    arguments = {"people": 10, argument: value}
    with pytest.raises(UsageError, match=f"{argument}: "):
        synthesise(Path(tmp_path), Path(tmp_path), **arguments)
    assert not list(tmp_path.iterdir())


def test_one_person_is_a_region(simulate):
    assert simulate("a", people=1, years=3).rows["bef"] <= 4


# Rates of 4,000 people: wide bands, so that they hold for any seed; the figures of a large run stand in the docs.

ADULTS = """CREATE OR REPLACE TEMP VIEW adults AS
SELECT b.pnr, b.alder, b.koen, coalesce(n.conditions, 0) AS conditions, coalesce(n.mental, 0) AS mental,
       EXISTS (FROM contacts c WHERE c.pnr = b.pnr AND year(c.first_day) = year(referencetid) + 1
               AND c.acute AND c.inpatient AND NOT regexp_matches(c.code, '^(DO|DZ03|DZ763)')) AS admitted,
       EXISTS (FROM dod WHERE dod.pnr = b.pnr AND year(doddato) = year(referencetid) + 1) AS dead
FROM bef b LEFT JOIN (
    SELECT pnr, count(*) AS conditions, count(*) FILTER (condition IN ('mood_anxiety', 'alcohol', 'substance', 'eating',
           'bipolar', 'schizophrenia', 'dementia')) AS mental
    FROM truth_state WHERE onset < DATE '2022-01-01' AND condition NOT IN ('pain', 'distress') GROUP BY pnr) n
USING (pnr)
WHERE year(referencetid) BETWEEN 2021 AND 2023 AND alder >= 18"""


@pytest.fixture
def adults(region):
    region.connection.execute(ADULTS)
    return region


@pytest.mark.parametrize(
    "what, share, low, high",
    [
        ("multimorbid", "conditions >= 2", 0.22, 0.31),
        ("psychiatric and somatic", "mental > 0 AND conditions > mental", 0.03, 0.08),
        ("admitted in a year", "admitted", 0.06, 0.09),
        ("dead in a year", "dead", 0.008, 0.018),
    ],
)
def test_rates_of_adults(adults, what, share, low, high):
    assert low < adults.one(f"SELECT avg(CAST({share} AS INT)) FROM adults") < high, what


def test_rates_of_the_multimorbid(adults):
    admitted, dead = adults.all(
        "SELECT avg(CAST(admitted AS INT)), avg(CAST(dead AS INT)) FROM adults WHERE conditions >= 2"
    )[0]
    assert 0.15 < admitted < 0.24
    assert 0.03 < dead < 0.06


def test_adults_and_severe_mental_illness(adults):
    share = adults.one("SELECT avg(CAST(alder >= 18 AS INT)) FROM bef")
    assert 0.77 < share < 0.85
    smi = adults.one(
        "SELECT avg(CAST(EXISTS (FROM truth_state t WHERE t.pnr = a.pnr AND condition IN ('schizophrenia', 'bipolar')) "
        "AS INT)) FROM adults a"
    )
    assert 0.01 < smi < 0.025


def test_disease_rises_with_age_and_falls_with_education(adults):
    old, young = (adults.one(f"SELECT avg(conditions) FROM adults WHERE alder {band}") for band in (">= 75", "< 35"))
    assert old > 5 * young
    short, long = (
        adults.one(
            "SELECT avg(conditions) FROM adults a JOIN udda u ON u.pnr = a.pnr AND aar = 2023 "
            f"WHERE alder BETWEEN 40 AND 80 AND hfaudd IN {levels}"
        )
        for levels in ("('10', '20')", "('60', '70')")
    )
    assert short > 1.1 * long


def test_admissions_and_deaths_are_as_many_as_the_truth_says(region):
    expected, spread, observed = region.all(
        "SELECT sum(acute_admission), sqrt(sum(acute_admission * (1 - acute_admission))), "
        "sum(CAST(EXISTS (FROM contacts c WHERE c.pnr = t.pnr AND year(c.first_day) = t.year AND c.acute "
        "AND c.inpatient AND NOT regexp_matches(c.code, '^(DO|DZ03|DZ763)')) AS INT)) FROM truth_risk t"
    )[0]
    assert observed == pytest.approx(expected, abs=3.5 * spread)
    expected, spread, observed = region.all(
        "SELECT sum(death), sqrt(sum(death * (1 - death))), "
        "sum(CAST(EXISTS (FROM dod WHERE dod.pnr = t.pnr AND year(doddato) = t.year) AS INT)) FROM truth_risk t"
    )[0]
    assert observed == pytest.approx(expected, abs=3.5 * spread)


def test_true_risk_separates_who_is_admitted(region):
    # mean risk of those admitted against the others: the spread a model can find
    admitted, others = (
        region.one(
            f"SELECT avg(acute_admission) FROM truth_risk t WHERE {condition} EXISTS (FROM contacts c "
            "WHERE c.pnr = t.pnr AND year(c.first_day) = t.year AND c.acute AND c.inpatient "
            "AND NOT regexp_matches(c.code, '^(DO|DZ)'))"
        )
        for condition in ("", "NOT")
    )
    assert admitted > 2.5 * others


def test_there_are_about_as_many_rows_a_year_as_planned(region):
    person_years = region.one("SELECT count(*) FROM bef WHERE year(referencetid) > 2014")
    for table, low, high in (("lmdb", 4, 8), ("laboratorieproevesvar_", 2, 4)):
        assert low < region.rows[table] / person_years < high, table
    assert sum(region.rows.values()) / person_years < 20
