"""What people of the newsroom choose to be mailed; what each sees on the page where that is chosen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from articles.models.taxonomy import Author, Section
from comments.models import AuthorMail, ModeratorMail, When
from comments.models.permissions import may_moderate
from comments.notifications import pace
from comments.notifications.moderators import quiet_of
from newsreader.accounts.models import User
from newsreader.kit.errors import FieldError, Forbidden, Invalid

AUTHORS_WHEN = (When.AT_ONCE, When.DAILY, When.NONE)


@dataclass(frozen=True)
class Choices:
    """What somebody has chosen; `when` or `published` is None for who is not asked: no moderator, no author."""

    when: str | None
    published: str | None
    sections: tuple[int, ...] = ()
    quiet_from: int | None = None
    quiet_until: int | None = None

    @property
    def is_asked(self) -> bool:
        return self.when is not None or self.published is not None


def chosen_by(user: User) -> Choices:
    """Return what somebody has chosen, or what happens while they have not chosen."""
    row = ModeratorMail.objects.filter(user=user).prefetch_related("sections").first()
    waiting = row or ModeratorMail(user=user)
    published = AuthorMail.objects.filter(user=user).first() or AuthorMail(user=user)
    moderates, writes = may_moderate(user), Author.objects.filter(user=user).exists()
    known = waiting if moderates else published
    return Choices(
        when=waiting.when if moderates else None,
        published=published.when if writes else None,
        sections=tuple(section.pk for section in row.sections.all()) if row else (),
        quiet_from=known.quiet_from,
        quiet_until=known.quiet_until,
    )


@transaction.atomic
def choose(
    user: User,
    *,
    when: str | None = None,
    published: str | None = None,
    sections: Iterable[Section] = (),
    quiet_from: int | None = None,
    quiet_until: int | None = None,
) -> None:
    """Store what somebody has chosen. `when` or `published` None: that stays as it is; the quiet hours are for both.

    What is gathered for a digest goes out when it would by what is chosen now. Raises Forbidden for who is asked
    neither, Invalid.
    """
    asked = chosen_by(user)
    if not asked.is_asked:
        raise Forbidden()
    _check(when, published, quiet_from, quiet_until)
    now, quiet = timezone.now(), {"quiet_from": quiet_from, "quiet_until": quiet_until}
    if quiet_from == quiet_until:
        quiet = {"quiet_from": None, "quiet_until": None}
    if when is not None and asked.when is not None:
        ModeratorMail.objects.get_or_create(user=user)
        row = ModeratorMail.objects.select_for_update().get(user=user)
        row.when, row.quiet_from, row.quiet_until = when, quiet["quiet_from"], quiet["quiet_until"]
        _plan(row, now)
        row.save()
        row.sections.set(sections)
    if published is not None and asked.published is not None:
        AuthorMail.objects.get_or_create(user=user)
        author = AuthorMail.objects.select_for_update().get(user=user)
        if author.when == When.NONE:
            author.told_until = now
        author.when, author.quiet_from, author.quiet_until = published, quiet["quiet_from"], quiet["quiet_until"]
        _plan(author, now)
        author.save()


def _plan(row: ModeratorMail | AuthorMail, now: dt.datetime) -> None:
    if row.when == When.NONE:
        pace.done(row)
    elif row.gathered_until is not None:
        row.gathered_until = pace.next_time(row, row.when, now, quiet_of(row))


def _check(when: str | None, published: str | None, *quiet: int | None) -> None:
    errors = []
    if when is not None and when not in When.values:
        errors.append(FieldError("when", "unknown_choice", _("Please choose one of the answers.")))
    if published is not None and published not in AUTHORS_WHEN:
        errors.append(FieldError("published", "unknown_choice", _("Please choose one of the answers.")))
    if any(hour is not None and not 0 <= hour <= 23 for hour in quiet) or len({hour is None for hour in quiet}) > 1:
        errors.append(FieldError("quiet_from", "quiet_hours", _("Please choose both hours, or neither.")))
    if errors:
        raise Invalid(errors)
