"""What is shipped about models loads and fits the catalogue; what is broken is told whole: file, key, value."""

import shutil
import tomllib
from fnmatch import fnmatchcase

import pytest

from models.declared import COUNTED_FROM, PACKAGE, SPECS, load_declared, merged
from models.spec import LogisticSpec, Predictor
from models.table import refusal
from stratify.catalogue import load
from stratify.errors import CatalogueError
from stratify.features.columns import columns

OUTCOMES = [
    "acsc_admission_365d", "acute_admission_365d", "acute_somatic_admission_365d", "acute_somatic_contact_30d",
    "acute_somatic_contact_90d", "death_365d", "psychiatric_admission_365d", "readmission_acute_somatic_30d",
]  # fmt: skip


@pytest.fixture
def declarations(tmp_path):
    """A copy of all that is shipped, to be spoilt by hand: `spoil(file, (old, new), …)`, then `read()`."""
    shutil.copytree(SPECS, tmp_path / "specs")
    shutil.copytree(PACKAGE, tmp_path / "declared", ignore=shutil.ignore_patterns("*.py", "__pycache__"))

    class Declarations:
        folder = tmp_path

        def spoil(self, file: str, *changes: tuple[str, str]) -> None:
            path = tmp_path / file
            text = path.read_text(encoding="utf-8")
            for old, new in changes:
                assert old in text, old
                text = text.replace(old, new, 1)
            path.write_text(text, encoding="utf-8")

        def read(self):
            return load_declared(tmp_path / "specs", shared=tmp_path / "declared")

        def problems(self) -> list[str]:
            with pytest.raises(CatalogueError) as caught:
                self.read()
            assert caught.value.exit_code == 10
            return list(caught.value.problems)

    return Declarations()


@pytest.fixture(scope="module")
def shipped():
    return load_declared()


@pytest.fixture(scope="module")
def matrix():
    """The columns of the shipped catalogue, by id, and those of index events."""
    found = {column.id: column.as_dict() for column in columns(load())}
    return found | {column["id"]: column for column in load_declared().index_columns()}


# --- what is shipped -------------------------------------------------------------------------------------------------


def test_there_is_a_spec_for_each_outcome_and_a_model_for_two_populations(shipped):
    assert list(shipped.specs) == OUTCOMES
    outcomes = load().outcomes
    for key, spec in shipped.specs.items():
        assert spec.populations == tuple(COUNTED_FROM[outcomes[key].index])
        assert (spec.split.test_people, spec.split.folds, spec.split.enough_events) == (0.4, 4, 5000)
        assert not spec.for_study


def test_an_outcome_without_a_spec_is_for_study():
    outcome = load().outcomes["death_365d"].model_copy(update={"id": "dying"})
    assert load_declared(outcomes={**load().outcomes, "dying": outcome}).specs["dying"].for_study


def test_the_population_that_is_shown_first_is_declared_first(shipped):
    assert list(shipped.populations)[:2] == ["psychiatric_somatic", "multimorbid"]


def test_each_outcome_has_a_spec_and_the_other_way_round(shipped):
    assert set(shipped.specs) == set(load().outcomes)


def test_a_spec_whose_outcome_is_nowhere_is_told():
    outcomes = {key: one for key, one in load().outcomes.items() if key != "death_365d"}
    with pytest.raises(CatalogueError, match=r"death_365d\.toml: outcome: 'death_365d' is none of"):
        load_declared(outcomes=outcomes)


def test_every_named_predictor_is_a_column_that_a_served_model_may_read(shipped, matrix):
    for name, predictors in shipped.predictors.items():
        for one in predictors:
            assert one.column in matrix, f"{name}: {one.column}"
            assert refusal(matrix[one.column]) is None, f"{name}: {one.column}"


def test_no_predictor_stands_twice_in_a_set(shipped):
    for predictors in shipped.predictors.values():
        names = [one.column for one in predictors]
        assert len(names) == len(set(names))


def test_every_column_of_a_baseline_is_there_though_it_may_stand_beside(shipped, matrix):
    read = {one.column for baseline in shipped.baselines.values() for one in baseline.predictors}
    assert read <= set(matrix)
    assert "nmi_kristensen2022" in read
    assert refusal(matrix["nmi_kristensen2022"]) is not None


def test_every_monotone_pattern_names_a_column_that_a_served_model_may_read(shipped, matrix):
    served = [name for name, column in matrix.items() if refusal(column) is None]
    patterns = [p for constraints in shipped.monotone.values() for one in constraints for p in one.columns]
    assert [p for p in patterns if not any(fnmatchcase(name, p) for name in served)] == []


def test_no_column_is_pushed_both_ways(shipped, matrix):
    """Only one pattern may fit, or those that fit agree: the order in the file would decide in silence."""
    for spec in shipped.specs.values():
        for name in matrix:
            ways = {c.direction for c in shipped.constraints_of(spec) for p in c.columns if fnmatchcase(name, p)}
            assert len(ways) <= 1, name


def test_age_is_free_and_prior_use_is_not(shipped):
    spec = shipped.specs["acute_admission_365d"]
    wanted = {"person_age": 0, "stay_acute_count_365": 1, "stay_acute_days_since": -1, "gp_all_count_365": 0}
    assert shipped.directions(spec, list(wanted)) == list(wanted.values())


def test_bodily_use_may_push_the_risk_of_a_psychiatric_admission_either_way(shipped):
    spec = shipped.specs["psychiatric_admission_365d"]
    assert spec.monotone == ("psychiatric_use",)
    named = ["stay_acute_count_365", "stay_psychiatric_count_1825", "stay_psychiatric_days_since"]
    assert shipped.directions(spec, named) == [0, 1, -1]


@pytest.mark.parametrize("name", OUTCOMES)
def test_those_who_leave_are_said_to_count_until_they_do(shipped, name):
    told = [text.en for text in shipped.specs[name].limits]
    assert any("leaves the region within the window counts until leaving" in text for text in told)


@pytest.mark.parametrize("name", OUTCOMES)
def test_a_spec_speaks_danish_and_english_and_warns(shipped, name):
    spec = shipped.specs[name]
    whom = [shipped.populations[population].must_not_be_scored for population in spec.populations]
    for text in (spec.intended_use, *spec.must_not_be_scored, *spec.limits, *whom):
        assert text.da != text.en
        assert "risikopatient" not in text.da
    assert any("under 18" in text.en for text in spec.must_not_be_scored)


def test_only_death_has_no_death_that_comes_first(shipped):
    """What is said of those who die first belongs to every outcome but that of dying."""
    first = {name: any("die first" in text.en for text in spec.limits) for name, spec in shipped.specs.items()}
    assert [name for name, told in first.items() if not told] == ["death_365d"]


# --- defaults and what a spec says otherwise -------------------------------------------------------------------------


def test_the_second_stands_in_the_place_of_the_first_key_by_key():
    under = {"a": {"b": 1, "c": {"d": 2, "e": 3}}, "names": ["one", "two"], "n": 1}
    over = {"a": {"c": {"d": 9}}, "names": ["three"], "more": True}
    before = repr(under)
    assert merged(under, over) == {
        "a": {"b": 1, "c": {"d": 9, "e": 3}}, "names": ["three"], "n": 1, "more": True,
    }  # fmt: skip
    assert repr(under) == before


def test_arrays_of_tables_are_added_to_and_other_kinds_are_replaced():
    assert merged({"limits": [{"en": "a"}]}, {"limits": [{"en": "b"}]})["limits"] == [{"en": "a"}, {"en": "b"}]
    assert merged({"x": {"y": 1}}, {"x": 2}) == {"x": 2}
    assert merged({"x": 2}, {"x": {"y": 1}}) == {"x": {"y": 1}}
    assert merged({}, {}) == {}


def test_a_spec_replaces_single_keys_of_the_defaults(declarations):
    with (declarations.folder / "specs/death_365d.toml").open("a", encoding="utf-8") as file:
        file.write("[estimators.lightgbm]\nnum_leaves = 4\n[split]\nfolds = 2\n")
    found = declarations.read().specs
    changed, others = found["death_365d"], found["acute_admission_365d"]
    assert (changed.estimators.lightgbm.num_leaves, changed.split.folds) == (4, 2)
    assert changed.estimators.lightgbm.max_bin == others.estimators.lightgbm.max_bin
    assert changed.estimators.logistic == others.estimators.logistic
    assert (others.estimators.lightgbm.num_leaves, others.split.folds) == (8, 4)


def test_a_spec_adds_its_limits_to_those_of_all(shipped):
    defaults = tomllib.loads((PACKAGE / "defaults.toml").read_text(encoding="utf-8"))
    common = [text["en"] for text in defaults["limits"]]
    for name, spec in shipped.specs.items():
        own = tomllib.loads((SPECS / f"{name}.toml").read_text(encoding="utf-8"))["limits"]
        assert [text.en for text in spec.limits] == [*common, *(text["en"] for text in own)]


def test_predictors_of_several_sets_are_each_read_once(shipped):
    spec = shipped.specs["death_365d"].model_copy(update={"predictors": ("standard", "standard")})
    once = shipped.specs["death_365d"]
    assert shipped.predictors_of(spec) == shipped.predictors_of(once) == list(shipped.predictors["standard"])
    beside = {one.column for name in once.baselines for one in shipped.baselines[name].predictors}
    assert shipped.columns_of(once) == {one.column for one in shipped.predictors_of(once)} | beside


# --- what is broken --------------------------------------------------------------------------------------------------


def test_an_unchanged_copy_loads(declarations, shipped):
    assert declarations.read() == shipped


def test_every_problem_in_every_file_is_told_at_once(declarations):
    declarations.spoil("declared/defaults.toml", ("num_leaves = 8", "num_leaves = 64"))
    declarations.spoil("declared/predictors.toml", ('as = "spline"', 'as = "cubic"'))
    declarations.spoil("declared/baselines.toml", ("[age_sex]\nname", "[age_sex]\ncolour = 1\nname"))
    declarations.spoil("declared/monotone.toml", ("direction = 1", "direction = 2"))
    declarations.spoil("declared/populations.toml", ("[multimorbid]\nname", "[multimorbid]\nnames"))
    declarations.spoil("specs/death_365d.toml", ("outcome =", "split.test_people = 1.5\noutcome ="))
    declarations.spoil("specs/acsc_admission_365d.toml", ("[intended_use]", "intended_use ="))
    told = declarations.problems()
    for part in (
        "declared/predictors.toml: standard.0.as: ",
        "; got 'cubic'",
        "declared/baselines.toml: age_sex.colour: Extra inputs are not permitted; got 1",
        "declared/monotone.toml: acute_use.0.direction: Input should be -1 or 1; got 2",
        "declared/populations.toml: multimorbid.name: Field required",
        "specs/death_365d.toml: split.test_people: ",
        "specs/death_365d.toml: estimators.lightgbm.num_leaves: ",
        "specs/acsc_admission_365d.toml: not readable as TOML: ",
    ):
        assert any(part in line for line in told), part
    assert sum("got 64" in line for line in told) == 7, "once for each spec that can be read"
    assert not any("is none of" in line for line in told), "a file that is not readable is told once"


@pytest.mark.parametrize("key", ["populations", "predictors", "baselines", "monotone"])
def test_a_name_that_is_declared_nowhere_is_told_with_those_there_are(declarations, shipped, key):
    line = f'{key} = ["psychiatric_somatic", "multimorbid"]' if key == "populations" else "outcome ="
    new = f'{key} = ["nobody"]' if key == "populations" else f'{key} = ["nobody"]\noutcome ='
    declarations.spoil("specs/death_365d.toml", (line, new))
    known = ", ".join(getattr(shipped, key))
    assert declarations.problems() == [f"specs/death_365d.toml: {key}: 'nobody' is none of {known}"]


def test_the_file_is_named_for_its_outcome(declarations):
    (declarations.folder / "specs/death_365d.toml").rename(declarations.folder / "specs/dying.toml")
    assert declarations.problems() == ["specs/dying.toml: outcome: must equal the file's name, got 'death_365d'"]


def test_rare_events_have_thresholds_of_their_own(shipped):
    rare = {"acsc_admission_365d", "acute_somatic_contact_30d", "death_365d", "psychiatric_admission_365d"}
    for name, spec in shipped.specs.items():
        assert spec.evaluation.thresholds == ((0.02, 0.05, 0.1) if name in rare else (0.1, 0.2, 0.3))


@pytest.mark.parametrize(
    "old, new, where",
    [
        ("folds = 4", "folds = 1", "split.folds: "),  # one fold is no cross-fitting
        ('calibrate = "one before"', 'calibrate = "two before"', "split.calibrate: "),  # no free choice
        ("slope = [0.9, 1.1]", "slope = [1.1, 0.9]", "gates.slope: "),
        ("subgroup_oe = [0.8, 1.25]", "subgroup_oe = [1.0, 1.25]", "gates.subgroup_oe: "),
        ("stratum_prior_sd = 0.2", "stratum_prior_sd = 0", "calibration.stratum_prior_sd: "),
        ("enough_events = 5000", "enough_events = 0", "split.enough_events: "),
        ("capacity = [0.01", "capacity = [1.0", "evaluation.capacity.0: "),
        ("l1_ratio = 0.5", "l2 = 3.0", "estimators.logistic.l2: Extra inputs are not permitted; got 3.0"),
    ],
)
def test_a_default_that_is_none_is_refused_in_every_spec_it_holds_for(declarations, old, new, where):
    declarations.spoil("declared/defaults.toml", (old, new))
    told = declarations.problems()
    for name in OUTCOMES:
        assert any(line.startswith(f"specs/{name}.toml: {where}") for line in told)


@pytest.mark.parametrize(
    "told, why",
    [
        ({"as": "decay"}, "half_life belongs"),
        ({"as": "linear", "half_life": 3.0}, "half_life belongs"),
        ({"as": "spline"}, "knots, rising"),
        ({"as": "spline", "knots": [5.0, 3.0]}, "knots, rising"),
        ({"as": "spline", "knots": [3.0, 3.0]}, "knots, rising"),
        ({"as": "log", "knots": [3.0]}, "knots, rising"),
        ({"as": "decay", "half_life": 0.0}, "greater than 0"),
    ],
)
def test_a_transform_has_what_it_needs_and_no_more(told, why):
    with pytest.raises(ValueError, match=why):
        Predictor.model_validate({"column": "x", **told})


def test_the_logistic_may_be_ridge_or_lasso_and_no_more():
    told = {"strength": 1.0, "missing_indicator_above": 0.01, "max_iterations": 5}
    assert [LogisticSpec(l1_ratio=ratio, **told).l1_ratio for ratio in (0.0, 1.0)] == [0.0, 1.0]
    with pytest.raises(ValueError, match="l1_ratio"):
        LogisticSpec(l1_ratio=1.1, **told)


def test_a_population_learns_only_from_another_that_is_declared(declarations):
    old, new = 'learns_from = ["multimorbid"]', 'learns_from = ["multimorbids", "psychiatric_somatic"]'
    declarations.spoil("declared/populations.toml", (old, new))
    told = declarations.problems()
    assert "declared/populations.toml: psychiatric_somatic: learns_from: 'multimorbids' is none" in told
    assert "declared/populations.toml: psychiatric_somatic: learns_from: 'psychiatric_somatic' is none" in told
