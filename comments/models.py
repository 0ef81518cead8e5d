"""Comment and what belongs to it: what each is, and what must be true of one row.

Order of locks, for every operation that needs several: article, flood buckets, comments.
"""

from __future__ import annotations

import secrets
from html import unescape

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.translation import gettext_lazy as _

from articles.models import Article, Imported, once_per_origin
from comments import formatting
from comments.paths import LENGTH, PathField
from comments.querysets import STANDING, CommentQuerySet, RulesQuerySet
from newsreader.accounts.models import CommenterIdentity

NAME_LENGTH, EMAIL_LENGTH, WEBSITE_LENGTH, KEY_LENGTH = 245, 100, 200, 64  # code points, after NFC


def new_token() -> str:
    """Return 128 random bits: enough that nobody guesses the address of a private status page."""
    return secrets.token_urlsafe(16)


class Comment(Imported):
    """One reader's words under one article. `parent` is the true parent at any depth, `root` the top of its branch."""

    class Status(models.TextChoices):  # one field, not is_public + is_removed: no impossible mixtures
        PENDING = "pending", _("Waiting")
        APPROVED = "approved", _("Approved")
        SPAM = "spam", _("Spam")
        TRASH = "trash", _("Trash")

    class Kind(models.TextChoices):
        COMMENT = "comment", _("comment")
        PINGBACK = "pingback", _("pingback")
        TRACKBACK = "trackback", _("trackback")

    class Source(models.TextChoices):
        PAGE = "page", _("page")
        API = "api", _("API")
        IMPORT = "import", _("import")

    article = models.ForeignKey(Article, models.PROTECT, related_name="comments", verbose_name=_("article"))
    # Indexed below without the roots: SQLite took "no parent" for a handful of rows and read all the site's roots.
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="replies",
        verbose_name=_("in reply to"),
        db_index=False,
    )
    root = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", editable=False, db_index=False
    )
    depth = models.PositiveIntegerField(_("depth"), default=0, editable=False)
    path = PathField(max_length=LENGTH, null=True, editable=False)  # NULL only between insert and update

    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.PENDING, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.COMMENT, editable=False)
    source = models.CharField(_("left through"), max_length=10, choices=Source, default=Source.PAGE, editable=False)

    identity = models.ForeignKey(
        CommenterIdentity, models.SET_NULL, null=True, blank=True, related_name="comments", verbose_name=_("commenter")
    )
    # As they were at posting: what somebody renames later does not rewrite what was said.
    name = models.CharField(_("name"), max_length=NAME_LENGTH, blank=True)
    website = models.CharField(_("website"), max_length=500, blank=True)
    avatar = models.CharField(_("picture"), max_length=100, blank=True)  # a file in the storage
    provider = models.CharField(_("by the account of"), max_length=40, blank=True, editable=False)  # empty: a guest
    by_staff = models.BooleanField(_("by the newsroom"), default=False, editable=False)

    body = models.TextField(_("text"))  # as typed
    html = models.TextField(editable=False, default="")
    renderer = models.PositiveSmallIntegerField(_("version of the renderer"), default=0, editable=False)
    language = models.CharField(_("language"), max_length=10, blank=True)
    article_revision = models.PositiveIntegerField(_("revision of the article at posting"), default=1, editable=False)

    created_at = models.DateTimeField(_("left at"), default=timezone.now)
    edited_at = models.DateTimeField(_("edited at"), null=True, blank=True, editable=False)
    # Approved comments right under this one, and, for a root, in its whole thread. Kept by comments.counting.
    reply_count = models.PositiveIntegerField(default=0, editable=False)
    thread_count = models.PositiveIntegerField(default=0, editable=False)

    status_token = models.CharField(max_length=32, default=new_token, editable=False)
    # NULL where there is none: any number of comments came without a key, and no two with the same.
    idempotency_key = models.CharField(max_length=KEY_LENGTH, null=True, editable=False)  # noqa: DJ001
    fingerprint = models.CharField(max_length=64, blank=True, editable=False)  # of the submission with that key
    duplicate_key = models.CharField(max_length=64, blank=True, editable=False)  # of the folded text

    objects = CommentQuerySet.as_manager()

    class Meta:
        verbose_name = _("comment")
        verbose_name_plural = _("comments")
        permissions = [
            ("moderate_comment", _("Can decide about comments under their own articles")),
            ("moderate_any_comment", _("Can decide about all comments")),
        ]
        constraints = [
            once_per_origin("comment_once_per_origin"),
            models.UniqueConstraint(fields=["idempotency_key"], name="comment_once_per_key"),
            models.UniqueConstraint(fields=["article", "path"], name="comment_path_once"),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "approved", "spam", "trash"]), name="comment_status_known"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["comment", "pingback", "trackback"]), name="comment_kind_known"
            ),
            models.CheckConstraint(condition=Q(parent=None) | ~Q(parent=F("id")), name="comment_is_not_its_own_parent"),
            models.CheckConstraint(
                condition=Q(parent=None, root=None, depth=0) | Q(parent__isnull=False, root__isnull=False, depth__gt=0),
                name="comment_root_and_depth_follow_parent",
            ),
        ]
        indexes = [
            # An article's page: its standing roots in order of time and id.
            models.Index(fields=["article", "path"], condition=Q(parent=None) & STANDING, name="comment_roots"),
            # The same roots, the most answered first.
            models.Index(
                fields=["article", "-thread_count", "path"],
                condition=Q(parent=None) & STANDING,
                name="comment_most_answered",
            ),
            # A thread in reading order, and the first replies of a root.
            models.Index(fields=["root", "path"], condition=Q(status="approved"), name="comment_thread"),
            # What answers one. With the status: without statistics, PostgreSQL read all that is approved for each.
            models.Index(fields=["parent", "status"], condition=Q(parent__isnull=False), name="comment_replies"),
            models.Index(fields=["root"], condition=Q(root__isnull=False), name="comment_branch"),
            # The moderation queue: what waits, oldest first.
            models.Index(fields=["created_at", "id"], condition=Q(status="pending"), name="comment_waiting"),
            # Lists of one status in the admin, newest first.
            models.Index(fields=["status", "-created_at", "-id"], name="comment_by_status"),
            # An article's feed: its newest comments.
            models.Index(
                fields=["article", "-created_at", "-id"],
                condition=Q(status="approved"),
                name="comment_newest_of_article",
            ),
            # Is it a duplicate?
            models.Index(fields=["article", "duplicate_key"], name="comment_duplicates"),
            # What did an older renderer make?
            models.Index(fields=["renderer", "id"], name="comment_by_renderer"),
            # Has this identity an approved comment?
            models.Index(fields=["identity", "status"], name="comment_by_identity"),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.body[:60]}"

    def write(self, text: str, html: str | None = None) -> None:
        """Set the text and its HTML (rendered here unless it was before) together; they never differ."""
        self.body, self.renderer = text, formatting.VERSION
        self.html = formatting.to_html(text) if html is None else html

    @property
    def shown_name(self) -> str:
        return self.name or str(_("Anonymous"))

    @property
    def may_hold_html(self) -> bool:
        """Whether its text is one of another site, and nobody has typed it anew here."""
        return self.source == self.Source.IMPORT and self.edited_at is None

    @property
    def words(self) -> str:
        """Its text as people read it where there is no markup: what was typed, as it was typed."""
        return unescape(strip_tags(self.html)) if self.may_hold_html else self.body

    @property
    def permanent_url(self) -> str:
        return f"/comments/{self.pk}/"

    @property
    def status_url(self) -> str:
        """The commenter's private page."""
        return f"/comments/{self.pk}/status/{self.status_token}/"


class Stretch(models.Model):
    """How many comments of a long reading order stand from `start` on, up to the next stretch. Kept by comments.places.

    The order is that of an article's standing roots or, with `root`, of what is approved under that. The first of an
    order starts at an empty path.
    """

    article = models.ForeignKey(Article, models.CASCADE, related_name="+", db_index=False)
    root = models.ForeignKey(Comment, models.CASCADE, null=True, related_name="+", db_index=False)
    start = PathField(max_length=LENGTH, blank=True)
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["article", "start"], condition=Q(root=None), name="stretch_of_roots_once"),
            models.UniqueConstraint(
                fields=["root", "start"], condition=Q(root__isnull=False), name="stretch_of_thread_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.article_id}/{self.root_id or ''} {self.start}: {self.count}"


class Trace(models.Model):
    """What a comment left behind that is nobody's business: apart from it, so that it can be truncated and erased."""

    comment = models.OneToOneField(Comment, models.CASCADE, primary_key=True, related_name="trace")
    address = models.GenericIPAddressField(_("IP address"), null=True, blank=True)
    user_agent = models.CharField(_("user agent"), max_length=254, blank=True)
    email = models.CharField(_("email"), max_length=254, blank=True)

    class Meta:
        verbose_name = _("trace")
        verbose_name_plural = _("traces")
        indexes = [
            models.Index(fields=["email"], name="trace_by_email"),
            models.Index(fields=["address"], name="trace_by_address"),
        ]

    def __str__(self) -> str:
        return f"{self.email} {self.address or ''}".strip()


class Decision(models.Model):
    """One change of a comment's status: the record that is only ever added to. No personal data, no sentences.

    `reasons` is a list of `{"code": …, "params": {…}}`, worded when shown. `by` is empty where `rule` decided.
    """

    comment = models.ForeignKey(Comment, models.CASCADE, related_name="decisions", verbose_name=_("comment"))
    number = models.PositiveIntegerField(_("number"))  # 1 is the one at posting
    batch = models.UUIDField(_("batch"), null=True, blank=True, db_index=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    rule = models.CharField(_("rule"), max_length=40, blank=True)
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
            models.CheckConstraint(
                condition=Q(after__in=["pending", "approved", "spam", "trash"]), name="decision_status_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.comment_id}/{self.number}: {self.before} → {self.after}"

    @property
    def reason(self) -> str:
        """The first reason's code, empty where none was given."""
        return self.reasons[0]["code"] if self.reasons else ""


class Revision(models.Model):
    """What an author wrote first and has replaced since: it stood there until `replaced_at`. Only moderators see it."""

    comment = models.ForeignKey(Comment, models.CASCADE, related_name="revisions", verbose_name=_("comment"))
    body = models.TextField(_("text"))  # as typed
    replaced_at = models.DateTimeField(_("replaced at"), default=timezone.now)

    class Meta:
        verbose_name = _("earlier text")
        verbose_name_plural = _("earlier texts")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.comment_id}: {self.body[:60]}"


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
    """An entry of the editors' lists: what is looked for in what somebody typed, and what follows where it is found."""

    class Match(models.TextChoices):
        WORD = "word", _("word or phrase")
        SUBSTRING = "substring", _("anywhere, also inside words")
        DOMAIN = "domain", _("domain, with all under it")
        NETWORK = "network", _("IP address or network")

    class Action(models.TextChoices):
        HOLD = "hold", _("wait for an editor")
        SPAM = "spam", _("spam")
        REFUSE = "refuse", _("trash, without a word")
        BAN = "ban", _("refuse openly (networks only)")

    pattern = models.CharField(_("what to look for"), max_length=200)
    match = models.CharField(_("as"), max_length=10, choices=Match, default=Match.WORD)
    action = models.CharField(_("then"), max_length=10, choices=Action, default=Action.HOLD)
    is_active = models.BooleanField(_("in force"), default=True)
    note = models.CharField(_("note for colleagues"), max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(_("changed at"), auto_now=True)

    class Meta:
        verbose_name = _("list entry")
        verbose_name_plural = _("list entries")
        ordering = ["pattern", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["pattern", "match"], name="rule_once"),
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


class AddressProof(models.Model):
    """A guest's email address that may be confirmed by a link: asked for once, whoever types the address how often.

    `address` and `network` are keyed hashes: they serve for finding the same again, not for reading.
    """

    address = models.CharField(max_length=64, unique=True)
    network = models.CharField(max_length=64)
    comment = models.ForeignKey(Comment, models.CASCADE, related_name="proofs")
    token = models.CharField(max_length=32, default=new_token)
    asked_at = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # How many were asked for from one network of late?
            models.Index(fields=["network", "asked_at"], name="proof_by_network"),
        ]

    def __str__(self) -> str:
        return f"{self.comment_id}: {self.confirmed_at or '–'}"


def close_after_days() -> int:
    """Return after how many days discussions close, 0 for never. Named in settings for rooms that do not know ours."""
    return CommentRules.objects.current().close_after_days


class FloodBucket(models.Model):
    """How fast somebody may still post. `key` is a keyed hash of a network or an identity: no address is kept.

    `full_at` is when the bucket will be full again; the earlier, the more may be posted now.
    """

    key = models.CharField(max_length=64, primary_key=True)
    full_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.key


class KeptDraft(models.Model):
    """A reply that waits while its writer is away, saying who they are. Deleted when it is posted, or after a day.

    `browser` is the random id in that browser's signed cookie; `network` a keyed hash, for bounding their number.
    `back` says how to return: to the private page, to the article (its script puts everything back), or by closing a
    window that tells the article on `channel`.
    """

    class Back(models.TextChoices):
        PAGE = "page"
        ARTICLE = "article"
        WINDOW = "window"

    token = models.CharField(max_length=32, primary_key=True, default=new_token)
    browser = models.CharField(max_length=32, db_index=True)
    network = models.CharField(max_length=64, db_index=True)
    article = models.ForeignKey(Article, models.CASCADE, related_name="+")
    typed = models.JSONField(default=dict)  # the form's fields, as typed
    provider = models.CharField(max_length=40, blank=True)
    back = models.CharField(max_length=10, choices=Back, default=Back.PAGE)
    channel = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"{self.provider} → {self.article_id}"


class Delivery(models.Model):
    """One mail to one address about one event, written in the transaction of the event and sent by the worker."""

    class Event(models.TextChoices):
        WAITING = "waiting", _("a comment waits")
        PUBLISHED = "published", _("your comment is published")
        REFUSED = "refused", _("your comment was refused")
        CONFIRM = "confirm", _("is this your address?")

    decision = models.ForeignKey(Decision, models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=20, choices=Event)
    address = models.EmailField(max_length=254)
    language = models.CharField(max_length=10, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=200, blank=True)  # class of the last error, never the mail's words

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mails")
        constraints = [
            models.UniqueConstraint(fields=["decision", "event", "address"], name="delivery_once_per_event_and_address")
        ]
        indexes = [
            # The worker asks for what is due.
            models.Index(fields=["due_at"], condition=Q(sent_at=None), name="delivery_due"),
        ]

    def __str__(self) -> str:
        return f"{self.event} → {self.address}"
