"""Whether this person may say this here. `evaluate` asks a list of checks, and the strongest opinion wins.

To add a check, write a file with `check(draft, settings) -> Verdict | None` (None: no opinion), declare its reasons
with their texts in it (`reason_codes.declare`), and add a line to CHECKS. Nothing else needs to change.

The checks:
hold_everything:  where editors want to see every comment, and during a surge
honeypot:         a field that no person sees
words:            the filter entries of the editors
links:            too many links
names:            names that look like the newsroom's
timing:           sent faster than a person types
history:          first comments, and people who have lost their trust

What they use, and what else limits posting:
verdict:          an opinion: a status and reason codes
blocklist:        adding, changing and deleting filter entries
compiled_entries: the filter entries in force, ready for matching
known_site:       settings, filter entries and reserved names, read by one statement
entry_hits:       how often each filter entry matched
normalise:        a text in all the ways in which it can be read
patterns:         regular expressions in linear time
backtesting:      trying filter entries on past comments
trust:            how far an author is known
rate_limit:       how fast somebody may post
ban_checks:       whether somebody is banned
article_settings: what is different about one article's discussion
surge:            discussions that get out of hand slow down
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


def count_hits(verdict: Verdict) -> None:
    """Have the filter entries that a verdict names counted, once the transaction of the post is committed."""
    if verdict.hits:
        publish(EntriesMatched(verdict.hits))


def evaluate(draft: Draft, settings: EffectiveSettings) -> Verdict:
    """Return the strongest of all opinions, with the reasons of all. No opinion at all: approve.

    Does not count hits, so it can be used to try out a text.
    """
    return Verdict.strongest(verdict for check in CHECKS if (verdict := check(draft, settings)))
