"""All URLs of the site."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, include, path, re_path

from comments.discussion import feeds
from newsreader import api, views
from newsreader.first_steps import views as first_steps
from newsreader.operations import metrics_view, readiness
from newsreader.transfer import import_views

handler400, handler403, handler404, handler500 = (
    "newsreader.views.bad_request",
    "newsreader.views.forbidden",
    "newsreader.views.not_found",
    "newsreader.views.failed",
)

ARTICLE = r"(?P<year>[0-9]{4})/(?P<month>[0-9]{2})/(?P<day>[0-9]{2})/(?P<slug>[^/]+)"

admin.autodiscover()


_desk = admin.site.admin_view


def _mails() -> list[URLPattern]:
    if not settings.DEMO_MAILS:
        return []
    from newsreader.demo.mails import views as mails

    return [
        path("admin/mails/", admin.site.admin_view(mails.mails), name="demo-mails"),
        path("admin/mails/<str:slug>/", admin.site.admin_view(mails.mail), name="demo-mail"),
    ]


def _providers() -> list[URLPattern]:
    if not settings.DEMONSTRATED:
        return []
    from newsreader.demo.providers.views import provider

    return [path("demo/providers/<slug:way>/<path:path>", provider)]


urlpatterns = [
    re_path(rf"^{ARTICLE}/$", views.article, name="article"),
    re_path(rf"^{ARTICLE}/feed/(?:(?P<form>[a-z]+)/)?$", feeds.article),
    path("api/v1/", include(api.urlpatterns)),  # Before sixty patterns that it would be compared with.
    path("pages/<str:slug>/", views.page, name="page"),
    path("articles/<int:article_id>/preview/", views.preview, name="preview"),
    path("", include("comments.urls")),  # Before lists of articles, most of which are answered in front of Django.
    path("", include("articles.urls")),
    path("", include("newsreader.mailing.urls")),
    path("accounts/masthead/", views.masthead, name="masthead"),
    path("", include("newsreader.personal_data.urls")),
    path("", include("newsreader.personal_data.export_urls")),
    path("accounts/", include("newsreader.accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("_allauth/app/v1/", include("newsreader.accounts.headless_urls")),
    path("_allauth/", include("allauth.headless.urls")),
    *_mails(),
    path("admin/articles/article/preview/", _desk(views.preview_as_typed), name="preview-new"),
    path("admin/articles/article/<int:article_id>/preview/", _desk(views.preview_as_typed), name="preview-typed"),
    path("admin/first-steps/", admin.site.admin_view(first_steps.steps_page), name="first-steps"),
    path("admin/sign-in-providers/", admin.site.admin_view(first_steps.providers_page), name="sign-in-providers"),
    path("admin/import/", admin.site.admin_view(import_views.start), name="import-start"),
    path("admin/import/<str:slug>/", admin.site.admin_view(import_views.file), name="import-file"),
    path("admin/", admin.site.urls),
    *_providers(),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", readiness.readyz, name="readyz"),
    path("metrics", metrics_view.metrics, name="metrics"),
    path("robots.txt", views.robots, name="robots"),
    re_path(r"^media/(?P<path>(?:pictures|avatars)/.+)$", views.media),
]
