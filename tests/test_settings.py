"""Configuration: a wrong value stops the start with its name and the mend; `.env` and the private file have their turn."""

import json
import os
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http.request import split_domain_port, validate_host

from newsreader import settings
from newsreader.settings import BASE_DIR

pytestmark = pytest.mark.slow

GOOD = {
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz-0123456789abcdefghijk",
    "ENV_FILES": "",
    "DATABASE_URL": "sqlite:///:memory:",
}


def manage(*arguments, **environment):
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=BASE_DIR,
        env=kept | GOOD | environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "short"),
        ("FIELD_KEYS", "0123456789abcdefghijklmnopqrstuvwxyz short"),
        ("DEBUG", "perhaps"),
        ("SITE_URL", "news.example"),
        ("SITE_URL", "https://news.example/path"),
        ("SITE_URL", "https://zürich.example"),
        ("ALLOWED_HOSTS", "*"),
        ("ALLOWED_HOSTS", "news.example"),
        ("TIME_ZONE", "Middle/Earth"),
        ("LANGUAGE_CODE", "de"),
        ("WEB_THREADS", "1"),
        ("DATABASE_URL", "mysql://localhost/x"),
        ("DATABASE_REPLICA_URLS", "postgres://news@10.0.0.6/news"),  # of an SQLite database
        ("DATABASE_POOLER", "pgbouncer"),
        ("DATABASE_POOLER", "pgpool"),
        ("CDN_URL", "https://api.fastly.com"),
        ("CDN_SECONDS", "60"),  # of no CDN
        ("REDIS_URL", "http://localhost"),
        ("EMAIL_URL", "pigeon://post"),
        ("EMAIL_URL", "mailgun://key"),
        ("EMAIL_URL", "postmark://token?events=short"),
        ("TRUSTED_PROXY_COUNT", "-1"),
        ("TRUSTED_PROXY_COUNT", "many"),
        ("PORT", "http"),
        ("PORT", "80000"),
        ("PROCESS_MEMORY_LIMIT", "0"),
        ("DEFAULT_FROM_EMAIL", "the desk"),
        ("DEFAULT_FROM_EMAIL", '"Ferry Post <news@example.org>"'),  # as Docker takes it from a file with quotes
        ("DEFAULT_FROM_EMAIL", "News @ Post <news@example.org>"),  # would come from News@Post
        ("DEFAULT_FROM_EMAIL", "desk@zürich.example"),
        ("AKISMET_API_KEY", "0123456789ab"),  # of a part that is not built
        ("METRICS_NETWORKS", "10.0.0.1/8"),
        ("METRICS_NETWORKS", "0.0.0.0/0"),
        ("METRICS_NETWORKS", "everybody"),
        ("SENTRY_DSN", "https://sentry.example/7"),
        ("SENTRY_DSN", "http://key@sentry.example/7"),
        ("LOG_LEVEL", "LOUD"),
        ("STORAGE_URL", "file://var/media"),
        ("BACKUP_RECIPIENT", "AGE-SECRET-KEY-1QQQ"),
    ],
)
def test_a_wrong_value_is_refused_in_one_line_that_names_it(name, value):
    answer = manage("check", **{name: value})

    assert answer.returncode == 1
    assert answer.stderr.startswith(f"{name}: ")
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OIDC_NAME", "Harbour ID"),
        ("OIDC_SERVER_URL", "https://login.example"),
        ("GITHUB_SERVER_URL", "https://git.example"),
        ("APPLE_PRIVATE_KEY", "-----BEGIN PRIVATE KEY-----"),
        ("GOOGLE_CLIENT_SECRET", "secret"),
    ],
)
def test_half_of_a_login_provider_is_refused_in_one_line_that_names_both(name, value):
    answer = manage("check", **{name: value})

    assert answer.returncode == 1
    assert answer.stderr.startswith(f"{name.partition('_')[0]}_CLIENT_ID: ")
    assert f"leave {name} empty" in answer.stderr
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize("value", ['"Ferry Post, desk" <news@example.org>', "Zürcher Bote <news@example.org>"])
def test_a_sender_has_any_name(value):
    assert settings.sender_of_mails(value) == value


def test_a_site_on_an_ipv6_address_has_a_sender_that_mails_can_come_from():
    answer = manage(
        "shell",
        "-v",
        "0",
        "-c",
        "from django.conf import settings; print(settings.DEFAULT_FROM_EMAIL)",
        SITE_URL="http://[::1]:8000",
    )

    assert answer.stdout.strip() == "newsroom@[IPv6:::1]"


def test_debug_is_refused_where_strangers_could_see_it():
    answer = manage("check", DEBUG="on", SITE_URL="https://news.example")

    assert answer.returncode == 1
    assert answer.stderr.startswith("DEBUG: ")


def test_an_unknown_command_is_wrong_usage():
    answer = manage("publish_everything")

    assert answer.returncode == 2
    assert "publish_everything" in answer.stderr


def test_a_site_with_good_values_passes_the_checks_of_deployment():
    answer = manage(
        "check", "--deploy", "--fail-level", "WARNING",
        SITE_URL="https://news.example", TRUSTED_PROXY_COUNT="1", EMAIL_URL="smtp+tls://mail.example:587",
    )  # fmt: skip

    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize(
    "address", ["postmark://token", "mailgun://key@mg.news.example?region=eu", "ses://a:b@eu-west-1"]
)
def test_a_site_that_mails_over_a_providers_api_passes_them_too(address):
    answer = manage(
        "check", "--deploy", "--fail-level", "WARNING",
        SITE_URL="https://news.example", TRUSTED_PROXY_COUNT="1", EMAIL_URL=f"{address}",
    )  # fmt: skip

    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize(
    ("site", "hosts", "taken"),
    [
        ("https://news.example", "", True),
        ("https://News.Example.", "", True),
        ("https://news.example:8443", "www.news.example,NEWS.example", True),
        ("https://www.news.example", ".news.example", True),
        ("https://news.example", ".news.example", True),
        ("http://[::1]:8000", "", True),
        ("http://[2001:db8::1]", "", True),
        ("https://news.example", "www.news.example", False),
        ("https://badnews.example", "news.example,.news.example", False),
        ("https://example", ".example", True),
        ("http://127.0.0.1", "news.example", False),
        ("https://zürich.example", "zürich.example", False),
    ],
)
def test_the_site_s_own_host_is_one_that_it_answers_to(site, hosts, taken, monkeypatch):
    for name, value in (GOOD | {"SITE_URL": site, "ALLOWED_HOSTS": hosts}).items():
        monkeypatch.setenv(name, value)
    code = compile((BASE_DIR / "newsreader" / "settings.py").read_text(), "settings", "exec")
    names = {"__file__": settings.__file__, "__name__": "settings"}
    if taken:
        exec(code, names)
        assert validate_host(split_domain_port(urlsplit(site).netloc)[0], names["ALLOWED_HOSTS"])
    else:
        with pytest.raises(ImproperlyConfigured, match=r"\A(ALLOWED_HOSTS|SITE_URL): "):
            exec(code, names)


ASK = """
import json
from django.conf import settings
from django.test import Client

answer = Client(SERVER_NAME="news.example").get("/healthz", headers={"X-Forwarded-Proto": "https"})
cookies = [getattr(settings, f"{kind}_COOKIE_{what}") for kind in ("SESSION", "CSRF") for what in ("SECURE", "HTTPONLY")]
print(json.dumps(dict(answer.headers) | {"status": answer.status_code, "cookies": cookies}))
"""


def test_an_answer_over_tls_promises_more_of_it():
    answer = manage("shell", "-v", "0", "-c", ASK, SITE_URL="https://news.example", TRUSTED_PROXY_COUNT="1")
    found = json.loads(answer.stdout)

    assert found["status"] == 200
    assert found["Strict-Transport-Security"] == "max-age=31536000"
    assert found["cookies"] == [True] * 4
    # What the checks that are silenced ask for.
    assert found["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in found["Content-Security-Policy"]


def test_nothing_is_promised_over_plain_http():
    answer = manage("shell", "-v", "0", "-c", ASK.replace("news.example", "127.0.0.1").replace("https", "http"))
    found = json.loads(answer.stdout)

    assert (found["status"], found.get("Strict-Transport-Security")) == (200, None)
    assert found["cookies"] == [False, True, False, True]


def test_passwords_in_the_clear_are_warned_of():
    assert "newsreader.W001" in manage("check", "--deploy", SITE_URL="http://news.example").stderr


def test_serve_says_what_is_unwise_before_it_starts():
    with socket.create_server(("127.0.0.1", 0)) as taken:  # So that it ends there.
        port = str(taken.getsockname()[1])
        answer = manage("serve", "--processes", "3", "--port", port, SITE_URL="https://news.example")

    assert answer.returncode == 1
    assert {name for name in ("W001", "W003", "W004", "W005") if f"newsreader.{name}" in answer.stderr} == {
        "W003", "W004", "W005",
    }  # fmt: skip


def test_the_environment_wins_over_dotenv_and_dotenv_over_the_private_file(tmp_path):
    (tmp_path / "first").write_text("TIME_ZONE=Asia/Tokyo\nLANGUAGE_CODE=en-NZ\n")
    (tmp_path / "second").write_text(
        "TIME_ZONE=Europe/Oslo\nLANGUAGE_CODE=en-au\nDEFAULT_FROM_EMAIL=second@example.org\n"
    )
    script = "from django.conf import settings as s; print(s.TIME_ZONE, s.LANGUAGE_CODE, s.DEFAULT_FROM_EMAIL)"

    answer = manage(
        "shell", "--no-imports", "-c", script, ENV_FILES=f"{tmp_path}/first,{tmp_path}/second", TIME_ZONE="UTC"
    )

    assert answer.stdout.split() == ["UTC", "en-nz", "second@example.org"]


def test_the_private_file_is_its_owners_alone_and_kept(tmp_path, monkeypatch):
    from newsreader import local_env

    monkeypatch.setattr(local_env, "FILE", tmp_path / "var" / "local.env")
    (tmp_path / "var").mkdir()
    database = tmp_path / "var" / "newsreader.sqlite3"  # As an earlier version has left it.
    database.touch(mode=0o644)
    first = local_env.complete("8123")
    second = local_env.complete()

    assert first == second
    assert len(first["SECRET_KEY"]) >= 50
    assert first["PORT"] == "8123"
    assert local_env.FILE.stat().st_mode & 0o777 == database.stat().st_mode & 0o777 == 0o600
    assert local_env.complete("8000")["PORT"] == "8000"
    assert [local_env.complete(wrong)["PORT"] for wrong in ("http", "80000", "٣")] == ["8000"] * 3


def test_collected_files_are_hashed_and_compressed_from_the_first_time_on():
    script = "import sys; sys.argv = ['manage.py', 'collectstatic']; from newsreader.settings import STORAGES; print(STORAGES)"
    environment = {"PATH": os.environ["PATH"], "ENV_FILES": "", "SECRET_KEY": "k" * 60}
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=True
    )

    assert settings.COLLECTED in told.stdout


@pytest.mark.parametrize("code", ["en", "en-gb", "EN-IE", "en-nz", "pt-br", "de", "de-AT", "zh-hant-hk"])
def test_a_language_with_words_and_its_variants_are_taken(code, monkeypatch):
    monkeypatch.setattr(settings, "CATALOGUES", {"en": "English", "de": "German", "pt-br": "", "zh-hant-hk": ""})

    assert settings.language(code) == code.lower()


@pytest.mark.parametrize("code", ["fr", "ar", "pt", "tlh", "english", "en_GB", "en-", "-", "de;q=1", "en-\n"])
def test_a_language_without_words_is_not(code, monkeypatch):
    monkeypatch.setattr(settings, "CATALOGUES", {"en": "English", "de": "German", "pt-br": "", "zh-hant-hk": ""})

    with pytest.raises(ValueError):
        settings.language(code)


@pytest.mark.parametrize("urls", ["mysql://10.0.0.6/news", "postgres:///news", "postgres://10.0.0.6", "sqlite:///x"])
def test_a_replica_is_a_postgresql_server_with_a_name_and_a_database(urls):
    with pytest.raises((ValueError, ImproperlyConfigured)):
        settings.replicas(urls)


def test_several_replicas_are_separated_by_blanks_or_commas():
    found = settings.replicas("postgres://a@10.0.0.6/news, postgres://a@10.0.0.7/news")
    assert [config["HOST"] for config in found] == ["10.0.0.6", "10.0.0.7"]
