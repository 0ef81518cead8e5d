"""Hold, mark as spam, or silently refuse what matches filter entries: words, patterns, domains, networks, browsers.

Searched are the typed text in all its readings (`normalise`), the browser's name and the IP address; never generated
markup. An entry can be limited to one section or article, have an end, or only count. Source: WordPress'
`moderation_keys` and `disallowed_keys`, which match inside words as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from articles.models.article import Article
from comments.audit.reason_codes import declare
from comments.drafts import Draft, Visit, tidied
from comments.models import FilterEntry
from comments.models.effective_settings import EffectiveSettings
from comments.screening import compiled_entries, patterns
from comments.screening.compiled_entries import CompiledEntries, CompiledEntry
from comments.screening.normalise import Readings, plain, stands_in, stands_mixed_in, typed_versions
from comments.screening.verdict import Verdict

NAMED = 10  # entries in a reason
HELD_WORDS = declare("held_words", _("words on the list: %(words)s"), label=_("words on the list"))
SPAM_WORDS = declare("spam_words", _("words on the spam list: %(words)s"), label=_("words on the spam list"))
REFUSED_WORDS = declare(
    "refused_words", _("words on the list of refusals: %(words)s"), label=_("words on the list of refusals")
)
LISTED_PATTERN = declare(
    "listed_pattern", _("regular expressions on the list: %(patterns)s"), label=_("regular expressions on the list")
)
LISTED_AGENT = declare("listed_agent", _("browsers on the list: %(agents)s"), label=_("browsers on the list"))
LISTED_NETWORK = declare("listed_network", _("from a network on the list"), label=_("networks on the list"))
# The verdict of each action and its reason, strongest first.
_VERDICTS = {
    FilterEntry.Action.REFUSE: (Verdict.refuse, REFUSED_WORDS),
    FilterEntry.Action.SPAM: (Verdict.spam, SPAM_WORDS),
    FilterEntry.Action.HOLD: (Verdict.hold, HELD_WORDS),
}
_LINK = re.compile(r'<a href="([^"]*)"')
_BARE_DOMAIN = re.compile(r"(?<![\w.-])\w[\w-]*(?:\.[\w-]+)+")


def check(draft: Draft, settings: EffectiveSettings) -> Verdict | None:
    found = matches(draft)
    if not found:
        return None
    verdict = Verdict.strongest(_verdicts([entry for entry in found if not entry.only_counts]))
    return replace(verdict, hits=frozenset(entry.pk for entry in found))


def matches(draft: Draft) -> list[CompiledEntry]:
    """Return the entries in force that a draft matches under its article, including those that only count.

    One query unless the draft brings the entries; one more if they have changed, and one more if a match is limited to
    a section.
    """
    found = found_anywhere(draft, draft.entries or compiled_entries.current())
    section = _section_of(draft) if any(entry.section_id for entry in found) else None
    return [entry for entry in found if entry.counts_in(draft.article_id, section)]


def found_anywhere(draft: Draft, compiled: CompiledEntries) -> list[CompiledEntry]:
    """Return those of these entries that have not ended and match a draft, whatever their scope."""
    now = timezone.now()
    found = [
        *_texts(draft, compiled.texts),
        *_patterns(draft, compiled.regexes),
        *_domains(draft, compiled.domains),
        *compiled.from_network(draft.visit.address),
        *_agents(draft, compiled.agents),
    ]
    return [entry for entry in dict.fromkeys(found) if not entry.has_ended(now)]


def missed(wanted: FilterEntry, lines: Sequence[str]) -> list[str]:
    """Return the lines that an entry does not match, whatever its scope and end, and even if it only counts.

    A line is a comment's text; for networks, an IP address; for browsers, a browser's name.
    """
    entry = FilterEntry(pattern=wanted.pattern, match=wanted.match, action=wanted.action)
    compiled = CompiledEntries([entry])
    drafts = {line: tidied(Draft(0, line, visit=Visit(address=line.strip(), user_agent=line))) for line in lines}
    return [line for line, draft in drafts.items() if not found_anywhere(draft, compiled)]


def _section_of(draft: Draft) -> int | None:
    if draft.section_id is not None:
        return draft.section_id
    return Article.objects.filter(pk=draft.article_id).values_list("section_id", flat=True).first()


def _verdicts(found: list[CompiledEntry]) -> Iterator[Verdict]:
    """Yield the verdict of each action, naming the entries that matched.

    Networks are not named: decisions are kept for good, and an IP address is personal data.
    """
    for action, (verdict, code) in _VERDICTS.items():
        entries = [entry for entry in found if entry.action == action]
        regexes = [entry.pattern for entry in entries if entry.regex]
        agents = [entry.pattern for entry in entries if entry.agent]
        words = [entry.pattern for entry in entries if not (entry.network or entry.regex or entry.agent)]
        if words:
            yield verdict(code, words=words[:NAMED])
        if regexes:
            yield verdict(LISTED_PATTERN, patterns=regexes[:NAMED])
        if agents:
            yield verdict(LISTED_AGENT, agents=agents[:NAMED])
        if any(entry.network for entry in entries):
            yield verdict(LISTED_NETWORK)


def _texts(draft: Draft, entries: list[CompiledEntry]) -> Iterator[CompiledEntry]:
    readings: dict[bool, Readings] = {}
    for entry in entries:
        if entry.accents not in readings:
            texts = [*_typed(draft), draft.visit.user_agent]
            readings[entry.accents] = Readings.of(texts, accents=entry.accents)
        if _is_in(entry, readings[entry.accents]) or _begins(draft.visit.address, entry):
            yield entry


def _is_in(entry: CompiledEntry, typed: Readings) -> bool:
    if entry.match == FilterEntry.Match.SUBSTRING and entry.plain in typed.texts:
        return True
    if not entry.letters.isalnum():
        return entry.match == FilterEntry.Match.WORD and stands_in(entry.plain, typed.texts)
    if not typed.may_hold(entry.letters, entry.mixed):
        return False
    if entry.match == FilterEntry.Match.SUBSTRING:
        return entry.letters in typed.joined_words
    if " " not in entry.plain and entry.letters in typed.words:
        return True
    if entry.plain in typed.texts and stands_in(entry.plain, typed.texts):
        return True
    if len(entry.letters) >= 4 and (entry.letters in typed.words or entry.letters in typed.spelt_out):
        return True
    if entry.mixed in typed.mixed_words:
        return True
    return " " in entry.plain and stands_mixed_in(entry.plain, typed.texts)


def _patterns(draft: Draft, entries: list[CompiledEntry]) -> Iterator[CompiledEntry]:
    texts = patterns.pieces(_typed(draft)) if entries else []
    for entry in entries:
        if patterns.is_found(entry.regex, texts):
            yield entry


def _agents(draft: Draft, entries: list[CompiledEntry]) -> Iterator[CompiledEntry]:
    """Yield the entries that the browser's name contains, as it was sent."""
    name = draft.visit.user_agent.casefold()
    yield from (entry for entry in entries if entry.agent in name)


def _typed(draft: Draft) -> Iterator[str]:
    author, identity = draft.author, draft.author.identity
    yield from typed_versions(draft.text, draft.rendered)
    for text in (identity.display_name if identity else author.name, author.email, _website(draft)):
        yield from typed_versions(text)


def _website(draft: Draft) -> str:
    identity = draft.author.identity
    return identity.profile_url if identity else draft.author.website


def _begins(address: str, entry: CompiledEntry) -> bool:
    return entry.prefix is not None and compiled_entries.lies_in(address, entry.prefix)


def _domains(draft: Draft, listed: dict[str, list[CompiledEntry]]) -> Iterator[CompiledEntry]:
    """Yield the entries for hosts that are linked or named, or for their parent domains."""
    if not listed:
        return
    for host in dict.fromkeys(_hosts(draft)):
        labels = compiled_entries.clean_domain(host).split(".")
        for start in range(len(labels) - 1):
            yield from listed.get(".".join(labels[start:]), ())


def _hosts(draft: Draft) -> Iterator[str]:
    for address in (_website(draft), *_LINK.findall(draft.rendered)):
        try:
            yield urlsplit(address).hostname or address.rpartition("@")[2]
        except ValueError:
            continue
    yield draft.author.email.rpartition("@")[2]
    for text in typed_versions(draft.text):
        yield from _BARE_DOMAIN.findall(plain(text))
