"""Headers that a letter carries besides those of every mail: how to end it (RFC 2369, RFC 8058), of which list it is.

What its reader can switch off has a button in mail programs. It posts to the page of the address, `/mail/<token>/`,
without a session. Codes, links that somebody waits for, notices about an account and invitations have none: nobody is
to switch those off by mistake. To make another letter one that can be, name the beginning of its name here.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.utils.encoding import punycode

from newsreader.kit.web import absolute
from newsreader.mailing.models import Letter
from newsreader.mailing.tokens import token_for

# Beginnings of names: what readers have asked for or can decline. What asks to confirm is no subscription yet.
SUBSCRIPTIONS: Final = ("reader_", "comment_published", "comment_refused")
NEVER: Final = ("reader_confirm",)
DIGESTS: Final = {"reader_digest": "digest"}


def for_letter(letter: Letter) -> dict[str, str]:
    """Return the headers of this letter by their names."""
    found = {}
    if letter.name.startswith(SUBSCRIPTIONS) and not letter.name.startswith(NEVER):
        found["List-Unsubscribe"] = f"<{absolute(f'/mail/{token_for(letter.address)}/')}>"
        found["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if name := DIGESTS.get(letter.name):
        found["List-Id"] = f"<{name}.{punycode(settings.SITE_HOST)}>"
    return found
