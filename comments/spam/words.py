"""Hold, or take for spam, what contains an entry of the editors' lists. Matching sees what was typed, folded."""

from collections.abc import Iterator

from comments.drafts import Draft
from comments.models import CommentRules
from comments.spam.verdict import Verdict
from newsreader.kit.text import fold


def check(draft: Draft, rules: CommentRules) -> Verdict | None:
    haystack = "\n".join(fold(text) for text in _typed(draft))
    if found := _matches(rules.spam_words, haystack):
        return Verdict.spam("spam_words", words=found)
    if found := _matches(rules.held_words, haystack):
        return Verdict.hold("held_words", words=found)
    return None


def _typed(draft: Draft) -> Iterator[str]:
    author, visit = draft.author, draft.visit
    yield from (draft.text, author.name, author.email, author.website, visit.address, visit.user_agent)


def _matches(entries: str, haystack: str) -> list[str]:
    """Return the list's entries that occur, as the editor wrote them, at most ten."""
    found = (entry.strip() for entry in entries.splitlines() if fold(entry) and fold(entry) in haystack)
    return list(found)[:10]
