"""Mark as spam what fills in the honeypot, a field that no person sees. Bots fill in every field of a form."""

from django.utils.translation import gettext_lazy as _

from comments.audit.reason_codes import declare
from comments.drafts import Draft
from comments.models.effective_settings import EffectiveSettings
from comments.screening.verdict import Verdict

HONEYPOT = declare("honeypot", _("filled in a field that no person sees"), label=_("a field that no person sees"))


def check(draft: Draft, settings: EffectiveSettings) -> Verdict | None:
    return Verdict.spam(HONEYPOT) if draft.visit.trap.strip() else None
