"""User; Invitation, to the newsroom; SentPicture, one's own portrait; CommenterIdentity, who somebody is when leaving a
reply; KnownWay, by which somebody has signed in; KeptAnswer, to a POST with an idempotency key; Retention, how long
what is known of people is kept.
"""

import datetime as dt
import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser, Permission
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Q, Value
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from newsreader.kit.compiled_queries import Compiled
from newsreader.kit.idempotency import KEY_LENGTH

EDITORS, MODERATORS, AUTHORS = "Editors", "Moderators", "Authors"


class User(AbstractUser):
    """Somebody who can sign in. `username` is the public handle; addresses are allauth's EmailAddress rows."""

    name = models.CharField(_("display name"), max_length=245, blank=True)
    language = models.CharField(
        _("language"),
        max_length=10,
        blank=True,
        help_text=_("The language we use with this person. Empty: the site’s language."),
    )

    avatar = models.CharField(_("picture"), max_length=100, blank=True, editable=False)  # a file in the storage
    # How many pictures were sent on the last day on which any was, by UTC (`accounts.pictures`).
    portraits_on = models.DateField(null=True, editable=False)
    portraits_sent = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)

    # When somebody took their roles (accounts.leaving). None: never, or they have been given one again since.
    left_at = models.DateTimeField(_("left the newsroom"), null=True, blank=True, editable=False)

    # Set on the user of a request that came without the second factor (accounts.second_factor); never stored.
    rights_withheld = False

    class Meta(AbstractUser.Meta):
        constraints = [
            # "Anna" and "anna" are too easily confused.
            models.UniqueConstraint(Lower("username"), name="user_username_unique_whatever_the_case"),
        ]
        permissions = [("end_roles", _("Can take all roles from people who leave"))]

    def __str__(self) -> str:
        return self.shown_name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store it together with what others record of the change (the audit log), or neither."""
        with transaction.atomic(savepoint=False):
            super().save(*args, **kwargs)

    @property
    def acts_as_staff(self) -> bool:
        """Say whether this is somebody of the newsroom, with all that this request has to bring."""
        return self.is_staff and not self.rights_withheld

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        if self.rights_withheld:
            return False
        self._read_rights()
        return super().has_perm(perm, obj)

    def has_module_perms(self, app_label: str) -> bool:
        return not self.rights_withheld and super().has_module_perms(app_label)

    def _read_rights(self) -> None:
        """Read the rights where Django's backend keeps them: in one statement, made once, instead of its two.

        Those took a seventh of an author's change of a comment.
        """
        if self.is_superuser or not self.is_active or hasattr(self, "_user_perm_cache"):
            return
        found: tuple[set[str], set[str]] = set(), set()
        # Whether there can be any is known of the user of a session (accounts.session_user).
        for of_group, app, codename in _rights_of(self.pk) if getattr(self, "may_have_rights", True) else ():
            found[of_group].add(f"{app}.{codename}")
        self._user_perm_cache, self._group_perm_cache = found

    @property
    def shown_name(self) -> str:
        return (self.name or self.get_full_name() or self.username)[:245]


@Compiled
def _rights_of(user_id: int) -> models.QuerySet[Any, tuple[int, str, str]]:
    """A person's own rights, and those of their groups."""
    columns = ("of_group", "content_type__app_label", "codename")
    own, groups = (
        Permission.objects.filter(**{whose: user_id}).annotate(of_group=Value(at)).order_by().values_list(*columns)
        for at, whose in enumerate(("user", "group__user"))
    )
    return own.union(groups, all=True)


class Role(models.TextChoices):
    """What somebody of the newsroom is. The value is the name of the group."""

    AUTHOR = AUTHORS, _("author")
    MODERATOR = MODERATORS, _("moderator")
    EDITOR = EDITORS, _("editor")


class Invitation(models.Model):
    """An address is invited to the newsroom with a role. `newsreader.accounts.invitations` sends, ends and accepts it.

    The link is signed and not stored: it names the row and `number`, which counts the mails, so that only the newest
    link works.
    """

    class State(models.TextChoices):
        OPEN = "open", _("waiting for an answer")
        EXPIRED = "expired", _("expired")
        ACCEPTED = "accepted", _("accepted")
        REVOKED = "revoked", _("revoked")

    email = models.EmailField(_("email"), max_length=254)
    role = models.CharField(_("role"), max_length=20, choices=Role)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("invited by")
    )
    created_at = models.DateTimeField(_("invited at"), default=timezone.now)
    number = models.PositiveIntegerField(_("emails sent"), default=1)
    sent_at = models.DateTimeField(_("last email"), default=timezone.now)
    expires_at = models.DateTimeField(_("valid until"))
    accepted_at = models.DateTimeField(_("accepted at"), null=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("accepted by")
    )
    revoked_at = models.DateTimeField(_("revoked at"), null=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("revoked by")
    )

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.UniqueConstraint(
                Lower("email"), condition=Q(accepted_at=None, revoked_at=None), name="invitation_once_while_open"
            ),
            models.CheckConstraint(condition=Q(accepted_at=None) | Q(revoked_at=None), name="invitation_ends_once"),
        ]

    def __str__(self) -> str:
        return f"{self.email} ({self.get_role_display()})"

    @property
    def state(self) -> State:
        if self.accepted_at:
            return self.State.ACCEPTED
        if self.revoked_at:
            return self.State.REVOKED
        return self.State.OPEN if timezone.now() < self.expires_at else self.State.EXPIRED

    @property
    def is_undecided(self) -> bool:
        """Say whether it is neither accepted nor revoked; it may have expired, and can be sent again."""
        return self.state in {self.State.OPEN, self.State.EXPIRED}


def new_token() -> str:
    """Return a random token."""
    return secrets.token_urlsafe(16)


class SentPicture(models.Model):
    """A portrait as somebody sent it, until the worker has drawn it; or that it could not be used.

    It is not in the storage: photographs say where they were taken. `token` tells two files of one person apart.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="sent_picture")
    data = models.BinaryField()
    token = models.CharField(max_length=32, default=new_token)
    is_refused = models.BooleanField(default=False)
    sent_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.user_id}: {self.sent_at}"


class CommenterIdentity(models.Model):
    """Who somebody is when leaving a reply: one account at one provider, linked to a user where there is one.

    `provider` is `email` for accounts of this site (`uid` is then the user's id), else the login provider's name.
    `email` is trusted only if `email_verified` is true.
    """

    OWN = "email"

    provider = models.CharField(_("provider"), max_length=40)
    uid = models.CharField(_("ID at the provider"), max_length=200)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="identities",
        verbose_name=_("user"),
    )
    display_name = models.CharField(_("display name"), max_length=245, blank=True)
    # The picture's address at the provider, and our own copy: a file in the storage, with a random name.
    avatar_source = models.CharField(_("address of the picture"), max_length=2000, blank=True)
    avatar = models.CharField(_("picture"), max_length=100, blank=True, editable=False)
    profile_url = models.URLField(_("profile address"), max_length=500, blank=True)
    email = models.EmailField(_("email"), max_length=254, blank=True)
    email_verified = models.BooleanField(_("email verified"), default=False)
    verified_at = models.DateTimeField(_("verified at"), null=True, blank=True)
    created_at = models.DateTimeField(_("first seen"), auto_now_add=True)

    class Meta:
        verbose_name = _("commenter")
        verbose_name_plural = _("commenters")
        constraints = [models.UniqueConstraint(fields=["provider", "uid"], name="identity_once_per_provider")]

    def __str__(self) -> str:
        return f"{self.display_name} ({self.provider})"

    @property
    def is_relayed(self) -> bool:
        """Say whether the address is one of Apple's relay addresses, which hide the real one."""
        return self.email.lower().endswith("@privaterelay.appleid.com")

    @property
    def is_new(self) -> bool:
        """Say whether they have just come from a provider for the first time, and may have an account here already."""
        return self.provider != self.OWN and timezone.now() - self.created_at < dt.timedelta(minutes=10)

    @property
    def shown_avatar(self) -> str:
        """The file name of the picture beside a comment: the account's, else the provider's, else empty."""
        return (self.user.avatar if self.user else "") or self.avatar


class KnownWay(models.Model):
    """A way by which somebody signs in, so that they are told of a new one (`newsreader.accounts.sign_in_ways`).

    `way`: `password`, `code`, `passkey`, `recovery_codes`, or our name of a login provider.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="known_ways")
    way = models.CharField(max_length=40)
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "way"], name="known_way_once")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.way}"


class KeptAnswer(models.Model):
    """The answer to a POST over REST with an idempotency key, so that the same POST gets the same answer.

    Kept for a day (`newsreader.accounts.kept_answers`). `person` is a keyed hash of an account or a network.
    """

    person = models.CharField(max_length=64)
    key = models.CharField(max_length=KEY_LENGTH)
    fingerprint = models.CharField(max_length=64)  # of what was sent
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    body = models.TextField(default="")
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "key"], name="kept_answer_once_per_key")]

    def __str__(self) -> str:
        return f"{self.key}: {self.status}"


class RetentionQuerySet(models.QuerySet["Retention"]):
    def current(self) -> "Retention":
        """The one row; created with the defaults if it is missing."""
        return self.filter(pk=1).first() or self.get_or_create(pk=1)[0]


class Retention(models.Model):
    """How long what is known of people is kept; one row, edited in the admin. `newsreader.operations.retention` acts.

    In days, but for drafts. Comments, decisions and the audit log stay, without what is named here.
    """

    addresses_whole = models.PositiveSmallIntegerField(
        _("days that IP addresses are kept whole"), default=7, validators=[MinValueValidator(1), MaxValueValidator(90)]
    )
    addresses = models.PositiveSmallIntegerField(
        _("days that the networks of IP addresses are kept"),
        default=90,
        validators=[MinValueValidator(1), MaxValueValidator(730)],
    )
    browsers = models.PositiveSmallIntegerField(
        _("days that the names of browsers are kept"),
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(365)],
    )
    mails = models.PositiveSmallIntegerField(
        _("days that sent emails stay in the list of emails"),
        default=90,
        validators=[MinValueValidator(30), MaxValueValidator(730)],
    )
    proofs = models.PositiveSmallIntegerField(
        _("days that links to confirm an address are kept"),
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(365)],
    )
    draft_hours = models.PositiveSmallIntegerField(
        _("hours that drafts are kept while somebody signs in"),
        default=24,
        validators=[MinValueValidator(1), MaxValueValidator(24)],
    )
    sessions = models.PositiveSmallIntegerField(
        _("days that ended sessions are kept"), default=1, validators=[MaxValueValidator(30)]
    )
    tasks = models.PositiveSmallIntegerField(
        _("days that finished tasks are kept"), default=7, validators=[MinValueValidator(1), MaxValueValidator(90)]
    )
    files = models.PositiveSmallIntegerField(
        _("days that files are kept which belong to nothing"), default=1, validators=[MaxValueValidator(365)]
    )
    notices = models.PositiveSmallIntegerField(
        _("days that the list of what readers were told by email is kept"),
        default=90,
        db_default=90,
        validators=[MinValueValidator(61), MaxValueValidator(730)],
    )
    invitations = models.PositiveSmallIntegerField(
        _("days that invitations are kept which nobody can accept"),
        default=90,
        db_default=90,
        validators=[MinValueValidator(1), MaxValueValidator(730)],
    )
    pictures = models.PositiveSmallIntegerField(
        _("days that somebody is told that their picture could not be used"),
        default=7,
        db_default=7,
        validators=[MinValueValidator(1), MaxValueValidator(90)],
    )
    uploads = models.PositiveSmallIntegerField(
        _("days that files are kept which were uploaded to be imported"),
        default=3,
        db_default=3,
        validators=[MinValueValidator(1), MaxValueValidator(90)],
    )
    reports = models.PositiveSmallIntegerField(
        _("days that settled reports say who made them"),
        default=200,
        db_default=200,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
    )
    appeals = models.PositiveSmallIntegerField(
        _("days that the words of settled appeals are kept"),
        default=200,
        db_default=200,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
    )
    log_people = models.PositiveSmallIntegerField(
        _("days that the audit log says names and addresses"), default=730, validators=[MaxValueValidator(3650)]
    )

    objects = RetentionQuerySet.as_manager()

    class Meta:
        verbose_name = _("retention")
        verbose_name_plural = _("retention")
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="retention_is_one_row"),
            models.CheckConstraint(
                condition=Q(addresses__gte=models.F("addresses_whole")), name="retention_cuts_first"
            ),
        ]

    def __str__(self) -> str:
        return str(_("retention"))

    def clean(self) -> None:
        if self.addresses is not None and self.addresses_whole is not None and self.addresses < self.addresses_whole:
            sentence = _("Addresses cannot be kept whole longer than they are kept at all.")
            raise ValidationError({"addresses": ValidationError(sentence, code="retention_cuts_first")})
