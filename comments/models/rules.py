"""How discussions work: the site's rules, an article's own, the editors' lists, and who may not post."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from articles.models import Article, Section
from comments.querysets import BanQuerySet, RulesQuerySet
from newsreader.accounts.models import CommenterIdentity


class CommentRules(models.Model):
    """How discussions work here; one row, edited in the admin."""

    class Order(models.TextChoices):
        OLDEST = "oldest", _("oldest first")
        NEWEST = "newest", _("newest first")

    require_name_email = models.BooleanField(_("guests must give name and email"), default=True)
    registration_required = models.BooleanField(_("only people who are signed in may reply"), default=False)
    close_after_days = models.PositiveIntegerField(
        _("close after days"), default=0, help_text=_("After an article's publication; 0: never.")
    )
    text_limit = models.PositiveIntegerField(
        _("longest text, in characters"),
        default=10_000,
        validators=[MinValueValidator(1), MaxValueValidator(65_000)],
    )
    hold_everything = models.BooleanField(_("hold every comment"), default=False)
    hold_first_comment = models.BooleanField(_("hold until somebody has an approved comment"), default=True)
    max_links = models.PositiveSmallIntegerField(
        _("hold from so many links on"), default=2, help_text=_("0: links do not matter.")
    )
    fastest_seconds = models.PositiveSmallIntegerField(
        _("hold what strangers send faster than in so many seconds"),
        default=3,
        validators=[MaxValueValidator(60)],
        help_text=_("Counted from the first touch of the form, which its script notes; 0: speed does not matter."),
    )
    flood_burst = models.PositiveSmallIntegerField(
        _("comments in a row"), default=3, validators=[MinValueValidator(1)], help_text=_("From one address or person.")
    )
    flood_seconds = models.PositiveSmallIntegerField(
        _("then one in so many seconds"), default=15, help_text=_("0: no limit.")
    )
    roots_per_page = models.PositiveSmallIntegerField(
        _("threads on a page"), default=20, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    replies_shown = models.PositiveSmallIntegerField(
        _("replies shown of each"), default=3, validators=[MaxValueValidator(50)]
    )
    thread_page_size = models.PositiveSmallIntegerField(
        _("comments on a page of one thread"), default=50, validators=[MinValueValidator(1), MaxValueValidator(200)]
    )
    levels_shown = models.PositiveSmallIntegerField(
        _("levels of nesting shown"), default=5, validators=[MinValueValidator(1), MaxValueValidator(10)]
    )
    order = models.CharField(_("order"), max_length=10, choices=Order, default=Order.OLDEST)
    flags_hold = models.PositiveSmallIntegerField(
        _("hold from so many reports by readers on"), default=3, help_text=_("0: reports alone hold nothing.")
    )
    premoderated = models.PositiveSmallIntegerField(
        _("comments of a new person that wait"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=_("So many must be approved before the next need not wait, where new people's comments wait."),
    )
    trusted_after = models.PositiveSmallIntegerField(
        _("approved comments until somebody is trusted"),
        default=20,
        help_text=_("Links of trusted people do not matter. 0: nobody is."),
    )
    refusals_allowed = models.PositiveSmallIntegerField(
        _("refusals in 30 days that cost somebody their trust"),
        default=3,
        help_text=_("From then on their comments wait again. 0: they never do."),
    )
    surge_control = models.BooleanField(
        _("slow a discussion down by itself when it gets out of hand"),
        default=True,
        help_text=_("First a pause between comments of one person, then everything waits; it relaxes by itself."),
    )
    surge_from = models.PositiveSmallIntegerField(
        _("but never below so many comments in ten minutes"), default=20, validators=[MinValueValidator(1)]
    )
    surge_pause = models.PositiveSmallIntegerField(
        _("pause then, in seconds"), default=60, validators=[MinValueValidator(1), MaxValueValidator(3600)]
    )
    mail_moderators = models.BooleanField(_("mail moderators when a comment waits"), default=True)
    mail_confirmations = models.BooleanField(
        _("let guests confirm their address"),
        default=True,
        help_text=_("One mail with a link; whoever follows it need not wait for an editor any more."),
    )

    objects = RulesQuerySet.as_manager()

    class Meta:
        verbose_name = _("comment rules")
        verbose_name_plural = _("comment rules")
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="rules_are_one_row"),
            models.CheckConstraint(
                condition=Q(roots_per_page__gte=1, thread_page_size__gte=1, levels_shown__gte=1, flood_burst__gte=1),
                name="rules_make_sense",
            ),
        ]

    def __str__(self) -> str:
        return str(_("comment rules"))


class Rule(models.Model):
    """An entry of the editors' lists: what is looked for in what somebody typed, and what follows where it is found.

    What it is limited to cannot be deleted before it: no entry goes without being on record.
    """

    class Match(models.TextChoices):
        WORD = "word", _("word or phrase")
        SUBSTRING = "substring", _("anywhere, also inside words")
        DOMAIN = "domain", _("domain, with all under it")
        NETWORK = "network", _("IP address or network")
        AGENT = "agent", _("browser's name, anywhere in it")
        REGEX = "regex", _("regular expression")

    class Action(models.TextChoices):
        HOLD = "hold", _("wait for an editor")
        SPAM = "spam", _("spam")
        REFUSE = "refuse", _("trash, without a word")
        BAN = "ban", _("refuse openly (networks only)")

    pattern = models.CharField(_("what to look for"), max_length=200)
    match = models.CharField(_("as"), max_length=10, choices=Match, default=Match.WORD)
    action = models.CharField(_("then"), max_length=10, choices=Action, default=Action.HOLD)
    is_active = models.BooleanField(_("in force"), default=True)
    only_counts = models.BooleanField(
        _("only count"), default=False, help_text=_("Nothing follows; it is counted how often it would have.")
    )
    section = models.ForeignKey(
        Section, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("only in the section")
    )
    article = models.ForeignKey(
        Article, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("only under the article")
    )
    ends_at = models.DateTimeField(_("until"), null=True, blank=True, help_text=_("Empty: for good."))
    examples = models.TextField(
        _("must be found in"), blank=True, help_text=_("A line each: the entry is refused where it misses one.")
    )
    counterexamples = models.TextField(
        _("must not be found in"), blank=True, help_text=_("A line each: the entry is refused where it hits one.")
    )
    note = models.CharField(_("note for colleagues"), max_length=200, blank=True)
    hits = models.PositiveIntegerField(_("hits"), default=0, editable=False)
    last_hit_at = models.DateTimeField(_("last hit"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(_("changed at"), auto_now=True)

    class Meta:
        verbose_name = _("list entry")
        verbose_name_plural = _("list entries")
        ordering = ["pattern", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["pattern", "match"],
                condition=Q(section=None, article=None),
                name="rule_once",
                violation_error_message=_("This entry is on the list already."),
            ),
            models.UniqueConstraint(
                fields=["pattern", "match", "section"],
                condition=Q(article=None),
                name="rule_once_in_section",
                violation_error_message=_("This entry is on the list of that section already."),
            ),
            models.UniqueConstraint(
                fields=["pattern", "match", "article"],
                name="rule_once_under_article",
                violation_error_message=_("This entry is on the list of that article already."),
            ),
            models.CheckConstraint(
                condition=Q(section=None) | Q(article=None),
                name="rule_has_one_scope",
                violation_error_message=_("Choose a section or an article, not both."),
            ),
            models.CheckConstraint(
                condition=~Q(action="ban") | Q(match="network"),
                name="rule_only_networks_are_banned",
                violation_error_message=_("Only a network can be refused openly."),
            ),
        ]
        indexes = [
            # Have the lists changed since this process read them?
            models.Index(fields=["changed_at"], condition=Q(is_active=True), name="rule_changes")
        ]

    def __str__(self) -> str:
        return self.pattern


class Discussion(models.Model):
    """What is different about the discussion of one article. No row: nothing is.

    `surge` is set by the site itself (`comments.surge`): 1 slows posting down, 2 holds everything besides.
    """

    class Surge(models.IntegerChoices):
        NONE = 0, _("as usual")
        SLOW = 1, _("slowed down")
        HELD = 2, _("everything waits")

    article = models.OneToOneField(Article, models.CASCADE, primary_key=True, related_name="discussion")
    slow_seconds = models.PositiveSmallIntegerField(
        _("slow mode: seconds between two comments of one person"), default=0, validators=[MaxValueValidator(3600)]
    )
    members_only = models.BooleanField(_("only people who are signed in may reply"), default=False)
    hold_everything = models.BooleanField(_("hold every comment"), default=False)
    close_after_days = models.PositiveIntegerField(
        _("close after days"), null=True, blank=True, help_text=_("Empty: as everywhere; 0: never.")
    )
    surge = models.PositiveSmallIntegerField(_("surge"), choices=Surge, default=Surge.NONE, editable=False)
    surge_since = models.DateTimeField(null=True, editable=False)  # when it last changed
    surge_facts = models.JSONField(default=dict, editable=False)  # what was counted then, and what is usual

    class Meta:
        verbose_name = _("discussion")
        verbose_name_plural = _("discussions")
        indexes = [models.Index(fields=["surge_since"], condition=Q(surge__gt=0), name="discussion_surging")]

    def __str__(self) -> str:
        return f"{self.article_id}"


class Ban(models.Model):
    """Somebody who may not post: an account, an email address or a network; for good, or until `ends_at`.

    A quiet one (shadow ban) refuses nothing: what they post goes to the trash while they are told that it waits. One
    that has ended is out of force by the clock. An address binds guests alone: anybody can type it, so it must not keep
    out the person with an account whose address it is.
    """

    class Kind(models.TextChoices):
        ACCOUNT = "account", _("account")
        EMAIL = "email", _("email address")
        NETWORK = "network", _("network")

    identity = models.ForeignKey(
        CommenterIdentity, models.CASCADE, null=True, blank=True, related_name="bans", verbose_name=_("commenter")
    )
    email = models.CharField(_("email address"), max_length=254, blank=True)  # folded
    network = models.CharField(_("network"), max_length=43, blank=True)  # 192.0.2.0/24, 2001:db8::/64
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    note = models.CharField(_("note for colleagues"), max_length=200, blank=True)
    quiet = models.BooleanField(_("without telling them"), default=False)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True, help_text=_("Empty: for good."))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    # The decisions it came with, and the undoing of these that lifted it.
    batch = models.ForeignKey(
        "comments.Batch", models.PROTECT, null=True, blank=True, related_name="bans", editable=False
    )
    lifted_with = models.ForeignKey(
        "comments.Batch", models.PROTECT, null=True, blank=True, related_name="lifted_bans", editable=False
    )
    created_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    lifted_at = models.DateTimeField(_("lifted at"), null=True, blank=True, editable=False)

    objects = BanQuerySet.as_manager()

    class Meta:
        verbose_name = _("ban")
        verbose_name_plural = _("bans")
        constraints = [
            models.CheckConstraint(
                condition=Q(identity__isnull=False, email="", network="")
                | (Q(identity=None) & (Q(email="") ^ Q(network=""))),
                name="ban_of_one_kind",
                violation_error_message=_("A ban names an account, an address or a network: one of them."),
            ),
            # One at a time for each target; and by these, who posts is looked up.
            models.UniqueConstraint(
                fields=["identity"], condition=Q(lifted_at=None, identity__isnull=False), name="ban_of_account_once"
            ),
            models.UniqueConstraint(
                fields=["email"], condition=Q(lifted_at=None) & ~Q(email=""), name="ban_of_email_once"
            ),
            models.UniqueConstraint(
                fields=["network"], condition=Q(lifted_at=None) & ~Q(network=""), name="ban_of_network_once"
            ),
        ]

    def __str__(self) -> str:
        return self.email or self.network or str(self.identity)

    @property
    def kind(self) -> str:
        if self.identity_id:
            return self.Kind.ACCOUNT
        return self.Kind.EMAIL if self.email else self.Kind.NETWORK

    @property
    def is_in_force(self) -> bool:
        return self.lifted_at is None and (self.ends_at is None or self.ends_at > timezone.now())
