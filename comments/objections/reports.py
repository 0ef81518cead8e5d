"""Readers report a comment, or give notice that it is against the law; moderators settle the reports.

A decision about a comment settles its reports (`comments.moderation.resolution`). `settle` here dismisses or accepts
them without a decision. A reporter may object once to a comment's staying.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from comments import notifications
from comments.audit import audit_log
from comments.audit.reason_codes import REPORTED
from comments.audit.refusal_reasons import accepted
from comments.drafts import keyed
from comments.errors import AlreadyReported, NoSuchComment, NotKept, ObjectedTwice, OwnComment, ReportFlood
from comments.models import EMAIL_LENGTH, NAME_LENGTH, Ban, Comment, CommentSettings, Report, Revision
from comments.models.locks import lock_articles_of, lock_comment
from comments.models.permissions import moderators_of
from comments.moderation import own_decisions, resolution
from comments.moderation.decisions import decide, lock_one
from comments.objections import objection_text
from comments.screening import rate_limit
from newsreader.accounts.models import User
from newsreader.kit.client_address import network, subnet
from newsreader.kit.compiled_inserts import insert
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.compiled_updates import CompiledUpdate
from newsreader.kit.email_addresses import tidy_email, why_not
from newsreader.kit.errors import Conflict, FieldError, Invalid
from newsreader.kit.text import is_blank, tidy, tidy_line, tidy_name

DETAIL_LENGTH, LAW_LENGTH = 2_000, 200  # code points
SOURCE = "reports"  # Decision.source of a comment held for its reports
BURST, PAUSE = 5, 60  # reports in a row by one account or network, then one in so many seconds
ILLEGAL = Report.Reason.ILLEGAL


@dataclass(frozen=True)
class Reporter:
    """Who reports: an account, or a guest known by network and by the comments in their browser's signed cookie."""

    user: User | None = None
    address: str = ""
    comments: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        """Return a key that tells reporters apart and reveals nothing to whoever has a copy of the database."""
        return keyed("reporter", f"user:{self.user.pk}" if self.user else f"network:{network(self.address)}")

    @property
    def network_key(self) -> str:
        """Return a key of the network, by which several reporters may turn out to be one person; empty: unknown."""
        where = subnet(self.address)
        return keyed("reporter", f"subnet:{where}") if where else ""


def report(
    comment_id: int,
    *,
    reason: str,
    detail: str = "",
    visitor: Reporter,
    law: str = "",
    good_faith: bool = False,
    name: str = "",
    email: str = "",
    by_mail: bool = False,
) -> Report:
    """Take a reader's report of a public comment. `reason` is one of Report.Reason.

    A notice of something illegal names the law and states good faith; name and email may stay empty. With any other
    reason these four are dropped. `by_mail`: a signed-in reporter wants to hear the outcome by mail. Enough open
    reports, by readers who cannot all be one person, hold the comment (`_enough`). Raises NoSuchComment, OwnComment,
    Invalid, AlreadyReported, ReportFlood.
    """
    site = CommentSettings.objects.current()
    row = Report(reason=reason, detail=tidy(detail).strip(), reporter=visitor.key, network=visitor.network_key)
    if reason == ILLEGAL:
        row.law, row.good_faith = tidy_line(law), good_faith
        row.name, row.email = tidy_name(name), tidy_email(email)
    row.account = visitor.user if by_mail else None
    with transaction.atomic():
        # Whether the comment is there is asked again once its article is locked.
        lock_articles_of([comment_id])
        _refuse(comment_id, row, visitor)
        if wait := rate_limit.consume_one(keyed("report", visitor.key), burst=BURST, seconds=PAUSE):
            raise ReportFlood(wait)
        comment = lock_comment(comment_id)
        row.comment, row.by_known = comment, _is_known(visitor.user, site)
        insert(row)
        (comment.flag_count,) = _count_one_more(comment.pk)
        audit_log.note(
            "report", f"comment:{comment.pk}", by=visitor.user, facts={"report": row.pk, "reason": row.reason}
        )
        notifications.queue_receipt(row)
        notifications.tell_report(row, comment)
        _hold(comment, site)
    return row


def _refuse(comment_id: int, row: Report, visitor: Reporter) -> None:
    """Raise what speaks against a report, in the order documented for the API."""
    comment = _public.first(comment_id)
    if comment is None:
        raise NoSuchComment()
    if is_own(comment, visitor):
        raise OwnComment()
    if errors := _errors(row):
        raise Invalid(errors)
    if first := _earlier.first(comment.pk, row.reporter):
        # A guest's network is shared: the first report may be somebody else's, and stays theirs.
        raise AlreadyReported(first.status_url if visitor.user else "")


_public = Compiled(lambda pk: Comment.objects.public().select_related("identity").filter(pk=pk))
_earlier = Compiled(lambda pk, reporter: Report.objects.filter(comment=pk, reporter=reporter).order_by("pk")[:1])


@partial(CompiledUpdate, "flag_count")
def _count_one_more(comment_id: int) -> tuple[QuerySet[Comment], dict[str, Any]]:
    return Comment.objects.filter(pk=comment_id), {"flag_count": F("flag_count") + 1}


def is_own(comment: Comment, visitor: Reporter) -> bool:
    """Say whether the comment is the visitor's own. Its identity is loaded."""
    if comment.identity and comment.identity.user_id:
        return visitor.user is not None and comment.identity.user_id == visitor.user.pk
    return comment.pk in visitor.comments


def _errors(row: Report) -> list[FieldError]:
    errors = []

    def wrong(field: str, code: str, sentence: str) -> None:
        errors.append(FieldError(field, code, sentence))

    if row.reason not in Report.Reason.values:
        wrong("reason", "require_reason", _("Please choose a reason."))
    if len(row.detail) > DETAIL_LENGTH:
        wrong("detail", "report_detail_column_length", _("The limit is %d characters.") % DETAIL_LENGTH)
    if row.reason != ILLEGAL:
        return errors
    if is_blank(row.detail):
        wrong("detail", "require_detail", _("Please explain what is against the law, and why."))
    if is_blank(row.law):
        wrong("law", "require_law", _("Please name the law."))
    elif len(row.law) > LAW_LENGTH:
        wrong("law", "report_law_column_length", _("The limit is %d characters.") % LAW_LENGTH)
    if not row.good_faith:
        wrong(
            "good_faith",
            "require_good_faith",
            _("Please confirm that what you say is true to the best of your knowledge."),
        )
    if len(row.name) > NAME_LENGTH:
        wrong("name", "comment_author_column_length", _("A name can be up to %d characters long.") % NAME_LENGTH)
    if len(row.email) > EMAIL_LENGTH:
        wrong(
            "email",
            "comment_author_email_column_length",
            _("An email address can be up to %d characters long.") % EMAIL_LENGTH,
        )
    elif row.email and (reason := why_not(row.email)):
        wrong("email", "require_valid_email", str(reason))
    return errors


def _is_known(user: User | None, site: CommentSettings) -> bool:
    """Say whether a reporter has not just made an account for this: by its age, or an approved comment."""
    if user is None or Ban.objects.in_force().filter(identity__user=user).exists():
        return False
    if user.date_joined <= timezone.now() - dt.timedelta(days=site.flags_account_days):
        return True
    return Comment.objects.approved().filter(identity__user=user).exists()


def _hold(comment: Comment, site: CommentSettings) -> None:
    """Hold a comment that enough readers have reported; never the newsroom's, nor one that a moderator has kept."""
    if not site.flags_hold or comment.by_staff or comment.flag_count < site.flags_hold:
        return
    if (count := _enough(comment, site)) and not _was_kept(comment):
        decide(comment.pk, Comment.Status.PENDING, source=SOURCE, reason=REPORTED, params={"count": count})


def _enough(comment: Comment, site: CommentSettings) -> int:
    """Return how many open reports a comment has if they hold it, else 0.

    Accounts and addresses cost nothing, so a number of reports proves nothing by itself: they have to come from several
    networks, and some of them from people who were here before.
    """
    found = Report.objects.filter(comment=comment, outcome=Report.Outcome.OPEN).aggregate(
        reports=Count("pk"),
        networks=Count("network", distinct=True, filter=~Q(network="")),
        known=Count("pk", filter=Q(by_known=True)),
    )
    are_enough = (
        found["reports"] >= site.flags_hold
        and found["networks"] >= site.flags_networks
        and found["known"] >= site.flags_accounts
    )
    return int(found["reports"]) if are_enough else 0


def _was_kept(comment: Comment) -> bool:
    """Say whether a moderator has kept the comment in spite of reports, since its author last changed it."""
    changed = Revision.objects.filter(comment=comment, by=None).order_by("-replaced_at").first()
    since = changed.replaced_at if changed else comment.created_at
    kept = Q(outcome=Report.Outcome.KEPT, settled_at__gte=since) | Q(kept_at__gte=since)
    return Report.objects.filter(kept, comment=comment).exists()


@transaction.atomic
def settle(comment_id: int, outcome: str, *, by: User, reason: str = "") -> int:
    """Settle the open reports of a comment and leave the comment as it is. Returns how many there were.

    `outcome` is one of Report.Outcome. Raises Comment.DoesNotExist, ValueError for another outcome, ReasonRequired for
    a reason that is not offered, and OwnDecision where `by` kept the comment before, the reporter objects to that, and
    somebody else could decide.
    """
    outcome = Report.Outcome(outcome).value
    if outcome == Report.Outcome.OPEN:
        raise ValueError("That is no outcome.")
    reason = accepted(reason, "")
    comment = lock_one(comment_id).comments[0]
    reports = list(Report.objects.filter(comment=comment, outcome=Report.Outcome.OPEN).order_by("pk"))
    kept_by = {row.kept_by_id for row in reports if outcome == Report.Outcome.KEPT}
    own = own_decisions.is_own(by, kept_by, moderators_of(comment.article_id))
    for row in reports:
        resolution.close(row, outcome, by=by, reason=reason, at=timezone.now())
    resolution.finish(reports, [comment])
    if own:
        facts = {"reports": [row.pk for row in reports if row.kept_by_id == by.pk]}
        audit_log.note("own_appeal_settled", f"comment:{comment.pk}", by=by, facts=facts)
    return len(reports)


@transaction.atomic
def object_to(report_id: int, token: str, text: str, *, visitor: Reporter) -> Report:
    """Object, once, to a reported comment's staying, by the address of the receipt. This reopens the report.

    Raises Report.DoesNotExist, ObjectedTwice, NotKept and Invalid.
    """
    comment = lock_one(find(report_id, token).comment_id).comments[0]
    row = Report.objects.select_for_update().get(pk=report_id)
    if refusal := why_not_object(row, comment):
        raise refusal
    row.objection = objection_text.words_of(text, "objection", _("Please say why it should be removed."))
    row.objected_at, row.kept_at, row.kept_by = timezone.now(), row.settled_at, row.settled_by
    row.outcome, row.decision_reason, row.settled_by, row.settled_at = Report.Outcome.OPEN, "", None, None
    row.settled_with = None
    row.save()
    Comment.objects.filter(pk=comment.pk).update(flag_count=F("flag_count") + 1)
    reader = visitor.user if visitor.key == row.reporter else None
    facts, words = {"report": row.pk}, {"text": row.objection}
    audit_log.note("report_objection", f"comment:{comment.pk}", by=reader, facts=facts, personal=words)
    notifications.no_outcome([row])
    return row


def why_not_object(row: Report, comment: Comment) -> Conflict | None:
    """Return what forbids the reporter to object, None where nothing does."""
    if row.objected_at:
        return ObjectedTwice()
    if row.outcome != Report.Outcome.KEPT or comment.status != Comment.Status.APPROVED:
        return NotKept()
    return None


def find(report_id: int, token: str) -> Report:
    """Return the report of this receipt, its comment and article loaded. Raises Report.DoesNotExist."""
    row = Report.objects.select_related("comment__article").get(pk=report_id)
    if not constant_time_compare(row.token, token):
        raise Report.DoesNotExist
    return row
