"""The files of `deploy/` agree with the code: limits, commands, settings, folders. Their own tools read them, if there."""

from __future__ import annotations

import inspect
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from django.core.management import get_commands, load_command_class

from newsreader import checks, request_limits, views
from newsreader import settings as site_settings
from newsreader.provider_settings import KNOWN
from newsreader.settings import BASE_DIR
from tests import nginx

DEPLOY = BASE_DIR / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
EXAMPLES = sorted(DEPLOY.glob("*.env"))
NGINX, CADDY = nginx.SHIPPED.read_text(), (DEPLOY / "Caddyfile").read_text()
CONTAINER = (DEPLOY / "Containerfile").read_text()
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
OURS = {name: service for name, service in COMPOSE.items() if service["image"].startswith("newsreader:")}
VERIFIER = shutil.which("systemd-analyze")

# --- Limits -------------------------------------------------------------------------------------------------------

SIZES = {"k": 1024, "m": 1024**2, "KiB": 1024, "MiB": 1024**2}


def size(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)(\w+)", text).groups()
    return int(number) * SIZES[unit]


def limit(places: dict[str, int], path: str) -> int:
    """Return what holds for a path, as nginx chooses: this very path, else the longest that it begins with."""
    return places.get(f"= {path}") or places[max(filter(path.startswith, places), key=len)]


@pytest.mark.parametrize(
    "path",
    ["/", "/articles/7/reply/", "/api/v1/comments/", "/admin/articles/article/add/", "/accounts/", "/accounts/login/",
     "/_allauth/browser/v1/auth/login", "/comments/7/flag/"],
)  # fmt: skip
def test_nginx_takes_bodies_as_large_as_the_site_does(path):
    own = re.findall(r"location (\S[^{\n]*) \{\n +client_max_body_size (\w+);", NGINX)
    [everywhere] = re.findall(r"^    client_max_body_size (\w+);", NGINX, re.MULTILINE)
    places = {place: size(most) for place, most in [*own, ("/", everywhere)]}
    assert limit(places, path) == request_limits.largest_body(path, staff=True)


def test_caddy_leaves_bodies_to_the_site():
    assert re.findall(r"^\s*(request_body|buffer_requests)\b", CADDY, re.MULTILINE) == []


def test_heads_and_times_are_the_sites():
    count, each = re.search(r"large_client_header_buffers (\d+) (\w+);", NGINX).groups()
    assert int(count) * size(each) == size(re.search(r"max_header_size (\w+)", CADDY)[1]) == request_limits.HEAD
    assert size(each) > request_limits.ADDRESS

    said = dict(re.findall(r"(client_(?:header|body)_timeout) (\d+)s;", NGINX))
    assert said == {
        "client_header_timeout": str(request_limits.HEAD_SECONDS),
        "client_body_timeout": str(request_limits.BODY_SECONDS),
    }
    assert f"read_header {request_limits.HEAD_SECONDS}s" in CADDY
    # The site waits so long for the next head on a connection.
    for kept in (re.search(r"keepalive_timeout (\d+)s;", NGINX), re.search(r"keepalive (\d+)s", CADDY)):
        assert 5 <= int(kept[1]) < request_limits.HEAD_SECONDS


def test_the_site_hears_of_one_proxy_and_no_header_poses_as_another():
    assert set(re.findall(r"X-Forwarded-For (\S+);", NGINX)) == {"$remote_addr"}
    assert NGINX.count("X-Forwarded-For $remote_addr") == NGINX.count("X-Forwarded-Proto $scheme") == 2
    assert "underscores_in_headers off;" in NGINX
    assert "header_up -*_*" in CADDY
    assert "trusted_proxies" not in CADDY
    assert re.findall(r"proxy_(?:ignore_headers|hide_header|cache_valid|cache_use_stale|cache_lock)\b.*;", NGINX) == []


def test_files_that_a_proxy_serves_are_kept_as_long_as_the_sites_own():
    ours = set(re.findall(r"max-age=\d+(?:, immutable)?", inspect.getsource(views.media)))
    for text in (NGINX, CADDY):
        assert ours <= set(re.findall(r'"public, (max-age=\d+(?:, immutable)?)"', text))


# --- Commands and settings ----------------------------------------------------------------------------------------


def commands() -> list[list[str]]:
    found = [
        line for unit in UNITS for line in re.findall(r"^ExecStart=.*[ /]manage\.py (.+)$", unit.read_text(), re.M)
    ]
    return [
        *(shlex.split(line) for line in found),
        json.loads(re.search(r"^CMD (.+)$", CONTAINER, re.MULTILINE)[1]),
        *(service["command"] for service in OURS.values() if "command" in service),
    ]


def test_every_command_is_one_of_ours_and_takes_its_options():
    assert {name for name, *_ in commands()} == {"serve", "work", "backup", "migrate", "createcachetable"}
    for name, *options in commands():
        app = get_commands()[name]
        command = load_command_class(app, name) if isinstance(app, str) else app
        command.create_parser("manage.py", name).parse_args(options)  # Exits where something is wrong.


def test_a_reload_follows_the_link_to_the_release():
    unit = (DEPLOY / "systemd" / "newsreader.service").read_text()
    assert re.search(r"^ExecReload=/bin/kill -HUP \$MAINPID$", unit, re.MULTILINE)
    starts = re.findall(r"ExecStart=(/\S+) (\S+) serve ", unit + (BASE_DIR / "docs" / "operating.md").read_text())
    current = "/srv/newsreader/current"
    assert starts == [(f"{current}/.venv/bin/python", f"{current}/manage.py")] * 2  # `manage.py` alone is the old one.


def test_every_name_in_an_example_is_a_setting():
    source = (BASE_DIR / "newsreader" / "settings.py").read_text()
    known = set(re.findall(r'(?:read\(\s*|environ\.get\()"([A-Z_]+)"', source))
    known |= {f"{provider.prefix}_CLIENT_{part}" for provider in KNOWN for part in ("ID", "SECRET")}
    assert EXAMPLES
    for example in EXAMPLES:
        assert {name for name, _ in values(example.read_text())} <= known
    assert {name for service in OURS.values() for name in service["environment"]} <= known


def values(text: str) -> list[tuple[str, str]]:
    return re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_with_a_key_is_a_site_of_which_nothing_is_warned(example, settings, monkeypatch, tmp_path):
    assert dict(values(example.read_text()))["SECRET_KEY"] == ""
    for name in ("ALLOWED_HOSTS", "DEBUG", "STORAGE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in values(example.read_text().replace("/var/lib/newsreader", str(tmp_path))):
        monkeypatch.setenv(name, value or "k" * 50)
    made: dict[str, object] = {"__file__": site_settings.__file__, "__name__": "settings"}
    exec(compile(Path(site_settings.__file__).read_text(), "settings", "exec"), made)
    for name in ("SECURE", "SITE_HOST", "TRUSTED_PROXY_COUNT", "EMAIL_BACKEND", "SQLITE"):
        setattr(settings, name, made[name])

    assert [*checks.addresses_fit_together(), *checks.mails_are_sent(), *checks.processes_fit(1)] == []


# --- Places -------------------------------------------------------------------------------------------------------


def test_an_image_holds_what_the_site_needs():
    copied = [source for line in re.findall(r"^COPY (.+) \S+$", CONTAINER, re.MULTILINE) for source in line.split()]
    assert {"manage.py", "pyproject.toml", "newsreader", "articles", "comments", "requirements/run.txt"} == set(copied)
    assert all((BASE_DIR / source).exists() for source in copied)


def test_whoever_serves_uploaded_files_looks_where_the_site_puts_them():
    stored = dict(values((DEPLOY / "one-host.env").read_text()))["STORAGE_URL"].removeprefix("file://")
    assert stored == "/var/lib/newsreader/media"
    for text in (NGINX, CADDY):
        assert {"/var/lib/newsreader", "/srv/newsreader/current/var"} <= set(
            re.findall(r"root (?:\* )?([^\s;]+)", text)
        )
    states = [unit for unit in UNITS if "StateDirectory=newsreader\n" in unit.read_text()]
    assert {unit.name for unit in states} == {unit.name for unit in UNITS if unit.suffix == ".service"}


# --- Their own tools ----------------------------------------------------------------------------------------------


@pytest.mark.skipif(not VERIFIER, reason="systemd-analyze is not installed.")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path):
    for unit in UNITS:
        text = unit.read_text().replace("/srv/newsreader/current/.venv/bin/python", sys.executable)
        (tmp_path / unit.name).write_text(text.replace("/srv/newsreader/current", str(BASE_DIR)))
    found = subprocess.run(
        [VERIFIER, "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))],
        env=os.environ | {"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
        capture_output=True,
        text=True,
        check=False,
    )

    said = [line for line in found.stderr.splitlines() if "newsreader" in line]
    assert (found.returncode, said) == (0, [])


@pytest.mark.skipif(not nginx.PROGRAM and not os.environ.get("CI"), reason=nginx.MISSING)
def test_nginx_takes_its_configuration(tmp_path):
    arguments = nginx.write(tmp_path, nginx.free_ports(), tls=True)
    found = subprocess.run([*arguments, "-t"], capture_output=True, text=True, check=False)

    assert found.returncode == 0, found.stderr
    assert "[warn]" not in found.stderr
