"""Too much of anything: bodies, fields, files, depth, digits, addresses. Each is refused with a clear 4xx, at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.attack.hostile import FORM, Request, Scene, send
from tests.attack.lists import Attack
from tests.attack.tally import Tally

JSON = "application/json"
PARTS = "multipart/form-data; boundary=limit"


@dataclass(frozen=True)
class Excess:
    """A body, its kind, and the answers that are clear."""

    name: str
    kind: str
    body: Callable[[], bytes]
    clear: frozenset[int] = frozenset({400})


def _parts(count: int, more: str = "") -> bytes:
    each = f'--limit\r\nContent-Disposition: form-data; name="f"{more}\r\n\r\nx\r\n'
    return (each * count + "--limit--\r\n").encode()


EXCESS = [
    Excess("a body of 5 MB", FORM, lambda: b"text=" + b"x" * 5_000_000, frozenset({413})),
    Excess("a text of 3.9 MB", FORM, lambda: b"text=" + b"x" * 3_900_000, frozenset({413, 422})),
    Excess("1,001 fields", FORM, lambda: b"&".join(b"f%d=1" % number for number in range(1001))),
    Excess("one field 1,001 times", FORM, lambda: b"text=1&" * 1001),
    Excess("a field with a name of 1 MB", FORM, lambda: b"x" * 1_000_000 + b"=1", frozenset({413, 422})),
    Excess("1,001 parts", PARTS, lambda: _parts(1001)),
    Excess("101 files", PARTS, lambda: _parts(101, '; filename="x"')),
    Excess("a part without a limit", "multipart/form-data", lambda: b"x"),
    Excess("JSON of 5 MB", JSON, lambda: b'{"text":"' + b"x" * 5_000_000 + b'"}', frozenset({413})),
    Excess("lists in lists, never closed", JSON, lambda: b"[" * 30_000),
    Excess("lists in lists", JSON, lambda: b"[" * 30_000 + b"]" * 30_000),
    Excess("objects in objects", JSON, lambda: b'{"text":' * 5_000 + b"1" + b"}" * 5_000),
    Excess("a number of 5,000 digits", JSON, lambda: b'{"text":' + b"9" * 5_000 + b"}"),
    Excess("no number", JSON, lambda: b'{"text":NaN,"parent":1e999}'),
    Excess("half a character", JSON, lambda: b'{"text":"\\ud800","name":"\\udfff"}'),
]


def exceed(tally: Tally, excess: Excess) -> None:
    """Send it to a page and to every kind of program's address."""
    scene, attack = Scene(), Attack(excess.name, "too much")
    paths = [f"/articles/{scene.article.pk}/reply/", "/accounts/login/"]
    if excess.kind == JSON:
        paths = [f"/api/v1/articles/{scene.article.pk}/comments/", "/_allauth/app/v1/auth/login"]
    for path in paths:
        answer = send(
            scene,
            tally,
            "bounds",
            attack,
            Request(scene.guest, "POST", path, excess.body(), {"CONTENT_TYPE": excess.kind}),
        )
        if path != "/accounts/login/" and "_allauth" not in path and answer.status_code not in excess.clear:
            tally.fault("error", "bounds", attack.list, f"{answer.status_code} to {excess.name}")
        elif not 200 <= answer.status_code < 500:
            tally.fault("error", "bounds", attack.list, f"{answer.status_code} to {excess.name} at {path}")
