"""What each person of the newsroom is mailed and when; how fast they are told, and what they are still to be told.

A row is made when somebody is first told or first chooses; its defaults are what happens without one.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from articles.models.taxonomy import Section
from comments.models.comment import Comment


class When(models.TextChoices):
    AT_ONCE = "at_once", _("at once")
    HOURLY = "hourly", _("once an hour")
    DAILY = "daily", _("once a day")
    NONE = "none", _("never")


class Paced(models.Model):
    """How fast something is told to one receiver. Only `comments.notifications.pace` reads and sets it.

    So many were told one by one in the hour since `hour_began_at`; the rest wait for one message at `gathered_until`,
    those since `gathered_from`. Both are empty where nothing waits.
    """

    hour_began_at = models.DateTimeField(null=True, editable=False)
    hour_count = models.PositiveIntegerField(default=0, editable=False)
    gathered_from = models.DateTimeField(null=True, editable=False)
    gathered_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True


class MailChoice(Paced):
    """What one person chose about one subject; `number` counts the digests, so that each is a mail of its own.

    In the quiet hours, full hours of the site's time zone, nothing is mailed. Both empty or equal: there are none.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+", verbose_name=_("user")
    )
    quiet_from = models.PositiveSmallIntegerField(_("quiet from"), null=True, blank=True)
    quiet_until = models.PositiveSmallIntegerField(_("quiet until"), null=True, blank=True)
    number = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        abstract = True


class ModeratorMail(MailChoice):
    """What a moderator is mailed about comments that wait. Without sections: about all that they decide about."""

    when = models.CharField(_("when"), max_length=10, choices=When, default=When.AT_ONCE)
    sections = models.ManyToManyField(Section, blank=True, related_name="+", verbose_name=_("sections"))
    alarmed_at = models.DateTimeField(null=True, editable=False)  # empty again once nothing waits

    class Meta:
        verbose_name = _("emails of a moderator")
        verbose_name_plural = _("emails of moderators")
        constraints = [
            models.CheckConstraint(
                condition=Q(quiet_from=None, quiet_until=None) | Q(quiet_from__lte=23, quiet_until__lte=23),
                name="moderator_mail_quiet_hours",
            )
        ]
        # They are some dozens; only what is due is looked for, every few seconds.
        indexes = [
            models.Index(
                fields=["gathered_until"], condition=Q(gathered_until__isnull=False), name="moderator_mail_gathered"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.when}"


class AuthorMail(MailChoice):
    """What an article's author is mailed about comments that appear under their articles.

    `told_until` is up to when decisions have been looked at. There is a row for each author with an account.
    """

    when = models.CharField(_("when"), max_length=10, choices=When, default=When.DAILY)
    told_until = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("emails of an author")
        verbose_name_plural = _("emails of authors")
        constraints = [
            models.CheckConstraint(
                condition=Q(quiet_from=None, quiet_until=None) | Q(quiet_from__lte=23, quiet_until__lte=23),
                name="author_mail_quiet_hours",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.when}"


class WaitingNotice(models.Model):
    """A comment that was held as it came in, of which the moderators are still to be told; then the row is deleted.

    Whoever posts waits for no more than this row: who is told, and how, the worker finds out.
    """

    comment = models.OneToOneField(Comment, models.CASCADE, primary_key=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.comment_id}"
