"""Signing in with X."""

from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.twitter_oauth2.views import TwitterOAuth2Adapter


class XAdapter(TwitterOAuth2Adapter):
    """The library's adapter, with addresses that follow X_SERVER_URL."""

    def _at(self, path: str, host: str) -> str:
        return (self.get_provider().app.settings["server_url"] or f"https://{host}") + path

    @property
    def authorize_url(self) -> str:
        return self._at("/i/oauth2/authorize", "x.com")

    @property
    def access_token_url(self) -> str:
        return self._at("/2/oauth2/token", "api.x.com")

    @property
    def profile_url(self) -> str:
        return self._at("/2/users/me", "api.x.com")


oauth2_login = OAuth2LoginView.adapter_view(XAdapter)
oauth2_callback = OAuth2CallbackView.adapter_view(XAdapter)
