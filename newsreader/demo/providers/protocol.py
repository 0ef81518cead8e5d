"""OAuth 2 as the login providers speak it: as strict as they are, with the differences between them.

A code is good once in a process, and a token for a quarter of an hour. Both are signed and hold what was granted, so
that any web process can take what another has given.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.core import signing

from newsreader.demo.providers.people import Person, told

SALT = "newsreader.demo.providers"
MOST = 15 * 60  # seconds that a code or a token is good for
REMEMBERED = 1000  # codes that were used
PATHS = [
    (r"/oauth2/authorize", "authorize", "wordpress"),
    (r"/oauth2/token", "token", "wordpress"),
    (r"/rest/v1\.1/me", "profile", "wordpress"),
    (r"/v1\.0/me", "profile", "microsoft"),
    (r"/common/oauth2/v2\.0/authorize", "authorize", "microsoft"),
    (r"/common/oauth2/v2\.0/token", "token", "microsoft"),
    (r"/v\d+\.\d+/dialog/oauth", "authorize", "facebook"),
    (r"/v\d+\.\d+/oauth/access_token", "token", "facebook"),
    (r"/v\d+\.\d+/me", "profile", "facebook"),
    (r"/o/oauth2/v2/auth", "authorize", "google"),
    (r"/token", "token", "google"),
    (r"/oauth2/v2/userinfo", "profile", "google"),
    (r"/auth/authorize", "authorize", "apple"),
    (r"/auth/token", "token", "apple"),
    (r"/i/oauth2/authorize", "authorize", "x"),
    (r"/2/oauth2/token", "token", "x"),
    (r"/2/users/me", "profile", "x"),
    (r"/login/oauth/authorize", "authorize", "github"),
    (r"/login/oauth/access_token", "token", "github"),
    (r"/api/v3/user(/emails)?", "profile", "github"),
    (r"/oidc/authorize", "authorize", "oidc"),
    (r"/oidc/token", "token", "oidc"),
    (r"/oidc/userinfo", "profile", "oidc"),
]


@dataclass(frozen=True)
class Seen:
    """A request; names of headers are in lower case."""

    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    headers: dict[str, str]

    @property
    def values(self) -> dict[str, str]:
        return self.query | self.form


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    kind: str = "application/json"
    location: str = ""


class Refused(Exception):
    """What a provider does not accept, as its answer."""

    def __init__(self, status: int, code: str):
        self.answer = as_json({"error": code}, status)


@dataclass(frozen=True)
class Grant:
    """What a browser is allowed to carry home, or the site to ask about."""

    provider: str
    asked: dict[str, str]
    person: Person


class Protocol:
    def __init__(self) -> None:
        self._used: set[str] = set()

    def forget(self) -> None:
        """Take every code again."""
        self._used.clear()

    # What a browser asks for.

    def check(self, provider: str, seen: Seen) -> None:
        """Raise Refused for a request that the provider would not show its page for."""
        asked = seen.query
        demand(seen.method == "GET" and asked.get("client_id") == f"{provider}-client", 400, "invalid_client")
        demand("code" in asked.get("response_type", "").split(), 400, "unsupported_response_type")
        demand(urlsplit(asked.get("redirect_uri", "")).netloc, 400, "invalid_redirect_uri")
        demand(not asked.get("code_challenge") or asked.get("code_challenge_method") == "S256", 400, "invalid_request")
        match provider:
            case "facebook":
                demand("code_challenge" not in asked, 400, "the token is asked for without a verifier")
            case "x":
                demand("code_challenge" in asked, 400, "invalid_request")
            case "apple":
                demand(asked.get("response_mode") == "form_post", 400, "invalid_request")
            case "oidc":
                demand("openid" in asked.get("scope", "").split(), 400, "invalid_scope")

    def way_home(self, grant: Grant, *, allowed: bool) -> dict[str, str]:
        """Return what the browser brings back to the site."""
        home = {"state": grant.asked["state"]} if "state" in grant.asked else {}
        if allowed:
            return home | {"code": _signed(grant, "code")}
        if grant.provider == "facebook":
            return home | {"error": "access_denied", "error_code": "200", "error_reason": "user_denied"}
        return home | {"error": "user_cancelled_authorize" if grant.provider == "apple" else "access_denied"}

    # What the site asks for.

    def token(self, provider: str, seen: Seen) -> Answer:
        demand(seen.method == ("GET" if provider == "facebook" else "POST"), 405, "method_not_allowed")
        given = seen.query if provider == "facebook" else seen.form
        if provider == "x":
            basic = base64.b64encode(b"x-client:x-secret").decode()
            demand(seen.headers.get("authorization") == f"Basic {basic}", 401, "invalid_client")
        else:
            demand(given.get("client_id") == f"{provider}-client", 401, "invalid_client")
            demand(self.is_secret(provider, given.get("client_secret", "")), 401, "invalid_client")
        demand(given.get("grant_type") == "authorization_code", 400, "unsupported_grant_type")
        grant = self._granted("code", provider, given.get("code", ""))
        if grant is None:
            raise Refused(400, "invalid_grant")
        demand(given.get("redirect_uri") == grant.asked["redirect_uri"], 400, "invalid_grant")
        if challenge := grant.asked.get("code_challenge"):
            digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
            demand(as_base64(digest) == challenge, 400, "invalid_grant")
        told = {"access_token": _signed(grant, "token"), "token_type": "bearer", "scope": grant.asked.get("scope", "")}
        if provider == "github":  # As the real one does where no JSON is asked for.
            return Answer(200, urlencode(self.shown(told)).encode(), "application/x-www-form-urlencoded")
        return as_json(self.shown(told | {"expires_in": 3600} | self.beside_token(grant)))

    def is_secret(self, provider: str, secret: str) -> bool:
        return secret == f"{provider}-secret"

    def beside_token(self, grant: Grant) -> dict[str, Any]:
        """Return what else the answer with the token holds."""
        return {}

    def profile(self, provider: str, seen: Seen) -> Answer:
        bearer = seen.headers.get("authorization", "").partition(" ")
        demand(bearer[0] in ({"token", "Bearer"} if provider == "github" else {"Bearer", ""}), 401, "invalid_token")
        token = seen.query.get("access_token", "") if provider == "facebook" else bearer[2]
        grant = self._granted("token", provider, token)
        if grant is None:
            raise Refused(401, "invalid_token")
        if provider == "facebook":
            proof = hmac.new(b"facebook-secret", token.encode(), hashlib.sha256).hexdigest()
            demand(seen.query.get("appsecret_proof") == proof, 400, "invalid_appsecret_proof")
        person = self.person(grant)
        if seen.path.endswith("/emails"):
            address = {"email": person.email, "primary": True, "verified": person.verified}
            return as_json([self.shown(address)] if isinstance(person.email, str) else [])
        said = self.shown(told(provider, person))
        if provider == "x":
            wanted = {"id", "name", "username", *seen.query.get("user.fields", "").split(",")}
            said = {"data": {name: value for name, value in said.items() if name in wanted}}
        if provider == "facebook":
            wanted = {each.partition(".")[0] for each in seen.query.get("fields", "id,name").split(",")}
            said = {name: value for name, value in said.items() if name in wanted}
        return as_json(said)

    def person(self, grant: Grant) -> Person:
        return grant.person

    def shown(self, told: dict[str, Any]) -> dict[str, Any]:
        """Return an answer as it leaves."""
        return told

    def _granted(self, what: str, provider: str, text: str) -> Grant | None:
        """Return what a `code` or `token` of this provider stands for; None if it is not good, or no longer."""
        try:
            of, asked, person, _ = signing.loads(text, salt=f"{SALT}.{what}", max_age=MOST)
        except signing.BadSignature:
            return None
        if of != provider or text in self._used:
            return None
        if what == "code":
            if len(self._used) >= REMEMBERED:
                self._used.clear()
            self._used.add(text)
        return Grant(of, asked, Person(**person))


def step_of(path: str) -> tuple[str, str] | None:
    """Return what is asked for at a path, and of which provider."""
    return next(((step, provider) for form, step, provider in PATHS if re.fullmatch(form, path)), None)


def _signed(grant: Grant, what: str) -> str:
    return signing.dumps(
        [grant.provider, grant.asked, asdict(grant.person), secrets.token_urlsafe(8)], salt=f"{SALT}.{what}"
    )


def demand(fact: Any, status: int, code: str) -> None:
    """Raises Refused unless it is so."""
    if not fact:
        raise Refused(status, code)


def dump(value: Any) -> str:
    return json.dumps(value)  # Escapes whatever is not ASCII: lone surrogates pass, as they do in real answers.


def as_json(value: Any, status: int = 200) -> Answer:
    return Answer(status, dump(value).encode())


def as_base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
