"""Mail as a Django app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MailingConfig(AppConfig):
    name = "newsreader.mailing"
    verbose_name = _("Emails")
