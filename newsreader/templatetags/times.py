"""`{{ moment|iso }}`: a time for `<time datetime>`: ISO 8601 with its zone, in whole seconds."""

from __future__ import annotations

import datetime as dt

from django import template
from django.utils.timezone import localtime
from django.utils.translation import ngettext

register = template.Library()


@register.filter
def iso(moment: dt.datetime | None) -> str:
    return localtime(moment).isoformat(timespec="seconds") if moment else ""


@register.filter
def span(seconds: float | None) -> str:
    """Word a number of seconds in its largest unit: "3 minutes"; "–" where it is not known."""
    if seconds is None:
        return "–"
    whole = round(seconds)
    if whole < 60:
        return ngettext("%d second", "%d seconds", whole) % whole
    if whole < 3600:
        return ngettext("%d minute", "%d minutes", whole // 60) % (whole // 60)
    if whole < 48 * 3600:
        return ngettext("%d hour", "%d hours", whole // 3600) % (whole // 3600)
    return ngettext("%d day", "%d days", whole // 86_400) % (whole // 86_400)
