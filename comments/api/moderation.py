"""Moderation over REST: the queue, decisions about one comment or many, and undoing them.

The same operations as the desk's pages, with the same permissions.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, status, viewsets
from rest_framework.exceptions import NotAuthenticated, NotFound, ParseError, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from comments.api.comments import CommentSerializer
from comments.audit.reason_texts import worded
from comments.desk.filters import NAMES, OLDEST_FIRST, VIEWS, Filter
from comments.models import Batch, Comment, Decision
from comments.models.permissions import may_moderate, moderates_everything
from comments.models.querysets import CommentQuerySet
from comments.moderation import batches, undoing
from comments.moderation.decisions import decide
from newsreader.accounts.kept_answers import once_per_key
from newsreader.kit.client_address import client_address
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.errors import UnknownParameters
from newsreader.kit.numbers import LARGEST_ID, read_id
from newsreader.kit.rest import Given, Shared
from newsreader.kit.times import over_rest

MANY = 10_000  # ids in one request; use the filter for more


class ReasonSerializer(serializers.Serializer):
    """A reason: a code for programs, and a sentence for people in the requested language."""

    code = serializers.CharField()
    params = serializers.DictField(default=dict)
    sentence = serializers.SerializerMethodField()

    def get_sentence(self, reason: dict[str, Any]) -> str:
        return worded([reason])[0]


def _with_sentences(reasons: list[dict[str, Any]]) -> list[dict[str, Any]]:
    sentences = worded(reasons)
    return [
        {"code": reason["code"], "params": reason.get("params") or {}, "sentence": sentence}
        for reason, sentence in zip(reasons, sentences, strict=True)
    ]


class DecisionSerializer(serializers.ModelSerializer):
    """One change of status: by whom (an account's id) or by which rule, from, to, why, when."""

    batch = serializers.UUIDField(source="batch_id", allow_null=True, required=False)
    reasons = ReasonSerializer(many=True)

    class Meta:
        model = Decision
        fields = ["number", "batch", "by", "source", "before", "after", "reasons", "created_at"]

    def to_representation(self, decision: Decision) -> dict[str, Any]:
        """Write out the fields above by hand, as `CommentSerializer` does."""
        return {
            "number": decision.number,
            "batch": str(decision.batch_id) if decision.batch_id else None,
            "by": decision.by_id,
            "source": decision.source,
            "before": decision.before,
            "after": decision.after,
            "reasons": _with_sentences(decision.reasons),
            "created_at": over_rest(decision.created_at),
        }


class DecisionInput(Given):
    """`reason` is the code of an offered reason. The trash needs one, or the answer is 422 `reason_required`."""

    status = serializers.ChoiceField(choices=Comment.Status.choices)
    reason = serializers.CharField(allow_blank=True, required=False, default="")


class OneInput(DecisionInput):
    """A decision about one comment.

    `seen` may give the number of the last decision that was shown, 0 for none. Where somebody else has decided
    otherwise since, nothing changes, and the answer is 409 with the code `decided_meanwhile`.
    """

    seen = serializers.IntegerField(min_value=0, required=False)


class QueuedSerializer(CommentSerializer):
    """A comment as moderators see it, with why it waits and with its author's connection data.

    `seen` is the number of its last decision, to be sent with one's own.
    """

    reasons = serializers.SerializerMethodField()
    seen = serializers.SerializerMethodField()
    email = serializers.SerializerMethodField()
    address = serializers.SerializerMethodField()

    class Meta(CommentSerializer.Meta):
        fields = [*CommentSerializer.Meta.fields, "reasons", "seen", "email", "address"]

    def to_representation(self, comment: Comment) -> dict[str, Any]:
        return super().to_representation(comment) | {
            "reasons": self.get_reasons(comment),
            "seen": self.get_seen(comment),
            "email": self.get_email(comment),
            "address": self.get_address(comment),
        }

    def get_status(self, comment: Comment) -> str:
        return comment.status

    @property
    def _moderates(self) -> bool:
        return True

    @extend_schema_field(ReasonSerializer(many=True))
    def get_reasons(self, comment: Comment) -> Any:
        decisions = list(comment.decisions.all())
        return _with_sentences(decisions[-1].reasons if decisions else [])

    def get_seen(self, comment: Comment) -> int:
        decisions = list(comment.decisions.all())
        return decisions[-1].number if decisions else 0

    def get_email(self, comment: Comment) -> str:
        return comment.connection_data.email if hasattr(comment, "connection_data") else ""

    def get_address(self, comment: Comment) -> str:
        return comment.connection_data.shown_address if hasattr(comment, "connection_data") else ""


class _ModeratorsViewSet(Shared, viewsets.GenericViewSet):
    """For moderators of all comments, or of those under their own articles."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not request.user.is_authenticated:
            raise NotAuthenticated()
        if not may_moderate(request.user):
            raise PermissionDenied()

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Never cached, not even by the moderator's own browser: answers hold IP addresses and reasons."""
        response["Cache-Control"] = "private, no-store"
        return super().finalize_response(request, response, *args, **kwargs)

    def get_queryset(self) -> CommentQuerySet:
        return Comment.objects.moderated_by(self.request.user).for_display()

    def _moderates(self, pk: int) -> bool:
        """Say whether there is this comment, and they may decide about it."""
        user = self._user()
        if moderates_everything(user):
            return _is_there.first(pk) is not None
        return bool(Comment.objects.moderated_by(user).filter(pk=pk).exists())

    def _user(self) -> Any:
        return self.request.user


_is_there = Compiled(lambda pk: Comment.objects.filter(pk=pk).values_list("pk"))


class DecisionsViewSet(_ModeratorsViewSet):
    """The decisions about a comment, and deciding."""

    serializer_class = DecisionSerializer
    takes = {"create": OneInput}
    cursor_ordering = ("number",)

    def list(self, request: Request, pk: int) -> Response:
        comment = get_object_or_404(self.get_queryset(), pk=pk)
        page = self.paginate_queryset(comment.decisions.all())
        return self.get_paginated_response(DecisionSerializer(page, many=True).data)

    @extend_schema(responses={200: DecisionSerializer, 201: DecisionSerializer})
    @once_per_key
    def create(self, request: Request, pk: int) -> Response:
        """Decide: 201 with the decision; 200 with the last one where the comment already has that status.

        409 where somebody else has decided otherwise since the decision that was `seen`.
        """
        if not self._moderates(pk):
            raise NotFound()
        decision = decide(pk, by=self._user(), **self.given(request))
        if decision is None:
            last = Decision.objects.filter(comment=pk).order_by("-number").first()
            return Response(DecisionSerializer(last).data)
        return Response(DecisionSerializer(decision).data, status=status.HTTP_201_CREATED)


class BatchSerializer(serializers.ModelSerializer):
    """Decisions made together. `count` is how many comments they are about, `done` how many are finished."""

    batch = serializers.UUIDField(source="id")
    count = serializers.IntegerField(source="total")
    done = serializers.IntegerField()

    class Meta:
        model = Batch
        fields = ["batch", "count", "done", "changed", "withdrawn", "passed_over", "state", "undoes", "created_at"]


class ManyInput(DecisionInput):
    """Decisions about `ids`, or about everything that the `filter` (the queue's parameters) finds.

    `seen` may give the number of the last decision shown for each comment. Comments with a newer one by somebody else
    are left alone.
    """

    ids = serializers.ListField(child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID), required=False)
    filter = serializers.DictField(child=serializers.CharField(allow_blank=True), required=False)
    seen = serializers.DictField(child=serializers.IntegerField(min_value=0), required=False)

    def validate_ids(self, ids: list[int]) -> list[int]:
        if len(ids) > MANY:
            raise serializers.ValidationError(f"At most {MANY} at once.", code="too_many")
        return ids

    def validate_seen(self, seen: dict[str, int]) -> dict[int, int]:
        read = {read_id(pk): number for pk, number in seen.items()}
        if None in read:
            raise serializers.ValidationError("The keys are ids of comments.", code="invalid")
        return {pk: number for pk, number in read.items() if pk is not None}

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if ("ids" in values) == ("filter" in values):
            raise serializers.ValidationError({"ids": ["Give either ids or a filter."]}, code="required")
        return values


def _filter(given: Mapping[str, str], user: Any) -> Filter:
    """Read the queue's parameters. Raises ParseError naming the first invalid one, and UnknownParameters."""
    found, odd = Filter.read(given)
    if odd:
        raise ParseError(f"{odd[0]} is not understood.", code=f"invalid_{odd[0]}")
    if nothing := found.naming_nothing(user):
        raise UnknownParameters.naming_nothing([(name, given[name]) for name in nothing])
    return found


class BatchesViewSet(_ModeratorsViewSet):
    """Deciding about many comments at once, and undoing that."""

    serializer_class = BatchSerializer
    takes = {"create": ManyInput, "undo": Given}

    @extend_schema(responses={200: BatchSerializer, 202: BatchSerializer})
    @once_per_key
    def create(self, request: Request) -> Response:
        """Decide about many: 200 when it is done, 202 while the worker does it. What is not theirs is left out."""
        given = self.given(request)
        if "ids" in given:
            rows = Comment.objects.moderated_by(self._user()).filter(pk__in=given["ids"])
        else:
            if unknown := [name for name in given["filter"] if name not in NAMES]:  # Would decide about too many.
                raise UnknownParameters.named(f"filter.{name}" for name in unknown)
            rows = _filter(given["filter"], self._user()).rows(self._user())
        batch = batches.decide_batch(
            rows, given["status"], by=self._user(), reason=given["reason"], seen=given.get("seen")
        )
        return self._answer(batch)

    def retrieve(self, request: Request, batch: uuid.UUID) -> Response:
        """The progress of one's own batch."""
        return Response(BatchSerializer(get_object_or_404(Batch, pk=batch, by=self._user())).data)

    @extend_schema(request=None, responses={200: BatchSerializer, 202: BatchSerializer})
    @once_per_key
    def undo(self, request: Request, batch: uuid.UUID) -> Response:
        """Give each comment of a batch the status it had before, unless somebody has decided about it since.

        Bans made with the batch are lifted; bans that the batch itself had lifted, as an undo, are in force again.
        """
        if request.content_type == "application/json":  # Whoever names something means to narrow it.
            self.given(request)
        try:
            undone = undoing.undo(batch, by=self._user(), from_address=client_address(request))
        except Batch.DoesNotExist:
            raise NotFound() from None
        return self._answer(undone.batch)

    def _answer(self, batch: Batch) -> Response:
        code = status.HTTP_200_OK if batch.state == Batch.State.DONE else status.HTTP_202_ACCEPTED
        return Response(BatchSerializer(batch).data, status=code)


class QueueViewSet(_ModeratorsViewSet):
    """The moderation queue: waiting comments oldest first, decided ones newest first."""

    serializer_class = QueuedSerializer
    filters = [
        OpenApiParameter("status", OpenApiTypes.STR, enum=list(VIEWS), default="pending"),
        OpenApiParameter("reason", OpenApiTypes.STR, description="Code of a reason of the last decision."),
        OpenApiParameter("article", OpenApiTypes.STR, description="Id of an article."),
        OpenApiParameter("section", OpenApiTypes.STR, description="Id of a section."),
        OpenApiParameter("author", OpenApiTypes.STR, description="Email address, or account:ID of an identity."),
        OpenApiParameter("network", OpenApiTypes.STR, description="IP address, network, or the beginning of one."),
        OpenApiParameter("q", OpenApiTypes.STR, description="Words in text or name; an email or IP address."),
        OpenApiParameter("since", OpenApiTypes.STR, description="A time: left then or later."),
        OpenApiParameter("until", OpenApiTypes.STR, description="A time: left before."),
        OpenApiParameter("language", OpenApiTypes.STR),
        OpenApiParameter("links", OpenApiTypes.BOOL, description="Only comments with links."),
        OpenApiParameter("label", OpenApiTypes.STR, description="tip, source or question."),
        OpenApiParameter("mine", OpenApiTypes.BOOL, description="Only comments handed to you."),
    ]

    @property
    def cursor_ordering(self) -> tuple[str, str]:
        waits = self.request.query_params.get("status", "pending") in OLDEST_FIRST
        return ("created_at", "pk") if waits else ("-created_at", "-pk")

    def list(self, request: Request) -> Response:
        found = _filter(request.query_params, self._user()).rows(self._user())
        queue = found.for_display().select_related("connection_data").prefetch_related("decisions")
        page = self.paginate_queryset(queue)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)
