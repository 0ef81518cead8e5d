"""Hold a comment with many links. Source: WordPress' `comment_max_links`."""

from comments import formatting
from comments.drafts import Draft
from comments.models import CommentRules
from comments.spam.verdict import Verdict


def check(draft: Draft, rules: CommentRules) -> Verdict | None:
    """Count what a reader could click, after rendering: links inside code do not count, an address twice does."""
    links = formatting.count_links(draft.rendered)
    if rules.max_links and links >= rules.max_links:
        return Verdict.hold("too_many_links", links=links, allowed=rules.max_links - 1)
    return None
