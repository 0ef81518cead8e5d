"""What Django is told of a request."""

import io
from types import SimpleNamespace

import pytest

from newsreader.front.environ import environ


def told(*headers, **parts):
    scope = {
        "method": "GET",
        "path": "/",
        "query_string": "",
        "http_version": "1.1",
        "server": "127.0.0.1:8000",
        "client": "192.0.2.1:40000",
        "scheme": "http",
        "headers": dict,
    } | parts
    return environ(SimpleNamespace(**scope | {"headers": SimpleNamespace(items=lambda: headers)}), io.BytesIO())


@pytest.mark.parametrize("name", ["x_forwarded_for", "x-forwarded_for", "_", "content_length", "host_"])
def test_a_header_with_an_underscore_cannot_pose_as_another(name):
    made = told((name, "9.9.9.2"), ("x-forwarded-for", "192.0.2.7"))

    assert "9.9.9.2" not in made.values()
    assert made["HTTP_X_FORWARDED_FOR"] == "192.0.2.7"


def test_a_header_that_came_several_times_keeps_its_order():
    made = told(
        ("x-forwarded-for", "9.9.9.2"), ("cookie", "a=1"), ("x-forwarded-for", "192.0.2.7"), ("cookie", "b=2"),
        ("content-length", "5"), ("content-length", "5"),
    )  # fmt: skip

    assert made["HTTP_X_FORWARDED_FOR"] == "9.9.9.2,192.0.2.7"
    assert made["HTTP_COOKIE"] == "a=1;b=2"
    assert made["CONTENT_LENGTH"] == "5"


def test_addresses_are_without_their_ports_and_paths_are_bytes():
    made = told(server="[::1]:8000", client="[2001:db8::1]:40000", path="/straße/", http_version="1")

    assert (made["SERVER_NAME"], made["SERVER_PORT"]) == ("::1", "8000")
    assert made["REMOTE_ADDR"] == "2001:db8::1"
    assert made["PATH_INFO"] == "/straÃ\x9fe/"
    assert made["SERVER_PROTOCOL"] == "HTTP/1.0"
    assert made["HTTP_HOST"] == ""  # Not our own address.


def test_nothing_of_the_processs_environment_is_told(monkeypatch):
    monkeypatch.setenv("HTTP_X_FORWARDED_FOR", "9.9.9.2")
    monkeypatch.setenv("SECRET", "s")

    assert "9.9.9.2" not in told().values()
    assert "SECRET" not in told()
