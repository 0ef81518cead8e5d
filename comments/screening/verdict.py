"""An opinion about a draft: the status it should have, and why, as codes with their parameters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from comments.audit.reason_codes import Reason, single
from comments.models import Comment

_STRENGTH = [Comment.Status.APPROVED, Comment.Status.PENDING, Comment.Status.SPAM, Comment.Status.TRASH]


@dataclass(frozen=True)
class Verdict:
    """`reasons` are `{"code": …, "params": {…}}`; `reason_texts` turns them into sentences when they are read.

    `hits` are the ids of all filter entries that matched, including those that only count.
    """

    status: str
    reasons: tuple[Reason, ...] = ()
    hits: frozenset[int] = frozenset()

    @classmethod
    def approve(cls) -> Verdict:
        return cls(Comment.Status.APPROVED)

    @classmethod
    def hold(cls, code: str, **params: Any) -> Verdict:
        return cls(Comment.Status.PENDING, tuple(single(code, params)))

    @classmethod
    def spam(cls, code: str, **params: Any) -> Verdict:
        return cls(Comment.Status.SPAM, tuple(single(code, params)))

    @classmethod
    def refuse(cls, code: str, **params: Any) -> Verdict:
        """Return a verdict for the trash; the author is shown that the comment waits."""
        return cls(Comment.Status.TRASH, tuple(single(code, params)))

    def is_stronger_than(self, status: str) -> bool:
        """Say whether this status is stricter than that one."""
        return _STRENGTH.index(Comment.Status(self.status)) > _STRENGTH.index(Comment.Status(status))

    @classmethod
    def strongest(cls, verdicts: Iterable[Verdict]) -> Verdict:
        """Return one verdict with the strongest status and all reasons, the strongest verdict's first."""
        ranked = sorted(verdicts, key=lambda verdict: -_STRENGTH.index(Comment.Status(verdict.status)))
        if not ranked:
            return cls.approve()
        reasons = tuple(reason for verdict in ranked for reason in verdict.reasons)
        return cls(ranked[0].status, reasons, frozenset().union(*(verdict.hits for verdict in ranked)))
