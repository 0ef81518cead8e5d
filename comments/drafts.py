"""A comment before it is accepted: what was typed, by whom and from where, and whether it is well formed."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from comments.models import EMAIL_LENGTH, NAME_LENGTH, WEBSITE_LENGTH, Comment
from comments.models.effective_settings import EffectiveSettings
from comments.text import formatting
from newsreader.accounts.models import CommenterIdentity, User
from newsreader.kit.client_address import network
from newsreader.kit.email_addresses import tidy_email, why_not
from newsreader.kit.errors import FieldError, Invalid, Sentence
from newsreader.kit.hashes import keyed
from newsreader.kit.numbers import read_id
from newsreader.kit.text import fold, is_blank, is_unseen, tidy, tidy_line, tidy_name

_ONLY_BEGUN = re.compile(r"(?:https?(?::/{0,2})?)?(?:www\.?)?", re.IGNORECASE)


@dataclass(frozen=True)
class Author:
    """Who is replying: a guest with what they typed, or a member whose identity the session knows."""

    name: str = ""
    email: str = ""
    website: str = ""
    identity: CommenterIdentity | None = None
    user: User | None = None


@dataclass(frozen=True)
class Visit:
    """Where a reply comes from. `browser` and `comments` are read from this browser's signed cookie.

    `trap` is the content of the honeypot field, which no person sees. `took` is the number of seconds since the form
    was first touched; None: unknown.
    """

    address: str = ""
    user_agent: str = ""
    browser: str = ""
    comments: tuple[int, ...] = ()
    trap: str = ""
    took: float | None = None


@dataclass(frozen=True)
class Draft:
    """A reply as typed. `parent` is the form field's text: a comment's id, or empty."""

    article_id: int
    text: str
    author: Author = field(default_factory=Author)
    parent: str = ""
    key: str = ""
    visit: Visit = field(default_factory=Visit)
    channel: str = Comment.Channel.PAGE
    notify: str = ""  # what its author wants to be told by mail: `replies`, `all`; anything else is nothing
    language: str = ""
    section_id: int | None = None  # for trying the checks without an article
    html: str | None = field(default=None, repr=False, compare=False)  # the rendered text, where it is known
    # Where they are known: the filter entries in force, and the names of the newsroom (`screening.known_site`).
    entries: Any = field(default=None, repr=False, compare=False)
    reserved: Any = field(default=None, repr=False, compare=False)

    @cached_property
    def rendered(self) -> str:
        """The text as HTML, as readers would see it."""
        return formatting.to_html(self.text) if self.html is None else self.html

    @property
    def person(self) -> str:
        """A key for this person, for finding duplicates: the account, else name and email, else the network."""
        if identity := self.author.identity:
            return f"user:{identity.user_id}" if identity.user_id else f"identity:{identity.pk}"
        if self.author.email:
            return f"guest:{fold(self.author.name)}\n{fold(self.author.email)}"
        return f"network:{network(self.visit.address)}"

    @cached_property
    def duplicate_key(self) -> str:
        return keyed("duplicate", self.parent, self.person, fold(self.text))

    @property
    def fingerprint(self) -> str:
        """A keyed hash of what was sent. A submission with a known key is a repetition only if this is equal."""
        who = self.person if self.author.identity else f"guest:{self.author.name}\n{self.author.email}"
        return keyed("submission", str(self.article_id), self.parent, who, self.text)


def tidied(draft: Draft) -> Draft:
    """Return the draft in normal form: NFC, names and addresses on one line, no stray blanks."""
    author = draft.author
    if author.identity:
        author = replace(author, name="", email="", website="")
    else:
        author = replace(
            author,
            name=tidy_name(author.name),
            email=tidy_email(author.email),
            website=tidy_website(author.website),
        )
    parent = draft.parent.strip()
    if (parent_id := read_id(parent)) is not None:
        parent = str(parent_id)  # 077 is 77, also for finding duplicates.
    text, key = tidy(draft.text).strip(), tidy_line(draft.key)
    return replace(draft, text=text, author=author, parent=parent, key=key, html=None)


def with_html(draft: Draft) -> Draft:
    """Return the draft with its text rendered. That takes time, and copies of the draft share the result."""
    return replace(draft, html=draft.rendered)


def tidy_website(text: str) -> str:
    """Return a website on one line; empty if it is only a beginning such as `http://`, with which some forms start."""
    website = tidy_line(text)
    return "" if _ONLY_BEGUN.fullmatch(website) else website


def website_with_scheme(website: str) -> str:
    """Return the address with `https://` added if it starts with a host (and perhaps a port) instead of a scheme."""
    bare = website and "://" not in website and not re.match(r"[^/]*:(?![0-9]+(/|$))", website)
    return f"https://{website}" if bare else website


def validate(draft: Draft, settings: EffectiveSettings) -> Draft:
    """Return a tidied draft, ready to store. Raises Invalid with all wrong fields. Lengths are in code points."""
    errors = text_errors(draft, settings.text_limit)
    author = draft.author
    if author.identity is None:
        errors += _guest_errors(author, settings)
        author = replace(author, website=website_with_scheme(author.website))
    if errors:
        raise Invalid(errors)
    return replace(draft, author=author, html=draft.rendered)


def text_errors(draft: Draft, limit: int) -> list[FieldError]:
    """Return what is wrong with a tidied draft's text, if anything."""
    text = draft.text
    if len(text) > limit:
        sentence = _("Your comment is %(count)s characters long. The limit is %(limit)s.") % {
            "count": len(text),
            "limit": limit,
        }
        return [FieldError("text", "comment_content_column_length", sentence)]
    if is_blank(text) or formatting.is_blank_html(draft.rendered):
        return [FieldError("text", "require_valid_comment", _("Please write something."))]
    return []


def _guest_errors(author: Author, settings: EffectiveSettings) -> list[FieldError]:
    errors = []

    def wrong(name: str, code: str, sentence: Sentence) -> None:
        errors.append(FieldError(name, code, sentence))

    if len(author.name) > NAME_LENGTH:
        wrong("name", "comment_author_column_length", _("A name can be up to %d characters long.") % NAME_LENGTH)
    elif settings.require_name_email and is_unseen(author.name):
        wrong("name", "require_name_email", _("Please enter your name."))
    if len(author.email) > EMAIL_LENGTH:
        sentence = _("An email address can be up to %d characters long.") % EMAIL_LENGTH
        wrong("email", "comment_author_email_column_length", sentence)
    elif settings.require_name_email and not author.email:
        wrong("email", "require_name_email", _("Please enter your email address. It will not be published."))
    elif author.email and (reason := why_not(author.email)):
        wrong("email", "require_valid_email", reason)
    if len(author.website) > WEBSITE_LENGTH:
        sentence = _("A web address can be up to %d characters long.") % WEBSITE_LENGTH
        wrong("website", "comment_author_url_column_length", sentence)
    elif author.website and not is_website(website_with_scheme(author.website)):
        wrong("website", "require_valid_url", _("This is not a web address. Example: https://example.org"))
    return errors


def is_website(text: str) -> bool:
    """Say whether this is an http or https address that names a host and hides no user or password in it."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # The port is not a number, or too large.
        return False
    if port == 0:
        return False
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc or "\\" in text or any(c.isspace() for c in text):
        return False
    return _is_host(host)


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
        return True
    except ValueError:
        pass
    try:
        labels = host.rstrip(".").encode("idna").decode().split(".")
    except UnicodeError:
        return False
    return len(labels) > 1 and all(
        label and label[0] != "-" and label[-1] != "-" and all(c.isalnum() or c in "-_" for c in label)
        for label in labels
    )


def as_typed(draft: Draft) -> dict[str, Any]:
    """Return the fields of the form as they were typed, to fill it in again."""
    return {
        "text": draft.text,
        "name": draft.author.name,
        "email": draft.author.email,
        "website": draft.author.website,
        "parent": draft.parent,
        "key": draft.key,
        "notify": draft.notify,
    }
