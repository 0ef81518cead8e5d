"""What the templates of letters about comments need, and whether such a letter is still right when it is sent."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db.models import QuerySet

from articles import publishing
from articles.publishing import HeldUp
from comments.audit.refusal_reasons import sentence_for, sentence_of
from comments.models import Comment, Decision, Report
from comments.notifications.letter_names import (
    ARTICLE,
    COMMENT,
    CONFIRM,
    DECISION,
    HANDED_OVER,
    PUBLISHED,
    REFUSED,
    REPORT,
    WAITING,
)
from comments.notifications.links import action_urls, choices_url, confirmation_url, desk_url, form_url, moderation_url
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.web import absolute
from newsreader.mailing.letter import quoted
from newsreader.mailing.models import Letter

Context = dict[str, Any]
PENDING, APPROVED, SPAM, TRASH = Comment.Status
# What a comment's status has to be for a letter to be right. Of the others it does not matter: a report that was heard
# because the comment is spam has an outcome as any other.
RIGHT = {
    WAITING: {PENDING},
    CONFIRM: {PENDING, APPROVED},
    PUBLISHED: {APPROVED},
    REFUSED: {TRASH},
    HANDED_OVER: {PENDING, APPROVED, TRASH},
}
LONG = ("html", "search_terms", "article__body")  # columns of a comment that no mail shows


def contexts(letters: list[Letter]) -> dict[int, Context | None]:
    """Return the context of each letter, by its id; None where its comment, report or article is gone, or where a
    comment has another status by now than the letter says. A query for each kind of thing that they are about."""
    decisions = {row.pk: row for row in _decisions.many(_ids(letters, DECISION))}
    reports = {row.pk: row for row in _reports.many(_ids(letters, REPORT))}
    comments = {row.pk: row for row in _comments.many(_ids(letters, COMMENT))}
    held = {row.article.pk: row for row in publishing.held_up()} if _ids(letters, ARTICLE) else {}

    def context(letter: Letter) -> Context | None:
        pk = letter.about_id or 0
        if letter.about == ARTICLE:
            return _about_article(held.get(pk))
        decision, report = None, None
        if letter.about == DECISION:
            decision = decisions.get(pk)
        elif letter.about == REPORT:
            report = reports.get(pk)
        comment = comments.get(pk) if letter.about == COMMENT else getattr(decision or report, "comment", None)
        return _about_comment(letter, comment, decision, report) if comment else None

    return {letter.pk: context(letter) for letter in letters}


def _ids(letters: list[Letter], about: str) -> list[int]:
    return sorted({letter.about_id for letter in letters if letter.about == about and letter.about_id})


def _with_comment(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.select_related("comment__article").defer(*(f"comment__{column}" for column in LONG))


_decisions: Compiled[Decision] = Compiled(lambda *ids: _with_comment(Decision.objects.filter(pk__in=ids)))
_reports: Compiled[Report] = Compiled(lambda *ids: _with_comment(Report.objects.filter(pk__in=ids)))
_comments: Compiled[Comment] = Compiled(
    lambda *ids: Comment.objects.filter(pk__in=ids).select_related("article").defer(*LONG)
)


def _about_comment(
    letter: Letter, comment: Comment, decision: Decision | None, report: Report | None
) -> Context | None:
    if comment.status not in RIGHT.get(letter.name, {comment.status}):
        return None
    confirmation = confirmation_url(comment) if letter.name == CONFIRM else ""
    if letter.name == CONFIRM and not confirmation:
        return None
    return {
        "comment": comment,
        "words": quoted(comment.body),
        "article": comment.article,
        "article_url": absolute(comment.article.get_absolute_url()),
        "comment_url": absolute(comment.permanent_url),
        "status_url": absolute(comment.status_url),
        "moderation_url": moderation_url(comment),
        "desk_url": desk_url(comment),
        "choices_url": choices_url(),
        "actions": action_urls(decision, letter.address) if decision and letter.name == WAITING else {},
        "confirmation_url": confirmation,
        "report": report,
        # Called by the template, so that the reason is in the language of the mail.
        "reason": partial(sentence_of, report.decision_reason) if report else partial(sentence_for, decision),
        "report_url": absolute(report.status_url) if report else "",
    }


def _about_article(held: HeldUp | None) -> Context | None:
    if held is None:
        return None
    article = held.article
    return {"article": article, "article_url": form_url(article), "is_address_taken": held.is_address_taken}
