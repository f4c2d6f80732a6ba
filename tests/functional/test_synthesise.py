"""`stratify synthesise` as its users call it: clear refusals, nothing half-written, a report to read."""

import resource
import subprocess
import sys

import pytest

from stratify.files import digest_tree


def left(work):
    """What lies in a work folder, but for its lock."""
    return sorted(path.name for path in work.iterdir() if path.name != ".lock")


@pytest.mark.slow
def test_it_says_what_it_wrote_and_the_second_call_does_nothing(stratify, tmp_path):
    words = ("synthesise", "--people", 300, "--years", 3, "--seed", 9, "--work", tmp_path / "w")
    first = stratify(*words)
    assert "rows in 24 tables" in first.stdout
    before = digest_tree(tmp_path / "w" / "registers")
    second = stratify(*words)
    assert "as it was" in second.stderr
    assert digest_tree(tmp_path / "w" / "registers") == before


@pytest.mark.slow
def test_clean_registers_and_quirks_left_out(stratify, tmp_path):
    base = ("synthesise", "--people", 200, "--years", 2, "--work")
    stratify(*base, tmp_path / "clean", "--clean")
    stratify(*base, tmp_path / "without", "--without", "duplicates", "--without", "letter_case")
    clean, without = (digest_tree(tmp_path / name / "registers") for name in ("clean", "without"))
    assert clean != without
    refused = stratify(*base, tmp_path / "typo", "--without", "typos", check=False)
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "--without needs one of corrections, dead_in_snapshot," in refused.stderr


@pytest.mark.parametrize("folder", ["registers", "truth"])
def test_a_folder_that_somebody_else_filled_is_refused_and_kept(stratify, tmp_path, folder):
    mine = tmp_path / "w" / folder / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("do not touch")
    done = stratify("synthesise", "--people", 100, "--years", 1, "--work", tmp_path / "w", check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert "not empty, and not written by `stratify synthesise`; name another --work, or move it away" in done.stderr
    assert mine.read_text() == "do not touch"
    assert left(tmp_path / "w") == [folder]


@pytest.mark.parametrize(
    "words, told",
    [
        (("--years", 30, "--end", "2020-12-31"), "years: none before 1995"),
        (("--end", "2024-06-30"), "end: a 31 December is required, got 2024-06-30"),
        (("--delivered", "2024-01-01"), "delivered: a day after 2024-12-31 is required, got 2024-01-01"),
        (("--people", 4_000_000), "people: 1 to 3000000 are required, got 4000000"),
    ],
)
def test_arguments_that_cannot_be(stratify, tmp_path, words, told):
    done = stratify("synthesise", "--work", tmp_path / "w", *words, check=False)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert left(tmp_path / "w") == []


def test_parameters_that_cannot_be(stratify, tmp_path, root):
    own = tmp_path / "own"
    own.mkdir()
    text = (root / "pipelines/synthesis/parameters/people.toml").read_text(encoding="utf-8")
    (own / "people.toml").write_text(text.replace("births = ", "births = -1 #", 1), encoding="utf-8")
    done = stratify("synthesise", "--people", 50, "--parameters", own, "--work", tmp_path / "w", check=False)
    assert done.returncode == 2
    assert "people.toml: population.births: Input should be greater than or equal to 0, got -1" in done.stderr
    assert left(tmp_path / "w") == []


@pytest.mark.parametrize(
    "people, processes",
    [pytest.param(3000, 1, id="one process"), pytest.param(70_000, 2, id="two processes", marks=pytest.mark.slow)],
)
def test_a_full_disk_is_told_in_one_line_and_leaves_nothing_half_written(tmp_path, people, processes):
    """A limit on the size of a file stands for the disk: a write fails in the middle, as it does when that is full."""
    call = "from pipelines.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", call, "synthesise", "--people", str(people), "--years", "1",
         "--processes", str(processes), "--work", str(tmp_path / "w")],
        capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000)),
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(told) == 1
    assert "File too large" in told[0]
    assert left(tmp_path / "w") == []


@pytest.mark.slow
def test_the_report_names_its_misses_and_can_be_read_without_a_network(stratify, tmp_path):
    done = stratify("synthesise", "--people", 8000, "--seed", 4, "--report", "--work", tmp_path / "w")
    assert "targets inside (" in done.stdout
    page = (tmp_path / "w" / "report" / "region.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert page.count("<svg") >= 6
    for words in ("30 days", "Scotland", "multimorbid"):
        assert words in page
