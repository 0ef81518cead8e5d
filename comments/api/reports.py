"""Reporting a comment over REST: the same operation as the page, with the same refusals."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status, viewsets
from rest_framework.fields import empty
from rest_framework.request import Request
from rest_framework.response import Response

from comments.api.comments import Typed, Words
from comments.errors import ForgeryRefused, NoSuchComment
from comments.models import Comment, Report
from comments.objections.report_views import reporter_of
from comments.objections.reports import report
from newsreader.accounts.kept_answers import once_per_key
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.forgery import guest_may_be_forged
from newsreader.kit.rest import Given, Shared
from newsreader.kit.web import absolute


@extend_schema_field(OpenApiTypes.BOOL)
class Claim(Typed):
    """True; anything else is not."""

    def run_validation(self, data: Any = empty) -> bool:
        return data is True


@extend_schema_field({"type": "string", "enum": list(Report.Reason.values)})
class Reason(Typed):
    """Why a comment is reported."""


class ReportInput(Given):
    """A report. `law`, `good_faith`, `name` and `email` belong to the reason `illegal` and are otherwise ignored.

    `by_mail` is for signed-in reporters who want to hear the outcome by mail.
    """

    reason = Reason()
    detail = Words(required=False)
    law = Words(required=False)
    good_faith = Claim(required=False)
    name = Words(required=False)
    email = Words(required=False)
    by_mail = Claim(required=False)


class ReportedSerializer(serializers.Serializer):
    """`status_url` is the receipt: the private page that says what became of the report."""

    id = serializers.IntegerField()
    status_url = serializers.URLField()


_is_public = Compiled(lambda pk: Comment.objects.public().filter(pk=pk).values_list("pk"))


class FlagView(Shared, viewsets.GenericViewSet):
    """Reporting a comment to the editors."""

    serializer_class = ReportedSerializer
    takes = {"create": ReportInput}

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Look for the comment before checking the token, as the page does."""
        self.refuse_other_methods(request)
        if not _is_public(self.kwargs["pk"]):
            raise NoSuchComment()
        super().initial(request, *args, **kwargs)

    @extend_schema(responses={201: ReportedSerializer})
    @once_per_key
    def create(self, request: Request, pk: int) -> Response:
        """Report a public comment, once."""
        given = self.given(request)  # Anything but JSON is refused first.
        if not request.user.is_authenticated and guest_may_be_forged(request._request):
            raise ForgeryRefused()
        row = report(pk, **given, visitor=reporter_of(request._request))
        body = {"id": row.pk, "status_url": absolute(row.status_url)}
        return Response(body, status=status.HTTP_201_CREATED)
