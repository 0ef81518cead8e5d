"""A request as WSGI says it (PEP 3333)."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import IO, Any

from django.conf import settings
from granian.rsgi import Scope

from newsreader.front.answers import File

# Unlike with most servers, nothing of the process's own environment is in it: that holds secrets.
_ALWAYS: dict[str, Any] = {
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "Granian",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
    "wsgi.input_terminated": True,
    "wsgi.file_wrapper": File,
}


@lru_cache(maxsize=512)
def _key(name: str) -> str:
    """Return the key of a header; empty where it must not be passed on.

    Keys tell `X-Forwarded-For` and `X_Forwarded_For` no longer apart, and the proxy removes or extends only the first.
    """
    if "_" in name:
        return ""
    key = name.upper().replace("-", "_")
    return key if name in {"content-type", "content-length"} else f"HTTP_{key}"


def own_host() -> str:
    return settings.ALLOWED_HOSTS[0].lstrip(".")


def environ(scope: Scope, body: IO[bytes]) -> dict[str, Any]:
    """Return what Django is called with. A header that came several times is joined, in the order it came in."""
    host, _, port = scope.server.rpartition(":")
    made: dict[str, Any] = _ALWAYS | {
        "REQUEST_METHOD": scope.method,
        # The server decodes both as UTF-8; WSGI wants their bytes, each as a character.
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string.encode().decode("latin-1"),
        "SERVER_PROTOCOL": "HTTP/1.0" if scope.http_version == "1" else f"HTTP/{scope.http_version}",
        "SERVER_NAME": host.strip("[]"),
        "SERVER_PORT": port,
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": body,
    }
    for name, value in scope.headers.items():
        key = _key(name)
        if key not in made:
            made[key] = value
        elif key != "CONTENT_LENGTH":
            made[key] += (";" if key == "HTTP_COOKIE" else ",") + value
    made.pop("", None)
    made.setdefault("HTTP_HOST", "")  # Else Django would take our own address for the site's.
    return made
