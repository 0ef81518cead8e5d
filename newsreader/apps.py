"""The project as a Django app: its templates, commands, start-up checks and admin site."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class NewsreaderConfig(AppConfig):
    name = "newsreader"

    def ready(self) -> None:
        from newsreader import checks  # noqa: F401  Registers the checks.


class AdminSiteConfig(AdminConfig):
    """Django's admin with our site instead of its own."""

    default_site = "newsreader.admin_site.NewsroomSite"
