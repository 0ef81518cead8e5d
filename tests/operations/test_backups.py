"""Copies of a real database and real files: made under writers, killed, damaged, encrypted, restored, compared."""

from __future__ import annotations

import datetime as dt
import errno
import hashlib
import os
import shutil
import signal
import threading
import time
import traceback
from contextlib import contextmanager
from pathlib import Path

import pyrage
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client

from comments.audit import audit_log
from comments.models import AuditEntry, Comment
from newsreader.kit import http_cache
from newsreader.operations.backups import encryption, folder, manifest, media, postgresql, restoring, sqlite
from newsreader.operations.backups.databases import looking_at
from newsreader.operations.backups.errors import BackupError
from newsreader.operations.backups.making import back_up
from newsreader.operations.backups.restoring import drill, restore
from tests.databases import TEMPLATE, drop_database, on_the_server
from tests.factories import make_article, make_comment
from tests.kit.test_s3_storage import stored  # noqa: F401  A bucket on loopback.

pytestmark = pytest.mark.usefixtures("transactional_db")

NOON = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _uploads(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "media"
    if not settings.SQLITE and not shutil.which("pg_dump") and not list(postgresql.DEBIAN.glob("*/bin/pg_dump")):
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            "pg_dump is not installed. Debian: apt-get install postgresql-client"
        )


@pytest.fixture
def copies(tmp_path):
    return tmp_path / "copies"


@pytest.fixture
def article():
    """An article with a comment, an audit log, and two uploaded files."""
    article = make_article(headline="Ferry runs again")
    make_comment(article, text="The only sentence of its kind.")
    default_storage.save("pictures/boat.jpg", ContentFile(b"a boat" * 1000))
    default_storage.save("avatars/ada.webp", ContentFile(b"a face"))
    audit_log.seal()
    return article


@contextmanager
def another_site(tmp_path, settings, name="other"):
    """Look at a site beside this one, whose database is absent and which has no files; it is gone afterwards."""
    here, files = str(connection.settings_dict["NAME"]), settings.MEDIA_ROOT
    there = str(tmp_path / f"{name}.sqlite3") if settings.SQLITE else f"{here}_{name}"
    settings.MEDIA_ROOT = tmp_path / f"{name}-media"
    try:
        with looking_at(there):
            http_cache._kept.clear()
            yield there
    finally:
        settings.MEDIA_ROOT = files
        drop_database(there)


def pages(article):
    http_cache._kept.clear()
    return [Client().get(address).content for address in ("/", article.get_absolute_url(), "/comments/feed/")]


def files_of(copies):
    return [path for path in copies.rglob("*") if path.is_file() and path.name != folder.LOCK]


# --- Made and restored --------------------------------------------------------------------------------------------


def test_a_restored_site_serves_the_same_bytes(article, copies, tmp_path, settings):
    before = pages(article)
    made = back_up(copies, now=NOON)
    Comment.objects.update(body="Written after the copy was made.")

    assert drill(copies).copy == made.path
    with another_site(tmp_path, settings) as there:
        done = restore(copies)
        assert pages(article) == before
        assert default_storage.open("pictures/boat.jpg").read() == b"a boat" * 1000
        assert (done.media.added, done.migrated, done.faults) == (2, False, [])
        assert audit_log.verify()[1] == []
        if settings.SQLITE:
            assert Path(there).stat().st_mode & 0o777 == 0o600
        with pytest.raises(BackupError, match="not empty"):
            restore(copies)
    assert Comment.objects.get().body == "Written after the copy was made."


@pytest.mark.ci_sqlite
def test_a_copy_says_what_it_holds_and_only_its_account_can_read_it(article, copies, settings):
    made = back_up(copies, now=NOON)
    kept = manifest.read(made.path)

    assert made.path.name == "2026-11-28T12-00-00Z"
    assert kept.tables["comments_comment"] == 1
    assert audit_log.Head(kept.head_number, kept.head_hash) == audit_log.head()
    assert kept.head_number > 0
    assert any(name.startswith("comments.0001") for name in kept.migrations)
    assert kept.media["avatars/ada.webp"].sha256 == hashlib.sha256(b"a face").hexdigest()
    assert [path for path in (copies, *copies.rglob("*")) if path.stat().st_mode & 0o077] == []
    text = (made.path / manifest.NAME).read_text()
    assert settings.SECRET_KEY not in text


@pytest.mark.ci_sqlite
def test_only_files_that_are_new_are_copied(article, copies, monkeypatch):
    first = back_up(copies, now=NOON)
    default_storage.save("pictures/again.jpg", ContentFile(b"a boat" * 1000))
    default_storage.save("pictures/harbour.jpg", ContentFile(b"a harbour"))
    read = []
    opened = default_storage.open
    monkeypatch.setattr(media.default_storage, "open", lambda name: read.append(name) or opened(name))
    second = back_up(copies, now=NOON + dt.timedelta(days=1))

    assert (first.new_files, second.new_files) == (2, 1)  # The same content under two names is kept once.
    assert sorted(read) == ["pictures/again.jpg", "pictures/harbour.jpg"]
    assert len(second.manifest.media) == 4


@pytest.mark.ci_sqlite
def test_a_file_that_is_being_written_is_looked_at_again(article, copies, monkeypatch):
    entries, looks = default_storage.entries, []

    def listed():
        looks.append(1)
        for entry in entries():
            yield entry._replace(size=1, stamp="a moment ago") if len(looks) == 1 else entry

    monkeypatch.setattr(media.default_storage, "entries", listed)
    monkeypatch.setattr(media, "AGAIN", 0)
    made = back_up(copies, now=NOON)

    assert {name: file.size for name, file in made.manifest.media.items()} == {
        "avatars/ada.webp": 6,
        "pictures/boat.jpg": 6000,
    }
    drill(copies)


@pytest.mark.ci_sqlite
def test_a_copy_of_an_older_version_is_migrated(article, copies, tmp_path, settings):
    call_command("migrate", "usersessions", "zero", verbosity=0)
    back_up(copies, now=NOON)
    call_command("migrate", verbosity=0)

    drill(copies)
    with another_site(tmp_path, settings):
        assert restore(copies).migrated
        assert Comment.objects.count() == 1
        call_command("migrate", check_unapplied=True, verbosity=0)


@pytest.mark.ci_sqlite
def test_files_of_a_bucket_are_copied_and_put_back(article, copies, tmp_path, settings, stored):  # noqa: F811
    default_storage.save("pictures/boat.jpg", ContentFile(b"a boat"))

    made = back_up(copies, now=NOON)
    again = back_up(copies, now=NOON)
    stored.clear()
    with another_site(tmp_path, settings):
        restore(copies)

    assert (made.new_files, again.new_files, again.path.name) == (1, 0, "2026-11-28T12-00-00Z-2")
    assert stored["pictures/boat.jpg"][0] == b"a boat"


def test_it_is_restored_over_an_empty_site_and_over_no_other(article, copies, tmp_path, settings):
    back_up(copies, now=NOON)
    with another_site(tmp_path, settings) as there:
        if settings.SQLITE:  # Migrated, and nothing more.
            shutil.copyfile(TEMPLATE, there)
        else:
            on_the_server(f'CREATE DATABASE "{there}" TEMPLATE "{TEMPLATE}"')
        default_storage.save("pictures/boat.jpg", ContentFile(b"another boat"))
        done = restore(copies)

        assert Comment.objects.count() == 1
        assert (done.media.added, done.media.different) == (1, ["pictures/boat.jpg"])
        assert default_storage.open("pictures/boat.jpg").read() == b"another boat"
    with another_site(tmp_path, settings, "strange"):
        if not settings.SQLITE:
            postgresql.create()
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE of_something_else (id integer)")
        with pytest.raises(BackupError, match="not empty"):
            restore(copies)


# --- While others write -------------------------------------------------------------------------------------------


def test_writers_go_on_and_the_copy_is_of_one_moment(article, copies, monkeypatch):
    monkeypatch.setattr(sqlite, "PAGES", 8)
    monkeypatch.setattr(sqlite, "PAUSE", 0.004)
    waits, stopped = [], threading.Event()

    def write():
        while not stopped.is_set():
            begun = time.monotonic()
            with transaction.atomic():
                audit_log.note("pair")
                audit_log.note("pair")
            waits.append(time.monotonic() - begun)
            time.sleep(0.002)
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = back_up(copies, now=NOON)
    finally:
        stopped.set()
        writer.join()

    written = AuditEntry.objects.filter(kind="pair").count()
    in_copy = made.manifest.tables["comments_auditentry"] - AuditEntry.objects.exclude(kind="pair").count()
    assert in_copy % 2 == 0
    assert in_copy < written  # They did not wait for it.
    assert max(waits) < 2
    assert drill(copies).manifest.tables["comments_auditentry"] == made.manifest.tables["comments_auditentry"]


# --- Cut short ----------------------------------------------------------------------------------------------------


def killed(act, monkeypatch, place, name, at=1):
    """Run something in a process of its own that is killed at the `at`th call of a function."""
    connection.close()
    name_of_database = connection.settings_dict["NAME"]
    if child := os.fork():
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
        return
    # A browser's event loop runs in the parent alone, and Django keeps a connection for each: this is another one.
    connection.close()
    connection.settings_dict["NAME"] = name_of_database
    calls = []
    function = getattr(place, name)

    def dies(*args, **kwargs):
        calls.append(1)
        if len(calls) == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **kwargs)

    try:
        monkeypatch.setattr(place, name, dies)
        act()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


@pytest.mark.parametrize(
    ("place", "name", "at"),
    [
        pytest.param(folder, "to_disk", 1, id="after the database", marks=pytest.mark.ci_sqlite),
        pytest.param(media, "write", 2, id="among the files"),
        pytest.param(manifest.Manifest, "write", 1, id="before the manifest", marks=pytest.mark.ci_sqlite),
        pytest.param(Path, "rename", 1, id="before its name", marks=pytest.mark.ci_sqlite),
    ],
)
def test_a_backup_that_is_killed_leaves_nothing_that_looks_like_one(article, copies, monkeypatch, place, name, at):
    killed(lambda: back_up(copies, now=NOON), monkeypatch, place, name, at)

    assert list(copies.glob(f"{folder.PARTIAL}*"))
    with pytest.raises(BackupError, match="holds no whole copy"):
        drill(copies)

    back_up(copies, now=NOON)
    drill(copies)
    assert list(copies.rglob(f"{folder.PARTIAL}*")) == []


def test_a_restore_that_is_killed_can_be_run_again(article, copies, tmp_path, settings, monkeypatch):
    before = pages(article)
    back_up(copies, now=NOON)
    with another_site(tmp_path, settings):
        for place, name, at in [(media, "read_into", 4), (restoring, "_restore_database", 1)]:
            killed(lambda: restore(copies), monkeypatch, place, name, at)
        restore(copies)
        assert pages(article) == before
        assert sorted(entry.name for entry in default_storage.entries()) == ["avatars/ada.webp", "pictures/boat.jpg"]


@pytest.mark.ci_sqlite
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_full_disk_is_said_in_one_line_and_leaves_nothing(article, copies, monkeypatch, number):
    write = encryption._Passed.write

    def full(self, piece):
        if piece == b"a face":
            self.fault = OSError(number, os.strerror(number))
            raise self.fault
        return write(self, piece)

    monkeypatch.setattr(encryption._Passed, "write", full)
    with pytest.raises(
        BackupError, match=r"\A(No space is left on the disk|Input/output error)\. No backup was made\.\Z"
    ):
        back_up(copies, now=NOON)

    assert folder.copies(copies) == []
    assert list(copies.rglob(f"{folder.PARTIAL}*")) == []


@pytest.mark.ci_sqlite
def test_two_do_not_run_at_once(article, copies):
    back_up(copies, now=NOON)
    with folder.held(copies, alone=True):
        for act in (lambda: back_up(copies, now=NOON), lambda: drill(copies)):
            with pytest.raises(BackupError, match="in use"):
                act()


# --- Damaged ------------------------------------------------------------------------------------------------------


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def rewrite(path, before, after):
    """Change a manifest as its maker could have: the sums fit."""
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    sums = path.parent / manifest.SUMS
    old = hashlib.sha256(text.encode()).hexdigest()
    sums.write_text(sums.read_text().replace(old, hashlib.sha256(path.read_bytes()).hexdigest()))


@pytest.mark.ci_sqlite
def test_what_is_wrong_with_a_copy_is_said_in_one_line(article, copies, tmp_path):
    made = back_up(copies, now=NOON)
    name, database = made.path.name, made.manifest.database
    boat = made.manifest.media["pictures/boat.jpg"].sha256
    wrongs = {
        f"The copy is damaged: {name}/{database} is not what SHA256SUMS says.": lambda copy: flip(copy / database),
        f"The copy is damaged: {name}/{database} is missing.": lambda copy: (copy / database).unlink(),
        f"{name} is damaged: manifest.json is not what SHA256SUMS says.": lambda copy: flip(copy / "manifest.json"),
        f"{name}: its manifest.json cannot be read (No such file or directory).": lambda copy: (
            copy / "manifest.json"
        ).unlink(),
        f"The copy is damaged: media/{boat[:2]}/{boat} (pictures/boat.jpg) is damaged.": lambda copy: flip(
            copy.parent / "media" / boat[:2] / boat
        ),
        f"The copy is damaged: media/{boat[:2]}/{boat} (pictures/boat.jpg) is missing.": lambda copy: (
            copy.parent / "media" / boat[:2] / boat
        ).unlink(),
        "What was restored differs: comments_comment has 1 rows, and the manifest says 12.": lambda copy: rewrite(
            copy / "manifest.json", '"comments_comment": 1', '"comments_comment": 12'
        ),
        "The copy was made by a newer version: this one does not know the migration zoo.0001_animals.": lambda copy: (
            rewrite(copy / "manifest.json", '"migrations": [', '"migrations": ["zoo.0001_animals",')
        ),
        f"{name} was made by another version, in a format that this one does not know.": lambda copy: rewrite(
            copy / "manifest.json", '"format": 1', '"format": 2'
        ),
    }
    for number, (line, damage) in enumerate(wrongs.items()):
        damaged = shutil.copytree(copies, tmp_path / f"damaged{number}")
        damage(damaged / name)
        with pytest.raises(CommandError) as told:
            call_command("backup", damaged, "--verify")
        assert (str(told.value), told.value.returncode) == (line, 1)


@pytest.mark.ci_sqlite
def test_a_log_that_somebody_has_changed_does_not_pass_the_drill(article, copies):
    AuditEntry.objects.filter(number=1).update(kind="changed by hand")
    back_up(copies, now=NOON)

    with pytest.raises(BackupError, match="The audit log of the copy does not verify: entry 1: changed"):
        drill(copies)


# --- Encrypted ----------------------------------------------------------------------------------------------------


def test_only_the_owner_of_the_key_can_read_an_encrypted_copy(article, copies, tmp_path, settings):
    owner = pyrage.x25519.Identity.generate()
    key, other = tmp_path / "key", tmp_path / "other"
    key.write_text(f"# made for a test\n{owner}\n")
    other.write_text(f"{pyrage.x25519.Identity.generate()}\n")
    before = pages(article)
    plain = back_up(copies, now=NOON)
    settings.BACKUP_RECIPIENT = [str(owner.to_public())]

    made = back_up(copies / "private", now=NOON)
    again = back_up(copies / "private", now=NOON)

    assert (plain.new_files, made.new_files, again.new_files) == (2, 2, 0)
    for path in files_of(copies / "private"):
        assert b"only sentence" not in path.read_bytes()
        assert b"a boata boat" not in path.read_bytes()
    if settings.SQLITE:
        assert list(Path(connection.settings_dict["NAME"]).parent.glob(".*.copy-*")) == []
    with pytest.raises(BackupError, match="encrypted: name the file of the private key with --identity"):
        drill(copies / "private")
    with pytest.raises(BackupError, match="for another key"):
        drill(copies / "private", identity=other)
    with pytest.raises(BackupError, match="holds no private key"):
        drill(copies / "private", identity=tmp_path / "copies" / folder.LOCK)
    drill(copies / "private", identity=key)
    with another_site(tmp_path, settings):
        restore(copies / "private", identity=key)
        assert pages(article) == before
    sha256 = made.manifest.media["pictures/boat.jpg"].sha256
    flip(media.place(copies / "private" / made.manifest.media_folder, sha256, encrypted=True))
    with pytest.raises(BackupError, match=r"\(pictures/boat.jpg\) is damaged"):
        drill(copies / "private", identity=key)


@pytest.mark.ci_sqlite
def test_a_key_with_a_slip_stops_the_backup(article, copies, settings):
    settings.BACKUP_RECIPIENT = ["age1" + "q" * 58]

    with pytest.raises(BackupError, match="BACKUP_RECIPIENT"):
        back_up(copies, now=NOON)


@pytest.mark.skipif("not __import__('django.conf').conf.settings.SQLITE", reason="PostgreSQL's dump is a stream")
def test_the_plain_copy_is_made_only_where_there_is_room(article, copies, settings, monkeypatch):
    settings.BACKUP_RECIPIENT = [str(pyrage.x25519.Identity.generate().to_public())]
    monkeypatch.setattr(sqlite, "SPARE", 1 << 60)

    with pytest.raises(BackupError, match="no room"):
        back_up(copies, now=NOON)


# --- Pruned -------------------------------------------------------------------------------------------------------


@pytest.mark.ci_sqlite
def test_copies_are_pruned_by_age_with_the_files_that_nobody_needs(article, copies):
    names = []
    for days in range(4):
        if days == 2:
            default_storage.delete("pictures/boat.jpg")
        keep = 1 if days == 3 else None
        names.append(back_up(copies, now=NOON + dt.timedelta(days=days), keep_days=keep).path.name)
    left = [copy.name for copy in folder.copies(copies)]

    assert left == names[2:]
    assert [path.name for path in (copies / "media").rglob("*") if path.is_file()] == [
        hashlib.sha256(b"a face").hexdigest()
    ]
    drill(copies)


@pytest.mark.ci_sqlite
def test_no_file_is_pruned_while_a_manifest_cannot_be_read(article, copies):
    first = back_up(copies, now=NOON)
    flip(first.path / manifest.NAME)
    default_storage.delete("pictures/boat.jpg")

    made = back_up(copies, now=NOON + dt.timedelta(days=1), keep_days=30)

    assert "is damaged" in made.kept_because
    assert len([path for path in (copies / "media").rglob("*") if path.is_file()]) == 2


# --- The commands -------------------------------------------------------------------------------------------------


@pytest.mark.ci_sqlite
def test_the_commands_say_what_they_did(article, copies, tmp_path, settings, capsys):
    call_command("backup", copies)
    made = folder.chosen(copies)
    call_command("backup", copies, "--verify")
    with another_site(tmp_path, settings):
        call_command("restore", copies, "--copy", made.name)
    said = capsys.readouterr().out.splitlines()

    head = audit_log.head()
    assert said[0].startswith(f"{made}: database of ")
    assert said[0].endswith(
        f"2 uploaded files, 2 of them new (5.9 KB). The audit log's head is {head.number}:{head.hash}"
    )
    assert f"{made}: whole." in said[1]
    assert f"{made}: restored." in said[2]


@pytest.mark.ci_sqlite
@pytest.mark.parametrize(
    ("command", "code", "line"),
    [
        (["backup", "--verify", "--keep-days", "3"], 2, "--keep-days"),
        (["backup", "--copy", "x"], 2, "--verify"),
        (["backup", "--verify"], 1, "No such file or directory"),
        (["restore", "--copy", "2026-11-28T12-00-00Z"], 1, "No such file or directory"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(command, code, line, copies):
    with pytest.raises(CommandError, match=line) as told:
        call_command(command[0], copies, *command[1:])

    assert told.value.returncode == code
    assert "\n" not in str(told.value)


# --- PostgreSQL ---------------------------------------------------------------------------------------------------


@pytest.mark.ci_postgresql
def test_no_password_stands_on_a_command_line(article, copies, settings, monkeypatch):
    if settings.SQLITE:
        pytest.skip("SQLite has no password")
    monkeypatch.setitem(connection.settings_dict, "PASSWORD", "hush-hush")
    commands, running = [], postgresql._running

    def spied(command, told, given, **pipes):
        commands.append((command, given))
        return running(command, told, given, **pipes)

    monkeypatch.setattr(postgresql, "_running", spied)
    back_up(copies, now=NOON)
    drill(copies)

    assert [Path(command[0]).name for command, _ in commands] == ["pg_dump", "pg_restore"]
    assert all("hush" not in " ".join(command) for command, _ in commands)
    assert all(given["PGPASSWORD"] == "hush-hush" for _, given in commands)
    assert all("SECRET_KEY" not in given for _, given in commands)


@pytest.mark.ci_sqlite
def test_a_dump_by_tools_that_are_too_old_is_refused(tmp_path, monkeypatch):
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
    old.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(postgresql, "DEBIAN", tmp_path)

    with pytest.raises(BackupError, match=r"pg_dump of PostgreSQL 15 or newer is needed, and only that of 9 is here"):
        postgresql.tool("pg_dump", 15)
    assert postgresql.tool("pg_dump", 9) == (str(old), 9)


@pytest.mark.ci_postgresql
def test_a_command_of_the_server_that_fails_says_its_own_line(article, copies, settings, monkeypatch):
    if settings.SQLITE:
        pytest.skip("SQLite needs no command")
    monkeypatch.setattr(postgresql, "environment", lambda database="": {"PGHOST": "127.0.0.1", "PGPORT": "1"})

    with pytest.raises(BackupError, match=r"\Apg_dump failed: .*refused.*\Z"):
        back_up(copies, now=NOON)
    assert folder.copies(copies) == []
