"""Makers of real rows and of drafts. None needs an argument; each takes what a test is about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from itertools import count
from typing import Any
from unittest.mock import patch

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.utils import timezone

from articles import pictures, publishing
from articles.models.article import Article, Byline
from articles.models.taxonomy import Author, Section, Tag
from comments import notifications
from comments.drafts import Author as Commenter
from comments.drafts import Draft, Visit
from comments.models import Ban, Batch, Comment, CommentSettings, FilterEntry
from comments.moderation.bans import ban
from comments.moderation.decisions import decide
from comments.posting import email_confirmation
from comments.posting.submission import post_comment
from newsreader.accounts.identities import own_identity
from newsreader.accounts.models import User

_number = count(1)


def make_user(username: str = "", *, group: str = "", verified: bool = True, **values: Any) -> User:
    """A user who can sign in with the password `secret`; of a group: `Editors`, `Moderators`, `Authors`."""
    number = next(_number)
    username = username or f"user{number}"
    user = User(username=username, email=f"{username}@example.org", **({"is_staff": bool(group)} | values))
    user.set_password("secret")
    user.save()
    EmailAddress.objects.create(user=user, email=user.email, verified=verified, primary=True)
    if group:
        user.groups.add(Group.objects.get(name=group))
    return user


def make_editor(**values: Any) -> User:
    return make_user(group="Editors", **values)


def make_moderator(**values: Any) -> User:
    return make_user(group="Moderators", **values)


def make_author(*, user: User | None = None, name: str = "") -> Author:
    number = next(_number)
    return Author.objects.create(name=name or f"Author {number}", slug=f"author-{number}", user=user)


def make_section(name: str = "") -> Section:
    number = next(_number)
    return Section.objects.create(name=name or f"Section {number}", slug=f"section-{number}")


def make_tag(name: str = "") -> Tag:
    number = next(_number)
    return Tag.objects.create(name=name or f"tag {number}", slug=f"tag-{number}")


def make_article(
    *, state: str = "published", authors: list[Author] | None = None, at: dt.datetime | None = None, **values: Any
) -> Article:
    """A published article, an hour old; `state` and `at` make it another."""
    number = next(_number)
    scheduled_for = values.pop("scheduled_for", None)
    values = {
        "headline": f"Ferry runs again {number}",
        "slug": f"ferry-runs-again-{number}",
        "standfirst": "After nine weeks in dock.",
        "body": "<p>The first boat left at six.</p>",
    } | values
    article = Article.objects.create(**values)
    for position, author in enumerate(authors or []):
        Byline.objects.create(article=article, author=author, position=position)
    if state in {"published", "withdrawn"}:
        publishing.publish(article.pk, at=at or timezone.now() - dt.timedelta(hours=1))
    if state == "withdrawn":
        publishing.withdraw(article.pk)
    if state == "scheduled":
        at = scheduled_for or timezone.now() + dt.timedelta(days=1)
        publishing.schedule(article.pk, at, now=min(at, timezone.now()))
    article.refresh_from_db()
    return article


def make_draft(article: Article | None = None, *, text: str = "", user: User | None = None, **values: Any) -> Draft:
    """A guest's reply, or with `user` a member's; every draft has a text and an address of its own."""
    number = next(_number)
    if user is None:
        author = Commenter(
            name=values.pop("name", "Ada"),
            email=values.pop("email", f"ada{number}@example.org"),
            website=values.pop("website", ""),
        )
    else:
        author = Commenter(identity=own_identity(user), user=user)
    address = values.pop("address", f"192.0.{number // 250 % 250}.{number % 250}")
    visit = Visit(address=address, comments=values.pop("comments", ()), browser=values.pop("browser", ""))
    return Draft(
        article_id=(article or make_article()).pk,
        text=text or f"A thought of mine, number {number}.",
        author=author,
        visit=visit,
        **values,
    )


def make_comment(
    article: Article | None = None,
    *,
    status: str = "approved",
    parent: Comment | None = None,
    asked: bool = False,
    **values: Any,
) -> Comment:
    """A comment that has come in the way all do, and was then given this status by a rule.

    Moderators and chat rooms are told, and its guest is `asked` to confirm the address, only where a test is about that:
    it takes as long as all the rest.
    """
    article = article or (parent.article if parent else make_article())
    with nullcontext() if asked else _no_mails():
        comment = post_comment(make_draft(article, parent=str(parent.pk) if parent else "", **values))
    if comment.status != status:  # Else it would be locked and looked up for nothing.
        decide(comment.pk, status, reason="made_for_a_test")
    comment.refresh_from_db()
    return comment


@contextmanager
def _no_mails() -> Iterator[None]:
    """Have nobody be told meanwhile, neither by a task that finds nothing to do."""
    with (
        patch.object(notifications, "note_waiting"),
        patch.object(email_confirmation, "are_asked_for", return_value=False),
    ):
        yield


def make_rule(pattern: str, *, match: str = "word", action: str = "hold", **values: Any) -> FilterEntry:
    """An entry of the editors' lists, in force."""
    return FilterEntry.objects.create(pattern=pattern, match=match, action=action, **values)


def set_rules(**values: Any) -> CommentSettings:
    rules = CommentSettings.objects.current()
    for name, value in values.items():
        setattr(rules, name, value)
    rules.save()
    return rules


def make_ban(**values: Any) -> Ban:
    """A ban in force, by a moderator: of an account where nobody is named."""
    if not {"identity", "email", "network"} & set(values):
        values["identity"] = own_identity(make_user())
    return ban(**{"by": make_moderator()} | values)


def make_batch(**values: Any) -> Batch:
    """A batch of decisions that is about no comment."""
    return Batch.objects.create(**{"status": "spam", "state": Batch.State.DONE} | values)


def load_newsroom() -> None:
    """Bring the demonstration in, its pictures without copies, which take ten times as long as all the rest."""
    with patch.object(pictures, "make_copies"):
        call_command("load_demo", verbosity=0)
