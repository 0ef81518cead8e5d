"""Signing in with WordPress.com."""

from typing import Any

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.oauth2.views import OAuth2Adapter, OAuth2CallbackView, OAuth2LoginView
from django.http import HttpRequest


class WordPressAdapter(OAuth2Adapter):
    provider_id = "wordpress"

    def _at(self, path: str) -> str:
        return self.get_provider().app.settings["server_url"] + path

    @property
    def authorize_url(self) -> str:
        return self._at("/oauth2/authorize")

    @property
    def access_token_url(self) -> str:
        return self._at("/oauth2/token")

    def complete_login(self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any) -> SocialLogin:
        with get_adapter().get_requests_session() as session:
            response = session.get(
                self._at("/rest/v1.1/me"), headers={"Authorization": f"Bearer {token.token}"}, allow_redirects=False
            )
            response.raise_for_status()
            return self.get_provider().sociallogin_from_response(request, response.json())


oauth2_login = OAuth2LoginView.adapter_view(WordPressAdapter)
oauth2_callback = OAuth2CallbackView.adapter_view(WordPressAdapter)
