"""What chat rooms read: JSON as Slack takes it (`text` and `blocks`), and Mattermost, Rocket.Chat and others as well.

Strangers' words are shortened and cannot do anything there: `&`, `<` and `>` are escaped, so that they make no link and
call nobody (`<!channel>`), and after an `@` stands a character without a shape, since some chats call people by a plain
`@channel`; so it does between `](`, which others read as Markdown: a link with false words, or a picture that tells who
has seen it. No email address, no IP address. In the site's language. Source: api.slack.com, "Formatting text".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from articles.models.site import Site
from comments.models import ChatMessage, Comment
from comments.notifications.links import desk_url, queue_url
from comments.text.excerpts import excerpt
from newsreader.kit.languages import spoken

EXCERPT = 300  # characters of a comment
IN_A_LIST, SHORT = 10, 80  # comments in a message about many, and characters of each name, headline and text
LONGEST = 2800  # characters of a list; Slack takes 3,000 in a block
PENDING = Comment.Status.PENDING
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "@\u2060"})
Payload = dict[str, Any]
# What the codes of failures mean, for those who run the site.
FAILURES = {
    "timeout": gettext_lazy("It took too long to answer."),
    "connection": gettext_lazy("It could not be reached."),
    "name": gettext_lazy("There is no such host."),
    "tls": gettext_lazy("Its certificate is not valid."),
    "answer": gettext_lazy("It did not answer as a web server does."),
    "not_public": gettext_lazy("Its address is not on the public internet, so it is not asked."),
    "key": gettext_lazy("Its address was encrypted with another key. Give it again."),
}


def failure_in_words(code: str) -> str:
    """Return what a failure of a chat room was; a code that means nothing here as it is (`http_404`: a status)."""
    if code.startswith("http_"):
        return _("It answered with the status %s.") % code.removeprefix("http_")
    return str(FAILURES.get(code, code))


def payload(rows: list[ChatMessage]) -> Payload | None:
    """Return the message about these rows, of one room; None where nothing of it is left to tell."""
    site = Site.objects.current()
    with translation.override(spoken(site.language) or site.language):
        if len(rows) == 1 and not rows[0].is_gathered:
            return _one(rows[0], site.name)
        return _many([row for row in rows if _is_news(row)])


def escaped(text: str) -> str:
    """Return a stranger's words as a chat shows them and nothing more."""
    return text.translate(_ESCAPED).replace("](", "]\u2060(")


def _is_news(row: ChatMessage) -> bool:
    """Say whether there is still something to decide."""
    if row.comment is None:
        return row.event == ChatMessage.Event.TEST
    if row.event == ChatMessage.Event.REPORT:
        return row.report is not None and row.comment.status in {PENDING, Comment.Status.APPROVED}
    return bool(row.comment.status == PENDING)


def _one(row: ChatMessage, paper: str) -> Payload | None:
    if not _is_news(row):
        return None
    if row.comment is None:
        return _message(_("This is a test message from %s.") % escaped(paper))
    if row.event == ChatMessage.Event.ALARM:
        return _alarm(row.comment, row.hook)
    values = {"name": escaped(row.comment.shown_name), "headline": escaped(row.comment.article.headline)}
    if row.event == ChatMessage.Event.REPORT:
        said = _("A reader has reported a comment by %(name)s on “%(headline)s”.") % values
        reason = row.report.get_reason_display() if row.report else ""
        said = f"{said} {_('Reason:')} {reason}."
    else:
        said = _("%(name)s left a comment on “%(headline)s”. It waits for review.") % values
    return _message(said, desk_url(row.comment), escaped(excerpt(row.comment.body, EXCERPT)))


def _alarm(first: Comment, hook: Any) -> Payload:
    waiting = Comment.objects.waiting()
    if sections := [section.pk for section in hook.sections.all()]:
        waiting = waiting.filter(article__section__in=sections)
    last = first.decisions.order_by("-number").values_list("created_at", flat=True).first() or first.created_at
    hours = int((timezone.now() - last).total_seconds() // 3600)
    oldest = ngettext(
        "The oldest comment has been waiting for %d hour.", "The oldest comment has been waiting for %d hours.", hours
    )
    size = waiting.count()
    count = ngettext("%d comment waits for review.", "%d comments wait for review.", size)
    return _message(f"{oldest % hours} {count % size}", queue_url())


def _many(rows: list[ChatMessage]) -> Payload | None:
    comments = list({row.comment_id: row.comment for row in rows if row.event == ChatMessage.Event.WAITING}.values())
    reported = list({row.comment_id: row.comment for row in rows if row.event == ChatMessage.Event.REPORT}.values())
    said = []
    if comments:
        said.append(
            ngettext("%d new comment waits for review.", "%d new comments wait for review.", len(comments))
            % len(comments)
        )
    if reported:
        said.append(ngettext("%d comment was reported.", "%d comments were reported.", len(reported)) % len(reported))
    if not said:
        return None
    every = [comment for comment in [*comments, *reported] if comment]
    lines = list(_lines(every))
    if left := len(every) - len(lines):
        lines.append(ngettext("and %d more", "and %d more", left) % left)
    return _message(" ".join(said), queue_url(), "\n".join(lines))


def _lines(comments: Iterable[Comment]) -> Iterable[str]:
    size = 0
    for comment in list(comments)[:IN_A_LIST]:
        parts = (excerpt(text, SHORT) for text in (comment.shown_name, comment.article.headline, comment.body))
        line = "• {} – {}: {}".format(*map(escaped, parts))
        size += len(line) + 1
        if size > LONGEST:
            return
        yield line


def _message(said: str, url: str = "", words: str = "") -> Payload:
    """Return a message: a sentence, a stranger's words as plain text, and a way to the desk, which asks to sign in."""
    blocks: list[Payload] = [_block("plain_text", said)]
    if words:
        blocks.append(_block("plain_text", words))
    if url:
        blocks.append(_block("mrkdwn", f"<{url}|{_('Open the desk')}>"))
    return {"text": "\n".join(part for part in (said, words, url) if part), "blocks": blocks}


def _block(kind: str, text: str) -> Payload:
    about = {"type": kind, "text": text}
    return {"type": "section", "text": about | ({"emoji": False} if kind == "plain_text" else {})}
