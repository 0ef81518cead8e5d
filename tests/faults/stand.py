"""What a site stands on while it is broken: its database, Redis, mail server and bucket, each of our own."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from tests.bench.mailbox import Mailbox
from tests.faults.databases import PostgreSQL, SQLite
from tests.faults.disk import Disk
from tests.faults.line import Line
from tests.faults.ports import free_port, listens, until
from tests.faults.site import Site

MEGABYTES = 256  # of the small disk
BUCKET = "pictures"


class Redis:
    def __init__(self, folder: Path) -> None:
        self.port, self.folder = free_port(), folder
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir",
                   str(self.folder)]  # fmt: skip
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: listens(self.port), "Redis did not start", 20)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)
        if number == signal.SIGKILL:
            self.process.wait()


class Bucket:
    """An S3 server, by moto."""

    def __init__(self) -> None:
        self.port = free_port()
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: listens(self.port), "the bucket did not start", 60)
        address = f"http://127.0.0.1:{self.port}/{BUCKET}"
        urllib.request.urlopen(urllib.request.Request(address, method="PUT"), timeout=20).close()


class Stand:
    """`postgresql`: with Redis, two web processes and, where pictures are wanted, a bucket. `sqlite`: alone, with one."""

    def __init__(self, kind: str, folder: Path, *, pictures: bool) -> None:
        self.kind, self.folder, self.has_pictures = kind, folder, pictures and kind == "postgresql"
        folder.mkdir()
        folder.chmod(0o711)
        self.redis: Redis | None = None
        self.bucket: Bucket | None = None
        self.site: Site | None = None
        self.database: PostgreSQL | SQLite | None = None
        self.disk = Disk(folder / "disk", MEGABYTES)
        try:
            self._build()
        except BaseException:
            self.remove()
            raise

    def _build(self) -> None:
        self.mailbox = Mailbox()
        self.mail_line = Line(self.mailbox.port)
        settings = {"EMAIL_URL": f"smtp://127.0.0.1:{self.mail_line.port}"}
        settings["STORAGE_URL"] = f"file://{self.disk.folder}/media"
        if self.kind == "postgresql":
            self.database, self.redis = PostgreSQL(self.folder, self.disk), Redis(self.folder)
            settings["REDIS_URL"] = self.redis.url
        else:
            self.database = SQLite(self.disk)
        if self.has_pictures:
            self.bucket = Bucket()
            self.bucket_line = Line(self.bucket.port)
            settings["STORAGE_URL"] = f"s3+http://key:secret@127.0.0.1:{self.bucket_line.port}/{BUCKET}"
        settings["DATABASE_URL"] = self.database.url
        self.site = Site(self.folder, 2 if self.kind == "postgresql" else 1, **settings)
        self.site.prepare()
        self.site.start()

    def remove(self) -> None:
        """End everything that was started here."""
        if self.site:
            self.site.stop()
        for part in (self.redis, self.bucket):
            if part:
                part.process.kill()
                part.process.wait()
        if self.database:
            self.database.remove()
        self.disk.remove()
        shutil.rmtree(self.folder, ignore_errors=True)
