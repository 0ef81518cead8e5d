"""What is left of a person outside the rows that are theirs: sessions, tasks, caches, drafts, mails and files.

It is recognised by what it says: their addresses, names, IP addresses, profiles and pictures' addresses, however they
are escaped. Of what others still need (a task that waits, a draft, an upload) only an address counts: many people have
the same name.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import escape
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django_tasks_db.models import DBTaskResult

from comments.models import Ban, FilterEntry, KeptDraft
from newsreader.accounts.models import KeptAnswer
from newsreader.kit import private_uploads

SHORTEST = 3  # characters of a name that is looked for; shorter ones are in every text
MOST = 200  # names: a guest can have typed another one each time
MAIL_FILE = re.compile(r"\d{8}-\d{6}-\d+\.log")  # as Django's file backend names them
_NOTHING = re.compile(r"(?!)")


class Traces:
    """How a person is recognised in a text."""

    def __init__(self, addresses: Iterable[str], names: Iterable[str], others: Iterable[str] = ()) -> None:
        self.addresses = sorted(set(addresses))
        self.others = sorted({text for text in others if len(text) >= SHORTEST})
        self.names = sorted({text for text in names if len(text) >= SHORTEST})[:MOST]
        self._certain = _pattern([*self.addresses, *self.others])
        self._any = _pattern([*self.addresses, *self.others, *self.names])

    def are_certain_in(self, text: str) -> bool:
        """Say whether a text holds an address of theirs, or something else that nobody shares."""
        return bool(self._certain.search(text))

    def may_be_in(self, text: str) -> bool:
        """Say whether a text holds anything of theirs, a name too."""
        return bool(self._any.search(text))

    def anywhere_in(self, *columns: str) -> Q:
        """Return the condition that one of these columns, as text, may hold something of theirs: a wide search."""
        found = Q(pk__in=[])
        for text in {form for each in (*self.addresses, *self.others, *self.names) for form in _forms(each)}:
            for column in columns:
                found |= Q(**{f"{column}__icontains": text})
        return found


def _forms(text: str) -> set[str]:
    return {text, escape(text), json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}


def _pattern(texts: Iterable[str]) -> re.Pattern[str]:
    forms = sorted({form for text in texts for form in _forms(text)}, key=len, reverse=True)
    if not forms:
        return _NOTHING
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, forms))})(?!\w)", re.IGNORECASE)


def erase(traces: Traces, *, accounts: Iterable[int] = (), answers: Iterable[str] = ()) -> None:
    """Delete everything that recognises this person. Safe to run again. `answers`: keys of answers kept over REST."""
    end_sessions(traces, accounts)
    _erase_tasks(traces)
    _erase_drafts(traces)
    KeptAnswer.objects.filter(person__in=list(answers)).delete()
    _erase_notes(traces)
    _erase_cache(traces)
    erase_files(traces)


def end_sessions(traces: Traces, accounts: Iterable[int]) -> int:
    """Delete the sessions of these accounts, and those in which somebody is about to sign in with such an address."""
    wanted, store = {str(pk) for pk in accounts}, SessionStore()
    gone = []
    for row in Session.objects.iterator(chunk_size=500):
        data = store.decode(row.session_data)
        if data.get("_auth_user_id") in wanted or traces.are_certain_in(text_of(data)):
            gone.append(row.pk)
    Session.objects.filter(pk__in=gone).delete()
    return len(gone)


def text_of(value: Any) -> str:
    """Return plain data as text in which nothing is escaped but quotation marks."""
    return json.dumps(value, ensure_ascii=False, default=str)


def as_text(column: str) -> Cast:
    """Return a column of JSON as text, for a query."""
    return Cast(column, TextField())


def _erase_tasks(traces: Traces) -> None:
    texts = {"arguments_text": as_text("args_kwargs"), "result_text": as_text("return_value")}
    rows = DBTaskResult.objects.exclude(status="RUNNING").alias(**texts)
    gone = []
    for row in rows.filter(traces.anywhere_in(*texts, "traceback")):
        text = "\n".join([text_of(row.args_kwargs), text_of(row.return_value), row.traceback or ""])
        if traces.are_certain_in(text) or (row.status != "READY" and traces.may_be_in(text)):
            gone.append(row.pk)
    DBTaskResult.objects.filter(pk__in=gone).delete()


def _erase_drafts(traces: Traces) -> None:
    drafts = KeptDraft.objects.values_list("pk", "typed")
    gone = [pk for pk, typed in drafts if traces.are_certain_in(text_of(typed))]
    KeptDraft.objects.filter(pk__in=gone).delete()


def _erase_notes(traces: Traces) -> None:
    """Empty the notes of other bans and of list entries that name them."""
    for model in (Ban, FilterEntry):
        noted = model._default_manager.exclude(note="").values_list("pk", "note")
        naming = [pk for pk, note in noted if traces.may_be_in(note)]
        model._default_manager.filter(pk__in=naming).update(note="")


def _erase_cache(traces: Traces) -> None:
    """Delete what the cache in the database holds of them. Redis forgets by itself: it keeps nothing for over a day."""
    table = connection.ops.quote_name(settings.CACHES["table"]["LOCATION"])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT cache_key, value FROM {table}")  # noqa: S608  The name is a setting.
        gone = [(key,) for key, value in cursor.fetchall() if traces.may_be_in(f"{key} {_unpacked(value)}")]
        cursor.executemany(f"DELETE FROM {table} WHERE cache_key = %s", gone)  # noqa: S608


def _unpacked(value: str) -> str:
    try:
        return base64.b64decode(value).decode("utf-8", "ignore")
    except ValueError:
        return value


# --- Files --------------------------------------------------------------------------------------------------------


def erase_files(traces: Traces) -> None:
    """Delete the mails that this host keeps (EMAIL_URL=filemail:///…, the demonstration) and uploads that name them."""
    for file in _kept_mails():
        try:
            naming = traces.may_be_in(_read(file.read_bytes()))
        except OSError:
            continue
        if naming:
            file.unlink(missing_ok=True)
    for upload in private_uploads.found():
        try:
            if traces.are_certain_in(upload.file.read_bytes().decode("utf-8", "ignore")):
                upload.drop_file()
        except OSError:
            continue


def _kept_mails() -> Iterator[Path]:
    """Yield the files of mails, and no other: who keeps mails beside the database must not lose that.

    Nor may the database be read as a file, which would drop the locks that this process has on it.
    """
    if (folder := settings.EMAIL_FILE_PATH) and Path(folder).is_dir():
        yield from (file for file in Path(folder).glob("*.log") if MAIL_FILE.fullmatch(file.name) and file.is_file())
    if Path(settings.MAIL_FOLDER).is_dir():
        yield from (file for part in ("cur", "new", "tmp") for file in Path(settings.MAIL_FOLDER).glob(f"{part}/*"))


def _read(raw: bytes) -> str:
    """Return a file of mails as text: as it is, and what its first mail says once it is decoded."""
    text = raw.decode("utf-8", "ignore")
    decoded = [_decoded(part) for part in re.split(rb"\n-{79}\n", raw)]
    return "\n".join([text, *decoded])


def _decoded(raw: bytes) -> str:
    try:
        message = message_from_bytes(raw.lstrip(), _class=EmailMessage, policy=policy.default)
        headers = [str(value) for value in message.values()]
        bodies = [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
        return "\n".join([*headers, *map(str, bodies)])
    except (LookupError, ValueError, KeyError):  # It is no mail, or one that nobody can read.
        return ""
