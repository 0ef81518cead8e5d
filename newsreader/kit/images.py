"""Pictures that somebody sends: opened within bounds, and brought to plain upright pixels."""

from __future__ import annotations

import io

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageCms, ImageOps, features

from newsreader.kit.errors import DomainError

FORMATS = ["PNG", "JPEG", "WEBP", "GIF", *(["AVIF"] if features.check("avif") else [])]
MOST_PIXELS = 40_000_000  # Below where Pillow warns of a bomb; decoded, this is 160 MB.


class NotAPicture(DomainError):
    code = "not_a_picture"
    status = 422
    sentence = _(
        "We cannot use this file. Please choose a PNG, JPEG, WebP, GIF or AVIF picture of at most 40 megapixels."
    )


def opened(data: bytes, *, side: int) -> Image.Image:
    """Return a picture upright, in sRGB (RGB or RGBA), without anything but pixels; at least `side` long if it was.

    The content decides what it is; of a moving picture the first frame counts. Raises NotAPicture.
    """
    if _is_something_else_too(data):
        raise NotAPicture
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:  # Known from the header; nothing is decoded yet.
                raise NotAPicture
            return _plain(picture, side)
    except NotAPicture:
        raise
    except Exception as error:  # Decoders stumble in a dozen ways over what they did not expect; none is ours.
        raise NotAPicture from error


def _plain(picture: Image.Image, side: int) -> Image.Image:
    picture.draft("RGB", (side, side))  # A large JPEG is decoded at a fraction of its size.
    ImageOps.exif_transpose(picture, in_place=True)  # In place, since each copy of 40 megapixels takes its 160 MB.
    pixels: Image.Image = picture
    if pixels.mode.startswith("I"):  # Grey of 16 bits, which a plain conversion would clip to white.
        pixels = pixels.convert("I").point(lambda value: value / 256)
    profile = picture.info.get("icc_profile")
    mode = "RGBA" if pixels.has_transparency_data else "RGB"
    if profile:
        pixels = _in_srgb(pixels, profile, mode)
    if pixels.mode != mode:
        pixels = pixels.convert(mode)
    pixels.load()
    pixels.info.clear()  # A colour profile or a comment would be written along.
    return pixels


def _in_srgb(pixels: Image.Image, profile: bytes, mode: str) -> Image.Image:
    """Return the colours as they look without the profile, which is not kept; as they are where it makes no sense."""
    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        found = ImageCms.profileToProfile(pixels, given, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return pixels
    return found or pixels


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


def written(picture: Image.Image, form: str, **options: int | bool) -> bytes:
    """Return a picture as a file of this form."""
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()
