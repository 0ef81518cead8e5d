"""Signing in with Apple. Apple's answer is a cross-site POST; it is kept until a GET with our session reads it."""

import json
from typing import Any

from allauth.socialaccount.models import SocialToken
from allauth.socialaccount.providers.apple.apple_session import APPLE_SESSION_COOKIE_NAME, get_apple_session
from allauth.socialaccount.providers.apple.views import AppleOAuth2Adapter, apple_post_callback
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2Adapter, OAuth2CallbackView, OAuth2LoginView
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from newsreader.accounts import allauth_internals
from newsreader.accounts.providers.apple.client import AppleClient

ISSUER = "https://appleid.apple.com"


class AppleAdapter(AppleOAuth2Adapter):
    """The library's adapter, with addresses that follow APPLE_SERVER_URL."""

    client_class = AppleClient
    login_cancelled_error = "user_cancelled_authorize"

    def _at(self, path: str) -> str:
        return self.get_provider().app.settings["server_url"] + path

    @property
    def authorize_url(self) -> str:
        return self._at("/auth/authorize")

    @property
    def access_token_url(self) -> str:
        return self._at("/auth/token")

    @classmethod
    def get_verified_identity_data(cls, provider: Any, id_token: str) -> dict[str, Any]:
        server = provider.app.settings["server_url"]
        return allauth_internals.verified_claims(
            id_token, keys_url=f"{server}/auth/keys", issuers=[ISSUER, server], audience=provider.get_auds()
        )

    def parse_token(self, data: dict[str, Any]) -> SocialToken:
        if not data.get("id_token"):
            raise OAuth2Error("Apple sent no id_token")
        token: SocialToken = OAuth2Adapter.parse_token(self, data)
        # The name comes from the browser's POST, and only the first time; who it is, from the signed statement alone.
        said = {"name": data["name"]} if "name" in data else {}
        token.user_data = said | self.get_verified_identity_data(self.get_provider(), data["id_token"])
        return token

    def get_user_scope_data(self, request: HttpRequest) -> dict[str, Any]:
        try:
            said = json.loads(get_apple_session(request).store.get("user") or "{}")
        except ValueError:
            return {}
        return {"name": said["name"]} if isinstance(said, dict) and isinstance(said.get("name"), dict) else {}


oauth2_login = OAuth2LoginView.adapter_view(AppleAdapter)
oauth2_finish_login = OAuth2CallbackView.adapter_view(AppleAdapter)


@csrf_exempt  # Comes from Apple's site by design; the state in it belongs to one browser's session.
def oauth2_callback(request: HttpRequest) -> HttpResponse:
    response = apple_post_callback(request)
    if APPLE_SESSION_COOKIE_NAME in response.cookies:
        response.cookies[APPLE_SESSION_COOKIE_NAME]["httponly"] = True
    return response
