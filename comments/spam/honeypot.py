"""Take for spam what fills in the field that no person sees. Machines fill in whatever a form has."""

from comments.drafts import Draft
from comments.models import CommentRules
from comments.spam.verdict import Verdict


def check(draft: Draft, rules: CommentRules) -> Verdict | None:
    return Verdict.spam("honeypot") if draft.visit.trap.strip() else None
