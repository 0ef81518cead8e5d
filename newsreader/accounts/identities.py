"""The identity behind a signed-in reader. Later providers add theirs; accounts of this site are `email`."""

from allauth.account.models import EmailAddress
from django.utils import timezone

from newsreader.accounts.models import CommenterIdentity, User


def own_identity(user: User) -> CommenterIdentity:
    """Return the identity of an account of this site, brought up to date with the account."""
    address = EmailAddress.objects.filter(user=user, verified=True).order_by("-primary", "pk").first()
    identity, _ = CommenterIdentity.objects.get_or_create(
        provider=CommenterIdentity.OWN, uid=str(user.pk), defaults={"user": user, "display_name": user.shown_name}
    )
    wanted = {
        "user_id": user.pk,
        "display_name": user.shown_name,
        "email": address.email if address else "",
        "email_verified": bool(address),
        "verified_at": (identity.verified_at or timezone.now()) if address else None,
    }
    if changed := {name: value for name, value in wanted.items() if getattr(identity, name) != value}:
        for name, value in changed.items():
            setattr(identity, name, value)
        identity.save(update_fields=list(changed))
    return identity


def verified_address(user: User) -> str:
    """Return the address at which this person may be mailed, or an empty string."""
    address = EmailAddress.objects.filter(user=user, verified=True).order_by("-primary", "pk").first()
    return address.email if address else ""
