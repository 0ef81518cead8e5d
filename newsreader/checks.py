"""Start-up checks of combinations of settings, with how to fix them. Single values: newsreader.settings."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.security)
def addresses_fit_together(**_: Any) -> list[CheckMessage]:
    """Warn where sign-in would be unencrypted, or where our own address would be refused."""
    found: list[CheckMessage] = []
    if not settings.SECURE and settings.SITE_HOST not in settings.LOOPBACK:
        found.append(
            Warning(
                "SITE_URL is not https: passwords and sessions are sent unencrypted.",
                hint="Serve it over TLS.",
                id="newsreader.W001",
            )
        )
    hosts = settings.ALLOWED_HOSTS
    if settings.SITE_HOST not in hosts and not any(
        host.startswith(".") and settings.SITE_HOST.endswith(host) for host in hosts
    ):
        found.append(
            Warning(
                f"ALLOWED_HOSTS does not name {settings.SITE_HOST}, the host of SITE_URL.",
                hint="Add it, or the site's own links answer 400.",
                id="newsreader.W002",
            )
        )
    return found
