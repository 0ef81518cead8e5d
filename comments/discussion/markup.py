"""A page's comments as HTML. Written here and not in a template, which takes seven times as long (15 ms for 50).

Whatever is filled in is escaped, but for names that end in `_html`: HTML that was made here or by `comments.text`.
Each comment is kept in memory under all that it shows: a new one leaves the others as they are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache
from html import escape, unescape
from typing import NamedTuple

from django.utils import dateformat, timezone
from django.utils.formats import get_format
from django.utils.html import strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from comments.discussion.threads import Branch, Page, ThreadNode
from comments.models import Comment
from comments.text.excerpts import excerpt
from comments.text.formatting import RELATION
from newsreader.accounts.pictures import address_of, avatar_at
from newsreader.kit.kept import Kept

_COMMENT = """
<article id="comment-%(id)s" class="comment u-comment h-cite%(staff_class_html)s" aria-label="%(label)s">
<header class="comment-head">%(avatar_html)s\
<span class="comment-name p-author h-card" dir="auto">%(name_html)s</span>%(badges_html)s
<a class="comment-date u-url" href="/comments/%(id)s/">\
<time class="dt-published" datetime="%(iso)s">%(when)s</time></a>%(answers_html)s</header>
<div class="comment-text e-content" dir="auto">%(text_html)s</div>
<p class="comment-foot">%(reply_html)s<a class="report-link" data-action="report" rel="nofollow" \
href="/comments/%(id)s/flag/" aria-label="%(report_label)s">%(report)s</a></p>
</article>"""
_REMOVED = """
<article id="comment-%(id)s" class="comment comment-removed"><p class="comment-text">%(removed)s</p></article>"""
_REPLY = """\
<a class="reply-link" data-action="reply" data-comment="%(id)s" data-name="%(name)s" rel="nofollow" \
href="%(reply_url)s?parent=%(id)s" aria-label="%(reply_label)s">%(reply)s</a> """
_LINKED_NAME = '<a href="%(website)s" rel="%(relation)s external">%(name)s</a>'
_ANSWERS = ' <a class="comment-answers" href="%(url)s">%(label)s</a>'
_BADGE = '<span class="badge%(class_html)s">%(label)s</span>'
_SORT = '<p class="to-sort"><a data-action="sort" rel="nofollow" href="%(url)s">%(label)s</a></p>'
_PICKS = """\
<aside class="picks" aria-labelledby="picks-title"><h3 id="picks-title">%(title)s</h3><ul>%(items_html)s</ul></aside>
"""
_PICK = '<li><a href="#comment-%(id)s"><q dir="auto">%(words)s</q> <span dir="auto">%(name)s</span></a></li>'
_MORE = '\n<p class="more"><a data-action="more" href="%(url)s">%(label)s</a></p>'


PICKS = 3  # at most, above a page's comments
FEW = 5  # comments; where a page shows fewer, picks are in sight anyway
PICK_LENGTH = 180  # characters


def _fill(html: str, values: Mapping[str, object]) -> str:
    return html % {name: value if name.endswith("_html") else escape(str(value)) for name, value in values.items()}


class Words:
    """The words around comments in the language of the page, and where its form is; empty where none is open."""

    def __init__(self, reply_url: str):
        self.language, self.zone = get_language() or "", timezone.get_current_timezone()
        self.key = (self.language, str(self.zone), reply_url)
        self.reply_url, self.reply, self.reply_to = reply_url, _("Reply"), _("Reply to %(name)s")
        self.report, self.report_by = _("Report"), _("Report the comment by %(name)s")
        self.comment_by = _("Comment by %(name)s")
        self.answers = _("in reply to %(name)s")
        self.answers_removed = _("in reply to a comment that has been removed")
        self.removed = _("This comment has been removed.")
        self.newsroom = _fill(_BADGE, {"class_html": "", "label": _("Newsroom")})
        self.pick = _fill(_BADGE, {"class_html": " badge-pick", "label": _("Editors’ pick")})


def thread(page: Page, reply_url: str = "") -> SafeString:
    """Return the list of a page's comments; without a `reply_url` they offer no reply."""
    words = Words(reply_url)
    branches = "".join(_branch(branch, words) for branch in page.branches)
    return mark_safe(f'<ol class="thread">{branches}\n</ol>') if branches else mark_safe("")


def sort_link(url: str, label: str) -> SafeString:
    return mark_safe(_fill(_SORT, {"url": url, "label": label}))  # Safe: both are escaped.


def picks(page: Page) -> SafeString:
    """Return what editors picked of the comments that a page shows, the newest pick first, for above them. No query."""
    shown = [placed.comment for branch in page.branches for placed in branch.placed if not placed.removed]
    picked = sorted(((row.picked_at, row.pk, row) for row in shown if row.picked_at), reverse=True)[:PICKS]
    if not picked or len(shown) < FEW:
        return mark_safe("")
    items = "".join(
        _fill(
            _PICK, {"id": row.pk, "words": excerpt(unescape(strip_tags(row.html)), PICK_LENGTH), "name": row.shown_name}
        )
        for _at, _pk, row in picked
    )
    return mark_safe(_fill(_PICKS, {"title": _("Editors’ picks"), "items_html": items}))  # Safe: all of it is escaped.


def _branch(branch: Branch, words: Words) -> str:
    """Return a comment and the replies shown under it; which list opens and closes where was decided in `threads`."""
    parts = ["\n<li>"]
    for placed in branch.placed:
        if placed is not branch.placed[0]:
            parts.append("</li></ol>" * len(placed.closes))
            parts.append('<ol class="replies"><li>' if placed.opens else "</li>\n<li>")
        parts.append(_comment(placed, words))
    parts.append("</li></ol>" * len(branch.left_open))
    if branch.more:
        label = ngettext("%(n)s more reply", "%(n)s more replies", branch.more) % {"n": branch.more}
        parts.append(_fill(_MORE, {"url": branch.more_url, "label": label}))
    return "".join([*parts, "</li>"])


class Shown(NamedTuple):
    """All that a comment's HTML is made of, beside the words around it."""

    pk: int
    name: str
    website: str
    portrait: str  # its address; empty: none
    by_staff: bool
    is_pick: bool
    at: dt.datetime
    text_html: str  # made by comments.text.formatting
    answers: tuple[str, str] | None  # address and words

    @classmethod
    def of(cls, placed: ThreadNode, words: Words) -> Shown:
        comment = placed.comment
        return cls(
            comment.pk,
            comment.shown_name,
            comment.website,
            address_of(comment.avatar),
            comment.by_staff,
            comment.picked_at is not None,
            comment.created_at,
            comment.html,
            _answers(placed, words) if placed.answers else None,
        )


_comments: Kept[str] = Kept(most=8 * 1024 * 1024)  # bytes


def _comment(placed: ThreadNode, words: Words) -> str:
    if placed.removed:
        return _fill(_REMOVED, {"id": placed.comment.pk, "removed": words.removed})
    shown = Shown.of(placed, words)
    key = (words.key, shown)
    html = _comments.get(key)
    if html is None:
        html = _written(shown, words)
        _comments.put(key, html, len(html) + len(shown.text_html))
    return html


def _written(shown: Shown, words: Words) -> str:
    name, at = shown.name, shown.at.astimezone(words.zone)
    values = {
        "id": shown.pk,
        "staff_class_html": " comment-staff" if shown.by_staff else "",
        "avatar_html": avatar_at(shown.portrait, name),
        "name": name,
        "badges_html": (words.newsroom if shown.by_staff else "") + (words.pick if shown.is_pick else ""),
        "iso": at.isoformat(timespec="seconds"),
        "when": _worded(at.replace(second=0, microsecond=0), words.language),
        "answers_html": _fill(_ANSWERS, {"url": shown.answers[0], "label": shown.answers[1]}) if shown.answers else "",
        "text_html": shown.text_html,
        "website": shown.website,
        "relation": RELATION,
        "reply": words.reply,
        "reply_label": words.reply_to % {"name": name},
        "reply_url": words.reply_url,
        "report": words.report,
        "report_label": words.report_by % {"name": name},
        "label": words.comment_by % {"name": name},
    }
    values["name_html"] = _fill(_LINKED_NAME, values) if shown.website else escape(name)
    values["reply_html"] = _fill(_REPLY, values) if words.reply_url else ""
    return _fill(_COMMENT, values)


def _answers(placed: ThreadNode, words: Words) -> tuple[str, str]:
    other = placed.answers
    shown = other is not None and other.status == Comment.Status.APPROVED
    label = words.answers % {"name": other.shown_name} if other and shown else words.answers_removed
    return placed.answers_url, label


@lru_cache(4096)
def _worded(minute: dt.datetime, language: str) -> str:
    """Write a time as the site writes them, to the minute."""
    return dateformat.format(minute, get_format("DATETIME_FORMAT", language))
