"""Loads the demonstration's files through the same operations that everybody else uses."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from articles import formatting, page_versions, pictures, publishing
from articles.models.article import Article, Byline, SourceAttribution
from articles.models.pictures import Picture
from articles.models.site import Site
from articles.models.taxonomy import Author, Section
from articles.tagging import tags_named
from comments.drafts import Author as Commenter
from comments.drafts import Draft, Visit
from comments.models import Comment, CommentSettings, FilterEntry
from comments.moderation.decisions import decide
from comments.posting.storing import store
from comments.screening import history, links, words
from comments.screening.verdict import Verdict
from comments.text.formatting import count_links
from newsreader.accounts.identities import own_identity
from newsreader.accounts.models import User

HERE = Path(__file__).parent
EDITOR, MODERATOR = "editor", "moderator"
HELD_WORD = "damned"  # On this newsroom's block list.
HELD_WORD_NOTE = "The house style has no place for it."


@transaction.atomic
def load(password: str) -> tuple[int, int]:
    """Write the whole newsroom; its people sign in with this password. Returns the counts of articles and comments."""
    room = tomllib.loads((HERE / "newsroom.toml").read_text())
    Site.objects.current()
    rules = CommentSettings.objects.current()
    # Nobody needs a notification of comments that were there from the beginning.
    CommentSettings.objects.filter(pk=rules.pk).update(mail_moderators=False)
    FilterEntry.objects.get_or_create(pattern=HELD_WORD, defaults={"note": HELD_WORD_NOTE})
    Site.objects.filter(pk=1).update(**room["site"])
    for position, section in enumerate(room["sections"]):
        Section.objects.get_or_create(slug=section["slug"], defaults=section | {"position": position})
    for author in room["authors"]:
        Author.objects.get_or_create(slug=author["slug"], defaults=author)
    people = {person["username"]: _person(person, password) for person in room["people"]}
    files = sorted((HERE / "articles").glob("*.toml"))
    comments = sum(_article(tomllib.loads(file.read_text()), people) for file in files)
    CommentSettings.objects.filter(pk=rules.pk).update(mail_moderators=True)
    page_versions.bump_site()
    return len(files), comments


def _person(person: dict[str, Any], password: str) -> User:
    user = User(username=person["username"], name=person["name"], email=person["email"], is_staff=bool(person["group"]))
    user.set_password(password)
    user.save()
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    if person["group"]:
        user.groups.add(Group.objects.get(name=person["group"]))
    if slug := person.get("author"):
        Author.objects.filter(slug=slug).update(user=user)
    return user


def _article(entry: dict[str, Any], people: dict[str, User]) -> int:
    """Write one article with its discussion. Returns how many comments it has."""
    at = timezone.now() - dt.timedelta(hours=entry.get("hours_ago", 0))
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
    return _discussion(article, entry.get("comments", []), at, people)


def _picture(entry: dict[str, Any]) -> Picture:
    described = {name: entry[name] for name in ("alternative_text", "caption", "credit")}
    return pictures.add((HERE / "pictures" / entry["file"]).read_bytes(), entry["file"], **described)


def _discussion(article: Article, entries: list[dict[str, Any]], at: dt.datetime, people: dict[str, User]) -> int:
    article.refresh_from_db()
    stored: dict[int, Comment] = {}
    for entry in entries:
        comment = _comment(article, entry, at, stored, people)
        stored[entry["id"]] = comment
    return len(stored)


def _params_of(reason: str, draft: Draft) -> dict[str, Any]:
    """Return the parameters that a rule stores with its reason code."""
    match reason:
        case links.TOO_MANY_LINKS:
            return {"links": count_links(draft.rendered), "allowed": 1}
        case words.HELD_WORDS:
            return {"words": [HELD_WORD]}
    return {}


def _comment(
    article: Article, entry: dict[str, Any], at: dt.datetime, stored: dict[int, Comment], people: dict[str, User]
) -> Comment:
    user = people.get(entry.get("as", ""))
    author = (
        Commenter(identity=own_identity(user), user=user)
        if user
        else Commenter(entry["name"], entry["email"], entry.get("website", ""))
    )
    parent = stored.get(entry.get("parent", 0))
    if parent:
        parent.refresh_from_db()
    draft = Draft(
        article.pk,
        entry["text"].strip(),
        author,
        parent=str(parent.pk) if parent else "",
        visit=Visit(address="192.0.2.7"),
    )
    status, reason = entry["status"], entry.get("reason", "")
    verdict = Verdict.approve()
    if status == "pending":
        verdict = Verdict.hold(reason or history.FIRST_COMMENT, **_params_of(reason, draft))
    elif status != "approved":
        verdict = Verdict.hold(history.FIRST_COMMENT)
    comment = store(draft, article, parent, verdict, at=at + dt.timedelta(minutes=entry["minutes_after"]))
    if status in {"spam", "trash"}:
        decide(comment.pk, status, by=people[MODERATOR], reason=reason)
    return comment
