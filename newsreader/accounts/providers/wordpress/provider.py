"""Maps what WordPress.com says about somebody (`/rest/v1.1/me`) to allauth's fields.

Source: developer.wordpress.com, "OAuth2 Authentication" and "GET /me". `email_verified` is about the address;
`verified` there means something else.
"""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.providers.base import ProviderAccount
from allauth.socialaccount.providers.oauth2.provider import OAuth2Provider

from newsreader.accounts.providers.wordpress.views import WordPressAdapter


class WordPressAccount(ProviderAccount):
    def get_avatar_url(self) -> str | None:
        return self.account.extra_data.get("avatar_URL")

    def get_profile_url(self) -> str | None:
        return self.account.extra_data.get("profile_URL")


class WordPressProvider(OAuth2Provider):
    id = "wordpress"
    name = "WordPress.com"
    account_class = WordPressAccount
    oauth2_adapter_class = WordPressAdapter

    def get_default_scope(self) -> list[str]:
        return ["auth"]  # Never `global`, which is everything on all of somebody's sites.

    def extract_uid(self, data: dict[str, Any]) -> str:
        return str(data["ID"])

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        return {"email": data.get("email"), "username": data.get("username"), "name": data.get("display_name")}

    def extract_email_addresses(self, data: dict[str, Any]) -> list[EmailAddress]:
        if not data.get("email"):
            return []
        return [EmailAddress(email=data["email"], verified=data.get("email_verified") is True, primary=True)]


provider_classes = [WordPressProvider]
