"""A code cannot be read in the database: neither while its mail waits, nor once it is sent."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from articles import pictures
from newsreader.mailing import outbox
from newsreader.mailing.models import Letter
from newsreader.mailing.outbox import send_due
from tests.databases import content_of
from tests.factories import make_user


@pytest.fixture
def queued(settings, transactional_db):
    """Tasks wait in the table, as on a real site."""
    settings.TASKS = {"default": {"BACKEND": "newsreader.kit.task_queue.Queue", "QUEUES": ["default"]}}


def stored() -> bytes:
    """All that the database has in its files, the write-ahead log and freed pages included; of PostgreSQL, all rows."""
    if connection.vendor == "sqlite":
        files = sorted(
            Path(connection.settings_dict["NAME"]).parent.glob(f"{Path(connection.settings_dict['NAME']).name}*")
        )
        assert files
        return b"".join(content_of(file) for file in files)
    with connection.cursor() as cursor:
        found = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT row::text FROM "{table}" AS row')
            found += [text.encode() for (text,) in cursor.fetchall()]
    return b"\n".join(found)


def test_mails_are_sent_before_whatever_else_waits(queued):
    outbox.send_due.enqueue()
    DBTaskResult.objects.update(enqueued_at=timezone.now())
    first = DBTaskResult.objects.get()
    pictures.make_copies.enqueue(1)
    DBTaskResult.objects.exclude(pk=first.pk).update(enqueued_at=timezone.now() - dt.timedelta(hours=1))

    assert DBTaskResult.objects.ready().first() == first


@pytest.mark.parametrize(
    ("path", "typed", "found"),
    [
        ("/accounts/login/code/", {"email": "ada@example.org"}, r"[A-Z0-9]{4}-[A-Z0-9]{4}"),
        ("/accounts/password/reset/", {"email": "ada@example.org"}, r"/accounts/password/reset/key/(\S+)/"),
    ],
)
def test_what_opens_an_account_is_not_in_the_database(client, queued, path, typed, found):
    make_user("ada")
    assert client.post(path, typed).status_code == 302
    waiting = stored()
    assert (mail.outbox, Letter.objects.get().sent_at) == ([], None)
    assert DBTaskResult.objects.filter(task_path=send_due.module_path).exists()

    send_due.call()

    (message,) = mail.outbox
    match = re.search(found, message.body)
    assert match
    code = match[match.lastindex or 0].encode()
    assert b"ada@example.org" in waiting  # What is in the database at all is found.
    assert code not in waiting
    assert code not in stored()
    assert Letter.objects.get().secret == ""
