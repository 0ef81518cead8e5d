"""Loads the demonstration's files through the same operations that everybody else uses."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from articles import formatting, page_versions, pictures, publishing
from articles.models.article import Article, Byline, Redirect, SourceAttribution
from articles.models.editorial import EditorialNote, Submission
from articles.models.pictures import Picture
from articles.models.site import Site
from articles.models.taxonomy import Author, Section
from articles.tagging import tags_named
from comments.audit import audit_log
from comments.models import CommentSettings, FilterEntry, ReplyTemplate
from comments.notifications import alarm
from comments.screening import surge
from newsreader.accounts.models import User
from newsreader.demo.names import EDITOR
from newsreader.demo.timeline import Timeline

HERE = Path(__file__).parent
MODERATORS = ("moderator", "night", EDITOR)  # who look at what waits, in turn
LOADED = "demonstration_loaded"  # in the audit log; what is dated later, somebody has done with it
HELD_WORD = "damned"  # On this newsroom's block list.
HELD_WORD_NOTE = "The house style has no place for it."


@transaction.atomic
def load(password: str) -> tuple[int, int]:
    """Write the whole newsroom; its people sign in with this password. Returns the counts of articles and comments."""
    now = timezone.now()
    room = tomllib.loads((HERE / "newsroom.toml").read_text())
    Site.objects.current()
    rules = CommentSettings.objects.current()
    # Nobody needs a notification of comments that were there from the beginning.
    CommentSettings.objects.filter(pk=rules.pk).update(mail_moderators=False)
    FilterEntry.objects.get_or_create(pattern=HELD_WORD, defaults={"note": HELD_WORD_NOTE})
    for template in room["templates"]:
        ReplyTemplate.objects.get_or_create(title=template["title"], defaults=template)
    Site.objects.filter(pk=1).update(**room["site"])
    for position, section in enumerate(room["sections"]):
        Section.objects.get_or_create(slug=section["slug"], defaults=section | {"position": position})
    for author in room["authors"]:
        Author.objects.get_or_create(slug=author["slug"], defaults=author)
    hashed = make_password(password)  # Once: it takes longer than all of an article.
    people = {person["username"]: _person(person, hashed) for person in room["people"]}
    files = sorted((HERE / "articles").glob("*.toml"))
    days = Timeline(people, [people[name] for name in MODERATORS], HELD_WORD, now)
    comments = sum(_article(tomllib.loads(file.read_text()), days) for file in files)
    for ban in room["bans"]:
        days.add_ban(ban)
    days.play()
    surge.watch()  # One discussion is busy at this moment.
    audit_log.note(LOADED, facts={"articles": len(files), "comments": comments})
    CommentSettings.objects.filter(pk=rules.pk).update(mail_moderators=True)
    alarm.hold_off()
    page_versions.bump_site()
    return len(files), comments


def _person(person: dict[str, Any], hashed: str) -> User:
    user = User(username=person["username"], name=person["name"], email=person["email"], is_staff=bool(person["group"]))
    user.password = hashed
    user.save()
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    if person["group"]:
        user.groups.add(Group.objects.get(name=person["group"]))
    if slug := person.get("author"):
        Author.objects.filter(slug=slug).update(user=user)
    return user


def _article(entry: dict[str, Any], days: Timeline) -> int:
    """Write one article with its discussion. Returns how many comments it has."""
    at = days.now - dt.timedelta(hours=entry.get("hours_ago", 0))
    article = Article.objects.create(
        kind=entry["kind"],
        headline=entry["headline"],
        slug=entry["slug"],
        standfirst=entry.get("standfirst", ""),
        body=formatting.sanitise(entry["body"]),
        section=Section.objects.filter(slug=entry.get("section", "")).first(),
        takes_comments=entry.get("comments_open", True),
        lead_picture=_picture(entry["picture"]) if "picture" in entry else None,
        created_at=at,
        updated_at=at,
    )
    for position, byline in enumerate(entry.get("bylines", [])):
        author = Author.objects.get(slug=byline["author"])
        Byline.objects.create(article=article, author=author, role=byline["role"], position=position)
    for position, source in enumerate(entry.get("sources", [])):
        SourceAttribution.objects.create(article=article, position=position, **source)
    article.tags.set(tags_named(entry.get("tags", [])))
    if entry["state"] == "published":
        publishing.publish(article.pk, at=at)
    elif entry["state"] == "scheduled":
        publishing.schedule(article.pk, at)
    _steps(article, entry.get("steps", []), days.now)
    Redirect.objects.bulk_create(Redirect(path=path, article=article) for path in entry.get("old_addresses", []))
    if "comments" not in entry:
        return 0
    article.refresh_from_db()
    return days.add(article, entry["comments"], at)


def _steps(article: Article, steps: list[dict[str, Any]], now: dt.datetime) -> None:
    """Write what went on between an author and the editors. Nobody is mailed: `articles.submissions` would."""
    for step in steps:
        by, at = User.objects.get(username=step["by"]), now - dt.timedelta(hours=step["hours_ago"])
        EditorialNote.objects.create(article=article, kind=step["kind"], by=by, text=step["text"], created_at=at)
        if step["kind"] == EditorialNote.Kind.SENT:
            Submission.objects.update_or_create(article=article, defaults={"by": by, "sent_at": at})
        else:
            Submission.objects.filter(article=article).delete()


def _picture(entry: dict[str, Any]) -> Picture:
    described = {name: entry[name] for name in ("alternative_text", "caption", "credit")}
    return pictures.add((HERE / "pictures" / entry["file"]).read_bytes(), entry["file"], **described)
