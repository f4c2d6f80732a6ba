"""Control charts equal the stored results of R's qicharts2 point by point, and the vectors worked out for this project.

R's results and the vectors lie beside the checkout.
"""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from stratify.quality.spc import (
    anhoej_limits,
    assured,
    chart,
    choose,
    seven_one_side,
    seven_trend,
    two_in_three,
)

SHARED = Path(__file__).parents[3] / "shared"
FOLDER = SHARED / "data" / "oracles" / "spc"
VECTORS = SHARED / "facts" / "quality" / "spc_vectors.json"

FILES = {
    "R_expected_c_cdi": "c",
    "R_expected_c_pois24": "c",
    "R_expected_i_pois24": "xmr",
    "R_expected_p_cabg_deaths": "p",
    "R_expected_p_cabg_readm": "p",
    "R_expected_run_cabg_readm": "run",
    "R_expected_run_pois24": "run",
}
LINES = {"y": "value", "cl": "centre", "ucl": "upper", "lcl": "lower", "ucl.95": "upper95", "lcl.95": "lower95"}

needs_oracle = pytest.mark.skipif(not FOLDER.is_dir(), reason="R's results lie outside this repository")
needs_vectors = pytest.mark.skipif(not VECTORS.is_file(), reason="the vectors lie outside this repository")


def column(rows, name):
    return np.array([float(row[name]) if row[name] not in ("", "NA") else np.nan for row in rows])


@pytest.fixture(scope="module")
def vectors():
    return json.loads(VECTORS.read_text(encoding="utf-8"))


@needs_oracle
def test_every_file_of_results_is_compared():
    assert {path.stem for path in FOLDER.glob("*.csv")} == set(FILES)


@needs_oracle
@pytest.mark.parametrize("name", FILES)
def test_lines_runs_and_signals_equal_those_of_qicharts2(name):
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["part"] for row in rows} == {"1"}
    sizes = column(rows, "n")
    found = chart(FILES[name], column(rows, "y.sum"), None if np.isnan(sizes).all() else sizes)
    for theirs, ours in LINES.items():
        np.testing.assert_allclose(getattr(found, ours), column(rows, theirs), rtol=0, atol=1e-6, err_msg=theirs)
    (runs,) = found.runs
    names = ("n.useful", "longest.run", "longest.run.max", "n.crossings", "n.crossings.min")
    assert list(runs) == [*(int(rows[0][name]) for name in names), rows[0]["runs.signal"] == "TRUE"]
    assert found.outside.tolist() == [row["sigma.signal"] == "TRUE" for row in rows]


@needs_vectors
@pytest.mark.parametrize("screen, name", [(True, "screened"), (False, "unscreened")])
def test_an_outlier_among_moving_ranges_is_left_out_of_the_limits_or_not(vectors, screen, name):
    vector = vectors["xmr_vignette"]
    found = chart("xmr", vector["y"], screen=screen)
    assert found.centre[0] == pytest.approx(vector["mean"], abs=0.005)
    assert found.upper[-1] == pytest.approx(vector[name]["upl"], abs=0.005)
    assert found.lower[-1] == pytest.approx(vector[name]["lpl"], abs=0.005)


@needs_vectors
def test_accidents_are_nearly_all_out_on_a_plain_chart_and_none_on_the_prime(vectors):
    vector = vectors["nhs_accidents"]
    plain, prime = (chart(kind, vector["r"], vector["n"]) for kind in ("p", "p_prime"))
    assert plain.centre[0] == prime.centre[0] == pytest.approx(vector["p_center"], abs=1e-12)
    assert plain.outside.sum() == vector["p_points_outside"]
    assert prime.outside.sum() == vector["pprime_points_outside"]
    assert prime.sigma_z == pytest.approx(vector["sigma_z"], abs=1e-12)
    assert (prime.lower[0], prime.upper[0]) == pytest.approx(tuple(vector["first_point_pprime_99"]), abs=1e-12)
    assert choose(vector["r"], vector["n"], "p") == ("p_prime", prime.sigma_z)


@needs_vectors
def test_limits_of_runs_and_crossings(vectors):
    assert {n: list(anhoej_limits(int(n))) for n in vectors["anhoej_limits"]} == vectors["anhoej_limits"]
    textbook = vectors["anhoej_textbook"]
    longest, fewest = anhoej_limits(textbook["n"])
    assert textbook["signal"] == (textbook["longest"] > longest or textbook["crossings"] < fewest)


@needs_vectors
def test_the_rules_of_the_nhs_flag_what_their_vectors_say(vectors):
    tried = []
    for vector in vectors["mdc_unit_vectors"]:
        tried.append(vector["fn"])
        if vector["fn"] == "seven_one_side":
            found, want = seven_one_side(np.array([vector["in"]]))[0][0], vector["end_flags"]
        elif vector["fn"] == "seven_trend":
            found, want = seven_trend(np.array([vector["in"]], dtype=float))[0][0], vector["end_flags"]
        elif vector["fn"] == "two_in_three":
            found = two_in_three(np.array([vector["close"]], dtype=bool), np.array([vector["side"]]))[0]
            want = vector["flags"]
        else:
            names = {"increase": "higher", "decrease": "lower"}
            words = {
                "consistent_fail": "consistently_fails",
                "consistent_pass": "consistently_meets",
                "inconsistent": "hit_or_miss",
            }
            told = [assured(*given, names[vector["dir"]]) for given in vector["lpl_upl_target"]]
            assert told == [words[word] for word in vector["out"]]
            continue
        assert found.astype(int).tolist() == want, vector
    assert len(tried) == 6
