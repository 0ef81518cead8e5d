"""Under which identity somebody comments."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.test import RequestFactory

from newsreader.accounts.identities import IN_SESSION, identity_of, own_identity
from newsreader.accounts.models import CommenterIdentity
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]


def asked(user, chosen=None):
    """What is found in a request of this person, whose session names an identity."""
    request = RequestFactory().get("/")
    request.user, request.session = user, SessionStore()
    if chosen:
        request.session[IN_SESSION] = chosen
    return identity_of(request)


def connected(user, *providers):
    return [CommenterIdentity.objects.create(provider=name, uid=str(user.pk), user=user) for name in providers]


def test_it_is_the_one_that_was_entered_with():
    user = make_user()
    own = own_identity(user)
    identities = connected(user, "google", "github", "x")

    assert [asked(user, identity.pk) for identity in identities] == identities
    assert asked(user) == own


def test_it_is_never_somebody_elses():
    user, other = make_user(), make_user()
    (theirs,) = connected(other, "google")

    assert asked(user, theirs.pk) == own_identity(user)
    assert asked(user, theirs.pk + 1_000) == own_identity(user)
    assert asked(AnonymousUser(), theirs.pk) is None


@pytest.mark.parametrize(
    ("own", "theirs", "shown"),
    [("a.webp", "b.webp", "a.webp"), ("", "b.webp", "b.webp"), ("a.webp", "", "a.webp"), ("", "", "")],
)
def test_ones_own_picture_is_shown_before_the_providers(own, theirs, shown):
    (identity,) = connected(make_user(avatar=own), "google")
    identity.avatar = theirs

    assert identity.shown_avatar == shown


def test_without_an_account_the_providers_picture_is_shown():
    assert CommenterIdentity(provider="google", uid="1", avatar="b.webp").shown_avatar == "b.webp"
