"""Hold a comment under a name that readers could take for the newsroom's: its people, its sections, its roles.

Names are compared by how they look (`kit.lookalikes`), so that Cyrillic letters, numbers for letters, blanks between
letters or invisible characters do not help to imitate one. To reserve another word, add it to `ROLES`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache

from django.utils.translation import gettext_lazy as _

from articles.models.site import Site
from articles.models.taxonomy import Author, Section
from comments.audit.reason_codes import declare
from comments.drafts import Draft
from comments.models.effective_settings import EffectiveSettings
from comments.screening.verdict import Verdict
from newsreader.accounts.models import User
from newsreader.kit.lookalikes import skeleton
from newsreader.kit.text import fold

RESERVED_NAME = declare("reserved_name", _("the name looks like “%(name)s”"), label=_("name of somebody here"))
# Held as a whole name, and as one word of a name.
ROLES = [
    *("admin", "admins", "administrator", "administrators", "editor", "editors", "moderator", "moderators"),
    *("newsroom", "official", "root", "staff", "support", "system", "webmaster"),
]
_EMPTY_LETTERS = str.maketrans(dict.fromkeys("\u115f\u1160\u2800\u3164\uffa0", " "))  # They look like blanks.


def check(draft: Draft, settings: EffectiveSettings) -> Verdict | None:
    """Compare the name that a guest typed, or a member's display name. At most three queries, none without a name.

    Accounts of staff and of the newspaper's authors may use their own names.
    """
    author, identity = draft.author, draft.author.identity
    name = identity.display_name if identity else author.name
    if not _keys(name) or (author.user and author.user.is_staff):
        return None
    bylines = list(Author.objects.order_by().values_list("name", "user_id"))
    if identity and identity.user_id and identity.user_id in {user_id for _, user_id in bylines}:
        return None
    like = _role_in(name) or _taken(name, {byline for byline, _ in bylines})
    return Verdict.hold(RESERVED_NAME, name=like) if like else None


def _role_in(name: str) -> str:
    """Return the first role in this name, as the whole name or a word of it; empty: none."""
    roles = _roles()
    return next((roles[key] for part in (name, *_words(name)) if (key := skeleton(part)) in roles), "")


def _words(name: str) -> Iterator[str]:
    """Yield a name's words, with and without a number at the end; split at symbols, too, and not."""
    name = name.translate(_EMPTY_LETTERS)
    for between in ("ZP", "ZPS"):
        for word in "".join(" " if unicodedata.category(c)[0] in between else c for c in name).split():
            yield from (word, word.rstrip("0123456789"))


def _taken(name: str, bylines: set[str]) -> str:
    """Return the name that this one looks like: an author's, else a section's or the site's, else a staff member's."""
    keys = _keys(name)

    def like(names: set[str]) -> str:
        return min((each for each in names if not keys.isdisjoint(_reserved(each))), default="")

    return like(bylines) or like(_paper()) or like(_staff())


def _paper() -> set[str]:
    sections = Section.objects.order_by().values_list("name", flat=True)
    return set(sections.union(Site.objects.values_list("name", flat=True)))


def _staff() -> set[str]:
    staff = User.objects.filter(is_staff=True, is_active=True).only("name", "first_name", "last_name", "username")
    return {name for user in staff for name in (user.shown_name, user.username)}


def _keys(name: str) -> frozenset[str]:
    """Return the keys of a name, as written and in lower case: Greek Ν looks like N, but ν like v."""
    return frozenset({skeleton(name), skeleton(fold(name))} - {""})


_reserved = lru_cache(maxsize=4096)(_keys)  # The newsroom's names change rarely.


@cache
def _roles() -> dict[str, str]:
    return {skeleton(role): role for role in ROLES}
