"""Take for spam what fills in the field that no person sees. Machines fill in whatever a form has."""

from comments.drafts import Draft
from comments.effective_settings import EffectiveSettings
from comments.spam.verdict import Verdict


def check(draft: Draft, rules: EffectiveSettings) -> Verdict | None:
    return Verdict.spam("honeypot") if draft.visit.trap.strip() else None
