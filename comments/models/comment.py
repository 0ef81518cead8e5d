"""Comment, its connection data and revisions, and the path buckets of long discussions."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from functools import partial
from html import unescape
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from django.conf import settings
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Lower, StrIndex, Substr
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.translation import gettext_lazy as _

from articles.models.article import Article
from articles.models.origins import Imported, once_per_origin
from comments.models.paths import LENGTH, PathField
from comments.models.querysets import STANDING, CommentQuerySet
from comments.text.excerpts import excerpt
from newsreader.accounts.models import CommenterIdentity, User
from newsreader.kit.client_address import subnet
from newsreader.kit.compiled_inserts import insert_together
from newsreader.kit.compiled_updates import Change, CompiledUpdate
from newsreader.kit.idempotency import KEY_LENGTH
from newsreader.kit.search_words import special
from newsreader.kit.text import fold

if TYPE_CHECKING:
    from comments.models import CommentSettings, Decision

LONGEST_TERMS = 100_000  # characters; a vector of PostgreSQL holds at most a megabyte
SAME_FROM = 20  # characters; many people write the same shorter texts, which says nothing about them
_NO_LETTER = re.compile(r"[\W_]+")

NAME_LENGTH, EMAIL_LENGTH, WEBSITE_LENGTH = 245, 100, 200  # code points, after NFC


def new_token() -> str:
    """Return 128 random bits as text: nobody can guess the address of a private page that holds them."""
    return secrets.token_urlsafe(16)


def text_key(text: str) -> str:
    """Return a key that is equal for texts with the same letters, whatever is between them; empty for short texts."""
    letters = _NO_LETTER.sub("", fold(text))
    return hashlib.sha256(letters.encode()).hexdigest()[:16] if len(letters) >= SAME_FROM else ""


def terms_of(name: str, text: str) -> str:
    """Return the words of a comment that a database would not split as we do; empty for most comments."""
    return special(f"{name}\n{text}")[:LONGEST_TERMS]


class Place(NamedTuple):
    """Which of the roots that an article shows a comment is, counted from 0 at the oldest, and how many there are."""

    rank: int
    size: int


class Comment(Imported):
    """A reader's words under an article. `parent` is what it replies to, at any depth, `root` the top of its thread."""

    class Status(models.TextChoices):  # one field, not is_public + is_removed: no impossible mixtures
        PENDING = "pending", _("Waiting")
        APPROVED = "approved", _("Approved")
        SPAM = "spam", _("Spam")
        TRASH = "trash", _("Trash")

    class Kind(models.TextChoices):
        COMMENT = "comment", _("comment")
        PINGBACK = "pingback", _("pingback")
        TRACKBACK = "trackback", _("trackback")

    class Channel(models.TextChoices):
        PAGE = "page", _("page")
        API = "api", _("API")
        IMPORT = "import", _("import")

    article = models.ForeignKey(
        Article, models.PROTECT, related_name="comments", verbose_name=_("article"), db_index=False
    )
    # Indexed in Meta, without the roots: SQLite expected few rows to have no parent, and read all roots of the site.
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
    channel = models.CharField(_("left through"), max_length=10, choices=Channel, default=Channel.PAGE, editable=False)

    identity = models.ForeignKey(
        CommenterIdentity, models.SET_NULL, null=True, blank=True, related_name="comments", verbose_name=_("commenter"),
        db_index=False,
    )  # fmt: skip
    # As they were at posting: a later change of name does not change earlier comments.
    name = models.CharField(_("name"), max_length=NAME_LENGTH, blank=True)
    website = models.CharField(_("website"), max_length=500, blank=True)
    avatar = models.CharField(_("picture"), max_length=100, blank=True)  # a file in the storage
    provider = models.CharField(_("by the account of"), max_length=40, blank=True, editable=False)  # empty: a guest
    by_staff = models.BooleanField(_("by the newsroom"), default=False, editable=False)

    body = models.TextField(_("text"))  # as typed
    html = models.TextField(editable=False, default="")
    link_count = models.PositiveSmallIntegerField(_("links"), default=0, editable=False)
    text_key = models.CharField(max_length=16, blank=True, editable=False)  # of the letters of a text that is not short
    # Of name and text, the words that a database would not split as we do. Indexed by comments.models.search_index.
    search_terms = models.TextField(default="", blank=True, editable=False)
    renderer = models.PositiveSmallIntegerField(_("version of the renderer"), default=0, editable=False)
    language = models.CharField(_("language"), max_length=10, blank=True)
    article_revision = models.PositiveIntegerField(_("revision of the article at posting"), default=1, editable=False)

    created_at = models.DateTimeField(_("left at"), default=timezone.now)
    edited_at = models.DateTimeField(_("edited at"), null=True, blank=True, editable=False)
    author_erased_at = models.DateTimeField(_("author erased at"), null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)  # counts changes of the text
    # Approved replies directly under this comment, and, for a root, in its whole thread. Kept by
    # comments.discussion.counting.
    reply_count = models.PositiveIntegerField(default=0, editable=False)
    thread_count = models.PositiveIntegerField(default=0, editable=False)
    # Readers' reports that nobody has settled yet. Kept by comments.objections.reports.
    flag_count = models.PositiveIntegerField(_("open reports"), default=0, editable=False)
    picked_at = models.DateTimeField(_("picked by the editors at"), null=True, blank=True, editable=False)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("handed to"),
        db_index=False,
        editable=False,
    )

    status_token = models.CharField(max_length=32, default=new_token, editable=False)
    # NULL where no key was sent: the unique constraint ignores those comments.
    idempotency_key = models.CharField(max_length=KEY_LENGTH, null=True, editable=False)  # noqa: DJ001
    fingerprint = models.CharField(max_length=64, blank=True, editable=False)  # of the submission with that key
    duplicate_key = models.CharField(max_length=64, blank=True, editable=False)  # of the folded text

    objects = CommentQuerySet.as_manager()

    # Where the comment has just been posted: the first decision, the rules that it was posted under, and its place.
    posted_as: Decision | None = None
    posted_under: CommentSettings | None = None
    place: Place | None = None

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
        # Each is written at every post, so one that begins with the same columns stands for those of foreign keys.
        indexes = [
            # An article's page: the roots that it shows, by time and id.
            models.Index(fields=["article", "path"], condition=Q(parent=None) & STANDING, name="comment_roots"),
            # A thread in reading order, and the first replies of a root.
            models.Index(
                fields=["root", "path"], condition=Q(status="approved", root__isnull=False), name="comment_in_thread"
            ),
            # Replies to a comment. With the status: without statistics, PostgreSQL read all approved comments for each.
            models.Index(fields=["parent", "status"], condition=Q(parent__isnull=False), name="comment_replies"),
            models.Index(fields=["root"], condition=Q(root__isnull=False), name="comment_branch"),
            # The moderation queue: waiting comments, oldest first.
            models.Index(fields=["created_at", "id"], condition=Q(status="pending"), name="comment_waiting"),
            # Lists of one status in the admin, newest first.
            models.Index(fields=["status", "-created_at", "-id"], name="comment_by_status"),
            # An article's feed: its newest comments.
            models.Index(
                fields=["article", "-created_at", "-id"],
                condition=Q(status="approved"),
                name="comment_newest_of_article",
            ),
            # What came with an import?
            models.Index(fields=["import_run"], condition=Q(import_run__isnull=False), name="comment_by_import"),
            # Is it a duplicate?
            models.Index(fields=["article", "duplicate_key"], name="comment_duplicates"),
            # What did an older renderer make?
            models.Index(fields=["renderer", "id"], name="comment_by_renderer"),
            # Who said the same elsewhere?
            models.Index(fields=["text_key", "-created_at"], condition=~Q(text_key=""), name="comment_same_text"),
            # What have readers reported, what holds links, what is handed to somebody, what have editors picked?
            models.Index(fields=["created_at", "id"], condition=Q(flag_count__gt=0), name="comment_reported"),
            models.Index(fields=["-created_at", "-id"], condition=Q(link_count__gt=0), name="comment_with_links"),
            # Without it, SQLite scans all approved comments where none of them has links.
            models.Index(
                fields=["status", "-created_at", "-id"], condition=Q(link_count__gt=0), name="comment_links_by_status"
            ),
            models.Index(fields=["assigned_to"], condition=Q(assigned_to__isnull=False), name="comment_assigned"),
            models.Index(fields=["article", "picked_at"], condition=Q(picked_at__isnull=False), name="comment_picked"),
            # All comments, newest first, and recent ones.
            models.Index(fields=["-created_at", "-id"], name="comment_newest"),
            # Has this identity an approved comment? Most comments are guests'.
            models.Index(
                fields=["identity", "status"], condition=Q(identity__isnull=False), name="comment_of_identity"
            ),
            # What has this identity said, newest first?
            models.Index(
                fields=["identity", "-created_at", "-id"],
                condition=Q(identity__isnull=False),
                name="comment_newest_by_identity",
            ),
            # Has the newsroom answered this comment?
            models.Index(fields=["parent"], condition=Q(by_staff=True), name="comment_answers_by_staff"),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {excerpt(self.body, 60)}"

    # The columns that `write` sets. It reads the name.
    WRITTEN = ("body", "html", "renderer", "link_count", "text_key", "search_terms")

    def write(self, text: str, html: str | None = None) -> None:
        """Set the text, its HTML (rendered here unless given) and what is derived from them, so that all agree."""
        from comments.text import formatting  # and with it what reads Markdown

        self.body, self.renderer = text, formatting.VERSION
        self.html = formatting.to_html(text) if html is None else html
        self.link_count, self.text_key = min(self.html.count("<a href="), 32_767), text_key(text)
        self.search_terms = terms_of(self.name, text)

    REWRITTEN = (*WRITTEN, "version")  # the columns that `rewrite` sets

    def rewrite(
        self, text: str, html: str, *, by: User | None = None, replaced_at: dt.datetime | None = None, **also: Any
    ) -> Revision:
        """Store another text as a new version. Returns the revision that keeps the earlier one. With the row locked.

        `by`: the moderator who changes it; None: its author. `also`: other columns that change with the text.
        """
        before, change = self.rewriting(text, html, by=by, replaced_at=replaced_at, **also)
        insert_together(before, changes=[change])
        return before

    def rewriting(
        self, text: str, html: str, *, by: User | None = None, replaced_at: dt.datetime | None = None, **also: Any
    ) -> tuple[Revision, Change]:
        """Set another text, as `rewrite` does, and return what has to be written together with what else changes."""
        before = Revision(comment=self, body=self.body, by=by, replaced_at=replaced_at or timezone.now())
        self.write(text, html)
        self.version += 1
        for name, value in also.items():
            setattr(self, name, value)
        columns = (*self.REWRITTEN, *also)
        return before, _rewritten.change(self.pk, *(getattr(self, name) for name in columns), columns=columns)

    @property
    def shown_name(self) -> str:
        return self.name or str(_("A former reader") if self.author_erased_at else _("Anonymous"))

    @property
    def may_hold_html(self) -> bool:
        """Whether its text was imported and has not been edited since."""
        return self.channel == self.Channel.IMPORT and self.edited_at is None

    @property
    def words(self) -> str:
        """The text where markup cannot be shown: as typed, without tags where it may hold HTML."""
        return unescape(strip_tags(self.html)) if self.may_hold_html else self.body

    @property
    def permanent_url(self) -> str:
        return f"/comments/{self.pk}/"

    @property
    def status_url(self) -> str:
        """The author's private status page."""
        return f"/comments/{self.pk}/status/{self.status_token}/"


@partial(CompiledUpdate, "version")
def _rewritten(pk: int, *values: Any, columns: tuple[str, ...]) -> tuple[CommentQuerySet, dict[str, Any]]:
    return Comment.objects.filter(pk=pk), dict(zip(columns, values, strict=True))


class NextId(Func):
    """The id of a row of this table that is about to be inserted, reserved so that others can name it. None: 1.

    On SQLite in a transaction that writes: then nobody else inserts before it ends.
    """

    SQL: ClassVar = {
        "postgresql": "nextval(pg_get_serial_sequence('{}', 'id'))",
        "sqlite": "(SELECT max(seq) + 1 FROM sqlite_sequence WHERE name = '{}')",
    }
    output_field = models.BigIntegerField()

    def __init__(self, table: str):
        super().__init__()
        self.table = table

    def as_sql(self, compiler: Any, connection: Any, *_args: Any, **_: Any) -> Any:
        return self.SQL[connection.vendor].format(self.table), []


REMOVED = (Comment.Status.SPAM.value, Comment.Status.TRASH.value)  # the statuses of removed comments


class PathBucket(models.Model):
    """How many comments of a long reading order have a path from `start` up to the next bucket's.

    The order holds the roots that an article shows or, with `root`, the approved comments under that root. The first
    bucket of an order starts at the empty path. Kept by `comments.discussion.positions`.
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


class ConnectionData(models.Model):
    """IP address, browser and email that a comment came with. Private; a table of its own, so that it can be erased."""

    comment = models.OneToOneField(Comment, models.CASCADE, primary_key=True, related_name="connection_data")
    address = models.GenericIPAddressField(_("IP address"), null=True, blank=True)
    # After some days only the network's first address is left, and later none (comments.moderation.old_traces).
    address_is_cut = models.BooleanField(default=False, db_default=False)
    user_agent = models.CharField(_("user agent"), max_length=254, blank=True)
    email = models.CharField(_("email"), max_length=254, blank=True)
    # What follows the @; of an address without one, all of it.
    domain = models.GeneratedField(
        expression=Lower(Substr("email", StrIndex("email", Value("@")) + 1)),
        output_field=models.CharField(max_length=254),
        db_persist=True,
    )

    class Meta:
        verbose_name = _("connection data")
        verbose_name_plural = _("connection data")
        indexes = [
            # With pattern operators, since moderators search by the beginning of an address.
            models.Index(
                fields=["email", "comment"], opclasses=["varchar_pattern_ops", "int8_ops"], name="trace_by_beginning"
            ),
            models.Index(
                fields=["domain", "comment"], opclasses=["varchar_pattern_ops", "int8_ops"], name="trace_by_domain"
            ),
            models.Index(fields=["address", "comment"], name="trace_by_address"),
            # What was left under an address, however it was written?
            models.Index(Lower("email"), "comment", name="trace_by_folded_email"),
            # Which are still whole, and may be old enough to be cut?
            models.Index(
                fields=["comment"],
                condition=Q(address__isnull=False, address_is_cut=False) | ~Q(user_agent=""),
                name="trace_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} {self.address or ''}".strip()

    @property
    def shown_address(self) -> str:
        """The address, or the network that is left of it: 203.0.113.0/24; empty without one."""
        if self.address and self.address_is_cut:
            return subnet(self.address)
        return self.address or ""


class Revision(models.Model):
    """A comment's text until `replaced_at`; only moderators see it. `by`: who changed it; None: its author."""

    comment = models.ForeignKey(Comment, models.CASCADE, related_name="revisions", verbose_name=_("comment"))
    body = models.TextField(_("text"))  # as typed
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("changed by")
    )
    replaced_at = models.DateTimeField(_("replaced at"), default=timezone.now)

    class Meta:
        verbose_name = _("earlier text")
        verbose_name_plural = _("earlier texts")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.comment_id}: {self.body[:60]}"
