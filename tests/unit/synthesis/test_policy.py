"""Offers change the hazards of those who have them and nothing else: the same numbers are drawn for everybody."""

from datetime import date

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipelines.synthesis import Policy, simulate, synthesise
from stratify.errors import UsageError

END, LANDMARK = date(2024, 12, 31), date(2023, 1, 1)
REGION = {"people": 4000, "years": 3, "end": END, "seed": 21}
OWN = """
[[effect]]
offer = "fifteen"
on = ["other", "acsc", "psych"]
ratio = 0.85
standing = "assumed"
source = "a test"

[[effect]]
offer = "pahs"
on = ["other", "acsc"]
ratio = 0.8
standing = "assumed"
of = { conditions = ["t2d", "t1d"] }
source = "a test"

[[effect]]
offer = "nothing"
on = ["other", "acsc", "psych", "death"]
ratio = 1.0
standing = "none"
source = "a test"
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    (folder / "offers.toml").write_text(OWN)
    return folder


@pytest.fixture(scope="module")
def usual(own):
    return simulate(**REGION, landmark=LANDMARK, parameters=own)


def names(numbers):
    return [f"{number:012d}" for number in numbers]


@pytest.fixture(scope="module")
def treated(usual):
    """The fifth of all people with the highest risk on the landmark."""
    on = usual.year == LANDMARK.year
    number, risk = usual.number[on], usual.risks["acute_admission"][on]
    return set(number[np.argsort(-risk)][: on.sum() // 5].tolist())


@pytest.fixture(scope="module")
def offered(own, treated):
    policy = Policy(LANDMARK, {"fifteen": names(treated)})
    return simulate(**REGION, landmark=LANDMARK, policy=policy, parameters=own)


def test_the_first_year_changes_for_nobody_else(usual, offered, treated):
    first = [found.year == LANDMARK.year for found in (usual, offered)]
    np.testing.assert_array_equal(usual.number[first[0]], offered.number[first[1]])
    others = ~np.isin(usual.number[first[0]], list(treated))
    assert others.sum() > 1000
    for outcome in usual.came:
        before, after = usual.came[outcome][first[0]], offered.came[outcome][first[1]]
        np.testing.assert_array_equal(before[others], after[others])
        np.testing.assert_array_equal(usual.risks[outcome][first[0]][others], offered.risks[outcome][first[1]][others])


def test_nobody_else_changes_in_later_years_either(usual, offered, treated):
    def rows(found):
        others = ~np.isin(found.number, list(treated))
        return {name: (found.number[others], found.year[others], came[others]) for name, came in found.came.items()}

    for outcome, (number, year, came) in rows(usual).items():
        other = rows(offered)[outcome]
        for one, two in zip((number, year, came), other, strict=True):
            np.testing.assert_array_equal(one, two)


def test_a_lower_hazard_makes_nobody_worse_in_its_first_year(usual, offered):
    on, off = offered.year == LANDMARK.year, usual.year == LANDMARK.year
    for outcome in ("acute_admission", "acute_somatic_admission", "death"):
        assert not (offered.came[outcome][on] & ~usual.came[outcome][off]).any()
        assert (offered.risks[outcome][on] <= usual.risks[outcome][off] + 1e-15).all()
    for outcome in (
        "acsc_admission",
        "psychiatric_admission",
    ):  # fewer deaths leave more time for them
        assert (offered.risks[outcome][on] <= usual.risks[outcome][off] + 1e-4).all()
    assert (offered.risks["acute_admission"][on] < usual.risks["acute_admission"][off]).any()


def test_no_offer_and_an_offer_without_effect_are_the_same(own, usual, treated):
    for policy in (None, Policy(LANDMARK, {"nothing": names(treated)})):
        found = simulate(**REGION, landmark=LANDMARK, policy=policy, parameters=own)
        np.testing.assert_array_equal(found.number, usual.number)
        for outcome in usual.came:
            np.testing.assert_array_equal(found.came[outcome], usual.came[outcome])


def test_an_effect_is_on_the_kind_of_people_it_names(own, usual):
    everybody = names(np.unique(usual.number))
    found = simulate(**REGION, landmark=LANDMARK, policy=Policy(LANDMARK, {"pahs": everybody}), parameters=own)
    on = usual.year == LANDMARK.year
    lower = (
        found.risks["acute_somatic_admission"][found.year == LANDMARK.year]
        < usual.risks["acute_somatic_admission"][on] - 1e-12
    )
    assert 0.02 < lower.mean() < 0.12  # those with diabetes


def test_before_the_landmark_nothing_changes(own, treated):
    late = Policy(date(2024, 1, 1), {"fifteen": names(treated)})
    region = {**REGION, "landmark": date(2023, 1, 1), "parameters": own}
    one, two = simulate(**region), simulate(**region, policy=late)
    on = [found.year == 2023 for found in (one, two)]
    for outcome in one.came:
        np.testing.assert_array_equal(one.came[outcome][on[0]], two.came[outcome][on[1]])


def test_people_may_have_it_from_a_later_year_on(own, usual, treated, offered):
    late = sorted(treated)[::2]
    since = {"fifteen": dict.fromkeys(names(late), date(2024, 1, 1))}
    policy = Policy(LANDMARK, {"fifteen": names(treated)}, since=since)
    found = simulate(**REGION, landmark=LANDMARK, policy=policy, parameters=own)
    policy = Policy(date(2024, 1, 1), {"fifteen": names(late)})
    later = simulate(**REGION, landmark=LANDMARK, policy=policy, parameters=own)

    def rows(of, whose, year):
        mine = (np.isin(of.number, late) == whose) & (of.year == year)
        return of.number[mine], of.risks["acute_admission"][mine], of.came["acute_admission"][mine]

    for whose, year, same in ((True, 2023, usual), (True, 2024, later), (False, 2023, offered), (False, 2024, offered)):
        for one, two in zip(rows(found, whose, year), rows(same, whose, year), strict=True):
            np.testing.assert_array_equal(one, two)
    assert rows(found, True, 2024)[1].mean() < 0.95 * rows(usual, True, 2024)[1].mean()


def test_everybody_lives_in_a_municipality_whatever_the_policy(usual, offered):
    on = [found.year == LANDMARK.year for found in (usual, offered)]
    np.testing.assert_array_equal(usual.municipality[on[0]], offered.municipality[on[1]])
    assert len(set(usual.municipality.tolist())) == 19


@pytest.mark.parametrize(
    "policy, told",
    [
        (
            Policy(LANDMARK, {"fifteen": ["1"]}, since={"fifteen": {"1": date(2024, 5, 1)}}),
            "since: fifteen: a 1 January from 2023-01-01 to 2024 is required, got 2024-05-01",
        ),
        (
            Policy(LANDMARK, {"fifteen": ["1"]}, since={"fifteen": {"1": date(2022, 1, 1)}}),
            "since: fifteen: a 1 January from 2023-01-01 to 2024 is required, got 2022-01-01",
        ),
        (
            Policy(LANDMARK, {"fifteen": ["1"]}, since={"fifteen": {"2": LANDMARK}, "pahs": {"1": LANDMARK}}),
            "since: pahs: 1 of its people are not among those who have the offer",
        ),
        (Policy(LANDMARK, {"fifteeen": []}), "fifteeen: no effect is declared for this offer"),
        (Policy(date(2023, 5, 1), {}), "landmark: a 1 January, 2024 at the latest, is required, got 2023-05-01"),
    ],
)
def test_policies_that_do_not_fit_are_refused(own, policy, told):
    with pytest.raises(UsageError) as error:
        simulate(**REGION, landmark=LANDMARK, policy=policy, parameters=own)
    assert told in str(error.value)


@pytest.mark.parametrize("people", ["077187040106", ["x77"], [77], ["1" * 13]])
def test_people_of_an_offer_are_texts_of_digits(people):
    with pytest.raises(UsageError, match="a collection of pnr, texts of at most 12 digits, is required"):
        Policy(LANDMARK, {"fifteen": people})


def test_an_iterator_of_people_is_kept(own, treated, offered):
    policy = Policy(LANDMARK, {"fifteen": iter(names(treated))})
    found = simulate(**REGION, landmark=LANDMARK, policy=policy, parameters=own)
    np.testing.assert_array_equal(found.risks["death"], offered.risks["death"])


def test_people_of_another_region_are_told(own):
    with pytest.raises(UsageError, match="fifteen: 2 pnr are nobody's in this region"):
        simulate(**REGION, landmark=LANDMARK, policy=Policy(LANDMARK, {"fifteen": ["1", "2"]}), parameters=own)


@pytest.mark.parametrize("landmark", [date(2023, 7, 1), date(2030, 1, 1), date(2010, 1, 1)])
def test_a_landmark_outside_the_years_is_refused(landmark):
    with pytest.raises(UsageError, match="landmark: a 1 January from 2022 to 2024 is required"):
        simulate(**REGION, landmark=landmark)


def test_the_registers_of_everybody_else_stay_as_they_were(tmp_path, own, treated):
    """Rows about people alone; a snapshot also tells who lives with whom, and that may change with a life saved."""
    policy = Policy(LANDMARK, {"fifteen": names(treated)})
    for name, given in (("usual", None), ("offered", policy)):
        for folder in ("registers", "truth"):
            (tmp_path / name / folder).mkdir(parents=True)
        synthesise(tmp_path / name / "registers", tmp_path / name / "truth", **REGION, parameters=own, policy=given,
                   processes=1, quirks=frozenset())  # fmt: skip
    someone = names(treated)
    for table, person in (("lmdb", "pnr"), ("sssy", "pnr"), ("laboratorieproevesvar_", "pnr"), ("lpr_a_kontakt", "pnr"),
                          ("akm", "pnr"), ("udda", "pnr"), ("aehjsp", "pnr"), ("dod", "pnr")):  # fmt: skip
        both = [_others(tmp_path / name / "registers" / table, person, someone) for name in ("usual", "offered")]
        assert both[0].equals(both[1]), table
        assert both[0].num_rows > 20


def _others(folder, person, someone):
    import pyarrow as pa
    import pyarrow.compute as pc

    table = pa.concat_tables([pq.read_table(path) for path in sorted(folder.glob("*.parquet"))])
    return table.filter(pc.invert(pc.is_in(table[person], pa.array(someone)))).combine_chunks()
