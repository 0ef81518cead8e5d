"""Addresses in mails are written out, and lead to the pages that are meant."""

import pytest
from django.urls import reverse

from comments.notifications import links
from newsreader.kit.web import absolute
from tests.factories import make_article, make_comment, make_moderator

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]


def test_they_are_the_addresses_of_the_pages():
    article = make_article()
    comment = make_comment(article)

    assert links.desk_url(comment) == absolute(reverse("admin:moderation-comment", args=[comment.pk]))
    assert links.form_url(article) == absolute(reverse("admin:articles_article_change", args=[article.pk]))
    assert links.queue_url() == absolute(reverse("admin:moderation"))
    assert links.choices_url() == absolute(reverse("admin:moderation-mails"))
    assert links.chat_url(7) == absolute(reverse("admin:comments_chathook_change", args=[7]))
    assert links.moderation_url(comment) == absolute(reverse("admin:comments_comment_change", args=[comment.pk]))


def test_a_guest_confirms_at_the_page_for_it():
    comment = make_comment(make_article())
    confirmation = comment.email_confirmations.create(token="a_b-C" * 6)

    assert links.confirmation_url(comment) == absolute(
        reverse("confirm-address", args=[comment.pk, confirmation.token])
    )


def test_a_moderator_decides_at_the_page_for_it(settings):
    settings.STAFF_SECOND_FACTOR = False
    moderator, comment = make_moderator(), make_comment(make_article(), status="pending")
    urls = links.action_urls(comment.decisions.last(), moderator.email)
    assert urls.keys() == set(links.ACTIONS)
    for url in urls.values():
        token = url.rstrip("/").rpartition("/")[2]
        assert url == absolute(reverse("mail-link", args=[token]))
