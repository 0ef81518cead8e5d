"""Under which identity somebody comments."""

import importlib
from types import SimpleNamespace

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.test import RequestFactory

from newsreader.accounts.identities import IN_SESSION, _owners, identity_of, own_identity, owners_of
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


@pytest.mark.ci_both
def test_an_address_is_found_by_an_index_however_it_was_typed():
    make_user("Ada")

    assert owners_of("ADA@example.ORG") == [True]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")  # It would read so small a table whole, and rightly so.
    plan = _owners.build("ada@example.org").explain()
    assert "(email=?)" in plan or "Index Cond: ((email)::text = " in plan, plan


def test_addresses_that_were_stored_as_typed_are_lowered_but_where_that_one_exists():
    one, two = make_user("ada"), make_user("bea")
    EmailAddress.objects.filter(user=one).update(email="Ada@Example.org")
    other = EmailAddress.objects.create(user=two, email="cyd@example.org")
    EmailAddress.objects.filter(pk=other.pk).update(email="Bea@example.org")

    migration = importlib.import_module("newsreader.accounts.migrations.0008_addresses_in_lower_case")
    migration.lower(apps, SimpleNamespace(connection=connection))

    assert owners_of("Ada@example.org") == [True]
    assert set(two.emailaddress_set.values_list("email", flat=True)) == {"bea@example.org", "Bea@example.org"}
