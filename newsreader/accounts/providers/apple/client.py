"""Apple's token endpoint, spoken to with a client secret that is a signed statement."""

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.apple.client import AppleOAuth2Client


class AppleClient(AppleOAuth2Client):
    def generate_client_secret(self) -> str:
        """Sign one with the team's private key; without a key, the secret in the settings is one made beforehand."""
        app = get_adapter(self.request).get_app(self.request, "apple")
        return super().generate_client_secret() if app.settings.get("certificate_key") else app.secret
