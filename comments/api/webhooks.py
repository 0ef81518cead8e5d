"""Chat webhooks over REST, for those who run the site: the same operations as the admin's."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.exceptions import NotAuthenticated, NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from articles.models.taxonomy import Section
from comments.models import ChatHook
from comments.models.permissions import may_run_the_site
from comments.notifications import chat
from newsreader.accounts.kept_answers import once_per_key
from newsreader.kit.rest import Given, Shared

EVENTS = list(chat.EVENTS)


class WebhookSerializer(serializers.ModelSerializer):
    """A chat room. Of its address only the host is shown; `failure` is the code of the last failure, or empty."""

    events = serializers.SerializerMethodField()
    sections: Any = serializers.SlugRelatedField(slug_field="slug", many=True, read_only=True)

    class Meta:
        model = ChatHook
        fields = [
            "id", "name", "host", "events", "sections", "is_active", "created_at", "delivered_at", "failing_since",
            "failure",
        ]  # fmt: skip

    def get_events(self, hook: ChatHook) -> list[str]:
        return chat.events_of(hook)


class NewWebhookSerializer(WebhookSerializer):
    """A chat room that was just added, with the secret of its signatures, which is never shown again."""

    secret = serializers.CharField()

    class Meta(WebhookSerializer.Meta):
        fields = [*WebhookSerializer.Meta.fields, "secret"]


class WebhookInput(Given):
    """A chat room: its name, its address (https), of what it is told, and in which sections, by slug; none: in all."""

    ignored = frozenset({"id", "host", "created_at", "delivered_at", "failing_since", "failure"})

    name = serializers.CharField(max_length=100)
    address = serializers.CharField(max_length=chat.LONGEST)
    events = serializers.ListField(child=serializers.ChoiceField(choices=EVENTS), min_length=1, required=False)
    sections: Any = serializers.SlugRelatedField(
        slug_field="slug", many=True, queryset=Section.objects.all(), required=False
    )
    is_active = serializers.BooleanField(required=False)


class WebhooksViewSet(Shared, viewsets.GenericViewSet):
    """Chat rooms that are told what moderators need to know."""

    serializer_class = WebhookSerializer
    takes = {"create": WebhookInput, "partial_update": WebhookInput}
    in_part = frozenset({"partial_update"})
    cursor_ordering = ("pk",)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not request.user.is_authenticated:
            raise NotAuthenticated()
        if not may_run_the_site(request.user):
            raise PermissionDenied()

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Never cached, not even by the browser: the answer to a POST holds a secret."""
        response["Cache-Control"] = "private, no-store"
        return super().finalize_response(request, response, *args, **kwargs)

    def get_queryset(self) -> Any:
        return ChatHook.objects.prefetch_related("sections")

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(WebhookSerializer(page, many=True).data)

    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(WebhookSerializer(self._hook(pk)).data)

    @extend_schema(responses={201: NewWebhookSerializer})
    @once_per_key
    def create(self, request: Request) -> Response:
        """Add a chat room. The answer has its `secret`, once."""
        hook, secret = chat.add(**self.given(request), by=self._user())
        hook.secret = secret  # type: ignore[attr-defined]
        response = Response(NewWebhookSerializer(hook).data, status=status.HTTP_201_CREATED)
        response.is_secret = True  # type: ignore[attr-defined]
        return response

    @extend_schema(responses={200: WebhookSerializer})
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change a chat room, whatever is given of it."""
        self._hook(pk)
        chat.change(pk, self.given(request), by=self._user())
        return Response(WebhookSerializer(self._hook(pk)).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Remove a chat room. It is told nothing any more."""
        if not chat.remove(pk, by=self._user()):
            raise NotFound()
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _hook(self, pk: int) -> ChatHook:
        hook = self.get_queryset().filter(pk=pk).first()
        if hook is None:
            raise NotFound()
        return hook

    def _user(self) -> Any:
        return self.request.user
