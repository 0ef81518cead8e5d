"""Take for spam what fills in the field that no person sees. Machines fill in whatever a form has."""

from django.utils.translation import gettext_lazy as _

from comments.drafts import Draft
from comments.effective_settings import EffectiveSettings
from comments.reason_codes import declare
from comments.spam.verdict import Verdict

HONEYPOT = declare("honeypot", _("filled in a field that no person sees"), label=_("a field that no person sees"))


def check(draft: Draft, rules: EffectiveSettings) -> Verdict | None:
    return Verdict.spam(HONEYPOT) if draft.visit.trap.strip() else None
