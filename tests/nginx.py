"""deploy/nginx.conf as a test can run it: on ports of loopback, below a folder of its own, with or without TLS."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from newsreader.settings import BASE_DIR

SHIPPED = BASE_DIR / "deploy" / "nginx.conf"
PROGRAM = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
MISSING = "nginx is not installed. Debian, Ubuntu: apt-get install nginx-light"
AROUND = """
daemon off; pid {home}/pid; error_log {home}/error.log; worker_processes 1;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/f;
  uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;
  {more}
  include {home}/site.conf;
}}
"""


def write(
    home: Path,
    ports: tuple[int, int],
    site: str = "127.0.0.1:8000",
    *,
    tls: bool,
    more: str = "",
    instead: dict[str, str] | None = None,
) -> list[str]:
    """Write the configuration for nginx on these ports (http, https) in front of `site`. Returns nginx's arguments.

    `more` stands before it, and `instead` replaces parts of it.
    """
    text = re.sub(r"^ *listen \[::\].*\n", "", SHIPPED.read_text(), flags=re.MULTILINE)
    for shipped, here in {
        "listen 80": f"listen 127.0.0.1:{ports[0]}",
        "listen 443": f"listen 127.0.0.1:{ports[1]}",
        "server 127.0.0.1:8000": f"server {site}",
        "server_name news.example": "server_name 127.0.0.1",
        "/var/lib/nginx/newsreader": f"{home}/cache",
        "/etc/letsencrypt/live/news.example": str(home),
        "/srv/newsreader/current/var": f"{home}/collected",
        "/var/lib/newsreader": f"{home}/uploaded",
        **(instead or {}),
    }.items():
        assert shipped in text, shipped
        text = text.replace(shipped, here)
    if tls:
        _certify(home)
    else:
        text = re.sub(r"^ *ssl_.*\n", "", text, flags=re.MULTILINE)
        text = re.sub(r"(listen \S+) ssl( http2)?", r"\1", text)
    (home / "site.conf").write_text(text)
    (home / "nginx.conf").write_text(AROUND.format(home=home, more=more))
    user = "user root;" if os.geteuid() == 0 else ""
    return [str(PROGRAM), "-c", str(home / "nginx.conf"), "-p", str(home), "-g", user]


@contextmanager
def running(home: Path, site: str, *, more: str = "", instead: dict[str, str] | None = None) -> Iterator[int]:
    """Run nginx without TLS in front of `site`, and yield its port."""
    ports = free_ports()
    process = subprocess.Popen(write(home, ports, site, tls=False, more=more, instead=instead))
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", ports[1])) == 0:
                    break
            time.sleep(0.05)
        yield ports[1]
    finally:
        process.terminate()
        process.wait(timeout=10)


def free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


def _certify(home: Path) -> None:
    """Write a certificate that nobody has signed, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "news.example")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (home / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (home / "privkey.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
