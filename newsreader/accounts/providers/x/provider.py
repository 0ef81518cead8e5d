"""X, whose answer may lack a name."""

from typing import Any

from allauth.socialaccount.providers.twitter_oauth2.provider import TwitterOAuth2Provider

from newsreader.accounts.providers.x.views import XAdapter


class XProvider(TwitterOAuth2Provider):
    oauth2_adapter_class = XAdapter

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        return {"name": data.get("name"), "username": data.get("username")}


provider_classes = [XProvider]
