"""Changes of accounts in the audit log: who may do what, and what gives access to an account.

Whatever changes an account goes through its rows: the admin, a command, a library's page. So this listens to the rows
(Django's signals, inside the transaction of the change), and no way of changing them has to remember it.

What readers do to their own accounts is theirs, and is not recorded. Recorded is whatever changes rights, whatever
happens to an account of the newsroom, and what somebody else, or a command, does to anybody's. To record another field,
name it in RIGHTS or ACCESS; another table that belongs to an account, in `listen`.
"""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import Group, Permission
from django.db.models import Model, QuerySet
from django.db.models.signals import ModelSignal, m2m_changed, post_save, pre_delete, pre_save

from comments.audit import audit_log
from newsreader.accounts.models import Invitation, User

RIGHTS = ("is_active", "is_staff", "is_superuser")
ACCESS = (
    "username",
    "email",
    "password",
)  # Of these the log keeps that they changed; names and addresses can be erased.
TAKES = {"pre_remove": "removed", "pre_clear": "removed", "post_add": "added"}


def subject_of(user_id: int) -> str:
    """Return what entries about an account are about. `audit_log.forget` erases what is personal in them."""
    return f"account:{user_id}"


def listen() -> None:
    receivers: list[tuple[ModelSignal, Callable[..., None], type[Model]]] = [
        (pre_save, _user_is_saved, User),
        (post_save, _user_was_saved, User),
        (pre_delete, _user_is_deleted, User),
        (m2m_changed, _groups_changed, User.groups.through),
        (m2m_changed, _permissions_changed, User.user_permissions.through),
        (m2m_changed, _group_permissions_changed, Group.permissions.through),
        (post_save, _group_was_saved, Group),
        (pre_delete, _group_is_deleted, Group),
        (post_save, _invitation_was_saved, Invitation),
        (pre_delete, _invitation_is_deleted, Invitation),
        (post_save, _factor_was_saved, Authenticator),
        (pre_delete, _factor_is_deleted, Authenticator),
        (post_save, _belonging_was_saved, EmailAddress),
        (pre_delete, _belonging_is_deleted, EmailAddress),
        (post_save, _belonging_was_saved, SocialAccount),
        (pre_delete, _belonging_is_deleted, SocialAccount),
    ]
    for signal, receiver, sender in receivers:
        signal.connect(receiver, sender=sender, dispatch_uid=f"audit-{receiver.__name__}-{sender.__name__}")


# --- Who does it --------------------------------------------------------------------------------------------------


def _actor() -> Any:
    """Return the account that asks for the change; None for a stranger, and for a command."""
    user = getattr(context.request, "user", None)
    return user if user is not None and user.is_authenticated else None


def _is_of_others(user: User) -> bool:
    """Say whether somebody else changes this account, or a command."""
    actor = _actor()
    return context.request is None if actor is None else actor.pk != user.pk


def _note(kind: str, user: User, facts: dict[str, Any], personal: dict[str, Any] | None = None) -> None:
    _write(kind, subject_of(user.pk), facts, {"username": user.username} | (personal or {}))


def _write(kind: str, subject: str, facts: dict[str, Any], personal: dict[str, Any] | None = None) -> None:
    if context.request is None:
        facts |= {"command": sys.argv[1]} if Path(sys.argv[0]).name == "manage.py" and sys.argv[1:] else {}
        personal = (personal or {}) | {"system_account": _system_account()}
    audit_log.note(kind, subject, by=_actor(), facts=facts, personal=personal)


def _system_account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # An account without a name, as containers have.
        return ""


# --- Accounts -----------------------------------------------------------------------------------------------------


def _user_is_saved(instance: User, raw: bool = False, update_fields: Collection[str] | None = None, **_: Any) -> None:
    """Keep the stored values until the new ones are stored."""
    watched = [name for name in (*RIGHTS, *ACCESS) if update_fields is None or name in update_fields]
    before = {} if raw or not watched else User.objects.filter(pk=instance.pk).values(*watched).first()
    vars(instance)["audited_before"] = before or {}


def _user_was_saved(instance: User, created: bool, raw: bool = False, **_: Any) -> None:
    before: dict[str, Any] = vars(instance).pop("audited_before", {})
    if raw:
        return
    if created:
        if _has_rights(instance) or _actor() is not None:
            _note("account_added", instance, {name: getattr(instance, name) for name in RIGHTS}, _typed(instance))
        return
    was = {name: value for name, value in before.items() if value != getattr(instance, name)}
    rights = {name: {"from": was[name], "to": getattr(instance, name)} for name in RIGHTS if name in was}
    access = [name for name in ACCESS if name in was]
    if rights or (access and (instance.is_staff or instance.is_superuser or _is_of_others(instance))):
        personal = {name: {"from": was[name], "to": getattr(instance, name)} for name in access if name != "password"}
        _note("account_changed", instance, rights | ({"changed": access} if access else {}), personal)


def _typed(user: User) -> dict[str, Any]:
    return {"email": user.email} if user.email else {}


def _has_rights(user: User) -> bool:
    return user.is_staff or user.is_superuser


def _user_is_deleted(instance: User, **_: Any) -> None:
    facts: dict[str, Any] = {name: getattr(instance, name) for name in RIGHTS}
    facts["groups"] = sorted(instance.groups.values_list("name", flat=True))
    if _has_rights(instance) or facts["groups"] or _is_of_others(instance):
        _note("account_deleted", instance, facts, _typed(instance))


# --- Groups and permissions ---------------------------------------------------------------------------------------


def _related(instance: Any, action: str, keys: Collection[int] | None, mine: Any, model: type[Model]) -> list[Any]:
    """Return the rows that come or go: of those to be removed, those that are there."""
    rows: QuerySet[Any] = model._default_manager.all() if action == "post_add" else mine
    return list(rows if keys is None else rows.filter(pk__in=keys))


def _groups_changed(instance: Any, action: str, reverse: bool, pk_set: Collection[int] | None, **_: Any) -> None:
    if action not in TAKES:
        return
    if reverse:
        for user in _related(instance, action, pk_set, instance.user_set.all(), User):
            _note("account_changed", user, {"groups": {TAKES[action]: [instance.name]}})
    elif names := [row.name for row in _related(instance, action, pk_set, instance.groups.all(), Group)]:
        _note("account_changed", instance, {"groups": {TAKES[action]: sorted(names)}})


def _permissions_changed(instance: Any, action: str, reverse: bool, pk_set: Collection[int] | None, **_: Any) -> None:
    if action not in TAKES:
        return
    if reverse:
        for user in _related(instance, action, pk_set, instance.user_set.all(), User):
            _note("account_changed", user, {"permissions": {TAKES[action]: _codes([instance])}})
    elif rows := _related(instance, action, pk_set, instance.user_permissions.all(), Permission):
        _note("account_changed", instance, {"permissions": {TAKES[action]: _codes(rows)}})


def _codes(rows: Iterable[Permission]) -> list[str]:
    return sorted(f"{row.content_type.app_label}.{row.codename}" for row in rows)


def _group_permissions_changed(
    instance: Any, action: str, reverse: bool, pk_set: Collection[int] | None, **_: Any
) -> None:
    # `migrate` gives the newsroom's groups what the code says; in the admin somebody decides.
    if action not in TAKES or reverse or context.request is None:
        return
    if rows := _related(instance, action, pk_set, instance.permissions.all(), Permission):
        facts = {"group": instance.name, "permissions": {TAKES[action]: _codes(rows)}}
        _write("group_changed", f"group:{instance.pk}", facts)


def _group_was_saved(instance: Group, created: bool, raw: bool = False, **_: Any) -> None:
    if context.request is not None and not raw:
        _write("group_added" if created else "group_changed", f"group:{instance.pk}", {"group": instance.name})


def _group_is_deleted(instance: Group, **_: Any) -> None:
    members = sorted(instance.user_set.values_list("pk", flat=True))
    _write("group_deleted", f"group:{instance.pk}", {"group": instance.name, "accounts": members})


def _invitation_was_saved(instance: Invitation, created: bool, raw: bool = False, **_: Any) -> None:
    """Record each deed: an invitation is saved once for every one."""
    if raw:
        return
    again = {
        Invitation.State.ACCEPTED: ("invitation_accepted", instance.accepted_by),
        Invitation.State.REVOKED: ("invitation_revoked", instance.revoked_by),
    }
    kind, by = again.get(instance.state, ("invitation_sent", instance.invited_by))
    facts = {"role": instance.role, "mail": instance.number}
    # Who accepts may have made the account with this very deed, and not be signed in yet.
    audit_log.note(kind, f"invitation:{instance.pk}", by=by, facts=facts, personal={"email": instance.email})


def _invitation_is_deleted(instance: Invitation, **_: Any) -> None:
    """Record that an ended invitation was cleared, and erase its address: the events stay."""
    subject = f"invitation:{instance.pk}"
    audit_log.note("invitation_cleared", subject, facts={"role": instance.role, "state": instance.state})
    audit_log.forget(subject)


# --- What gives access to an account ------------------------------------------------------------------------------


def _goes_with_its_account(origin: Any) -> bool:
    """Say whether a row is deleted because its account is."""
    return issubclass(origin.model if isinstance(origin, QuerySet) else type(origin), User)


def _note_factor(kind: str, factor: Authenticator) -> None:
    if _has_rights(factor.user) or _is_of_others(factor.user):
        _note(kind, factor.user, {"type": factor.type})


def _factor_was_saved(instance: Authenticator, created: bool, raw: bool = False, **_: Any) -> None:
    if created and not raw:
        _note_factor("second_factor_added", instance)


def _factor_is_deleted(instance: Authenticator, origin: Any = None, **_: Any) -> None:
    if not _goes_with_its_account(origin):
        _note_factor("second_factor_removed", instance)


def _note_belonging(row: EmailAddress | SocialAccount, what: str) -> None:
    """Record what somebody else does to the addresses and login providers of an account, in the admin."""
    if _actor() is None or not _is_of_others(row.user):
        return
    if isinstance(row, EmailAddress):
        facts = {"email_address": what, "verified": row.verified, "primary": row.primary}
        _note("account_changed", row.user, facts, {"email": row.email})
    else:
        _note("account_changed", row.user, {"provider": row.provider, "login": what}, {"uid": row.uid})


def _belonging_was_saved(instance: Any, created: bool, raw: bool = False, **_: Any) -> None:
    if not raw:
        _note_belonging(instance, "added" if created else "changed")


def _belonging_is_deleted(instance: Any, origin: Any = None, **_: Any) -> None:
    if not _goes_with_its_account(origin):
        _note_belonging(instance, "removed")
