"""Hold a comment under a name that readers could take for the newsroom's: its people, its sections, its roles.

Whole names are compared, by how they look (`kit.lookalikes`), so that Cyrillic letters, numbers for letters, blanks
between letters or invisible characters do not help to imitate one. A name of which only a part is reserved is its
owner's own: Anna Root, Customs Officer. To reserve another name, add it to `ROLES`.
"""

from __future__ import annotations

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
from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.lookalikes import skeleton
from newsreader.kit.text import fold

RESERVED_NAME = declare("reserved_name", _("the name looks like “%(name)s”"), label=_("name of somebody here"))
# Whole names, also with "the" before them or a number behind. Technical accounts such as root are nobody to readers.
ROLES = [
    *("admin", "admins", "administrator", "administrators", "editor", "editors", "moderator", "moderators"),
    *("newsroom", "official", "staff", "support", "system", "webmaster", "editor-in-chief", "chief editor"),
    *("editorial team", "moderation team", "support team", "editorial staff", "newsroom staff"),
]
_ARTICLE = "the"


def check(draft: Draft, settings: EffectiveSettings) -> Verdict | None:
    """Compare the name that a guest typed, or a member's display name. At most three queries, none without a name.

    Accounts of staff and of the newspaper's authors may use their own names.
    """
    author, identity = draft.author, draft.author.identity
    name = identity.display_name if identity else author.name
    if not _keys(name) or (author.user and author.user.acts_as_staff):
        return None
    bylines = _bylines()
    if identity and identity.user_id and identity.user_id in {user_id for _, user_id in bylines}:
        return None
    like = _role(name) or _taken(name, {byline for byline, _ in bylines})
    return Verdict.hold(RESERVED_NAME, name=like) if like else None


def _role(name: str) -> str:
    """Return the role that this name is; empty: none."""
    roles = _roles()
    return next((roles[key] for key in _bare_keys(name) if key in roles), "")


def _bare_keys(name: str) -> Iterator[str]:
    """Yield the keys of a name as it is, and without a number behind it and an article before it."""
    for whole in (name, name.rstrip("0123456789 ")):
        yield (key := skeleton(whole))
        if key.startswith(_article()):
            yield key.removeprefix(_article())


def _taken(name: str, bylines: set[str]) -> str:
    """Return the name that this one looks like: an author's, else a section's or the site's, else a staff member's."""
    keys = _keys(name)

    def like(names: set[str]) -> str:
        return min((each for each in names if not keys.isdisjoint(_reserved(each))), default="")

    return like(bylines) or like(_paper()) or like(_staff())


_bylines = Compiled(lambda: Author.objects.order_by().values_list("name", "user_id"))
_papers = Compiled(lambda: Section.objects.order_by().values_list("name").union(Site.objects.values_list("name")))
_staff_accounts = Compiled(
    lambda: User.objects.filter(is_staff=True, is_active=True).only("name", "first_name", "last_name", "username")
)


def _paper() -> set[str]:
    return {name for (name,) in _papers()}


def _staff() -> set[str]:
    """Return the names under which readers know the staff; a username only where somebody has no other name."""
    return {user.shown_name for user in _staff_accounts()}


def _keys(name: str) -> frozenset[str]:
    """Return the keys of a name, as written and in lower case: Greek Ν looks like N, but ν like v."""
    return frozenset({skeleton(name), skeleton(fold(name))} - {""})


_reserved = lru_cache(maxsize=4096)(_keys)  # The newsroom's names change rarely.


@cache
def _roles() -> dict[str, str]:
    return {skeleton(role): role for role in ROLES}


@cache
def _article() -> str:
    return skeleton(_ARTICLE)
