"""The OpenAPI document: every operation also documents its refusals, and the headers that it reads."""

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from newsreader.kit.idempotency import HEADER, KEY_LENGTH
from newsreader.kit.rest import OfVersion


class ErrorSerializer(serializers.Serializer):
    """One field that is wrong."""

    field = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class ProblemSerializer(serializers.Serializer):
    """RFC 9457, with a stable code and, for invalid fields, one error each."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    # The metaclass removes fields from the class, so this one does not hide Serializer.errors.
    errors = ErrorSerializer(many=True)  # type: ignore[assignment]
    request_id = serializers.CharField(required=False, help_text="By which the operator finds this request in the log.")
    appeal_url = serializers.URLField(
        required=False, help_text="With the code `banned`: the ban page, on which the banned reader may appeal."
    )


_REFUSALS = {
    "400": "What was sent cannot be parsed.",
    "401": "Nobody is signed in.",
    "403": "Not allowed.",
    "404": "Not found.",
    "405": "Method not allowed.",
    "406": "Only JSON is available.",
    "408": "The body did not arrive in time.",
    "409": "Conflicts with the current state.",
    "412": "Somebody has changed it since that version.",
    "413": "The body is too large.",
    "414": "The address is too long.",
    "415": "Only application/json is accepted.",
    "422": "One or more fields are wrong.",
    "429": "Too many requests; see Retry-After.",
}


_KEY = OpenApiParameter(
    HEADER,
    {"type": "string", "maxLength": KEY_LENGTH},
    OpenApiParameter.HEADER,
    description="What is sent again with the same key is done once, and answered as the first time.",
)
_VERSION = OpenApiParameter(
    "If-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="ETags of the versions for which the change is meant. For another one nothing is written.",
)


class SiteSessionScheme(OpenApiAuthenticationExtension):
    """Documents the site's session in the schema."""

    target_class = "newsreader.kit.rest.SiteSession"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}


class SessionTokenScheme(OpenApiAuthenticationExtension):
    """Documents an app's session token in the schema."""

    target_class = "newsreader.accounts.api_authentication.SessionToken"
    name = "sessionToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "X-Session-Token",
            "description": "The session that an app opened for its reader at `/_allauth/app/v1/`.",
        }


class ProblemSchema(AutoSchema):
    """Reads what a view takes and how its list is narrowed, and adds the refusals to the responses that it declares."""

    @property
    def _action(self) -> Any:
        return getattr(self.view, "action", None)

    @property
    def _taken(self) -> Any:
        """Return the serializer that the view, if it is one of ours, declares for this action."""
        return getattr(self.view, "takes", {}).get(self._action)

    def get_request_serializer(self) -> Any:
        return self._taken or super().get_request_serializer()

    def get_override_parameters(self) -> Any:
        narrowed = self._action in getattr(self.view, "narrowed", ())
        given = list(getattr(self.view, "filters", ())) if narrowed else []
        if self.method == "POST":
            given.append(_KEY)
        elif self._taken and issubclass(self._taken, OfVersion):
            given.append(_VERSION)
        return given

    def _insert_field_validators(self, field: Any, schema: Any) -> None:
        super()._insert_field_validators(field, schema)
        if "\\w" in schema.get("pattern", ""):
            del schema["pattern"]  # Patterns in a schema are JavaScript's, whose `\w` is ASCII only; ours is Unicode.

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies = super()._get_response_bodies(direction)
        for status, description in _REFUSALS.items():
            if status not in bodies:
                body = self._get_response_for_code(ProblemSerializer, status, media_types=["application/problem+json"])
                bodies[status] = body | {"description": description}
        return bodies
