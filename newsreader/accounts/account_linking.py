"""Connecting a login provider to one's account, also if it was used here before, on its own."""

from allauth.account.models import EmailAddress
from allauth.mfa.utils import is_mfa_enabled
from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.http import HttpRequest

from newsreader.accounts.models import CommenterIdentity, User
from newsreader.accounts.reauthentication import must_confirm


def join(request: HttpRequest, login: SocialLogin) -> None:
    """Take over a provider's account, with its comments, from the account that it created here when it was first used.

    Both belong to the same person, who is signed in to the one and has just come back from the provider of the other.
    Done only if the other account has nothing else (no password, factor, second provider, permissions); otherwise the
    library refuses.
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
    # An address that was not verified here is verified by the account that is taken over.
    verified = EmailAddress.objects.filter(user=theirs, verified=True).values_list("email", flat=True)
    EmailAddress.objects.filter(user=mine, verified=False, email__in=[email.lower() for email in verified]).delete()
    # Verified addresses are unique, so they can be moved; none of them becomes the primary one.
    EmailAddress.objects.filter(user=theirs, verified=True).update(user=mine, primary=False)
    for session in UserSession.objects.filter(user=theirs):
        session.end()
    theirs.is_active, theirs.email = False, ""
    theirs.save(update_fields=["is_active", "email"])
