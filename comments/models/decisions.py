"""What was decided, by whom, and the log of it all."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from comments.models.comment import Comment


class Decision(models.Model):
    """One change of a comment's status: the record that is only ever added to. No personal data, no sentences.

    `reasons` is a list of `{"code": …, "params": {…}}`, worded when shown. `by` is empty where a rule decided, which
    `source` names.
    """

    comment = models.ForeignKey(Comment, models.CASCADE, related_name="decisions", verbose_name=_("comment"))
    number = models.PositiveIntegerField(_("number"))  # 1 is the one at posting
    batch = models.ForeignKey(
        "comments.Batch", models.PROTECT, null=True, blank=True, related_name="decisions", verbose_name=_("batch")
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    source = models.CharField(_("source"), max_length=40, blank=True)
    before = models.CharField(_("from"), max_length=10, blank=True)
    after = models.CharField(_("to"), max_length=10, choices=Comment.Status)
    reasons = models.JSONField(_("reasons"), default=list)
    created_at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["comment", "number"], name="decision_number_once"),
            models.CheckConstraint(condition=Q(after__in=Comment.Status.values), name="decision_status_known"),
        ]
        indexes = [
            # What was decided of late, by whom and why?
            models.Index(fields=["created_at"], name="decision_by_time")
        ]

    def __str__(self) -> str:
        return f"{self.comment_id}/{self.number}: {self.before} → {self.after}"

    @property
    def reason(self) -> str:
        """The first reason's code, empty where none was given."""
        return self.reasons[0]["code"] if self.reasons else ""


class Batch(models.Model):
    """Decisions made in one go, however many, and undone in one go. `comments.moderation.batches` carries it out.

    What is to be decided stands in its items, which go as they are done, so that a worker that dies in the middle
    leaves what is left. `status` is the one to give; empty: each comment's last one before it was removed. A batch
    that undoes another (`undoes`) gives each comment back what it had before.
    """

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        DONE = "done", _("done")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("by"))
    status = models.CharField(_("to"), max_length=10, choices=Comment.Status, blank=True)
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    undoes = models.ForeignKey("self", models.CASCADE, null=True, related_name="undone_by")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.RUNNING)
    total = models.PositiveIntegerField(_("comments"), default=0)
    changed = models.PositiveIntegerField(_("changed"), default=0)
    withdrawn = models.PositiveIntegerField(default=0)  # stay as they are: their authors took them back
    passed_over = models.PositiveIntegerField(default=0)  # somebody has decided otherwise since, or else has to
    left_to_others = models.PositiveIntegerField(default=0)  # of these: objections to decisions of one's own
    created_at = models.DateTimeField(_("at"), default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("batch of decisions")
        verbose_name_plural = _("batches of decisions")
        indexes = [
            # A moderator's own, the last first: what does "undo" mean?
            models.Index(fields=["by", "-created_at"], name="batch_of_moderator"),
            models.Index(fields=["created_at"], condition=Q(state="running"), name="batch_running"),
        ]

    def __str__(self) -> str:
        return f"{self.id}: {self.total} → {self.status or 'undo'}"

    @property
    def done(self) -> int:
        """How many of `total` have been looked at."""
        return self.total if self.state == self.State.DONE else self.total - self.items.count()


class BatchItem(models.Model):
    """A comment that a running batch has not come to yet."""

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="items", db_index=False)
    comment = models.ForeignKey(Comment, models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "comment"], name="batch_item_once")]

    def __str__(self) -> str:
        return f"{self.batch_id}/{self.comment_id}"


class AuditEntry(models.Model):
    """One event of the log that is only ever added to. Written by `comments.audit.audit_log`, which chains it by hash.

    `facts` hold no personal data. What does is in `personal`, of which the chain holds a salted digest alone: erased
    with its salt, it is gone, and the chain still holds. `by_account` is an account's number, so that the entry
    outlives the account. `number` and `hash` are given when the entry is sealed, some seconds after it is written.
    """

    number = models.PositiveBigIntegerField(null=True, unique=True)
    kind = models.CharField(_("what"), max_length=40)
    subject = models.CharField(_("about"), max_length=80, blank=True)  # "comment:12", "ban:3", "rule:7"
    by_account = models.PositiveBigIntegerField(_("by account"), null=True)
    facts = models.JSONField(_("facts"), default=dict)
    personal = models.JSONField(_("personal data"), null=True)
    salt = models.CharField(max_length=32, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("entry of the log")
        verbose_name_plural = _("log")
        indexes = [
            models.Index(fields=["id"], condition=Q(number=None), name="log_unsealed"),
            models.Index(fields=["subject", "id"], name="log_by_subject"),
            models.Index(fields=["kind", "created_at"], name="log_by_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.number or '–'} {self.kind} {self.subject}"
