"""Imports that begin in the newsroom: a file is uploaded, tried in a dry run, and then imported, by the worker.

The file waits in a private folder (`newsreader.kit.private_uploads`) and goes as soon as it has come in. Whatever
happens, what is known of it says so: a task that a dead worker left is run again, and goes on where it stopped. Both
tasks may take minutes, so they run beside the worker's other ones.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from comments.audit import audit_log
from newsreader.accounts.models import User
from newsreader.kit import private_uploads
from newsreader.kit.errors import FieldError, Invalid
from newsreader.kit.one_at_a_time import AlreadyRunning
from newsreader.kit.private_uploads import Upload
from newsreader.kit.tasks import LONG, task
from newsreader.kit.text import tidy_line
from newsreader.transfer.errors import Unreadable
from newsreader.transfer.progress import Progress
from newsreader.transfer.report import EXAMPLES, Report

logger = logging.getLogger(__name__)

SOURCE = "wordpress"
LARGEST = 64 * 1024 * 1024  # bytes of a file; a request of the newsroom may be a little larger
PACKED = 8 * 1024 * 1024  # bytes; an archive may grow as one of this size at most (`newsreader.transfer.unpacking`)
MOST = 5  # uploads that are kept at once
CHECKING, CHECKED, IMPORTING, FINISHED, REFUSED, CUT_SHORT = (
    "checking", "checked", "importing", "finished", "refused", "cut_short",
)  # fmt: skip
RUNNING = {CHECKING, IMPORTING}
SILENCE = 120  # seconds after which work that says nothing may be begun again
EVERY = 1  # seconds between two notes of progress


def may_import(user: Any) -> bool:
    """Say whether somebody may import: it publishes articles and comments, and names new authors and sections."""
    return bool(user.has_perm("articles.change_site") and user.has_perm("articles.publish_article"))


def upload(chunks: Iterable[bytes], name: str, size: int, *, by: User) -> Upload:
    """Keep an export of WordPress, `size` bytes of it, and have the worker try it in a dry run.

    Raises PermissionDenied; Invalid where the file is empty or too large, too many wait, or there is no room.
    """
    if not may_import(by):
        raise PermissionDenied
    if not size:
        raise _invalid("empty_file", _("The file is empty."))
    if size > LARGEST:
        raise _invalid("file_too_large", _("The file is larger than 64 MB. Pack it as .zip, or use the command."))
    if sum(1 for _upload in private_uploads.found()) >= MOST:
        raise _invalid("too_many_uploads", _("Five files are here already. Discard one of them first."))
    facts = {"name": tidy_line(name)[:255], "size": size, "state": CHECKING, "at": time.time()}
    try:
        kept = private_uploads.keep(chunks, **facts)
    except OSError:
        logger.exception("An upload could not be kept")
        raise _invalid("no_room", _("The file could not be stored here. The log says why.")) from None
    with transaction.atomic():
        audit_log.note("import_uploaded", by=by, facts={"size": size}, personal={"file": facts["name"]})
        check.enqueue(kept.id)
    return kept


def nothing_sent() -> Invalid:
    """Return the refusal of a form without a file."""
    return _invalid("require_file", _("Please choose a file."))


def _invalid(code: str, sentence: str) -> Invalid:
    return Invalid([FieldError("file", code, sentence)])


def begin(kept: Upload, *, by: User) -> bool:
    """Have the worker import a file that was tried, or go on with it. Returns False where there is nothing to do.

    Raises PermissionDenied.
    """
    if not may_import(by):
        raise PermissionDenied
    state = kept.facts["state"]
    if not kept.file.exists() or not (state in {CHECKED, CUT_SHORT} or is_silent(kept)):
        return False
    again = check if state == CHECKING else bring_in
    kept.note(state=CHECKING if state == CHECKING else IMPORTING, at=time.time(), error="", done="")
    again.enqueue(kept.id)
    return True


def is_silent(kept: Upload) -> bool:
    """Say whether work on this file has begun and nothing was heard of it for a while."""
    return kept.facts["state"] in RUNNING and time.time() - kept.facts["at"] > SILENCE


@task(queue_name=LONG)
def check(upload_id: str) -> None:
    """Try an upload in a dry run, and note its report. Safe to run twice."""
    _work(upload_id, CHECKING)


@task(queue_name=LONG)
def bring_in(upload_id: str) -> None:
    """Import an upload, note the report and delete the file. Safe to run twice: it goes on where it was cut short."""
    _work(upload_id, IMPORTING)


def _work(upload_id: str, state: str) -> None:
    from newsreader.transfer.importing import Given, import_files  # The worker's: it reads XML and much else.

    kept = private_uploads.find(upload_id)
    if kept is None:
        logger.warning("An upload is not on this host, or was discarded: %s", upload_id)
        return
    if kept.facts["state"] != state or not kept.file.exists():
        return
    report = Report()
    try:
        given, progress = [Given(kept.file, kept.facts["name"])], _Noted(kept)
        run = import_files(SOURCE, given, report, dry_run=state == CHECKING, progress=progress, packed=PACKED)
    except FileNotFoundError:
        logger.warning("An upload was discarded while it was read: %s", upload_id)
    except Unreadable as error:
        kept.drop_file()
        kept.note(state=REFUSED, at=time.time(), error=str(error))
    except AlreadyRunning:
        waiting = _("Another import is running, or one is being taken out. Try again when it is done.")
        kept.note(state=CHECKED, at=time.time(), error=waiting)
    except IntegrityError:
        logger.exception("An import was cut short")
        kept.note(state=CUT_SHORT, at=time.time(), error=_("Something else was written at the same time."))
    else:
        if state == IMPORTING:
            kept.drop_file()
        done = FINISHED if state == IMPORTING else CHECKED
        kept.note(state=done, at=time.time(), error="", run=run.pk, report=_short(report))


def _short(report: Report) -> dict[str, Any]:
    """Return the report as plain data, with a few examples of each kind of remark."""
    whole = report.as_json()
    for group in (*whole["left_out"], *whole["remarks"]):
        group["items"] = group["items"][:EXAMPLES]
    return whole


class _Noted(Progress):
    """Notes with an upload how far it is, once a second at most."""

    def __init__(self, kept: Upload):
        self._kept, self._said = kept, 0.0

    def read(self, percent: int, articles: int, comments: int) -> None:
        self._note({"percent": percent, "articles": articles, "comments": comments})

    def written(self, articles: int, comments: int) -> None:
        self._note({"articles": articles, "comments": comments})

    def _note(self, done: dict[str, int]) -> None:
        if time.monotonic() - self._said >= EVERY:
            self._said = time.monotonic()
            self._kept.note(at=time.time(), done=done)
