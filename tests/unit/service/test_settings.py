"""Settings are refused as a whole, in words, before anything starts."""

import pytest

from service.settings import DEMO_AUDIENCE, DEMO_ISSUER, Settings, is_loopback, make_settings
from stratify.errors import UsageError

REAL = {"issuer": "https://idp.example", "audience": "stratify"}


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "10.0.0.5", "192.168.1.2", "example.org", "localhost.example.org", ""]
)
def test_the_demo_listens_on_this_machine_alone(host, tmp_path):
    with pytest.raises(UsageError, match="this machine alone") as refused:
        Settings(work=tmp_path, demo=True, host=host)
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_the_demo_starts_on_loopback(host, tmp_path):
    assert Settings(work=tmp_path, demo=True, host=host).host == host
    assert is_loopback(host)


def test_the_demo_takes_no_keys_of_others(tmp_path):
    with pytest.raises(UsageError) as refused:
        Settings(work=tmp_path, demo=True, jwt_public_key=tmp_path / "k", **REAL)
    assert len(refused.value.problems) == 3


def test_the_demo_knows_its_key_issuer_and_audience(tmp_path):
    assert Settings(work=tmp_path, demo=True).trusted == (
        tmp_path / "keys" / "jwt_public.pem",
        DEMO_ISSUER,
        DEMO_AUDIENCE,
    )


def test_outside_the_demo_key_issuer_and_audience_are_said_all_at_once(tmp_path):
    with pytest.raises(UsageError) as refused:
        Settings(work=tmp_path)
    assert [problem.split()[0] for problem in refused.value.problems] == ["--jwt-key", "--issuer", "--audience"]


@pytest.mark.parametrize(
    "given", [{"issuer": DEMO_ISSUER}, {"audience": DEMO_AUDIENCE}, {"issuer": ""}, {"audience": ""}]
)
def test_outside_the_demo_the_demos_words_and_empty_ones_are_refused(given, tmp_path):
    with pytest.raises(UsageError):
        Settings(work=tmp_path, jwt_public_key=tmp_path / "k", **(REAL | given))


def test_outside_the_demo_the_demos_key_is_refused_however_it_is_written(tmp_path):
    (tmp_path / "keys").mkdir()
    for path in (tmp_path / "keys" / "jwt_public.pem", tmp_path / "keys" / ".." / "keys" / "jwt_public.pem"):
        with pytest.raises(UsageError, match="demo's key"):
            Settings(work=tmp_path, jwt_public_key=path, **REAL)


def test_a_real_service_may_listen_anywhere(tmp_path):
    settings = Settings(work=tmp_path, host="0.0.0.0", jwt_public_key=tmp_path / "k", **REAL)
    assert settings.trusted == (tmp_path / "k", *REAL.values())


@pytest.mark.parametrize("wrong", [{"port": -1}, {"port": 65536}, {"port": "x"}, {"colour": "red"}])
def test_a_value_that_does_not_fit_is_a_usage_error_naming_it(wrong, tmp_path):
    with pytest.raises(UsageError) as refused:
        make_settings(work=tmp_path, demo=True, **wrong)
    assert next(iter(wrong)) in str(refused.value)


def test_the_audit_log_lies_in_the_work_folder_unless_told_otherwise(tmp_path):
    settings = Settings(work=tmp_path / "a b?c", demo=True)
    assert settings.audit_url.database == str(tmp_path / "a b?c" / "service.db")
    assert Settings(work=tmp_path, demo=True, service_db="sqlite:///x.db").audit_url == "sqlite:///x.db"


def test_settings_do_not_change_once_made(tmp_path):
    with pytest.raises(ValueError, match="frozen"):
        Settings(work=tmp_path, demo=True).host = "0.0.0.0"


def test_making_settings_touches_nothing(tmp_path):
    Settings(work=tmp_path / "w", demo=True)
    assert not (tmp_path / "w").exists()
