"""What is different about the discussion of one article: slow mode, members only, everything held, its own closing.

What a surge adds stands there, too (`comments.screening.surge`). `rules_under` joins all of it with the site's rules,
so that whoever posts, edits or shows a form asks those alone.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from articles import page_versions
from articles.models.article import Article
from comments.audit import audit_log
from comments.models import ArticleSettings, CommentSettings
from comments.models.effective_settings import EffectiveSettings
from comments.models.locks import lock_articles
from newsreader.accounts.models import User
from newsreader.kit.errors import FieldError, Invalid

SETTINGS = ("slow_seconds", "members_only", "hold_everything", "close_after_days")  # what editors decide


class Note(NamedTuple):
    """What readers are told above the form: a stable code and a sentence."""

    code: str
    sentence: str


def settings_row(article_id: int) -> ArticleSettings:
    """Return what is different about an article's discussion; where nothing is, a row that is not stored."""
    return ArticleSettings.objects.filter(pk=article_id).first() or ArticleSettings(article_id=article_id)


def settings_of(article: Article) -> ArticleSettings:
    """Return the same for an article at hand. Asks nothing where it came with it (`select_related("discussion")`)."""
    try:
        return article.discussion
    except ArticleSettings.DoesNotExist:
        return ArticleSettings(article=article)


def settings_under(article: Article, rules: CommentSettings) -> EffectiveSettings:
    """Return the settings that are in force under an article: the site's, with what is different there."""
    return EffectiveSettings.of(rules, settings_of(article))


def closing_days(article_ids: Collection[int]) -> dict[int, int]:
    """Return after how many days each of these discussions closes, 0 for never. Two queries.

    Named in settings for rooms that do not know ours.
    """
    own = ArticleSettings.objects.filter(pk__in=article_ids).values_list("pk", "close_after_days")
    days = CommentSettings.objects.current().close_after_days
    return dict.fromkeys(article_ids, days) | {pk: given for pk, given in own if given is not None}


def notes(article: Article, rules: EffectiveSettings) -> list[Note]:
    """Say what readers should know before they write; the same for everybody. `rules` are those under the article."""
    discussion = settings_of(article)
    found = []
    if rules.holds_for_surge:
        sentence = _("Very many are writing here just now, so every comment waits for an editor until it calms down.")
        found.append(Note("surge", sentence))
    elif rules.is_surging:
        found.append(
            Note("surge", _("Very many are writing here just now, so it goes more slowly until it calms down."))
        )
    if rules.slow_seconds:
        found.append(
            Note("slow_mode", _("Slow mode: %s between two comments of one person.") % span(rules.slow_seconds))
        )
    if discussion.members_only:
        found.append(Note("members_only", _("Only people who are signed in may reply under this article.")))
    if discussion.hold_everything and not rules.holds_for_surge:
        found.append(Note("hold_everything", _("Every comment under this article waits for an editor.")))
    return found


def span(seconds: int) -> str:
    """Word a pause: whole minutes as such, anything else in seconds."""
    if seconds % 60:
        return ngettext("%d second", "%d seconds", seconds) % seconds
    return ngettext("%d minute", "%d minutes", seconds // 60) % (seconds // 60)


@transaction.atomic
def change(article_id: int, *, by: User, **wanted: Any) -> ArticleSettings:
    """Set what is different about an article's discussion, and record who did. `wanted` are some of SETTINGS.

    Whose it is to change was checked before. Raises Article.DoesNotExist, TypeError for what is no setting, and
    Invalid for a value that is none.
    """
    if unknown := set(wanted) - set(SETTINGS):
        raise TypeError(f"No settings of a discussion: {sorted(unknown)}")
    if not lock_articles([article_id]):
        raise Article.DoesNotExist(f"There is no article {article_id}.")
    row = settings_row(article_id)
    before = {name: getattr(row, name) for name in wanted}
    for name, value in wanted.items():
        setattr(row, name, value)
    _check(row)
    changed = {name: [before[name], getattr(row, name)] for name in wanted if before[name] != getattr(row, name)}
    if changed:
        row.save()
        page_versions.bump([article_id])
        audit_log.note("discussion_changed", f"discussion:{article_id}", by=by, facts={"changed": changed})
    return row


def _check(row: ArticleSettings) -> None:
    try:
        row.clean_fields(exclude=["article"])
    except ValidationError as wrong:
        raise Invalid([FieldError(name, "invalid", said[0]) for name, said in wrong.message_dict.items()]) from None
