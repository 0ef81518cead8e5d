"""Erasing for good: the personal data of one comment, its text included; and whatever here is about a person.

`newsreader.personal_data` erases a person everywhere, and calls what is below "A person". The audit log's chain stays
valid. There is no undo.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable
from functools import partial
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Case, CharField, Model, Q, Value, When
from django.db.models.functions import Lower
from django.utils import timezone

from articles import page_versions
from comments import notifications
from comments.audit import audit_log
from comments.audit.reason_codes import ERASED, single
from comments.models import (
    Appeal,
    AuditEntry,
    Ban,
    BanAppeal,
    Comment,
    ConnectionData,
    Delivery,
    EmailConfirmation,
    MailPreferences,
    Note,
    RateLimit,
    Report,
    Revision,
    new_token,
)
from comments.models.blocklist import ERASED as ERASED_TARGET
from comments.models.blocklist import erased_target
from comments.models.comment import terms_of
from comments.moderation.decisions import decide_locked, decide_many, lock, lock_one
from comments.posting.email_confirmation import address_key
from newsreader.accounts.models import User
from newsreader.kit.text import fold
from newsreader.mailing.tokens import folded

SOURCE = "erasure"  # Decision.source where a person was erased with their texts


@transaction.atomic
def erase(comment_id: int, *, by: User) -> None:
    """Remove a comment and erase its name, address, website, picture, connection data and text.

    What moderators, readers and its author wrote about it is erased too, and the appeals against bans of its author.
    What was decided, when and by whom, stays. Raises Comment.DoesNotExist.
    """
    found = lock_one(comment_id)
    comment = found.comments[0]
    appealed = _appealed_bans(comment)
    if not found.is_withdrawn(comment):
        decide_locked(found, Comment.Status.TRASH, by=by, reasons=single(ERASED))
    ConnectionData.objects.filter(comment=comment_id).delete()
    Revision.objects.filter(comment=comment_id).delete()
    Note.objects.filter(comment=comment_id).delete()
    Report.objects.filter(comment=comment_id).update(detail="", name="", email="", objection="")
    Appeal.objects.filter(comment=comment_id).update(text="")
    notifications.forget(comment_id)
    comment.identity, comment.name, comment.website, comment.avatar, comment.provider = None, "", "", "", ""
    comment.duplicate_key = comment.fingerprint = ""
    comment.write("")
    fields = ["identity", "name", "website", "avatar", "provider", "duplicate_key", "fingerprint"]
    comment.save(update_fields=[*fields, *Comment.WRITTEN])
    page_versions.bump([comment.article_id])
    BanAppeal.objects.filter(ban__in=appealed).update(text="")
    audit_log.forget_all([f"comment:{comment_id}", *(f"ban:{pk}" for pk in appealed)], by=by)


def _appealed_bans(comment: Comment) -> list[int]:
    """Return the author's bans, past ones too, that have appeals; none of networks, which concern many people."""
    connection = getattr(comment, "connection_data", None)
    email = fold(connection.email) if connection and not comment.identity_id else ""
    of_author = Q(identity=comment.identity_id, identity__isnull=False) | (Q(email=email) & ~Q(email=""))
    return list(Ban.objects.filter(of_author, appeals__isnull=False).distinct().values_list("pk", flat=True))


# --- A person -----------------------------------------------------------------------------------------------------


@transaction.atomic
def erase_author(comment_ids: Collection[int], *, keep_text: bool) -> None:
    """Erase who left these comments: name, website, picture, connection data, earlier texts, what was noted about them.

    `keep_text`: the text stays, by "A former reader"; else it goes, and the comment is removed. What was decided, when
    and by whom, stays. Some hundreds at a time; ids without a comment are left out.
    """
    found = lock(comment_ids)
    comments = found.comments
    ids = [comment.pk for comment in comments]
    if not keep_text:
        standing = {row.pk: Comment.Status.TRASH.value for row in comments if not found.is_withdrawn(row)}
        decide_many(found, standing, reasons=single(ERASED), source=SOURCE)
        notifications.forget(*ids)
    _erase_objections(comments, keep_text)
    for model in (ConnectionData, EmailConfirmation, Revision, Note):
        model._default_manager.filter(comment__in=ids).delete()
    _erase_columns(comments, keep_text)
    page_versions.bump({comment.article_id for comment in comments})
    forget_in_admin(Comment, ids)
    forget_entries(f"comment:{pk}" for pk in ids)
    for name in {comment.avatar for comment in comments if comment.avatar}:
        transaction.on_commit(partial(default_storage.delete, name))


def _erase_columns(comments: Collection[Comment], keep_text: bool) -> None:
    empty: dict[str, Any] = {"identity": None, "name": "", "website": "", "avatar": "", "provider": ""}
    empty |= {"idempotency_key": None, "fingerprint": "", "duplicate_key": "", "author_erased_at": timezone.now()}
    if not keep_text:
        written = Comment()
        written.write("")
        empty |= {column: getattr(written, column) for column in Comment.WRITTEN}
    # Nobody holds the address of the private page any more. In one statement: each row is in twenty indexes.
    tokens = Case(*(When(pk=comment.pk, then=Value(new_token())) for comment in comments), output_field=CharField())
    Comment.objects.filter(pk__in=[comment.pk for comment in comments]).update(**empty, status_token=tokens)
    if not keep_text:
        return
    changed = []
    for comment in comments:
        if comment.search_terms != (terms := terms_of("", comment.body)):  # Most have none, before and after.
            comment.search_terms = terms
            changed.append(comment)
    Comment.objects.bulk_update(changed, ["search_terms"], batch_size=200)


def _erase_objections(comments: Collection[Comment], keep_text: bool) -> None:
    ids = [comment.pk for comment in comments]
    Appeal.objects.filter(comment__in=ids).update(text="")
    reports = Report.objects.filter(comment__in=ids)
    if not keep_text:
        reports.update(detail="", name="", email="", objection="")
        return
    names = {comment.pk: comment.name.casefold() for comment in comments if comment.name}
    naming = [
        report.pk
        for report in reports.exclude(detail="", objection="")
        if names.get(report.comment_id, "\0") in f"{report.detail}\n{report.objection}".casefold()
    ]
    Report.objects.filter(pk__in=naming).update(detail="", objection="")


@transaction.atomic
def erase_reports(accounts: Collection[int], addresses: Collection[str], reporters: Collection[str]) -> int:
    """Erase who made reports, and what they wrote: by account, by address, by the keyed hashes of `Reporter.key`.

    Returns how many there were. `addresses` are in small letters.
    """
    theirs = Report.objects.alias(folded=Lower("email")).filter(
        Q(account__in=accounts) | Q(folded__in=addresses) | Q(reporter__in=reporters)
    )
    found = list(theirs)
    empty_reports(found)
    subjects = {f"comment:{report.comment_id}" for report in found}
    kinds = AuditEntry.objects.filter(subject__in=subjects, kind="report_objection")
    kinds.filter(facts__report__in=[report.pk for report in found]).update(personal=None, salt="")
    return len(found)


def empty_reports(reports: Collection[Report], *, token: str | None = None) -> None:
    """Erase who made these reports, and their words. What was reported, for which reason, and the outcome stay.

    `token`: that of their private pages from now on; None: a new one for each.
    """
    for report in reports:
        report.detail = report.law = report.name = report.email = report.objection = report.network = ""
        report.account, report.reporter = None, secrets.token_hex(32)
        report.token = new_token() if token is None else token
    columns = ["detail", "law", "name", "email", "objection", "network", "account", "reporter", "token"]
    Report.objects.bulk_update(reports, columns, batch_size=200)


@transaction.atomic
def erase_bans(
    identities: Collection[int], addresses: Collection[str], networks: Collection[str], appellants: Collection[str]
) -> int:
    """Erase who is banned, what colleagues noted about that, and what the banned wrote. The bans hold all the same.

    A ban of an account becomes one of its address, and addresses and networks (of a single address) are replaced by
    keyed hashes. `addresses` are folded; `appellants` are the keyed hashes of those who appealed. Returns how many.
    """
    bans = list(
        Ban.objects.filter(Q(identity__in=identities) | Q(email__in=addresses) | Q(network__in=networks))
        .exclude(email__startswith=ERASED_TARGET)
        .exclude(network__startswith=ERASED_TARGET)
    )
    held = set(Ban.objects.filter(lifted_at=None).values_list("email", flat=True))
    for ban in bans:
        # One ban at a time for each address; what is over, or names nobody, goes with the account.
        email = erased_target(ban.email or min(addresses, default="")) if ban.email or addresses else ""
        if ban.network:
            Ban.objects.filter(pk=ban.pk).update(network=erased_target(ban.network), note="")
        elif email and (ban.email or ban.is_in_force) and not (ban.lifted_at is None and email in held):
            Ban.objects.filter(pk=ban.pk).update(identity=None, email=email, note="")
            held |= {email} if ban.lifted_at is None else set()
        else:
            ban.delete()
    own = [ban.pk for ban in bans if not ban.network]
    BanAppeal.objects.filter(ban__in=own).update(text="", token="")
    for appeal in BanAppeal.objects.filter(appellant__in=appellants):
        BanAppeal.objects.filter(pk=appeal.pk).update(text="", token="", appellant=secrets.token_hex(32))
        own.append(appeal.ban_id)
    forget_in_admin(Ban, [ban.pk for ban in bans])
    forget_entries(f"ban:{pk}" for pk in {*own, *(ban.pk for ban in bans)})
    return len(bans)


@transaction.atomic
def erase_address(addresses: Collection[str], limits: Collection[str]) -> None:
    """Erase an address wherever else it is: confirmations, what it wants to be told, mails, connection data of others.

    And these rate limits.
    """
    MailPreferences.objects.filter(folded__in=[folded(address) for address in addresses]).delete()
    EmailConfirmation.objects.filter(address__in=[address_key(address) for address in addresses]).delete()
    Delivery.objects.alias(folded=Lower("address")).filter(folded__in=addresses).delete()
    ConnectionData.objects.alias(folded=Lower("email")).filter(folded__in=addresses).update(email="")
    RateLimit.objects.filter(key__in=limits).delete()


def forget_in_admin(model: type[Model], ids: Iterable[int]) -> None:
    """Empty what the admin's history says of these rows besides what was changed: their names."""
    about = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(model))
    about.filter(object_id__in=[str(pk) for pk in ids]).update(object_repr="")


def forget_entries(subjects: Iterable[str]) -> None:
    """Erase the personal data in the audit entries about these; of those that hold none, nothing is recorded."""
    holding = AuditEntry.objects.filter(subject__in=list(subjects)).exclude(personal=None)
    if found := sorted(set(holding.values_list("subject", flat=True))):
        audit_log.forget_all(found)
