"""Hold what a stranger sends faster than a person types. Never refused: somebody may have pasted it."""

from comments.drafts import Draft
from comments.effective_settings import EffectiveSettings
from comments.spam.history import is_known
from comments.spam.verdict import Verdict


def check(draft: Draft, rules: EffectiveSettings) -> Verdict | None:
    """Compare the seconds since the form was first touched, where it says so; pages that all share cannot."""
    took = draft.visit.took
    if took is None or took >= rules.fastest_seconds or is_known(draft, rules):
        return None
    return Verdict.hold("too_fast", seconds=round(took, 1))
