"""What the library asks us about accounts."""

import pytest
from allauth.account.models import EmailAddress

from newsreader.accounts.adapters import AccountAdapter
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]


def make_bare():
    """Somebody without a password, who signs in by codes sent to their address."""
    user = make_user()
    user.set_unusable_password()
    user.save()
    return user


def may_go(address: EmailAddress) -> bool:
    return AccountAdapter().can_delete_email(address)


def test_the_only_address_stays_where_it_is_the_last_way_in():
    assert not may_go(make_bare().emailaddress_set.get())


def test_the_first_of_several_addresses_stays_as_the_library_has_it():
    user = make_bare()
    second = EmailAddress.objects.create(user=user, email="second@example.org", verified=True)

    assert not may_go(user.emailaddress_set.get(primary=True))
    assert may_go(second)


def test_an_address_stays_where_the_other_one_was_never_confirmed():
    user = make_bare()
    confirmed = user.emailaddress_set.get()
    confirmed.primary = False
    confirmed.save()
    EmailAddress.objects.create(user=user, email="typed@example.org", verified=False, primary=True)

    assert not may_go(confirmed)
