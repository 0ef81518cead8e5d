"""Too fast: two different posts, some seconds apart. WordPress allows one in 15 seconds, so here the bucket holds one."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from comments.models import Comment
from tests.comments.wordpress.answers import Difference, golden_cases
from tests.factories import make_article, set_rules

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
TYPED_ADDRESS = Difference(
    "typed address",
    "Anybody can type anybody's address: to count by it would let one silence another.",
    lambda name: name.startswith("other ip") and "same email" in name,
)


@pytest.mark.parametrize(("name", "told"), golden_cases("04"))
def test_the_second_is_too_fast_where_it_is_for_wordpress(name, told, time_machine):
    time_machine.move_to("2026-11-23T12:00:00Z", tick=False)
    set_rules(flood_burst=1, flood_seconds=15, hold_first_comment="held" in name)
    article = make_article()
    typed = {"text": "First.", "name": "Ann", "email": "ann@example.com"}
    first = Client().post(reverse("reply", args=[article.pk]), typed)
    assert first.status_code == 303
    assert Comment.objects.get().status == ("pending" if "held" in name else "approved")
    seconds = re.search(r"(\d+)s\b", name)
    time_machine.shift(int(seconds[1]) if seconds else 1)

    second = Client(REMOTE_ADDR="198.51.100.7" if "other ip" in name else "127.0.0.1")
    email = "eve@example.com" if "other email" in name else "ann@example.com"
    headers = {"X-Forwarded-For": "203.0.113.9"} if "XFF" in name else {}
    answer = second.post(
        reverse("reply", args=[article.pk]), typed | {"text": "Second.", "email": email}, headers=headers
    )

    expected = 303 if TYPED_ADDRESS.applies(name) else {302: 303, 429: 429}[told]
    assert answer.status_code == expected
    if expected == 429:
        assert 'data-code="comment_flood"' in answer.text
        assert int(answer["Retry-After"]) > 0
        assert "Second." in answer.text
