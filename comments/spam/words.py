"""Hold, take for spam, or silently refuse what the editors' lists name: words, phrases, domains, networks.

Looked at is what was typed, in all its readings (`normalise`), the browser's name and the address; never generated
markup. Source: WordPress' `moderation_keys` and `disallowed_keys`, which look for every entry inside words as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from comments.drafts import Draft
from comments.models import CommentRules, Rule
from comments.spam import rulebook
from comments.spam.normalise import Readings, plain, stands_in, typed_versions
from comments.spam.rulebook import Entry
from comments.spam.verdict import Verdict

NAMED = 10  # entries in a reason
# What follows, the strongest first, and the code of its reason.
_VERDICTS = {
    Rule.Action.REFUSE: (Verdict.refuse, "refused_words"),
    Rule.Action.SPAM: (Verdict.spam, "spam_words"),
    Rule.Action.HOLD: (Verdict.hold, "held_words"),
}
_LINK = re.compile(r'<a href="([^"]*)"')
_BARE_DOMAIN = re.compile(r"(?<![\w.-])\w[\w-]*(?:\.[\w-]+)+")


def check(draft: Draft, rules: CommentRules) -> Verdict | None:
    found = matches(draft)
    return Verdict.strongest(_verdicts(found)) if found else None


def matches(draft: Draft) -> list[Entry]:
    """Return the entries in force that a draft matches, each once. One query; two where the lists have changed."""
    book = rulebook.current()
    found = [*_texts(draft, book.texts), *_domains(draft, book.domains), *book.from_network(draft.visit.address)]
    return list(dict.fromkeys(found))


def _verdicts(found: list[Entry]) -> Iterator[Verdict]:
    for action, (verdict, code) in _VERDICTS.items():
        entries = [entry for entry in found if entry.action == action]
        if words := [entry.pattern for entry in entries if entry.network is None][:NAMED]:
            yield verdict(code, words=words)
        if any(entry.network for entry in entries):
            # Not which: a decision is kept for good, and the entry may be somebody's address.
            yield verdict("listed_network")


def _texts(draft: Draft, entries: list[Entry]) -> Iterator[Entry]:
    readings: dict[bool, Readings] = {}
    for entry in entries:
        if entry.accents not in readings:
            readings[entry.accents] = Readings.of(_typed(draft), accents=entry.accents)
        if _is_in(entry, readings[entry.accents]) or _begins(draft.visit.address, entry):
            yield entry


def _is_in(entry: Entry, typed: Readings) -> bool:
    if entry.match == Rule.Match.SUBSTRING:
        return entry.plain in typed.texts or (entry.letters.isalnum() and entry.letters in typed.joined_words)
    if not entry.letters.isalnum():
        return stands_in(entry.plain, typed.texts)
    if " " not in entry.plain and entry.letters in typed.words:
        return True
    if entry.plain in typed.texts and stands_in(entry.plain, typed.texts):
        return True
    if len(entry.letters) >= 4 and (entry.letters in typed.words or entry.letters in typed.spelt_out):
        return True
    return entry.mixed in typed.mixed_words


def _typed(draft: Draft) -> Iterator[str]:
    author, identity = draft.author, draft.author.identity
    yield from typed_versions(draft.text, draft.rendered)
    for text in (identity.display_name if identity else author.name, author.email, author.website):
        yield from typed_versions(text)
    yield draft.visit.user_agent


def _begins(address: str, entry: Entry) -> bool:
    return entry.prefix is not None and rulebook.lies_in(address, entry.prefix)


def _domains(draft: Draft, listed: dict[str, Entry]) -> Iterator[Entry]:
    """Yield the entries for hosts that are linked or named, or that stand above these."""
    if not listed:
        return
    for host in dict.fromkeys(_hosts(draft)):
        labels = rulebook.clean_domain(host).split(".")
        for start in range(len(labels) - 1):
            if entry := listed.get(".".join(labels[start:])):
                yield entry


def _hosts(draft: Draft) -> Iterator[str]:
    author, identity = draft.author, draft.author.identity
    for address in (author.website, identity.profile_url if identity else "", *_LINK.findall(draft.rendered)):
        try:
            yield urlsplit(address).hostname or address.rpartition("@")[2]
        except ValueError:
            continue
    yield author.email.rpartition("@")[2]
    for text in typed_versions(draft.text):
        yield from _BARE_DOMAIN.findall(plain(text))
