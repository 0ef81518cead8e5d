"""The login providers: which are configured, and what allauth and the browser need to know of each.

Read by `newsreader.settings`. A provider appears where its keys are set. Its server can be replaced by a stand-in on
loopback for tests: the paths stay, the origin changes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
GRAPH = "v24.0"  # The version of Facebook's API that we use.


@dataclass(frozen=True)
class Provider:
    """`name` is ours (in pages, API and identities), `allauth` the library's. `label` is shown to readers."""

    name: str
    label: str
    allauth: str
    app: str
    # The origins that the browser is redirected through; the Content-Security-Policy lists them for forms.
    origins: tuple[str, ...] = ()
    details: tuple[str, ...] = ()  # settings of its own, which mean nothing without its keys
    settings: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def prefix(self) -> str:
        return self.name.upper()

    @property
    def icon(self) -> str:
        return f"providers/{self.name}.svg"


_THEIRS = "allauth.socialaccount.providers"
_OURS = "newsreader.accounts.providers"
KNOWN = (
    Provider(
        "wordpress", "WordPress.com", "wordpress", f"{_OURS}.wordpress",
        ("https://public-api.wordpress.com", "https://wordpress.com"),
    ),
    Provider(
        "facebook", "Facebook", "facebook", f"{_THEIRS}.facebook",
        ("https://www.facebook.com", "https://m.facebook.com"),
    ),
    Provider("google", "Google", "google", f"{_THEIRS}.google", ("https://accounts.google.com",)),
    Provider(
        "apple", "Apple", "apple", f"{_OURS}.apple", ("https://appleid.apple.com", "https://account.apple.com"),
        ("PRIVATE_KEY", "TEAM_ID", "KEY_ID"),
    ),
    Provider("x", "X", "twitter_oauth2", f"{_OURS}.x", ("https://x.com", "https://twitter.com")),
    Provider("github", "GitHub", "github", f"{_THEIRS}.github", ("https://github.com",)),
    Provider(
        "microsoft", "Microsoft", "microsoft", f"{_THEIRS}.microsoft",
        ("https://login.microsoftonline.com", "https://login.live.com"),
    ),
    Provider("oidc", "OpenID Connect", "openid_connect", f"{_THEIRS}.openid_connect", details=("NAME",)),
)  # fmt: skip


# The demonstration plays these, under `newsreader.demo.providers`.
DEMONSTRATED = ("wordpress", "facebook", "google", "x")
DEMONSTRATION = "/demo/providers"  # where, each below its name


def portrait_at(site: str, username: str) -> str:
    """Return the address that a played provider gives for a portrait. The file is read, not fetched."""
    return f"{site}{DEMONSTRATION}/portraits/{username}.webp"


def configured(demonstration: str = "") -> tuple[Provider, ...]:
    """Return the providers whose keys are set, in the order of their buttons. Raises ImproperlyConfigured.

    `demonstration`: the address of a site that plays those of which nothing is set; empty: none is played.
    """
    played = demonstrated() if demonstration else ()
    return tuple(
        _played(known, demonstration) if known.name in played else _provider(known, _client(known), _server(known))
        for known in KNOWN
        if known.name in played or _is_wanted(known)
    )


def demonstrated() -> tuple[str, ...]:
    """Return the names of the providers that may be played: nothing of theirs is set."""
    return tuple(
        known.name
        for known in KNOWN
        if known.name in DEMONSTRATED
        and not any(_text(known, name) for name in ("CLIENT_ID", "CLIENT_SECRET", "SERVER_URL"))
    )


def _played(known: Provider, site: str) -> Provider:
    client = {"client_id": f"{known.name}-client", "secret": f"{known.name}-secret", "key": ""}
    return _provider(known, client, f"{site}{DEMONSTRATION}/{known.name}")


def _client(known: Provider) -> dict[str, Any]:
    return {"client_id": _text(known, "CLIENT_ID"), "secret": _text(known, "CLIENT_SECRET"), "key": ""}


def _is_wanted(known: Provider) -> bool:
    client, server = _text(known, "CLIENT_ID"), _server(known)
    if client and not (_text(known, "CLIENT_SECRET") or (known.name == "apple" and _text(known, "PRIVATE_KEY"))):
        raise ImproperlyConfigured(f"{known.prefix}_CLIENT_SECRET: set it, or leave {known.prefix}_CLIENT_ID empty.")
    if _text(known, "CLIENT_SECRET") and not client:
        raise ImproperlyConfigured(f"{known.prefix}_CLIENT_ID: set it, or leave {known.prefix}_CLIENT_SECRET empty.")
    if not client and (alone := next((name for name in ("SERVER_URL", *known.details) if _text(known, name)), "")):
        raise ImproperlyConfigured(f"{known.prefix}_CLIENT_ID: set it too, or leave {known.prefix}_{alone} empty.")
    if known.name == "oidc" and client and not server:
        raise ImproperlyConfigured("OIDC_SERVER_URL: set it to the server's address: https://login.example.")
    return bool(client)


def _text(known: Provider, name: str) -> str:
    return os.environ.get(f"{known.prefix}_{name}", "").strip()


def _server(known: Provider) -> str:
    """Return the configured server of this provider, without a final slash; empty: the provider's own."""
    name = f"{known.prefix}_SERVER_URL"
    text = os.environ.get(name, "").strip().rstrip("/")
    if not text:
        return ""
    parts = urlsplit(text)
    try:
        sound = parts.hostname and parts.port != 0 and not parts.query and not parts.fragment and "@" not in text
    except ValueError:  # Not a port number.
        sound = False
    if not sound or parts.scheme not in {"http", "https"}:
        raise ImproperlyConfigured(f"{name}: the server's address: https://login.example.")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ImproperlyConfigured(f"{name}: use https; keys and identities would be sent unencrypted.")
    return text


def _provider(known: Provider, client: dict[str, Any], server: str) -> Provider:
    label, origins = known.label, known.origins
    if known.name == "oidc":
        label = _text(known, "NAME") or label
    if server:
        parts = urlsplit(server)
        origins = (f"{parts.scheme}://{parts.netloc}",)
        if parts.hostname in LOOPBACK:  # A stand-in, which may redirect to another port.
            origins += ("http://127.0.0.1:*", "http://localhost:*")
    settings = _SETTINGS[known.name](client, server, label)
    return replace(known, label=label, origins=origins, settings=settings)


def _app(client: dict[str, Any], **settings: Any) -> list[dict[str, Any]]:
    return [client | {"settings": settings}]


def _wordpress(client: dict[str, Any], server: str, label: str) -> dict[str, Any]:
    return {"APPS": _app(client, server_url=server or "https://public-api.wordpress.com"), "SCOPE": ["auth"]}


def _facebook(client: dict[str, Any], server: str, label: str) -> dict[str, Any]:
    # No PKCE: the token is requested with GET, and allauth sends no verifier with it.
    settings = {
        "APPS": _app(client),
        "OAUTH_PKCE_ENABLED": False,
        "FIELDS": ["id", "name", "first_name", "last_name", "email", "picture.width(256).height(256)"],
        "VERSION": GRAPH,
    }
    if server:
        settings |= {"AUTHORIZE_URL": f"{server}/{GRAPH}/dialog/oauth", "GRAPH_API_URL": f"{server}/{GRAPH}"}
    else:
        settings["AUTHORIZE_URL"] = f"https://www.facebook.com/{GRAPH}/dialog/oauth"
    return settings


def _google(client: dict[str, Any], server: str, label: str) -> dict[str, Any]:
    settings = {"APPS": _app(client), "SCOPE": ["openid", "profile", "email"], "OAUTH_PKCE_ENABLED": True}
    if server:
        settings |= {
            "AUTHORIZE_URL": f"{server}/o/oauth2/v2/auth",
            "ACCESS_TOKEN_URL": f"{server}/token",
            "IDENTITY_URL": f"{server}/oauth2/v2/userinfo",
            "CERTS_URL": f"{server}/oauth2/v1/certs",
            "ID_TOKEN_ISSUER": ["https://accounts.google.com", server],
        }
    return settings


def _apple(client: dict[str, Any], server: str, label: str) -> dict[str, Any]:
    """The client secret is configured, or allauth signs one with the team's private key each time."""
    private_key = os.environ.get("APPLE_PRIVATE_KEY", "").replace("\\n", "\n").strip()
    if private_key:
        team, key_id = (os.environ.get(name, "").strip() for name in ("APPLE_TEAM_ID", "APPLE_KEY_ID"))
        if not (team and key_id):
            raise ImproperlyConfigured("APPLE_TEAM_ID and APPLE_KEY_ID: set both beside APPLE_PRIVATE_KEY.")
        client = client | {"key": team, "secret": key_id}
    return {
        "APPS": _app(client, certificate_key=private_key, server_url=server or "https://appleid.apple.com"),
        "SCOPE": ["name", "email"],
    }


def _x(client: dict[str, Any], server: str, label: str) -> dict[str, Any]:
    return {"APPS": _app(client, server_url=server), "SCOPE": ["users.read", "tweet.read"]}


def _github(client: dict[str, Any], server: str, label: str) -> dict[str, Any]:
    settings = {"APPS": _app(client), "SCOPE": ["user:email"], "OAUTH_PKCE_ENABLED": True}
    return settings | {"GITHUB_URL": server} if server else settings


def _microsoft(client: dict[str, Any], server: str, label: str) -> dict[str, Any]:
    where = {"login_url": server, "graph_url": server} if server else {}
    return {"APPS": _app(client, **where), "SCOPE": ["User.Read"], "OAUTH_PKCE_ENABLED": True}


def _oidc(client: dict[str, Any], server: str, label: str) -> dict[str, Any]:
    named = client | {"provider_id": "oidc", "name": label}
    return {"APPS": _app(named, server_url=server), "OAUTH_PKCE_ENABLED": True}


_SETTINGS: dict[str, Callable[[dict[str, Any], str, str], dict[str, Any]]] = {
    "wordpress": _wordpress,
    "facebook": _facebook,
    "google": _google,
    "apple": _apple,
    "x": _x,
    "github": _github,
    "microsoft": _microsoft,
    "oidc": _oidc,
}
