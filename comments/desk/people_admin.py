"""Accounts in the admin, with what their people have written: accounts know neither articles nor comments."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Count
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from articles.models.article import Article
from comments.desk.sentence_forms import InSentences
from comments.models import Comment
from comments.models.permissions import may_moderate
from newsreader.accounts.models import User
from newsreader.accounts.people_admin import UserAdmin

admin.site.unregister(User)


@admin.register(User)
class WritingUserAdmin(InSentences, UserAdmin):
    """An account as a page of sentences: what somebody is, has written, and is called."""

    change_form_template = "admin/accounts/user/change_form.html"
    change_list_template = "admin/accounts/user/change_list.html"
    sentences = {
        "username": _("Known here as %(field)s"),
        "username_shown": _("Known here as %(field)s"),
        "name": _("Readers see the name %(field)s"),
        "email": _("We write to %(field)s"),
        "language": _("Our emails are in %(field)s"),
        "language_shown": _("Our emails are in %(field)s"),
    }

    def about(self, user: Any, by: User) -> list[str]:
        """The same, and what somebody has written, with links for `by`; three queries more."""
        said = [_articles_said(user), _comments_said(user, by)]
        return [*super().about(user, by), *filter(None, said)]


def _articles_said(user: User) -> str:
    rows = Article.objects.filter(authors__user=user)
    if not (size := rows.count()):
        return ""
    author = user.author.pk
    shown = ngettext("%d article", "%d articles", size) % size
    address = f"{reverse('admin:articles_article_changelist')}?{urlencode({'authors__id__exact': author})}"
    return format_html(gettext("Is named over {}."), format_html('<a href="{}">{}</a>', address, shown))


def _comments_said(user: User, by: User) -> str:
    rows = Comment.objects.filter(identity__user=user).order_by()
    sizes = dict(rows.values_list("identity").annotate(size=Count("pk")))
    if not sizes:
        return gettext("Has written no comments.")
    shown = ngettext("%d comment", "%d comments", sum(sizes.values())) % sum(sizes.values())
    if may_moderate(by) and len(sizes) == 1:
        query = urlencode({"status": "all", "author": f"account:{next(iter(sizes))}"})
        shown = format_html('<a href="{}?{}">{}</a>', reverse("admin:moderation"), query, shown)
    return format_html(gettext("Has written {}."), shown)
