"""Who is signed in, as the session says."""

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.middleware import get_user
from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.test import RequestFactory

from newsreader.accounts import groups
from newsreader.accounts.models import User
from newsreader.accounts.session_store import SessionStore
from newsreader.accounts.session_user import user_of
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.ci_both]


def request_of(client):
    request = RequestFactory().get("/")
    request.session = SessionStore(client.cookies["sessionid"].value)
    return request


@pytest.fixture
def user(client):
    user = make_user()
    client.force_login(user)
    return user


def test_the_user_of_a_session_is_found_with_one_statement(client, user, django_assert_num_queries):
    assert user_of(request_of(client)) == user
    request = request_of(client)
    assert request.session[SESSION_KEY] == str(user.pk)

    with django_assert_num_queries(1):
        found = user_of(request)
        assert (found, found.email, found.is_authenticated) == (user, user.email, True)
        assert not found.has_perm("comments.moderate_comment")


@pytest.mark.parametrize("given", ["a group", "a right"])
def test_somebody_who_has_been_given_rights_has_them_from_the_next_request_on(client, user, given):
    assert not user_of(request_of(client)).has_perm("comments.moderate_comment")

    if given == "a group":
        user.groups.add(Group.objects.get(name=groups.AUTHORS))
    else:
        user.user_permissions.add(Permission.objects.get(codename="moderate_comment"))

    assert user_of(request_of(client)).has_perm("comments.moderate_comment")


def test_a_session_that_has_nobody_is_nobodys():
    request = RequestFactory().get("/")
    request.session = SessionStore()

    assert user_of(request) == AnonymousUser()


def no_longer_active(user, request):
    User.objects.filter(pk=user.pk).update(is_active=False)


def another_password(user, request):
    user.set_password("another")
    user.save()


def gone(user, request):
    User.objects.filter(pk=user.pk).delete()


def another_backend(user, request):
    request.session[BACKEND_SESSION_KEY] = "gone.Backend"


def no_hash(user, request):
    request.session[HASH_SESSION_KEY] = ""


@pytest.mark.parametrize("change", [no_longer_active, another_password, gone, another_backend, no_hash])
def test_whom_django_would_not_take_for_signed_in_is_not(client, user, change):
    request, asked_django = request_of(client), request_of(client)
    change(user, request)
    change(user, asked_django)

    assert user_of(request) == get_user(asked_django) == AnonymousUser()


def test_a_session_goes_on_when_the_secret_key_is_changed(client, user, settings):
    request = request_of(client)
    assert request.session[SESSION_KEY]  # Read with the key that it was written with.
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another-" * 8, [settings.SECRET_KEY]

    assert user_of(request) == user
    assert request.session[HASH_SESSION_KEY] == User.objects.get(pk=user.pk).get_session_auth_hash()
