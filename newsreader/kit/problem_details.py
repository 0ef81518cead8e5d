"""Errors for API clients: RFC 9457, with a stable code and one error for each wrong field."""

from http import HTTPStatus
from typing import Any

from django.http import JsonResponse

from newsreader.kit.tracing import current_id

MEDIA_TYPE = "application/problem+json"


def document(status: int, code: str, detail: str, errors: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "errors": errors or [],
    } | ({"request_id": identity} if (identity := current_id()) else {})


def problem(status: int, code: str, detail: str) -> JsonResponse:
    """Return an error from outside of any API view: an unknown address, a malformed request."""
    response = JsonResponse(document(status, code, str(detail)), status=status, content_type=MEDIA_TYPE)
    response["Cache-Control"] = "private, no-store"
    return response
