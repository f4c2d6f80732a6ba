"""The rows that models are trained on: labels with their weights, and factors that the source can tell."""

import hashlib

import numpy as np
import pytest

from models.table import refusal
from pipelines.labelled import (
    NOT_TOLD,
    audit_factors,
    censoring_strata,
    of_population,
    stable_numbers,
    table_of,
    weighed,
)
from pipelines.matrix import Matrix, read_matrix
from stratify.catalogue import load
from stratify.features.kernel import Rows
from stratify.outcomes import DIED_FIRST, EVENT, LEFT, NEITHER, OPEN, FollowUp, followed
from stratify.store.read import Store
from stratify.workspace import Workspace

NAMES = (
    "person_age", "person_female", "person_newcomer", "communication_no_digital_post_any_36525",
    "education_short_any_730", "education_medium_any_730", "education_long_any_730", "income_family_last",
)  # fmt: skip
NAN = np.nan


class Source:
    """A store of five people with some domains."""

    def __init__(self, *domains: str, ids=("a", "b", "c", "d", "e"), homes=("751", "657", None, "101", "751")):
        self._domains, self._ids, self._homes = domains, ids, homes

    def has(self, domain: str) -> bool:
        return domain in self._domains

    def source_ids(self) -> list[str]:
        return list(self._ids)

    def residence(self) -> dict:
        n = len(self._homes)
        return {
            "person": np.arange(n), "start": np.zeros(n, dtype=np.int64), "end": np.full(n, NAN),
            "municipality": np.array(self._homes, dtype=object),
        }  # fmt: skip


def matrix(cells, day=None) -> Matrix:
    values = np.array(cells, dtype=float)
    n = len(values)
    rows = Rows(np.arange(n), np.full(n, 18_000) if day is None else np.array(day))
    columns = [{"id": name, "role": "predictor", "source_use": "care"} for name in NAMES]
    inside = np.arange(n) % 2 == 0
    return Matrix(rows, values, columns, {"multimorbid": np.ones(n, dtype=bool), "psychiatric_somatic": inside})


FIVE = [
    [18, 1, 0, 0, 1, 0, 0, 100],
    [39, 0, 1, 1, 0, 1, 0, 200],
    [40, 1, 0, 0, 0, 0, 1, 300],
    [84, 0, NAN, NAN, 0, 0, 0, NAN],
    [85, 1, 0, 0, 1, 1, 0, 150],
]


# --- factors of subgroups --------------------------------------------------------------------------------------------


def test_factors_by_hand():
    found = audit_factors(Source("communication", "education", "income"), matrix(FIVE))
    assert {name: of.tolist() for name, of in found.items()} == {
        "sex": ["female", "male", "female", "male", "female"],
        "age": ["18-39", "18-39", "40-64", "75-84", "85+"],
        "psychiatric_somatic": ["yes", "no", "yes", "no", "yes"],
        "newcomer": ["no", "yes", "no", "no", "no"],
        "digital_exemption": ["no", "yes", "no", "no", "no"],
        "education": ["short", "medium", "long", NOT_TOLD, "short"],
        "income": ["low", "high", "high", NOT_TOLD, "middle"],
        "municipality": ["Aarhus", "Herning", NOT_TOLD, NOT_TOLD, "Aarhus"],
        "hospital": ["Aarhus", "Gødstrup", NOT_TOLD, NOT_TOLD, "Aarhus"],
        "part": ["øst", "vest", NOT_TOLD, NOT_TOLD, "øst"],
    }


@pytest.mark.parametrize(
    "domains, lacking",
    [
        ((), {"digital_exemption", "education", "income"}),
        (("education",), {"digital_exemption", "income"}),
        (("communication", "income"), {"education"}),
    ],
)
def test_a_factor_that_the_source_cannot_tell_is_not_there(domains, lacking):
    whole = set(audit_factors(Source("communication", "education", "income"), matrix(FIVE)))
    assert set(audit_factors(Source(*domains), matrix(FIVE))) == whole - lacking


def test_a_source_without_municipalities_tells_no_units():
    found = audit_factors(Source(homes=(None, None, "101", "", None)), matrix(FIVE))
    assert not {"municipality", "hospital", "part"} & set(found)


def test_income_is_in_thirds_of_those_told_on_the_same_day():
    """What was high one year is low the next, when all have more."""
    cells = [[50, 1, 0, 0, 0, 0, 0, income] for income in (1, 2, 3, NAN, 10, 20, 30)]
    day = [18_000] * 4 + [18_365] * 3
    told = audit_factors(Source("income", ids="abcdefg", homes=[None] * 7), matrix(cells, day))["income"].tolist()
    assert told == ["low", "middle", "high", NOT_TOLD, "low", "middle", "high"]


# --- numbers, strata, weights ----------------------------------------------------------------------------------------


def test_a_person_has_the_same_number_whatever_their_place_in_the_store():
    one, other = stable_numbers(Source(ids=("a", "b", "c"))), stable_numbers(Source(ids=("new", "c", "a", "b")))
    assert one.dtype == np.uint64
    np.testing.assert_array_equal(one, other[[2, 3, 1]])
    assert one[0] == int.from_bytes(hashlib.blake2b(b"a", digest_size=8).digest(), "little")
    assert len(stable_numbers(Source(ids=()))) == 0


def test_strata_are_of_one_landmark_one_band_of_age_and_newcomers_or_others():
    ages = [18, 39.9, 40, 40, 65, 75, 85, 101, 40]
    new = [0, 0, 0, 1, 0, 0, 0, NAN, 0]
    day = np.array([18_000] * 8 + [18_365])
    cells = [[age, 1, one, 0, 0, 0, 0, 0] for age, one in zip(ages, new, strict=True)]
    made = matrix(cells, day)
    strata = censoring_strata(day.astype(np.int32), made).tolist()
    told = [
        (d, sum(age >= low for low in (18, 40, 65, 75, 85)), n == 1) for d, age, n in zip(day, ages, new, strict=True)
    ]
    for at, one in enumerate(told):
        for other, two in enumerate(told):
            assert (strata[at] == strata[other]) == (one == two)
    assert strata[:2] == [strata[0]] * 2
    assert len(set(strata)) == 7


def test_who_was_not_seen_to_the_end_weighs_nothing_and_those_alike_weigh_more():
    state = np.array([NEITHER, LEFT, NEITHER, NEITHER, EVENT, DIED_FIRST, OPEN] * 200, dtype=np.int8)
    days = np.array([365.0, 100.0, 365.0, 365.0, 50.0, 200.0, NAN] * 200)
    strata = np.zeros(1400, dtype=np.int64)
    labels = weighed(FollowUp(state, days), strata)
    np.testing.assert_array_equal(np.isnan(labels.y), np.isin(state, (LEFT, OPEN)))
    np.testing.assert_array_equal(labels.died_first, state == DIED_FIRST)
    np.testing.assert_array_equal(labels.days, days)
    assert set(labels.weight[np.isnan(labels.y)]) == {0.0}
    assert set(labels.weight[state == EVENT]) == {1.0}, "before anybody had left"
    assert labels.weight[state == DIED_FIRST][0] == labels.weight[0] == pytest.approx(1000 / 800), (
        "one of five had left"
    )
    assert labels.problems(1400) == []


# --- on a region -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def region_table(region, few_events):
    work, catalogue = Workspace(region), load(few_events)
    store, whole = Store(work.store), read_matrix(work.features)
    return store, whole, table_of(store, whole, catalogue.outcomes_at("landmark")), catalogue


def test_every_row_of_the_matrix_has_its_labels_of_every_outcome(region_table):
    store, whole, table, catalogue = region_table
    assert len(table.person) == len(whole.rows)
    assert set(table.labels) == set(catalogue.outcomes_at("landmark"))
    for key, labels in table.labels.items():
        np.testing.assert_array_equal(labels.y, followed(store, catalogue.outcomes[key], whole.rows).y)
        assert (labels.weight[~np.isnan(labels.y)] >= 1).all()
    ids = store.source_ids()
    at = len(table.person) // 2
    digest = hashlib.blake2b(ids[table.person[at]].encode(), digest_size=8).digest()
    assert int(table.stable[at]) == int.from_bytes(digest, "little")


@pytest.mark.parametrize("population", ["multimorbid", "psychiatric_somatic"])
def test_a_population_has_its_own_rows_and_what_a_model_may_not_read_stands_beside(region_table, population):
    _, whole, table, _ = region_table
    mine = of_population(table, whole, population).served()
    np.testing.assert_array_equal(mine.person, whole.rows.person[whole.populations[population]])
    np.testing.assert_array_equal(mine.inside, whole.populations["psychiatric_somatic"][whole.populations[population]])
    assert not [column["id"] for column in mine.columns if refusal(column)]
    apart = {column["id"] for column in whole.columns if refusal(column)}
    assert set(mine.beside) == apart >= {"nmi_kristensen2022"}
    np.testing.assert_array_equal(
        mine.read(["nmi_kristensen2022"])[:, 0],
        whole.cells[whole.populations[population], whole.names.index("nmi_kristensen2022")],
    )


def test_a_population_that_learns_from_another_has_its_rows_marked_as_lent(region_table):
    _, whole, table, _ = region_table
    own = whole.populations["psychiatric_somatic"]
    wide = of_population(table, whole, "psychiatric_somatic", ["multimorbid"])
    rows = own | whole.populations["multimorbid"]
    np.testing.assert_array_equal(wide.person, whole.rows.person[rows])
    np.testing.assert_array_equal(wide.lent, ~own[rows])
    assert not of_population(table, whole, "multimorbid").lent.any()
