"""Take for spam what fills in the field that no person sees. Machines fill in whatever a form has."""

from django.utils.translation import gettext_lazy as _

from comments.audit.reason_codes import declare
from comments.drafts import Draft
from comments.models.effective_settings import EffectiveSettings
from comments.screening.verdict import Verdict

HONEYPOT = declare("honeypot", _("filled in a field that no person sees"), label=_("a field that no person sees"))


def check(draft: Draft, rules: EffectiveSettings) -> Verdict | None:
    return Verdict.spam(HONEYPOT) if draft.visit.trap.strip() else None
