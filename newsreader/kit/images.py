"""Pictures that somebody sends: opened within limits, and reduced to plain upright pixels.

What counts is the memory that decoding takes. A JPEG is decoded at a half, a quarter or an eighth where that is enough,
so the files of large cameras are taken; other formats are decoded whole.
"""

from __future__ import annotations

import fcntl
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import gettempdir
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageCms, ImageOps, features

from newsreader.kit.errors import DomainError

WEB_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", *(("AVIF",) if features.check("avif") else ()))
FORMATS = (*WEB_FORMATS, "HEIF", "TIFF")
MOST_PIXELS = 40_000_000  # decoded, which takes 160 MB
MOST_HEIF_PIXELS = 50_000_000  # A phone's largest file, which cannot be decoded at a fraction.
# In a JPEG's header. The largest sensors have 150 to 200 million; more only costs time.
MOST_JPEG_PIXELS = 250_000_000
# A progressive JPEG is held whole before anything of it is decoded, in up to six bytes for a pixel. Where fewer pixels
# may be decoded, it may have no more of them.
MOST_PROGRESSIVE_PIXELS = 65_000_000
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xDA)}
_MARKS = re.compile(rb"<script|<\?php", re.IGNORECASE)
Image.MAX_IMAGE_PIXELS = 2 * MOST_JPEG_PIXELS  # Pillow's own limit is for those who do not look at the header first.


class NotAPicture(DomainError):
    code = "not_a_picture"
    status = 422
    sentence = _(
        "We cannot use this file. Please choose a PNG, JPEG, WebP, GIF, AVIF, HEIC or TIFF picture of at most "
        "40 megapixels; a JPEG may have more."
    )


class TooManyPixels(NotAPicture):
    def __init__(self, width: int, height: int, most: int):
        sentence = _(
            "This picture has %(pixels).1f megapixels, and we can use %(most)d. Please make it smaller, or save it as "
            "an ordinary (not progressive) JPEG."
        )
        super().__init__(sentence, pixels=width * height / 1_000_000, most=most // 1_000_000)

    def __str__(self) -> str:
        return str(self.sentence) % self.params


@cache
def _take_heif() -> None:
    """Have Pillow open HEIC files. Its decoders take 3 MiB, so they are loaded with the first picture."""
    import pillow_heif

    pillow_heif.register_heif_opener(thumbnails=False)


class Opened(NamedTuple):
    """Plain pixels, and how many frames or pages the file had: the first is taken."""

    pixels: Image.Image
    frames: int = 1
    pages: int = 1


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Wait until no other process or thread on this machine decodes a picture: memory is for one of them."""
    with (Path(gettempdir()) / "newsreader-pictures.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # Ends with the file, and with the process, however it ends.
        yield


def opened(
    data: bytes, *, side: int, cut: bool = False, formats: tuple[str, ...] = FORMATS, most: int = MOST_PIXELS
) -> Opened:
    """Return a picture upright and in sRGB (RGB or RGBA), with nothing but pixels.

    A large picture may shrink, but its longer side not below `side`; with `cut`, the shorter side. The content decides
    on the format, not a name. At most `most` pixels are decoded. Raises NotAPicture.
    """
    if _is_something_else_too(data):
        raise NotAPicture
    _take_heif()
    try:
        with Image.open(io.BytesIO(data), formats=formats) as picture:
            _shrink(picture, data, side, cut, most)
            _refuse_many_pixels(picture, most)
            frames = 1 if picture.format == "MPO" else getattr(picture, "n_frames", 1)
            pixels = _plain(picture, side, cut)
            if picture.format == "TIFF":
                return Opened(pixels, pages=frames)
            return Opened(pixels, frames=frames if getattr(picture, "is_animated", False) else 1)
    except NotAPicture:
        raise
    except Exception as error:  # Decoders raise a dozen different errors for malformed files.
        raise NotAPicture from error


def refuse_at_sight(data: bytes, *, side: int, formats: tuple[str, ...], most: int) -> None:
    """Raise NotAPicture for what the header alone rules out; nothing is decoded."""
    if _is_something_else_too(data):
        raise NotAPicture
    _take_heif()
    try:
        with Image.open(io.BytesIO(data), formats=formats) as picture:
            _shrink(picture, data, side, True, most)
            _refuse_many_pixels(picture, most)
    except NotAPicture:
        raise
    except Exception as error:
        raise NotAPicture from error


def _is_jpeg(picture: Image.Image) -> bool:
    return picture.format in {"JPEG", "MPO"}


def _shrink(picture: Image.Image, data: bytes, side: int, cut: bool, most_decoded: int) -> None:
    """Have a large JPEG decoded at a fraction; it says its new size from now on. Refuses what its header claims."""
    if not _is_jpeg(picture):
        return
    most = MOST_JPEG_PIXELS
    if _is_held_whole(data):
        most = MOST_PROGRESSIVE_PIXELS if most_decoded >= MOST_PIXELS else most_decoded
    if picture.width * picture.height > most:
        raise TooManyPixels(picture.width, picture.height, most)
    factor = side / (min(picture.size) if cut else max(picture.size))
    picture.draft("RGB", (max(1, int(picture.width * factor)), max(1, int(picture.height * factor))))


def _is_held_whole(data: bytes) -> bool:
    """Say whether the decoder has to hold a JPEG whole, because its components or details come one after the other.

    Source: the markers of ITU-T T.81, annex B; `has_multiple_scans` of libjpeg.
    """
    at, components = 2, 0
    while data[at : at + 1] == b"\xff" and at + 10 < len(data):
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if marker == 0xDA:  # The first scan.
            return data[at + 4] < components
        if marker in _FRAMES:
            components = data[at + 9]
            if marker in _PROGRESSIVE:
                return True
        at += 1 if marker == 0xFF else 2 if marker in _WITHOUT_LENGTH else 2 + length
    return True  # An odd file: the stricter limit.


def _refuse_many_pixels(picture: Image.Image, most: int) -> None:
    if picture.format == "HEIF":
        most = max(most, MOST_HEIF_PIXELS)
    if picture.width * picture.height > most:  # This is in the header; nothing has been decoded yet.
        raise TooManyPixels(picture.width, picture.height, most)


def _plain(picture: Image.Image, side: int, cut: bool) -> Image.Image:
    profile, exif = picture.info.get("icc_profile"), picture.getexif()
    picture.load()
    pixels: Image.Image = picture
    factor = (min(pixels.size) if cut else max(pixels.size)) / side
    if factor > 1 and pixels.mode in {"RGB", "L", "CMYK"}:  # What follows makes copies, so it had better be small.
        size = max(1, round(pixels.width / factor)), max(1, round(pixels.height / factor))
        pixels = pixels.resize(size, Image.Resampling.LANCZOS, reducing_gap=3)
        pixels.info["exif"] = exif.tobytes()
        picture.close()
    ImageOps.exif_transpose(pixels, in_place=True)  # In place, since a copy of 40 megapixels takes another 160 MB.
    if pixels.mode.startswith("I"):  # 16-bit grey, which a plain conversion would clip to white.
        pixels = pixels.convert("I").point(lambda value: value / 256)
    mode = "RGBA" if pixels.has_transparency_data else "RGB"
    if profile:
        pixels = _in_srgb(pixels, profile, mode)
    if pixels.mode != mode:
        pixels = pixels.convert(mode)
    pixels.info.clear()  # Otherwise a colour profile or a comment would be saved, too.
    return pixels


def _in_srgb(pixels: Image.Image, profile: bytes, mode: str) -> Image.Image:
    """Return the picture converted to sRGB, since the profile is not kept; unchanged if the profile is invalid."""
    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        found = ImageCms.profileToProfile(pixels, given, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return pixels
    return found or pixels


def _is_something_else_too(data: bytes) -> bool:
    """Say whether the file is obviously also a web page, a program, a document or an archive.

    Redrawing removes such content anyway; this refuses what only attackers send. Other data after the end of the
    picture is accepted: cameras append videos and notes there.
    """
    return (
        _MARKS.search(data) is not None  # Without a copy in lower case: a file may have many megabytes.
        or b"%PDF-" in data[:1024]
        or b"PK\x05\x06" in data[-65_557:]  # the end of a zip archive, which may have a comment of up to 65,535 bytes
    )


def written(picture: Image.Image, form: str, **options: int | bool) -> bytes:
    """Return a picture as a file of this format."""
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()
