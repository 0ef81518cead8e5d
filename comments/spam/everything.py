"""Hold every comment, where the editors want to see all of them first, or a surge has not passed yet."""

from comments.drafts import Draft
from comments.effective_settings import EffectiveSettings
from comments.spam.verdict import Verdict


def check(draft: Draft, rules: EffectiveSettings) -> Verdict | None:
    wanted = {"hold_everything": rules.hold_everything, "surge": rules.holds_for_surge}
    held = [Verdict.hold(code) for code, on in wanted.items() if on]
    return Verdict.strongest(held) if held else None
