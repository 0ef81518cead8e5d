"""What the rules say about a draft: a list of checks, of which the strongest opinion wins.

To add a check, write a file with `check(draft, rules) -> Verdict | None` (None: no opinion), in which it declares its
reasons with their words (`reason_codes.declare`), and add its line to CHECKS. Nothing else needs to know of it.
"""

from comments.drafts import Draft
from comments.events import EntriesMatched
from comments.models.effective_settings import EffectiveSettings
from comments.screening import history, hold_everything, honeypot, links, names, timing, words
from comments.screening.verdict import Verdict
from newsreader.kit.events import publish

CHECKS = [
    hold_everything.check,
    honeypot.check,
    words.check,
    links.check,
    names.check,
    timing.check,
    history.check,
]


def judge(draft: Draft, rules: EffectiveSettings) -> Verdict:
    """Return the verdict on what is posted or changed, in its transaction. Entries that match are counted after it."""
    verdict = evaluate(draft, rules)
    if verdict.hits:
        publish(EntriesMatched(verdict.hits))
    return verdict


def evaluate(draft: Draft, rules: EffectiveSettings) -> Verdict:
    """Return the strongest of all opinions, with the reasons of every one. No opinion at all: approve.

    Nothing is counted: this is for trying the rules.
    """
    return Verdict.strongest(verdict for check in CHECKS if (verdict := check(draft, rules)))
