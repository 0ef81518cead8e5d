"""Hold a first comment. Trust is earned by a verified identity or this browser's own approved comment, never typed."""

from comments.drafts import Draft
from comments.models import Comment, CommentRules
from comments.spam.verdict import Verdict
from newsreader.kit.text import fold


def check(draft: Draft, rules: CommentRules) -> Verdict | None:
    """An account passes with an approved comment; a guest with a cookie of one under the same name and email."""
    if not rules.hold_first_comment or _is_known(draft):
        return None
    return Verdict.hold("first_comment")


def _is_known(draft: Draft) -> bool:
    approved = Comment.objects.approved()
    if identity := draft.author.identity:
        mine = (
            approved.filter(identity__user=identity.user_id) if identity.user_id else approved.filter(identity=identity)
        )
        return mine.exists()
    if not draft.visit.comments or not draft.author.email:
        return False
    who = (fold(draft.author.name), fold(draft.author.email))
    rows = approved.filter(pk__in=draft.visit.comments, identity=None).values_list("name", "trace__email")
    return any((fold(name), fold(email or "")) == who for name, email in rows)
