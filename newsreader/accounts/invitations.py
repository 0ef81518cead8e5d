"""Inviting people to the newsroom: by mail, with a role, and a link that works once, for a week.

A link is signed and names an invitation and the number of its mail, so that a newer mail ends the older link, and
nothing in the database opens anything. Whoever follows it has confirmed the address. Nobody gives more than their own
rights, neither when they invite nor when that is accepted. Every deed is in the admin's log; the audit log listens to
the rows.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from newsreader.accounts import groups
from newsreader.accounts.events import RoleGiven
from newsreader.accounts.identities import shown_name
from newsreader.accounts.models import Invitation, Role, User
from newsreader.kit.email_addresses import tidy_email, why_not
from newsreader.kit.errors import Conflict, DomainError, FieldError, Forbidden, Invalid, TooMany
from newsreader.kit.events import publish
from newsreader.kit.tasks import task
from newsreader.kit.web import absolute
from newsreader.mailing import outbox
from newsreader.mailing.models import Letter

LIFE = dt.timedelta(days=7)
PAUSE = dt.timedelta(minutes=5)  # between two mails of one invitation
AT_ONCE = 500  # invitations that one run clears
MOST = 30  # invitations that one person sends in an hour
SALT = "newsreader.accounts.invitations"
State = Invitation.State


class InvitationUnknown(DomainError):
    """A forged or mangled link, or a browser that has not opened one."""

    code, status = "invitation_unknown", 404
    title = gettext_lazy("No such invitation")
    sentence = gettext_lazy(
        "This is not the address of an invitation. Please open the link in the mail once more, all of it."
    )


class InvitationEnded(DomainError):
    """The link was good once."""

    status = 410
    title: str = gettext_lazy("This invitation has ended")  # type: ignore[assignment]


class InvitationExpired(InvitationEnded):
    code = "invitation_expired"
    sentence = gettext_lazy("This link was valid for a week. Please ask the newsroom to send you a new one.")


class InvitationReplaced(InvitationEnded):
    code = "invitation_replaced"
    sentence = gettext_lazy("We have sent you a newer link since. Please open the one in the newest email.")


class InvitationRevoked(InvitationEnded):
    code = "invitation_revoked"
    sentence = gettext_lazy("The newsroom has taken this invitation back.")


class InvitationUsed(InvitationEnded):
    code = "invitation_used"
    sentence = gettext_lazy("This invitation has been accepted already. Sign in to go on.")


class TooManyInvitations(TooMany):
    code = "too_many_invitations"
    sentence = gettext_lazy("You have invited many people in this hour. Please go on in the next.")


class SentJustNow(TooMany):
    code = "invitation_sent_just_now"
    sentence = gettext_lazy("An email has just been sent. Please wait some minutes before you send another.")


# --- Inviting -----------------------------------------------------------------------------------------------------


@transaction.atomic
def invite(email: str, role: str, *, by: User) -> Invitation:
    """Invite an address with a role, and mail the link.

    Raises Invalid for an address that cannot be one, is invited already, or has the role; Forbidden for a role with
    more rights than one's own; TooManyInvitations.
    """
    email = tidy_email(email)
    if sentence := why_not(email):
        raise Invalid([FieldError("email", "require_valid_email", sentence)])
    _refuse_more_rights(by, role)
    now = timezone.now()
    if Invitation.objects.filter(invited_by=by, created_at__gt=now - dt.timedelta(hours=1)).count() >= MOST:
        raise TooManyInvitations(3600)
    owner = owner_of(email)
    if owner and owner.is_staff and owner.groups.filter(name=role).exists():
        raise Invalid([FieldError("email", "has_role", _("This person has this role already."))])
    taken = _("This address is invited already. You can send the email again, or revoke the invitation first.")
    wrong = Invalid([FieldError("email", "already_invited", taken)])
    if Invitation.objects.filter(email__iexact=email, accepted_at=None, revoked_at=None).exists():
        raise wrong
    invitation = Invitation(email=email, role=role, invited_by=by, created_at=now, sent_at=now, expires_at=now + LIFE)
    try:
        with transaction.atomic():
            invitation.save()
    except IntegrityError:  # A colleague has invited them at the same moment.
        raise wrong from None
    _record(invitation, by, ADDITION, _("Invited as %s.") % invitation.get_role_display())
    _mail(invitation)
    return invitation


@transaction.atomic
def resend(invitation_id: int, *, by: User) -> Invitation:
    """Mail a new link, which is valid for a week; the one before ends.

    Raises InvitationEnded, Forbidden, SentJustNow.
    """
    invitation = _undecided(invitation_id)
    _refuse_more_rights(by, invitation.role)
    now = timezone.now()
    if (wait := invitation.sent_at + PAUSE - now) > dt.timedelta():
        raise SentJustNow(min(math.ceil(wait.total_seconds()), int(PAUSE.total_seconds())))
    invitation.number += 1
    # From now on, the invitation is theirs: it holds as long as they may give the role.
    invitation.invited_by, invitation.sent_at, invitation.expires_at = by, now, now + LIFE
    invitation.save(update_fields=["number", "invited_by", "sent_at", "expires_at"])
    _record(invitation, by, CHANGE, _("Sent again."))
    _mail(invitation)
    return invitation


@transaction.atomic
def revoke(invitation_id: int, *, by: User) -> Invitation:
    """End an invitation; its link says so. Raises InvitationEnded if it has been answered, Forbidden."""
    invitation = _undecided(invitation_id)
    _refuse_more_rights(by, invitation.role)
    _revoke(invitation, by)
    return invitation


def _revoke(invitation: Invitation, by: User) -> None:
    invitation.revoked_at, invitation.revoked_by = timezone.now(), by
    invitation.save(update_fields=["revoked_at", "revoked_by"])
    _record(invitation, by, CHANGE, _("Revoked."))


def revoke_all_of(user: User, *, by: User) -> None:
    """End the invitations that somebody has sent, or that wait at one of their addresses, since they leave."""
    addresses = {email.lower() for email in EmailAddress.objects.filter(user=user).values_list("email", flat=True)}
    for invitation in Invitation.objects.select_for_update().filter(accepted_at=None, revoked_at=None).order_by("pk"):
        if invitation.invited_by_id == user.pk or invitation.email.lower() in addresses:
            _revoke(invitation, by)


@transaction.atomic
def forget_old(age: dt.timedelta) -> int:
    """Delete some invitations that nobody can accept any more, so long after they ended; one that was accepted stays.

    The address goes from the admin's log, too. The audit log listens and keeps the event without it. Returns how many.
    """
    before = timezone.now() - age
    expired = Q(revoked_at=None, expires_at__lt=before)
    ended = Invitation.objects.filter(expired | Q(revoked_at__lt=before), accepted_at=None).order_by("pk")
    roles = dict(ended.select_for_update().values_list("pk", "role")[:AT_ONCE])
    kind = ContentType.objects.get_for_model(Invitation)
    for role in set(roles.values()):
        ids = [str(pk) for pk, given in roles.items() if given == role]
        LogEntry.objects.filter(content_type=kind, object_id__in=ids).update(object_repr=Role(role).label)
    Invitation.objects.filter(pk__in=roles).delete()
    return len(roles)


def _refuse_more_rights(by: User, role: str) -> None:
    if role not in groups.given_by(by):
        raise Forbidden(gettext_lazy("You cannot give a role with more rights than your own."))


def _undecided(invitation_id: int) -> Invitation:
    invitation = Invitation.objects.select_for_update().get(pk=invitation_id)
    if not invitation.is_undecided:
        raise InvitationUsed() if invitation.state == State.ACCEPTED else InvitationRevoked()
    return invitation


def _record(invitation: Invitation, by: User, flag: int, said: str) -> None:
    LogEntry.objects.create(
        user=by,
        content_type=ContentType.objects.get_for_model(Invitation),
        object_id=str(invitation.pk),
        object_repr=str(invitation)[:200],
        action_flag=flag,
        change_message=said,
    )


# --- The mail and its link ----------------------------------------------------------------------------------------


def link(invitation: Invitation) -> str:
    """Return the absolute address with which this invitation is accepted, of its newest email."""
    token = signing.Signer(salt=SALT).sign_object([invitation.pk, invitation.number])
    return absolute(f"/accounts/invitation/{token}/")


def _mail(invitation: Invitation) -> None:
    owner = owner_of(invitation.email)
    letter = Letter(name="invitation", about="invitation", about_id=invitation.pk, number=invitation.number)
    letter.address, letter.language = invitation.email, owner.language if owner else ""
    outbox.enqueue([letter])


@task()
def mail_invitation(invitation_id: int, number: int) -> None:
    """Mail an invitation for which the release before has queued this task. Goes with the next release."""
    with transaction.atomic():
        invitation = Invitation.objects.filter(pk=invitation_id, number=number).first()
        if invitation and invitation.state == State.OPEN:
            _mail(invitation)


def contexts(letters: list[Letter]) -> dict[int, dict[str, Any] | None]:
    """Return what the mail of each invitation says; None where it has ended, or a newer mail is on its way."""
    ids = {letter.about_id for letter in letters if letter.about_id}
    rows = {row.pk: row for row in Invitation.objects.select_related("invited_by").filter(pk__in=ids)}

    def context(letter: Letter) -> dict[str, Any] | None:
        invitation = rows.get(letter.about_id or 0)
        if invitation is None or invitation.number != letter.number or invitation.state != State.OPEN:
            return None
        inviter = invitation.invited_by.shown_name if invitation.invited_by else ""
        return {"invitation": invitation, "inviter": inviter, "link": link(invitation)}

    return {letter.pk: context(letter) for letter in letters}


def find(token: str) -> Invitation:
    """Return the open invitation of a link. Raises InvitationUnknown, InvitationEnded."""
    return _found(token, lock=False)


def _found(token: str, *, lock: bool) -> Invitation:
    try:
        invitation_id, number = signing.Signer(salt=SALT).unsign_object(token)
    except (signing.BadSignature, ValueError, TypeError):
        raise InvitationUnknown() from None
    rows = Invitation.objects.select_for_update(of=("self",)) if lock else Invitation.objects.all()
    invitation = rows.select_related("invited_by").filter(pk=invitation_id).first()
    if invitation is None:
        raise InvitationUnknown()
    if invitation.state == State.ACCEPTED:
        raise InvitationUsed()
    by = invitation.invited_by
    if invitation.state == State.REVOKED or by is None or invitation.role not in groups.given_by(by):
        raise InvitationRevoked()
    if invitation.number != number:
        raise InvitationReplaced()
    if invitation.state == State.EXPIRED:
        raise InvitationExpired()
    return invitation


# --- Accepting ----------------------------------------------------------------------------------------------------


def owner_of(email: str) -> User | None:
    """Return the account that has confirmed this address."""
    found = EmailAddress.objects.filter(email=email.lower(), verified=True).select_related("user").first()
    return found.user if found else None


def is_for(invitation: Invitation, user: User) -> bool:
    """Say whether this account may accept it: its address is among theirs, and no other account has confirmed it."""
    mine = EmailAddress.objects.filter(user=user, email=invitation.email.lower()).exists()
    return mine and (owner_of(invitation.email) or user) == user


@transaction.atomic
def accept(token: str, *, user: User) -> Invitation:
    """Give the role to an account that has the invited address.

    Raises InvitationUnknown, InvitationEnded; Forbidden for another account.
    """
    invitation = _found(token, lock=True)
    if not is_for(invitation, user) or not user.is_active:
        raise Forbidden()
    # Following the link has confirmed it.
    EmailAddress.objects.filter(user=user, email=invitation.email.lower(), verified=False).update(verified=True)
    _give(invitation, user)
    return invitation


@transaction.atomic
def accept_with_new_account(token: str, *, name: str, password: str = "") -> User:
    """Make an account with the invited address, confirmed, and give it the role. Without a password: none is set.

    Raises InvitationUnknown, InvitationEnded; Conflict where the address has got an account meanwhile.
    """
    invitation = _found(token, lock=True)
    email = invitation.email
    if owner_of(email):
        raise Conflict()
    name = shown_name(name)
    username = get_adapter().generate_unique_username([name[:60], email.partition("@")[0], "colleague"])
    user = User(username=username, name=name, email=email)
    if password:
        user.set_password(password)
    else:
        user.set_unusable_password()
    try:
        with transaction.atomic():
            user.save()
            EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    except IntegrityError:  # Somebody else took the name or the address at the same moment.
        raise Conflict() from None
    _give(invitation, user)
    return user


def _give(invitation: Invitation, user: User) -> None:
    user.is_staff, user.left_at = True, None
    user.save(update_fields=["is_staff", "left_at"])
    user.groups.add(Group.objects.get(name=invitation.role))
    invitation.accepted_at, invitation.accepted_by = timezone.now(), user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    _record(invitation, user, CHANGE, _("Accepted."))
    publish(RoleGiven(user.pk, Role(invitation.role).value))
