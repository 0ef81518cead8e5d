"""Articles, sections, tags and authors over REST: reading for everybody, writing for editors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypedDict

from django.conf import settings
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.module_loading import import_string
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from articles import pictures, publishing, search
from articles.models.article import Article, SourceAttribution
from articles.models.pictures import Picture
from articles.models.querysets import ArticleQuerySet
from articles.models.taxonomy import Author, Section, Tag
from articles.writing import write
from newsreader.kit.rest import Shared, moment
from newsreader.kit.web import absolute


class NamedSerializer(serializers.ModelSerializer):
    """Something with a name and a page of its own."""

    url = serializers.SerializerMethodField()

    class Meta:
        fields = ["id", "url", "slug", "name"]

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, row: Any) -> str:
        return absolute(row.get_absolute_url())


class SectionSerializer(NamedSerializer):
    class Meta(NamedSerializer.Meta):
        model = Section
        fields = [*NamedSerializer.Meta.fields, "description"]


class TagSerializer(NamedSerializer):
    class Meta(NamedSerializer.Meta):
        model = Tag


class AuthorSerializer(NamedSerializer):
    class Meta(NamedSerializer.Meta):
        model = Author
        fields = [*NamedSerializer.Meta.fields, "biography"]


class BylineSerializer(serializers.Serializer):
    """An author as named over an article."""

    id = serializers.IntegerField(source="author.pk")
    url = serializers.SerializerMethodField()
    slug = serializers.CharField(source="author.slug")
    name = serializers.CharField(source="author.name")
    role = serializers.CharField()

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, byline: Any) -> str:
        return absolute(byline.author.get_absolute_url())


class SourceSerializer(serializers.ModelSerializer):
    class Meta:
        model = SourceAttribution
        fields = ["name", "url", "kind"]


class PictureCopy(TypedDict):
    """A smaller copy of a picture: absolute address, width in pixels, media type."""

    url: str
    width: int
    type: str


class PictureSerializer(serializers.ModelSerializer):
    url = serializers.SerializerMethodField()
    sizes = serializers.SerializerMethodField()

    class Meta:
        model = Picture
        fields = ["id", "url", "width", "height", "alternative_text", "caption", "credit", "sizes"]

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, picture: Picture) -> str:
        return absolute(picture.file.url)

    def get_sizes(self, picture: Picture) -> list[PictureCopy]:
        return [
            {"url": absolute(url), "width": width, "type": f"image/{form.replace('jpg', 'jpeg')}"}
            for form in pictures.forms_of(picture)
            for url, width in pictures.copies(picture, form)
        ]


class ArticleSerializer(serializers.ModelSerializer):
    """An article as readers see it."""

    url = serializers.SerializerMethodField()
    html = serializers.CharField(source="body")
    section = SectionSerializer(allow_null=True)
    tags = TagSerializer(many=True)
    authors = BylineSerializer(many=True, source="bylines")
    sources = SourceSerializer(many=True)
    picture = PictureSerializer(source="lead_picture", allow_null=True)
    comments_open = serializers.SerializerMethodField()

    class Meta:
        model = Article
        fields = [
            "id", "url", "slug", "kind", "headline", "standfirst", "html", "section", "tags", "authors", "sources",
            "picture", "published_at", "updated_at", "comment_count", "comments_open",
        ]  # fmt: skip

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, article: Article) -> str:
        return absolute(article.get_absolute_url())

    def get_comments_open(self, article: Article) -> bool:
        days = self.context["close_comments_after_days"]
        return article.state == Article.State.PUBLISHED and article.comments_open(days[article.pk])


class DeskArticleSerializer(ArticleSerializer):
    """An article as seen by those who may change it."""

    class Meta(ArticleSerializer.Meta):
        fields = [*ArticleSerializer.Meta.fields, "state", "scheduled_for", "revision"]


class ArticleInput(serializers.Serializer):
    """What editors write. `tags` are names, created where new; `authors` and `section` are slugs."""

    kind = serializers.ChoiceField(choices=Article.Kind.choices, required=False)
    headline = serializers.CharField(max_length=300)
    slug = serializers.SlugField(max_length=200, allow_unicode=True, required=False)
    standfirst = serializers.CharField(allow_blank=True, required=False, max_length=2_000)
    html = serializers.CharField(source="body", allow_blank=True, required=False, max_length=300_000)
    language = serializers.CharField(allow_blank=True, required=False, max_length=10)
    section = serializers.SlugRelatedField(
        slug_field="slug", queryset=Section.objects.all(), allow_null=True, required=False
    )
    tags = serializers.ListField(
        child=serializers.CharField(allow_blank=True, trim_whitespace=False), required=False, max_length=200
    )
    authors = serializers.ListField(child=serializers.CharField(max_length=200), required=False, max_length=50)
    sources = SourceSerializer(many=True, required=False)
    comments_open = serializers.BooleanField(source="takes_comments", required=False)
    state = serializers.ChoiceField(choices=Article.State.choices, required=False)
    scheduled_for = serializers.DateTimeField(required=False, allow_null=True)

    def validate_authors(self, slugs: list[str]) -> list[Author]:
        found = {author.slug: author for author in Author.objects.filter(slug__in=slugs)}
        if missing := [slug for slug in slugs if slug not in found]:
            raise serializers.ValidationError(f"There is no author {missing[0]!r}.", code="does_not_exist")
        return [found[slug] for slug in dict.fromkeys(slugs)]


def _text(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.STR, description=description)


class ArticleViewSet(Shared, viewsets.GenericViewSet):
    """Published articles, newest first; editors write them."""

    serializer_class = ArticleSerializer
    cursor_ordering = ("-published_at", "-pk")

    def get_queryset(self) -> QuerySet[Article]:
        return Article.objects.visible_to(self.request.user).for_page()

    @extend_schema(
        parameters=[
            _text("section", "Slug of a section."),
            _text("tag", "Slug of a tag."),
            _text("author", "Slug of an author."),
            _text("q", f"Words, or phrases in quotation marks. Of what matches the newest {search.RANKED}."),
            _text("published_after", "A time: published then or later."),
            _text("published_before", "A time: published earlier."),
        ]
    )
    def list(self, request: Request) -> Response:
        articles = self._narrowed(Article.objects.published().articles().for_page(), request)
        page = self.paginate_queryset(articles) or []
        return self.get_paginated_response(ArticleSerializer(page, many=True, context=self._closing(page)).data)

    def _narrowed(self, articles: ArticleQuerySet, request: Request) -> ArticleQuerySet:
        wanted = request.query_params
        if section := wanted.get("section"):
            articles = articles.filter(section__slug=section)
        if tag := wanted.get("tag"):
            articles = articles.filter(tags__slug=tag)
        if author := wanted.get("author"):
            articles = articles.filter(
                pk__in=Article.authors.through.objects.filter(author__slug=author).values("article")
            )
        after, before = wanted.get("published_after"), wanted.get("published_before")
        span = search.Span(
            moment(after, "published_after") if after else None, moment(before, "published_before") if before else None
        )
        if query := wanted.get("q"):
            articles = articles.filter(pk__in=search.newest(articles, query, span=span))
        return span.of(articles)

    def retrieve(self, request: Request, pk: int) -> Response:
        article = get_object_or_404(self.get_queryset(), pk=pk)
        return Response(self._serializer(article).data)

    @extend_schema(request=ArticleInput, responses={201: DeskArticleSerializer})
    def create(self, request: Request) -> Response:
        self._require("articles.add_article")
        form = ArticleInput(data=request.data)
        form.is_valid(raise_exception=True)
        article = write(form.validated_data, by=self._user())
        location = absolute(f"/api/v1/articles/{article.pk}/")
        return Response(self._for_editors(article), status=status.HTTP_201_CREATED, headers={"Location": location})

    @extend_schema(request=ArticleInput, responses=DeskArticleSerializer)
    def partial_update(self, request: Request, pk: int) -> Response:
        article = self._own(pk, "articles.change_article")
        form = ArticleInput(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        return Response(self._for_editors(write(form.validated_data, by=self._user(), article=article)))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Withdraw the article. Nothing is deleted, least of all its comments."""
        article = self._own(pk, "articles.publish_article")
        publishing.withdraw(article.pk)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _closing(self, articles: Iterable[Article]) -> dict[str, Any]:
        """Return the serializer context, with when the comments of these articles close."""
        days = import_string(settings.CLOSE_COMMENTS_AFTER_DAYS)([article.pk for article in articles])
        return {**self.get_serializer_context(), "close_comments_after_days": days}

    def _for_editors(self, article: Article) -> Any:
        return DeskArticleSerializer(article, context=self._closing([article])).data

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

    def _serializer(self, article: Article) -> ArticleSerializer:
        desk = self.request.user.has_perm("articles.change_article")
        shown = DeskArticleSerializer if desk else ArticleSerializer
        return shown(article, context=self._closing([article]))


class _NamedViewSet(Shared, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    lookup_field = "slug"
    cursor_ordering = ("pk",)


class SectionViewSet(_NamedViewSet):
    serializer_class = SectionSerializer

    def get_queryset(self) -> QuerySet[Section]:
        return Section.objects.all()


class TagViewSet(_NamedViewSet):
    serializer_class = TagSerializer

    def get_queryset(self) -> QuerySet[Tag]:
        return Tag.objects.all()


class AuthorViewSet(_NamedViewSet):
    serializer_class = AuthorSerializer

    def get_queryset(self) -> QuerySet[Author]:
        return Author.objects.all()
