"""Comments as structured data for search engines. Source: https://schema.org/Comment"""

from __future__ import annotations

from articles.public.structured_data import Facts
from comments.discussion.threads import Page
from comments.models import Comment
from newsreader.kit.web import absolute


def comments_of(page: Page) -> list[Facts]:
    """Return the comments that a page shows; replies name their parent. No query."""
    shown = (placed for branch in page.branches for placed in branch.placed if not placed.removed)
    return [_facts(placed.comment) for placed in shown]


def _facts(comment: Comment) -> Facts:
    url = absolute(comment.permanent_url)
    parent = {"@type": "Comment", "@id": absolute(f"/comments/{comment.parent_id}/")} if comment.parent_id else None
    return {
        "@type": "Comment",
        "@id": url,
        "url": url,
        "text": comment.words,
        "author": {"@type": "Person", "name": comment.shown_name},
        "dateCreated": comment.created_at.isoformat(timespec="seconds"),
        "parentItem": parent,
    }
