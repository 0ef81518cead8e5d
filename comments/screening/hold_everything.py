"""Hold every comment, where the editors want to see all of them first, or a surge has not passed yet."""

from django.utils.translation import gettext_lazy as _

from comments.audit.reason_codes import declare
from comments.drafts import Draft
from comments.models.effective_settings import EffectiveSettings
from comments.screening.verdict import Verdict

HOLD_EVERYTHING = declare("hold_everything", _("every comment is held"), is_suspicious=False)
SURGE = declare("surge", _("very many were writing under this article"), label=_("surge"), is_suspicious=False)


def check(draft: Draft, rules: EffectiveSettings) -> Verdict | None:
    wanted = {HOLD_EVERYTHING: rules.hold_everything, SURGE: rules.holds_for_surge}
    held = [Verdict.hold(code) for code, on in wanted.items() if on]
    return Verdict.strongest(held) if held else None
