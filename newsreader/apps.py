"""The project as a Django app: its templates, commands, start-up checks and admin site."""

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin.apps import AdminConfig
from django.db.backends.signals import connection_created

from newsreader.kit import database_time


class NewsreaderConfig(AppConfig):
    name = "newsreader"

    def ready(self) -> None:
        from newsreader import checks  # noqa: F401  Registers the checks.

        connection_created.connect(database_time.watch, dispatch_uid="newsreader.database_time")
        if settings.SENTRY_DSN:
            from newsreader.kit import error_reports

            error_reports.start(settings.SENTRY_DSN)


class AdminSiteConfig(AdminConfig):
    """Django's admin with our site instead of its own."""

    default_site = "newsreader.admin_site.NewsroomSite"
