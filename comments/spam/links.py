"""Hold a comment with many links, unless its author is trusted. Source: WordPress' `comment_max_links`."""

from comments import formatting, trust
from comments.drafts import Draft
from comments.effective_settings import EffectiveSettings
from comments.spam.verdict import Verdict
from comments.trust import Level


def check(draft: Draft, rules: EffectiveSettings) -> Verdict | None:
    """Count what a reader could click, after rendering: links inside code do not count, an address twice does."""
    links = formatting.count_links(draft.rendered)
    if not rules.max_links or links < rules.max_links or trust.level(draft, rules) == Level.TRUSTED:
        return None
    return Verdict.hold("too_many_links", links=links, allowed=rules.max_links - 1)
