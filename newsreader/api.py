"""The API's root: its URLs, and the format of its refusals (RFC 9457, `application/problem+json`)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, path
from django.utils.translation import get_language
from drf_spectacular.views import SpectacularAPIView
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.response import Response
from rest_framework.views import set_rollback

from articles.api.views import ArticleViewSet, AuthorViewSet, SectionViewSet, TagViewSet
from articles.current_site import current_site
from articles.page_versions import depends
from comments.api.comments import ArticleCommentsView, CommentViewSet
from comments.api.moderation import BatchesViewSet, DecisionsViewSet, QueueViewSet
from comments.api.reports import FlagView
from comments.api.subscriptions import MailPreferencesView, SubscriptionViewSet
from comments.api.webhooks import WebhooksViewSet
from comments.errors import Banned
from newsreader.accounts.api import MeView
from newsreader.accounts.api_authentication import refuse_unknown_credentials
from newsreader.kit.database_faults import is_away, let_go
from newsreader.kit.errors import Busy, DomainError
from newsreader.kit.http_cache import FRESH, for_everybody, public
from newsreader.kit.problem_details import MEDIA_TYPE, document, problem
from newsreader.kit.web import absolute

READ: dict[str, Any] = {"get": "list"}
ONE: dict[str, Any] = {"get": "retrieve"}
OWN = ONE | {"patch": "partial_update", "delete": "destroy"}


@for_everybody
def docs(request: HttpRequest) -> HttpResponse:
    """Show the schema as a page; everything on it is loaded from this site."""
    try:
        refuse_unknown_credentials(request)
    except exceptions.AuthenticationFailed as refusal:
        answer = problem(refusal.status_code, str(refusal.get_codes()), str(refusal.detail))
        answer["WWW-Authenticate"] = "Session"
        return answer
    site = current_site(request)
    return public(request, [site.page_version], lambda: render(request, "api/docs.html"), depends=depends(site))


@cache
def _schema(renderer: type[BaseRenderer], language: str | None) -> str | bytes:
    """Return the schema. Making it takes 0.2 s, and it depends on nothing but the code and its settings."""
    return renderer().render(SchemaView.generator_class().get_schema(public=True), renderer_context={})


class SchemaView(SpectacularAPIView):
    """The schema. The same for everybody, so nobody is asked who they are."""

    authentication_classes: list[type[BaseAuthentication]] = []

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        refuse_unknown_credentials(request._request)

    def get_authenticate_header(self, request: Any) -> str:
        return "Session"

    def _get_schema_response(self, request: Any) -> HttpResponse:
        """Answer with the document that this process has made; in the language or version that is asked for, anew."""
        if {"lang", "version"} & request.GET.keys():
            return super()._get_schema_response(request)
        name = self._get_filename(request, None)
        renderer: Any = request.accepted_renderer
        kind = f"{renderer.media_type}; charset={renderer.charset}" if renderer.charset else renderer.media_type
        headers = {"Content-Disposition": f'inline; filename="{name}"'}
        return HttpResponse(_schema(renderer.__class__, get_language()), content_type=kind, headers=headers)

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if response.status_code == 200:
            response["Cache-Control"] = FRESH
        return response


urlpatterns: list[URLPattern | URLResolver] = [
    path("articles/", ArticleViewSet.as_view(READ | {"post": "create"}), name="api-articles"),
    path("articles/<int:pk>/", ArticleViewSet.as_view(OWN), name="api-article"),
    path("articles/<int:pk>/corrections/", ArticleViewSet.as_view({"post": "correct"})),
    path(
        "articles/<int:pk>/corrections/<int:correction>/",
        ArticleViewSet.as_view({"patch": "reword_correction", "delete": "take_out_correction"}),
    ),
    path("articles/<int:article_id>/comments/", ArticleCommentsView.as_view(READ | {"post": "create"})),
    path("comments/<int:pk>/", CommentViewSet.as_view(OWN), name="api-comment"),
    path("comments/<int:pk>/replies/", CommentViewSet.as_view({"get": "replies"})),
    path("comments/<int:pk>/flag/", FlagView.as_view({"post": "create"})),
    path("comments/<int:pk>/decisions/", DecisionsViewSet.as_view(READ | {"post": "create"})),
    path("decisions/", BatchesViewSet.as_view({"post": "create"})),
    path("decisions/batches/<uuid:batch>/", BatchesViewSet.as_view(ONE)),
    path("decisions/batches/<uuid:batch>/undo/", BatchesViewSet.as_view({"post": "undo"})),
    path("moderation/queue/", QueueViewSet.as_view(READ)),
    path("webhooks/", WebhooksViewSet.as_view(READ | {"post": "create"})),
    path("webhooks/<int:pk>/", WebhooksViewSet.as_view(OWN)),
    path("sections/", SectionViewSet.as_view(READ)),
    path("sections/<str:slug>/", SectionViewSet.as_view(ONE)),
    path("tags/", TagViewSet.as_view(READ)),
    path("tags/<str:slug>/", TagViewSet.as_view(ONE)),
    path("authors/", AuthorViewSet.as_view(READ)),
    path("authors/<str:slug>/", AuthorViewSet.as_view(ONE)),
    path("subscriptions/", SubscriptionViewSet.as_view(READ | {"post": "create"})),
    path("subscriptions/preferences/", MailPreferencesView.as_view(ONE | {"patch": "partial_update"})),
    path("subscriptions/<int:pk>/", SubscriptionViewSet.as_view(OWN), name="api-subscription"),
    path("me/", MeView.as_view()),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", docs, name="docs"),
]


def explain(exception: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an exception from a view into a problem document; None, and so a 500, for what is not a refusal."""
    if isinstance(exception, Http404):
        exception = exceptions.NotFound()
    elif isinstance(exception, DjangoPermissionDenied):
        exception = exceptions.PermissionDenied()
    elif is_away(exception):
        let_go(exception)
        exception = Busy()
    if isinstance(exception, DomainError):
        body, headers = _of_refusal(exception)
    elif isinstance(exception, exceptions.APIException):
        body, headers = _of_framework(exception)
    else:
        return None
    set_rollback()
    # Whatever the view itself answers with, such as YAML.
    context["request"].accepted_renderer, context["request"].accepted_media_type = JSONRenderer(), MEDIA_TYPE
    response = Response(body, status=body["status"], headers=headers)
    response.content_type = MEDIA_TYPE
    response["Cache-Control"] = "private, no-store"
    return response


def _of_refusal(refusal: DomainError) -> tuple[dict[str, Any], dict[str, str]]:
    errors: list[dict[str, Any]] = [
        {"field": error.field, "code": error.code, "message": str(error.sentence)}
        | ({"choices": list(error.choices)} if error.choices else {})
        for error in refusal.errors
    ]
    body = document(refusal.status, refusal.code, str(refusal), errors)
    if isinstance(refusal, Banned) and refusal.appeal_url:
        body["appeal_url"] = absolute(refusal.appeal_url)
    return body, refusal.headers


def _of_framework(exception: exceptions.APIException) -> tuple[dict[str, Any], dict[str, str]]:
    headers: dict[str, str] = {}
    if isinstance(exception, exceptions.ValidationError):
        errors = list(_flat(exception.get_full_details()))
        detail = errors[0]["message"] if len(errors) == 1 else "One or more fields are wrong."
        return document(422, errors[0]["code"] if errors else "invalid", detail, errors), headers
    if challenge := getattr(exception, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(exception, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    codes = exception.get_codes()
    code = codes if isinstance(codes, str) else "refused"
    return document(exception.status_code, code, str(exception.detail)), headers


def _flat(details: Any, field: str = "") -> Iterator[dict[str, str]]:
    """Yield one error per message, with nested field names joined by dots."""
    if isinstance(details, dict) and set(details) == {"message", "code"} and isinstance(details["message"], str):
        yield {"field": field, "code": str(details["code"]), "message": str(details["message"])}
    elif isinstance(details, dict):
        for name, inner in details.items():
            here = "" if name == "non_field_errors" else str(name)
            yield from _flat(inner, ".".join(part for part in (field, here) if part))
    elif isinstance(details, list):
        for inner in details:
            yield from _flat(inner, field)
