"""Accounts as a Django app: signals, and groups after every migrate."""

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "newsreader.accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        from newsreader.accounts import (
            address_changes,
            allauth_internals,
            email_field,
            groups,
            second_factor,
            sessions,
            sign_in_ways,
            staff_changes,
        )

        email_field.install()
        allauth_internals.count_with_a_clock_that_goes_back()
        allauth_internals.keep_codes_that_were_mailed()
        allauth_internals.have_newer_codes_replace_older_ones()
        allauth_internals.keep_trips_of_strangers_in_cookies()
        sessions.listen()
        second_factor.listen()
        address_changes.listen()
        sign_in_ways.listen()
        staff_changes.listen()
        post_migrate.connect(groups.after_migrate, sender=self)
        post_migrate.connect(groups.after_migrate_of_mailing, sender=apps.get_app_config("mailing"))
