"""How discussions work: the site's comment settings, and those of one article."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from articles.models.article import Article
from comments.models.querysets import SettingsQuerySet

MOST_REPLIES_SHOWN = 50


class CommentSettings(models.Model):
    """How discussions work on this site; one row, edited in the admin."""

    class Order(models.TextChoices):
        OLDEST = "oldest", _("oldest first")
        NEWEST = "newest", _("newest first")

    require_name_email = models.BooleanField(_("guests must give name and email"), default=True)
    registration_required = models.BooleanField(_("only people who are signed in may reply"), default=False)
    close_after_days = models.PositiveIntegerField(
        _("close after days"), default=0, help_text=_("Counted from an article’s publication. 0: never.")
    )
    text_limit = models.PositiveIntegerField(
        _("longest text, in characters"),
        default=10_000,
        validators=[MinValueValidator(1), MaxValueValidator(65_000)],
    )
    hold_everything = models.BooleanField(_("hold every comment"), default=False)
    hold_first_comment = models.BooleanField(_("hold comments of people without an approved comment"), default=True)
    max_links = models.PositiveSmallIntegerField(
        _("hold comments with this many links"), default=2, help_text=_("Or more. 0: any number of links is fine.")
    )
    fastest_seconds = models.PositiveSmallIntegerField(
        _("hold comments that newcomers post within so many seconds"),
        default=3,
        validators=[MaxValueValidator(60)],
        help_text=_("Counted from the first touch of the form, by its script. 0: speed does not matter."),
    )
    flood_burst = models.PositiveSmallIntegerField(
        _("comments in a row"), default=3, validators=[MinValueValidator(1)], help_text=_("From one network or person.")
    )
    flood_seconds = models.PositiveSmallIntegerField(
        _("then one every so many seconds"), default=15, help_text=_("0: no limit.")
    )
    edit_minutes = models.PositiveSmallIntegerField(
        _("minutes in which authors may change their comment"),
        default=15,
        validators=[MaxValueValidator(1440)],
        help_text=_("0: they may not. Every earlier text is kept for editors, and the new one is checked again."),
    )
    roots_per_page = models.PositiveSmallIntegerField(
        _("threads on a page"), default=20, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    replies_shown = models.PositiveSmallIntegerField(
        _("replies shown under each"), default=3, validators=[MaxValueValidator(MOST_REPLIES_SHOWN)]
    )
    thread_page_size = models.PositiveSmallIntegerField(
        _("comments on a page of one thread"), default=50, validators=[MinValueValidator(1), MaxValueValidator(200)]
    )
    levels_shown = models.PositiveSmallIntegerField(
        _("levels of nesting shown"), default=5, validators=[MinValueValidator(1), MaxValueValidator(10)]
    )
    order = models.CharField(_("order"), max_length=10, choices=Order, default=Order.OLDEST)
    flags_hold = models.PositiveSmallIntegerField(
        _("hold comments with this many reports by readers"),
        default=3,
        help_text=_("Or more. 0: reports alone hold nothing."),
    )
    flags_networks = models.PositiveSmallIntegerField(
        _("from at least so many networks"),
        default=3,
        help_text=_("Reports from one network (/24 of IPv4, /64 of IPv6) may all be one person’s."),
    )
    flags_accounts = models.PositiveSmallIntegerField(
        _("at least so many of them by accounts that are known"),
        default=2,
        help_text=_("An account is known by its age, or by an approved comment, unless it is banned."),
    )
    flags_account_days = models.PositiveSmallIntegerField(_("days until an account is known"), default=7)
    premoderated = models.PositiveSmallIntegerField(
        _("comments of a newcomer to approve by hand"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=_("Once so many are approved, the next ones appear at once."),
    )
    trusted_after = models.PositiveSmallIntegerField(
        _("approved comments until somebody is trusted"),
        default=20,
        help_text=_("Links from trusted people are never held. 0: trust nobody."),
    )
    refusals_allowed = models.PositiveSmallIntegerField(
        _("refusals in 30 days until somebody loses trust"),
        default=3,
        help_text=_("From then on their comments wait again. 0: never."),
    )
    surge_control = models.BooleanField(
        _("slow discussions down automatically when they get out of hand"),
        default=True,
        help_text=_("First people pause between comments, then every comment waits. It ends by itself."),
    )
    surge_from = models.PositiveSmallIntegerField(
        _("fewest comments in ten minutes that can be a surge"), default=20, validators=[MinValueValidator(1)]
    )
    surge_pause = models.PositiveSmallIntegerField(
        _("seconds between two comments of one person in a surge"),
        default=60,
        validators=[MinValueValidator(1), MaxValueValidator(3600)],
    )
    mail_moderators = models.BooleanField(_("email moderators when a comment waits"), default=True)
    mails_an_hour = models.PositiveSmallIntegerField(
        _("emails to one moderator in an hour"),
        default=6,
        db_default=6,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text=_("What comes on top waits until the hour is over, and is then one email."),
    )
    alarm_hours = models.PositiveSmallIntegerField(
        _("hours that a comment may wait before moderators are reminded"),
        default=24,
        db_default=24,
        validators=[MaxValueValidator(1000)],
        help_text=_("0: they are not reminded."),
    )
    mail_authors = models.BooleanField(
        _("email authors about comments under their articles"), default=True, db_default=True
    )
    mail_confirmations = models.BooleanField(
        _("let guests confirm their email address"),
        default=True,
        help_text=_("One email with a link. After following it, they no longer wait for an editor."),
    )

    asked_mails_alarm = models.PositiveIntegerField(
        _("tell those who run the site above so many emails an hour that strangers ask for"),
        default=500,
        db_default=500,
        help_text=_("Codes, resets, sign-ups and confirmations. 0: never."),
    )

    objects = SettingsQuerySet.as_manager()

    class Meta:
        verbose_name = _("comment settings")
        verbose_name_plural = _("comment settings")
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="rules_are_one_row"),
            models.CheckConstraint(
                condition=Q(roots_per_page__gte=1, thread_page_size__gte=1, levels_shown__gte=1, flood_burst__gte=1),
                name="rules_make_sense",
            ),
        ]

    def __str__(self) -> str:
        return str(_("comment settings"))


class ArticleSettings(models.Model):
    """What is different about one article's discussion. Without a row, the site's settings apply.

    `surge` is set by `comments.screening.surge`: 1 slows posting down, 2 also holds every comment.
    """

    class Surge(models.IntegerChoices):
        NONE = 0, _("as usual")
        SLOW = 1, _("slowed down")
        HELD = 2, _("everything waits")

    article = models.OneToOneField(Article, models.CASCADE, primary_key=True, related_name="discussion")
    slow_seconds = models.PositiveSmallIntegerField(
        _("slow mode, in seconds"), default=0, validators=[MaxValueValidator(3600)]
    )
    members_only = models.BooleanField(_("signed-in people only"), default=False)
    hold_everything = models.BooleanField(_("hold everything"), default=False)
    close_after_days = models.PositiveIntegerField(
        _("days until it closes"), null=True, blank=True, help_text=_("Empty: as on the whole site. 0: never.")
    )
    surge = models.PositiveSmallIntegerField(_("surge"), choices=Surge, default=Surge.NONE, editable=False)
    surge_since = models.DateTimeField(null=True, editable=False)  # when it last changed
    surge_facts = models.JSONField(default=dict, editable=False)  # the counts at that time, and the usual ones

    class Meta:
        verbose_name = _("discussion")
        verbose_name_plural = _("discussions")
        indexes = [models.Index(fields=["surge_since"], condition=Q(surge__gt=0), name="discussion_surging")]

    def __str__(self) -> str:
        return str(self.article.headline)
