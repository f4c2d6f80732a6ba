"""Files and folders take their place whole, and their digests say what is in them."""

import hashlib
import os
import stat

import pytest

from stratify.files import (
    canonical_json,
    digest_file,
    digest_tree,
    folder_written_whole,
    recover,
    write_bytes,
    write_json,
    write_text,
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def fail_while_writing(final):
    with folder_written_whole(final) as partial:
        (partial / "a").write_text("half")
        raise RuntimeError


def test_a_file_is_there_whole_with_its_permissions_and_without_leftovers(tmp_path):
    path = tmp_path / "deep" / "key"
    write_bytes(path, b"secret", mode=0o600)
    assert path.read_bytes() == b"secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names(path.parent) == ["key"]


def test_a_leftover_of_a_killed_writer_is_written_over(tmp_path):
    (tmp_path / "a.txt.partial").write_text("half")
    write_text(tmp_path / "a.txt", "whole")
    assert names(tmp_path) == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "whole"


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_text(path, "new")
    assert path.read_text() == "old"


def test_json_is_the_same_bytes_for_the_same_value_and_refuses_nan(tmp_path):
    write_json(tmp_path / "a", {"b": 1, "a": "ø"})
    write_json(tmp_path / "b", {"a": "ø", "b": 1})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert canonical_json({"b": [1, 2], "a": None}) == '{"a":null,"b":[1,2]}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(float("nan"))


def test_a_digest_is_the_sha256_of_the_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert digest_file(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()


def test_a_tree_is_told_by_its_paths_in_order_without_what_is_left_out(tmp_path):
    (tmp_path / "z").mkdir()
    for name in ("b", "z/a", "run.json", "z/run.json"):
        (tmp_path / name).write_text(name)
    assert list(digest_tree(tmp_path, leave_out=frozenset({"run.json"}))) == ["b", "z/a"]


class TestAFolderWrittenWhole:
    def write(self, final, text):
        with folder_written_whole(final) as partial:
            (partial / "a").write_text(text)

    def test_takes_the_place_of_the_old_one(self, tmp_path):
        self.write(tmp_path / "out", "one")
        self.write(tmp_path / "out", "two")
        assert (tmp_path / "out/a").read_text() == "two"
        assert names(tmp_path) == ["out"]

    def test_is_not_seen_before_it_is_whole(self, tmp_path):
        self.write(tmp_path / "out", "one")
        with folder_written_whole(tmp_path / "out") as partial:
            (partial / "a").write_text("two")
            assert (tmp_path / "out/a").read_text() == "one"

    def test_that_fails_leaves_the_old_one_and_nothing_else(self, tmp_path):
        self.write(tmp_path / "out", "one")
        with pytest.raises(RuntimeError):
            fail_while_writing(tmp_path / "out")
        assert (tmp_path / "out/a").read_text() == "one"
        assert names(tmp_path) == ["out"]

    def test_comes_back_when_it_was_killed_between_two_renames(self, tmp_path):
        self.write(tmp_path / "out", "one")
        (tmp_path / "out").rename(tmp_path / "out.replaced")
        (tmp_path / "out.partial").mkdir()
        recover(tmp_path / "out")
        assert (tmp_path / "out/a").read_text() == "one"
        assert names(tmp_path) == ["out"]

    def test_stays_when_it_was_killed_before_the_old_one_was_removed(self, tmp_path):
        self.write(tmp_path / "out", "new")
        (tmp_path / "out.replaced").mkdir()
        recover(tmp_path / "out")
        assert (tmp_path / "out/a").read_text() == "new"
        assert names(tmp_path) == ["out"]
