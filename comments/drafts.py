"""A comment before it is accepted: what was typed, by whom, from where; and whether it is well formed."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.translation import gettext as _

from comments.models import EMAIL_LENGTH, NAME_LENGTH, WEBSITE_LENGTH, Comment
from comments.models.effective_settings import EffectiveSettings
from comments.text import formatting
from newsreader.accounts.models import CommenterIdentity, User
from newsreader.kit.errors import FieldError, Invalid
from newsreader.kit.numbers import read_id
from newsreader.kit.text import fold, is_blank, is_unseen, tidy, tidy_line, tidy_name, without_invisible
from newsreader.kit.web import network


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
    """Where a reply comes from. `browser` and `comments` are what this browser's signed cookie says.

    `trap` is what came in the field that no person sees, `took` the seconds since the form was first touched, where
    that is known.
    """

    address: str = ""
    user_agent: str = ""
    browser: str = ""
    comments: tuple[int, ...] = ()
    trap: str = ""
    took: float | None = None


@dataclass(frozen=True)
class Draft:
    """A reply as typed. `parent` is the text of the field: a comment's id, or empty."""

    article_id: int
    text: str
    author: Author = field(default_factory=Author)
    parent: str = ""
    key: str = ""
    visit: Visit = field(default_factory=Visit)
    channel: str = Comment.Channel.PAGE
    language: str = ""
    section_id: int | None = None  # where it is to stand, where no article says so
    html: str | None = field(default=None, repr=False, compare=False)  # what its text was rendered to already

    @cached_property
    def rendered(self) -> str:
        """The text as HTML, as readers would see it."""
        return formatting.to_html(self.text) if self.html is None else self.html

    @property
    def person(self) -> str:
        """Who this is for telling duplicates: the account, else name and email, else the network."""
        if identity := self.author.identity:
            return f"user:{identity.user_id}" if identity.user_id else f"identity:{identity.pk}"
        if self.author.email:
            return f"guest:{fold(self.author.name)}\n{fold(self.author.email)}"
        return f"network:{network(self.visit.address)}"

    @property
    def duplicate_key(self) -> str:
        return keyed("duplicate", self.parent, self.person, fold(self.text))

    @property
    def fingerprint(self) -> str:
        """What a repeated submission must equal to be taken for the first."""
        who = self.person if self.author.identity else f"guest:{self.author.name}\n{self.author.email}"
        return keyed("submission", str(self.article_id), self.parent, who, self.text)


def keyed(*parts: str) -> str:
    """Return a keyed hash: equal for equal parts, and nothing that a copy of the database gives away."""
    message = "\0".join(f"{len(part)}:{part}" for part in parts)
    return hmac.new(settings.SECRET_KEY.encode(), message.encode(), hashlib.sha256).hexdigest()


def tidied(draft: Draft) -> Draft:
    """Return the draft as it would be stored: NFC, one-line names, a scheme before the website."""
    author = draft.author
    if author.identity:
        author = replace(author, name="", email="", website="")
    else:
        author = replace(
            author,
            name=tidy_name(author.name),
            email=without_invisible(tidy_line(author.email)),
            website=tidy_line(author.website),
        )
    parent = draft.parent.strip()
    if (parent_id := read_id(parent)) is not None:
        parent = str(parent_id)  # 077 is 77, for telling duplicates too.
    text, key = tidy(draft.text).strip(), tidy_line(draft.key)
    return replace(draft, text=text, author=author, parent=parent, key=key, html=None)


def with_html(draft: Draft) -> Draft:
    """Return the draft with its text rendered, which takes a moment; copies of it need not render it again."""
    return replace(draft, html=draft.rendered)


def website_with_scheme(website: str) -> str:
    """Return the address with https before it where it begins with a host, perhaps with a port."""
    bare = website and "://" not in website and not re.match(r"[^/]*:(?![0-9]+(/|$))", website)
    return f"https://{website}" if bare else website


def validate(draft: Draft, rules: EffectiveSettings) -> Draft:
    """Return a tidied draft ready to store. Raises Invalid with every field that is wrong; lengths in code points."""
    errors = text_errors(draft, rules.text_limit)
    author = draft.author
    if author.identity is None:
        errors += _guest_errors(author, rules)
        author = replace(author, website=website_with_scheme(author.website))
    if errors:
        raise Invalid(errors)
    return replace(draft, author=author, html=draft.rendered)


def text_errors(draft: Draft, limit: int) -> list[FieldError]:
    """Return what is wrong with a tidied draft's text, if anything."""
    text = draft.text
    if len(text) > limit:
        sentence = _("This is %(count)s characters long; %(limit)s are possible.") % {
            "count": len(text),
            "limit": limit,
        }
        return [FieldError("text", "comment_content_column_length", sentence)]
    if is_blank(text) or formatting.is_blank_html(draft.rendered):
        return [FieldError("text", "require_valid_comment", _("Please write something."))]
    return []


def _guest_errors(author: Author, rules: EffectiveSettings) -> list[FieldError]:
    errors = []

    def wrong(name: str, code: str, sentence: str) -> None:
        errors.append(FieldError(name, code, sentence))

    if len(author.name) > NAME_LENGTH:
        wrong("name", "comment_author_column_length", _("A name may have %d characters.") % NAME_LENGTH)
    elif rules.require_name_email and is_unseen(author.name):
        wrong("name", "require_name_email", _("Please tell us your name."))
    if len(author.email) > EMAIL_LENGTH:
        wrong("email", "comment_author_email_column_length", _("An address may have %d characters.") % EMAIL_LENGTH)
    elif rules.require_name_email and not author.email:
        wrong("email", "require_name_email", _("Please tell us your email address. It is not published."))
    elif author.email and not is_email(author.email):
        wrong("email", "require_valid_email", _("An email address looks like name@example.org."))
    if len(author.website) > WEBSITE_LENGTH:
        wrong("website", "comment_author_url_column_length", _("An address may have %d characters.") % WEBSITE_LENGTH)
    elif author.website and not is_website(website_with_scheme(author.website)):
        wrong("website", "require_valid_url", _("This is no web address: https://example.org."))
    return errors


def is_email(text: str) -> bool:
    try:
        EmailValidator(allowlist=[])(text)  # An address on localhost is nobody's who reads here.
    except ValidationError:
        return False
    return True


def is_website(text: str) -> bool:
    """Say whether this is an http or https address that names a host and hides no user or password in it."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # Its port is no number, or too large.
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
    """What goes back into the form, whatever becomes of the draft."""
    return {
        "text": draft.text,
        "name": draft.author.name,
        "email": draft.author.email,
        "website": draft.author.website,
        "parent": draft.parent,
        "key": draft.key,
    }
