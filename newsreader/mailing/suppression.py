"""Addresses that get no mail."""

from __future__ import annotations


def is_suppressed(address: str, name: str) -> bool:
    """Say whether this letter is not sent to this address. `name`: of the letter's templates."""
    return False
