"""Articles, sections, tags and authors over REST: reading for everybody, writing for editors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.module_loading import import_string
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from articles import publishing, search
from articles.api.serializers import (
    ArticleInput,
    ArticleSerializer,
    AuthorSerializer,
    DeskArticleSerializer,
    SectionSerializer,
    TagSerializer,
)
from articles.models.article import Article
from articles.models.querysets import ArticleQuerySet
from articles.models.taxonomy import Author, Section, Tag
from articles.writing import write
from newsreader.accounts.kept_answers import once_per_key
from newsreader.kit.errors import UnknownParameters
from newsreader.kit.rest import OfVersion, Shared, moment
from newsreader.kit.web import absolute

SPAN = ("published_after", "published_before")


def _text(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.STR, description=description)


class ArticleViewSet(Shared, viewsets.GenericViewSet):
    """Published articles, newest first; editors write them."""

    serializer_class = ArticleSerializer
    cursor_ordering = ("-published_at", "-pk")
    takes = {"create": ArticleInput, "partial_update": ArticleInput, "destroy": OfVersion}
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
        return Article.objects.visible_to(self.request.user).for_page()

    def list(self, request: Request) -> Response:
        articles = self._narrowed(Article.objects.published().articles().for_page(), request)
        page = self.paginate_queryset(articles) or []
        return self.get_paginated_response(ArticleSerializer(page, many=True, context=self._closing(page)).data)

    def _narrowed(self, articles: ArticleQuerySet, request: Request) -> ArticleQuerySet:
        wanted = request.query_params
        self._refuse_unknown_names(wanted)
        if "section" in wanted:
            articles = articles.filter(section__slug=wanted["section"])
        if "tag" in wanted:
            articles = articles.filter(tags__slug=wanted["tag"])
        if "author" in wanted:
            articles = articles.filter(
                pk__in=Article.authors.through.objects.filter(author__slug=wanted["author"]).values("article")
            )
        span = search.Span(*(moment(wanted[name], name) if name in wanted else None for name in SPAN))
        if query := wanted.get("q"):
            articles = articles.filter(pk__in=search.newest(articles, query, span=span))
        return span.of(articles)

    def _refuse_unknown_names(self, wanted: Mapping[str, str]) -> None:
        """Raise UnknownParameters for filters that name nothing. Whom only unpublished articles name is not there."""
        shown = Article.objects.published().articles()
        there = {
            "section": lambda slug: Section.objects.filter(slug=slug),
            "tag": lambda slug: shown.filter(tags__slug=slug),
            "author": lambda slug: shown.filter(authors__slug=slug),
        }
        named = [(name, wanted[name]) for name in there if name in wanted]
        if unknown := [(name, slug) for name, slug in named if not there[name](slug).exists()]:
            raise UnknownParameters.naming_nothing(unknown)

    def retrieve(self, request: Request, pk: int) -> Response:
        article = get_object_or_404(self.get_queryset(), pk=pk)
        desk = request.user.has_perm("articles.change_article")
        return self._answer(article, DeskArticleSerializer if desk else ArticleSerializer)

    @extend_schema(responses={201: DeskArticleSerializer})
    @once_per_key
    def create(self, request: Request) -> Response:
        self._require("articles.add_article")
        values = self.given(request)
        values.pop("version", None)  # There is none yet that it could be meant for.
        article = write(values, by=self._user())
        location = absolute(f"/api/v1/articles/{article.pk}/")
        return self._answer(article, status=status.HTTP_201_CREATED, headers={"Location": location})

    @extend_schema(responses=DeskArticleSerializer)
    def partial_update(self, request: Request, pk: int) -> Response:
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

    def _answer(
        self, article: Article, shown: type[ArticleSerializer] = DeskArticleSerializer, **more: Any
    ) -> Response:
        data = shown(article, context=self._closing([article])).data
        return self.of_version(_thing(article.pk), article.version, data, **more)

    def _closing(self, articles: Iterable[Article]) -> dict[str, Any]:
        """Return the serializer context, with when the comments of these articles close."""
        days = import_string(settings.CLOSE_COMMENTS_AFTER_DAYS)([article.pk for article in articles])
        return {**self.get_serializer_context(), "close_comments_after_days": days}

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


class _NamedViewSet(Shared, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    lookup_field = "slug"
    cursor_ordering = ("pk",)


class SectionViewSet(_NamedViewSet):
    serializer_class = SectionSerializer

    def is_same_for_all(self) -> bool:
        return True

    def get_queryset(self) -> QuerySet[Section]:
        return Section.objects.all()


class TagViewSet(_NamedViewSet):
    serializer_class = TagSerializer

    def get_queryset(self) -> QuerySet[Tag]:
        return Tag.objects.visible_to(self.request.user)


class AuthorViewSet(_NamedViewSet):
    serializer_class = AuthorSerializer

    def get_queryset(self) -> QuerySet[Author]:
        return Author.objects.visible_to(self.request.user)
