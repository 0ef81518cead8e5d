"""Pictures of people: what is taken, what is made of it, how it comes in from a provider, and letters in its place."""

from __future__ import annotations

import datetime as dt
import io
import logging
import subprocess
import sys
import threading
import unicodedata
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from zipfile import ZipFile

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone
from hypothesis import HealthCheck, example, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFile, PngImagePlugin, features

from newsreader.accounts import pictures
from newsreader.accounts.events import PictureKept
from newsreader.accounts.models import CommenterIdentity, SentPicture
from newsreader.accounts.pictures import HUES, NotAPicture, draw_sent, fetch_picture, hue, initials, keep, redrawn
from newsreader.kit import events, safe_http
from newsreader.settings import BASE_DIR
from tests.factories import make_user

RED, BLUE, GREEN = (220, 30, 30), (30, 30, 220), (30, 200, 30)


def make_picture(kind: str = "PNG", size: tuple[int, int] = (300, 200), *, mode: str = "RGB", **how) -> bytes:
    """A picture, red on the left and blue on the right."""
    picture = Image.new("RGB", size, RED)
    ImageDraw.Draw(picture).rectangle((size[0] // 2, 0, *size), fill=BLUE)
    file = io.BytesIO()
    picture.convert(mode).save(file, kind, **how)
    return file.getvalue()


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def near(picture: Image.Image, place: tuple[int, int], colour: tuple[int, int, int]) -> bool:
    seen = picture.convert("RGB").getpixel(place)
    return all(abs(a - b) < 40 for a, b in zip(seen, colour, strict=True))


# --- Redrawn --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        *(("PNG", mode) for mode in ("RGB", "RGBA", "L", "LA", "P", "1")),
        *(("JPEG", mode) for mode in ("RGB", "L", "CMYK")),
        *(("WEBP", mode) for mode in ("RGB", "RGBA")),
        *(("GIF", mode) for mode in ("P", "L")),
        pytest.param("AVIF", "RGB", marks=pytest.mark.skipif(not features.check("avif"), reason="no AVIF here")),
    ],
)
@pytest.mark.parametrize("size", [(300, 200), (1000, 3000), (1, 1), (192, 192), (5, 2000)])
def test_every_kind_of_picture_becomes_the_same_square(kind, mode, size):
    drawn = opened(redrawn(make_picture(kind, size, mode=mode)))

    assert (drawn.format, drawn.size) == ("WEBP", (192, 192))
    assert not drawn.info.keys() & {"exif", "xmp", "icc_profile"}
    assert getattr(drawn, "n_frames", 1) == 1


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_colours_and_sides_stay(kind):
    drawn = opened(redrawn(make_picture(kind, (1600, 900))))

    assert near(drawn, (20, 96), RED)
    assert near(drawn, (170, 96), BLUE)


def test_the_middle_is_kept():
    picture = Image.new("RGB", (300, 100), RED)
    picture.paste(GREEN, (100, 0, 200, 100))
    file = io.BytesIO()
    picture.save(file, "PNG")

    drawn = opened(redrawn(file.getvalue()))

    assert all(near(drawn, place, GREEN) for place in [(5, 5), (96, 96), (186, 186)])


def test_sixteen_bits_of_grey_do_not_become_white():
    file = io.BytesIO()
    Image.new("I;16", (50, 50), 0x8080).save(file, "PNG")

    assert near(opened(redrawn(file.getvalue())), (96, 96), (128, 128, 128))


def test_what_is_transparent_stays_so():
    file = io.BytesIO()
    Image.new("RGBA", (50, 50), (*RED, 0)).save(file, "PNG")

    assert opened(redrawn(file.getvalue())).getpixel((96, 96))[3] == 0


def test_of_a_moving_picture_the_first_frame_counts():
    frames = [Image.new("RGB", (50, 50), colour) for colour in (GREEN, RED, BLUE)]
    for kind in ("GIF", "WEBP", "PNG"):
        file = io.BytesIO()
        frames[0].save(file, kind, save_all=True, append_images=frames[1:])

        assert near(opened(redrawn(file.getvalue())), (96, 96), GREEN)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(("turned", "top", "bottom"), [(6, RED, BLUE), (8, BLUE, RED)])
def test_a_picture_taken_sideways_is_turned_upright(kind, turned, top, bottom):
    exif = Image.Exif()
    exif[0x0112] = turned

    drawn = opened(redrawn(make_picture(kind, (400, 300), exif=exif)))

    assert near(drawn, (96, 20), top)
    assert near(drawn, (96, 170), bottom)
    assert not drawn.getexif()


def test_nothing_but_pixels_is_kept():
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    exif.get_ifd(0x8825)[1] = "N"
    told = PngImagePlugin.PngInfo()
    told.add_text("Comment", "taken at home")
    said = [
        make_picture("JPEG", exif=exif, comment=b"taken at home", icc_profile=b"taken at home", xmp=b"taken at home"),
        make_picture("WEBP", exif=exif, icc_profile=b"taken at home", xmp=b"taken at home"),
        make_picture("PNG", exif=exif, pnginfo=told, icc_profile=b"taken at home"),
        make_picture("JPEG") + b"taken at home",
    ]

    for data in said:
        assert b"taken at home" in data or data[:4] == b"\x89PNG"
        drawn = redrawn(data)
        assert b"taken at home" not in drawn
        assert not {b"EXIF", b"XMP ", b"ICCP"} & {drawn[at : at + 4] for at in range(len(drawn))}


# --- Refused --------------------------------------------------------------------------------------------------------


def png_of(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds one row of it."""
    header = width.to_bytes(4) + height.to_bytes(4) + b"\x08\x02\0\0\0"
    file = b"\x89PNG\r\n\x1a\n"
    for name, data in ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")):
        file += len(data).to_bytes(4) + name + data + zlib.crc32(name + data).to_bytes(4)
    return file


def a_progressive_jpeg(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("L", (width, height)).save(file, "JPEG", progressive=True)
    return file.getvalue()


def zipped() -> bytes:
    file = io.BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr("index.html", "<b>hello</b>")
    return file.getvalue()


REFUSED = {
    "empty": b"",
    "text": b"not a picture at all",
    "page": b"<!doctype html><title>x</title>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    "pdf": b"%PDF-1.7\n",
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "bmp": make_picture("BMP"),
    "tiff": make_picture("TIFF"),
    "ico": make_picture("ICO", (32, 32)),
    "jpeg2000": make_picture("JPEG2000"),
    "only-a-header": b"\x89PNG\r\n\x1a\n",
    "many-pixels": png_of(4000, 3001),
    "held-whole": a_progressive_jpeg(4000, 3001),
    "heic": (BASE_DIR / "tests" / "samples" / "pictures" / "halves.heic").read_bytes(),
    "bomb-that-warns": png_of(10_000, 10_000),
    "bomb": png_of(60_000, 60_000),
    "bomb-of-a-row": png_of(2_000_000_000, 1),
    "wrong-size": png_of(50, 50),
    "many-bytes": make_picture() + b"\0" * 5_000_000,
    "and-an-archive": make_picture("JPEG") + zipped(),
    "and-a-page": make_picture("GIF") + b"<SCRIPT>alert(1)</SCRIPT>",
    "and-a-program": make_picture("JPEG", comment=b"<?php phpinfo();"),
    "and-a-document": make_picture("JPEG", comment=b"%PDF-1.4"),
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(NotAPicture) as refusal:
        redrawn(data)

    assert (refusal.value.code, refusal.value.status) == ("not_a_picture", 422)
    assert "PNG" in str(refusal.value) or "megapixels" in str(refusal.value)


def test_a_photograph_of_a_large_phone_is_taken_since_little_of_it_is_decoded():
    assert opened(redrawn(make_picture("JPEG", (8000, 6000)))).size == (192, 192)


# --- Sent -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def queued(monkeypatch) -> list[int]:
    queued: list[int] = []
    monkeypatch.setattr(type(draw_sent), "enqueue", lambda task, *of: queued.extend(of))
    return queued


@pytest.mark.django_db
def test_nothing_is_decoded_in_the_request_and_the_worker_draws_it(media, queued, monkeypatch):
    user = make_user()
    with monkeypatch.context() as patched:
        patched.setattr(ImageFile.ImageFile, "load", None)
        pictures.send(user.pk, make_picture("GIF"))
        pictures.send(user.pk, make_picture("PNG"))  # The second one counts.
    [sent] = SentPicture.objects.all()
    assert set(queued) == {sent.pk}

    draw_sent.call(sent.pk)
    draw_sent.call(sent.pk)

    user.refresh_from_db()
    assert opened((media / user.avatar).read_bytes()).size == (192, 192)
    assert not SentPicture.objects.exists()


@pytest.mark.django_db
def test_one_that_breaks_while_it_is_drawn_is_told_on_ones_own_page(client, media, queued):
    user = make_user(avatar="avatars/earlier.webp")
    client.force_login(user)
    whole = make_picture("PNG")
    pictures.send(user.pk, whole[: len(whole) // 2])
    assert "will appear in a moment" in client.get("/accounts/").content.decode()

    SentPicture.objects.update(sent_at=timezone.now() - dt.timedelta(hours=1))
    pictures.draw_waiting()  # The task was lost.

    user.refresh_from_db()
    assert user.avatar == "avatars/earlier.webp"
    assert "We could not use that picture" in client.get("/accounts/").content.decode()
    assert bytes(SentPicture.objects.get().data) == b""


@pytest.mark.django_db
def test_a_drawing_of_what_was_replaced_meanwhile_is_thrown_away(media, queued, monkeypatch):
    user = make_user()
    pictures.send(user.pk, make_picture("GIF"))
    monkeypatch.setattr(pictures, "keep", lambda data: [pictures.send(user.pk, make_picture("PNG")), keep(data)][1])

    draw_sent.call(queued[0])

    user.refresh_from_db()
    assert user.avatar == ""
    assert SentPicture.objects.count() == 1
    assert not [file for file in media.rglob("*") if file.is_file()]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_what_stands_behind_a_picture_is_taken_away(kind):
    """Phones append films to photographs, so that is no reason to refuse one; a script cannot come through either."""
    drawn = redrawn(make_picture(kind) + b"*/=1;alert(1)")

    assert drawn == redrawn(make_picture(kind))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_a_picture_that_is_cut_off_is_refused(kind, share):
    noise = Image.effect_noise((300, 200), 80)
    file = io.BytesIO()
    noise.save(file, kind)
    data = file.getvalue()

    assert redrawn(data)
    with pytest.raises(NotAPicture):
        redrawn(data[: int(len(data) * share)])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", *(["AVIF"] if features.check("avif") else [])])
@effort(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_picture_is_redrawn_or_refused_and_nothing_else(kind, data):
    damaged = bytearray(make_picture(kind, (40, 30)))
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))

    try:
        drawn = redrawn(bytes(damaged))
    except NotAPicture:
        return
    assert opened(drawn).size == (192, 192)


# --- Kept -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def test_a_picture_is_kept_under_a_name_that_tells_nothing(media):
    data = make_picture()

    one, other = keep(data), keep(data)

    assert one != other
    for name in (one, other):
        assert name.startswith("avatars/")
        assert name.endswith(".webp")
        assert len(name) == len("avatars/") + 22 + len(".webp")
        assert default_storage.url(name) == f"/media/{name}"
        assert opened((media / name).read_bytes()).size == (192, 192)


def test_what_is_no_picture_is_not_kept(media):
    with pytest.raises(NotAPicture):
        keep(b"<svg/>")

    assert list(media.rglob("*")) == []


# --- Fetched --------------------------------------------------------------------------------------------------------


class Provider:
    """A login provider's picture server on this machine; `before` is called before it answers."""

    def __init__(self) -> None:
        self.body, self.status = make_picture("JPEG"), 200
        self.before: Callable[[], object] = lambda: None
        self.asked: list[str] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked.append(self.path)
                provider.before()
                self.send_response(provider.status)
                self.send_header("Content-Length", str(len(provider.body)))
                self.end_headers()
                self.wfile.write(provider.body)

            def log_message(self, *_) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/secret/ada.png"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    yield provider
    provider.server.shutdown()
    provider.server.server_close()


@pytest.fixture
def let_in(provider, monkeypatch) -> Provider:
    """The provider, taken for a public one."""
    monkeypatch.setattr(safe_http, "is_public", lambda address: True)
    monkeypatch.setattr(safe_http, "PORTS", {provider.server.server_port})
    return provider


@pytest.fixture
def told(monkeypatch) -> list[PictureKept]:
    told: list[PictureKept] = []
    monkeypatch.setitem(events._listeners, PictureKept, [told.append])
    return told


def make_identity(source: str, avatar: str = "") -> CommenterIdentity:
    return CommenterIdentity.objects.create(
        provider="github", uid="7", display_name="Ada Lovelace", avatar_source=source, avatar=avatar
    )


@pytest.mark.django_db
def test_a_providers_picture_is_kept_and_told(
    client, media, let_in, told, django_capture_on_commit_callbacks, django_assert_max_num_queries
):
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    let_in.body = make_picture("JPEG", (600, 400), exif=exif)
    identity = make_identity(let_in.url)

    with django_capture_on_commit_callbacks(execute=True), django_assert_max_num_queries(2):
        fetch_picture.call(identity_id=identity.pk, source=let_in.url)

    identity.refresh_from_db()
    assert told == [PictureKept(identity.pk, identity.avatar)]
    assert default_storage.url(identity.avatar).startswith("/media/avatars/")
    data = (media / identity.avatar).read_bytes()
    drawn = opened(data)
    assert (drawn.format, drawn.size) == ("WEBP", (192, 192))
    assert not drawn.getexif()
    assert b"taken at home" not in data


@pytest.mark.django_db
def test_the_task_can_be_put_into_the_queue(media, let_in, django_capture_on_commit_callbacks):
    identity = make_identity(let_in.url)

    with django_capture_on_commit_callbacks(execute=True):
        fetch_picture.enqueue(identity_id=identity.pk, source=let_in.url)

    identity.refresh_from_db()
    assert identity.avatar


@pytest.mark.django_db
@pytest.mark.parametrize("avatar", ["", "avatars/earlier.webp"])
@pytest.mark.parametrize(
    "source", ["", "http://169.254.169.254/latest/secret", "http://0x7f.1/secret", "file:///secret"]
)
def test_a_picture_on_our_own_network_is_refused_and_the_refusal_logged(media, provider, told, caplog, source, avatar):
    source = source or provider.url
    identity = make_identity(source, avatar)
    caplog.set_level(logging.INFO)

    fetch_picture.call(identity_id=identity.pk, source=source)

    identity.refresh_from_db()
    assert identity.avatar == avatar
    assert provider.asked == []
    assert told == []
    assert list(media.rglob("*")) == []
    [line] = [record for record in caplog.records if record.name == pictures.logger.name]
    assert line.levelno == logging.WARNING
    assert f"identity {identity.pk} was refused: " in line.getMessage()
    assert "secret" not in caplog.text
    assert "127.0.0.1" not in caplog.text


@pytest.mark.django_db
def test_a_portrait_of_the_demonstration_is_read_from_its_file(media, provider, settings):
    source = "http://127.0.0.1:8000/demo/providers/portraits/ada.webp"
    settings.DEMO_PORTRAITS = {source: settings.BASE_DIR / "newsreader" / "static" / "demo" / "ada.webp"}
    other = source + "?"
    identity = make_identity(other)

    fetch_picture.call(identity_id=identity.pk, source=other)
    identity.refresh_from_db()
    assert identity.avatar == ""

    CommenterIdentity.objects.update(avatar_source=source)
    fetch_picture.call(identity_id=identity.pk, source=source)
    identity.refresh_from_db()
    assert identity.avatar.startswith("avatars/")


@pytest.mark.django_db
def test_a_loopback_address_is_refused_even_on_a_port_of_the_web(provider, caplog, monkeypatch):
    monkeypatch.setattr(safe_http, "PORTS", {provider.server.server_port})
    identity = make_identity(provider.url)

    fetch_picture.call(identity_id=identity.pk, source=provider.url)

    identity.refresh_from_db()
    assert identity.avatar == ""
    assert provider.asked == []
    assert "refused: not_public" in caplog.text


@pytest.mark.django_db
@pytest.mark.parametrize(("body", "status", "why"), [(b"<svg/>", 200, "not_a_picture"), (b"gone", 404, "status")])
def test_a_picture_that_cannot_be_had_leaves_the_one_there_was(media, let_in, told, caplog, body, status, why):
    let_in.body, let_in.status = body, status
    identity = make_identity(let_in.url, "avatars/earlier.webp")
    caplog.set_level(logging.INFO)

    fetch_picture.call(identity_id=identity.pk, source=let_in.url)

    identity.refresh_from_db()
    assert identity.avatar == "avatars/earlier.webp"
    assert told == []
    assert f"identity {identity.pk} could not be fetched: {why}" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.django_db
def test_nothing_is_fetched_for_nobody_or_for_a_source_of_yesterday(let_in):
    identity = make_identity(let_in.url)
    empty = CommenterIdentity.objects.create(provider="github", uid="8")

    fetch_picture.call(identity_id=identity.pk, source=f"{let_in.url}?yesterday")
    fetch_picture.call(identity_id=identity.pk + 1000, source=let_in.url)
    fetch_picture.call(identity_id=empty.pk, source="")

    assert let_in.asked == []


@pytest.mark.django_db
def test_a_source_that_changes_meanwhile_leaves_no_file(media, let_in, told, monkeypatch):
    identity = make_identity(let_in.url)

    def fetch_slowly(source):
        fetched = safe_http.fetch(source)
        CommenterIdentity.objects.update(avatar_source="https://example.org/newer.png")
        return fetched

    monkeypatch.setattr(pictures, "fetch", fetch_slowly)
    fetch_picture.call(identity_id=identity.pk, source=let_in.url)

    identity.refresh_from_db()
    assert identity.avatar == ""
    assert told == []
    assert [file for file in media.rglob("*") if file.is_file()] == []


# --- Letters in its place -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ada Lovelace", "AL"),
        ("ada", "A"),
        ("  ada   king  lovelace ", "AL"),
        ("Jean-Luc Picard", "JP"),
        ("李小龙", "李"),
        ("李 小龙", "李小"),
        ("Ｆｕｌｌ\u3000Width", "FW"),
        ("𝒜da", "A"),
        ("émile zola", "ÉZ"),
        ("e\u0301mile", "É"),
        ("x\u0323\u0301y", "X"),
        ("\u0301ada", "A"),
        ("ßen ﬁre", "SF"),
        ("ʻIolani Okina", "IO"),
        ("şükrü ılgaz", "ŞI"),
        ("иван Петров", "ИП"),
        ("ნინო ბერიძე", "ნბ"),
        ("नमस्ते", "न"),
        ("각", "각"),
        ("\u1100\u1161\u11a8", "각"),
        ("דוד לוי", "דל"),
        ("\u202eada\u202c \u2066bob\u2069", "AB"),
        ("\u200bada", "A"),
        ("\ud83d ada", "A"),
        ("🙂 Ada", "A"),
        ("Ada 🙂", "A"),
        ("<b>ada</b> & \"bob\"", "BB"),
        ("7 dwarfs", "D"),
        ("🙂", "?"),
        ("👩‍👩‍👧", "?"),
        ("🇩🇪", "?"),
        ("", "?"),
        ("   ", "?"),
        ("!!!", "?"),
        ("<&>", "?"),
        ("42", "?"),
        ("\u0301", "?"),
        ("\ud83d", "?"),
        ("\ue000", "?"),
    ],
)  # fmt: skip
def test_letters_stand_for_a_name(name, letters):
    assert initials(name) == letters


@given(st.text(st.characters(exclude_categories=[]), max_size=30))
@example("ŉ ΐ")
@example("ﷺ")
def test_letters_are_one_or_two_and_nothing_else(name):
    letters = initials(name)

    assert 1 <= len(letters) <= 2
    assert letters == "?" or all(unicodedata.category(c) in {"Lu", "Lt", "Lo", "Ll"} for c in letters)
    assert letters == "?" or all(c.title() == c for c in letters)
    assert letters.encode()


@given(st.text(st.characters(exclude_categories=[]), max_size=30))
def test_a_name_has_one_of_the_hues(name):
    assert hue(name) in range(HUES)
    assert hue(f" {name} ") == hue(name)


def test_hues_differ_between_names_and_not_between_processes():
    names = ["Ada Lovelace", "李小龙", "", *(f"Émile {number}" for number in range(100))]
    here = [hue(name) for name in names]
    program = f"from newsreader.accounts.pictures import hue; print([hue(name) for name in {names!r}])"
    setup = "import django; django.setup();"

    there = subprocess.run(
        [sys.executable, "-c", setup + program], cwd=BASE_DIR, capture_output=True, text=True, check=True,
        env={"DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONHASHSEED": "7", "PYTHONUTF8": "1"},
    )  # fmt: skip

    assert there.stdout.strip() == str(here)
    assert set(here) == set(range(HUES))
