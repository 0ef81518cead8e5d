"""The dialog in which an editor chooses a picture for a text: newest first, with search. Answers with a fragment."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from articles.models.pictures import Picture
from newsreader.kit.http_cache import page_number
from newsreader.kit.numbers import read_id
from newsreader.kit.text import tidy_line

PAGE = 24  # pictures
MOST_WORDS = 10


@require_safe
def choose(request: HttpRequest) -> HttpResponse:
    """Answer with one page of the pictures whose texts or name contain each word of `q`, or with the one of `id`."""
    if not request.user.has_perm("articles.view_picture"):
        raise PermissionDenied
    rows = Picture.objects.order_by("-pk")
    for word in tidy_line(request.GET.get("q", ""))[:200].split()[:MOST_WORDS]:
        rows = rows.filter(
            Q(caption__icontains=word)
            | Q(alternative_text__icontains=word)
            | Q(credit__icontains=word)
            | Q(file__icontains=word)
        )
    if "id" in request.GET:
        rows = rows.filter(pk__in=[read_id(request.GET["id"]) or 0])
    number = page_number(request)
    start = (number - 1) * PAGE
    shown = list(rows[start : start + PAGE + 1])
    later = number + 1 if len(shown) > PAGE else 0
    context = {"pictures": shown[:PAGE], "earlier": number - 1, "later": later}
    return render(request, "admin/articles/article/_pictures.html", context)
