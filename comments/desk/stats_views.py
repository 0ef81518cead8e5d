"""The statistics page of the moderation desk."""

from __future__ import annotations

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from comments.desk import charts
from comments.desk.stats import Hour, desk_stats
from comments.models import Comment
from comments.models.permissions import may_moderate, moderates
from comments.screening import surge


def figures_view(request: HttpRequest) -> HttpResponse:
    """Show what waits, how fast and by whom it is decided, and why."""
    if not may_moderate(request.user):
        raise PermissionDenied
    found = desk_stats(Comment.objects.moderated_by(request.user))
    context = {
        **admin.site.each_context(request),
        "title": _("Figures"),
        "figures": found,
        "chart": charts.stacked([_bar(hour) for hour in found.hours]),
        "tables": [
            (_("Reasons, last seven days"), _with_share(found.reasons)),
            (_("Moderators, last seven days"), _with_share(found.moderators)),
        ],
        "articles": found.articles,
        "surging": [row for row in surge.surging() if moderates(request.user, row.article)],
    }
    request.current_app = admin.site.name
    return TemplateResponse(request, "admin/comments/stats.html", context)


def _bar(hour: Hour) -> tuple[int, int, str, str]:
    at = localtime(hour.at)
    when = date_format(at, "DATETIME_FORMAT")
    people = ngettext("%d decision by people", "%d decisions by people", hour.people) % hour.people
    rules = ngettext("%d by a rule", "%d by rules", hour.rules) % hour.rules
    return hour.people, hour.rules, f"{when}: {people}, {rules}", date_format(at, "H:i") if at.hour % 6 == 0 else ""


def _with_share(rows: list[tuple[str, int]]) -> list[tuple[str, int, int]]:
    """Return each row with the length of its bar, in per cent of the longest."""
    longest = max((size for _name, size in rows), default=0)
    return [(name, size, round(100 * size / longest)) for name, size in rows]
