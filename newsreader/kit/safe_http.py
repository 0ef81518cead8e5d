"""Asks addresses that a reader, a login provider or an editor names, on public web servers only (against SSRF).

A host is resolved once for each hop, and the connection goes to the address that was checked. Redirects are followed
here, so that each hop is checked like the first; of what is posted, none is. No cookies, no proxies, no credentials.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import re
import socket
import ssl
import string
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from django.conf import settings

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PORTS = frozenset({80, 443})
_DEFAULT_PORT = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SLACK = 100_000  # bytes that status lines, headers and the framing of chunks may take besides the body

# Addresses that IANA's special-purpose registries reserve; not left to the version of Python.
_CLOSED = [
    ipaddress.ip_network(block)
    for block in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
        *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        "168.63.129.16/32",  # Azure's internal services.
        *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),  # Teredo and its neighbours, 6to4, documentation
    )
]
_OPEN = ipaddress.IPv6Network("2000::/3")  # all assigned IPv6 addresses; mapped, compatible and ULA are outside
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # IPv4 addresses as seen in IPv6-only networks

_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")  # As the last label, it makes the host an IPv4 address (URL standard).
_UNFIT = re.compile(r"[\x00-\x20\x7f\\]")


class _Unfetched(Exception):
    """Nothing was fetched; `code` says why and names no address, so it may be logged."""

    def __init__(self, code: str):
        self.code = code
        super().__init__(code)


class FetchRefused(_Unfetched):
    """The address is dangerous: nothing was requested from it, or no further redirect followed.

    Codes: address, scheme, userinfo, host, port, not_public, downgrade, redirects.
    """


class FetchFailed(_Unfetched):
    """The address is allowed, but gave no useful answer.

    Codes: name, timeout, connection, tls, answer, status, encoded, too_big, incomplete.
    """


@dataclass(frozen=True)
class Fetched:
    """The answer: the body, its content type without parameters (empty: none was sent) and the final address."""

    body: bytes
    kind: str
    url: str


def fetch(
    url: str, *, most: int = 1_000_000, seconds: float = 5.0, redirects: int = 3, accept: str = "image/*"
) -> Fetched:
    """Fetch an address: at most `most` bytes, within `seconds` for everything, redirects included.

    The content type is the server's claim. Raises FetchRefused and FetchFailed.
    """
    ends = time.monotonic() + seconds
    with _faults_named():
        for _ in range(redirects + 1):
            parts = _checked(url)
            answer = _ask(parts, accept, most, ends)
            if isinstance(answer, Fetched):
                return answer
            url = urljoin(url, answer)
            if parts.scheme == "https" and url.lower().startswith("http:"):
                raise FetchRefused("downgrade")
    raise FetchRefused("redirects")


def post(url: str, body: bytes, headers: Mapping[str, str], *, seconds: float = 5.0, own: bool = False) -> int:
    """Post JSON to an address of `check`, within `seconds` for everything. Return the status of the answer.

    No redirect is followed: its status is returned. What else is answered is not read. Raises FetchRefused and
    FetchFailed.
    """
    ends = time.monotonic() + seconds
    with _faults_named():
        parts = check(url, own=own)
        head = {
            "Host": parts.netloc,
            "User-Agent": f"Newsreader (+{settings.SITE_URL})",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Connection": "close",
            **headers,
        }
        lines = [f"POST {_target(parts)} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", ""]
        with closing(_connect(parts, ends, own=own)) as connection:
            connection.settimeout(_left(ends))
            connection.sendall("\r\n".join(lines).encode() + body)
            with http.client.HTTPResponse(_Wire(connection, _SLACK, ends)) as answer:  # type: ignore[arg-type]
                answer.begin()
                return answer.status


def check(url: str, *, own: bool = False) -> SplitResult:
    """Return the parts of an address that something may be posted to: https, on a usual port. Raises FetchRefused.

    `own`: this machine may be asked too, by any scheme and port, as long as the address names loopback itself: for a
    site that is tried out.
    """
    parts = _checked(url, own=own)
    if parts.scheme != "https" and not (own and _names_loopback(parts)):
        raise FetchRefused("scheme")
    return parts


@contextmanager
def _faults_named() -> Iterator[None]:
    """Turn the errors of sockets, TLS and HTTP into FetchFailed with a code."""
    try:
        yield
    except TimeoutError as error:
        raise FetchFailed("timeout") from error
    except ssl.SSLError as error:
        raise FetchFailed("tls") from error
    except OSError as error:
        raise FetchFailed("connection") from error
    except http.client.IncompleteRead as error:
        raise FetchFailed("incomplete") from error
    except (http.client.HTTPException, ValueError) as error:
        raise FetchFailed("answer") from error


def is_public(address: str) -> bool:
    """Say whether an IP address belongs to a machine on the public internet."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if ip in _NAT64:
        return is_public(str(ipaddress.IPv4Address(ip.packed[-4:])))
    if ip.version == 6 and (ip.scope_id or ip not in _OPEN):
        return False
    return not any(ip in block for block in _CLOSED)


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback


def _names_loopback(parts: SplitResult) -> bool:
    return (parts.hostname or "") in {"127.0.0.1", "::1", "localhost"}


def _checked(url: str, *, own: bool = False) -> SplitResult:
    """Parse an address, and refuse what no legitimate one contains."""
    if _UNFIT.search(url):
        raise FetchRefused("address")
    try:
        parts = urlsplit(url)
        port = _port(parts)
    except ValueError as error:
        raise FetchRefused("address") from error
    if parts.scheme not in _DEFAULT_PORT:
        raise FetchRefused("scheme")
    if "@" in parts.netloc:
        raise FetchRefused("userinfo")
    if port not in PORTS and not (own and _names_loopback(parts)):
        raise FetchRefused("port")
    host = _host(parts)
    netloc = f"[{host}]" if ":" in host else host
    if port != _DEFAULT_PORT[parts.scheme]:
        netloc = f"{netloc}:{port}"
    return parts._replace(netloc=netloc, fragment="")


def _port(parts: SplitResult) -> int:
    return _DEFAULT_PORT.get(parts.scheme, 0) if parts.port is None else parts.port


def _host(parts: SplitResult) -> str:
    """Return the host as it is resolved: an IP address in canonical form, or a name in ASCII."""
    host = parts.hostname or ""
    if "%" in host:  # An IPv6 zone, which names our own interfaces, or percent-encoded characters.
        raise FetchRefused("host")
    if "[" in parts.netloc:
        try:
            return str(ipaddress.IPv6Address(host))
        except ValueError as error:
            raise FetchRefused("host") from error
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise FetchRefused("host") from error
        if "xn--" not in host:  # Only ASCII characters in disguise, such as full-width ones.
            raise FetchRefused("host")
    if not _NAME.fullmatch(host):
        raise FetchRefused("host")
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError as error:
            raise FetchRefused("host") from error
    return host


def _ask(parts: SplitResult, accept: str, most: int, ends: float) -> Fetched | str:
    """Send one request; return the answer, or the address of a redirect."""
    request = (
        f"GET {_target(parts)} HTTP/1.1\r\n"
        f"Host: {parts.netloc}\r\n"
        f"User-Agent: Newsreader (+{settings.SITE_URL})\r\n"
        f"Accept: {accept}\r\n"
        "Accept-Encoding: identity\r\n"
        "Connection: close\r\n\r\n"
    )
    with closing(_connect(parts, ends)) as connection:
        connection.settimeout(_left(ends))
        connection.sendall(request.encode())
        with http.client.HTTPResponse(_Wire(connection, 2 * most + _SLACK, ends)) as answer:  # type: ignore[arg-type]
            answer.begin()
            if answer.status in _REDIRECTS and (location := answer.headers.get("Location")):
                # Headers arrive as Latin-1; what is not ASCII was meant as UTF-8.
                return quote(location.strip().encode("latin-1"), safe=string.punctuation)
            if answer.status != 200:
                raise FetchFailed("status")
            if answer.headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}:
                raise FetchFailed("encoded")  # Not asked for, and a small body could expand to any size.
            if (answer.length or 0) > most:
                raise FetchFailed("too_big")
            body = answer.read(most + 1)
            if len(body) > most:
                raise FetchFailed("too_big")
            if answer.length:  # The body is shorter than announced.
                raise FetchFailed("incomplete")
            kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            return Fetched(body, kind, parts.geturl())


def _target(parts: SplitResult) -> str:
    """Return path and query in ASCII; what is percent-encoded already stays."""
    target = quote(parts.path or "/", safe=string.punctuation)
    return f"{target}?{quote(parts.query, safe=string.punctuation)}" if parts.query else target


def _connect(parts: SplitResult, ends: float, *, own: bool = False) -> socket.socket:
    """Connect to the host, at an address that was checked; with TLS for https."""
    host = parts.hostname or ""
    found = _resolve(host, _port(parts), ends)
    is_own = own and _names_loopback(parts)
    if not all(_is_loopback(str(at[0])) if is_own else is_public(str(at[0])) for _, at in found):
        raise FetchRefused("not_public")
    connection = _first_that_answers(found, ends)
    if parts.scheme == "http":
        return connection
    try:
        connection.settimeout(_left(ends))
        return ssl.create_default_context().wrap_socket(connection, server_hostname=host)
    except BaseException:
        connection.close()
        raise


Place = tuple[socket.AddressFamily, Any]  # Any: the address as `socket.connect` takes it, the IP address first.


def _resolve(host: str, port: int, ends: float) -> list[Place]:
    """Resolve the host once. The resolver has no timeout, so it runs in a thread that can be left behind."""
    results: SimpleQueue[list[Place] | Exception] = SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            results.put([(family, sockaddr) for family, _, _, _, sockaddr in found])
        except (OSError, ValueError) as error:
            results.put(error)

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        answer = results.get(timeout=_left(ends))
    except Empty as error:
        raise TimeoutError from error
    if isinstance(answer, Exception) or not answer:
        raise FetchFailed("name")
    return answer


def _first_that_answers(found: list[Place], ends: float) -> socket.socket:
    """Try the addresses in turn; each gets its share of the time left."""
    failure: OSError | None = None
    for tried, (family, sockaddr) in enumerate(found):
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(_left(ends) / (len(found) - tried))
            connection.connect(sockaddr)
            return connection
        except OSError as error:
            connection.close()
            failure = error
    raise failure or OSError


def _left(ends: float) -> float:
    """Return the seconds left; raises TimeoutError when there are none."""
    if (left := ends - time.monotonic()) <= 0:
        raise TimeoutError
    return left


class _Wire(io.RawIOBase):
    """The bytes that a server sends, with a limit of time and of size.

    Both limits are enforced here, below the parsing of HTTP. So they also hold for slow answers, endless headers, and
    chunks of negative size, for which `http.client` reads all there is.
    """

    def __init__(self, connection: socket.socket, most: int, ends: float):
        self._connection, self._most, self._ends = connection, most, ends

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        self._connection.settimeout(_left(self._ends))
        count = self._connection.recv_into(buffer)
        self._most -= count
        if self._most < 0:
            raise FetchFailed("too_big")
        return count
