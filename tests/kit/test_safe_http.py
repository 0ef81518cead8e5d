"""The fetcher against servers of its own: what it refuses, what it gives up on, and what it brings back."""

from __future__ import annotations

import datetime as dt
import gzip
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from newsreader.kit import safe_http
from newsreader.kit.safe_http import FetchFailed, FetchRefused, fetch, is_public

HERE = "127.0.0.1"


class Server:
    """Answers on a port of this machine with what `answer` sends; remembers what it was asked."""

    def __init__(self, answer: Callable[[socket.socket], None], tls: ssl.SSLContext | None = None, at: str = HERE):
        self.asked: list[str] = []
        self.connections = 0
        self.names: list[str | None] = []
        self._answer, self._tls = answer, tls
        if tls:
            tls.sni_callback = lambda connection, name, context: self.names.append(name)
        self._listener = socket.create_server((at, 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http{'s' if tls else ''}://{at}:{self.port}"
        self._stopped = threading.Event()
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._stopped.is_set():
                connection.close()
                self._listener.close()
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.settimeout(5)
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            asked = b""
            while not asked.endswith(b"\r\n\r\n"):
                if not (more := connection.recv(65_536)):
                    return
                asked += more
            self.asked.append(asked.decode())
            self._answer(connection)
        except OSError:
            pass  # The fetcher has gone, as it should.
        finally:
            connection.close()

    def stop(self) -> None:
        self._stopped.set()
        with socket.socket() as last:  # Wakes the one that accepts; asks no resolver, which a test may have replaced.
            last.connect(self._listener.getsockname())


@pytest.fixture
def serve(monkeypatch) -> Iterator[Callable[..., Server]]:
    """Make servers; their ports, and the first loopback address, count as public."""
    servers: list[Server] = []
    monkeypatch.setattr(safe_http, "is_public", lambda address: address == HERE)

    def make(answer: bytes | Callable[[socket.socket], None], **how) -> Server:
        def send(connection: socket.socket) -> None:
            connection.sendall(answer) if isinstance(answer, bytes) else answer(connection)

        server = Server(send, **how)
        servers.append(server)
        monkeypatch.setattr(safe_http, "PORTS", safe_http.PORTS | {server.port})
        return server

    yield make
    for server in servers:
        server.stop()


@pytest.fixture
def resolve(monkeypatch) -> Callable[..., list[str]]:
    """Play the resolver: the n-th question gets the n-th list of addresses, later ones the last. Returns the hosts asked."""

    def play(*answers: list[str]) -> list[str]:
        asked: list[str] = []

        def getaddrinfo(host, port, *args, **kwargs):
            asked.append(host)
            found = answers[min(len(asked), len(answers)) - 1]
            return [
                (socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))
                for ip in found
            ]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return asked

    return play


@pytest.fixture
def nobody(monkeypatch) -> list[tuple]:
    """Connections that were tried; none may be."""
    tried: list[tuple] = []

    def connect(self, address):
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    return tried


def ok(body: bytes = b"picture", *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", "Content-Type: image/png", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def moved(to: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Moved\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()


def code(url: str, **how) -> str:
    with pytest.raises((FetchRefused, FetchFailed)) as refusal:
        fetch(url, **how)
    return refusal.value.code


# --- Refused before anybody is asked --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "",
        "picture.png",
        "//example.org/a.png",
        "file:///etc/passwd",
        "ftp://example.org/a.png",
        "gopher://example.org/_x",
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
        "http:///a.png",
        "http://",
        "https://?a.png",
        "http://example.org:22/",
        "http://example.org:8080/",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://example.org:http/",
        "https://ada@example.org/",
        "https://ada:secret@example.org/",
        "https://@example.org/",
        "https://example.org@127.0.0.1/",
        "https://example.org\\@127.0.0.1/",
        "https://example.org/a\r\nX-Evil: 1",
        "https://exam ple.org/",
        " https://example.org/",
        "https://example.org\t/",
        "https://example.org./",
        "https://.example.org/",
        "https://example..org/",
        "https://exa%6dple.org/",
        "https://example.org%00.evil.example/",
        "https://*.example.org/",
        "https://" + "a" * 64 + ".example/",
        "https://" + "a." * 130 + "example/",
        # This machine, its neighbours and the clouds' metadata, as one would write them.
        "http://127.0.0.1/",
        "http://127.0.0.1:443/",
        "http://127.9.9.9/",
        "http://0.0.0.0/",
        "http://10.0.0.1/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://100.64.0.1/",
        "http://100.100.100.200/latest/meta-data/",
        "http://169.254.169.254/latest/meta-data/",
        "http://168.63.129.16/",
        "http://192.0.0.192/",
        "http://198.18.0.1/",
        "http://224.0.0.1/",
        "http://240.0.0.1/",
        "http://255.255.255.255/",
        "http://[::]/",
        "http://[::1]/",
        "http://[0:0:0:0:0:0:0:1]/",
        "http://[fd00:ec2::254]/",
        "http://[fc00::1]/",
        "http://[fe80::1]/",
        "http://[fe80::1%25eth0]/",
        "http://[fe80::1%eth0]/",
        "http://[2606:4700::1%25eth0]/",
        "http://[fec0::1]/",
        "http://[ff02::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[::ffff:8.8.8.8]/",
        "http://[::127.0.0.1]/",
        "http://[2002:7f00:1::]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[64:ff9b::169.254.169.254]/",
        "http://[64:ff9b:1::a00:1]/",
        "http://[2001:0:7f00:1::]/",
        "http://[2001:db8::1]/",
        "http://[127.0.0.1]/",
        "http://[v1.abc]/",
        "http://[::1/",
        # And as one would not.
        "http://0x7f.1/",
        "http://0x7f000001/",
        "http://0X7F.0.0.1/",
        "http://0x/",
        "http://2130706433/",
        "http://017700000001/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://127.0.1/",
        "http://0/",
        "http://127.0.0.1./",
        "http://127.0.0.1../",
        "http://127.000.000.001/",
        "http://127.0.0.1%00/",
        "http://127.0.0.1.0x7f/",
        "http://１２７.0.0.1/",
        "http://127。0。0。1/",
        "http://127．0．0．1/",
        "http://①②⑦.⓪.⓪.①/",
        "http://８.８.８.８/",
        "http://ｌｏｃａｌｈｏｓｔ/",
        "http://loc\u00adalhost/",
        "http://localhost。/",
        "http://ex\u2100mple.org/",
    ],
)
def test_a_dangerous_address_is_refused_and_nobody_is_asked(nobody, url):
    with pytest.raises(FetchRefused):
        fetch(url)

    assert nobody == []


@pytest.mark.parametrize("host", ["localhost", "metadata.internal", "xn--bcher-kva.example"])
@pytest.mark.parametrize(
    "found", [[HERE], ["8.8.8.8", "10.0.0.1"], ["fe80::1%2"], ["::1", "8.8.8.8"], ["::ffff:10.0.0.1"]]
)
def test_a_name_is_refused_if_any_of_its_addresses_is_not_public(nobody, resolve, host, found):
    resolve(found)

    assert code(f"https://{host}/") == "not_public"
    assert nobody == []


def test_a_name_in_other_letters_is_looked_up_in_ascii(nobody, resolve):
    asked = resolve(["8.8.8.8"])

    assert code("https://Bücher.example/") == "connection"
    assert asked == ["xn--bcher-kva.example"]
    assert nobody == [("8.8.8.8", 443)]


def test_the_next_address_is_tried_where_one_does_not_answer(nobody, resolve):
    resolve(["2606:4700::1", "8.8.8.8"])

    assert code("http://example.org/") == "connection"
    assert nobody == [("2606:4700::1", 80), ("8.8.8.8", 80)]


@pytest.mark.parametrize("found", [[], None])
def test_a_name_that_nobody_knows_fails(monkeypatch, found):
    def getaddrinfo(*args, **kwargs):
        if found is None:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return found

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    assert code("https://nobody.example/") == "name"


# --- What is public -------------------------------------------------------------------------------------------------

NEVER = [
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"),
    *("192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"),
]
NEVER_6 = [
    "::/8",
    "100::/8",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
    "2001::/32",
    "2001:db8::/32",
    "2002::/16",
]


def within(block: str) -> st.SearchStrategy:
    network = ipaddress.ip_network(block)
    return st.integers(int(network[0]), int(network[-1])).map(type(network[0]))


private = st.one_of([within(block) for block in NEVER])
SPELLINGS: list[Callable[[ipaddress.IPv4Address], str]] = [
    str,
    lambda ip: f"::ffff:{ip}",
    lambda ip: str(ipaddress.IPv6Address(int(ip) | 0xFFFF << 32)),
    lambda ip: ipaddress.IPv6Address(int(ip) | 0xFFFF << 32).exploded.upper(),
    lambda ip: f"::{ip}",
    lambda ip: f"64:ff9b::{ip}",
    lambda ip: f"64:ff9b:1::{ip}",
    lambda ip: str(ipaddress.IPv6Address(0x2002 << 112 | int(ip) << 80 | 1)),
    lambda ip: str(ipaddress.IPv6Address(0x2001 << 112 | (int(ip) ^ 0xFFFFFFFF))),
    lambda ip: str(int(ip)),
    lambda ip: hex(int(ip)),
    lambda ip: oct(int(ip)).replace("o", ""),
    lambda ip: ".".join(hex(part) for part in ip.packed),
    lambda ip: ".".join(f"{part:04o}" for part in ip.packed),
    lambda ip: f"{ip}.",
    lambda ip: f"[{ip}]",
    lambda ip: f" {ip}",
    lambda ip: str(ip).replace(".", "。"),
    lambda ip: "".join(chr(0xFF10 + int(c)) if c.isdigit() else c for c in str(ip)),
]


@given(private, st.sampled_from(SPELLINGS))
def test_no_private_address_is_public_in_any_spelling(ip, spell):
    assert not is_public(spell(ip))


@given(
    st.one_of([within(block) for block in NEVER_6]).filter(lambda ip: ip not in ipaddress.ip_network("64:ff9b::/96"))
)
def test_no_private_ipv6_address_is_public(ip):
    assert not is_public(str(ip))
    assert not is_public(ip.exploded)
    assert not is_public(f"{ip}%eth0")


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_what_python_knows_to_be_closed_is_not_public(ip):
    if ip.is_private or ip.is_multicast or ip.is_reserved or ip.is_loopback or ip.is_link_local or ip.is_unspecified:
        assert not is_public(str(ip)) or ip in ipaddress.ip_network("64:ff9b::/96")


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700::1111", "64:ff9b::808:808"])
def test_the_internet_is_public(address):
    assert is_public(address)


# --- Asked and answered ---------------------------------------------------------------------------------------------


def test_a_picture_comes_back_with_its_kind_and_its_address(serve):
    server = serve(ok(b"\x89PNG").replace(b"image/png", b"Image/PNG; charset=x"))

    fetched = fetch(f"{server.url}/a b".replace(" ", "%20") + "?size=96&ü#top")

    assert fetched.body == b"\x89PNG"
    assert fetched.kind == "image/png"
    assert fetched.url == f"{server.url}/a%20b?size=96&ü"
    assert server.asked[0].startswith("GET /a%20b?size=96&%C3%BC HTTP/1.1\r\n")


def test_a_request_carries_the_host_and_nothing_about_us_or_the_reader(serve, resolve, monkeypatch):
    nowhere = serve(ok(b"from the proxy"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, nowhere.url)
    server = serve(lambda connection: connection.sendall(ok(b"right", "Set-Cookie: who=ada")))
    resolve([HERE])

    for _ in range(2):
        assert fetch(f"http://Pictures.example:{server.port}").body == b"right"

    assert nowhere.connections == 0
    for asked in server.asked:
        headers = dict(line.split(": ", 1) for line in asked.strip().split("\r\n")[1:])
        assert headers == {
            "Host": f"pictures.example:{server.port}",
            "User-Agent": "Newsreader (+http://testserver)",
            "Accept": "image/*",
            "Accept-Encoding": "identity",
            "Connection": "close",
        }


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", b"abcde"),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + ok(b"late"), b"late"),
        (ok(b"plain", "Content-Encoding: identity"), b"plain"),
        (ok(b""), b""),
    ],
)
def test_every_way_to_send_a_body_is_understood(serve, answer, body):
    assert fetch(serve(answer).url).body == body


def test_the_connection_goes_to_the_address_that_was_checked(serve, resolve):
    server = serve(ok(b"checked"))
    asked = resolve([HERE], ["127.0.0.2"])

    assert fetch(f"http://rebinding.example:{server.port}/").body == b"checked"
    assert asked == ["rebinding.example"]


def test_each_hop_is_resolved_and_checked_anew(serve, resolve):
    server = serve(lambda connection: connection.sendall(moved("/again")))
    asked = resolve([HERE], ["127.0.0.2"])

    assert code(f"http://rebinding.example:{server.port}/") == "not_public"
    assert asked == ["rebinding.example"] * 2
    assert server.connections == 1


# --- Redirects ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(serve, status):
    there = serve(ok(b"there"))

    fetched = fetch(serve(moved(f"{there.url}/b?c", status)).url)

    assert fetched.body == b"there"
    assert fetched.url == f"{there.url}/b?c"


def test_a_redirect_may_be_relative_and_written_carelessly(serve):
    answers = iter([moved("../b c/ü.png"), ok()])
    server = serve(lambda connection: connection.sendall(next(answers)))

    fetch(f"{server.url}/a/x/")

    assert server.asked[1].startswith("GET /a/b%20c/%C3%BC.png HTTP/1.1")


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("http://127.0.0.2/", "not_public"),
        ("//169.254.169.254/latest/", "not_public"),
        ("http://[::1]/", "not_public"),
        ("http://0x7f.1/", "host"),
        ("http://127.0.0.1:22/", "port"),
        ("file:///etc/passwd", "scheme"),
        ("http://ada@127.0.0.1/", "userinfo"),
        ("http:\\\\127.0.0.2/", "address"),
    ],
)
def test_a_redirect_to_a_dangerous_address_is_refused(serve, to, why):
    assert code(serve(moved(to)).url) == why


def test_three_redirects_are_enough(serve):
    server = serve(lambda connection: connection.sendall(moved("/")))

    assert code(server.url) == "redirects"
    assert server.connections == 4
    assert code(server.url, redirects=0) == "redirects"
    assert server.connections == 5


def test_a_redirect_to_nowhere_fails(serve):
    assert code(serve(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n").url) == "status"


# --- Too long, too big, too odd -------------------------------------------------------------------------------------


def drip(connection: socket.socket, text: bytes) -> None:
    for byte in text:
        connection.sendall(bytes([byte]))
        time.sleep(0.02)


def say_nothing(connection: socket.socket) -> None:
    if not connection.recv(1):
        raise ConnectionError("the other side has gone")


@pytest.mark.parametrize(
    "answer",
    [
        say_nothing,
        lambda connection: drip(connection, ok(b"x" * 500)),
        lambda connection: drip(connection, b"HTTP/1.1 100 Continue\r\n\r\n" * 20),
        lambda connection: (connection.sendall(ok(b"x" * 500)[:-500]), drip(connection, b"x" * 500)),
    ],
    ids=["silent", "drip", "continue", "slow-body"],
)
def test_the_whole_fetch_ends_in_time(serve, answer):
    heard_out = threading.Event()
    server = serve(lambda connection: (answer(connection), heard_out.set()))

    assert code(server.url, seconds=0.4) == "timeout"
    assert not heard_out.is_set()


def test_redirects_share_the_time_of_one_fetch(serve):
    server = serve(lambda connection: (time.sleep(0.15), connection.sendall(moved("/"))))

    assert code(server.url, seconds=0.4) == "timeout", "with as much for each, there would be too many of them"


def test_a_resolver_that_sleeps_is_left_behind(monkeypatch):
    wake = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: wake.wait(5) and [])

    assert code("https://slow.example/", seconds=0.2) == "timeout"
    wake.set()


@pytest.mark.parametrize(
    "answer",
    [
        ok(b"x" * 1001),
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1001,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + b"x" * 1001 + b"\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n" + b"x" * 1_000_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"0;"
        + b"x" * 60_000
        + b"\r\n"
        + b"a: b\r\n" * 100_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 50_000,
    ],
    ids=["announced", "unannounced", "chunked", "huge", "negative-chunk", "trailers", "continue"],
)
def test_too_much_is_not_read(serve, answer):
    assert code(serve(answer).url, most=1000) == "too_big"


def test_as_much_as_allowed_is_read(serve):
    assert len(fetch(serve(ok(b"x" * 1000)).url, most=1000).body) == 1000


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "deflate", "br", "gzip, gzip", "identity, gzip"])
def test_a_packed_body_is_not_unpacked(serve, encoding):
    bomb = gzip.compress(b"\0" * 10_000_000)

    assert code(serve(ok(bomb, f"Content-Encoding: {encoding}")).url) == "encoded"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "connection"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "answer"),
        (b"HTTP/3.0 200 OK\r\n\r\n", "answer"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n", "answer"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", "answer"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "incomplete"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nab", "incomplete"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", "incomplete"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "status"),
        (b"HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n\r\nx", "status"),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n", "status"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx", "status"),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 1\r\n\r\nx", "status"),
    ],
)
def test_an_answer_of_no_use_fails(serve, answer, why):
    assert code(serve(answer).url) == why


def test_a_closed_port_fails(serve, monkeypatch):
    with socket.create_server((HERE, 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setattr(safe_http, "PORTS", {port})

    assert code(f"http://{HERE}:{port}/") == "connection"


def test_a_refusal_names_no_address(serve):
    with pytest.raises(FetchFailed) as refusal:
        fetch(serve(b"HTTP/1.1 500 Oh\r\n\r\n").url + "/secret")

    assert str(refusal.value) == "status"


# --- TLS ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> str:
    """A certificate for pictures.example, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pictures.example")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("pictures.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "certificate.pem"
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private_key = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(private_key + made.public_bytes(pem))
    return str(file)


@pytest.fixture
def secured(serve, certificate, resolve) -> Callable[[bytes], Server]:
    def make(answer: bytes) -> Server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        resolve([HERE])
        return serve(answer, tls=context)

    return make


def test_a_certificate_that_nobody_vouches_for_fails(secured):
    server = secured(ok())

    assert code(f"https://pictures.example:{server.port}/") == "tls"
    assert server.asked == []


def test_a_trusted_certificate_counts_for_its_own_name_only(secured, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    server = secured(ok(b"secured"))

    assert fetch(f"https://pictures.example:{server.port}/").body == b"secured"
    assert code(f"https://other.example:{server.port}/") == "tls"
    assert code(f"https://{HERE}:{server.port}/") == "tls"
    assert server.names == ["pictures.example", "other.example", None]
    assert len(server.asked) == 1


def test_a_redirect_never_leaves_tls(secured, serve, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    plain = serve(ok())
    server = secured(moved(f"HTTP://pictures.example:{plain.port}/"))

    assert code(f"https://pictures.example:{server.port}/") == "downgrade"
    assert plain.connections == 0


def test_a_handshake_that_does_not_end_is_given_up(serve):
    server = serve(say_nothing)  # Nor does it: what it waits for is no request of HTTP.

    assert code(server.url.replace("http:", "https:"), seconds=0.3) == "timeout"
    assert server.asked == []
