"""Decisions, batches of them, and the audit log."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from comments.models.comment import Comment


class Decision(models.Model):
    """One change of a comment's status, on record for good: never changed, without personal data or sentences.

    `reasons` is a list of `{"code": …, "params": {…}}`; `comments.audit.reason_texts` turns them into sentences. Where
    a rule decided, `by` is None and `source` names it.
    """

    # Indexed below, the last two without what rules decide: a post writes into few indexes.
    comment = models.ForeignKey(
        Comment, models.CASCADE, related_name="decisions", verbose_name=_("comment"), db_index=False
    )
    number = models.PositiveIntegerField(_("number"))  # 1: the decision at posting
    batch = models.ForeignKey(
        "comments.Batch", models.PROTECT, null=True, blank=True, related_name="decisions", verbose_name=_("batch"),
        db_index=False,
    )  # fmt: skip
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by"),
        db_index=False,
    )  # fmt: skip
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
            # What was decided recently, by whom and why?
            models.Index(fields=["created_at"], name="decision_by_time"),
            models.Index(fields=["batch"], condition=Q(batch__isnull=False), name="decision_of_batch"),
            models.Index(fields=["by"], condition=Q(by__isnull=False), name="decision_by_people"),
        ]

    def __str__(self) -> str:
        return f"{self.comment_id}/{self.number}: {self.before} → {self.after}"

    @property
    def reason(self) -> str:
        """The first reason's code, empty where none was given."""
        return self.reasons[0]["code"] if self.reasons else ""


class Batch(models.Model):
    """Decisions made together and undone together, however many. `comments.moderation.batches` carries them out.

    `items` are the comments still to be decided; each is deleted when it is done, so that another worker can go on
    where one was killed. `status` is the status to give; empty: what each comment had before it was removed. A batch
    that undoes another (`undoes`) gives each of its comments back the status it had before.
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
    withdrawn = models.PositiveIntegerField(default=0)  # left as they are: their authors have withdrawn them
    passed_over = models.PositiveIntegerField(
        default=0
    )  # left as they are: somebody has decided since, or somebody else has to decide
    left_to_others = models.PositiveIntegerField(default=0)  # of these: appeals against one's own decisions
    created_at = models.DateTimeField(_("at"), default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("batch of decisions")
        verbose_name_plural = _("batches of decisions")
        indexes = [
            # A moderator's own batches, newest first: which one does "undo" mean?
            models.Index(fields=["by", "-created_at"], name="batch_of_moderator"),
            models.Index(fields=["created_at"], condition=Q(state="running"), name="batch_running"),
        ]

    def __str__(self) -> str:
        return f"{self.id}: {self.total} → {self.status or 'undo'}"

    @property
    def done(self) -> int:
        """How many of `total` have been processed."""
        return self.total if self.state == self.State.DONE else self.total - self.items.count()


class BatchItem(models.Model):
    """A comment that a running batch has not processed yet."""

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="items", db_index=False)
    comment = models.ForeignKey(Comment, models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "comment"], name="batch_item_once")]

    def __str__(self) -> str:
        return f"{self.batch_id}/{self.comment_id}"


class AuditEntry(models.Model):
    """One event of the append-only audit log. Written by `comments.audit.audit_log`, which chains entries by hash.

    `facts` hold no personal data. Personal data is in `personal`, and the chain covers only a salted digest of it: data
    and salt can be erased without breaking the chain. `by_account` is an account's id and not a foreign key, so that
    the entry outlives the account. `number` and `hash` are set when the entry is sealed, seconds after it is written.
    """

    number = models.PositiveBigIntegerField(null=True, unique=True)
    kind = models.CharField(_("event"), max_length=40)
    subject = models.CharField(_("about"), max_length=80, blank=True)  # "comment:12", "ban:3", "rule:7"
    by_account = models.PositiveBigIntegerField(_("by account"), null=True)
    facts = models.JSONField(_("facts"), default=dict)
    personal = models.JSONField(_("personal data"), null=True)
    salt = models.CharField(max_length=32, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        indexes = [
            models.Index(fields=["id"], condition=Q(number=None), name="log_unsealed"),
            models.Index(fields=["subject", "id"], name="log_by_subject"),
            models.Index(fields=["kind", "created_at"], name="log_by_kind"),
            # Which are so old that the people in them are forgotten?
            models.Index(fields=["created_at"], condition=Q(personal__isnull=False), name="log_with_people"),
        ]

    def __str__(self) -> str:
        return str(_("entry %s") % (self.number or "–"))


class LogCheck(models.Model):
    """One verification of the audit log from its beginning: how far it has come, and what it has found.

    It goes on with what is sealed later until the next one begins, a day after it. `known_…` is the head up to which
    the one before had verified: the chain must still contain it. `comments.audit.log_checks` does it, in small steps.
    """

    began_at = models.DateTimeField(default=timezone.now)
    went_on_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)  # when it first came to the end
    number = models.PositiveBigIntegerField(default=0)  # of the last entry that was verified
    hash = models.CharField(max_length=64, blank=True)
    decision = models.PositiveBigIntegerField(default=0)  # the last that was compared with its entry
    known_number = models.PositiveBigIntegerField(default=0)
    known_hash = models.CharField(max_length=64, blank=True)
    faults = models.JSONField(default=list)  # {"code", "number", "detail"}, at most ten
    told = models.JSONField(default=list)  # ids of the accounts that were mailed about the faults

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d}: {self.number}"
