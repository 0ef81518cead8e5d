"""Connecting a login provider to one's account, also where that provider's account has been used here on its own."""

from allauth.account.models import EmailAddress
from allauth.mfa.utils import is_mfa_enabled
from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.http import HttpRequest

from newsreader.accounts.models import CommenterIdentity, User
from newsreader.accounts.reauthentication import must_confirm


def join(request: HttpRequest, login: SocialLogin) -> None:
    """Take over a provider's account, with its comments, from the bare account that it opened here by itself.

    Both are the same person's: signed in to the one, and just back from the provider of the other. Done only where
    the other is nothing besides (no password, factor, second provider, rights); else the library refuses.
    """
    mine = request.user
    if not (mine.is_authenticated and login.is_existing) or login.user == mine or not _is_bare(login.user):
        return
    if must_confirm(request):
        return
    _move(login.user, mine)
    login.user = login.account.user = mine


def _is_bare(user: User) -> bool:
    return not (
        user.is_staff
        or user.is_superuser
        or user.has_usable_password()
        or is_mfa_enabled(user)
        or SocialAccount.objects.filter(user=user).count() > 1
    )


@transaction.atomic
def _move(theirs: User, mine: User) -> None:
    SocialAccount.objects.filter(user=theirs).update(user=mine)
    CommenterIdentity.objects.filter(user=theirs).update(user=mine)
    # An address that was only claimed here is proved by the account that comes along.
    proved = EmailAddress.objects.filter(user=theirs, verified=True).values_list("email", flat=True)
    EmailAddress.objects.filter(user=mine, verified=False, email__in=[email.lower() for email in proved]).delete()
    # Verified addresses are nobody else's, so they can come along; none of them becomes the first.
    EmailAddress.objects.filter(user=theirs, verified=True).update(user=mine, primary=False)
    for session in UserSession.objects.filter(user=theirs):
        session.end()
    theirs.is_active, theirs.email = False, ""
    theirs.save(update_fields=["is_active", "email"])
