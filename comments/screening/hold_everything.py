"""Hold every comment, if the editors want to see all of them first, or during a surge."""

from django.utils.translation import gettext_lazy as _

from comments.audit.reason_codes import declare
from comments.drafts import Draft
from comments.models.effective_settings import EffectiveSettings
from comments.screening.verdict import Verdict

HOLD_EVERYTHING = declare("hold_everything", _("every comment is held"), is_suspicious=False)
SURGE = declare("surge", _("a lot of people were commenting under this article"), label=_("surge"), is_suspicious=False)


def check(draft: Draft, settings: EffectiveSettings) -> Verdict | None:
    wanted = {HOLD_EVERYTHING: settings.hold_everything, SURGE: settings.holds_for_surge}
    held = [Verdict.hold(code) for code, on in wanted.items() if on]
    return Verdict.strongest(held) if held else None
