"""Which groups of an index somebody has, and what they weigh together."""

import numpy as np
import pytest
from pydantic import ValidationError

from stratify.catalogue import load
from stratify.catalogue.entries import Index
from stratify.errors import CatalogueError
from stratify.indices import index_groups, measurable_indices, score

CATALOGUE = load()
NAME = {"da": "navn", "en": "name"}


@pytest.fixture(scope="module")
def charlson():
    return CATALOGUE.indices["charlson"]


def test_the_groups_of_a_persons_codes(charlson):
    assert index_groups(charlson, ["DI509", "E11.2", "DZ763", "dj449"]) == {"chf", "diabwc", "cpd"}
    assert index_groups(charlson, []) == set()


@pytest.mark.parametrize(
    "present, weights, supersede, expected",
    [
        (set(), "charlson1987", True, 0),
        ({"mi"}, "charlson1987", True, 1),
        ({"mi"}, "quan2011", True, 0),
        ({"mld", "msld"}, "charlson1987", True, 3),
        ({"mld", "msld"}, "charlson1987", False, 4),
        ({"diab", "diabwc"}, "charlson1987", True, 2),
        ({"diab", "diabwc"}, "charlson1987", False, 3),
        ({"diab", "diabwc"}, "quan2011", True, 1),
        ({"canc", "metacanc"}, "quan2011", True, 6),
        ({"canc", "metacanc"}, "quan2011", False, 8),
        ({"mld"}, "quan2011", True, 2),
        ({"chf", "aids"}, "quan2011", True, 6),
    ],
)
def test_a_score_is_the_weights_of_what_counts(charlson, present, weights, supersede, expected):
    got = score(present, charlson, weights=weights, supersede=supersede)
    assert got == expected
    assert isinstance(got, float)


def test_everything_at_once(charlson):
    everything = {group.id for group in charlson.group}
    assert score(everything, charlson, weights="charlson1987") == 33 - (1 + 1 + 2)
    assert score(everything, charlson, weights="charlson1987", supersede=False) == 33
    assert score(everything, charlson, weights="quan2011") == 28 - (2 + 0 + 2)


@pytest.mark.parametrize("weights", ["charlson1987", "quan2011"])
@pytest.mark.parametrize("supersede", [True, False])
def test_a_matrix_gives_what_its_rows_give_one_by_one(charlson, weights, supersede):
    names = [group.id for group in charlson.group]
    matrix = np.random.default_rng(7).random((300, len(names))) < 0.3
    scores = score(matrix, charlson, weights=weights, supersede=supersede)
    one_by_one = [
        score({n for n, there in zip(names, row, strict=True) if there}, charlson, weights=weights, supersede=supersede)
        for row in matrix
    ]
    assert scores.dtype == np.float64
    assert scores.tolist() == one_by_one


def test_the_matrix_is_not_changed(charlson):
    matrix = np.ones((2, len(charlson.group)), dtype=bool)
    score(matrix, charlson, weights="charlson1987")
    assert matrix.all()


def test_nobody_has_no_scores(charlson):
    assert score(np.zeros((0, 17), dtype=bool), charlson, weights="charlson1987").shape == (0,)


def test_an_unknown_group_is_refused(charlson):
    with pytest.raises(ValueError, match=r"needs groups of charlson, got charlson\.mi, hf"):
        score({"charlson.mi", "hf", "mi"}, charlson, weights="charlson1987")


def test_unknown_weights_are_refused(charlson):
    with pytest.raises(ValueError, match="charlson has the weights charlson1987, quan2011, got 'quan2005'"):
        score({"mi"}, charlson, weights="quan2005")


@pytest.mark.parametrize(
    "matrix", [np.zeros((3, 16), bool), np.zeros((3, 17), int), np.zeros(17, bool), np.zeros((3, 17), float)]
)
def test_a_matrix_of_another_shape_or_type_is_refused(charlson, matrix):
    with pytest.raises(ValueError, match=r"needs a boolean \(n, 17\) matrix"):
        score(matrix, charlson, weights="charlson1987")


def test_an_index_of_ones_own_is_scored_in_the_same_way(charlson):
    own = Index.model_validate(
        charlson.model_dump()
        | {
            "id": "own",
            "group": [
                {"id": "lungs", "name": "Lungs", "icd10": ["J44"], "weights": {"w": 3}},
                {"id": "statin", "name": "Protected", "icd10": ["Z92"], "weights": {"w": -2}},
            ],
            "example": [
                {"why": "yes", "codes": ["DJ449"], "expect": {"w": 3}},
                {"why": "no", "codes": [], "expect": {"w": 0}},
            ],
        }
    )
    assert score({"statin"}, own, weights="w") == -2  # below nought is a score, too
    assert score(np.ones((1, 2), dtype=bool), own, weights="w").tolist() == [1]


def own_index(**changed):
    return Index.model_validate(
        {
            "id": "own",
            "name": NAME,
            "source": "made up",
            "provenance": "OURS",
            "rationale": "an index to test with",
            "group": [{"id": "a", "name": "A", "icd10": ["J44"], "weights": {"w": 1}}],
            "example": [
                {"why": "yes", "codes": ["DJ449"], "expect": {"w": 1}},
                {"why": "no", "codes": [], "expect": {"w": 0}},
            ],
        }
        | changed
    )


def test_tenths_add_up_to_tenths_in_whatever_order():
    weights = [0.1, 0.2, 0.7, 2.1, 3.6]
    names = [f"g{n}" for n in range(5)]
    for order in (range(5), reversed(range(5)), (2, 0, 4, 1, 3)):
        group = [{"id": names[n], "name": "x", "icd10": ["J44"], "weights": {"w": weights[n]}} for n in order]
        assert score(set(names), own_index(group=group), weights="w") == 6.7


def test_a_weight_of_four_decimals_is_refused():
    with pytest.raises(ValidationError, match="at most three decimals"):
        own_index(group=[{"id": "a", "name": "A", "icd10": ["J44"], "weights": {"w": 0.1234}}])


def test_a_group_without_any_rule_is_refused():
    with pytest.raises(ValidationError, match="needs icd10, atc or conditions"):
        own_index(group=[{"id": "a", "name": "A", "weights": {"w": 1}}])


def test_a_drug_is_left_out_by_its_exclusion_only():
    nmi = CATALOGUE.indices["nmi"]
    assert index_groups(nmi, [], ["N05AN01"]) == set()
    assert index_groups(nmi, [], ["N05AH03", "n05an01"]) == {"rx_antipsychotics"}
    assert index_groups(nmi, ["N05AH03"]) == set()  # a drug's code is no diagnosis


def test_a_group_of_conditions_is_told_by_them_and_not_without_the_catalogue():
    cambridge = CATALOGUE.indices["cambridge"]
    assert index_groups(cambridge, ["DJ449"], conditions=CATALOGUE.conditions) == {"copd"}
    assert index_groups(cambridge, ["DJ449"]) == set()


# --- what a source can tell ------------------------------------------------------------------------------------------


def test_a_source_that_codes_in_icd10_tells_every_index_whose_conditions_it_has():
    told = set(CATALOGUE.conditions) - {"pain", "distress"}
    assert measurable_indices(CATALOGUE.indices, told, CATALOGUE.conditions, coded=True) == sorted(CATALOGUE.indices)
    fewer = measurable_indices(CATALOGUE.indices, told - {"hf"}, CATALOGUE.conditions, coded=True)
    assert fewer == sorted(set(CATALOGUE.indices) - {"cambridge"})


def test_a_source_that_does_not_tells_an_index_when_it_reaches_every_group(charlson):
    groups = {f"charlson.{group.id}" for group in charlson.group}
    assert measurable_indices(CATALOGUE.indices, groups, CATALOGUE.conditions, coded=False) == ["charlson"]
    assert measurable_indices(CATALOGUE.indices, groups - {"charlson.mi"}, CATALOGUE.conditions, coded=False) == []


# --- a table beside the entry ----------------------------------------------------------------------------------------

ENTRY = """
id = "tiny"
name = { da = "Lille", en = "Tiny" }
source = "made up"
provenance = "OURS"
rationale = "an index to test with"
table = "tiny.csv"
[[example]]
why = "yes"
codes = ["DF03"]
expect = { w = 2.1 }
[[example]]
why = "no"
codes = []
expect = { w = 0 }
"""


def with_files(tmp_path, table, entry=ENTRY):
    (tmp_path / "indices").mkdir()
    (tmp_path / "indices" / "tiny.toml").write_text(entry, encoding="utf-8")
    if table is not None:
        (tmp_path / "indices" / "tiny.csv").write_text(table, encoding="utf-8")
    return tmp_path


def test_groups_may_stand_in_a_table(tmp_path):
    found = load(with_files(tmp_path, "id,name,icd10,icd10_except,weight_w\nf,Dementia,F00|F03,F039,2.1\n"))
    (group,) = found.indices["tiny"].group
    assert (group.icd10, group.icd10_except, group.weights) == (("F00", "F03"), ("F039",), {"w": 2.1})


@pytest.mark.parametrize(
    "table, told",
    [
        (None, "table: tiny.csv is not readable as CSV"),
        ("id,name,icd,weight_w\nf,Dementia,F03,2.1\n", "table: tiny.csv: no such column 'icd'"),
        ("id,name,icd10,weight_w\nf,Dementia,F03\n", "table: tiny.csv: line 2: needs 4 cells"),
        ("id,name,icd10,weight_w\nf,Dementia,F03,two\n", "table: tiny.csv: line 2: could not convert"),
        ("id,name,icd10,weight_w\nf,Dementia,F.03,2\n", "group.0.icd10.0"),
    ],
)
def test_what_is_wrong_with_a_table_is_told(tmp_path, table, told):
    with pytest.raises(CatalogueError) as error:
        load(with_files(tmp_path, table))
    assert any(problem.startswith("indices/tiny.toml: ") and told in problem for problem in error.value.problems)


@pytest.mark.parametrize(
    "line, told",
    [
        ('table = "../tiny.csv"', "needs the name of a CSV file beside this one"),
        ('table = "tiny.csv"\ngroup = []', "needs one of the two, got both"),
    ],
)
def test_a_table_lies_beside_its_entry_and_alone(tmp_path, line, told):
    with pytest.raises(CatalogueError) as error:
        load(with_files(tmp_path, "id,name,icd10,weight_w\n", ENTRY.replace('table = "tiny.csv"', line)))
    assert any(told in problem for problem in error.value.problems)


def test_a_group_of_an_unknown_condition_is_refused(tmp_path):
    table = "id,name,conditions,weight_w\nf,Dementia,dementias,2.1\n"
    with pytest.raises(CatalogueError) as error:
        load(with_files(tmp_path, table))
    assert "indices/tiny.toml: conditions: no such id 'dementias'; did you mean 'dementia'?" in error.value.problems
