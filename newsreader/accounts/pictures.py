"""Pictures of people: redrawn before they are kept, fetched from login providers, and letters where there is none.

What is kept is always our own drawing of what came in: a square WebP without metadata, under a random name.
"""

from __future__ import annotations

import io
import logging
import secrets
import unicodedata
import zlib

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps, features

from newsreader.accounts.events import PictureKept
from newsreader.accounts.models import CommenterIdentity
from newsreader.kit.errors import DomainError
from newsreader.kit.events import publish
from newsreader.kit.fetching import FetchFailed, FetchRefused, fetch
from newsreader.kit.tasks import task
from newsreader.kit.text import tidy_line

logger = logging.getLogger(__name__)

FORMATS = ["PNG", "JPEG", "WEBP", "GIF", *(["AVIF"] if features.check("avif") else [])]
MOST_BYTES = 5_000_000
MOST_PIXELS = 40_000_000  # Below where Pillow warns of a bomb; decoded, this is 160 MB.
SIDE = 192  # pixels

HUES = 8


class NotAPicture(DomainError):
    code = "not_a_picture"
    status = 422
    sentence = _(
        "We cannot use this file. Please choose a PNG, JPEG, WebP, GIF or AVIF picture of at most 5 MB "
        "and 40 megapixels."
    )


def redrawn(data: bytes) -> bytes:
    """Return a picture as we keep it: upright, the square in its middle, 192×192 pixels, WebP, nothing but pixels.

    The content decides what it is; of a moving picture the first frame counts. Raises NotAPicture.
    """
    if len(data) > MOST_BYTES or _is_something_else_too(data):
        raise NotAPicture
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:  # Known from the header; nothing is decoded yet.
                raise NotAPicture
            return _drawn(picture)
    except NotAPicture:
        raise
    except Exception as error:  # Decoders stumble in a dozen ways over what they did not expect; none is ours.
        raise NotAPicture from error


def _drawn(picture: Image.Image) -> bytes:
    picture.draft("RGB", (2 * SIDE, 2 * SIDE))  # A large JPEG is decoded at a fraction of its size.
    ImageOps.exif_transpose(picture, in_place=True)  # In place, since each copy of 40 megapixels takes its 160 MB.
    pixels: Image.Image = picture
    if pixels.mode.startswith("I"):  # Grey of 16 bits, which a plain conversion would clip to white.
        pixels = pixels.convert("I").point(lambda value: value / 256)
    mode = "RGBA" if pixels.has_transparency_data else "RGB"
    if pixels.mode != mode:
        pixels = pixels.convert(mode)
    square = ImageOps.fit(pixels, (SIDE, SIDE), Image.Resampling.LANCZOS)
    square.info.clear()  # A colour profile would be written along.
    file = io.BytesIO()
    square.save(file, "WEBP", quality=80, method=4)
    return file.getvalue()


def _is_something_else_too(data: bytes) -> bool:
    """Say whether the file plainly is a page, a program, a document or an archive besides a picture.

    Redrawing takes away whatever a file carries besides; this refuses what nobody honest sends. Not simply anything
    behind the end of the picture: cameras append films and notes of their own there.
    """
    return (
        any(mark in data.lower() for mark in (b"<script", b"<?php"))
        or b"%PDF-" in data[:1024]
        or b"PK\x05\x06" in data[-65_557:]  # The end of a zip archive with the longest comment there can be.
    )


def keep(data: bytes) -> str:
    """Store a picture, redrawn, and return its name in the storage, which tells nothing. Raises NotAPicture."""
    return default_storage.save(f"avatars/{secrets.token_urlsafe(16)}.webp", ContentFile(redrawn(data)))


@task()
def fetch_picture(identity_id: int, source: str) -> None:
    """Fetch the picture a provider named for somebody, and keep it; else whatever picture they had stays.

    Does nothing where the identity is gone or has another source by now.
    """
    wanted = CommenterIdentity.objects.filter(pk=identity_id, avatar_source=source)
    if not source or not wanted.exists():
        return

    try:
        name = keep(fetch(source).body)
    except FetchRefused as refusal:
        logger.warning("The picture of identity %d was refused: %s", identity_id, refusal.code)
    except (FetchFailed, NotAPicture) as failure:
        logger.info("The picture of identity %d could not be had: %s", identity_id, failure.code)
    else:
        if wanted.update(avatar=name):
            publish(PictureKept(identity_id, name))
        else:  # Changed while it was being fetched; the next task brings the new one.
            default_storage.delete(name)


def initials(name: str) -> str:
    """Return one or two letters that stand for a name: of its first and last word; `?` where it has no letter."""
    words = unicodedata.normalize("NFKC", tidy_line(name)).split()
    letters = [letter for word in words if (letter := _first_letter(word))]
    return "".join([*letters[:1], *letters[1:][-1:]]) or "?"


def _first_letter(word: str) -> str:
    """Return the first letter as it begins a title, or an empty string. Marks and modifiers are no letters."""
    letter = next((c for c in word if unicodedata.category(c) in {"Lu", "Ll", "Lt", "Lo"}), "")
    return letter.title()[:1]


def hue(name: str) -> int:
    """Return which of the eight colours stands behind the initials; the same for the same name everywhere."""
    return zlib.crc32(tidy_line(name).encode()) % HUES
