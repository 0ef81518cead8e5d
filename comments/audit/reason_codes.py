"""Every code that a rule, or the site itself, gives as the reason of a decision, with its texts; each in one place.

A check declares its codes in its own file (`comments.screening`); codes of no check are declared here. A declared code
is reserved: no person can give it. The reasons that people choose are rows that editors change
(`comments.audit.refusal_reasons`). Decisions keep codes for good, so no code is ever renamed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise
Reason = dict[str, Any]  # {"code": …, "params": {…}}, as stored in a decision


class Source(Enum):
    """Who gives a code."""

    RULE = "a rule that holds or refuses a comment"
    SITE = "the site, for something else that has happened"
    AUTHOR = "the comment's author"


@dataclass(frozen=True)
class ReasonCode:
    """A code and its texts.

    `sentence` may name parameters, as `%(name)s`; lists are joined with commas. `label` has no parameters: it is used
    in filters and statistics. `is_final`: a comment removed for this reason is never restored. `is_suspicious`: a
    comment held for this reason may well be bad, and many at once are a sign of trouble.
    """

    code: str
    sentence: Text
    label: Text
    source: Source = Source.RULE
    is_final: bool = False
    is_suspicious: bool = True

    def worded(self, params: Mapping[str, Any]) -> str:
        return str(self.sentence) % _Shown(params)


class _Shown(dict[str, Any]):
    """Parameters as text for a sentence; empty for one that the decision does not hold."""

    def __getitem__(self, name: str) -> str:
        value = self.get(name, "")
        return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


CODES: dict[str, ReasonCode] = {}


def declare(code: str, sentence: Text, *, label: Text = "", **more: Any) -> str:
    """Register a code with its texts and return it. `label` defaults to the sentence. Raises ValueError if taken."""
    if code in CODES:
        raise ValueError(f"The reason {code} is declared twice.")
    CODES[code] = ReasonCode(code, sentence, label or sentence, **more)
    return code


def is_reserved(code: str) -> bool:
    """Say whether only rules and the site itself give this reason."""
    return code in CODES


def is_final(code: str) -> bool:
    """Say whether a comment removed for this reason can never be restored."""
    return code in CODES and CODES[code].is_final


def from_rules() -> list[ReasonCode]:
    """Return the reasons for which rules hold and refuse comments, sorted by label."""
    found = [known for known in CODES.values() if known.source is Source.RULE]
    return sorted(found, key=lambda known: str(known.label))


def harmless() -> list[str]:
    """Return the codes that are no sign of a bad comment."""
    return [known.code for known in CODES.values() if not known.is_suspicious]


def single(code: str, params: dict[str, Any] | None = None) -> list[Reason]:
    """Return a list of this one reason, as stored in a decision; an empty list without a code."""
    return [{"code": code, "params": params or {}}] if code else []


# --- Codes of no check -------------------------------------------------------------------------------------

QUIET_BAN = declare("quiet_ban", _("banned without being told"))
REPORTED = declare("reported", _("reported by %(count)s readers"), label=_("reported by readers"))
ADDRESS_CONFIRMED = declare("address_confirmed", _("the address was confirmed by its owner"), source=Source.SITE)
IMPORTED = declare("imported", _("imported"), source=Source.SITE)
UNDONE = declare("undone", _("an earlier decision was undone"), source=Source.SITE)
APPEAL_GRANTED = declare("appeal_granted", _("the author's appeal was granted"), source=Source.SITE)
ERASED = declare("erased", _("its personal data was erased"), source=Source.SITE, is_final=True)
WITHDRAWN = declare("withdrawn", _("withdrawn by its author"), source=Source.AUTHOR, is_final=True)
