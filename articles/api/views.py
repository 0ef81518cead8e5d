"""Articles, sections, tags and authors over REST: reading for everybody, writing for editors."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, cast

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status, viewsets
from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from articles import corrections, publishing, search
from articles.api import reading
from articles.api.serializers import (
    ArticleInput,
    ArticleSerializer,
    AuthorSerializer,
    CorrectionInput,
    DeskArticleSerializer,
    SectionSerializer,
    TagSerializer,
)
from articles.models.article import Article, comments_open
from articles.models.querysets import ArticleQuerySet
from articles.models.taxonomy import Author, Section, Tag
from articles.writing import write
from newsreader.accounts.kept_answers import once_per_key
from newsreader.kit import kept_json
from newsreader.kit.errors import UnknownParameters
from newsreader.kit.pagination import Cursor
from newsreader.kit.rest import OfVersion, Shared, moment
from newsreader.kit.web import absolute

SPAN = ("published_after", "published_before")


def _text(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.STR, description=description)


class ArticleViewSet(Shared, viewsets.GenericViewSet):
    """Published articles, newest first; editors write them."""

    serializer_class = ArticleSerializer
    cursor_ordering = ("-published_at", "-pk")
    takes = {
        "create": ArticleInput, "partial_update": ArticleInput, "destroy": OfVersion, "correct": CorrectionInput,
        "reword_correction": CorrectionInput, "take_out_correction": OfVersion,
    }  # fmt: skip
    in_part = frozenset({"partial_update"})
    filters = [
        _text("section", "Slug of a section."),
        _text("tag", "Slug of a tag."),
        _text("author", "Slug of an author."),
        _text("q", f"Words, or phrases in quotation marks. Of what matches the newest {search.RANKED}."),
        _text("published_after", "A time: published then or later."),
        _text("published_before", "A time: published earlier."),
    ]

    def is_same_for_all(self) -> bool:
        return self.action == "list"

    def get_queryset(self) -> QuerySet[Article]:
        return Article.objects.visible_to(self.request.user).with_frame()

    def list(self, request: Request) -> HttpResponse:
        wanted = request.query_params
        named = {name: wanted[name] for name in reading.NAMED if name in wanted}
        articles = Article.objects.all()
        if wanted.keys() <= {Cursor.page_size_query_param, *reading.NAMED}:
            self.first_rows = partial(reading.newest, named)
        else:
            articles = self._narrowed(request, named)
        page: list[Any] = self.paginate_queryset(articles) or []
        if named and not page and (unknown := reading.unknown(named)):  # What has articles is there.
            raise UnknownParameters.naming_nothing(unknown)
        lists = reading.lists_of(page)
        days = {article.pk: article.close_after_days for article in page}
        show, rows = ArticleSerializer(context=self._context(lists, days)).to_representation, []
        for article in page:
            several, is_open = [tuple(each) for each in lists[article.pk]], comments_open(article, days[article.pk])
            rows.append(((*reading.columns_of(article), *several, is_open), partial(show, article)))
        return kept_json.answer(request, cast(Cursor, self.paginator).contents, rows)

    def _narrowed(self, request: Request, named: Mapping[str, str]) -> ArticleQuerySet:
        wanted = request.query_params
        articles = reading.listed(named)
        span = search.Span(*(moment(wanted[name], name) if name in wanted else None for name in SPAN))
        if query := wanted.get("q"):
            articles = articles.filter(pk__in=search.newest(articles, query, span=span))
        return span.of(articles)

    def retrieve(self, request: Request, pk: int) -> HttpResponse:
        if request.user.has_perm("articles.change_article"):
            return self._answer(get_object_or_404(self.get_queryset(), pk=pk))
        if article := reading.published(pk):
            return self._answer(article, ArticleSerializer)
        raise Http404

    @extend_schema(responses={201: DeskArticleSerializer})
    @once_per_key
    def create(self, request: Request) -> HttpResponse:
        self._require("articles.add_article")
        values = self.given(request)
        values.pop("version", None)  # There is none yet that it could be meant for.
        article = write(values, by=self._user())
        location = absolute(f"/api/v1/articles/{article.pk}/")
        return self._answer(article, status=status.HTTP_201_CREATED, headers={"Location": location})

    @extend_schema(responses=DeskArticleSerializer)
    def partial_update(self, request: Request, pk: int) -> HttpResponse:
        article = self._own(pk, "articles.change_article")
        values = self.given(request)
        wanted = self.wanted_versions(request, _thing(article.pk), values)
        return self._answer(write(values, by=self._user(), article=article, versions=wanted))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Withdraw the article. Nothing is deleted, least of all its comments."""
        article = self._own(pk, "articles.publish_article")
        wanted = self.wanted_versions(request, _thing(article.pk), self.given(request))
        publishing.withdraw(article.pk, versions=wanted)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses={201: DeskArticleSerializer})
    @once_per_key
    def correct(self, request: Request, pk: int) -> HttpResponse:
        """Tell readers about an error; the answer is the article in its new version."""
        text, wanted = self._correction(request, pk, "articles.add_correction")
        article = corrections.correct(pk, text, by=self._user(), versions=wanted)
        return self._answer(article, status=status.HTTP_201_CREATED)

    @extend_schema(responses=DeskArticleSerializer)
    def reword_correction(self, request: Request, pk: int, correction: int) -> HttpResponse:
        """Put a correction differently; its time stays."""
        text, wanted = self._correction(request, pk, "articles.change_correction", correction)
        return self._answer(corrections.reword(pk, correction, text, versions=wanted))

    @extend_schema(responses=DeskArticleSerializer)
    def take_out_correction(self, request: Request, pk: int, correction: int) -> HttpResponse:
        """Take a correction out again."""
        _text, wanted = self._correction(request, pk, "articles.delete_correction", correction)
        return self._answer(corrections.take_out(pk, correction, versions=wanted))

    def _correction(
        self, request: Request, pk: int, permission: str, correction: int | None = None
    ) -> tuple[str, frozenset[int] | None]:
        """Return what is to be said and the versions for which it is meant, of somebody who may say it."""
        article = self._own(pk, "articles.change_article")
        self._require(permission)
        if correction is not None and not article.corrections.filter(pk=correction).exists():
            raise Http404
        values = self.given(request)
        return values.get("text", ""), self.wanted_versions(request, _thing(pk), values)

    def _answer(
        self, article: Article, shown: type[ArticleSerializer] = DeskArticleSerializer, **more: Any
    ) -> HttpResponse:
        context = self._context(reading.lists_of([article]), {article.pk: reading.closing_days(article.pk)})
        return self.of_version(_thing(article.pk), article.version, shown(article, context=context).data, **more)

    def _context(self, lists: Mapping[int, reading.Lists], days: Mapping[int, int]) -> dict[str, Any]:
        """Return what the serializer needs to know of some articles, by their ids."""
        return {**self.get_serializer_context(), "close_comments_after_days": days, "lists": lists}

    def _user(self) -> Any:
        return self.request.user

    def _require(self, permission: str) -> None:
        if not self.request.user.is_authenticated:
            raise NotAuthenticated()
        if not self.request.user.has_perm(permission):
            raise PermissionDenied()

    def _own(self, pk: int, permission: str) -> Article:
        """Return an article that this person may change: 404 if they may not see it, 403 if they may only see it."""
        self._require(permission)
        article = get_object_or_404(self.get_queryset(), pk=pk)
        user = self.request.user
        if not user.has_perm("articles.change_any_article") and not article.authors.filter(user=user.pk).exists():
            raise PermissionDenied()
        return article


def _thing(pk: int) -> str:
    return f"article-{pk}"


# Of tags and authors those are shown that something published names. Without a docstring, which the schema would show.
class _NamedViewSet(Shared, viewsets.GenericViewSet):
    lookup_field = "slug"
    cursor_ordering = ("pk",)
    model: type[reading.Kind]

    def get_queryset(self) -> QuerySet[Any]:
        return reading.named(self.model, everything=self._sees_everything())

    def first_rows(self, how_many: int) -> list[Any]:
        return reading.first_named(kind=self.model, everything=self._sees_everything(), size=how_many)

    def list(self, request: Request) -> Response:
        is_first = Cursor.cursor_query_param not in request.query_params
        page = self.paginate_queryset(self.model._default_manager.all() if is_first else self.get_queryset())
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, slug: str) -> Response:
        if row := reading.with_slug.first(slug, kind=self.model, everything=self._sees_everything()):
            return Response(self.get_serializer(row).data)
        raise Http404

    def _sees_everything(self) -> bool:
        """Whoever changes articles names what no article names yet."""
        return self.request.user.has_perm("articles.change_article")


class SectionViewSet(_NamedViewSet):
    serializer_class = SectionSerializer
    model = Section

    def is_same_for_all(self) -> bool:
        return True

    def _sees_everything(self) -> bool:
        return True


class TagViewSet(_NamedViewSet):
    serializer_class = TagSerializer
    model = Tag


class AuthorViewSet(_NamedViewSet):
    serializer_class = AuthorSerializer
    model = Author
