"""Hold what a newcomer sends faster than a person types. Never refused: they may have pasted it."""

from django.utils.translation import gettext_lazy as _

from comments.audit.reason_codes import declare
from comments.drafts import Draft
from comments.models.effective_settings import EffectiveSettings
from comments.screening.history import is_known
from comments.screening.verdict import Verdict

TOO_FAST = declare("too_fast", _("sent %(seconds)s seconds after the form was first touched"), label=_("sent too fast"))


def check(draft: Draft, settings: EffectiveSettings) -> Verdict | None:
    """Compare the seconds since the form was first touched, if they are known: shared pages cannot tell."""
    took = draft.visit.took
    if took is None or took >= settings.fastest_seconds or is_known(draft, settings):
        return None
    return Verdict.hold(TOO_FAST, seconds=round(took, 1))
