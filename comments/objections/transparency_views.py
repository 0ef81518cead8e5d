"""The public transparency page: moderation by month, with each month as JSON or CSV. Shows what the worker counted."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils import dateformat, timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from articles.current_site import current_site
from articles.page_versions import depends
from comments.audit.reason_texts import kind_of
from comments.models import MonthlyStats, Report
from comments.objections.transparency import NONE, OTHER, Numbers, next_month
from newsreader.kit.http_cache import for_everybody, public

SHOWN = 12  # months shown in full; earlier ones are links
MOST = 120  # months listed at all
Line = tuple[str, str]  # what was counted, and how many
UNNAMED = {NONE: gettext_lazy("without a reason"), OTHER: gettext_lazy("another reason")}


@for_everybody
def page(request: HttpRequest) -> HttpResponse:
    """Show the newest months in figures."""
    site = current_site(request)
    rows = list(MonthlyStats.objects.order_by("-month")[:MOST])

    def build() -> HttpResponse:
        most = max((row.numbers["comments"]["received"] for row in rows[:SHOWN]), default=0)
        context = {
            "months": [_month(row, most) for row in rows[:SHOWN]],
            "earlier": [_named(row) for row in rows[SHOWN:]],
        }
        return render(request, "comments/transparency.html", context)

    versions = [site.page_version, *((str(row.month), row.made_at.isoformat()) for row in rows)]
    return public(request, versions, build, depends=depends(site, lists=True))


@for_everybody
def month(request: HttpRequest, month: str, form: str) -> HttpResponse:
    """Answer with one month (`2026-11`) for programs: JSON, or CSV with a line for each figure."""
    try:
        first = dt.date.fromisoformat(f"{month}-01")
    except ValueError:
        raise Http404 from None
    site, row = current_site(request), get_object_or_404(MonthlyStats, pk=first)
    build = {"json": _as_json, "csv": _as_csv}[form]
    made_of = depends(site, lists=True)
    return public(request, [row.made_at.isoformat()], lambda: build(row), changed_at=row.made_at, depends=made_of)


def _as_json(row: MonthlyStats) -> HttpResponse:
    about = {"month": f"{row.month:%Y-%m}", "made_at": row.made_at.isoformat(), "complete": _is_complete(row)}
    return JsonResponse(about | {"numbers": row.numbers})


def _as_csv(row: MonthlyStats) -> HttpResponse:
    written = io.StringIO()
    lines = csv.writer(written)
    lines.writerow(["month", "figure", "value"])
    lines.writerows([f"{row.month:%Y-%m}", name, value] for name, value in flat(row.numbers))
    return HttpResponse(written.getvalue(), content_type="text/csv; charset=utf-8")


def flat(numbers: Numbers, before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each figure with its path in the tree, joined by dots; a figure that was not measured is empty."""
    for name, value in numbers.items():
        if isinstance(value, dict):
            yield from flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", "" if value is None else value


def _is_complete(row: MonthlyStats) -> bool:
    """Say whether the month was over when it was counted."""
    return timezone.localdate(row.made_at) >= next_month(row.month)


# --- Words --------------------------------------------------------------------------------------------------------


def _named(row: MonthlyStats) -> dict[str, Any]:
    return {
        "name": dateformat.format(row.month, "F Y"),
        "iso": f"{row.month:%Y-%m}",
        "made_at": row.made_at,
        "complete": _is_complete(row),
    }


def _month(row: MonthlyStats, most: int) -> dict[str, Any]:
    """Return a month for the template. Bars are percentages of the month with the most comments (`most`)."""
    numbers = row.numbers
    received, refused = numbers["comments"]["received"], _refused(numbers)
    return _named(row) | {
        "received": received,
        "refused": refused,
        "bar": _part(received, most),
        "refused_bar": _part(min(refused, received), most),
        "tables": [(title, lines) for title, lines in _tables(numbers) if lines],
    }


def _part(size: int, most: int) -> str:
    return f"{100 * size / most:.1f}" if most else "0"


def _refused(numbers: Numbers) -> int:
    sides = (numbers["decisions"][side]["by_status"] for side in ("automatic", "people"))
    return sum(side["spam"] + side["trash"] for side in sides)


def _tables(numbers: Numbers) -> list[tuple[str, list[Line]]]:
    decisions = numbers["decisions"]
    automatic, people = decisions["automatic"], decisions["people"]
    return [
        (_("Decisions by people"), _by_status(people["by_status"])),
        (_("Decisions by rules"), _by_status(automatic["by_status"])),
        (_("How decisions came about"), _ways(numbers)),
        (_("Refused by people, by reason"), _by_reason(people["refused_by_reason"])),
        (_("Refused by rules, by reason"), _by_reason(automatic["refused_by_reason"])),
        (_("Held by rules, by reason"), _by_reason(automatic["held_by_reason"])),
        (_("Reports by readers"), _settled(numbers["reports"])),
        (_("Reports by readers, by reason"), _reported(numbers["reports"])),
        (_("Notices of illegal content"), _settled(numbers["notices"])),
        (_("Readers’ appeals against keeping a comment"), _objected(numbers.get("objections", {}))),
        (_("Authors’ appeals"), _appealed(numbers["appeals"])),
        (_("Bans"), _banned(numbers["bans"])),
        (_("Appeals against bans"), _ban_appealed(numbers.get("ban_appeals", {}))),
    ]


def _by_status(counts: dict[str, int]) -> list[Line]:
    labels = {
        "approved": _("published"),
        "pending": _("held for an editor"),
        "spam": _("refused as spam"),
        "trash": _("refused"),
    }
    return [(labels[status], str(counts[status])) for status in labels]


def _ways(numbers: Numbers) -> list[Line]:
    decisions, waiting = numbers["decisions"], numbers["waiting"]
    percent = decisions["automatic_percent"]
    return [
        (_("decided by rules alone"), f"{percent} %" if percent is not None else "–"),
        (_("waited for a person"), str(waiting["count"])),
        (_("median wait"), _lasting(waiting["median_seconds"])),
        (_("withdrawn by their authors"), str(decisions["withdrawn_by_authors"])),
        (_("decisions undone"), str(decisions["undone"])),
    ]


def _by_reason(counts: dict[str, int]) -> list[Line]:
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return [(str(UNNAMED[code]) if code in UNNAMED else kind_of(code), str(size)) for code, size in ordered]


def _reported(numbers: Numbers) -> list[Line]:
    labels = dict(Report.Reason.choices)
    return [(str(labels.get(code, code)), str(size)) for code, size in numbers["received_by_reason"].items()]


def _settled(numbers: Numbers) -> list[Line]:
    return [
        (_("received"), str(numbers["received"])),
        (_("the comment was removed"), str(numbers["removed"])),
        (_("the comment stays"), str(numbers["kept"])),
        (_("median time to settle"), _lasting(numbers["median_seconds"])),
    ]


def _lines(numbers: Numbers, labels: dict[str, str]) -> list[Line]:
    """Return the lines for these numbers; none for a month that was counted before they existed."""
    return [(label, str(numbers[name])) for name, label in labels.items() if name in numbers]


def _objected(numbers: Numbers) -> list[Line]:
    return _lines(
        numbers,
        {"received": _("received"), "granted": _("the comment was removed"), "rejected": _("the comment stays")},
    )


def _appealed(numbers: Numbers) -> list[Line]:
    return [
        (_("received"), str(numbers["received"])),
        (_("granted"), str(numbers["granted"])),
        (_("rejected"), str(numbers["rejected"])),
        (_("median time to settle"), _lasting(numbers["median_seconds"])),
    ]


def _banned(numbers: Numbers) -> list[Line]:
    return [
        (_("accounts"), str(numbers["accounts"])),
        (_("email addresses"), str(numbers["emails"])),
        (_("networks"), str(numbers["networks"])),
        (_("of these, temporary"), str(numbers["with_end"])),
        (_("bans lifted"), str(numbers["lifted"])),
    ]


def _ban_appealed(numbers: Numbers) -> list[Line]:
    return _lines(numbers, {"received": _("received"), "lifted": _("the ban was lifted"), "upheld": _("the ban stays")})


def _lasting(seconds: int | None) -> str:
    """Return a length of time in words."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return _("less than a minute")
    now = timezone.now()
    return timesince(now - dt.timedelta(seconds=seconds), now)
