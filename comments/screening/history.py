"""Hold comments of new people, and of people who have lost trust (see `comments.screening.trust`)."""

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
    "trust_lost", _("several of this person’s comments were refused recently"), label=_("trust lost by refusals")
)


def check(draft: Draft, settings: EffectiveSettings) -> Verdict | None:
    match trust.level(draft, settings):
        case Level.LOST:
            return Verdict.hold(TRUST_LOST)
        case Level.NEW if settings.hold_first_comment:
            return Verdict.hold(FIRST_COMMENT)
    return None


def is_known(draft: Draft, settings: EffectiveSettings) -> bool:
    """Say whether the author is known, so that their comments need not wait."""
    return trust.level(draft, settings) >= Level.KNOWN
