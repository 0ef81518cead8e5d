"""Hold a comment with many links, unless its author is trusted. Source: WordPress' `comment_max_links`."""

from django.utils.translation import gettext_lazy as _

from comments.audit.reason_codes import declare
from comments.drafts import Draft
from comments.models.effective_settings import EffectiveSettings
from comments.screening import trust
from comments.screening.trust import Level
from comments.screening.verdict import Verdict
from comments.text import formatting

TOO_MANY_LINKS = declare("too_many_links", _("%(links)s links, %(allowed)s allowed"), label=_("too many links"))


def check(draft: Draft, settings: EffectiveSettings) -> Verdict | None:
    """Count the links after rendering: none inside code, and the same address as often as it is linked."""
    links = formatting.count_links(draft.rendered)
    if not settings.max_links or links < settings.max_links or trust.level(draft, settings) == Level.TRUSTED:
        return None
    return Verdict.hold(TOO_MANY_LINKS, links=links, allowed=settings.max_links - 1)
