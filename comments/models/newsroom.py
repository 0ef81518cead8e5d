"""Tables of the moderation desk: refusal reasons, notes, labels, reply templates, review locks, monthly statistics."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from comments.models.comment import Comment


class RefusalReason(models.Model):
    """A reason that moderators may give, and the sentence that a refused author reads. Editors change the list."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    label = models.CharField(_("reason"), max_length=100)
    sentence = models.TextField(
        _("what the author reads"), blank=True, help_text=_("On their private page and in emails.")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("offered"), default=True)

    class Meta:
        verbose_name = _("reason")
        verbose_name_plural = _("reasons")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.label


class Note(models.Model):
    """What one moderator tells the others about a comment."""

    comment = models.ForeignKey(Comment, models.CASCADE, related_name="notes", verbose_name=_("comment"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    text = models.CharField(_("note"), max_length=1000)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.text[:60]


class Label(models.Model):
    """What a comment is good for in the newsroom: a tip, a source, a question."""

    class Kind(models.TextChoices):
        TIP = "tip", _("tip")
        SOURCE = "source", _("source")
        QUESTION = "question", _("question")

    comment = models.ForeignKey(Comment, models.CASCADE, related_name="labels", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["comment", "kind"], name="label_once")]
        indexes = [models.Index(fields=["kind", "-created_at"], name="label_newest")]

    def __str__(self) -> str:
        return f"{self.comment_id}: {self.kind}"


class ReplyTemplate(models.Model):
    """A reply that moderators have prepared and can send again."""

    title = models.CharField(_("title"), max_length=100)
    text = models.TextField(_("text"), max_length=10_000)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("reply template")
        verbose_name_plural = _("reply templates")
        ordering = ["position", "title"]

    def __str__(self) -> str:
        return self.title


class ReviewLock(models.Model):
    """A moderator has this comment open, so that no other moderator works on it meanwhile. Expires by itself."""

    comment = models.OneToOneField(Comment, models.CASCADE, primary_key=True, related_name="review_lock")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    until = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.comment_id}: {self.by_id}"


class MonthlyStats(models.Model):
    """A month of moderation in numbers, for the public transparency page: no personal data."""

    month = models.DateField(_("month"), primary_key=True)  # its first day
    numbers = models.JSONField(default=dict)
    made_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("month in figures")
        verbose_name_plural = _("months in figures")

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"
