"""Words and times of the comments on a page, made once each: in a template's loop they cost more than all the rest."""

import datetime as dt

from django.utils import dateformat, timezone
from django.utils.formats import get_format
from django.utils.translation import gettext as _

from comments.threads import Page, Placed


def word(page: Page) -> Page:
    """Give every comment on the page the words that its template shows."""
    zone, written = timezone.get_current_timezone(), get_format("DATETIME_FORMAT")
    reply_to, answers = _("Reply to %(name)s"), _("in reply to %(name)s")
    for branch in page.branches:
        for placed in branch.placed:
            _word(placed, zone, written, reply_to, answers)
    return page


def _word(placed: Placed, zone: dt.tzinfo, written: str, reply_to: str, answers: str) -> None:
    comment = placed.comment
    local = comment.created_at.astimezone(zone)
    placed.number, placed.name = str(comment.pk), comment.shown_name
    placed.iso, placed.when = local.isoformat(timespec="seconds"), dateformat.format(local, written)
    placed.reply_label = reply_to % {"name": placed.name}
    if placed.answers:
        placed.answers_label = answers % {"name": placed.answers.shown_name}
