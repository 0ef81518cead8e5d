"""`{% filter labelled %}…{% endfilter %}`: a list of the admin whose cells name their columns, for narrow screens."""

from __future__ import annotations

import re

from django import template
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
_COLUMN = re.compile(r'<th scope="col"[^>]*\bcolumn-(\w+).*?<div class="text"><\w+[^>]*>([^<]*)<', re.DOTALL)
_CELL = re.compile(r'<td class="field-(\w+)(?=[^>]*>(?:([-–]?)</td>)?)')


@register.filter
def labelled(html: str) -> SafeString:
    """Return the admin's list with `data-label` in each cell, and `data-nothing` where nothing stands in it."""
    names = dict(_COLUMN.findall(html))

    def label(cell: re.Match[str]) -> str:
        nothing = "" if cell[2] is None else " data-nothing"
        return f'<td data-label="{names.get(cell[1], "")}"{nothing} class="field-{cell[1]}'

    return mark_safe(_CELL.sub(label, html))  # Safe: it was, and the names are those of its head.
