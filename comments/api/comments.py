"""Comments over REST: reading threads, replying, and changing one's own comments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

from django.core.files.storage import default_storage
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, status, viewsets
from rest_framework.exceptions import APIException, NotAuthenticated, NotFound, ParseError
from rest_framework.fields import empty
from rest_framework.request import Request
from rest_framework.response import Response

from articles.models.article import Article
from comments.audit.reason_texts import shown_status
from comments.authors.author_edits import edit_comment, withdraw_comment
from comments.discussion import branches, threads
from comments.errors import ForgeryRefused
from comments.models import Comment, CommentSettings
from comments.models.permissions import moderates_everything
from comments.posting.request_parsing import draft_of, visit_of
from comments.posting.submission import first_status, post_comment
from newsreader.kit import kept_json
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.errors import DomainError
from newsreader.kit.forgery import guest_may_be_forged
from newsreader.kit.idempotency import HEADER
from newsreader.kit.pagination import Cursor
from newsreader.kit.rest import Given, OfVersion, Shared
from newsreader.kit.times import over_rest
from newsreader.kit.web import absolute


class CommenterSerializer(serializers.Serializer):
    """Who left a comment, as they were at the time. Never an email address."""

    name = serializers.CharField()
    url = serializers.CharField()
    avatar = serializers.CharField()
    provider = serializers.CharField()
    is_staff = serializers.BooleanField()


REMOVED = {"name": "", "url": "", "avatar": "", "provider": "guest", "is_staff": False}
_UNKNOWN: tuple[dict[str, Any], dict[str, Any]] = ({}, {})  # what those who do not know a comment's text see of it


class CommentSerializer(serializers.ModelSerializer):
    """A comment. `text` and `version` are only for its author and for moderators.

    `reply_count` counts its direct replies, `version` the changes of its text.
    """

    root = serializers.SerializerMethodField()  # type: ignore[assignment]
    status = serializers.SerializerMethodField()
    author = serializers.SerializerMethodField()
    text = serializers.CharField(source="body", required=False)
    version = serializers.IntegerField(required=False)
    url = serializers.SerializerMethodField()

    class Meta:
        model = Comment
        fields = [
            "id", "article", "parent", "root", "depth", "status", "author", "html", "text", "created_at", "edited_at",
            "version", "reply_count", "url",
        ]  # fmt: skip

    def get_root(self, comment: Comment) -> int:
        return comment.root_id or comment.pk

    @extend_schema_field(serializers.ChoiceField(choices=Comment.Status.choices))
    def get_status(self, comment: Comment) -> str:
        if comment.status == Comment.Status.APPROVED or self._moderates:
            return comment.status
        return shown_status(comment) if self._is_own(comment) else Comment.Status.TRASH

    @extend_schema_field(CommenterSerializer)
    def get_author(self, comment: Comment) -> dict[str, Any]:
        return {
            "name": comment.shown_name,
            "url": comment.website,
            "avatar": absolute(default_storage.url(comment.avatar)) if comment.avatar else "",
            "provider": comment.provider or "guest",
            "is_staff": comment.by_staff,
        }

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, comment: Comment) -> str:
        return absolute(comment.permanent_url)

    def to_representation(self, comment: Comment) -> dict[str, Any]:
        """Write out the fields above by hand: going through them takes ten times as long, for every comment.

        Whoever sees neither its text nor its version may have a `branches.Row`.
        """
        knows = self._moderates or self._is_own(comment)
        is_shown = knows or comment.status == Comment.Status.APPROVED
        text, version = ({"text": comment.body}, {"version": comment.version}) if knows else _UNKNOWN
        return {
            "id": comment.pk,
            "article": comment.article_id,
            "parent": comment.parent_id,
            "root": comment.root_id or comment.pk,
            "depth": comment.depth,
            "status": self.get_status(comment),
            # A tombstone is shown only because of the replies under it.
            "author": self.get_author(comment) if is_shown else REMOVED,
            "html": comment.html if is_shown else "",
            **text,
            "created_at": over_rest(comment.created_at),
            "edited_at": over_rest(comment.edited_at) if is_shown else None,
            **version,
            "reply_count": comment.reply_count,
            "url": self.get_url(comment),
        }

    # Asked once for a whole list.

    @cached_property
    def _user(self) -> Any:
        return self.context["request"].user

    @cached_property
    def _moderates(self) -> bool:
        """Say whether the user moderates all comments. Authors who moderate their own articles use the queue."""
        return moderates_everything(self._user)

    @cached_property
    def _knows_own(self) -> bool:
        return self._user.is_authenticated

    def _is_own(self, comment: Comment) -> bool:
        if not self._knows_own:
            return False
        return bool(comment.identity and comment.identity.user_id == self._user.pk)


class OwnSerializer(CommentSerializer):
    """A comment for whoever has just left it, signed in or not."""

    def _is_own(self, comment: Comment) -> bool:
        return True


class RootSerializer(CommentSerializer):
    """A root comment with its first replies, in reading order; `more_replies` is how many are left out."""

    replies = serializers.SerializerMethodField()
    more_replies = serializers.SerializerMethodField()

    class Meta(CommentSerializer.Meta):
        fields = [*CommentSerializer.Meta.fields, "replies", "more_replies"]

    def to_representation(self, comment: Comment) -> dict[str, Any]:
        shown = super().to_representation(comment)
        shown["replies"] = replies = self.get_replies(comment)
        shown["more_replies"] = max(comment.thread_count - len(replies), 0)
        return shown

    @extend_schema_field(CommentSerializer(many=True))
    def get_replies(self, comment: Comment) -> Any:
        return list(map(super().to_representation, self._replies.get(comment.pk, ())))

    def get_more_replies(self, comment: Comment) -> int:
        return max(comment.thread_count - len(self._replies.get(comment.pk, ())), 0)

    @cached_property
    def _replies(self) -> dict[int, list[Comment]]:
        return self.context["replies"]


class PostedSerializer(CommentSerializer):
    """The comment just left; `status_url` is its status page, given when it waits."""

    status_url = serializers.URLField(required=False)

    class Meta(CommentSerializer.Meta):
        fields = [*CommentSerializer.Meta.fields, "status_url"]


class Typed(serializers.Field):
    """Text as it was sent; anything else counts as missing. The operation validates it."""

    def to_internal_value(self, data: Any) -> str:
        return data if isinstance(data, str) else ""

    def run_validation(self, data: Any = empty) -> Any:
        return "" if data is empty or data is None else self.to_internal_value(data)


@extend_schema_field({"type": ["integer", "null"]})
class Parent(Typed):
    """A comment's id. Anything that is not a number is an unknown comment."""

    def to_internal_value(self, data: Any) -> str:
        return str(data)[:40]


@extend_schema_field(OpenApiTypes.STR)
class Words(Typed):
    """A text field of the form."""


@extend_schema_field({"type": "string", "enum": ["none", "replies", "all"]})
class Notify(Typed):
    """What the author wants to be told by mail; anything else is `none`."""


# What only the site itself sets of a comment.
SET_BY_THE_SITE = frozenset(
    {"id", "article", "root", "depth", "status", "author", "html", "created_at", "edited_at", "reply_count", "url"}
)


class CommentInput(Given):
    """A reply. Name, email and website are ignored for a signed-in commenter."""

    ignored = SET_BY_THE_SITE

    text = Words(required=False)
    parent = Parent(required=False)  # type: ignore[assignment]
    name = Words(required=False)
    email = Words(required=False)
    website = Words(required=False)
    notify = Notify(required=False)


class EditInput(OfVersion):
    """Another text of one's own comment."""

    ignored = SET_BY_THE_SITE | {"parent"}

    text = serializers.CharField(allow_blank=True, trim_whitespace=False)


_published = Compiled(lambda pk: Article.objects.published().filter(pk=pk).values_list("pk")[:1])


@Compiled
def _under_published(pk: int) -> QuerySet[Comment]:
    return Comment.objects.filter(article__state=Article.State.PUBLISHED, pk=pk)


@Compiled
def _first_under(root_id: int, *, size: int) -> QuerySet[Comment]:
    return Comment.objects.approved().filter(root=root_id).over_rest().in_order()[:size]


_public = Compiled(lambda pk: Comment.objects.public().over_rest(for_anybody=True).filter(pk=pk))


class ArticleCommentsView(Shared, viewsets.GenericViewSet):
    """An article's discussion."""

    serializer_class = RootSerializer
    takes = {"create": CommentInput}
    is_first_page = False
    replies: dict[int, list[Any]]  # by the id of their root

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Look for the article before checking the token, as the page does."""
        self.refuse_other_methods(request)
        self.is_first_page = request.method in {"GET", "HEAD"} and Cursor.cursor_query_param not in request.query_params
        if not self.is_first_page:
            self._look_for_article()
        with self._refusing():
            super().initial(request, *args, **kwargs)

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        """Say first that an article is not there: a first page finds it with its comments, after all else."""
        try:
            yield
        except (APIException, DomainError):
            if self.is_first_page:
                self._look_for_article()
            raise

    def _look_for_article(self) -> None:
        if not _published(self.kwargs["article_id"]):
            raise Http404

    _orders = {"oldest": ("path",), "newest": ("-path",)}
    filters = [OpenApiParameter("sort", OpenApiTypes.STR, enum=list(_orders), description="Order of the roots.")]

    @property
    def cursor_ordering(self) -> tuple[str, ...]:
        return self._orders[self._sort()]

    def _sort(self) -> str:
        sort = self.request.query_params.get("sort", "oldest")
        if sort not in self._orders:
            raise ParseError("sort must be oldest or newest.", code="invalid_sort")
        return sort

    def get_queryset(self) -> QuerySet[Comment]:
        return Comment.objects.filter(article=self.kwargs["article_id"]).roots().for_display()

    def first_rows(self, how_many: int) -> list[Any]:
        """Read the first roots, and their replies with them."""
        read = branches.for_members if self.request.user.is_authenticated else branches.for_anybody
        is_newest = self.cursor_ordering == self._orders["newest"]
        roots, self.replies = read(self.kwargs["article_id"], how_many, backwards=is_newest)
        if not roots:
            self._look_for_article()
        return roots

    def list(self, request: Request, article_id: int) -> HttpResponse:
        """Roots, each with its first replies."""
        with self._refusing():
            roots = self.paginate_queryset(Comment.objects.all() if self.is_first_page else self.get_queryset()) or []
        if not self.is_first_page:
            self.replies = threads.first_replies(roots, CommentSettings.objects.current().replies_shown)
        write = RootSerializer(context={**self.get_serializer_context(), "replies": self.replies}).to_representation
        if not self.is_first_page or request.user.is_authenticated:
            return self.get_paginated_response(list(map(write, roots)))
        rows = [((root, *self.replies.get(root.pk, ())), partial(write, root)) for root in roots]
        return kept_json.answer(request, cast(Cursor, self.paginator).contents, rows)

    @extend_schema(responses={201: PostedSerializer})
    def create(self, request: Request, article_id: int) -> HttpResponse:
        """Leave a reply."""
        typed = self.given(request)  # Anything but JSON is refused first.
        if not request.user.is_authenticated and guest_may_be_forged(request._request):
            raise ForgeryRefused()
        key = request.headers.get(HEADER, "")
        comment = post_comment(draft_of(request._request, article_id, typed, key=key, channel=Comment.Channel.API))
        body = OwnSerializer(comment, context=self.get_serializer_context()).data
        body["status"] = Comment.Status.APPROVED
        if first_status(comment) != Comment.Status.APPROVED:
            body |= {"status": Comment.Status.PENDING, "status_url": absolute(comment.status_url)}
        location = absolute(f"/api/v1/comments/{comment.pk}/")
        return self.of_version(
            _thing(comment.pk), comment.version, body, status=status.HTTP_201_CREATED, headers={"Location": location}
        )


def _thing(pk: int) -> str:
    return f"comment-{pk}"


class CommentViewSet(Shared, viewsets.GenericViewSet):
    """One comment: the public part for everybody, the rest for its author and for moderators."""

    serializer_class = CommentSerializer
    cursor_ordering = ("path",)
    takes = {"partial_update": EditInput, "destroy": OfVersion}
    lists = frozenset({"replies"})

    def get_queryset(self) -> QuerySet[Comment]:
        return Comment.objects.visible_to(self.request.user).for_display()

    def retrieve(self, request: Request, pk: int) -> HttpResponse:
        return self._answer(self._found(pk))

    def _answer(self, comment: Comment) -> HttpResponse:
        return self.of_version(_thing(comment.pk), comment.version, self.get_serializer(comment).data)

    def _found(self, pk: int) -> Comment:
        if not self.request.user.is_authenticated:
            if comment := _public.first(pk):
                return comment
            raise NotFound()
        return get_object_or_404(self.get_queryset(), pk=pk)

    @extend_schema(responses=CommentSerializer(many=True), operation_id="comments_replies_list")
    def replies(self, request: Request, pk: int) -> Response:
        """Everything under a comment, in reading order."""
        top = _under_published.first(pk)
        if top is None or not threads.stands(top):
            raise NotFound()
        if top.parent_id is None:
            self.first_rows = lambda how_many: _first_under(pk, size=how_many)
        page = self.paginate_queryset(threads.descendants(top).over_rest())
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(responses=CommentSerializer)
    def partial_update(self, request: Request, pk: int) -> HttpResponse:
        """Change one's own comment, as long as the site's settings allow."""
        self._signed()
        try:
            values, visit = self.given(request), visit_of(request._request, {})
            wanted = self.wanted_versions(request, _thing(pk), values)
            return self._answer(edit_comment(pk, values["text"], by=self._user(), visit=visit, versions=wanted))
        except Comment.DoesNotExist:
            raise NotFound() from None
        except (APIException, DomainError):
            # What they do not see is not there, whatever else is wrong. Asked first, it took a seventh of the time.
            self._found(pk)
            raise

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Withdraw one's own comment."""
        self._signed()
        wanted = self.wanted_versions(request, _thing(pk), self.given(request))
        withdraw_comment(self._found(pk).pk, by=self._user(), versions=wanted)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _signed(self) -> None:
        if not self.request.user.is_authenticated:
            raise NotAuthenticated()

    def _user(self) -> Any:
        return self.request.user
