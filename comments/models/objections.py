"""Readers' reports, and appeals against what moderators decided."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from comments.models.blocklist import Ban
from comments.models.comment import Comment, new_token
from comments.models.decisions import Decision


class Report(models.Model):
    """A reader's report of a comment, or a notice that it is illegal, with what the law asks of such a notice.

    `reporter` is a keyed hash of the account, or of a guest's network: each can report a comment once. `network` is one
    of the network that the report came from; `by_known` says whether an account was known then (`objections.reports`).
    `name` and `email` belong to somebody who gives notice of illegal content, and are private. `account` is set for
    members who want to learn the outcome by mail.

    If the comment stays, the reporter can object once, which opens the report again. `kept_at` and `kept_by` then say
    when, and by whom, it was settled the first time.
    """

    class Reason(models.TextChoices):
        SPAM = "spam", _("spam or advertising")
        ABUSE = "abuse", _("insulting or abusive")
        OFF_TOPIC = "off_topic", _("not about the article")
        PERSONAL_DATA = "personal_data", _("shares personal information")
        ILLEGAL = "illegal", _("against the law")
        OTHER = "other", _("something else")

    class Outcome(models.TextChoices):
        OPEN = "", _("open")
        REMOVED = "removed", _("the comment was removed")
        KEPT = "kept", _("the comment stays")

    comment = models.ForeignKey(Comment, models.CASCADE, related_name="reports", verbose_name=_("comment"))
    reason = models.CharField(_("reason"), max_length=20, choices=Reason)
    detail = models.TextField(_("in the reader's words"), blank=True)
    reporter = models.CharField(max_length=64, editable=False)
    network = models.CharField(max_length=64, blank=True, editable=False)
    by_known = models.BooleanField(default=False, editable=False)
    law = models.CharField(_("law"), max_length=200, blank=True)
    good_faith = models.BooleanField(_("declared in good faith"), default=False)
    name = models.CharField(_("name"), max_length=245, blank=True)
    email = models.CharField(_("email"), max_length=254, blank=True)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    token = models.CharField(max_length=32, default=new_token, editable=False)  # of the reporter's private page
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, blank=True, default=Outcome.OPEN)
    decision_reason = models.CharField(max_length=40, blank=True, editable=False)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True, editable=False)
    # The decision that settled it, if one did: undoing that opens the report again.
    settled_with = models.ForeignKey(
        Decision, models.SET_NULL, null=True, blank=True, related_name="settled_reports", editable=False
    )
    objection = models.TextField(_("appeal against keeping the comment"), blank=True)
    objected_at = models.DateTimeField(_("objected at"), null=True, blank=True, editable=False)
    kept_at = models.DateTimeField(null=True, blank=True, editable=False)
    kept_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(_("reported at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        constraints = [
            models.UniqueConstraint(fields=["comment", "reporter"], name="report_once_by_each"),
            models.CheckConstraint(
                condition=Q(objected_at__isnull=False, kept_at__isnull=False)
                | Q(objected_at=None, kept_at=None, kept_by=None, objection=""),
                name="report_objection_is_to_an_outcome",
            ),
        ]
        indexes = [
            models.Index(fields=["created_at"], condition=Q(outcome=""), name="report_open"),
            # Monthly statistics: what came in, what was settled.
            models.Index(fields=["created_at"], name="report_by_time"),
            models.Index(fields=["settled_at"], condition=Q(settled_at__isnull=False), name="report_settled"),
        ]

    def __str__(self) -> str:
        return str(_("report %s") % self.pk)

    @property
    def status_url(self) -> str:
        """The reporter's private page."""
        return f"/reports/{self.pk}/{self.token}/"


class Appeal(models.Model):
    """A refused author's appeal, one for each comment. A moderator other than the one who refused it decides.

    `settled_with` is the decision about the comment that settled the appeal, if one did, as for a report.
    """

    class Outcome(models.TextChoices):
        OPEN = "", _("open")
        GRANTED = "granted", _("granted")
        REJECTED = "rejected", _("rejected")
        WITHDRAWN = "withdrawn", _("withdrawn with the comment")

    comment = models.OneToOneField(Comment, models.CASCADE, related_name="appeal", verbose_name=_("comment"))
    decision = models.ForeignKey(Decision, models.CASCADE, related_name="+", verbose_name=_("decision"))
    text = models.TextField(_("in the author's words"))
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, blank=True, default=Outcome.OPEN)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    settled_at = models.DateTimeField(null=True, blank=True, editable=False)
    settled_with = models.ForeignKey(
        Decision, models.SET_NULL, null=True, blank=True, related_name="settled_appeals", editable=False
    )
    created_at = models.DateTimeField(_("appealed at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("appeal")
        verbose_name_plural = _("appeals")
        indexes = [
            models.Index(fields=["created_at"], condition=Q(outcome=""), name="appeal_open"),
            models.Index(fields=["created_at"], name="appeal_by_time"),
            models.Index(fields=["settled_at"], condition=Q(settled_at__isnull=False), name="appeal_settled"),
        ]

    def __str__(self) -> str:
        return str(_("appeal %s") % self.pk)


class BanAppeal(models.Model):
    """An appeal against a ban. A moderator other than those who imposed it decides.

    `appellant` is OWNER if it is certainly the banned person, else a keyed hash of the account or network. Each can
    appeal once; of those who are not the owner, only one appeal is open at a time. `token` belongs to the private page
    where the appeal was written: its text is shown again only there.
    """

    OWNER = "owner"

    class Outcome(models.TextChoices):
        OPEN = "", _("open")
        LIFTED = "lifted", _("the ban was lifted")
        UPHELD = "upheld", _("the ban stays")

    ban = models.ForeignKey(Ban, models.CASCADE, related_name="appeals", verbose_name=_("ban"))
    appellant = models.CharField(max_length=64, editable=False)
    by_owner = models.BooleanField(_("by the banned person"), editable=False)
    token = models.CharField(max_length=32, blank=True, editable=False)
    text = models.TextField(_("in their words"), blank=True)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, blank=True, default=Outcome.OPEN)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    settled_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("appeal against a ban")
        verbose_name_plural = _("appeals against bans")
        constraints = [
            models.UniqueConstraint(fields=["ban", "appellant"], name="ban_appeal_once_by_each"),
            models.UniqueConstraint(fields=["ban", "by_owner"], condition=Q(outcome=""), name="ban_appeal_open_once"),
            models.CheckConstraint(
                condition=Q(appellant="owner", by_owner=True) | (Q(by_owner=False) & ~Q(appellant__in=["", "owner"])),
                name="ban_appeal_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(outcome="", settled_at=None, settled_by=None)
                | Q(outcome__in=["lifted", "upheld"], settled_at__isnull=False),
                name="ban_appeal_settled_with_its_time",
            ),
        ]
        indexes = [
            # Open appeals; and the monthly statistics.
            models.Index(fields=["created_at"], condition=Q(outcome=""), name="ban_appeal_open"),
            models.Index(fields=["created_at"], name="ban_appeal_by_time"),
            models.Index(fields=["settled_at"], condition=Q(settled_at__isnull=False), name="ban_appeal_settled"),
        ]

    def __str__(self) -> str:
        return str(_("appeal %s") % self.pk)
