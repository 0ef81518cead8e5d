"""One server that plays all eight login providers over HTTP, as strict as they are, and the way of a browser through it.

It speaks as the demonstration's providers do (`newsreader.demo.providers`), and can go wrong besides: a test says who
signs in and how with `standin.case = Case(...)`; `standin.requests` is what came in.
"""

from __future__ import annotations

import html
import re
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
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

from newsreader.demo.providers.people import Person, halves, told
from newsreader.demo.providers.protocol import (
    Answer,
    Grant,
    Protocol,
    Refused,
    Seen,
    as_base64,
    as_json,
    demand,
    dump,
    step_of,
)

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
OWN_PATHS = {
    "/oauth2/v1/certs": ("keys", "google"),
    "/auth/keys": ("keys", "apple"),
    "/.well-known/openid-configuration": ("discovery", "oidc"),
    "/oidc/jwks": ("keys", "oidc"),
    "/decide": ("decide", ""),
    "/avatar.png": ("avatar", ""),
}


@dataclass(frozen=True)
class Case(Person):
    """Who signs in, and what goes wrong. Any JSON value will do for what is told; `MISSING` and `omit` leave it out."""

    picture: Any = "/avatar.png"  # A path is one of this server.
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


class StandIn(Protocol):
    def __init__(self, port: int = 0):
        super().__init__()
        self.port = port
        self.case = Case()
        self.requests: list[Seen] = []
        self._servers: list[ThreadingHTTPServer] = []
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.reset()

    def reset(self) -> None:
        """Forget everybody and what came in."""
        self.case = Case()
        self.requests.clear()
        self.forget()
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
        found = OWN_PATHS.get(seen.path) or step_of(seen.path)
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
            return as_json({"error": "server_error"}, status)
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
        self.check(provider, seen)
        asked = seen.query
        if self.case.consent:
            return _page({"provider": provider, "asked": urlencode(asked)}, "/decide", "Allow", "Deny")
        return self._send_home(provider, asked, allowed=not self.case.deny)

    def decide(self, provider: str, seen: Seen) -> Answer:
        demand(seen.method == "POST" and seen.form.get("provider") in STARTS, 400, "invalid_request")
        return self._send_home(
            seen.form["provider"], _flat(seen.form["asked"]), allowed=seen.form.get("decision") == "Allow"
        )

    def _send_home(self, provider: str, asked: dict[str, str], *, allowed: bool) -> Answer:
        grant = Grant(provider, asked, Person())
        home = self.way_home(grant, allowed=allowed)
        if provider == "apple":
            return _page(
                home | (self._first_words(grant) if allowed else {}), asked["redirect_uri"], "Continue", go=True
            )
        return Answer(302, location=f"{asked['redirect_uri']}?{urlencode(home)}")

    def _first_words(self, grant: Grant) -> dict[str, str]:
        """Apple tells a name once, in the browser."""
        words = {"id_token": self._id_token(grant)} if "id_token" in grant.asked["response_type"] else {}
        if repr(self.case.uid) not in self._known_to_apple:
            self._known_to_apple.add(repr(self.case.uid))
            first, last = halves(self.case.name)
            words["user"] = dump(self.shown({"name": {"firstName": first, "lastName": last}}))
        return words

    # What the site asks for.

    def beside_token(self, grant: Grant) -> dict[str, Any]:
        has_one = self.case.id_token and grant.provider in {"google", "apple", "oidc"}
        return {"id_token": self._id_token(grant)} if has_one else {}

    def is_secret(self, provider: str, secret: str) -> bool:
        if provider != "apple" or self.case.client_key is None:
            return super().is_secret(provider, secret)
        try:
            told = jwt.decode(secret, self.case.client_key, algorithms=["ES256"], audience="https://appleid.apple.com")
        except jwt.PyJWTError:
            return False
        head = jwt.get_unverified_header(secret)
        return (told["iss"], told["sub"], head["kid"]) == ("apple-team", "apple-client", "apple-key")

    def person(self, grant: Grant) -> Person:
        """Return who it is now: a test may change its mind between code and profile."""
        is_ours = isinstance(self.case.picture, str) and self.case.picture.startswith("/")
        return replace(self.case, picture=self.url + self.case.picture) if is_ours else self.case

    def keys(self, provider: str, seen: Seen) -> Answer:
        if provider == "google":
            return as_json({"stand-in": self._certificate()})
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return as_json({"keys": [key | {"kid": "stand-in", "alg": "RS256", "use": "sig"}]})

    def discovery(self, provider: str, seen: Seen) -> Answer:
        places = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}
        told = {f"{name}_endpoint": f"{self.url}/oidc/{path}" for name, path in places.items()}
        return as_json(
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

    def _id_token(self, grant: Grant) -> str:
        issuers = {"google": "https://accounts.google.com", "apple": "https://appleid.apple.com"}
        now = int(time.time())
        claims = self.shown(told(grant.provider, self.person(grant)))
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
        signed = ".".join(as_base64(dump(part).encode()) for part in (head, claims))
        # By hand: PyJWT refuses to sign what a stand-in has to be able to say, such as a `sub` that is no text.
        return f"{signed}.{as_base64(jwt.algorithms.RSAAlgorithm(hashes.SHA256).sign(signed.encode(), self._key))}"

    def _certificate(self) -> str:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stand-in")])
        now = timezone.now()
        made = x509.CertificateBuilder(name, name, self._key.public_key(), x509.random_serial_number(), now, now)
        return made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()

    def shown(self, told: dict[str, Any]) -> dict[str, Any]:
        """Return an answer without what this case leaves out."""
        return {
            name: self.shown(value) if isinstance(value, dict) else value
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


def _flat(text: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()}


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
