"""What readers want to be told by mail: one row of preferences for each address, its subscriptions, and what waits."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from articles.models.article import Article
from articles.models.taxonomy import Author, Section
from comments.models.comment import Comment


class MailPreferences(models.Model):
    """How one address wants its mails. Nothing is sent to it before `confirmed_at`, and nothing after `stopped_at`.

    `folded` says whose row it is: the address in lower case. Accents count: two domains may differ in nothing else.
    """

    class Frequency(models.TextChoices):
        AT_ONCE = "at_once", _("at once")
        DAILY = "daily", _("once a day")
        WEEKLY = "weekly", _("once a week, on Monday")

    address = models.EmailField(_("address"), max_length=254)
    folded = models.CharField(max_length=254, unique=True)
    language = models.CharField(max_length=10, blank=True)
    frequency = models.CharField(_("how often"), max_length=10, choices=Frequency, default=Frequency.AT_ONCE)
    hour = models.PositiveSmallIntegerField(default=7)  # of daily and weekly mails, in the reader's zone
    quiet_from = models.TimeField(null=True)  # in the reader's zone; both or none
    quiet_until = models.TimeField(null=True)
    zone = models.CharField(max_length=64, blank=True)  # a name of the IANA; empty: the site's zone
    own_comments = models.BooleanField(default=True)  # told what editors decide about their own comments
    network = models.CharField(max_length=64, blank=True)  # a keyed hash: from where confirming was last asked for
    created_at = models.DateTimeField(default=timezone.now)
    asked_at = models.DateTimeField(null=True)  # when the address was last asked to confirm itself
    asked = models.PositiveIntegerField(default=0)  # how often
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True)  # for good
    stopped_at = models.DateTimeField(_("stopped at"), null=True)
    next_at = models.DateTimeField(null=True)  # when what waits is to be sent; None: nothing waits
    digests = models.PositiveIntegerField(default=0)  # how many there have been
    digest_at = models.DateTimeField(null=True)  # the last

    class Meta:
        verbose_name = _("email preferences")
        verbose_name_plural = _("email preferences")
        constraints = [
            models.CheckConstraint(
                condition=Q(quiet_from=None, quiet_until=None) | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="mail_quiet_hours_both_or_none",
            ),
            models.CheckConstraint(condition=Q(hour__lt=24), name="mail_hour_of_day"),
        ]
        indexes = [
            # The worker looks for what is due.
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="mail_next"),
            # How many addresses were asked from one network recently?
            models.Index(fields=["network", "asked_at"], name="mail_asked_by_network"),
            # What has nobody confirmed for long?
            models.Index(fields=["created_at"], condition=Q(confirmed_at=None), name="mail_unconfirmed"),
        ]

    def __str__(self) -> str:
        return self.address


class Subscription(models.Model):
    """Something that an address wants to be told.

    `comment` is the reader's own comment: the one whose replies are wanted, or the one with which all comments of the
    article were asked for. As long as that one is spam or in the trash, nothing is sent.
    """

    class Scope(models.TextChoices):
        REPLIES = "replies", _("replies to a comment")
        ARTICLE = "article", _("all comments of an article")
        SECTION = "section", _("new articles in a section")
        AUTHOR = "author", _("new articles by an author")
        CORRECTIONS = "corrections", _("corrections of an article")

    preferences = models.ForeignKey(MailPreferences, models.CASCADE, related_name="subscriptions")
    scope = models.CharField(_("what"), max_length=12, choices=Scope)
    comment = models.ForeignKey(Comment, models.CASCADE, null=True, related_name="subscriptions")
    article = models.ForeignKey(Article, models.CASCADE, null=True, related_name="+")
    section = models.ForeignKey(Section, models.CASCADE, null=True, related_name="+")
    author = models.ForeignKey(Author, models.CASCADE, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        constraints = [
            models.UniqueConstraint(
                fields=["preferences", "comment"], condition=Q(scope="replies"), name="subscription_once_to_replies"
            ),
            models.UniqueConstraint(
                fields=["preferences", "article", "scope"],
                condition=Q(scope__in=["article", "corrections"]),
                name="subscription_once_to_article",
            ),
            models.UniqueConstraint(
                fields=["preferences", "section"], condition=Q(scope="section"), name="subscription_once_to_section"
            ),
            models.UniqueConstraint(
                fields=["preferences", "author"], condition=Q(scope="author"), name="subscription_once_to_author"
            ),
            models.CheckConstraint(
                condition=Q(scope="replies", comment__isnull=False, article=None, section=None, author=None)
                | Q(scope__in=["article", "corrections"], article__isnull=False, section=None, author=None)
                | Q(scope="section", comment=None, article=None, section__isnull=False, author=None)
                | Q(scope="author", comment=None, article=None, section=None, author__isnull=False),
                name="subscription_to_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_scope_display()} → {self.preferences_id}"


class Notice(models.Model):
    """One thing that an address is told, once and for all, whatever happens to it later: waiting, or given to a mail.

    `about_id` is the event's row: the comment that was left, the decision, the audit entry of a pick, the article, the
    correction. `digest` is the number of the digest that tells it; 0: a mail of its own.
    """

    class Kind(models.TextChoices):
        COMMENT = "comment", _("a new comment")
        PUBLISHED = "published", _("your comment is published")
        REFUSED = "refused", _("your comment was refused")
        PICKED = "picked", _("your comment was picked")
        ARTICLE = "article", _("a new article")
        CORRECTION = "correction", _("a correction")

    preferences = models.ForeignKey(MailPreferences, models.CASCADE, related_name="notices", db_index=False)
    subscription = models.ForeignKey(Subscription, models.SET_NULL, null=True, related_name="+", db_index=False)
    kind = models.CharField(max_length=12, choices=Kind)
    about_id = models.BigIntegerField()
    is_reply = models.BooleanField(default=False)  # to a comment of the reader's own
    comment = models.ForeignKey(Comment, models.CASCADE, null=True, related_name="+")
    article = models.ForeignKey(Article, models.CASCADE, related_name="+", db_index=False)
    created_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True)
    digest = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["preferences", "kind", "about_id"], name="notice_once_per_event"),
        ]
        indexes = [
            # What waits for this address, and what is in this digest?
            models.Index(fields=["preferences", "settled_at", "digest"], name="notice_by_digest"),
            models.Index(fields=["created_at"], name="notice_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.about_id} → {self.preferences_id}"


class LastLook(models.Model):
    """Until when an account has seen what happened to its comments: said by a button, since reading changes nothing."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.user_id}: {self.at}"


class ToldUpTo(models.Model):
    """Up to which number of the audit log readers have been told. One row."""

    number = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.number)
