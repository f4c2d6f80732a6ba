"""Settings are refused as a whole, in words, before anything starts."""

import pytest

from service.demo import AUDIENCE, CLIENT, ISSUER
from service.settings import Settings, is_loopback, make_settings
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
    person, client = Settings(work=tmp_path, demo=True).issuers
    assert (person.iss, person.audience, person.kind) == (ISSUER, AUDIENCE, "user")
    assert (client.iss, client.audience, client.kind) == (CLIENT, None, "client")
    assert {person.keys, client.keys} == {str(tmp_path / "keys" / "jwt_public.pem")}


def test_outside_the_demo_key_issuer_and_audience_are_said_all_at_once(tmp_path):
    with pytest.raises(UsageError) as refused:
        Settings(work=tmp_path)
    assert [problem.split()[0] for problem in refused.value.problems] == ["--jwt-key", "--issuer", "--audience"]


@pytest.mark.parametrize("given", [{"issuer": ISSUER}, {"audience": AUDIENCE}, {"issuer": ""}, {"audience": ""}])
def test_outside_the_demo_the_demos_words_and_empty_ones_are_refused(given, tmp_path):
    with pytest.raises(UsageError):
        Settings(work=tmp_path, jwt_public_key=tmp_path / "k", **(REAL | given))


def test_outside_the_demo_the_demos_key_is_refused_however_it_is_written(tmp_path):
    (tmp_path / "keys").mkdir()
    for path in (tmp_path / "keys" / "jwt_public.pem", tmp_path / "keys" / ".." / "keys" / "jwt_public.pem"):
        with pytest.raises(UsageError, match="demo's key"):
            Settings(work=tmp_path, jwt_public_key=path, **REAL)


def test_a_real_service_listens_beyond_this_machine_behind_a_proxy_alone(tmp_path):
    given = {"work": tmp_path, "host": "0.0.0.0", "jwt_public_key": tmp_path / "k", **REAL}
    with pytest.raises(UsageError, match="--behind-proxy"):
        Settings(**given)
    (issuer,) = Settings(**given, behind_proxy=True).issuers
    assert (issuer.keys, issuer.iss, issuer.audience) == (str(tmp_path / "k"), *REAL.values())


USER = '[[issuer]]\niss = "https://idp.example"\nkind = "user"\nkeys = "idp.json"\naudience = "stratify"\n'
EHR = '[[issuer]]\niss = "https://ehr.example"\nkind = "client"\nkeys = "https://ehr.example/jwks"\n'


def trusting(tmp_path, text, **more):
    (tmp_path / "trust.toml").write_text(text, encoding="utf-8")
    return Settings(work=tmp_path / "w", trust=tmp_path / "trust.toml", **more)


def test_a_trust_file_says_whose_tokens_count_and_its_keys_stand_beside_it(tmp_path):
    person, client = trusting(tmp_path, USER + EHR, base_url="https://stratify.example/").issuers
    assert person.keys == str(tmp_path / "idp.json")
    assert (client.keys, client.algorithms) == ("https://ehr.example/jwks", ("ES384", "RS384"))


UNSAFE = {
    "a key over plain http": (EHR.replace("https://ehr.example/jwks", "http://ehr.example/jwks"), "https alone"),
    "a client and no address of ours": (EHR, "--base-url is required"),
    "the sandbox, whose key is public": (EHR.replace("//ehr.example\"", "//sandbox.cds-hooks.org\""), "anybody"),
    "the demo": (USER.replace("https://idp.example", ISSUER), "for --demo alone"),
    "the demo's client": (EHR.replace("https://ehr.example\"", CLIENT + '"'), "for --demo alone"),
    "a person's issuer without audience": (USER.replace('audience = "stratify"\n', ""), "needs `audience`"),
    "a client with one": (EHR + 'audience = "x"\n', "leave out `audience`"),
    "a weak algorithm": (USER + 'algorithms = ["HS256"]\n', "algorithms"),
    "a role nobody has": (USER + 'roles = ["clinican"]\n', "clinician"),
    "the same twice": (USER + USER, "stands twice"),
    "another key": (USER + 'jku = "x"\n', "jku"),
    "nothing": ("", "must hold"),
    "no TOML": ("[[", "not a readable TOML"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNSAFE)
def test_a_trust_file_that_would_open_the_service_is_refused_at_the_start(name, tmp_path):
    text, words = UNSAFE[name]
    with pytest.raises(UsageError) as refused:
        trusting(tmp_path, text)
    assert words in str(refused.value)


def test_a_trust_file_and_its_short_form_are_not_given_together(tmp_path):
    with pytest.raises(UsageError, match="short form"):
        trusting(tmp_path, USER, issuer="https://idp.example")


@pytest.mark.parametrize("given", [{"base_url": "http://x"}, {"base_url": "https://x?y"}, {"origins": ("*",)},
                                   {"origins": ("https://*.example",)}, {"origins": ("http://x",)}])  # fmt: skip
def test_addresses_are_https_and_no_pattern(given, tmp_path):
    with pytest.raises(UsageError, match="https address"):
        trusting(tmp_path, USER, **given)


def test_the_address_is_the_one_callers_reach_or_where_it_listens(tmp_path):
    assert trusting(tmp_path, USER, base_url="https://x.example/a/").address == "https://x.example/a"
    assert Settings(work=tmp_path, demo=True, host="::1", port=81).address == "http://[::1]:81"


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
