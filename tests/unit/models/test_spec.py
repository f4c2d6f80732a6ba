"""The specs that are shipped load; a broken one is refused with every problem, its file, key and value."""

import pytest

from models.spec import PACKAGE, load_specs
from stratify.catalogue import load
from stratify.errors import CatalogueError


@pytest.fixture
def written(tmp_path):
    good = (PACKAGE / "death_365d.toml").read_text(encoding="utf-8")

    def write(*changes: tuple[str, str], name: str = "death_365d.toml"):
        text = good
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path

    return write


def test_there_is_a_spec_for_each_outcome():
    specs = load_specs()
    assert list(specs) == ["acute_admission_365d", "death_365d"]
    assert {spec.population for spec in specs.values()} == {"multimorbid_adults"}
    assert all((spec.split.test_people, spec.split.folds) == (0.5, 4) for spec in specs.values())
    assert {spec.estimators.logistic.l2 for spec in specs.values()} == {1000}


def test_one_fold_is_no_cross_fitting(written):
    with pytest.raises(CatalogueError, match=r"split\.folds: .*; got 1"):
        load_specs(written(("folds = 4", "folds = 1")))


@pytest.mark.parametrize("name", ["acute_admission_365d", "death_365d"])
def test_those_who_leave_are_said_to_take_no_part(name):
    told = [text.en for text in load_specs()[name].limits]
    assert "People who leave the region within 365 days take part in neither training nor measurement." in told


@pytest.mark.parametrize("name", ["acute_admission_365d", "death_365d"])
def test_a_spec_speaks_danish_and_english_and_warns(name):
    spec = load_specs()[name]
    for text in (spec.intended_use, *spec.must_not_be_scored, *spec.limits):
        assert text.da != text.en
        assert "risikopatient" not in text.da
    assert any("under 18" in text.en for text in spec.must_not_be_scored)


def test_each_spec_is_of_an_outcome_that_is_declared():
    assert set(load_specs()) <= set(load().outcomes)


def test_an_unchanged_copy_loads(written):
    assert load_specs(written())["death_365d"] == load_specs()["death_365d"]


def test_every_problem_in_every_file_is_told_at_once(written):
    written(("num_leaves = 31", "num_leaves = 64"), ("l2 = 1000.0", "l2 = 1000.0\nl1 = 0.5"))
    written(("test_people = 0.5", "test_people = 1.5"), name="other.toml")
    with pytest.raises(CatalogueError) as caught:
        load_specs(written(("rounds = 300", "rounds = "), name="third.toml"))
    told = str(caught.value)
    assert "specs/death_365d.toml: estimators.lightgbm.num_leaves: " in told
    assert "got 64" in told
    assert "specs/death_365d.toml: estimators.logistic.l1: Extra inputs are not permitted" in told
    assert "specs/other.toml: split.test_people: " in told
    assert "specs/third.toml: not readable as TOML" in told
    assert caught.value.exit_code == 10


def test_the_file_is_named_for_its_outcome(written):
    with pytest.raises(CatalogueError, match=r"specs/dying\.toml: outcome: must equal the file's name"):
        load_specs(written(name="dying.toml"))


def test_the_calibration_landmark_is_no_free_choice(written):
    with pytest.raises(CatalogueError, match=r"split\.calibrate"):
        load_specs(written(('calibrate = "one before"', 'calibrate = "two before"')))
