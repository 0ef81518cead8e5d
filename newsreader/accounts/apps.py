"""The room of people as a Django app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "newsreader.accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        from newsreader.accounts import factors, sessions

        sessions.listen()
        factors.listen()
