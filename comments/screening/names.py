"""Hold a comment under a name that readers could take for the newsroom's: its people, its sections, its roles.

Whole names are compared, by how they look (`kit.lookalikes`), so that Cyrillic letters, numbers for letters, blanks
between letters or invisible characters do not help to imitate one. A name of which only a part is reserved is its
owner's own: Anna Root, Customs Officer. To reserve another name, add it to `ROLES`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any, NamedTuple

from django.db.models import BigIntegerField, CharField, F, QuerySet, Value
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
from newsreader.kit.rows_as_json import RowsAsJson
from newsreader.kit.text import fold

RESERVED_NAME = declare("reserved_name", _("the name looks like “%(name)s”"), label=_("name of somebody here"))
# Whole names, also with "the" before them or a number behind. Technical accounts such as root are nobody to readers.
ROLES = [
    *("admin", "admins", "administrator", "administrators", "editor", "editors", "moderator", "moderators"),
    *("newsroom", "official", "staff", "support", "system", "webmaster", "editor-in-chief", "chief editor"),
    *("editorial team", "moderation team", "support team", "editorial staff", "newsroom staff"),
]
_ARTICLE = "the"
_skeleton = lru_cache(maxsize=8)(skeleton)  # The same name is looked at in several ways: a quarter of the check.


def check(draft: Draft, settings: EffectiveSettings) -> Verdict | None:
    """Compare the name that a guest typed, or a member's display name. At most one query, none without a name.

    Accounts of staff and of the newspaper's authors may use their own names.
    """
    author, identity = draft.author, draft.author.identity
    name = identity.display_name if identity else author.name
    if not (keys := _keys(name)) or (author.user and author.user.acts_as_staff):
        return None
    reserved: Reserved = draft.reserved or _read_now()
    if identity and identity.user_id and identity.user_id in reserved.authors:
        return None
    like = _role(name) or reserved.like(keys)
    return Verdict.hold(RESERVED_NAME, name=like) if like else None


def _role(name: str) -> str:
    """Return the role that this name is; empty: none."""
    roles = _roles()
    return next((roles[key] for key in _bare_keys(name) if key in roles), "")


def _bare_keys(name: str) -> Iterator[str]:
    """Yield the keys of a name as it is, and without a number behind it and an article before it."""
    for whole in (name, name.rstrip("0123456789 ")):
        yield (key := _skeleton(whole))
        if key.startswith(_article()):
            yield key.removeprefix(_article())


class Reserved(NamedTuple):
    """The names of the newsroom by their keys, and the accounts of its authors."""

    groups: list[dict[str, str]]  # of authors, of sections and the site, of the staff
    authors: set[int]

    def like(self, keys: frozenset[str]) -> str:
        """Return the name that these keys are of: an author's, else a section's or the site's, else somebody's here."""
        for names in self.groups:
            if found := [names[key] for key in keys if key in names]:
                return min(found)
        return ""


AUTHOR, PAPER, STAFF = range(3)
COLUMNS = ("kind", "first", "account", "second", "third", "fourth")
Row = tuple[int, str, int | None, str, str, str]  # whose name, it, an author's account; of the staff, its other names


def as_text() -> RowsAsJson:
    """Return every name that readers know as a column for another statement: it is asked at every post."""
    return RowsAsJson(_names(), len(COLUMNS))


def _names() -> QuerySet[Any, Row]:
    nobody, none = Value(None, output_field=BigIntegerField()), Value("", output_field=CharField())
    rest = {"second": none, "third": none, "fourth": none}
    authors = Author.objects.annotate(kind=Value(AUTHOR), first=F("name"), account=F("user_id"), **rest)
    sections = Section.objects.annotate(kind=Value(PAPER), first=F("name"), account=nobody, **rest)
    sites = Site.objects.annotate(kind=Value(PAPER), first=F("name"), account=nobody, **rest)
    staff = User.objects.filter(is_staff=True, is_active=True).annotate(
        kind=Value(STAFF), first=F("name"), account=nobody,
        second=F("first_name"), third=F("last_name"), fourth=F("username"),
    )  # fmt: skip
    rows = [each.order_by().values_list(*COLUMNS) for each in (authors, sections, sites, staff)]
    return rows[0].union(*rows[1:], all=True)


_now = Compiled(_names)


def _read_now() -> Reserved:
    return read(json.dumps([list(row) for row in _now()]))


@lru_cache(maxsize=2)
def read(text: str) -> Reserved:
    """Sort out names that were read `as_text`; they change rarely. A username counts only where there is no other."""
    rows: list[Row] = json.loads(text)
    groups: list[dict[str, str]] = [{}, {}, {}]
    for kind, first, _account, second, third, fourth in rows:
        name = first
        if kind == STAFF:
            name = User(name=first, first_name=second, last_name=third, username=fourth).shown_name
        for key in _keys(name):
            groups[kind][key] = min(name, groups[kind].get(key, name))
    return Reserved(groups, {account for _, _, account, *_ in rows if account})


def _keys(name: str) -> frozenset[str]:
    """Return the keys of a name, as written and in lower case: Greek Ν looks like N, but ν like v."""
    return frozenset({_skeleton(name), _skeleton(fold(name))} - {""})


@cache
def _roles() -> dict[str, str]:
    return {skeleton(role): role for role in ROLES}


@cache
def _article() -> str:
    return skeleton(_ARTICLE)
