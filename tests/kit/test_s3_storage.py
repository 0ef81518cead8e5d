"""Pictures in an S3-compatible bucket: a whole round over HTTP, against a stand-in for one."""

import hashlib
import io
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import override_settings
from PIL import Image

from articles import pictures
from newsreader.kit import s3_storage
from newsreader.kit.errors import StorageAway
from newsreader.kit.s3_storage import Turns
from newsreader.settings import bucket
from tests.factories import make_article

KEY, SECRET = "AKIDEXAMPLE", "secret/with+signs"


class _Bucket(BaseHTTPRequestHandler):
    """What of S3 the storage asks for. Requests without our signature are refused."""

    files: dict[str, tuple[bytes, str]] = {}

    def _answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_PUT(self):
        body = self._read()
        if not self.headers.get("Authorization", "").startswith(f"AWS4-HMAC-SHA256 Credential={KEY}/"):
            return self._answer(403)
        self.files[self._name()] = body, self.headers.get("Content-Type", "")
        return self._answer(200, ETag='"x"')

    def do_GET(self):
        if urlsplit(self.path).path == "/pictures-of-ours":
            return self._answer(200, self._listed(), Content_Type="application/xml")
        if self._name() not in self.files:
            return self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        body, kind = self.files[self._name()]
        return self._answer(200, body, Content_Type=kind, ETag='"x"', Last_Modified="Thu, 26 Nov 2026 00:00:00 GMT")

    do_HEAD = do_GET

    def _listed(self):
        rows = "".join(
            f'<Contents><Key>{escape(name)}</Key><Size>{len(body)}</Size><ETag>"{hashlib.md5(body).hexdigest()}"</ETag>'
            "<LastModified>2026-11-26T00:00:00.000Z</LastModified></Contents>"
            for name, (body, _) in self.files.items()
        )
        space = "http://s3.amazonaws.com/doc/2006-03-01/"
        return f'<ListBucketResult xmlns="{space}"><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>'.encode()

    def do_DELETE(self):
        self.files.pop(self._name(), None)
        self._answer(204)

    def _read(self):
        if "aws-chunked" not in self.headers.get("Content-Encoding", ""):
            return self.rfile.read(int(self.headers["Content-Length"]))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def _name(self):
        return unquote(urlsplit(self.path).path).removeprefix("/pictures-of-ours/")

    def log_message(self, *args):
        pass


@pytest.fixture
def stored():
    """Keep uploads in a bucket on loopback; gives what is in it."""
    _Bucket.files = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Bucket)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    options = bucket(f"s3+http://{KEY}:secret%2Fwith%2Bsigns@127.0.0.1:{server.server_port}/pictures-of-ours")
    storages = {"BACKEND": "newsreader.kit.s3_storage.Bucket", "OPTIONS": options}
    from django.conf import settings

    with override_settings(STORAGES={**settings.STORAGES, "default": storages}):
        _Bucket.server = server
        yield _Bucket.files
    server.shutdown()
    server.server_close()


@pytest.mark.django_db
def test_a_picture_goes_to_the_bucket_and_comes_from_our_own_address(stored, client):
    file = io.BytesIO()
    Image.new("RGB", (400, 300), "#204060").save(file, "JPEG")

    picture = pictures.add(file.getvalue(), "boat.jpg", alternative_text="A boat")
    picture.refresh_from_db()
    article = make_article(lead_picture=picture)
    page = client.get(article.get_absolute_url()).content.decode()
    name = pictures.copy_name(picture, 320, "webp")
    shown = client.get(f"/media/{name}")

    assert {picture.file.name, name, pictures.copy_name(picture, "share", "jpg")} <= set(stored)
    assert f"/media/{name} 320w" in page
    assert "127.0.0.1" not in page
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/webp")
    assert Image.open(io.BytesIO(b"".join(shown.streaming_content))).size == (320, 240)
    assert shown["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["pictures/none.jpg", "avatars/none.webp", "pictures/../secret"])
def test_what_is_not_in_it_is_not_found(stored, client, name):
    assert client.get(f"/media/{name}").status_code == 404


@pytest.mark.django_db
def test_a_picture_is_busy_and_not_missing_while_the_bucket_refuses(stored, client):
    _Bucket.server.server_close()

    answers = [client.get("/media/pictures/boat.jpg") for _ in range(2)]

    for answer in answers:
        assert (answer.status_code, answer["Retry-After"]) == (503, "5")
        assert "no-store" in answer["Cache-Control"]
    with pytest.raises(StorageAway):
        default_storage.save("pictures/boat.jpg", ContentFile(b"a boat"))


def test_a_bucket_that_hangs_is_waited_for_by_half_of_the_threads_and_then_by_nobody(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(s3_storage.time, "monotonic", lambda: now[0])
    turns = Turns(2)

    def ask():
        with turns.take():
            pass

    with turns.take():
        ask()
        with turns.take(), pytest.raises(StorageAway):  # Nobody's turn comes.
            ask()
        now[0] += s3_storage.LONG + 1
    with pytest.raises(StorageAway), turns.take():
        raise EndpointConnectionError(endpoint_url="https://bucket.example")
    with pytest.raises(StorageAway):  # It is not asked.
        ask()
    now[0] += s3_storage.PAUSE
    ask()


def test_a_bucket_that_refuses_one_file_is_asked_for_others():
    turns = Turns(1)
    refusal = ClientError({"ResponseMetadata": {"HTTPStatusCode": 403}}, "GetObject")

    with pytest.raises(StorageAway), turns.take():
        raise refusal
    with turns.take():
        pass


@pytest.mark.parametrize(
    "url",
    ["s3://host/bucket", "s3://k:s@host", "https://k:s@host/bucket", "s3+http://k:s@example.org/b", "s3://k:s@/b", "x"],
)
def test_an_address_that_leads_to_no_bucket_is_refused(url):
    with pytest.raises((ValueError, ImproperlyConfigured)):
        bucket(url)


def test_an_address_is_read_whole():
    options = bucket("s3://key:se%2Fcret@objects.example:9000/news?region=eu-1")

    assert options["endpoint_url"] == "https://objects.example:9000"
    assert (options["access_key"], options["secret_key"]) == ("key", "se/cret")
    assert (options["bucket_name"], options["region_name"]) == ("news", "eu-1")
    assert bucket("") is None


def test_everything_in_it_can_be_listed_and_put_under_its_own_name(stored):
    default_storage.put("pictures/Fähre & Co.jpg", lambda file: file.write(b"a boat"))
    default_storage.put("avatars/ada.webp", lambda file: file.write(b"a face"))

    listed = {entry.name: entry for entry in default_storage.entries()}

    assert set(listed) == {"pictures/Fähre & Co.jpg", "avatars/ada.webp"} == set(stored)
    assert listed["avatars/ada.webp"].size == 6
    assert listed["avatars/ada.webp"].stamp != listed["pictures/Fähre & Co.jpg"].stamp
    assert default_storage.open("pictures/Fähre & Co.jpg").read() == b"a boat"
