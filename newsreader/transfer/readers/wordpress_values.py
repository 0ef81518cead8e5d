"""Single values of a WordPress export: times, plain text, slugs, addresses, and what its statuses mean here."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from email.utils import parsedate_to_datetime
from html import unescape
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from django.utils import timezone

from articles.records import ORIGIN_SITE_LENGTH
from newsreader.kit.text import tidy, tidy_line

SLUG_LENGTH, ADDRESS_LENGTH = 200, 700
_TAG = re.compile(r"</?[a-zA-Z!][^<>]*>")
_QUOTES = re.compile("['’]")
_UNFIT = re.compile(r"(?:[^\w\x80-\U0010ffff-]|\s)+")  # ASCII other than letters, digits, - and _; all kinds of blanks


def utc(text: str, *, local: bool = False) -> dt.datetime | None:
    """Return the time of `2024-01-31 18:30:00`, in UTC or in TIME_ZONE; None for zeros and for invalid times."""
    try:
        time = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if not 1000 <= time.year < 9999:
        return None
    zone = timezone.get_default_timezone() if local else dt.UTC
    return (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(dt.UTC)


def _utc_of_mail(text: str) -> dt.datetime | None:
    """Return the time of `Wed, 31 Jan 2024 18:30:00 +0000`."""
    try:
        time = parsedate_to_datetime(text.strip())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if not 1000 <= time.year < 9999:
        return None
    return (time if time.tzinfo else time.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)


def plain(text: str) -> str:
    """Return one line of text without tags and entities."""
    return tidy_line(unescape(_TAG.sub("", text)))


def slug_of(text: str) -> str:
    """Return a decoded slug: WordPress stores `%e0%a4%95`.

    Vowel signs and emoji are kept, so that old addresses stay valid; only what would break an address is removed.
    """
    return _UNFIT.sub("-", tidy_line(unquote(text, errors="ignore")))[:SLUG_LENGTH].strip("-")


def slug_of_title(title: str) -> str:
    """Return a slug made from a title: its letters, marks and digits, in lower case."""
    words = "".join(c if unicodedata.category(c)[0] in "LMN_" else " " for c in _QUOTES.sub("", title.lower()))
    return slug_of(" ".join(words.split()))


def host_and_path(address: str) -> str:
    """Return `example.org/blog` for `https://example.org/blog/`: the same site, whatever the scheme."""
    try:
        parts = urlsplit(tidy_line(address))
    except ValueError:
        return ""
    return f"{parts.netloc.lower()}{parts.path.rstrip('/')}"[:ORIGIN_SITE_LENGTH] if parts.netloc else ""


def old_address(address: str) -> str:
    """Return path and query of an article's old address, as a request shows them; empty where it has none.

    Without a query the path is decoded, with one it is quoted: `request.path` and `request.get_full_path()`.
    """
    try:
        parts = urlsplit(tidy_line(address))
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"}:
        return ""
    path = unquote(parts.path, errors="ignore") or "/"
    full = f"{quote(path, safe='/:;=@!$&+,()*~')}?{parts.query}" if parts.query else tidy(path)
    return full if full != "/" and len(full) <= ADDRESS_LENGTH else ""


class Publication(NamedTuple):
    """An article's state with the times that belong to it, and a remark's code where the state had to be changed."""

    state: str
    date: dt.datetime | None
    published_at: dt.datetime | None = None
    scheduled_for: dt.datetime | None = None
    remark: str = ""


def publication(fields: dict[str, str], *, known_kind: bool) -> Publication:
    """Return what an item's status and dates mean here. The date is the UTC one, else the local or the feed's."""
    date = (
        utc(fields.get("wp:post_date_gmt", ""))
        or utc(fields.get("wp:post_date", ""), local=True)
        or _utc_of_mail(fields.get(":pubDate", ""))
    )
    status = fields.get("wp:status", "").strip()
    if not known_kind:
        return Publication("draft", date)
    if fields.get("wp:post_password", "").strip():
        return Publication("draft", date, remark="with_password")
    if status == "publish":
        at = date or timezone.now()
        return Publication("published", at, published_at=at, remark="" if date else "without_date")
    if status == "future" and date:
        return Publication("scheduled", date, scheduled_for=date)
    if status == "trash" and date:
        return Publication("withdrawn", date, published_at=date)
    if status == "private":
        return Publication("draft", date, remark="private")
    known = {"draft", "pending", "auto-draft", "inherit"}
    return Publication("draft", date, remark="" if status in known else "unknown_state")
