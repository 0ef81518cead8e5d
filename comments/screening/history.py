"""Hold what new people send, and people who have lost their trust, which `comments.screening.trust` computes."""

from django.utils.translation import gettext_lazy as _

from comments.audit.reason_codes import declare
from comments.drafts import Draft
from comments.models.effective_settings import EffectiveSettings
from comments.screening import trust
from comments.screening.trust import Level
from comments.screening.verdict import Verdict

FIRST_COMMENT = declare(
    "first_comment", _("first comment of this person"), label=_("first comment of a person"), is_suspicious=False
)
TRUST_LOST = declare(
    "trust_lost", _("several of this person’s comments were refused of late"), label=_("trust lost by refusals")
)


def check(draft: Draft, rules: EffectiveSettings) -> Verdict | None:
    match trust.level(draft, rules):
        case Level.LOST:
            return Verdict.hold(TRUST_LOST)
        case Level.NEW if rules.hold_first_comment:
            return Verdict.hold(FIRST_COMMENT)
    return None


def is_known(draft: Draft, rules: EffectiveSettings) -> bool:
    """Say whether whoever sends this has earned that their comments need not wait."""
    return trust.level(draft, rules) >= Level.KNOWN
