"""Checking the text of an objection: an author's appeal, an appeal against a ban, or a reporter's objection."""

from __future__ import annotations

from django.utils.translation import gettext as _

from newsreader.kit.errors import FieldError, Invalid
from newsreader.kit.text import is_blank, tidy

LENGTH = 2_000  # code points


def words_of(text: str, field: str, ask: str) -> str:
    """Return what was typed as it is stored. `ask` is the sentence for an empty text.

    Raises Invalid with the code `require_<field>` or `<field>_column_length`.
    """
    text = tidy(text).strip()
    if is_blank(text):
        raise Invalid([FieldError(field, f"require_{field}", ask)])
    if len(text) > LENGTH:
        sentence = _("This is %(count)s characters long. The limit is %(limit)s.")
        raise Invalid([FieldError(field, f"{field}_column_length", sentence % {"count": len(text), "limit": LENGTH})])
    return text
