"""PostgreSQL servers of a test's own, which it may stop, kill and copy: a primary, its replicas, and PgBouncer."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

BINARIES = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None, key=lambda path: float(path.parent.name))
PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
CONFIGURATION = Path(__file__).resolve().parent.parent / "deploy" / "pgbouncer.ini"
# A server refuses to run as root.
_account: list[str] = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
# Nothing here outlives the test, so nobody waits for the disk. What is asked of a server is in its log.
_OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "on",
    "shared_buffers": "32MB",
    "max_connections": "40",
    "wal_level": "replica",
    "log_statement": "all",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Cluster:
    """One server. Its folder belongs to the account that it runs as."""

    def __init__(self, folder: Path, **options: str) -> None:
        self.folder, self.port, self.options = folder, free_port(), _OPTIONS | options
        self.log = folder.with_suffix(".log")

    @classmethod
    def made(cls, folder: Path, **options: str) -> Cluster:
        cluster = cls(folder, **options)
        cluster.run("initdb", "-D", folder, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        cluster.start()
        return cluster

    def replica(self, folder: Path) -> Cluster:
        """Return a server that follows this one."""
        copy = Cluster(folder, **self.options)
        source = f"host=127.0.0.1 port={self.port} user=postgres"
        copy.run("pg_basebackup", "-D", folder, "-d", source, "-R", "-c", "fast", "--no-sync")
        copy.start()
        return copy

    def url(self, name: str = "postgres") -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        options = " ".join(f"-c {name}='{value}'" for name, value in (self.options | {"port": str(self.port)}).items())
        self.run("pg_ctl", "start", "-w", "-s", "-D", self.folder, "-l", self.log, "-o", options)

    def stop(self, mode: str = "immediate") -> None:
        self.signal(signal.SIGCONT)
        self.run("pg_ctl", "stop", "-w", "-s", "-D", self.folder, "-m", mode)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the server and every process of its."""
        head = int((self.folder / "postmaster.pid").read_text().split("\n", 1)[0])
        found = subprocess.run(["pgrep", "-P", str(head)], capture_output=True, text=True, check=False)
        for pid in [head, *map(int, found.stdout.split())]:
            os.kill(pid, number)

    def ask(self, statement: str, name: str = "postgres") -> list[tuple]:
        with psycopg.connect(self.url(name), autocommit=True, connect_timeout=10) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def asked(self, words: str) -> int:
        """Return how many statements with these words the server has been asked so far."""
        return self.log.read_text(errors="replace").count(words)

    def run(self, program: str, *arguments: object) -> None:
        run_as_server([str(BINARIES / program), *map(str, arguments)])


def run_as_server(command: Sequence[str]) -> None:
    """Run a program with the account of the servers, in a folder that it may read."""
    done = subprocess.run(
        [*_account, *command], cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr or done.stdout}")


@contextmanager
def servers_folder() -> Iterator[Path]:
    """Yield a folder that belongs to the account of the servers. pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="newsreader-servers-"))
    if _account:
        shutil.chown(folder, "postgres")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class PgBouncer:
    """Debian's PgBouncer with the configuration of deploy/, in front of a server. `changes`: other values in it."""

    def __init__(self, folder: Path, server: Cluster, **changes: str) -> None:
        self.port = free_port()
        (folder / "users.txt").write_text('"postgres" ""\n')
        own = {
            "listen_addr": "127.0.0.1",
            "listen_port": str(self.port),
            "auth_type": "trust",
            "auth_file": str(folder / "users.txt"),
            "logfile": str(folder / "pgbouncer.log"),
            "pidfile": str(folder / "pgbouncer.pid"),
            "unix_socket_dir": "",
        }
        text = CONFIGURATION.read_text().replace("port=5432", f"port={server.port} user=postgres")
        for name, value in (own | changes).items():
            text, count = re.subn(rf"^({name} =).*$", rf"\1 {value}", text, flags=re.MULTILINE)
            assert count == 1, name
        file = folder / "pgbouncer.ini"
        file.write_text(text)
        self.process = subprocess.Popen(
            [*_account, str(PGBOUNCER), "-q", str(file)], cwd="/", stdin=subprocess.DEVNULL, start_new_session=True
        )
        deadline = time.monotonic() + 20
        while not self._listens():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def url(self, name: str) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/{name}"

    def stop(self) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(20)
