"""Headers that a letter carries besides those of every mail."""

from __future__ import annotations

from newsreader.mailing.models import Letter


def for_letter(letter: Letter) -> dict[str, str]:
    """Return the headers of this letter by their names."""
    return {}
