"""What is different about one article's discussion: slow mode, members only, everything held, its own closing time.

A surge is stored there, too (`comments.screening.surge`). `settings_under` joins all of it with the site's settings;
posting, editing and forms use only the result.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import OuterRef, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from articles import page_versions
from articles.models.article import Article
from comments.audit import audit_log
from comments.models import ArticleSettings, CommentSettings
from comments.models.effective_settings import EffectiveSettings, usual
from comments.models.locks import lock_articles
from newsreader.accounts.models import User
from newsreader.kit.errors import FieldError, Invalid

SETTINGS = ("slow_seconds", "members_only", "hold_everything", "close_after_days")  # the fields that editors set


class Note(NamedTuple):
    """A notice above the form: a stable code and a sentence."""

    code: str
    sentence: str


def settings_row(article_id: int) -> ArticleSettings:
    """Return an article's settings; without a row, one that is not stored. One query."""
    return ArticleSettings.objects.filter(pk=article_id).first() or ArticleSettings(article_id=article_id)


def settings_of(article: Article) -> ArticleSettings:
    """Return the settings of a loaded article, to be read only. No query after `select_related("discussion")`."""
    try:
        return article.discussion
    except ArticleSettings.DoesNotExist:
        return usual()


def settings_under(article: Article, site: CommentSettings) -> EffectiveSettings:
    """Return the settings in force under an article: the site's, joined with the article's own."""
    return EffectiveSettings.of(site, settings_of(article))


def closing_days() -> Combinable:
    """Return a column of articles: after how many days their discussions close; 0: never.

    `articles` calls this by its dotted path in the settings, since it must not import `comments`.
    """
    own = ArticleSettings.objects.filter(pk=OuterRef("pk")).values("close_after_days")
    site = CommentSettings.objects.filter(pk=1).values("close_after_days")
    usual_days = CommentSettings._meta.get_field("close_after_days").default  # before anybody has opened the settings
    return Coalesce(Subquery(own), Subquery(site), Value(usual_days))


def notes(article: Article, settings: EffectiveSettings) -> list[Note]:
    """Return what readers should know before they write, the same for everybody. `settings`: those in force."""
    own = settings_of(article)
    found = []
    if settings.holds_for_surge:
        sentence = _("A lot of people are commenting right now, so every comment waits for an editor for a while.")
        found.append(Note("surge", sentence))
    elif settings.is_surging:
        found.append(
            Note("surge", _("A lot of people are commenting right now, so commenting is slowed down for a while."))
        )
    if settings.slow_seconds:
        found.append(
            Note("slow_mode", _("Slow mode: please wait %s between your comments.") % span(settings.slow_seconds))
        )
    if own.members_only:
        found.append(Note("members_only", _("You need to sign in to reply under this article.")))
    if own.hold_everything and not settings.holds_for_surge:
        found.append(Note("hold_everything", _("Every comment under this article waits for an editor.")))
    return found


def span(seconds: int) -> str:
    """Return a pause in words: whole minutes as minutes, anything else in seconds."""
    if seconds % 60:
        return ngettext("%d second", "%d seconds", seconds) % seconds
    return ngettext("%d minute", "%d minutes", seconds // 60) % (seconds // 60)


@transaction.atomic
def change(article_id: int, *, by: User, **wanted: Any) -> ArticleSettings:
    """Change the settings of an article's discussion, and record who did. `wanted` are some of SETTINGS.

    The caller checks whether `by` may do this. Raises Article.DoesNotExist, TypeError for an unknown setting, and
    Invalid for a wrong value.
    """
    if unknown := set(wanted) - set(SETTINGS):
        raise TypeError(f"Unknown settings: {sorted(unknown)}")
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
