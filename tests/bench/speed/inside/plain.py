"""Limits of the machine: a bare Django with its default middleware, `granian --interface wsgi plain:application`.

`/template/` is the unit of the whole benchmark: the template below over 50 comments that are in memory. The others
answer a constant page of 75 kB, one row of the comments, and 50 rows as JSON by one statement.
"""

import datetime as dt
import os
from functools import cache
from types import SimpleNamespace

import environ
from django.conf import settings

DATABASE = environ.Env.db_url_config(os.environ["DATABASE_URL"])
DATABASE |= {"CONN_MAX_AGE": None}
settings.configure(
    SECRET_KEY="only-for-the-bench",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF="plain",
    DATABASES={"default": DATABASE},
    USE_TZ=True,
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
)

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection  # noqa: E402
from django.http import HttpRequest, HttpResponse, JsonResponse  # noqa: E402
from django.template import engines  # noqa: E402
from django.urls import path  # noqa: E402

PAGE = b"<p>" + b"The ferry left at six. " * 3260
COLUMNS = "id, parent_id, name, website, html, created_at, depth, reply_count"
TEMPLATE = """<!doctype html><title>{{ title }}</title><ol>
{% for comment in comments %}<li id="comment-{{ comment.pk }}">
<h3>{{ comment.name }}</h3> <time>{{ comment.at|date:"c" }}</time>
{{ comment.text|linebreaks }}
</li>{% endfor %}</ol>"""
TEXT = "The ferry left at six and I was on it, as on every day of these nine weeks. " * 3
COMMENTS = [
    SimpleNamespace(
        pk=number,
        name=f"Reader {number} & friends",
        at=dt.datetime(2026, 1, 1, 12, number, tzinfo=dt.UTC),
        text=f"{TEXT}\n\n{TEXT}",
    )
    for number in range(50)
]


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(PAGE)


def row(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {COLUMNS} FROM comments_comment WHERE id = %s", [17])
        return HttpResponse(str(cursor.fetchone()))


def rows(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {COLUMNS} FROM comments_comment WHERE article_id = %s ORDER BY path LIMIT 50", [1])
        names = COLUMNS.split(", ")
        return JsonResponse([dict(zip(names, found, strict=True)) for found in cursor], safe=False)


def template(request: HttpRequest) -> HttpResponse:
    return HttpResponse(_compiled().render({"title": "Fifty", "comments": COMMENTS}, request))


@cache
def _compiled():
    return engines["django"].from_string(TEMPLATE)


urlpatterns = [path("page/", page, name="page"), path("row/", row), path("rows/", rows), path("template/", template)]
application = get_wsgi_application()
