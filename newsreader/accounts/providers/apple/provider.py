"""Apple, whose name comes only once, and whose `email_verified` may be a word."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.providers.apple.provider import AppleProvider as TheirAppleProvider

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


provider_classes = [AppleProvider]
