"""`{{ moment|iso }}`: a time as `<time datetime>` has it: ISO 8601 with its zone, in whole seconds."""

from __future__ import annotations

import datetime as dt

from django import template
from django.utils.timezone import localtime

register = template.Library()


@register.filter
def iso(moment: dt.datetime | None) -> str:
    return localtime(moment).isoformat(timespec="seconds") if moment else ""
