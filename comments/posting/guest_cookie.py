"""The only cookie of a guest, signed and HttpOnly: the comments that this browser left, and the guest's details.

Without `remember` it ends with the browser's session and holds only the ids of comments, so that their author sees them
while they wait, and is trusted once they are approved. With it, it lasts a year and also fills in the form.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from django.core import signing
from django.http import HttpRequest, HttpResponse

from comments.drafts import Author
from newsreader.accounts import sessions
from newsreader.kit import cookies

COOKIE = cookies.named("commenter")
SALT = "comments.remembering"
YEAR = sessions.YEAR
KEPT = 20  # comments
LARGEST = 3_800  # bytes; browsers drop cookies above 4,096


@dataclass(frozen=True)
class Remembered:
    """`browser` is a random id; `comments` are ids, newest last; the details are empty unless `kept`."""

    browser: str = ""
    comments: tuple[int, ...] = ()
    name: str = ""
    email: str = ""
    website: str = ""
    kept: bool = False


def recall(request: HttpRequest) -> Remembered:
    """Return what this browser's cookie holds; empty if there is none or it was tampered with."""
    if not (signed := request.COOKIES.get(COOKIE, "")):
        return Remembered()
    try:
        values = signing.loads(signed, salt=SALT, max_age=YEAR)
        return Remembered(**{**values, "comments": tuple(values.get("comments", ()))})
    except (signing.BadSignature, TypeError, AttributeError):
        return Remembered()


def is_tampered(request: HttpRequest) -> bool:
    return COOKIE in request.COOKIES and not recall(request).browser


def remember(
    request: HttpRequest, response: HttpResponse, comment_id: int, author: Author, *, keep: bool, editable_for: int
) -> None:
    """Add a guest's comment to the cookie, with their details if they want that. `editable_for`: seconds."""
    before = recall(request)
    after = Remembered(
        browser=before.browser or secrets.token_urlsafe(12),
        comments=(*(pk for pk in before.comments if pk != comment_id), comment_id)[-KEPT:],
        kept=keep,
    )
    value = signing.dumps(vars(after), salt=SALT, compress=True)
    if keep:
        full = replace(after, name=author.name, email=author.email, website=author.website)
        detailed = signing.dumps(vars(full), salt=SALT, compress=True)
        value = detailed if len(detailed) <= LARGEST else value
    cookies.put(response, COOKIE, value, seconds=YEAR if keep else None)
    sessions.remember(request, sessions.YEAR if keep else editable_for)


def add(request: HttpRequest, response: HttpResponse, comment_id: int, *, editable_for: int) -> None:
    """Add a comment to the cookie, and keep the details in it."""
    before = recall(request)
    author = Author(before.name, before.email, before.website)
    remember(request, response, comment_id, author, keep=before.kept, editable_for=editable_for)


def forget(response: HttpResponse) -> None:
    cookies.drop(response, COOKIE)
