"""A name to write under: whoever joins the newsroom as an author has one from the start."""

from __future__ import annotations

from itertools import count

from django.db import transaction
from django.utils.text import slugify

from articles.models.taxonomy import Author
from newsreader.accounts.events import RoleGiven
from newsreader.accounts.models import AUTHORS, User


@transaction.atomic
def name_author(event: RoleGiven) -> None:
    """Make an author's name for an account that has become an author's, unless it has one.

    Without one, authors could neither see nor add articles.
    """
    if event.role != AUTHORS or Author.objects.filter(user=event.user_id).exists():
        return
    user = User.objects.get(pk=event.user_id)
    start = slugify(user.shown_name, allow_unicode=True)[:190].strip("-") or "author"
    taken = set(Author.objects.filter(slug__startswith=start).values_list("slug", flat=True))
    slug = next(slug for n in count(1) if (slug := start if n == 1 else f"{start}-{n}") not in taken)
    Author.objects.create(name=user.shown_name, slug=slug, user=user)
