"""Erasing a person: everything that the registry names, everywhere, for good.

A person with a hundred thousand comments is erased in short transactions, between which others post. The account comes
last, together with the record of the erasure: whatever cuts it short, erasing again goes on from there. On record is
that somebody was erased, and when, not who. Nothing of the newsroom's is erased: what decided, its bylines, its log.
"""

from __future__ import annotations

import logging
import math
import time
from functools import partial
from typing import NamedTuple

from allauth.account.models import EmailAddress
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection, transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from comments.audit import audit_log
from comments.models import AuditEntry, Comment, Notice
from comments.models.search_index import drop_deleted_words
from comments.moderation import erasing as of_comments
from newsreader.accounts.models import CommenterIdentity, User
from newsreader.kit.errors import Conflict
from newsreader.kit.long_writes import AT_ONCE, ShortTransactions, delete_some
from newsreader.kit.text import fold
from newsreader.mailing.models import Letter
from newsreader.mailing.tokens import folded
from newsreader.personal_data import erasures, people, traces
from newsreader.personal_data.models import ErasureRequest
from newsreader.personal_data.people import Person

logger = logging.getLogger(__name__)

BATCH = 100  # comments in a transaction; half a second on a slow machine, and others post meanwhile
# Seconds that others who read may hold up the emptying of SQLite's log, in tries of a moment, with a pause after each.
PATIENCE, MOMENT, PAUSE = 10, 0.1, 0.4


class BelongsToNewsroom(Conflict):
    code = "belongs_to_newsroom"
    sentence = _("This account belongs to the newsroom. First take all its roles, under People; then it can be erased.")


class Erased(NamedTuple):
    """What was erased: how many accounts and comments."""

    accounts: int
    comments: int


def erase(person: Person, *, keep_text: bool, members_too: bool = False) -> Erased:
    """Erase a person everywhere. `keep_text`: what they have published stays, by "A former reader"; else it goes, too.

    Safe to run again. Not in a transaction. Raises BelongsToNewsroom, unless `members_too`: after a restore, what a
    copy says of somebody's roles is out of date.
    """
    if not members_too:
        refuse_members(person)
    networks = people.networks_of(person)
    known = _known(person, networks)
    answers = people.answers_kept_for(person, networks)
    User.objects.filter(pk__in=person.accounts).update(is_active=False)  # Nobody posts as them meanwhile.
    traces.erase(known, accounts=person.accounts, answers=answers)
    comments = _erase_comments(person, keep_text)
    _erase_mails(person)
    _erase_entries(known)  # Before others have to wait: it reads the whole log.
    with transaction.atomic():
        of_comments.erase_reports(person.accounts, person.addresses, person.reporters)
        singles = [f"{address}/32" for address in networks if ":" not in address]
        banned = [fold(address) for address in person.addresses]
        of_comments.erase_bans(person.identities, banned, singles, person.appellants)
        of_comments.erase_address(person.addresses, person.limits)
        people.letters_to(person.addresses).delete()  # What came up meanwhile.
        _erase_accounts(person)
        _record(person, comments, keep_text)
    traces.erase(known, accounts=person.accounts, answers=answers)  # What came up while it was going on.
    clean_up()
    return Erased(len(person.accounts), comments)


def refuse_members(person: Person) -> None:
    """Raise BelongsToNewsroom where one of their accounts has a role: that is to be ended first, in the newsroom."""
    if person.members():
        raise BelongsToNewsroom()


def _known(person: Person, networks: set[str]) -> traces.Traces:
    """Return how this person is recognised elsewhere, as long as their own rows still say it."""
    names: set[str] = set()
    others = set(networks)
    for user in person.users:
        names |= {user.name, user.get_full_name(), user.username}
        others |= {user.avatar}
    for identity in CommenterIdentity.objects.filter(pk__in=person.identities):
        names |= {identity.display_name}
        others |= {identity.avatar_source, identity.profile_url, identity.avatar}
    left = person.comments.order_by().values_list("name", "website", "avatar").distinct()
    for name, website, avatar in left[: traces.MOST]:
        names |= {name}
        others |= {website, avatar}
    return traces.Traces(person.addresses, names, others)


def _erase_comments(person: Person, keep_text: bool) -> int:
    """Erase them from their comments, in short transactions. Returns how many. What is done is no longer theirs."""
    writes, count = ShortTransactions(), 0
    while ids := person.next_comments(BATCH):
        with writes.next():
            of_comments.erase_author(ids, keep_text=keep_text)
        count += len(ids)
    return count


def _erase_mails(person: Person) -> None:
    """Delete their mails and what they were told by mail, some at a time: it may be ten thousands."""
    writes = ShortTransactions()
    letters = list(people.letters_to(person.addresses).values_list("pk", flat=True))
    for first in range(0, len(letters), AT_ONCE):
        with writes.next():
            Letter.objects.filter(pk__in=letters[first : first + AT_ONCE]).delete()
    told = Notice.objects.filter(preferences__folded__in=[folded(address) for address in person.addresses])
    delete_some(told, math.inf, writes)


def _erase_entries(known: traces.Traces) -> None:
    """Erase what entries of the audit log say of them that are about something else."""
    if known.addresses:
        holding = AuditEntry.objects.exclude(personal=None).alias(said=traces.as_text("personal"))
        wanted = holding.filter(traces.Traces(known.addresses, ()).anywhere_in("said"))
        pks = [row.pk for row in wanted if known.are_certain_in(traces.text_of(row.personal))]
        AuditEntry.objects.filter(pk__in=pks).update(personal=None, salt="")


def _erase_accounts(person: Person) -> None:
    invitations = list(people.invitations_to(person.addresses).values_list("pk", flat=True))
    people.invitations_to(person.addresses).delete()
    ErasureRequest.objects.filter(email__in=person.addresses).delete()
    # Accounts of others that merely name the address, unconfirmed. Who has confirmed it reads its mail, too, and signs
    # in with it.
    owned = EmailAddress.objects.alias(folded=Lower("email")).filter(folded__in=person.addresses)
    owners = set(owned.filter(verified=True).values_list("user", flat=True)) | set(person.accounts)
    for row in owned.exclude(user__in=owners):
        row.delete()
    others = User.objects.alias(folded=Lower("email")).filter(folded__in=person.addresses)
    others.exclude(pk__in=owners).update(email="")
    named = CommenterIdentity.objects.alias(folded=Lower("email")).filter(folded__in=person.addresses)
    named = named.exclude(user__in=owners, user__isnull=False).exclude(pk__in=person.identities)
    named.update(email="", email_verified=False, verified_at=None)
    portraits = set(User.objects.filter(pk__in=person.accounts).values_list("avatar", flat=True))
    identities = CommenterIdentity.objects.filter(pk__in=person.identities)
    portraits |= set(identities.values_list("avatar", flat=True))
    identities.delete()
    of_comments.forget_in_admin(User, person.accounts)
    of_comments.forget_in_admin(CommenterIdentity, person.identities)
    for user in person.users:
        user.delete()  # One by one: the audit log listens.
    subjects = [*(f"account:{pk}" for pk in person.accounts), *(f"invitation:{pk}" for pk in invitations)]
    of_comments.forget_entries(subjects)
    for name in portraits - {""}:
        transaction.on_commit(partial(default_storage.delete, name))


def _record(person: Person, comments: int, keep_text: bool) -> None:
    """Put on record that somebody was erased, with the last that is erased of them; after that, beside the copies."""
    line = erasures.line_for(person.keys, keep_text=keep_text)
    audit_log.note(erasures.RECORD, facts={"comments": comments, "text": line["text"], "erasure": line})
    transaction.on_commit(partial(erasures.tell, line))


# --- Cleaning up --------------------------------------------------------------------------------------------------


def clean_up() -> None:
    """Have the database let go of what was deleted: of the search index, and of SQLite's write-ahead log.

    PostgreSQL's rows that nobody sees any more are overwritten: `pg_dump` never shows them. Not in a transaction.
    """
    drop_deleted_words()
    try:
        if connection.vendor == "sqlite":
            _empty_log()
        elif not connection.in_atomic_block:
            with connection.cursor() as cursor:
                for model in (Comment, User, CommenterIdentity, AuditEntry):
                    cursor.execute(f"VACUUM {connection.ops.quote_name(model._meta.db_table)}")
    except DatabaseError:
        logger.warning("The person is erased; the database could not be cleaned up just now", exc_info=True)


def _empty_log() -> None:
    """Write SQLite's log into its file and empty it, as soon as nobody reads an older state."""
    end = time.monotonic() + PATIENCE
    while not connection.in_atomic_block:
        if _checkpointed():
            return
        if time.monotonic() > end:
            logger.warning("SQLite's log could not be emptied: somebody reads. It will be with the next checkpoint.")
            return
        time.sleep(PAUSE)


def _checkpointed() -> bool:
    """Try to empty the log, and say whether that succeeded. Nobody can write meanwhile, so it waits but a moment."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        (patience,) = cursor.fetchone()
        cursor.execute(f"PRAGMA busy_timeout = {round(1000 * MOMENT)}")
        try:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            (busy, *_pages) = cursor.fetchone()
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {patience:d}")
    return not busy
