"""Pictures of people: redrawn before they are stored, fetched from login providers; initials if there is none.

A stored picture is always our own rendering: a square WebP without metadata, with a random name.
"""

from __future__ import annotations

import logging
import secrets
import unicodedata
import zlib

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

from newsreader.accounts.events import PictureKept
from newsreader.accounts.models import CommenterIdentity
from newsreader.kit.events import publish
from newsreader.kit.images import NotAPicture, opened, written
from newsreader.kit.safe_http import FetchFailed, FetchRefused, fetch
from newsreader.kit.tasks import task
from newsreader.kit.text import tidy_line

logger = logging.getLogger(__name__)

MOST_BYTES = 5_000_000
SIDE = 192  # pixels
REFUSED = _(
    "We cannot use this file. Please choose a PNG, JPEG, WebP, GIF or AVIF picture of at most 5 MB and 40 megapixels."
)

HUES = 8


def redrawn(data: bytes) -> bytes:
    """Return a picture as it is stored: upright, its central square, 192×192 pixels, WebP, nothing but pixels.

    Raises NotAPicture.
    """
    if len(data) > MOST_BYTES:
        raise NotAPicture(REFUSED)
    square = ImageOps.fit(opened(data, side=2 * SIDE), (SIDE, SIDE), Image.Resampling.LANCZOS)
    return written(square, "WEBP", quality=80, method=4)


def keep(data: bytes) -> str:
    """Store a picture, redrawn, and return its random name in the storage. Raises NotAPicture."""
    return default_storage.save(f"avatars/{secrets.token_urlsafe(16)}.webp", ContentFile(redrawn(data)))


@task()
def fetch_picture(identity_id: int, source: str) -> None:
    """Fetch the picture that a provider named, and store it. If that fails, the earlier picture stays.

    Does nothing if the identity is gone or has another source by now.
    """
    wanted = CommenterIdentity.objects.filter(pk=identity_id, avatar_source=source)
    if not source or not wanted.exists():
        return

    try:
        name = keep(fetch(source).body)
    except FetchRefused as refusal:
        logger.warning("The picture of identity %d was refused: %s", identity_id, refusal.code)
    except (FetchFailed, NotAPicture) as failure:
        logger.info("The picture of identity %d could not be fetched: %s", identity_id, failure.code)
    else:
        if wanted.update(avatar=name):
            publish(PictureKept(identity_id, name))
        else:  # The source has changed meanwhile; another task fetches the new one.
            default_storage.delete(name)


def initials(name: str) -> str:
    """Return the initials of a name: the first letters of its first and last word; `?` if there are none."""
    words = unicodedata.normalize("NFKC", tidy_line(name)).split()
    letters = [letter for word in words if (letter := _first_letter(word))]
    return "".join([*letters[:1], *letters[1:][-1:]]) or "?"


def _first_letter(word: str) -> str:
    """Return the first letter in title case; empty if there is none. Marks and modifiers do not count."""
    letter = next((c for c in word if unicodedata.category(c) in {"Lu", "Ll", "Lt", "Lo"}), "")
    return letter.title()[:1]


def hue(name: str) -> int:
    """Return which of the eight colours is behind the initials; always the same for the same name."""
    return zlib.crc32(tidy_line(name).encode()) % HUES
