"""The site's comment settings in the admin: each rule as a sentence, with what it does today.

A new setting gets its sentence in SENTENCES and, where it holds comments, the code of its reason in HELD_BY.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from articles import page_versions
from comments.audit.reason_codes import REPORTED
from comments.desk.rules_admin import RulesAdmin
from comments.desk.stats import rules_today
from comments.models import CommentSettings
from comments.screening.history import FIRST_COMMENT, TRUST_LOST
from comments.screening.hold_everything import HOLD_EVERYTHING, SURGE
from comments.screening.links import TOO_MANY_LINKS
from comments.screening.timing import TOO_FAST

SENTENCES = {
    "require_name_email": _("Guests must give a name and an email address"),
    "registration_required": _("Only people who are signed in may reply"),
    "close_after_days": _("Close comments %(field)s days after an article is published"),
    "hold_everything": _("Hold every comment for review"),
    "hold_first_comment": _("Hold comments from people without an approved comment"),
    "premoderated": _("Approve a newcomer’s first %(field)s comments by hand"),
    "max_links": _("Hold comments with %(field)s or more links"),
    "fastest_seconds": _("Hold comments that newcomers send within %(field)s seconds"),
    "flags_hold": _("Hold a comment once %(field)s readers have reported it"),
    "flags_networks": _("The reports must come from at least %(field)s networks"),
    "flags_accounts": _("At least %(field)s of them must come from known accounts"),
    "flags_account_days": _("An account is known after %(field)s days"),
    "trusted_after": _("Trust people after %(field)s approved comments"),
    "refusals_allowed": _("Hold everything from people with %(field)s refusals in 30 days"),
    "surge_control": _("Slow discussions down automatically when they get out of hand"),
    "surge_from": _("Call it a surge from %(field)s comments in ten minutes"),
    "surge_pause": _("In a surge, let each person comment once every %(field)s seconds"),
    "text_limit": _("Let comments be up to %(field)s characters long"),
    "edit_minutes": _("Let authors edit their comment for %(field)s minutes"),
    "flood_burst": _("Let one person or network post %(field)s comments in a row"),
    "flood_seconds": _("Then one every %(field)s seconds"),
    "order": _("Show comments %(field)s"),
    "roots_per_page": _("Show %(field)s threads on a page"),
    "replies_shown": _("Show the first %(field)s replies under each"),
    "thread_page_size": _("Show %(field)s comments on a page of one thread"),
    "levels_shown": _("Indent replies up to %(field)s levels"),
    "mail_moderators": _("Email moderators when a comment waits"),
    "mails_an_hour": _("Send each of them at most %(field)s emails an hour, the rest as one"),
    "alarm_hours": _("Remind moderators when the oldest comment has waited for %(field)s hours"),
    "mail_authors": _("Email authors about comments under their articles"),
    "mail_confirmations": _("Let guests confirm their email address"),
    "asked_mails_alarm": _("Warn us above %(field)s codes, links and confirmations an hour"),
}
HELP = {
    "close_after_days": _("0: never."),
    "premoderated": _("The next ones then appear at once."),
    "max_links": _("0: any number of links is fine."),
    "fastest_seconds": _("Counted from the first touch of the form. 0: speed doesn’t matter."),
    "flags_hold": _("0: reports alone hold nothing."),
    "flags_networks": _("Reports from one network (/24 of IPv4, /64 of IPv6) may all be one person’s."),
    "flags_accounts": _("An account is also known by an approved comment, unless it is banned."),
    "flags_account_days": "",
    "flood_burst": "",
    "edit_minutes": _("0: they can’t. Earlier versions are kept, and each new one is checked again."),
    "refusals_allowed": _("0: never."),
    "surge_control": _("First people have to pause between comments, then every comment waits. It ends by itself."),
    "asked_mails_alarm": _("Somebody may be flooding strangers with them. 0: never."),
    "mail_moderators": _("Each moderator chooses when, under “My emails” on the desk."),
    "mails_an_hour": _("The same limit holds for each chat room, and for each author."),
    "alarm_hours": _("Once a day, as long as something waits. 0: never."),
    "mail_authors": _("Once a day, unless an author chooses otherwise under “My emails”."),
    "mail_confirmations": _("One email with a link. Once they follow it, their comments appear straight away."),
}
# What holds comments, by the reason that decisions on record give for it.
HELD_BY = {
    "hold_everything": HOLD_EVERYTHING,
    "premoderated": FIRST_COMMENT,
    "max_links": TOO_MANY_LINKS,
    "fastest_seconds": TOO_FAST,
    "flags_hold": REPORTED,
    "refusals_allowed": TRUST_LOST,
    "surge_control": SURGE,
}


@admin.register(CommentSettings)
class CommentSettingsAdmin(RulesAdmin):
    """The site's comment settings. Every article page depends on them."""

    heading = _("Comment settings")
    sentences = SENTENCES
    hints = HELP
    subject = "rules"
    fieldsets = [
        (_("Who can reply"), {"fields": ["require_name_email", "registration_required", "close_after_days"]}),
        (
            _("What waits for review"),
            {"fields": ["hold_everything", "hold_first_comment", "premoderated", "max_links", "fastest_seconds"]},
        ),
        (_("Reports by readers"), {"fields": ["flags_hold", "flags_networks", "flags_accounts", "flags_account_days"]}),
        (_("Trust"), {"fields": ["trusted_after", "refusals_allowed"]}),
        (_("Surges"), {"fields": ["surge_control", "surge_from", "surge_pause"]}),
        (_("Limits"), {"fields": ["text_limit", "edit_minutes", "flood_burst", "flood_seconds"]}),
        (
            _("How discussions look"),
            {"fields": ["order", "roots_per_page", "replies_shown", "thread_page_size", "levels_shown"]},
        ),
        (
            _("Emails"),
            {
                "fields": [
                    "mail_moderators",
                    "mails_an_hour",
                    "alarm_hours",
                    "mail_authors",
                    "mail_confirmations",
                    "asked_mails_alarm",
                ]
            },
        ),
    ]

    def today(self, row: Any) -> Mapping[str, str]:
        """Return how many comments each rule has held since midnight. One query."""
        held = rules_today()
        return {name: _held(held[code]) for name, code in HELD_BY.items()}

    def save_model(self, request: HttpRequest, obj: models.Model, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        page_versions.bump_site()


def _held(size: int) -> str:
    if not size:
        return gettext("Today: nothing held by this.")
    return ngettext("Today: %d comment held by this.", "Today: %d comments held by this.", size) % size
