"""Parameter files: what cannot be is refused in one go, with file, key and value."""

import numpy as np
import pytest

from pipelines.synthesis.parameters import FILES, read_parameters
from pipelines.synthesis.shapes import KINDS
from stratify.errors import UsageError

GIVEN = read_parameters()


@pytest.fixture
def own(tmp_path):
    """Return a function that writes one of our files with a text replaced, into a folder of own parameters."""

    def write(name, old, new):
        from importlib import resources

        text = resources.files("pipelines.synthesis").joinpath("parameters", f"{name}.toml").read_text(encoding="utf-8")
        assert old in text
        (tmp_path / f"{name}.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
        return tmp_path

    return write


def problems(folder):
    with pytest.raises(UsageError) as error:
        read_parameters(folder)
    return error.value.problems


@pytest.mark.parametrize(
    "name, old, new, told",
    [
        ("people", "births = ", "births = -0.01 #", "people.toml: population.births: @-0.01"),
        ("people", "coupled = ", "coupled = 1.4 #", "people.toml: population.coupled: @1.4"),
        ("conditions", "prevalence = 23.3", "prevalence = 123.3", "conditions.toml: condition.0.prevalence: @123.3"),
        ("conditions", "level = ", "level = -1 #", "conditions.toml: condition.0.level: @-1"),
        ("conditions", 'id = "hypertension"', 'id = "hypertensoin"', "effects.toml: unknown condition 'hypertension'"),
        ("conditions", "seen = ", "sene = 0.5\nseen = ", "conditions.toml: condition.0.sene: @0.5"),
        ("effects", '["hypertension", "ihd"', '["hypertension", "idh"', "effects.toml: unknown condition 'idh'"),
        ("effects", "most = ", "most = 0.5 #", "effects.toml: most: @0.5"),
        ("places", 'hospital = "horsens"', 'hospital = "vejle"', "unknown hospital 'vejle'"),
        ("places", 'code = "615"', 'code = "Horsens"', "places.toml: municipality.0.code: "),
        ("places", 'code = "615"', 'code = "999"', "unknown municipality '999': region 82 has 615, 657, "),
        ("places", 'code = "615"', 'code = "751"', "municipality '751' stands there twice"),
        ("admissions", "most_days = ", "most_days = 400 #", "admissions.toml: length.most_days: @400"),
        ("calendar", "[season.of]", "[season.of]\n2019 = [1.0, 1.0]", "calendar.toml: season.of.2019: "),
        ("offers", 'conditions = ["hf"]', 'conditions = ["fh"]', "offers.toml: unknown condition 'fh'"),
    ],
)  # fmt: skip
def test_impossible_parameters_are_refused_with_file_key_and_value(own, name, old, new, told):
    key, _, value = told.partition("@")  # what stands between them is the reason
    found = problems(own(name, old, new))
    assert any(key in problem and problem.endswith(f"got {value}" if value else "") for problem in found), found


def test_every_problem_of_every_file_is_told(own):
    own("people", "births = ", "births = -0.01 #")
    folder = own("effects", "most = ", "most = 0.5 #")
    (folder / "peple.toml").write_text("")
    assert len(problems(folder)) == 3
    assert any("peple.toml: no such parameter file; there are" in problem for problem in problems(folder))


def test_a_folder_without_parameters_is_told(tmp_path):
    assert any("no .toml file of parameters in it" in problem for problem in problems(tmp_path))


def test_a_broken_file_is_told_with_its_line(tmp_path):
    (tmp_path / "people.toml").write_text("[population\n")
    assert any(problem.startswith("people.toml: ") and "line 1" in problem for problem in problems(tmp_path))


def test_a_code_that_the_pattern_does_not_fit_is_told(own):
    folder = own("admissions", 'acsc = ["DJ189"', 'acsc = ["DS720", "DJ189"')
    assert any(
        "DS720: stands among ACSC codes, the pattern does not match it" in problem for problem in problems(folder)
    )


def test_own_files_replace_ours_and_change_the_digest(own):
    found = read_parameters(own("people", "births = ", "births = 0.02 #"))
    assert found.population.births == 0.02
    assert found.digest != GIVEN.digest
    assert found.names == GIVEN.names


def test_there_are_the_files_and_the_39_conditions():
    assert len(FILES) == 12
    assert len(set(GIVEN.groups)) == 39
    assert len(GIVEN.names) == 42


def test_the_onset_rates_are_rates():
    assert GIVEN.rate.shape == (2, 111, 42)
    assert np.isfinite(GIVEN.rate).all()
    assert (GIVEN.rate >= 0).all()
    assert (GIVEN.rate[1, :, GIVEN.index("prostate")] == 0).all()
    assert (GIVEN.rate[:, :18, GIVEN.index("dementia")] == 0).all()


def test_every_kind_of_admission_has_hazards_lengths_and_codes():
    for kind in KINDS:
        assert kind in GIVEN.admissions.kind
        assert getattr(GIVEN.admissions.length, kind)
        assert GIVEN.admissions.codes[kind]


def test_a_year_with_a_profile_of_its_own_has_it_and_others_the_usual():
    assert GIVEN.year(2020).months != GIVEN.year(2019).months == GIVEN.year(2018).months
    assert GIVEN.drift("acsc", 2020) < GIVEN.drift("acsc", 2019) == 1.0
