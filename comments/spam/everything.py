"""Hold every comment, where the editors want to see all of them first."""

from comments.drafts import Draft
from comments.models import CommentRules
from comments.spam.verdict import Verdict


def check(draft: Draft, rules: CommentRules) -> Verdict | None:
    return Verdict.hold("hold_everything") if rules.hold_everything else None
