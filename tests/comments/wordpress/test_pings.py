"""Trackbacks and pingbacks: nothing receives them here, since nearly all are spam; those of an export are kept."""

from __future__ import annotations

from typing import Any

import pytest

from comments.models import Comment
from tests.comments.wordpress.answers import golden_cases
from tests.factories import make_article

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
PING = b"""<?xml version="1.0"?><methodCall><methodName>pingback.ping</methodName><params>
<param><value>https://a.example/</value></param><param><value>%s</value></param></params></methodCall>"""


@pytest.mark.parametrize(("name", "told"), golden_cases("13"))
def test_no_ping_is_received_and_none_is_asked_for(name, told: Any, client):
    article = make_article(takes_comments="closed" not in name)
    address = article.get_absolute_url()
    about = {"url": "http://a.example/p", "title": "T", "excerpt": "E", "blog_name": "B"}

    assert "X-Pingback" not in client.get(address)
    assert client.post(f"{address}trackback/", about).status_code == 404
    ping = PING % f"http://testserver{address}".encode()
    assert client.post("/xmlrpc.php", ping, content_type="text/xml").status_code == 404
    assert not Comment.objects.exists()
