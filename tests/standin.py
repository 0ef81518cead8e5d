"""One server that plays all eight login providers over HTTP, as strict as they are, and the way of a browser through it.

A test says who signs in and what goes wrong with `standin.case = Case(...)`; `standin.requests` is what came in. To
add a provider: its paths in `PATHS`, its words in `StandIn.told`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import re
import secrets
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import jwt
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.test import Client
from django.utils import timezone

MISSING = Enum("Told", "MISSING").MISSING  # A field with this value is not in the answer.
STARTS = {
    "wordpress": "/accounts/wordpress/login/",
    "facebook": "/accounts/facebook/login/",
    "google": "/accounts/google/login/",
    "apple": "/accounts/apple/login/",
    "x": "/accounts/twitter_oauth2/login/",
    "github": "/accounts/github/login/",
    "microsoft": "/accounts/microsoft/login/",
    "oidc": "/accounts/oidc/oidc/login/",
}
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
    (r"/oauth2/v1/certs", "keys", "google"),
    (r"/auth/authorize", "authorize", "apple"),
    (r"/auth/token", "token", "apple"),
    (r"/auth/keys", "keys", "apple"),
    (r"/i/oauth2/authorize", "authorize", "x"),
    (r"/2/oauth2/token", "token", "x"),
    (r"/2/users/me", "profile", "x"),
    (r"/login/oauth/authorize", "authorize", "github"),
    (r"/login/oauth/access_token", "token", "github"),
    (r"/api/v3/user(/emails)?", "profile", "github"),
    (r"/\.well-known/openid-configuration", "discovery", "oidc"),
    (r"/oidc/authorize", "authorize", "oidc"),
    (r"/oidc/token", "token", "oidc"),
    (r"/oidc/userinfo", "profile", "oidc"),
    (r"/oidc/jwks", "keys", "oidc"),
    (r"/decide", "decide", ""),
    (r"/avatar\.png", "avatar", ""),
]


@dataclass(frozen=True)
class Case:
    """Who signs in, and what goes wrong. Any JSON value will do for what is told; `MISSING` and `omit` leave it out."""

    uid: Any = "4711"
    name: Any = "Grace Hopper"
    email: Any = "grace@id.example"
    verified: Any = True
    username: Any = "grace"
    picture: Any = "/avatar.png"  # A path is one of this server.
    profile: Any = "https://id.example/grace"
    omit: tuple[str, ...] = ()  # Names of fields, as the provider spells them.
    id_token: bool = True
    claims: tuple[tuple[str, Any], ...] = ()  # What the id_token says instead.
    client_key: Any = None  # Apple then wants a secret signed with this key's other half.
    deny: bool = False
    consent: bool = False  # A page with the buttons Allow and Deny.
    via_second: bool = False  # The browser is first passed on to the other port.
    discovery_status: int = 200
    token_status: int = 200
    profile_status: int = 200  # Apple's profile is in the id_token; there, this is about its keys.
    garbage: str = ""  # The step whose answer is no JSON: discovery, token or profile.
    delay: float = 0.0  # seconds
    slow: str = "token"  # The step that takes so long.
    held: threading.Event | None = None  # That step waits for it, for half a minute at most.


@dataclass(frozen=True)
class Seen:
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
    def __init__(self, status: int, code: str):
        self.answer = _json({"error": code}, status)


@dataclass(frozen=True)
class _Grant:
    """What a browser was allowed to carry home."""

    provider: str
    asked: dict[str, str]
    token: str = field(default_factory=secrets.token_urlsafe)


class StandIn:
    def __init__(self, port: int = 0):
        self.port = port
        self.case = Case()
        self.requests: list[Seen] = []
        self._lock = threading.Lock()
        self._servers: list[ThreadingHTTPServer] = []
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.reset()

    def reset(self) -> None:
        """Forget everybody and what came in."""
        self.case = Case()
        self.requests.clear()
        self._codes: dict[str, _Grant] = {}
        self._tokens: dict[str, _Grant] = {}
        self._known_to_apple: set[str] = set()

    def start(self) -> None:
        for port in (self.port, 0):
            server = _Server(("127.0.0.1", port), type("_Handler", (_Handler,), {"standin": self}))
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            self._servers.append(server)

    def stop(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()
        self._servers.clear()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._servers[0].server_port}"

    @property
    def second_url(self) -> str:
        return f"http://127.0.0.1:{self._servers[1].server_port}"

    def answer(self, seen: Seen, port: int) -> Answer:
        self.requests.append(seen)
        found = next((rest for pattern, *rest in PATHS if re.fullmatch(pattern, seen.path)), None)
        if found is None:
            return Answer(404, b"not found", "text/plain")
        (step, provider), case = found, self.case
        place = "profile" if step == "keys" else step
        if case.slow == place:
            time.sleep(case.delay)
            if case.held:
                case.held.wait(30)  # seconds
        status = getattr(case, f"{place}_status", 200)
        if status != 200:
            return _json({"error": "server_error"}, status)
        if case.garbage == place:
            return Answer(200, b"<!doctype html><p>We are moving house.", "text/html")
        if step == "authorize" and case.via_second and port == self._servers[0].server_port:
            return Answer(302, location=f"{self.second_url}{seen.path}?{urlencode(seen.query)}")
        try:
            return getattr(self, step)(provider, seen)
        except Refused as refused:
            return refused.answer

    # What a browser asks for.

    def authorize(self, provider: str, seen: Seen) -> Answer:
        asked = seen.query
        _demand(seen.method == "GET" and asked.get("client_id") == f"{provider}-client", 400, "invalid_client")
        _demand("code" in asked.get("response_type", "").split(), 400, "unsupported_response_type")
        _demand(urlsplit(asked.get("redirect_uri", "")).netloc, 400, "invalid_redirect_uri")
        _demand(not asked.get("code_challenge") or asked.get("code_challenge_method") == "S256", 400, "invalid_request")
        match provider:
            case "facebook":
                _demand("code_challenge" not in asked, 400, "the token is asked for without a verifier")
            case "x":
                _demand("code_challenge" in asked, 400, "invalid_request")
            case "apple":
                _demand(asked.get("response_mode") == "form_post", 400, "invalid_request")
            case "oidc":
                _demand("openid" in asked.get("scope", "").split(), 400, "invalid_scope")
        if self.case.consent:
            return _page({"provider": provider, "asked": urlencode(asked)}, "/decide", "Allow", "Deny")
        return self._send_home(provider, asked, allowed=not self.case.deny)

    def decide(self, provider: str, seen: Seen) -> Answer:
        _demand(seen.method == "POST" and seen.form.get("provider") in STARTS, 400, "invalid_request")
        return self._send_home(
            seen.form["provider"], _flat(seen.form["asked"]), allowed=seen.form.get("decision") == "Allow"
        )

    def _send_home(self, provider: str, asked: dict[str, str], *, allowed: bool) -> Answer:
        code = secrets.token_urlsafe()
        home = {"state": asked["state"]} if "state" in asked else {}
        if allowed:
            grant = self._codes[code] = _Grant(provider, asked)
            home["code"] = code
            if provider == "apple":
                home |= self._first_words(grant)
        elif provider == "facebook":
            home |= {"error": "access_denied", "error_code": "200", "error_reason": "user_denied"}
        else:
            home["error"] = "user_cancelled_authorize" if provider == "apple" else "access_denied"
        if provider == "apple":
            return _page(home, asked["redirect_uri"], "Continue", go=True)
        return Answer(302, location=f"{asked['redirect_uri']}?{urlencode(home)}")

    def _first_words(self, grant: _Grant) -> dict[str, str]:
        """Apple tells a name once, in the browser."""
        words = {"id_token": self._id_token(grant)} if "id_token" in grant.asked["response_type"] else {}
        if repr(self.case.uid) not in self._known_to_apple:
            self._known_to_apple.add(repr(self.case.uid))
            first, last = _halves(self.case.name)
            words["user"] = _dump(self._leave_out({"name": {"firstName": first, "lastName": last}}))
        return words

    # What the site asks for.

    def token(self, provider: str, seen: Seen) -> Answer:
        _demand(seen.method == ("GET" if provider == "facebook" else "POST"), 405, "method_not_allowed")
        given = seen.query if provider == "facebook" else seen.form
        if provider == "x":
            basic = base64.b64encode(b"x-client:x-secret").decode()
            _demand(seen.headers.get("authorization") == f"Basic {basic}", 401, "invalid_client")
        else:
            _demand(given.get("client_id") == f"{provider}-client", 401, "invalid_client")
            _demand(self._is_secret(provider, given.get("client_secret", "")), 401, "invalid_client")
        _demand(given.get("grant_type") == "authorization_code", 400, "unsupported_grant_type")
        with self._lock:
            grant = self._codes.pop(given.get("code", ""), None)
        _demand(grant is not None and grant.provider == provider, 400, "invalid_grant")
        _demand(given.get("redirect_uri") == grant.asked["redirect_uri"], 400, "invalid_grant")
        if challenge := grant.asked.get("code_challenge"):
            digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
            _demand(base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge, 400, "invalid_grant")
        self._tokens[grant.token] = grant
        told = {"access_token": grant.token, "token_type": "bearer", "scope": grant.asked.get("scope", "")}
        if provider == "github":  # As the real one does where no JSON is asked for.
            return Answer(200, urlencode(self._leave_out(told)).encode(), "application/x-www-form-urlencoded")
        told["expires_in"] = 3600
        if self.case.id_token and provider in {"google", "apple", "oidc"}:
            told["id_token"] = self._id_token(grant)
        return _json(self._leave_out(told))

    def _is_secret(self, provider: str, secret: str) -> bool:
        if provider != "apple" or self.case.client_key is None:
            return secret == f"{provider}-secret"
        try:
            told = jwt.decode(secret, self.case.client_key, algorithms=["ES256"], audience="https://appleid.apple.com")
        except jwt.PyJWTError:
            return False
        head = jwt.get_unverified_header(secret)
        return (told["iss"], told["sub"], head["kid"]) == ("apple-team", "apple-client", "apple-key")

    def profile(self, provider: str, seen: Seen) -> Answer:
        bearer = seen.headers.get("authorization", "").partition(" ")
        _demand(bearer[0] in ({"token", "Bearer"} if provider == "github" else {"Bearer", ""}), 401, "invalid_token")
        token = seen.query.get("access_token", "") if provider == "facebook" else bearer[2]
        grant = self._tokens.get(token)
        _demand(grant is not None and grant.provider == provider, 401, "invalid_token")
        if provider == "facebook":
            proof = hmac.new(b"facebook-secret", token.encode(), hashlib.sha256).hexdigest()
            _demand(seen.query.get("appsecret_proof") == proof, 400, "invalid_appsecret_proof")
        if seen.path.endswith("/emails"):
            address = {"email": self.case.email, "primary": True, "verified": self.case.verified}
            return _json([self._leave_out(address)] if isinstance(self.case.email, str) else [])
        told = self._leave_out(self.told(provider))
        if provider == "x":
            wanted = {"id", "name", "username", *seen.query.get("user.fields", "").split(",")}
            told = {"data": {name: value for name, value in told.items() if name in wanted}}
        if provider == "facebook":
            wanted = {each.partition(".")[0] for each in seen.query.get("fields", "id,name").split(",")}
            told = {name: value for name, value in told.items() if name in wanted}
        return _json(told)

    def told(self, provider: str) -> dict[str, Any]:
        """Return what a provider says of somebody, in its own words."""
        case = self.case
        uid, name, email, verified = case.uid, case.name, case.email, case.verified
        first, last = _halves(name)
        number = int(uid) if isinstance(uid, str) and uid.isdecimal() else uid
        is_ours = isinstance(case.picture, str) and case.picture.startswith("/")
        picture = self.url + case.picture if is_ours else case.picture
        claims = {"sub": uid, "name": name, "picture": picture, "email": email, "email_verified": verified}
        match provider:
            case "wordpress":
                return {
                    "ID": number,
                    "display_name": name,
                    "username": case.username,
                    "email": email,
                    "email_verified": verified,
                    "verified": True,  # Of the account, not of the address.
                    "avatar_URL": picture,
                    "profile_URL": case.profile,
                }
            case "facebook":
                image = {"url": picture, "height": 256, "width": 256, "is_silhouette": False}
                words = {"first_name": first, "last_name": last, "verified": True, "picture": {"data": image}}
                return {"id": uid, "name": name, "email": email} | words
            case "google":
                return claims | {"given_name": first, "family_name": last, "id": uid, "verified_email": verified}
            case "apple":
                return {"sub": uid, "email": email, "email_verified": verified}
            case "x":
                words = {"profile_image_url": picture, "verified": True, "created_at": "2013-12-14T04:35:55.000Z"}
                return {"id": uid, "name": name, "username": case.username} | words
            case "github":
                words = {"login": case.username, "avatar_url": picture, "html_url": case.profile}
                return {"id": number, "name": name, "email": email} | words
            case "microsoft":
                names = {"displayName": name, "givenName": first, "surname": last, "mailNickname": case.username}
                return {"id": uid, "mail": email, "userPrincipalName": email, "verified": verified} | names
        return claims | {"preferred_username": case.username, "profile": case.profile}

    def keys(self, provider: str, seen: Seen) -> Answer:
        if provider == "google":
            return _json({"stand-in": self._certificate()})
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return _json({"keys": [key | {"kid": "stand-in", "alg": "RS256", "use": "sig"}]})

    def discovery(self, provider: str, seen: Seen) -> Answer:
        places = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}
        told = {f"{name}_endpoint": f"{self.url}/oidc/{path}" for name, path in places.items()}
        return _json(
            told
            | {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/oidc/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
                "code_challenge_methods_supported": ["S256"],
            }
        )

    def avatar(self, provider: str, seen: Seen) -> Answer:
        return Answer(200, PNG, "image/png")

    def _id_token(self, grant: _Grant) -> str:
        issuers = {"google": "https://accounts.google.com", "apple": "https://appleid.apple.com"}
        now = int(time.time())
        claims = self._leave_out(self.told(grant.provider))
        for name in ("id", "verified_email"):  # Words of Google's profile alone.
            claims.pop(name, None)
        claims |= {
            "iss": issuers.get(grant.provider, self.url),
            "aud": grant.asked["client_id"],
            "iat": now,
            "exp": now + 600,
        }
        if "nonce" in grant.asked:
            claims["nonce"] = grant.asked["nonce"]
        claims |= dict(self.case.claims)
        head = {"alg": "RS256", "kid": "stand-in"}
        signed = ".".join(_base64(_dump(part).encode()) for part in (head, claims))
        # By hand: PyJWT refuses to sign what a stand-in has to be able to say, such as a `sub` that is no text.
        return f"{signed}.{_base64(jwt.algorithms.RSAAlgorithm(hashes.SHA256).sign(signed.encode(), self._key))}"

    def _certificate(self) -> str:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stand-in")])
        now = timezone.now()
        made = x509.CertificateBuilder(name, name, self._key.public_key(), x509.random_serial_number(), now, now)
        return made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()

    def _leave_out(self, told: dict[str, Any]) -> dict[str, Any]:
        """Return an answer without what this case leaves out."""
        return {
            name: self._leave_out(value) if isinstance(value, dict) else value
            for name, value in told.items()
            if value is not MISSING and name not in self.case.omit
        }


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: somebody did not wait for the answer."""


class _Handler(BaseHTTPRequestHandler):
    standin: StandIn

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Seen(self.command, unquote(parts.path), _flat(parts.query), _flat(body), headers)
        try:
            answer = self.standin.answer(seen, self.server.server_address[1])
        except Exception as error:  # A fault of the stand-in: visible, in the answer, to the test that met it.
            answer = Answer(500, f"The stand-in failed: {error!r}".encode(), "text/plain")
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        if answer.location:
            self.send_header("Location", answer.location)
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_POST = _serve

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""


def _demand(fact: Any, status: int, code: str) -> None:
    if not fact:
        raise Refused(status, code)


def _dump(value: Any) -> str:
    return json.dumps(value)  # Escapes whatever is not ASCII: lone surrogates pass, as they do in real answers.


def _json(value: Any, status: int = 200) -> Answer:
    return Answer(status, _dump(value).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _flat(text: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()}


def _halves(name: Any) -> tuple[Any, Any]:
    if not isinstance(name, str):
        return name, name
    first, _, last = name.partition(" ")
    return first, last


def _page(hidden: dict[str, str], action: str, *buttons: str, go: bool = False) -> Answer:
    """A form, which with `go` sends itself where scripts run."""
    inputs = "".join(f'<input type="hidden" name="{name}" value="{html.escape(hidden[name])}">' for name in hidden)
    shown = "".join(f'<button name="decision" value="{name}">{name}</button>' for name in buttons)
    script = "<script>document.forms[0].submit()</script>" if go else ""
    text = f'<!doctype html><html lang="en"><title>Sign in</title><form method="post" action="{html.escape(action)}">'
    return Answer(200, f"{text}{inputs}{shown}</form>{script}".encode(), "text/html; charset=utf-8")


def _png(side: int = 64) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = (b"\0" + b"\x33\x66\x99" * side) * side
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


PNG = _png()


# The way of a browser, for Django's test client.


@dataclass(frozen=True)
class Return:
    """Where a provider sends the browser: a path of ours, and for Apple what is posted there."""

    path: str
    form: dict[str, str] | None = None


def start(client: Client, provider: str, *, next: str = "/x/", form: dict[str, str] | None = None, **query: str) -> str:
    """Press a provider's button; return the address there."""
    answer = client.post(f"{STARTS[provider]}?{urlencode({'next': next} | query)}", form or {})
    assert answer.status_code == 302, answer.status_code
    return answer["Location"]


def consent(address: str) -> Return:
    """Walk from a provider's address to where it sends the browser, over whatever addresses of its own."""
    answer = requests.get(address, allow_redirects=False, timeout=10)
    while answer.is_redirect and urlsplit(answer.headers["Location"]).hostname == "127.0.0.1":
        answer = requests.get(answer.headers["Location"], allow_redirects=False, timeout=10)
    if answer.is_redirect:
        return Return(_path(answer.headers["Location"]))
    assert answer.status_code == 200, answer.text
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', answer.text)
    action = html.unescape(re.search(r'action="([^"]+)"', answer.text)[1])
    return Return(_path(action), {name: html.unescape(value) for name, value in fields})


def come_back(client: Client, home: Return) -> Any:
    """Bring a provider's answer to our callback; return ours.

    Apple's post comes from its own site, so no cookie of ours is sent along; what it leaves is read by a GET.
    """
    if home.form is None:
        return client.get(home.path)
    posted = Client().post(home.path, home.form)
    assert posted.status_code == 302, posted.status_code
    client.cookies.update(posted.cookies)
    return client.get(_path(posted["Location"]))


def sign_in(client: Client, provider: str, **how: Any) -> Any:
    """Go all the way to a provider and back; return the site's last answer. `how` is what `start` takes."""
    return come_back(client, consent(start(client, provider, **how)))


def _path(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


@pytest.fixture(scope="session")
def standin_server() -> Iterator[StandIn]:
    server = StandIn(settings.STANDIN_PORT)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def standin(standin_server: StandIn) -> StandIn:
    """The stand-in, knowing nobody yet."""
    standin_server.reset()
    return standin_server
