"""Start-up checks of combinations of settings: warnings, each with how to fix it. Refusals: newsreader.settings."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register

OURS = "newsreader"
# What may be right on one host and wrong on another. `manage.py check` and `serve --check` run all: the others look at
# the code, and import every page for it.
OF_SETTINGS = [OURS, Tags.caches, Tags.files, Tags.translation]

# They print mails, keep them or drop them.
_KINDS = ("console", "dummy", "filebased", "locmem")
SENDS_NOTHING = {f"django.core.mail.backends.{kind}.EmailBackend" for kind in _KINDS}

SHARING_SQLITE = 2  # web processes


@register(Tags.security, OURS)
def addresses_fit_together(**_: Any) -> list[CheckMessage]:
    """Warn where sign-in would be unencrypted, and where the proxy that encrypts it is not reckoned with."""
    found: list[CheckMessage] = []
    if not settings.SECURE and settings.SITE_HOST not in settings.LOOPBACK:
        found.append(
            Warning(
                "SITE_URL is not https: passwords and sessions are sent unencrypted.",
                hint="Serve it over TLS.",
                id="newsreader.W001",
            )
        )
    if settings.SECURE and not settings.TRUSTED_PROXY_COUNT:
        found.append(
            Warning(
                "SITE_URL is https and TRUSTED_PROXY_COUNT is 0: all readers have the address of the proxy that ends "
                "TLS, so limits and bans meet all of them at once.",
                hint="Set TRUSTED_PROXY_COUNT=1, and have the proxy set X-Forwarded-For and X-Forwarded-Proto "
                "(deploy/nginx.conf).",
                id="newsreader.W003",
            )
        )
    return found


@register(Tags.security, OURS)
def mails_are_sent(**_: Any) -> list[CheckMessage]:
    """Warn where nobody on the internet gets the codes and links that they wait for."""
    if not settings.SECURE or settings.EMAIL_BACKEND not in SENDS_NOTHING:
        return []
    return [
        Warning(
            "SITE_URL is https and mails go to nobody: who waits for a code or a link does not get it, and on the "
            "console others may read it.",
            hint="Set EMAIL_URL=smtp+tls://user:password@host:587.",
            id="newsreader.W004",
        )
    ]


def processes_fit(count: int) -> list[CheckMessage]:
    """Warn where so many web processes would wait for one another. `serve` asks, since it is told the number."""
    if count <= SHARING_SQLITE or not settings.SQLITE:
        return []
    return [
        Warning(
            f"{count} web processes share an SQLite database, which lets one of them write at a time.",
            hint="Use --processes 2, or PostgreSQL (DATABASE_URL=postgres://…).",
            id="newsreader.W005",
        )
    ]
