"""Editors' pictures: checked by content, copied in smaller sizes by the worker, and written into pages.

What is stored is drawn anew from the pixels: upright, sRGB, no wider than LARGEST, without metadata. The copies are
stored beside it: `x.jpg` has `x.640.avif`, `x.640.webp`, `x.640.jpg` and so on, and `x.share.jpg` for social networks.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Collection
from html import escape, unescape
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import Q
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from PIL import Image, ImageOps

from articles import page_versions
from articles.models.article import Article
from articles.models.pictures import Picture
from articles.models.site import Site
from articles.picture_addresses import TYPE, host_of, is_foreign, origin_of, source
from articles.records import ORIGIN_ID_LENGTH
from newsreader.kit.images import NotAPicture, one_at_a_time, opened, written
from newsreader.kit.tasks import task

logger = logging.getLogger(__name__)

MOST_BYTES = 64_000_000  # The sharpest JPEG of a camera with 61 megapixels has 60 million.
TOO_MANY_BYTES = gettext_lazy("This file is larger than 64 MB. Please save the picture smaller.")
EMPTY = gettext_lazy("There is nothing to be seen in this picture: all of it is transparent.")
LARGEST = 2560  # pixels, the longer side of a stored picture
# Lightness from 0 to 255. A grey in between reaches 3:1 against light and dark paper alike.
DARK_BELOW, LIGHT_ABOVE = 100, 145
VANISHING = 0.1  # the part of what is drawn that may not be seen
WIDTHS = (320, 640, 960, 1280, 1920)  # pixels
SHARED = (1200, 630)  # pixels, what social networks show
LOGO = (960, 168)  # pixels, the widest and the highest logo: three times as high as it is shown
PATIENCE = 600  # seconds; after this, a worker that was making copies is considered dead
TEXT_SIZES = "(min-width: 44rem) 40rem, calc(100vw - 2rem)"  # how wide a picture in a text is
_FORMS: dict[str, tuple[str, dict[str, Any]]] = {
    "avif": ("AVIF", {"quality": 58, "speed": 8}),
    "webp": ("WEBP", {"quality": 78, "method": 4}),
    "jpg": ("JPEG", {"quality": 80, "optimize": True, "progressive": True}),
}
_COPY = re.compile(r"(.+)\.(?:[0-9]+|share)\.(?:avif|webp|jpg)")
_ENDINGS = ("jpg", "webp", "png", "jpeg", "gif", "avif")  # that an original may have
_ADDRESSES = re.compile(r"""(?:src|href)=["']([^"']+)""")
_TAGS = re.compile(r"<img [^<>]*>|<a [^<>]*>|</a>")
_ALTERNATIVE = re.compile(r' alt="([^"]*)"')


# --- Taken in -----------------------------------------------------------------------------------------------------


class Redrawn(ContentFile):
    """A picture as it is stored. `remark` is a sentence about what was left out of the file; empty if nothing was."""

    remark: str = ""


def redrawn(data: bytes, name: str) -> Redrawn:
    """Return a picture as it is stored, named after the file that was sent. Raises NotAPicture."""
    if len(data) > MOST_BYTES:
        raise NotAPicture(TOO_MANY_BYTES)
    with one_at_a_time():
        pixels, frames, pages = opened(data, side=LARGEST)
        pixels.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    stem = slugify(PurePosixPath(name).stem)[:60] or "picture"
    if pixels.mode == "RGBA":
        file = Redrawn(written(pixels, "WEBP", quality=92, method=4), f"{stem}-{secrets.token_hex(4)}.webp")
    else:
        jpeg = written(pixels, "JPEG", quality=92, optimize=True, progressive=True)
        file = Redrawn(jpeg, f"{stem}-{secrets.token_hex(4)}.jpg")
    if frames > 1:
        file.remark = (
            _("This was an animation of %d frames. It stands still now: only its first frame was kept.") % frames
        )
    elif pages > 1:
        file.remark = _("This file had %d pages. Only the first one was kept.") % pages
    return file


class Logo(ContentFile):
    """A logo as it is stored, with its size in pixels. `tone`: drawn "dark" or "light" on a transparent ground."""

    width: int = 0
    height: int = 0
    tone: str = ""


def logo(data: bytes, name: str) -> Logo:
    """Return a logo as it is stored: small, without an empty margin. Raises NotAPicture."""
    if len(data) > MOST_BYTES:
        raise NotAPicture(TOO_MANY_BYTES)
    with one_at_a_time():
        pixels = opened(data, side=LARGEST).pixels
        if pixels.mode == "RGBA":
            seen = pixels.getchannel("A").getbbox()
            if seen is None:
                raise NotAPicture(EMPTY)
            pixels = pixels.crop(seen)
        pixels.thumbnail(LOGO, Image.Resampling.LANCZOS)
    # Drawn areas are smaller exactly as they are; shades and photographs are not.
    exact, close = written(pixels, "WEBP", lossless=True, method=6), written(pixels, "WEBP", quality=92, method=6)
    stem = slugify(PurePosixPath(name).stem)[:60] or "logo"
    file = Logo(min(exact, close, key=len), f"{stem}-{secrets.token_hex(4)}.webp")
    (file.width, file.height), file.tone = pixels.size, _tone(pixels)
    return file


def _tone(pixels: Image.Image) -> str:
    """Say whether something on a transparent ground is too "dark" for dark paper or too "light" for light; else ""."""
    if pixels.mode != "RGBA":
        return ""
    drawn = pixels.getchannel("A").point(lambda value: 255 if value >= 128 else 0)
    if drawn.getextrema()[0] == 255:  # It has a ground of its own.
        return ""
    counts = pixels.convert("L").histogram(drawn)
    dark, light = sum(counts[:DARK_BELOW]), sum(counts[LIGHT_ABOVE:])
    if max(dark, light) < VANISHING * sum(counts):
        return ""
    return Site.Tone.DARK if dark >= light else Site.Tone.LIGHT


def add(data: bytes, name: str, **described: Any) -> Picture:
    """Store a picture with its texts, and have its copies made. Raises NotAPicture."""
    picture = Picture.objects.create(file=redrawn(data, name), **described)
    make_copies.enqueue(picture.pk)
    return picture


# --- Copies -------------------------------------------------------------------------------------------------------


def copy_name(picture: Picture, size: int | str, form: str) -> str:
    """Return the name under which a copy of a picture is stored."""
    return f"{PurePosixPath(str(picture.file.name)).with_suffix('')}.{size}.{form}"


def forms_of(picture: Picture) -> list[str]:
    """Return the formats of a picture's copies, the smallest files first. A transparent picture has no JPEG."""
    return ["avif", "webp"] if str(picture.file.name).endswith((".webp", ".png")) else ["avif", "webp", "jpg"]


@task()
def make_copies(picture_id: int) -> None:
    """Make the smaller copies of a picture, then show them. Safe to run twice, and at once.

    Where another worker is at it, this one leaves. `make_missing` does what a dead worker left undone.
    """
    at_work = f"copies-of-picture-{picture_id}"
    if not cache.add(at_work, "", PATIENCE):
        return
    try:
        _make_copies(picture_id)
    finally:
        cache.delete(at_work)


def _make_copies(picture_id: int) -> None:
    picture = Picture.objects.filter(pk=picture_id).first()
    if picture is None:
        return
    try:
        with default_storage.open(str(picture.file.name)) as file:
            pixels = opened(file.read(), side=LARGEST).pixels
    except (NotAPicture, OSError, ValueError):
        logger.warning("No copies can be made of picture %d", picture_id)
        widths: list[int] = []
    else:
        widths = _copied(picture, pixels)
    # Not if an editor has replaced the file in the meantime: these are copies of the old one.
    same = Picture.objects.filter(
        pk=picture_id, file=picture.file.name, focal_x=picture.focal_x, focal_y=picture.focal_y
    )
    if same.update(widths=widths):
        renew_pages([picture_id])


def _copied(picture: Picture, pixels: Image.Image) -> list[int]:
    widths = [width for width in WIDTHS if width < pixels.width] or [min(pixels.width, WIDTHS[-1])]
    for width in reversed(widths):  # Each is made from the next larger one: faster than from the whole picture.
        pixels = pixels.resize((width, max(1, round(pixels.height * width / pixels.width))), Image.Resampling.LANCZOS)
        for form in forms_of(picture):
            _store(copy_name(picture, width, form), pixels, form)
        if width == widths[-1]:
            shared = ImageOps.fit(
                pixels.convert("RGB"),
                SHARED,
                Image.Resampling.LANCZOS,
                centering=(picture.focal_x / 100, picture.focal_y / 100),
            )
            _store(copy_name(picture, "share", "jpg"), shared, "jpg")
    return widths


def _store(name: str, pixels: Image.Image, form: str) -> None:
    kind, options = _FORMS[form]
    default_storage.delete(name)
    default_storage.save(name, ContentFile(written(pixels, kind, **options)))


def make_missing() -> None:
    """Make copies that are missing: of imported pictures, or where the task was lost."""
    for pk in Picture.objects.filter(widths__isnull=True).values_list("pk", flat=True)[:20]:
        make_copies.call(pk)


def remove_copies(pictures: list[Picture]) -> None:
    """Delete the copies of these pictures from the storage."""
    for picture in pictures:
        names = [copy_name(picture, width, form) for width in picture.widths or [] for form in forms_of(picture)]
        for name in (*names, copy_name(picture, "share", "jpg")):
            default_storage.delete(name)


def with_rows(names: Collection[str]) -> set[str]:
    """Return which of these stored files are pictures with a row, their copies, or the logo. Two queries."""
    of_copies = {name: found[1] for name in names if (found := _COPY.fullmatch(name))}
    originals = {f"{stem}.{ending}" for stem in of_copies.values() for ending in _ENDINGS}
    files = set(Picture.objects.filter(file__in={*names, *originals}).values_list("file", flat=True))
    stems = {name.rpartition(".")[0] for name in files}
    kept = {name for name in names if name in files or of_copies.get(name) in stems}
    return kept | set(Site.objects.filter(logo__in=names).values_list("logo", flat=True))


def in_texts(names: Collection[str]) -> set[str]:
    """Return which of these stored files texts of articles show or link to. Reads every text that names any file."""
    here, wanted, found = default_storage.url(""), set(names), set[str]()
    rows = Article.objects.filter(body__contains=here).values_list("body", flat=True)
    for body in rows.iterator(chunk_size=200):
        for address in _ADDRESSES.findall(body):
            name = unquote(unescape(address)).partition(here)[2]
            if name in wanted:
                found.add(name)
    return found


def renew_pages(picture_ids: list[int]) -> None:
    """Count a change of every page that shows these pictures or their texts."""
    page_versions.bump(Article.objects.filter(lead_picture__in=picture_ids))
    page_versions.bump_lists()
    rows = Picture.objects.filter(pk__in=picture_ids)
    for name, kind, address in rows.values_list("file", "origin_type", "origin_id"):
        page_versions.bump(Article.objects.filter(body__contains=name))
        if kind == TYPE:  # The text names where it was fetched from; a long address ends in a digest.
            beginning = address.rpartition("~")[0] if len(address) == ORIGIN_ID_LENGTH else address
            page_versions.bump(Article.objects.filter(body__contains=escape(beginning)))


# --- Written into pages -------------------------------------------------------------------------------------------


def markup(
    picture: Picture, sizes: str, *, alternative: str | None = None, eager: bool = False, css_class: str = ""
) -> SafeString:
    """Return a picture as HTML. The browser loads the smallest copy that is sharp, and reserves its place until then.

    `sizes` says how wide it is shown (as in HTML); `eager`: it is at the top of the page.
    """
    alternative = picture.alternative_text if alternative is None else alternative
    focus = f"focus-x-{round(picture.focal_x, -1)} focus-y-{round(picture.focal_y, -1)} {css_class}".strip()
    urgency = mark_safe(' fetchpriority="high"' if eager else ' loading="lazy" decoding="async"')
    size = format_html(' width="{}" height="{}"', picture.width, picture.height) if picture.width else ""
    if not picture.widths:
        return format_html(
            '<img class="{}" src="{}" alt="{}"{}{}>', focus, picture.file.url, alternative, size, urgency
        )
    *sources, last = ((form, _set(picture, form)) for form in forms_of(picture))
    middle = picture.widths[len(picture.widths) // 2]
    return format_html(
        '<picture>{}<img class="{}" src="{}" srcset="{}" sizes="{}" alt="{}"{}{}></picture>',
        format_html_join(
            "", '<source type="image/{}" srcset="{}" sizes="{}">', ((form, sets, sizes) for form, sets in sources)
        ),
        focus,
        default_storage.url(copy_name(picture, middle, last[0])),
        last[1],
        sizes,
        alternative,
        size,
        urgency,
    )


def copies(picture: Picture, form: str) -> list[tuple[str, int]]:
    """Return address and width of each copy in this format, the smallest first."""
    return [(default_storage.url(copy_name(picture, width, form)), width) for width in picture.widths or []]


def _set(picture: Picture, form: str) -> str:
    return ", ".join(f"{url} {width}w" for url, width in copies(picture, form))


def for_sharing(picture: Picture) -> tuple[str, int | None, int | None]:
    """Return address, width and height of the picture for social networks."""
    if picture.widths:
        return default_storage.url(copy_name(picture, "share", "jpg")), *SHARED
    return picture.file.url, picture.width, picture.height


def fitting(picture: Picture, width: int, height: int) -> tuple[str, int, int] | None:
    """Return address, width and height of the picture as social networks show it, or else of its largest copy.

    It is no wider and no higher than this; None if there is none so small.
    """
    found: list[tuple[str, int | None, int | None]] = [for_sharing(picture)]
    if picture.width and picture.height:
        copied = reversed(copies(picture, forms_of(picture)[-1]))
        found += [(url, across, max(1, round(picture.height * across / picture.width))) for url, across in copied]
    small = ((url, across, down) for url, across, down in found if across and down)
    return next((size for size in small if size[1] <= width and size[2] <= height), None)


def in_text(html: str) -> SafeString:
    """Return an article's sanitised text with our own pictures in all their sizes. One query if it has any.

    A picture on another site is shown if its copy is here; otherwise it is a link, since browsers would not load it.
    """
    here = default_storage.url("pictures/")
    addresses = {source(tag) for tag in _TAGS.findall(html) if tag.startswith("<img")}
    names = {address: address.replace(here, "pictures/", 1) for address in addresses if address.startswith(here)}
    origins = {address: origin_of(address).id for address in addresses if is_foreign(address)}
    wanted = Q(file__in=names.values()) | Q(origin_site="", origin_type=TYPE, origin_id__in=origins.values())
    rows = Picture.objects.filter(wanted) if names or origins else ()
    found = {row.file.name: row for row in rows} | {row.origin_id: row for row in rows if row.origin_type == TYPE}
    linked = False

    def shown(match: re.Match[str]) -> str:
        nonlocal linked
        tag = match[0]
        if not tag.startswith("<img"):
            linked = not tag.startswith("</")
            return tag
        address = source(tag)
        given = _ALTERNATIVE.search(tag)
        alternative = mark_safe(given[1]) if given else None  # Taken from the text, so escaped already.
        if picture := found.get(names.get(address) or origins.get(address, "")):
            return markup(picture, TEXT_SIZES, alternative=alternative)
        return _elsewhere(address, alternative or "", linked=linked) if address in origins else tag

    return mark_safe(_TAGS.sub(shown, html))


def _elsewhere(address: str, alternative: str, *, linked: bool) -> str:
    """Return words in the place of a picture on another site, as a link unless they are in one."""
    host = host_of(address)
    words = (
        format_html(_("Picture on {}: {}"), host, alternative) if alternative else format_html(_("Picture on {}"), host)
    )
    return words if linked else format_html('<a href="{}" rel="noopener">{}</a>', address, words)
