"""Taking all roles from somebody who leaves the newsroom, in one deed. Their bylines and comments stay.

The account stays, too, as a reader's: what somebody wrote remains theirs. An invitation brings them back.
"""

from __future__ import annotations

from allauth.usersessions.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from newsreader.accounts import invitations
from newsreader.accounts.models import Role, User
from newsreader.kit.errors import Conflict, Forbidden


class LastSuperuser(Conflict):
    code = "last_superuser"
    sentence = gettext_lazy(
        "This is the only superuser who can sign in. Make somebody else one first: else nobody could run the site."
    )


def is_member(user: User) -> bool:
    """Say whether there is anything to take from this person. Two queries at most."""
    has_rights = user.is_staff or user.is_superuser
    return has_rights or user.groups.exists() or user.user_permissions.exists()


def may_end_roles(by: User, user: User) -> bool:
    """Say whether `by` may take all roles from this person: nobody does who has fewer rights than they."""
    if not by.has_perm("accounts.end_roles"):
        return False
    return by.is_superuser or (not user.is_superuser and _rights(user) <= by.get_all_permissions())


def _rights(user: User) -> set[str]:
    """Return their permissions, also of an account that is closed."""
    if user.is_active:
        return user.get_all_permissions()
    return User(pk=user.pk, is_active=True).get_all_permissions()


@transaction.atomic
def leave(user_id: int, *, by: User) -> User | None:
    """Take groups, permissions, the newsroom and all sessions from somebody, and end the invitations they have sent.

    Returns None, and changes nothing, if they have no role. Raises User.DoesNotExist, Forbidden, LastSuperuser.
    """
    # All superusers, so that two who leave at the same moment do not each count on the other.
    superusers = list(User.objects.select_for_update().filter(is_superuser=True, is_active=True).order_by("pk"))
    user = User.objects.select_for_update().get(pk=user_id)
    if not may_end_roles(by, user):
        raise Forbidden()
    if not is_member(user):
        return None
    if user.is_superuser and not [other for other in superusers if other.pk != user.pk]:
        raise LastSuperuser()
    had = roles_in_words(user)
    user.groups.clear()
    user.user_permissions.clear()
    user.is_staff = user.is_superuser = False
    user.left_at = timezone.now()
    user.save(update_fields=["is_staff", "is_superuser", "left_at"])
    invitations.revoke_all_of(user, by=by)
    get_adapter().end_sessions(list(UserSession.objects.filter(user=user)))
    LogEntry.objects.create(
        user=by,
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(user.pk),
        object_repr=str(user)[:200],
        action_flag=CHANGE,
        change_message=_("Left the newsroom. Was: %s.") % had,
    )
    return user


def roles_in_words(user: User) -> str:
    """Return what somebody is, for people: "editor, author". Groups that are no role have their own names."""
    known = dict(Role.choices)
    words = [str(known.get(group.name, group.name)) for group in user.groups.all()]
    if user.is_superuser:
        words.insert(0, _("superuser"))
    return ", ".join(words) or (_("staff") if user.is_staff else _("reader"))
