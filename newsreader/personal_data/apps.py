"""Personal data as a Django app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PersonalDataConfig(AppConfig):
    name = "newsreader.personal_data"
    verbose_name = _("Personal data")
