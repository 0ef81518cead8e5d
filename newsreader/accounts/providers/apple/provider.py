"""Apple, which sends the name only once, and whose `email_verified` may be a string."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.apple.provider import AppleProvider as TheirAppleProvider
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.http import HttpRequest
from requests import RequestException

from newsreader.accounts.providers.apple.views import AppleAdapter


class AppleProvider(TheirAppleProvider):
    oauth2_adapter_class = AppleAdapter

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        name = data.get("name")
        parts = [name.get("firstName"), name.get("lastName")] if isinstance(name, dict) else []
        return {"email": data.get("email"), "name": " ".join(part for part in parts if isinstance(part, str))}

    def extract_email_addresses(self, data: dict[str, Any]) -> list[EmailAddress]:
        """Apple documents `email_verified` as a boolean or a string: `true` and `"true"` count, nothing else."""
        if not data.get("email"):
            return []
        verified = data.get("email_verified")
        return [EmailAddress(email=data["email"], verified=verified is True or verified == "true", primary=True)]

    def verify_token(self, request: HttpRequest, token: dict[str, Any]) -> SocialLogin:
        """Verify the `id_token` that an app sends. The library would ignore APPLE_SERVER_URL and use Apple's keys."""
        try:
            data = AppleAdapter.get_verified_identity_data(self, token.get("id_token") or "")
        except (OAuth2Error, RequestException) as error:
            raise get_adapter().validation_error("invalid_token") from error
        return self.sociallogin_from_response(request, data)


provider_classes = [AppleProvider]
