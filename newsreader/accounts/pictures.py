"""Pictures of people: redrawn before they are stored, fetched from login providers; initials if there is none.

A stored picture is always our own rendering: a square WebP without metadata, with a random name. The worker makes it,
one at a time; what somebody sends waits in the database until then, where nobody else can see it. A picture that is
removed or replaced is deleted from the storage, and its address answers 404.
"""

from __future__ import annotations

import datetime as dt
import logging
import math
import secrets
import unicodedata
import zlib
from collections.abc import Collection
from html import escape

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

from newsreader.accounts.events import PictureKept
from newsreader.accounts.models import CommenterIdentity, SentPicture, User, new_token
from newsreader.kit.errors import TooMany
from newsreader.kit.events import publish
from newsreader.kit.images import WEB_FORMATS, NotAPicture, one_at_a_time, opened, refuse_at_sight, written
from newsreader.kit.safe_http import FetchFailed, FetchRefused, fetch
from newsreader.kit.tasks import task
from newsreader.kit.text import tidy_line

logger = logging.getLogger(__name__)

MOST_BYTES = 5_000_000
MOST_PIXELS = 12_000_000  # decoded; that takes 48 MB, and four times as much in some formats
SIDE = 192  # pixels
REFUSED = _(
    "We cannot use this file. Please choose a PNG, JPEG, WebP, GIF or AVIF picture of at most 5 MB and 12 megapixels."
)

PER_DAY = 10  # pictures of one account; each costs the worker a second
PATIENCE = dt.timedelta(minutes=2)
HUES = 8
_PORTRAIT = '<img class="avatar" src="%s" alt="" width="40" height="40" loading="lazy">'
_INITIALS = '<span class="avatar avatar-%d" aria-hidden="true">%s</span>'


class TooManyPortraits(TooMany):
    code = "too_many_portraits"
    sentence = _("You have changed your picture very often today. Please choose another one tomorrow.")


def redrawn(data: bytes) -> bytes:
    """Return a picture as it is stored: upright, its central square, 192×192 pixels, WebP, nothing but pixels.

    Raises NotAPicture.
    """
    if len(data) > MOST_BYTES:
        raise NotAPicture(REFUSED)
    with one_at_a_time():
        pixels = opened(data, side=2 * SIDE, cut=True, formats=WEB_FORMATS, most=MOST_PIXELS).pixels
        square = ImageOps.fit(pixels, (SIDE, SIDE), Image.Resampling.LANCZOS)
    return written(square, "WEBP", quality=80, method=4)


def send(user_id: int, data: bytes) -> None:
    """Have somebody's picture drawn by the worker.

    Raises NotAPicture for what its size or its header rules out, and TooManyPortraits.
    """
    if not 0 < len(data) <= MOST_BYTES:
        raise NotAPicture(REFUSED)
    refuse_at_sight(data, side=2 * SIDE, formats=WEB_FORMATS, most=MOST_PIXELS)
    with transaction.atomic():
        _count(user_id)
        row, _made = SentPicture.objects.update_or_create(
            user_id=user_id, defaults={"data": data, "is_refused": False, "token": new_token()}
        )
        draw_sent.enqueue(row.pk)


def _count(user_id: int) -> None:
    """Count one more picture of today, by UTC. Raises TooManyPortraits."""
    now = timezone.now()
    today = now.astimezone(dt.UTC).date()
    of_today = User.objects.filter(pk=user_id, portraits_on=today)
    if of_today.filter(portraits_sent__lt=PER_DAY).update(portraits_sent=F("portraits_sent") + 1):
        return
    if not User.objects.filter(pk=user_id).exclude(portraits_on=today).update(portraits_on=today, portraits_sent=1):
        tomorrow = dt.datetime.combine(today + dt.timedelta(days=1), dt.time(), dt.UTC)
        raise TooManyPortraits(math.ceil((tomorrow - now).total_seconds()))


@transaction.atomic
def remove(user_id: int) -> None:
    """Remove somebody's picture, and what waits to be drawn. Comments show what a provider has given, or initials."""
    SentPicture.objects.filter(user=user_id).delete()
    _replace(user_id, "")


def _replace(user_id: int, name: str) -> None:
    """Show this file, or none, as somebody's picture. In a transaction."""
    user = User.objects.select_for_update().only("avatar").get(pk=user_id)
    old, user.avatar = user.avatar, name
    User.objects.filter(pk=user_id).update(avatar=name)
    if old != name:
        let_go(old, list(CommenterIdentity.objects.filter(user=user_id).values_list("pk", flat=True)))


def let_go(name: str, identity_ids: list[int]) -> None:
    """Have a file deleted that no account shows any more, and comments of these identities show it no longer.

    In the transaction of whatever has taken it away.
    """
    if name:
        import_string(settings.PICTURE_GONE)(name, identity_ids)
        delete.enqueue(name)


@task()
def delete(name: str) -> None:
    """Delete a picture from the storage, unless an account shows it. Safe to run twice."""
    if not is_shown(name):
        default_storage.delete(name)


def is_shown(name: str) -> bool:
    return name in shown([name])


def shown(names: Collection[str]) -> set[str]:
    """Return which of these stored files accounts show. Two queries, or one."""
    found = set(User.objects.filter(avatar__in=names).values_list("avatar", flat=True))
    left = set(names) - found
    return found | set(CommenterIdentity.objects.filter(avatar__in=left).values_list("avatar", flat=True))


@task()
def draw_sent(sent_id: int) -> None:
    """Draw a picture that somebody has sent, and show it. One that cannot be used is noted, for their own page.

    Safe to run twice. If they have sent another one in the meantime, that one counts.
    """
    row = SentPicture.objects.filter(pk=sent_id, is_refused=False).first()
    if row is None:
        return
    same = SentPicture.objects.filter(pk=sent_id, token=row.token)
    try:
        name = keep(bytes(row.data))
    except NotAPicture:
        same.update(is_refused=True, data=b"")
        return
    with transaction.atomic():
        if same.delete()[0]:
            _replace(row.user_id, name)
            return
    default_storage.delete(name)


def draw_waiting() -> None:
    """Draw what is left over: where the task was lost."""
    before = timezone.now() - PATIENCE
    for pk in SentPicture.objects.filter(is_refused=False, sent_at__lt=before).values_list("pk", flat=True)[:20]:
        draw_sent.call(pk)


def keep(data: bytes) -> str:
    """Store a picture, redrawn, and return its random name in the storage. Raises NotAPicture."""
    return default_storage.save(f"avatars/{secrets.token_urlsafe(16)}.webp", ContentFile(redrawn(data)))


@task()
def fetch_picture(identity_id: int, source: str) -> None:
    """Fetch the picture that a provider named, and store it. If that fails, the earlier picture stays.

    Does nothing if the identity is gone or has another source by now.
    """
    wanted = CommenterIdentity.objects.filter(pk=identity_id, avatar_source=source)
    before = wanted.values_list("avatar").first() if source else None
    if before is None:
        return

    try:
        played = settings.DEMO_PORTRAITS.get(source)
        name = keep(played.read_bytes() if played else fetch(source).body)
    except FetchRefused as refusal:
        logger.warning("The picture of identity %d was refused: %s", identity_id, refusal.code)
    except (FetchFailed, NotAPicture) as failure:
        logger.info("The picture of identity %d could not be fetched: %s", identity_id, failure.code)
    else:
        if _show(wanted, name, before[0]):
            publish(PictureKept(identity_id, name))
        else:  # The source has changed meanwhile; another task fetches the new one.
            default_storage.delete(name)


def _show(wanted: QuerySet[CommenterIdentity], name: str, old: str) -> bool:
    """Show this file in place of the old one as the picture of an identity, if it is still wanted."""
    if not old:
        return bool(wanted.update(avatar=name))
    with transaction.atomic():
        is_wanted = bool(wanted.update(avatar=name))
        if is_wanted:
            let_go(old, list(wanted.values_list("pk", flat=True)))
    return is_wanted


def avatar(file: str, name: str) -> SafeString:
    """Return somebody's portrait as HTML, or their initials where there is none."""
    return avatar_at(address_of(file), name)


def address_of(file: str) -> str:
    """Return the address of a portrait; empty where there is none."""
    return default_storage.url(file) if file else ""


def avatar_at(address: str, name: str) -> SafeString:
    """Return what `avatar` does, of a portrait at this address."""
    if address:
        return mark_safe(_PORTRAIT % escape(address))
    return mark_safe(_INITIALS % (hue(name), escape(initials(name))))


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
