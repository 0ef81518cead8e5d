"""Faults of the database and of what else the site stands on. Each begins, lasts as long as the scene, and ends."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.databases import PostgreSQL
from tests.faults.scene import Scene


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
    try:
        yield
    finally:
        scene.stand.mail_line.listen()


@contextmanager
def mail_silent(scene: Scene) -> Iterator[None]:
    scene.stand.mail_line.be_silent()
    try:
        yield
    finally:
        scene.stand.mail_line.speak()


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
