"""The Django app of articles."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ArticlesConfig(AppConfig):
    name = "articles"
    verbose_name = _("Articles")

    def ready(self) -> None:
        from articles import bylines, permissions
        from newsreader.accounts.events import RoleGiven
        from newsreader.kit.events import listen

        listen(RoleGiven, bylines.name_author)
        post_migrate.connect(permissions.after_migrate, sender=self)
