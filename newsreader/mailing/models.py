"""Letter: one mail to one address about one event, stored in the event's transaction and sent by the worker."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from newsreader.mailing.letter_titles import title_of


class Letter(models.Model):
    """A mail in the outbox: which one, to whom, and the ids of what it is about. Its words are written when it is sent.

    `name` is the folder of its templates in `templates/letters/`. `about` and `about_id` name a row of any room
    ("decision", 7), which may be gone by the time that the mail is sent; `number` tells apart mails that are sent again
    on purpose. What is in no row (a code, a link to reset a password) travels in `secret`, encrypted, and is deleted
    once the mail is sent or given up.
    """

    name = models.CharField(_("mail"), max_length=40)
    about = models.CharField(max_length=20, blank=True)
    about_id = models.BigIntegerField(null=True, blank=True)
    number = models.PositiveIntegerField(default=0)
    address = models.EmailField(_("address"), max_length=254)
    language = models.CharField(max_length=10, blank=True)
    facts = models.JSONField(default=dict, blank=True)  # what is no secret and nobody's: "which": "password_changed"
    secret = models.TextField(blank=True)  # JSON, encrypted (kit.field_keys)
    created_at = models.DateTimeField(_("queued at"), default=timezone.now)
    due_at = models.DateTimeField(_("next attempt"), default=timezone.now)
    ends_at = models.DateTimeField(null=True, blank=True)  # of no use after that; None: tried for 48 hours
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    given_up_at = models.DateTimeField(_("given up at"), null=True, blank=True)
    failure = models.CharField(_("last error"), max_length=200, blank=True)  # its class, never the text of the mail

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mails")
        constraints = [
            # One mail per event and address, ever. It also finds the mails about one thing.
            models.UniqueConstraint(
                fields=["about_id", "about", "name", "number", "address"], name="letter_once_per_event_and_address"
            ),
        ]
        indexes = [
            # The worker looks for what is due.
            models.Index(fields=["due_at"], condition=Q(sent_at=None, given_up_at=None), name="letter_due"),
            # What an operator has to look at.
            models.Index(fields=["given_up_at"], condition=Q(given_up_at__isnull=False), name="letter_given_up"),
            # Whatever goes to one person, when they are erased.
            models.Index(fields=["address"], name="letter_address"),
        ]

    def __str__(self) -> str:
        return f"{title_of(self.name)} → {self.address}"
