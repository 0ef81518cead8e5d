"""`{% filter labelled %}…{% endfilter %}`: a list of the admin whose cells name their columns, for narrow screens."""

from __future__ import annotations

import re

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

register = template.Library()
_COLUMN = re.compile(r'<th scope="col"[^>]*\bcolumn-(\w+).*?<div class="text"><\w+[^>]*>([^<]*)<', re.DOTALL)
_CELL = re.compile(r'<td class="field-(\w+)(?=[^>]*>(?:([-–]?)</td>)?)')
_PART = re.compile(r'<(table|thead|tbody|tr|td)\b|<(th) (?=(scope="col")?)')
_ALL = re.compile(r'<input type="checkbox" id="action-toggle"[^>]*>')
# What is shown as a block is a table to nobody who listens, unless it says so.
_ROLES = {"table": "table", "thead": "rowgroup", "tbody": "rowgroup", "tr": "row", "td": "cell"}


@register.filter
def labelled(html: str) -> SafeString:
    """Return the admin's list: with `data-label` in each cell, `data-nothing` where it is empty, and the roles.

    The box that chooses all has its words, which wide screens show to nobody but those who listen.
    """
    names = dict(_COLUMN.findall(html))

    def label(cell: re.Match[str]) -> str:
        nothing = "" if cell[2] is None else " data-nothing"
        return f'<td data-label="{names.get(cell[1], "")}"{nothing} class="field-{cell[1]}'

    def role(part: re.Match[str]) -> str:
        if name := part[1]:
            return f'<{name} role="{_ROLES[name]}"'
        return f'<th role="{"columnheader" if part[3] else "rowheader"}" '

    words = f'<span class="choose-words">{escape(_("Choose all on this page"))}</span>'
    html = _ALL.sub(f'<label class="choose-page"><input type="checkbox" id="action-toggle"> {words}</label>', html)
    return mark_safe(_PART.sub(role, _CELL.sub(label, html)))  # Safe: it was, and the names are those of its head.
