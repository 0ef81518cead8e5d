"""After a restore, everybody who was erased after the copy was made is erased again, from the copy's own rows."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import stat
from itertools import count

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from comments.models import AuditEntry, Comment, CommentSettings
from newsreader.accounts.leaving import leave
from newsreader.accounts.models import User
from newsreader.operations.backups import postgresql
from newsreader.operations.backups.databases import looking_at
from newsreader.operations.backups.making import back_up
from newsreader.operations.backups.restoring import restore
from newsreader.personal_data import erasures, people
from newsreader.personal_data.erasing import erase
from newsreader.personal_data.models import CopiesFolder, DigestKey
from tests.databases import TEMPLATE, drop_database, on_the_server
from tests.factories import make_article, make_comment, make_moderator, make_user
from tests.personal_data.leftovers import left_of

NAME, ADDRESS, TEXT = "Jörg Öztürk-Hågan", "joerg.oehagan@example.org", "Mein Kahn heißt Möwchen."
_number = count(1)


@pytest.fixture(autouse=True)
def _folders(transactional_db, tmp_path, settings):
    settings.MEDIA_ROOT, settings.MAIL_FOLDER = tmp_path / "media", tmp_path / "mails"
    settings.EMAIL_FILE_PATH, settings.UPLOAD_FOLDER = None, tmp_path / "imports"
    CommentSettings.objects.current()
    CommentSettings.objects.update(flood_seconds=0)
    if not settings.SQLITE and not shutil.which("pg_dump") and not list(postgresql.DEBIAN.glob("*/bin/pg_dump")):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("pg_dump is not installed")


@pytest.fixture
def copies(tmp_path):
    return tmp_path / "copies"


@pytest.fixture
def empty(tmp_path, settings):
    """An empty database of its own, to restore into; the site's own is left as it is."""
    name = str(tmp_path / "restored.sqlite3") if settings.SQLITE else f"{TEMPLATE}_restored_{os.getpid()}"
    if not settings.SQLITE:
        drop_database(name)
        on_the_server(f'CREATE DATABASE "{name}"')
    yield name
    connection.close()
    drop_database(name)


def member_with_comment() -> User:
    user = make_user("joehagan", name=NAME)
    User.objects.filter(pk=user.pk).update(email=ADDRESS)
    user.emailaddress_set.update(email=ADDRESS)
    make_comment(user=User.objects.get(pk=user.pk), text=TEXT)
    return user


def lines(copies) -> list[dict]:
    return [json.loads(line) for line in (copies / erasures.FILE).read_text().splitlines()]


@pytest.mark.ci_both
@pytest.mark.parametrize("text", ["keep", "remove"])
def test_who_was_erased_after_the_copy_is_not_in_the_restored_site(copies, empty, text):
    member_with_comment()
    guest = make_comment(name=NAME, email="guest.oehagan@example.org", text=f"{TEXT} Wirklich.")
    other = make_comment(name="Bo", text="Ich bleibe.")
    back_up(copies, now=timezone.now())
    call_command("erase_person", ADDRESS, "--text", text)
    call_command("erase_person", "guest.oehagan@example.org", "--text", text)

    with looking_at(empty):
        done = restore(copies)

        assert done.replayed == (3, 0)  # The guest's address; the member's, and the account.
        assert left_of([NAME, ADDRESS, "guest.oehagan"] + ([TEXT] if text == "remove" else [])) == set()
        assert not User.objects.filter(username="joehagan").exists()
        again = Comment.objects.get(pk=guest.pk)
        assert (again.name, again.body != "") == ("", text == "keep")
        assert Comment.objects.get(pk=other.pk).name == "Bo"


def test_the_command_says_how_many(copies, empty, capsys):
    make_comment(name=NAME, email=ADDRESS)
    call_command("backup", str(copies))
    call_command("erase_person", ADDRESS)

    with looking_at(empty):
        call_command("restore", str(copies))

    assert "Erased again, since they were erased after the copy was made: 1." in capsys.readouterr().out


def test_who_was_erased_and_has_come_back_before_the_copy_stays(copies, empty):
    earlier = timezone.now() - dt.timedelta(hours=1)
    make_comment(name=NAME, email=ADDRESS)
    back_up(copies, now=earlier)
    call_command("erase_person", ADDRESS)
    make_comment(name=NAME, email=ADDRESS, text="Wieder da.")
    back_up(copies, now=timezone.now() + dt.timedelta(hours=1))

    with looking_at(empty):
        done = restore(copies)

        assert done.replayed.people == 0
        assert Comment.objects.filter(name=NAME).count() == 1


def test_an_erasure_is_beside_the_copies_at_once_and_names_nobody(copies):
    make_comment(name=NAME, email=ADDRESS)
    back_up(copies, now=timezone.now())
    assert not (copies / erasures.FILE).exists()

    call_command("erase_person", ADDRESS)

    (line,) = lines(copies)
    assert line["text"] == "keep"
    text = (copies / erasures.FILE).read_text()
    assert "oehagan" not in text
    assert NAME not in text
    assert stat.S_IMODE((copies / erasures.FILE).stat().st_mode) == 0o600
    assert AuditEntry.objects.get(kind="person_erased").facts["erasure"] == line


def test_the_next_backup_brings_what_could_not_be_written(copies, caplog):
    make_comment(name=NAME, email=ADDRESS)
    CopiesFolder.objects.create(path=str(copies / "not" / "mounted"))
    call_command("erase_person", ADDRESS)
    assert "before the next backup" in caplog.text

    back_up(copies, now=timezone.now())
    back_up(copies, now=timezone.now())

    assert len(lines(copies)) == 1


def test_the_log_of_the_site_has_the_same_line(copies, caplog):
    make_comment(name=NAME, email=ADDRESS)
    with caplog.at_level("INFO", "newsreader.personal_data.erasures"):
        call_command("erase_person", ADDRESS)

    (said,) = [record.args for record in caplog.records if "A person was erased" in record.msg]
    assert json.loads(said[0]) == AuditEntry.objects.get(kind="person_erased").facts["erasure"]
    assert "oehagan" not in caplog.text


def test_a_line_from_the_log_can_be_put_into_the_folder_by_hand(copies, empty):
    make_comment(name=NAME, email=ADDRESS)
    back_up(copies, now=timezone.now())
    CopiesFolder.objects.all().delete()
    call_command("erase_person", ADDRESS)
    line = AuditEntry.objects.get(kind="person_erased").facts["erasure"]
    (copies / erasures.FILE).write_text(f"no line\n\n{json.dumps(line)}")  # Without a newline at its end.
    make_comment(name="Bo", email="bo@example.org")
    erasures.append(copies, [erasures.line_for(["email:bo@example.org"], keep_text=True)])

    with looking_at(empty):
        assert restore(copies).replayed.people == 1


def test_a_copy_with_another_key_says_that_it_cannot_compare(copies, empty, capsys):
    make_comment(name=NAME, email=ADDRESS)
    call_command("backup", str(copies))
    DigestKey.objects.update(key="ab" * 32)
    call_command("erase_person", ADDRESS)

    with looking_at(empty):
        call_command("restore", str(copies))

    assert "1 erasures after the copy could not be compared" in capsys.readouterr().err


def test_a_restore_that_was_cut_short_before_it_erased_can_go_on(copies, empty, monkeypatch):
    make_comment(name=NAME, email=ADDRESS)
    back_up(copies, now=timezone.now())
    call_command("erase_person", ADDRESS)

    with looking_at(empty):
        with monkeypatch.context() as patched:

            def killed(*_):
                raise KeyboardInterrupt

            patched.setattr("newsreader.operations.backups.restoring.replay", killed)
            with pytest.raises(KeyboardInterrupt):
                restore(copies)
        assert Comment.objects.filter(name=NAME).exists()
        with pytest.raises(CommandError):
            call_command("restore", str(copies))

        call_command("restore", str(copies), "--erasures")

        assert not Comment.objects.filter(name=NAME).exists()


def test_somebody_who_had_a_role_when_the_copy_was_made_is_erased_all_the_same(copies, empty):
    editor = make_moderator()
    back_up(copies, now=timezone.now())
    leave(editor.pk, by=User.objects.create_superuser("root", "root@example.org", "secret"))
    call_command("erase_person", editor.email)

    with looking_at(empty):
        restore(copies)
        assert not User.objects.filter(pk=editor.pk).exists()


@pytest.mark.ci_sqlite
def test_comparing_takes_one_hash_for_each_address(monkeypatch):
    """However many erasures there are: two of a thousand have the same tag as an address by chance."""
    article = make_article()
    for number in range(5):
        make_comment(article, email=f"reader{number}@example.org")
    kept = [erasures.line_for([f"email:gone{number}@example.org"], keep_text=True) for number in range(1000)]
    kept.append(erasures.line_for(["email:reader3@example.org"], keep_text=False))
    calls = []
    real = erasures.hmac.digest
    monkeypatch.setattr(erasures.hmac, "digest", lambda *given: calls.append(given) or real(*given))

    found = erasures.matches(kept).found

    assert found == [("email:reader3@example.org", False)]
    assert len(calls) < 20


def test_an_account_that_merely_names_the_address_of_an_erased_guest_is_restored(copies, empty):
    make_comment(name=NAME, email=ADDRESS)
    User.objects.create(username="stranger", email=ADDRESS)
    back_up(copies, now=timezone.now())
    erase(people.of_guest(ADDRESS), keep_text=False)
    assert User.objects.filter(username="stranger").exists()

    with looking_at(empty):
        assert restore(copies).replayed == (1, 0)

        assert User.objects.get(username="stranger").email == ""
        assert left_of([NAME, ADDRESS]) == set()
