"""Reporting a comment over REST. The same operation as the page's form, the same refusals."""

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
from newsreader.kit.rest import Shared
from newsreader.kit.web import absolute, comes_from_here


@extend_schema_field(OpenApiTypes.BOOL)
class Claim(Typed):
    """True; anything else is not."""

    def run_validation(self, data: Any = empty) -> bool:
        return data is True


@extend_schema_field({"type": "string", "enum": list(Report.Reason.values)})
class Reason(Typed):
    """Why a comment is reported."""


class ReportInput(serializers.Serializer):
    """A report. `law`, `good_faith`, `name` and `email` belong to the reason `illegal` and are else ignored.

    `by_mail` is for those who are signed in: they hear by mail what becomes of it.
    """

    reason = Reason()
    detail = Words(required=False)
    law = Words(required=False)
    good_faith = Claim(required=False)
    name = Words(required=False)
    email = Words(required=False)
    by_mail = Claim(required=False)


class ReportedSerializer(serializers.Serializer):
    """`status_url` is the private page that tells what becomes of the report."""

    id = serializers.IntegerField()
    status_url = serializers.URLField()


class FlagView(Shared, viewsets.GenericViewSet):
    """Reporting a comment to the editors."""

    serializer_class = ReportedSerializer

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """The comment comes before the token, as it does on the page."""
        self.refuse_other_methods(request)
        if not Comment.objects.public().filter(pk=self.kwargs["pk"]).exists():
            raise NoSuchComment()
        super().initial(request, *args, **kwargs)

    @extend_schema(request=ReportInput, responses={201: ReportedSerializer})
    def create(self, request: Request, pk: int) -> Response:
        """Report a comment that readers see, once."""
        if not request.user.is_authenticated and not comes_from_here(request._request):
            raise ForgeryRefused()
        form = ReportInput(data=request.data)
        form.is_valid(raise_exception=True)
        row = report(pk, **form.validated_data, visitor=reporter_of(request._request))
        body = {"id": row.pk, "status_url": absolute(row.status_url)}
        return Response(body, status=status.HTTP_201_CREATED)
