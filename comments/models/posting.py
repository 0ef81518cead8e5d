"""Tables for posting: email confirmations, rate limits, kept drafts, and the outbox of the release before."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from articles.models.article import Article
from comments.models.comment import Comment, new_token
from comments.models.decisions import Decision
from newsreader.kit.email_addresses import as_sent
from newsreader.kit.hashes import keyed


class EmailConfirmation(models.Model):
    """A guest's email address that can be confirmed by a link. One mail is sent, however often somebody types it.

    `address` and `network` are keyed hashes: the same value can be found again, but not read.
    """

    address = models.CharField(max_length=64, unique=True)
    network = models.CharField(max_length=64)
    comment = models.ForeignKey(Comment, models.CASCADE, related_name="email_confirmations")
    token = models.CharField(max_length=32, default=new_token)
    asked_at = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # How many were requested from one network recently?
            models.Index(fields=["network", "asked_at"], name="proof_by_network"),
        ]

    def __str__(self) -> str:
        return f"{self.comment_id}: {self.confirmed_at or '–'}"

    @staticmethod
    def key_of(email: str) -> str:
        """Return the key under which an address is stored; case does not matter, and accents of a domain do."""
        return keyed("proof", as_sent(email))


class RateLimit(models.Model):
    """How fast somebody may still post. `key` is a keyed hash of a network or an identity: no address is kept.

    `full_at` is when the bucket is full again: the earlier that is, the more may be posted now.
    """

    key = models.CharField(max_length=64, primary_key=True)
    full_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.key


class KeptDraft(models.Model):
    """A draft that is kept while its author signs in. Deleted when it is posted, or after a day.

    `browser` is the random id in that browser's signed cookie. `network` and `neighbourhood` are keyed hashes of the
    networks that it came from, and `size` is in bytes: for limiting what strangers can have kept.
    `back` says how to return: to the form's own page, to the article (its script fills in the form again), or by
    closing a pop-up window, which tells the article on the BroadcastChannel that `channel` names.
    """

    class Back(models.TextChoices):
        PAGE = "page"
        ARTICLE = "article"
        WINDOW = "window"

    token = models.CharField(max_length=32, primary_key=True, default=new_token)
    browser = models.CharField(max_length=32, db_index=True)
    network = models.CharField(max_length=64, db_index=True)
    neighbourhood = models.CharField(max_length=64, default="", db_default="")
    size = models.PositiveIntegerField(default=0, db_default=0)
    article = models.ForeignKey(Article, models.CASCADE, related_name="+")
    typed = models.JSONField(default=dict)  # the form's fields, as typed
    provider = models.CharField(max_length=40, blank=True)
    back = models.CharField(max_length=10, choices=Back, default=Back.PAGE)
    channel = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        indexes = [
            # How many were kept from one neighbourhood, and which are the oldest of them?
            models.Index(fields=["neighbourhood", "created_at"], name="kept_draft_by_neighbourhood"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} → {self.article_id}"


class Delivery(models.Model):
    """A mail in the outbox of the release before, about a decision, a report, a comment or an article.

    Nothing is written here any more: `comments.notifications.outbox` moves what is left to the site's outbox. The next
    release drops the table.
    """

    class Event(models.TextChoices):
        WAITING = "waiting", _("a comment waits")
        PUBLISHED = "published", _("your comment is published")
        REFUSED = "refused", _("your comment was refused")
        CONFIRM = "confirm", _("is this your address?")
        REPORT_RECEIVED = "report_received", _("we have your report")
        REPORT_SETTLED = "report_settled", _("the outcome of your report")
        OBJECTION_SETTLED = "objection_settled", _("the outcome of your objection")
        APPEAL_REJECTED = "appeal_rejected", _("your appeal was rejected")
        HANDED_OVER = "handed_over", _("a comment was handed to you")
        HELD_UP = "held_up", _("a scheduled article does not appear")

    decision = models.ForeignKey(Decision, models.CASCADE, null=True, related_name="deliveries")
    report = models.ForeignKey("comments.Report", models.CASCADE, null=True, related_name="deliveries")
    comment = models.ForeignKey(Comment, models.CASCADE, null=True, related_name="+")
    article = models.ForeignKey(Article, models.CASCADE, null=True, related_name="+", db_index=False)
    event = models.CharField(max_length=20, choices=Event)
    address = models.EmailField(max_length=254)
    language = models.CharField(max_length=10, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=200, blank=True)  # class of the last error, never the text of the mail

    class Meta:
        verbose_name = _("email")
        verbose_name_plural = _("emails")
        constraints = [
            models.UniqueConstraint(
                fields=["decision", "event", "address"], name="delivery_once_per_event_and_address"
            ),
            models.UniqueConstraint(fields=["report", "event"], name="delivery_once_per_report_and_event"),
            # It also finds the mails about articles, which are few.
            models.UniqueConstraint(
                fields=["article", "event", "address"],
                condition=Q(article__isnull=False),
                name="delivery_once_per_article_event_and_address",
            ),
            models.CheckConstraint(
                condition=Q(decision__isnull=False, report=None, comment=None, article=None)
                | Q(decision=None, report__isnull=False, comment=None, article=None)
                | Q(decision=None, report=None, comment__isnull=False, article=None)
                | Q(decision=None, report=None, comment=None, article__isnull=False),
                name="delivery_about_one_thing",
            ),
        ]
        indexes = [
            # The worker looks for what is due.
            models.Index(fields=["due_at"], condition=Q(sent_at=None), name="delivery_due"),
        ]

    def __str__(self) -> str:
        return f"{self.event} → {self.address}"

    @property
    def letter(self) -> str:
        """The name of its templates."""
        return f"article_{self.event}" if self.article_id else f"comment_{self.event}"
