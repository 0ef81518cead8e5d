"""Comments as a Django app: registers checks, listeners and what runs after every migrate."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class CommentsConfig(AppConfig):
    name = "comments"
    verbose_name = _("Comments")

    def ready(self) -> None:
        from comments import checks, listeners  # noqa: F401  Importing `checks` registers the system check.
        from comments.models import permissions, search_index

        listeners.register()
        post_migrate.connect(search_index.install, sender=self)
        post_migrate.connect(permissions.after_migrate, sender=self)
