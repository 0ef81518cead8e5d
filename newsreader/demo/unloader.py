"""Takes the demonstration out again: what its files name, recognised by its words. What anybody did with it stays."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections import Counter
from contextlib import nullcontext
from typing import Any

from django.contrib.admin.models import LogEntry
from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.text import slugify

from articles.models.article import Article
from articles.models.pictures import Picture
from articles.models.site import Site
from articles.models.taxonomy import Author, Section, Tag
from comments.models import (
    Appeal,
    AuditEntry,
    Ban,
    Batch,
    Comment,
    Decision,
    FilterEntry,
    Label,
    Note,
    ReplyTemplate,
    Report,
    Revision,
)
from newsreader.accounts.models import User
from newsreader.demo.loader import HELD_WORD, HELD_WORD_NOTE, HERE, LOADED
from newsreader.demo.names import DEMONSTRATION
from newsreader.transfer import removal
from newsreader.transfer.removal import Brought, Removed


def unload(*, dry_run: bool = False) -> Removed:
    """Delete the demonstration, for good. A dry run takes it back, in one transaction: the demonstration is small."""
    room = tomllib.loads((HERE / "newsroom.toml").read_text())
    entries = [tomllib.loads(file.read_text()) for file in sorted((HERE / "articles").glob("*.toml"))]
    people = User.objects.filter(_any(room["people"], "username", "email"))
    plan = removal.plan(_brought(room, entries, people))  # What may take long, on a large site, is asked before.
    with transaction.atomic() if dry_run else nullcontext():
        removed = removal.carry_out(plan, DEMONSTRATION)
        with transaction.atomic():
            _forget_lists(room, removed)
            _forget_people(list(people), removed)
            _forget_settings(room["site"], removed)
        if dry_run:
            transaction.set_rollback(True)
    return removed


def _brought(room: dict[str, Any], entries: list[dict[str, Any]], people: QuerySet[User]) -> Brought:
    articles = Article.objects.filter(_any(entries, "slug", "headline"), origin_id="")
    of_slug = {entry["slug"]: entry.get("comments", []) for entry in entries}
    comments, worked_on, loaded = list[int](), set[int](), _loaded_at(people)
    for article in articles:
        own, worked = _comments(article, of_slug[article.slug], loaded)
        comments += own
        worked_on |= worked
    tags = {slugify(tag, allow_unicode=True) for entry in entries for tag in entry.get("tags", [])}
    credits = [entry["picture"] for entry in entries if "picture" in entry]
    authors = Author.objects.filter(_any(room["authors"], "slug", "name"), origin_id="")
    return Brought(
        articles=articles,
        comments=Comment.objects.filter(pk__in=comments),
        worked_on=lambda rows: worked_on.intersection(rows.values_list("pk", flat=True)),
        sections=Section.objects.filter(_any(room["sections"], "slug", "name"), origin_id=""),
        tags=Tag.objects.filter(slug__in=tags, origin_id=""),
        authors=authors.filter(Q(user=None) | Q(user__in=people)),  # No author that somebody has linked since.
        pictures=Picture.objects.filter(_any(credits, "caption", "credit"), origin_id=""),
    )


def _any(entries: list[dict[str, Any]], *names: str) -> Q:
    """Return the condition that these columns are those of one of the entries."""
    condition = Q(pk__in=[])
    for entry in entries:
        condition |= Q(**{name: entry[name] for name in names})
    return condition


def _comments(article: Article, entries: list[dict[str, Any]], loaded: dt.datetime) -> tuple[list[int], set[int]]:
    """Return the ids of the comments that the file names, and of those that somebody has worked on since."""
    wanted = Counter(entry["text"].strip() for entry in entries)
    own = list[Comment]()
    for comment in article.comments.filter(origin_id="").order_by("pk"):
        if wanted[comment.body]:
            wanted[comment.body] -= 1
            own.append(comment)
    ids = [comment.pk for comment in own]
    worked = {row.pk for row in own if row.assigned_to_id or row.edited_at or (row.picked_at or loaded) > loaded}
    worked |= _since(loaded, Decision, comment__in=ids) | _since(loaded, Note, comment__in=ids)
    worked |= _since(loaded, Label, comment__in=ids) | _since(loaded, Appeal, comment__in=ids)
    worked |= _since(loaded, Report, comment__in=ids) | _ids(Report, comment__in=ids, settled_at__gt=loaded)
    worked |= _ids(Appeal, comment__in=ids, settled_at__gt=loaded) | _ids(Revision, comment__in=ids)
    unpicked = {entry["text"].strip() for entry in entries if "picked" in entry}
    worked |= {row.pk for row in own if row.body in unpicked and row.picked_at is None}
    return ids, worked


def _since(loaded: dt.datetime, model: type[models.Model], **about: Any) -> set[int]:
    return _ids(model, created_at__gt=loaded, **about)


def _ids(model: type[models.Model], **about: Any) -> set[int]:
    """Return the ids of the comments that have such rows."""
    return set(model._default_manager.filter(**about).order_by().values_list("comment", flat=True))


def _loaded_at(people: QuerySet[User]) -> dt.datetime:
    """Return when the demonstration was loaded: what is dated later, somebody has done.

    An earlier version did not note it in the audit log. It made its people, and was ready within the minute.
    """
    entry = AuditEntry.objects.filter(kind=LOADED).order_by("pk").last()
    if entry:
        return entry.created_at
    first = people.order_by("date_joined").values_list("date_joined", flat=True).first()
    return first + dt.timedelta(minutes=1) if first else timezone.now()


def _forget_people(people: list[User], removed: Removed) -> None:
    """Delete the accounts that nobody has used: what an account did keeps its name."""
    for user in people:
        did = [
            Comment.objects.filter(identity__user=user),
            Decision.objects.filter(by=user),
            Batch.objects.filter(by=user),
            LogEntry.objects.filter(user=user),
        ]
        if user.last_login or any(rows.exists() for rows in did):
            removed.kept.append(f"account {user.username}: somebody has signed in with it, or it has done something")
            continue
        removed.others.append(f"account {user.username}")
        user.identities.all().delete()
        user.delete()


def _forget_lists(room: dict[str, Any], removed: Removed) -> None:
    """Lift no ban: delete the demonstration's, and its reply templates."""
    for note in (entry["note"] for entry in room["bans"]):
        if Ban.objects.filter(note=note).delete()[0]:
            removed.others.append(f"the ban “{note}”")
    for template in room["templates"]:
        if ReplyTemplate.objects.filter(**template).delete()[0]:
            removed.others.append(f"the reply template “{template['title']}”")


def _forget_settings(site: dict[str, str], removed: Removed) -> None:
    """Give the site its first name back, and empty the block list of the demonstration's word."""
    unnamed = Site()
    defaults = {name: getattr(unnamed, name) for name in site}
    if Site.objects.filter(pk=1, **site).update(**defaults):
        removed.others.append(f"the name “{site['name']}”")
    if FilterEntry.objects.filter(pattern=HELD_WORD, note=HELD_WORD_NOTE).delete()[0]:
        removed.others.append(f"the entry “{HELD_WORD}” of the block list")
