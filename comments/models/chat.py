"""Chat rooms that the site tells what moderators need to know, and what it is still to tell them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from articles.models.taxonomy import Section
from comments.models.comment import Comment
from comments.models.mail_choices import Paced
from comments.models.objections import Report


class ChatHook(Paced):
    """An incoming webhook of a chat room. Who knows its address can write there, so that is stored encrypted.

    `sealed_address` and `sealed_secret` are encrypted with kit.field_keys; `host` is what is shown of the address.
    While the room does not answer, `attempts` are counted and it is asked again at `due_at`. No personal data.
    """

    name = models.CharField(_("name"), max_length=100)
    host = models.CharField(_("host"), max_length=253, editable=False)
    sealed_address = models.TextField(editable=False)
    sealed_secret = models.TextField(editable=False)
    on_waiting = models.BooleanField(_("a comment waits"), default=True)
    on_digest = models.BooleanField(_("once an hour, what waits"), default=False)
    on_alarm = models.BooleanField(_("the oldest comment has waited too long"), default=True)
    on_reports = models.BooleanField(_("a reader reports a comment"), default=False)
    sections = models.ManyToManyField(
        Section, blank=True, related_name="+", verbose_name=_("sections"), help_text=_("None chosen: all.")
    )
    is_active = models.BooleanField(_("in use"), default=True)
    created_at = models.DateTimeField(_("added"), default=timezone.now, editable=False)
    delivered_at = models.DateTimeField(_("last delivered"), null=True, editable=False)
    failing_since = models.DateTimeField(_("failing since"), null=True, editable=False)
    failure = models.CharField(_("last failure"), max_length=40, blank=True, editable=False)  # a code
    attempts = models.PositiveIntegerField(default=0, editable=False)  # since it has failed
    due_at = models.DateTimeField(null=True, editable=False)  # while it fails: when it is asked again
    leased_until = models.DateTimeField(null=True, editable=False)  # a worker is writing to it
    alarmed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("chat webhook")
        verbose_name_plural = _("chat webhooks")
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class ChatMessage(models.Model):
    """Something that a chat room is still to be told; the row is deleted once that is done.

    It holds no words: they are written when it is sent, so that nothing is told of a comment that is gone by then.
    """

    class Event(models.TextChoices):
        WAITING = "waiting"
        ALARM = "alarm"
        REPORT = "report"
        TEST = "test"

    hook = models.ForeignKey(ChatHook, models.CASCADE, related_name="messages")
    event = models.CharField(max_length=10, choices=Event)
    comment = models.ForeignKey(Comment, models.CASCADE, null=True, related_name="+")
    report = models.ForeignKey(Report, models.CASCADE, null=True, related_name="+")
    is_gathered = models.BooleanField(default=False)  # told in one message with others
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(event="waiting") | Q(comment__isnull=False), name="chat_message_about_a_comment"
            )
        ]

    def __str__(self) -> str:
        return f"{self.event} → {self.hook_id}"
