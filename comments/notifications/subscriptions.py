"""What an address subscribes to: beginning, confirming, ending, and how it wants its mails.

An address that nobody has confirmed is asked by a mail that repeats nothing that was typed; it gets no other until its
reader says yes, and is then never asked again. Whatever else is asked for meanwhile joins that question: what is
followed waits for the same answer, and so does a first comment (`comments.posting.email_confirmation`). Mails get lost,
so whoever wants something again a day later gets the question again: it is the same one, with the same link. Since that
may as well be a stranger, each pause is twice as long as the one before, up to thirty days; then what nobody has
confirmed is forgotten. To add something that can be followed, add a scope.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from comments.models import REMOVED, Comment, EmailConfirmation, MailPreferences, Notice, Subscription
from comments.notifications.sending_times import next_time, zones
from newsreader.accounts.identities import owners_of
from newsreader.accounts.models import User
from newsreader.kit.clock import ahead
from newsreader.kit.compiled_inserts import insert
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.email_addresses import is_email
from newsreader.kit.errors import Conflict, DomainError, FieldError, Invalid
from newsreader.kit.hashes import keyed
from newsreader.mailing import budget, outbox, suppression
from newsreader.mailing.models import Letter
from newsreader.mailing.tokens import folded

AGAIN = dt.timedelta(days=1)  # Before that, an address that has not answered is not asked again.
LONGEST = dt.timedelta(days=30)  # The same for one that was asked often; and until it is forgotten.
PER_NETWORK, PERIOD = 5, dt.timedelta(days=1)
UNCONFIRMED = 50  # subscriptions that wait until an address is confirmed; more are not kept
MOST = 1_000  # subscriptions of one address
Scope = Subscription.Scope
NOTHING, REPLIES, ALL = "none", "replies", "all"  # values of the form's field `notify`


class NotFollowed(DomainError):
    """There is no such subscription of this address."""

    code, status, sentence = "not_found", 404, _("There is no such subscription.")


class TooManySubscriptions(Conflict):
    code = "too_many_subscriptions"
    sentence = _("You follow as much as one address can. Please stop something first.")


class NoVerifiedAddress(Conflict):
    code = "no_verified_address"
    sentence = _("Please confirm an email address of your account first: emails go there.")


class MailsStopped(Conflict):
    code, sentence = "mails_stopped", _("You have stopped all emails to this address. Start them again first.")


@dataclass(frozen=True)
class Wish:
    """What is to be told: a scope, and the row that it is about. Of a reader's own comment, `comment` says which."""

    scope: str
    article_id: int | None = None
    section_id: int | None = None
    author_id: int | None = None
    comment_id: int | None = None

    @property
    def key(self) -> dict[str, Any]:
        """The columns by which a subscription is found again."""
        columns = {
            Scope.REPLIES: ("comment_id",),
            Scope.ARTICLE: ("article_id",),
            Scope.CORRECTIONS: ("article_id",),
            Scope.SECTION: ("section_id",),
            Scope.AUTHOR: ("author_id",),
        }[Scope(self.scope)]
        return {"scope": self.scope, **{name: getattr(self, name) for name in columns}}


@dataclass(frozen=True)
class Reader:
    """Who wants to be told. `user`: their account, where the address is a verified one of it, and so is theirs.

    `network` is where the request comes from (`kit.client_address.network`); empty if that is not to count.
    """

    address: str
    user: User | None = None
    language: str = ""
    network: str = ""
    is_theirs: bool = False


def reader_of(user: User | None, typed: str = "", *, language: str = "", network: str = "") -> Reader:
    """Return who is asking: an account with its verified address, else what was typed, which proves nothing."""
    if user is not None:
        own = EmailAddress.objects.filter(user=user, verified=True).order_by("-primary", "pk").first()
        if own:
            return Reader(own.email, user, user.language or language, network, is_theirs=True)
        typed = typed or user.email
    return Reader(typed, user, language, network)


# --- Beginning and ending -----------------------------------------------------------------------------------------


def wishes_of(notify: str, comment: Comment) -> list[Wish]:
    """Return what the form's field `notify` asks for; anything unknown asks for nothing.

    All new comments include the answers to one's own, which stay when the others are stopped.
    """
    if notify not in {REPLIES, ALL}:
        return []
    replies = Wish(Scope.REPLIES, comment_id=comment.pk)
    everything = Wish(Scope.ARTICLE, article_id=comment.article_id, comment_id=comment.pk)
    return [replies, everything] if notify == ALL else [replies]


def subscribe(reader: Reader, *wishes: Wish, ask: bool = True) -> list[Subscription]:
    """Begin to tell an address something, or ask it first whether that is its reader's wish.

    Returns the subscriptions, none where the address cannot be written to, or where its reader has stopped all mails or
    those that strangers ask for (`newsreader.mailing.suppression`). The caller answers the same in any case: nobody
    learns what an address follows. `ask`: False where it is asked anyway, or not to be. Of a new address that could not
    be asked, nothing stays, unless it is about a comment: else strangers could have any number of them kept. Raises
    TooManySubscriptions where the account that asks has too many.
    """
    if not is_email(reader.address) or not wishes:
        return []
    if not reader.is_theirs and suppression.reasons_of([reader.address]):
        return []
    # Of the refusal, nothing stays; a guest is refused nothing, and a savepoint costs two statements.
    with transaction.atomic(savepoint=reader.is_theirs):
        row, is_new = _row_of(reader)
        if row.stopped_at and not reader.is_theirs:
            return []
        if reader.is_theirs:
            _note_theirs(row)
        most = MOST if row.confirmed_at else UNCONFIRMED
        if (0 if is_new else row.subscriptions.filter(ended_at=None).count()) + len(wishes) > most:
            if reader.is_theirs:
                raise TooManySubscriptions()
            return []
        begun = [_begin(row, wish) for wish in wishes]
        if row.confirmed_at is None and ask and not _ask(row, reader.network) and is_new:
            if not any(wish.comment_id for wish in wishes):
                row.delete()
                return []
    return begun


@Compiled
def _rows(key: str) -> QuerySet[MailPreferences]:
    return MailPreferences.objects.filter(folded=key)


def _row_of(reader: Reader) -> tuple[MailPreferences, bool]:
    """Return the row of an address, and whether it is new; that of an account's own address begins as confirmed."""
    key = folded(reader.address)
    if row := _rows.first(key):
        return row, False
    row = MailPreferences(
        folded=key, address=reader.address, language=reader.language[:10],
        confirmed_at=timezone.now() if reader.is_theirs else None,
    )  # fmt: skip
    # Somebody else may have written it at this moment.
    return (row, True) if insert(row, unless_there=True) else (MailPreferences.objects.get(folded=key), False)


def _note_theirs(row: MailPreferences) -> None:
    """Note that the account of this address has asked: that confirms it, and takes back that all was stopped."""
    if row.confirmed_at is None or row.stopped_at:
        row.confirmed_at, row.stopped_at = row.confirmed_at or timezone.now(), None
        row.save(update_fields=["confirmed_at", "stopped_at"])


def _begin(row: MailPreferences, wish: Wish) -> Subscription:
    with_comment = {"comment_id": wish.comment_id} if wish.scope == Scope.ARTICLE else {}
    new = Subscription(preferences=row, **(with_comment | wish.key))
    if insert(new, unless_there=True):
        return new
    found = Subscription.objects.get(preferences=row, **wish.key)
    if found.ended_at:
        found.ended_at, found.created_at = None, timezone.now()
        found.save(update_fields=["ended_at", "created_at"])
    return found


@transaction.atomic
def choose(reader: Reader, notify: str, comment: Comment) -> None:
    """Have the author of a comment told what `notify` says from now on, and nothing else because of this comment.

    What was begun in another way, such as with another comment, stays.
    """
    wishes = wishes_of(notify, comment)
    scopes = {wish.scope for wish in wishes}
    for row in _with(comment, reader.address).exclude(scope__in=scopes):
        end(reader.address, row.pk)
    if wishes:
        subscribe(reader, *wishes, ask=comment.status not in REMOVED)


def chosen(comment: Comment, address: str) -> str:
    """Return what an address is told because of a comment, as the form's field `notify` says it. One query."""
    scopes = set(_with(comment, address).values_list("scope", flat=True)) if address else set()
    return ALL if Scope.ARTICLE in scopes else REPLIES if Scope.REPLIES in scopes else NOTHING


def _with(comment: Comment, address: str) -> QuerySet[Subscription]:
    return Subscription.objects.filter(comment=comment, preferences__folded=folded(address), ended_at=None)


@transaction.atomic
def end(address: str, subscription_id: int) -> Subscription:
    """End one subscription of this address, and drop what waits to be told because of it. Raises NotFollowed."""
    return _switch(address, subscription_id, on=False)


@transaction.atomic
def resume(address: str, subscription_id: int) -> Subscription:
    """Begin an ended subscription of this address again. Raises NotFollowed; MailsStopped where all are stopped."""
    row = MailPreferences.objects.filter(folded=folded(address)).first()
    if row and row.stopped_at:
        raise MailsStopped()
    return _switch(address, subscription_id, on=True)


def _switch(address: str, subscription_id: int, *, on: bool) -> Subscription:
    rows = Subscription.objects.select_for_update(of=("self",)).filter(preferences__folded=folded(address))
    found = rows.filter(pk=subscription_id).first()
    if found is None:
        raise NotFollowed()
    if on == (found.ended_at is None):
        return found
    found.ended_at = None if on else timezone.now()
    if on:
        found.created_at = timezone.now()  # What happened meanwhile is not told.
    found.save(update_fields=["ended_at", "created_at"])
    if not on:
        Notice.objects.filter(subscription=found, settled_at=None).delete()
    return found


@transaction.atomic
def stop(address: str) -> None:
    """Stop all mails to this address, whatever it subscribes to, until its reader starts them again."""
    now, key = timezone.now(), folded(address)
    row, is_new = MailPreferences.objects.get_or_create(folded=key, defaults={"address": address, "stopped_at": now})
    if not is_new and row.stopped_at is None:
        MailPreferences.objects.filter(pk=row.pk).update(stopped_at=now, next_at=None)
    Subscription.objects.filter(preferences=row, ended_at=None).update(ended_at=now)
    Notice.objects.filter(preferences=row, settled_at=None).delete()


@transaction.atomic
def start_again(address: str) -> None:
    """Allow mails to an address again whose reader had stopped them. What was ended stays so until it is begun again.

    That its reader does so, from a page that only their mails lead to, confirms the address, too.
    """
    row = _row_of(Reader(address))[0]
    MailPreferences.objects.filter(pk=row.pk).update(stopped_at=None, confirmed_at=row.confirmed_at or timezone.now())


def unconfirmed(age: dt.timedelta = LONGEST) -> QuerySet[MailPreferences]:
    """Return addresses that nobody has confirmed for long. Once they are gone, they can be asked again."""
    before = timezone.now() - age
    asked = Q(asked_at=None) | Q(asked_at__lt=before)
    return MailPreferences.objects.filter(asked, confirmed_at=None, stopped_at=None, created_at__lt=before)


def told(age: dt.timedelta) -> QuerySet[Notice]:
    """Return notices that were told, and are older than that.

    They are kept longer than anything is told after it has happened (`fan_out.LATEST`): so nothing is told twice.
    """
    return Notice.objects.filter(created_at__lt=timezone.now() - age, settled_at__isnull=False)


# --- Confirming ---------------------------------------------------------------------------------------------------


@transaction.atomic
def confirm(address: str) -> bool:
    """Record that the reader of this address has confirmed it, for good. Returns whether that is new."""
    rows = MailPreferences.objects.filter(folded=folded(address), confirmed_at=None)
    return bool(rows.update(confirmed_at=timezone.now()))


def asked(key: str, since: dt.datetime, until: dt.datetime) -> QuerySet[MailPreferences]:
    """Return the row of an address (`folded`) that was asked to confirm itself at this time, and has not answered."""
    return MailPreferences.objects.filter(folded=key, confirmed_at=None, asked_at__gt=since, asked_at__lte=until)


def _was_asked(row: MailPreferences, now: dt.datetime) -> bool:
    pause = min(AGAIN * 2 ** min(max(0, row.asked - 1), 10), LONGEST)
    return row.asked_at is not None and now - pause < row.asked_at <= ahead(now)


def _ask(row: MailPreferences, network: str) -> bool:
    """Ask an address to confirm itself, unless it was asked just now, or too many were from one network.

    Returns whether there is an answer, or a question to be answered.
    """
    now = timezone.now()
    # Each is asked once, for two questions: has somebody confirmed the address elsewhere, or was it asked there?
    accounts = owners_of(row.folded)
    with_comments = _asked_with_comment(EmailConfirmation.key_of(row.address))
    if any(accounts) or _has_confirmed(row, with_comments):
        row.confirmed_at = now
        row.save(update_fields=["confirmed_at"])
        return True
    # The mail about a first comment has just asked the same; its link confirms the address here, too.
    if any(now - AGAIN < asked_at <= ahead(now) for _, asked_at, _ in with_comments) or _was_asked(row, now):
        return True
    where = keyed("network", network) if network else ""
    if where and len(_asked_from(where, now - PERIOD, ahead(now))) >= PER_NETWORK:
        return False
    # Only what is sent counts, so the budget is asked last.
    if not budget.allows(row.address, network, known=bool(accounts)):
        return False
    row.asked_at, row.asked, row.network = now, row.asked + 1, where
    row.save(update_fields=["asked_at", "asked", "network"])
    letter = Letter(
        name="reader_confirm", about="preferences", about_id=row.pk, number=row.asked,
        address=row.address, language=row.language,
    )  # fmt: skip
    if row.asked > 1:  # What the worker could not send since is the same question.
        outbox.drop_replaced(letter)
    outbox.enqueue([letter])
    return True


@Compiled
def _asked_from(network: str, since: dt.datetime, until: dt.datetime) -> QuerySet[MailPreferences, tuple[int]]:
    asked = MailPreferences.objects.filter(network=network, asked_at__gt=since, asked_at__lte=until)
    return asked.values_list("pk")[:PER_NETWORK]


@Compiled
def _asked_with_comment(key: str) -> QuerySet[EmailConfirmation, tuple[dt.datetime | None, dt.datetime, str | None]]:
    """When mails about first comments asked this address, when that was confirmed, and what exactly was typed."""
    rows = EmailConfirmation.objects.filter(address=key)
    return rows.values_list("confirmed_at", "asked_at", "comment__connection_data__email")


def _has_confirmed(
    row: MailPreferences, with_comments: list[tuple[dt.datetime | None, dt.datetime, str | None]]
) -> bool:
    """Say whether somebody has confirmed this address by the link in the mail about a comment.

    It is found by a hash for which accents do not count, so the address itself is compared, too.
    """
    return any(at and email and folded(email) == row.folded for at, _, email in with_comments)


# --- How ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """How a reader wants their mails, as the form gives it. Times of day are in their zone; empty: the site's."""

    frequency: str = MailPreferences.Frequency.AT_ONCE
    hour: int = 7
    quiet_from: dt.time | None = None
    quiet_until: dt.time | None = None
    zone: str = ""
    own_comments: bool = True


@transaction.atomic
def change(address: str, choice: Choice) -> MailPreferences:
    """Change how an address wants its mails; what waits is sent when the new choice says. Raises Invalid.

    Who does that comes from a page that only mails to the address lead to, so it is confirmed.
    """
    errors = list(_wrong(choice))
    if errors:
        raise Invalid(errors)
    row = _row_of(Reader(address))[0]
    for name in ("frequency", "hour", "quiet_from", "quiet_until", "zone", "own_comments"):
        setattr(row, name, getattr(choice, name))
    if row.quiet_from == row.quiet_until:
        row.quiet_from = row.quiet_until = None
    row.confirmed_at = row.confirmed_at or timezone.now()
    waits = row.notices.filter(settled_at=None).exists()
    row.next_at = next_time(row, timezone.now()) if waits else None
    row.save()
    return row


def _wrong(choice: Choice) -> list[FieldError]:
    found = []
    if choice.frequency not in MailPreferences.Frequency.values:
        found.append(FieldError("frequency", "invalid_choice", _("Please choose how often.")))
    if not 0 <= choice.hour < 24:
        found.append(FieldError("hour", "invalid_hour", _("Please choose an hour of the day.")))
    if (choice.quiet_from is None) != (choice.quiet_until is None):
        missing = "quiet_from" if choice.quiet_from is None else "quiet_until"
        found.append(FieldError(missing, "quiet_hours", _("Please give both the beginning and the end, or neither.")))
    if choice.zone and choice.zone not in zones():
        found.append(
            FieldError("zone", "unknown_zone", _("We don’t know this time zone. Please choose one from the list."))
        )
    return found


def not_told_at_once(addresses: Iterable[str]) -> set[str]:
    """Return those of these addresses, in lower case, that get no mail at once about their own comments. One query.

    They have declined that, or want it in a digest or outside of their quiet hours: then `fan_out` tells them.
    """
    rows = MailPreferences.objects.filter(folded__in={folded(address) for address in addresses})
    rows = rows.filter(
        Q(own_comments=False)
        | Q(stopped_at__isnull=False)
        | ~Q(frequency=MailPreferences.Frequency.AT_ONCE)
        | Q(quiet_from__isnull=False)
    )
    return set(rows.values_list("folded", flat=True))
