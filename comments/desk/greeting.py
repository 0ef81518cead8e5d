"""The sentence over the queue: how much waits, since when, and how soon it is usually decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from comments.desk.filters import Filter
from comments.desk.stats import usual_wait
from comments.models import Comment
from comments.models.permissions import moderates_everything
from newsreader.kit.numbers import ids_in
from newsreader.templatetags.times import span


def of_queue(wanted: Filter, size: str, shown: Sequence[Comment], user: Any) -> str:
    """Return the greeting over the whole queue of what waits, whose first comments are `shown`; else an empty text.

    One query, for those who moderate everything.
    """
    if wanted.status != "pending" or wanted.is_narrowed or not shown:
        return ""
    number = max(ids_in([size]), default=0)
    parts = [ngettext("%d waiting", "%d waiting", number) % number if number else _("%s waiting") % size]
    parts.append(_("oldest %s") % span((timezone.now() - shown[0].created_at).total_seconds()))
    if moderates_everything(user) and (usual := usual_wait()) is not None:
        parts.append(_("usually decided in %s") % span(usual))
    return ", ".join(parts)
