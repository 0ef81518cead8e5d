"""What others may read, or where nothing can be stored, is refused at the start in one line that says how to mend it."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from newsreader.operations.private_files import private_umask, refuse_open_database, refuse_unwritable_media


def database(path, vendor="sqlite"):
    return SimpleNamespace(vendor=vendor, settings_dict={"NAME": path})


@pytest.mark.parametrize("rights", [0o644, 0o640, 0o604, 0o660, 0o601])
@pytest.mark.parametrize("end", ["", "-wal"])
def test_a_database_that_others_may_read_is_refused(tmp_path, end, rights):
    path = tmp_path / "site.sqlite3"
    for name in ("", "-wal"):
        (tmp_path / f"site.sqlite3{name}").touch(mode=0o600)
    (tmp_path / f"site.sqlite3{end}").chmod(rights)

    with pytest.raises(
        CommandError, match=rf"\AOthers may read the database.* chmod 600 \S+site.sqlite3{end}\Z"
    ) as told:
        refuse_open_database(database(path))

    assert told.value.returncode == 1


def test_a_database_of_its_own_account_is_taken(tmp_path):
    (tmp_path / "site.sqlite3").touch(mode=0o600)

    refuse_open_database(database(tmp_path / "site.sqlite3"))
    refuse_open_database(database(tmp_path / "not-yet.sqlite3"))
    refuse_open_database(database(":memory:"))
    refuse_open_database(database("news", vendor="postgresql"))


@pytest.mark.usefixtures("transactional_db")
@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["work"]], ids=lambda command: command[0])
def test_neither_the_web_server_nor_the_worker_starts(command, settings, tmp_path):
    if settings.SQLITE:
        connection.ensure_connection()
        Path(connection.settings_dict["NAME"]).chmod(0o644)
    else:
        (tmp_path / "file").touch()
        settings.MEDIA_ROOT = tmp_path / "file"

    with pytest.raises(CommandError, match=r"\A(Others may read the database|Uploaded files cannot be stored)"):
        call_command(*command)


@pytest.mark.parametrize("below", ["", "media"], ids=["in its place", "above it"])
def test_a_folder_in_which_nothing_can_be_stored_is_refused(tmp_path, settings, below):
    (tmp_path / "file").touch()
    settings.MEDIA_ROOT = tmp_path / "file" / below

    with pytest.raises(CommandError, match=r"\AUploaded files cannot be stored in .*STORAGE_URL\.\Z") as told:
        refuse_unwritable_media()

    assert told.value.returncode == 1


def test_a_folder_is_taken_before_it_is_there_and_afterwards(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "var" / "media"

    refuse_unwritable_media()
    settings.MEDIA_ROOT.mkdir(parents=True)
    refuse_unwritable_media()

    assert list(settings.MEDIA_ROOT.iterdir()) == []


def test_what_is_written_in_private_is_ours_alone(tmp_path):
    with private_umask():
        (tmp_path / "private").touch()

    assert (tmp_path / "private").stat().st_mode & 0o077 == 0
