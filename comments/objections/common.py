"""What every objection has in common, be it of a refused author, of somebody banned or of whoever reported: its words,
and that nobody decides about one against their own decision while somebody else could.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from newsreader.kit.errors import FieldError, Invalid
from newsreader.kit.text import is_blank, tidy

LENGTH = 2_000  # code points


def words_of(text: str, field: str, ask: str) -> str:
    """Return what was typed as it is stored. `ask` is what is said where there is nothing.

    Raises Invalid with the code `require_<field>` or `<field>_column_length`.
    """
    text = tidy(text).strip()
    if is_blank(text):
        raise Invalid([FieldError(field, f"require_{field}", ask)])
    if len(text) > LENGTH:
        sentence = _("This is %(count)s characters long; %(limit)s are possible.")
        raise Invalid([FieldError(field, f"{field}_column_length", sentence % {"count": len(text), "limit": LENGTH})])
    return text
