"""Pictures that somebody sends: opened within limits, and reduced to plain upright pixels."""

from __future__ import annotations

import io

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageCms, ImageOps, features

from newsreader.kit.errors import DomainError

FORMATS = ["PNG", "JPEG", "WEBP", "GIF", *(["AVIF"] if features.check("avif") else [])]
MOST_PIXELS = 40_000_000  # Less than where Pillow warns of decompression bombs; decoded, this takes 160 MB.


class NotAPicture(DomainError):
    code = "not_a_picture"
    status = 422
    sentence = _(
        "We cannot use this file. Please choose a PNG, JPEG, WebP, GIF or AVIF picture of at most 40 megapixels."
    )


def opened(data: bytes, *, side: int) -> Image.Image:
    """Return a picture upright and in sRGB (RGB or RGBA), with nothing but pixels.

    A large JPEG may shrink, but not below `side`. The content decides on the format, not a name. Of an animation, the
    first frame is used. Raises NotAPicture.
    """
    if _is_something_else_too(data):
        raise NotAPicture
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:  # This is in the header; nothing has been decoded yet.
                raise NotAPicture
            return _plain(picture, side)
    except NotAPicture:
        raise
    except Exception as error:  # Decoders raise a dozen different errors for malformed files.
        raise NotAPicture from error


def _plain(picture: Image.Image, side: int) -> Image.Image:
    picture.draft("RGB", (side, side))  # A large JPEG is decoded at a fraction of its size.
    ImageOps.exif_transpose(picture, in_place=True)  # In place, since a copy of 40 megapixels takes another 160 MB.
    pixels: Image.Image = picture
    if pixels.mode.startswith("I"):  # 16-bit grey, which a plain conversion would clip to white.
        pixels = pixels.convert("I").point(lambda value: value / 256)
    profile = picture.info.get("icc_profile")
    mode = "RGBA" if pixels.has_transparency_data else "RGB"
    if profile:
        pixels = _in_srgb(pixels, profile, mode)
    if pixels.mode != mode:
        pixels = pixels.convert(mode)
    pixels.load()
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
        any(mark in data.lower() for mark in (b"<script", b"<?php"))
        or b"%PDF-" in data[:1024]
        or b"PK\x05\x06" in data[-65_557:]  # the end of a zip archive, which may have a comment of up to 65,535 bytes
    )


def written(picture: Image.Image, form: str, **options: int | bool) -> bytes:
    """Return a picture as a file of this format."""
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()
