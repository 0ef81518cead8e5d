"""How fast somebody may post: whose bucket it is, and which buckets are kept."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from django.utils import timezone

from comments.drafts import Author
from comments.errors import Flood
from comments.models import Comment, RateLimit
from comments.posting.submission import post_comment
from comments.screening import rate_limit
from newsreader.accounts.identities import own_identity
from newsreader.accounts.models import CommenterIdentity
from tests.factories import make_article, make_draft, make_user, set_rules

pytestmark = pytest.mark.django_db


@pytest.fixture
def article():
    set_rules(flood_burst=1, flood_seconds=60)
    return make_article()


def draft_of(article, identity):
    """A reply under this identity, from a network where nobody else is."""
    return replace(make_draft(article), author=Author(identity=identity, user=identity.user))


def test_a_person_has_one_bucket_for_all_identities(article):
    user = make_user()
    elsewhere = CommenterIdentity.objects.create(provider="google", uid="1", user=user)
    post_comment(draft_of(article, own_identity(user)))

    with pytest.raises(Flood):
        post_comment(draft_of(article, elsewhere))

    assert Comment.objects.count() == 1


def test_identities_without_an_account_have_a_bucket_each(article):
    first, second = (CommenterIdentity.objects.create(provider="google", uid=uid) for uid in "12")

    post_comment(draft_of(article, first))
    post_comment(draft_of(article, second))
    with pytest.raises(Flood):
        post_comment(draft_of(article, first))

    assert Comment.objects.count() == 2


def test_buckets_that_are_full_again_are_forgotten(time_machine):
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    for key, seconds in (("long full", -60), ("full", -1), ("full now", 0), ("not full", 1)):
        RateLimit.objects.create(key=key, full_at=now + dt.timedelta(seconds=seconds))

    assert rate_limit.full().delete()[0] == 2

    assert set(RateLimit.objects.values_list("key", flat=True)) == {"full now", "not full"}
