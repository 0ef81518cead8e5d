"""The project as a Django app: its templates, commands, start-up checks and admin site."""

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.contrib.staticfiles import apps as staticfiles
from django.core import checks
from django.core.checks import CheckMessage
from django.db.backends.signals import connection_created

from newsreader.kit import database_time


class NewsreaderConfig(AppConfig):
    name = "newsreader"

    def ready(self) -> None:
        from newsreader import checks  # noqa: F401  Registers them.

        connection_created.connect(database_time.watch, dispatch_uid="newsreader.database_time")
        if settings.SENTRY_DSN:
            from newsreader.kit import error_reports

            error_reports.start(settings.SENTRY_DSN)


class AdminSiteConfig(SimpleAdminConfig):
    """Django's admin with our site instead of its own.

    `newsreader.urls` imports its pages, not every start: they import half of the site, and few commands need them.
    """

    default_site = "newsreader.admin_site.NewsroomSite"

    def ready(self) -> None:
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(_check_pages, checks.Tags.admin)


def _check_pages(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Check the admin's pages, which have to be there first."""
    from newsreader import urls  # noqa: F401

    found: list[CheckMessage] = check_admin_app(app_configs, **options)
    return found


class StaticFilesConfig(staticfiles.StaticFilesConfig):
    """Leaves out what no page of ours loads: REST pages of the framework, and another reader of the API's document."""

    ignore_patterns = [*staticfiles.StaticFilesConfig.ignore_patterns, "rest_framework", "redoc"]
