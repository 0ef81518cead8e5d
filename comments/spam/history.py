"""Hold what new people send, and those who have lost their trust. How it is earned and lost: `comments.trust`."""

from comments import trust
from comments.drafts import Draft
from comments.effective_settings import EffectiveSettings
from comments.spam.verdict import Verdict
from comments.trust import Level


def check(draft: Draft, rules: EffectiveSettings) -> Verdict | None:
    match trust.level(draft, rules):
        case Level.LOST:
            return Verdict.hold("trust_lost")
        case Level.NEW if rules.hold_first_comment:
            return Verdict.hold("first_comment")
    return None


def is_known(draft: Draft, rules: EffectiveSettings) -> bool:
    """Say whether whoever sends this has earned that their comments need not wait."""
    return trust.level(draft, rules) >= Level.KNOWN
