"""Labels and times of the comments on a page, formatted in one pass: a template's loop would take longer."""

import datetime as dt
from typing import NamedTuple

from django.utils import dateformat, timezone
from django.utils.formats import get_format
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from comments.discussion.threads import Page, ThreadNode
from comments.models import Comment
from newsreader.kit.text import tidy_line


class Words(NamedTuple):
    reply_to: str
    report: str
    report_by: str
    answers: str
    answers_removed: str


def word(page: Page) -> Page:
    """Fill in the labels and times that the template shows, for every comment on the page."""
    zone, date_format = timezone.get_current_timezone(), get_format("DATETIME_FORMAT")
    words = Words(
        reply_to=_("Reply to %(name)s"),
        report=_("Report"),
        report_by=_("Report the comment by %(name)s"),
        answers=_("in reply to %(name)s"),
        answers_removed=_("in reply to a comment that has been removed"),
    )
    for branch in page.branches:
        for placed in branch.placed:
            _word(placed, zone, date_format, words)
    return page


def _word(placed: ThreadNode, zone: dt.tzinfo, date_format: str, words: Words) -> None:
    comment = placed.comment
    local = comment.created_at.astimezone(zone)
    placed.number, placed.name = str(comment.pk), comment.shown_name
    placed.iso, placed.when = local.isoformat(timespec="seconds"), dateformat.format(local, date_format)
    placed.reply_label = words.reply_to % {"name": placed.name}
    placed.report_word, placed.report_label = words.report, words.report_by % {"name": placed.name}
    if placed.answers:
        gone = placed.answers.status != Comment.Status.APPROVED
        placed.answers_label = words.answers_removed if gone else words.answers % {"name": placed.answers.shown_name}


def excerpt(text: str, length: int = 90) -> str:
    return Truncator(tidy_line(text)).chars(length)
