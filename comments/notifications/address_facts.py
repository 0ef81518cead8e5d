"""What subscriptions know of one address, in words, for staff who are asked why no mail comes (`ADDRESS_FACTS`)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.utils.formats import date_format, time_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from comments.models import MailPreferences, Subscription
from newsreader.mailing.tokens import folded

LISTED = 50  # subscriptions, the newest first


def facts(address: str) -> Iterator[tuple[str, str]]:
    """Yield what the reader of an address has asked for and confirmed, and how they want it: labels with words."""
    row = MailPreferences.objects.filter(folded=folded(address)).first()
    if row is None:
        yield _("Subscriptions"), _("This address has never asked for any.")
        return
    yield _("Confirmed"), _confirmed(row)
    if row.stopped_at:
        yield _("Stopped"), _("Its reader stopped all emails on %s.") % _moment(row.stopped_at)
    yield _("How often"), _how(row)
    if not row.own_comments:
        yield _("Own comments"), _("Its reader wants no emails about their own comments.")
    subscriptions = row.subscriptions.select_related("comment__article", "article", "section", "author").defer(
        "comment__body", "comment__html", "comment__search_terms", "comment__article__body", "article__body"
    )
    for each in subscriptions.order_by("-pk")[:LISTED]:
        ended = f" ({_('ended on %s') % _moment(each.ended_at)})" if each.ended_at else ""
        yield str(each.get_scope_display()), f"{_subject(each)}, {_moment(each.created_at)}{ended}"
    if waiting := row.notices.filter(settled_at=None).count():
        said = ngettext("%d piece of news", "%d pieces of news", waiting) % waiting
        yield _("Waits"), f"{said}, {_moment(row.next_at)}" if row.next_at else said


def _confirmed(row: MailPreferences) -> str:
    if row.confirmed_at:
        return _("Yes, on %s.") % _moment(row.confirmed_at)
    if row.asked_at:
        return _("No. We asked on %s and have no answer; until then nothing else is sent.") % _moment(row.asked_at)
    return _("No, and it was not asked. Until it is confirmed, nothing is sent.")


def _how(row: MailPreferences) -> str:
    said = str(row.get_frequency_display())
    if row.frequency != MailPreferences.Frequency.AT_ONCE:
        said = f"{said}, {row.hour:02}:00"
    if row.quiet_from is not None and row.quiet_until is not None:
        hours = f"{time_format(row.quiet_from, 'H:i')}–{time_format(row.quiet_until, 'H:i')}"
        said = f"{said}; {_('quiet hours')} {hours}"
    return f"{said} ({row.zone})" if row.zone else said


def _subject(row: Subscription) -> str:
    if row.scope == Subscription.Scope.REPLIES and row.comment:
        return str(row.comment.article.headline)
    named = row.section or row.author
    return str(row.article.headline) if row.article else str(named.name) if named else "–"


def _moment(moment: dt.datetime) -> str:
    return date_format(localtime(moment), "DATETIME_FORMAT")
