"""Tags by their names: which names can be tags, and the tag of a name, made where there is none.

Whoever gives tags by name comes here: REST, imports, the demonstration, the form of a tag in the admin. A name is a
name: two that differ are two tags, whatever their addresses look like.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from articles.errors import NotATag
from articles.models.taxonomy import Tag
from newsreader.kit.text import is_unseen, tidy_name

NAME_LENGTH = SLUG_LENGTH = 200  # code points
TRIES = 5  # Somebody else may make a tag with the same address at the same moment.


def tag_name(typed: str, *, field: str = "name") -> str:
    """Return a tag's name as it is stored. Raises NotATag, with the name of the form's `field`."""
    name = tidy_name(typed)
    if is_unseen(name):
        raise NotATag.without_name(field)
    if len(name) > NAME_LENGTH:
        raise NotATag.too_long(name, NAME_LENGTH, field)
    return name


def tags_named(names: Sequence[str], *, own: Iterable[Tag] = ()) -> list[Tag]:
    """Return the tags with these names, each once; those that are missing are made. Raises NotATag.

    `own`: the tags that the article has. A name stands for all of them that bear it, also where an import brought two
    tags of one name, or a name that nobody could type today: who sends back what they read loses none.
    """
    borne: dict[str, list[Tag]] = defaultdict(list)
    for tag in own:
        for name in {tag.name, tidy_name(tag.name)}:
            borne[name].append(tag)
    found: dict[int, Tag] = {}
    others: dict[str, None] = {}
    for at, typed in enumerate(names):
        if kept := borne.get(typed) or borne.get(tidy_name(typed)):
            found |= {tag.pk: tag for tag in kept}
        else:
            others[tag_name(typed, field=f"tags.{at}")] = None
    known = {tag.name: tag for tag in Tag.objects.filter(name__in=list(others)).order_by("-pk")}
    found |= {tag.pk: tag for tag in (known.get(name) or make_tag(name) for name in others)}
    return list(found.values())


def make_tag(name: str, *, slug: str = "", origin: dict[str, Any] | None = None) -> Tag:
    """Make a tag, at the address `slug` if that is free. Somebody who makes it at the same moment makes the same one.

    `origin` holds the columns that say where an imported tag came from.
    """
    for attempt in count():
        try:
            with transaction.atomic():
                return Tag.objects.create(name=name, slug=free_slug(name, slug=slug), **(origin or {}))
        except IntegrityError:
            if found := Tag.objects.filter(name=name).order_by("pk").first():
                return found
            if attempt == TRIES:
                raise
    raise AssertionError


def free_slug(name: str, *, slug: str = "") -> str:
    """Return an address for a tag: the wanted one, else one from its name, with a number where another tag has it."""
    wanted = (slug or _spelled(name))[:SLUG_LENGTH]
    for number in count(1):
        ending = f"-{number}" if number > 1 else ""
        free = f"{wanted[: SLUG_LENGTH - len(ending)]}{ending}"
        if not Tag.objects.filter(slug=free).exists():
            return free
    raise AssertionError


def _spelled(name: str) -> str:
    """Return the name as an address. Signs such as a flame have no letters: their names in Unicode stand for them."""
    signs = " ".join(unicodedata.name(sign, "") for sign in name)
    return slugify(name, allow_unicode=True) or slugify(signs) or "tag"
