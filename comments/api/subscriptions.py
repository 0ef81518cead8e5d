"""What the account behind this session is told by mail, and how, over REST: the same operations as the pages."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, cast

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status, viewsets
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from comments.authors.following import find
from comments.models import MailPreferences, Subscription
from comments.notifications import subscriptions
from comments.notifications.subscriptions import Choice, NotFollowed, NoVerifiedAddress
from newsreader.accounts.identities import verified_address
from newsreader.accounts.kept_answers import once_per_key
from newsreader.kit.errors import FieldError, Invalid
from newsreader.kit.numbers import LARGEST_ID
from newsreader.kit.rest import Given, Shared, Signed
from newsreader.kit.web import absolute
from newsreader.mailing.tokens import folded

SUBJECTS = {"replies": "comment", "article": "article", "corrections": "article", "section": "section",
            "author": "author"}  # fmt: skip


class SubscriptionSerializer(serializers.ModelSerializer):
    """What the account's verified address is told; `active` is false once it was ended."""

    section = serializers.SlugField(source="section.slug", default=None)
    author = serializers.SlugField(source="author.slug", default=None)
    article = serializers.SerializerMethodField()
    active = serializers.SerializerMethodField()

    class Meta:
        model = Subscription
        fields = ["id", "scope", "comment", "article", "section", "author", "active", "created_at"]

    @extend_schema_field({"type": ["integer", "null"]})
    def get_article(self, row: Subscription) -> int | None:
        return row.comment.article_id if row.scope == Subscription.Scope.REPLIES and row.comment else row.article_id

    def get_active(self, row: Subscription) -> bool:
        return row.ended_at is None


class SubscriptionInput(Given):
    """What is to be told: a scope, and the id of the comment or article, or the slug of the section or author."""

    ignored = frozenset({"id", "active", "created_at"})

    scope = serializers.ChoiceField(choices=Subscription.Scope.choices)
    comment = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=LARGEST_ID)
    article = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=LARGEST_ID)
    section = serializers.CharField(required=False, allow_null=True, max_length=200)
    author = serializers.CharField(required=False, allow_null=True, max_length=200)


class SwitchInput(Given):
    """Whether it is told."""

    ignored = frozenset({"id", "scope", "comment", "article", "section", "author", "created_at"})

    active = serializers.BooleanField()


class SubscriptionViewSet(Shared, viewsets.GenericViewSet):
    """One's own subscriptions, at the account's verified address."""

    permission_classes = [Signed]
    serializer_class = SubscriptionSerializer
    cursor_ordering = ("-pk",)
    takes = {"create": SubscriptionInput, "partial_update": SwitchInput}

    def get_queryset(self) -> QuerySet[Subscription]:
        rows = Subscription.objects.filter(preferences__folded=folded(verified_address(self._user())) or "-")
        return rows.select_related("section", "author", "comment").defer(
            "comment__body", "comment__html", "comment__search_terms"
        )

    def list(self, request: Request) -> Response:
        """All that is told, and what was ended, newest first."""
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, pk: int) -> Response:
        return self._answer(self._found(pk))

    @extend_schema(responses={201: SubscriptionSerializer})
    @once_per_key
    def create(self, request: Request) -> Response:
        """Subscribe."""
        given = self.given(request)
        reader = subscriptions.reader_of(self._user())
        if not reader.is_theirs:
            raise NoVerifiedAddress()
        field = SUBJECTS[given["scope"]]
        try:
            name = given.get(field) or 0
            named: dict[str, Any] = {"slug": name} if isinstance(name, str) else {"pk": name}
            wish = find(given["scope"], **named, by=self._user()).wish
        except NotFollowed:
            sentence = "There is nothing of this name that could be followed."
            raise Invalid([FieldError(field, "does_not_exist", sentence)]) from None
        begun = subscriptions.subscribe(reader, wish)
        if not begun:  # No mail can be sent there.
            raise NoVerifiedAddress()
        (row,) = begun
        location = {"Location": absolute(f"/api/v1/subscriptions/{row.pk}/")}
        return Response(self.get_serializer(row).data, status=status.HTTP_201_CREATED, headers=location)

    def partial_update(self, request: Request, pk: int) -> Response:
        """End it, or begin it again."""
        on = self.given(request)["active"]
        switch = subscriptions.resume if on else subscriptions.end
        switch(self._address(pk), pk)
        return self._answer(self._found(pk))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """End it."""
        subscriptions.end(self._address(pk), pk)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _answer(self, row: Subscription) -> Response:
        return Response(self.get_serializer(row).data)

    def _found(self, pk: int) -> Subscription:
        row = self.get_queryset().filter(pk=pk).first() if pk <= LARGEST_ID else None
        if row is None:
            raise NotFound()
        return row

    def _address(self, pk: int) -> str:
        return self._found(pk).preferences.folded

    def _user(self) -> Any:
        return self.request.user


class MailPreferencesSerializer(serializers.ModelSerializer):
    """How the account's verified address wants its emails. Times of day are in `zone`; empty: the site's."""

    stopped = serializers.SerializerMethodField()

    class Meta:
        model = MailPreferences
        fields = ["address", "frequency", "hour", "quiet_from", "quiet_until", "zone", "own_comments", "stopped"]

    def get_stopped(self, row: MailPreferences) -> bool:
        return row.stopped_at is not None


class MailPreferencesInput(Given):
    """How emails are wanted: what is left out stays as it is. Quiet hours end with both of them null."""

    ignored = frozenset({"address", "stopped"})

    frequency = serializers.ChoiceField(choices=MailPreferences.Frequency.choices)
    hour = serializers.IntegerField(min_value=0, max_value=23)
    quiet_from = serializers.TimeField(allow_null=True)
    quiet_until = serializers.TimeField(allow_null=True)
    zone = serializers.CharField(allow_blank=True, max_length=64)
    own_comments = serializers.BooleanField()


class MailPreferencesView(Shared, viewsets.GenericViewSet):
    """How one's emails come: at once, or in one email a day or a week, and not in quiet hours."""

    permission_classes = [Signed]
    serializer_class = MailPreferencesSerializer
    takes = {"partial_update": MailPreferencesInput}
    in_part = frozenset({"partial_update"})

    def retrieve(self, request: Request) -> Response:
        return Response(self.get_serializer(self._row()).data)

    def partial_update(self, request: Request) -> Response:
        """Change how; what waits is sent when the new choice says."""
        given, row = self.given(request), self._row()
        choice = Choice(**{field.name: given.get(field.name, getattr(row, field.name)) for field in fields(Choice)})
        return Response(self.get_serializer(subscriptions.change(row.address, choice)).data)

    def _row(self) -> MailPreferences:
        address = verified_address(cast(Any, self.request.user))
        if not address:
            raise NoVerifiedAddress()
        found = MailPreferences.objects.filter(folded=folded(address)).first()
        return found or MailPreferences(address=address)
