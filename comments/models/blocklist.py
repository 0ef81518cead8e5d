"""The block list (words, domains, networks, browsers, regular expressions), and bans."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from articles.models.article import Article
from articles.models.taxonomy import Section
from comments.models.querysets import BanQuerySet
from newsreader.accounts.models import CommenterIdentity
from newsreader.kit.hashes import keyed

ERASED = "erased:"  # begins the target of a ban whose person has been erased


def erased_target(target: str) -> str:
    """Return what stands in a ban for the address or network of somebody who was erased: found again, but not read."""
    return f"{ERASED}{keyed('ban target', target)[:32]}"


class FilterEntry(models.Model):
    """One entry of the block list: what to look for in a draft, and what to do when it is found.

    The section or article that an entry is limited to cannot be deleted before the entry: the deletion of every entry
    is on record.
    """

    class Match(models.TextChoices):
        WORD = "word", _("word or phrase")
        SUBSTRING = "substring", _("anywhere, also inside words")
        DOMAIN = "domain", _("domain and its subdomains")
        NETWORK = "network", _("IP address or network")
        AGENT = "agent", _("part of the browser’s name")
        REGEX = "regex", _("regular expression")

    class Action(models.TextChoices):
        HOLD = "hold", _("hold for review")
        SPAM = "spam", _("spam")
        REFUSE = "refuse", _("trash, without telling the author")
        BAN = "ban", _("refuse and say so (networks only)")

    pattern = models.CharField(_("look for"), max_length=200)
    match = models.CharField(_("matched as"), max_length=10, choices=Match, default=Match.WORD)
    action = models.CharField(_("what happens"), max_length=10, choices=Action, default=Action.HOLD)
    is_active = models.BooleanField(_("in force"), default=True)
    only_counts = models.BooleanField(
        _("counting only"),
        default=False,
        help_text=_("Nothing happens to the comment; it only counts how often the entry is found."),
    )
    section = models.ForeignKey(
        Section, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("only in the section")
    )
    article = models.ForeignKey(
        Article, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("only under the article")
    )
    ends_at = models.DateTimeField(_("until"), null=True, blank=True, help_text=_("Empty: no end."))
    examples = models.TextField(
        _("must be found in"),
        blank=True,
        help_text=_("One per line. The entry is only saved if it is found in all of them."),
    )
    counterexamples = models.TextField(
        _("must not be found in"),
        blank=True,
        help_text=_("One per line. The entry is only saved if it is found in none of them."),
    )
    note = models.CharField(_("note for colleagues"), max_length=200, blank=True)
    hits = models.PositiveIntegerField(_("times found"), default=0, editable=False)
    last_hit_at = models.DateTimeField(_("last found"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(_("changed at"), auto_now=True)

    class Meta:
        verbose_name = _("block list entry")
        verbose_name_plural = _("block list entries")
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


class Ban(models.Model):
    """Somebody who may not post: an account, an email address or a network; for good, or until `ends_at`.

    A quiet ban (shadow ban) shows no refusal: comments go to the trash, and their author is shown that they wait. A ban
    stops being in force at `ends_at` by itself. A banned email address applies to guests only: anybody can type it, so
    it must not lock out the account that owns it, and only its owner is told (`comments.screening.ban_checks`).
    Of a person who was erased, `email` or `network` holds a keyed hash (`erased_target`): the ban holds all the same.
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
    quiet = models.BooleanField(_("quiet"), default=False)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True, help_text=_("Empty: no end."))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("banned by")
    )
    # The batch of decisions that it was made with, and the batch whose undo lifted it.
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
                violation_error_message=_("A ban names one of these: an account, an email address or a network."),
            ),
            # One ban at a time for each target. Posting looks bans up by these.
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
