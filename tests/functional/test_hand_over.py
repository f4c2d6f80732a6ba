"""Scores go from one account's folder to another's: bundles first, scores by one rename, the last good ones kept."""

import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

MAKER, SERVER = "daemon", "bin"  # two accounts that every system has
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root and setpriv: it acts as two accounts"
)


def _owned(path, account):
    for one in (path, *path.rglob("*")):
        os.chown(one, pwd.getpwnam(account).pw_uid, pwd.getpwnam(account).pw_gid)
        one.chmod(0o700 if one.is_dir() else 0o600)


def _bundle(made, version, text):
    (made / "bundles" / version).mkdir()
    (made / "bundles" / version / "manifest.json").write_text(text, encoding="utf-8")


@pytest.fixture
def folders():
    """What was made, and where it is served from, each closed to the other account, where both may enter."""
    with TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        yield _made_and_served(Path(place))


def _made_and_served(place):
    made, served = place / "made", place / "served"
    (made / "bundles/decisions").mkdir(parents=True)
    (made / "keys").mkdir()
    (made / "keys/bundle_private.pem").write_text("secret", encoding="utf-8")
    (made / "bundles/champion").write_text("0f3a52c1d9e7\n", encoding="utf-8")
    _bundle(made, "0f3a52c1d9e7", "first")
    (made / "serving.db").write_text("scores", encoding="utf-8")
    served.mkdir()
    _owned(made, MAKER)
    _owned(served, SERVER)
    return made, served


def _hand_over(root, folders):
    call = [root / "deploy/hand_over.sh", folders[0], MAKER, folders[1], SERVER]
    return subprocess.run(call, capture_output=True, text=True, check=False)


def _lies(served):
    return sorted(path.relative_to(served).as_posix() for path in served.rglob("*") if path.is_file())


def test_bundles_and_scores_arrive_as_the_servers_own_and_nothing_else_does(root, folders):
    done = _hand_over(root, folders)
    assert done.returncode == 0, done.stderr
    served = folders[1]
    assert _lies(served) == ["bundles/0f3a52c1d9e7/manifest.json", "serving.db"]
    for path in served.rglob("*"):
        found = path.stat()
        assert found.st_uid == pwd.getpwnam(SERVER).pw_uid
        assert stat.S_IMODE(found.st_mode) == (0o700 if path.is_dir() else 0o600)


def test_a_bundle_that_is_there_stays_and_newer_scores_replace_the_older(root, folders):
    made, served = folders
    assert _hand_over(root, folders).returncode == 0
    inode = (served / "serving.db").stat().st_ino
    (made / "bundles/0f3a52c1d9e7/manifest.json").write_text("changed", encoding="utf-8")
    _bundle(made, "aaaaaaaaaaaa", "second")
    (made / "serving.db").write_text("newer", encoding="utf-8")
    _owned(made, MAKER)
    assert _hand_over(root, folders).returncode == 0
    assert (served / "bundles/0f3a52c1d9e7/manifest.json").read_text(encoding="utf-8") == "first"
    assert (served / "bundles/aaaaaaaaaaaa/manifest.json").read_text(encoding="utf-8") == "second"
    assert (served / "serving.db").read_text(encoding="utf-8") == "newer"
    assert (served / "serving.db").stat().st_ino != inode  # by renaming: whoever has the old one open keeps it


@pytest.mark.parametrize("amiss", ["no scores", "a link instead of scores", "no bundle", "not to be read"])
def test_what_cannot_be_handed_over_leaves_what_is_served(root, folders, amiss):
    made, served = folders
    assert _hand_over(root, folders).returncode == 0
    if amiss == "no bundle":
        shutil.rmtree(made / "bundles")
    elif amiss == "not to be read":
        os.chown(made / "serving.db", 0, 0)
    else:
        (made / "serving.db").unlink()
        if amiss == "a link instead of scores":
            (made / "serving.db").symlink_to("/etc/passwd")
    assert _hand_over(root, folders).returncode != 0
    assert (served / "serving.db").read_text(encoding="utf-8") == "scores"
    assert _lies(served) == ["bundles/0f3a52c1d9e7/manifest.json", "serving.db"]


def test_what_a_cut_off_hand_over_left_counts_for_nothing(root, folders):
    served = folders[1]
    (served / ".incoming/bundles/bbbbbbbbbbbb").mkdir(parents=True)
    (served / ".incoming/serving.db").write_text("half", encoding="utf-8")
    _owned(served, SERVER)
    assert _hand_over(root, folders).returncode == 0
    assert _lies(served) == ["bundles/0f3a52c1d9e7/manifest.json", "serving.db"]
    assert (served / "serving.db").read_text(encoding="utf-8") == "scores"
