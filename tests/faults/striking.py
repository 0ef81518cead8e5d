"""Faults of the database and of what else the site stands on. Each begins, lasts as long as the scene, and ends."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

from tests.faults.databases import PostgreSQL
from tests.faults.load import ask
from tests.faults.scene import Scene

_numbers = itertools.count(1)


def _server(scene: Scene) -> PostgreSQL:
    assert isinstance(scene.stand.database, PostgreSQL)
    return scene.stand.database


@contextmanager
def database_stopped(scene: Scene) -> Iterator[None]:
    server = _server(scene)
    server.stop()
    try:
        yield
    finally:
        server.start()


@contextmanager
def database_locked(scene: Scene) -> Iterator[None]:
    assert scene.stand.database is not None
    with scene.stand.database.locked():
        yield


@contextmanager
def database_read_only(scene: Scene) -> Iterator[None]:
    with _server(scene).read_only():
        yield


@contextmanager
def disk_full(scene: Scene) -> Iterator[None]:
    assert scene.stand.database is not None
    with scene.stand.database.full():
        yield


@contextmanager
def redis_killed(scene: Scene) -> Iterator[None]:
    assert scene.stand.redis is not None
    scene.stand.redis.signal(signal.SIGKILL)
    try:
        yield
    finally:
        scene.stand.redis.start()


@contextmanager
def redis_hung(scene: Scene) -> Iterator[None]:
    assert scene.stand.redis is not None
    scene.stand.redis.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        scene.stand.redis.signal(signal.SIGCONT)


@contextmanager
def mail_refused(scene: Scene) -> Iterator[None]:
    scene.stand.mail_line.refuse()
    ask_for_code(scene)
    try:
        yield
    finally:
        scene.stand.mail_line.listen()


@contextmanager
def mail_silent(scene: Scene) -> Iterator[None]:
    scene.stand.mail_line.be_silent()
    ask_for_code(scene)
    try:
        yield
    finally:
        scene.stand.mail_line.speak()


def ask_for_code(scene: Scene) -> None:
    """Have a code for signing in mailed to somebody; it has to arrive."""
    address, token = f"bo{next(_numbers)}@example.org", "c" * 32
    status, _headers, _body = ask(
        scene.site.port, "POST", "/accounts/login/code/", urlencode({"email": address, "csrfmiddlewaretoken": token}),
        Content_Type="application/x-www-form-urlencoded", Cookie=f"csrftoken={token}",
    )  # fmt: skip
    if status != 302:
        scene.books.find(f"who asked for a code was answered {status}")
    scene.books.written_to.append(address)


@contextmanager
def bucket_refused(scene: Scene) -> Iterator[None]:
    scene.stand.bucket_line.refuse()
    try:
        yield
    finally:
        scene.stand.bucket_line.listen()


@contextmanager
def bucket_silent(scene: Scene) -> Iterator[None]:
    scene.stand.bucket_line.be_silent()
    try:
        yield
    finally:
        scene.stand.bucket_line.speak()
