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

    name = models.CharField(_("email"), max_length=40)
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
        verbose_name = _("email")
        verbose_name_plural = _("emails")
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


class AskedLetter(models.Model):
    """That a mail went out which nobody signed in had asked for. Kept for a day (`newsreader.mailing.budget`).

    `address`, `network` and `neighbourhood` are keyed hashes; the networks are empty for the address of an account.
    """

    address = models.CharField(max_length=64)
    network = models.CharField(max_length=64, blank=True)
    neighbourhood = models.CharField(max_length=64, blank=True, default="", db_default="")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            # What one address got, and one network or its neighbourhood asked for.
            models.Index(fields=["address", "at"], name="asked_by_address"),
            models.Index(fields=["network", "at"], name="asked_by_network"),
            models.Index(fields=["neighbourhood", "at"], name="asked_by_neighbourhood"),
            # All of the last hour, and what is to be deleted.
            models.Index(fields=["at"], name="asked_at"),
        ]

    def __str__(self) -> str:
        return f"{self.at}"


class MailSurge(models.Model):
    """A time in which strangers asked for more mails an hour than the editors' limit. At most one is not over."""

    began_at = models.DateTimeField(default=timezone.now)
    is_over = models.BooleanField(default=False)
    asked = models.PositiveIntegerField()  # in the hour before it was noticed
    limit = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["is_over"], condition=Q(is_over=False), name="one_mail_surge_at_once"),
        ]

    def __str__(self) -> str:
        return f"{self.began_at}: {self.asked}"


class Suppression(models.Model):
    """An address that gets no mail, or less, and why (`newsreader.mailing.suppression`). `address`: a keyed hash."""

    class Reason(models.TextChoices):
        BOUNCED = "bounced", _("an email to it came back")
        COMPLAINED = "complained", _("its owner reported our email as spam")
        UNSUBSCRIBED = "unsubscribed", _("its owner unsubscribed at the mail provider")
        NOT_ME = "not_me", _("its owner did not ask for codes")

    address = models.CharField(max_length=64)
    reason = models.CharField(_("why"), max_length=20, choices=Reason)
    at = models.DateTimeField(_("since"), default=timezone.now)

    class Meta:
        verbose_name = _("address without email")
        verbose_name_plural = _("addresses without email")
        constraints = [models.UniqueConstraint(fields=["address", "reason"], name="suppressed_once_per_reason")]

    def __str__(self) -> str:
        return f"{self.address[:8]}…: {self.get_reason_display()}"
