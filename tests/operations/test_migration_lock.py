"""Two hosts migrate at once: one does it, the other waits. Readers do not wait behind either."""

import fcntl
import os
import subprocess
import sys
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from newsreader.management.commands import migrate
from newsreader.operations import migration_lock as locking
from newsreader.operations.migration_lock import NAME, migration_lock
from newsreader.settings import BASE_DIR
from tests.databases import OWN, on_the_server

pytestmark = pytest.mark.usefixtures("transactional_db")


@contextmanager
def another_host():
    """Hold the lock as another process does. Gives what lets go of it."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        descriptor = os.open(f"{name}.{NAME}-lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # Whoever left it locked is told of, not waited for.
            yield lambda: fcntl.flock(descriptor, fcntl.LOCK_UN)
        finally:
            os.close(descriptor)
    else:
        other = connection.copy()
        other.set_autocommit(False)
        try:
            with other.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"newsreader.{NAME}"])
            yield other.rollback
        finally:
            other.close()


def test_who_comes_second_says_so_waits_and_goes_on(monkeypatch):
    monkeypatch.setattr(locking, "AGAIN", 0.01)
    said = []
    with another_host() as let_go:

        def hear(words):
            said.append(words)
            let_go()

        with migration_lock(connection, hear), migration_lock(connection, hear):  # `serve --prepare` migrates.
            pass

    assert said == ["Another process is migrating this database. Waiting until it is done …"]


def test_nobody_waits_for_ever(monkeypatch):
    monkeypatch.setattr(migrate, "migration_lock", lambda connection, say: migration_lock(connection, say, 0.0))
    with another_host():
        with pytest.raises(CommandError, match="Another process has been migrating this database"):
            call_command("migrate", verbosity=0)
        call_command("migrate", check_unapplied=True, verbosity=0)  # Changes nothing, so it does not ask.
    call_command("migrate", verbosity=0)


def site(name):
    """Return the environment of a site with this database, beside the suite's own."""
    given = urlsplit(os.environ.get("DATABASE_URL", ""))
    address = f"sqlite:///{name}" if connection.vendor == "sqlite" else given._replace(path=f"/{name}").geturl()
    return os.environ | {"DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "newsreader.settings"}


HOLDER = """
import django; django.setup()
import time
from django.db import connection
from newsreader.operations.migration_lock import migration_lock
with migration_lock(connection, print, limit=10.0):
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_lock_ends_with_its_process():
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        cwd=BASE_DIR,
        env=site(str(connection.settings_dict["NAME"])),
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(CommandError), migration_lock(connection, print, limit=0.0):
            pass
        holder.kill()
    with migration_lock(connection, print, limit=10.0):
        pass


@pytest.mark.ci_postgresql
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no locks of tables")
def test_a_table_in_use_is_let_go_and_tried_again(monkeypatch, capfd):
    call_command("migrate", "usersessions", "zero", verbosity=0)
    reader, others = connection.copy(), connection.copy()
    reader.set_autocommit(False)
    with reader.cursor() as cursor:
        cursor.execute("LOCK TABLE accounts_user IN ROW EXCLUSIVE MODE")  # Somebody is being changed.

    def pause(self):
        with others.cursor() as cursor:  # While it pauses, whoever comes is served.
            cursor.execute("SET lock_timeout = '100ms'")
            cursor.execute("SELECT count(*) FROM accounts_user")
        reader.rollback()
        return 0.0

    monkeypatch.setattr(migrate.Backoff, "failed", pause)
    try:
        call_command("migrate", verbosity=0)
    finally:
        reader.close()
        others.close()

    call_command("migrate", check_unapplied=True, verbosity=0)
    assert "A table is in use. Others go first" in capfd.readouterr().err
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() != (f"{migrate.LOCK_SECONDS}s",)


@pytest.mark.ci_postgresql
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no locks of tables")
def test_a_fault_of_another_kind_is_not_tried_again(monkeypatch):
    monkeypatch.setattr(
        migrate.migrate.Command, "handle", lambda *a, **o: (_ for _ in ()).throw(OperationalError("away"))
    )
    monkeypatch.setattr(migrate.Backoff, "failed", lambda self: pytest.fail("It was tried again."))

    with pytest.raises(OperationalError, match="away"):
        call_command("migrate", verbosity=0)


@pytest.mark.long
def test_two_hosts_that_migrate_an_empty_database_at_once_do_it_once(tmp_path):
    name = str(tmp_path / "site.sqlite3") if connection.vendor == "sqlite" else f"{OWN}_hosts"
    if connection.vendor == "postgresql":
        on_the_server(f'CREATE DATABASE "{name}"')
    hosts = [
        subprocess.Popen(
            [sys.executable, "manage.py", "migrate"],
            cwd=BASE_DIR,
            env=site(name),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    said = sorted((host.communicate()[0] for host in hosts), key=len)
    if connection.vendor == "postgresql":
        on_the_server(f'DROP DATABASE "{name}"')

    assert [host.returncode for host in hosts] == [0, 0]
    assert "Applying comments.0001_initial... OK" in said[1]
    assert "Waiting until it is done" in said[0]
    assert "No migrations to apply." in said[0]
