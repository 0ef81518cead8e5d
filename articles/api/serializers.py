"""What REST shows of articles, sections, tags and authors, and what it takes of editors.

What is shown in lists is written out by hand, in `to_representation`: going through the fields takes ten times as long.
The fields say the same to the schema, and a test compares both.
"""

from __future__ import annotations

from typing import Any, ClassVar, TypedDict

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from articles import corrections, pictures
from articles.api.reading import Named
from articles.models.article import Article, Correction, SourceAttribution, comments_open
from articles.models.pictures import Picture
from articles.models.taxonomy import Author, Section, Tag
from newsreader.kit.kept import Kept, columns
from newsreader.kit.rest import Given, OfVersion
from newsreader.kit.rest_fields import Time
from newsreader.kit.times import over_rest
from newsreader.kit.web import absolute


class NamedSerializer(serializers.ModelSerializer):
    """Something with a name and a page of its own."""

    url = serializers.SerializerMethodField()

    class Meta:
        fields = ["id", "url", "slug", "name"]

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, row: Any) -> str:
        return absolute(row.get_absolute_url())

    def to_representation(self, row: Any) -> dict[str, Any]:
        return {"id": row.pk, "url": self.get_url(row), "slug": row.slug, "name": row.name}


class SectionSerializer(NamedSerializer):
    class Meta(NamedSerializer.Meta):
        model = Section
        fields = [*NamedSerializer.Meta.fields, "description"]

    def to_representation(self, section: Section) -> dict[str, Any]:
        return super().to_representation(section) | {"description": section.description}


class TagSerializer(NamedSerializer):
    class Meta(NamedSerializer.Meta):
        model = Tag


class AuthorSerializer(NamedSerializer):
    class Meta(NamedSerializer.Meta):
        model = Author
        fields = [*NamedSerializer.Meta.fields, "biography"]

    def to_representation(self, author: Author) -> dict[str, Any]:
        return super().to_representation(author) | {"biography": author.biography}


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


class CorrectionSerializer(serializers.ModelSerializer):
    """What readers were told about an error, as plain text, and when."""

    class Meta:
        model = Correction
        fields = ["id", "at", "text"]


class PictureCopy(TypedDict):
    """A smaller copy of a picture: absolute address, width in pixels, media type."""

    url: str
    width: int
    type: str


_pictures: Kept[dict[str, Any]] = Kept(most=2 * 1024 * 1024)  # bytes


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

    def to_representation(self, picture: Picture) -> dict[str, Any]:
        """Its addresses are kept under all that they are made of: a storage takes 0.2 ms for those of one picture."""
        key = repr((settings.SITE_URL, columns(picture)))
        shown = _pictures.get(key)
        if shown is None:
            shown = {
                "id": picture.pk,
                "url": self.get_url(picture),
                "width": picture.width,
                "height": picture.height,
                "alternative_text": picture.alternative_text,
                "caption": picture.caption,
                "credit": picture.credit,
                "sizes": self.get_sizes(picture),
            }
            _pictures.put(key, shown, len(key) + len(repr(shown)))
        return shown


_section, _picture = SectionSerializer().to_representation, PictureSerializer().to_representation


class ArticleSerializer(serializers.ModelSerializer):
    """An article as readers see it."""

    # The context holds `close_comments_after_days` and `lists` (`articles.api.reading.lists_of`) by the article's id.

    url = serializers.SerializerMethodField()
    html = serializers.CharField(source="body")
    section = SectionSerializer(allow_null=True)
    tags = TagSerializer(many=True)
    authors = BylineSerializer(many=True, source="bylines")
    sources = SourceSerializer(many=True)
    corrections = CorrectionSerializer(many=True)
    picture = PictureSerializer(source="lead_picture", allow_null=True)
    comments_open = serializers.SerializerMethodField()

    class Meta:
        model = Article
        fields = [
            "id", "url", "slug", "kind", "headline", "standfirst", "html", "section", "tags", "authors", "sources",
            "picture", "published_at", "updated_at", "corrections", "comment_count", "comments_open", "version",
        ]  # fmt: skip

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, article: Article) -> str:
        return absolute(article.get_absolute_url())

    def get_comments_open(self, article: Article) -> bool:
        days = self.context["close_comments_after_days"]
        return article.state == Article.State.PUBLISHED and comments_open(article, days[article.pk])

    def to_representation(self, article: Article) -> dict[str, Any]:
        authors, tags, sources, corrected = self.context["lists"][article.pk]
        return {
            "id": article.pk,
            "url": self.get_url(article),
            "slug": article.slug,
            "kind": article.kind,
            "headline": article.headline,
            "standfirst": article.standfirst,
            "html": article.body,
            "section": _section(article.section) if article.section else None,
            "tags": [_named(Tag, tag) for tag in tags],
            "authors": [_named(Author, author) | {"role": author.role} for author in authors],
            "sources": [source._asdict() for source in sources],
            "picture": _picture(article.lead_picture) if article.lead_picture else None,
            "published_at": over_rest(article.published_at),
            "updated_at": over_rest(article.updated_at),
            "corrections": [{"id": row.pk, "at": over_rest(row.at), "text": row.text} for row in corrected],
            "comment_count": article.comment_count,
            "comments_open": self.get_comments_open(article),
            "version": article.version,
        }


def _named(kind: type[Tag | Author], row: Named) -> dict[str, Any]:
    return {"id": row.pk, "url": absolute(kind.address(row.slug)), "slug": row.slug, "name": row.name}


class DeskArticleSerializer(ArticleSerializer):
    """An article as seen by those who may change it."""

    class Meta(ArticleSerializer.Meta):
        fields = [*ArticleSerializer.Meta.fields, "state", "scheduled_for"]

    def to_representation(self, article: Article) -> dict[str, Any]:
        more = {"state": article.state, "scheduled_for": over_rest(article.scheduled_for)}
        return super().to_representation(article) | more


class SourceInput(Given, SourceSerializer):
    """A source as editors name it."""


class ArticleInput(OfVersion):
    """What editors write. `tags` are names, created where new; `authors` and `section` are slugs."""

    ignored: ClassVar[frozenset[str]] = frozenset(
        {"id", "url", "published_at", "updated_at", "corrections", "comment_count"}
    )

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
    sources = SourceInput(many=True, required=False)
    comments_open = serializers.BooleanField(source="takes_comments", required=False)
    state = serializers.ChoiceField(choices=Article.State.choices, required=False)
    scheduled_for = Time(required=False, allow_null=True)

    def validate_authors(self, slugs: list[str]) -> list[Author]:
        found = {author.slug: author for author in Author.objects.filter(slug__in=slugs)}
        if missing := [slug for slug in slugs if slug not in found]:
            raise serializers.ValidationError(f"There is no author {missing[0]!r}.", code="does_not_exist")
        return [found[slug] for slug in dict.fromkeys(slugs)]


class CorrectionInput(OfVersion):
    """What readers are to be told. `version` is the article's."""

    ignored: ClassVar[frozenset[str]] = frozenset({"id", "at"})

    text = serializers.CharField(max_length=corrections.LENGTH)
