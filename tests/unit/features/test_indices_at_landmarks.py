"""Index scores on a day: as known then, within the look-back of the index, missing where nothing can be told."""

import numpy as np
import pytest

from stratify.catalogue import load
from stratify.features.conditions import present
from stratify.features.indices import index_cells, wanted_indices
from stratify.features.kernel import Events, Rows, aggregate, presence
from stratify.indices import score

T = 20_000
CATALOGUE = load()


def event(code, ago, *, person=0, known_after=14, **told):
    return {"person": person, "day": T - ago, "known": T - ago + known_after, "code": code, **told}


@pytest.fixture
def cells(write_store):
    """Return a function from condition events and redemptions to all scores at some days, of people of some age."""

    def answer(*diagnoses, drugs=(), days=(T,), age=80.0, **told):
        tables = {"condition": list(diagnoses)} | ({} if drugs is None else {"drug": list(drugs)})
        store = write_store(tables, **told)
        rows = Rows(np.zeros(len(days), dtype=np.int64), np.array(days))
        birth = np.full(len(days), T - round(age * 365.25))
        return index_cells(store, rows, present(store, rows, CATALOGUE, 0), birth, CATALOGUE, 0)

    return answer


def test_every_index_of_the_catalogue_has_a_family():
    assert [index.id for index in wanted_indices(CATALOGUE)] == list(CATALOGUE.indices)


def test_groups_are_weighed_as_the_index_says(cells):
    found = cells(event("charlson.mld", 100), event("charlson.msld", 50), event("charlson.chf", 50))
    index = CATALOGUE.indices["charlson"]
    for weights in ("charlson1987", "quan2011"):
        assert found["charlson"][weights].tolist() == [score({"mld", "msld", "chf"}, index, weights=weights)]
    assert found["charlson"]["charlson1987"].tolist() == [4]  # the mild one counts nothing beside the severe one
    assert found["elixhauser"]["swiss"].tolist() == [0]  # events are of one index


def test_a_score_below_nought_is_not_cut_off(cells):
    assert cells(event("elixhauser.drug", 100))["elixhauser"]["van_walraven"].tolist() == [-7]
    assert cells(drugs=[event("C10AA05", 100)])["nmi"]["kristensen2022"].tolist() == [-3]


def test_drugs_count_from_the_day_after_they_were_known_until_the_look_back_ends(cells):
    found = cells(drugs=[event("N06DA02", 0)], days=[T, T + 14, T + 15, T + 1826, T + 1827])
    assert found["nmi"]["kristensen2022"].tolist() == [0, 0, 11, 11, 0]


def test_lithium_is_no_antipsychotic(cells):
    assert cells(drugs=[event("N05AN01", 100)])["nmi"]["kristensen2022"].tolist() == [0]
    assert cells(drugs=[event("N05AN01", 100), event("N05AH03", 90)])["nmi"]["kristensen2022"].tolist() == [7]


def test_without_drugs_the_nordic_index_is_missing_and_the_others_are_not(cells):
    found = cells(event("nmi.heart_failure", 100), event("charlson.chf", 100), drugs=None)
    assert np.isnan(found["nmi"]["kristensen2022"]).all()
    assert found["charlson"]["charlson1987"].tolist() == [1]


def test_an_index_that_the_source_cannot_tell_is_missing(cells):
    found = cells(event("charlson.chf", 100), indices=["elixhauser"])
    told = {key for key, scores in found.items() if not all(np.isnan(s).all() for s in scores.values())}
    assert told == {"elixhauser"}


@pytest.mark.parametrize("age, expected", [(75.0, [4.0]), (74.9, [np.nan])])
def test_frailty_is_told_from_75(cells, age, expected):
    found = cells(event("hfrs.g30", 100), age=age)
    np.testing.assert_array_equal(found["hfrs"]["gilbert2018"], expected)


def test_frailty_looks_back_two_years(cells):
    found = cells(event("hfrs.g30", 730), days=[T, T + 1])
    assert found["hfrs"]["danish"].tolist() == [4, 0]


def test_cambridge_weighs_the_conditions_of_the_catalogue_and_its_own_codes(cells):
    found = cells(event("copd", 100), event("bipolar", 100), event("schizophrenia", 100), event("cambridge.ibs", 90))
    np.testing.assert_allclose(found["cambridge"]["general37"], [1.41 + 0.58 + 0.18])
    np.testing.assert_allclose(found["cambridge"]["general20"], [1.46 + 0.64 + 0.21])


def test_a_refuted_diagnosis_holds_until_the_refutation_was_known(cells):
    found = cells(event("charlson.chf", 100, until=T), days=[T, T + 1])
    assert found["charlson"]["charlson1987"].tolist() == [1, 0]


def test_presence_is_any_event_of_the_aggregate():
    rng = np.random.default_rng(5)
    person = np.sort(rng.integers(0, 40, 2_000))
    day = rng.integers(0, 3_000, 2_000)
    order = np.lexsort((day, person))
    until = np.where(rng.random(2_000) < 0.2, day[order] + 300.0, np.nan)
    known, group = day[order] + rng.integers(0, 60, 2_000), rng.integers(0, 5, 2_000)
    events = Events(person[order], day[order], known, group, until=until)
    rows = Rows(np.repeat(np.arange(40), 3), np.tile([1_000, 2_000, 3_100], 40))
    lookback = np.array([30, 100, 365, 1_000, 40_000])
    counted = aggregate(events, rows, 5, sorted(lookback.tolist()))
    expected = np.stack([counted.column("any", g, int(days)) > 0 for g, days in enumerate(lookback)], axis=1)
    assert 0.1 < expected.mean() < 0.9
    np.testing.assert_array_equal(presence(events, rows, lookback), expected)
