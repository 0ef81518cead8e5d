"""An article as it stands in its form, for the preview: nothing of it is stored."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from articles.models.article import Article, Byline, SourceAttribution
from articles.models.taxonomy import Tag


class Unsaved(NamedTuple):
    """An article with what was typed, and the rows around it. An article that is not stored yet has the id 0."""

    article: Article
    bylines: list[Byline]
    sources: list[SourceAttribution]
    tags: list[Tag]


def as_typed(request: HttpRequest, desk: Any, article_id: int | None) -> Unsaved:
    """Return what the form of `desk`, the articles' ModelAdmin, was sent with; what is wrong in it is left as stored.

    Raises Http404 and PermissionDenied as the form itself would.
    """
    article = desk.get_queryset(request).filter(pk=article_id).first() if article_id else Article()
    if article is None:
        raise Http404
    change = bool(article.pk)
    if not (desk.has_change_permission(request, article) if change else desk.has_add_permission(request)):
        raise PermissionDenied
    form = desk.get_form(request, article if change else None, change=change)(request.POST, instance=article)
    form.is_valid()
    tags = form.cleaned_data.get("tags")
    if tags is None:
        tags = Tag.objects.filter(articles=article.pk) if change else ()
    # Of a table that somebody may not see, nothing was sent: what is stored stands there.
    tables: dict[Any, list[Any]] = {
        model: list(model._default_manager.filter(article=article.pk)) if change else []
        for model in (Byline, SourceAttribution)
    }
    for formset in desk.get_formset_instances(request, article, change=change):
        formset.is_valid()
        rows = [one.instance for one in formset.forms if _is_filled(formset, one)]
        tables[formset.model] = sorted(rows, key=lambda row: row.position or 0)
    article.pk = article.pk or 0
    return Unsaved(article, tables[Byline], tables[SourceAttribution], list(tags))


def _is_filled(formset: Any, form: Any) -> bool:
    """Say whether a row of a table is one that would be stored, or is."""
    if not hasattr(form, "cleaned_data") or form.errors or formset._should_delete_form(form):
        return False
    return bool(form.instance.pk or form.has_changed())
