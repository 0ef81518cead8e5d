"""Ways to sign in with another account: which are on, and what has to be registered where for the others.

The steps at each provider change from year to year; what to look for does not: an app, its callback address, its keys.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from newsreader.provider_settings import KNOWN, Provider


@dataclass(frozen=True)
class Registration:
    """Where a provider registers sites, and what it calls the callback address there."""

    console: str
    field: Promise
    settings: tuple[str, ...] = ("CLIENT_ID", "CLIENT_SECRET")
    remark: Promise | str = ""


_REGISTRATIONS = {
    "wordpress": Registration("https://developer.wordpress.com/apps/", _("Redirect URLs")),
    "facebook": Registration(
        "https://developers.facebook.com/apps/",
        _("Valid OAuth Redirect URIs"),
        remark=_("In the product “Facebook Login”. The permission “email” has to be asked for."),
    ),
    "google": Registration(
        "https://console.cloud.google.com/auth/clients",
        _("Authorised redirect URIs"),
        remark=_("A client of the type “Web application”."),
    ),
    "apple": Registration(
        "https://developer.apple.com/account/resources/identifiers/list/serviceId",
        _("Return URLs"),
        ("CLIENT_ID", "TEAM_ID", "KEY_ID", "PRIVATE_KEY"),
        _("The client ID is that of a “Services ID”. Apple accepts https only."),
    ),
    "x": Registration(
        "https://developer.x.com/en/portal/projects-and-apps",
        _("Callback URI / Redirect URL"),
        remark=_("A confidential client with OAuth 2.0."),
    ),
    "github": Registration("https://github.com/settings/developers", _("Authorization callback URL")),
    "microsoft": Registration(
        "https://entra.microsoft.com/",
        _("Redirect URI"),
        remark=_("Under “App registrations”, with the platform “Web”."),
    ),
    "oidc": Registration(
        "",
        _("Redirect URI"),
        ("NAME", "SERVER_URL", "CLIENT_ID", "CLIENT_SECRET"),
        _("Any server that speaks OpenID Connect, such as a publisher’s own."),
    ),
}


@dataclass(frozen=True)
class Row:
    """A provider as the page shows it. `is_played`: by the demonstration, without keys."""

    provider: Provider
    registration: Registration
    is_on: bool
    is_played: bool

    @property
    def callback(self) -> str:
        """The exact address to register."""
        provider = f"{self.provider.name}/oidc" if self.provider.name == "oidc" else self.provider.allauth
        return f"{settings.SITE_URL}/accounts/{provider}/login/callback/"

    @property
    def names(self) -> list[str]:
        """The settings to set."""
        return [f"{self.provider.prefix}_{name}" for name in self.registration.settings]


def rows() -> list[Row]:
    """Return all providers that the site knows, in the order of their buttons."""
    played = set(settings.DEMONSTRATED)
    on = {provider.name for provider in settings.SIGN_IN_WITH} - played
    return [Row(known, _REGISTRATIONS[known.name], known.name in on, known.name in played) for known in KNOWN]
