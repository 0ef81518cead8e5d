"""The client of Apple's token endpoint, whose client secret is a signed JWT."""

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.apple.client import AppleOAuth2Client


class AppleClient(AppleOAuth2Client):
    def generate_client_secret(self) -> str:
        """Sign a secret with the team's private key; without a key, use the secret in the settings."""
        app = get_adapter(self.request).get_app(self.request, "apple")
        return super().generate_client_secret() if app.settings.get("certificate_key") else app.secret
